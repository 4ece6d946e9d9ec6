/* Rows and the machine as JSON. */
#include <math.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "host/base/version.h"
#include "host/bench/ops.h"

static void put_shape(json_t *o, const gnt_bench_row *row)
{
    const gnt_net *net = &row->what.net;
    gnt_json_text(o, "shape", row->what.shape);
    if (!row->what.shape) return;
    json_t *shape = json_object();
    gnt_json_count(shape, "features", net->n_features);
    gnt_json_count(shape, "window", net->window);
    gnt_json_count(shape, "hidden", net->hidden);
    gnt_json_count(shape, "layers", net->layers);
    gnt_json_flag(shape, "bidirectional", net->bidirectional);
    gnt_json_count(shape, "attention", net->attention);
    gnt_json_put(o, "net", shape);
}

/* The device's own clock, round its kernels: inputs and outputs lie in its memory. */
static void put_kernels(json_t *o, const gnt_bench_row *row)
{
    const char *no_kernel = "not_timed_apart", *no_flops = isfinite(row->flops) ? no_kernel : "not_counted";
    double seconds = row->kernel.median;
    gnt_json_figure(o, "kernel_s", seconds, no_kernel);
    gnt_json_figure(o, "kernel_q1_s", row->kernel.q1, no_kernel);
    gnt_json_figure(o, "kernel_q3_s", row->kernel.q3, no_kernel);
    gnt_json_figure(o, "kernel_per_s", row->units / seconds, no_kernel);
    gnt_json_figure(o, "kernel_peak_share", row->flops / seconds / row->peak.median, no_flops);
}

json_t *gnt_bench_row_json(const gnt_bench_row *row)
{
    const gnt_bench_op *op = row->what.op;
    double seconds = row->seconds.median, rate = row->flops / seconds;
    const char *no_flops = "not_counted", *no_cells = "not_separable", *no_bytes = "stays_in_cache";
    json_t *o = json_object();
    gnt_json_text(o, "op", op->name);
    put_shape(o, row);
    gnt_json_text(o, "device", row->device);
    gnt_json_text(o, "simd", row->simd);
    gnt_json_text(o, "precision", op->precision ? op->precision : row->what.precision == GNT_BF16 ? "bf16" : "float32");
    gnt_json_count(o, "threads", row->threads);
    gnt_json_count(o, "n", row->what.n);
    gnt_json_count(o, "models", row->what.models);
    gnt_json_count(o, "repeats", row->what.repeats);
    gnt_json_count(o, "calls", row->calls);
    gnt_json_figure(o, "median_s", seconds, NULL);
    gnt_json_figure(o, "q1_s", row->seconds.q1, NULL);
    gnt_json_figure(o, "q3_s", row->seconds.q3, NULL);
    gnt_json_figure(o, "cpu_s", row->cpu_seconds, NULL);
    gnt_json_figure(o, "cpu_share", row->cpu_seconds / (seconds * row->threads), NULL);
    gnt_json_text(o, "unit", op->unit);
    gnt_json_figure(o, "per_s", row->units / seconds, NULL);
    gnt_json_figure(o, "flops", row->flops, no_flops);
    gnt_json_figure(o, "gflops", rate / 1e9, no_flops);
    gnt_json_figure(o, "peak_gflops", row->peak.median / 1e9, NULL);
    gnt_json_figure(o, "peak_q1_gflops", row->peak.q1 / 1e9, NULL);
    gnt_json_figure(o, "peak_q3_gflops", row->peak.q3 / 1e9, NULL);
    gnt_json_figure(o, "peak_share", rate / row->peak.median, no_flops);
    gnt_json_figure(o, "activation_share", row->cell_seconds / seconds, no_cells);
    gnt_json_figure(o, "matrix_peak_share", row->flops / (seconds - row->cell_seconds) / row->peak.median, no_cells);
    gnt_json_figure(o, "bytes", row->bytes, no_bytes);
    gnt_json_figure(o, "bandwidth_share", row->bytes / seconds / row->bandwidth, no_bytes);
    put_kernels(o, row);
    gnt_json_figure(o, "p50_s", row->p50, "not_one_window");
    gnt_json_figure(o, "p99_s", row->p99, "not_one_window");
    gnt_json_put(o, "peer", gnt_bench_peers_json(row));
    gnt_json_text(o, "note", row->emulated ? "emulated device: says nothing about speed" : NULL);
    return o;
}

/* ---- the machine ------------------------------------------------------------------------------------------- */

/* The first "key : value" line of /proc/cpuinfo; "" where there is none. */
static void cpuinfo(const char *key, char *out, size_t room)
{
    char line[512];
    FILE *file = fopen("/proc/cpuinfo", "r");
    out[0] = 0;
    while (file && !out[0] && fgets(line, sizeof line, file)) {
        char *value = strchr(line, ':');
        if (!value || strncmp(line, key, strlen(key)) != 0) continue;
        value += 1 + strspn(value + 1, " \t");
        value[strcspn(value, "\n")] = 0;
        snprintf(out, room, "%s", value);
    }
    if (file) fclose(file);
}

static void put_caches(json_t *o)
{
    static const struct {
        const char *key;
        int name;
    } caches[] = {{"l1d_bytes", _SC_LEVEL1_DCACHE_SIZE},
                  {"l2_bytes", _SC_LEVEL2_CACHE_SIZE},
                  {"l3_bytes", _SC_LEVEL3_CACHE_SIZE}};
    json_t *c = json_object();
    for (size_t i = 0; i < sizeof caches / sizeof *caches; i++) {
        long bytes = sysconf(caches[i].name);
        gnt_json_figure(c, caches[i].key, bytes > 0 ? (double)bytes : NAN, "unknown");
    }
    gnt_json_put(o, "caches", c);
}

static json_t *limits_json(const gnt_bench_limits *limits, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        json_t *row = json_object();
        gnt_json_count(row, "threads", limits[i].threads);
        gnt_json_figure(row, "peak_gflops", limits[i].flops / 1e9, NULL);
        gnt_json_figure(row, "bandwidth_gb_s", limits[i].bandwidth / 1e9, NULL);
        json_array_append_new(list, row);
    }
    return list;
}

json_t *gnt_bench_machine(const gnt_engine *engine, const gnt_bench_limits *limits, size_t n_limits)
{
    char cpu[256], when[32] = "";
    struct utsname os = {0};
    double load[1] = {NAN};
    time_t at = time(NULL);
    struct tm utc;
    json_t *o = json_object();
    cpuinfo("model name", cpu, sizeof cpu);
    uname(&os);
    if (getloadavg(load, 1) != 1) load[0] = NAN;
    if (gmtime_r(&at, &utc)) strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc);
    gnt_json_text(o, "cpu", cpu[0] ? cpu : NULL);
    gnt_json_count(o, "cores", (uint64_t)sysconf(_SC_NPROCESSORS_ONLN));
    gnt_json_text(o, "device", engine->info.name);
    gnt_json_text(o, "simd", engine->info.simd);
    gnt_json_text(o, "chip", engine->info.chip[0] ? engine->info.chip : NULL);
    put_caches(o);
    gnt_json_figure(o, "memory_bytes", (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE), NULL);
    gnt_json_put(o, "limits", limits_json(limits, n_limits));
    gnt_json_figure(o, "load_1m", load[0], "unknown");
    gnt_json_text(o, "system", os.release);
    gnt_json_text(o, "compiler", __VERSION__);
    gnt_json_text(o, "version", gnt_version());
    gnt_json_text(o, "commit", gnt_commit());
    gnt_json_text(o, "provenance", "synthetic");
    gnt_json_text(o, "when", when);
    return o;
}
