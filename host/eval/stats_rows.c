/* The statistics themselves: adapters from a checked call to the functions of this room, and the table of rows. */
#include <math.h>
#include <stdlib.h>

#include "host/base/mem.h"
#include "host/eval/bootstrap.h"
#include "host/eval/classification.h"
#include "host/eval/deflate.h"
#include "host/eval/moments.h"
#include "host/eval/msprt.h"
#include "host/eval/proportion.h"
#include "host/eval/sharpe.h"
#include "host/eval/stats.h"
#include "host/eval/trading.h"
#include "kernels/math/normal.h"
#include "kernels/math/philox.h"

#define REAL(id) (call->value[GNT_STAT_##id].real)
#define COUNT(id) (call->value[GNT_STAT_##id].count)

gnt_status gnt_stat_trading(const gnt_stat_call *call, json_t *out, gnt_error *why)
{
    gnt_trading_input input = {.ret = call->column[0],
                               .bench = call->column[1],
                               .pos = call->column[2],
                               .n = call->n,
                               .periods = REAL(PERIODS),
                               .rf = REAL(RF),
                               .mar = REAL(MAR)};
    gnt_trading trading;
    GNT_TRY(gnt_trading_run(&input, &trading, why));
    gnt_trading_json(&trading, out);
    return GNT_OK;
}

gnt_status gnt_stat_classification(const gnt_stat_call *call, json_t *out, gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_classification_options options = {REAL(THRESHOLD), (uint32_t)COUNT(BINS), REAL(ALPHA)};
    gnt_classification result;
    uint8_t *y = NULL;
    GNT_ALLOC(y, call->n);
    for (size_t i = 0; i < call->n; i++) y[i] = (uint8_t)call->column[0][i];
    GNT_GOTO(gnt_classification_run(y, call->column[1], call->n, &options, &result, why));
    gnt_classification_json(&result, out);
out:
    free(y);
    return st;
}

/* ---- series ------------------------------------------------------------------------------------------ */

static gnt_status check_lag(const gnt_stat_call *call, size_t *lag, gnt_error *why)
{
    *lag = call->value[GNT_STAT_LAG].given ? COUNT(LAG) : gnt_newey_west_lag(call->n);
    if (*lag < call->n) return GNT_OK;
    return gnt_fail(why, GNT_EINVAL, "stats: lag %zu; it must be below the number of rows, %zu", *lag, call->n);
}

gnt_status gnt_stat_newey_west(const gnt_stat_call *call, json_t *out, gnt_error *why)
{
    size_t lag;
    GNT_TRY(check_lag(call, &lag, why));
    gnt_newey_west result = gnt_newey_west_mean(call->column[0], call->n, lag);
    gnt_figure_json(out, "mean", result.mean);
    gnt_figure_json(out, "se", result.se);
    gnt_figure_json(out, "t", result.t);
    gnt_json_count(out, "lag", result.lag);
    return GNT_OK;
}

gnt_status gnt_stat_lo_sharpe(const gnt_stat_call *call, json_t *out, gnt_error *why)
{
    size_t lag, q = COUNT(Q);
    gnt_lo_sharpe result;
    GNT_TRY(check_lag(call, &lag, why));
    if (q >= call->n)
        return gnt_fail(why, GNT_EINVAL, "stats: q %zu; it must be below the number of rows, %zu", q, call->n);
    GNT_TRY(gnt_lo_sharpe_run(call->column[0], call->n, q, lag, &result, why));
    gnt_figure_json(out, "sharpe", result.sharpe);
    gnt_figure_json(out, "se_iid", result.se_iid);
    gnt_figure_json(out, "se_mertens", result.se_mertens);
    gnt_figure_json(out, "se_hac", result.se_hac);
    gnt_figure_json(out, "eta", result.eta);
    gnt_figure_json(out, "sharpe_q", result.sharpe_q);
    gnt_figure_json(out, "sharpe_sqrt", result.sharpe_sqrt);
    gnt_json_count(out, "lag", lag);
    return GNT_OK;
}

gnt_status gnt_stat_psr(const gnt_stat_call *call, json_t *out, gnt_error *why)
{
    (void)why; /* the row's minimum was its only condition */
    const double *x = call->column[0];
    double mean = gnt_mean(x, call->n), sd = gnt_sd(x, call->n, mean);
    gnt_figure none = gnt_figure_none("zero_variance");
    gnt_shape shape = gnt_shape_of(x, call->n);
    gnt_figure_json(out, "sharpe", sd > 0 ? gnt_figure_of(mean / sd) : none);
    gnt_figure_json(out, "skew", sd > 0 ? gnt_figure_of(shape.skew) : none);
    gnt_figure_json(out, "kurtosis", sd > 0 ? gnt_figure_of(shape.kurtosis) : none);
    gnt_figure_json(out, "psr",
                    sd > 0 ? gnt_psr(mean / sd, REAL(BENCHMARK), call->n, shape.skew, shape.kurtosis) : none);
    return GNT_OK;
}

gnt_status gnt_stat_block_length(const gnt_stat_call *call, json_t *out, gnt_error *why)
{
    (void)why; /* the row's minimum was its only condition */
    gnt_block_length result = gnt_block_length_of(call->column[0], call->n);
    gnt_figure_json(out, "stationary", result.stationary);
    gnt_figure_json(out, "circular", result.circular);
    gnt_json_count(out, "M", result.M);
    return GNT_OK;
}

static gnt_resample_method method_of(const gnt_stat_call *call)
{
    return call->value[GNT_STAT_METHOD].word == 0 ? GNT_RESAMPLE_STATIONARY : GNT_RESAMPLE_CIRCULAR;
}

gnt_status gnt_stat_bootstrap(const gnt_stat_call *call, json_t *out, gnt_error *why)
{
    gnt_bootstrap_options options = {.method = method_of(call),
                                     .block = REAL(BLOCK),
                                     .statistic =
                                         call->value[GNT_STAT_STATISTIC].word == 0 ? GNT_BOOT_MEAN : GNT_BOOT_SHARPE,
                                     .n_replicates = COUNT(REPLICATES),
                                     .seed = call->seed,
                                     .stream = (uint32_t)COUNT(STREAM),
                                     .alpha = REAL(ALPHA)};
    gnt_bootstrap result;
    if (call->value[GNT_STAT_BLOCK].given && !(options.block >= 1))
        return gnt_fail(why, GNT_EINVAL, "stats bootstrap: block %g; at least 1 is needed", options.block);
    GNT_TRY(gnt_bootstrap_run(call->engine, call->column[0], call->n, &options, &result, why));
    gnt_figure_json(out, "value", result.value);
    gnt_figure_json(out, "lo", result.lo);
    gnt_figure_json(out, "hi", result.hi);
    gnt_json_figure(out, "block", result.block, NULL);
    return GNT_OK;
}

gnt_status gnt_stat_bootstrap_indices(const gnt_stat_call *call, json_t *out, gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_resample_plan plan = {method_of(call), REAL(BLOCK), call->seed, (uint32_t)COUNT(STREAM), COUNT(REPLICATE)};
    uint32_t *index = NULL;
    json_t *list = json_array();
    GNT_ALLOC(index, COUNT(N));
    GNT_GOTO(gnt_engine_resample(call->engine, &plan, COUNT(N), 1, index, why));
    for (size_t t = 0; t < COUNT(N); t++) json_array_append_new(list, json_integer(index[t]));
    gnt_json_put(out, "indices", json_incref(list));
out:
    json_decref(list);
    free(index);
    return st;
}

gnt_status gnt_stat_random(const gnt_stat_call *call, json_t *out, gnt_error *why)
{
    if (REAL(BLOCK) != floor(REAL(BLOCK)))
        return gnt_fail(why, GNT_EINVAL, "stats random: block %g is not a whole number", REAL(BLOCK));
    uint32_t block = (uint32_t)REAL(BLOCK);
    gnt_random at = gnt_random_at(call->seed, (uint32_t)COUNT(STREAM), COUNT(REPLICATE));
    gnt_philox words = gnt_philox_block(at, block);
    double u = gnt_uniform(gnt_philox_x(words));
    json_t *list = json_array();
    for (int i = 0; i < 4; i++) json_array_append_new(list, json_integer(words.w[i]));
    gnt_json_put(out, "words", list);
    gnt_json_figure(out, "uniform", u, NULL);
    gnt_json_figure(out, "normal", gnt_normal(u), NULL);
    if (call->value[GNT_STAT_BOUND].given) gnt_json_count(out, "bounded", gnt_bounded(at, block, COUNT(BOUND)));
    return GNT_OK;
}

/* ---- two arms ------------------------------------------------------------------------------------------ */

gnt_status gnt_stat_mcnemar(const gnt_stat_call *call, json_t *out, gnt_error *why)
{
    (void)why; /* checked columns leave nothing to fail */
    uint64_t n10 = 0, n01 = 0;
    for (size_t i = 0; i < call->n; i++) {
        n10 += call->column[0][i] > call->column[1][i];
        n01 += call->column[0][i] < call->column[1][i];
    }
    gnt_mcnemar result = gnt_mcnemar_test(n10, n01);
    gnt_json_count(out, "n10", n10);
    gnt_json_count(out, "n01", n01);
    gnt_figure_json(out, "exact_p", result.exact_p);
    gnt_figure_json(out, "midp", result.midp);
    gnt_figure_json(out, "chi2", result.chi2);
    gnt_figure_json(out, "p", result.p);
    gnt_figure_json(out, "chi2_cc", result.chi2_cc);
    gnt_figure_json(out, "p_cc", result.p_cc);
    return GNT_OK;
}

gnt_status gnt_stat_two_proportion(const gnt_stat_call *call, json_t *out, gnt_error *why)
{
    const double *arm = call->column[0];
    uint64_t n[2], x[2];
    if (call->n != 2 || arm[0] == arm[1])
        return gnt_fail(why, GNT_EVALUE, "stats two_proportion: %zu rows; one for arm 0 and one for arm 1 are expected",
                        call->n);
    for (size_t i = 0; i < 2; i++) {
        n[(int)arm[i]] = (uint64_t)call->column[1][i];
        x[(int)arm[i]] = (uint64_t)call->column[2][i];
    }
    for (size_t i = 0; i < 2; i++)
        if (x[i] > n[i])
            return gnt_fail(why, GNT_EVALUE, "stats two_proportion: arm %zu: %llu successes of %llu", i,
                            (unsigned long long)x[i], (unsigned long long)n[i]);
    gnt_two_proportion result = gnt_two_proportion_test(x[0], n[0], x[1], n[1], REAL(ALPHA));
    gnt_figure_json(out, "diff", result.diff);
    gnt_figure_json(out, "z", result.z);
    gnt_figure_json(out, "p", result.p);
    gnt_figure_json(out, "newcombe_lo", result.lo);
    gnt_figure_json(out, "newcombe_hi", result.hi);
    return GNT_OK;
}

gnt_status gnt_stat_srm(const gnt_stat_call *call, json_t *out, gnt_error *why)
{
    gnt_status st = GNT_OK;
    uint64_t *count = NULL;
    GNT_ALLOC(count, call->n);
    for (size_t i = 0; i < call->n; i++) count[i] = (uint64_t)call->column[1][i];
    gnt_srm result = gnt_srm_test(count, call->column[2], call->n);
    gnt_figure_json(out, "chi2", result.chi2);
    gnt_figure_json(out, "p", result.p);
    gnt_json_flag(out, "mismatch", result.mismatch);
out:
    free(count);
    return st;
}

gnt_status gnt_stat_sample_size(const gnt_stat_call *call, json_t *out, gnt_error *why)
{
    (void)why; /* every argument was checked against its range */
    gnt_sample_size result = gnt_sample_size_for(REAL(P1), REAL(P2), REAL(RATIO), REAL(ALPHA), REAL(POWER));
    gnt_figure_json(out, "n1_exact", result.n1_exact);
    gnt_figure_json_whole(out, "total", result.total);
    return GNT_OK;
}

gnt_status gnt_stat_power(const gnt_stat_call *call, json_t *out, gnt_error *why)
{
    (void)why; /* every argument was checked against its range */
    gnt_figure_json(out, "power", gnt_power_of(REAL(P1), REAL(P2), COUNT(N1), COUNT(N2), REAL(ALPHA)));
    return GNT_OK;
}

gnt_status gnt_stat_msprt(const gnt_stat_call *call, json_t *out, gnt_error *why)
{
    (void)why; /* every argument was checked against its range */
    gnt_msprt test;
    gnt_msprt_init(&test, REAL(TAU2), REAL(THETA0), REAL(ALPHA), COUNT(BURN_IN));
    for (size_t i = 0; i < call->n; i++) {
        gnt_msprt_add(&test, 0, call->column[0][i]);
        gnt_msprt_add(&test, 1, call->column[1][i]);
        gnt_msprt_look(&test);
    }
    gnt_figure_json(out, "diff", test.diff);
    gnt_figure_json(out, "lambda", test.lambda);
    gnt_figure_json(out, "log_lambda", test.log_lambda);
    gnt_json_figure(out, "p_always_valid", test.p, NULL);
    gnt_figure_json(out, "cs_lo", test.lo);
    gnt_figure_json(out, "cs_hi", test.hi);
    gnt_json_put(out, "first_crossing", json_integer(test.first_crossing));
    return GNT_OK;
}
