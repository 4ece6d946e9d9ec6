/* Bars of several symbols in one HDF5 file (layer 3); layout in docs/FORMATS.md, "Bars store".
 *
 * A store never changes in place: it is read, and written anew beside the old one, which it replaces in one rename.
 * Two writers at once: each leaves a whole store, the later rename wins. */
#ifndef GNT_BARS_STORE_H
#define GNT_BARS_STORE_H

#include "bars.h"

/* Puts `n` symbols into the store, which is made when missing. A symbol already there is replaced, the others stay;
 * the bytes depend only on what the store then holds. EIO: path can't be written, or is no bars store. */
GNT_MUST_CHECK gnt_status gnt_bars_store_put(const char *path, const gnt_bars *bars, size_t n, gnt_error *why);

/* One symbol, checked again (lengths, rising days, prices). EDATA: a symbol the store lacks, or bars that fail. */
GNT_MUST_CHECK gnt_status gnt_bars_store_get(const char *path, const char *symbol, gnt_bars *bars, gnt_error *why);

/* True for a text a symbol may be: 1 to 31 printable ASCII characters, no slash, backslash, blank or quote, not only
 * dots (it names a file and an HDF5 group). */
bool gnt_symbol_valid(const char *symbol);

#endif
