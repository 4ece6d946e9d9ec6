/* A model's memory and its metadata. */
#include "host/model/model.h"

#include <stdio.h>
#include <string.h>

#include "host/base/mem.h"

void gnt_model_free(gnt_model *model)
{
    for (size_t i = 0; i < model->n_meta; i++) {
        free(model->meta[i].key);
        free(model->meta[i].value);
    }
    free(model->meta);
    free(model->weights);
    gnt_scaler_free(&model->scaler);
    *model = (gnt_model){0};
}

static gnt_meta *find(const gnt_model *model, const char *key)
{
    for (size_t i = 0; i < model->n_meta; i++)
        if (!strcmp(model->meta[i].key, key)) return &model->meta[i];
    return NULL;
}

const char *gnt_model_meta(const gnt_model *model, const char *key)
{
    const gnt_meta *meta = find(model, key);
    return meta ? meta->value : NULL;
}

gnt_status gnt_model_set_meta(gnt_model *model, const char *key, const char *value, gnt_error *why)
{
    gnt_meta *meta = find(model, key);
    char *copy = gnt_strdup(value), *name = NULL;
    if (!copy) return gnt_fail(why, GNT_ENOMEM, "out of memory");
    if (meta) {
        free(meta->value);
        meta->value = copy;
        return GNT_OK;
    }
    gnt_meta *grown = realloc(model->meta, (model->n_meta + 1) * sizeof *grown);
    if (grown) model->meta = grown;
    if (!grown || !(name = gnt_strdup(key))) {
        free(copy);
        return gnt_fail(why, GNT_ENOMEM, "out of memory");
    }
    model->meta[model->n_meta++] = (gnt_meta){name, copy};
    return GNT_OK;
}

gnt_status gnt_model_adopt_schema(gnt_model *model, const char *name, gnt_error *why)
{
    const char *schema = gnt_model_meta(model, "gauntlet.schema");
    const char *version = gnt_model_meta(model, "gauntlet.schema_version");
    const char *hash = gnt_model_meta(model, "gauntlet.schema_hash");
    if (!schema && !version && !hash) return GNT_OK;
    char *end = NULL;
    unsigned long number = version ? strtoul(version, &end, 10) : 0;
    if (!schema || !version || !hash || !schema[0] || strlen(schema) >= sizeof model->schema || *end || number < 1 ||
        number > 1000000 || strlen(hash) != GNT_SHA256_ROOM - 1)
        return gnt_fail(why, GNT_EVALUE,
                        "%s: metadata gauntlet.schema, gauntlet.schema_version and gauntlet.schema_hash must be a "
                        "schema's name, a number and 64 hex digits, all three or none",
                        name);
    snprintf(model->schema, sizeof model->schema, "%s", schema);
    snprintf(model->schema_hash, sizeof model->schema_hash, "%s", hash);
    model->schema_version = (unsigned)number;
    return GNT_OK;
}

gnt_status gnt_model_set_schema(gnt_model *model, const gnt_schema *schema, gnt_error *why)
{
    char version[16];
    snprintf(version, sizeof version, "%u", schema->version);
    GNT_TRY(gnt_model_set_meta(model, "gauntlet.schema", schema->name, why));
    GNT_TRY(gnt_model_set_meta(model, "gauntlet.schema_version", version, why));
    GNT_TRY(gnt_model_set_meta(model, "gauntlet.schema_hash", schema->hash, why));
    return gnt_model_adopt_schema(model, "model", why);
}

gnt_status gnt_model_set_source(gnt_model *model, const char *variant, const gnt_bars *bars, const char *price,
                                gnt_error *why)
{
    char from[GNT_DATE_ROOM], to[GNT_DATE_ROOM], span[2 * GNT_DATE_ROOM + 2];
    snprintf(span, sizeof span, "%s..%s", gnt_date_format(bars->day[0], from),
             gnt_date_format(bars->day[bars->n - 1], to));
    const char *const entry[][2] = {
        {"gauntlet.variant", variant},
        {"gauntlet.symbol", bars->symbol},
        {"gauntlet.provenance", gnt_provenance_name(bars->provenance)},
        {"gauntlet.data_sha256", bars->sha256},
        {"gauntlet.data", span},
        {"gauntlet.price", price},
    };
    for (size_t i = 0; i < sizeof entry / sizeof *entry; i++)
        GNT_TRY(gnt_model_set_meta(model, entry[i][0], entry[i][1], why));
    return GNT_OK;
}

/* Bars of [begin, end) dated inside the model's own range `key`. */
static bool inside(const gnt_range *range, size_t n, gnt_day day)
{
    for (size_t i = 0; i < n; i++)
        if (day >= range[i].from && day <= range[i].to) return true;
    return false;
}

gnt_in_sample gnt_model_in_sample(const gnt_model *model, const gnt_day *day, size_t n)
{
    static const char *const key[] = {"gauntlet.train_labels", "gauntlet.val_labels", "gauntlet.train", "gauntlet.val"};
    gnt_range range[4];
    size_t n_ranges = 0, n_inside = 0;
    for (size_t i = 0; i < 4; i++) {
        const char *text = gnt_model_meta(model, key[i]);
        if (text && gnt_range_parse(text, &range[n_ranges])) n_ranges++;
    }
    if (!n_ranges) return GNT_IN_SAMPLE_UNKNOWN;
    for (size_t i = 0; i < n; i++) n_inside += inside(range, n_ranges, day[i]);
    return n_inside == 0 ? GNT_IN_SAMPLE_NONE : n_inside == n ? GNT_IN_SAMPLE_ALL : GNT_IN_SAMPLE_PARTIAL;
}

const char *gnt_in_sample_name(gnt_in_sample in_sample)
{
    static const char *const name[] = {"none", "partial", "all", "unknown"};
    return name[in_sample];
}
