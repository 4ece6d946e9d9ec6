#include "demo.h"

#include <stdio.h>
#include <string.h>

#include "host/base/mem.h"

static const char *const symbols[] = {"SYN-EDGE", "SYN-NULL"};
enum { N_SYMBOLS = 2, WALK_FOLDS = 4, WALK_EPOCHS = 10 };

/* Progress of one run, shown as its share of the whole demo. */
typedef struct share {
    const gnt_progress *outer;
    size_t done, total;
    char label[96];
} share;

static bool share_report(void *self, const char *what, double done, double total, const char *detail)
{
    share *s = self;
    char text[256];
    snprintf(text, sizeof text, "%s: %s %s", s->label, what, detail ? detail : "");
    (void)done, (void)total;
    return gnt_progress_report(s->outer, "demo", (double)s->done, (double)s->total, text);
}

static void share_log(void *self, const char *line)
{
    gnt_progress_log(((share *)self)->outer, line);
}

/* What the demo changes of a file, said in the result. */
static const char *shorten(gnt_experiment *e)
{
    if (!(e->parts & GNT_PART_FOLDS)) return NULL;
    e->walk_forward.folds = WALK_FOLDS;
    e->walk_forward.arms = 1u << GNT_ARM_BASELINE;
    if (e->walk_forward.epochs > WALK_EPOCHS) e->walk_forward.epochs = WALK_EPOCHS;
    return "in the demo walk-forward runs baseline only, 4 folds, at most 10 epochs";
}

typedef struct demo {
    gnt_engine *engine;
    const gnt_demo_options *options;
    gnt_run_cache cache;
    gnt_experiment *experiment; /* scratch */
    share share;
    gnt_progress progress;
    json_t *paths, *sentences;
    size_t n_passed[N_SYMBOLS];
} demo;

/* The edge check: what the longest untouched window says of each variant. */
static void keep_sentences(demo *d, size_t symbol, const json_t *verdict)
{
    const json_t *lines = json_object_get(verdict, "sentences");
    char text[1400];
    snprintf(text, sizeof text, "%s: %s", symbols[symbol], json_string_value(json_object_get(verdict, "answer")));
    for (size_t i = 2; i < 4; i++) {
        const char *line = json_string_value(json_array_get(lines, i));
        size_t used = strlen(text);
        if (line) snprintf(text + used, sizeof text - used, " %s", line);
    }
    json_array_append_new(d->sentences, json_string(text));
}

static gnt_status run_one(demo *d, size_t symbol, const gnt_builtin_experiment *built, gnt_error *why)
{
    char name[80], folder[1024], bars[64];
    json_t *result = NULL;
    snprintf(name, sizeof name, "%s/%s", symbols[symbol], built->name);
    snprintf(bars, sizeof bars, "builtin:%s", symbols[symbol]);
    snprintf(d->share.label, sizeof d->share.label, "%s", name);
    GNT_TRY(gnt_path_join(folder, sizeof folder, d->options->out, name, why));
    GNT_TRY(gnt_experiment_parse(built->text, strlen(built->text), built->name, d->experiment, why));
    gnt_run_options options = {.out = folder,
                               .bars = bars,
                               .has_seed = true,
                               .seed = d->options->seed,
                               .quick = d->options->quick,
                               .overrides = shorten(d->experiment),
                               .text = built->text,
                               .n_text = strlen(built->text)};
    GNT_TRY(gnt_run_experiment(d->engine, &d->cache, d->experiment, &options, &d->progress, &result, why));
    const json_t *verdict = json_object_get(result, "verdict");
    json_array_append_new(d->paths, json_string(name));
    d->n_passed[symbol] += json_is_true(json_object_get(verdict, "passed"));
    if (strcmp(built->name, "regimes") == 0) keep_sentences(d, symbol, verdict);
    json_decref(result);
    d->share.done++;
    return GNT_OK;
}

static json_t *index_of(demo *d)
{
    json_t *o = json_object();
    char text[200];
    for (size_t s = 0; s < N_SYMBOLS; s++) {
        snprintf(text, sizeof text, "%s: %zu of %zu experiments meet the rule written before the run.", symbols[s],
                 d->n_passed[s], gnt_n_builtin_experiments);
        json_array_append_new(d->sentences, json_string(text));
    }
    json_array_append_new(
        d->sentences,
        json_string("All bars are synthetic: a test of the method, nothing here is about a real market."));
    if (d->options->quick)
        json_array_append_new(d->sentences, json_string("A quick demo: fewer epochs, so the models are undertrained."));
    gnt_json_text(o, "schema", "gauntlet-index");
    gnt_json_count(o, "schema_version", 1);
    gnt_json_text(o, "title", "Two variants through a crash and a long winter, on bars with and without an edge");
    gnt_json_count(o, "seed", d->options->seed);
    gnt_json_flag(o, "quick", d->options->quick);
    gnt_json_put(o, "results", json_incref(d->paths));
    gnt_json_put(o, "sentences", json_incref(d->sentences));
    return o;
}

static gnt_status run_all(demo *d, gnt_error *why)
{
    for (size_t s = 0; s < N_SYMBOLS; s++)
        for (size_t i = 0; i < gnt_n_builtin_experiments; i++) GNT_TRY(run_one(d, s, &gnt_builtin_experiments[i], why));
    return GNT_OK;
}

gnt_status gnt_demo_run(gnt_engine *engine, const gnt_demo_options *options, const gnt_progress *progress,
                        json_t **index, gnt_error *why)
{
    gnt_status st = GNT_OK;
    char path[1024];
    demo d = {.engine = engine, .options = options, .paths = json_array(), .sentences = json_array()};
    json_t *object = NULL;
    d.share = (share){.outer = progress, .total = N_SYMBOLS * gnt_n_builtin_experiments};
    d.progress = (gnt_progress){share_report, share_log, &d.share};
    GNT_ALLOC(d.experiment, 1);
    json_array_append_new(d.sentences,
                          json_string("Asked: does the whole pipeline find an edge that was planted (SYN-EDGE), and "
                                      "nothing where there is nothing (SYN-NULL)?"));
    GNT_GOTO(run_all(&d, why));
    object = index_of(&d);
    GNT_GOTO(gnt_path_join(path, sizeof path, options->out, "index.json", why));
    GNT_GOTO(gnt_json_write(path, object, why));
    if (index) *index = json_incref(object);
out:
    json_decref(object);
    json_decref(d.paths);
    json_decref(d.sentences);
    gnt_run_cache_free(&d.cache);
    free(d.experiment);
    return st;
}
