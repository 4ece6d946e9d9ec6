/* The table of strategy parameters: SPEC 5's defaults, ranges, words, names, JSON. */
#include "host/eval/backtest.h"
#include "tests/test.h"

#include <string.h>

static void defaults_as_specified(void **state)
{
    (void)state;
    gnt_strategy s, again;
    gnt_error why;
    gnt_strategy_default(&s);
    assert_true(s.upper == .5 && s.lower == .5 && !s.shorts && s.between == GNT_BETWEEN_FLAT);
    assert_true(s.size == GNT_SIZE_FIXED && s.target_vol == .15 && s.max_leverage == 1 && s.kelly_fraction == .5);
    assert_true(s.fill == GNT_FILL_NEXT_OPEN && s.rebalance == GNT_REBALANCE_ON_CHANGE && s.close_at_end);
    assert_true(s.commission_bp == .5 && s.half_spread_bp == 1 && s.slippage_bp == 1);
    assert_true(s.impact_bp == 0 && s.fee_per_trade == 0 && s.borrow_bp == 50 && s.margin_bp == 0);
    assert_true(s.cash_rate == 0 && s.capital == 1e6 && s.periods == 252);
    assert_int_equal(gnt_strategy_check(&s, &why), GNT_OK);
    again = s;
    for (size_t i = 0; i < gnt_n_strategy_parameters; i++) {
        const gnt_parameter *p = &gnt_strategy_parameters[i];
        if (gnt_strategy_set(&again, p->name, p->fallback, &why)) fail_msg("%s: %s", p->name, why.text);
    }
    assert_memory_equal(&s, &again, sizeof s);
}

static void words_and_numbers_land_in_their_fields(void **state)
{
    (void)state;
    gnt_strategy s;
    gnt_error why;
    gnt_strategy_default(&s);
    static const char *const set[][2] = {
        {"fill", "same_close"},      {"rebalance", "daily"}, {"between", "hold"},
        {"size", "kelly"},           {"shorts", "true"},     {"close_at_end", "false"},
        {"half-spread-bp", "2.5e0"}, {"cash_rate", "-0.01"}, {"kelly-fraction", ".25"}};
    for (size_t i = 0; i < sizeof set / sizeof *set; i++)
        if (gnt_strategy_set(&s, set[i][0], set[i][1], &why)) fail_msg("%s: %s", set[i][0], why.text);
    assert_true(s.fill == GNT_FILL_SAME_CLOSE && s.rebalance == GNT_REBALANCE_DAILY && s.between == GNT_BETWEEN_HOLD);
    assert_true(s.size == GNT_SIZE_KELLY && s.shorts && !s.close_at_end);
    assert_true(s.half_spread_bp == 2.5 && s.cash_rate == -.01 && s.kelly_fraction == .25);
    json_t *object = gnt_strategy_json(&s);
    assert_string_equal(json_string_value(json_object_get(object, "fill")), "same_close");
    assert_true(json_is_true(json_object_get(object, "shorts")) &&
                json_is_false(json_object_get(object, "close_at_end")));
    assert_true(json_real_value(json_object_get(object, "half_spread_bp")) == 2.5);
    assert_int_equal(json_object_size(object), gnt_n_strategy_parameters);
    json_decref(object);
}

static void refused_with_name_value_and_range(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value, *says;
    } cases[] = {
        {"upper", "1.5", "upper: 1.5 is out of range; a value from 0 to 1"},
        {"upper", "nan", "\"nan\" is no number"},
        {"upper", "0x1p-1", "is no number"},
        {"upper", "", "\"\" is no number"},
        {"upper", "0.5 ", "is no number"},
        {"upper", "1e999", "is no number"},
        {"upper", "..", "is no number"},
        {"commission-bp", "-1", "out of range"},
        {"capital", "0", "out of range"},
        {"periods", "0", "out of range"},
        {"target-vol", "0", "out of range"},
        {"shorts", "yes", "\"yes\" is not one of false|true"},
        {"fill", "next", "not one of next_open|next_close|same_close"},
        {"fill", "", "is not one of"},
        {"fill", "next_open|next_close", "is not one of"},
        {"comission-bp", "1", "did you mean commission-bp?"},
        {"", "1", "unknown strategy parameter"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gnt_strategy s;
        gnt_error why = {0};
        gnt_strategy_default(&s);
        gnt_strategy before = s;
        gnt_status st = gnt_strategy_set(&s, cases[i].name, cases[i].value, &why);
        if (st != GNT_EINVAL || !strstr(why.text, cases[i].says))
            fail_msg("%s=%s: status %d, \"%s\", expected \"%s\"", cases[i].name, cases[i].value, st, why.text,
                     cases[i].says);
        assert_memory_equal(&s, &before, sizeof s);
    }
}

static void checked_as_a_whole(void **state)
{
    (void)state;
    gnt_strategy s;
    gnt_error why;
    gnt_strategy_default(&s);
    s.lower = .6;
    assert_int_equal(gnt_strategy_check(&s, &why), GNT_EINVAL);
    gnt_strategy_default(&s);
    s.size = GNT_SIZE_KELLY;
    s.max_leverage = 50;
    s.commission_bp = 197.9; /* 199.9 bp in all, times 50: just under the whole */
    assert_int_equal(gnt_strategy_check(&s, &why), GNT_OK);
    s.commission_bp = 198.1;
    assert_int_equal(gnt_strategy_check(&s, &why), GNT_EINVAL);
    s.size = GNT_SIZE_FIXED; /* max_leverage isn't used */
    assert_int_equal(gnt_strategy_check(&s, &why), GNT_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_as_specified),
        cmocka_unit_test(words_and_numbers_land_in_their_fields),
        cmocka_unit_test(refused_with_name_value_and_range),
        cmocka_unit_test(checked_as_a_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
