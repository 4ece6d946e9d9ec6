/* gauntlet run: an experiment file, end to end. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "host/base/mem.h"
#include "host/run/run.h"

static const gnt_option options[] = {
    {"out", GNT_OPT_FILE, "DIR", NULL, "result folder, made when missing", true, false},
    {"bars", GNT_OPT_TEXT, "BARS", NULL,
     "FILE.csv, STORE.h5:SYMBOL, builtin:SYN-EDGE or builtin:SYN-NULL; default: the file's", false, false},
    {"allow-in-sample", GNT_OPT_FLAG, NULL, NULL,
     "run windows inside their model's train or validation dates too, marked as such", false, false},
    {0},
};

static const char detail[] =
    "Reads the experiment file, fits its models, tests them on its windows, computes its parts and judges them by\n"
    "the rule the file states. DIR gets result.json (every figure), result.h5 (every series), the models as ONNX,\n"
    "the experiment file and manifest.json; `gauntlet report DIR` turns them into Markdown, HTML and PNG. The same\n"
    "file, bars and seed give the same bytes, but for the manifest. docs/EXPERIMENTS.md lists every key.\n\n"
    "Without --bars the built-in synthetic market is used, and every result says so. Without --seed the file's is\n"
    "used.\n\n"
    "Exit code 3: a window in-sample, bars that fail validation, or a go/no-go gate of the file that says no (the\n"
    "results are written then). A rule that is not met is a result, not a failure.\n\n"
    "  gauntlet run experiments/covid_crash.yaml --out results/covid\n"
    "  gauntlet run experiments/regimes.yaml --bars IBB.csv --out results/ibb";

/* Windows with what a person looks at first. */
static json_t *summary(const json_t *result)
{
    json_t *rows = json_array(), *window, *figures;
    const char *arm;
    size_t i;
    json_array_foreach(json_object_get(result, "windows"), i, window)
    {
        static const char *const keep[] = {"name", "from", "to", "n_bars", "hindsight", "in_sample"};
        json_t *row = json_object(), *arms = json_object();
        for (size_t k = 0; k < sizeof keep / sizeof *keep; k++)
            json_object_set(row, keep[k], json_object_get(window, keep[k]));
        json_object_foreach(json_object_get(window, "arms"), arm, figures)
        {
            json_t *a = json_object();
            json_object_set(a, "accuracy", json_object_get(figures, "accuracy"));
            json_object_set(a, "total_return", json_object_get(figures, "total_return"));
            json_object_set(a, "buy_hold", json_object_get(json_object_get(figures, "benchmarks"), "buy_hold"));
            json_object_set_new(arms, arm, a);
        }
        json_object_set_new(row, "arms", arms);
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *files_of(const gnt_run_options *o, const json_t *result)
{
    static const char *const fixed[] = {"result.json", "result.h5", "experiment.yaml", "manifest.json"};
    json_t *files = json_array(), *model;
    size_t i;
    for (i = 0; i < sizeof fixed / sizeof *fixed; i++)
        json_array_append_new(files, json_sprintf("%s/%s", o->out, fixed[i]));
    json_array_foreach(json_object_get(result, "models"), i, model)
    {
        const char *file = json_string_value(json_object_get(model, "file"));
        if (file) json_array_append_new(files, json_sprintf("%s/%s", o->out, file));
    }
    return files;
}

static gnt_status answer(const gnt_args *args, const gnt_run_options *o, const json_t *result, gnt_error *why)
{
    const json_t *verdict = json_object_get(result, "verdict"), *line;
    json_t *object = json_object();
    size_t i;
    json_array_foreach(json_object_get(verdict, "sentences"), i, line) gnt_say(args, "%s", json_string_value(line));
    gnt_say(args, "Results: %s", o->out);
    json_object_set(object, "experiment", json_object_get(json_object_get(result, "experiment"), "name"));
    json_object_set(object, "symbol", json_object_get(json_object_get(result, "data"), "symbol"));
    json_object_set(object, "provenance", json_object_get(json_object_get(result, "data"), "provenance"));
    json_object_set(object, "seed", json_object_get(result, "seed"));
    json_object_set(object, "verdict", json_object_get(result, "verdict"));
    gnt_json_put(object, "windows", summary(result));
    gnt_json_text(object, "out", o->out);
    gnt_json_put(object, "files", files_of(o, result));
    gnt_answer(args, object);
    if (json_is_false(json_object_get(verdict, "go")))
        return gnt_fail(why, GNT_EGATE, "a go/no-go gate says no: see checks in %s/result.json", o->out);
    return GNT_OK;
}

static gnt_status run(const gnt_args *args, gnt_error *why)
{
    gnt_status st = GNT_OK;
    const char *path = gnt_word(args, 0);
    gnt_text text = {0};
    gnt_engine engine = {0};
    gnt_run_cache cache = {0};
    json_t *result = NULL;
    gnt_experiment *experiment;
    GNT_ALLOC(experiment, 1);
    GNT_GOTO(gnt_text_read(path, GNT_YAML_MAX_BYTES, &text, why));
    GNT_GOTO(gnt_experiment_parse(text.data, text.n, path, experiment, why));
    GNT_GOTO(gnt_arg_engine(args, &engine, why));
    gnt_run_options o = {.out = gnt_arg(args, "out"),
                         .bars = gnt_arg(args, "bars"),
                         .has_seed = gnt_arg_given(args, "seed"),
                         .seed = gnt_arg_seed(args),
                         .allow_in_sample = gnt_arg_flag(args, "allow-in-sample"),
                         .text = text.data,
                         .n_text = text.n};
    GNT_GOTO(gnt_run_experiment(&engine, &cache, experiment, &o, gnt_arg_progress(args), &result, why));
    st = answer(args, &o, result, why);
out:
    json_decref(result);
    gnt_run_cache_free(&cache);
    gnt_engine_close(&engine);
    gnt_text_free(&text);
    free(experiment);
    return st;
}

const gnt_verb gnt_verb_run = {
    .name = "run",
    .run = run,
    .summary = "an experiment file, end to end",
    .synopsis = "EXPERIMENT.yaml --out DIR [--bars BARS] [options]",
    .detail = detail,
    .options = options,
    .min_words = 1,
    .max_words = 1,
    .computes = true,
};
