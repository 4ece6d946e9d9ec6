/* float32.cu: which form of the recurrence a call takes, and its launches (project.cuh, recurrence.cuh).
 *
 * 168 registers a thread leave room for 12 warps an SM (8 with one window a lane); shared memory decides how many
 * windows a block can own. As many as fit are best, since every weight read is shared by all windows of a block, but
 * not so many that SMs go without a block. */
#include "kernels/cuda/model.cuh"
#include "kernels/cuda/one.cuh"
#include "kernels/cuda/recurrence.cuh"

#define SCHEDULERS 4u /* of an SM, which its warps go round */
/* Windows an SM up to which blocks of one window are done before a block of 32 would be: a step costs the SM about
 * H^2 / 4 cycles a window there (two loads an fma), against H^2 + 35 H for 32. */
#define ONE_BLOCKS_AN_SM 4u

struct choice {
    bool one; /* a block a window (one.cu); nothing below matters */
    bool layered, resident, cell_shared;
    unsigned windows_a_lane; /* V */
    unsigned warps, blocks;
    size_t tiles;  /* a model */
    size_t shared; /* bytes a block */
    gnt_scratch scratch;
};

static size_t cut(size_t n, size_t part)
{
    return (n + part - 1) / part;
}

/* Bytes of the matrices that gnt_steps keeps resident. */
static size_t resident_bytes(const gnt_layout *layout)
{
    return layout->groups * GNT_BLOCK * layout->net.hidden * (2 * layout->net.layers - 1) * sizeof(float);
}

static size_t units(const gnt_layout *layout)
{
    return layout->groups * GNT_GROUP_UNITS;
}

/* Shared memory of gnt_steps for c->windows_a_lane; false: h alone is too large. */
static bool place_shared(const gnt_gpu *gpu, const gnt_layout *layout, choice *c)
{
    size_t a_unit = GNT_WARP * c->windows_a_lane * sizeof(float), layers = layout->net.layers;
    size_t h = (layers + 1) * layout->net.hidden * a_unit, cell = layers * units(layout) * a_unit;
    size_t weights = resident_bytes(layout);
    c->resident = h + weights <= gpu->shared_bytes;
    c->shared = h + (c->resident ? weights : 0);
    c->cell_shared = c->shared + cell <= gpu->shared_bytes;
    if (c->cell_shared) c->shared += cell;
    return h <= gpu->shared_bytes;
}

static size_t reserve(gnt_scratch *scratch, size_t floats)
{
    size_t at = scratch->n;
    scratch->n += floats;
    return at;
}

static void place_scratch(const gnt_layout *layout, choice *c)
{
    size_t slots = GNT_WARP * c->windows_a_lane, steps = layout->net.window, sequence = steps * layout->width * slots;
    bool attends = layout->net.pool == GNT_POOL_ATTENTION;
    gnt_scratch *scratch = &c->scratch;
    if (!c->cell_shared)
        scratch->cell = reserve(scratch, units(layout) * slots * (c->layered ? 1 : layout->net.layers));
    if (c->layered || attends) scratch->sequence[0] = reserve(scratch, sequence);
    if (c->layered && layout->net.layers > 1) scratch->sequence[1] = reserve(scratch, sequence);
    if (!attends) return;
    scratch->alpha = reserve(scratch, steps * slots);
    scratch->pooled = reserve(scratch, layout->width * slots);
}

/* The most windows a lane that fit and leave no SM without a block. */
static void choose_windows(const gnt_gpu *gpu, const gnt_layout *layout, size_t n_models, size_t n, choice *c)
{
    for (c->windows_a_lane = 4; c->windows_a_lane > 1; c->windows_a_lane /= 2) {
        bool enough = cut(n, GNT_WARP * c->windows_a_lane) * n_models >= gpu->n_sm;
        if (c->layered ? enough && c->windows_a_lane != 2 : enough && place_shared(gpu, layout, c)) return;
    }
}

static choice choose(const gnt_gpu *gpu, const gnt_layout *layout, size_t n_models, size_t n)
{
    choice c = {};
    c.one = n * n_models <= (size_t)ONE_BLOCKS_AN_SM * gpu->n_sm && gnt_one_shared(layout) <= gpu->shared_bytes;
    if (c.one) return c;
    c.windows_a_lane = 1;
    c.layered = layout->directions == 2 || !place_shared(gpu, layout, &c);
    choose_windows(gpu, layout, n_models, n, &c);
    if (c.layered) {
        c.resident = c.cell_shared = false;
        c.shared = 0;
    } else {
        (void)place_shared(gpu, layout, &c); /* it fits: windows_a_lane was chosen so */
    }
    place_scratch(layout, &c);
    size_t groups_a_warp = c.windows_a_lane == 4 ? 1 : 2;
    size_t warps = cut(layout->groups, groups_a_warp);
    size_t most_warps = gnt_recurrence_threads(c.windows_a_lane) / GNT_WARP;
    if (warps > most_warps) warps = cut(cut(warps, cut(warps, most_warps)), SCHEDULERS) * SCHEDULERS; /* equal rounds */
    c.warps = (unsigned)warps;
    c.tiles = cut(n, GNT_WARP * c.windows_a_lane);
    size_t by_shared = c.shared ? gpu->shared_bytes / c.shared : most_warps, by_warps = most_warps / c.warps;
    size_t blocks = (by_shared < by_warps ? by_shared : by_warps) * gpu->n_sm;
    c.blocks = (unsigned)(blocks < c.tiles * n_models ? blocks : c.tiles * n_models);
    return c;
}

/* ---- the call ---------------------------------------------------------------------------------------------------- */

static size_t outputs(const gnt_layout *layout)
{
    return layout->directions * layout->groups * GNT_BLOCK;
}

/* Positions to project: bars, unless they lie so far apart that windows share none. */
static size_t positions(const gnt_layout *layout, size_t n, size_t n_bars)
{
    size_t steps = n * layout->net.window;
    return n_bars < steps ? n_bars : steps;
}

/* Work memory. Without guards: parts of several runs lie in it one after the other, while kernels are still queued. */
struct work_parts {
    const float **weights;
    float *z, *scratch;
};

/* Bytes of n elements, as a part. */
template <typename T> static size_t part_bytes(size_t n)
{
    return cut(n * sizeof(T), GNT_PART_ALIGN) * GNT_PART_ALIGN;
}

static size_t place(const choice *c, const gnt_layout *layout, size_t n_models, size_t n_positions, unsigned char *base,
                    work_parts *parts)
{
    size_t z = part_bytes<const float *>(n_models),
           scratch = z + part_bytes<float>(n_models * outputs(layout) * n_positions);
    if (base) {
        parts->weights = reinterpret_cast<const float **>(base);
        parts->z = reinterpret_cast<float *>(base + z);
        parts->scratch = reinterpret_cast<float *>(base + scratch);
    }
    return scratch + part_bytes<float>(c->blocks * c->scratch.n);
}

static size_t float32_work(const gnt_gpu *gpu, const gnt_packed *model, size_t n_models, size_t n, size_t n_bars)
{
    work_parts parts = {};
    choice c = choose(gpu, &model->layout, n_models, n);
    size_t n_positions = c.one ? 0 : positions(&model->layout, n, n_bars);
    return place(&c, &model->layout, n_models, n_positions, nullptr, &parts);
}

static gnt_status upload_pointers(gnt_gpu *gpu, const gnt_forward_part *part, const float **to)
{
    const float *some[64];
    for (size_t m = 0; m < part->n_models; m += 64) {
        size_t n = part->n_models - m < 64 ? part->n_models - m : 64;
        for (size_t i = 0; i < n; i++) some[i] = part->models[m + i]->share[part->gpu].weights;
        GNT_GPU_TRY(gnt_upload(gpu, to + m, some, n * sizeof *some));
    }
    return GNT_OK;
}

static gnt_status launch_project(gnt_gpu *gpu, const gnt_layout *layout, const gnt_forward_part *part,
                                 const gnt_positions *at, const work_parts *parts)
{
    size_t groups = layout->groups * layout->directions, most = GNT_PROJECT_THREADS / GNT_WARP;
    unsigned warps = (unsigned)(groups < most ? groups : most);
    dim3 grid((unsigned)cut(at->n_positions, GNT_PROJECT_WINDOWS), (unsigned)cut(groups, warps),
              (unsigned)part->n_models);
    return gnt_launch(gpu, gnt_project, grid, dim3(warps * GNT_WARP), GNT_PROJECT_BYTES, *layout, *at, parts->weights,
                      part->x, parts->z);
}

static gnt_status launch_recurrence(gnt_gpu *gpu, const choice *c, const gnt_recurrence *r)
{
    dim3 grid(c->blocks), block(c->warps * GNT_WARP);
    size_t shared = c->shared;
    if (c->layered)
        return c->windows_a_lane == 4 ? gnt_launch(gpu, gnt_layered<1, 4>, grid, block, shared, *r)
                                      : gnt_launch(gpu, gnt_layered<2, 1>, grid, block, shared, *r);
    switch (c->windows_a_lane) {
    case 4:
        return c->resident ? gnt_launch(gpu, gnt_steps<1, 4, true>, grid, block, shared, *r)
                           : gnt_launch(gpu, gnt_steps<1, 4, false>, grid, block, shared, *r);
    case 2:
        return c->resident ? gnt_launch(gpu, gnt_steps<2, 2, true>, grid, block, shared, *r)
                           : gnt_launch(gpu, gnt_steps<2, 2, false>, grid, block, shared, *r);
    default:
        return c->resident ? gnt_launch(gpu, gnt_steps<2, 1, true>, grid, block, shared, *r)
                           : gnt_launch(gpu, gnt_steps<2, 1, false>, grid, block, shared, *r);
    }
}

static gnt_status run_one(gnt_gpu *gpu, const gnt_forward_part *part, const work_parts *parts)
{
    gnt_one_call call = {};
    call.layout = part->models[0]->layout;
    call.weights = parts->weights;
    call.n_models = part->n_models;
    call.x = part->x;
    call.row = part->row;
    call.first_bar = part->first_bar;
    call.n = part->n;
    call.logit = part->logit;
    call.logit_stride = part->logit_stride;
    return gnt_one_launch(gpu, &call);
}

static gnt_status run_blocks(gnt_gpu *gpu, const gnt_forward_part *part, const choice *c, const gnt_positions *at,
                             const work_parts *parts)
{
    const gnt_layout *layout = &part->models[0]->layout;
    gnt_recurrence r = {};
    r.layout = *layout;
    r.at = *at;
    r.weights = parts->weights;
    r.z = parts->z;
    r.n_models = (unsigned)part->n_models;
    r.tiles = (unsigned)c->tiles;
    r.logit = part->logit;
    r.logit_stride = part->logit_stride;
    r.scratch = c->scratch;
    r.scratch.base = parts->scratch;
    r.cell_shared = c->cell_shared;
    GNT_GPU_TRY(launch_project(gpu, layout, part, at, parts));
    return launch_recurrence(gpu, c, &r);
}

static gnt_status float32_run(gnt_gpu *gpu, const gnt_forward_part *part)
{
    const gnt_layout *layout = &part->models[0]->layout;
    choice c = choose(gpu, layout, part->n_models, part->n);
    work_parts parts = {};
    gnt_positions at = {};
    at.row = part->row;
    at.n = part->n;
    at.first_bar = part->first_bar;
    at.n_positions = c.one ? 0 : positions(layout, part->n, part->n_bars);
    at.window = layout->net.window;
    at.dense = at.n_positions == part->n_bars;
    (void)place(&c, layout, part->n_models, at.n_positions, part->work, &parts);
    GNT_GPU_TRY(upload_pointers(gpu, part, parts.weights));
    return c.one ? run_one(gpu, part, &parts) : run_blocks(gpu, part, &c, &at, &parts);
}

const gnt_forward_kind gnt_forward_float32 = {nullptr, nullptr, float32_work, float32_run};
