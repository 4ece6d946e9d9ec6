/* The CSV cutter: what is fine, what is refused, and with which line. */
#include "host/base/csv.h"
#include "tests/test.h"

#include <string.h>

static void accepted(void **state)
{
    (void)state;
    static const char text[] = "\xef\xbb\xbf"
                               "a,\"b,c\"\r\n1,\"say \"\"no\"\"\"\r\n,x\r\n\r\n\n";
    gnt_csv csv;
    gnt_error why = {0};
    size_t col;
    if (gnt_csv_parse(text, sizeof text - 1, "t.csv", &csv, &why)) fail_msg("%s", why.text);
    assert_int_equal(csv.n_rows, 2);
    assert_int_equal(csv.n_cols, 2);
    assert_string_equal(gnt_csv_header(&csv, 0), "a");
    assert_string_equal(gnt_csv_header(&csv, 1), "b,c");
    assert_string_equal(gnt_csv_cell(&csv, 0, 1), "say \"no\"");
    assert_string_equal(gnt_csv_cell(&csv, 1, 0), "");
    assert_string_equal(gnt_csv_cell(&csv, 1, 1), "x");
    assert_int_equal(gnt_csv_column(&csv, "b,c", &col, &why), GNT_OK);
    assert_int_equal(col, 1);
    gnt_csv_free(&csv);
    gnt_csv_free(&csv);
    assert_int_equal(gnt_csv_parse("x", 1, "t.csv", &csv, &why), GNT_OK);
    assert_int_equal(csv.n_rows, 0);
    gnt_csv_free(&csv);
    assert_int_equal(gnt_csv_parse("a,b\n1,", 6, "t.csv", &csv, &why), GNT_OK);
    assert_string_equal(gnt_csv_cell(&csv, 0, 1), "");
    gnt_csv_free(&csv);
}

static void refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t n;
        const char *says;
    } cases[] = {
        {"", 0, "empty"},
        {"\n\n", 2, "empty"},
        {"a\0b\n1\n", 6, "NUL"},
        {"a,b\n1\n", 6, "t.csv:2: 1 cells, the header has 2"},
        {"a,b\n1,2\n1,2,3\n", 14, "t.csv:3: 3 cells"},
        {"a\n1\n\n2\n", 7, "t.csv:3: blank line"},
        {"a\n\"1\n2\"\n", 8, "t.csv:2: a quote is not closed"},
        {"a\n\"1", 4, "t.csv:2: a quote is not closed"},
        {"a\n1\"2\n", 6, "t.csv:2: a quote in the middle"},
        {"a\n\"1\"2\n", 7, "t.csv:2: a quote in the middle"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gnt_csv csv;
        gnt_error why = {0};
        gnt_status st = gnt_csv_parse(cases[i].text, cases[i].n, "t.csv", &csv, &why);
        if (st != GNT_EPARSE || !strstr(why.text, cases[i].says))
            fail_msg("case %zu: status %d '%s', expected '%s'", i, st, why.text, cases[i].says);
    }
    gnt_csv csv;
    gnt_error why = {0};
    size_t col;
    assert_int_equal(gnt_csv_read("no/such/file.csv", 100, &csv, &why), GNT_EIO);
    assert_int_equal(gnt_csv_parse("date,unit,unit\n", 15, "t.csv", &csv, &why), GNT_OK);
    assert_int_equal(gnt_csv_column(&csv, "dates", &col, &why), GNT_EPARSE);
    assert_non_null(strstr(why.text, "'date'"));
    assert_int_equal(gnt_csv_column(&csv, "unit", &col, &why), GNT_EPARSE);
    assert_non_null(strstr(why.text, "twice"));
    gnt_csv_free(&csv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(accepted), cmocka_unit_test(refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
