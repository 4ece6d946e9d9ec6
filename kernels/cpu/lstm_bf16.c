/* lstm_bf16.c: logits of 16 windows with vdpbf16ps: weights, inputs and hidden states rounded to bfloat16, two products
 * an instruction; sums, gates, cell states, pooling and the last linear unit in float32.
 *
 *     acc = fma(w[k+1], x[k+1], acc); acc = fma(w[k], x[k], acc)     a pair of k, each fma rounded to nearest even
 *
 * idea     lstm_forward.c with half the instructions of a sum: a word of weights is broadcast, a vector holds a pair of
 *          16 windows. h is rounded once, as a group's cells are finished; x once, when it is gathered.
 * shapes   bf16.h; vectors run over windows
 * class    reduction with unit roundoff 2^-8 of inputs and weights (docs/NUMERICS.md); the same bits for any split of
 *          windows. The instruction reads denormals as zero and flushes results below 2^-126; rounding here does so too
 * versions 1 this one. Windows/s of one Zen 4 core in thousands, and times lstm_forward.c in the same run:
 *                        2 x 64      2 x 96     3 x 128    2 x 100, L 50, F 100
 *             sliding    165, 1.66   83, 1.75   30, 1.82   14.6, 1.74
 *             [N, L, F]  140, 1.65   74, 1.73   29, 1.85   11.3, 1.82
 *            vdpbf16ps runs at 230 GFLOP/s, fma at 117; the cells take as long as before */
#include "kernels/cpu/bf16.h"
#include "kernels/math/cell.h"

_Static_assert(GNT_F32_LANES == GNT_BLOCK, "compiled for AVX-512");
#define OUTS GNT_BLOCK
#define UNITS GNT_GROUP_UNITS
#define HOT static inline __attribute__((always_inline))

extern const gnt_lstm_kernels gnt_lstm_kernels_avx512;

/* Two vectors rounded (nearest, ties to even) and interleaved: [16 windows][even, odd]. */
HOT void store_pair(uint32_t *to, gnt_f32 even, gnt_f32 odd)
{
    const __m512i turn = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6,
                                          21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    __m512i halves = (__m512i)_mm512_cvtne2ps_pbh((__m512)odd, (__m512)even);
    _mm512_storeu_si512(to, _mm512_permutexvar_epi16(turn, halves));
}

/* acc[o] += sum over pairs k < n of weight[k][o] . x[k] */
HOT void chain(gnt_f32 acc[OUTS], const uint32_t *weight, const uint32_t *x, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        __m512bh v = (__m512bh)_mm512_loadu_si512(x + k * GNT_BLOCK);
#pragma GCC unroll 16
        for (int o = 0; o < OUTS; o++) {
            __m512bh w = (__m512bh)_mm512_set1_epi32((int)weight[k * GNT_BLOCK + o]);
            acc[o] = (gnt_f32)_mm512_dpbf16_ps((__m512)acc[o], v, w);
        }
    }
}

static const uint32_t *pair_weights(const gnt_layout *layout, const float *packed, size_t l, size_t d)
{
    return (const uint32_t *)(const void *)(packed + layout->pairs[l][d]);
}

/* x [n_steps][input_pairs][16]: gathered as float32, then rounded in place; a pair never lies behind its numbers. */
static void gather(gnt_panel panel, const uint32_t row[GNT_BLOCK], size_t n_steps, float *x)
{
    size_t n_k = panel.n_features;
    uint32_t *pair = (uint32_t *)(void *)x;
    gnt_lstm_kernels_avx512.gather(panel, row, n_steps, x);
    for (size_t s = 0; s < n_steps; s++, x += n_k * GNT_BLOCK)
        for (size_t k = 0; k < n_k; k += 2, pair += GNT_BLOCK) {
            gnt_f32 odd = k + 1 < n_k ? gnt_f32_load(x + (k + 1) * GNT_BLOCK) : gnt_f32_splat(0);
            store_pair(pair, gnt_f32_load(x + k * GNT_BLOCK), odd);
        }
}

static void project(const gnt_layout *layout, const float *packed, const float *x, float *z, size_t stride)
{
    size_t n = layout->input_pairs[0], all = n + layout->unit_pairs, outputs = layout->groups * GNT_BLOCK;
    for (size_t d = 0; d < layout->directions; d++, z += outputs * stride) {
        const float *bias = packed + layout->bias[0][d];
        const uint32_t *weight = pair_weights(layout, packed, 0, d);
        for (size_t j = 0; j < outputs; j += OUTS) {
            gnt_f32 acc[OUTS];
#pragma GCC unroll 16
            for (size_t i = 0; i < OUTS; i++) acc[i] = gnt_f32_splat(bias[j + i]);
            chain(acc, weight + j * all, (const uint32_t *)(const void *)x, n);
#pragma GCC unroll 16
            for (size_t i = 0; i < OUTS; i++) gnt_f32_store(z + (j + i) * stride, acc[i]);
        }
    }
}

/* One direction of one layer at one step. */
typedef struct step_view {
    const uint32_t *weight;   /* of the direction */
    const float *bias;        /* of the direction */
    const uint32_t *x;        /* [input pairs][16], or NULL: z */
    const float *z;           /* [groups x 16][z_stride] at this step's first window */
    const uint32_t *h_before; /* [unit_pairs][16], NULL at the first step */
    uint32_t *h;              /* [unit_pairs][16] */
    float *c;                 /* [units][16] in place */
    float *wide;              /* [H][16] h before it is rounded, for the pooling; NULL: not looked at */
} step_view;

/* The gates' sums of a group through the cell; `unit`, the first of them, counts within the direction. */
HOT void finish_units(const gnt_layout *layout, const step_view *v, size_t unit, const gnt_f32 acc[OUTS])
{
    gnt_cell cell[UNITS];
#pragma GCC unroll 4
    for (size_t u = 0; u < UNITS; u++) {
        float *c = v->c + (unit + u) * GNT_BLOCK;
        gnt_f32 before = v->h_before ? gnt_f32_load(c) : gnt_f32_splat(0);
        gnt_cell_gates(&cell[u], acc[4 * u], acc[4 * u + 1], acc[4 * u + 2], acc[4 * u + 3], before);
        gnt_f32_store(c, cell[u].c);
    }
#pragma GCC unroll 4
    for (size_t u = 0; u < UNITS; u++) {
        gnt_cell_output(&cell[u]);
        if (v->wide && unit + u < layout->net.hidden) gnt_f32_store(v->wide + (unit + u) * GNT_BLOCK, cell[u].h);
    }
#pragma GCC unroll 2
    for (size_t u = 0; u < UNITS; u += 2) { /* a missing unit would have h = 0, but NaN after an infinite input */
        if (unit + u >= layout->net.hidden) break;
        gnt_f32 odd = unit + u + 1 < layout->net.hidden ? cell[u + 1].h : gnt_f32_splat(0);
        store_pair(v->h + (unit + u) / 2 * GNT_BLOCK, cell[u].h, odd);
    }
}

static void layer_step(const gnt_layout *layout, size_t n_inputs, size_t z_stride, const step_view *v)
{
    size_t all = n_inputs + layout->unit_pairs;
    for (size_t j = 0; j < layout->groups * GNT_BLOCK; j += OUTS) {
        const uint32_t *weight = v->weight + j * all;
        gnt_f32 acc[OUTS];
        if (v->x) {
#pragma GCC unroll 16
            for (size_t i = 0; i < OUTS; i++) acc[i] = gnt_f32_splat(v->bias[j + i]);
            chain(acc, weight, v->x, n_inputs);
        } else {
#pragma GCC unroll 16
            for (size_t i = 0; i < OUTS; i++) acc[i] = gnt_f32_load(v->z + (j + i) * z_stride);
        }
        if (v->h_before) chain(acc, weight + n_inputs * GNT_BLOCK, v->h_before, layout->unit_pairs);
        finish_units(layout, v, j / 4, acc);
    }
}

static void layer_pass(const gnt_layout *layout, const float *packed, gnt_block *b, size_t l, size_t d)
{
    size_t steps = layout->net.window, n = gnt_lstm_steps(&layout->net, l, d), n_inputs = layout->input_pairs[l];
    size_t row = layout->directions * layout->unit_pairs * GNT_BLOCK;
    const uint32_t *x = l == 0 ? (const uint32_t *)(const void *)b->x : b->half[(l - 1) % 2];
    uint32_t *out = b->half[l % 2] + d * layout->unit_pairs * GNT_BLOCK;
    float *wide = b->sequence[l] + d * layout->net.hidden * GNT_BLOCK;
    bool projected = l == 0 && b->z, last = l + 1 == layout->net.layers;
    bool every = layout->net.pool == GNT_POOL_ATTENTION; /* else a direction's last step is all that is pooled */
    size_t before = 0;
    for (size_t i = 0; i < n; i++) {
        size_t s = d == 0 ? i : steps - 1 - i;
        step_view v = {
            .weight = pair_weights(layout, packed, l, d),
            .bias = packed + layout->bias[l][d],
            .x = projected ? NULL : x + s * n_inputs * GNT_BLOCK,
            .z = projected ? b->z + d * layout->groups * GNT_BLOCK * b->z_stride + s : NULL,
            .h_before = i ? out + before * row : NULL,
            .h = out + s * row,
            .c = b->cell[l][d],
            .wide = last && (every || i + 1 == n) ? wide + s * layout->width * GNT_BLOCK : NULL,
        };
        layer_step(layout, n_inputs, b->z_stride, &v);
        before = s;
    }
}

static void forward(const gnt_layout *layout, const float *packed, gnt_block *b)
{
    for (size_t l = 0; l < layout->net.layers; l++)
        for (size_t d = 0; d < layout->directions; d++) layer_pass(layout, packed, b, l, d);
    gnt_lstm_kernels_avx512.head(layout, packed, b);
}

const gnt_lstm_kernels gnt_lstm_kernels_bf16 = {.gather = gather, .project = project, .forward = forward};
