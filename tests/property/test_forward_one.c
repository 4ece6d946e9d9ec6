/* One window with outputs across the vector gives the bits of a block of windows, for every architecture and
 * instruction set; and a call of any few windows gives the bits of a call of whole blocks. */
#include <stdio.h>

#include "kernels/cpu/lstm.h"
#include "tests/lstm_case.h"
#include "tests/test.h"

#define N_NETS 160
#define COSTLY 400000.0 /* multiply-adds of a window above which instruction sets without fma are left out */

static const uint32_t hidden[] = {1, 2, 3, 4, 5, 7, 8, 9, 12, 16, 17, 23, 24, 31, 32, 33, 36, 48, 64, 100};
static const uint32_t windows[] = {1, 2, 3, 5, 6, 7, 10, 11, 13, 18, 50};
static const uint32_t features[] = {1, 2, 5, 17, 35, 100};

static uint32_t below(uint64_t *seed, size_t n)
{
    return (uint32_t)(case_uniform(seed) * (double)n);
}

#define PICK(list, seed) list[below(seed, sizeof list / sizeof *list)]

static gnt_net any_net(uint64_t *seed)
{
    gnt_net net = {.n_features = PICK(features, seed), .window = PICK(windows, seed), .hidden = PICK(hidden, seed)};
    net.layers = below(seed, 16) ? 1 + below(seed, 3) : GNT_MAX_LAYERS;
    net.bidirectional = below(seed, 2);
    net.pool = (gnt_pool)below(seed, 3);
    net.attention = net.pool == GNT_POOL_ATTENTION ? 1 + below(seed, 40) : 0;
    return net;
}

static double macs(const gnt_net *net)
{
    size_t n = gnt_net_n_weights(net);
    return (double)n * net->window;
}

static const char *text(const gnt_net *net)
{
    static char line[128];
    snprintf(line, sizeof line, "F %u L %u H %u layers %u%s pool %d attention %u", net->n_features, net->window,
             net->hidden, net->layers, net->bidirectional ? " both ways" : "", (int)net->pool, net->attention);
    return line;
}

static float *floats(size_t n)
{
    float *x = aligned_alloc(64, (n * sizeof(float) + 63) / 64 * 64);
    if (!x) abort();
    for (size_t i = 0; i < n; i++) x[i] = 1e30f; /* work memory may hold anything */
    return x;
}

/* The two kernels themselves, on the same 16 windows. */
static void check_kernels(const gnt_net *net, gnt_simd simd, const float *weights, gnt_panel panel)
{
    gnt_layout layout;
    gnt_layout_init(&layout, net);
    gnt_block block;
    gnt_one one;
    size_t n_rows = net->window + GNT_BLOCK - 1, outputs = layout.groups * GNT_BLOCK;
    float *packed = floats(layout.n), *z = floats(layout.directions * outputs * n_rows);
    float *block_memory = floats(gnt_block_place(&block, &layout, false, false, NULL));
    float *one_memory = floats(gnt_one_place(&one, &layout, NULL));
    memset(packed, 0, layout.n * sizeof *packed);
    gnt_layout_pack(&layout, weights, packed);
    uint32_t row[GNT_BLOCK];
    for (uint32_t w = 0; w < GNT_BLOCK; w++) row[w] = net->window - 1 + w;
    gnt_block_place(&block, &layout, false, false, block_memory);
    gnt_lstm_kernels_of(simd)->gather(panel, row, net->window, block.x);
    gnt_lstm_kernels_of(simd)->forward(&layout, packed, &block);
    gnt_one_place(&one, &layout, one_memory);
    gnt_one_kernels_of(simd)->project(&layout, packed, panel.x, n_rows, z);
    for (size_t w = 0; w < GNT_BLOCK; w++) {
        float got = gnt_one_kernels_of(simd)->forward(&layout, packed, z + w * outputs, n_rows * outputs, &one);
        if (memcmp(&got, &block.logit[w], sizeof got) != 0)
            fail_msg("%s, %s, window %zu alone: %a, in a block %a", case_simd[simd], text(net), w, got, block.logit[w]);
    }
    free(packed);
    free(z);
    free(block_memory);
    free(one_memory);
}

static void one_window_has_the_bits_of_a_block(void **state)
{
    (void)state;
    uint64_t seed = 51;
    size_t checked[GNT_N_SIMD] = {0};
    for (int i = 0; i < N_NETS; i++) {
        gnt_net net = any_net(&seed);
        size_t n_rows = net.window + GNT_BLOCK - 1;
        float *weights = case_weights(&net, seed), *x = case_panel(n_rows, net.n_features, seed + 1, NULL);
        for (int s = 0; s < GNT_N_SIMD; s++) {
            gnt_device *dev = case_device(1, case_simd[s]);
            bool there = dev != NULL;
            gnt_cpu_ops()->close(dev);
            if (!there || (s == GNT_GENERIC && macs(&net) > COSTLY)) continue;
            check_kernels(&net, (gnt_simd)s, weights, (gnt_panel){x, n_rows, net.n_features});
            checked[s]++;
        }
        free(weights);
        free(x);
    }
    for (int s = 0; s < GNT_N_SIMD; s++) print_message("%s: %zu architectures\n", case_simd[s], checked[s]);
    assert_true(checked[GNT_GENERIC] > N_NETS / 4);
}

/* Calls of n rows, neighbours or not, with one and with three threads. */
static void check_calls(gnt_device *dev, const gnt_packed *packed, gnt_panel panel, size_t n_all, const float *want)
{
    const gnt_net *net = gnt_cpu_ops()->packed_net(packed);
    uint64_t seed = 61;
    uint32_t row[40], at[40];
    float got[40];
    for (size_t n = 1; n <= 40; n++) {
        bool neighbours = n % 3;
        size_t begin = below(&seed, n_all - n + 1);
        for (size_t i = 0; i < n; i++) {
            at[i] = neighbours || i % 5 ? (uint32_t)(begin + i) : below(&seed, n_all);
            row[i] = net->window - 1 + at[i];
        }
        assert_int_equal(gnt_cpu_ops()->forward(dev, &packed, 1, panel, (gnt_rows){row, n}, got), GNT_OK);
        for (size_t i = 0; i < n; i++)
            if (memcmp(&got[i], &want[at[i]], sizeof(float)) != 0)
                fail_msg("%s, window %zu of %zu: %a, among whole blocks %a", text(net), i, n, got[i], want[at[i]]);
    }
}

static void few_windows_have_the_bits_of_many(void **state)
{
    (void)state;
    enum { ALL = 4 * GNT_BLOCK };
    static const gnt_net nets[] = {
        {35, 10, 24, 1, false, GNT_POOL_LAST, 0},     {5, 12, 33, 2, true, GNT_POOL_LAST, 0},
        {35, 10, 96, 2, false, GNT_POOL_LAST, 0},     {3, 7, 9, 3, true, GNT_POOL_FINAL, 0},
        {7, 50, 17, 2, true, GNT_POOL_ATTENTION, 21}, {2, 1, 5, 1, false, GNT_POOL_LAST, 0},
        {100, 20, 100, 2, false, GNT_POOL_FINAL, 0},  {1, 4, 1, GNT_MAX_LAYERS, true, GNT_POOL_LAST, 0},
    };
    for (size_t k = 0; k < sizeof nets / sizeof *nets; k++) {
        size_t n_rows = ALL + nets[k].window - 1;
        float *weights = case_weights(&nets[k], 71 + k), *x = case_panel(n_rows, nets[k].n_features, 72 + k, NULL);
        gnt_panel panel = {x, n_rows, nets[k].n_features};
        uint32_t row[ALL];
        float want[ALL];
        for (uint32_t i = 0; i < ALL; i++) row[i] = nets[k].window - 1 + i;
        for (unsigned threads = 1; threads <= 3; threads += 2) {
            gnt_device *dev = case_device(threads, NULL);
            gnt_packed *packed = NULL;
            assert_int_equal(gnt_cpu_ops()->pack(dev, &nets[k], weights, GNT_FLOAT32, &packed), GNT_OK);
            const gnt_packed *model = packed;
            assert_int_equal(gnt_cpu_ops()->forward(dev, &model, 1, panel, (gnt_rows){row, ALL}, want), GNT_OK);
            check_calls(dev, packed, panel, ALL, want);
            gnt_cpu_ops()->unpack(dev, packed);
            gnt_cpu_ops()->close(dev);
        }
        free(weights);
        free(x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_window_has_the_bits_of_a_block),
        cmocka_unit_test(few_windows_have_the_bits_of_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
