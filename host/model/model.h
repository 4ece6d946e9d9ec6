/* A model as it travels: architecture, weights, scaler, schema, metadata (layer 4; SPEC 4). */
#ifndef GNT_MODEL_H
#define GNT_MODEL_H

#include "host/base/file.h"
#include "host/market/split.h"

typedef struct gnt_meta {
    char *key, *value; /* owned */
} gnt_meta;

typedef struct gnt_model {
    gnt_net net;
    float *weights;    /* [gnt_net_n_weights], owned */
    gnt_scaler scaler; /* n = 0: the graph has none */
    char schema[32];   /* "" when the metadata name none */
    unsigned schema_version;
    char schema_hash[GNT_SHA256_ROOM];
    gnt_meta *meta; /* every metadata_props entry in file order, owned */
    size_t n_meta;
} gnt_model;

void gnt_model_free(gnt_model *model);
const char *gnt_model_meta(const gnt_model *model, const char *key); /* NULL when absent */
GNT_MUST_CHECK gnt_status gnt_model_set_meta(gnt_model *model, const char *key, const char *value, gnt_error *why);

/* Schema name, version and hash into the metadata and the fields above. */
GNT_MUST_CHECK gnt_status gnt_model_set_schema(gnt_model *model, const gnt_schema *schema, gnt_error *why);
/* The fields above from the metadata gauntlet.schema, _version, _hash (all three or none: EVALUE; name: for errors). */
GNT_MUST_CHECK gnt_status gnt_model_adopt_schema(gnt_model *model, const char *name, gnt_error *why);
/* What it was trained on: gauntlet.variant, symbol, provenance, data_sha256, data (first..last), price ("close"). */
GNT_MUST_CHECK gnt_status gnt_model_set_source(gnt_model *model, const char *variant, const gnt_bars *bars,
                                               const char *price, gnt_error *why);

/* SPEC 9.3: how many of the window's bars (whose returns count) lie inside the model's training or validation dates,
 * the labels' bars included. UNKNOWN: its metadata don't say. */
typedef enum gnt_in_sample {
    GNT_IN_SAMPLE_NONE = 0,
    GNT_IN_SAMPLE_PARTIAL,
    GNT_IN_SAMPLE_ALL,
    GNT_IN_SAMPLE_UNKNOWN
} gnt_in_sample;
gnt_in_sample gnt_model_in_sample(const gnt_model *model, const gnt_day *day, size_t n);
const char *gnt_in_sample_name(gnt_in_sample in_sample);

/* ONNX in and out. Refusals name the node: "m.onnx: node 'LSTM_3': clip is not supported". */
GNT_MUST_CHECK gnt_status gnt_onnx_read(const char *path, gnt_model *model, gnt_error *why);
/* The same for a file that leaves the number of steps open: window (0: the file must say it). EVALUE when the file has
 * another one. */
GNT_MUST_CHECK gnt_status gnt_onnx_read_as(const char *path, uint32_t window, gnt_model *model, gnt_error *why);
GNT_MUST_CHECK gnt_status gnt_onnx_parse(const void *bytes, size_t n, const char *name, gnt_model *model,
                                         gnt_error *why);
/* Same model, same bytes; the metadata are written as they stand in model->meta. */
GNT_MUST_CHECK gnt_status gnt_onnx_write(const char *path, const gnt_model *model, gnt_error *why);
GNT_MUST_CHECK gnt_status gnt_onnx_pack(const gnt_model *model, gnt_text *bytes, gnt_error *why);

/* Probability of every window ending at rows[i] of a raw panel (scaler applied here). Class reduction. Errors: EVALUE a
 * window with a value that is not finite (the row and column are named), EINVAL another number of features,
 * EUNSUPPORTED a precision that the device doesn't have. */
GNT_MUST_CHECK gnt_status gnt_model_score(gnt_engine *engine, const gnt_model *model, gnt_panel raw, gnt_rows rows,
                                          gnt_precision precision, float *probability, gnt_error *why);

/* ---- fitting -------------------------------------------------------------------------------- */

typedef enum gnt_schedule {
    GNT_SCHEDULE_CONSTANT = 0,
    GNT_SCHEDULE_COSINE,
    GNT_SCHEDULE_STEP,
    GNT_SCHEDULE_PLATEAU
} gnt_schedule;

typedef struct gnt_fit_options {
    gnt_train_options train;
    unsigned epochs, patience; /* patience 0: no early stopping */
    gnt_schedule schedule;
    bool balanced;          /* pos_weight = n_neg/n_pos of the train rows */
    const char *checkpoint; /* HDF5 written after each epoch, read when `resume`; NULL: none */
    bool resume;
} gnt_fit_options;

/* The training defaults that every variant shares. */
void gnt_fit_default(gnt_fit_options *options);
/* baseline: 1 x 32; enhanced: 2 x 96, dropout 0.25. EINVAL for another name. */
GNT_MUST_CHECK gnt_status gnt_variant(const char *name, uint32_t n_features, uint32_t window, gnt_net *net,
                                      gnt_fit_options *options, gnt_error *why);

typedef struct gnt_epoch {
    double train_loss, val_loss, train_accuracy, val_accuracy, learning_rate;
} gnt_epoch;

typedef struct gnt_fit_report {
    unsigned epochs_run, best_epoch; /* 1-based */
    double train_loss, val_loss;     /* at the best epoch */
    uint64_t val_n, val_correct, val_up;
    double pos_weight;
    gnt_epoch *epoch; /* [epochs_run], owned */
    double seconds;   /* wall; never in a result file */
} gnt_fit_report;
void gnt_fit_report_free(gnt_fit_report *report);

/* One of the fits of a call. Any of it may be shared with others but model and report. */
typedef struct gnt_fit_task {
    const gnt_features *features;
    gnt_labels labels;
    const gnt_split *split;
    const gnt_fit_options *options;
    gnt_model *model;       /* in and out as gnt_model_fit's */
    gnt_fit_report *report; /* out */
} gnt_fit_task;

/* Trains n models side by side, each with its own schedule, early stopping and checkpoint, each with the bits that
 * gnt_model_fit alone would give it. An error of one ends all: no report is left, models are the caller's to free.
 * Memory: the optimiser's arrays of every model in training, one scaled panel for each distinct set of train rows. */
GNT_MUST_CHECK gnt_status gnt_model_fit_many(gnt_engine *engine, const gnt_fit_task *tasks, size_t n,
                                             const gnt_progress *progress, gnt_error *why);

/* Fits the scaler on the split's train rows, initialises (Xavier, orthogonal, zero biases; Philox), trains with
 * early stopping and restores the best checkpoint. model->net must be set, the rest is filled, including metadata. */
GNT_MUST_CHECK gnt_status gnt_model_fit(gnt_engine *engine, const gnt_features *features, gnt_labels labels,
                                        const gnt_split *split, const gnt_fit_options *options,
                                        const gnt_progress *progress, gnt_model *model, gnt_fit_report *report,
                                        gnt_error *why);

#endif
