/* Grids: text to points and back, order, limits, refusals. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "host/sweep/grid.h"
#include "host/sweep/shard.h"
#include "tests/test.h"

static gnt_grid grid_of(const char *text)
{
    gnt_grid grid = {0};
    gnt_error why = {0};
    if (gnt_grid_add(&grid, text, &why)) fail_msg("%s: %s", text, why.text);
    return grid;
}

/* SPEC 9: value = a + k step, floor((b - a)/step + 1e-9) + 1 points. */
static void ranges_are_inclusive(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t n;
        double last;
    } cases[] = {
        {"upper=0.5:0.6:0.01", 11, .5 + 10 * .01},
        {"upper=0:1:0.1", 11, 1},
        {"upper=0.7:1:0.1", 4, .7 + 3 * .1},
        {"upper=0.5:0.5:0.1", 1, .5},
        {"upper=0.5:0.55:0.1", 1, .5},
        {"commission-bp=0:5:1", 6, 5},
        {"commission_bp=0.1:0.3:0.1", 3, .1 + 2 * .1}, /* (0.3 - 0.1)/0.1 is below 2 in binary */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gnt_grid grid = grid_of(cases[i].text);
        double last = gnt_grid_value(&grid.dim[0], grid.dim[0].n - 1);
        if (grid.n_points != cases[i].n || last != fmin(cases[i].last, grid.dim[0].parameter->largest))
            fail_msg("%s: %llu points to %.17g, expected %llu to %.17g", cases[i].text,
                     (unsigned long long)grid.n_points, last, (unsigned long long)cases[i].n, cases[i].last);
    }
}

/* Numbers run row-major in the table's order, the last dimension fastest, however they were given. */
static void order_is_the_tables(void **state)
{
    (void)state;
    gnt_grid a = grid_of("commission-bp=0:2:1,between=flat|hold,upper=0.5:0.6:0.1");
    gnt_grid b = grid_of("upper=0.5:0.6:0.1,commission_bp=0:2:1,between=flat|hold");
    gnt_strategy base;
    gnt_grid_point p, q, step;
    gnt_strategy_default(&base);
    assert_int_equal(a.n_points, 12);
    gnt_grid_seek(&a, &base, 0, &step);
    for (uint64_t k = 0; k < a.n_points; k++, gnt_grid_next(&a, &step)) {
        gnt_grid_seek(&a, &base, k, &p);
        gnt_grid_seek(&b, &base, k, &q);
        gnt_between between = k / 3 % 2 ? GNT_BETWEEN_HOLD : GNT_BETWEEN_FLAT;
        double upper = k / 6 ? .5 + .1 : .5;
        if (p.strategy.upper != upper || p.strategy.between != between || p.strategy.commission_bp != (double)(k % 3))
            fail_msg("point %llu is upper %g, between %d, commission %g", (unsigned long long)k, p.strategy.upper,
                     (int)p.strategy.between, p.strategy.commission_bp);
        assert_memory_equal(&p.strategy, &q.strategy, sizeof p.strategy);
        assert_memory_equal(&p.strategy, &step.strategy, sizeof p.strategy);
        assert_int_equal(step.number, k);
    }
    assert_int_equal(step.number, 0); /* beyond the last: the first again */
}

/* A dimension's text gives the same dimension. */
static void text_goes_round(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "upper=0.5:0.6:0.01",        "lower=0.1:0.3:0.07",   "between=flat|hold",        "shorts=true",
        "fill=next_close|next_open", "max-leverage=1|2.5|3", "capital=1e6:3e6:333333.25"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char text[GNT_GRID_TEXT], again[GNT_GRID_TEXT + 64];
        gnt_grid a = grid_of(texts[i]);
        snprintf(again, sizeof again, "%s=%s", a.dim[0].parameter->name,
                 gnt_grid_dim_text(&a.dim[0], text, sizeof text));
        gnt_grid b = grid_of(again);
        if (memcmp(&a, &b, sizeof a)) fail_msg("%s became %s, another dimension", texts[i], again);
    }
    char text[GNT_GRID_TEXT];
    gnt_grid plain = grid_of("upper=0.5:0.6:0.01");
    assert_string_equal(gnt_grid_dim_text(&plain.dim[0], text, sizeof text), "0.5:0.6:0.01");
}

static void refusals_name_the_cause(void **state)
{
    (void)state;
    static const struct {
        const char *text, *fragment;
    } cases[] = {
        {"uper=0.5:0.6:0.1", "did you mean upper?"},
        {"", "is no name=a:b:step"},
        {"upper", "is no name=a:b:step"},
        {"upper=", "is no number"},
        {"upper=0.5:0.6", "a:b:step is expected"},
        {"upper=0.5:0.6:0.1:2", "a:b:step is expected"},
        {"upper=0.5:0.6:0", "not a number above 0"},
        {"upper=0.5:0.6:-0.1", "not a number above 0"},
        {"upper=0.5:0.6:nan", "not a number above 0"},
        {"upper=0.5:0.6:0x1p-3", "not a number above 0"},
        {"upper=0.6:0.5:0.1", "a <= b is expected"},
        {"upper=0.5:1.5:0.1", "out of range"},
        {"upper=-0.1:0.5:0.1", "out of range"},
        {"upper=0.5:0.6:1e-12", "at most 1048576"},
        {"upper=inf", "is no number"},
        {"upper=0.5|0.6|0.5", "stands twice"},
        {"upper=0.5,upper=0.6", "stands twice"},
        {"commission-bp=1,commission_bp=2", "stands twice"},
        {"upper=0.5,,lower=0.5", "is no name=a:b:step"},
        {"upper=0.5,", "is no name=a:b:step"},
        {"between=flat|hole", "not one of flat|hold"},
        {"between=flat|", "not one of flat|hold"},
        {"between=flat:hold:1", "takes words"},
        {"between=flat|flat", "stands twice"},
        {"lower=0:1:0.0000009", "at most 1048576"},
        {"upper=0:1:0.00001,lower=0:1:0.00001", "more than 2147483648 configurations"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gnt_grid grid = {0};
        gnt_error why = {0};
        gnt_status st = gnt_grid_add(&grid, cases[i].text, &why);
        if (st != GNT_EINVAL || !strstr(why.text, cases[i].fragment))
            fail_msg("\"%s\": status %d, \"%s\"; expected %d and \"%s\"", cases[i].text, (int)st, why.text,
                     (int)GNT_EINVAL, cases[i].fragment);
    }
    char many[GNT_GRID_TEXT + 8];
    memset(many, 'x', sizeof many - 1);
    many[sizeof many - 1] = 0;
    gnt_grid grid = {0};
    assert_int_equal(gnt_grid_add(&grid, many, NULL), GNT_EINVAL);
}

static void demand_is_the_largest(void **state)
{
    (void)state;
    gnt_strategy base;
    gnt_strategy_default(&base);
    gnt_grid grid = grid_of("impact-bp=5|0|3,size=fixed|vol_target");
    gnt_strategy demand = gnt_grid_demand(&grid, base);
    assert_true(demand.impact_bp == 5 && demand.size == GNT_SIZE_VOL_TARGET);
    grid = grid_of("impact-bp=0,size=kelly");
    demand = gnt_grid_demand(&grid, base);
    assert_true(demand.impact_bp == 0 && demand.size != GNT_SIZE_VOL_TARGET);
}

/* ---- shards ------------------------------------------------------------------------------------------------- */

static void shards_from_everywhere(void **state)
{
    (void)state;
    static const struct {
        gnt_shard_request request;
        uint64_t shard, n; /* n 0: refused */
    } cases[] = {
        {{0}, 0, 1},
        {{.shard = "2/8"}, 2, 8},
        {{.shard = "2/8", .job_index = "5"}, 2, 8}, /* the command line wins */
        {{.shard = "0/1"}, 0, 1},
        {{.shard = "8/8"}, 0, 0},
        {{.shard = "-1/8"}, 0, 0},
        {{.shard = "1"}, 0, 0},
        {{.shard = "1/"}, 0, 0},
        {{.shard = "/3"}, 0, 0},
        {{.shard = "1/0"}, 0, 0},
        {{.shard = "1/2 "}, 0, 0},
        {{.shard = "1/1000001"}, 0, 0},
        {{.shard = "1/18446744073709551617"}, 0, 0},
        {{.shard = "1/2", .shards = "2"}, 0, 0},
        {{.shards = "1"}, 0, 1},
        {{.shards = "4"}, 0, 0},
        {{.shards = "4", .job_index = "3"}, 3, 4},
        {{.shards = "4", .job_index = "4"}, 0, 0},
        {{.job_index = "3", .job_completions = "5"}, 3, 5},
        {{.job_index = "3"}, 0, 0},
        {{.job_index = "x", .shards = "4"}, 0, 0},
        {{.slurm_id = "12", .slurm_min = "10", .slurm_count = "4"}, 2, 4},
        {{.slurm_id = "2", .shards = "4"}, 2, 4},
        {{.slurm_id = "14", .slurm_min = "10", .slurm_count = "4", .slurm_step = "2"}, 2, 4},
        {{.slurm_id = "13", .slurm_min = "10", .slurm_count = "4", .slurm_step = "2"}, 0, 0},
        {{.slurm_id = "9", .slurm_min = "10", .slurm_count = "4"}, 0, 0},
        {{.slurm_id = "14", .slurm_min = "10", .slurm_count = "4"}, 0, 0},
        {{.slurm_id = "1", .slurm_min = "1"}, 0, 0},
        {{.slurm_id = "1", .job_index = "1", .shards = "4"}, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t shard = 99, n = 99;
        const char *from;
        gnt_error why = {0};
        gnt_status st = gnt_shard_resolve(&cases[i].request, &shard, &n, &from, &why);
        bool refused = st == GNT_EUSAGE && why.text[0];
        if (cases[i].n ? st || shard != cases[i].shard || n != cases[i].n : !refused)
            fail_msg("case %zu: status %d, shard %llu of %llu, \"%s\"; expected %llu of %llu", i, (int)st,
                     (unsigned long long)shard, (unsigned long long)n, why.text, (unsigned long long)cases[i].shard,
                     (unsigned long long)cases[i].n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_are_inclusive),  cmocka_unit_test(order_is_the_tables),
        cmocka_unit_test(text_goes_round),       cmocka_unit_test(refusals_name_the_cause),
        cmocka_unit_test(demand_is_the_largest), cmocka_unit_test(shards_from_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
