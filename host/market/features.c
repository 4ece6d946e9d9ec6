#include "features.h"

#include <string.h>

#include "host/base/mem.h"

/* Bars of one symbol on the common dates: five columns of n values in one block. */
typedef struct common {
    size_t n;
    double *block; /* [5][n] open, high, low, close, volume; owned */
} common;

static gnt_bars_view common_view(const common *c)
{
    const double *b = c->block;
    return (gnt_bars_view){c->n, b, b + c->n, b + 2 * c->n, b + 3 * c->n, b + 4 * c->n};
}

/* Rows of `bars` dated day[0..n), all of which it has. */
static gnt_status common_make(const gnt_bars *bars, const gnt_day *day, size_t n, common *out, gnt_error *why)
{
    gnt_status st = GNT_OK;
    const double *from[5] = {bars->open, bars->high, bars->low, bars->close, bars->volume};
    *out = (common){.n = n};
    GNT_ALLOC(out->block, 5 * n);
    for (size_t i = 0, t = 0; i < n; i++) {
        while (bars->day[t] < day[i]) t++;
        for (size_t k = 0; k < 5; k++) out->block[k * n + i] = from[k][t];
    }
out:
    return st;
}

/* Leaves in day[] only the dates that `bars` has too; returns how many. */
static size_t intersect(gnt_day *day, size_t n, const gnt_bars *bars)
{
    size_t kept = 0;
    for (size_t i = 0, t = 0; i < n; i++) {
        while (t < bars->n && bars->day[t] < day[i]) t++;
        if (t < bars->n && bars->day[t] == day[i]) day[kept++] = day[i];
    }
    return kept;
}

static gnt_status rows_alloc(gnt_features *f, const gnt_bars *bars, gnt_error *why)
{
    gnt_status st = GNT_OK;
    GNT_ALLOC(f->day, bars->n);
    if (bars->n) memcpy(f->day, bars->day, bars->n * sizeof *f->day);
    f->n_rows = bars->n;
out:
    return st;
}

static gnt_status check_length(const gnt_features *f, gnt_error *why)
{
    if (f->n_rows <= f->schema.first_valid)
        return gnt_fail(why, GNT_EFEW, "schema %s needs at least %zu bars for its first row, got %zu", f->schema.name,
                        f->schema.first_valid + 1, f->n_rows);
    return GNT_OK;
}

static gnt_status make_gauntlet_35(gnt_engine *engine, const gnt_bars *bars, gnt_features *f, gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_bars_view view = gnt_bars_as_view(bars);
    GNT_GOTO(rows_alloc(f, bars, why));
    GNT_GOTO(check_length(f, why));
    GNT_ALLOC(f->x, f->n_rows * f->schema.n_features);
    GNT_GOTO(gnt_engine_features(engine, GNT_FEATURES_GAUNTLET_35, &view, 1, f->schema.n_features, &f->x, why));
out:
    return st;
}

/* The shared last column: close[t]/close[t-1] - 1 of the first ticker; row 0 has none, as the rows of warm-up. */
static void fill_return(gnt_features *f, const double *close)
{
    size_t width = f->schema.n_features;
    for (size_t t = 0; t < f->n_rows; t++)
        f->x[t * width + width - 1] = t < f->schema.first_valid ? f->x[t * width] /* NaN of warm-up */
                                                                : (float)(close[t] / close[t - 1] - 1.0);
}

/* order [n]: bars in alphabetical order of their symbols. */
static gnt_status make_levels_17(gnt_engine *engine, const gnt_bars *const *order, size_t n, gnt_features *f,
                                 gnt_error *why)
{
    gnt_status st = GNT_OK;
    common column = {0};
    GNT_GOTO(rows_alloc(f, order[0], why));
    for (size_t k = 1; k < n; k++) f->n_rows = intersect(f->day, f->n_rows, order[k]);
    GNT_GOTO(check_length(f, why));
    GNT_ALLOC(f->x, f->n_rows * f->schema.n_features);
    for (size_t k = n; k-- > 0;) { /* the first ticker last: its closes make the shared return */
        free(column.block);
        GNT_GOTO(common_make(order[k], f->day, f->n_rows, &column, why));
        gnt_bars_view view = common_view(&column);
        float *columns = f->x + k * GNT_LEVELS_17_WIDTH;
        GNT_GOTO(gnt_engine_features(engine, GNT_FEATURES_LEVELS_17, &view, 1, f->schema.n_features, &columns, why));
        if (k == 0) fill_return(f, view.close);
    }
out:
    free(column.block);
    return st;
}

static int by_symbol(const void *a, const void *b)
{
    return strcmp((*(const gnt_bars *const *)a)->symbol, (*(const gnt_bars *const *)b)->symbol);
}

static gnt_status refuse_adjusted(const char *schema, const gnt_bars *bars, size_t n, gnt_error *why)
{
    if (strcmp(schema, GNT_SCHEMA_LEVELS_17) != 0) return GNT_OK;
    for (size_t k = 0; k < n; k++)
        if (bars[k].adjusted)
            return gnt_fail(why, GNT_EINVAL,
                            "schema levels-17 refuses adjusted prices of %s: later dividends would leak into levels; "
                            "use --price close",
                            bars[k].symbol);
    return GNT_OK;
}

gnt_status gnt_features_make(gnt_engine *engine, const char *schema, const gnt_bars *bars, size_t n_symbols,
                             gnt_features *features, gnt_error *why)
{
    gnt_status st = GNT_OK;
    const gnt_bars **order = NULL;
    const char **ticker = NULL;
    *features = (gnt_features){0};
    GNT_ALLOC(order, n_symbols);
    GNT_ALLOC(ticker, n_symbols);
    for (size_t k = 0; k < n_symbols; k++) order[k] = &bars[k];
    qsort(order, n_symbols, sizeof *order, by_symbol);
    for (size_t k = 0; k < n_symbols; k++) ticker[k] = order[k]->symbol;
    GNT_GOTO(gnt_schema_open(&features->schema, schema, ticker, n_symbols, why));
    GNT_GOTO(refuse_adjusted(schema, bars, n_symbols, why));
    GNT_GOTO(!strcmp(schema, GNT_SCHEMA_GAUNTLET_35) ? make_gauntlet_35(engine, bars, features, why)
                                                     : make_levels_17(engine, order, n_symbols, features, why));
out:
    free(order);
    free(ticker);
    if (st) gnt_features_free(features);
    return st;
}

void gnt_features_free(gnt_features *features)
{
    gnt_schema_free(&features->schema);
    free(features->day);
    free(features->x);
    *features = (gnt_features){0};
}

gnt_panel gnt_features_panel(const gnt_features *features)
{
    return (gnt_panel){features->x, features->n_rows, features->schema.n_features};
}
