/* cudnn.cu: cuDNN's LSTM on a model's own weights and windows: the opponent of `gauntlet bench`, never a source of
 * results (docs/decisions/cudnn.md).
 *
 * Windows lie time-major, [L][N][F], packed, as cuDNN likes them best; initial states are zero; no dropout.
 * Only cudnnRNNForward is timed: neither gathering the windows nor the last linear unit.
 *
 * Weights (cudnnGetRNNWeightParams): a pseudo-layer is layer x directions + direction; linear layers 0..3 are the input
 * matrices of i, f, c~, o, 4..7 the recurrent ones, each [H][in] row-major with a bias of its own (two biases a gate,
 * as in PyTorch, whose gates i f g o have the same order).
 *
 * What needs cuDNN's headers is left out where there are none, as on the emulated device, which opens the library all
 * the same and then says that it can't run it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/cuda/cudnn_library.cuh"
#include "kernels/cuda/stages.cuh"

#if !defined(GNT_EMU) && defined(__has_include)
#if __has_include(<cudnn.h>)
#define GNT_HAVE_CUDNN 1
#endif
#endif

/* ---- ways ---------------------------------------------------------------------------------------------------- */

/* Every algorithm (cudnnRNNAlgo_t) in every kind of numbers; tf32: float32 whose products tensor cores may round, which
 * is cuDNN's own default. */
enum { ALGORITHMS = 4, KINDS = 4 };
enum number_kind { FLOAT32, TF32, HALF, BFLOAT16 };
static const char *const algorithm_names[ALGORITHMS] = {"standard", "persist_static", "persist_dynamic",
                                                        "persist_static_small_h"};
static const char *const kind_names[KINDS] = {"float32", "tf32", "half", "bf16"};

struct cudnn_way {
    unsigned algorithm;
    number_kind kind;
};

/* A call's arguments, as table entry `peer` has them. */
struct peer_call {
    const gnt_net *net;
    const float *weights;
    gnt_panel panel;
    gnt_rows rows;
    gnt_peer *peer;
    float *logit;
};

#ifdef GNT_HAVE_CUDNN
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cudnn.h>

static_assert(CUDNN_RNN_ALGO_STANDARD == 0 && CUDNN_RNN_ALGO_PERSIST_STATIC == 1 &&
                  CUDNN_RNN_ALGO_PERSIST_DYNAMIC == 2 && CUDNN_RNN_ALGO_PERSIST_STATIC_SMALL_H == 3 &&
                  CUDNN_RNN_ALGO_COUNT == (int)ALGORITHMS,
              "every algorithm that cuDNN offers is a way");

/* cuDNN's types of a way: what data and weights are, what sums are, which units may be used. */
static const struct numbers {
    cudnnDataType_t data, sums;
    cudnnMathType_t math;
    size_t bytes;
} numbers_of[KINDS] = {
    {CUDNN_DATA_FLOAT, CUDNN_DATA_FLOAT, CUDNN_FMA_MATH, 4},
    {CUDNN_DATA_FLOAT, CUDNN_DATA_FLOAT, CUDNN_DEFAULT_MATH, 4},
    {CUDNN_DATA_HALF, CUDNN_DATA_FLOAT, CUDNN_TENSOR_OP_MATH, 2},
    {CUDNN_DATA_BFLOAT16, CUDNN_DATA_FLOAT, CUDNN_TENSOR_OP_MATH, 2},
};

/* ---- kernels around cuDNN's: neither is timed ------------------------------------------------------------------ */

enum { THREADS = 256 };

/* x[t][i][f] = panel[row[i] - L + 1 + t][f]; a thread an element, neighbours along f. */
template <typename T>
__global__ void __launch_bounds__(THREADS)
    gather_windows(const float *panel, const uint32_t *row, size_t n, size_t window, size_t n_features, T *x)
{
    size_t e = (size_t)blockIdx.x * THREADS + threadIdx.x;
    if (e >= window * n * n_features) return;
    size_t f = e % n_features, i = e / n_features % n, t = e / n_features / n;
    x[e] = T(panel[(row[i] + 1 - window + t) * n_features + f]);
}

/* logit[i] = fc . pooled + bias from y[t][i][D]; a thread a window. back: the step that the reverse direction's units
 * [hidden, width) are taken from. */
template <typename T>
__global__ void __launch_bounds__(THREADS)
    head(const T *y, size_t n, size_t hidden, size_t width, size_t last, size_t back, const float *fc, float *logit)
{
    size_t i = (size_t)blockIdx.x * THREADS + threadIdx.x;
    if (i >= n) return;
    float sum = fc[width];
    for (size_t k = 0; k < width; k++) {
        size_t step = k < hidden ? last : back;
        sum = fmaf(fc[k], float(y[(step * n + i) * width + k]), sum);
    }
    logit[i] = sum;
}

/* ---- one way on one model ---------------------------------------------------------------------------------------- */

struct cudnn_session {
    gnt_gpu *gpu;
    const peer_call *call;
    cudnn_way how;
    numbers kind;
    size_t n, directions, width, last; /* windows; 1 or 2; D; L - 1 */
    cudnn_library lib;
    cudnnHandle_t handle;
    cudnnRNNDescriptor_t rnn;
    cudnnRNNDataDescriptor_t x_desc, y_desc;
    cudnnTensorDescriptor_t state_desc, matrix_desc, bias_desc;
    int *lengths;           /* [n], all L */
    unsigned char *weights; /* [weight_bytes] on the host, as they are to lie on the device */
    size_t weight_bytes, work_bytes;
    float *d_panel, *d_fc, *d_logit;
    uint32_t *d_row;
    unsigned char *d_x, *d_y, *d_weights, *d_work;

    void place(gnt_slab *slab)
    {
        const gnt_net *net = call->net;
        d_panel = slab->take<float>(call->panel.n_rows * net->n_features);
        d_row = slab->take<uint32_t>(n);
        d_x = slab->take<unsigned char>(net->window * n * net->n_features * kind.bytes);
        d_y = slab->take<unsigned char>(net->window * n * width * kind.bytes);
        d_weights = slab->take<unsigned char>(weight_bytes);
        d_work = slab->take<unsigned char>(work_bytes);
        d_fc = slab->take<float>(width + 1);
        d_logit = slab->take<float>(n);
    }
};

static gnt_status cudnn_fail(cudnn_session *s, cudnnStatus_t error, const char *what, int line)
{
    auto text = reinterpret_cast<decltype(&cudnnGetErrorString)>(s->lib.symbol[CUDNN_SYMBOL_cudnnGetErrorString]);
    gnt_status status = CUDNN_STATUS_CATEGORY(error) == CUDNN_STATUS_NOT_SUPPORTED      ? GNT_EUNSUPPORTED
                        : error == CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED   ? GNT_ENOMEM
                        : error == CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED ? GNT_ENOMEM
                                                                                        : GNT_EDEVICE;
    return gnt_gpu_refuse(s->gpu, status, "GPU %d: %s (cudnn.cu:%d): %s", s->gpu->number, what, line, text(error));
}

static gnt_status no_host_memory(cudnn_session *s)
{
    return gnt_gpu_refuse(s->gpu, GNT_ENOMEM, "cuDNN: no host memory");
}

#define SYMBOL(s, name) reinterpret_cast<decltype(&name)>((s)->lib.symbol[CUDNN_SYMBOL_##name])
#define CUDNN(s, name, ...)                                                                \
    do {                                                                                   \
        cudnnStatus_t error_ = SYMBOL(s, name)(__VA_ARGS__);                               \
        if (error_ != CUDNN_STATUS_SUCCESS) return cudnn_fail(s, error_, #name, __LINE__); \
    } while (0)

static gnt_status describe_net(cudnn_session *s)
{
    const gnt_net *net = s->call->net;
    CUDNN(s, cudnnCreateRNNDescriptor, &s->rnn);
    CUDNN(s, cudnnSetRNNDescriptor_v8, s->rnn, (cudnnRNNAlgo_t)s->how.algorithm, CUDNN_LSTM, CUDNN_RNN_DOUBLE_BIAS,
          net->bidirectional ? CUDNN_BIDIRECTIONAL : CUDNN_UNIDIRECTIONAL, CUDNN_LINEAR_INPUT, s->kind.data,
          s->kind.sums, s->kind.math, (int32_t)net->n_features, (int32_t)net->hidden, (int32_t)net->hidden,
          (int32_t)net->layers, nullptr, CUDNN_RNN_PADDED_IO_DISABLED);
    if (s->how.algorithm == CUDNN_RNN_ALGO_PERSIST_DYNAMIC)
        CUDNN(s, cudnnBuildRNNDynamic, s->handle, s->rnn, (int)s->n);
    return GNT_OK;
}

static gnt_status describe_data(cudnn_session *s)
{
    const gnt_net *net = s->call->net;
    const int layers = (int)(net->layers * s->directions), hidden = (int)net->hidden, n = (int)s->n;
    const int dims[3] = {layers, n, hidden}, strides[3] = {n * hidden, hidden, 1};
    const cudnnRNNDataLayout_t layout = CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_PACKED;
    s->lengths = static_cast<int *>(malloc(s->n * sizeof(int)));
    if (!s->lengths) return no_host_memory(s);
    for (size_t i = 0; i < s->n; i++) s->lengths[i] = (int)net->window;
    CUDNN(s, cudnnCreateRNNDataDescriptor, &s->x_desc);
    CUDNN(s, cudnnCreateRNNDataDescriptor, &s->y_desc);
    CUDNN(s, cudnnSetRNNDataDescriptor, s->x_desc, s->kind.data, layout, (int)net->window, n, (int)net->n_features,
          s->lengths, nullptr);
    CUDNN(s, cudnnSetRNNDataDescriptor, s->y_desc, s->kind.data, layout, (int)net->window, n, (int)s->width, s->lengths,
          nullptr);
    CUDNN(s, cudnnCreateTensorDescriptor, &s->state_desc);
    CUDNN(s, cudnnSetTensorNdDescriptor, s->state_desc, s->kind.data, 3, dims, strides);
    CUDNN(s, cudnnCreateTensorDescriptor, &s->matrix_desc);
    CUDNN(s, cudnnCreateTensorDescriptor, &s->bias_desc);
    CUDNN(s, cudnnGetRNNWeightSpaceSize, s->handle, s->rnn, &s->weight_bytes);
    size_t reserve = 0; /* none in inference */
    CUDNN(s, cudnnGetRNNTempSpaceSizes, s->handle, s->rnn, CUDNN_FWD_MODE_INFERENCE, s->x_desc, &s->work_bytes,
          &reserve);
    return GNT_OK;
}

/* ---- weights ---- */

static void put_numbers(number_kind kind, const float *from, size_t n, unsigned char *to)
{
    if (kind == HALF)
        for (size_t i = 0; i < n; i++) reinterpret_cast<__half *>(to)[i] = __float2half(from[i]);
    else if (kind == BFLOAT16)
        for (size_t i = 0; i < n; i++) reinterpret_cast<__nv_bfloat16 *>(to)[i] = __float2bfloat16(from[i]);
    else
        memcpy(to, from, n * sizeof(float));
}

/* Copies n floats to where the library says that a matrix or bias lies, once its shape is found to be what we have. */
static gnt_status put_tensor(cudnn_session *s, cudnnTensorDescriptor_t desc, const void *address, const float *from,
                             size_t n)
{
    cudnnDataType_t type;
    int n_dims = 0, dims[3] = {0, 0, 0}, strides[3];
    CUDNN(s, cudnnGetTensorNdDescriptor, desc, 3, &type, &n_dims, dims, strides);
    size_t offset = (size_t)(static_cast<const unsigned char *>(address) - s->d_weights);
    if (!address || type != s->kind.data || (size_t)dims[0] * (size_t)dims[1] * (size_t)dims[2] != n ||
        offset + n * s->kind.bytes > s->weight_bytes)
        return gnt_gpu_refuse(s->gpu, GNT_EUNSUPPORTED, "cuDNN lays weights out in a way that isn't known here");
    put_numbers(s->how.kind, from, n, s->weights + offset);
    return GNT_OK;
}

/* One gate's matrix and bias; the model's tensors come in fours: weight_ih, weight_hh, bias_ih, bias_hh. */
static gnt_status put_gate(cudnn_session *s, size_t pseudo_layer, int linear)
{
    const gnt_net *net = s->call->net;
    gnt_tensor matrix, bias;
    void *matrix_at = nullptr, *bias_at = nullptr;
    gnt_net_tensor(net, 4 * pseudo_layer + (linear < 4 ? 0 : 1), &matrix);
    gnt_net_tensor(net, 4 * pseudo_layer + (linear < 4 ? 2 : 3), &bias);
    CUDNN(s, cudnnGetRNNWeightParams, s->handle, s->rnn, (int32_t)pseudo_layer, s->weight_bytes, s->d_weights, linear,
          s->matrix_desc, &matrix_at, s->bias_desc, &bias_at);
    size_t gate = (size_t)linear % 4, hidden = net->hidden;
    const float *weights = s->call->weights;
    GNT_GPU_TRY(put_tensor(s, s->matrix_desc, matrix_at, weights + matrix.offset + gate * hidden * matrix.cols,
                           hidden * matrix.cols));
    return put_tensor(s, s->bias_desc, bias_at, weights + bias.offset + gate * hidden, hidden);
}

static gnt_status put_weights(cudnn_session *s)
{
    const gnt_net *net = s->call->net;
    gnt_tensor fc;
    s->weights = static_cast<unsigned char *>(calloc(s->weight_bytes, 1));
    if (!s->weights) return no_host_memory(s);
    for (size_t layer = 0; layer < net->layers * s->directions; layer++)
        for (int linear = 0; linear < 8; linear++) GNT_GPU_TRY(put_gate(s, layer, linear));
    GNT_GPU_TRY(gnt_upload(s->gpu, s->d_weights, s->weights, s->weight_bytes));
    gnt_net_tensor(net, gnt_net_n_tensors(net) - 2, &fc); /* fc.weight, and fc.bias behind it */
    return gnt_upload(s->gpu, s->d_fc, s->call->weights + fc.offset, (s->width + 1) * sizeof(float));
}

/* ---- running ---- */

template <typename T> static gnt_status gather(cudnn_session *s)
{
    const gnt_net *net = s->call->net;
    size_t n = net->window * s->n * net->n_features;
    return gnt_launch(s->gpu, gather_windows<T>, dim3((unsigned)((n + THREADS - 1) / THREADS)), dim3(THREADS), 0,
                      s->d_panel, s->d_row, s->n, (size_t)net->window, (size_t)net->n_features,
                      reinterpret_cast<T *>(s->d_x));
}

template <typename T> static gnt_status finish(cudnn_session *s)
{
    const gnt_net *net = s->call->net;
    return gnt_launch(s->gpu, head<T>, dim3((unsigned)((s->n + THREADS - 1) / THREADS)), dim3(THREADS), 0,
                      reinterpret_cast<const T *>(s->d_y), s->n, (size_t)net->hidden, s->width, s->last,
                      net->pool == GNT_POOL_FINAL ? (size_t)0 : s->last, s->d_fc, s->d_logit);
}

static gnt_status forward(cudnn_session *s)
{
    CUDNN(s, cudnnRNNForward, s->handle, s->rnn, CUDNN_FWD_MODE_INFERENCE, nullptr, s->x_desc, s->d_x, s->y_desc,
          s->d_y, s->state_desc, nullptr, nullptr, s->state_desc, nullptr, nullptr, s->weight_bytes, s->d_weights,
          s->work_bytes, s->d_work, 0, nullptr);
    return GNT_OK;
}

static gnt_status run_passes(cudnn_session *s)
{
    enum { WARM = 3 };
    gnt_gpu *gpu = s->gpu;
    for (int i = 0; i < WARM; i++) GNT_GPU_TRY(forward(s));
    for (unsigned r = 0; r < s->call->peer->repeats; r++) {
        double before = gpu->kernel_seconds;
        GNT_GPU_TRY(gnt_kernels_begin(gpu));
        GNT_GPU_TRY(forward(s));
        GNT_GPU_TRY(gnt_kernels_end(gpu));
        s->call->peer->seconds[r] = gpu->kernel_seconds - before;
    }
    return GNT_OK;
}

static gnt_status run_session(cudnn_session *s)
{
    const peer_call *call = s->call;
    size_t panel_bytes = call->panel.n_rows * call->panel.n_features * sizeof(float);
    CUDNN(s, cudnnCreate, &s->handle);
    CUDNN(s, cudnnSetStream, s->handle, s->gpu->stream);
    GNT_GPU_TRY(describe_net(s));
    GNT_GPU_TRY(describe_data(s));
    GNT_GPU_TRY(gnt_slab_place(s->gpu, s));
    GNT_GPU_TRY(put_weights(s));
    GNT_GPU_TRY(gnt_upload(s->gpu, s->d_panel, call->panel.x, panel_bytes));
    GNT_GPU_TRY(gnt_upload(s->gpu, s->d_row, call->rows.row, s->n * sizeof(uint32_t)));
    GNT_GPU_TRY(s->how.kind == HALF       ? gather<__half>(s)
                : s->how.kind == BFLOAT16 ? gather<__nv_bfloat16>(s)
                                          : gather<float>(s));
    GNT_GPU_TRY(run_passes(s));
    GNT_GPU_TRY(s->how.kind == HALF       ? finish<__half>(s)
                : s->how.kind == BFLOAT16 ? finish<__nv_bfloat16>(s)
                                          : finish<float>(s));
    return gnt_download(s->gpu, call->logit, s->d_logit, s->n * sizeof(float));
}

/* Nobody is left to tell when one of these fails. */
static void close_session(cudnn_session *s)
{
    if (s->bias_desc) (void)SYMBOL(s, cudnnDestroyTensorDescriptor)(s->bias_desc);
    if (s->matrix_desc) (void)SYMBOL(s, cudnnDestroyTensorDescriptor)(s->matrix_desc);
    if (s->state_desc) (void)SYMBOL(s, cudnnDestroyTensorDescriptor)(s->state_desc);
    if (s->y_desc) (void)SYMBOL(s, cudnnDestroyRNNDataDescriptor)(s->y_desc);
    if (s->x_desc) (void)SYMBOL(s, cudnnDestroyRNNDataDescriptor)(s->x_desc);
    if (s->rnn) (void)SYMBOL(s, cudnnDestroyRNNDescriptor)(s->rnn);
    if (s->handle) (void)SYMBOL(s, cudnnDestroy)(s->handle);
    free(s->lengths);
    free(s->weights);
}

static gnt_status run_way(gnt_gpu *gpu, const cudnn_library *lib, cudnn_way how, const peer_call *call)
{
    cudnn_session s = {};
    s.gpu = gpu;
    s.call = call;
    s.how = how;
    s.kind = numbers_of[how.kind];
    s.n = call->rows.n;
    s.directions = call->net->bidirectional ? 2 : 1;
    s.width = call->net->hidden * s.directions;
    s.last = call->net->window - 1;
    s.lib = *lib;
    size_t version = SYMBOL(&s, cudnnGetVersion)();
    snprintf(call->peer->name, sizeof call->peer->name, "cuDNN %zu.%zu.%zu %s %s", version / 10000, version / 100 % 100,
             version % 100, algorithm_names[how.algorithm], kind_names[how.kind]);
    if (call->net->pool == GNT_POOL_ATTENTION)
        return gnt_gpu_refuse(gpu, GNT_EUNSUPPORTED, "cuDNN has no attention over the steps of an LSTM");
    gnt_status status = run_session(&s);
    close_session(&s);
    return status;
}
#else
static gnt_status run_way(gnt_gpu *gpu, const cudnn_library *, cudnn_way, const peer_call *)
{
#ifdef GNT_EMU
    return gnt_gpu_refuse(gpu, GNT_EIO, "cuDNN runs on a GPU, not on the emulated device");
#else
    return gnt_gpu_refuse(gpu, GNT_EIO, "cuDNN can't be used: this build was made without its headers");
#endif
}
#endif

static gnt_status peer_on_gpu(gnt_gpu *gpu, size_t, size_t, void *arg)
{
    const peer_call *call = static_cast<const peer_call *>(arg);
    gnt_peer *peer = call->peer;
    if (peer->way >= ALGORITHMS * KINDS)
        return gnt_gpu_refuse(gpu, GNT_EINVAL, "cuDNN has %d ways, there is no %u", ALGORITHMS * KINDS, peer->way);
    cudnn_way how = {peer->way % ALGORITHMS, (number_kind)(peer->way / ALGORITHMS)};
    cudnn_library lib = {};
    peer->half = how.kind == HALF || how.kind == BFLOAT16;
    snprintf(peer->name, sizeof peer->name, "cuDNN %s %s", algorithm_names[how.algorithm], kind_names[how.kind]);
    gnt_status status = cudnn_library_open(gpu, &lib);
    if (!status) status = run_way(gpu, &lib, how, call);
    cudnn_library_close(&lib);
    return status;
}

/* One GPU does it all: the first of the device. */
gnt_status gnt_cuda_peer(gnt_device *dev, const gnt_net *net, const float *weights, gnt_panel panel, gnt_rows rows,
                         gnt_peer *peer, float *logit)
{
    peer_call call = {net, weights, panel, rows, peer, logit};
    return gnt_each_gpu(dev, 1, peer_on_gpu, &call);
}
