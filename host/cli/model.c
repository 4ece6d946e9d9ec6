/* gauntlet model: what is in a model file, files of other programs taken in, weights handed out, two compared. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "host/model/model.h"
#include "host/store/h5.h"

static const gnt_option options[] = {
    {"schema", GNT_OPT_WORD, "gauntlet-35|levels-17", NULL, "import: the features that the model takes", false, false},
    {"tickers", GNT_OPT_TEXT, "A,B,...", NULL, "import: symbols of schema levels-17", false, false},
    {"window", GNT_OPT_COUNT, "L", NULL, "import: steps of a file that leaves them open", false, false},
    {"out", GNT_OPT_FILE, "FILE", NULL, "import: the ONNX file; export: an HDF5 file", false, false},
    {0},
};

static gnt_status out_of(const gnt_args *args, const char **out, gnt_error *why)
{
    *out = gnt_arg(args, "out");
    return *out ? GNT_OK : gnt_fail(why, GNT_EUSAGE, "model %s: needs --out FILE", gnt_word(args, 0));
}

/* ---- inspect ------------------------------------------------------------------------------------------- */

static const char *pool_name(gnt_pool pool)
{
    static const char *const name[] = {"last", "final", "attention"};
    return name[pool];
}

static json_t *net_json(const gnt_net *net)
{
    json_t *object = json_object();
    gnt_json_count(object, "features", net->n_features);
    gnt_json_count(object, "window", net->window);
    gnt_json_count(object, "hidden", net->hidden);
    gnt_json_count(object, "layers", net->layers);
    gnt_json_flag(object, "bidirectional", net->bidirectional);
    gnt_json_text(object, "pool", pool_name(net->pool));
    gnt_json_count(object, "attention", net->attention);
    return object;
}

static json_t *tensors_json(const gnt_args *args, const gnt_model *model)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < gnt_net_n_tensors(&model->net); i++) {
        gnt_tensor t;
        gnt_net_tensor(&model->net, i, &t);
        double sum = 0, largest = 0;
        for (size_t k = 0; k < t.rows * t.cols; k++) {
            double w = (double)model->weights[t.offset + k];
            sum += w * w;
            if (fabs(w) > largest) largest = fabs(w);
        }
        json_t *row = json_object();
        gnt_json_text(row, "name", t.name);
        gnt_json_put(row, "shape", json_pack("[I, I]", (json_int_t)t.rows, (json_int_t)t.cols));
        gnt_json_figure(row, "norm", sqrt(sum), NULL);
        gnt_json_figure(row, "largest", largest, NULL);
        json_array_append_new(rows, row);
        gnt_say(args, "  %-28s %6zu x %-5zu norm %-10.5g largest %.5g", t.name, t.rows, t.cols, sqrt(sum), largest);
    }
    return rows;
}

static json_t *meta_json(const gnt_args *args, const gnt_model *model)
{
    json_t *object = json_object();
    for (size_t i = 0; i < model->n_meta; i++) {
        gnt_json_text(object, model->meta[i].key, model->meta[i].value);
        gnt_say(args, "  %-28s %s", model->meta[i].key, model->meta[i].value);
    }
    return object;
}

static gnt_status inspect(const gnt_args *args, gnt_error *why)
{
    gnt_model model;
    const char *path = gnt_word(args, 1);
    GNT_TRY(gnt_onnx_read(path, &model, why));
    const gnt_net *net = &model.net;
    json_t *object = json_object();
    gnt_say(args, "%s: %u x %u LSTM%s, %s pooling, windows of %u x %u, %zu parameters, %s", path, net->layers,
            net->hidden, net->bidirectional ? ", bidirectional" : "", pool_name(net->pool), net->window,
            net->n_features, gnt_net_n_weights(net), model.scaler.n ? "with its scaler" : "no scaler");
    gnt_json_text(object, "model", path);
    gnt_json_put(object, "net", net_json(net));
    gnt_json_count(object, "parameters", gnt_net_n_weights(net));
    gnt_json_flag(object, "scaler", model.scaler.n > 0);
    gnt_json_text(object, "schema", model.schema[0] ? model.schema : NULL);
    gnt_json_text(object, "schema_hash", model.schema[0] ? model.schema_hash : NULL);
    gnt_json_put(object, "tensors", tensors_json(args, &model));
    gnt_json_put(object, "metadata", meta_json(args, &model));
    gnt_answer(args, object);
    gnt_model_free(&model);
    return GNT_OK;
}

/* ---- import and export ----------------------------------------------------------------------------------- */

/* "A,B" -> pointers into text, which is cut up. */
static size_t cut_tickers(char *text, const char **ticker, size_t room)
{
    size_t n = 0;
    for (char *at = text, *next; at && n < room; at = next) {
        next = strchr(at, ',');
        if (next) *next++ = 0;
        ticker[n++] = at;
    }
    return n;
}

static gnt_status adopt_schema(const gnt_args *args, gnt_model *model, gnt_error *why)
{
    char text[1024] = "";
    const char *ticker[64], *name = gnt_arg(args, "schema"), *tickers = gnt_arg(args, "tickers");
    gnt_schema schema = {0};
    gnt_status st = GNT_OK;
    if (!name) return GNT_OK;
    if (!strcmp(name, GNT_SCHEMA_LEVELS_17) && !tickers)
        return gnt_fail(why, GNT_EUSAGE, "model import: --schema levels-17 needs --tickers A,B,...");
    snprintf(text, sizeof text, "%s", tickers ? tickers : "");
    ticker[0] = "any"; /* gauntlet-35 is of one symbol, which is no part of its columns */
    size_t n = tickers ? cut_tickers(text, ticker, sizeof ticker / sizeof *ticker) : 1;
    GNT_GOTO(gnt_schema_open(&schema, name, ticker, n, why));
    if (schema.n_features != model->net.n_features)
        st = gnt_fail(why, GNT_EVALUE, "%s takes %u features, schema %s has %zu", gnt_word(args, 1),
                      model->net.n_features, name, schema.n_features);
    else
        st = gnt_model_set_schema(model, &schema, why);
out:
    gnt_schema_free(&schema);
    return st;
}

static gnt_status import_file(const gnt_args *args, gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_model model = {0};
    const char *from = gnt_word(args, 1), *out;
    char hash[GNT_SHA256_ROOM];
    uint64_t window = gnt_arg_given(args, "window") ? gnt_arg_count(args, "window") : 0;
    GNT_TRY(out_of(args, &out, why));
    if (window > 65536)
        return gnt_fail(why, GNT_EINVAL, "--window %llu: expected 1 to 65536", (unsigned long long)window);
    GNT_TRY(gnt_onnx_read_as(from, (uint32_t)window, &model, why));
    GNT_GOTO(adopt_schema(args, &model, why));
    GNT_GOTO(gnt_sha256_file(from, hash, why));
    GNT_GOTO(gnt_model_set_meta(&model, "gauntlet.imported_sha256", hash, why));
    GNT_GOTO(gnt_onnx_write(out, &model, why));
    json_t *object = json_object();
    gnt_json_text(object, "model", out);
    gnt_json_put(object, "net", net_json(&model.net));
    gnt_json_count(object, "parameters", gnt_net_n_weights(&model.net));
    gnt_json_text(object, "schema", model.schema[0] ? model.schema : NULL);
    gnt_say(args, "%s: %u x %u LSTM, %zu parameters, %s; %s written", from, model.net.layers, model.net.hidden,
            gnt_net_n_weights(&model.net), model.schema[0] ? model.schema : "no schema named", out);
    gnt_answer(args, object);
out:
    gnt_model_free(&model);
    return st;
}

/* Every tensor under its PyTorch name, for h5py or any HDF5 reader. */
static gnt_status export_file(const gnt_args *args, gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_model model = {0};
    gnt_h5 *file = NULL;
    const char *out;
    GNT_TRY(out_of(args, &out, why));
    GNT_TRY(gnt_onnx_read(gnt_word(args, 1), &model, why));
    GNT_GOTO(gnt_h5_create(out, &file, why));
    for (size_t i = 0; i < gnt_net_n_tensors(&model.net); i++) {
        gnt_tensor t;
        char path[64];
        gnt_net_tensor(&model.net, i, &t);
        snprintf(path, sizeof path, "/%s", t.name);
        GNT_GOTO(gnt_h5_put(file, path, GNT_H5_F32, model.weights + t.offset, t.rows, t.cols > 1 ? t.cols : 0, why));
    }
    if (model.scaler.n) {
        GNT_GOTO(gnt_h5_put(file, "/scaler.center", GNT_H5_F32, model.scaler.center, model.scaler.n, 0, why));
        GNT_GOTO(gnt_h5_put(file, "/scaler.scale", GNT_H5_F32, model.scaler.scale, model.scaler.n, 0, why));
    }
    for (size_t i = 0; i < model.n_meta; i++)
        GNT_GOTO(gnt_h5_put_text(file, "/", model.meta[i].key, model.meta[i].value, why));
    GNT_GOTO(gnt_h5_commit(&file, why));
    json_t *object = json_object();
    gnt_json_text(object, "out", out);
    gnt_json_count(object, "tensors", gnt_net_n_tensors(&model.net));
    gnt_say(args, "%zu tensors written to %s", gnt_net_n_tensors(&model.net), out);
    gnt_answer(args, object);
out:
    gnt_h5_close(&file);
    gnt_model_free(&model);
    return st;
}

/* ---- diff --------------------------------------------------------------------------------------------------- */

static bool same_net(const gnt_net *a, const gnt_net *b)
{
    return a->n_features == b->n_features && a->window == b->window && a->hidden == b->hidden &&
           a->layers == b->layers && a->bidirectional == b->bidirectional && a->pool == b->pool &&
           a->attention == b->attention;
}

static bool same_scaler(const gnt_scaler *a, const gnt_scaler *b)
{
    size_t bytes = a->n * sizeof(float);
    return a->n == b->n && (!a->n || (a->limit == b->limit && !memcmp(a->center, b->center, bytes) &&
                                      !memcmp(a->scale, b->scale, bytes)));
}

/* {name: largest difference} of the tensors that differ. */
static json_t *weights_diff(const gnt_args *args, const gnt_model *a, const gnt_model *b)
{
    json_t *object = json_object();
    for (size_t i = 0; i < gnt_net_n_tensors(&a->net); i++) {
        gnt_tensor t;
        gnt_net_tensor(&a->net, i, &t);
        double largest = 0;
        for (size_t k = t.offset; k < t.offset + t.rows * t.cols; k++)
            largest = fmax(largest, fabs((double)a->weights[k] - (double)b->weights[k]));
        if (!memcmp(a->weights + t.offset, b->weights + t.offset, t.rows * t.cols * sizeof(float))) continue;
        gnt_json_figure(object, t.name, largest, NULL);
        gnt_say(args, "  %-28s differs by up to %.6g", t.name, largest);
    }
    return object;
}

/* {key: [a, b]} of the entries that differ or that only one has. */
static json_t *meta_diff(const gnt_args *args, const gnt_model *a, const gnt_model *b)
{
    json_t *object = json_object();
    const gnt_model *side[2] = {a, b};
    for (size_t s = 0; s < 2; s++)
        for (size_t i = 0; i < side[s]->n_meta; i++) {
            const char *key = side[s]->meta[i].key, *x = gnt_model_meta(a, key), *y = gnt_model_meta(b, key);
            if ((x && y && !strcmp(x, y)) || json_object_get(object, key)) continue;
            gnt_json_put(object, key, json_pack("[s?, s?]", x, y));
            gnt_say(args, "  %-28s %s | %s", key, x ? x : "-", y ? y : "-");
        }
    return object;
}

static gnt_status diff(const gnt_args *args, gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_model a = {0}, b = {0};
    if (gnt_n_words(args) != 3) return gnt_fail(why, GNT_EUSAGE, "model diff: name two files");
    GNT_GOTO(gnt_onnx_read(gnt_word(args, 1), &a, why));
    GNT_GOTO(gnt_onnx_read(gnt_word(args, 2), &b, why));
    bool net = same_net(&a.net, &b.net), scaler = same_scaler(&a.scaler, &b.scaler);
    gnt_say(args, "architecture %s, scaler %s", net ? "the same" : "differs", scaler ? "the same" : "differs");
    json_t *object = json_object(), *weights = net ? weights_diff(args, &a, &b) : json_null();
    json_t *meta = meta_diff(args, &a, &b);
    bool equal = net && scaler && !json_object_size(weights) && !json_object_size(meta);
    gnt_say(args, "%s", equal ? "equal" : "not equal");
    gnt_json_flag(object, "equal", equal);
    gnt_json_flag(object, "same_architecture", net);
    gnt_json_flag(object, "same_scaler", scaler);
    gnt_json_put(object, "net", json_pack("[o, o]", net_json(&a.net), net_json(&b.net)));
    gnt_json_put(object, "weights", weights);
    gnt_json_put(object, "metadata", meta);
    gnt_answer(args, object);
out:
    gnt_model_free(&a);
    gnt_model_free(&b);
    return st;
}

/* ---- the verb ---------------------------------------------------------------------------------------------- */

static const struct action {
    const char *name;
    gnt_status (*run)(const gnt_args *args, gnt_error *why);
} actions[] = {{"inspect", inspect}, {"import", import_file}, {"export", export_file}, {"diff", diff}};

static gnt_status run(const gnt_args *args, gnt_error *why)
{
    if (gnt_n_words(args) < 2)
        return gnt_fail(why, GNT_EUSAGE, "model: say inspect, import, export or diff, and a file");
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
        if (!strcmp(gnt_word(args, 0), actions[i].name)) return actions[i].run(args, why);
    return gnt_fail(why, GNT_EUSAGE, "model: '%s' is not one of inspect, import, export, diff", gnt_word(args, 0));
}

const gnt_verb gnt_verb_model = {
    .name = "model",
    .run = run,
    .summary = "inspect, import, export, compare models",
    .synopsis = "inspect FILE | import FILE [--schema S] --out FILE | export FILE --out FILE.h5 | diff FILE FILE",
    .detail = "  inspect  architecture, tensors and metadata of an ONNX model\n"
              "  import   an LSTM classifier as PyTorch's torch.onnx.export writes it (opset 11 to 20, with or without "
              "sigmoid\n"
              "           and scaler) as a native file; what isn't supported is refused with the node's name\n"
              "  export   every tensor under its PyTorch name as HDF5\n"
              "  diff     what differs between two models\n"
              "\n"
              "Examples:\n"
              "  gauntlet model import pt.onnx --schema gauntlet-35 --out m.onnx\n"
              "  gauntlet model inspect m.onnx --json",
    .options = options,
    .max_words = 3,
};
