/* The stages of the CUDA backend, for its table (cuda.cu). Meaning, shapes and classes as in kernels.h. */
#ifndef GNT_CUDA_STAGES_CUH
#define GNT_CUDA_STAGES_CUH

#include "kernels/cuda/gpu.cuh"

gnt_status gnt_cuda_features(gnt_device *dev, gnt_feature_set set, const gnt_bars_view *bars, size_t n_symbols,
                             size_t stride, float *const *out);
gnt_status gnt_cuda_scale(gnt_device *dev, gnt_panel panel, const float *center, const float *scale, float limit,
                          float *out);
gnt_status gnt_cuda_pack(gnt_device *dev, const gnt_net *net, const float *weights, gnt_precision precision,
                         gnt_packed **packed);
void gnt_cuda_unpack(gnt_device *dev, gnt_packed *packed);
const gnt_net *gnt_cuda_packed_net(const gnt_packed *packed);
gnt_status gnt_cuda_forward(gnt_device *dev, const gnt_packed *const *models, size_t n_models, gnt_panel panel,
                            gnt_rows rows, float *logit);
gnt_status gnt_cuda_train(gnt_device *dev, gnt_train_job *jobs, size_t n_jobs);
gnt_status gnt_cuda_simulate(gnt_device *dev, const gnt_sim_lane *lanes, size_t n_lanes, gnt_sim_totals *totals,
                             const gnt_sim_path *paths);
gnt_status gnt_cuda_resample(gnt_device *dev, const gnt_resample_plan *plan, size_t n, size_t n_replicates,
                             uint32_t *index);
gnt_status gnt_cuda_split(gnt_device *dev, uint64_t seed, double weight, const uint32_t *counter, size_t n,
                          uint64_t first_replicate, size_t n_replicates, uint8_t *enhanced);
gnt_status gnt_cuda_probe(gnt_device *dev, gnt_probe what, double seconds, double *rate);
gnt_status gnt_cuda_peer(gnt_device *dev, const gnt_net *net, const float *weights, gnt_panel panel, gnt_rows rows,
                         gnt_peer *peer, float *logit);

#endif
