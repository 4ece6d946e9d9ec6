/* The tensor core's instructions against a plain float64 matrix product, and the matrix loads that feed them. */
#include "tests/emu/emu.h"

static uint16_t to_bf16(float x)
{
    return (uint16_t)(__float_as_uint(x) >> 16);
}
static float from_bf16(uint16_t x)
{
    return __uint_as_float((unsigned)x << 16);
}

/* One warp: D [16][8] = A [16][16] B [16][8] + C, all row-major, fragments gathered by the table of the PTX ISA. */
static void one_product(const uint16_t *a, const uint16_t *b, const float *c, float *d)
{
    unsigned g = threadIdx.x / 4, t = threadIdx.x % 4;
    uint32_t fa[4], fb[2];
    float fc[4], fd[4];
    for (unsigned r = 0; r < 4; r++) {
        const uint16_t *pair = a + (g + 8 * (r & 1)) * 16 + 2 * t + 8 * (r >> 1);
        fa[r] = pair[0] | (uint32_t)pair[1] << 16;
        fc[r] = c[(g + 8 * (r >> 1)) * 8 + 2 * t + (r & 1)];
    }
    for (unsigned r = 0; r < 2; r++) {
        const uint16_t *pair = b + (2 * t + 8 * r) * 8 + g;
        fb[r] = pair[0] | (uint32_t)pair[8] << 16;
    }
    gnt_emu_mma_m16n8k16_bf16(fd, fa, fb, fc);
    for (unsigned r = 0; r < 4; r++) d[(g + 8 * (r >> 1)) * 8 + 2 * t + (r & 1)] = fd[r];
}

static void run(const std::vector<uint16_t> &a, const std::vector<uint16_t> &b, const std::vector<float> &c,
                std::vector<float> *d)
{
    array<uint16_t> da(a), db(b);
    array<float> dc(c), dd(128);
    OK(launch(nullptr, one_product, 1, 32, 0, da.p, db.p, dc.p, dd.p));
    *d = dd.get();
}

/* 17 terms summed one after the other: each sum rounds once, so |error| <= 16 eps/2 sum |terms| to first order. */
static void equals_a_matrix_product(void **)
{
    std::vector<uint16_t> a(256), b(128);
    std::vector<float> c(128), d;
    unsigned long long state = 1;
    auto next = [&state]() {
        state = state * 6364136223846793005ull + 1442695040888963407ull;
        return (float)(int)(state >> 40) * 0x1p-23f - 1.0f;
    };
    for (int repeat = 0; repeat < 50; repeat++) {
        for (uint16_t &x : a) x = to_bf16(next());
        for (uint16_t &x : b) x = to_bf16(next());
        for (float &x : c) x = next();
        run(a, b, c, &d);
        for (size_t i = 0; i < 16; i++)
            for (size_t j = 0; j < 8; j++) {
                double sum = (double)c[i * 8 + j], size = fabs(sum);
                for (size_t k = 0; k < 16; k++) {
                    double term = (double)from_bf16(a[i * 16 + k]) * (double)from_bf16(b[k * 8 + j]);
                    sum += term;
                    size += fabs(term);
                }
                double bound = 17 * 0x1p-24 * size;
                if (!(fabs((double)d[i * 8 + j] - sum) <= bound))
                    fail_msg("[%zu][%zu]: %.9g, expected %.9g within %.2g", i, j, (double)d[i * 8 + j], sum, bound);
            }
    }
}

/* Powers of two that no other element shares: each product shows which pair it came from. */
static void every_element_has_its_place(void **)
{
    std::vector<float> c(128, 0.0f), d;
    for (size_t i = 0; i < 16; i++)
        for (size_t k = 0; k < 16; k++)
            for (size_t j = 0; j < 8; j++) {
                std::vector<uint16_t> a(256, 0), b(128, 0);
                a[i * 16 + k] = to_bf16(4.0f);
                b[k * 8 + j] = to_bf16(0.5f);
                if ((i * 16 + k) % 7 != j % 7) continue; /* a seventh of them, every i, k and j among them */
                run(a, b, c, &d);
                for (size_t e = 0; e < 128; e++)
                    if (!(d[e] == (e == i * 8 + j ? 2.0f : 0.0f)))
                        fail_msg("a[%zu][%zu] b[%zu][%zu]: d %zu is %g", i, k, k, j, e, (double)d[e]);
            }
}

static void load(uint32_t *out, unsigned n, int transposed)
{
    uint16_t *s = static_cast<uint16_t *>(gnt_emu_shared());
    uint32_t r[4] = {0, 0, 0, 0};
    for (unsigned i = threadIdx.x; i < 256; i += 32)
        s[i] = (uint16_t)i; /* matrix j: rows of 8, j 64 + row 8 + column */
    __syncthreads();
    gnt_emu_ldmatrix(r, n, transposed != 0, s + 8 * (threadIdx.x % (8 * n)));
    for (unsigned j = 0; j < 4; j++) out[4 * threadIdx.x + j] = r[j];
}

static void matrices_load_as_fragments(void **)
{
    for (unsigned n : {1u, 2u, 4u})
        for (int transposed : {0, 1}) {
            array<uint32_t> out(128);
            OK(launch(nullptr, load, 1, 32, 512, out.p, n, transposed));
            std::vector<uint32_t> got = out.get();
            for (unsigned i = 0; i < 128; i++) {
                unsigned lane = i / 4, j = i % 4, g = lane / 4, t = lane % 4;
                unsigned low = transposed ? 2 * t * 8 + g : g * 8 + 2 * t, high = low + (transposed ? 8 : 1);
                uint32_t expected = j < n ? (j * 64 + low) | (j * 64 + high) << 16 : 0;
                if (got[i] != expected)
                    fail_msg("x%u, lane %u, register %u: %x, expected %x", n, lane, j, got[i], expected);
            }
        }
}

static void half_a_warp(float *d)
{
    uint32_t a[4] = {}, b[2] = {};
    float c[4] = {};
    if (threadIdx.x < 16) gnt_emu_mma_m16n8k16_bf16(d, a, b, c);
}

static void a_missing_lane_is_an_error(void **)
{
    {
        array<float> d(4);
        OK(launch(nullptr, half_a_warp, 1, 32, 0, d.p));
        FAILS(cudaErrorAssert, cudaDeviceSynchronize());
        SAYS("mma");
        SAYS("lane 16, which has left the kernel");
    }
    OK(cudaDeviceReset());
}

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(equals_a_matrix_product),
        cmocka_unit_test(every_element_has_its_place),
        cmocka_unit_test(matrices_load_as_fragments),
        cmocka_unit_test(a_missing_lane_is_an_error),
    };
    machine_with("GNT_EMU_ORDER", "shuffle:5");
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
