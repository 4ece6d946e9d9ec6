/* lstm_one.c: the logit of one window, with outputs across the vector (lstm_forward.c has windows there).
 *
 * idea     every product is w[k][16 outputs] x one number, from the same packed weights. A layer's input part is
 *          one small GEMM over all steps of the window (or over the bars that neighbouring windows share): tiles of
 *          groups x steps in registers, each weight loaded once a tile. Then the steps, in tiles of a few groups:
 *          the recurrent chains of a tile, a 4 x 4 turn in registers that brings each gate of its units together,
 *          and the cell. Tiles run forwards and backwards by turns, so that the weights read last, still in L1, are
 *          the first read again.
 * shapes   lstm.h; vectors run over outputs, then over units
 * class    reduction: the same serial fma chains and the same text of kernels/math as lstm_forward.c, so the same bits
 * limits   recurrent weights are read once a step, 16 H^2 bytes. Up to H = 40 they stay in L1 and the cell's latency,
 *          about 200 cycles a step, is left. Above, L2 gives 32 bytes a cycle: 2 cycles a vector, half of the fma rate.
 * versions F = 35, L = 10 (LSTM_A: 100 and 50), one Zen 4 core at 3.7 GHz, whole C call, weights warm, us:
 *                                               1x24  1x32  2x64  2x96  3x128  LSTM_A
 *            1 as one block of 16              23.0  32.4   183   367    983    2430   AVX-512
 *            2 tiles of 4 groups at most        2.3   2.5  15.4  33.2   91.4     212
 *            3 all chains first up to 8 groups  1.9   2.3  15.5  33.5   92.4     213
 *              the same with AVX2               2.6   3.2  18.1  38.5    107     232
 *          Tried on the recurrent part alone: weights repacked [k][all outputs] are no faster (2 x 64: 0.58 us a step
 *          either way); turning the order of tiles takes it to 0.46, all in L1 would be 0.30; tiles of 8 groups 0.47
 *          and slower with cells (13.9 against 13.3 us); prefetching the next tile during a cell, or marking what
 *          won't stay as non-temporal: nothing */
#include <string.h>

#include "kernels/cpu/matrix.h"
#include "kernels/math/cell.h"

/* Groups whose recurrent chains run side by side, at least as many vectors as an fma takes cycles; so many when that
 * is all of them (then nothing has to be cut, and the cells of all units overlap), and the size of a cut. */
#if GNT_F32_LANES >= 8
#define MOST_GROUPS 8
#define CUT_GROUPS 4
#else
#define MOST_GROUPS 1
#define CUT_GROUPS 1
#endif

/* A tile of the input part: groups x steps accumulators. */
#if GNT_F32_LANES == 16
#define TILE_GROUPS 4
#define TILE_ROWS 6
#elif GNT_F32_LANES == 8
#define TILE_GROUPS 2
#define TILE_ROWS 3
#else
#define TILE_GROUPS 1
#define TILE_ROWS 1
#endif

/* n is cut into `parts` nearly equal parts; where part i begins. */
static size_t part_begin(size_t n, size_t parts, size_t i)
{
    size_t more = n % parts;
    return i * (n / parts) + (i < more ? i : more);
}

static size_t n_parts(size_t n, size_t most)
{
    return (n + most - 1) / most;
}

/* ---- the input part: out[row][j] = bias[j] + sum over k of weight[k][j] x[row][k] ------------------------------- */

typedef struct product {
    const float *weight, *bias; /* [groups][..][16], [groups][16] */
    size_t groups, group_stride;
    const float *x[GNT_MAX_DIRECTIONS]; /* [rows][x_stride] each: the parts of a row, n_k numbers long */
    size_t parts, n_k, x_stride, rows;
    float *out; /* [rows][groups][16] */
} product;

/* n groups of r rows. */
HOT void product_tile(const int n, const int r, const product *p, size_t group, size_t row)
{
    row16 acc[TILE_ROWS][TILE_GROUPS];
#pragma GCC unroll 8
    for (int i = 0; i < r; i++)
#pragma GCC unroll 8
        for (int g = 0; g < n; g++) acc[i][g] = row_load(p->bias + (group + g) * GNT_BLOCK);
    const float *weight = p->weight + group * p->group_stride;
    for (size_t part = 0; part < p->parts; part++) {
        const float *x = p->x[part] + row * p->x_stride;
        for (size_t k = 0; k < p->n_k; k++, weight += GNT_BLOCK) {
            row16 w[TILE_GROUPS];
#pragma GCC unroll 8
            for (int g = 0; g < n; g++) w[g] = row_load(weight + g * p->group_stride);
#pragma GCC unroll 8
            for (int i = 0; i < r; i++)
#pragma GCC unroll 8
                for (int g = 0; g < n; g++) acc[i][g] = row_fma(x[i * p->x_stride + k], w[g], acc[i][g]);
        }
    }
#pragma GCC unroll 8
    for (int i = 0; i < r; i++)
#pragma GCC unroll 8
        for (int g = 0; g < n; g++) row_store(p->out + ((row + i) * p->groups + group + g) * GNT_BLOCK, acc[i][g]);
}

/* n groups of all rows. */
HOT void product_groups(const int n, const product *p, size_t group)
{
    for (size_t i = 0, parts = n_parts(p->rows, TILE_ROWS); i < parts; i++) {
        size_t row = part_begin(p->rows, parts, i);
        switch (part_begin(p->rows, parts, i + 1) - row) {
#define ROWS_CASE(r)                       \
    case r:                                \
        product_tile(n, r, p, group, row); \
        break;
#if TILE_ROWS == 6
            ROWS_CASE(6)
            ROWS_CASE(5)
            ROWS_CASE(4)
#endif
#if TILE_ROWS >= 3
            ROWS_CASE(3)
            ROWS_CASE(2)
#endif
            ROWS_CASE(1)
        }
    }
}

static void product_run(const product *p)
{
    for (size_t i = 0, parts = n_parts(p->groups, TILE_GROUPS); i < parts; i++) {
        size_t group = part_begin(p->groups, parts, i);
        switch (part_begin(p->groups, parts, i + 1) - group) {
#define GROUPS_CASE(n)               \
    case n:                          \
        product_groups(n, p, group); \
        break;
#if TILE_GROUPS == 4
            GROUPS_CASE(4)
            GROUPS_CASE(3)
#endif
#if TILE_GROUPS >= 2
            GROUPS_CASE(2)
#endif
            GROUPS_CASE(1)
        }
    }
}

static void project_rows(const gnt_layout *layout, const float *packed, const float *x, size_t n_rows, float *z)
{
    size_t n_k = layout->inputs[0];
    for (size_t d = 0; d < layout->directions; d++)
        product_run(&(product){
            .weight = packed + layout->weight[0][d],
            .bias = packed + layout->bias[0][d],
            .groups = layout->groups,
            .group_stride = (n_k + layout->net.hidden) * GNT_BLOCK,
            .x = {x},
            .parts = 1,
            .n_k = n_k,
            .x_stride = n_k,
            .rows = n_rows,
            .out = z + d * n_rows * layout->groups * GNT_BLOCK,
        });
}

/* ---- gates to units: four vectors of (i f g o) a unit <-> one vector a gate ----------------------------- */

#if GNT_F32_LANES == 16
#define LOW(a, b) (gnt_f32) _mm512_unpacklo_ps((__m512)(a), (__m512)(b))
#define HIGH(a, b) (gnt_f32) _mm512_unpackhi_ps((__m512)(a), (__m512)(b))
#define FIRST(a, b) (gnt_f32) _mm512_shuffle_ps((__m512)(a), (__m512)(b), 0x44)
#define SECOND(a, b) (gnt_f32) _mm512_shuffle_ps((__m512)(a), (__m512)(b), 0xEE)
#elif GNT_F32_LANES == 8
#define LOW(a, b) (gnt_f32) _mm256_unpacklo_ps((__m256)(a), (__m256)(b))
#define HIGH(a, b) (gnt_f32) _mm256_unpackhi_ps((__m256)(a), (__m256)(b))
#define FIRST(a, b) (gnt_f32) _mm256_shuffle_ps((__m256)(a), (__m256)(b), 0x44)
#define SECOND(a, b) (gnt_f32) _mm256_shuffle_ps((__m256)(a), (__m256)(b), 0xEE)
#else
#define LOW(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define HIGH(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#define FIRST(a, b) __builtin_shufflevector(a, b, 0, 1, 4, 5)
#define SECOND(a, b) __builtin_shufflevector(a, b, 2, 3, 6, 7)
#endif

/* In: vector v holds the gates of units v LANES/4 + l, l < LANES/4. Out: vector of each gate, that unit at 4 l + v. */
HOT void turn(gnt_f32 v[4])
{
    gnt_f32 if01 = LOW(v[0], v[1]), go01 = HIGH(v[0], v[1]), if23 = LOW(v[2], v[3]), go23 = HIGH(v[2], v[3]);
    v[0] = FIRST(if01, if23);
    v[1] = SECOND(if01, if23);
    v[2] = FIRST(go01, go23);
    v[3] = SECOND(go01, go23);
}

/* Units in turn's order -> rising. */
HOT gnt_f32 in_order(gnt_f32 h)
{
#if GNT_F32_LANES == 16
    return (gnt_f32)_mm512_permutexvar_ps(_mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15),
                                          (__m512)h);
#elif GNT_F32_LANES == 8
    return (gnt_f32)_mm256_permutevar8x32_ps((__m256)h, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
#else
    return h;
#endif
}

/* ---- the steps of one direction of one layer ------------------------------------------------------------ */

typedef struct recurrence {
    const float *weight; /* recurrent rows: [groups][..][16] */
    size_t groups, group_stride, hidden;
    const float *z;        /* [groups][16] of this step */
    const float *h_before; /* [units], NULL at the first step */
    float *c, *h;          /* [tiles][16] in turn's order; [units] */
} recurrence;

HOT void step_tile(const int n, const recurrence *v, size_t group)
{
    row16 acc[MOST_GROUPS];
#pragma GCC unroll 8
    for (int g = 0; g < n; g++) acc[g] = row_load(v->z + (group + g) * GNT_BLOCK);
    const float *weight = v->weight + group * v->group_stride;
    for (size_t k = 0; v->h_before && k < v->hidden; k++, weight += GNT_BLOCK)
#pragma GCC unroll 8
        for (int g = 0; g < n; g++) acc[g] = row_fma(v->h_before[k], row_load(weight + g * v->group_stride), acc[g]);
#pragma GCC unroll 8
    for (int j = 0; j < n * VECS; j += 4) {
        gnt_f32 gate[4];
        int there = n * VECS - j < 4 ? n * VECS - j : 4;
#pragma GCC unroll 4
        for (int i = 0; i < 4; i++) gate[i] = i < there ? acc[(j + i) / VECS].v[(j + i) % VECS] : gnt_f32_splat(0);
        turn(gate);
        float *c = v->c + group * GNT_BLOCK + j / 4 * GNT_F32_LANES;
        gnt_f32 before = v->h_before ? gnt_f32_load(c) : gnt_f32_splat(0);
        gnt_cell cell = gnt_cell_step(gate[0], gate[1], gate[2], gate[3], before);
        gnt_f32_store(c, cell.c);
        gnt_f32 h = in_order(cell.h);
        memcpy(v->h + group * GNT_GROUP_UNITS + j / 4 * GNT_F32_LANES, &h, (size_t)there * sizeof h / 4);
    }
}

static void step(const recurrence *v, bool backwards)
{
    size_t parts = v->groups <= MOST_GROUPS ? 1 : n_parts(v->groups, CUT_GROUPS);
    for (size_t i = 0; i < parts; i++) {
        size_t part = backwards ? parts - 1 - i : i, group = part_begin(v->groups, parts, part);
        switch (part_begin(v->groups, parts, part + 1) - group) {
#define STEP_CASE(n)            \
    case n:                     \
        step_tile(n, v, group); \
        break;
#if MOST_GROUPS == 8
            STEP_CASE(8)
            STEP_CASE(7)
            STEP_CASE(6)
            STEP_CASE(5)
            STEP_CASE(4)
            STEP_CASE(3)
            STEP_CASE(2)
#endif
            STEP_CASE(1)
        }
    }
}

/* z: gate sums [L][groups x 16] of the direction's input part. */
static void direction_pass(const gnt_layout *layout, const float *packed, const float *z, size_t l, size_t d,
                           gnt_one *work)
{
    size_t n = gnt_lstm_steps(&layout->net, l, d), last = layout->net.window - 1, n_k = layout->inputs[l];
    recurrence v = {
        .weight = packed + layout->weight[l][d] + n_k * GNT_BLOCK,
        .groups = layout->groups,
        .group_stride = (n_k + layout->net.hidden) * GNT_BLOCK,
        .hidden = layout->net.hidden,
        .c = work->c,
    };
    for (size_t i = 0; i < n; i++) {
        size_t s = d == 0 ? i : last - i;
        v.z = z + s * layout->groups * GNT_BLOCK;
        v.h = work->h[l % 2][d] + s * work->stride;
        step(&v, i % 2);
        v.h_before = v.h;
    }
}

/* Input part of layer l > 0 for the steps its direction d runs. */
static void project_layer(const gnt_layout *layout, const float *packed, size_t l, size_t d, gnt_one *work)
{
    size_t n = gnt_lstm_steps(&layout->net, l, d), first = layout->net.window - n;
    float *const *x = work->h[(l - 1) % 2];
    product_run(&(product){
        .weight = packed + layout->weight[l][d],
        .bias = packed + layout->bias[l][d],
        .groups = layout->groups,
        .group_stride = (layout->inputs[l] + layout->net.hidden) * GNT_BLOCK,
        .x = {x[0] + first * work->stride, layout->directions == 2 ? x[1] + first * work->stride : NULL},
        .parts = layout->directions,
        .n_k = layout->net.hidden,
        .x_stride = work->stride,
        .rows = n,
        .out = work->z + first * layout->groups * GNT_BLOCK,
    });
}

/* ---- pooling and the last linear unit ------------------------------------------------------------------- */

/* The same serial fma chain as a block's; vectors here only hold one number several times. */
HOT float dot(const float *a, const float *b, size_t n, float sum)
{
    gnt_f32 acc = gnt_f32_splat(sum);
    for (size_t k = 0; k < n; k++) acc = gnt_f32_fma(gnt_f32_splat(a[k]), gnt_f32_splat(b[k]), acc);
    return acc[0];
}

/* alpha[s] = softmax over steps of v . tanh(W h[s] + b). */
static void weigh_steps(const gnt_layout *layout, const float *packed, float *const h[GNT_MAX_DIRECTIONS],
                        gnt_one *work)
{
    size_t steps = layout->net.window, outputs = layout->attention_groups * GNT_BLOCK;
    product_run(&(product){
        .weight = packed + layout->attention_weight,
        .bias = packed + layout->attention_bias,
        .groups = layout->attention_groups,
        .group_stride = layout->width * GNT_BLOCK,
        .x = {h[0], h[1]},
        .parts = layout->directions,
        .n_k = layout->net.hidden,
        .x_stride = work->stride,
        .rows = steps,
        .out = work->energy,
    });
    for (size_t i = 0; i < steps * outputs; i += GNT_F32_LANES)
        gnt_f32_store(work->energy + i, gnt_f32_tanh(gnt_f32_load(work->energy + i)));
    float top = 0, sum = 0;
    for (size_t s = 0; s < steps; s++) {
        float score = dot(packed + layout->attention_v, work->energy + s * outputs, outputs, 0);
        top = s && score < top ? top : score;
        work->alpha[s] = score;
    }
    for (size_t s = 0; s < steps; s++) {
        work->alpha[s] = gnt_f32_exp(gnt_f32_splat(work->alpha[s] - top))[0];
        sum += work->alpha[s];
    }
    for (size_t s = 0; s < steps; s++) work->alpha[s] /= sum;
}

/* pooled [stride] of one direction = sum over steps of alpha[s] h[s]. */
static void mix_steps(const gnt_layout *layout, const gnt_one *work, const float *h, float *pooled)
{
    for (size_t k = 0; k < work->stride; k += GNT_F32_LANES) {
        gnt_f32 sum = gnt_f32_splat(0);
        for (size_t s = 0; s < layout->net.window; s++)
            sum = gnt_f32_fma(gnt_f32_splat(work->alpha[s]), gnt_f32_load(h + s * work->stride + k), sum);
        gnt_f32_store(pooled + k, sum);
    }
}

static float head(const gnt_layout *layout, const float *packed, gnt_one *work)
{
    size_t last = layout->net.window - 1;
    float *const *h = work->h[(layout->net.layers - 1) % 2];
    const float *pooled[GNT_MAX_DIRECTIONS] = {
        h[0] + last * work->stride,
        layout->directions == 1              ? NULL
        : layout->net.pool == GNT_POOL_FINAL ? h[1]
                                             : h[1] + last * work->stride,
    };
    if (layout->net.pool == GNT_POOL_ATTENTION) {
        weigh_steps(layout, packed, h, work);
        for (size_t d = 0; d < layout->directions; d++) {
            mix_steps(layout, work, h[d], work->pooled[d]);
            pooled[d] = work->pooled[d];
        }
    }
    float logit = packed[layout->fc_bias];
    for (size_t d = 0; d < layout->directions; d++)
        logit = dot(packed + layout->fc_weight + d * layout->net.hidden, pooled[d], layout->net.hidden, logit);
    return logit;
}

static float forward_one(const gnt_layout *layout, const float *packed, const float *z, size_t z_stride, gnt_one *work)
{
    for (size_t l = 0; l < layout->net.layers; l++)
        for (size_t d = 0; d < layout->directions; d++) {
            if (l > 0) project_layer(layout, packed, l, d, work);
            direction_pass(layout, packed, l == 0 ? z + d * z_stride : work->z, l, d, work);
        }
    return head(layout, packed, work);
}

extern const gnt_one_kernels GNT_SIMD_NAME(gnt_one_kernels);
const gnt_one_kernels GNT_SIMD_NAME(gnt_one_kernels) = {.project = project_rows, .forward = forward_one};
