#include "ingest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csv_bars.h"
#include "host/base/file.h"
#include "host/base/mem.h"
#include "host/base/parallel.h"
#include "load.h"
#include "stooq.h"
#include "yahoo.h"

enum { URL_ROOM = 1024 };

/* ---- sources as rows -------------------------------------------------------------------------------- */

typedef struct source {
    const char *name, *bases;
    gnt_status (*url)(char *out, size_t room, const char *base, const char *symbol, gnt_range range, gnt_error *why);
    gnt_status (*parse)(const char *name, const gnt_text *body, int64_t now_unix, gnt_raw_bars *raw, gnt_error *why);
    bool (*is_cut)(const gnt_text *body, bool framed);
} source;

static gnt_status parse_stooq(const char *name, const gnt_text *body, int64_t now_unix, gnt_raw_bars *raw,
                              gnt_error *why)
{
    (void)now_unix; /* Stooq does not say which session is open */
    return gnt_stooq_parse(name, body, raw, why);
}

static const source sources[] = {
    [GNT_SOURCE_CSV] = {.name = "csv"},
    [GNT_SOURCE_YAHOO] = {"yahoo", GNT_YAHOO_BASES, gnt_yahoo_url, gnt_yahoo_parse, gnt_yahoo_is_cut},
    [GNT_SOURCE_STOOQ] = {"stooq", GNT_STOOQ_BASES, gnt_stooq_url, parse_stooq, gnt_stooq_is_cut},
};

bool gnt_source_parse(const char *name, gnt_source *chosen)
{
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++)
        if (!strcmp(name, sources[i].name)) {
            *chosen = (gnt_source)i;
            return true;
        }
    return false;
}

/* ---- downloads -------------------------------------------------------------------------------------- */

typedef struct urls {
    char text[GNT_HTTP_HOSTS][URL_ROOM];
} urls;

/* One URL for each base of "A,B". */
static gnt_status make_request(const gnt_ingest *job, size_t i, urls *u, gnt_http_request *request, gnt_error *why)
{
    const source *s = &sources[job->source];
    const char *base = job->bases ? job->bases : s->bases;
    *request = (gnt_http_request){.name = job->symbol[i], .is_cut = s->is_cut};
    while (*base && request->n_urls < GNT_HTTP_HOSTS) {
        char one[URL_ROOM];
        size_t n = strcspn(base, ","), length = n;
        while (length && base[length - 1] == '/') length--;
        if ((strncmp(base, "http://", 7) && strncmp(base, "https://", 8)) || n >= sizeof one)
            return gnt_fail(why, GNT_EINVAL, "base '%.80s', expected http://HOST or https://HOST", base);
        memcpy(one, base, length);
        one[length] = 0;
        GNT_TRY(s->url(u->text[request->n_urls], URL_ROOM, one, job->symbol[i], job->range, why));
        request->url[request->n_urls] = u->text[request->n_urls];
        request->n_urls++;
        base += n + (base[n] == ',');
    }
    if (request->n_urls == 0) return gnt_fail(why, GNT_EINVAL, "no base URL, expected http://HOST or https://HOST");
    return GNT_OK;
}

static gnt_status take_answer(const gnt_ingest *job, size_t i, const gnt_http_request *request, gnt_bars *bars,
                              gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_raw_bars raw = {0};
    const char *url = request->url[request->answered], *symbol = job->symbol[i];
    const gnt_checks checks = {job->calendar, false, job->range, job->now_unix};
    st = sources[job->source].parse(url, &request->body, job->now_unix, &raw, why);
    if (request->status != 200 && st != GNT_ENET) /* no reason of its own, or one that is beside the point */
        st = gnt_fail(why, GNT_ENET, "%s: %s: HTTP %ld, expected 200", symbol, url, request->status);
    if (st) goto out;
    snprintf(bars->symbol, sizeof bars->symbol, "%s", symbol);
    snprintf(bars->source, sizeof bars->source, "%s", url);
    bars->provenance = strncmp(symbol, "SYN-", 4) ? GNT_REAL : GNT_SYNTHETIC;
    bars->retrieved_unix = job->now_unix;
    GNT_GOTO(gnt_sha256(request->body.data, request->body.n, bars->sha256, why));
    st = gnt_bars_validate(&raw, &checks, bars, why);
out:
    gnt_raw_bars_free(&raw);
    return st;
}

static gnt_status read_downloads(const gnt_ingest *job, gnt_bars *bars, const gnt_progress *progress, gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_http_request *request = NULL;
    urls *u = NULL;
    GNT_ALLOC(request, job->n);
    GNT_ALLOC(u, job->n);
    for (size_t i = 0; i < job->n; i++) GNT_GOTO(make_request(job, i, &u[i], &request[i], why));
    GNT_GOTO(gnt_http_get(&job->http, request, job->n, progress, why));
    for (size_t i = 0; i < job->n; i++) GNT_GOTO(take_answer(job, i, &request[i], &bars[i], why));
out:
    for (size_t i = 0; request && i < job->n; i++) gnt_http_request_free(&request[i]);
    free(request);
    free(u);
    return st;
}

/* ---- files ------------------------------------------------------------------------------------------ */

enum { FILES_A_STEP = 64 }; /* between two looks at the progress bar */

typedef struct reading {
    const gnt_ingest *job;
    size_t begin;
    gnt_bars *bars;
    gnt_error *error; /* [n] */
} reading;

static void read_file(void *arg, size_t i)
{
    const reading *r = arg;
    const gnt_ingest *job = r->job;
    const gnt_checks checks = {job->calendar, false, job->range, job->now_unix};
    i += r->begin;
    r->error[i].status = gnt_bars_load_csv(job->in[i], job->symbol[i], &checks, &r->bars[i], &r->error[i]);
}

/* One bad file speaks for itself; of several each has its line, and the last word says what became of the rest. */
static gnt_status file_errors(const gnt_error *error, size_t n, const gnt_progress *progress, gnt_error *why)
{
    size_t n_bad = 0, first = 0;
    for (size_t i = n; i-- > 0;)
        if (error[i].status) n_bad++, first = i;
    if (n_bad == 0) return GNT_OK;
    if (n_bad == 1) return gnt_fail(why, error[first].status, "%s", error[first].text);
    for (size_t i = 0; i < n; i++)
        if (error[i].status) gnt_progress_log(progress, error[i].text);
    return gnt_fail(why, error[first].status, "%zu of %zu files failed, nothing is stored; the first: %.500s", n_bad, n,
                    error[first].text);
}

static gnt_status read_files(const gnt_ingest *job, gnt_bars *bars, const gnt_progress *progress, gnt_error *why)
{
    gnt_status st = GNT_OK;
    reading r = {.job = job, .bars = bars};
    GNT_ALLOC(r.error, job->n);
    for (; r.begin < job->n; r.begin += FILES_A_STEP) {
        if (!gnt_progress_report(progress, "reading files", (double)r.begin, (double)job->n, "")) {
            st = gnt_fail(why, GNT_EINTERRUPTED, "stopped while reading files");
            goto out;
        }
        size_t left = job->n - r.begin;
        gnt_parallel_for(job->threads, left < FILES_A_STEP ? left : FILES_A_STEP, read_file, &r);
    }
    gnt_progress_report(progress, "reading files", (double)job->n, (double)job->n, "");
    st = file_errors(r.error, job->n, progress, why);
out:
    free(r.error);
    return st;
}

/* ---- reading ---------------------------------------------------------------------------------------- */

gnt_status gnt_ingest_read(const gnt_ingest *job, gnt_bars *bars, const gnt_progress *progress, gnt_error *why)
{
    memset(bars, 0, job->n * sizeof *bars);
    gnt_status st =
        job->source == GNT_SOURCE_CSV ? read_files(job, bars, progress, why) : read_downloads(job, bars, progress, why);
    for (size_t i = 0; st && i < job->n; i++) gnt_bars_free(&bars[i]);
    return st;
}

/* ---- the raw CSV ------------------------------------------------------------------------------------ */

gnt_status gnt_ingest_raw_name(const gnt_ingest *job, const gnt_bars *bars, const char *dir,
                               char out[GNT_RAW_NAME_ROOM], gnt_error *why)
{
    char from[GNT_DATE_ROOM], to[GNT_DATE_ROOM], name[GNT_SYMBOL_ROOM + 40];
    const gnt_range all = GNT_ALL_DAYS;
    gnt_date_format(job->range.from == all.from ? bars->day[0] : job->range.from, from);
    gnt_date_format(job->range.to == all.to ? bars->day[bars->n - 1] : job->range.to, to);
    snprintf(name, sizeof name, "%s_raw_%s_%s.csv", bars->symbol, from, to);
    return gnt_path_join(out, GNT_RAW_NAME_ROOM, dir, name, why);
}

gnt_status gnt_ingest_write_raw(const gnt_ingest *job, size_t i, const gnt_bars *bars, const char *path, gnt_error *why)
{
    char manifest[GNT_RAW_NAME_ROOM + 32];
    if (job->in && gnt_same_file(job->in[i], path)) return GNT_OK;
    snprintf(manifest, sizeof manifest, "%s.manifest.json", path);
    json_t *object = gnt_ingest_describe(bars);
    gnt_json_text(object, "calendar", gnt_calendar_name(job->calendar));
    gnt_status st = gnt_json_write(manifest, object, why); /* first, so that no CSV is ever without its provenance */
    json_decref(object);
    return st ? st : gnt_csv_bars_write(path, bars, why);
}

json_t *gnt_ingest_describe(const gnt_bars *bars)
{
    char first[GNT_DATE_ROOM], last[GNT_DATE_ROOM];
    json_t *object = json_object(), *warnings = json_array();
    gnt_json_text(object, "symbol", bars->symbol);
    gnt_json_count(object, "rows", bars->n);
    gnt_json_text(object, "first", gnt_date_format(bars->day[0], first));
    gnt_json_text(object, "last", gnt_date_format(bars->day[bars->n - 1], last));
    gnt_json_text(object, "sha256", bars->sha256);
    gnt_json_text(object, "source", bars->source);
    gnt_json_put(object, "retrieved_unix", bars->retrieved_unix ? json_integer(bars->retrieved_unix) : json_null());
    gnt_json_text(object, "provenance", gnt_provenance_name(bars->provenance));
    for (size_t i = 0; i < bars->n_warnings; i++) {
        json_t *row = json_object();
        gnt_json_count(row, "line", bars->warnings[i].line);
        gnt_json_text(row, "code", bars->warnings[i].code);
        gnt_json_text(row, "text", bars->warnings[i].text);
        json_array_append_new(warnings, row);
    }
    gnt_json_put(object, "warnings", warnings);
    return object;
}
