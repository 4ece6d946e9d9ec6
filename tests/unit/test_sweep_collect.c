/* What a sweep keeps: the best with their order, exact sums, merging that no split can be seen in. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/mem.h"
#include "host/sweep/collect.h"
#include "tests/synth.h"
#include "tests/test.h"

enum { N = 2000 };

static gnt_sweep_spec spec_of(uint64_t top)
{
    gnt_sweep_spec spec = {.top = top, .n_folds = 1, .n_slices = 1, .by = GNT_BY_SHARPE};
    gnt_error why = {0};
    gnt_strategy_default(&spec.base);
    spec.slice = gnt_alloc(1, sizeof *spec.slice);
    spec.slice[0].n_bars = 100;
    if (gnt_grid_add(&spec.grid, "upper=0.5:0.519:0.001,commission-bp=0:99:1", &why) ||
        gnt_sweep_spec_heatmap(&spec, "upper,commission-bp", &why))
        fail_msg("%s", why.text);
    return spec;
}

/* Sharpe ratios with ties, gaps and a few far out. */
static double value_of(uint64_t i)
{
    uint64_t x = i * 2654435761u + 7;
    (void)synth_uniform(&x);
    double u = synth_uniform(&x);
    if (i % 53 == 0) return NAN;
    if (i % 97 == 0) return 40 * (u - .5);
    return i % 3 ? .1 * u : floor(20 * u) / 200;
}

static void fill(gnt_sweep_collection *c, uint64_t first, uint64_t last)
{
    gnt_grid_point point;
    for (uint64_t i = first; i < last; i++) {
        gnt_grid_seek(&c->spec.grid, &c->spec.base, i, &point);
        gnt_sweep_trials_add(&c->trials[0], value_of(i));
        gnt_sweep_cell_add(&c->cell[0][gnt_sweep_cell_of(&c->spec, 0, &point)], value_of(i));
        gnt_sweep_best_add(c, i, value_of(i));
        c->n_tried++;
    }
    gnt_sweep_best_sort(c);
    for (size_t k = 0; k < c->n_best; k++) c->figures[k].sharpe = (double)c->best[k].number;
}

static gnt_sweep_collection collection(uint64_t top, uint64_t first, uint64_t last)
{
    gnt_sweep_collection c;
    gnt_sweep_spec spec = spec_of(top);
    if (gnt_sweep_collection_init(&c, &spec, NULL)) fail_msg("no memory");
    fill(&c, first, last);
    return c;
}

typedef struct ranked {
    double value;
    uint64_t number;
} ranked;

static int by_value(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (x->value != y->value) return x->value < y->value ? 1 : -1;
    return x->number < y->number ? -1 : 1;
}

static void best_are_those_of_a_sort(void **state)
{
    (void)state;
    static ranked all[N];
    size_t n = 0;
    for (uint64_t i = 0; i < N; i++)
        if (!isnan(value_of(i))) all[n++] = (ranked){value_of(i), i};
    qsort(all, n, sizeof *all, by_value);
    for (uint64_t top = 1; top <= 1000; top = top * 3 + 1) {
        gnt_sweep_collection c = collection(top, 0, N);
        assert_int_equal(c.n_best, top);
        for (size_t k = 0; k < c.n_best; k++)
            if (c.best[k].number != all[k].number || c.best[k].value != all[k].value)
                fail_msg("top %llu: place %zu is %llu (%.17g), a sort says %llu (%.17g)", (unsigned long long)top, k,
                         (unsigned long long)c.best[k].number, c.best[k].value, (unsigned long long)all[k].number,
                         all[k].value);
        gnt_sweep_collection_free(&c);
    }
}

/* Against two passes in long double; half a unit of 2^-44 a value is all that rounding takes. */
static void variance_is_that_of_two_passes(void **state)
{
    (void)state;
    for (int shift = 0; shift < 2; shift++) {
        gnt_sweep_trials t = {0};
        long double sum = 0, squares = 0, offset = shift ? 15 : 0; /* far from 0: nothing cancels */
        size_t n = 0;
        for (uint64_t i = 0; i < N; i++) {
            double v = value_of(i);
            if (isnan(v) || fabs(v) > .2) continue;
            gnt_sweep_trials_add(&t, v + (double)offset);
            sum += (long double)(v + (double)offset);
            n++;
        }
        long double mean = sum / n;
        for (uint64_t i = 0; i < N; i++) {
            double v = value_of(i);
            if (isnan(v) || fabs(v) > .2) continue;
            squares += ((long double)(v + (double)offset) - mean) * ((long double)(v + (double)offset) - mean);
        }
        double expected = (double)(squares / (n - 1)), got = gnt_sweep_trials_variance(&t);
        double bound = 2 * sqrt(expected) * 0x1p-45 + 0x1p-90 + 4e-16 * expected; /* V(x + e): 2 sd e + e^2 */
        if (!(fabs(got - expected) <= bound)) fail_msg("variance %.17g, two passes %.17g", got, expected);
        if (!(fabs(gnt_sweep_trials_mean(&t) - (double)mean) <= 0x1p-45 + 4e-15))
            fail_msg("mean %.17g, expected %.17g", gnt_sweep_trials_mean(&t), (double)mean);
    }
    gnt_sweep_trials none = {0};
    gnt_sweep_trials_add(&none, NAN);
    if (none.n || !isnan(gnt_sweep_trials_mean(&none)) || !isnan(gnt_sweep_trials_variance(&none)))
        fail_msg("a trial without a Sharpe counts");
}

/* 2^31 trials of the largest size there is: nothing overflows. */
static void sums_have_room(void **state)
{
    (void)state;
    gnt_sweep_trials one = {0}, two = {0}, t = {0};
    gnt_sweep_trials_add(&one, 1e9);
    gnt_sweep_trials_add(&two, -1e9);
    const gnt_u128 half = GNT_GRID_POINTS / 2;
    t.n = GNT_GRID_POINTS;
    t.sum = (gnt_i128)half * one.sum + (gnt_i128)half * two.sum;
    t.squares = half * one.squares + half * two.squares;
    double variance = gnt_sweep_trials_variance(&t), n = (double)t.n;
    if (!(fabs(variance - 256 * n / (n - 1)) <= 1e-12 * 256)) fail_msg("variance %.17g, expected 256", variance);
    t.sum = (gnt_i128)(2 * half) * one.sum; /* all alike: exactly none */
    t.squares = 2 * half * one.squares;
    assert_true(gnt_sweep_trials_variance(&t) == 0 && gnt_sweep_trials_mean(&t) == 16);
}

static void assert_same(const gnt_sweep_collection *a, const gnt_sweep_collection *b, uint64_t parts)
{
    assert_int_equal(a->n_tried, b->n_tried);
    assert_int_equal(a->n_best, b->n_best);
    bool same = !memcmp(a->trials, b->trials, sizeof *a->trials) &&
                !memcmp(a->best, b->best, a->n_best * sizeof *a->best) &&
                !memcmp(a->figures, b->figures, a->n_best * sizeof *a->figures);
    for (uint64_t k = 0; k < gnt_sweep_cells(&a->spec, 0); k++) {
        const gnt_sweep_cell *x = &a->cell[0][k], *y = &b->cell[0][k];
        same = same && x->n == y->n && x->sum == y->sum && (x->best == y->best || (isnan(x->best) && isnan(y->best)));
    }
    if (!same) fail_msg("%llu parts merge to something else than the whole", (unsigned long long)parts);
}

static void no_split_can_be_seen(void **state)
{
    (void)state;
    gnt_sweep_collection whole = collection(37, 0, N);
    for (uint64_t parts = 1; parts <= 64; parts = parts * 2 + 1) {
        gnt_sweep_collection merged = collection(37, 0, 0);
        for (uint64_t i = 0; i < parts; i++) {
            gnt_sweep_collection part = collection(37, 0, 0);
            gnt_sweep_collection_cut(&part, i, parts);
            fill(&part, part.first, part.last);
            if (gnt_sweep_collection_merge(&merged, &part, NULL)) fail_msg("no memory");
            gnt_sweep_collection_free(&part);
        }
        assert_same(&merged, &whole, parts);
        gnt_sweep_collection_free(&merged);
    }
    gnt_sweep_collection_free(&whole);
}

/* Every point once, for any number of shards, more than there are points too. */
static void cuts_cover_the_grid(void **state)
{
    (void)state;
    gnt_sweep_collection c = collection(1, 0, 0);
    for (uint64_t n = 1; n <= 3000; n = n * 2 + 1) {
        uint64_t at = 0;
        for (uint64_t i = 0; i < n; i++) {
            gnt_sweep_collection_cut(&c, i, n);
            assert_int_equal(c.first, at);
            at = c.last;
        }
        assert_int_equal(at, N);
    }
    gnt_sweep_collection_free(&c);
}

/* A description read back describes the same; one that lost or changed a key is refused. */
static void spec_goes_round(void **state)
{
    (void)state;
    gnt_sweep_spec spec = spec_of(5), again;
    gnt_error why = {0};
    snprintf(spec.slice[0].symbol, sizeof spec.slice[0].symbol, "SYN");
    json_t *json = gnt_sweep_spec_json(&spec), *second;
    if (gnt_sweep_spec_parse(json, "x.h5", &again, &why)) fail_msg("%s", why.text);
    second = gnt_sweep_spec_json(&again);
    assert_true(json_equal(json, second));
    static const char *const keys[] = {"format", "version", "grid", "by", "top", "folds", "seed", "slices"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        json_t *broken = json_deep_copy(json);
        gnt_sweep_spec none;
        json_object_set_new(broken, keys[i], json_real(-1));
        if (gnt_sweep_spec_parse(broken, "x.h5", &none, &why) != GNT_EVALUE || strncmp(why.text, "x.h5: ", 6))
            fail_msg("%s = -1: %s", keys[i], why.text);
        json_decref(broken);
    }
    json_decref(json);
    json_decref(second);
    gnt_sweep_spec_free(&spec);
    gnt_sweep_spec_free(&again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(best_are_those_of_a_sort), cmocka_unit_test(variance_is_that_of_two_passes),
        cmocka_unit_test(sums_have_room),           cmocka_unit_test(no_split_can_be_seen),
        cmocka_unit_test(cuts_cover_the_grid),      cmocka_unit_test(spec_goes_round),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
