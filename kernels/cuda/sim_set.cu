/* sim_set.cu: what sim_set.cuh promises. Host code only; a lane costs two look-ups in small tables, mostly ended by the
 * neighbour's key, and three counting passes. */
#include "kernels/cuda/sim_set.cuh"

#include <stdlib.h>
#include <string.h>

template <typename T> static gnt_status grow(T **array, size_t n)
{
    T *more = static_cast<T *>(realloc(*array, n * sizeof(T)));
    if (!more) return GNT_ENOMEM;
    *array = more;
    return GNT_OK;
}

#define TRY(call)                            \
    do {                                     \
        gnt_status gnt_status_ = (call);     \
        if (gnt_status_) return gnt_status_; \
    } while (0)

/* ---- keys to numbers -------------------------------------------------------------------------------------------- */

static bool same(const gnt_sim_key *a, const gnt_sim_key *b)
{
    return !memcmp(a, b, sizeof *a);
}

/* Where the key is, or the free slot it goes to. */
static size_t slot_of(const gnt_sim_names *names, const gnt_sim_key *key)
{
    uint64_t h = 0;
    for (uint64_t word : key->word) h = (h ^ word) * 0x9e3779b97f4a7c15u, h ^= h >> 29;
    size_t mask = 2 * names->room - 1, at = h & mask;
    while (names->slot[at] && !same(&names->key[names->slot[at] - 1], key)) at = (at + 1) & mask;
    return at;
}

static gnt_status names_grow(gnt_sim_names *names)
{
    size_t room = names->room ? 2 * names->room : 16;
    TRY(grow(&names->key, room));
    TRY(grow(&names->slot, 2 * room));
    names->room = room;
    memset(names->slot, 0, 2 * room * sizeof *names->slot);
    for (size_t i = 0; i < names->n; i++) names->slot[slot_of(names, &names->key[i])] = (uint32_t)(i + 1);
    return GNT_OK;
}

static gnt_status number_of(gnt_sim_names *names, const gnt_sim_key *key, uint32_t *number)
{
    if (!names->n || !same(&names->key[names->newest], key)) {
        if (names->n == names->room) TRY(names_grow(names));
        uint32_t *slot = &names->slot[slot_of(names, key)];
        if (!*slot) {
            names->key[names->n++] = *key;
            *slot = (uint32_t)names->n;
        }
        names->newest = *slot - 1;
    }
    *number = (uint32_t)names->newest;
    return GNT_OK;
}

static uint64_t word_of(const void *pointer)
{
    return (uint64_t)(uintptr_t)pointer;
}

static uint64_t word_of(double x)
{
    uint64_t word;
    memcpy(&word, &x, sizeof word);
    return word;
}

/* ---- arrays, feeds, classes ------------------------------------------------------------------------------------- */

static gnt_status array_of(gnt_sim_set *set, const double *x, size_t n, uint32_t *number)
{
    *number = GNT_SIM_NO_ARRAY;
    if (!x) return GNT_OK;
    gnt_sim_key key = {{word_of(x), n}};
    size_t known = set->array_names.n;
    TRY(number_of(&set->array_names, &key, number));
    if (set->array_names.n == known) return GNT_OK;
    if (known == set->array_room) {
        TRY(grow(&set->array, set->array_names.room));
        set->array_room = set->array_names.room;
    }
    set->array[known] = {x, n, set->n_doubles};
    set->n_doubles += n;
    return GNT_OK;
}

static gnt_status source_of(gnt_sim_set *set, const gnt_sim_lane *lane, gnt_sim_source *source)
{
    const gnt_sim_market *m = lane->market;
    size_t n = m->bars.n;
    source->begin = lane->begin;
    source->n = lane->end - lane->begin;
    TRY(array_of(set, m->bars.open, n, &source->open));
    TRY(array_of(set, m->bars.close, n, &source->close));
    TRY(array_of(set, m->dollar_volume_20, n, &source->dollar_volume));
    TRY(array_of(set, m->vol_20, n, &source->vol));
    TRY(array_of(set, lane->target ? nullptr : lane->score, n, &source->score));
    TRY(array_of(set, lane->target, n, &source->target));
    return GNT_OK;
}

static gnt_status feed_of(gnt_sim_set *set, const gnt_sim_lane *lane, uint32_t *feed)
{
    gnt_sim_key key = {{word_of(lane->market), word_of(lane->target ? nullptr : lane->score), word_of(lane->target),
                        lane->begin, lane->end}};
    size_t known = set->feed_names.n;
    TRY(number_of(&set->feed_names, &key, feed));
    if (set->feed_names.n == known) return GNT_OK;
    if (known == set->source_room) {
        TRY(grow(&set->source, set->feed_names.room));
        set->source_room = set->feed_names.room;
    }
    return source_of(set, lane, &set->source[known]);
}

/* Lanes of a class decide on the same bars and take the same branches, as far as parameters tell. */
static gnt_status class_of(gnt_sim_set *set, const gnt_sim_lane *lane, uint32_t *number)
{
    const gnt_strategy *s = lane->strategy;
    bool charged = s->cash_rate != 0 || s->margin_bp != 0;
    uint64_t switches = (uint64_t)s->shorts | (uint64_t)s->between << 1 | (uint64_t)s->size << 2 |
                        (uint64_t)s->fill << 4 | (uint64_t)s->rebalance << 6 | (uint64_t)s->close_at_end << 7 |
                        (uint64_t)(s->impact_bp > 0) << 8 | (uint64_t)charged << 9;
    gnt_sim_key key = {{switches, word_of(s->upper), word_of(s->lower)}};
    return number_of(&set->class_names, &key, number);
}

size_t gnt_sim_path_size(const gnt_sim_path *path, size_t n_bars)
{
    const double *const field[] = {path->price_fill, path->target, path->units, path->cash,
                                   path->equity,     path->ret,    path->cost,  path->position};
    size_t n = 0;
    for (const double *x : field) n += x ? n_bars : 0;
    return n;
}

/* ---- the order -------------------------------------------------------------------------------------------------- */

/* Lanes in order of key [lane], equal keys as they were; count [n_keys + 1] is scratch and then holds where each key's
 * lanes begin. */
static void sort_pass(const uint32_t *key, size_t n_keys, const uint32_t *from, uint32_t *to, size_t n, size_t *count)
{
    memset(count, 0, (n_keys + 1) * sizeof *count);
    for (size_t i = 0; i < n; i++) count[key[i] + 1]++;
    for (size_t k = 0; k < n_keys; k++) count[k + 1] += count[k];
    for (size_t i = 0; i < n; i++) {
        uint32_t lane = from ? from[i] : (uint32_t)i;
        to[count[key[lane]]++] = lane;
    }
    memmove(count + 1, count, n_keys * sizeof *count);
    count[0] = 0;
}

static gnt_sim_kind kind_of(const gnt_sim_set *set, size_t lane, const size_t *feed_begin)
{
    uint32_t feed = set->feed[lane];
    if (set->paths && gnt_sim_path_size(&set->paths[lane], 1)) return GNT_SIM_PATHS;
    bool few = feed_begin[feed + 1] - feed_begin[feed] < GNT_SIM_FEW;
    bool vast = set->source[feed].n > UINT32_MAX / 2;
    return few || vast || set->lanes[lane].target ? GNT_SIM_BARS : GNT_SIM_STRETCH;
}

/* By kind, then feed, then class: three passes from the last key to the first. key is scratch, classes on entry. */
static gnt_status sort_lanes(gnt_sim_set *set, uint32_t *key, uint32_t *scratch)
{
    size_t most = set->feed_names.n > set->class_names.n ? set->feed_names.n : set->class_names.n;
    if (most < GNT_SIM_KINDS) most = GNT_SIM_KINDS;
    size_t *count = static_cast<size_t *>(malloc((most + 1) * sizeof *count));
    if (!count) return GNT_ENOMEM;
    sort_pass(key, set->class_names.n, nullptr, set->order, set->n, count);
    sort_pass(set->feed, set->feed_names.n, set->order, scratch, set->n, count);
    for (size_t i = 0; i < set->n; i++) key[i] = kind_of(set, i, count);
    sort_pass(key, GNT_SIM_KINDS, scratch, set->order, set->n, count);
    for (int kind = 0; kind < GNT_SIM_KINDS; kind++) set->end[kind] = count[kind + 1];
    free(count);
    return GNT_OK;
}

static gnt_status fill(gnt_sim_set *set)
{
    uint32_t *class_number = static_cast<uint32_t *>(malloc(2 * set->n * sizeof *class_number));
    gnt_status st = class_number ? GNT_OK : GNT_ENOMEM;
    for (size_t i = 0; !st && i < set->n; i++) {
        st = feed_of(set, &set->lanes[i], &set->feed[i]);
        if (!st) st = class_of(set, &set->lanes[i], &class_number[i]);
    }
    if (!st) st = sort_lanes(set, class_number, class_number + set->n);
    free(class_number);
    return st;
}

gnt_status gnt_sim_set_open(gnt_sim_set *set, const gnt_sim_lane *lanes, const gnt_sim_path *paths, size_t n)
{
    *set = {};
    set->lanes = lanes;
    set->paths = paths;
    set->n = n;
    set->feed = static_cast<uint32_t *>(malloc(n * sizeof *set->feed));
    set->order = static_cast<uint32_t *>(malloc(n * sizeof *set->order));
    gnt_status st = set->feed && set->order ? fill(set) : GNT_ENOMEM;
    if (st) gnt_sim_set_close(set);
    return st;
}

static void names_free(gnt_sim_names *names)
{
    free(names->key);
    free(names->slot);
}

void gnt_sim_set_close(gnt_sim_set *set)
{
    names_free(&set->array_names);
    names_free(&set->feed_names);
    names_free(&set->class_names);
    free(set->array);
    free(set->source);
    free(set->feed);
    free(set->order);
    *set = {};
}
