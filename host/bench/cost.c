/* What an operation's algorithm needs, whatever the kernels do: the figures that gflops and shares are made from.
 *
 * FLOPs are those of the matrix products, two a multiply-add; with H hidden units, D = H x directions, in = F or D:
 *     layer l, direction d    8 H in  a step for the input part; 8 H H a step but the first for the recurrent part
 *                             (the state before the first step is zero)
 *     input part of layer 1   once a bar for overlapping windows (N + L - 1 bars), once a step (N L) for others
 *     attention               2 A D + 2 A + 2 D a step
 *     head                    2 D a window
 * A reverse direction of which only the last element is looked at runs one step. Activations and the cell's own four
 * operations are not counted: their time is measured (kernels.h, GNT_PROBE_CELLS).
 * Training counts the forward products, the same again for the gradients of the weights, and once more for those of
 * the inputs, which the first layer's input part doesn't need; its windows come in random order, so nothing is shared.
 *
 * Bytes are what must pass between memory and the processor once: inputs, weights, outputs. */
#include "host/bench/ops.h"

typedef struct products {
    double first;     /* input part of layer 1, FLOPs a step */
    double input;     /* input parts of the other layers, a window */
    double recurrent; /* a window */
    double rest;      /* attention and head, a window */
    double cells;     /* cell steps, a window */
    double alone;     /* input part of layer 1 in a direction that runs one step, a window */
} products;

static products products_of(const gnt_net *net)
{
    products p = {0};
    double hidden = net->hidden, steps = net->window, directions = net->bidirectional ? 2 : 1;
    double width = hidden * directions, rows = net->attention;
    for (uint32_t l = 0; l < net->layers; l++)
        for (int d = 0; d < (int)directions; d++) {
            bool one = d == 1 && l + 1 == net->layers && net->pool == GNT_POOL_LAST;
            double n = one ? 1 : steps;
            if (l > 0) p.input += 8 * hidden * width * n;
            if (l == 0 && one) p.alone += 8 * hidden * net->n_features;
            if (l == 0 && !one) p.first += 8 * hidden * net->n_features;
            p.recurrent += 8 * hidden * hidden * (n - 1);
            p.cells += hidden * n;
        }
    p.rest = 2 * width + (net->attention ? steps * (2 * rows * width + 2 * rows + 2 * width) : 0);
    return p;
}

double gnt_bench_sliding_flops(const gnt_bench_case *what)
{
    products p = products_of(&what->net);
    double n = (double)what->n, bars = n + what->net.window - 1;
    return bars * p.first + n * (p.alone + p.input + p.recurrent + p.rest);
}

double gnt_bench_windows_flops(const gnt_bench_case *what)
{
    products p = products_of(&what->net);
    return (double)what->n * (what->net.window * p.first + p.alone + p.input + p.recurrent + p.rest);
}

double gnt_bench_train_flops(const gnt_bench_case *what)
{
    products p = products_of(&what->net);
    double first = what->net.window * p.first + p.alone;
    return (double)what->n * (2 * first + 3 * (p.input + p.recurrent + p.rest));
}

double gnt_bench_cells(const gnt_bench_case *what)
{
    return (double)what->n * products_of(&what->net).cells;
}

/* The panel's bars or steps, the weights and the logits. */
static double forward_bytes(const gnt_bench_case *what, double rows)
{
    return sizeof(float) * (rows * what->net.n_features + (double)gnt_net_n_weights(&what->net) + (double)what->n);
}

double gnt_bench_sliding_bytes(const gnt_bench_case *what)
{
    return forward_bytes(what, (double)what->n + what->net.window - 1);
}

double gnt_bench_windows_bytes(const gnt_bench_case *what)
{
    return forward_bytes(what, (double)what->n * what->net.window);
}
