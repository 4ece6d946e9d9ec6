/* What threads of a block and lanes of a warp can do, in every order: indices, barriers, shuffles, votes, atomics. */
#include "tests/emu/emu.h"

/* ---- indices ---- */

static void where_am_i(uint32_t *out, uint32_t *visits)
{
    unsigned block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
    unsigned thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
    unsigned i = block * (blockDim.x * blockDim.y * blockDim.z) + thread;
    out[i] = blockIdx.z << 20 | blockIdx.y << 16 | blockIdx.x << 12 | threadIdx.z << 8 | threadIdx.y << 4 | threadIdx.x;
    atomicAdd(&visits[i], 1u);
}

static void every_thread_runs_once(void **)
{
    dim3 grid(3, 2, 4), block(5, 3, 2);
    size_t n = 24 * 30, i = 0;
    array<uint32_t> out(n), visits(std::vector<uint32_t>(n, 0));
    OK(launch(nullptr, where_am_i, grid, block, 0, out.p, visits.p));
    std::vector<uint32_t> got = out.get(), times = visits.get();
    for (unsigned bz = 0; bz < grid.z; bz++)
        for (unsigned by = 0; by < grid.y; by++)
            for (unsigned bx = 0; bx < grid.x; bx++)
                for (unsigned tz = 0; tz < block.z; tz++)
                    for (unsigned ty = 0; ty < block.y; ty++)
                        for (unsigned tx = 0; tx < block.x; tx++, i++) {
                            uint32_t expected = bz << 20 | by << 16 | bx << 12 | tz << 8 | ty << 4 | tx;
                            if (got[i] != expected || times[i] != 1)
                                fail_msg("thread %zu: %x %u times, expected %x once", i, got[i], times[i], expected);
                        }
}

/* ---- barriers ---- */

/* A prefix sum in log2 n steps of two barriers each: wrong as soon as one of them doesn't hold. */
static void prefix_sum(const int *in, int *out)
{
    int *s = static_cast<int *>(gnt_emu_shared());
    unsigned i = threadIdx.x;
    s[i] = in[i];
    __syncthreads();
    for (unsigned step = 1; step < blockDim.x; step *= 2) {
        int before = i >= step ? s[i - step] : 0;
        __syncthreads();
        s[i] += before;
        __syncthreads();
    }
    out[i] = s[i];
}

static void barriers_hold(void **)
{
    for (unsigned n : {1u, 2u, 31u, 32u, 33u, 257u, 1024u}) {
        std::vector<int> in(n);
        for (unsigned i = 0; i < n; i++) in[i] = (int)(i * 7 % 13) - 5;
        array<int> from(in), to(n);
        OK(launch(nullptr, prefix_sum, 1, n, n * sizeof(int), from.p, to.p));
        std::vector<int> got = to.get();
        for (unsigned i = 0, sum = 0; i < n; i++) {
            sum += (unsigned)in[i];
            if (got[i] != (int)sum) fail_msg("%u threads, sum %u: %d, expected %d", n, i, got[i], (int)sum);
        }
    }
}

static void count_votes(int *out)
{
    int i = (int)threadIdx.x;
    out[4 * i] = __syncthreads_count(i % 3 == 0);
    out[4 * i + 1] = __syncthreads_or(i == 70);
    out[4 * i + 2] = __syncthreads_and(i != 70);
    out[4 * i + 3] = __syncthreads_or(i == 7000) * 2 + __syncthreads_and(i < 7000);
}

static void barriers_vote(void **)
{
    array<int> out(400);
    OK(launch(nullptr, count_votes, 1, 100, 0, out.p));
    std::vector<int> got = out.get();
    for (int i = 0; i < 100; i++)
        for (int j = 0; j < 4; j++) {
            static const int expected[] = {34, 1, 0, 1};
            if (got[4 * i + j] != expected[j])
                fail_msg("thread %d, vote %d: %d, expected %d", i, j, got[4 * i + j], expected[j]);
        }
}

/* Two warps at a time hand a sum on, each pair at its own barrier, more often in the second pair. */
static void pairs(int *out)
{
    int *s = static_cast<int *>(gnt_emu_shared());
    unsigned pair = threadIdx.x / 64, first = 64 * pair, i = threadIdx.x % 64;
    s[threadIdx.x] = 1;
    gnt_emu_part_barrier(1 + pair, 64, {__FILE__, __LINE__});
    for (unsigned step = 0; step < 2 + 3 * pair; step++) {
        int next = s[first + (i + 1) % 64];
        gnt_emu_part_barrier(1 + pair, 64, {__FILE__, __LINE__});
        s[threadIdx.x] += next;
        gnt_emu_part_barrier(1 + pair, 64, {__FILE__, __LINE__});
    }
    __syncthreads();
    out[threadIdx.x] = s[threadIdx.x];
}

static void parts_of_a_block_have_barriers_of_their_own(void **)
{
    array<int> out(128);
    OK(launch(nullptr, pairs, 1, 128, 512, out.p));
    std::vector<int> got = out.get();
    for (size_t i = 0; i < 128; i++) assert_int_equal(got[i], i < 64 ? 4 : 32);
}

/* ---- warps ---- */

template <typename T> static void shuffle_all(T *out, int width)
{
    unsigned i = threadIdx.x;
    T v = (T)(1000 + (int)i);
    out[4 * i] = __shfl_sync(0xffffffffu, v, 5, width);
    out[4 * i + 1] = __shfl_up_sync(0xffffffffu, v, 3, width);
    out[4 * i + 2] = __shfl_down_sync(0xffffffffu, v, 3, width);
    out[4 * i + 3] = __shfl_xor_sync(0xffffffffu, v, 9, width);
}

template <typename T> static void check_shuffles()
{
    for (int width : {32, 16, 8, 4}) {
        array<T> out(4 * 64);
        OK(launch(nullptr, shuffle_all<T>, 1, 64, 0, out.p, width));
        std::vector<T> got = out.get();
        for (int i = 0; i < 64; i++) {
            int lane = i % 32, first = i - i % width, at = i % width, x = lane ^ 9;
            int expected[4] = {first + 5 % width, at >= 3 ? i - 3 : i, at + 3 < width ? i + 3 : i,
                               x <= (lane | (width - 1)) ? i - lane + x : i};
            for (int j = 0; j < 4; j++)
                if (!(got[(size_t)(4 * i + j)] == (T)(1000 + expected[j])))
                    fail_msg("width %d, thread %d, shuffle %d: %g, expected %d", width, i, j,
                             (double)got[(size_t)(4 * i + j)], 1000 + expected[j]);
        }
    }
}

static void shuffles_carry_every_type(void **)
{
    check_shuffles<int>();
    check_shuffles<unsigned>();
    check_shuffles<float>();
    check_shuffles<double>();
    check_shuffles<long long>();
    check_shuffles<unsigned long long>();
}

/* Halves of a warp go different ways, each with its own mask and number of steps. */
static void part_ways(unsigned *out)
{
    unsigned lane = threadIdx.x % 32, v = threadIdx.x;
    if (lane < 16) {
        for (int d = 8; d; d /= 2) v += __shfl_xor_sync(0x0000ffffu, v, d);
        v = v * 2 + (unsigned)__any_sync(0x0000ffffu, lane == 3);
    } else {
        v += __shfl_xor_sync(0xffff0000u, v, 1);
        v = v * 2 + (unsigned)__all_sync(0xffff0000u, lane != 20);
    }
    __syncwarp();
    out[threadIdx.x] = v ^ __ballot_sync(0xffffffffu, lane % 5 == 0);
}

static void masks_split_a_warp(void **)
{
    array<unsigned> out(96);
    OK(launch(nullptr, part_ways, 1, 96, 0, out.p));
    std::vector<unsigned> got = out.get();
    for (unsigned i = 0; i < 96; i++) {
        unsigned first = i / 32 * 32, ballot = 0, v;
        for (unsigned l = 0; l < 32; l += 5) ballot |= 1u << l;
        v = i % 32 < 16 ? (16 * first + 120) * 2 + 1 : (i + (i ^ 1)) * 2;
        if (got[i] != (v ^ ballot)) fail_msg("thread %u: %u, expected %u", i, got[i], v ^ ballot);
    }
}

static void shuffle_from_outside(unsigned *out)
{
    if (threadIdx.x < 8) out[threadIdx.x] = __shfl_down_sync(0xffu, threadIdx.x, 4);
}

static void lanes_out_of_the_mask_give_poison(void **)
{
    array<unsigned> out(8);
    OK(launch(nullptr, shuffle_from_outside, 1, 32, 0, out.p));
    std::vector<unsigned> got = out.get();
    for (unsigned i = 0; i < 8; i++) assert_int_equal(got[i], i < 4 ? i + 4 : 0xffffffffu);
}

/* ---- atomics ---- */

static void contend(int *i, unsigned *u, unsigned long long *l, float *f, int *lock, int *guarded)
{
    unsigned t = blockIdx.x * blockDim.x + threadIdx.x;
    atomicAdd(&i[0], (int)t);
    atomicMax(&i[1], (int)t - 50);
    atomicMin(&i[2], (int)t - 50);
    atomicOr(&u[0], 1u << t % 32);
    atomicInc(&u[1], 9u);
    atomicAdd(&l[0], 1ull << 40);
    atomicMax(&l[1], (unsigned long long)t << 33);
    atomicAdd(&f[0], 0.5f);
    if (t == 17) atomicExch(&f[1], 3.0f);
    while (atomicCAS(lock, 0, 1) != 0) {
    }
    int seen = *guarded; /* others get a turn while the lock is held */
    __nanosleep(10);
    *guarded = seen + 1;
    atomicExch(lock, 0);
}

static void atomics_and_a_lock(void **)
{
    array<int> i(std::vector<int>(3, 0)), lock(std::vector<int>(1, 0)), guarded(std::vector<int>(1, 0));
    array<unsigned> u(std::vector<unsigned>(2, 0));
    array<unsigned long long> l(std::vector<unsigned long long>(2, 0));
    array<float> f(std::vector<float>(2, 0));
    OK(launch(nullptr, contend, 2, 64, 0, i.p, u.p, l.p, f.p, lock.p, guarded.p));
    assert_int_equal(i.get()[0], 127 * 64);
    assert_int_equal(i.get()[1], 77);
    assert_int_equal(i.get()[2], -50);
    assert_int_equal(u.get()[0], 0xffffffffu);
    assert_int_equal(u.get()[1], 128 % 10);
    assert_true(l.get()[0] == 128ull << 40);
    assert_true(l.get()[1] == 127ull << 33);
    assert_true(f.get()[0] == 64 && f.get()[1] == 3);
    assert_int_equal(guarded.get()[0], 128);
}

/* ---- arithmetic ---- */

static void compute(double *out)
{
    int n = 0;
    out[n++] = (double)__fmaf_rn(1.0f + 0x1p-12f, 1.0f - 0x1p-12f, -1.0f); /* -2^-24: two roundings would give 0 */
    out[n++] = (double)__fdiv_rn(1.0f, 3.0f);
    out[n++] = (double)__fsqrt_rn(2.0f);
    out[n++] = (double)__double2float_rn(0.1);
    out[n++] = __umulhi(0xffffffffu, 0xffffffffu);
    out[n++] = (double)(__umul64hi(1ull << 63, 6) + (__brevll(1) >> 62));
    out[n++] = __popc(0xf0f0u) + __ffs(8) + __clz(1) + __clz(0) + __popcll(~0ull);
    out[n++] = __brev(1u);
    out[n++] = __float2int_rn(2.5f) + __float2int_rz(-2.9f) + __float2int_rn(NAN) + __double2int_rn(3.5);
    out[n++] = __float2uint_rz(-3.0f) + __float2int_rz(1e20f);
    out[n++] = __int_as_float(__float_as_int(1.5f)) + __longlong_as_double(__double_as_longlong(0.25));
    out[n++] = (double)max(NAN, 2.0f) + min(3, 4) + max(3u, 4u);
    out[n++] = __byte_perm(0x33221100u, 0x77665544u, 0x7531u);
    out[n++] = __funnelshift_l(0x80000000u, 1u, 1u) + __funnelshift_r(2u, 1u, 1u);
}

static void arithmetic_is_ieee(void **)
{
    const double expected[] = {-0x1p-24,
                               (double)(1.0f / 3.0f),
                               (double)1.41421356f,
                               (double)0.1f,
                               4294967294.0,
                               5,
                               8 + 4 + 31 + 32 + 64,
                               2147483648.0,
                               2 - 2 + 0 + 4,
                               2147483647.0,
                               1.75,
                               2 + 3 + 4,
                               0x77553311u,
                               3 + 0x80000001u};
    size_t n = sizeof expected / sizeof *expected;
    array<double> out(n);
    OK(launch(nullptr, compute, 1, 1, 0, out.p));
    for (size_t i = 0; i < n; i++)
        if (!(out.get()[i] == expected[i])) fail_msg("%zu: %.17g, expected %.17g", i, out.get()[i], expected[i]);
}

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(every_thread_runs_once),
        cmocka_unit_test(barriers_hold),
        cmocka_unit_test(barriers_vote),
        cmocka_unit_test(shuffles_carry_every_type),
        cmocka_unit_test(masks_split_a_warp),
        cmocka_unit_test(lanes_out_of_the_mask_give_poison),
        cmocka_unit_test(parts_of_a_block_have_barriers_of_their_own),
        cmocka_unit_test(atomics_and_a_lock),
        cmocka_unit_test(arithmetic_is_ieee),
    };
    int failed = 0;
    for (const char *order : all_orders) {
        machine_with("GNT_EMU_ORDER", order);
        failed += cmocka_run_group_tests_name(order, tests, nullptr, nullptr);
    }
    return failed;
}
