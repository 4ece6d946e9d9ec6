/* The best of many, against what the best of many worthless ones would show (statistics.md 7; SPEC 9.4). */
#include "host/eval/deflate.h"
#include "host/sweep/file.h"

double gnt_sweep_luck(const gnt_sweep_collection *c, size_t slice)
{
    if (c->n_shards > 1) return NAN;
    return gnt_deflated_benchmark(gnt_sweep_trials_variance(&c->trials[slice]), c->n_tried);
}

gnt_figure gnt_sweep_psr(const gnt_sweep_collection *c, size_t best, size_t slice, double benchmark)
{
    const gnt_sweep_figures *f = &c->figures[best * c->spec.n_slices + slice];
    if (c->n_shards > 1) return gnt_figure_none("not_merged");
    if (f->n_bars < 3) return gnt_figure_none("too_few_observations");
    if (isnan(f->sharpe_per_bar) || isnan(f->skew) || isnan(f->kurtosis)) return gnt_figure_none("zero_variance");
    if (isnan(benchmark)) return gnt_figure_none("too_few_trials");
    return gnt_psr(f->sharpe_per_bar, benchmark, (size_t)f->n_bars, f->skew, f->kurtosis);
}
