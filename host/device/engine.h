/* The engine: a device's table of operations behind checks done once (layer 1).
 *
 * Every call validates shapes, ranges and overlaps, then dispatches; errors get their sentence here.
 * `auto` logs one line when it falls back to the CPU; an explicit device that can't be had is an error,
 * never a silent fallback. An engine may be used by one thread at a time (it is parallel inside). */
#ifndef GNT_ENGINE_H
#define GNT_ENGINE_H

#include "host/base/error.h"
#include "host/base/progress.h"
#include "kernels/kernels.h"

typedef struct gnt_engine {
    const gnt_ops *ops;
    gnt_device *dev;
    gnt_device_info info;
} gnt_engine;

/* device: "auto", "cpu", "cuda[:n]", "emu" (NULL: auto); threads 0: all cores. */
GNT_MUST_CHECK gnt_status gnt_engine_open(gnt_engine *engine, const char *device, unsigned threads,
                                          const gnt_progress *progress, gnt_error *why);
void gnt_engine_close(gnt_engine *engine); /* fine on a zeroed one */

/* The same meaning, shapes and classes as the entries of gnt_ops. */
GNT_MUST_CHECK gnt_status gnt_engine_features(gnt_engine *engine, gnt_feature_set set, const gnt_bars_view *bars,
                                              size_t n_symbols, size_t stride, float *const *out, gnt_error *why);
GNT_MUST_CHECK gnt_status gnt_engine_scale(gnt_engine *engine, gnt_panel panel, const float *center, const float *scale,
                                           float limit, float *out, gnt_error *why);
GNT_MUST_CHECK gnt_status gnt_engine_pack(gnt_engine *engine, const gnt_net *net, const float *weights,
                                          gnt_precision precision, gnt_packed **packed, gnt_error *why);
void gnt_engine_unpack(gnt_engine *engine, gnt_packed *packed);
GNT_MUST_CHECK gnt_status gnt_engine_forward(gnt_engine *engine, const gnt_packed *const *models, size_t n_models,
                                             gnt_panel panel, gnt_rows rows, float *logit, gnt_error *why);
GNT_MUST_CHECK gnt_status gnt_engine_train(gnt_engine *engine, gnt_train_job *jobs, size_t n_jobs, gnt_error *why);
GNT_MUST_CHECK gnt_status gnt_engine_simulate(gnt_engine *engine, const gnt_sim_lane *lanes, size_t n_lanes,
                                              gnt_sim_totals *totals, const gnt_sim_path *paths, gnt_error *why);
GNT_MUST_CHECK gnt_status gnt_engine_resample(gnt_engine *engine, const gnt_resample_plan *plan, size_t n,
                                              size_t n_replicates, uint32_t *index, gnt_error *why);
GNT_MUST_CHECK gnt_status gnt_engine_split(gnt_engine *engine, uint64_t seed, double weight, const uint32_t *counter,
                                           size_t n, uint64_t first_replicate, size_t n_replicates, uint8_t *enhanced,
                                           gnt_error *why);
GNT_MUST_CHECK gnt_status gnt_engine_probe(gnt_engine *engine, gnt_probe what, double seconds, double *rate,
                                           gnt_error *why);
/* EUNSUPPORTED also where the device has no such library. */
GNT_MUST_CHECK gnt_status gnt_engine_peer(gnt_engine *engine, const gnt_net *net, const float *weights, gnt_panel panel,
                                          gnt_rows rows, gnt_peer *peer, float *logit, gnt_error *why);

#endif
