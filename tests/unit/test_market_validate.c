/* What ingest refuses and what it warns about, row by row (SPEC 10, Ingest). */
#include "tests/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/market/csv_bars.h"
#include "host/market/stooq.h"
#include "host/market/yahoo.h"

#define HEAD "Date,Open,High,Low,Close,Adj Close,Volume\n"
#define NOW_DAY gnt_day_of(2024, 3, 6) /* a Wednesday */

static gnt_error why;

static gnt_status ingest(const char *csv, const gnt_checks *checks, gnt_bars *bars)
{
    gnt_text text = {strdup(csv), strlen(csv)};
    gnt_raw_bars raw = {0};
    *bars = (gnt_bars){0};
    if (!text.data) return GNT_ENOMEM;
    gnt_status st = gnt_csv_bars_parse("f.csv", &text, &raw, &why);
    if (!st) st = gnt_bars_validate(&raw, checks, bars, &why);
    gnt_raw_bars_free(&raw);
    gnt_text_free(&text);
    return st;
}

static gnt_checks nyse_at(int hour)
{
    return (gnt_checks){GNT_CALENDAR_NYSE, false, GNT_ALL_DAYS, (int64_t)NOW_DAY * 86400 + hour * 3600};
}

/* warnings as "code@line code@line" */
static const struct allowed {
    const char *what, *csv;
    size_t n;
    const char *warnings;
} allowed[] = {
    {"plain", HEAD "2024-03-04,1,2,1,1.5,1.4,10\n2024-03-05,1,2,1,1.5,1.4,10\n", 2, ""},
    {"no newline at the end", HEAD "2024-03-04,1,2,1,1.5,1.4,10", 1, ""},
    {"blank tail", HEAD "2024-03-04,1,2,1,1.5,1.4,10\n\n  \n\r\n", 1, ""},
    {"BOM, CRLF, quotes",
     "\xef\xbb\xbf\"Date\",Open,High,Low,Close,\"Adj Close\",Volume\r\n\"2024-03-04\",1,2,1,1.5,1.4,10\r\n", 1, ""},
    {"another order, more columns, other case",
     "volume,Close,note,date,LOW,high,open,adj_close\n10,1.5,\"a, b\",2024-03-04,1,2,1,1.4\n", 1, ""},
    {"a time behind the date", HEAD "2024-03-04 00:00:00-05:00,1,2,1,1.5,1.4,10\n", 1, ""},
    {"an ISO time behind the date", HEAD "2024-03-04T14:30:00Z,1,2,1,1.5,1.4,10\n", 1, ""},
    {"numbers in all their forms", HEAD "2024-03-04,+1.,2e0,.5,15e-1, 1.4 ,1E1\n", 1, ""},
    {"no Adj Close", "Date,Open,High,Low,Close,Volume\n2024-03-04,1,2,1,1.5,10\n", 1, "no_adj_close@0"},
    {"zero volume", HEAD "2024-03-04,1,2,1,1.5,1.4,0\n", 1, "zero_volume@2"},
    {"a row of nulls", HEAD "2024-03-04,1,2,1,1.5,1.4,10\n2024-03-05,null,null,null,null,null,null\n", 1, "null_row@3"},
    {"down 40 %: allowed", HEAD "2024-03-04,10,10,10,10,10,5\n2024-03-05,6,6,6,6,6,5\n", 2, ""},
    {"down more", HEAD "2024-03-04,10,10,10,10,10,5\n2024-03-05,5.99,5.99,5.99,5.99,6,5\n", 2, "split_like@3"},
    {"up 66 %: allowed", HEAD "2024-03-04,10,10,10,10,10,5\n2024-03-05,16.6,16.6,16.6,16.6,16,5\n", 2, ""},
    {"up more", HEAD "2024-03-04,10,10,10,10,10,5\n2024-03-05,16.61,16.61,16.61,16.61,16,5\n", 2, "split_like@3"},
    {"missing sessions, the holiday is none", HEAD "2024-02-15,1,2,1,1.5,1.4,10\n2024-02-21,1,2,1,1.5,1.4,10\n", 2,
     "missing_sessions@0"},
    {"a null row is not also missing",
     HEAD "2024-03-01,1,2,1,1.5,1.4,9\n2024-03-04,null,null,null,null,null,null\n2024-03-05,1,2,1,1.5,1.4,9\n", 2,
     "null_row@3"},
    {"the open session", HEAD "2024-03-05,1,2,1,1.5,1.4,10\n2024-03-06,1,2,1,1.5,1.4,10\n", 1, "open_session@3"},
};

static void odd_but_allowed(void **state)
{
    (void)state;
    gnt_checks checks = nyse_at(20);
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
        gnt_bars bars;
        char got[256] = "";
        if (ingest(allowed[i].csv, &checks, &bars)) fail_msg("%s: %s", allowed[i].what, why.text);
        for (size_t w = 0, used = 0; w < bars.n_warnings; w++)
            used += (size_t)snprintf(got + used, sizeof got - used, "%s%s@%zu", w ? " " : "", bars.warnings[w].code,
                                     bars.warnings[w].line);
        if (bars.n != allowed[i].n || strcmp(got, allowed[i].warnings))
            fail_msg("%s: %zu bars, warnings '%s', expected %zu and '%s'", allowed[i].what, bars.n, got, allowed[i].n,
                     allowed[i].warnings);
        gnt_bars_free(&bars);
    }
}

static void missing_sessions_are_named(void **state)
{
    (void)state;
    gnt_checks checks = nyse_at(20);
    gnt_bars bars;
    assert_int_equal(ingest(HEAD "2024-02-15,1,2,1,1.5,1,10\n2024-02-21,1,2,1,1.5,1,10\n", &checks, &bars), GNT_OK);
    assert_string_equal(bars.warnings[0].text, "2 sessions of the nyse calendar missing: 2024-02-16 2024-02-20");
    gnt_bars_free(&bars);
    assert_int_equal(ingest(HEAD "2024-01-02,1,2,1,1.5,1,10\n2024-01-31,1,2,1,1.5,1,10\n", &checks, &bars), GNT_OK);
    assert_string_equal(bars.warnings[0].text,
                        "19 sessions of the nyse calendar missing: 2024-01-03 2024-01-04 2024-01-05 2024-01-08 "
                        "2024-01-09 2024-01-10 2024-01-11 2024-01-12 2024-01-16 2024-01-17 ...");
    gnt_bars_free(&bars);
    checks.calendar = GNT_CALENDAR_NONE;
    assert_int_equal(ingest(HEAD "2024-01-02,1,2,1,1.5,1,10\n2024-01-31,1,2,1,1.5,1,10\n", &checks, &bars), GNT_OK);
    assert_int_equal(bars.n_warnings, 0);
    gnt_bars_free(&bars);
}

static void a_session_closes_at_sixteen_in_new_york(void **state)
{
    (void)state;
    const char *csv = HEAD "2024-03-05,1,2,1,1.5,1.4,10\n2024-03-06,1,2,1,1.5,1.4,10\n";
    for (int hour = 0; hour < 24; hour++) {
        gnt_checks checks = nyse_at(hour);
        gnt_bars bars;
        assert_int_equal(ingest(csv, &checks, &bars), GNT_OK);
        size_t expected = hour >= 21 ? 2 : 1;
        if (bars.n != expected) fail_msg("%d:00 UTC: %zu bars, expected %zu", hour, bars.n, expected);
        gnt_bars_free(&bars);
    }
}

static void calendars_by_choice(void **state)
{
    (void)state;
    static const struct {
        const char *day;
        gnt_status status[4];                                         /* nyse, weekdays, none, none without weekends */
    } rows[] = {{"2024-02-19", {GNT_EDATA, 0, 0, 0}},                 /* Washington's Birthday */
                {"2024-03-02", {GNT_EDATA, GNT_EDATA, 0, GNT_EDATA}}, /* Saturday */
                {"1989-12-29", {GNT_EDATA, 0, 0, 0}}};
    for (size_t i = 0; i < 3; i++)
        for (int c = 0; c < 4; c++) {
            char csv[256];
            gnt_bars bars;
            gnt_checks checks = nyse_at(20);
            checks.calendar = c < 3 ? (gnt_calendar)c : GNT_CALENDAR_NONE;
            checks.no_weekends = c == 3;
            snprintf(csv, sizeof csv, HEAD "%s,1,2,1,1.5,1.4,10\n", rows[i].day);
            gnt_status st = ingest(csv, &checks, &bars);
            if (st != rows[i].status[c]) fail_msg("%s, calendar %d: %d (%s)", rows[i].day, c, st, why.text);
            gnt_bars_free(&bars);
        }
}

/* Rows outside the dates asked for are checked, not kept. */
static void a_range_cuts(void **state)
{
    (void)state;
    gnt_checks checks = nyse_at(20);
    gnt_bars bars;
    checks.keep = (gnt_range){gnt_day_of(2024, 3, 1), gnt_day_of(2024, 3, 4)};
    const char *csv =
        HEAD "2024-02-01,1,2,1,1.5,1,0\n2024-03-01,1,2,1,1.5,1,3\n2024-03-04,1,2,1,1.5,1,4\n2024-03-05,1,2,1,1.5,1,5\n";
    assert_int_equal(ingest(csv, &checks, &bars), GNT_OK);
    assert_int_equal(bars.n, 2);
    assert_int_equal(bars.n_warnings, 0);
    assert_true(bars.volume[0] == 3 && bars.volume[1] == 4);
    gnt_bars_free(&bars);
    assert_int_equal(ingest(HEAD "2024-02-01,9,2,1,1.5,1,0\n2024-03-01,1,2,1,1.5,1,3\n", &checks, &bars), GNT_EDATA);
    assert_int_equal(ingest(HEAD "2024-02-01,1,2,1,1.5,1,0\n", &checks, &bars), GNT_EDATA);
}

/* ---- what is written reads back to the same bits ------------------------------------------------------ */

static void csv_round_trip(void **state)
{
    (void)state;
    char csv[20000] = HEAD, line[256];
    uint64_t seed = 7;
    gnt_day day = gnt_day_of(2020, 1, 1);
    for (int i = 0; i < 100; i++) {
        double x[4];
        for (int k = 0; k < 4; k++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            x[k] = 1 + (double)(seed >> 11) * 0x1p-53 * 999;
        }
        double high = fmax(fmax(x[0], x[1]), x[2]), low = fmin(fmin(x[0], x[1]), x[2]);
        char date[GNT_DATE_ROOM];
        snprintf(line, sizeof line, "%s,%.17g,%.17g,%.17g,%.17g,%.17g,%llu\n", gnt_date_format(day + i, date), x[0],
                 high, low, x[1], x[3], (unsigned long long)(seed >> 11));
        strcat(csv, line);
    }
    gnt_checks checks = nyse_at(20);
    checks.calendar = GNT_CALENDAR_NONE;
    gnt_bars a, b;
    gnt_text text = {0};
    if (ingest(csv, &checks, &a)) fail_msg("%s", why.text);
    assert_int_equal(gnt_csv_bars_write("test_market_validate.csv", &a, &why), GNT_OK);
    assert_int_equal(gnt_text_read("test_market_validate.csv", 1u << 20, &text, &why), GNT_OK);
    remove("test_market_validate.csv");
    if (ingest(text.data, &checks, &b)) fail_msg("%s", why.text);
    gnt_text_free(&text);
    assert_int_equal(b.n, 100);
    for (size_t t = 0; t < 100; t++)
        if (a.open[t] != b.open[t] || a.close[t] != b.close[t] || a.adj_close[t] != b.adj_close[t] ||
            a.volume[t] != b.volume[t])
            fail_msg("row %zu: close %.17g came back as %.17g", t, a.close[t], b.close[t]);
    gnt_bars_free(&a);
    gnt_bars_free(&b);
}

/* ---- Yahoo's answer ----------------------------------------------------------------------------------- */

#define QUOTE(o, h, l, c, v) \
    "\"quote\":[{\"open\":" o ",\"high\":" h ",\"low\":" l ",\"close\":" c ",\"volume\":" v "}]"
#define CHART(meta, stamps, quote, adj)                                                                \
    "{\"chart\":{\"result\":[{\"meta\":{" meta "},\"timestamp\":" stamps ",\"indicators\":{" quote adj \
    "}}],\"error\":null}}"
#define ADJ(values) ",\"adjclose\":[{\"adjclose\":" values "}]"
#define ONE QUOTE("[1]", "[2]", "[1]", "[1.5]", "[10]")

static gnt_status yahoo(const char *json, int64_t now, gnt_raw_bars *raw)
{
    gnt_text body = {strdup(json), strlen(json)};
    if (!body.data) return GNT_ENOMEM;
    gnt_status st = gnt_yahoo_parse("http://y", &body, now, raw, &why);
    gnt_text_free(&body);
    return st;
}

static void yahoo_dates_in_the_exchange_s_time(void **state)
{
    (void)state;
    static const struct {
        const char *what, *json, *day;
    } rows[] = {
        {"New York, 9:30 in winter", CHART("\"gmtoffset\":-18000", "[1704205800]", ONE, ADJ("[1]")), "2024-01-02"},
        {"New York, 9:30 in winter, asked in summer", CHART("\"gmtoffset\":-14400", "[1704205800]", ONE, ADJ("[1]")),
         "2024-01-02"},
        {"Tokyo, 9:00 is midnight UTC", CHART("\"gmtoffset\":32400", "[1704326400]", ONE, ADJ("[1]")), "2024-01-04"},
        {"Sydney, 10:00 is 23:00 UTC the day before", CHART("\"gmtoffset\":36000", "[1704150000]", ONE, ADJ("[1]")),
         "2024-01-02"},
        {"London midnight in summer, asked in winter", CHART("\"gmtoffset\":0", "[1719788400]", ONE, ADJ("[1]")),
         "2024-07-01"},
        {"London midnight in winter, asked in summer", CHART("\"gmtoffset\":3600", "[1704153600]", ONE, ADJ("[1]")),
         "2024-01-02"},
        {"before 1970", CHART("\"gmtoffset\":-18000", "[-86400]", ONE, ADJ("[1]")), "1969-12-30"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        gnt_raw_bars raw;
        char day[GNT_DATE_ROOM];
        if (yahoo(rows[i].json, 2000000000, &raw)) fail_msg("%s: %s", rows[i].what, why.text);
        gnt_date_format(raw.row[0].day, day);
        if (strcmp(day, rows[i].day)) fail_msg("%s: %s, expected %s", rows[i].what, day, rows[i].day);
        gnt_raw_bars_free(&raw);
    }
}

static void yahoo_nulls_and_no_adjclose(void **state)
{
    (void)state;
    gnt_raw_bars raw;
    const char *json = CHART("\"gmtoffset\":-18000", "[1704205800,1704292200]",
                             QUOTE("[1,null]", "[2,null]", "[1,null]", "[1.5,null]", "[10,null]"), "");
    if (yahoo(json, 2000000000, &raw)) fail_msg("%s", why.text);
    assert_true(raw.no_adj_close);
    gnt_checks checks = nyse_at(20);
    gnt_bars bars = {0};
    if (gnt_bars_validate(&raw, &checks, &bars, &why)) fail_msg("%s", why.text);
    assert_int_equal(bars.n, 1);
    assert_string_equal(bars.warnings[0].code, "null_row");
    assert_string_equal(bars.warnings[1].code, "no_adj_close");
    gnt_bars_free(&bars);
    gnt_raw_bars_free(&raw);
}

/* 2024-03-06: regular session 14:30 to 21:00 UTC. Yahoo shows a row for it from its first minute, and before the market
 * opens the period is already today's. */
static void yahoo_drops_the_open_session(void **state)
{
    (void)state;
    const char *json =
        CHART("\"gmtoffset\":-18000,\"currentTradingPeriod\":{\"regular\":{\"start\":1709735400,\"end\":1709758800}}",
              "[1709649000,1709740000]", QUOTE("[1,1]", "[2,2]", "[1,1]", "[1.5,1.5]", "[10,10]"), ADJ("[1,1]"));
    static const struct {
        int64_t now;
        size_t n;
    } rows[] = {{1709730000, 1}, {1709740000, 1}, {1709758799, 1}, {1709758800, 2}};
    for (size_t i = 0; i < 4; i++) {
        gnt_raw_bars raw;
        gnt_bars bars = {0};
        if (yahoo(json, rows[i].now, &raw)) fail_msg("%s", why.text);
        gnt_checks checks = {GNT_CALENDAR_NYSE, false, GNT_ALL_DAYS, rows[i].now};
        if (gnt_bars_validate(&raw, &checks, &bars, &why)) fail_msg("%s", why.text);
        if (bars.n != rows[i].n || bars.n_warnings != 2 - rows[i].n)
            fail_msg("at %lld: %zu bars, %zu warnings", (long long)rows[i].now, bars.n, bars.n_warnings);
        gnt_bars_free(&bars);
        gnt_raw_bars_free(&raw);
    }
}

static void yahoo_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *json, *fragment;
        gnt_status status;
    } rows[] = {
        {"{\"chart\":{\"result\":null,\"error\":{\"code\":\"Not Found\",\"description\":\"No data found, symbol may be "
         "delisted\"}}}",
         "Yahoo says: Not Found: No data found, symbol may be delisted", GNT_ENET},
        {"", "not valid JSON", GNT_EPARSE},
        {"<html>", "not valid JSON", GNT_EPARSE},
        {"{\"chart\":", "not valid JSON", GNT_EPARSE},
        {"[]", "no object 'chart'", GNT_EPARSE},
        {"{\"finance\":{}}", "no object 'chart'", GNT_EPARSE},
        {"{\"chart\":{\"result\":[],\"error\":null}}", "no object chart.result[0]", GNT_EPARSE},
        {"{\"chart\":{\"result\":[{}],\"error\":null}}", "chart.result[0].meta", GNT_EPARSE},
        {CHART("\"x\":1", "[1704205800]", ONE, ADJ("[1]")), "no meta.gmtoffset", GNT_EPARSE},
        {CHART("\"gmtoffset\":999999999", "[1704205800]", ONE, ADJ("[1]")), "no meta.gmtoffset", GNT_EPARSE},
        {CHART("\"gmtoffset\":0", "[]", ONE, ADJ("[1]")), "no timestamps", GNT_EDATA},
        {CHART("\"gmtoffset\":0", "[1,2]", ONE, ADJ("[1,1]")), "1 values of 'open', expected an array as long",
         GNT_EPARSE},
        {CHART("\"gmtoffset\":0", "[1704205800]", ONE, ADJ("[1,1]")), "2 values of 'adjclose'", GNT_EPARSE},
        {CHART("\"gmtoffset\":0", "[\"x\"]", ONE, ADJ("[1]")), "timestamp[0], expected seconds", GNT_EPARSE},
        {CHART("\"gmtoffset\":0", "[9223372036854775807]", ONE, ADJ("[1]")), "timestamp[0]", GNT_EPARSE},
        {CHART("\"gmtoffset\":0", "[1704205800]", QUOTE("[\"1\"]", "[2]", "[1]", "[1]", "[1]"), ADJ("[1]")),
         "open[0], expected a number or null", GNT_EPARSE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        gnt_raw_bars raw;
        gnt_status st = yahoo(rows[i].json, 2000000000, &raw);
        if (st != rows[i].status || !strstr(why.text, rows[i].fragment) || raw.row)
            fail_msg("%.60s: %d, '%s', expected '%s'", rows[i].json, st, why.text, rows[i].fragment);
    }
}

static void urls(void **state)
{
    (void)state;
    char url[256];
    gnt_range range = {gnt_day_of(2018, 1, 1), gnt_day_of(2023, 12, 31)};
    assert_int_equal(gnt_yahoo_url(url, sizeof url, "https://h", "^GSPC", range, &why), GNT_OK);
    assert_string_equal(url, "https://h/v8/finance/chart/%5EGSPC?period1=1514764800&period2=1704067200&interval=1d"
                             "&events=div%2Csplits&includeAdjustedClose=true");
    assert_int_equal(gnt_stooq_url(url, sizeof url, "https://h", "IBB", range, &why), GNT_OK);
    assert_string_equal(url, "https://h/q/d/l/?s=ibb.us&d1=20180101&d2=20231231&i=d");
    assert_int_equal(gnt_stooq_url(url, sizeof url, "https://h", "^SPX", range, &why), GNT_OK);
    assert_string_equal(url, "https://h/q/d/l/?s=%5Espx&d1=20180101&d2=20231231&i=d");
    assert_int_equal(gnt_stooq_url(url, 20, "https://h", "IBB", range, &why), GNT_EINVAL);
}

static void cut_bodies(void **state)
{
    (void)state;
    gnt_text half = {"{\"chart\":{\"res", 14}, whole = {"{\"a\":1}", 7}, wrong = {"<html>", 6}, empty = {NULL, 0};
    assert_true(gnt_yahoo_is_cut(&half, true) && gnt_yahoo_is_cut(&empty, true));
    assert_false(gnt_yahoo_is_cut(&whole, false));
    assert_false(gnt_yahoo_is_cut(&wrong, false));
    gnt_text line = {"Date,Open\n2020-01-02,1", 22}, lines = {"Date,Open\n2020-01-02,1\n", 23}, words = {"No data", 7};
    assert_true(gnt_stooq_is_cut(&line, false) && gnt_stooq_is_cut(&empty, false));
    assert_false(gnt_stooq_is_cut(&line, true));
    assert_false(gnt_stooq_is_cut(&lines, false));
    assert_false(gnt_stooq_is_cut(&words, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(odd_but_allowed),
        cmocka_unit_test(missing_sessions_are_named),
        cmocka_unit_test(a_session_closes_at_sixteen_in_new_york),
        cmocka_unit_test(calendars_by_choice),
        cmocka_unit_test(a_range_cuts),
        cmocka_unit_test(csv_round_trip),
        cmocka_unit_test(yahoo_dates_in_the_exchange_s_time),
        cmocka_unit_test(yahoo_nulls_and_no_adjclose),
        cmocka_unit_test(yahoo_drops_the_open_session),
        cmocka_unit_test(yahoo_refusals),
        cmocka_unit_test(urls),
        cmocka_unit_test(cut_bodies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
