/* Who made this file or answer (layer 0). */
#ifndef GNT_VERSION_H
#define GNT_VERSION_H

const char *gnt_version(void); /* "0.1.0" */
const char *gnt_commit(void);  /* short hash of the sources at configure time, "unknown" outside a checkout */

#endif
