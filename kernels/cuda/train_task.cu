/* train_task.cu: what a training job needs on the device: its arrays' places, shared memory, windows of a pass. */
#include <string.h>

#include "kernels/cuda/train.cuh"

#define MOST_ITEMS ((uint64_t)1 << 31) /* of a loop in the kernel */

static size_t spot(size_t *used, uint64_t n_floats)
{
    size_t at = *used;
    *used += (n_floats + 15) / 16 * 16;
    return at;
}

static void place_layer(gnt_train_task *task, size_t l, size_t *used)
{
    const gnt_net *net = &task->layout.net;
    gnt_train_places *at = &task->at;
    uint64_t w = task->pass_windows, steps = net->window, hidden = net->hidden, quads = (hidden + 3) / 4;
    uint64_t units = task->layout.groups * GNT_GROUP_UNITS;
    bool dropped = task->dropout && l + 1 < net->layers;
    for (size_t d = 0; d < task->layout.directions; d++) {
        at->out[l][d] = spot(used, steps * quads * w * 4);
        at->gates[l][d] = spot(used, steps * units * w * 4);
        at->cell[l][d] = spot(used, steps * hidden * w);
        at->tanh_c[l][d] = spot(used, steps * hidden * w);
        if (!dropped) continue;
        at->mask[l][d] = spot(used, steps * quads * w * 4);
        at->in[l + 1][d] = spot(used, steps * quads * w * 4);
    }
}

static void place_area(gnt_train_task *task)
{
    const gnt_layout *layout = &task->layout;
    gnt_train_places *at = &task->at;
    size_t used = 0;
    uint64_t w = task->pass_windows, steps = layout->net.window, quads = (layout->net.hidden + 3) / 4;
    uint64_t energies = layout->attention_groups * GNT_BLOCK;
    uint64_t slices = (layout->n_trained + 4095) / 4096,
             longest = task->n_train > task->n_val ? task->n_train : task->n_val;
    at->weights = spot(&used, task->resident ? 0 : layout->n);
    at->moment1 = spot(&used, layout->n);
    at->moment2 = spot(&used, layout->n);
    at->sum = spot(&used, layout->n);
    at->squares = spot(&used, 2 * 17 * slices);
    at->order = spot(&used, task->n_train);
    at->draw = spot(&used, task->n_train);
    at->logit = spot(&used, task->n_train);
    at->val_logit = spot(&used, task->n_val);
    at->loss = spot(&used, 2 * longest);
    at->row = spot(&used, w);
    at->d_logit = spot(&used, w);
    at->x = spot(&used, steps * ((layout->net.n_features + 3) / 4) * w * 4);
    for (size_t l = 0; l < layout->net.layers; l++) place_layer(task, l, &used);
    for (size_t d = 0; d < layout->directions; d++) {
        for (int i = 0; i < 2; i++) at->d_out[i][d] = spot(&used, steps * quads * w * 4);
        at->pooled[d] = spot(&used, quads * w * 4);
        at->d_pooled[d] = spot(&used, quads * w * 4);
    }
    at->d_hidden = spot(&used, quads * w * 4);
    at->d_cell = spot(&used, (uint64_t)layout->net.hidden * w);
    at->energy = spot(&used, steps * energies * w);
    at->d_energy = spot(&used, steps * energies * w);
    at->d_v = spot(&used, energies * w);
    at->alpha = spot(&used, energies ? steps * w : 0);
    at->score = spot(&used, energies ? steps * w : 0);
    at->n = used;
}

/* Items of the largest loop over a pass of one window. */
static uint64_t widest(const gnt_layout *layout)
{
    uint64_t most = layout->net.n_features / 4 + 1, other = layout->groups * GNT_GROUP_UNITS;
    if (layout->width > other) other = layout->width;
    if (layout->attention_groups * GNT_GROUP_UNITS > other) other = layout->attention_groups * GNT_GROUP_UNITS;
    return (other > most ? other : most) * layout->net.window;
}

/* float4s of the stage (train.cuh). */
static size_t stage_of(const gnt_train_task *task)
{
    const gnt_layout *layout = &task->layout;
    size_t w = task->pass_windows, hidden_quads = (layout->net.hidden + 3) / 4;
    size_t units = layout->groups * GNT_GROUP_UNITS, most = units * w;
    for (size_t l = 0; l < layout->net.layers; l++) {
        size_t segments = l ? layout->directions : 1, inputs = l ? layout->net.hidden : layout->net.n_features;
        size_t forward = gnt_stage_forward(hidden_quads, segments * ((inputs + 3) / 4), w);
        if (forward > most) most = forward;
    }
    size_t quads = (layout->net.n_features + 3) / 4 > hidden_quads ? (layout->net.n_features + 3) / 4 : hidden_quads;
    size_t rows = layout->net.hidden + quads, held = GNT_STAGE_HELD * GNT_TRAIN_THREADS / GNT_BLOCK;
    size_t turned = GNT_BLOCK * (size_t)gnt_stage_pad((unsigned)(rows < held ? rows : held), 0);
    size_t energies = layout->attention_groups * GNT_GROUP_UNITS + hidden_quads;
    size_t attention = GNT_BLOCK * (size_t)gnt_stage_pad((unsigned)(energies < held ? energies : held), 0);
    if (turned > most) most = turned;
    return attention > most ? attention : most;
}

/* What of a block's shared memory a job gets: its weights first, then a stage. */
static void share_memory(const gnt_gpu *gpu, gnt_train_task *task)
{
    size_t room = gpu->shared_bytes - sizeof(gnt_trainer), weights = task->layout.n * sizeof(float);
    size_t stage = stage_of(task);
    task->resident = weights <= room;
    if (task->resident) room -= weights;
    task->stage_quads = stage * sizeof(float4) <= room ? (uint32_t)stage : 0;
}

size_t gnt_train_shared(const gnt_train_task *task)
{
    return sizeof(gnt_trainer) + (task->resident ? task->layout.n * sizeof(float) : 0) +
           task->stage_quads * sizeof(float4);
}

gnt_status gnt_train_task_init(gnt_gpu *gpu, const gnt_train_job *job, uint32_t epochs, gnt_train_task *task)
{
    uint64_t batch = job->options->batch < job->train.n ? job->options->batch : job->train.n;
    uint64_t most = batch > job->val.n ? batch : job->val.n, blocks = (most + GNT_BLOCK - 1) / GNT_BLOCK;
    memset(task, 0, sizeof *task);
    gnt_layout_init(&task->layout, job->net);
    uint64_t items = widest(&task->layout) * GNT_BLOCK;
    if (blocks > GNT_PASS_BLOCKS) blocks = GNT_PASS_BLOCKS;
    if (blocks * items >= MOST_ITEMS) blocks = 1;
    if (items >= MOST_ITEMS || task->layout.n >= MOST_ITEMS)
        return gnt_gpu_refuse(gpu, GNT_EUNSUPPORTED,
                              "GPU %d: a model of %u features, %u units and %u steps is too large to train here: "
                              "use --device cpu",
                              gpu->number, job->net->n_features, job->net->hidden, job->net->window);
    task->options = *job->options;
    task->rule = job->rule;
    task->n_rows = job->panel.n_rows;
    task->n_train = (uint32_t)job->train.n;
    task->n_val = (uint32_t)job->val.n;
    task->n_epochs = epochs;
    task->pass_windows = (uint32_t)blocks * GNT_BLOCK;
    task->dropout = job->options->dropout > 0 && job->net->layers > 1;
    share_memory(gpu, task);
    place_area(task);
    return GNT_OK;
}
