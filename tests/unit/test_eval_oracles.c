/* Printed and published values of the statistics: papers, books and libraries' own tests, as named at each. */
#include "host/base/mem.h"
#include "host/eval/classification.h"
#include "host/eval/dist.h"
#include "host/eval/moments.h"
#include "host/eval/msprt.h"
#include "host/eval/proportion.h"
#include "host/eval/sharpe.h"
#include "host/eval/trading.h"
#include "tests/test.h"

#define N(array) (sizeof(array) / sizeof *(array))

/* Equal to the digits that were printed: half a unit of the last one. */
static void printed(const char *what, double got, double want, double unit)
{
    if (!(fabs(got - want) <= unit / 2 * (1 + 1e-9))) fail_msg("%s: %.15g, printed %.15g", what, got, want);
}
static void equal(const char *what, double got, double want)
{
    if (!(fabs(got - want) <= 1e-12 * (1 + fabs(want)))) fail_msg("%s: %.17g, expected %.17g", what, got, want);
}

static void computed(const char *what, double got, double want)
{
    if (!(fabs(got - want) <= 1e-13 * fabs(want))) fail_msg("%s: %.17g, a float64 program %.17g", what, got, want);
}

static gnt_trading trade(const double *ret, const double *bench, const double *pos, size_t n, double periods)
{
    gnt_trading_input in = {ret, bench, pos, n, periods, 0, 0};
    gnt_trading out;
    gnt_error why = {0};
    if (gnt_trading_run(&in, &out, &why)) fail_msg("%s", why.text);
    return out;
}

/* ---- intervals: Newcombe 1998a table I, 1998b table II --------------------------------------------------- */

static void newcombe_tables(void **state)
{
    (void)state;
    static const struct {
        uint64_t k, n;
        double w_lo, w_hi, c_lo, c_hi;
    } one[] = {{81, 263, .2553, .3662, .2527, .3676},
               {15, 148, .0624, .1605, .0578, .1617},
               {0, 20, 0, .1611, 0, .1684},
               {1, 29, .0061, .1718, .0009, .1776}};
    for (size_t i = 0; i < N(one); i++) {
        gnt_interval w = gnt_wilson(one[i].k, one[i].n, .05), c = gnt_clopper_pearson(one[i].k, one[i].n, .05);
        printed("Wilson low", w.lo, one[i].w_lo, 1e-4);
        printed("Wilson high", w.hi, one[i].w_hi, 1e-4);
        printed("exact low", c.lo, one[i].c_lo, 1e-4);
        printed("exact high", c.hi, one[i].c_hi, 1e-4);
    }
    static const struct {
        uint64_t k0, n0, k1, n1;
        double lo, hi;
    } two[] = {{56, 70, 48, 80, .0524, .3339},    {9, 10, 3, 10, .1705, .8090},  {6, 7, 2, 7, .0582, .8062},
               {5, 56, 0, 29, -.0381, .1926},     {0, 10, 0, 20, -.1611, .2775}, {10, 10, 0, 10, .6075, 1},
               {170, 353, 65, 147, -.0564, .1330}};
    for (size_t i = 0; i < N(two); i++) {
        gnt_two_proportion t = gnt_two_proportion_test(two[i].k0, two[i].n0, two[i].k1, two[i].n1, .05);
        printed("Newcombe low", t.lo.value, two[i].lo, 1e-4);
        printed("Newcombe high", t.hi.value, two[i].hi, 1e-4);
    }
    equal("z 56/70, 48/80", round(gnt_two_proportion_test(56, 70, 48, 80, .05).z.value * 1e10) / 1e10, 2.6501719513);
    assert_true(gnt_wilson(0, 5, .05).lo == 0 && gnt_wilson(5, 5, .05).hi == 1);
    assert_true(isnan(gnt_wilson(0, 0, .05).lo) && isnan(gnt_clopper_pearson(0, 0, .05).hi));
}

static void undefined_two_proportions(void **state)
{
    (void)state;
    gnt_two_proportion t = gnt_two_proportion_test(0, 10, 0, 20, .05);
    assert_string_equal(t.z.reason, "zero_variance");
    assert_string_equal(t.p.reason, "zero_variance");
    assert_true(t.diff.value == 0);
    assert_string_equal(gnt_two_proportion_test(0, 0, 1, 2, .05).lo.reason, "no_observations");
}

/* Agresti 1990 p. 350 (also statsmodels' test); Kohavi, Tang & Xu 2020; R power.prop.test's documentation. */
static void tests_of_arms(void **state)
{
    (void)state;
    gnt_mcnemar m = gnt_mcnemar_test(150, 86);
    printed("chi2", m.chi2.value, 17.3559322034, 1e-10);
    printed("p", m.p.value, 3.099293e-05, 1e-11);
    printed("chi2_cc", m.chi2_cc.value, 16.8177966102, 1e-10);
    printed("p_cc", m.p_cc.value, 4.114562e-05, 1e-11);
    printed("exact", m.exact_p.value, 3.7159361395714e-05, 1e-18);
    printed("midp", m.midp.value, 2.8933895e-05, 1e-12);
    gnt_mcnemar none = gnt_mcnemar_test(0, 0);
    assert_true(none.exact_p.value == 1);
    assert_string_equal(none.chi2.reason, "no_discordant_pairs");
    gnt_srm s = gnt_srm_test((uint64_t[]){821588, 815482}, (double[]){.5, .5}, 2);
    printed("srm chi2", s.chi2.value, 22.7743688, 1e-7);
    printed("srm p", s.p.value, 1.82e-6, 1e-8);
    s = gnt_srm_test((uint64_t[]){600, 400}, (double[]){1, 1}, 2);
    printed("srm chi2", s.chi2.value, 40, 1e-12);
    printed("srm p", s.p.value, 2.5396e-10, 1e-14);
    printed("n", gnt_sample_size_for(.5, .75, 1, .05, .9).n1_exact.value, 76.7069, 1e-4);
    printed("power", gnt_power_of(.5, .75, 50, 50, .05).value, .740, 1e-3);
    assert_true(gnt_sample_size_for(.5, .52, 3. / 7, .05, .8).total.value == 23350);
    assert_true(gnt_sample_size_for(.5, .55, 3. / 7, .05, .8).total.value == 3729);
    assert_string_equal(gnt_sample_size_for(.5, .5, 1, .05, .8).total.reason, "no_effect");
}

/* [I] v = 2/n, tau2 .01 (statistics.md 13): observations +-1 have ddof 1 variance n/(n-1), so they are scaled. */
static void mixture_likelihood(void **state)
{
    (void)state;
    static const struct {
        int n;
        double d, lambda;
    } cases[] = {{100, .5, 6.557443255053}, {1000, .1, 3.278721627526}, {1000, .15, 44.32816551312}};
    for (size_t i = 0; i < N(cases); i++) {
        gnt_msprt t;
        int n = cases[i].n;
        double s = sqrt((double)(n - 1) / n);
        gnt_msprt_init(&t, .01, 0, .05, 30);
        for (int k = 0; k < n; k++) {
            gnt_msprt_add(&t, 0, k % 2 ? s : -s);
            gnt_msprt_add(&t, 1, (k % 2 ? s : -s) + cases[i].d);
        }
        gnt_msprt_look(&t);
        if (!(fabs(t.lambda.value - cases[i].lambda) <= 1e-10 * cases[i].lambda))
            fail_msg("n %d d %g: %.14g, expected %.14g", n, cases[i].d, t.lambda.value, cases[i].lambda);
    }
    gnt_msprt t;
    gnt_msprt_init(&t, .01, 0, .05, 30);
    for (int k = 0; k < 40; k++) {
        gnt_msprt_add(&t, 0, 1);
        gnt_msprt_add(&t, 1, 1);
        gnt_msprt_look(&t);
    }
    assert_true(t.p == 1 && t.first_crossing == -1);
    assert_string_equal(t.lambda.reason, "zero_variance");
}

/* ---- trading -------------------------------------------------------------------------------------------------- */

/* empyrical's own tests: M and M8, in decimal. They were computed in float64, so their last two digits are that
 * program's rounding (its Sharpe ends in 67 where 40 digits say 686): compared to 1e-13 relative. */
static void empyrical(void **state)
{
    (void)state;
    static const double m[9] = {0, .01, .10, -.04, .02, .03, .02, .01, -.10};
    static const double zero[8] = {0};
    gnt_trading day = trade(m, NULL, NULL, 9, 252), week = trade(m, NULL, NULL, 9, 52);
    gnt_trading m8 = trade(m + 1, zero, NULL, 8, 252);
    computed("annual_return", day.annual_return.value, 1.9135925373194);
    printed("calmar", day.calmar.value, 19.13592537319, 1e-11);
    computed("sharpe", m8.sharpe.value, 1.72386139617067);
    computed("downside", m8.downside_deviation.value, .604483250388297);
    computed("sortino", m8.sortino.value, 2.60553125167369);
    computed("volatility", m8.volatility.value, .913646539970464);
    computed("max_drawdown", m8.max_drawdown.value, -.1);
    computed("weekly volatility", week.volatility.value, .388515693948706);
    computed("weekly annual return", week.annual_return.value, .246908305139982);
    computed("information ratio", m8.information_ratio.value / sqrt(252), .108593060690767);
    static const double q[6] = {1, 81, 82, 83, 84, 85};
    equal("quantile .1", gnt_quantile_sorted(q, 6, .1), 41);
    equal("quantile .3", gnt_quantile_sorted(q, 6, .3), 81.5);
}

/* Bacon 2008 p. 62-102 (PerformanceAnalytics prints the same): 24 months in percent. */
static void bacon(void **state)
{
    (void)state;
    double p[24] = {.3, 2.6,  1.1,  -1,  1.5,  2.5,  1.6, 6.7, -1.4, 4,   -.5, 8.1,
                    4,  -3.7, -6.1, 1.7, -4.9, -2.2, 7,   5.8, -6.5, 2.4, -.5, -.9};
    double b[24] = {.2,  2.5,  1.8,  -1.1, 1.4,  1.8, 1.4, 6.5, -1.5, 4.2, -.6, 8.3,
                    3.9, -3.8, -6.2, 1.5,  -4.8, 2.1, 6,   5.6, -6.7, 1.9, -.3, 0};
    for (int i = 0; i < 24; i++) {
        p[i] /= 100;
        b[i] /= 100;
    }
    gnt_trading_input in = {p, b, NULL, 24, 12, 0, .005};
    gnt_trading t, bench = trade(b, NULL, NULL, 24, 12);
    gnt_error why = {0};
    if (gnt_trading_run(&in, &t, &why)) fail_msg("%s", why.text);
    double mean = gnt_mean(p, 24), var = gnt_central_moment(p, 24, mean, 2, 0);
    printed("downside", t.downside_deviation.value / sqrt(12), .02553674, 1e-8);
    printed("profit factor", t.profit_factor.value, 1.779783, 1e-6);
    printed("kurtosis", gnt_central_moment(p, 24, mean, 4, 0) / (var * var), 2.43, 1e-2);
    printed("Jensen", t.annual_return.value - t.beta.value * bench.annual_return.value, -.01416944, 1e-8);
}

static void a_ruined_book_stays_ruined(void **state)
{
    (void)state;
    static const double r[5] = {.1, -.5, -1, .3, .2}, worse[3] = {.2, -1.61, 5};
    gnt_trading t = trade(r, NULL, NULL, 5, 252);
    assert_true(t.total_return.value == -1 && t.annual_return.value == -1 && t.max_drawdown.value == -1);
    assert_true(t.max_drawdown_duration.value == 4);
    t = trade(worse, NULL, NULL, 3, 252);
    assert_true(t.total_return.value == -1 && t.max_drawdown.value == -1);
}

static void positions_by_hand(void **state)
{
    (void)state;
    /* runs: long 2, short 1, long 2: three trades of 5/3 periods; traded 1 + 0 + 2 + 1.5 + .5 + 1 = 6 */
    static const double r[6] = {.01, .02, -.01, .01, .03, 0}, pos[6] = {1, 1, -1, .5, 1, 0};
    gnt_trading t = trade(r, NULL, pos, 6, 252);
    equal("turnover", t.turnover.value, 6);
    equal("turnover_annual", t.turnover_annual.value, 252);
    equal("trades", t.n_trades.value, 3);
    equal("length", t.avg_trade_length.value, 5. / 3);
    equal("exposure", t.exposure.value, 5. / 6);
    equal("gross", t.gross_exposure.value, .75);
    equal("break-even", t.breakeven_cost_bp.value, 1e4 * .06 / 6);
    equal("hit rate", t.hit_rate.value, .8);
}

/* ---- classification ------------------------------------------------------------------------------------------- */

static gnt_classification classify(const uint8_t *y, const double *p, size_t n)
{
    gnt_classification out;
    gnt_error why = {0};
    if (gnt_classification_run(y, p, n, NULL, &out, &why)) fail_msg("%s", why.text);
    return out;
}

/* scikit-learn's documentation; the last one is exact arithmetic. */
static void scikit_learn(void **state)
{
    (void)state;
    gnt_classification c = classify((uint8_t[]){0, 0, 1, 1}, (double[]){.1, .4, .35, .8}, 4);
    printed("roc_auc", c.roc_auc.value, .75, 1e-12);
    printed("pr_auc", c.pr_auc.value, .8333333, 1e-7);
    c = classify((uint8_t[]){1, 0, 0, 1}, (double[]){.9, .1, .2, .65}, 4);
    printed("log_loss", c.log_loss.value, .21616, 1e-5);
    c = classify((uint8_t[]){0, 1, 1, 0}, (double[]){.1, .9, .8, .3}, 4);
    printed("brier", c.brier.value, .0375, 1e-12);
    c = classify((uint8_t[]){1, 1, 1, 0}, (double[]){1, 0, 1, 1}, 4);
    printed("mcc", c.mcc.value, -.33, 1e-2);
    c = classify((uint8_t[]){0, 1, 0, 0, 1, 0}, (double[]){0, 1, 0, 0, 0, 1}, 6);
    printed("balanced", c.balanced_accuracy.value, .625, 1e-12);
    c = classify((uint8_t[]){1, 0, 1, 1, 0}, (double[]){.8, .8, .3, .3, .3}, 5);
    equal("brier", c.brier.value, .35);
    printed("reliability", c.brier_reliability.value, .1166667, 1e-7);
    printed("resolution", c.brier_resolution.value, .0066667, 1e-7);
    equal("uncertainty", c.brier_uncertainty.value, .24);
    equal("within", c.brier_within.value, 0);
    equal("ece", c.ece.value, .34);
    printed("mce", c.mce.value, .3666667, 1e-7);
    printed("roc_auc", c.roc_auc.value, .4166667, 1e-7);
}

static void always_up_is_called_constant(void **state)
{
    (void)state;
    uint8_t y[740];
    double p[740];
    for (int i = 0; i < 740; i++) {
        y[i] = i < 390;
        p[i] = .6;
    }
    gnt_classification c = classify(y, p, 740);
    printed("accuracy", c.accuracy.value, .527027, 1e-6);
    printed("f1", c.f1.value, .690265, 1e-6);
    equal("always_up_f1", c.always_up_f1.value, c.f1.value);
    equal("roc_auc", c.roc_auc.value, .5);
    assert_string_equal(c.mcc.reason, "constant_prediction");
    assert_true(c.constant_prediction);
}

/* ---- serial dependence ------------------------------------------------------------------------------------------ */

/* Lo 2002, tables 1 and 2 (AR(1) with rho inserted as rho^k). */
static void lo_tables(void **state)
{
    (void)state;
    printed("SR .5 n 12", gnt_lo_se_iid(.5, 12), .306, 1e-3);
    printed("SR .5 n 60", gnt_lo_se_iid(.5, 60), .137, 1e-3);
    printed("SR 1.5 n 60", gnt_lo_se_iid(1.5, 60), .188, 1e-3);
    printed("SR 3 n 500", gnt_lo_se_iid(3, 500), .105, 1e-3);
    static const struct {
        size_t q;
        double eta;
    } row[] = {{2, 1.03}, {12, 1.21}, {24, 1.41}, {125, 2.67}, {250, 3.70}};
    double rho[250], none[250] = {0};
    for (int k = 0; k < 250; k++) rho[k] = pow(.9, k + 1);
    for (size_t i = 0; i < N(row); i++) {
        printed("eta", gnt_lo_eta(row[i].q, rho).value, row[i].eta, 1e-2);
        equal("eta without correlation", gnt_lo_eta(row[i].q, none).value, sqrt((double)row[i].q));
    }
    assert_string_equal(gnt_lo_eta(2, (double[]){-1}).reason, "negative_variance");
}

static void newey_west_by_hand(void **state)
{
    (void)state;
    static const double x[5] = {1, 2, 3, 4, 5};
    printed("L 1", gnt_newey_west_mean(x, 5, 1).se.value, .7483314773548, 1e-13);
    printed("L 2", gnt_newey_west_mean(x, 5, 2).se.value, .7659416862051, 1e-13);
}

/* The test-data generator of statistics.md 15. */
static double lcg(uint64_t *x)
{
    *x = *x * 6364136223846793005u + 1442695040888963407u;
    return gnt_normal_quantile(((double)(*x >> 11) + .5) * 0x1p-53);
}

/* arch: seed 42, 500 normals, AR(1) .3. */
static void politis_white(void **state)
{
    (void)state;
    uint64_t seed = 42;
    double y[500];
    y[0] = lcg(&seed);
    printed("generator", y[0], .17187049, 1e-8);
    for (int t = 1; t < 500; t++) y[t] = .3 * y[t - 1] + lcg(&seed);
    gnt_block_length b = gnt_block_length_of(y, 500);
    printed("stationary", b.stationary.value, 6.4171630808, 1e-10);
    printed("circular", b.circular.value, 7.3458179754, 1e-10);
}

static void sums_keep_their_digits(void **state)
{
    (void)state;
    gnt_sum sum = {0};
    static const double x[4] = {1, 1e100, 1, -1e100};
    for (int i = 0; i < 4; i++) gnt_sum_add(&sum, x[i]);
    assert_true(gnt_sum_get(sum) == 2); /* plain addition gives 0 */
    double flat[1000];
    for (int i = 0; i < 1000; i++) flat[i] = .001;
    assert_true(gnt_sd(flat, 1000, gnt_mean(flat, 1000)) == 0);
}

static void bad_values_are_refused(void **state)
{
    (void)state;
    double r[2] = {.1, NAN};
    gnt_trading_input in = {r, NULL, NULL, 2, 252, 0, 0};
    gnt_trading t;
    gnt_error why = {0};
    assert_int_equal(gnt_trading_run(&in, &t, &why), GNT_EVALUE);
    in.n = 0;
    assert_int_equal(gnt_trading_run(&in, &t, &why), GNT_EFEW);
    in.n = 1;
    in.periods = 0;
    assert_int_equal(gnt_trading_run(&in, &t, &why), GNT_EINVAL);
    gnt_classification c;
    assert_int_equal(gnt_classification_run((uint8_t[]){2}, (double[]){.5}, 1, NULL, &c, &why), GNT_EVALUE);
    assert_int_equal(gnt_classification_run((uint8_t[]){1}, (double[]){1.5}, 1, NULL, &c, &why), GNT_EVALUE);
    assert_int_equal(gnt_classification_run((uint8_t[]){1}, (double[]){NAN}, 1, NULL, &c, &why), GNT_EVALUE);
    assert_int_equal(gnt_classification_run(NULL, NULL, 0, NULL, &c, &why), GNT_EFEW);
    gnt_classification_options o = {.5, 0, .05};
    assert_int_equal(gnt_classification_run((uint8_t[]){1}, (double[]){.5}, 1, &o, &c, &why), GNT_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(newcombe_tables),
        cmocka_unit_test(undefined_two_proportions),
        cmocka_unit_test(tests_of_arms),
        cmocka_unit_test(mixture_likelihood),
        cmocka_unit_test(empyrical),
        cmocka_unit_test(bacon),
        cmocka_unit_test(a_ruined_book_stays_ruined),
        cmocka_unit_test(positions_by_hand),
        cmocka_unit_test(scikit_learn),
        cmocka_unit_test(always_up_is_called_constant),
        cmocka_unit_test(lo_tables),
        cmocka_unit_test(newey_west_by_hand),
        cmocka_unit_test(politis_white),
        cmocka_unit_test(sums_keep_their_digits),
        cmocka_unit_test(bad_values_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
