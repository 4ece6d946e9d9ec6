/* The look at a device before `auto` takes it: a table that is the CPU's agrees, one wrong bit in any operation
 * doesn't. */
#include <math.h>
#include <string.h>

#include "host/device/agree.h"
#include "tests/test.h"

static gnt_status wrong_features(gnt_device *dev, gnt_feature_set set, const gnt_bars_view *bars, size_t n_symbols,
                                 size_t stride, float *const *out)
{
    gnt_status st = gnt_cpu_ops()->features(dev, set, bars, n_symbols, stride, out);
    out[0][(bars[0].n - 1) * stride] += 1e-7f;
    return st;
}

static gnt_status wrong_scale(gnt_device *dev, gnt_panel panel, const float *center, const float *scale, float limit,
                              float *out)
{
    gnt_status st = gnt_cpu_ops()->scale(dev, panel, center, scale, limit, out);
    out[panel.n_rows * panel.n_features - 1] = -limit;
    return st;
}

static gnt_status wrong_forward(gnt_device *dev, const gnt_packed *const *models, size_t n_models, gnt_panel panel,
                                gnt_rows rows, float *logit)
{
    gnt_status st = gnt_cpu_ops()->forward(dev, models, n_models, panel, rows, logit);
    logit[rows.n - 1] = nextafterf(logit[rows.n - 1], 1);
    return st;
}

static gnt_status wrong_train(gnt_device *dev, gnt_train_job *jobs, size_t n_jobs)
{
    gnt_status st = gnt_cpu_ops()->train(dev, jobs, n_jobs);
    jobs[0].figures[1].val_loss = nextafter(jobs[0].figures[1].val_loss, 0);
    return st;
}

static gnt_status wrong_simulate(gnt_device *dev, const gnt_sim_lane *lanes, size_t n_lanes, gnt_sim_totals *totals,
                                 const gnt_sim_path *paths)
{
    gnt_status st = gnt_cpu_ops()->simulate(dev, lanes, n_lanes, totals, paths);
    totals[n_lanes - 1].equity = nextafter(totals[n_lanes - 1].equity, 0);
    return st;
}

static gnt_status wrong_resample(gnt_device *dev, const gnt_resample_plan *plan, size_t n, size_t n_replicates,
                                 uint32_t *index)
{
    gnt_status st = gnt_cpu_ops()->resample(dev, plan, n, n_replicates, index);
    index[n * n_replicates - 1] ^= 1;
    return st;
}

static gnt_status lost_split(gnt_device *dev, uint64_t seed, double weight, const uint32_t *counter, size_t n,
                             uint64_t first_replicate, size_t n_replicates, uint8_t *enhanced)
{
    (void)dev, (void)seed, (void)weight, (void)counter, (void)n, (void)first_replicate, (void)n_replicates;
    (void)enhanced;
    return GNT_EDEVICE;
}

static void expect(const gnt_ops *ops, const char *word)
{
    gnt_device *dev = NULL;
    gnt_error why = {0};
    assert_int_equal(ops->open(2, NULL, &dev), GNT_OK);
    gnt_status st = gnt_device_agrees(ops, dev, &why);
    ops->close(dev);
    if (word ? st != GNT_EDEVICE || !strstr(why.text, word) : st != GNT_OK)
        fail_msg("status %d '%s', expected %s", st, why.text, word ? word : "success");
}

static void one_wrong_bit(void **state)
{
    (void)state;
    gnt_ops ops = *gnt_cpu_ops();
    expect(&ops, NULL);
#define WRONG(entry, with, word) \
    do {                         \
        ops = *gnt_cpu_ops();    \
        ops.entry = with;        \
        expect(&ops, word);      \
    } while (0)
    WRONG(features, wrong_features, "features differs");
    WRONG(scale, wrong_scale, "scale differs");
    WRONG(forward, wrong_forward, "forward differs");
    WRONG(train, wrong_train, "training differs");
    WRONG(simulate, wrong_simulate, "simulate differs");
    WRONG(resample, wrong_resample, "resample differs");
    WRONG(split, lost_split, "split: ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_wrong_bit)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
