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
    char ***listing;                /* [n_listings] of the folders given */
    size_t n_listings, n_bars;
    gnt_bars *bars;
} inputs;

static void inputs_free(inputs *x)
{
    for (size_t i = 0; i < x->n_bars; i++) gnt_bars_free(&x->bars[i]);
    for (size_t i = 0; i < x->n_listings; i++) free(x->listing[i]);
    free(x->listing);
    free(x->bars);
    free(x->symbol);
    free(x->in);
    free(x->named);
}

/* ---- the command line ------------------------------------------------------------------------------ */

static gnt_status check_inputs(const gnt_args *args, const gnt_ingest *job, gnt_error *why)
{
    size_t n_in = gnt_arg_n(args, "in"), n_symbols = gnt_arg_n(args, "symbol");
    bool csv = job->source == GNT_SOURCE_CSV;
    if (csv && n_in == 0) return gnt_fail(why, GNT_EUSAGE, "--source csv reads files: --in FILE is missing");
    if (csv && n_symbols && n_symbols != n_in)
        return gnt_fail(why, GNT_EUSAGE, "%zu --symbol for %zu --in: give one for each, or none", n_symbols, n_in);
    if (!csv && n_in) return gnt_fail(why, GNT_EUSAGE, "--in goes with --source csv");
    if (!csv && n_symbols == 0) return gnt_fail(why, GNT_EUSAGE, "a download needs --symbol SYMBOL");
    if (!csv && !gnt_arg_given(args, "from")) return gnt_fail(why, GNT_EUSAGE, "a download needs --from DATE");
    return GNT_OK;
}

/* Every --in as files: a folder stands for the .csv files in it. */
static gnt_status list_files(const gnt_args *args, gnt_ingest *job, inputs *x, gnt_error *why)
{
    gnt_status st = GNT_OK;
    size_t n_in = gnt_arg_n(args, "in"), room = 0;
    void *block = NULL;
    GNT_ALLOC(x->listing, n_in);
    for (size_t i = 0; i < n_in; i++) {
        const char *path = gnt_arg_at(args, "in", i);
        char **paths = NULL;
        size_t n = 1;
        if (gnt_is_folder(path)) {
            if (gnt_arg_n(args, "symbol"))
                return gnt_fail(why, GNT_EUSAGE,
                                "--in %s is a folder: its symbols are named by its files, not --symbol", path);
            GNT_TRY(gnt_folder_list(path, ".csv", &paths, &n, why));
            x->listing[x->n_listings++] = paths;
            if (n == 0) return gnt_fail(why, GNT_EIO, "%s: no .csv file in the folder", path);
        }
        GNT_GOTO(gnt_grow(&block, &room, job->n + n, sizeof *x->in));
        x->in = block;
        for (size_t k = 0; k < n; k++) x->in[job->n++] = paths ? paths[k] : path;
    }
out:
    return st ? gnt_fail(why, st, "out of memory for the names of files") : GNT_OK;
}

/* The symbol given, else the one the file name begins with. */
static gnt_status name_input(const gnt_args *args, inputs *x, size_t i, gnt_error *why)
{
    if (gnt_arg_n(args, "symbol"))
        x->symbol[i] = gnt_arg_at(args, "symbol", i);
    else if (gnt_symbol_of_path(x->in[i], x->named[i]))
        x->symbol[i] = x->named[i];
    else
        return gnt_fail(why, GNT_EUSAGE, "%s: file name starts with no symbol: give --symbol", x->in[i]);
    if (!gnt_symbol_valid(x->symbol[i]))
        return gnt_fail(why, GNT_EUSAGE,
                        "symbol '%s': expected 1 to %d printable characters, no slash, blank, colon or star",
                        x->symbol[i], GNT_SYMBOL_ROOM - 1);
    return GNT_OK;
}

typedef struct named_input {
    const char *symbol, *in;
} named_input;

static int by_symbol(const void *a, const void *b)
{
    return strcmp(((const named_input *)a)->symbol, ((const named_input *)b)->symbol);
}

static gnt_status check_names(const gnt_ingest *job, const inputs *x, gnt_error *why)
{
    gnt_status st = GNT_OK;
    named_input *order = NULL;
    GNT_ALLOC(order, job->n);
    for (size_t i = 0; i < job->n; i++) order[i] = (named_input){x->symbol[i], x->in ? x->in[i] : NULL};
    qsort(order, job->n, sizeof *order, by_symbol);
    for (size_t i = 1; i < job->n && !st; i++) {
        const named_input *a = &order[i - 1], *b = &order[i];
        if (strcmp(a->symbol, b->symbol)) continue;
        st = gnt_fail(why, GNT_EUSAGE, "symbol '%s' given twice%s%s%s%s", a->symbol, a->in ? ": " : "",
                      a->in ? a->in : "", a->in ? " and " : "", b->in ? b->in : "");
    }
out:
    free(order);
    return st;
}

static gnt_status name_inputs(const gnt_args *args, gnt_ingest *job, inputs *x, gnt_error *why)
{
    gnt_status st = GNT_OK;
    bool csv = job->source == GNT_SOURCE_CSV;
    if (csv)
        GNT_TRY(list_files(args, job, x, why));
    else
        job->n = gnt_arg_n(args, "symbol");
    GNT_ALLOC(x->symbol, job->n);
    GNT_ALLOC(x->named, job->n);
    GNT_ALLOC(x->bars, job->n);
    x->n_bars = job->n;
    for (size_t i = 0; i < job->n; i++) GNT_TRY(name_input(args, x, i, why));
    GNT_TRY(check_names(job, x, why));
    job->symbol = x->symbol;
    job->in = csv ? x->in : NULL;
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
    GNT_TRY(check_inputs(args, job, why));
    if (job->source != GNT_SOURCE_CSV && !gnt_arg_given(args, "to")) job->range.to = (gnt_day)(job->now_unix / 86400);
    if (job->range.from > job->range.to) return gnt_fail(why, GNT_EUSAGE, "--from is after today");
    job->bases = find_bases(args, job->source);
    job->http.seed = (uint64_t)job->now_unix ^ (uint64_t)getpid() << 32; /* only spreads retries of many clients */
    uint64_t tries = gnt_arg_count(args, "tries");
    if (tries < 1 || tries > 20)
        return gnt_fail(why, GNT_EUSAGE, "--tries %llu: expected 1 to 20", (unsigned long long)tries);
    job->http.tries = (unsigned)tries;
    uint64_t threads = gnt_arg_count(args, "threads");
    if (threads > 1024)
        return gnt_fail(why, GNT_EUSAGE, "--threads %llu: expected 0 to 1024", (unsigned long long)threads);
    job->threads = (unsigned)threads;
    return name_inputs(args, job, x, why);
}

/* ---- writing and answering ------------------------------------------------------------------------- */

/* Whether raw CSVs are written, and where: --out, or the folder of --store. Bars that came from a folder are CSVs
 * already: they are copied only by --out. */
static bool raw_folder(const gnt_args *args, const inputs *x, char *dir, size_t room, gnt_status *st, gnt_error *why)
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
    return !*st && (out || (store && x->n_listings == 0));
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

enum { SYMBOLS_SHOWN = 20 }; /* to a person; of more only the totals */

static gnt_status write_raw(const gnt_args *args, const gnt_ingest *job, size_t i, const gnt_bars *bars,
                            const char *dir, json_t *row, gnt_error *why)
{
    char path[GNT_RAW_NAME_ROOM];
    GNT_TRY(gnt_ingest_raw_name(job, bars, dir, path, why));
    GNT_TRY(gnt_ingest_write_raw(job, i, bars, path, why));
    gnt_json_text(row, "csv", path);
    if (job->n <= SYMBOLS_SHOWN) gnt_say(args, "  %s", path);
    return GNT_OK;
}

static gnt_status store_all(const gnt_args *args, const gnt_ingest *job, const inputs *x, json_t *rows, gnt_error *why)
{
    char dir[GNT_RAW_NAME_ROOM];
    const char *store = gnt_arg(args, "store"), *slash = store ? strrchr(store, '/') : NULL;
    gnt_status st;
    bool writes = raw_folder(args, x, dir, sizeof dir, &st, why);
    GNT_TRY(st);
    if (writes || (slash && slash != store)) GNT_TRY(gnt_make_dirs(dir, why));
    if (store) GNT_TRY(gnt_bars_store_put(store, x->bars, job->n, gnt_arg_progress(args), why));
    for (size_t i = 0; i < job->n; i++) {
        json_t *row = gnt_ingest_describe(&x->bars[i]);
        json_array_append_new(rows, row);
        gnt_json_text(row, "store", store);
        gnt_json_text(row, "csv", NULL);
        if (job->n <= SYMBOLS_SHOWN) say_bars(args, &x->bars[i]);
        if (writes) GNT_TRY(write_raw(args, job, i, &x->bars[i], dir, row, why));
    }
    return GNT_OK;
}

/* What the symbols come to together. */
static json_t *totals(const gnt_args *args, const gnt_ingest *job, const gnt_bars *bars)
{
    char first[GNT_DATE_ROOM], last[GNT_DATE_ROOM];
    gnt_day from = bars[0].day[0], to = from;
    size_t rows = 0, warnings = 0;
    for (size_t i = 0; i < job->n; i++) {
        rows += bars[i].n;
        warnings += bars[i].n_warnings;
        if (bars[i].day[0] < from) from = bars[i].day[0];
        if (bars[i].day[bars[i].n - 1] > to) to = bars[i].day[bars[i].n - 1];
    }
    json_t *object = json_object();
    gnt_json_count(object, "symbols", job->n);
    gnt_json_count(object, "rows", rows);
    gnt_json_text(object, "first", gnt_date_format(from, first));
    gnt_json_text(object, "last", gnt_date_format(to, last));
    gnt_json_count(object, "warnings", warnings);
    if (job->n > SYMBOLS_SHOWN)
        gnt_say(args, "%zu symbols: %zu bars, %s to %s, %zu warning%s (--json lists them)", job->n, rows, first, last,
                warnings, warnings == 1 ? "" : "s");
    return object;
}

static void answer(const gnt_args *args, const gnt_ingest *job, const inputs *x, json_t *rows)
{
    const char *store = gnt_arg(args, "store");
    json_t *together = totals(args, job, x->bars);
    if (store) gnt_say(args, "stored in %s", store);
    if (!store && !gnt_arg(args, "out")) gnt_say(args, "nothing stored: no --store or --out given");
    if (job->n == 1 && x->n_listings == 0) { /* a folder may hold one file today and two tomorrow */
        json_decref(together);
        gnt_answer(args, json_incref(json_array_get(rows, 0)));
        return;
    }
    json_t *object = json_object();
    gnt_json_put(object, "symbols", json_incref(rows));
    gnt_json_put(object, "totals", together);
    gnt_answer(args, object);
}

static gnt_status run(const gnt_args *args, gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_ingest job;
    inputs x = {0};
    json_t *rows = json_array();
    GNT_GOTO(make_job(args, &job, &x, why));
    GNT_GOTO(gnt_ingest_read(&job, x.bars, gnt_arg_progress(args), why));
    GNT_GOTO(store_all(args, &job, &x, rows, why));
    answer(args, &job, &x, rows);
out:
    json_decref(rows);
    inputs_free(&x);
    return st;
}

static const gnt_option options[] = {
    {"source", GNT_OPT_WORD, "csv|yahoo|stooq", "csv", "where the bars come from", false, false},
    {"in", GNT_OPT_FILE, "FILE|DIR", NULL,
     "CSV file to read (Date,Open,High,Low,Close,Adj Close,Volume in any order), or a folder of .csv files", false,
     true},
    {"symbol", GNT_OPT_TEXT, "SYMBOL", NULL,
     "what to download, or the name of an --in (its file name up to '_' or '.')", false, true},
    {"from", GNT_OPT_DATE, "DATE", NULL, "first date, included (needed for a download)", false, false},
    {"to", GNT_OPT_DATE, "DATE", NULL, "last date, included (download: today)", false, false},
    {"store", GNT_OPT_FILE, "FILE.h5", NULL, "bars store to put the symbols in; others in it stay", false, false},
    {"out", GNT_OPT_FILE, "DIR", NULL, "folder for <SYMBOL>_raw_<start>_<end>.csv (the store's folder)", false, false},
    {"calendar", GNT_OPT_WORD, "nyse|weekdays|none", "nyse", "which days are sessions; none: any day", false, false},
    {"base", GNT_OPT_TEXT, "URL[,URL]", NULL, "other servers (also GAUNTLET_YAHOO_BASE, GAUNTLET_STOOQ_BASE)", false,
     false},
    {"threads", GNT_OPT_COUNT, "N", "0", "threads that read files (0: all cores)", false, false},
    {"tries", GNT_OPT_COUNT, "N", "5", "requests for one download before giving up", false, false},
    {0},
};

const gnt_verb gnt_verb_ingest = {
    .name = "ingest",
    .run = run,
    .summary = "download or read bars, validate, store",
    .synopsis = "--in FILE.csv|DIR | --source yahoo|stooq --symbol S --from DATE  [--store FILE.h5] [options]",
    .detail =
        "Every row is checked: dates rise, are past sessions of the calendar, prices lie in (0, 1e9) with open and\n"
        "close inside low..high, volume in 0..2^53. What fails is one line, FILE:LINE: what, expected what, with exit\n"
        "code 1 (can't be read) or 3 (fails a check), and nothing is written. Zero volume, split-like jumps, missing\n"
        "sessions, rows of nulls, a missing Adj Close and a session that is still open are warnings, kept in the\n"
        "store. Several symbols are stored all or none; when several files fail, each has its line.\n"
        "\n"
        "--in DIR reads every .csv file of the folder (none below it), each under the symbol its name begins with, up "
        "to\n"
        "the first '_' or '.'; a symbol that comes twice is refused. <SYMBOL>_raw_*.csv copies of a folder's files "
        "are\n"
        "written only with --out.\n"
        "\n"
        "  gauntlet ingest --in IBB.csv --store bars.h5\n"
        "  gauntlet ingest --in universe/ --store bars.h5 --json\n"
        "  gauntlet ingest --source yahoo --symbol IBB --symbol XBI --from 2018-01-01 --to 2023-12-31 --store bars.h5\n"
        "  gauntlet ingest --source stooq --symbol IBB --from 2018-01-01 --out data --json\n",
    .options = options,
};
