/* Many symbols by the names a person gives them (layer 3): every `--bars` of a command line, in the order of symbols.
 *
 * A name is what gnt_bars_load takes (FILE.csv, STORE.h5:SYMBOL, builtin:NAME), or STORE.h5 or STORE.h5:* for every
 * symbol of a store, which stays open. Bars are loaded one symbol at a time: memory holds what the caller keeps. */
#ifndef GNT_UNIVERSE_H
#define GNT_UNIVERSE_H

#include "bars_store.h"

typedef struct gnt_universe_symbol {
    char name[GNT_SYMBOL_ROOM];
    const char *spec; /* borrowed */
    size_t store;     /* in gnt_universe.store; GNT_NO_STORE: load by spec */
} gnt_universe_symbol;

#define GNT_NO_STORE ((size_t)-1)

typedef struct gnt_universe {
    gnt_universe_symbol *symbol; /* [n] rising in byte order, each once; owned */
    size_t n;
    gnt_bars_store *store; /* [n_stores], owned */
    size_t n_stores;
} gnt_universe;

/* True for STORE.h5 and STORE.h5:*, and gives the file's path. */
bool gnt_names_whole_store(const char *spec, char path[1024]);

/* Lists the symbols without loading bars; specs must outlive the universe. EINVAL: a symbol that comes twice, with both
 * names it comes by. */
GNT_MUST_CHECK gnt_status gnt_universe_open(const char *const *specs, size_t n, gnt_universe *universe, gnt_error *why);
GNT_MUST_CHECK gnt_status gnt_universe_load(const gnt_universe *universe, size_t i, uint64_t seed, gnt_bars *bars,
                                            gnt_error *why);
void gnt_universe_close(gnt_universe *universe); /* fine on a zeroed one */

#endif
