/* The engine's door: every refusal before a kernel sees the call, with its status and a word of its sentence. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/device/engine.h"

static gnt_engine engine;
static const gnt_net net = {.n_features = 3, .window = 2, .hidden = 4, .layers = 1};

static int open_engine(void **state)
{
    (void)state;
    return gnt_engine_open(&engine, "cpu", 1, NULL, NULL);
}

static int close_engine(void **state)
{
    (void)state;
    gnt_engine_close(&engine);
    return 0;
}

static void refused(gnt_status got, gnt_status expected, const gnt_error *why, const char *word)
{
    if (got != expected || !strstr(why->text, word))
        fail_msg("status %d '%s', expected %d and '%s'", got, why->text, expected, word);
}

static void devices(void **state)
{
    (void)state;
    gnt_engine other;
    gnt_error why = {0};
    refused(gnt_engine_open(&other, "gpu", 1, NULL, &why), GNT_EUSAGE, &why, "'gpu' is not one of");
    refused(gnt_engine_open(&other, "cuda:x", 1, NULL, &why), GNT_EUSAGE, &why, "cuda:x");
    refused(gnt_engine_open(&other, "cuda:999", 1, NULL, &why), GNT_EDEVICE, &why, "device cuda:999: ");
}

static void models(void **state)
{
    (void)state;
    gnt_error why = {0};
    gnt_packed *packed = NULL;
    float *weights = calloc(gnt_net_n_weights(&net), sizeof *weights);
    assert_non_null(weights);
    gnt_net bad = net;
    bad.layers = GNT_MAX_LAYERS + 1;
    refused(gnt_engine_pack(&engine, &bad, weights, GNT_FLOAT32, &packed, &why), GNT_EINVAL, &why, "9 layers");
    bad = net;
    bad.hidden = 0;
    refused(gnt_engine_pack(&engine, &bad, weights, GNT_FLOAT32, &packed, &why), GNT_EINVAL, &why, "0 hidden units");
    bad = net;
    bad.pool = GNT_POOL_ATTENTION;
    refused(gnt_engine_pack(&engine, &bad, weights, GNT_FLOAT32, &packed, &why), GNT_EINVAL, &why, "attention rows");
    gnt_device_info info = engine.info; /* as on a processor without the instruction */
    engine.info.bf16 = false;
    refused(gnt_engine_pack(&engine, &net, weights, GNT_BF16, &packed, &why), GNT_EUNSUPPORTED, &why, "AVX512-BF16");
    engine.info = info;
    weights[5] = NAN;
    refused(gnt_engine_pack(&engine, &net, weights, GNT_FLOAT32, &packed, &why), GNT_EVALUE, &why, "weight 5 of");
    assert_null(packed);
    free(weights);
}

static void windows(void **state)
{
    (void)state;
    gnt_error why = {0};
    gnt_packed *packed = NULL;
    float x[12] = {0}, logit[1], *weights = calloc(gnt_net_n_weights(&net), sizeof *weights);
    uint32_t row = 0;
    assert_non_null(weights);
    assert_int_equal(gnt_engine_pack(&engine, &net, weights, GNT_FLOAT32, &packed, &why), GNT_OK);
    const gnt_packed *model = packed;
    gnt_panel panel = {x, 4, 3}, narrow = {x, 6, 2};
    gnt_rows rows = {&row, 1};
    refused(gnt_engine_forward(&engine, &model, 1, panel, rows, logit, &why), GNT_EINVAL, &why, "ends at row 0");
    row = 4;
    refused(gnt_engine_forward(&engine, &model, 1, panel, rows, logit, &why), GNT_EINVAL, &why, "ends at row 4");
    row = 1;
    refused(gnt_engine_forward(&engine, &model, 1, narrow, rows, logit, &why), GNT_EINVAL, &why,
            "takes windows [2, 3]");
    refused(gnt_engine_forward(&engine, &model, 1, panel, rows, x + 2, &why), GNT_EINVAL, &why, "overlaps");
    assert_int_equal(gnt_engine_forward(&engine, &model, 1, panel, rows, logit, &why), GNT_OK);
    gnt_engine_unpack(&engine, packed);
    free(weights);
}

static void scaling(void **state)
{
    (void)state;
    gnt_error why = {0};
    float x[4] = {1, 2, NAN, 100}, center[2] = {1, 0}, scale[2] = {2, 0}, out[4];
    gnt_panel panel = {x, 2, 2};
    refused(gnt_engine_scale(&engine, panel, center, scale, 5, out, &why), GNT_EVALUE, &why, "column 1");
    scale[1] = 4;
    refused(gnt_engine_scale(&engine, panel, center, scale, NAN, out, &why), GNT_EINVAL, &why, "limit");
    refused(gnt_engine_scale(&engine, panel, center, scale, 5, x + 1, &why), GNT_EINVAL, &why, "overlap");
    assert_int_equal(gnt_engine_scale(&engine, panel, center, scale, 5, out, &why), GNT_OK);
    assert_true(out[0] == 0 && out[1] == 0.5f && isnan(out[2]) && out[3] == 5); /* (100 - 0)/4 = 25, clipped */
}

static void draws(void **state)
{
    (void)state;
    gnt_error why = {0};
    gnt_resample_plan plan = {.method = GNT_RESAMPLE_CIRCULAR, .block = 0.5};
    uint32_t index[4], counter = 0;
    uint8_t arm;
    refused(gnt_engine_resample(&engine, &plan, 4, 1, index, &why), GNT_EINVAL, &why, "block length is 0.5");
    plan.block = 2;
    plan.stream = 65536;
    refused(gnt_engine_resample(&engine, &plan, 4, 1, index, &why), GNT_EINVAL, &why, "stream 65536");
    refused(gnt_engine_split(&engine, 1, NAN, &counter, 1, 0, 1, &arm, &why), GNT_EINVAL, &why, "weight");
}

static void probes(void **state)
{
    (void)state;
    gnt_error why = {0};
    double rate = 0;
    refused(gnt_engine_probe(&engine, GNT_PROBE_FMA, NAN, &rate, &why), GNT_EINVAL, &why, "at most 60");
    for (int what = GNT_PROBE_FMA; what <= GNT_PROBE_TRIAD; what++) {
        assert_int_equal(gnt_engine_probe(&engine, (gnt_probe)what, 1e-3, &rate, &why), GNT_OK);
        if (!(rate > 0 && isfinite(rate))) fail_msg("probe %d: rate %g", what, rate);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(devices), cmocka_unit_test(models), cmocka_unit_test(windows),
        cmocka_unit_test(scaling), cmocka_unit_test(draws),  cmocka_unit_test(probes),
    };
    return cmocka_run_group_tests(tests, open_engine, close_engine);
}
