/* gauntlet info: build, devices, schemas. */
#include "cli.h"
#include "host/base/version.h"
#include "host/market/split.h"

static const char *const device_names[] = {"cpu", "cuda", "emu"};

/* {name, available, bf16, reason, threads (GPUs), simd, chip}: opened for real, so the answer is what a run would get.
 */
static json_t *device_row(const char *name, char simd[16])
{
    gnt_engine engine = {0};
    gnt_error why = {0};
    json_t *row = json_object();
    bool available = gnt_engine_open(&engine, name, 0, NULL, &why) == GNT_OK;
    gnt_json_text(row, "name", name);
    gnt_json_flag(row, "available", available);
    gnt_json_flag(row, "bf16", available && engine.info.bf16);
    gnt_json_text(row, "reason", available ? NULL : why.text);
    if (available) {
        gnt_json_count(row, "threads", engine.info.threads);
        gnt_json_text(row, "simd", engine.info.simd);
        gnt_json_text(row, "chip", *engine.info.chip ? engine.info.chip : NULL);
        if (simd) snprintf(simd, 16, "%s", engine.info.simd);
    }
    gnt_engine_close(&engine);
    return row;
}

/* levels-17 has one hash per list of tickers; none is shown for it here. */
static gnt_status schema_row(json_t *rows, const char *name, bool hashed, gnt_error *why)
{
    static const char *const tickers[] = {"IBB"};
    gnt_schema schema = {0};
    GNT_TRY(gnt_schema_open(&schema, name, tickers, 1, why));
    json_t *row = json_object();
    gnt_json_text(row, "name", schema.name);
    gnt_json_count(row, "version", schema.version);
    gnt_json_text(row, "hash", hashed ? schema.hash : NULL);
    json_array_append_new(rows, row);
    gnt_schema_free(&schema);
    return GNT_OK;
}

static void say_available(const gnt_args *args, json_t *row)
{
    json_t *chip = json_object_get(row, "chip");
    long long n = json_integer_value(json_object_get(row, "threads"));
    bool gpu = json_is_string(chip);
    gnt_say(args, "device %s: available (%s%s%s, %lld %s%s)%s", json_string_value(json_object_get(row, "name")),
            gpu ? json_string_value(chip) : "", gpu ? ", " : "", json_string_value(json_object_get(row, "simd")), n,
            gpu ? "GPU" : "thread", n == 1 ? "" : "s", json_is_true(json_object_get(row, "bf16")) ? ", with bf16" : "");
}

static gnt_status run(const gnt_args *args, gnt_error *why)
{
    gnt_status st = GNT_OK;
    char simd[16] = "none";
    json_t *object = json_object(), *devices = json_array(), *schemas = json_array();
    for (size_t i = 0; i < sizeof device_names / sizeof *device_names; i++)
        json_array_append_new(devices, device_row(device_names[i], i == 0 ? simd : NULL));
    GNT_GOTO(schema_row(schemas, "gauntlet-35", true, why));
    GNT_GOTO(schema_row(schemas, "levels-17", false, why));
    gnt_say(args, "gauntlet %s (%s), cpu %s", gnt_version(), gnt_commit(), simd);
    for (size_t i = 0; i < json_array_size(devices); i++) {
        json_t *row = json_array_get(devices, i), *reason = json_object_get(row, "reason");
        if (json_is_string(reason))
            gnt_say(args, "%s", json_string_value(reason));
        else
            say_available(args, row);
    }
    for (size_t i = 0; i < json_array_size(schemas); i++) {
        json_t *row = json_array_get(schemas, i), *hash = json_object_get(row, "hash");
        gnt_say(args, "schema %s version %lld  %s", json_string_value(json_object_get(row, "name")),
                (long long)json_integer_value(json_object_get(row, "version")),
                json_is_string(hash) ? json_string_value(hash) : "hash depends on the tickers");
    }
    gnt_json_text(object, "version", gnt_version());
    gnt_json_text(object, "commit", gnt_commit());
    gnt_json_text(object, "simd", simd);
    gnt_json_put(object, "devices", json_incref(devices));
    gnt_json_put(object, "schemas", json_incref(schemas));
    gnt_answer(args, json_incref(object));
out:
    json_decref(devices);
    json_decref(schemas);
    json_decref(object);
    return st;
}

const gnt_verb gnt_verb_info = {
    .name = "info",
    .run = run,
    .summary = "build, devices, schemas, versions",
    .synopsis = "[--json]",
};
