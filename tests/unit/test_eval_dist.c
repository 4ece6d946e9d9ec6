/* Distribution functions against values computed with mpmath 1.4.1 at 60 digits (hypergeometric series for the
 * incomplete beta, Newton's method for quantiles); tails down to 1e-293. Relative error <= 1e-12 (statistics.md 0). */
#include "host/eval/dist.h"
#include "tests/test.h"

#include <math.h>

enum function {
    NORMAL_CDF,
    NORMAL_QUANTILE,
    GAMMA_Q,
    GAMMA_P,
    BETA_P,
    STUDENT_P,
    BINOMIAL_CDF,
    BINOMIAL_PMF,
    BETA_QUANTILE,
    BETA_QUANTILE_UPPER
};

static const struct {
    enum function function;
    double x[4], value;
} cases[] = {
    {NORMAL_CDF, {-37.5}, 4.6053530095819548438e-308},
    {NORMAL_CDF, {-30}, 4.9067139271481870595e-198},
    {NORMAL_CDF, {-20}, 2.7536241186062336951e-89},
    {NORMAL_CDF, {-8.3}, 5.2055697448902540246e-17},
    {NORMAL_CDF, {-3}, 0.0013498980316300945267},
    {NORMAL_CDF, {-1.96}, 0.024997895148220436213},
    {NORMAL_CDF, {-0.5}, 0.30853753872598689636},
    {NORMAL_CDF, {0}, 0.5},
    {NORMAL_CDF, {0.7}, 0.75803634777692697138},
    {NORMAL_CDF, {2.5}, 0.99379033467422386483},
    {NORMAL_CDF, {5}, 0.99999971334842812081},
    {NORMAL_CDF, {8.2}, 0.99999999999999987981},
    {NORMAL_QUANTILE, {1e-300}, -37.047096299361199237},
    {NORMAL_QUANTILE, {1e-100}, -21.273453560965324294},
    {NORMAL_QUANTILE, {1e-20}, -9.2623400897984075796},
    {NORMAL_QUANTILE, {1e-11}, -6.7060231554951362961},
    {NORMAL_QUANTILE, {1e-09}, -5.9978070150076868614},
    {NORMAL_QUANTILE, {1e-05}, -4.2648907939228246102},
    {NORMAL_QUANTILE, {0.001}, -3.0902323061678135354},
    {NORMAL_QUANTILE, {0.0249}, -1.9616778690637860161},
    {NORMAL_QUANTILE, {0.025}, -1.9599639845400542118},
    {NORMAL_QUANTILE, {0.0749}, -1.4402382675279636631},
    {NORMAL_QUANTILE, {0.0751}, -1.4388253927525399824},
    {NORMAL_QUANTILE, {0.3}, -0.52440051270804081597},
    {NORMAL_QUANTILE, {0.4999}, -0.00025066283008800749239},
    {NORMAL_QUANTILE, {0.501}, 0.0025066308995717662317},
    {NORMAL_QUANTILE, {0.8}, 0.8416212335729143638},
    {NORMAL_QUANTILE, {0.92499}, 1.4394608308216256344},
    {NORMAL_QUANTILE, {0.975}, 1.9599639845400538556},
    {NORMAL_QUANTILE, {0.999}, 3.0902323061678132778},
    {NORMAL_QUANTILE, {0.9999999999}, 6.3613408896974218642},
    {NORMAL_QUANTILE, {0.9999999999999991}, 7.9560381254815309622},
    {GAMMA_Q, {0.5, 0.05}, 0.75182963404584927583},
    {GAMMA_Q, {0.5, 2.5}, 0.025347318677468263932},
    {GAMMA_Q, {1, 1.5}, 0.22313016014842982893},
    {GAMMA_Q, {1.5, 1.5}, 0.39162517627108895548},
    {GAMMA_Q, {1.5, 30}, 5.878230727906912341e-13},
    {GAMMA_Q, {2, 0.002}, 0.99999800266466773289},
    {GAMMA_Q, {2, 1.8}, 0.46283688702044229402},
    {GAMMA_Q, {5, 10}, 0.029252688076961072673},
    {GAMMA_Q, {50, 0.05}, 1.0},
    {GAMMA_Q, {300, 0.3}, 1.0},
    {GAMMA_Q, {300, 30}, 1.0},
    {GAMMA_Q, {300, 300}, 0.49232221111373650075},
    {GAMMA_Q, {300, 330}, 0.044890223870012967056},
    {GAMMA_Q, {300, 450}, 2.1783391685862433883e-14},
    {GAMMA_Q, {5000, 5}, 1.0},
    {GAMMA_Q, {5000, 500}, 1.0},
    {GAMMA_P, {0.5, 0.05}, 0.24817036595415072417},
    {GAMMA_P, {0.5, 2.5}, 0.97465268132253173607},
    {GAMMA_P, {1, 20}, 0.99999999793884637756},
    {GAMMA_P, {1.5, 0.0015}, 0.000043662626542567125278},
    {GAMMA_P, {1.5, 30}, 0.99999999999941217693},
    {GAMMA_P, {5, 100}, 1.0},
    {GAMMA_P, {10.5, 0.0105}, 1.3893073199048523404e-28},
    {GAMMA_P, {50, 0.05}, 2.780587716828697238e-130},
    {GAMMA_P, {50, 75}, 0.99909606795764599091},
    {GAMMA_P, {50, 1000}, 1.0},
    {GAMMA_P, {300, 30}, 4.6485608914435282638e-185},
    {GAMMA_P, {300, 450}, 0.99999999999997821661},
    {GAMMA_P, {5000, 5500}, 0.99999999999638167044},
    {GAMMA_P, {5000, 100000}, 1.0},
    {BETA_P, {0.5, 0.5, 0.35, 0.65}, 0.40301331597932169468},
    {BETA_P, {0.5, 0.5, 0.475, 0.525}, 0.48407786676333964147},
    {BETA_P, {0.5, 0.5, 0.5, 0.5}, 0.5},
    {BETA_P, {0.5, 30, 0.004918032786885296, 0.9950819672131147}, 0.41192225070258641085},
    {BETA_P, {0.5, 30, 0.011475409836065542, 0.9885245901639345}, 0.59273293418895607477},
    {BETA_P, {0.5, 30, 0.021311475409836023, 0.978688524590164}, 0.74243617177105482641},
    {BETA_P, {1, 1, 0.475, 0.525}, 0.4749999999999999778},
    {BETA_P, {1, 20, 0.0004761904761905189, 0.9995238095238095}, 0.0094808484716959776047},
    {BETA_P, {1, 1000000, 9.999989947218069e-09, 0.99999999000001}, 0.0099501563475792095505},
    {BETA_P, {1, 1000000, 2.999996999708543e-07, 0.9999997000003}, 0.25918159038796008622},
    {BETA_P, {1, 1000000, 6.999992999690008e-07, 0.9999993000007}, 0.50341447024664553576},
    {BETA_P, {1, 1000000, 1.9999979999907325e-06, 0.999998000002}, 0.86466471676195263405},
    {BETA_P, {2, 3, 4.0000000001150227e-07, 0.9999996}, 9.599994880552876317e-13},
    {BETA_P, {2, 3, 0.28, 0.72}, 0.31322368000000004641},
    {BETA_P, {2, 3, 0.38, 0.62}, 0.48997808000000000778},
    {BETA_P, {2, 3, 0.42000000000000004, 0.58}, 0.55904688000000006776},
    {BETA_P, {2, 3, 0.52, 0.48}, 0.71688448000000002554},
    {BETA_P, {2, 3, 0.8, 0.19999999999999996}, 0.97280000000000001705},
    {BETA_P, {10, 10, 4.999999999588667e-07, 0.9999995}, 9.0212521498727442834e-59},
    {BETA_P, {10, 10, 0.0050000000000000044, 0.995}, 8.6589299357509458464e-19},
    {BETA_P, {10, 10, 0.5, 0.5}, 0.5},
    {BETA_P, {15, 134, 0.030201342281879207, 0.9697986577181208}, 0.000047281000198286345322},
    {BETA_P, {15, 134, 0.10067114093959728, 0.8993288590604027}, 0.52895116843255160236},
    {BETA_P, {20, 1, 0.2857142857142857, 0.7142857142857143}, 1.3141323697825340546e-11},
    {BETA_P, {20, 1, 0.9047619047619047, 0.09523809523809534}, 0.13510957391380582139},
    {BETA_P, {30, 0.5, 0.9344262295081966, 0.06557377049180335}, 0.044545117032451839192},
    {BETA_P, {82, 183, 0.0030943396226414954, 0.9969056603773585}, 5.5789650250161763845e-137},
    {BETA_P, {82, 183, 0.0928301886792453, 0.9071698113207547}, 3.3231581757701474674e-23},
    {BETA_P, {82, 183, 0.32490566037735846, 0.6750943396226415}, 0.71103347063557812993},
    {BETA_P, {300, 700, 0.08999999999999997, 0.91}, 2.1656464312840890716e-79},
    {BETA_P, {4000, 6000, 0.28, 0.72}, 4.9074246984461780024e-147},
    {BETA_P, {4000, 6000, 0.38, 0.62}, 0.000020158073415141203141},
    {BETA_P, {4000, 6000, 0.4, 0.6}, 0.50054289987245237574},
    {BETA_P, {4000, 6000, 0.42000000000000004, 0.58}, 0.99997577127511502175},
    {STUDENT_P, {0.001, 2}, 0.99929289339559008147},
    {STUDENT_P, {0.001, 100000}, 0.99920211756688778075},
    {STUDENT_P, {0.5, 10}, 0.62789360574297294271},
    {STUDENT_P, {0.5, 100000}, 0.61707617765441803894},
    {STUDENT_P, {1, 10}, 0.34089313230205987267},
    {STUDENT_P, {1, 100}, 0.3197241557841233604},
    {STUDENT_P, {1, 100000}, 0.31731292756411001607},
    {STUDENT_P, {2, 1}, 0.29516723530086654835},
    {STUDENT_P, {5, 100000}, 5.7427016786416728533e-7},
    {STUDENT_P, {30, 2}, 0.0011092626819596589127},
    {STUDENT_P, {30, 10}, 3.9617923420313242705e-11},
    {STUDENT_P, {1000, 1}, 0.00063661956016111787775},
    {STUDENT_P, {1000, 2}, 9.9999850000249999563e-7},
    {STUDENT_P, {1000, 10}, 2.4608247101732711118e-26},
    {BINOMIAL_CDF, {86, 236, 0.5}, 0.000018579680697857211711},
    {BINOMIAL_CDF, {0, 10, 0.5}, 0.0009765625},
    {BINOMIAL_CDF, {10, 24, 0.5}, 0.27062809467315673828},
    {BINOMIAL_CDF, {3, 1000, 0.5}, 1.5554471507014885102e-293},
    {BINOMIAL_CDF, {250, 1000, 0.25}, 0.51698654590917136858},
    {BINOMIAL_CDF, {900, 1000, 0.9}, 0.5154177095659193748},
    {BINOMIAL_CDF, {5, 100, 0.1}, 0.057576886487033788394},
    {BINOMIAL_CDF, {480, 1000, 0.5}, 0.10872414660207047141},
    {BINOMIAL_CDF, {30, 3000, 0.02}, 0.000012114485171571031096},
    {BINOMIAL_PMF, {86, 236, 0.5}, 8.2254662195595223852e-6},
    {BINOMIAL_PMF, {0, 10, 0.5}, 0.0009765625},
    {BINOMIAL_PMF, {10, 24, 0.5}, 0.11689996719360351562},
    {BINOMIAL_PMF, {3, 1000, 0.5}, 1.5507761569582437147e-293},
    {BINOMIAL_PMF, {250, 1000, 0.25}, 0.029124105883705086775},
    {BINOMIAL_PMF, {900, 1000, 0.9}, 0.042016790861085438383},
    {BINOMIAL_PMF, {5, 100, 0.1}, 0.033865803823557034068},
    {BINOMIAL_PMF, {480, 1000, 0.5}, 0.011340982371187727466},
    {BINOMIAL_PMF, {30, 3000, 0.02}, 6.2971220716778556138e-6},
    {BETA_QUANTILE, {1, 20, 0.025}, 0.0012650894979498037654},
    {BETA_QUANTILE_UPPER, {1, 20, 0.025}, 0.16843347098308533476},
    {BETA_QUANTILE, {81, 183, 0.025}, 0.25273674558527116365},
    {BETA_QUANTILE_UPPER, {81, 183, 0.025}, 0.3636719776134673607},
    {BETA_QUANTILE, {15, 134, 0.025}, 0.057844010083448559903},
    {BETA_QUANTILE_UPPER, {15, 134, 0.025}, 0.1536196704740365238},
    {BETA_QUANTILE, {1, 1000000, 0.025}, 2.5317807663794178967e-8},
    {BETA_QUANTILE_UPPER, {1, 1000000, 0.025}, 3.6888726502064890227e-6},
    {BETA_QUANTILE, {2, 1000000, 0.0005}, 3.1961005764706796918e-8},
    {BETA_QUANTILE_UPPER, {2, 1000000, 0.0005}, 9.9986225117337059993e-6},
    {BETA_QUANTILE, {300, 701, 0.005}, 0.26320599224799854709},
    {BETA_QUANTILE_UPPER, {300, 701, 0.005}, 0.33769654244028866957},
    {BETA_QUANTILE, {20, 1, 0.025}, 0.83156652901691466524},
};

static double call(enum function function, const double *x)
{
    switch (function) {
    case NORMAL_CDF:
        return gnt_normal_cdf(x[0]);
    case NORMAL_QUANTILE:
        return gnt_normal_quantile(x[0]);
    case GAMMA_Q:
        return gnt_gamma_q(x[0], x[1]);
    case GAMMA_P:
        return gnt_gamma_p(x[0], x[1]);
    case BETA_P:
        return gnt_beta_p(x[0], x[1], x[2], x[3]);
    case STUDENT_P:
        return gnt_student_p(x[0], x[1]);
    case BINOMIAL_CDF:
        return gnt_binomial_cdf((uint64_t)x[0], (uint64_t)x[1], x[2]);
    case BINOMIAL_PMF:
        return gnt_binomial_pmf((uint64_t)x[0], (uint64_t)x[1], x[2]);
    case BETA_QUANTILE:
        return gnt_beta_quantile(x[0], x[1], x[2]);
    case BETA_QUANTILE_UPPER:
        return gnt_beta_quantile_upper(x[0], x[1], x[2]);
    }
    return NAN;
}

static void twelve_digits(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double got = call(cases[i].function, cases[i].x), want = cases[i].value;
        if (!(fabs(got - want) <= 1e-12 * fabs(want)))
            fail_msg("case %zu: function %d (%g, %g, %g, %g) = %.17g, expected %.17g", i, cases[i].function,
                     cases[i].x[0], cases[i].x[1], cases[i].x[2], cases[i].x[3], got, want);
    }
}

/* Both tails are computed as themselves, so they must add up, and quantiles must undo their functions. */
static void tails_and_inverses_agree(void **state)
{
    (void)state;
    for (double a = 0.5; a < 400; a *= 1.7)
        for (double b = 0.5; b < 400; b *= 2.3)
            for (double x = 1. / 64; x < 1; x += 1. / 16) {
                double lower = gnt_beta_p(a, b, x, 1 - x), upper = gnt_beta_p(b, a, 1 - x, x);
                if (!(fabs(lower + upper - 1) <= 1e-13)) fail_msg("I_%g(%g, %g): %.17g + %.17g", x, a, b, lower, upper);
                if (a < 1 || b < 1 || lower < 1e-200 || upper < 1e-13) continue;
                double back = gnt_beta_quantile(a, b, lower);
                /* 1e-12 for each of two evaluations, and x rounded to a double times x I'/I <= a < 400 */
                double again = gnt_beta_p(a, b, back, 1 - back);
                if (!(fabs(again - lower) <= 3e-12 * lower))
                    fail_msg("quantile(%g, %g, %.17g) = %.17g, whose I is %.17g", a, b, lower, back, again);
            }
    for (double p = 1e-300; p < 0.5; p *= 17) {
        double back = gnt_normal_cdf(gnt_normal_quantile(p));
        if (!(fabs(back - p) <= 1e-12 * p)) fail_msg("Phi(Phi^-1(%g)) = %.17g", p, back);
    }
}

static void edges(void **state)
{
    (void)state;
    assert_true(gnt_normal_quantile(0) == -INFINITY && gnt_normal_quantile(1) == INFINITY);
    assert_true(isnan(gnt_normal_quantile(-0.1)) && isnan(gnt_normal_quantile(NAN)));
    assert_true(gnt_gamma_p(2, 0) == 0 && gnt_gamma_q(2, 0) == 1 && gnt_gamma_q(2, INFINITY) == 0);
    assert_true(isnan(gnt_gamma_q(0, 1)) && isnan(gnt_gamma_p(1, -1)));
    assert_true(gnt_beta_p(2, 3, 0, 1) == 0 && gnt_beta_p(2, 3, 1, 0) == 1);
    assert_true(isnan(gnt_beta_p(0, 1, 0.5, 0.5)));
    assert_true(gnt_beta_quantile(2, 3, 0) == 0 && gnt_beta_quantile(2, 3, 1) == 1);
    assert_true(gnt_beta_quantile_upper(2, 3, 0) == 1 && gnt_beta_quantile_upper(2, 3, 1) == 0);
    assert_true(gnt_binomial_cdf(3, 3, 0.2) == 1 && gnt_binomial_pmf(0, 5, 0) == 1 && gnt_binomial_pmf(5, 5, 1) == 1);
    assert_true(gnt_student_p(0, 5) == 1 && gnt_student_p(INFINITY, 5) == 0);
    assert_true(gnt_student_sf(-2, 7) + gnt_student_sf(2, 7) == 1);
    assert_true(isnan(gnt_chi2_sf(NAN, 1)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(twelve_digits), cmocka_unit_test(tails_and_inverses_agree),
                                       cmocka_unit_test(edges)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
