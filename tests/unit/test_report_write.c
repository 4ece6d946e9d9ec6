/* Whole reports: the same bytes twice, figures equal to result.json's, nothing for missing parts, one line for faults.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/report/report.h"
#include "tests/report_case.h"
#include "tests/test.h"

static char root[256];

static const char *at(const char *name)
{
    static char path[8][512];
    static int next;
    char *out = path[next++ % 8];
    snprintf(out, sizeof path[0], "%s/%s", root, name);
    return out;
}

static void make(const char *name, report_case c)
{
    gnt_error why = {0};
    if (case_write(at(name), &c, &why)) fail_msg("case %s: %s", name, why.text);
}

static void report(const char *name)
{
    gnt_error why = {0};
    if (gnt_report_write(at(name), NULL, NULL, &why)) fail_msg("report %s: %s", name, why.text);
}

static gnt_text slurp(const char *name)
{
    gnt_text text = {0};
    gnt_error why = {0};
    if (gnt_text_read(at(name), (size_t)64 << 20, &text, &why)) fail_msg("%s", why.text);
    return text;
}

static void contains(const gnt_text *text, const char *part)
{
    if (!strstr(text->data, part)) fail_msg("the report doesn't say \"%s\"", part);
}

static void lacks(const gnt_text *text, const char *part)
{
    if (strstr(text->data, part)) fail_msg("the report says \"%s\"", part);
}

static bool no_gnuplot(void)
{
    return system("command -v gnuplot >/dev/null 2>&1") != 0;
}

static void figures_are_the_results(void **state)
{
    (void)state;
    if (no_gnuplot()) skip();
    make("full", (report_case){.ab = true, .folds = true});
    report("full");
    gnt_text text = slurp("full/report.md");
    static const char *const said[] = {
        "# SYN-CASE: Case",
        "**Asked.** Does it work?",
        "**Came out.** No: nothing here beats a coin.",
        "Yes: a coin, and so would saying",
        "- baseline: \u22123.1 % after costs",
        "66.7\u00a0% (54.0 to 77.3)", /* accuracy .6667, .5401, .7727 */
        "55.0\u00a0%",                /* majority */
        "\u22123.1\u00a0%",           /* total_return -.0314 */
        "+2.7\u00a0%",                /* .0271 */
        "+4.3\u00a0%",                /* buy_hold .0432 */
        "\u22127.7\u00a0%",           /* max_drawdown -.0765 */
        "12.2 |",                     /* turnover 12.25 */
        "\u2014 loses even at no cost",
        "\u2014 under 126 bars",
        "0.25 |", /* McNemar .2478 */
        "hindsight",
        "Configurations tried in all: 7",
        "0.612", /* AUC .6123 */
        "23,350 requests",
        "SHA-256 cafe",
        "Short proceeds earn the cash rate",
        "are not annualised",
    };
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) contains(&text, said[i]);
    contains(&text, "(plots/advanced_ab_test_analysis_20200501_123456.png)");
    lacks(&text, "Asked: nothing new");
    lacks(&text, "nan");
    gnt_text_free(&text);
}

static void pictures_are_whole(void **state)
{
    (void)state;
    if (no_gnuplot()) skip();
    static const struct {
        const char *name;
        unsigned width, height;
    } pictures[] = {
        {"full/plots/equity_covid.png", 1500, 900},
        {"full/plots/hit_rate_covid.png", 1500, 640},
        {"full/plots/reliability_covid.png", 1400, 900},
        {"full/plots/folds.png", 1400, 860},
        {"full/plots/advanced_ab_test_analysis_20200501_123456.png", 2100, 1440},
    };
    for (size_t i = 0; i < sizeof pictures / sizeof *pictures; i++) {
        gnt_text png = slurp(pictures[i].name);
        const unsigned char *b = (const unsigned char *)png.data;
        assert_true(png.n > 1000 && memcmp(b, "\x89PNG\r\n\x1a\n", 8) == 0);
        unsigned width = (unsigned)b[18] << 8 | b[19], height = (unsigned)b[22] << 8 | b[23];
        if (width != pictures[i].width || height != pictures[i].height)
            fail_msg("%s: %ux%u, expected %ux%u", pictures[i].name, width, height, pictures[i].width,
                     pictures[i].height);
        for (size_t k = 0; k + 4 <= png.n; k++) assert_memory_not_equal(b + k, "tIME", 4);
        gnt_text_free(&png);
    }
}

static void same_bytes_twice(void **state)
{
    (void)state;
    if (no_gnuplot()) skip();
    static const char *const names[] = {"full/report.md",
                                        "full/report.html",
                                        "full/plots/equity_covid.png",
                                        "full/plots/accuracy.png",
                                        "full/plots/training.png",
                                        "full/plots/advanced_ab_test_analysis_20200501_123456.png"};
    gnt_text before[6];
    for (int i = 0; i < 6; i++) before[i] = slurp(names[i]);
    report("full");
    for (int i = 0; i < 6; i++) {
        gnt_text after = slurp(names[i]);
        if (after.n != before[i].n || memcmp(after.data, before[i].data, after.n) != 0)
            fail_msg("%s: other bytes the second time", names[i]);
        gnt_text_free(&after);
        gnt_text_free(&before[i]);
    }
}

static void html_stands_alone(void **state)
{
    (void)state;
    if (no_gnuplot()) skip();
    gnt_text html = slurp("full/report.html");
    contains(&html, "src=\"data:image/png;base64,iVBORw0KGgo");
    lacks(&html, "http:");
    lacks(&html, "https:");
    lacks(&html, "<script");
    lacks(&html, "src=\"plots");
    gnt_text_free(&html);
}

static void missing_parts_leave_nothing(void **state)
{
    (void)state;
    if (no_gnuplot()) skip();
    make("bare", (report_case){.no_regimes = true});
    report("bare");
    gnt_text text = slurp("bare/report.md");
    static const char *const absent[] = {"## Regimes", "## The A/B test", "## Walk-forward", "## Costs",
                                         "original demo's figures"};
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++) lacks(&text, absent[i]);
    for (const char *line = text.data; (line = strstr(line, "\n## ")); line++) {
        const char *body = strchr(line + 1, '\n');
        if (!body || strncmp(body, "\n\n## ", 5) == 0) fail_msg("an empty section: %.40s", line + 1);
    }
    gnt_text_free(&text);
}

static void hostile_names_are_only_words(void **state)
{
    (void)state;
    if (no_gnuplot()) skip();
    make("hostile", (report_case){.title = "'; system(\"touch owned\") #`touch owned`<script>x</script>|*b*",
                                  .symbol = "A'B`C\"%s"});
    report("hostile");
    assert_false(gnt_file_exists(at("hostile/plots/owned")) || gnt_file_exists(at("hostile/owned")) ||
                 gnt_file_exists("owned"));
    gnt_text text = slurp("hostile/report.html");
    lacks(&text, "<script");
    gnt_text_free(&text);
}

static void several_results_get_a_front_page(void **state)
{
    (void)state;
    if (no_gnuplot()) skip();
    make("many/SYN-A/case", (report_case){.symbol = "SYN-A"});
    make("many/SYN-B/case", (report_case){.symbol = "SYN-B"});
    report("many");
    gnt_text text = slurp("many/report.md");
    contains(&text, "| SYN-A | [Case](SYN-A/case/report.html) | COVID crash | 60 | 55.0");
    contains(&text, "(SYN-B/case/plots/");
    assert_true(gnt_file_exists(at("many/SYN-A/case/report.html")) && gnt_file_exists(at("many/report.html")));
    gnt_text_free(&text);
}

/* One fault a case: the folder is written whole, then spoilt. */
static void fault(const char *name, gnt_status status, const char *part, const char *gnuplot)
{
    gnt_error why = {0};
    gnt_report_options options = {.gnuplot = gnuplot};
    gnt_status st = gnt_report_write(at(name), &options, NULL, &why);
    if (st != status || !strstr(why.text, part) || strchr(why.text, '\n'))
        fail_msg("%s: status %d \"%s\", expected %d and \"%s\"", name, st, why.text, status, part);
}

static void spoil(const char *name, const char *bytes)
{
    gnt_error why = {0};
    if (gnt_file_write(at(name), bytes, strlen(bytes), &why)) fail_msg("%s", why.text);
}

static void faults_are_one_clear_line(void **state)
{
    (void)state;
    fault("absent", GNT_EIO, "no result.json there", NULL);
    make("f1", (report_case){.no_regimes = true});
    spoil("f1/result.json", "{\"schema\": ");
    fault("f1", GNT_EPARSE, "result.json:1: not valid JSON", NULL);
    spoil("f1/result.json", "{\"schema\": \"other\"}");
    fault("f1", GNT_EUNSUPPORTED, "schema is \"other\"", NULL);
    spoil("f1/result.json", "{\"schema\": \"gauntlet-result\", \"schema_version\": 1}");
    fault("f1", GNT_EPARSE, "experiment.name: expected a text, found nothing", NULL);
    make("f2", (report_case){.schema_version = 2});
    fault("f2", GNT_EUNSUPPORTED, "schema version 2, this build reads 1", NULL);
    make("f3", (report_case){.n_bars = 61});
    fault("f3", GNT_EDATA, "/windows/covid/day has 60 bars, result.json says 61", NULL);
    make("f4", (report_case){.no_regimes = true});
    spoil("f4/result.h5", "not HDF5");
    fault("f4", GNT_EIO, "result.h5", NULL);
    make("f5", (report_case){.no_regimes = true});
    unlink(at("f5/manifest.json"));
    fault("f5", GNT_EIO, "manifest.json", NULL);
    make("f6", (report_case){.no_regimes = true});
    spoil("f6/plots", "a file where the folder should be");
    fault("f6", GNT_EIO, "plots", NULL);
    make("f7", (report_case){.no_regimes = true});
    fault("f7", GNT_EIO, "apt-get install gnuplot-nox", "gnuplot-that-is-not-there");
    fault("f7", GNT_EIO, "gnuplot failed on the pictures", "false");
    fault("f7", GNT_EIO, "wrote no", "true");
    assert_false(gnt_file_exists(at("f7/report.md")));
}

static void learning_curve(void **state)
{
    (void)state;
    if (no_gnuplot()) skip();
    gnt_epoch epoch[3] = {{.train_loss = 0.694, .val_loss = 0.693},
                          {.train_loss = 0.69, .val_loss = 0.692},
                          {.train_loss = 0.68, .val_loss = NAN}};
    gnt_fit_report fit = {.epochs_run = 3, .best_epoch = 2, .epoch = epoch};
    gnt_error why = {0};
    if (gnt_report_learning_curve(at("curve.png"), "SYN-CASE, baseline", GNT_SYNTHETIC, &fit, &why))
        fail_msg("%s", why.text);
    gnt_text png = slurp("curve.png");
    assert_true(png.n > 1000 && memcmp(png.data, "\x89PNG\r\n\x1a\n", 8) == 0);
    gnt_text_free(&png);
    fit.epochs_run = 0;
    assert_int_equal(gnt_report_learning_curve(at("curve.png"), "t", GNT_SYNTHETIC, &fit, &why), GNT_EFEW);
    fit.epochs_run = 3;
    assert_int_equal(gnt_report_learning_curve(at("none/curve.png"), "t", GNT_SYNTHETIC, &fit, &why), GNT_EIO);
    assert_int_equal(gnt_report_learning_curve(at("a'b.png"), "t", GNT_SYNTHETIC, &fit, &why), GNT_EINVAL);
}

/* With a folder's name: writes the fixture of the command-line test there (tests/fixtures/report). */
int main(int argc, char **argv)
{
    if (argc == 2) return case_write(argv[1], &(report_case){.ab = true, .folds = true}, NULL) != GNT_OK;
    snprintf(root, sizeof root, "report-case.XXXXXX");
    if (!mkdtemp(root)) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_are_the_results),
        cmocka_unit_test(pictures_are_whole),
        cmocka_unit_test(same_bytes_twice),
        cmocka_unit_test(html_stands_alone),
        cmocka_unit_test(missing_parts_leave_nothing),
        cmocka_unit_test(hostile_names_are_only_words),
        cmocka_unit_test(several_results_get_a_front_page),
        cmocka_unit_test(faults_are_one_clear_line),
        cmocka_unit_test(learning_curve),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    char command[300];
    snprintf(command, sizeof command, "rm -rf %s", root);
    return system(command) != 0 || failed;
}
