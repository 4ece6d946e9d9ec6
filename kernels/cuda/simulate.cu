/* simulate.cu: many books at once (SPEC 5), a thread a lane.
 *
 * idea     time is serial in a lane, lanes need nothing of each other. What lanes read is uploaded once (sim_set.cuh);
 *          lanes and totals go through the slab in chunks, two sides of it in turn, so that one chunk is packed, copied
 *          and fetched while another is computed. Memory depends on the market, not on the number of configurations.
 * kernels  sim_bars.cuh: every bar in full, lanes of any kind, with their paths if asked
 *          sim_stretch.cuh: from trade to trade, warps of lanes that read the same
 * mapping  lanes are sorted by kernel, feed and what they decide by, so that a warp shares its loads and branches
 * class    exact: kernels/math, the CPU's text; order, chunks and GPUs don't show in the bits
 *
 * versions figures of the compiler (nvcc 13.0, sm_90), nothing measured on a GPU; instructions a thread and bar
 *
 *          1 every bar in full: 154 registers, 12 warps an SM; 603 with every branch taken, 250 of them float64
 *
 *          2 from trade to trade: 182 registers; with feeds, terms and looked-up scores in shared memory 118, 16 warps
 *          an SM (128 on sm_100). A held bar that stays below the peak 51, 26 of them float64, one MUFU, 24 bytes of
 *          shared memory; one that may reach it 69 (35); a flat bar none; a bar of new targets 208 (100) and 85 (12)
 *          around it; a stretch's beginning and end 110 (30); a row of a tile 10 (1). 96 threads a block, for 15 warps
 *          of 136 registers: no, registers are given out by quarters of an SM
 *
 * The benchmark's grid (fills on 0.148 of the bars, flat on half of the others; half of the stretches taken to reach
 * their peak) then costs 0.148 x 293 + 0.164 x 110 + 0.43 x 60 + 10 = 97 instructions a bar, 36 of them float64. An
 * H100 (132 SMs, 1.755 GHz, 128 instructions and 64 float64 a cycle and SM) issues 2.97e13 a second: 3.1e11 bars if
 * every slot is used; its float64 units alone would allow 4.1e11. The target of 2e11 asks for 65 % of the slots: lanes
 * of a warp that trade on the same bars, 4 warps a scheduler that hide a chain of 3 divisions, and lanes that are there
 * in time. A whole `gauntlet sweep` isn't near that: its host side takes below 0.5 us a configuration (401,401 of 2
 * bars each in 0.19 s on one CPU thread, simulated and all), so with 6,320 bars a lane it feeds a GPU 1.4e10 bars a
 * second, and is hidden only by lanes of 1e5 bars. */
#include <stdlib.h>
#include <string.h>

#include "kernels/cuda/sim_bars.cuh"
#include "kernels/cuda/sim_stretch.cuh"
#include "kernels/cuda/stages.cuh"

#define WAVE_LANES ((size_t)512)        /* that a multiprocessor works on at once */
#define CHUNK_WAVES ((size_t)8)         /* at most; a call is cut into 4 chunks or more, if they fill the GPU */
#define CHUNK_DOUBLES ((size_t)1 << 23) /* of paths */
#define SET_LANES ((size_t)1 << 22)     /* bounds the host's memory for feeds and order */

/* ---- the slab --------------------------------------------------------------------------------------------------- */

/* What a chunk takes. */
struct sim_room {
    size_t lanes, runs, paths, doubles;
};

/* A chunk's place on the device. */
struct sim_side {
    gnt_sim_order *lanes;
    gnt_sim_totals *totals;
    gnt_sim_run *runs;
    gnt_sim_path *paths;
    double *doubles; /* the paths themselves, one after another */
};

struct sim_plan {
    const gnt_sim_set *set;
    sim_room room;
    double *arrays; /* one after another */
    gnt_sim_feed *feeds;
    sim_side side[2];

    void place(gnt_slab *slab)
    {
        arrays = slab->take<double>(set->n_doubles);
        feeds = slab->take<gnt_sim_feed>(set->feed_names.n);
        for (sim_side &s : side) {
            s.lanes = slab->take<gnt_sim_order>(room.lanes);
            s.totals = slab->take<gnt_sim_totals>(room.lanes);
            s.runs = slab->take<gnt_sim_run>(room.runs);
            s.paths = slab->take<gnt_sim_path>(room.paths);
            s.doubles = slab->take<double>(room.doubles);
        }
    }
};

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t path_size(const gnt_sim_set *set, size_t lane)
{
    return gnt_sim_path_size(&set->paths[lane], set->lanes[lane].end - set->lanes[lane].begin);
}

/* For chunks of at most n lanes and about so many doubles of paths; any lane's path fits. */
static sim_room room_for(const gnt_sim_set *set, size_t n, size_t doubles)
{
    sim_room room = {least(n, set->n), 0, 0, 0};
    size_t n_paths = set->end[GNT_SIM_PATHS], sum = 0, most = 0;
    for (size_t i = 0; i < n_paths; i++) {
        size_t size = path_size(set, set->order[i]);
        sum += size;
        if (size > most) most = size;
    }
    room.doubles = least(sum, doubles > most ? doubles : most);
    room.paths = least(n_paths, room.lanes);
    room.runs = set->end[GNT_SIM_BARS] < set->n ? room.lanes : 0;
    return room;
}

static size_t chunk_lanes(const gnt_gpu *gpu, size_t n)
{
    size_t wave = gpu->n_sm * WAVE_LANES, waves = n / (4 * wave);
    return wave * (waves < 1 ? 1 : least(waves, CHUNK_WAVES));
}

/* The largest chunks, of `lanes` at most, for which everything fits into `room` bytes; false when not even the smallest
 * do. */
static bool plan_fit(sim_plan *plan, size_t lanes, size_t room)
{
    size_t doubles = CHUNK_DOUBLES;
    for (size_t n = lanes;; n /= 2, doubles /= 2) {
        gnt_slab slab = {nullptr, 0};
        plan->room = room_for(plan->set, n, doubles);
        plan->place(&slab);
        if (slab.used <= room) return true;
        if (n <= 32) return false;
    }
}

/* ---- chunks ----------------------------------------------------------------------------------------------------- */

/* Lanes order[first, first + n) of a set, all of one kind. */
struct sim_chunk {
    gnt_sim_kind kind;
    size_t first, n, n_runs;
};

/* Room on the host for a chunk on its way. */
struct sim_host {
    gnt_sim_totals *totals;
    gnt_sim_run *runs;
    gnt_sim_path *paths;
};

struct sim_work {
    gnt_gpu *gpu;
    const gnt_sim_set *set;
    sim_plan plan;
    sim_host host;
    gnt_sim_totals *totals; /* of the set's lanes */
};

/* Runs of the lanes [first, first + n): cut where the feed changes and every 32 lanes. */
static void runs_add(const sim_work *w, sim_chunk *c, uint32_t lane)
{
    uint32_t feed = w->set->feed[w->set->order[c->first + lane]];
    gnt_sim_run *last = c->n_runs ? &w->host.runs[c->n_runs - 1] : nullptr;
    if (last && last->feed == feed && last->n < 32)
        last->n++;
    else
        w->host.runs[c->n_runs++] = {feed, lane, 1};
}

/* The fields of a path, one after another in memory from `next` on, where they are asked for. */
static void path_place(const gnt_sim_path *asked, size_t n_bars, gnt_sim_path *device, double **next)
{
    double *const from[] = {asked->price_fill, asked->target, asked->units, asked->cash,
                            asked->equity,     asked->ret,    asked->cost,  asked->position};
    double **const to[] = {&device->price_fill, &device->target, &device->units, &device->cash,
                           &device->equity,     &device->ret,    &device->cost,  &device->position};
    for (size_t k = 0; k < sizeof from / sizeof *from; k++) {
        *to[k] = from[k] ? *next : nullptr;
        *next += from[k] ? n_bars : 0;
    }
}

/* The next chunk from lane `first` of the order on; its lanes are on their way to `side`, the rest is in host memory.
 */
static gnt_status chunk_fill(const sim_work *w, size_t first, const sim_side *side, sim_chunk *c)
{
    const gnt_sim_set *set = w->set;
    gnt_feed to = {w->gpu, reinterpret_cast<unsigned char *>(side->lanes), nullptr, 0};
    int kind = GNT_SIM_PATHS;
    while (set->end[kind] <= first) kind++;
    *c = {(gnt_sim_kind)kind, first, 0, 0};
    size_t n = least(set->end[kind] - first, w->plan.room.lanes);
    double *next = side->doubles;
    for (; c->n < n; c->n++) {
        size_t lane = set->order[first + c->n];
        if (kind == GNT_SIM_PATHS) {
            if ((size_t)(next - side->doubles) + path_size(set, lane) > w->plan.room.doubles) break;
            path_place(&set->paths[lane], set->lanes[lane].end - set->lanes[lane].begin, &w->host.paths[c->n], &next);
        }
        gnt_sim_order order = {*set->lanes[lane].strategy, set->feed[lane]};
        GNT_GPU_TRY(gnt_feed_put(&to, &order, sizeof order));
        if (kind == GNT_SIM_STRETCH) runs_add(w, c, (uint32_t)c->n);
    }
    return gnt_feed_end(&to);
}

static gnt_status chunk_launch(const sim_work *w, const sim_chunk *c, const sim_side *side)
{
    uint32_t n = (uint32_t)c->n, n_runs = (uint32_t)c->n_runs;
    dim3 block(GNT_SIM_THREADS), grid((n + GNT_SIM_THREADS - 1) / GNT_SIM_THREADS);
    const gnt_sim_feed *feeds = w->plan.feeds;
    if (c->kind == GNT_SIM_PATHS)
        return gnt_launch(w->gpu, gnt_kernel_sim_bars<true>, grid, block, 0, feeds, side->lanes, n, side->paths,
                          side->totals);
    if (c->kind == GNT_SIM_BARS)
        return gnt_launch(w->gpu, gnt_kernel_sim_bars<false>, grid, block, 0, feeds, side->lanes, n, side->paths,
                          side->totals);
    return gnt_launch(w->gpu, gnt_kernel_sim_stretch, dim3((n_runs + GNT_SIM_WARPS - 1) / GNT_SIM_WARPS),
                      dim3(32 * GNT_SIM_WARPS), sizeof(sim_shared), feeds, side->runs, n_runs, side->lanes,
                      side->totals);
}

/* Uploads what a chunk still lacks and starts it on the GPU's present stream; its kernel waits for the other side's:
 * the arrays went up before that one, and times of kernels that don't overlap add up. */
static gnt_status chunk_start(const sim_work *w, const sim_chunk *c, const sim_side *side)
{
    if (c->kind == GNT_SIM_PATHS)
        GNT_GPU_TRY(gnt_upload(w->gpu, side->paths, w->host.paths, c->n * sizeof *side->paths));
    GNT_GPU_TRY(gnt_upload(w->gpu, side->runs, w->host.runs, c->n_runs * sizeof *side->runs));
    GNT_CUDA(w->gpu, cudaStreamWaitEvent(w->gpu->stream, w->gpu->other_end, 0));
    GNT_GPU_TRY(gnt_kernels_begin(w->gpu));
    GNT_GPU_TRY(chunk_launch(w, c, side));
    return gnt_kernels_started(w->gpu);
}

static gnt_status path_fetch(gnt_gpu *gpu, const gnt_sim_path *asked, size_t n_bars, const double **next)
{
    double *const to[] = {asked->price_fill, asked->target, asked->units, asked->cash,
                          asked->equity,     asked->ret,    asked->cost,  asked->position};
    for (double *field : to) {
        if (!field) continue;
        GNT_GPU_TRY(gnt_download(gpu, field, *next, n_bars * sizeof *field));
        *next += n_bars;
    }
    return GNT_OK;
}

/* Waits for a chunk that was started on the GPU's present stream; totals and paths go to their lanes. */
static gnt_status chunk_finish(const sim_work *w, const sim_chunk *c, const sim_side *side)
{
    const gnt_sim_set *set = w->set;
    const double *next = side->doubles;
    GNT_GPU_TRY(gnt_kernels_wait(w->gpu));
    GNT_GPU_TRY(gnt_download(w->gpu, w->host.totals, side->totals, c->n * sizeof *side->totals));
    for (size_t i = 0; i < c->n; i++) w->totals[set->order[c->first + i]] = w->host.totals[i];
    for (size_t i = 0; c->kind == GNT_SIM_PATHS && i < c->n; i++) {
        size_t lane = set->order[c->first + i];
        GNT_GPU_TRY(path_fetch(w->gpu, &set->paths[lane], set->lanes[lane].end - set->lanes[lane].begin, &next));
    }
    return GNT_OK;
}

/* Chunk after chunk, the one before fetched once the next one is started. */
static gnt_status chunks_run(const sim_work *w)
{
    sim_chunk before = {};
    unsigned side = 0;
    for (size_t first = 0; first < w->set->n || before.n;) {
        sim_chunk now = {};
        if (first < w->set->n) {
            GNT_GPU_TRY(chunk_fill(w, first, &w->plan.side[side], &now));
            GNT_GPU_TRY(chunk_start(w, &now, &w->plan.side[side]));
        }
        gnt_gpu_swap(w->gpu);
        side ^= 1;
        if (before.n) GNT_GPU_TRY(chunk_finish(w, &before, &w->plan.side[side]));
        before = now;
        first += now.n;
    }
    return GNT_OK;
}

/* ---- a set ------------------------------------------------------------------------------------------------------ */

static gnt_sim_feed feed_at(const sim_plan *plan, const gnt_sim_source *s)
{
    gnt_sim_feed feed;
#define X(name) \
    feed.name = s->name == GNT_SIM_NO_ARRAY ? nullptr : plan->arrays + plan->set->array[s->name].at + s->begin;
    GNT_SIM_COLUMNS(X)
#undef X
    feed.n = s->n;
    return feed;
}

static gnt_status feeds_upload(gnt_gpu *gpu, const sim_plan *plan)
{
    const gnt_sim_set *set = plan->set;
    size_t n = set->feed_names.n;
    gnt_feed to = {gpu, reinterpret_cast<unsigned char *>(plan->arrays), nullptr, 0};
    for (size_t i = 0; i < set->array_names.n; i++)
        GNT_GPU_TRY(gnt_feed_put(&to, set->array[i].x, set->array[i].n * sizeof(double)));
    GNT_GPU_TRY(gnt_feed_end(&to));
    gnt_sim_feed *feeds = static_cast<gnt_sim_feed *>(malloc(n * sizeof *feeds));
    if (!feeds) return GNT_ENOMEM;
    for (size_t i = 0; i < n; i++) feeds[i] = feed_at(plan, &set->source[i]);
    gnt_status st = gnt_upload(gpu, plan->feeds, feeds, n * sizeof *feeds);
    free(feeds);
    return st;
}

static void host_free(sim_host *host)
{
    free(host->totals);
    free(host->runs);
    free(host->paths);
}

static bool host_alloc(sim_host *host, const sim_room *room)
{
    host->totals = static_cast<gnt_sim_totals *>(calloc(room->lanes, sizeof *host->totals));
    host->runs = static_cast<gnt_sim_run *>(calloc(room->runs + 1, sizeof *host->runs));
    host->paths = static_cast<gnt_sim_path *>(calloc(room->paths + 1, sizeof *host->paths));
    return host->totals && host->runs && host->paths;
}

static gnt_status work_start(sim_work *w)
{
    if (!host_alloc(&w->host, &w->plan.room)) return GNT_ENOMEM;
    GNT_GPU_TRY(gnt_slab_place(w->gpu, &w->plan));
    GNT_GPU_TRY(feeds_upload(w->gpu, &w->plan));
    return chunks_run(w);
}

/* Nothing runs on after the call, not even after an error. */
static gnt_status work_run(sim_work *w)
{
    gnt_status st = work_start(w), here = gnt_gpu_sync(w->gpu);
    gnt_gpu_swap(w->gpu);
    gnt_status there = gnt_gpu_sync(w->gpu);
    return st ? st : here ? here : there;
}

/* Simulates lanes [0, n) if they fit; *fits says so. */
static gnt_status set_run(gnt_gpu *gpu, const gnt_sim_set *set, gnt_sim_totals *totals, bool *fits)
{
    size_t room = 0;
    sim_work w = {gpu, set, {set, {}, nullptr, nullptr, {}}, {}, totals};
    GNT_GPU_TRY(gnt_gpu_room(gpu, &room));
    *fits = plan_fit(&w.plan, chunk_lanes(gpu, set->n), room);
    /* one lane that doesn't fit: the slab refuses, with both sizes */
    gnt_status st = *fits || set->n == 1 ? work_run(&w) : GNT_OK;
    host_free(&w.host);
    return st;
}

/* ---- the operation ---------------------------------------------------------------------------------------------- */

struct sim_call {
    const gnt_sim_lane *lanes;
    gnt_sim_totals *totals;
    const gnt_sim_path *paths;
};

/* Lanes in as few sets as fit: half as many where what they read together is too much. */
static gnt_status lanes_run(gnt_gpu *gpu, size_t first, size_t last, void *arg)
{
    const sim_call *call = static_cast<const sim_call *>(arg);
    size_t most = SET_LANES;
    while (first < last) {
        bool fits = false;
        gnt_sim_set set;
        size_t n = least(last - first, most);
        GNT_GPU_TRY(gnt_sim_set_open(&set, call->lanes + first, call->paths ? call->paths + first : nullptr, n));
        gnt_status st = set_run(gpu, &set, call->totals + first, &fits);
        gnt_sim_set_close(&set);
        if (st) return st;
        if (fits)
            first += n;
        else
            most = (n + 1) / 2;
    }
    return GNT_OK;
}

gnt_status gnt_cuda_simulate(gnt_device *dev, const gnt_sim_lane *lanes, size_t n_lanes, gnt_sim_totals *totals,
                             const gnt_sim_path *paths)
{
    sim_call call = {lanes, totals, paths};
    return gnt_each_gpu(dev, n_lanes, lanes_run, &call);
}
