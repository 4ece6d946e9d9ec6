/* gauntlet ingest: bars in, from files or the net. */
#include "host/market/ingest.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "host/base/mem.h"
#include "host/market/bars_store.h"
#include "host/market/load.h"

/* What the words of the command line own. */
typedef struct inputs {
    const char **symbol, **in;
    char (*named)[GNT_SYMBOL_ROOM]; /* symbols taken from file names */
    gnt_bars *bars;
} inputs;

static void inputs_free(inputs *x, size_t n)
{
    for (size_t i = 0; x->bars && i < n; i++) gnt_bars_free(&x->bars[i]);
    free(x->bars);
    free(x->symbol);
    free(x->in);
    free(x->named);
}

/* ---- the command line ------------------------------------------------------------------------------ */

static gnt_status count_inputs(const gnt_args *args, gnt_ingest *job, gnt_error *why)
{
    size_t n_in = gnt_arg_n(args, "in"), n_symbols = gnt_arg_n(args, "symbol");
    bool csv = job->source == GNT_SOURCE_CSV;
    if (csv && n_in == 0) return gnt_fail(why, GNT_EUSAGE, "--source csv reads files: --in FILE is missing");
    if (csv && n_symbols && n_symbols != n_in)
        return gnt_fail(why, GNT_EUSAGE, "%zu --symbol for %zu --in: give one for each, or none", n_symbols, n_in);
    if (!csv && n_in) return gnt_fail(why, GNT_EUSAGE, "--in goes with --source csv");
    if (!csv && n_symbols == 0) return gnt_fail(why, GNT_EUSAGE, "a download needs --symbol SYMBOL");
    if (!csv && !gnt_arg_given(args, "from")) return gnt_fail(why, GNT_EUSAGE, "a download needs --from DATE");
    job->n = csv ? n_in : n_symbols;
    return GNT_OK;
}

static gnt_status name_inputs(const gnt_args *args, gnt_ingest *job, inputs *x, gnt_error *why)
{
    gnt_status st = GNT_OK;
    GNT_ALLOC(x->symbol, job->n);
    GNT_ALLOC(x->in, job->n);
    GNT_ALLOC(x->named, job->n);
    GNT_ALLOC(x->bars, job->n);
    for (size_t i = 0; i < job->n; i++) {
        x->in[i] = job->source == GNT_SOURCE_CSV ? gnt_arg_at(args, "in", i) : NULL;
        if (gnt_arg_n(args, "symbol"))
            x->symbol[i] = gnt_arg_at(args, "symbol", i);
        else if (gnt_symbol_of_path(x->in[i], x->named[i]))
            x->symbol[i] = x->named[i];
        else
            return gnt_fail(why, GNT_EUSAGE, "%s: file name starts with no symbol: give --symbol", x->in[i]);
        if (!gnt_symbol_valid(x->symbol[i]))
            return gnt_fail(why, GNT_EUSAGE, "symbol '%s': expected 1 to %d printable characters, no slash or blank",
                            x->symbol[i], GNT_SYMBOL_ROOM - 1);
        for (size_t k = 0; k < i; k++)
            if (!strcmp(x->symbol[k], x->symbol[i]))
                return gnt_fail(why, GNT_EUSAGE, "symbol '%s' given twice", x->symbol[i]);
    }
    job->symbol = x->symbol;
    job->in = job->source == GNT_SOURCE_CSV ? x->in : NULL;
out:
    return st;
}

static const char *find_bases(const gnt_args *args, gnt_source source)
{
    const char *base = gnt_arg(args, "base");
    if (!base && source == GNT_SOURCE_YAHOO) base = getenv("GAUNTLET_YAHOO_BASE");
    if (!base && source == GNT_SOURCE_STOOQ) base = getenv("GAUNTLET_STOOQ_BASE");
    return base && *base ? base : NULL;
}

static gnt_status make_job(const gnt_args *args, gnt_ingest *job, inputs *x, gnt_error *why)
{
    *job = (gnt_ingest){.range = GNT_ALL_DAYS, .http = gnt_http_defaults(), .now_unix = (int64_t)time(NULL)};
    if (!gnt_source_parse(gnt_arg(args, "source"), &job->source) ||
        !gnt_calendar_parse(gnt_arg(args, "calendar"), &job->calendar))
        return gnt_fail(why, GNT_EUSAGE, "--source or --calendar is unknown");
    if (gnt_arg_given(args, "from")) job->range.from = gnt_arg_date(args, "from");
    if (gnt_arg_given(args, "to")) job->range.to = gnt_arg_date(args, "to");
    if (job->range.from > job->range.to) return gnt_fail(why, GNT_EUSAGE, "--from is after --to");
    GNT_TRY(count_inputs(args, job, why));
    if (job->source != GNT_SOURCE_CSV && !gnt_arg_given(args, "to")) job->range.to = (gnt_day)(job->now_unix / 86400);
    if (job->range.from > job->range.to) return gnt_fail(why, GNT_EUSAGE, "--from is after today");
    job->bases = find_bases(args, job->source);
    job->http.seed = (uint64_t)job->now_unix ^ (uint64_t)getpid() << 32; /* only spreads retries of many clients */
    uint64_t tries = gnt_arg_count(args, "tries");
    if (tries < 1 || tries > 20)
        return gnt_fail(why, GNT_EUSAGE, "--tries %llu: expected 1 to 20", (unsigned long long)tries);
    job->http.tries = (unsigned)tries;
    return name_inputs(args, job, x, why);
}

/* ---- writing and answering ------------------------------------------------------------------------- */

/* --out, or the folder of --store, or none. */
static bool raw_folder(const gnt_args *args, char *dir, size_t room, gnt_status *st, gnt_error *why)
{
    const char *out = gnt_arg(args, "out"), *store = gnt_arg(args, "store");
    const char *slash = store ? strrchr(store, '/') : NULL;
    int n = 0;
    if (out)
        n = snprintf(dir, room, "%s", out);
    else if (slash)
        n = snprintf(dir, room, "%.*s", slash == store ? 1 : (int)(slash - store), store);
    else
        n = snprintf(dir, room, ".");
    *st = n < 0 || (size_t)n >= room ? gnt_fail(why, GNT_EIO, "%s: path too long", out ? out : store) : GNT_OK;
    return !*st && (out || store);
}

static void say_bars(const gnt_args *args, const gnt_bars *bars)
{
    char first[GNT_DATE_ROOM], last[GNT_DATE_ROOM];
    gnt_say(args, "%s: %zu bars, %s to %s, %s, %zu warning%s", bars->symbol, bars->n,
            gnt_date_format(bars->day[0], first), gnt_date_format(bars->day[bars->n - 1], last),
            gnt_provenance_name(bars->provenance), bars->n_warnings, bars->n_warnings == 1 ? "" : "s");
    for (size_t i = 0; i < bars->n_warnings; i++) {
        const gnt_warning *w = &bars->warnings[i];
        if (w->line)
            gnt_say(args, "  warning %s, line %zu: %s", w->code, w->line, w->text);
        else
            gnt_say(args, "  warning %s: %s", w->code, w->text);
    }
}

static gnt_status store_all(const gnt_args *args, const gnt_ingest *job, const gnt_bars *bars, json_t *rows,
                            gnt_error *why)
{
    char dir[GNT_RAW_NAME_ROOM], path[GNT_RAW_NAME_ROOM];
    const char *store = gnt_arg(args, "store");
    gnt_status st;
    bool writes = raw_folder(args, dir, sizeof dir, &st, why);
    GNT_TRY(st);
    if (writes) GNT_TRY(gnt_make_dirs(dir, why));
    if (store) GNT_TRY(gnt_bars_store_put(store, bars, job->n, why));
    for (size_t i = 0; i < job->n; i++) {
        json_t *row = gnt_ingest_describe(&bars[i]);
        json_array_append_new(rows, row);
        gnt_json_text(row, "store", store);
        gnt_json_text(row, "csv", NULL);
        say_bars(args, &bars[i]);
        if (!writes) continue;
        GNT_TRY(gnt_ingest_raw_name(job, &bars[i], dir, path, why));
        GNT_TRY(gnt_ingest_write_raw(job, i, &bars[i], path, why));
        gnt_json_text(row, "csv", path);
        gnt_say(args, "  %s", path);
    }
    if (store) gnt_say(args, "stored in %s", store);
    if (!writes) gnt_say(args, "nothing stored: no --store or --out given");
    return GNT_OK;
}

static gnt_status run(const gnt_args *args, gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_ingest job;
    inputs x = {0};
    json_t *rows = json_array();
    GNT_GOTO(make_job(args, &job, &x, why));
    GNT_GOTO(gnt_ingest_read(&job, x.bars, gnt_arg_progress(args), why));
    GNT_GOTO(store_all(args, &job, x.bars, rows, why));
    if (job.n == 1) {
        gnt_answer(args, json_incref(json_array_get(rows, 0)));
    } else {
        json_t *object = json_object();
        gnt_json_put(object, "symbols", json_incref(rows));
        gnt_answer(args, object);
    }
out:
    json_decref(rows);
    inputs_free(&x, job.n);
    return st;
}

static const gnt_option options[] = {
    {"source", GNT_OPT_WORD, "csv|yahoo|stooq", "csv", "where the bars come from", false, false},
    {"in", GNT_OPT_FILE, "FILE", NULL, "CSV file to read (Date,Open,High,Low,Close,Adj Close,Volume in any order)",
     false, true},
    {"symbol", GNT_OPT_TEXT, "SYMBOL", NULL,
     "what to download, or the name of an --in (its file name up to '_' or '.')", false, true},
    {"from", GNT_OPT_DATE, "DATE", NULL, "first date, included (needed for a download)", false, false},
    {"to", GNT_OPT_DATE, "DATE", NULL, "last date, included (download: today)", false, false},
    {"store", GNT_OPT_FILE, "FILE.h5", NULL, "bars store to put the symbols in; others in it stay", false, false},
    {"out", GNT_OPT_FILE, "DIR", NULL, "folder for <SYMBOL>_raw_<start>_<end>.csv (the store's folder)", false, false},
    {"calendar", GNT_OPT_WORD, "nyse|weekdays|none", "nyse", "which days are sessions; none: any day", false, false},
    {"base", GNT_OPT_TEXT, "URL[,URL]", NULL, "other servers (also GAUNTLET_YAHOO_BASE, GAUNTLET_STOOQ_BASE)", false,
     false},
    {"tries", GNT_OPT_COUNT, "N", "5", "requests for one download before giving up", false, false},
    {0},
};

const gnt_verb gnt_verb_ingest = {
    .name = "ingest",
    .run = run,
    .summary = "download or read bars, validate, store",
    .synopsis = "--in FILE.csv | --source yahoo|stooq --symbol S --from DATE  [--store FILE.h5] [options]",
    .detail =
        "Every row is checked: dates rise, are past sessions of the calendar, prices lie in (0, 1e9) with open and\n"
        "close inside low..high, volume in 0..2^53. What fails is one line, FILE:LINE: what, expected what, with exit\n"
        "code 1 (can't be read) or 3 (fails a check), and nothing is written. Zero volume, split-like jumps, missing\n"
        "sessions, rows of nulls, a missing Adj Close and a session that is still open are warnings, kept in the\n"
        "store. Several symbols are stored all or none.\n"
        "\n"
        "  gauntlet ingest --in IBB.csv --store bars.h5\n"
        "  gauntlet ingest --source yahoo --symbol IBB --symbol XBI --from 2018-01-01 --to 2023-12-31 --store bars.h5\n"
        "  gauntlet ingest --source stooq --symbol IBB --from 2018-01-01 --out data --json\n",
    .options = options,
};
