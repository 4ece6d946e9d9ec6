/* Fitting on the built-in market: labels in random order score at chance, the planted edge is found with the labels as
 * they are (so the first can fail), and the same seed gives the same bits for any number of threads. */
#include "tests/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/eval/proportion.h"
#include "host/market/synthetic.h"
#include "host/model/model.h"
#include "kernels/math/philox.h"

enum { N_SEEDS = 8, WINDOW = 10 };
static const uint32_t test_stream = 60000; /* of these tests alone */

typedef struct stage {
    gnt_engine engine;
    gnt_bars bars;
    gnt_features features;
    gnt_split split;
    uint8_t *up;
    gnt_labels labels;
} stage;

static gnt_range range(const char *text)
{
    gnt_range r = {0, 0};
    assert_true(gnt_range_parse(text, &r));
    return r;
}

static void stage_open(stage *s, uint64_t seed, unsigned threads)
{
    gnt_error why = {0};
    *s = (stage){.split = {.train = range("2018-01-01..2020-12-31"),
                           .val = range("2021-01-04..2021-07-30"),
                           .test = range("2021-08-02..2023-12-29"),
                           .has_val = true,
                           .has_test = true}};
    if (gnt_engine_open(&s->engine, "cpu", threads, NULL, &why) ||
        gnt_bars_load("builtin:SYN-EDGE", seed, &s->bars, &why) ||
        gnt_features_make(&s->engine, "gauntlet-35", &s->bars, 1, &s->features, &why) ||
        gnt_bars_labels(&s->bars, &s->up, &s->labels, &why) ||
        gnt_split_make(&s->split, s->features.day, s->features.n_rows, s->features.schema.first_valid, WINDOW, &why))
        fail_msg("%s", why.text);
}

static void stage_close(stage *s)
{
    gnt_split_free(&s->split);
    gnt_features_free(&s->features);
    gnt_bars_free(&s->bars);
    free(s->up);
    gnt_engine_close(&s->engine);
}

/* Fisher-Yates over every label: up shares stay, order goes. */
static void shuffle(stage *s, uint64_t seed)
{
    gnt_random at = gnt_random_at(seed, test_stream, 0);
    for (size_t i = s->labels.n - 1; i > 0; i--) {
        size_t k = (size_t)gnt_bounded(at, (uint32_t)i, i + 1);
        uint8_t kept = s->up[i];
        s->up[i] = s->up[k];
        s->up[k] = kept;
    }
}

static void fit(stage *s, const char *variant, uint64_t seed, unsigned epochs, gnt_model *model)
{
    gnt_fit_options options;
    gnt_fit_report report;
    gnt_error why = {0};
    *model = (gnt_model){0};
    if (gnt_variant(variant, 35, WINDOW, &model->net, &options, &why)) fail_msg("%s", why.text);
    options.train.seed = seed;
    if (epochs) options.epochs = epochs;
    if (gnt_model_fit(&s->engine, &s->features, s->labels, &s->split, &options, NULL, model, &report, &why))
        fail_msg("%s", why.text);
    gnt_fit_report_free(&report);
}

/* Right scores on the test rows. */
static uint64_t count_right(stage *s, const gnt_model *model)
{
    uint64_t right = 0;
    gnt_error why = {0};
    gnt_rows rows = {s->split.test_row, s->split.n_test};
    float *score = calloc(rows.n, sizeof *score);
    assert_non_null(score);
    if (gnt_model_score(&s->engine, model, gnt_features_panel(&s->features), rows, GNT_FLOAT32, score, &why))
        fail_msg("%s", why.text);
    for (size_t i = 0; i < rows.n; i++) right += (score[i] >= 0.5f) == s->up[rows.row[i]];
    free(score);
    return right;
}

/* Chance is one half up to the share of up days in the sample; each seed's interval and the pooled one are at the level
 * 0.001, so a sound program fails this once in about a hundred changes of seeds. */
static void shuffled_labels_score_at_chance_and_the_edge_is_found(void **state)
{
    (void)state;
    uint64_t n = 0, right_shuffled = 0, right_true = 0;
    for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
        stage s;
        gnt_model model;
        stage_open(&s, seed, 2);
        fit(&s, "baseline", seed, 0, &model);
        right_true += count_right(&s, &model);
        gnt_model_free(&model);
        shuffle(&s, seed);
        fit(&s, "baseline", seed, 0, &model);
        uint64_t right = count_right(&s, &model);
        gnt_model_free(&model);
        gnt_interval i = gnt_wilson(right, s.split.n_test, 0.001);
        if (!(i.lo <= 0.5 && i.hi >= 0.5))
            fail_msg("seed %llu: shuffled labels, %llu of %zu right", (unsigned long long)seed,
                     (unsigned long long)right, s.split.n_test);
        right_shuffled += right;
        n += s.split.n_test;
        stage_close(&s);
    }
    gnt_interval chance = gnt_wilson(right_shuffled, n, 0.001), edge = gnt_wilson(right_true, n, 0.001);
    print_message("shuffled: %.4f (%.4f to %.4f); as they are: %.4f (%.4f to %.4f), n %llu\n",
                  (double)right_shuffled / (double)n, chance.lo, chance.hi, (double)right_true / (double)n, edge.lo,
                  edge.hi, (unsigned long long)n);
    if (!(chance.lo <= 0.5 && chance.hi >= 0.5))
        fail_msg("shuffled, pooled: %llu of %llu", (unsigned long long)right_shuffled, (unsigned long long)n);
    if (!(edge.lo > 0.52 && edge.lo <= GNT_SYN_EDGE_ACCURACY)) /* well above chance, not above what there is */
        fail_msg("labels as they are, pooled: %llu of %llu", (unsigned long long)right_true, (unsigned long long)n);
}

static void the_same_bits_for_any_number_of_threads(void **state)
{
    (void)state;
    static const char *const variant[] = {"baseline", "enhanced"};
    for (size_t v = 0; v < 2; v++) {
        gnt_text bytes[2];
        for (unsigned threads = 1; threads <= 2; threads++) {
            stage s;
            gnt_model model;
            gnt_error why = {0};
            stage_open(&s, 42, threads);
            fit(&s, variant[v], 42, 3, &model);
            assert_int_equal(gnt_onnx_pack(&model, &bytes[threads - 1], &why), GNT_OK);
            gnt_model_free(&model);
            stage_close(&s);
        }
        assert_int_equal(bytes[0].n, bytes[1].n);
        assert_memory_equal(bytes[0].data, bytes[1].data, bytes[0].n);
        gnt_text_free(&bytes[0]);
        gnt_text_free(&bytes[1]);
    }
}

static void labels_of_one_class_can_not_be_balanced(void **state)
{
    (void)state;
    stage s;
    gnt_model model = {0};
    gnt_fit_options options;
    gnt_fit_report report;
    gnt_error why = {0};
    stage_open(&s, 1, 1);
    memset(s.up, 1, s.labels.n);
    assert_int_equal(gnt_variant("baseline", 35, WINDOW, &model.net, &options, &why), GNT_OK);
    options.balanced = true;
    assert_int_equal(gnt_model_fit(&s.engine, &s.features, s.labels, &s.split, &options, NULL, &model, &report, &why),
                     GNT_EVALUE);
    assert_non_null(strstr(why.text, "only one class"));
    gnt_model_free(&model);
    stage_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shuffled_labels_score_at_chance_and_the_edge_is_found),
        cmocka_unit_test(the_same_bits_for_any_number_of_threads),
        cmocka_unit_test(labels_of_one_class_can_not_be_balanced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
