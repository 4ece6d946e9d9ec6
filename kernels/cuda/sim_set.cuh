/* The lanes of a call as the simulator's kernels want them (host's side of simulate.cu).
 *
 * Thousands of lanes share a market, scores and a window: what a lane reads is a feed, each feed is kept once, and so
 * is each array that feeds read. Lanes are put in an order in which neighbours share a feed and decide alike, so that
 * the threads of a warp read the same bars and branch the same way; results go back by the order. */
#ifndef GNT_CUDA_SIM_SET_CUH
#define GNT_CUDA_SIM_SET_CUH

#include <stddef.h>
#include <stdint.h>

#include "kernels/kernels.h"

/* What a lane reads. */
#define GNT_SIM_COLUMNS(X) \
    X(open)                \
    X(close)               \
    X(dollar_volume)       \
    X(vol)                 \
    X(score)               \
    X(target)

/* Device arrays from the window's first bar on, row -1 is there too; NULL: nothing known. */
struct gnt_sim_feed {
#define X(name) const double *name;
    GNT_SIM_COLUMNS(X)
#undef X
    size_t n; /* bars */
};

/* The same by the set's numbers of arrays. */
struct gnt_sim_source {
#define X(name) uint32_t name;
    GNT_SIM_COLUMNS(X)
#undef X
    size_t begin, n;
};
#define GNT_SIM_NO_ARRAY UINT32_MAX

struct gnt_sim_array {
    const double *x; /* [n], the caller's */
    size_t n, at;    /* at: doubles of the arrays before it */
};

/* Which kernel runs a lane, in the order of a set. */
enum gnt_sim_kind {
    GNT_SIM_PATHS = 0, /* every bar in full, with its path */
    GNT_SIM_BARS,      /* every bar in full */
    GNT_SIM_STRETCH,   /* from trade to trade, a warp of lanes of one feed */
    GNT_SIM_KINDS
};
#define GNT_SIM_FEW 8 /* lanes of a feed that are not worth a warp of their own */

/* Numbers given to keys in the order in which they were first seen. */
#define GNT_SIM_KEY_WORDS 5
struct gnt_sim_key {
    uint64_t word[GNT_SIM_KEY_WORDS];
};
struct gnt_sim_names {
    gnt_sim_key *key;       /* [n] */
    uint32_t *slot;         /* [2 room], number + 1 or 0 */
    size_t n, room, newest; /* room: a power of 2, or 0; newest: the number given last */
};

struct gnt_sim_set {
    const gnt_sim_lane *lanes; /* [n], the caller's */
    const gnt_sim_path *paths; /* [n] or NULL, the caller's */
    size_t n;
    gnt_sim_names array_names, feed_names, class_names;
    gnt_sim_array *array;   /* [array_names.n] */
    gnt_sim_source *source; /* [feed_names.n] */
    size_t array_room, source_room;
    size_t n_doubles;       /* of all arrays */
    uint32_t *feed, *order; /* [n]: a lane's feed; lanes as they are run */
    size_t end[GNT_SIM_KINDS];
};

/* Doubles of a lane's path, all fields that are asked for; 0: none. */
size_t gnt_sim_path_size(const gnt_sim_path *path, size_t n_bars);

/* n below 2^32. ENOMEM. */
gnt_status gnt_sim_set_open(gnt_sim_set *set, const gnt_sim_lane *lanes, const gnt_sim_path *paths, size_t n);
void gnt_sim_set_close(gnt_sim_set *set); /* fine on a zeroed one */

#endif
