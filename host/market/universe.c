#include "universe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/mem.h"
#include "load.h"

bool gnt_names_whole_store(const char *spec, char path[1024])
{
    size_t n = strlen(spec);
    if (n > 2 && !strcmp(spec + n - 2, ":*")) n -= 2;
    if (n <= 3 || n >= 1024 || strncmp(spec + n - 3, ".h5", 3)) return false;
    memcpy(path, spec, n);
    path[n] = 0;
    return true;
}

/* ---- listing ---------------------------------------------------------------------------------------- */

typedef struct listing {
    gnt_universe *universe;
    size_t room;
} listing;

static gnt_status add(listing *l, const char *name, const char *spec, size_t store, gnt_error *why)
{
    gnt_universe *u = l->universe;
    void *block = u->symbol;
    if (!gnt_symbol_valid(name)) return gnt_fail(why, GNT_EINVAL, "%s: '%.40s' is no symbol", spec, name);
    if (gnt_grow(&block, &l->room, u->n + 1, sizeof *u->symbol))
        return gnt_fail(why, GNT_ENOMEM, "%s: out of memory for its symbols", spec);
    u->symbol = block;
    gnt_universe_symbol *s = &u->symbol[u->n++];
    *s = (gnt_universe_symbol){.spec = spec, .store = store};
    snprintf(s->name, sizeof s->name, "%s", name);
    return GNT_OK;
}

static gnt_status add_store(listing *l, const char *path, const char *spec, gnt_error *why)
{
    gnt_universe *u = l->universe;
    gnt_bars_store *store = &u->store[u->n_stores];
    GNT_TRY(gnt_bars_store_open(path, store, why));
    u->n_stores++;
    if (store->n == 0) return gnt_fail(why, GNT_EDATA, "%s: no symbols in the store", path);
    for (size_t i = 0; i < store->n; i++) GNT_TRY(add(l, store->symbol[i], spec, u->n_stores - 1, why));
    return GNT_OK;
}

/* The symbol gnt_bars_load will give the bars of a spec. */
static gnt_status add_one(listing *l, const char *spec, gnt_error *why)
{
    char name[GNT_SYMBOL_ROOM];
    const char *colon = strrchr(spec, ':');
    bool named = colon && (!strncmp(spec, "builtin:", 8) || (colon - spec > 3 && !strncmp(colon - 3, ".h5", 3)));
    if (named) return add(l, colon + 1, spec, GNT_NO_STORE, why);
    if (gnt_symbol_of_path(spec, name)) return add(l, name, spec, GNT_NO_STORE, why);
    return gnt_fail(why, GNT_EINVAL, "%s: file name starts with no symbol, expected SYMBOL_....csv", spec);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const gnt_universe_symbol *)a)->name, ((const gnt_universe_symbol *)b)->name);
}

static gnt_status order(gnt_universe *u, gnt_error *why)
{
    qsort(u->symbol, u->n, sizeof *u->symbol, by_name);
    for (size_t i = 1; i < u->n; i++)
        if (!strcmp(u->symbol[i].name, u->symbol[i - 1].name))
            return gnt_fail(why, GNT_EINVAL, "symbol %s comes twice, by %s and by %s: symbols must differ",
                            u->symbol[i].name, u->symbol[i - 1].spec, u->symbol[i].spec);
    return GNT_OK;
}

gnt_status gnt_universe_open(const char *const *specs, size_t n, gnt_universe *universe, gnt_error *why)
{
    gnt_status st = GNT_OK;
    char path[1024];
    listing l = {.universe = universe};
    *universe = (gnt_universe){0};
    GNT_ALLOC(universe->store, n);
    for (size_t i = 0; i < n; i++)
        GNT_GOTO(gnt_names_whole_store(specs[i], path) ? add_store(&l, path, specs[i], why)
                                                       : add_one(&l, specs[i], why));
    st = order(universe, why);
out:
    if (st) gnt_universe_close(universe);
    return st;
}

/* ---- loading ---------------------------------------------------------------------------------------- */

gnt_status gnt_universe_load(const gnt_universe *universe, size_t i, uint64_t seed, gnt_bars *bars, gnt_error *why)
{
    const gnt_universe_symbol *s = &universe->symbol[i];
    if (s->store == GNT_NO_STORE) return gnt_bars_load(s->spec, seed, bars, why);
    return gnt_bars_store_read(&universe->store[s->store], s->name, bars, why);
}

void gnt_universe_close(gnt_universe *universe)
{
    for (size_t i = 0; i < universe->n_stores; i++) gnt_bars_store_close(&universe->store[i]);
    free(universe->store);
    free(universe->symbol);
    *universe = (gnt_universe){0};
}
