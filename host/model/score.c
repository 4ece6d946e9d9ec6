/* Scores: scale once a bar, forward, sigmoid once (SPEC 4). */
#include <math.h>
#include <stdio.h>

#include "host/base/mem.h"
#include "host/model/model.h"
#include "kernels/math/explog.h"

/* bad[t]: rows 0..t with a value that is not finite, so that a window is checked by one subtraction. */
static void count_bad(gnt_panel raw, uint32_t *bad)
{
    uint32_t n = 0;
    for (size_t t = 0; t < raw.n_rows; t++) {
        bool finite = true;
        for (size_t k = 0; k < raw.n_features; k++) finite = finite && isfinite(raw.x[t * raw.n_features + k]);
        bad[t] = n += !finite;
    }
}

static gnt_status refuse_window(gnt_panel raw, size_t first, size_t row, gnt_error *why)
{
    for (size_t t = first; t <= row; t++)
        for (size_t k = 0; k < raw.n_features; k++)
            if (!isfinite(raw.x[t * raw.n_features + k]))
                return gnt_fail(why, GNT_EVALUE,
                                "the window that ends at row %zu holds a value that is not finite (row %zu, feature "
                                "%zu): not enough history or a broken input",
                                row, t, k);
    return GNT_OK;
}

static gnt_status check_windows(const gnt_net *net, gnt_panel raw, gnt_rows rows, gnt_error *why)
{
    gnt_status st = GNT_OK;
    uint32_t *bad = NULL;
    GNT_ALLOC(bad, raw.n_rows);
    count_bad(raw, bad);
    for (size_t i = 0; i < rows.n; i++) {
        size_t row = rows.row[i];
        if (row >= raw.n_rows || row + 1 < net->window) {
            st =
                gnt_fail(why, GNT_EINVAL, "row %zu has no window of %u rows in %zu rows", row, net->window, raw.n_rows);
            goto out;
        }
        size_t first = row + 1 - net->window;
        if (bad[row] != (first ? bad[first - 1] : 0)) GNT_GOTO(refuse_window(raw, first, row, why));
    }
out:
    free(bad);
    return st;
}

/* Logits to probabilities in place. */
static gnt_status squash(float *score, size_t n, gnt_error *why)
{
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(score[i]))
            return gnt_fail(why, GNT_EVALUE, "the model gives no finite score for window %zu: its weights overflow", i);
        score[i] = (float)(1 / (1 + gnt_exp(-(double)score[i])));
    }
    return GNT_OK;
}

gnt_status gnt_model_score(gnt_engine *engine, const gnt_model *model, gnt_panel raw, gnt_rows rows,
                           gnt_precision precision, float *probability, gnt_error *why)
{
    gnt_status st = GNT_OK;
    float *scaled = NULL;
    gnt_packed *packed = NULL;
    gnt_panel panel = raw;
    if (raw.n_features != model->net.n_features)
        return gnt_fail(why, GNT_EINVAL, "the model takes %u features, the input has %zu", model->net.n_features,
                        raw.n_features);
    if (!rows.n) return GNT_OK;
    GNT_TRY(check_windows(&model->net, raw, rows, why));
    if (model->scaler.n) {
        GNT_ALLOC(scaled, raw.n_rows * raw.n_features);
        GNT_GOTO(
            gnt_engine_scale(engine, raw, model->scaler.center, model->scaler.scale, model->scaler.limit, scaled, why));
        panel.x = scaled;
    }
    GNT_GOTO(gnt_engine_pack(engine, &model->net, model->weights, precision, &packed, why));
    GNT_GOTO(gnt_engine_forward(engine, (const gnt_packed *const *)&packed, 1, panel, rows, probability, why));
    GNT_GOTO(squash(probability, rows.n, why));
out:
    if (packed) gnt_engine_unpack(engine, packed);
    free(scaled);
    return st;
}
