/* ONNX in and out: what PyTorch exports scores as PyTorch and onnxruntime do, what is written reads back to the bit,
 * broken bytes are refused without a crash. The refusals by node name are in tests/cli/test_model.sh. */
#include "tests/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/model/fit.h"
#include "host/store/npy.h"

#define FIXTURES GNT_SOURCE_DIR "/tests/fixtures/onnx/"
#define ORIGINALS GNT_SOURCE_DIR "/../shared/reference/original-models/"
static const double tolerance = 2e-6; /* the contract's, on probabilities */

/* Probabilities of x [N][L][F] by the model in a file. */
static float *score_file(const char *path, const gnt_npy *x)
{
    gnt_engine engine = {0};
    gnt_model model;
    gnt_error why = {0};
    if (gnt_onnx_read(path, &model, &why)) fail_msg("%s", why.text);
    if (gnt_engine_open(&engine, "cpu", 1, NULL, &why)) fail_msg("%s", why.text);
    size_t n = x->dim[0], length = x->dim[1];
    float *score = calloc(n, sizeof *score);
    uint32_t *row = calloc(n, sizeof *row);
    assert_true(score && row);
    for (size_t i = 0; i < n; i++) row[i] = (uint32_t)(i * length + length - 1);
    gnt_panel panel = {x->data, n * length, x->dim[2]};
    if (gnt_model_score(&engine, &model, panel, (gnt_rows){row, n}, GNT_FLOAT32, score, &why))
        fail_msg("%s: %s", path, why.text);
    free(row);
    gnt_engine_close(&engine);
    gnt_model_free(&model);
    return score;
}

static void compare(const char *path, const gnt_npy *x, const gnt_npy *y, size_t columns)
{
    float *score = score_file(path, x);
    for (size_t i = 0; i < x->dim[0]; i++)
        for (size_t c = 0; c < columns; c++) {
            double expected = (double)y->data[i * columns + c], got = (double)score[i];
            if (!(fabs(got - expected) <= tolerance))
                fail_msg("%s, window %zu: %.9g, column %zu of the expected %.9g", path, i, got, c, expected);
        }
    free(score);
}

static void exports_score_as_pytorch_and_onnxruntime(void **state)
{
    (void)state;
    static const char *const name[] = {"ts11_1l_states", "ts14_2l_logit",  "ts16_fixed_batch", "ts17_2l_states",
                                       "ts17_bi",        "ts17_bi_hidden", "ts17_hidden",      "ts17_scaler_slice",
                                       "ts20_matmul",    "dyn18_1l",       "dyn18_2l_logit",   "dyn18_2l_states",
                                       "dyn18_hidden",   "dyn18_matmul",   "dyn20_bi",         "dyn20_scaler_slice"};
    gnt_npy x;
    gnt_error why = {0};
    if (gnt_npy_read(FIXTURES "windows.npy", &x, &why)) fail_msg("%s", why.text);
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        char path[512];
        gnt_npy y;
        snprintf(path, sizeof path, FIXTURES "%s_y.npy", name[i]);
        if (gnt_npy_read(path, &y, &why)) fail_msg("%s", why.text);
        snprintf(path, sizeof path, FIXTURES "%s.onnx", name[i]);
        compare(path, &x, &y, 2);
        gnt_npy_free(&y);
    }
    gnt_npy_free(&x);
}

static void original_models_score_as_published(void **state)
{
    (void)state;
    static const char *const name[] = {"baseline", "enhanced"};
    if (!gnt_file_exists(ORIGINALS "baseline.onnx")) skip();
    for (size_t i = 0; i < 2; i++) {
        char path[512];
        gnt_npy x, y;
        gnt_error why = {0};
        snprintf(path, sizeof path, ORIGINALS "%s_x.npy", name[i]);
        if (gnt_npy_read(path, &x, &why)) fail_msg("%s", why.text);
        snprintf(path, sizeof path, ORIGINALS "%s_y.npy", name[i]);
        if (gnt_npy_read(path, &y, &why)) fail_msg("%s", why.text);
        snprintf(path, sizeof path, ORIGINALS "%s.onnx", name[i]);
        compare(path, &x, &y, 1);
        gnt_npy_free(&x);
        gnt_npy_free(&y);
    }
}

/* ---- round trips ------------------------------------------------------------------------------------ */

/* A model of the given kind with random weights, non-zero biases, and a scaler when asked. */
static void make_model(gnt_model *model, unsigned layers, bool both, gnt_pool pool, int scaler)
{
    gnt_error why = {0};
    *model = (gnt_model){.net = {.n_features = 7,
                                 .window = 5,
                                 .hidden = 6,
                                 .layers = layers,
                                 .bidirectional = both,
                                 .pool = pool,
                                 .attention = pool == GNT_POOL_ATTENTION ? 4 : 0}};
    size_t n = gnt_net_n_weights(&model->net);
    model->weights = calloc(n, sizeof(float));
    assert_non_null(model->weights);
    assert_int_equal(gnt_init_weights(&model->net, 7, model->weights, &why), GNT_OK);
    for (size_t i = 0; i < n; i++)
        if (model->weights[i] == 0) model->weights[i] = (float)(i % 13) / 16 - 0.3f;
    if (!scaler) return;
    model->scaler = (gnt_scaler){.n = 7, .limit = scaler == 1 ? 5 : INFINITY};
    model->scaler.center = calloc(7, sizeof(float));
    model->scaler.scale = calloc(7, sizeof(float));
    for (int k = 0; k < 7; k++) {
        model->scaler.center[k] = 0.1f * (float)k;
        model->scaler.scale[k] = 1.0f + (float)k;
    }
    assert_int_equal(gnt_model_set_meta(model, "note", "line one; \xc3\xa9", &why), GNT_OK);
}

static void check_round_trip(const gnt_model *model, const char *what)
{
    gnt_text first, second;
    gnt_model back;
    gnt_error why = {0};
    if (gnt_onnx_pack(model, &first, &why)) fail_msg("%s: %s", what, why.text);
    if (gnt_onnx_parse(first.data, first.n, "packed", &back, &why)) fail_msg("%s: %s", what, why.text);
    if (memcmp(&back.net.n_features, &model->net.n_features, 4 * sizeof(uint32_t)) != 0 ||
        back.net.bidirectional != model->net.bidirectional || back.net.pool != model->net.pool ||
        back.net.attention != model->net.attention)
        fail_msg("%s: architecture changed: %u layers, pool %d", what, back.net.layers, (int)back.net.pool);
    assert_memory_equal(back.weights, model->weights, gnt_net_n_weights(&model->net) * sizeof(float));
    assert_int_equal(back.scaler.n, model->scaler.n);
    if (model->scaler.n) {
        assert_memory_equal(back.scaler.center, model->scaler.center, 7 * sizeof(float));
        assert_memory_equal(back.scaler.scale, model->scaler.scale, 7 * sizeof(float));
        assert_true(back.scaler.limit == model->scaler.limit);
        assert_string_equal(gnt_model_meta(&back, "note"), "line one; \xc3\xa9");
    }
    if (gnt_onnx_pack(&back, &second, &why)) fail_msg("%s: %s", what, why.text);
    assert_int_equal(first.n, second.n);
    assert_memory_equal(first.data, second.data, first.n);
    gnt_text_free(&first);
    gnt_text_free(&second);
    gnt_model_free(&back);
}

static void what_is_written_reads_back_to_the_bit(void **state)
{
    (void)state;
    for (unsigned layers = 1; layers <= 3; layers++)
        for (int both = 0; both < 2; both++)
            for (int pool = 0; pool < 3; pool++)
                for (int scaler = 0; scaler < 3; scaler++) {
                    char what[80];
                    gnt_model model;
                    if (pool == GNT_POOL_FINAL && !both) continue; /* reads back as LAST: the same thing */
                    snprintf(what, sizeof what, "%u layers, both %d, pool %d, scaler %d", layers, both, pool, scaler);
                    make_model(&model, layers, both, (gnt_pool)pool, scaler);
                    check_round_trip(&model, what);
                    gnt_model_free(&model);
                }
}

static void a_model_that_is_not_finite_is_not_written(void **state)
{
    (void)state;
    gnt_model model;
    gnt_text bytes;
    gnt_error why = {0};
    make_model(&model, 1, false, GNT_POOL_LAST, 0);
    model.weights[11] = NAN;
    assert_int_equal(gnt_onnx_pack(&model, &bytes, &why), GNT_EVALUE);
    assert_non_null(strstr(why.text, "weight 11 is not finite"));
    gnt_model_free(&model);
}

/* ---- broken bytes ----------------------------------------------------------------------------------- */

/* Every truncation and every byte set to 0, 255 and its complement: an error with a sentence, or a model. */
static void broken_bytes_give_an_error_or_a_model(void **state)
{
    (void)state;
    static const char *const name[] = {"ts11_1l_states.onnx", "dyn18_hidden.onnx", "ts17_scaler_slice.onnx"};
    for (size_t f = 0; f < 3; f++) {
        char path[512];
        gnt_text text;
        gnt_error why = {0};
        snprintf(path, sizeof path, FIXTURES "%s", name[f]);
        if (gnt_text_read(path, 1 << 20, &text, &why)) fail_msg("%s", why.text);
        for (size_t i = 0; i < 4 * text.n; i++) {
            size_t at = i / 4, n = i % 4 == 0 ? at : text.n;
            char kept = text.data[at];
            gnt_model model;
            why = (gnt_error){0};
            if (i % 4) text.data[at] = (char)(i % 4 == 1 ? 0 : i % 4 == 2 ? 0xff : ~kept);
            gnt_status st = gnt_onnx_parse(text.data, n, "broken", &model, &why);
            text.data[at] = kept;
            if (st && !why.text[0]) fail_msg("%s, byte %zu: refused without a word", name[f], at);
            if (strchr(why.text, '\n')) fail_msg("%s, byte %zu: two lines: %s", name[f], at, why.text);
            gnt_model_free(&model);
        }
        gnt_text_free(&text);
    }
}

/* ---- metadata --------------------------------------------------------------------------------------- */

static void in_sample_counts_label_bars(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
        gnt_in_sample expected;
    } row[] = {
        {"2020-02-20", "2020-02-25", GNT_IN_SAMPLE_NONE},
        {"2020-02-19", "2020-02-25", GNT_IN_SAMPLE_PARTIAL}, /* the label of 18 February is the bar of the 19th */
        {"2019-01-01", "2019-01-05", GNT_IN_SAMPLE_ALL},
        {"2019-06-30", "2019-07-02", GNT_IN_SAMPLE_PARTIAL}};
    gnt_model model = {0};
    gnt_error why = {0};
    gnt_day day[10] = {0};
    assert_int_equal(gnt_model_in_sample(&model, day, 0), GNT_IN_SAMPLE_UNKNOWN);
    assert_int_equal(gnt_model_set_meta(&model, "gauntlet.train", "2018-01-01..2019-06-28", &why), GNT_OK);
    assert_int_equal(gnt_model_set_meta(&model, "gauntlet.val", "2019-07-01..2020-02-18", &why), GNT_OK);
    assert_int_equal(gnt_model_set_meta(&model, "gauntlet.val_labels", "2019-07-02..2020-02-19", &why), GNT_OK);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        size_t n = 0;
        gnt_day to;
        assert_true(gnt_date_parse(row[i].from, 10, &day[0]) && gnt_date_parse(row[i].to, 10, &to));
        for (gnt_day d = day[0]; d <= to; d++) day[n++] = d;
        gnt_in_sample got = gnt_model_in_sample(&model, day, n);
        if (got != row[i].expected)
            fail_msg("%s..%s: %s, expected %s", row[i].from, row[i].to, gnt_in_sample_name(got),
                     gnt_in_sample_name(row[i].expected));
    }
    gnt_model_free(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exports_score_as_pytorch_and_onnxruntime),
        cmocka_unit_test(original_models_score_as_published),
        cmocka_unit_test(what_is_written_reads_back_to_the_bit),
        cmocka_unit_test(a_model_that_is_not_finite_is_not_written),
        cmocka_unit_test(broken_bytes_give_an_error_or_a_model),
        cmocka_unit_test(in_sample_counts_label_bars),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
