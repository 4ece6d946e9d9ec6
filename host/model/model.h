/* A model as it travels: architecture, weights, scaler, schema, metadata (layer 4; SPEC 4). */
#ifndef GNT_MODEL_H
#define GNT_MODEL_H

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

/* ONNX in and out. Refusals name the node: "m.onnx: node 'LSTM_3': clip is not supported". */
GNT_MUST_CHECK gnt_status gnt_onnx_read(const char *path, gnt_model *model, gnt_error *why);
GNT_MUST_CHECK gnt_status gnt_onnx_parse(const void *bytes, size_t n, const char *name, gnt_model *model,
                                         gnt_error *why);
GNT_MUST_CHECK gnt_status gnt_onnx_write(const char *path, const gnt_model *model,
                                         gnt_error *why); /* same model, same bytes */

/* Probability of every window ending at rows[i] of a raw panel (scaler applied here). NaN windows: EVALUE. */
GNT_MUST_CHECK gnt_status gnt_model_score(gnt_engine *engine, const gnt_model *model, gnt_panel raw, gnt_rows rows,
                                          float *probability, gnt_error *why);

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

/* Fits the scaler on the split's train rows, initialises (Xavier, orthogonal, zero biases; Philox), trains with
 * early stopping and restores the best checkpoint. model->net must be set, the rest is filled, including metadata. */
GNT_MUST_CHECK gnt_status gnt_model_fit(gnt_engine *engine, const gnt_features *features, gnt_labels labels,
                                        const gnt_split *split, const gnt_fit_options *options,
                                        const gnt_progress *progress, gnt_model *model, gnt_fit_report *report,
                                        gnt_error *why);

#endif
