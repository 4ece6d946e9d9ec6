/* gauntlet report: result files -> Markdown, HTML, PNG. */
#include "host/report/report.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"

/* NAME.h5 of a sweep: NAME.md and NAME.html. */
static gnt_status report_sweep(const char *path, char markdown[1024], char html[1024], gnt_error *why)
{
    size_t n = strlen(path);
    int stem = (int)(n > 3 && !strcmp(path + n - 3, ".h5") ? n - 3 : n);
    GNT_TRY(gnt_report_sweep(path, NULL, why));
    snprintf(markdown, 1024, "%.*s.md", stem, path);
    snprintf(html, 1024, "%.*s.html", stem, path);
    return GNT_OK;
}

static gnt_status report_folder(const gnt_args *args, const char *dir, char markdown[1024], char html[1024],
                                gnt_error *why)
{
    GNT_TRY(gnt_report_write(dir, NULL, gnt_arg_progress(args), why));
    GNT_TRY(gnt_path_join(markdown, 1024, dir, "report.md", why));
    return gnt_path_join(html, 1024, dir, "report.html", why);
}

static gnt_status run(const gnt_args *args, gnt_error *why)
{
    const char *path = gnt_word(args, 0);
    char markdown[1024], html[1024];
    struct stat info;
    bool file = !stat(path, &info) && S_ISREG(info.st_mode);
    GNT_TRY(file ? report_sweep(path, markdown, html, why) : report_folder(args, path, markdown, html, why));
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
    .synopsis = "DIR|SWEEP.h5",
    .detail =
        "DIR is one result folder as `gauntlet run` writes it, or a folder of result folders such as the demo's.\n"
        "Every result folder gets report.md, report.html (one self-contained page) and plots/*.png; a folder of\n"
        "results gets a page over all of them. SWEEP.h5 is a file of `gauntlet sweep` or `gauntlet merge`: its page "
        "and\n"
        "heatmaps are written beside it. Pictures are drawn by gnuplot (Debian: gnuplot-nox).\n\n"
        "    gauntlet report out/covid\n"
        "    gauntlet report out/demo",
    .options = options,
    .min_words = 1,
    .max_words = 1,
};
