#include "bench_table.h"

#include <math.h>
#include <string.h>

/* ---- above the rows --------------------------------------------------------------------------------------------- */

static const char *text_of(const json_t *o, const char *key)
{
    const json_t *value = json_object_get(o, key);
    return json_is_string(value) ? json_string_value(value) : NULL;
}

static void say_limits(const gnt_args *args, const json_t *machine, const char *what)
{
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(machine, "limits"), i, row)
    {
        long long n = json_integer_value(json_object_get(row, "threads"));
        gnt_say(args, "%lld %s%s: fma peak %.1f GFLOP/s, memory %.1f GB/s", n, what, n == 1 ? "" : "s",
                json_real_value(json_object_get(row, "peak_gflops")),
                json_real_value(json_object_get(row, "bandwidth_gb_s")));
    }
}

void gnt_bench_say_head(const gnt_args *args, const json_t *machine)
{
    const char *cpu = text_of(machine, "cpu"), *device = text_of(machine, "device"), *chip = text_of(machine, "chip");
    bool on_cpu = !strcmp(device, "cpu");
    gnt_say(args, "%s, %lld cores, %s, gauntlet %s", cpu ? cpu : "unknown processor",
            (long long)json_integer_value(json_object_get(machine, "cores")), text_of(machine, "simd"),
            text_of(machine, "commit"));
    if (!on_cpu) gnt_say(args, "device %s: %s", device, chip ? chip : "unknown chip");
    if (!strcmp(device, "emu"))
        gnt_say(args, "! Emulated on the processor: no figure below says anything about speed.");
    say_limits(args, machine, on_cpu ? "thread" : "GPU");
    if (on_cpu)
        gnt_say(args, "\n%-16s %-8s %3s %9s %11s %7s %12s  %-11s %8s %6s %7s %6s", "op", "shape", "thr", "n", "median",
                "iqr", "per s", "unit", "GFLOP/s", "peak", "matrix", "act.");
    else
        gnt_say(args, "\n%-16s %-8s %3s %9s %11s %7s %12s %11s %12s  %-11s %8s %6s", "op", "shape", "GPU", "n", "host",
                "iqr", "per s", "kernels", "per s", "unit", "GFLOP/s", "peak");
}

/* ---- rows ------------------------------------------------------------------------------------------------------- */

/* "12.3 us" in eleven columns or fewer; "-": not timed. */
static const char *time_text(double seconds, char out[24])
{
    static const struct {
        double unit;
        const char *name;
    } units[] = {{1, "s"}, {1e-3, "ms"}, {1e-6, "us"}, {1e-9, "ns"}};
    size_t i = 0;
    while (i < 3 && seconds < units[i].unit) i++;
    if (isfinite(seconds))
        snprintf(out, 24, "%.3g %s", seconds / units[i].unit, units[i].name);
    else
        snprintf(out, 24, "-");
    return out;
}

static const char *share_text(double share, char out[16])
{
    snprintf(out, 16, isfinite(share) ? "%.0f %%" : "-", 100 * share);
    return out;
}

static const char *rate_text(double rate, char out[24])
{
    snprintf(out, 24, isfinite(rate) ? "%.1f" : "-", rate / 1e9);
    return out;
}

static const char *shape_of(const gnt_bench_row *row)
{
    return row->what.shape ? row->what.shape : "-";
}

static void say_on_cpu(const gnt_args *args, const gnt_bench_row *row)
{
    char median[24], iqr[16], peak[16], matrix[16], cells[16], gflops[24];
    double seconds = row->seconds.median, rate = row->flops / seconds;
    gnt_say(args, "%-16s %-8.24s %3u %9zu %11s %7s %12.4g  %-11s %8s %6s %7s %6s", gnt_bench_op_name(row->what.op),
            shape_of(row), row->threads, row->what.n, time_text(seconds, median),
            share_text((row->seconds.q3 - row->seconds.q1) / seconds, iqr), row->units / seconds,
            gnt_bench_op_unit(row->what.op), rate_text(rate, gflops), share_text(rate / row->peak.median, peak),
            share_text(row->flops / (seconds - row->cell_seconds) / row->peak.median, matrix),
            share_text(row->cell_seconds / seconds, cells));
}

/* From host memory to host memory, then the kernels alone; GFLOP/s and share of the peak are the kernels'. */
static void say_on_gpu(const gnt_args *args, const gnt_bench_row *row)
{
    char median[24], kernels[24], iqr[16], peak[16], gflops[24];
    double seconds = row->seconds.median, kernel = row->kernel.median, rate = row->flops / kernel;
    gnt_say(args, "%-16s %-8.24s %3u %9zu %11s %7s %12.4g %11s %12.4g  %-11s %8s %6s%s",
            gnt_bench_op_name(row->what.op), shape_of(row), row->threads, row->what.n, time_text(seconds, median),
            share_text((row->seconds.q3 - row->seconds.q1) / seconds, iqr), row->units / seconds,
            time_text(kernel, kernels), row->units / kernel, gnt_bench_op_unit(row->what.op), rate_text(rate, gflops),
            share_text(rate / row->peak.median, peak), row->emulated ? "  emulated" : "");
}

static void say_peers(const gnt_args *args, const gnt_bench_row *row)
{
    const gnt_bench_peer *best = gnt_bench_best_peer(row);
    double ratio = gnt_bench_peer_ratio(row);
    char time[24];
    for (size_t i = 0; i < row->n_peers; i++) {
        const gnt_bench_peer *p = &row->peer[i];
        if (p->refusal[0])
            gnt_say(args, "    %s: %s", p->name, p->refusal);
        else
            gnt_say(args, "    %-44s %11s %12.4g per s, scores differ by %.1e at most%s", p->name,
                    time_text(p->seconds.median, time), row->units / p->seconds.median, p->difference,
                    p->rms_over_sd <= GNT_BENCH_PEER_SAME ? "" : ": not the same model, doesn't count");
    }
    if (best && isfinite(ratio)) gnt_say(args, "    best: %s; ours is %.2f times as fast", best->name, ratio);
    if (best && !isfinite(ratio))
        gnt_say(args, "    best: %s; a ratio needs %d windows in a call", best->name, GNT_BENCH_PEER_WINDOWS);
}

void gnt_bench_say_row(const gnt_args *args, const gnt_bench_row *row)
{
    char p50[24], p99[24];
    if (!strcmp(row->device, "cpu"))
        say_on_cpu(args, row);
    else
        say_on_gpu(args, row);
    if (isfinite(row->p99) && strcmp(row->device, "cpu") != 0)
        gnt_say(args, "    single calls: median %s, 99 %% within %s", time_text(row->p50, p50),
                time_text(row->p99, p99));
    say_peers(args, row);
}
