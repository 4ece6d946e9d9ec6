/* forward.c: windows cut into tasks of a few blocks, spread over threads; packing of models.
 *
 * idea     where a task's windows follow each other bar by bar, its bars are projected once (lstm_forward.c,
 *          project) into an area that stays in L2, and a window's first layer starts from a view of it; other
 *          rows are gathered window by window. Both give the same bits.
 * class    reduction; the same bits for any split of rows, thread count and instruction set */
#include <stdlib.h>
#include <string.h>

#include "kernels/cpu/lstm.h"

extern const gnt_lstm_kernels gnt_lstm_kernels_generic;
#if defined(__x86_64__)
extern const gnt_lstm_kernels gnt_lstm_kernels_avx2, gnt_lstm_kernels_avx512;
#endif

const gnt_lstm_kernels *gnt_lstm_kernels_of(gnt_simd simd)
{
#if defined(__x86_64__)
    if (simd == GNT_AVX512) return &gnt_lstm_kernels_avx512;
    if (simd == GNT_AVX2) return &gnt_lstm_kernels_avx2;
#endif
    (void)simd;
    return &gnt_lstm_kernels_generic;
}

/* ---- packing ------------------------------------------------------------------------------------------ */

gnt_status gnt_cpu_pack(gnt_device *dev, const gnt_net *net, const float *weights, gnt_precision precision,
                        gnt_packed **out)
{
    (void)dev;
    if (precision != GNT_FLOAT32) return GNT_EUNSUPPORTED;
    gnt_packed *packed = calloc(1, sizeof *packed);
    if (!packed) return GNT_ENOMEM;
    gnt_layout_init(&packed->layout, net);
    packed->weights = aligned_alloc(64, packed->layout.n * sizeof(float));
    if (!packed->weights) {
        gnt_cpu_unpack(dev, packed);
        return GNT_ENOMEM;
    }
    memset(packed->weights, 0, packed->layout.n * sizeof(float));
    gnt_layout_pack(&packed->layout, weights, packed->weights);
    *out = packed;
    return GNT_OK;
}

void gnt_cpu_unpack(gnt_device *dev, gnt_packed *packed)
{
    (void)dev;
    if (!packed) return;
    free(packed->weights);
    free(packed);
}

const gnt_net *gnt_cpu_packed_net(const gnt_packed *packed)
{
    return &packed->layout.net;
}

/* ---- the call -------------------------------------------------------------------------------------------- */

#define PROJECTED_FLOATS 65536u /* 256 KiB of projected bars a task: a quarter of a common L2 */
#define MAX_BLOCKS 32u          /* blocks in a task */

typedef struct forward_call {
    const gnt_lstm_kernels *kernels;
    const gnt_packed *const *models;
    gnt_panel panel;
    gnt_rows rows;
    float *logit;
    size_t blocks;         /* in a task */
    size_t tasks;          /* a model */
    size_t scratch_floats; /* a worker */
    float *scratch;
} forward_call;

static size_t outputs(const gnt_layout *layout)
{
    return layout->directions * layout->groups * GNT_BLOCK;
}

/* Bars a task of `blocks` blocks projects, rounded up to whole blocks. */
static size_t bars(const gnt_layout *layout, size_t blocks)
{
    return (blocks * GNT_BLOCK + layout->net.window - 1 + GNT_BLOCK - 1) / GNT_BLOCK * GNT_BLOCK;
}

static size_t blocks_a_task(const gnt_layout *layout, size_t n_windows, unsigned threads)
{
    size_t blocks = MAX_BLOCKS, all = (n_windows + GNT_BLOCK - 1) / GNT_BLOCK;
    while (blocks > 1 && (bars(layout, blocks) * outputs(layout) > PROJECTED_FLOATS || all < blocks * threads * 2))
        blocks /= 2;
    return blocks;
}

static bool consecutive(const uint32_t *row, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (row[i] != row[0] + i) return false;
    return true;
}

/* The next 16 rows from `first` on; the last one repeated past the end. */
static void block_rows(gnt_rows rows, size_t first, uint32_t row[GNT_BLOCK])
{
    for (size_t w = 0; w < GNT_BLOCK; w++) row[w] = rows.row[first + w < rows.n ? first + w : rows.n - 1];
}

/* Projects the bars that windows first .. of the call look at; x is room for one block of bars. */
static void project_bars(const forward_call *c, const gnt_packed *model, size_t first, float *x, float *z,
                         size_t n_bars)
{
    uint32_t begin = c->rows.row[first] + 1 - model->layout.net.window, row[GNT_BLOCK];
    for (size_t t = 0; t < n_bars; t += GNT_BLOCK) {
        for (size_t w = 0; w < GNT_BLOCK; w++) row[w] = begin + (uint32_t)(t + w);
        c->kernels->gather(c->panel, row, 1, x);
        c->kernels->project(&model->layout, model->weights, x, z + t, n_bars);
    }
}

static void forward_task(void *arg, size_t task, unsigned worker)
{
    forward_call *c = arg;
    const gnt_packed *model = c->models[task / c->tasks];
    const gnt_layout *layout = &model->layout;
    size_t first = task % c->tasks * c->blocks * GNT_BLOCK, room = c->blocks * GNT_BLOCK;
    size_t n = c->rows.n - first < room ? c->rows.n - first : room;
    float *scratch = c->scratch + worker * c->scratch_floats, *logit = c->logit + task / c->tasks * c->rows.n + first;
    gnt_block block;
    size_t used = gnt_block_place(&block, layout, false, false, scratch), n_bars = bars(layout, c->blocks);
    float *z = scratch + used;
    bool projected = n > 1 && consecutive(c->rows.row + first, n);
    if (projected) project_bars(c, model, first, block.x, z, n_bars);
    for (size_t i = 0; i < n; i += GNT_BLOCK) {
        uint32_t row[GNT_BLOCK];
        block_rows(c->rows, first + i, row);
        block.z = projected ? z + i : NULL;
        block.z_stride = n_bars;
        if (!projected) c->kernels->gather(c->panel, row, layout->net.window, block.x);
        c->kernels->forward(layout, model->weights, &block);
        memcpy(logit + i, block.logit, (n - i < GNT_BLOCK ? n - i : GNT_BLOCK) * sizeof(float));
    }
}

gnt_status gnt_cpu_forward(gnt_device *dev, const gnt_packed *const *models, size_t n_models, gnt_panel panel,
                           gnt_rows rows, float *logit)
{
    if (n_models == 0 || rows.n == 0) return GNT_OK;
    unsigned threads = gnt_threads_count(dev->pool);
    forward_call c = {
        .kernels = gnt_lstm_kernels_of(dev->simd), .models = models, .panel = panel, .rows = rows, .logit = logit};
    c.blocks = MAX_BLOCKS;
    for (size_t m = 0; m < n_models; m++) {
        size_t blocks = blocks_a_task(&models[m]->layout, rows.n, n_models >= threads ? 1 : threads);
        if (blocks < c.blocks) c.blocks = blocks;
    }
    for (size_t m = 0; m < n_models; m++) {
        const gnt_layout *layout = &models[m]->layout;
        gnt_block block;
        size_t floats = gnt_block_place(&block, layout, false, false, NULL) + outputs(layout) * bars(layout, c.blocks);
        if (floats > c.scratch_floats) c.scratch_floats = floats;
    }
    c.tasks = (rows.n + c.blocks * GNT_BLOCK - 1) / (c.blocks * GNT_BLOCK);
    c.scratch = gnt_device_scratch(dev, threads * c.scratch_floats);
    if (!c.scratch) return GNT_ENOMEM;
    gnt_threads_for(dev->pool, n_models * c.tasks, forward_task, &c);
    return GNT_OK;
}
