#include "host/sweep/answer.h"

#include <stdio.h>

#include "host/base/file.h"

/* The grid's own parameters of one configuration. */
static json_t *parameters_json(const gnt_sweep_spec *spec, const gnt_strategy *strategy)
{
    json_t *o = json_object();
    for (size_t d = 0; d < spec->grid.n_dims; d++) gnt_parameter_json(o, strategy, spec->grid.dim[d].parameter);
    return o;
}

/* What the grid doesn't vary. */
static json_t *fixed_json(const gnt_sweep_spec *spec)
{
    json_t *o = json_object();
    for (size_t i = 0; i < gnt_n_strategy_parameters; i++) {
        const gnt_parameter *p = &gnt_strategy_parameters[i];
        if (gnt_grid_find(&spec->grid, p->name) == spec->grid.n_dims) gnt_parameter_json(o, &spec->base, p);
    }
    return o;
}

static void put_figures(json_t *o, const gnt_sweep_collection *c, size_t k, size_t s)
{
    const gnt_sweep_figures *f = &c->figures[k * c->spec.n_slices + s];
    double luck = gnt_sweep_luck(c, s);
    gnt_sweep_figures_json(o, f);
    gnt_json_flag(o, "annualised", f->n_bars >= GNT_ANNUALISE_MIN_BARS);
    gnt_figure_json(o, "psr", gnt_sweep_psr(c, k, s, 0));
    gnt_figure_json(o, "dsr", gnt_sweep_psr(c, k, s, luck));
    gnt_json_figure(o, "sharpe_of_luck_per_bar", luck, c->n_shards > 1 ? "not_merged" : "too_few_trials");
}

static void put_place(json_t *o, const gnt_sweep_slice *slice)
{
    char date[GNT_DATE_ROOM];
    gnt_json_text(o, "symbol", slice->symbol);
    gnt_json_count(o, "fold", slice->fold);
    gnt_json_text(o, "from", gnt_date_format(slice->from, date));
    gnt_json_text(o, "to", gnt_date_format(slice->to, date));
}

static json_t *best_json(const gnt_sweep_collection *c, size_t k)
{
    gnt_grid_point point;
    json_t *o = json_object(), *slices = json_array();
    gnt_grid_seek(&c->spec.grid, &c->spec.base, c->best[k].number, &point);
    gnt_json_count(o, "rank", k + 1);
    gnt_json_count(o, "configuration", c->best[k].number);
    gnt_json_put(o, "parameters", parameters_json(&c->spec, &point.strategy));
    gnt_json_figure(o, "value", c->best[k].value, NULL);
    if (c->spec.n_slices == 1) put_figures(o, c, k, 0);
    for (size_t s = 0; s < c->spec.n_slices; s++) {
        json_t *slice = json_object();
        put_place(slice, &c->spec.slice[s]);
        put_figures(slice, c, k, s);
        json_array_append_new(slices, slice);
    }
    gnt_json_put(o, "slices", slices);
    gnt_json_flag(o, "optimistic_fill", point.strategy.fill == GNT_FILL_SAME_CLOSE);
    return o;
}

static json_t *slice_json(const gnt_sweep_collection *c, size_t s)
{
    const gnt_sweep_slice *slice = &c->spec.slice[s];
    const gnt_sweep_trials *t = &c->trials[s];
    gnt_accuracy accuracy = gnt_accuracy_of(slice->n_right, slice->n_scored, slice->n_up);
    json_t *o = json_object();
    put_place(o, slice);
    gnt_json_text(o, "provenance", gnt_provenance_name(slice->provenance));
    gnt_json_count(o, "bars", slice->n_bars);
    if (accuracy.n)
        gnt_json_put(o, "accuracy", gnt_accuracy_json(&accuracy));
    else
        gnt_figure_json(o, "accuracy", gnt_figure_none("no_scores"));
    gnt_json_count(o, "trials", t->n);
    gnt_json_figure(o, "sharpe_per_bar_mean", gnt_sweep_trials_mean(t), "too_few_trials");
    gnt_json_figure(o, "sharpe_per_bar_variance", gnt_sweep_trials_variance(t), "too_few_trials");
    gnt_json_figure(o, "sharpe_of_luck_per_bar", gnt_sweep_luck(c, s),
                    c->n_shards > 1 ? "not_merged" : "too_few_trials");
    return o;
}

static json_t *grid_json(const gnt_grid *grid)
{
    json_t *o = json_object();
    char text[GNT_GRID_TEXT];
    for (size_t d = 0; d < grid->n_dims; d++)
        gnt_json_text(o, grid->dim[d].parameter->name, gnt_grid_dim_text(&grid->dim[d], text, sizeof text));
    return o;
}

json_t *gnt_sweep_json(const gnt_sweep_collection *c)
{
    uint64_t bars = gnt_sweep_spec_bars(&c->spec);
    json_t *o = json_object(), *best = json_array(), *slices = json_array(), *shard = NULL;
    if (c->n_shards > 1) {
        shard = json_object();
        gnt_json_count(shard, "index", c->shard);
        gnt_json_count(shard, "count", c->n_shards);
    }
    gnt_json_count(o, "configurations", c->n_tried);
    gnt_json_count(o, "skipped", c->n_skipped);
    gnt_json_count(o, "grid_points", c->spec.grid.n_points);
    gnt_json_count(o, "bars", bars);
    gnt_json_count(o, "evaluations", c->n_tried * bars);
    gnt_json_count(o, "symbols", c->spec.n_slices / c->spec.n_folds);
    gnt_json_count(o, "folds", c->spec.n_folds);
    gnt_json_text(o, "by", gnt_sweep_metric_name(c->spec.by));
    gnt_json_put(o, "shard", shard ? shard : json_null());
    gnt_json_text(o, "provenance", gnt_provenance_name(gnt_sweep_spec_provenance(&c->spec)));
    gnt_json_text(o, "price", c->spec.adjusted ? "adj" : "close");
    gnt_json_put(o, "grid", grid_json(&c->spec.grid));
    gnt_json_put(o, "strategy", fixed_json(&c->spec));
    for (size_t k = 0; k < c->n_best; k++) json_array_append_new(best, best_json(c, k));
    for (size_t s = 0; s < c->spec.n_slices; s++) json_array_append_new(slices, slice_json(c, s));
    gnt_json_put(o, "best", best);
    gnt_json_put(o, "slices", slices);
    return o;
}

/* ---- the manifest ------------------------------------------------------------------------------------------- */

static gnt_status put_inputs(json_t *o, const char *const *inputs, size_t n, gnt_error *why)
{
    json_t *list = json_array();
    gnt_json_put(o, "inputs", list);
    for (size_t i = 0; i < n; i++) {
        char hash[GNT_SHA256_ROOM];
        json_t *input = json_object();
        json_array_append_new(list, input);
        gnt_json_text(input, "path", inputs[i]);
        if (!gnt_file_exists(inputs[i])) continue;
        GNT_TRY(gnt_sha256_file(inputs[i], hash, why));
        gnt_json_text(input, "sha256", hash);
    }
    return GNT_OK;
}

gnt_status gnt_sweep_manifest_write(const char *out, const char *verb, const gnt_sweep_collection *c,
                                    const char *const *inputs, size_t n, const gnt_engine *engine,
                                    const gnt_run_start *start, gnt_error *why)
{
    char path[1200];
    json_t *o = json_object();
    gnt_json_text(o, "schema", "gauntlet-manifest");
    gnt_json_count(o, "schema_version", 1);
    gnt_json_text(o, "verb", verb);
    gnt_json_text(o, "provenance", gnt_provenance_name(gnt_sweep_spec_provenance(&c->spec)));
    gnt_status st = put_inputs(o, inputs, n, why);
    gnt_json_count(o, "seed", c->spec.seed);
    gnt_json_count(o, "shard", c->shard);
    gnt_json_count(o, "n_shards", c->n_shards);
    gnt_manifest_machine(o, engine, start);
    snprintf(path, sizeof path, "%s.manifest.json", out);
    if (!st) st = gnt_json_write(path, o, why);
    json_decref(o);
    return st;
}
