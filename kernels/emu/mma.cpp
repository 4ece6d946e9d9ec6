/* mma.cpp: the tensor core's instructions, worked out by the last lane of a warp to arrive.
 *
 * mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32, fragments as in the PTX ISA ("Matrix Fragments for
 * mma.m16n8k16 with floating point type"). With group g = lane / 4 and t = lane % 4, register r holds the pair
 *     a[r]  rows g + 8 (r & 1), columns 2 t + 8 (r >> 1) + {0, 1}   of A [16][16]
 *     b[r]  rows 2 t + 8 r + {0, 1}, column g                       of B [16][8]
 * (lower half first), and of C and D [16][8], one float a register,
 *     c[r]  row g + 8 (r >> 1), column 2 t + (r & 1).
 *
 * A product of two bfloat16 is exact in float32. Here d = c + sum over k = 0..15 in that order, each sum rounded to
 * nearest float32. The order, width and rounding inside real hardware are not specified and differ (several products
 * are summed at once, aligned and truncated), so results agree within a bound, never in bits. */
#include <string.h>

#include "kernels/emu/block.h"

namespace gnt_emu
{

struct mma_registers {
    float *d;
    const uint32_t *a, *b;
    const float *c;
};
struct ldmatrix_registers {
    uint32_t *out;
    unsigned n;
    bool transposed;
    const void *row;
};

static float bf16(uint32_t pair, unsigned half)
{
    return __uint_as_float(half ? pair & 0xffff0000u : pair << 16);
}

template <typename T> static const T &registers(const thread *lanes, unsigned lane)
{
    return *reinterpret_cast<const T *>(static_cast<uintptr_t>(lanes[lane].value));
}

void mma_complete(thread *lanes)
{
    float a[16][16], b[16][8];
    for (unsigned lane = 0; lane < warp_lanes; lane++) {
        const mma_registers &in = registers<mma_registers>(lanes, lane);
        unsigned g = lane / 4, t = lane % 4;
        for (unsigned h = 0; h < 2; h++) {
            for (unsigned r = 0; r < 4; r++) a[g + 8 * (r & 1)][2 * t + 8 * (r >> 1) + h] = bf16(in.a[r], h);
            for (unsigned r = 0; r < 2; r++) b[2 * t + 8 * r + h][g] = bf16(in.b[r], h);
        }
    }
    for (unsigned lane = 0; lane < warp_lanes; lane++) {
        const mma_registers &out = registers<mma_registers>(lanes, lane);
        for (unsigned r = 0; r < 4; r++) {
            unsigned row = lane / 4 + 8 * (r >> 1), column = 2 * (lane % 4) + (r & 1);
            float sum = out.c[r];
            for (unsigned k = 0; k < 16; k++) sum = sum + a[row][k] * b[k][column];
            out.d[r] = sum; /* d may be c: nothing else reads this element */
        }
    }
}

/* Lane 4 g + t gets the pair at columns 2 t of row g, of the transposed matrix where asked. */
void ldmatrix_complete(thread *lanes)
{
    for (unsigned lane = 0; lane < warp_lanes; lane++) {
        const ldmatrix_registers &self = registers<ldmatrix_registers>(lanes, lane);
        unsigned g = lane / 4, t = lane % 4;
        for (unsigned j = 0; j < self.n; j++) {
            uint16_t pair[2];
            for (unsigned h = 0; h < 2; h++) {
                unsigned row = self.transposed ? 2 * t + h : g, column = self.transposed ? g : 2 * t + h;
                const void *from = registers<ldmatrix_registers>(lanes, 8 * j + row).row;
                memcpy(&pair[h], static_cast<const char *>(from) + 2 * column, 2);
            }
            self.out[j] = (uint32_t)pair[1] << 16 | pair[0];
        }
    }
}

} // namespace gnt_emu

void gnt_emu_mma_m16n8k16_bf16(float d[4], const uint32_t a[4], const uint32_t b[2], const float c[4], const char *file,
                               int line)
{
    const gnt_emu::mma_registers mine = {d, a, b, c};
    (void)gnt_emu_meet(GNT_EMU_MMA, 0xffffffffu, (uint64_t) reinterpret_cast<uintptr_t>(&mine), 0, {file, line});
}

void gnt_emu_ldmatrix(uint32_t *registers, unsigned n, bool transposed, const void *row, const char *file, int line)
{
    const gnt_emu::ldmatrix_registers mine = {registers, n, transposed, row};
    (void)gnt_emu_meet(GNT_EMU_LDMATRIX, 0xffffffffu, (uint64_t) reinterpret_cast<uintptr_t>(&mine), 0, {file, line});
}
