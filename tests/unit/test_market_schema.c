/* Feature schemas: the pinned hash, the names in order, what is refused. Scalers and split refusals by hand. */
#include "tests/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "host/market/split.h"

static gnt_error why;

static void gauntlet_35_has_its_hash(void **state)
{
    (void)state;
    gnt_schema s;
    const char *ticker = "IBB";
    if (gnt_schema_open(&s, "gauntlet-35", &ticker, 1, &why)) fail_msg("%s", why.text);
    assert_string_equal(s.hash, "9524875d66c021dc0a4052348aef43f60fe9537a9e74f1a0bbd4f48952f0cf59");
    assert_int_equal(s.version, 1);
    assert_int_equal(s.n_features, 35);
    assert_int_equal(s.first_valid, 49);
    assert_string_equal(s.names[0], "ret_1");
    assert_string_equal(s.names[25], "boll_pos_20");
    assert_string_equal(s.names[34], "vwap_gap_20");
    gnt_schema_free(&s);
    gnt_schema_free(&s); /* fine on a zeroed one */
}

static void levels_17_names_every_ticker(void **state)
{
    (void)state;
    static const char *const own[17] = {"open",         "high",         "low",          "close",       "volume",
                                        "close_lag_1",  "close_lag_2",  "close_lag_3",  "close_lag_4", "close_lag_5",
                                        "volume_lag_1", "volume_lag_2", "volume_lag_3", "sma_5",       "sma_10",
                                        "sma_20",       "rsi_14"};
    const char *tickers[2] = {"IBB", "XBI"};
    char expected[64];
    gnt_schema one, two;
    if (gnt_schema_open(&one, "levels-17", tickers, 1, &why) || gnt_schema_open(&two, "levels-17", tickers, 2, &why))
        fail_msg("%s", why.text);
    assert_int_equal(one.n_features, 18);
    assert_int_equal(two.n_features, 35);
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < 17; i++) {
            snprintf(expected, sizeof expected, "%s_%s", tickers[k], own[i]);
            assert_string_equal(two.names[17 * k + i], expected);
        }
    assert_string_equal(two.names[34], "ret_1");
    if (!strcmp(one.hash, two.hash)) fail_msg("one and two tickers hash to %s", one.hash);
    gnt_schema_free(&one);
    gnt_schema_free(&two);
}

static void refusals_name_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *schema, *a, *b, *says;
        size_t n;
    } cases[] = {
        {"gauntlet-36", "IBB", "XBI", "gauntlet-35 or levels-17", 1},
        {"", "IBB", "XBI", "gauntlet-35 or levels-17", 1},
        {"gauntlet-35", "IBB", "XBI", "takes one symbol", 2},
        {"gauntlet-35", "IBB", "XBI", "takes one symbol", 0},
        {"levels-17", "IBB", "XBI", "1 to 64 symbols", 0},
        {"levels-17", "XBI", "IBB", "XBI before IBB", 2},
        {"levels-17", "IBB", "IBB", "must differ", 2},
        {"levels-17", "", "IBB", "1 to 31 characters", 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *tickers[2] = {cases[i].a, cases[i].b};
        gnt_schema s;
        why.text[0] = 0;
        if (gnt_schema_open(&s, cases[i].schema, tickers, cases[i].n, &why) != GNT_EINVAL ||
            !strstr(why.text, cases[i].says))
            fail_msg("case %zu: said '%s', expected '%s'", i, why.text, cases[i].says);
        if (s.names) fail_msg("case %zu: a refused schema holds names", i);
    }
}

/* Column 0: 1 2 3 4 (mean 2.5, population sd sqrt 1.25); column 1: constant. Row 4 is no train row. */
static void scalers_by_hand(void **state)
{
    (void)state;
    const float x[5][2] = {{1, 0.1f}, {2, 0.1f}, {3, 0.1f}, {4, 0.1f}, {900, -7}};
    const uint32_t row[4] = {0, 1, 2, 3}, outside[1] = {5};
    const float bad[2][1] = {{1}, {NAN}};
    gnt_panel panel = {x[0], 5, 2};
    gnt_scaler s;
    if (gnt_scaler_fit(&s, panel, (gnt_rows){row, 4}, false, &why)) fail_msg("%s", why.text);
    if (!(s.center[0] == 2.5f && s.scale[0] == (float)sqrt(1.25) && s.limit == 5))
        fail_msg("center %.9g scale %.9g limit %g", s.center[0], s.scale[0], s.limit);
    if (!(s.center[1] == 0.1f && s.scale[1] == 1))
        fail_msg("constant: center %.9g scale %.9g", s.center[1], s.scale[1]);
    gnt_scaler_free(&s);
    if (gnt_scaler_fit(&s, panel, (gnt_rows){row, 4}, true, &why)) fail_msg("%s", why.text);
    if (!(s.center[0] == 1 && s.scale[0] == 3 && isinf(s.limit) && s.scale[1] == 1))
        fail_msg("min-max: center %.9g scale %.9g limit %g, constant %.9g", s.center[0], s.scale[0], s.limit,
                 s.scale[1]);
    gnt_scaler_free(&s);
    assert_int_equal(gnt_scaler_fit(&s, panel, (gnt_rows){row, 0}, false, &why), GNT_EFEW);
    assert_int_equal(gnt_scaler_fit(&s, panel, (gnt_rows){outside, 1}, false, &why), GNT_EINVAL);
    assert_int_equal(gnt_scaler_fit(&s, (gnt_panel){bad[0], 2, 1}, (gnt_rows){row, 2}, false, &why), GNT_EVALUE);
    if (s.center || s.scale) fail_msg("a refused scaler holds memory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gauntlet_35_has_its_hash),
        cmocka_unit_test(levels_17_names_every_ticker),
        cmocka_unit_test(refusals_name_what_is_wrong),
        cmocka_unit_test(scalers_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
