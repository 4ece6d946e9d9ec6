/* forward.c: windows cut into tasks of a few blocks, spread over threads; packing of models.
 *
 * idea     where a task's windows follow each other bar by bar, its bars are projected once (lstm_forward.c,
 *          project) into an area that stays in L2, and a window's first layer starts from a view of it; other
 *          rows are gathered window by window. Few windows, or the last few of a task, go one by one
 *          (lstm_one.c), and no thread is woken for less work than its wake-up. All ways give the same bits.
 *          A model packed for bf16 (bf16.h) brings other kernels for the same steps, blocks only.
 * class    reduction; the same bits for any split of rows, thread count and instruction set */
#include <stdlib.h>
#include <string.h>

#include "kernels/cpu/bf16.h"

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

extern const gnt_one_kernels gnt_one_kernels_generic;
#if defined(__x86_64__)
extern const gnt_one_kernels gnt_one_kernels_avx2, gnt_one_kernels_avx512;
#endif

const gnt_one_kernels *gnt_one_kernels_of(gnt_simd simd)
{
#if defined(__x86_64__)
    if (simd == GNT_AVX512) return &gnt_one_kernels_avx512;
    if (simd == GNT_AVX2) return &gnt_one_kernels_avx2;
#endif
    (void)simd;
    return &gnt_one_kernels_generic;
}

/* NULL: this device has no such precision. */
static const gnt_lstm_kernels *kernels_for(const gnt_device *dev, gnt_precision precision)
{
    if (precision == GNT_FLOAT32) return gnt_lstm_kernels_of(dev->simd);
#if defined(__x86_64__)
    if (precision == GNT_BF16 && gnt_device_bf16(dev)) return &gnt_lstm_kernels_bf16;
#endif
    return NULL;
}

/* ---- packing ------------------------------------------------------------------------------------------ */

gnt_status gnt_cpu_pack(gnt_device *dev, const gnt_net *net, const float *weights, gnt_precision precision,
                        gnt_packed **out)
{
    const gnt_lstm_kernels *kernels = kernels_for(dev, precision);
    if (!kernels) return GNT_EUNSUPPORTED;
    gnt_packed *packed = calloc(1, sizeof *packed);
    if (!packed) return GNT_ENOMEM;
    packed->kernels = kernels;
    gnt_layout_init(&packed->layout, net);
    if (precision == GNT_BF16) gnt_bf16_extend(&packed->layout);
    packed->weights = aligned_alloc(64, packed->layout.n * sizeof(float));
    if (!packed->weights) {
        gnt_cpu_unpack(dev, packed);
        return GNT_ENOMEM;
    }
    memset(packed->weights, 0, packed->layout.n * sizeof(float));
    gnt_layout_pack(&packed->layout, weights, packed->weights);
    if (precision == GNT_BF16) gnt_bf16_round(&packed->layout, packed->weights);
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
#define MACS_A_THREAD 2000000u  /* about 50 us of work: below that waking a thread costs more than it brings */

typedef struct forward_call {
    const gnt_one_kernels *one;
    const gnt_packed *const *models;
    gnt_panel panel;
    gnt_rows rows;
    float *logit;
    size_t windows;        /* in a task */
    size_t tasks;          /* a model */
    size_t scratch_floats; /* a worker */
    float *scratch;
} forward_call;

static size_t outputs(const gnt_layout *layout)
{
    return layout->directions * layout->groups * GNT_BLOCK;
}

static size_t whole_blocks(size_t n)
{
    return (n + GNT_BLOCK - 1) / GNT_BLOCK * GNT_BLOCK;
}

/* Bars that the blocks of n consecutive windows look at, themselves whole blocks. */
static size_t bars(const gnt_layout *layout, size_t n)
{
    return whole_blocks(whole_blocks(n) + layout->net.window - 1);
}

/* The last windows of n that go one by one: where that is cheaper than a block with repeated windows. Measured, as
 * shares of a block: a window costs 0.075 of it while the weights fit into L1, beyond that 0.09 to 0.095. bf16 is for
 * batches and has blocks only. */
static size_t n_alone(const gnt_layout *layout, size_t n)
{
    if (layout->unit_pairs) return 0;
    size_t most = layout->groups <= 8 ? 13 : 10, rest = n % GNT_BLOCK;
    return rest <= most ? rest : 0;
}

/* Multiply-adds of a window. */
static double window_macs(const gnt_layout *layout)
{
    double macs = 0;
    for (size_t l = 0; l < layout->net.layers; l++)
        for (size_t d = 0; d < layout->directions; d++)
            macs += (double)gnt_lstm_steps(&layout->net, l, d) * 4 * layout->net.hidden *
                    (double)(layout->inputs[l] + layout->net.hidden);
    return macs;
}

/* Threads worth waking for the call. */
static unsigned threads_for(const gnt_packed *const *models, size_t n_models, size_t n_windows, unsigned threads)
{
    double macs = 0;
    for (size_t m = 0; m < n_models && threads > 1; m++) macs += window_macs(&models[m]->layout) * (double)n_windows;
    double worth = macs / MACS_A_THREAD;
    return worth >= threads ? threads : worth < 1 ? 1 : (unsigned)worth;
}

/* Windows of a task: whole blocks, unless there are fewer than a block and threads to share them. */
static size_t windows_a_task(const gnt_layout *layout, size_t n_windows, unsigned threads)
{
    size_t blocks = MAX_BLOCKS, all = (n_windows + GNT_BLOCK - 1) / GNT_BLOCK;
    if (all == 1) return (n_windows + threads - 1) / threads;
    while (blocks > 1 &&
           (bars(layout, blocks * GNT_BLOCK) * outputs(layout) > PROJECTED_FLOATS || all < blocks * threads * 2))
        blocks /= 2;
    return blocks * GNT_BLOCK;
}

/* Length of the run of bars that follow each other at the beginning of n rows. */
static size_t consecutive(const uint32_t *row, size_t n)
{
    size_t i = 1;
    while (i < n && row[i] == row[0] + i) i++;
    return i;
}

/* ---- blocks of 16 windows ----------------------------------------------------------------------------------- */

/* The next 16 of n rows from `first` on; the last one repeated past the end. */
static void block_rows(const uint32_t *rows, size_t n, size_t first, uint32_t row[GNT_BLOCK])
{
    for (size_t w = 0; w < GNT_BLOCK; w++) row[w] = rows[first + w < n ? first + w : n - 1];
}

/* Projects the n_bars bars from the first window's beginning on; x is room for one block of bars. */
static void project_bars(const forward_call *c, const gnt_packed *model, uint32_t first_row, float *x, float *z,
                         size_t n_bars)
{
    uint32_t begin = first_row + 1 - model->layout.net.window, row[GNT_BLOCK];
    for (size_t t = 0; t < n_bars; t += GNT_BLOCK) {
        for (size_t w = 0; w < GNT_BLOCK; w++) row[w] = begin + (uint32_t)(t + w);
        model->kernels->gather(c->panel, row, 1, x);
        model->kernels->project(&model->layout, model->weights, x, z + t, n_bars);
    }
}

static void run_blocks(const forward_call *c, const gnt_packed *model, const uint32_t *rows, size_t n, float *scratch,
                       float *logit)
{
    const gnt_layout *layout = &model->layout;
    gnt_block block;
    size_t used = gnt_block_place(&block, layout, false, false, scratch), n_bars = bars(layout, n);
    float *z = scratch + used;
    bool projected = n > 1 && consecutive(rows, n) == n;
    if (projected) project_bars(c, model, rows[0], block.x, z, n_bars);
    for (size_t i = 0; i < n; i += GNT_BLOCK) {
        uint32_t row[GNT_BLOCK];
        block_rows(rows, n, i, row);
        block.z = projected ? z + i : NULL;
        block.z_stride = n_bars;
        if (!projected) model->kernels->gather(c->panel, row, layout->net.window, block.x);
        model->kernels->forward(layout, model->weights, &block);
        memcpy(logit + i, block.logit, (n - i < GNT_BLOCK ? n - i : GNT_BLOCK) * sizeof(float));
    }
}

/* ---- windows one by one --------------------------------------------------------------------------------------- */

static void run_alone(const forward_call *c, const gnt_packed *model, const uint32_t *rows, size_t n, float *scratch,
                      float *logit)
{
    const gnt_layout *layout = &model->layout;
    size_t window = layout->net.window, row_outputs = layout->groups * GNT_BLOCK;
    gnt_one work;
    float *z = scratch + gnt_one_place(&work, layout, scratch);
    for (size_t i = 0, run; i < n; i += run) {
        run = consecutive(rows + i, n - i);
        size_t n_rows = run + window - 1;
        c->one->project(layout, model->weights, c->panel.x + (rows[i] + 1 - window) * c->panel.n_features, n_rows, z);
        for (size_t w = 0; w < run; w++)
            logit[i + w] = c->one->forward(layout, model->weights, z + w * row_outputs, n_rows * row_outputs, &work);
    }
}

/* ---- the call -------------------------------------------------------------------------------------------------- */

static void forward_task(void *arg, size_t task, unsigned worker)
{
    forward_call *c = arg;
    size_t m = task / c->tasks, first = task % c->tasks * c->windows;
    size_t n = c->rows.n - first < c->windows ? c->rows.n - first : c->windows;
    const gnt_packed *model = c->models[m];
    const uint32_t *rows = c->rows.row + first;
    float *scratch = c->scratch + worker * c->scratch_floats, *logit = c->logit + m * c->rows.n + first;
    size_t alone = n_alone(&model->layout, n), blocks = n - alone;
    if (blocks) run_blocks(c, model, rows, blocks, scratch, logit);
    if (alone) run_alone(c, model, rows + blocks, alone, scratch, logit + blocks);
}

/* Floats of work memory for a task of n windows. */
static size_t task_floats(const gnt_layout *layout, size_t n)
{
    gnt_block block;
    gnt_one work;
    size_t one = gnt_one_place(&work, layout, NULL) + outputs(layout) * (GNT_BLOCK + layout->net.window);
    if (n_alone(layout, n) == n) return one;
    size_t blocks = gnt_block_place(&block, layout, false, false, NULL) + outputs(layout) * bars(layout, n);
    return blocks > one ? blocks : one;
}

gnt_status gnt_cpu_forward(gnt_device *dev, const gnt_packed *const *models, size_t n_models, gnt_panel panel,
                           gnt_rows rows, float *logit)
{
    if (n_models == 0 || rows.n == 0) return GNT_OK;
    forward_call c = {
        .one = gnt_one_kernels_of(dev->simd),
        .models = models,
        .panel = panel,
        .rows = rows,
        .logit = logit,
        .windows = MAX_BLOCKS * GNT_BLOCK,
    };
    unsigned threads = threads_for(models, n_models, rows.n, gnt_threads_count(dev->pool));
    for (size_t m = 0; m < n_models; m++) {
        size_t windows = windows_a_task(&models[m]->layout, rows.n, n_models >= threads ? 1 : threads);
        if (windows < c.windows) c.windows = windows;
    }
    for (size_t m = 0; m < n_models; m++) {
        size_t floats = task_floats(&models[m]->layout, c.windows);
        if (floats > c.scratch_floats) c.scratch_floats = floats;
    }
    c.tasks = (rows.n + c.windows - 1) / c.windows;
    c.scratch = gnt_device_scratch(dev, (threads > 1 ? gnt_threads_count(dev->pool) : 1) * c.scratch_floats);
    if (!c.scratch) return GNT_ENOMEM;
    gnt_threads_for_few(dev->pool, threads, n_models * c.tasks, forward_task, &c);
    return GNT_OK;
}
