/* Words, escapes and the document: hostile text stays text, figures read as they should. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/report/escape.h"
#include "host/report/render.h"
#include "host/report/words.h"
#include "tests/test.h"

static void same(const char *got, const char *expected, const char *what)
{
    if (strcmp(got, expected) != 0) fail_msg("%s: got \"%s\", expected \"%s\"", what, got, expected);
}

static void figures_as_words(void **state)
{
    (void)state;
    same(gnt_percent(0.5401).s, "54.0\u00a0%", "percent");
    same(gnt_percent(-0.0314).s, "\u22123.1\u00a0%", "minus is U+2212");
    same(gnt_percent(-0.0001).s, "0.0\u00a0%", "what rounds to zero has no sign");
    same(gnt_percent(NAN).s, "\u2014", "undefined");
    same(gnt_percent_signed(0.032).s, "+3.2\u00a0%", "signed");
    same(gnt_percent_interval(0.54, 0.404, 0.67).s, "54.0\u00a0% (40.4 to 67.0)", "interval");
    same(gnt_percent_interval(0.54, NAN, 0.67).s, "\u2014", "half an interval is none");
    same(gnt_whole(23350).s, "23,350", "thousands");
    same(gnt_whole(-1000).s, "\u22121,000", "negative thousands");
    same(gnt_whole(INFINITY).s, "\u2014", "infinite");
    same(gnt_probability(0.0004).s, "<\u00a00.001", "small p");
    same(gnt_probability(0.0342).s, "0.034", "p");
    same(gnt_basis_points(2.5).s, "2.5\u00a0bp", "basis points");
    same(gnt_date_words_of("2020-02-20").s, "20\u00a0Feb\u00a02020", "date");
    same(gnt_date_words_of("soon").s, "soon", "no date stays as it is");
    same(gnt_range_words("2020-02-20", "2020-04-30").s, "20\u00a0Feb\u00a02020 to 30\u00a0Apr\u00a02020", "range");
    same(gnt_seconds_words(125).s, "2\u00a0min 5\u00a0s", "seconds");
}

typedef struct escape_case {
    void (*escape)(gnt_buf *out, const char *text);
    const char *text, *expected;
} escape_case;

static const escape_case escapes[] = {
    {gnt_escape_html, "<script>alert(\"x\" & 'y')</script>",
     "&lt;script&gt;alert(&quot;x&quot; &amp; &#39;y&#39;)&lt;/script&gt;"},
    {gnt_escape_html, "a\x01\x7f\xc2\x85z", "a   z"},
    {gnt_escape_html, "bad \xff\xc0\xaf\xed\xa0\x80 end", "bad \ufffd\ufffd\ufffd\ufffd\ufffd\ufffd end"},
    {gnt_escape_html, "cut \xe2\x80", "cut \ufffd\ufffd"},
    {gnt_escape_markdown, "a|b", "a\\|b"},
    {gnt_escape_markdown, "[x](javascript:y)", "\\[x\\](javascript:y)"},
    {gnt_escape_markdown, "# no heading\n- no list", "\\# no heading - no list"},
    {gnt_escape_markdown, "1. no list", "1\\. no list"},
    {gnt_escape_markdown, "- no list", "\\- no list"},
    {gnt_escape_markdown, "+3.2 %", "+3.2 %"},
    {gnt_escape_markdown, "54.0 %", "54.0 %"},
    {gnt_escape_markdown, "---", "\\---"},
    {gnt_escape_markdown, "<img src=x>&amp;", "&lt;img src=x&gt;&amp;amp;"},
    {gnt_escape_markdown, "`*_~!\\", "\\`\\*\\_\\~\\!\\\\"},
    {gnt_escape_gnuplot, "it's\n`rm -rf /` $(x) @y \"z\"", "'it''s `rm -rf /` $(x) @y \"z\"'"},
    {gnt_escape_gnuplot_tic, "100 % 'bull'", "'100 %% ''bull'''"},
    {gnt_escape_url, "a b/\"c\"?#%.png", "a%20b/%22c%22%3F%23%25.png"},
};

static void hostile_text_stays_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++) {
        gnt_buf out = {0};
        escapes[i].escape(&out, escapes[i].text);
        same(out.data, escapes[i].expected, escapes[i].text);
        gnt_buf_free(&out);
    }
}

static void slugs_are_file_names(void **state)
{
    (void)state;
    static const char *const hostile[] = {"../../etc/passwd", ".hidden", "/", "a/../b"};
    char slug[32];
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        gnt_escape_slug(slug, sizeof slug, hostile[i]);
        if (strchr(slug, '/') || slug[0] == '.') fail_msg("slug of \"%s\" is \"%s\"", hostile[i], slug);
    }
    gnt_escape_slug(slug, sizeof slug, "winter-2022");
    same(slug, "winter-2022", "plain");
    gnt_escape_slug(slug, sizeof slug, "a'b\n`c");
    same(slug, "a_b__c", "quotes");
    gnt_escape_slug(slug, sizeof slug, "");
    same(slug, "_", "nothing");
    gnt_escape_slug(slug, 4, "abcdef");
    same(slug, "abc", "cut");
}

static void one_document_two_renderings(void **state)
{
    (void)state;
    gnt_document doc = {0};
    gnt_buf markdown = {0}, html = {0};
    gnt_error why = {0};
    gnt_doc_heading(&doc, 1, "Title <b>");
    gnt_doc_lead(&doc, "Asked.", "%d %% | sure?", 5);
    gnt_doc_heading(&doc, 2, "Part");
    gnt_doc_table(&doc, "<Arm|>Right", "A caption");
    gnt_doc_cell(&doc, "a|b");
    gnt_doc_cell(&doc, "%.1f", 54.0);
    gnt_doc_item(&doc, "x y/report.html", "more");
    gnt_render_markdown(&doc, &markdown);
    same(markdown.data,
         "# Title &lt;b&gt;\n\n**Asked.** 5 % \\| sure?\n\n## Part\n\n**Table 1.** A caption\n\n| Arm | Right "
         "|\n|---|---:|\n"
         "| a\\|b | 54.0 |\n\n- [more](x%20y/report.html)\n\n",
         "markdown");
    assert_int_equal(gnt_render_html(&doc, ".", &html, &why), GNT_OK);
    assert_non_null(strstr(html.data, "<td>a|b</td><td class=\"r\">54.0</td></tr>"));
    assert_non_null(strstr(html.data, "<title>Title &lt;b&gt;</title>"));
    assert_non_null(strstr(html.data, "<a href=\"x%20y/report.html\">more</a>"));
    assert_int_equal(gnt_document_check(&doc, &why), GNT_OK);
    gnt_doc_figure(&doc, "absent.png", "caption");
    assert_int_equal(gnt_render_html(&doc, ".", &html, &why), GNT_EIO);
    assert_non_null(strstr(why.text, "absent.png"));
    gnt_buf_free(&markdown);
    gnt_buf_free(&html);
    gnt_document_free(&doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_as_words),
        cmocka_unit_test(hostile_text_stays_text),
        cmocka_unit_test(slugs_are_file_names),
        cmocka_unit_test(one_document_two_renderings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
