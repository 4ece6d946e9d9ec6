/* gauntlet: finds the verb, parses its line, runs it, says what came out, exits. */
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "host/base/version.h"

void gnt_say(const gnt_args *args, const char *format, ...)
{
    if (gnt_arg_flag(args, "json")) return;
    gnt_terminal_clear();
    va_list list;
    va_start(list, format);
    vprintf(format, list);
    va_end(list);
    putchar('\n');
}

void gnt_answer(const gnt_args *args, json_t *object)
{
    json_decref(args->answer);
    ((gnt_args *)args)->answer = object; /* args is main's own and not const there */
}

static void print_json(json_t *object)
{
    gnt_text text = {0};
    gnt_error why = {0};
    if (gnt_json_dump(object, false, &text, &why) == GNT_OK)
        fputs(text.data, stdout);
    else
        fprintf(stderr, "gauntlet: %s\n", why.text);
    gnt_text_free(&text);
}

/* One line on stderr; with --json also {"error": CODE, "message": ...} on stdout. */
static int fail(const gnt_error *why, bool json)
{
    gnt_terminal_clear();
    if (json) {
        json_t *object = json_object();
        gnt_json_text(object, "error", gnt_status_code(why->status));
        gnt_json_text(object, "message", why->text);
        print_json(object);
        json_decref(object);
    }
    fprintf(stderr, "gauntlet: %s\n", why->text[0] ? why->text : gnt_status_text(why->status));
    return gnt_status_exit(why->status);
}

static bool has_json(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--json") == 0) return true;
    return false;
}

const gnt_verb *gnt_verb_find(const char *name)
{
    for (const gnt_verb *const *verb = gnt_verbs; *verb; verb++)
        if (strcmp((*verb)->name, name) == 0) return *verb;
    return NULL;
}

static int unknown_verb(const char *name, bool json)
{
    const char *names[64];
    size_t n = 0;
    for (; n < 64 && gnt_verbs[n]; n++) names[n] = gnt_verbs[n]->name;
    const char *near = gnt_nearest(name, names, n);
    gnt_error why = {0};
    if (near)
        (void)gnt_fail(&why, GNT_EUSAGE, "unknown verb '%s'; did you mean '%s'?", name, near);
    else
        (void)gnt_fail(&why, GNT_EUSAGE, "unknown verb '%s'; gauntlet --help lists them", name);
    return fail(&why, json);
}

/* Flushes what the verb printed: output that can't be written is a failure, not a success. */
static gnt_status finish(gnt_args *args, gnt_error *why)
{
    if (gnt_arg_flag(args, "json") && args->answer) print_json(args->answer);
    if (fflush(stdout) || ferror(stdout)) return gnt_fail(why, GNT_EIO, "standard output: can't be written");
    return GNT_OK;
}

static int run_verb(const gnt_verb *verb, int argc, char **argv, bool json)
{
    static gnt_args args; /* large; one per process */
    gnt_error why = {0};
    gnt_args_init(&args, verb);
    gnt_status st = gnt_args_parse(&args, argc, argv, &why);
    if (!st && gnt_arg_flag(&args, "help")) {
        gnt_help_verb(stdout, verb);
        return fflush(stdout) ? 1 : 0;
    }
    if (!st) {
        gnt_terminal_progress(&args.progress, gnt_arg_flag(&args, "quiet"));
        gnt_terminal_install_signals();
        st = verb->run(&args, &why);
        gnt_terminal_clear();
        /* a gate's answer is an answer: it is printed, and the exit status says no */
        if (!st || (st == GNT_EGATE && args.answer)) {
            gnt_error broken = {0};
            if (finish(&args, &broken)) {
                st = broken.status;
                why = broken;
            } else if (st) {
                json = false; /* stdout has its one object already */
            }
        }
    }
    json_decref(args.answer);
    if (!st) return 0;
    why.status = st;
    return fail(&why, json);
}

int main(int argc, char **argv)
{
    bool json = has_json(argc, argv);
    setlocale(LC_NUMERIC, "C");
    if (argc < 2) {
        gnt_help_program(stderr);
        return 2;
    }
    const char *first = argv[1];
    if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0 || (strcmp(first, "help") == 0 && argc == 2)) {
        gnt_help_program(stdout);
        return fflush(stdout) ? 1 : 0;
    }
    if (strcmp(first, "--version") == 0) {
        printf("gauntlet %s (%s)\n", gnt_version(), gnt_commit());
        return fflush(stdout) ? 1 : 0;
    }
    if (strcmp(first, "help") == 0) {
        const gnt_verb *verb = gnt_verb_find(argv[2]);
        if (!verb) return unknown_verb(argv[2], json);
        gnt_help_verb(stdout, verb);
        return fflush(stdout) ? 1 : 0;
    }
    const gnt_verb *verb = gnt_verb_find(first);
    return verb ? run_verb(verb, argc - 2, argv + 2, json) : unknown_verb(first, json);
}
