/* Bars of several symbols in one HDF5 file (layer 3); layout in docs/FORMATS.md, "Bars store".
 *
 * A store never changes in place: it is read, and written anew beside the old one, which it replaces in one rename.
 * Two writers at once: each leaves a whole store, the later rename wins. */
#ifndef GNT_BARS_STORE_H
#define GNT_BARS_STORE_H

#include "bars.h"
#include "host/base/progress.h"

/* Puts `n` symbols into the store, which is made when missing. A symbol already there is replaced, the others stay;
 * the bytes depend only on what the store then holds. Nothing is written when anything fails. EINVAL: a symbol twice.
 * EIO: path can't be written, or is no bars store. */
GNT_MUST_CHECK gnt_status gnt_bars_store_put(const char *path, const gnt_bars *bars, size_t n,
                                             const gnt_progress *progress, gnt_error *why);

/* One symbol, checked again (lengths, rising days, prices). EDATA: a symbol the store lacks, or bars that fail. */
GNT_MUST_CHECK gnt_status gnt_bars_store_get(const char *path, const char *symbol, gnt_bars *bars, gnt_error *why);

/* The same for many symbols of one open store, without their warnings. Not thread-safe, as HDF5 is not. */
typedef struct gnt_bars_store {
    struct gnt_h5 *file;
    char path[1024];
    char **symbol; /* [n] in byte order; owned */
    size_t n;
} gnt_bars_store;

GNT_MUST_CHECK gnt_status gnt_bars_store_open(const char *path, gnt_bars_store *store, gnt_error *why);
GNT_MUST_CHECK gnt_status gnt_bars_store_read(const gnt_bars_store *store, const char *symbol, gnt_bars *bars,
                                              gnt_error *why);
void gnt_bars_store_close(gnt_bars_store *store); /* fine on a zeroed one */

/* True for a text a symbol may be: 1 to 31 printable ASCII characters, no slash, backslash, blank, quote, colon or star
 * (STORE.h5:SYMBOL and STORE.h5:* must say which), not only dots (it names a file and an HDF5 group). */
bool gnt_symbol_valid(const char *symbol);

#endif
