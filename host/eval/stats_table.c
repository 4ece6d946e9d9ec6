/* The rows (statistics.md 16): what `gauntlet stats` knows. A new statistic is a new row and its function. */
#include "host/eval/stats.h"

#define USE(id, fallback)              \
    {                                  \
        GNT_STAT_##id, fallback, false \
    }
#define NEED(id)                  \
    {                             \
        GNT_STAT_##id, NULL, true \
    }
#define COLUMN(name, values)           \
    {                                  \
        name, GNT_STAT_##values, false \
    }
#define MAYBE(name, values)           \
    {                                 \
        name, GNT_STAT_##values, true \
    }

const gnt_stat gnt_stats[] = {
    {.name = "trading",
     .summary = "growth, risk, drawdown, tails, positions and benchmark of one return stream",
     .columns = {COLUMN("ret", ANY), MAYBE("bench", ANY), MAYBE("pos", ANY)},
     .uses = {USE(PERIODS, "252"), USE(RF, "0"), USE(MAR, "0")},
     .min_rows = 1,
     .run = gnt_stat_trading},
    {.name = "classification",
     .summary = "accuracy with intervals, ranking, calibration, beside trivial predictors",
     .columns = {COLUMN("y", LABEL), COLUMN("p", PROPORTION)},
     .uses = {USE(THRESHOLD, "0.5"), USE(BINS, "10"), USE(ALPHA, "0.05")},
     .min_rows = 1,
     .run = gnt_stat_classification},
    {.name = "newey_west",
     .summary = "standard error of the mean of a serially correlated series",
     .columns = {COLUMN("x", ANY)},
     .uses = {USE(LAG, NULL)},
     .min_rows = 2,
     .run = gnt_stat_newey_west},
    {.name = "lo_sharpe",
     .summary = "Sharpe ratio per period, its standard errors, and over q periods",
     .columns = {COLUMN("x", ANY)},
     .uses = {USE(Q, "12"), USE(LAG, NULL)},
     .min_rows = 2,
     .run = gnt_stat_lo_sharpe},
    {.name = "psr",
     .summary = "chance that the true Sharpe per period exceeds a benchmark, given the record's length and tails",
     .columns = {COLUMN("x", ANY)},
     .uses = {USE(BENCHMARK, "0")},
     .min_rows = 3,
     .run = gnt_stat_psr},
    {.name = "block_length",
     .summary = "bootstrap block length taken from the data",
     .columns = {COLUMN("x", ANY)},
     .min_rows = 20,
     .run = gnt_stat_block_length},
    {.name = "bootstrap",
     .summary = "block bootstrap interval of a mean or a Sharpe ratio",
     .columns = {COLUMN("x", ANY)},
     .uses = {USE(METHOD, "stationary"), USE(BLOCK, NULL), USE(STATISTIC, "mean"), USE(REPLICATES, "10000"),
              USE(STREAM, "1"), USE(ALPHA, "0.05")},
     .min_rows = 2,
     .resamples = true,
     .run = gnt_stat_bootstrap},
    {.name = "bootstrap_indices",
     .summary = "row numbers that one bootstrap replicate draws",
     .uses = {USE(METHOD, "stationary"), NEED(N), NEED(BLOCK), USE(STREAM, "1"), USE(REPLICATE, "0")},
     .resamples = true,
     .run = gnt_stat_bootstrap_indices},
    {.name = "random",
     .summary = "one block of the counter-based random numbers and what is made of it",
     .uses = {USE(STREAM, "1"), USE(REPLICATE, "0"), USE(BLOCK, "0"), USE(BOUND, NULL)},
     .run = gnt_stat_random},
    {.name = "mcnemar",
     .summary = "do two classifiers err equally often on the same cases?",
     .columns = {COLUMN("correct_a", LABEL), COLUMN("correct_b", LABEL)},
     .min_rows = 1,
     .run = gnt_stat_mcnemar},
    {.name = "two_proportion",
     .summary = "difference of two proportions, arm 0 minus arm 1, with Newcombe's interval",
     .columns = {COLUMN("arm", LABEL), COLUMN("n", TALLY), COLUMN("x", TALLY)},
     .uses = {USE(ALPHA, "0.05")},
     .min_rows = 2,
     .run = gnt_stat_two_proportion},
    {.name = "srm",
     .summary = "do counts per arm fit their weights? (sample ratio mismatch)",
     .columns = {COLUMN("arm", ANY), COLUMN("n", TALLY), COLUMN("weight", POSITIVE)},
     .min_rows = 2,
     .run = gnt_stat_srm},
    {.name = "sample_size",
     .summary = "observations needed to see p1 against p2",
     .uses = {NEED(P1), NEED(P2), USE(RATIO, "1"), USE(ALPHA, "0.05"), USE(POWER, "0.8")},
     .run = gnt_stat_sample_size},
    {.name = "power",
     .summary = "chance to see p1 against p2 with n1 and n2 observations",
     .uses = {NEED(P1), NEED(P2), NEED(N1), NEED(N2), USE(ALPHA, "0.05")},
     .run = gnt_stat_power},
    {.name = "msprt",
     .summary = "always-valid p-value and confidence sequence for mean b - mean a",
     .columns = {COLUMN("a", ANY), COLUMN("b", ANY)},
     .uses = {USE(TAU2, "0.0004"), USE(THETA0, "0"), USE(BURN_IN, "30"), USE(ALPHA, "0.05")},
     .min_rows = 1,
     .run = gnt_stat_msprt},
    {0},
};
