/* Finds a statistic, checks its arguments and columns against its row, runs it. */
#include "host/eval/stats.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/mem.h"
#include "host/base/nearest.h"

static const struct {
    const char *name;
    gnt_stat_kind kind;
    const char *hint;
    double least, most;
    bool open;
} arguments[GNT_STAT_N_IDS] = {
#define X(id, name, kind, hint, least, most, open, help) \
    [GNT_STAT_##id] = {name, GNT_STAT_##kind, hint, least, most, open},
    GNT_STAT_ARGUMENTS(X)
#undef X
};

enum { MAX_STATISTICS = 64 };

gnt_status gnt_stat_find(const char *name, const gnt_stat **stat, gnt_error *why)
{
    const char *names[MAX_STATISTICS];
    size_t n = 0;
    for (; n < MAX_STATISTICS && gnt_stats[n].name; n++) {
        names[n] = gnt_stats[n].name;
        if (strcmp(names[n], name) == 0) {
            *stat = &gnt_stats[n];
            return GNT_OK;
        }
    }
    const char *near = gnt_nearest(name, names, n);
    if (near) return gnt_fail(why, GNT_EINVAL, "stats: no statistic '%s'; did you mean '%s'?", name, near);
    return gnt_fail(why, GNT_EINVAL, "stats: no statistic '%s'; gauntlet stats --list names them", name);
}

/* ---- numbers ------------------------------------------------------------------------------------- */

/* A whole cell or argument as a number; `nan` and `inf` are numbers here, so that they can be refused as values. */
static bool parse_real(const char *text, double *value)
{
    char *end;
    if (!*text || *text == ' ' || *text == '\t' || strpbrk(text, "xXpP")) return false; /* no hexadecimal */
    *value = strtod(text, &end);
    return *end == 0;
}

static bool parse_count(const char *text, uint64_t *value)
{
    if (!*text || strspn(text, "0123456789") != strlen(text)) return false;
    errno = 0;
    unsigned long long v = strtoull(text, NULL, 10);
    *value = v;
    return errno == 0 && v <= INT64_MAX;
}

/* ---- arguments -------------------------------------------------------------------------------------- */

static bool same_name(const char *a, const char *b)
{
    for (; *a && *b; a++, b++)
        if ((*a == '_' ? '-' : *a) != (*b == '_' ? '-' : *b)) return false;
    return *a == *b;
}

static gnt_status set_word(const gnt_stat *stat, gnt_stat_id id, const char *text, gnt_stat_value *value,
                           gnt_error *why)
{
    size_t n = strlen(text);
    value->word = 0;
    for (const char *at = arguments[id].hint; n && *at; value->word++) {
        size_t length = strcspn(at, "|");
        if (length == n && memcmp(at, text, n) == 0) return GNT_OK;
        at += length + (at[length] == '|');
    }
    return gnt_fail(why, GNT_EINVAL, "stats %s: %s '%s' is not one of %s", stat->name, arguments[id].name, text,
                    arguments[id].hint);
}

static gnt_status set(const gnt_stat *stat, gnt_stat_id id, const char *text, gnt_stat_value *value, gnt_error *why)
{
    const char *name = arguments[id].name;
    double least = arguments[id].least, most = arguments[id].most;
    value->given = true;
    if (arguments[id].kind == GNT_STAT_WORD) return set_word(stat, id, text, value, why);
    if (arguments[id].kind == GNT_STAT_COUNT) {
        if (!parse_count(text, &value->count))
            return gnt_fail(why, GNT_EINVAL, "stats %s: %s '%s' is not a whole number, 0 or more", stat->name, name,
                            text);
        value->real = (double)value->count;
    } else if (!parse_real(text, &value->real) || !isfinite(value->real)) {
        return gnt_fail(why, GNT_EINVAL, "stats %s: %s '%s' is not a number", stat->name, name, text);
    }
    double x = value->real;
    if (arguments[id].open ? !(x > least && x < most) : !(x >= least && x <= most))
        return gnt_fail(why, GNT_EINVAL, "stats %s: %s %s is outside %c%g, %g%c", stat->name, name, text,
                        arguments[id].open ? '(' : '[', least, most, arguments[id].open ? ')' : ']');
    return GNT_OK;
}

static gnt_status unknown_argument(const gnt_stat *stat, const char *name, gnt_error *why)
{
    const char *names[GNT_STAT_MAX_USES];
    size_t n = 0;
    for (; stat->uses[n].id; n++) names[n] = arguments[stat->uses[n].id].name;
    const char *near = gnt_nearest(name, names, n);
    char list[256] = "none";
    for (size_t i = 0, used = 0; i < n; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s--%s", i ? " " : "", names[i]);
    return gnt_fail(why, GNT_EINVAL, "stats %s: takes no --%s%s%s%s; its arguments: %s", stat->name, name,
                    near ? ", did you mean --" : "", near ? near : "", near ? "?" : "", list);
}

static gnt_status read_arguments(const gnt_stat *stat, const gnt_stat_given *given, size_t n, gnt_stat_value *value,
                                 gnt_error *why)
{
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        while (stat->uses[k].id && !same_name(arguments[stat->uses[k].id].name, given[i].name)) k++;
        if (!stat->uses[k].id) return unknown_argument(stat, given[i].name, why);
        GNT_TRY(set(stat, stat->uses[k].id, given[i].value, &value[stat->uses[k].id], why));
    }
    for (size_t k = 0; stat->uses[k].id; k++) {
        gnt_stat_id id = stat->uses[k].id;
        if (value[id].given) continue;
        if (stat->uses[k].required)
            return gnt_fail(why, GNT_EINVAL, "stats %s: --%s %s is required", stat->name, arguments[id].name,
                            arguments[id].hint);
        if (stat->uses[k].fallback) GNT_TRY(set(stat, id, stat->uses[k].fallback, &value[id], why));
    }
    return GNT_OK;
}

/* ---- columns ------------------------------------------------------------------------------------------ */

static const char *not_allowed(gnt_stat_values values, double x)
{
    if (!isfinite(x)) return "not a finite number";
    switch (values) {
    case GNT_STAT_ANY:
        return NULL;
    case GNT_STAT_LABEL:
        return x == 0 || x == 1 ? NULL : "not 0 or 1";
    case GNT_STAT_PROPORTION:
        return x >= 0 && x <= 1 ? NULL : "outside [0, 1]";
    case GNT_STAT_TALLY:
        return x >= 0 && x <= 0x1p53 && x == floor(x) ? NULL : "not a count";
    case GNT_STAT_POSITIVE:
        return x > 0 ? NULL : "not above 0";
    }
    return NULL;
}

static gnt_status read_column(const gnt_csv *csv, size_t col, gnt_stat_values values, double *x, gnt_error *why)
{
    for (size_t r = 0; r < csv->n_rows; r++) {
        const char *cell = gnt_csv_cell(csv, r, col), *name = gnt_csv_header(csv, col);
        if (*cell && !parse_real(cell, &x[r]))
            return gnt_fail(why, GNT_EPARSE, "%s:%zu: %s: '%.40s' is not a number", csv->name, r + 2, name, cell);
        const char *bad = *cell ? not_allowed(values, x[r]) : "empty; a number is expected";
        if (bad) return gnt_fail(why, GNT_EVALUE, "%s:%zu: %s: '%.40s' is %s", csv->name, r + 2, name, cell, bad);
    }
    return GNT_OK;
}

static bool has_column(const gnt_csv *csv, const char *name)
{
    for (size_t c = 0; c < csv->n_cols; c++)
        if (strcmp(gnt_csv_header(csv, c), name) == 0) return true;
    return false;
}

static gnt_status read_columns(const gnt_stat *stat, const gnt_csv *csv, gnt_stat_call *call, gnt_error *why)
{
    gnt_status st = GNT_OK;
    if (!stat->columns[0].name)
        return csv ? gnt_fail(why, GNT_EINVAL, "stats %s: takes no --input", stat->name) : GNT_OK;
    if (!csv) return gnt_fail(why, GNT_EINVAL, "stats %s: --input FILE.csv is required", stat->name);
    call->n = csv->n_rows;
    for (size_t c = 0; stat->columns[c].name; c++) {
        size_t col;
        if (stat->columns[c].optional && !has_column(csv, stat->columns[c].name)) continue;
        GNT_GOTO(gnt_csv_column(csv, stat->columns[c].name, &col, why));
        GNT_ALLOC(call->column[c], call->n);
        GNT_GOTO(read_column(csv, col, stat->columns[c].values, call->column[c], why));
    }
    if (call->n < stat->min_rows)
        st = gnt_fail(why, GNT_EFEW, "stats %s: %s: %zu rows; at least %zu are needed", stat->name, csv->name, call->n,
                      stat->min_rows);
out:
    return st;
}

gnt_status gnt_stat_run(gnt_engine *engine, const gnt_stat *stat, const gnt_csv *csv, const gnt_stat_given *given,
                        size_t n_given, uint64_t seed, json_t *out, gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_stat_call call = {.engine = engine, .seed = seed};
    GNT_GOTO(read_arguments(stat, given, n_given, call.value, why));
    GNT_GOTO(read_columns(stat, csv, &call, why));
    st = stat->run(&call, out, why);
out:
    for (size_t c = 0; c < GNT_STAT_MAX_COLUMNS; c++) free(call.column[c]);
    return st;
}
