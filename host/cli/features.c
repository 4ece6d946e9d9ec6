/* gauntlet features: bars in, feature rows out. */
#include <stdlib.h>
#include <string.h>

#include "host/base/mem.h"
#include "host/market/features_many.h"
#include "host/market/processed.h"
#include "panel.h"

static const gnt_option options[] = {
    {"bars", GNT_OPT_TEXT, "FILE.csv|STORE.h5[:SYMBOL]|builtin:SYN-EDGE", NULL,
     "daily bars; a store without a symbol: all of it; repeats", true, true},
    {"schema", GNT_OPT_WORD, "gauntlet-35|levels-17", "gauntlet-35", "which features", false, false},
    {"price", GNT_OPT_WORD, "close|adj", "close", "prices as given, or adjusted for dividends", false, false},
    {"out", GNT_OPT_FILE, "FILE.csv|FILE.npy|FILE.h5", NULL, "the valid rows, in the form the ending names", false,
     false},
    {"processed", GNT_OPT_FILE, "DIR", NULL, "the original demo's files: train, val and test arrays, names, raw bars",
     false, false},
    {0},
};

/* Several symbols with rows of their own: a whole store, or --bars repeated for a schema that doesn't join them. */
static bool is_many(const gnt_args *args)
{
    char path[1024];
    size_t n = gnt_arg_n(args, "bars");
    for (size_t i = 0; i < n; i++)
        if (gnt_names_whole_store(gnt_arg_at(args, "bars", i), path)) return true;
    return n > 1 && !strcmp(gnt_arg(args, "schema"), GNT_SCHEMA_GAUNTLET_35);
}

static gnt_status check_many(const gnt_args *args, gnt_error *why)
{
    const char *out = gnt_arg(args, "out");
    size_t n = out ? strlen(out) : 0;
    if (!is_many(args)) return GNT_OK;
    if (strcmp(gnt_arg(args, "schema"), GNT_SCHEMA_GAUNTLET_35) != 0)
        return gnt_fail(why, GNT_EUSAGE,
                        "features: schema %s joins symbols that are named one by one: give --bars STORE.h5:SYMBOL for "
                        "each",
                        gnt_arg(args, "schema"));
    if (gnt_arg(args, "processed"))
        return gnt_fail(why, GNT_EUSAGE, "features: --processed takes one symbol with schema %s, or levels-17",
                        GNT_SCHEMA_GAUNTLET_35);
    if (n <= 3 || strcmp(out + n - 3, ".h5") != 0)
        return gnt_fail(why, GNT_EUSAGE, "features: --out %s can hold one symbol; the rows of several go to a FILE.h5",
                        out);
    return GNT_OK;
}

/* Everything that can be refused before bars are read. */
static gnt_status check(const gnt_args *args, gnt_error *why)
{
    const char *out = gnt_arg(args, "out");
    if (!out && !gnt_arg(args, "processed"))
        return gnt_fail(why, GNT_EUSAGE, "features: give --out FILE.csv|FILE.npy|FILE.h5 or --processed DIR");
    if (!out) return check_many(args, why);
    if (gnt_features_check_ending(out, why)) return gnt_error_prefix(why, "features: --out");
    return check_many(args, why);
}

static int by_symbol(const void *a, const void *b)
{
    return strcmp(((const gnt_bars *)a)->symbol, ((const gnt_bars *)b)->symbol);
}

static void tell(const gnt_args *args, const gnt_cli_panel *panel, const gnt_feature_rows *rows, const gnt_part *part)
{
    const char *out = gnt_arg(args, "out"), *dir = gnt_arg(args, "processed");
    json_t *object = gnt_features_describe(rows), *processed = json_object();
    char symbols[1024], counts[128] = "";
    gnt_cli_panel_symbols(panel, symbols, sizeof symbols);
    if (dir)
        snprintf(counts, sizeof counts, " (%zu train, %zu val, %zu test rows)", part[GNT_TRAIN_PART].n,
                 part[GNT_VAL_PART].n, part[GNT_TEST_PART].n);
    gnt_say(args, "%s (%s): %zu rows of %zu features (%s version %u), %s to %s; %s%s%s%s written", symbols,
            json_string_value(json_object_get(object, "provenance")), rows->n, rows->features->schema.n_features,
            rows->features->schema.name, rows->features->schema.version,
            json_string_value(json_object_get(object, "first")), json_string_value(json_object_get(object, "last")),
            out ? out : "", out && dir ? ", " : "", dir ? dir : "", counts);
    gnt_json_text(object, "out", out);
    if (dir) gnt_json_text(processed, "dir", dir);
    for (size_t k = 0; dir && k < GNT_N_PARTS; k++) gnt_json_count(processed, gnt_part_names[k], part[k].n);
    gnt_json_put(object, "processed", dir ? json_incref(processed) : json_null());
    json_decref(processed);
    gnt_answer(args, object);
}

static gnt_status run_many(const gnt_args *args, gnt_engine *engine, gnt_error *why)
{
    gnt_status st = GNT_OK;
    json_t *said = NULL;
    const char **specs = NULL;
    gnt_features_job job = {.n_specs = gnt_arg_n(args, "bars"),
                            .adjust = !strcmp(gnt_arg(args, "price"), "adj"),
                            .seed = gnt_arg_seed(args),
                            .out = gnt_arg(args, "out")};
    GNT_ALLOC(specs, job.n_specs);
    for (size_t i = 0; i < job.n_specs; i++) specs[i] = gnt_arg_at(args, "bars", i);
    job.specs = specs;
    GNT_GOTO(gnt_features_make_many(engine, &job, &said, gnt_arg_progress(args), why));
    const json_t *totals = json_object_get(said, "totals");
    gnt_say(args, "%lld symbols (%s): %lld rows of %lld features (%s), %s to %s; %s written",
            (long long)json_integer_value(json_object_get(totals, "symbols")),
            json_string_value(json_object_get(said, "provenance")),
            (long long)json_integer_value(json_object_get(totals, "rows")),
            (long long)json_integer_value(json_object_get(said, "features")),
            json_string_value(json_object_get(said, "schema")), json_string_value(json_object_get(totals, "first")),
            json_string_value(json_object_get(totals, "last")), job.out);
    gnt_json_text(said, "out", job.out);
    gnt_answer(args, said);
out:
    free(specs);
    return st;
}

static gnt_status run(const gnt_args *args, gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_engine engine = {0};
    gnt_cli_panel panel = {0};
    gnt_part part[GNT_N_PARTS] = {{0}};
    const char *out = gnt_arg(args, "out"), *dir = gnt_arg(args, "processed");
    GNT_GOTO(check(args, why));
    GNT_GOTO(gnt_arg_engine(args, &engine, why));
    if (is_many(args)) {
        st = run_many(args, &engine, why);
        goto out;
    }
    GNT_GOTO(gnt_cli_panel_load(args, &engine, gnt_arg(args, "schema"), &panel, why));
    qsort(panel.bars, panel.n_bars, sizeof *panel.bars, by_symbol); /* as the columns: the same file for any order */
    panel.lead = 0;
    gnt_feature_rows rows = gnt_feature_rows_valid(&panel.features, panel.bars, panel.n_bars);
    if (dir) GNT_GOTO(gnt_processed_write(&engine, dir, &rows, panel.labels, part, why));
    if (out) GNT_GOTO(gnt_features_write(out, &rows, why));
    tell(args, &panel, &rows, part);
out:
    gnt_cli_panel_free(&panel);
    gnt_engine_close(&engine);
    return st;
}

const gnt_verb gnt_verb_features = {
    .name = "features",
    .run = run,
    .summary = "bars to feature rows",
    .synopsis = "--bars BARS (--out FILE | --processed DIR) [options]",
    .detail =
        "One row a bar, from the first bar on which every feature is known; row t holds only what is known at the\n"
        "close of bar t. The values are raw: a model scales them itself. Float32; a CSV's digits read back exactly.\n"
        "Beside a .csv or .npy, FILE.manifest.json says schema, hash, provenance and sources.\n"
        "\n"
        "A store without a symbol (STORE.h5 or STORE.h5:*), or several --bars, give the rows of each symbol in one\n"
        "--out FILE.h5, a batch of symbols at a time; levels-17 joins the symbols named instead.\n"
        "\n"
        "--processed writes the files of the original demo: {train,val,test}_{features,targets}.npy (68, 12 and 20 %\n"
        "of the rows in time order, scaled by the train rows), feature_names.txt, combined_processed_data.csv and\n"
        "<SYMBOL>_raw_<start>_<end>.csv; docs/FORMATS.md says what differs.\n"
        "\n"
        "Examples:\n"
        "  gauntlet features --bars IBB.csv --out features.csv\n"
        "  gauntlet features --bars universe.h5 --out features.h5\n"
        "  gauntlet features --bars bars.h5:IBB --bars bars.h5:XBI --schema levels-17 --processed processed",
    .options = options,
    .computes = true,
};
