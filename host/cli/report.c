/* gauntlet report: result files -> Markdown, HTML, PNG. */
#include "host/report/report.h"

#include "cli.h"

static gnt_status run(const gnt_args *args, gnt_error *why)
{
    const char *dir = gnt_word(args, 0);
    char markdown[1024], html[1024];
    GNT_TRY(gnt_report_write(dir, NULL, gnt_arg_progress(args), why));
    GNT_TRY(gnt_path_join(markdown, sizeof markdown, dir, "report.md", why));
    GNT_TRY(gnt_path_join(html, sizeof html, dir, "report.html", why));
    gnt_say(args, "wrote %s and %s", markdown, html);
    json_t *object = json_object();
    gnt_json_text(object, "markdown", markdown);
    gnt_json_text(object, "html", html);
    gnt_answer(args, object);
    return GNT_OK;
}

static const gnt_option options[] = {{0}};

const gnt_verb gnt_verb_report = {
    .name = "report",
    .run = run,
    .summary = "result files to Markdown, HTML and PNG",
    .synopsis = "DIR",
    .detail =
        "DIR is one result folder as `gauntlet run` writes it, or a folder of result folders such as the demo's.\n"
        "Every result folder gets report.md, report.html (one self-contained page) and plots/*.png; a folder of\n"
        "results gets a page over all of them. Pictures are drawn by gnuplot (Debian: gnuplot-nox).\n\n"
        "    gauntlet report out/covid\n"
        "    gauntlet report out/demo",
    .options = options,
    .min_words = 1,
    .max_words = 1,
};
