/* First weights, as PyTorch's nn.init would give them from our own random numbers.
 *
 * Xavier-uniform (Glorot, Bengio 2010): U(-a, a), a = sqrt(6 / (fan_in + fan_out)), fans of the whole tensor as PyTorch
 * takes them: weight_ih [4H][in] has fan_in = in, fan_out = 4H. Orthogonal (Saxe, McClelland, Ganguli 2014): Q of the
 * QR decomposition of a normal matrix, columns' signs set by R's diagonal (Mezzadri 2007) so that Q is uniform over the
 * orthonormal frames; weight_hh [4H][H] is taken whole, as torch.nn.init.orthogonal_ does, so its columns are
 * orthonormal. QR by Householder reflections in float64. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fit.h"
#include "host/base/mem.h"
#include "kernels/math/normal.h"
#include "kernels/math/philox.h"
#include "kernels/math/streams.h"

/* Draw i of a tensor: two uniforms a block. */
static double draw(gnt_random at, size_t i)
{
    gnt_philox block = gnt_philox_block(at, (uint32_t)(i / 2));
    return gnt_uniform(i % 2 ? gnt_philox_y(block) : gnt_philox_x(block));
}

static void xavier(gnt_random at, size_t fan_in, size_t fan_out, float *out, size_t n)
{
    double bound = sqrt(6.0 / (double)(fan_in + fan_out));
    for (size_t i = 0; i < n; i++) out[i] = (float)((2 * draw(at, i) - 1) * bound);
}

/* Column k of a [rows][cols] below the diagonal becomes the reflection's vector, scaled to length 1; the diagonal of R
 * goes to *diagonal. Rows 0..k-1 of the column keep R. */
static void reflect_column(double *a, size_t rows, size_t cols, size_t k, double *diagonal)
{
    double norm = 0, length = 0;
    for (size_t i = k; i < rows; i++) norm += a[i * cols + k] * a[i * cols + k];
    norm = sqrt(norm);
    double head = a[k * cols + k];
    *diagonal = head > 0 ? -norm : norm;
    a[k * cols + k] = head - *diagonal;
    for (size_t i = k; i < rows; i++) length += a[i * cols + k] * a[i * cols + k];
    length = sqrt(length);
    for (size_t i = k; i < rows; i++) a[i * cols + k] /= length;
}

/* Columns first.. of q (rows k.. of it) -= 2 v (v . column), v = column k of a; every column's sums run down its rows.
 * dot [cols] scratch. */
static void apply(const double *a, size_t rows, size_t cols, size_t k, double *q, size_t first, double *dot)
{
    memset(dot, 0, cols * sizeof *dot);
    for (size_t i = k; i < rows; i++)
        for (size_t c = first; c < cols; c++) dot[c] += a[i * cols + k] * q[i * cols + c];
    for (size_t i = k; i < rows; i++) {
        double v = a[i * cols + k];
        for (size_t c = first; c < cols; c++) q[i * cols + c] -= 2 * dot[c] * v;
    }
}

/* rows >= cols; a is destroyed, q [rows][cols] and diagonal [cols] are written; dot [cols] scratch. */
static void orthonormal(double *a, size_t rows, size_t cols, double *q, double *diagonal, double *dot)
{
    for (size_t k = 0; k < cols; k++) {
        reflect_column(a, rows, cols, k, &diagonal[k]);
        apply(a, rows, cols, k, a, k + 1, dot);
    }
    for (size_t i = 0; i < rows; i++)
        for (size_t c = 0; c < cols; c++) q[i * cols + c] = i == c;
    for (size_t k = cols; k-- > 0;) apply(a, rows, cols, k, q, 0, dot);
    for (size_t i = 0; i < rows; i++)
        for (size_t c = 0; c < cols; c++)
            if (diagonal[c] < 0) q[i * cols + c] = -q[i * cols + c];
}

static gnt_status orthogonal(gnt_random at, size_t rows, size_t cols, float *out, gnt_error *why)
{
    gnt_status st = GNT_OK;
    double *a = NULL, *q = NULL, *diagonal = NULL, *dot = NULL;
    GNT_ALLOC(a, rows * cols);
    GNT_ALLOC(q, rows * cols);
    GNT_ALLOC(diagonal, cols);
    GNT_ALLOC(dot, cols);
    for (size_t i = 0; i < rows * cols; i++) a[i] = gnt_normal(draw(at, i));
    orthonormal(a, rows, cols, q, diagonal, dot);
    for (size_t i = 0; i < rows * cols; i++) out[i] = (float)q[i];
out:
    free(a);
    free(q);
    free(diagonal);
    free(dot);
    return st;
}

gnt_status gnt_init_weights(const gnt_net *net, uint64_t seed, float *weights, gnt_error *why)
{
    memset(weights, 0, gnt_net_n_weights(net) * sizeof *weights);
    for (size_t i = 0; i < gnt_net_n_tensors(net); i++) {
        gnt_tensor t;
        gnt_net_tensor(net, i, &t);
        gnt_random at = gnt_random_at(seed, GNT_STREAM_INIT, i);
        float *out = weights + t.offset;
        if (strstr(t.name, "weight_hh"))
            GNT_TRY(orthogonal(at, t.rows, t.cols, out, why));
        else if (strstr(t.name, "weight_ih") || !strcmp(t.name, "attention.weight"))
            xavier(at, t.cols, t.rows, out, t.rows * t.cols);
        else if (!strcmp(t.name, "fc.weight") || !strcmp(t.name, "attention.v"))
            xavier(at, t.rows, 1, out, t.rows);
    }
    return GNT_OK;
}
