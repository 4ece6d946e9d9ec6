#include "sweep_table.h"

#include <math.h>

static const char *percent(double x, char text[24])
{
    if (isnan(x))
        snprintf(text, 24, "-");
    else
        snprintf(text, 24, "%+.2f %%", 100 * x);
    return text;
}

static const char *number(double x, char text[24])
{
    if (isnan(x))
        snprintf(text, 24, "-");
    else
        snprintf(text, 24, "%.2f", x);
    return text;
}

/* Sharpe beside its deflated chance, return beside holding. */
static void say_row(const gnt_args *args, const gnt_sweep_collection *c, size_t k, size_t s)
{
    const gnt_sweep_figures *f = &c->figures[k * c->spec.n_slices + s];
    char sharpe[24], dsr[24], total[24], hold[24], drawdown[24], first[16] = "", where[64] = "", words[512] = "";
    bool annual = f->n_bars >= GNT_ANNUALISE_MIN_BARS;
    gnt_grid_point point;
    if (s == 0) {
        snprintf(first, sizeof first, "%zu", k + 1);
        gnt_grid_seek(&c->spec.grid, &c->spec.base, c->best[k].number, &point);
        gnt_grid_point_text(&c->spec.grid, &point, words, sizeof words);
    }
    if (c->spec.n_slices > 1)
        snprintf(where, sizeof where, "%s fold %llu  ", c->spec.slice[s].symbol,
                 (unsigned long long)c->spec.slice[s].fold);
    gnt_say(args, "  %3s  %s%9s  %8s  %10s  %10s  %10s  %6.0f  %s", first, where,
            number(annual ? f->sharpe : f->sharpe_per_bar, sharpe),
            percent(gnt_sweep_psr(c, k, s, gnt_sweep_luck(c, s)).value, dsr) + (*dsr == '+'),
            percent(f->total_return, total), percent(f->buy_hold, hold), percent(f->max_drawdown, drawdown),
            f->n_trades, words);
}

static void say_table(const gnt_args *args, const gnt_sweep_collection *c)
{
    bool annual = c->spec.slice[0].n_bars >= GNT_ANNUALISE_MIN_BARS;
    const char *room = c->spec.n_slices > 1 ? "slice         " : "";
    gnt_say(args, " ");
    gnt_say(args, "       %s%9s  %8s  %10s  %10s  %10s  %6s  configuration", room, annual ? "Sharpe" : "per bar", "DSR",
            "return", "holding", "drawdown", "trades");
    for (size_t k = 0; k < c->n_best; k++) {
        size_t twins = 0;
        for (size_t s = 0; s < c->spec.n_slices; s++) say_row(args, c, k, s);
        for (; k + 1 < c->n_best && gnt_sweep_best_is_twin(c, k + 1); k++) twins++;
        if (twins) gnt_say(args, "       (%zu more of the best with the very same book)", twins);
    }
    gnt_say(args, " ");
}

static void say_slices(const gnt_args *args, const gnt_sweep_collection *c)
{
    char from[GNT_DATE_ROOM], to[GNT_DATE_ROOM], calls[128];
    for (size_t s = 0; s < c->spec.n_slices; s++) {
        const gnt_sweep_slice *slice = &c->spec.slice[s];
        gnt_accuracy a = gnt_accuracy_of(slice->n_right, slice->n_scored, slice->n_up);
        snprintf(calls, sizeof calls, "no scored bar");
        if (a.n)
            snprintf(calls, sizeof calls, "%llu of %llu right, %.1f %% (95 %% %.1f to %.1f), majority %.1f %%",
                     (unsigned long long)a.n_right, (unsigned long long)a.n, 100 * a.value, 100 * a.lo, 100 * a.hi,
                     100 * a.majority);
        gnt_say(args, "%s (%s), %s to %s, %llu bars: %s", slice->symbol, gnt_provenance_name(slice->provenance),
                gnt_date_format(slice->from, from), gnt_date_format(slice->to, to), (unsigned long long)slice->n_bars,
                calls);
    }
}

/* What being the best of many is worth, on one slice. */
static void say_luck(const gnt_args *args, const gnt_sweep_collection *c, size_t s)
{
    const gnt_sweep_slice *slice = &c->spec.slice[s];
    bool annual = slice->n_bars >= GNT_ANNUALISE_MIN_BARS;
    double luck = gnt_sweep_luck(c, s) * (annual ? sqrt(c->spec.base.periods) : 1);
    double dsr = c->n_best ? gnt_sweep_psr(c, 0, s, gnt_sweep_luck(c, s)).value : NAN;
    char where[64] = "";
    if (c->spec.n_slices > 1)
        snprintf(where, sizeof where, "%s fold %llu: ", slice->symbol, (unsigned long long)slice->fold);
    if (isnan(luck))
        gnt_say(args, "%sfewer than two configurations have a Sharpe: nothing to deflate by.", where);
    else
        gnt_say(args,
                "%sthe best of %llu worthless configurations as varied as these would show a Sharpe of %.2f%s; %s.",
                where, (unsigned long long)c->n_tried, luck, annual ? "" : " a bar",
                dsr >= 0.95 ? "the first one's is above that with 95 % or more (DSR)"
                            : "the first one's can't be told from that (DSR below 95 %)");
}

void gnt_say_sweep(const gnt_args *args, const gnt_sweep_collection *c, const char *file)
{
    say_slices(args, c);
    if (c->n_best)
        say_table(args, c);
    else
        gnt_say(args, "No configuration has a defined %s.", gnt_sweep_metric_name(c->spec.by));
    gnt_say(args, "%llu configurations tried%s, the best by %s%s.", (unsigned long long)c->n_tried,
            c->n_shards > 1 ? " in this shard" : "", gnt_sweep_metric_name(c->spec.by),
            c->spec.n_slices > 1 ? ", mean over symbols and folds" : "");
    if (c->n_skipped)
        gnt_say(args, "! %llu points of the grid were skipped: lower above upper, or costs that take the whole trade.",
                (unsigned long long)c->n_skipped);
    for (size_t s = 0; c->n_shards == 1 && s < c->spec.n_slices; s++) say_luck(args, c, s);
    if (c->n_shards > 1)
        gnt_say(args, "One shard knows only its own trials: nothing here is deflated before the shards are merged.");
    gnt_say(args, "%s written", file);
}
