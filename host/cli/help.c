/* Help pages, written from the same tables that parse the command line. */
#include "args.h"

#include <string.h>

/* Prints text wrapped at `width` columns, continuation lines indented. */
static void wrapped(FILE *out, const char *text, int indent, int column)
{
    enum { WIDTH = 100 };
    int at = column;
    while (*text) {
        int n = (int)strcspn(text, " ");
        if (at > indent && at + 1 + n > WIDTH) {
            fprintf(out, "\n%*s", indent, "");
            at = indent;
        } else if (at > indent) {
            fputc(' ', out);
            at++;
        }
        fprintf(out, "%.*s", n, text);
        at += n;
        text += n;
        text += strspn(text, " ");
    }
    fputc('\n', out);
}

static void option_row(FILE *out, const gnt_option *option)
{
    enum { INDENT = 34 };
    char left[96], help[512];
    snprintf(left, sizeof left, "  --%s%s%s", option->name, option->value ? " " : "",
             option->value ? option->value : "");
    int used = fprintf(out, "%s", left);
    if (used > INDENT - 2) {
        fprintf(out, "\n");
        used = 0;
    }
    fprintf(out, "%*s", INDENT - used, "");
    const char *tail = option->required ? " (required)" : option->repeats ? " (may repeat)" : "";
    if (option->fallback)
        snprintf(help, sizeof help, "%s%s [%s]", option->help, tail, option->fallback);
    else
        snprintf(help, sizeof help, "%s%s", option->help, tail);
    wrapped(out, help, INDENT, INDENT);
}

void gnt_help_program(FILE *out)
{
    fputs("gauntlet - backtests and evaluates direction models honestly, in batch\n"
          "\n"
          "usage: gauntlet VERB [options]        gauntlet VERB --help\n"
          "       gauntlet demo --out out/demo    the whole pipeline on a built-in market, in a minute\n"
          "\n"
          "verbs:\n",
          out);
    for (const gnt_verb *const *verb = gnt_verbs; *verb; verb++)
        fprintf(out, "  %-12s %s\n", (*verb)->name, (*verb)->summary);
    fputs("\n"
          "  --version    version and commit\n"
          "\n"
          "exit status: 0 done; 1 failed or input can't be read; 2 the command line is wrong;\n"
          "             3 a gate said no or well-formed input fails validation\n"
          "With --json a verb prints one JSON object on stdout; logs and progress go to stderr.\n",
          out);
}

/* Copies one line without its end into `line`, after what is there; returns where the next one starts. */
static const char *take_line(const char *text, char *line, size_t room)
{
    size_t n = strcspn(text, "\n"), used = strlen(line);
    snprintf(line + used, room - used, "%s%.*s", used ? " " : "", (int)n, text);
    text += n;
    return text + (*text == '\n');
}

/* Detail text: lines that follow each other are one paragraph and are wrapped; a line that starts with a blank is kept
 * as it is (an example), and so is an empty one. */
static void paragraphs(FILE *out, const char *text)
{
    while (*text) {
        char line[4096] = "";
        bool kept = *text == ' ' || *text == '\n';
        text = take_line(text, line, sizeof line);
        while (!kept && *text && *text != ' ' && *text != '\n') text = take_line(text, line, sizeof line);
        if (kept)
            fprintf(out, "%s\n", line);
        else
            wrapped(out, line, 0, 0);
    }
}

void gnt_help_verb(FILE *out, const gnt_verb *verb)
{
    static gnt_args args; /* large; used once */
    gnt_args_init(&args, verb);
    fprintf(out, "gauntlet %s - %s\n\nusage: gauntlet %s %s\n", verb->name, verb->summary, verb->name, verb->synopsis);
    if (verb->detail) {
        fputc('\n', out);
        paragraphs(out, verb->detail);
    }
    fprintf(out, "\noptions:\n");
    for (size_t i = 0; i < args.n_options; i++) option_row(out, &args.option[i]);
}
