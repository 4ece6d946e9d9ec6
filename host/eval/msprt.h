/* Always-valid comparison of two streams by a normal mixture (layer 3; statistics.md 13).
 *
 * Johari, Koomen, Pekelis & Walsh 2022; Robbins 1970. The p-value may be read after every observation without
 * inflating the error rate. All in logarithms: the likelihood ratio itself overflows. Constant memory. */
#ifndef GNT_MSPRT_H
#define GNT_MSPRT_H

#include <stdint.h>

#include "host/eval/figure.h"

typedef struct gnt_msprt {
    double tau2, theta0, alpha;
    uint64_t burn_in; /* observations an arm must have before the first look */
    struct {
        uint64_t n;
        double mean, m2; /* Welford's running mean and sum of squared deviations */
    } arm[2];            /* a, b */
    uint64_t n_looks;
    double p;                              /* smallest 1/Lambda so far, at most 1 */
    int64_t first_crossing;                /* look (1-based) at which p first was <= alpha; -1: none */
    gnt_figure diff;                       /* mean b - mean a */
    gnt_figure log_lambda, lambda, lo, hi; /* after the last look; lo, hi: confidence sequence for diff */
} gnt_msprt;

/* tau2 > 0, 0 < alpha < 1. */
void gnt_msprt_init(gnt_msprt *msprt, double tau2, double theta0, double alpha, uint64_t burn_in);
void gnt_msprt_add(gnt_msprt *msprt, int arm, double x); /* arm 0: a, 1: b */
void gnt_msprt_look(gnt_msprt *msprt);                   /* counts one look and updates p */

#endif
