/* The library beside us: every way it has, on the very windows and weights of a row, its scores compared with ours
 * first. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/base/mem.h"
#include "host/bench/ops.h"

/* Largest difference of a from b, and its rms over b's standard deviation: 1.4 for scores that have nothing to do with
 * each other, below 0.01 for what rounding to 8 bits of mantissa does to an LSTM. */
static void compare(const float *a, const float *b, size_t n, gnt_bench_peer *peer)
{
    double sum = 0, mean = 0, square = 0, most = 0;
    for (size_t i = 0; i < n; i++) mean += (double)b[i] / (double)n;
    for (size_t i = 0; i < n; i++) {
        double d = (double)a[i] - (double)b[i], e = (double)b[i] - mean;
        if (!isnan(most) && !(fabs(d) <= most)) most = fabs(d); /* a NaN stays */
        sum += d * d;
        square += e * e;
    }
    peer->difference = most;
    peer->rms_over_sd = sqrt(sum / square);
}

static gnt_status one_way(const gnt_bench_work *work, gnt_peer *call, float *logit, gnt_bench_peer *peer,
                          gnt_error *why)
{
    const gnt_bench_case *what = work->what;
    GNT_TRY(gnt_engine_peer(work->engine, &what->net, work->weights, work->panel, work->rows, call, logit, why));
    peer->seconds = gnt_quartiles_of(call->seconds, call->repeats);
    compare(logit, work->logit, what->n, peer);
    return GNT_OK;
}

/* Ways are asked for until there is no further one, or the library itself is missing. */
gnt_status gnt_bench_peers(const gnt_bench_work *work, gnt_bench_row *row, gnt_error *why)
{
    gnt_status st = GNT_OK, said = GNT_OK;
    unsigned repeats = work->what->repeats;
    float *logit = NULL;
    double *seconds = NULL;
    GNT_ALLOC(logit, work->what->n);
    GNT_ALLOC(seconds, repeats);
    for (unsigned way = 0; way < GNT_BENCH_MAX_PEERS && said != GNT_EIO; way++) {
        gnt_peer call = {.way = way, .repeats = repeats, .seconds = seconds};
        gnt_error refused = {0};
        gnt_bench_peer *peer = &row->peer[row->n_peers];
        *peer = (gnt_bench_peer){.seconds = {NAN, NAN, NAN}, .difference = NAN, .rms_over_sd = NAN};
        said = one_way(work, &call, logit, peer, &refused);
        if (said == GNT_EINVAL) break;
        peer->half = call.half;
        snprintf(peer->name, sizeof peer->name, "%s", call.name);
        snprintf(peer->refusal, sizeof peer->refusal, "%.*s", (int)sizeof peer->refusal - 1, said ? refused.text : "");
        row->n_peers++;
    }
out:
    free(logit);
    free(seconds);
    return st;
}

const gnt_bench_peer *gnt_bench_best_peer(const gnt_bench_row *row)
{
    const gnt_bench_peer *best = NULL;
    for (size_t i = 0; i < row->n_peers; i++) {
        const gnt_bench_peer *p = &row->peer[i];
        if (p->half && row->what.precision != GNT_BF16) continue;
        if (!(p->rms_over_sd <= GNT_BENCH_PEER_SAME) || !(p->seconds.median > 0)) continue;
        if (!best || p->seconds.median < best->seconds.median) best = p;
    }
    return best;
}

double gnt_bench_peer_ratio(const gnt_bench_row *row)
{
    const gnt_bench_peer *best = gnt_bench_best_peer(row);
    return best && row->what.n >= GNT_BENCH_PEER_WINDOWS ? best->seconds.median / row->kernel.median : NAN;
}

static json_t *way_json(const gnt_bench_row *row, const gnt_bench_peer *peer)
{
    const char *refused = "refused";
    json_t *o = json_object();
    gnt_json_text(o, "name", peer->name);
    gnt_json_flag(o, "half", peer->half);
    gnt_json_flag(o, "same", peer->rms_over_sd <= GNT_BENCH_PEER_SAME);
    gnt_json_figure(o, "median_s", peer->seconds.median, refused);
    gnt_json_figure(o, "q1_s", peer->seconds.q1, refused);
    gnt_json_figure(o, "q3_s", peer->seconds.q3, refused);
    gnt_json_figure(o, "per_s", row->units / peer->seconds.median, refused);
    gnt_json_figure(o, "difference", peer->difference, refused);
    gnt_json_figure(o, "rms_over_sd", peer->rms_over_sd, refused);
    gnt_json_text(o, "refusal", peer->refusal[0] ? peer->refusal : NULL);
    return o;
}

json_t *gnt_bench_peers_json(const gnt_bench_row *row)
{
    const gnt_bench_peer *best = gnt_bench_best_peer(row);
    if (!row->n_peers) return json_null();
    json_t *o = json_object(), *ways = json_array();
    gnt_json_text(o, "best", best ? best->name : NULL);
    gnt_json_figure(o, "best_per_s", best ? row->units / best->seconds.median : NAN, "none_ran");
    gnt_json_figure(o, "ratio", gnt_bench_peer_ratio(row), best ? "too_few_windows" : "none_ran");
    for (size_t i = 0; i < row->n_peers; i++) json_array_append_new(ways, way_json(row, &row->peer[i]));
    gnt_json_put(o, "ways", ways);
    return o;
}
