/* gauntlet stats: one statistic on a CSV, or the list of them. */
#include <stdlib.h>

#include "cli.h"
#include "host/eval/stats.h"

static const gnt_option options[] = {
    {"input", GNT_OPT_FILE, "FILE.csv", NULL, "columns as the statistic names them; others are ignored", false, false},
    {"list", GNT_OPT_FLAG, NULL, NULL, "list the statistics with their columns and arguments", false, false},
#define X(id, name, kind, hint, least, most, open, help) {name, GNT_OPT_TEXT, hint, NULL, help, false, false},
    GNT_STAT_ARGUMENTS(X)
#undef X
        {0},
};

static const char *const argument_names[] = {[GNT_STAT_END] = NULL,
#define X(id, name, kind, hint, least, most, open, help) [GNT_STAT_##id] = name,
                                             GNT_STAT_ARGUMENTS(X)
#undef X
};

/* ---- stats --list ------------------------------------------------------------------------------------ */

/* "ret[,bench][,pos]" */
static void columns_text(const gnt_stat *stat, char *out, size_t room)
{
    size_t used = 0;
    out[0] = 0;
    for (size_t c = 0; stat->columns[c].name && used < room; c++)
        used += (size_t)snprintf(out + used, room - used, stat->columns[c].optional ? "[%s%s]" : "%s%s", c ? "," : "",
                                 stat->columns[c].name);
}

static json_t *list_row(const gnt_stat *stat)
{
    json_t *row = json_object(), *columns = json_array(), *uses = json_array();
    for (size_t c = 0; stat->columns[c].name; c++) json_array_append_new(columns, json_string(stat->columns[c].name));
    for (size_t k = 0; stat->uses[k].id; k++)
        json_array_append_new(uses, json_string(argument_names[stat->uses[k].id]));
    gnt_json_text(row, "name", stat->name);
    gnt_json_text(row, "summary", stat->summary);
    gnt_json_put(row, "columns", columns);
    gnt_json_put(row, "arguments", uses);
    return row;
}

static void list_line(const gnt_args *args, const gnt_stat *stat)
{
    char columns[128], line[512];
    columns_text(stat, columns, sizeof columns);
    size_t used = (size_t)snprintf(line, sizeof line, "%-18s %-20s", stat->name, columns[0] ? columns : "-");
    for (size_t k = 0; stat->uses[k].id && used < sizeof line; k++)
        used += (size_t)snprintf(line + used, sizeof line - used, stat->uses[k].required ? " --%s" : " [--%s]",
                                 argument_names[stat->uses[k].id]);
    gnt_say(args, "%s", line);
    gnt_say(args, "    %s", stat->summary);
}

static gnt_status list(const gnt_args *args)
{
    json_t *rows = json_array(), *object = json_object();
    for (const gnt_stat *stat = gnt_stats; stat->name; stat++) {
        list_line(args, stat);
        json_array_append_new(rows, list_row(stat));
    }
    gnt_json_put(object, "statistics", rows);
    gnt_answer(args, object);
    return GNT_OK;
}

/* ---- stats NAME ----------------------------------------------------------------------------------------- */

static void say_fields(const gnt_args *args, const json_t *object)
{
    const char *key;
    json_t *value, *reasons = json_object_get(object, "reasons");
    json_object_foreach((json_t *)object, key, value)
    {
        char *text = value == reasons ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
        const char *reason = json_string_value(json_object_get(reasons, key));
        if (reason)
            gnt_say(args, "%-22s undefined: %s", key, reason);
        else if (text)
            gnt_say(args, "%-22s %s", key, text);
        free(text);
    }
}

static size_t arguments_given(const gnt_args *args, gnt_stat_given *given)
{
    size_t n = 0;
    for (gnt_stat_id id = GNT_STAT_END + 1; id < GNT_STAT_N_IDS; id++)
        if (gnt_arg_given(args, argument_names[id]))
            given[n++] = (gnt_stat_given){argument_names[id], gnt_arg(args, argument_names[id])};
    return n;
}

static gnt_status run(const gnt_args *args, gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_engine engine = {0};
    gnt_csv csv = {0};
    gnt_stat_given given[GNT_STAT_N_IDS];
    const gnt_stat *stat = NULL;
    json_t *object = NULL;
    if (gnt_arg_flag(args, "list")) return list(args);
    if (gnt_n_words(args) == 0)
        return gnt_fail(why, GNT_EUSAGE, "stats: name a statistic; gauntlet stats --list names them");
    const char *input = gnt_arg(args, "input");
    GNT_GOTO(gnt_stat_find(gnt_word(args, 0), &stat, why));
    if (input) GNT_GOTO(gnt_csv_read(input, (size_t)1 << 30, &csv, why));
    if (stat->resamples) GNT_GOTO(gnt_arg_engine(args, &engine, why));
    object = json_object();
    size_t n = arguments_given(args, given);
    GNT_GOTO(gnt_stat_run(&engine, stat, input ? &csv : NULL, given, n, gnt_arg_seed(args), object, why));
    say_fields(args, object);
    gnt_answer(args, json_incref(object));
out:
    json_decref(object);
    gnt_engine_close(&engine);
    gnt_csv_free(&csv);
    return st;
}

const gnt_verb gnt_verb_stats = {
    .name = "stats",
    .run = run,
    .summary = "one statistic on a CSV",
    .synopsis = "NAME [--input FILE.csv] [--ARGUMENT VALUE ...] | --list",
    .detail = "Prints the fields of one statistic. A figure that isn't defined is null, its reason beside it. Values\n"
              "that are not allowed are refused, never skipped.\n\n"
              "    gauntlet stats --list\n"
              "    gauntlet stats trading --input returns.csv --periods 252\n"
              "    gauntlet stats sample_size --p1 0.5 --p2 0.52 --ratio 0.43",
    .options = options,
    .max_words = 1,
    .computes = true,
};
