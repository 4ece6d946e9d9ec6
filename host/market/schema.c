#include "schema.h"

#include <stdio.h>
#include <string.h>

#include "host/base/mem.h"
#include "kernels/kernels.h"

#define MAX_TICKERS 64
#define NAME_ROOM 64 /* a ticker of at most 31 characters, '_' and the longest suffix */

static const char *const gauntlet_35[GNT_GAUNTLET_35_WIDTH] = {
    "ret_1",          "ret_lag_1",
    "ret_lag_2",      "ret_lag_3",
    "ret_lag_4",      "ret_lag_5",
    "mom_3",          "mom_5",
    "mom_10",         "mom_20",
    "intraday",       "gap",
    "range",          "close_vs_high",
    "close_vs_low",   "sma_gap_5",
    "sma_gap_10",     "sma_gap_20",
    "sma_gap_50",     "macd",
    "macd_signal",    "macd_hist",
    "rsi_9",          "rsi_14",
    "rsi_21",         "boll_pos_20",
    "vol_5",          "vol_10",
    "vol_20",         "vol_ratio_5_10",
    "vol_ratio_5_20", "volume_gap_20",
    "dlog_volume",    "dlog_volume_lag_1",
    "vwap_gap_20",
};

static const char *const levels_17[GNT_LEVELS_17_WIDTH] = {
    "open",         "high",        "low",         "close",       "volume",       "close_lag_1",
    "close_lag_2",  "close_lag_3", "close_lag_4", "close_lag_5", "volume_lag_1", "volume_lag_2",
    "volume_lag_3", "sma_5",       "sma_10",      "sma_20",      "rsi_14",
};

/* One block: pointers, then NAME_ROOM characters a name. */
static gnt_status names_alloc(gnt_schema *schema, size_t n, gnt_error *why)
{
    char *block = gnt_alloc(n, sizeof(char *) + NAME_ROOM);
    if (!block) return gnt_fail(why, GNT_ENOMEM, "out of memory for %zu column names", n);
    schema->names = (const char **)(void *)block;
    schema->n_features = n;
    for (size_t i = 0; i < n; i++) schema->names[i] = block + n * sizeof(char *) + i * NAME_ROOM;
    return GNT_OK;
}

static char *name_slot(gnt_schema *schema, size_t i)
{
    return (char *)schema->names + schema->n_features * sizeof(char *) + i * NAME_ROOM;
}

static gnt_status hash_fill(gnt_schema *schema, gnt_error *why)
{
    size_t room = 64 + schema->n_features * (NAME_ROOM + 1);
    char *text = gnt_alloc(room, 1);
    if (!text) return gnt_fail(why, GNT_ENOMEM, "out of memory for %zu bytes", room);
    size_t n = (size_t)snprintf(text, room, "%s\n%u\n", schema->name, schema->version);
    for (size_t i = 0; i < schema->n_features; i++) n += (size_t)snprintf(text + n, room - n, "%s\n", schema->names[i]);
    gnt_status st = gnt_sha256(text, n, schema->hash, why);
    free(text);
    return st;
}

static gnt_status open_gauntlet_35(gnt_schema *schema, size_t n_tickers, gnt_error *why)
{
    if (n_tickers != 1)
        return gnt_fail(why, GNT_EINVAL, "schema gauntlet-35 takes one symbol, got %zu (levels-17 takes several)",
                        n_tickers);
    GNT_TRY(names_alloc(schema, GNT_GAUNTLET_35_WIDTH, why));
    schema->first_valid = GNT_GAUNTLET_35_FIRST;
    for (size_t i = 0; i < schema->n_features; i++) snprintf(name_slot(schema, i), NAME_ROOM, "%s", gauntlet_35[i]);
    return GNT_OK;
}

static gnt_status open_levels_17(gnt_schema *schema, const char *const *ticker, size_t n, gnt_error *why)
{
    if (n < 1 || n > MAX_TICKERS)
        return gnt_fail(why, GNT_EINVAL, "schema levels-17 takes 1 to %d symbols, got %zu", MAX_TICKERS, n);
    for (size_t k = 0; k < n; k++) {
        if (!ticker[k][0] || strlen(ticker[k]) > 31)
            return gnt_fail(why, GNT_EINVAL, "schema levels-17: symbol %zu must have 1 to 31 characters", k + 1);
        if (k && strcmp(ticker[k - 1], ticker[k]) >= 0)
            return gnt_fail(why, GNT_EINVAL, "schema levels-17: symbols must differ and be sorted, got %s before %s",
                            ticker[k - 1], ticker[k]);
    }
    GNT_TRY(names_alloc(schema, GNT_LEVELS_17_WIDTH * n + 1, why));
    schema->first_valid = GNT_LEVELS_17_FIRST;
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < GNT_LEVELS_17_WIDTH; i++)
            snprintf(name_slot(schema, k * GNT_LEVELS_17_WIDTH + i), NAME_ROOM, "%s_%s", ticker[k], levels_17[i]);
    snprintf(name_slot(schema, schema->n_features - 1), NAME_ROOM, "ret_1");
    return GNT_OK;
}

gnt_status gnt_schema_open(gnt_schema *schema, const char *name, const char *const *tickers, size_t n_tickers,
                           gnt_error *why)
{
    gnt_status st = GNT_OK;
    *schema = (gnt_schema){.version = 1};
    snprintf(schema->name, sizeof schema->name, "%s", name);
    if (!strcmp(name, GNT_SCHEMA_GAUNTLET_35))
        GNT_GOTO(open_gauntlet_35(schema, n_tickers, why));
    else if (!strcmp(name, GNT_SCHEMA_LEVELS_17))
        GNT_GOTO(open_levels_17(schema, tickers, n_tickers, why));
    else
        GNT_GOTO(gnt_fail(why, GNT_EINVAL, "unknown schema '%s': expected gauntlet-35 or levels-17", name));
    GNT_GOTO(hash_fill(schema, why));
out:
    if (st) gnt_schema_free(schema);
    return st;
}

void gnt_schema_free(gnt_schema *schema)
{
    free(schema->names);
    *schema = (gnt_schema){0};
}
