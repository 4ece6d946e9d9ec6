/* split.cu: the arm of every request under every re-randomised split (SPEC 6 and 10), the CPU's bits.
 *
 * formula  enhanced iff the first uniform of Philox block (counter, stream 101, replicate) < weight
 * shapes   counter [n] -> enhanced [R][n] bytes; the elements in order, in chunks of 16 MB
 * mapping  a thread four elements in order, one 32-bit store; a row may end among them
 * class    exact
 * shared   none
 * fast     about 80 integer operations an element, 60 of them Philox's ten rounds: 6 ps at the 132 SMs x 64 lanes x
 *          1.755 GHz of an H100, against 40 ps for its byte over PCIe at 25 GB/s: an estimate, nothing is measured
 * versions 1 as here */
#include "kernels/cuda/stages.cuh"
#include "kernels/math/philox.h"
#include "kernels/math/streams.h"

#define SPLIT_THREADS 256
#define SPLIT_CHUNK ((size_t)16 << 20) /* elements */

struct split_chunk {
    const uint32_t *counter; /* [n] */
    uint32_t *enhanced;      /* [n_elements / 4], four elements a word */
    uint64_t seed, first_replicate, n;
    uint64_t first_element; /* of the call: replicate n + request */
    uint32_t n_elements;
    double weight;
};

__global__ void __launch_bounds__(SPLIT_THREADS) split_kernel(split_chunk c)
{
    uint32_t word = blockIdx.x * SPLIT_THREADS + threadIdx.x, four = 0;
    if (word * 4 >= c.n_elements) return;
    uint64_t i = c.first_element + word * 4, r = i / c.n, j = i - r * c.n;
    for (int k = 0; k < 4; k++) {
        gnt_random at = gnt_random_at(c.seed, GNT_STREAM_SPLIT, c.first_replicate + r);
        bool enhanced = gnt_uniform(gnt_philox_x(gnt_philox_block(at, c.counter[j]))) < c.weight;
        four |= (uint32_t)enhanced << 8 * k;
        j++;
        if (j == c.n) {
            j = 0;
            r++;
        }
    }
    c.enhanced[word] = four; /* little-endian as the host; elements behind the last one are drawn and not copied */
}

struct split_call {
    uint64_t seed;
    double weight;
    const uint32_t *counter;
    size_t n;
    uint64_t first_replicate;
    uint8_t *enhanced;
};

struct split_plan {
    uint32_t *counter, *enhanced;
    size_t n, most;

    void place(gnt_slab *slab)
    {
        counter = slab->take<uint32_t>(n);
        enhanced = slab->take<uint32_t>((most + 3) / 4);
    }
};

static gnt_status split_elements(gnt_gpu *gpu, const split_call *call, const split_plan *plan, size_t from, size_t n)
{
    split_chunk c = {plan->counter, plan->enhanced, call->seed,  call->first_replicate,
                     call->n,       from,           (uint32_t)n, call->weight};
    size_t words = (n + 3) / 4;
    GNT_GPU_TRY(gnt_kernels_begin(gpu));
    GNT_GPU_TRY(gnt_launch(gpu, split_kernel, dim3((unsigned)((words + SPLIT_THREADS - 1) / SPLIT_THREADS)),
                           dim3(SPLIT_THREADS), 0, c));
    GNT_GPU_TRY(gnt_kernels_end(gpu));
    return gnt_download(gpu, call->enhanced + from, plan->enhanced, n);
}

/* Elements [first, last) of all replicates' requests. */
static gnt_status split_share(gnt_gpu *gpu, size_t first, size_t last, void *arg)
{
    const split_call *call = static_cast<const split_call *>(arg);
    size_t most = last - first < SPLIT_CHUNK ? last - first : SPLIT_CHUNK;
    GNT_GPU_TRY(gnt_gpu_fit(gpu, 1, call->n * sizeof *call->counter, most, &most));
    split_plan plan = {nullptr, nullptr, call->n, most};
    GNT_GPU_TRY(gnt_slab_place(gpu, &plan));
    GNT_GPU_TRY(gnt_upload(gpu, plan.counter, call->counter, call->n * sizeof *call->counter));
    for (size_t from = first; from < last; from += most)
        GNT_GPU_TRY(split_elements(gpu, call, &plan, from, most < last - from ? most : last - from));
    return GNT_OK;
}

gnt_status gnt_cuda_split(gnt_device *dev, uint64_t seed, double weight, const uint32_t *counter, size_t n,
                          uint64_t first_replicate, size_t n_replicates, uint8_t *enhanced)
{
    split_call call = {seed, weight, counter, n, first_replicate, enhanced};
    return gnt_each_gpu(dev, n * n_replicates, split_share, &call);
}
