#include "host/eval/moments.h"

#include <math.h>
#include <stdlib.h>

/* Neumaier 1974: the lost low part of every addition is kept. */
void gnt_sum_add(gnt_sum *sum, double x)
{
    double total = sum->value + x;
    sum->error += fabs(sum->value) >= fabs(x) ? (sum->value - total) + x : (x - total) + sum->value;
    sum->value = total;
}

double gnt_mean(const double *x, size_t n)
{
    gnt_sum sum = {0};
    for (size_t i = 0; i < n; i++) gnt_sum_add(&sum, x[i]);
    return gnt_sum_get(sum) / (double)n;
}

bool gnt_is_constant(const double *x, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (x[i] != x[0]) return false;
    return true;
}

double gnt_central_moment(const double *x, size_t n, double mean, int power, size_t ddof)
{
    if (gnt_is_constant(x, n)) return 0;
    gnt_sum sum = {0};
    for (size_t i = 0; i < n; i++) {
        double d = x[i] - mean, term = d;
        for (int k = 1; k < power; k++) term *= d;
        gnt_sum_add(&sum, term);
    }
    return gnt_sum_get(sum) / (double)(n - ddof);
}

double gnt_sd(const double *x, size_t n, double mean)
{
    return sqrt(gnt_central_moment(x, n, mean, 2, 1));
}

double gnt_autocovariance(const double *x, size_t n, double mean, size_t k)
{
    gnt_sum sum = {0};
    for (size_t t = k; t < n; t++) gnt_sum_add(&sum, (x[t] - mean) * (x[t - k] - mean));
    return gnt_sum_get(sum) / (double)n;
}

static int rising(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void gnt_sort(double *x, size_t n)
{
    qsort(x, n, sizeof *x, rising);
}

double gnt_quantile_sorted(const double *x, size_t n, double q)
{
    double h = (double)(n - 1) * q;
    size_t i = (size_t)h;
    if (i + 1 >= n) return x[n - 1];
    return x[i] + (h - (double)i) * (x[i + 1] - x[i]);
}

size_t gnt_first_not_finite(const double *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i])) return i;
    return n;
}
