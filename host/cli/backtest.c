/* gauntlet backtest: what given scores would have earned, after costs, beside the dumb strategies. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "host/base/mem.h"
#include "host/eval/scores.h"

static const gnt_option options[] = {
    {"bars", GNT_OPT_TEXT, "FILE.csv|STORE.h5:SYMBOL", NULL, "daily bars of one symbol", true, false},
    {"scores", GNT_OPT_FILE, "FILE.csv", NULL, "date,prob: the score made at that bar's close, acting on the next bar",
     true, false},
    {"from", GNT_OPT_DATE, "DATE", NULL, "first day of the window", true, false},
    {"to", GNT_OPT_DATE, "DATE", NULL, "last day of the window", true, false},
    {"price", GNT_OPT_WORD, "close|adj", "close", "prices as given, or adjusted for dividends (total return)", false,
     false},
    {"paths", GNT_OPT_FILE, "FILE.csv", NULL, "write the book bar by bar", false, false},
    {0},
};

typedef struct job {
    gnt_bars bars, raw;
    gnt_strategy strategy;
    gnt_engine engine;
    gnt_backtest result;
    double *score; /* [bars.n] */
    gnt_range window;
} job;

/* ---- what a person reads ------------------------------------------------------------------------- */

/* "-3.10 %", or the reason why there is none. */
static const char *percent(gnt_figure f, char text[48])
{
    if (isnan(f.value))
        snprintf(text, 48, "- (%s)", f.reason);
    else
        snprintf(text, 48, "%+.2f %%", 100 * f.value);
    return text;
}

/* A share of something: no sign. */
static const char *share(gnt_figure f, char text[48])
{
    if (isnan(f.value))
        snprintf(text, 48, "- (%s)", f.reason);
    else
        snprintf(text, 48, "%.2f %%", 100 * f.value);
    return text;
}

static const char *number(gnt_figure f, const char *unit, char text[48])
{
    if (isnan(f.value))
        snprintf(text, 48, "- (%s)", f.reason);
    else
        snprintf(text, 48, "%.2f%s", f.value, unit);
    return text;
}

/* First what a sceptic asks: right how often, against the majority; earned what, against holding. */
static void say_answer(const gnt_args *args, const job *j)
{
    const gnt_backtest *b = &j->result;
    const gnt_accuracy *a = &b->accuracy;
    char from[GNT_DATE_ROOM], to[GNT_DATE_ROOM], own[48], hold[48], right[160] = "no scored bar";
    if (a->n)
        snprintf(right, sizeof right, "%llu of %llu right, %.1f %% (95 %% %.1f to %.1f), majority %.1f %%",
                 (unsigned long long)a->n_right, (unsigned long long)a->n, 100 * a->value, 100 * a->lo, 100 * a->hi,
                 100 * a->majority);
    gnt_say(args, "%s; after costs %s against %s for holding", right, percent(b->total_return, own),
            percent(b->buy_hold, hold));
    gnt_say(args, "%s (%s), %s to %s, %zu bars", j->bars.symbol, gnt_provenance_name(j->bars.provenance),
            gnt_date_format(j->bars.day[b->begin], from), gnt_date_format(j->bars.day[b->end - 1], to),
            b->end - b->begin);
    if (a->n && a->lo <= a->majority)
        gnt_say(args, "The accuracy can't be told from always saying the more frequent direction.");
}

static void say_returns(const gnt_args *args, const gnt_backtest *b)
{
    char text[48], low[48], high[48];
    gnt_say(args, " ");
    gnt_say(args, "  total return     %s", percent(b->total_return, text));
    gnt_say(args, "    buy and hold   %s", percent(b->buy_hold, text));
    gnt_say(args, "    always up      %s", percent(b->always_up, text));
    gnt_say(args, "    persistence    %s", percent(b->persistence, text));
    gnt_say(args, "    random         %s (5 %% %s, 95 %% %s)", percent(b->random_p50, text),
            percent(b->random_p05, low), percent(b->random_p95, high));
    gnt_say(args, "    cash           %s", percent(b->cash_only, text));
    gnt_say(args, "  max drawdown     %s, %llu bars below the peak", percent(b->max_drawdown, text),
            (unsigned long long)b->totals.max_drawdown_bars);
    gnt_say(args, "  VaR, ES 95 %%     loss of %s, %s a bar", share(b->var_95, low), share(b->es_95, high));
}

static void say_annual(const gnt_args *args, const gnt_backtest *b)
{
    char one[48], two[48], three[48];
    if (b->totals.n_bars < GNT_ANNUALISE_MIN_BARS) {
        gnt_say(args, "  not annualised   fewer than %d bars", GNT_ANNUALISE_MIN_BARS);
        return;
    }
    gnt_say(args, "  a year           %s, volatility %s", percent(b->annual_return, one), share(b->volatility, two));
    gnt_say(args, "  Sharpe           %s, Sortino %s, Calmar %s", number(b->sharpe, "", one),
            number(b->sortino, "", two), number(b->calmar, "", three));
}

static void say_trading(const gnt_args *args, const job *j)
{
    const gnt_backtest *b = &j->result;
    const gnt_strategy *s = &j->strategy;
    char one[48], two[48], three[48];
    gnt_say(args, "  trades           %llu, fills %llu, exposure %s, turnover %s, hit rate %s",
            (unsigned long long)b->totals.n_trades, (unsigned long long)b->totals.n_fills, share(b->exposure, one),
            number(b->turnover, "", two), share(b->hit_rate, three));
    gnt_say(args, "  costs            %.2f USD at %g bp a side", b->totals.cost_paid,
            s->commission_bp + s->half_spread_bp + s->slippage_bp);
    gnt_say(args, "  break-even       %s; against holding %s", number(b->break_even_bp, " bp a side", one),
            number(b->break_even_vs_hold_bp, " bp a side", two));
    gnt_say(args, "  price P&L        overnight %s, intraday %s",
            percent(gnt_figure_of(b->totals.overnight / s->capital), one),
            percent(gnt_figure_of(b->totals.intraday / s->capital), two));
}

static void say_warnings(const gnt_args *args, const job *j)
{
    const gnt_backtest *b = &j->result;
    const gnt_strategy *s = &j->strategy;
    if (b->totals.ruined) gnt_say(args, "! The book was ruined: equity reached zero.");
    if (b->constant_prediction) gnt_say(args, "! The scores are constant, or all on one side of 0.5.");
    if (b->n_fragile)
        gnt_say(args, "! %llu decisions hang on less than 1e-5 of a score.", (unsigned long long)b->n_fragile);
    if (s->fill == GNT_FILL_SAME_CLOSE) gnt_say(args, "! Optimistic fill: traded at the close that decided.");
    if (s->shorts && s->cash_rate != 0) gnt_say(args, "! Short proceeds earn the cash rate.");
    if (s->size == GNT_SIZE_KELLY) gnt_say(args, "! Kelly sizes assume an even-money bet.");
    if (gnt_strategy_largest(s) > 1 && s->margin_bp == 0) gnt_say(args, "! The book may borrow, and borrows at 0.");
}

/* ---- the verb --------------------------------------------------------------------------------------- */

static json_t *answer(const gnt_args *args, const job *j)
{
    char date[GNT_DATE_ROOM];
    const gnt_backtest *b = &j->result;
    json_t *object = gnt_backtest_json(b, &j->strategy);
    gnt_json_text(object, "provenance", gnt_provenance_name(j->bars.provenance));
    gnt_json_text(object, "symbol", j->bars.symbol);
    gnt_json_text(object, "from", gnt_date_format(j->bars.day[b->begin], date));
    gnt_json_text(object, "to", gnt_date_format(j->bars.day[b->end - 1], date));
    gnt_json_text(object, "price", gnt_arg(args, "price"));
    gnt_json_put(object, "strategy", gnt_strategy_json(&j->strategy));
    return object;
}

static gnt_status load(const gnt_args *args, job *j, gnt_error *why)
{
    gnt_status st = GNT_OK;
    GNT_GOTO(gnt_bars_load(gnt_arg(args, "bars"), gnt_arg_seed(args), &j->bars, why));
    GNT_GOTO(gnt_bars_load(gnt_arg(args, "bars"), gnt_arg_seed(args), &j->raw, why));
    if (!strcmp(gnt_arg(args, "price"), "adj")) gnt_bars_adjust(&j->bars);
    GNT_ALLOC(j->score, j->bars.n);
    GNT_GOTO(gnt_scores_read(gnt_arg(args, "scores"), &j->bars, j->score, why));
out:
    return st;
}

static gnt_status run(const gnt_args *args, gnt_error *why)
{
    gnt_status st = GNT_OK;
    job j = {.window = {gnt_arg_date(args, "from"), gnt_arg_date(args, "to")}};
    size_t begin, end;
    gnt_strategy_default(&j.strategy);
    GNT_GOTO(gnt_arg_strategy(args, &j.strategy, why));
    GNT_GOTO(gnt_strategy_check(&j.strategy, why));
    if (j.window.from > j.window.to) {
        st = gnt_fail(why, GNT_EUSAGE, "backtest: --from %s is after --to %s", gnt_arg(args, "from"),
                      gnt_arg(args, "to"));
        goto out;
    }
    GNT_GOTO(load(args, &j, why));
    GNT_GOTO(gnt_bars_window(&j.bars, j.window, &begin, &end, why));
    GNT_GOTO(gnt_arg_engine(args, &j.engine, why));
    GNT_GOTO(gnt_backtest_run(&j.engine, &j.bars, &j.raw, j.score, begin, end, &j.strategy, gnt_arg_seed(args),
                              &j.result, why));
    if (gnt_arg(args, "paths")) GNT_GOTO(gnt_paths_write(gnt_arg(args, "paths"), &j.result, &j.bars, why));
    say_answer(args, &j);
    say_returns(args, &j.result);
    say_annual(args, &j.result);
    say_trading(args, &j);
    say_warnings(args, &j);
    gnt_answer(args, answer(args, &j));
out:
    gnt_backtest_free(&j.result);
    gnt_engine_close(&j.engine);
    free(j.score);
    gnt_bars_free(&j.bars);
    gnt_bars_free(&j.raw);
    return st;
}

const gnt_verb gnt_verb_backtest = {
    .name = "backtest",
    .run = run,
    .summary = "simulate given scores",
    .synopsis = "--bars BARS --scores FILE.csv --from DATE --to DATE [options]",
    .detail =
        "A score dated t was made at the close of bar t and acts on bar t+1: it is filled at that bar's open unless\n"
        "--fill says otherwise. Scores outside the window are ignored; a day without a score keeps the position.\n"
        "The window's first score is the one made on the bar before --from.\n"
        "\n"
        "Beside the strategy stand buy-and-hold, always-up, persistence, the strategy's own runs in random order\n"
        "(1,000 times) and cash, all with the same fills and costs. Break-even is the one-way cost at which nothing\n"
        "would be left, and at which holding would have done the same.\n"
        "\n"
        "Examples:\n"
        "  gauntlet backtest --bars IBB.csv --scores s.csv --from 2020-02-20 --to 2020-04-30\n"
        "  gauntlet backtest --bars bars.h5:IBB --scores s.csv --from 2022-01-01 --to 2022-12-31 \\\n"
        "      --shorts true --upper 0.55 --lower 0.45 --between hold --paths book.csv --json",
    .options = options,
    .computes = true,
    .simulates = true,
};
