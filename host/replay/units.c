/* Units files: which unit asks for which window (sticky assignment). */
#include <stdlib.h>
#include <string.h>

#include "host/base/csv.h"
#include "host/base/file.h"
#include "host/base/mem.h"
#include "host/replay/replay.h"

static const size_t max_bytes = (size_t)256 << 20;

void gnt_replay_units_free(gnt_replay_units *units)
{
    free(units->row);
    free(units->unit);
    free(units->text);
    *units = (gnt_replay_units){0};
}

/* Line r of the file as a row of bars; *inside says whether it belongs to the window. */
static gnt_status read_row(const gnt_csv *csv, size_t r, size_t col, const gnt_bars *bars, size_t begin, size_t end,
                           size_t *row, bool *inside, gnt_error *why)
{
    const char *cell = gnt_csv_cell(csv, r, col);
    gnt_day day;
    if (!gnt_date_parse(cell, strlen(cell), &day))
        return gnt_fail(why, GNT_EPARSE, "%s:%zu: date '%.40s' is not YYYY-MM-DD", csv->name, r + 2, cell);
    if (!gnt_bars_find(bars, day, row))
        return gnt_fail(why, GNT_EVALUE, "%s:%zu: %s is no bar of %s", csv->name, r + 2, cell, bars->symbol);
    *inside = *row + 1 >= begin && *row + 1 < end;
    return GNT_OK;
}

static gnt_status take_lines(const gnt_csv *csv, const gnt_bars *bars, size_t begin, size_t end,
                             gnt_replay_units *units, gnt_error *why)
{
    size_t date_col, unit_col, wanted = begin - 1;
    GNT_TRY(gnt_csv_column(csv, "date", &date_col, why));
    GNT_TRY(gnt_csv_column(csv, "unit", &unit_col, why));
    for (size_t r = 0, before = 0; r < csv->n_rows; r++) {
        size_t row = 0;
        bool inside = false;
        GNT_TRY(read_row(csv, r, date_col, bars, begin, end, &row, &inside, why));
        if (row < before)
            return gnt_fail(why, GNT_EVALUE, "%s:%zu: dates fall; requests come in time order", csv->name, r + 2);
        before = row;
        if (!inside) continue;
        const char *unit = gnt_csv_cell(csv, r, unit_col);
        if (!*unit) return gnt_fail(why, GNT_EVALUE, "%s:%zu: empty unit", csv->name, r + 2);
        if (row > wanted) break;
        wanted = row + 1;
        units->row[units->n] = (uint32_t)row;
        units->unit[units->n++] = units->text + (unit - csv->text);
    }
    if (wanted == end - 1) return GNT_OK;
    char date[GNT_DATE_ROOM];
    return gnt_fail(why, GNT_EVALUE, "%s: no unit for %s; every row of the window needs one", csv->name,
                    gnt_date_format(bars->day[wanted], date));
}

gnt_status gnt_replay_units_parse(const char *data, size_t n, const char *name, const gnt_bars *bars, size_t begin,
                                  size_t end, gnt_replay_units *units, gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_csv csv = {0};
    *units = (gnt_replay_units){0};
    GNT_GOTO(gnt_csv_parse(data, n, name, &csv, why));
    GNT_ALLOC(units->row, csv.n_rows);
    GNT_ALLOC(units->unit, csv.n_rows);
    GNT_ALLOC(units->text, n + 1);
    memcpy(units->text, csv.text, n + 1); /* cut into cells already */
    GNT_GOTO(take_lines(&csv, bars, begin, end, units, why));
out:
    gnt_csv_free(&csv);
    if (st) gnt_replay_units_free(units);
    return st;
}

gnt_status gnt_replay_units_read(const char *path, const gnt_bars *bars, size_t begin, size_t end,
                                 gnt_replay_units *units, gnt_error *why)
{
    gnt_text text = {0};
    GNT_TRY(gnt_text_read(path, max_bytes, &text, why));
    gnt_status st = gnt_replay_units_parse(text.data, text.n, path, bars, begin, end, units, why);
    gnt_text_free(&text);
    return st;
}
