/* probe.c: runs the loops of probe_loops.c on all threads for a given time.
 *
 * Every thread repeats its loop until the deadline; work of all over the time from the start to the last one's end,
 * so a thread that wakes late lowers the rate: it is a rate of the whole device. */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "kernels/cpu/cpu.h"
#include "kernels/cpu/stages.h"

static gnt_cpu_probe_fn *const probe_kernels[GNT_N_SIMD] = {
    gnt_cpu_probe_generic,
#if defined(__x86_64__)
    gnt_cpu_probe_avx2,
    gnt_cpu_probe_avx512,
#endif
};

/* The triad's arrays together are six times the last cache, within [96, 768] MiB. */
#define MIN_TRIAD_BYTES (96u << 20)
#define MAX_TRIAD_BYTES (768u << 20)

typedef struct probe_call {
    gnt_cpu_probe_fn *run;
    gnt_probe what;
    size_t n;              /* of one run: rounds, or elements of one array */
    float *memory;         /* [threads][stride] */
    size_t stride;         /* floats, a multiple of a page */
    double begin, end;     /* seconds of the steady clock; end 0: fill the memory instead */
    double work[1024];     /* [task] */
    double finished[1024]; /* [task] */
} probe_call;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* A task has its own part of the memory whoever takes it. */
static void probe_task(void *arg, size_t task, unsigned worker)
{
    (void)worker;
    probe_call *c = arg;
    float *memory = c->memory + task * c->stride;
    if (c->end == 0) {
        for (size_t i = 0; i < c->stride; i++) memory[i] = (float)(i % 61) * 0.05f - 1.5f;
        return;
    }
    do {
        c->work[task] += c->run(c->what, c->n, memory);
        c->finished[task] = now();
    } while (c->finished[task] < c->end);
}

static size_t triad_floats(unsigned threads)
{
    long cache = sysconf(_SC_LEVEL3_CACHE_SIZE);
    size_t bytes = cache > 0 ? 6 * (size_t)cache : 0;
    if (bytes < MIN_TRIAD_BYTES) bytes = MIN_TRIAD_BYTES;
    if (bytes > MAX_TRIAD_BYTES) bytes = MAX_TRIAD_BYTES;
    return bytes / sizeof(float) / 3 / threads / 16 * 16; /* whole vectors, on cache lines */
}

gnt_status gnt_cpu_probe(gnt_device *dev, gnt_probe what, double seconds, double *rate)
{
    unsigned threads = gnt_threads_count(dev->pool);
    probe_call *c = calloc(1, sizeof *c);
    if (!c) return GNT_ENOMEM;
    c->run = probe_kernels[dev->simd];
    c->what = what;
    c->n = what == GNT_PROBE_TRIAD ? triad_floats(threads) : what == GNT_PROBE_CELLS ? 16 : 2048;
    c->stride = ((what == GNT_PROBE_TRIAD ? 3 * c->n : GNT_PROBE_FLOATS) + 1023) / 1024 * 1024;
    c->memory = aligned_alloc(4096, threads * c->stride * sizeof(float));
    if (!c->memory) {
        free(c);
        return GNT_ENOMEM;
    }
    gnt_threads_for(dev->pool, threads, probe_task, c);
    c->begin = now();
    c->end = c->begin + seconds;
    gnt_threads_for(dev->pool, threads, probe_task, c);
    double work = 0, end = c->begin;
    for (unsigned i = 0; i < threads; i++) {
        work += c->work[i];
        if (c->finished[i] > end) end = c->finished[i];
    }
    *rate = work / (end - c->begin);
    free(c->memory);
    free(c);
    return GNT_OK;
}
