/* forward.cu: a forward call cut into parts that fit on the GPUs; the kernels of a part are its kind's (model.cuh).
 *
 * A GPU takes a share of the windows, or of the models where there are more of them. It gets the stretch of the panel
 * that its rows look at once, then goes through runs of models that share architecture and kind, as many models and
 * windows at a time as the kind's work memory allows; no split shows in the bits. One model on a few windows goes the
 * short way (serve.cu). */
#include <string.h>

#include "kernels/cuda/serve.cuh"
#include "kernels/cuda/stages.cuh"

#define MOST_WORK_BYTES ((size_t)8 << 30) /* several waves of full windows for every net up to H = 256 */
#define MOST_MODELS 32768u                /* a launch: below the limit of a grid's third dimension */
#define WINDOWS_A_BLOCK 128u              /* parts are whole waves of so many windows an SM */

struct forward_call {
    gnt_device *dev;
    const gnt_packed *const *models;
    size_t n_models;
    gnt_panel panel;
    gnt_rows rows;
    float *logit; /* [n_models][rows.n] */
    bool by_models;
};

/* Rows [first, first + n) of a call and the bars they look at. */
struct stretch {
    size_t first, n, first_bar, n_bars;
    bool follow;
};

static stretch stretch_of(const forward_call *c, size_t first, size_t n)
{
    const uint32_t *row = c->rows.row + first;
    size_t low = row[0], high = row[0], window = c->models[0]->layout.net.window;
    bool follow = true;
    for (size_t i = 1; i < n; i++) {
        low = row[i] < low ? row[i] : low;
        high = row[i] > high ? row[i] : high;
        follow = follow && row[i] == row[i - 1] + 1;
    }
    return {first, n, low + 1 - window, high - low + window, follow};
}

/* A GPU's memory for its share. */
struct share_plan {
    size_t n_x, n_rows, n_logits, work_bytes;
    float *x, *logit;
    uint32_t *row;
    unsigned char *work;

    void place(gnt_slab *slab)
    {
        x = slab->take<float>(n_x);
        row = slab->take<uint32_t>(n_rows);
        logit = slab->take<float>(n_logits);
        work = slab->take<unsigned char>(work_bytes);
    }
};

/* So many models and windows at a time. */
struct part_size {
    size_t models, windows;
};

static bool alike(const gnt_packed *a, const gnt_packed *b)
{
    const gnt_net *x = &a->layout.net, *y = &b->layout.net;
    return a->kind == b->kind && x->n_features == y->n_features && x->window == y->window && x->hidden == y->hidden &&
           x->layers == y->layers && x->bidirectional == y->bidirectional && x->pool == y->pool &&
           x->attention == y->attention;
}

/* Models from m on that one launch can serve. */
static size_t run_length(const gnt_packed *const *models, size_t n)
{
    size_t i = 1;
    while (i < n && alike(models[i], models[0])) i++;
    return i;
}

/* Work memory for parts of that size, the smaller last ones included. */
static size_t work_bytes(const gnt_gpu *gpu, const gnt_packed *model, const stretch *s, size_t n_models, part_size size)
{
    size_t rest_models = n_models % size.models, rest = s->n % size.windows, most = 0;
    for (size_t m : {size.models, rest_models})
        for (size_t n : {size.windows, rest}) {
            if (m == 0 || n == 0) continue;
            size_t bars = s->follow ? n + model->layout.net.window - 1 : s->n_bars;
            size_t bytes = model->kind->work(gpu, model, m, n, bars);
            most = bytes > most ? bytes : most;
        }
    return most;
}

/* The largest parts whose work memory stays below `room`; *bytes is what they need. */
static part_size cut_run(const gnt_gpu *gpu, const gnt_packed *model, const stretch *s, size_t n_models, size_t room,
                         size_t *bytes)
{
    part_size size = {n_models < MOST_MODELS ? n_models : MOST_MODELS, s->n};
    size_t wave = (size_t)gpu->n_sm * WINDOWS_A_BLOCK;
    while ((*bytes = work_bytes(gpu, model, s, n_models, size)) > room && (size.models > 1 || size.windows > 1)) {
        if (size.models > 1)
            size.models = (size.models + 1) / 2;
        else
            size.windows = (size.windows + 1) / 2;
        if (size.windows > wave && size.windows < s->n) size.windows -= size.windows % wave;
    }
    return size;
}

/* A run of models that are alike, on all rows of the share. */
static gnt_status run_models(gnt_gpu *gpu, const forward_call *c, const share_plan *plan, const stretch *s,
                             const gnt_packed *const *models, size_t n_models, float *logit, part_size size)
{
    for (size_t m = 0; m < n_models; m += size.models)
        for (size_t i = 0; i < s->n; i += size.windows) {
            stretch part = stretch_of(c, s->first + i, s->n - i < size.windows ? s->n - i : size.windows);
            gnt_forward_part p = {};
            p.gpu = (size_t)(gpu - c->dev->gpu);
            p.models = models + m;
            p.n_models = n_models - m < size.models ? n_models - m : size.models;
            p.x = plan->x + (part.first_bar - s->first_bar) * c->panel.n_features;
            p.first_bar = part.first_bar;
            p.n_bars = part.n_bars;
            p.row = plan->row + i;
            p.n = part.n;
            p.follow = part.follow;
            p.logit = logit + m * s->n + i;
            p.logit_stride = s->n;
            p.work = plan->work;
            GNT_GPU_TRY(models[0]->kind->run(gpu, &p));
        }
    return GNT_OK;
}

/* Models [first, last) on rows s of the call. */
static gnt_status run_share(gnt_gpu *gpu, const forward_call *c, size_t first, size_t last, stretch s)
{
    size_t n_features = c->panel.n_features, room = 0, bytes = 0;
    share_plan plan = {};
    plan.n_x = s.n_bars * n_features;
    plan.n_rows = s.n;
    plan.n_logits = (last - first) * s.n;
    GNT_GPU_TRY(gnt_gpu_room(gpu, &room));
    size_t fixed = (plan.n_x + plan.n_rows + plan.n_logits) * sizeof(float) + 8 * GNT_PART_ALIGN;
    room = room > fixed ? room - fixed : 0;
    if (room > MOST_WORK_BYTES) room = MOST_WORK_BYTES;
    for (size_t m = first, n; m < last; m += n) {
        n = run_length(c->models + m, last - m);
        (void)cut_run(gpu, c->models[m], &s, n, room, &bytes);
        if (bytes > plan.work_bytes) plan.work_bytes = bytes;
    }
    GNT_GPU_TRY(gnt_slab_place(gpu, &plan));
    GNT_GPU_TRY(gnt_upload(gpu, plan.x, c->panel.x + s.first_bar * n_features, plan.n_x * sizeof(float)));
    GNT_GPU_TRY(gnt_upload(gpu, plan.row, c->rows.row + s.first, s.n * sizeof(uint32_t)));
    GNT_GPU_TRY(gnt_kernels_begin(gpu));
    for (size_t m = first, n; m < last; m += n) {
        n = run_length(c->models + m, last - m);
        part_size size = cut_run(gpu, c->models[m], &s, n, room, &bytes);
        GNT_GPU_TRY(run_models(gpu, c, &plan, &s, c->models + m, n, plan.logit + (m - first) * s.n, size));
    }
    GNT_GPU_TRY(gnt_kernels_end(gpu));
    for (size_t m = first; m < last; m++)
        GNT_GPU_TRY(
            gnt_download(gpu, c->logit + m * c->rows.n + s.first, plan.logit + (m - first) * s.n, s.n * sizeof(float)));
    return GNT_OK;
}

static gnt_status forward_share(gnt_gpu *gpu, size_t first, size_t last, void *arg)
{
    const forward_call *c = static_cast<forward_call *>(arg);
    if (c->by_models) return run_share(gpu, c, first, last, stretch_of(c, 0, c->rows.n));
    return run_share(gpu, c, 0, c->n_models, stretch_of(c, first, last - first));
}

struct serve_call {
    const gnt_packed *model;
    gnt_panel panel;
    gnt_rows rows;
    float *logit;
};

static gnt_status serve_share(gnt_gpu *gpu, size_t first, size_t last, void *arg)
{
    const serve_call *c = static_cast<serve_call *>(arg);
    (void)first;
    (void)last;
    return gnt_serve(gpu, c->model, c->panel, c->rows, c->logit);
}

gnt_status gnt_cuda_forward(gnt_device *dev, const gnt_packed *const *models, size_t n_models, gnt_panel panel,
                            gnt_rows rows, float *logit)
{
    if (n_models == 0 || rows.n == 0) return GNT_OK;
    if (n_models == 1 && gnt_serves(&dev->gpu[0], models[0], rows.n)) {
        serve_call c = {models[0], panel, rows, logit};
        return gnt_each_gpu(dev, 1, serve_share, &c);
    }
    forward_call c = {dev, models, n_models, panel, rows, logit, n_models > rows.n};
    return gnt_each_gpu(dev, c.by_models ? n_models : rows.n, forward_share, &c);
}
