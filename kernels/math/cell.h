/* One LSTM unit for one step, forward and backward (PyTorch nn.LSTM: gates i f g o).
 *
 *     c = f c' + i g,  h = o tanh(c)      with i f o = sigmoid, g = tanh of their pre-activations
 * Class reduction (fma in the cell's sum; the activations are ulp class). */
#ifndef GNT_MATH_CELL_H
#define GNT_MATH_CELL_H

#include "activation.h"

typedef struct gnt_cell {
    gnt_f32 i, f, g, o, c, tanh_c, h;
} gnt_cell;

/* The step's first half: gates and c. The second half waits for c, so a caller with several units does all first
 * halves first. */
GNT_FN void gnt_cell_gates(gnt_cell *cell, gnt_f32 zi, gnt_f32 zf, gnt_f32 zg, gnt_f32 zo, gnt_f32 c_before)
{
    cell->i = gnt_f32_sigmoid(zi);
    cell->f = gnt_f32_sigmoid(zf);
    cell->g = gnt_f32_tanh(zg);
    cell->o = gnt_f32_sigmoid(zo);
    cell->c = gnt_f32_fma(cell->f, c_before, cell->i * cell->g);
}

GNT_FN void gnt_cell_output(gnt_cell *cell)
{
    cell->tanh_c = gnt_f32_tanh(cell->c);
    cell->h = cell->o * cell->tanh_c;
}

/* Pre-activations of the four gates and the cell before -> everything the backward step needs. */
GNT_FN gnt_cell gnt_cell_step(gnt_f32 zi, gnt_f32 zf, gnt_f32 zg, gnt_f32 zo, gnt_f32 c_before)
{
    gnt_cell cell;
    gnt_cell_gates(&cell, zi, zf, zg, zo, c_before);
    gnt_cell_output(&cell);
    return cell;
}

typedef struct gnt_cell_gradient {
    gnt_f32 zi, zf, zg, zo; /* of the pre-activations */
    gnt_f32 c_before;
} gnt_cell_gradient;

/* dh, dc: gradients that reach h and c from later steps and from above. */
GNT_FN gnt_cell_gradient gnt_cell_back(const gnt_cell *cell, gnt_f32 c_before, gnt_f32 dh, gnt_f32 dc)
{
    gnt_f32 one = gnt_f32_splat(1);
    gnt_f32 slope = gnt_f32_fma(-cell->tanh_c, cell->tanh_c, one); /* of tanh(c) */
    gnt_f32 total = gnt_f32_fma(dh * cell->o, slope, dc);
    gnt_cell_gradient d;
    d.zi = total * cell->g * (cell->i * (one - cell->i));
    d.zf = total * c_before * (cell->f * (one - cell->f));
    d.zg = total * cell->i * gnt_f32_fma(-cell->g, cell->g, one);
    d.zo = dh * cell->tanh_c * (cell->o * (one - cell->o));
    d.c_before = total * cell->f;
    return d;
}

#endif
