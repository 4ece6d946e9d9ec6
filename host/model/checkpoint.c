/* A training run on disk between two epochs: what a bit-exact resume needs, and a print of what it must match. */
#include <stdio.h>
#include <string.h>

#include "fit.h"
#include "host/base/mem.h"
#include "host/store/h5.h"

#define FORMAT "gauntlet-checkpoint"
enum { VERSION = 1, CURVE_COLUMNS = 5 };

gnt_status gnt_fit_state_alloc(gnt_fit_state *state, const gnt_net *net, unsigned epochs, gnt_error *why)
{
    gnt_status st = GNT_OK;
    *state = (gnt_fit_state){.n_weights = gnt_net_n_weights(net)};
    GNT_ALLOC(state->weights, state->n_weights);
    GNT_ALLOC(state->moment1, state->n_weights);
    GNT_ALLOC(state->moment2, state->n_weights);
    GNT_ALLOC(state->best, state->n_weights);
    GNT_ALLOC(state->epoch, epochs);
    GNT_ALLOC(state->val_correct, epochs);
out:
    if (st) gnt_fit_state_free(state);
    return st;
}

void gnt_fit_state_free(gnt_fit_state *state)
{
    free(state->weights);
    free(state->moment1);
    free(state->moment2);
    free(state->best);
    free(state->epoch);
    free(state->val_correct);
    *state = (gnt_fit_state){0};
}

gnt_status gnt_checkpoint_write(const char *path, const gnt_fit_state *state, const char *print, gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_h5 *file = NULL;
    const struct {
        const char *path;
        const float *data;
    } array[] = {{"/weights", state->weights},
                 {"/moment1", state->moment1},
                 {"/moment2", state->moment2},
                 {"/best", state->best}};
    GNT_GOTO(gnt_h5_create(path, &file, why));
    GNT_GOTO(gnt_h5_put_text(file, "/", "format", FORMAT, why));
    GNT_GOTO(gnt_h5_put_count(file, "/", "version", VERSION, why));
    GNT_GOTO(gnt_h5_put_text(file, "/", "print", print, why));
    GNT_GOTO(gnt_h5_put_count(file, "/", "step", (int64_t)state->step, why));
    for (size_t i = 0; i < sizeof array / sizeof *array; i++)
        GNT_GOTO(gnt_h5_put(file, array[i].path, GNT_H5_F32, array[i].data, state->n_weights, 0, why));
    GNT_GOTO(gnt_h5_put(file, "/curve", GNT_H5_F64, state->epoch, state->epochs_run, CURVE_COLUMNS, why));
    GNT_GOTO(gnt_h5_put(file, "/val_correct", GNT_H5_I64, state->val_correct, state->epochs_run, 0, why));
    GNT_GOTO(gnt_h5_commit(&file, why));
out:
    gnt_h5_close(&file);
    return st;
}

/* Reads an array of exactly rows x cols into `to`. */
static gnt_status get(gnt_h5 *file, const char *file_path, const char *path, gnt_h5_type type, size_t rows, size_t cols,
                      size_t size, void *to, gnt_error *why)
{
    void *data = NULL;
    size_t got_rows, got_cols;
    GNT_TRY(gnt_h5_get(file, path, type, &data, &got_rows, &got_cols, why));
    bool fits = got_rows == rows && got_cols == cols;
    if (fits && rows) memcpy(to, data, rows * (cols ? cols : 1) * size);
    free(data);
    return fits ? GNT_OK
                : gnt_fail(why, GNT_EVALUE, "%s: %s is %zu x %zu, expected %zu x %zu", file_path, path, got_rows,
                           got_cols, rows, cols);
}

static gnt_status check_header(gnt_h5 *file, const char *path, const char *print, gnt_error *why)
{
    char text[80];
    int64_t version;
    GNT_TRY(gnt_h5_get_text(file, "/", "format", text, sizeof text, why));
    GNT_TRY(gnt_h5_get_count(file, "/", "version", &version, why));
    if (strcmp(text, FORMAT) != 0 || version != VERSION)
        return gnt_fail(why, GNT_EVALUE, "%s: not a checkpoint of version %d", path, VERSION);
    GNT_TRY(gnt_h5_get_text(file, "/", "print", text, sizeof text, why));
    if (strcmp(text, print) != 0)
        return gnt_fail(why, GNT_EVALUE,
                        "%s: the checkpoint is of another run (architecture, options, seed, bars or dates differ): "
                        "resume with the same ones or remove the file",
                        path);
    return GNT_OK;
}

gnt_status gnt_checkpoint_read(const char *path, const char *print, unsigned epochs, gnt_fit_state *state,
                               gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_h5 *file = NULL;
    void *curve = NULL;
    size_t rows, cols;
    int64_t step;
    GNT_GOTO(gnt_h5_open(path, &file, why));
    GNT_GOTO(check_header(file, path, print, why));
    GNT_GOTO(gnt_h5_get_count(file, "/", "step", &step, why));
    GNT_GOTO(gnt_h5_get(file, "/curve", GNT_H5_F64, &curve, &rows, &cols, why));
    if (rows > epochs || cols != CURVE_COLUMNS) {
        st = gnt_fail(why, GNT_EVALUE, "%s: %zu epochs are done, %u are asked for", path, rows, epochs);
        goto out;
    }
    memcpy(state->epoch, curve, rows * sizeof *state->epoch);
    GNT_GOTO(get(file, path, "/val_correct", GNT_H5_I64, rows, 0, 8, state->val_correct, why));
    GNT_GOTO(get(file, path, "/weights", GNT_H5_F32, state->n_weights, 0, 4, state->weights, why));
    GNT_GOTO(get(file, path, "/moment1", GNT_H5_F32, state->n_weights, 0, 4, state->moment1, why));
    GNT_GOTO(get(file, path, "/moment2", GNT_H5_F32, state->n_weights, 0, 4, state->moment2, why));
    GNT_GOTO(get(file, path, "/best", GNT_H5_F32, state->n_weights, 0, 4, state->best, why));
    state->step = (uint64_t)step;
    state->epochs_run = (unsigned)rows;
out:
    free(curve);
    gnt_h5_close(&file);
    return st;
}
