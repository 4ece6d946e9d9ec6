/* model.cu: models packed once, a copy on every GPU of the device. */
#include "kernels/cuda/model.cuh"

#include <stdlib.h>
#include <string.h>

#include "kernels/cuda/serve.cuh"
#include "kernels/cuda/stages.cuh"

/* NULL: this backend doesn't compute in that precision. */
static const gnt_forward_kind *kind_of(const gnt_device *dev, gnt_precision precision)
{
    if (precision == GNT_FLOAT32) return &gnt_forward_float32;
    return dev->bf16 ? &gnt_forward_bf16 : nullptr;
}

struct pack_call {
    gnt_device *dev;
    gnt_packed *model;
    const float *weights; /* [layout.n] */
};

/* One item a GPU. */
static gnt_status pack_share(gnt_gpu *gpu, size_t first, size_t last, void *arg)
{
    pack_call *c = static_cast<pack_call *>(arg);
    gnt_packed_share *share = &c->model->share[gpu - c->dev->gpu];
    size_t bytes = c->model->layout.n * sizeof(float);
    (void)first;
    (void)last;
    void *weights = nullptr;
    GNT_GPU_TRY(gnt_gpu_malloc(gpu, &weights, bytes));
    share->weights = static_cast<float *>(weights);
    GNT_GPU_TRY(gnt_upload(gpu, share->weights, c->weights, bytes));
    if (c->model->kind->pack) GNT_GPU_TRY(c->model->kind->pack(gpu, c->model, c->weights, &share->own));
    return gnt_gpu_sync(gpu);
}

gnt_status gnt_cuda_pack(gnt_device *dev, const gnt_net *net, const float *weights, gnt_precision precision,
                         gnt_packed **out)
{
    const gnt_forward_kind *kind = kind_of(dev, precision);
    if (!kind) return GNT_EUNSUPPORTED;
    gnt_packed *model = static_cast<gnt_packed *>(calloc(1, sizeof *model));
    if (!model) return GNT_ENOMEM;
    gnt_layout_init(&model->layout, net);
    model->precision = precision;
    model->kind = kind;
    model->n_gpus = dev->n_gpus;
    float *packed = static_cast<float *>(calloc(model->layout.n, sizeof(float)));
    gnt_status st = packed ? GNT_OK : GNT_ENOMEM;
    if (!st) {
        gnt_layout_pack(&model->layout, weights, packed);
        pack_call c = {dev, model, packed};
        st = gnt_each_gpu(dev, dev->n_gpus, pack_share, &c);
    }
    free(packed);
    if (st)
        gnt_cuda_unpack(dev, model);
    else
        *out = model;
    return st;
}

/* After a fault the device's calls fail too, its memory went with the context; the host's is freed all the same. */
void gnt_cuda_unpack(gnt_device *dev, gnt_packed *model)
{
    if (!model) return;
    for (unsigned g = 0; g < model->n_gpus; g++) {
        gnt_packed_share *share = &model->share[g];
        (void)cudaSetDevice(dev->gpu[g].number);
        if (model->kind->unpack) model->kind->unpack(&dev->gpu[g], share->own);
        gnt_serving_free(share->serving);
        (void)cudaFree(share->weights);
    }
    free(model);
}

const gnt_net *gnt_cuda_packed_net(const gnt_packed *model)
{
    return &model->layout.net;
}
