/* Command-line parsing by the verb's table: --name value, --name=value, flags, words, "--" ends options. */
#include "args.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/file.h"
#include "host/market/bars.h"

static const gnt_option common_options[] = {
    {"json", GNT_OPT_FLAG, NULL, NULL, "print one JSON object on stdout and nothing else there", false, false},
    {"quiet", GNT_OPT_FLAG, NULL, NULL, "no progress and no log lines on stderr", false, false},
    {"help", GNT_OPT_FLAG, NULL, NULL, "show this page", false, false},
    {0},
};
static const gnt_option compute_options[] = {
    {"device", GNT_OPT_TEXT, "auto|cpu|cuda[:n]|emu", "auto", "where to compute; an explicit device never falls back",
     false, false},
    {"threads", GNT_OPT_COUNT, "N", "0", "CPU threads, 0 for all cores; results don't depend on it", false, false},
    {"seed", GNT_OPT_COUNT, "N", "42", "seed of every random draw", false, false},
    {0},
};

static const gnt_option *find(const gnt_args *args, const char *name, size_t n)
{
    for (size_t i = 0; i < args->n_options; i++)
        if (strncmp(args->option[i].name, name, n) == 0 && args->option[i].name[n] == 0) return &args->option[i];
    return NULL;
}

/* A verb's own option takes the place of a common one with the same name. */
static void add(gnt_args *args, const gnt_option *options)
{
    for (; options && options->name; options++) {
        if (find(args, options->name, strlen(options->name))) continue;
        assert(args->n_options < GNT_MAX_OPTIONS);
        args->option[args->n_options++] = *options;
    }
}

void gnt_args_init(gnt_args *args, const gnt_verb *verb)
{
    *args = (gnt_args){.verb = verb};
    add(args, verb->options);
    if (verb->simulates)
        for (size_t i = 0; i < gnt_n_strategy_parameters; i++) {
            const gnt_parameter *p = &gnt_strategy_parameters[i];
            gnt_option row[2] = {{p->name, GNT_OPT_TEXT, p->value_hint, p->fallback, p->help, false, false}, {0}};
            add(args, row);
        }
    if (verb->computes) add(args, compute_options);
    add(args, common_options);
}

/* ---- values ---------------------------------------------------------------------------------------- */

static bool is_word(const char *list, const char *value)
{
    size_t n = strlen(value);
    for (const char *at = list; n && at && *at;) {
        size_t length = strcspn(at, "|");
        if (length == n && memcmp(at, value, n) == 0) return true;
        at += length;
        if (*at == '|') at++;
    }
    return false;
}

static bool parse_count(const char *text, uint64_t *value)
{
    if (!*text || strspn(text, "0123456789") != strlen(text)) return false;
    errno = 0;
    unsigned long long v = strtoull(text, NULL, 10);
    *value = v;
    return errno == 0 && v <= INT64_MAX;
}

static bool parse_real(const char *text, double *value)
{
    if (!*text || strspn(text, "0123456789+-.eE") != strlen(text)) return false; /* no hex, inf, nan, blanks */
    char *end;
    *value = strtod(text, &end);
    return *end == 0 && isfinite(*value);
}

static gnt_status check(const gnt_args *args, const gnt_option *option, const char *value, gnt_error *why)
{
    uint64_t count;
    double real;
    gnt_day day;
    gnt_range range;
    const char *expected = NULL;
    switch (option->kind) {
    case GNT_OPT_FLAG:
        break;
    case GNT_OPT_TEXT:
    case GNT_OPT_FILE:
        expected = *value ? NULL : "some text";
        break;
    case GNT_OPT_COUNT:
        expected = parse_count(value, &count) ? NULL : "a whole number, 0 or more";
        break;
    case GNT_OPT_REAL:
        expected = parse_real(value, &real) ? NULL : "a number";
        break;
    case GNT_OPT_DATE:
        expected = gnt_date_parse(value, strlen(value), &day) ? NULL : "a date, YYYY-MM-DD";
        break;
    case GNT_OPT_RANGE:
        expected = gnt_range_parse(value, &range) ? NULL : "two dates in order, YYYY-MM-DD..YYYY-MM-DD";
        break;
    case GNT_OPT_WORD:
        expected = is_word(option->value, value) ? NULL : option->value;
        break;
    }
    if (expected)
        return gnt_fail(why, GNT_EUSAGE, "%s: --%s: '%s' is not %s%s", args->verb->name, option->name, value,
                        option->kind == GNT_OPT_WORD ? "one of " : "", expected);
    return GNT_OK;
}

/* ---- parsing ------------------------------------------------------------------------------------------- */

static gnt_status unknown_option(const gnt_args *args, const char *name, size_t n, gnt_error *why)
{
    const char *names[GNT_MAX_OPTIONS];
    char word[64];
    for (size_t i = 0; i < args->n_options; i++) names[i] = args->option[i].name;
    snprintf(word, sizeof word, "%.*s", (int)(n < 60 ? n : 60), name);
    const char *near = gnt_nearest(word, names, args->n_options);
    if (near)
        return gnt_fail(why, GNT_EUSAGE, "%s: unknown option --%s; did you mean --%s?", args->verb->name, word, near);
    return gnt_fail(why, GNT_EUSAGE, "%s: unknown option --%s; see gauntlet %s --help", args->verb->name, word,
                    args->verb->name);
}

static size_t times_given(const gnt_args *args, const gnt_option *option)
{
    size_t n = 0;
    for (size_t i = 0; i < args->n_given; i++) n += args->given[i].option == option;
    return n;
}

static gnt_status add_given(gnt_args *args, const gnt_option *option, const char *value, gnt_error *why)
{
    if (!option->repeats && times_given(args, option))
        return gnt_fail(why, GNT_EUSAGE, "%s: --%s is given twice", args->verb->name, option->name);
    if (args->n_given == GNT_MAX_GIVEN)
        return gnt_fail(why, GNT_EUSAGE, "%s: more than %d options", args->verb->name, GNT_MAX_GIVEN);
    GNT_TRY(check(args, option, value, why));
    args->given[args->n_given].option = option;
    args->given[args->n_given++].value = value;
    return GNT_OK;
}

/* argv[*i] starts with "--": reads it and its value. */
static gnt_status take_option(gnt_args *args, int argc, char **argv, int *i, gnt_error *why)
{
    const char *name = argv[*i] + 2, *equals = strchr(name, '=');
    size_t n = equals ? (size_t)(equals - name) : strlen(name);
    const gnt_option *option = find(args, name, n);
    if (!option) return unknown_option(args, name, n, why);
    if (option->kind == GNT_OPT_FLAG) {
        if (equals) return gnt_fail(why, GNT_EUSAGE, "%s: --%s takes no value", args->verb->name, option->name);
        return add_given(args, option, "", why);
    }
    if (equals) return add_given(args, option, equals + 1, why);
    if (*i + 1 == argc)
        return gnt_fail(why, GNT_EUSAGE, "%s: --%s needs a value (%s)", args->verb->name, option->name, option->value);
    return add_given(args, option, argv[++*i], why);
}

static bool is_output(const char *name)
{
    return !strcmp(name, "out") || !strcmp(name, "paths") || !strcmp(name, "curve");
}

/* A result never takes the place of a file that the same command reads, whatever the two are called. */
static gnt_status check_outputs(const gnt_args *args, gnt_error *why)
{
    for (size_t i = 0; i < args->n_given; i++) {
        const char *out = args->given[i].value;
        if (!is_output(args->given[i].option->name) || !gnt_file_exists(out) || gnt_is_folder(out)) continue;
        for (size_t k = 0; k < args->n_given; k++) {
            const gnt_option *input = args->given[k].option;
            bool names_file = input->kind == GNT_OPT_FILE || !strcmp(input->name, "bars");
            if (names_file && !is_output(input->name) && gnt_bars_come_from(args->given[k].value, out))
                return gnt_fail(why, GNT_EUSAGE, "%s: --%s %s would replace the %s it reads", args->verb->name,
                                args->given[i].option->name, out, input->name);
        }
    }
    return GNT_OK;
}

static gnt_status check_whole(const gnt_args *args, gnt_error *why)
{
    const char *verb = args->verb->name;
    for (size_t i = 0; i < args->n_options; i++)
        if (args->option[i].required && !times_given(args, &args->option[i]))
            return gnt_fail(why, GNT_EUSAGE, "%s: --%s %s is required; see gauntlet %s --help", verb,
                            args->option[i].name, args->option[i].value ? args->option[i].value : "", verb);
    if (args->n_words < args->verb->min_words || args->n_words > args->verb->max_words)
        return gnt_fail(why, GNT_EUSAGE, "%s: %zu word%s after the verb; usage: gauntlet %s %s", verb, args->n_words,
                        args->n_words == 1 ? "" : "s", verb, args->verb->synopsis);
    return check_outputs(args, why);
}

gnt_status gnt_args_parse(gnt_args *args, int argc, char **argv, gnt_error *why)
{
    bool options_ended = false;
    for (int i = 0; i < argc; i++) {
        if (!options_ended && strcmp(argv[i], "--") == 0) {
            options_ended = true;
        } else if (!options_ended && strncmp(argv[i], "--", 2) == 0) {
            GNT_TRY(take_option(args, argc, argv, &i, why));
        } else if (!options_ended && argv[i][0] == '-' && argv[i][1]) {
            return gnt_fail(why, GNT_EUSAGE, "%s: unknown option %s; options start with two dashes", args->verb->name,
                            argv[i]);
        } else if (args->n_words == GNT_MAX_WORDS) {
            return gnt_fail(why, GNT_EUSAGE, "%s: more than %d words", args->verb->name, GNT_MAX_WORDS);
        } else {
            args->word[args->n_words++] = argv[i];
        }
    }
    return gnt_arg_flag(args, "help") ? GNT_OK : check_whole(args, why);
}

/* ---- what verbs ask ------------------------------------------------------------------------------------- */

static const gnt_option *own(const gnt_args *args, const char *name)
{
    const gnt_option *option = find(args, name, strlen(name));
    assert(option); /* a verb asks only for options of its own table */
    return option;
}

const char *gnt_arg_at(const gnt_args *args, const char *name, size_t k)
{
    const gnt_option *option = own(args, name);
    for (size_t i = 0; i < args->n_given; i++)
        if (args->given[i].option == option && k-- == 0) return args->given[i].value;
    return NULL;
}

const char *gnt_arg(const gnt_args *args, const char *name)
{
    const char *value = gnt_arg_at(args, name, 0);
    return value ? value : own(args, name)->fallback;
}

size_t gnt_arg_n(const gnt_args *args, const char *name)
{
    return times_given(args, own(args, name));
}

bool gnt_arg_given(const gnt_args *args, const char *name)
{
    return gnt_arg_n(args, name) > 0;
}

bool gnt_arg_flag(const gnt_args *args, const char *name)
{
    return gnt_arg_given(args, name);
}

uint64_t gnt_arg_count(const gnt_args *args, const char *name)
{
    uint64_t value = 0;
    const char *text = gnt_arg(args, name);
    return text && parse_count(text, &value) ? value : 0;
}

double gnt_arg_real(const gnt_args *args, const char *name)
{
    double value = 0;
    const char *text = gnt_arg(args, name);
    return text && parse_real(text, &value) ? value : NAN;
}

gnt_day gnt_arg_date(const gnt_args *args, const char *name)
{
    gnt_day day = 0;
    const char *text = gnt_arg(args, name);
    return text && gnt_date_parse(text, strlen(text), &day) ? day : INT32_MIN;
}

gnt_range gnt_arg_range(const gnt_args *args, const char *name)
{
    gnt_range range = {0, -1};
    const char *text = gnt_arg(args, name);
    if (text && !gnt_range_parse(text, &range)) range = (gnt_range){0, -1};
    return range;
}

size_t gnt_n_words(const gnt_args *args)
{
    return args->n_words;
}

const char *gnt_word(const gnt_args *args, size_t i)
{
    return i < args->n_words ? args->word[i] : NULL;
}

gnt_status gnt_arg_strategy(const gnt_args *args, gnt_strategy *strategy, gnt_error *why)
{
    for (size_t i = 0; i < gnt_n_strategy_parameters; i++) {
        const char *name = gnt_strategy_parameters[i].name;
        if (!gnt_arg_given(args, name)) continue;
        if (gnt_strategy_set(strategy, name, gnt_arg(args, name), why))
            return gnt_error_prefix(why, "%s", args->verb->name);
    }
    return GNT_OK;
}

gnt_status gnt_arg_engine(const gnt_args *args, gnt_engine *engine, gnt_error *why)
{
    uint64_t threads = gnt_arg_count(args, "threads");
    if (threads > 1024) return gnt_fail(why, GNT_EUSAGE, "%s: --threads: at most 1024", args->verb->name);
    return gnt_engine_open(engine, gnt_arg(args, "device"), (unsigned)threads, &args->progress, why);
}

uint64_t gnt_arg_seed(const gnt_args *args)
{
    return gnt_arg_count(args, "seed");
}

const gnt_progress *gnt_arg_progress(const gnt_args *args)
{
    return &args->progress;
}
