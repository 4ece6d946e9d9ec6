/* Backends in files of their own: found, opened and checked before the first call (layer 1). */
#ifndef GNT_MODULE_H
#define GNT_MODULE_H

#include "host/base/error.h"
#include "kernels/kernels.h"

/* The table of gauntlet-<name>.so. Looked for in the folder GNT_MODULES names, if set; else beside the program, then in
 * ../lib/gauntlet from there. A module stays loaded until the process ends: ops is valid as long. EDEVICE with the
 * reason when there is no such file, it can't be loaded, lacks its symbol or was built for another version of the
 * table. */
GNT_MUST_CHECK gnt_status gnt_module_open(const char *name, const gnt_ops **ops, gnt_error *why);

#endif
