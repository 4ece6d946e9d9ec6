/* What the emulator costs, in processor time of this thread: a thread's start, a barrier, a shuffle, a switch of
 * memory windows. Prints a table; docs/decisions/emulated-device.md keeps the figures. */
#include <cuda_runtime.h>

#include <stdio.h>
#include <time.h>

static void nothing(float *x, int n)
{
    if (n < 0) x[threadIdx.x] = 0;
}

static void axpy(float *x, int n)
{
    int i = (int)(blockIdx.x * blockDim.x + threadIdx.x);
    if (i < n) x[i] = __fmaf_rn(x[i], 0.5f, 1.0f);
}

static void barriers(float *x, int n)
{
    for (int i = 0; i < n; i++) __syncthreads();
    if (n < 0) x[threadIdx.x] = 0;
}

static void shuffles(float *x, int n)
{
    float v = 1;
    for (int i = 0; i < n; i++) v = __shfl_xor_sync(0xffffffffu, v, 1);
    if (n < 0) x[threadIdx.x] = v;
}

static double processor_seconds()
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Best of five, in ns for each of `events`. */
static double cost(void (*kernel)(float *, int), unsigned blocks, unsigned threads, float *x, int n, double events)
{
    cudaLaunchConfig_t config = {};
    double best = 1e9;
    config.gridDim = blocks;
    config.blockDim = threads;
    for (int repeat = 0; repeat < 6; repeat++) {
        double start = processor_seconds();
        if (cudaLaunchKernelEx(&config, kernel, x, n) != cudaSuccess || cudaDeviceSynchronize() != cudaSuccess)
            return -1;
        double seconds = processor_seconds() - start;
        if (repeat > 0 && seconds < best) best = seconds;
    }
    return 1e9 * best / events;
}

int main()
{
    float *x = nullptr;
    const unsigned n = 1u << 20;
    if (cudaMalloc(&x, n * sizeof(float)) != cudaSuccess || cudaMemset(x, 0, n * sizeof(float)) != cudaSuccess)
        return 1;
    printf("ns a launch of one thread       %9.1f\n", cost(nothing, 1, 1, x, 0, 1));
    printf("ns a block of 32 threads        %9.1f\n", cost(nothing, 4096, 32, x, 0, 4096));
    printf("ns a thread, block of 256       %9.1f\n", cost(nothing, 4096, 256, x, 0, n));
    printf("ns a thread of x = x / 2 + 1    %9.1f\n", cost(axpy, 4096, 256, x, (int)n, n));
    for (unsigned threads : {32u, 128u, 256u, 512u, 1024u})
        printf("ns a barrier and thread, %4u   %9.1f\n", threads,
               cost(barriers, 1, threads, x, 1000, 1000.0 * threads));
    for (unsigned threads : {32u, 256u, 1024u})
        printf("ns a shuffle and thread, %4u   %9.1f\n", threads,
               cost(shuffles, 1, threads, x, 1000, 1000.0 * threads));
    return cudaFree(x) != cudaSuccess;
}
