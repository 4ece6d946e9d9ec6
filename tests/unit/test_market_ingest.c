/* From a server to a store: downloads in Yahoo's and Stooq's shape, and the store under kills. */
#include "tests/test.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

#include "host/market/bars_store.h"
#include "host/market/ingest.h"
#include "tests/http_server.h"

static gnt_error why;
static char folder[64], store[128];

#define MUST(call)                                                 \
    do {                                                           \
        if ((call) != GNT_OK) fail_msg("%s: %s", #call, why.text); \
    } while (0)

static int set_up(void **state)
{
    (void)state;
    setenv("no_proxy", "127.0.0.1", 1);
    snprintf(folder, sizeof folder, "test_market_ingest.%ld", (long)getpid());
    snprintf(store, sizeof store, "%s/bars.h5", folder);
    return gnt_make_dirs(folder, &why);
}

static int tear_down(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

/* 2024-01-02, -03, -04 (nulls), -05 at 14:30 UTC. */
#define YAHOO                                                                                                         \
    "{\"chart\":{\"result\":[{\"meta\":{\"symbol\":\"T\",\"gmtoffset\":-18000,\"exchangeTimezoneName\":\"America/"    \
    "New_York\"},"                                                                                                    \
    "\"timestamp\":[1704205800,1704292200,1704378600,1704465000],\"indicators\":{\"quote\":[{\"open\":[10,10.5,null," \
    "11],"                                                                                                            \
    "\"high\":[11,11.5,null,12],\"low\":[9,9.5,null,10],\"close\":[10.5,10.25,null,11.125],\"volume\":[100,200,null," \
    "300]}],"                                                                                                         \
    "\"adjclose\":[{\"adjclose\":[10,9.75,null,11.125]}]}}],\"error\":null}}"
#define GONE                                                                                                        \
    "{\"chart\":{\"result\":null,\"error\":{\"code\":\"Not Found\",\"description\":\"No data found, symbol may be " \
    "delisted\"}}}"
#define STOOQ "Date,Open,High,Low,Close,Volume\r\n2024-01-02,10,11,9,10.5,100\r\n2024-01-03,10.5,11.5,9.5,10.25,200\r\n"

/* What the symbol in the target asks for. */
static reply answer(void *self, const char *target, unsigned number)
{
    (void)self;
    if (strstr(target, "/GONE?")) return (reply){REPLY_WHOLE, "404 Not Found", "", GONE};
    if (strstr(target, "/WRONG?")) return (reply){REPLY_WHOLE, "200 OK", "", "{\"finance\":{\"error\":null}}"};
    if (strstr(target, "/PAGE?")) return (reply){REPLY_WHOLE, "200 OK", "", "<html>consent</html>"};
    if (strstr(target, "/DENIED?")) return (reply){REPLY_WHOLE, "403 Forbidden", "", "<html>no</html>"};
    if (strstr(target, "s=none.us")) return (reply){REPLY_WHOLE, "200 OK", "", "No data"};
    if (strstr(target, "s=limit.us")) return (reply){REPLY_WHOLE, "200 OK", "", "Exceeded the daily hits limit"};
    if (strstr(target, "s=busy.us") && number == 0) return (reply){REPLY_WHOLE, "503 Busy", "", ""};
    if (strstr(target, "s=open.us") && number == 0)
        return (reply){REPLY_UNFRAMED, "200 OK", "", "Date,Open\r\n2024-01-0"};
    if (strstr(target, "/q/d/l/")) return (reply){REPLY_UNFRAMED, "200 OK", "", STOOQ};
    if (strstr(target, "/HALF?") && number == 0)
        return (reply){REPLY_UNFRAMED, "200 OK", "", "{\"chart\":{\"result\":[{"};
    if (strstr(target, "/ALWAYSHALF?")) return (reply){REPLY_UNFRAMED, "200 OK", "", "{\"chart\":{\"result\":[{"};
    return (reply){REPLY_WHOLE, "200 OK", "", YAHOO};
}

static gnt_ingest job_of(gnt_source source, const char *bases, const char *const *symbol, size_t n)
{
    gnt_ingest job = {.source = source, .n = n, .symbol = symbol, .bases = bases, .http = gnt_http_defaults()};
    job.range = (gnt_range){gnt_day_of(2024, 1, 1), gnt_day_of(2024, 1, 5)};
    job.now_unix = (int64_t)gnt_day_of(2024, 3, 6) * 86400;
    job.http.backoff_s = 0.01;
    job.http.tries = 3;
    return job;
}

static const struct download {
    gnt_source source;
    const char *symbol;
    gnt_status status;
    const char *fragment; /* in the error */
    size_t n, n_warnings; /* bars */
    unsigned requests;
} downloads[] = {
    {GNT_SOURCE_YAHOO, "IBB", GNT_OK, "", 3, 1, 1},
    {GNT_SOURCE_YAHOO, "^GSPC", GNT_OK, "", 3, 1, 1},
    {GNT_SOURCE_YAHOO, "HALF", GNT_OK, "", 3, 1, 2},
    {GNT_SOURCE_YAHOO, "ALWAYSHALF", GNT_ENET, "body cut short", 0, 0, 3},
    {GNT_SOURCE_YAHOO, "GONE", GNT_ENET, "No data found, symbol may be delisted", 0, 0, 1},
    {GNT_SOURCE_YAHOO, "WRONG", GNT_EPARSE, "no object 'chart'", 0, 0, 1},
    {GNT_SOURCE_YAHOO, "PAGE", GNT_EPARSE, "not valid JSON", 0, 0, 1},
    {GNT_SOURCE_YAHOO, "DENIED", GNT_ENET, "HTTP 403, expected 200", 0, 0, 1},
    {GNT_SOURCE_STOOQ, "IBB", GNT_OK, "", 2, 1, 1},
    {GNT_SOURCE_STOOQ, "BUSY", GNT_OK, "", 2, 1, 2},
    {GNT_SOURCE_STOOQ, "OPEN", GNT_OK, "", 2, 1, 2},
    {GNT_SOURCE_STOOQ, "NONE", GNT_ENET, "No data", 0, 0, 1},
    {GNT_SOURCE_STOOQ, "LIMIT", GNT_ENET, "daily hits limit", 0, 0, 1},
};

static void a_download_each(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof downloads / sizeof *downloads; i++) {
        const struct download *row = &downloads[i];
        http_server server;
        gnt_bars bars;
        server_start(&server, answer, NULL);
        gnt_ingest job = job_of(row->source, server.base, &row->symbol, 1);
        gnt_status st = gnt_ingest_read(&job, &bars, NULL, &why);
        server_stop(&server);
        if (st != row->status || (st && !strstr(why.text, row->fragment)))
            fail_msg("%s: %d '%s', expected %d '%s'", row->symbol, st, why.text, row->status, row->fragment);
        if (server.n_requests != row->requests)
            fail_msg("%s: %u requests, expected %u", row->symbol, server.n_requests, row->requests);
        if (bars.n != row->n || bars.n_warnings != row->n_warnings)
            fail_msg("%s: %zu bars, %zu warnings", row->symbol, bars.n, bars.n_warnings);
        gnt_bars_free(&bars);
    }
}

static void what_a_download_holds(void **state)
{
    (void)state;
    const char *symbol = "IBB";
    char sha256[GNT_SHA256_ROOM], bases[128];
    http_server server;
    gnt_bars bars;
    server_start(&server, answer, NULL);
    snprintf(bases, sizeof bases, "http://127.0.0.1:1,%s/", server.base); /* nothing listens on port 1 */
    gnt_ingest job = job_of(GNT_SOURCE_YAHOO, bases, &symbol, 1);
    MUST(gnt_ingest_read(&job, &bars, NULL, &why));
    server_stop(&server);
    assert_string_equal(server.target[0], "/v8/finance/chart/IBB?period1=1704067200&period2=1704499200&interval=1d"
                                          "&events=div%2Csplits&includeAdjustedClose=true");
    assert_int_equal(bars.provenance, GNT_REAL);
    assert_int_equal(bars.retrieved_unix, job.now_unix);
    assert_non_null(strstr(bars.source, "/v8/finance/chart/IBB"));
    MUST(gnt_sha256(YAHOO, strlen(YAHOO), sha256, &why));
    assert_string_equal(bars.sha256, sha256);
    assert_true(bars.day[2] == gnt_day_of(2024, 1, 5) && bars.close[2] == 11.125 && bars.adj_close[1] == 9.75);
    assert_string_equal(bars.warnings[0].code, "null_row");
    gnt_bars_free(&bars);
}

static void several_are_all_or_none(void **state)
{
    (void)state;
    const char *good[] = {"AAA", "BBB", "CCC"}, *bad[] = {"AAA", "GONE", "CCC"};
    http_server server;
    gnt_bars bars[3];
    server_start(&server, answer, NULL);
    gnt_ingest job = job_of(GNT_SOURCE_YAHOO, server.base, good, 3);
    MUST(gnt_ingest_read(&job, bars, NULL, &why));
    for (int i = 0; i < 3; i++) {
        assert_string_equal(bars[i].symbol, good[i]);
        gnt_bars_free(&bars[i]);
    }
    job.symbol = bad;
    assert_int_equal(gnt_ingest_read(&job, bars, NULL, &why), GNT_ENET);
    for (int i = 0; i < 3; i++) assert_null(bars[i].day);
    server_stop(&server);
}

/* The program itself, by the environment's base, as a person would run it. */
static void the_program_downloads(void **state)
{
    (void)state;
    if (access("./gauntlet", X_OK)) skip();
    char command[2048];
    http_server server;
    server_start(&server, answer, NULL);
    setenv("GAUNTLET_YAHOO_BASE", server.base, 1);
    snprintf(command, sizeof command,
             "./gauntlet ingest --source yahoo --symbol AAA --symbol BBB --from 2024-01-01 --to 2024-01-05 --store %s "
             "--json > %s/out.json 2> %s/err && grep -q '\"rows\": 3' %s/out.json && ls "
             "%s/BBB_raw_2024-01-01_2024-01-05.csv "
             "> %s/ls",
             store, folder, folder, folder, folder, folder);
    int bad = system(command);
    snprintf(
        command, sizeof command,
        "./gauntlet ingest --source yahoo --symbol AAA --symbol GONE --from 2024-01-01 --store %s/none.h5 --json "
        "> %s/out.json 2> %s/err; test $? = 1 && test ! -e %s/none.h5 && grep -q '\"error\": \"network\"' %s/out.json",
        folder, folder, folder, folder, folder);
    int worse = system(command);
    server_stop(&server);
    if (bad || worse) fail_msg("exit %d and %d, expected 0 and 0", bad, worse);
    gnt_bars bars;
    MUST(gnt_bars_store_get(store, "BBB", &bars, &why));
    assert_int_equal(bars.n, 3);
    assert_int_equal(bars.n_warnings, 1);
    gnt_bars_free(&bars);
}

/* ---- the store ---------------------------------------------------------------------------------------- */

/* n bars whose every number says which writing it was. */
static void make_bars(gnt_bars *bars, const char *symbol, size_t n, double mark)
{
    MUST(gnt_bars_alloc(bars, n, &why));
    snprintf(bars->symbol, sizeof bars->symbol, "%s", symbol);
    snprintf(bars->sha256, sizeof bars->sha256, "%064d", 0);
    for (size_t t = 0; t < n; t++) {
        bars->day[t] = (gnt_day)t;
        bars->open[t] = bars->high[t] = bars->low[t] = bars->close[t] = bars->adj_close[t] = mark;
        bars->volume[t] = mark;
    }
}

static void put_one(const char *symbol, size_t n, double mark)
{
    gnt_bars bars = {0};
    make_bars(&bars, symbol, n, mark);
    MUST(gnt_bars_store_put(store, &bars, 1, NULL, &why));
    gnt_bars_free(&bars);
}

static void check_one(const char *symbol, size_t n, double mark)
{
    gnt_bars bars;
    MUST(gnt_bars_store_get(store, symbol, &bars, &why));
    if (bars.n != n || bars.close[0] != mark || bars.volume[n - 1] != mark)
        fail_msg("%s: %zu bars of %g, expected %zu of %g", symbol, bars.n, bars.close[0], n, mark);
    gnt_bars_free(&bars);
}

static void a_symbol_is_replaced_the_others_stay(void **state)
{
    (void)state;
    remove(store);
    put_one("BBB", 10, 1);
    put_one("AAA", 20, 2);
    put_one("BBB", 30, 3);
    check_one("AAA", 20, 2);
    check_one("BBB", 30, 3);
    gnt_bars bars;
    assert_int_equal(gnt_bars_store_get(store, "CCC", &bars, &why), GNT_EDATA);
    assert_non_null(strstr(why.text, "no symbol 'CCC', expected one of: AAA, BBB"));
    assert_int_equal(gnt_bars_store_get(store, "../AAA", &bars, &why), GNT_EDATA);
    char spec[160];
    snprintf(spec, sizeof spec, "%s:AAA", store);
    MUST(gnt_bars_load(spec, 0, &bars, &why));
    assert_int_equal(bars.n, 20);
    gnt_bars_free(&bars);
    assert_int_equal(gnt_bars_load(store, 0, &bars, &why), GNT_EINVAL);
}

static void warnings_come_back(void **state)
{
    (void)state;
    gnt_bars bars = {0}, back;
    make_bars(&bars, "WWW", 5, 4);
    bars.warnings = calloc(2, sizeof *bars.warnings);
    assert_non_null(bars.warnings);
    bars.n_warnings = 2;
    bars.warnings[1] = (gnt_warning){.line = 7, .code = "zero_volume", .text = "2024-03-05: volume is zero"};
    bars.provenance = GNT_SYNTHETIC;
    bars.retrieved_unix = 1700000000;
    snprintf(bars.source, sizeof bars.source, "https://example.org/caf\xc3\xa9");
    MUST(gnt_bars_store_put(store, &bars, 1, NULL, &why));
    MUST(gnt_bars_store_get(store, "WWW", &back, &why));
    assert_int_equal(back.n_warnings, 2);
    assert_int_equal(back.warnings[1].line, 7);
    assert_string_equal(back.warnings[1].code, "zero_volume");
    assert_string_equal(back.warnings[1].text, "2024-03-05: volume is zero");
    assert_int_equal(back.provenance, GNT_SYNTHETIC);
    assert_int_equal(back.retrieved_unix, 1700000000);
    assert_string_equal(back.source, bars.source);
    assert_string_equal(back.sha256, bars.sha256);
    gnt_bars_free(&bars);
    gnt_bars_free(&back);
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

enum { N_KILLED = 60000 };

static void replace_for_ever(double mark)
{
    for (;; mark++) {
        gnt_bars bars = {0};
        make_bars(&bars, "HOT", N_KILLED, mark);
        if (gnt_bars_store_put(store, &bars, 1, NULL, &why)) _exit(1);
        gnt_bars_free(&bars);
    }
}

/* A child replaces one symbol over and over and is killed at moments spread over three writings. The store is then
 * whole: the symbol from one writing or the other, the other symbol untouched. */
static void a_kill_leaves_a_readable_store(void **state)
{
    (void)state;
    remove(store);
    put_one("CALM", 100, 1);
    double begin = now_s();
    put_one("HOT", N_KILLED, 1);
    double one = now_s() - begin, last = 1;
    unsigned changed = 0, kept = 0;
    for (unsigned round = 0; round < 200 && (round < 20 || changed < 4 || kept < 4); round++) {
        pid_t child = fork();
        if (child == 0) replace_for_ever(1000.0 * (round + 1)); /* no mark comes twice */
        usleep((useconds_t)(1e6 * one * 3 * (round * 37 % 100) / 100));
        kill(child, SIGKILL);
        int how;
        assert_int_equal(waitpid(child, &how, 0), child);
        assert_true(WIFSIGNALED(how));
        gnt_bars bars;
        MUST(gnt_bars_store_get(store, "HOT", &bars, &why));
        double mark = bars.close[0];
        if (bars.n != N_KILLED || bars.volume[N_KILLED - 1] != mark) fail_msg("round %u: two writings mixed", round);
        *(mark == last ? &kept : &changed) += 1;
        last = mark;
        gnt_bars_free(&bars);
        check_one("CALM", 100, 1);
    }
    if (changed < 4 || kept < 4) fail_msg("%u kills after a rename, %u before: not both tested", changed, kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_download_each),
        cmocka_unit_test(what_a_download_holds),
        cmocka_unit_test(several_are_all_or_none),
        cmocka_unit_test(the_program_downloads),
        cmocka_unit_test(a_symbol_is_replaced_the_others_stay),
        cmocka_unit_test(warnings_come_back),
        cmocka_unit_test(a_kill_leaves_a_readable_store),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
