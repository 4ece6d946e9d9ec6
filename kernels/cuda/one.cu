/* one.cu: a block a window (one_window.cuh). */
#include "kernels/cuda/one_window.cuh"

size_t gnt_one_shared(const gnt_layout *layout)
{
    one_rows row = rows_of(*layout);
    size_t steps = layout->net.window, z = row.z > row.energy ? row.z : row.energy;
    return (steps * (row.x + 2 * (size_t)row.h + z + 1) + row.h + layout->groups * GNT_GROUP_UNITS) * sizeof(float);
}

unsigned gnt_one_threads(const gnt_layout *layout)
{
    size_t outputs = layout->groups * GNT_BLOCK;
    size_t threads = outputs * ((layout->net.window + ONE_STEPS - 1) / ONE_STEPS);
    threads = (threads + GNT_WARP - 1) / GNT_WARP * GNT_WARP;
    return (unsigned)(threads < ONE_THREADS ? threads : ONE_THREADS);
}

__global__ void __launch_bounds__(ONE_THREADS, 1) gnt_one_window(gnt_one_call call)
{
    one_window(call, blockIdx.x, blockIdx.y);
}

gnt_status gnt_one_launch(gnt_gpu *gpu, const gnt_one_call *call)
{
    dim3 grid((unsigned)call->n, (unsigned)call->n_models);
    return gnt_launch(gpu, gnt_one_window, grid, dim3(gnt_one_threads(&call->layout)), gnt_one_shared(&call->layout),
                      *call);
}
