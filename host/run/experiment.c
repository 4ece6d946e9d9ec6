#include "experiment.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "experiment_check.h"
#include "host/base/file.h"
#include "host/base/nearest.h"
#include "host/eval/backtest.h"

const char *const gnt_arm_names[GNT_MAX_ARMS] = {"baseline", "enhanced"};

#define AT(type, member) .offset = offsetof(type, member)
#define N_AT(type, member) .n_offset = offsetof(type, member)
#define ROOM(type, member) .room = sizeof(((type *)0)->member)
#define ITEMS(type, member) .room = sizeof(((type *)0)->member) / sizeof *((type *)0)->member
#define TEXT(type, member) AT(type, member), ROOM(type, member)
#define LIST(type, member) AT(type, member), ITEMS(type, member), N_AT(type, n_##member)

/* ---- keys that are not one plain value ------------------------------------------------------------------- */

/* '_' and '-' are the same letter in a parameter's name. */
static bool same_name(const char *a, const char *b)
{
    for (; *a && *b; a++, b++)
        if (*a != *b && !((*a == '_' || *a == '-') && (*b == '_' || *b == '-'))) return false;
    return *a == *b;
}

static gnt_status strategy_key(const gnt_yaml_node *item, uint64_t *seen, const gnt_field_at *at, gnt_error *why)
{
    const char *name[64];
    size_t n = 0;
    for (; n < gnt_n_strategy_parameters && n < 64; n++) {
        name[n] = gnt_strategy_parameters[n].name;
        if (!same_name(item->key, name[n])) continue;
        if (*seen & UINT64_C(1) << n)
            return gnt_field_fail(at, item->line, why, GNT_EPARSE, "%s: given twice ('_' and '-' are equal)",
                                  item->key);
        *seen |= UINT64_C(1) << n;
        return GNT_OK;
    }
    const char *near = gnt_nearest(item->key, name, n);
    return gnt_field_fail(at, item->line, why, GNT_EPARSE, "unknown parameter %.60s%s%s%s", item->key,
                          near ? ", did you mean " : "", near ? near : "", near ? "?" : "");
}

/* strategy: any parameter of SPEC 5 by its name. */
static gnt_status read_strategy(const gnt_yaml_node *node, void *out, const gnt_field_at *at, gnt_error *why)
{
    gnt_error bad = {0};
    uint64_t seen = 0;
    if (node->kind != GNT_YAML_MAP)
        return gnt_field_fail(at, node->line, why, GNT_EPARSE, "a map of strategy parameters expected");
    for (const gnt_yaml_node *item = node->first; item; item = item->next) {
        GNT_TRY(strategy_key(item, &seen, at, why));
        if (item->kind != GNT_YAML_SCALAR || !*item->text)
            return gnt_field_fail(at, item->line, why, GNT_EPARSE, "%.60s: one value expected", item->key);
        if (gnt_strategy_set(out, item->key, item->text, &bad))
            return gnt_field_fail(at, item->line, why, GNT_EVALUE, "%s", bad.text);
    }
    if (gnt_strategy_check(out, &bad)) return gnt_field_fail(at, node->line, why, GNT_EVALUE, "%s", bad.text);
    return GNT_OK;
}

/* above, below: a number, or a metric of the same window and arm. */
static gnt_status read_bound(const gnt_yaml_node *node, gnt_exp_rule *rule, bool above, const gnt_field_at *at,
                             gnt_error *why)
{
    if (node->kind != GNT_YAML_SCALAR || !*node->text)
        return gnt_field_fail(at, node->line, why, GNT_EPARSE, "a number or a metric's name expected");
    if (rule->has_bound)
        return gnt_field_fail(at, node->line, why, GNT_EVALUE, "a row has one bound: above or below, not both");
    char *end;
    rule->has_bound = true;
    rule->above = above;
    rule->value = strtod(node->text, &end);
    if (!*end && strspn(node->text, "0123456789+-.eE") == strlen(node->text)) return GNT_OK;
    if (strlen(node->text) >= sizeof rule->bound)
        return gnt_field_fail(at, node->line, why, GNT_EVALUE, "no such metric: \"%.60s\"", node->text);
    strcpy(rule->bound, node->text);
    return GNT_OK;
}
static gnt_status read_above(const gnt_yaml_node *node, void *out, const gnt_field_at *at, gnt_error *why)
{
    return read_bound(node, out, true, at, why);
}
static gnt_status read_below(const gnt_yaml_node *node, void *out, const gnt_field_at *at, gnt_error *why)
{
    return read_bound(node, out, false, at, why);
}

/* ---- the tables ------------------------------------------------------------------------------------------- */

static const gnt_field data_fields[] = {
    {"bars", GNT_FIELD_TEXT, TEXT(gnt_exp_data, bars), .fallback = "builtin:SYN-EDGE",
     .help = "FILE.csv, STORE.h5:SYMBOL, builtin:SYN-EDGE or builtin:SYN-NULL; `--bars` overrides it"},
    {"price", GNT_FIELD_WORD, AT(gnt_exp_data, price), .words = "close|adj", .fallback = "close",
     .help = "prices as given, or O, H, L, C times adj_close/close (total return)"},
    {0},
};

static const gnt_field split_fields[] = {
    {"name", GNT_FIELD_NAME, true, TEXT(gnt_exp_split, name), .help = "what windows call it; names the model files"},
    {"train", GNT_FIELD_RANGE, AT(gnt_exp_split, train),
     .help = "FROM..TO, inclusive; start..TO begins at the first bar"},
    {"val", GNT_FIELD_RANGE, AT(gnt_exp_split, val), .help = "FROM..TO, after train: chooses the epoch"},
    {"shares", GNT_FIELD_REALS, LIST(gnt_exp_split, shares), .lo = 0.01, .hi = 0.99,
     .help = "instead of dates: shares of the usable rows at which train and validation end, e.g. [0.68, 0.80]"},
    {0},
};

static const gnt_field window_fields[] = {
    {"name", GNT_FIELD_NAME, true, TEXT(gnt_exp_window, name), .help = "how rules and results call the window"},
    {"title", GNT_FIELD_TEXT, TEXT(gnt_exp_window, title), .help = "for people; the name when absent"},
    {"split", GNT_FIELD_NAME, true, TEXT(gnt_exp_window, split), .help = "the split whose models are tested here"},
    {"from", GNT_FIELD_DATE, AT(gnt_exp_window, from), .help = "first day; need not be a session"},
    {"to", GNT_FIELD_DATE, AT(gnt_exp_window, to), .help = "last day"},
    {"rest", GNT_FIELD_FLAG, AT(gnt_exp_window, rest), .fallback = "false",
     .help = "instead of from and to: every bar after the split's validation rows"},
    {"hindsight", GNT_FIELD_FLAG, AT(gnt_exp_window, hindsight), .fallback = "false",
     .help = "true when the dates were chosen knowing the prices (peak to trough); a note is then required"},
    {"note", GNT_FIELD_TEXT, TEXT(gnt_exp_window, note), .help = "printed beside the window"},
    {0},
};

static const gnt_field training_fields[] = {
    {"epochs", GNT_FIELD_COUNT, AT(gnt_exp_training, epochs), .lo = 1, .hi = 10000, .fallback = "30",
     .help = "at most"},
    {"quick_epochs", GNT_FIELD_COUNT, AT(gnt_exp_training, quick_epochs), .lo = 1, .hi = 10000, .fallback = "5",
     .help = "with `demo --quick`"},
    {"patience", GNT_FIELD_COUNT, AT(gnt_exp_training, patience), .lo = 0, .hi = 10000, .fallback = "8",
     .help = "epochs without a better validation loss before stopping; the best one is restored; 0: never stop early"},
    {"batch", GNT_FIELD_COUNT, AT(gnt_exp_training, batch), .lo = 1, .hi = 65536, .fallback = "64",
     .help = "windows a step"},
    {"learning_rate", GNT_FIELD_REAL, AT(gnt_exp_training, learning_rate), .lo = 1e-8, .hi = 1, .fallback = "0.001",
     .help = "at the first epoch"},
    {"schedule", GNT_FIELD_WORD, AT(gnt_exp_training, schedule), .words = "constant|cosine|step|plateau",
     .fallback = "constant", .help = "of the learning rate"},
    {"optimiser", GNT_FIELD_WORD, AT(gnt_exp_training, optimiser), .words = "adam|adamw", .fallback = "adam",
     .help = "update rule"},
    {"weight_decay", GNT_FIELD_REAL, AT(gnt_exp_training, weight_decay), .lo = 0, .hi = 1, .fallback = "0",
     .help = "L2 for adam, decoupled for adamw"},
    {"clip_norm", GNT_FIELD_REAL, AT(gnt_exp_training, clip_norm), .lo = 0, .hi = 1e6, .fallback = "1",
     .help = "gradient norm; 0: off"},
    {"pos_weight", GNT_FIELD_WORD, AT(gnt_exp_training, balanced), .words = "calibrated|balanced",
     .fallback = "calibrated", .help = "weight of an up day in the loss: 1, or n_down/n_up of the train rows"},
    {0},
};

static const gnt_field cost_fields[] = {
    {"bp", GNT_FIELD_REALS, true, LIST(gnt_exp_cost_curve, bp), .lo = 0, .hi = 1000,
     .help = "one-way proportional costs, rising; each replaces commission, half-spread and slippage"},
    {"windows", GNT_FIELD_NAMES, true, LIST(gnt_exp_cost_curve, windows), .help = "test windows"},
    {0},
};

static const gnt_field regime_fields[] = {
    {"schemes", GNT_FIELD_WORDS, true, AT(gnt_exp_regimes, schemes), .words = GNT_SCHEME_WORDS,
     .help = "which definitions; docs/EXPERIMENTS.md has them"},
    {"split", GNT_FIELD_NAME, true, TEXT(gnt_exp_regimes, split),
     .help = "its train rows give the volatility terciles"},
    {"windows", GNT_FIELD_NAMES, true, LIST(gnt_exp_regimes, windows), .help = "test windows"},
    {0},
};

static const gnt_field walk_fields[] = {
    {"test", GNT_FIELD_RANGE, true, AT(gnt_exp_walk, test), .help = "all test pieces together"},
    {"folds", GNT_FIELD_COUNT, AT(gnt_exp_walk, folds), .lo = 1, .hi = GNT_MAX_FOLDS, .fallback = "4",
     .help = "test pieces"},
    {"val_bars", GNT_FIELD_COUNT, AT(gnt_exp_walk, val_bars), .lo = 1, .hi = 5000, .fallback = "126",
     .help = "validation before each gap"},
    {"train_bars", GNT_FIELD_COUNT, AT(gnt_exp_walk, train_bars), .lo = 0, .hi = 100000, .fallback = "0",
     .help = "rolling window; 0: everything before"},
    {"embargo", GNT_FIELD_COUNT, AT(gnt_exp_walk, embargo), .lo = 0, .hi = 1000, .fallback = "10",
     .help = "bars between validation and test that nothing learns from"},
    {"epochs", GNT_FIELD_COUNT, AT(gnt_exp_walk, epochs), .lo = 1, .hi = 10000, .fallback = "training.epochs",
     .help = "at most, in every fold"},
    {"arms", GNT_FIELD_WORDS, AT(gnt_exp_walk, arms), .words = GNT_ARM_WORDS, .fallback = "variants",
     .help = "which variants are refitted"},
    {0},
};

static const gnt_field ab_fields[] = {
    {"window", GNT_FIELD_NAME, true, TEXT(gnt_exp_ab, window), .help = "one request per bar of this test window"},
    {"name", GNT_FIELD_TEXT, TEXT(gnt_exp_ab, name), .fallback = "financial-ab-test-experiment",
     .help = "the routing experiment's name; with the seed it fixes the split"},
    {"weight", GNT_FIELD_REAL, AT(gnt_exp_ab, weight), .lo = 0.01, .hi = 0.99, .fallback = "0.3",
     .help = "share of requests for enhanced"},
    {"replicates", GNT_FIELD_COUNT, AT(gnt_exp_ab, replicates), .lo = 0, .hi = 10000, .fallback = "0",
     .help = "re-randomised splits"},
    {0},
};

static const gnt_field rule_fields[] = {
    {"window", GNT_FIELD_NAME, true, TEXT(gnt_exp_rule, window), .help = "a test window, `folds` or `ab`"},
    {"arm", GNT_FIELD_NAME, TEXT(gnt_exp_rule, arm),
     .help =
         "a variant, or `any`: then one and the same variant must hold all `any` rows; absent for a window or `ab`"},
    {"metric", GNT_FIELD_NAME, true, TEXT(gnt_exp_rule, metric), .help = "see the table of metrics"},
    {"above", GNT_FIELD_CALL, .call = read_above, .help = "a number, or another metric of the same window and arm"},
    {"below", GNT_FIELD_CALL, .call = read_below, .help = "the same, the other way round"},
    {0},
};

static const gnt_field claim_fields[] = {
    {"claim", GNT_FIELD_TEXT, true, TEXT(gnt_exp_claim, claim), .help = "what was claimed"},
    {"source", GNT_FIELD_TEXT, true, TEXT(gnt_exp_claim, source), .help = "by whom, where"},
    {"claimed", GNT_FIELD_REAL, true, AT(gnt_exp_claim, claimed), .lo = -1e9, .hi = 1e9, .help = "the claimed figure"},
    {"window", GNT_FIELD_NAME, true, TEXT(gnt_exp_claim, window), .help = "where this run computes its own"},
    {"arm", GNT_FIELD_NAME, true, TEXT(gnt_exp_claim, arm), .help = "a variant"},
    {"metric", GNT_FIELD_NAME, true, TEXT(gnt_exp_claim, metric), .help = "which figure is set beside it"},
    {"note", GNT_FIELD_TEXT, TEXT(gnt_exp_claim, note), .help = "what differs between the two"},
    {0},
};

const gnt_field gnt_experiment_fields[] = {
    {"name", GNT_FIELD_NAME, true, TEXT(gnt_experiment, name), .help = "short name; the result folder's in a demo"},
    {"title", GNT_FIELD_TEXT, true, TEXT(gnt_experiment, title), .help = "for people"},
    {"question", GNT_FIELD_TEXT, true, TEXT(gnt_experiment, question), .help = "what is asked, in plain words"},
    {"success_rule", GNT_FIELD_TEXT, true, TEXT(gnt_experiment, success_rule),
     .help = "the rule of `success` in words, written before the run"},
    {"success", GNT_FIELD_MAPS, true, LIST(gnt_experiment, success), .size = sizeof(gnt_exp_rule),
     .fields = rule_fields, .help = "rows that must all hold"},
    {"gates", GNT_FIELD_MAPS, LIST(gnt_experiment, gates), .size = sizeof(gnt_exp_rule), .fields = rule_fields,
     .help = "go/no-go thresholds, same rows; one that fails: the results are written and the exit code is 3"},
    {"parts", GNT_FIELD_WORDS, true, AT(gnt_experiment, parts), .words = GNT_PART_WORDS, .help = "what is computed"},
    {"data", GNT_FIELD_MAP, AT(gnt_experiment, data), .fields = data_fields, .help = "bars"},
    {"schema", GNT_FIELD_WORD, AT(gnt_experiment, schema), .words = "gauntlet-35|levels-17", .fallback = "gauntlet-35",
     .help = "feature schema; levels-17 refuses price: adj"},
    {"window", GNT_FIELD_COUNT, AT(gnt_experiment, window), .lo = 1, .hi = 250, .fallback = "10",
     .help = "rows a model sees"},
    {"seed", GNT_FIELD_SEED, AT(gnt_experiment, seed), .fallback = "42", .help = "`--seed` overrides it"},
    {"variants", GNT_FIELD_WORDS, AT(gnt_experiment, variants), .words = GNT_ARM_WORDS,
     .fallback = "[baseline, enhanced]", .help = "the arms"},
    {"splits", GNT_FIELD_MAPS, LIST(gnt_experiment, splits), .size = sizeof(gnt_exp_split), .fields = split_fields,
     .help = "train and validation rows, one model per variant and split"},
    {"windows", GNT_FIELD_MAPS, LIST(gnt_experiment, windows), .size = sizeof(gnt_exp_window), .fields = window_fields,
     .help = "test windows"},
    {"training", GNT_FIELD_MAP, AT(gnt_experiment, training), .fields = training_fields,
     .help = "the same for both variants: the same budget"},
    {"strategy", GNT_FIELD_CALL, AT(gnt_experiment, strategy), .call = read_strategy,
     .help = "every parameter of the simulation by its command-line name"},
    {"cost_curve", GNT_FIELD_MAP, AT(gnt_experiment, cost_curve), .fields = cost_fields, .help = "part cost_curve"},
    {"regimes", GNT_FIELD_MAP, AT(gnt_experiment, regimes), .fields = regime_fields, .help = "part regimes"},
    {"walk_forward", GNT_FIELD_MAP, AT(gnt_experiment, walk_forward), .fields = walk_fields, .help = "part folds"},
    {"ab", GNT_FIELD_MAP, AT(gnt_experiment, ab), .fields = ab_fields, .help = "part ab"},
    {"claims", GNT_FIELD_MAPS, LIST(gnt_experiment, claims), .size = sizeof(gnt_exp_claim), .fields = claim_fields,
     .help = "part claims: figures of others beside ours"},
    {0},
};

/* ---- reading ------------------------------------------------------------------------------------------------ */

static void defaults(gnt_experiment *e)
{
    *e = (gnt_experiment){.window = 10, .seed = 42, .variants = 3};
    strcpy(e->data.bars, "builtin:SYN-EDGE");
    strcpy(e->ab.name, "financial-ab-test-experiment");
    e->ab.weight = 0.3;
    e->training = (gnt_exp_training){
        .epochs = 30, .quick_epochs = 5, .patience = 8, .batch = 64, .learning_rate = 1e-3, .clip_norm = 1};
    e->walk_forward = (gnt_exp_walk){.folds = 4, .val_bars = 126, .embargo = 10};
    for (size_t i = 0; i < GNT_MAX_WINDOWS; i++) e->windows[i].from = e->windows[i].to = GNT_NO_DAY;
    gnt_strategy_default(&e->strategy);
}

gnt_status gnt_experiment_parse(const char *text, size_t n, const char *name, gnt_experiment *e, gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_yaml yaml = {0};
    gnt_field_at at = {.file = name};
    defaults(e);
    GNT_TRY(gnt_sha256(text, n, e->sha256, why));
    GNT_TRY(gnt_yaml_parse(text, n, name, &yaml, why));
    if (!yaml.root || yaml.root->kind != GNT_YAML_MAP) {
        st = gnt_fail(why, GNT_EPARSE, "%s:1: an experiment expected: keys name, title, question, ...", name);
        goto out;
    }
    e->line = yaml.root->line;
    GNT_GOTO(gnt_fields_read(gnt_experiment_fields, yaml.root, e, &at, why));
    GNT_GOTO(gnt_experiment_check(e, name, why));
out:
    gnt_yaml_free(&yaml);
    return st;
}

gnt_status gnt_experiment_read(const char *path, gnt_experiment *experiment, gnt_error *why)
{
    gnt_text text = {0};
    GNT_TRY(gnt_text_read(path, GNT_YAML_MAX_BYTES, &text, why));
    gnt_status st = gnt_experiment_parse(text.data, text.n, path, experiment, why);
    gnt_text_free(&text);
    return st;
}

int gnt_experiment_split(const gnt_experiment *e, const char *name)
{
    for (size_t i = 0; i < e->n_splits; i++)
        if (strcmp(e->splits[i].name, name) == 0) return (int)i;
    return -1;
}

int gnt_experiment_window(const gnt_experiment *e, const char *name)
{
    for (size_t i = 0; i < e->n_windows; i++)
        if (strcmp(e->windows[i].name, name) == 0) return (int)i;
    return -1;
}
