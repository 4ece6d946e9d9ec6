/* What a wrong kernel shows: results that differ from order to order, or an error that names the mistake. Whatever
 * would be found by the address sanitizer first ends a child process there instead. */
#include "tests/emu/emu.h"

/* ---- a missing barrier ---- */

template <bool correct> static void neighbour(int *out)
{
    int *s = static_cast<int *>(gnt_emu_shared());
    s[threadIdx.x] = (int)threadIdx.x;
    if (correct) __syncthreads();
    out[threadIdx.x] = s[(threadIdx.x + 1) % blockDim.x] + s[(threadIdx.x + blockDim.x - 1) % blockDim.x];
}

/* After the first barrier everybody is ready at once: who goes on first decides what the second read sees. */
template <bool correct> static void again(int *out)
{
    int *s = static_cast<int *>(gnt_emu_shared());
    unsigned i = threadIdx.x;
    s[i] = (int)i;
    __syncthreads();
    int next = s[(i + 1) % blockDim.x];
    if (correct) __syncthreads();
    s[i] = next * 2;
    __syncthreads();
    out[i] = s[i];
}

template <bool correct> static void warp_again(int *out)
{
    int *s = static_cast<int *>(gnt_emu_shared());
    unsigned i = threadIdx.x;
    s[i] = (int)i;
    __syncwarp();
    int next = s[(i + 1) % 32];
    if (correct) __syncwarp();
    s[i] = next * 2;
    __syncwarp();
    out[i] = s[i];
}

/* The last block that comes would add up, but every block thinks that it is the last. */
template <bool correct> static void blocks(int *sum, unsigned *arrived, int *out)
{
    sum[blockIdx.x] = (int)blockIdx.x + 1;
    bool last = atomicAdd(arrived, 1u) == gridDim.x - 1;
    if (correct ? !last : blockIdx.x != gridDim.x - 1) return;
    int total = 0;
    for (unsigned b = 0; b < gridDim.x; b++) total += sum[b];
    *out = total;
}

static std::vector<int> in_order(const char *order, void (*kernel)(int *), unsigned n)
{
    machine_with("GNT_EMU_ORDER", order);
    array<int> out(n);
    OK(launch(nullptr, kernel, 1, n, n * sizeof(int), out.p));
    return out.get();
}

static size_t n_different(void (*kernel)(int *), unsigned n)
{
    std::vector<int> first = in_order("forward", kernel, n);
    size_t different = 0;
    for (const char *order : {"reverse", "shuffle:1", "shuffle:2"}) different += in_order(order, kernel, n) != first;
    return different;
}

static void a_missing_barrier_shows(void **)
{
    assert_int_equal(n_different(neighbour<true>, 64), 0);
    assert_true(n_different(neighbour<false>, 64) > 0);
    assert_int_equal(n_different(again<true>, 64), 0);
    assert_true(n_different(again<false>, 64) > 0);
    assert_int_equal(n_different(warp_again<true>, 32), 0);
    assert_true(n_different(warp_again<false>, 32) > 0);
}

/* One order is enough for a read of what no thread has written yet. */
static void a_read_before_the_write_is_poison(void **)
{
    std::vector<int> got = in_order("forward", neighbour<false>, 64);
    assert_int_equal(got[0], 0 + -1 + -1 + 0);
}

static int last_block(const char *order, void (*kernel)(int *, unsigned *, int *))
{
    machine_with("GNT_EMU_ORDER", order);
    array<int> sum(8), out(1);
    array<unsigned> arrived(std::vector<unsigned>(1, 0));
    OK(launch(nullptr, kernel, 8, 1, 0, sum.p, arrived.p, out.p));
    return out.get()[0];
}

static void blocks_come_in_any_order(void **)
{
    int wrong = 0;
    for (const char *order : all_orders) {
        assert_int_equal(last_block(order, blocks<true>), 36);
        wrong += last_block(order, blocks<false>) != 36;
    }
    assert_true(wrong > 0);
}

/* ---- errors that stop a kernel ---- */

static void leaves_early(float *x)
{
    if (threadIdx.x % 8 == 5) return;
    __syncthreads();
    x[threadIdx.x] = 1;
}
static void two_barriers(float *x)
{
    if (threadIdx.x < 40)
        __syncthreads();
    else
        __syncthreads();
    x[threadIdx.x] = 1;
}
static void lane_left(float *x)
{
    if (threadIdx.x == 9) return;
    x[threadIdx.x] = __shfl_sync(0xffffffffu, 1.0f, 0);
}
static void lane_at_barrier(float *x)
{
    if (threadIdx.x == 9) __syncthreads();
    x[threadIdx.x] = __shfl_sync(0xffffffffu, 1.0f, 0);
}
static void not_in_mask(float *x)
{
    x[threadIdx.x] = __shfl_sync(0x0fffffffu, 1.0f, 0);
}
static void masks_differ(float *x)
{
    x[threadIdx.x] = __shfl_sync(threadIdx.x == 0 ? 0xffffffffu : 0xfffffffeu, 1.0f, 1);
}
static void operations_differ(float *x)
{
    x[threadIdx.x] = threadIdx.x % 2 ? __shfl_sync(0xffffffffu, 1.0f, 0) : (float)__ballot_sync(0xffffffffu, 1);
}
static void half_warp(float *x)
{
    x[threadIdx.x] = __shfl_sync(0xffffffffu, 1.0f, 0);
}
static void locked_out(float *x)
{
    int *lock = reinterpret_cast<int *>(x);
    if (threadIdx.x == 0) *lock = 1;
    __syncthreads();
    while (atomicCAS(lock, 0, 1) != 0) {
    }
}

static void part_too_small(float *x)
{
    if (threadIdx.x < 32) gnt_emu_part_barrier(3, 64, {__FILE__, __LINE__});
    x[threadIdx.x] = 1;
}
static void part_unnumbered(float *x)
{
    gnt_emu_part_barrier(16, 64, {__FILE__, __LINE__});
    x[threadIdx.x] = 1;
}

static const struct {
    void (*kernel)(float *);
    unsigned threads;
    const char *name, *words;
} wrong_kernels[] = {
    {leaves_early, 64, "leaves_early", "barrier divergence: 56 threads wait at test_mistakes.cpp:"},
    {two_barriers, 64, "two_barriers", "barrier divergence: thread "},
    {lane_left, 64, "lane_left", "waits for lane 9, which has left the kernel"},
    {lane_at_barrier, 32, "lane_at_barrier", "waits for lane 9, which waits at the barrier of test_mistakes.cpp:"},
    {not_in_mask, 32, "not_in_mask", "leaves out its own lane"},
    {masks_differ, 32, "masks_differ", "with mask ffffffff"},
    {operations_differ, 32, "operations_differ", "warp divergence"},
    {half_warp, 16, "half_warp", "lane 16, which the block doesn't have"},
    {part_too_small, 64, "part_too_small", "barrier divergence: 32 threads wait at test_mistakes.cpp:"},
    {part_unnumbered, 64, "part_unnumbered", "barrier 16 for 64 threads"},
    {locked_out, 32, "locked_out", "deadlock: thread "},
};

/* In each order: the error, its words, that it sticks, and that the device works after a reset. */
static void divergence_and_deadlock_are_errors(void **)
{
    for (const char *order : all_orders) {
        machine_with("GNT_EMU_ORDER", order);
        for (const auto &w : wrong_kernels) {
            float *x = nullptr;
            OK(cudaMalloc(&x, 4096));
            OK(launch(nullptr, w.kernel, 3, w.threads, 0, x));
            FAILS(cudaErrorAssert, cudaDeviceSynchronize());
            SAYS(w.name);
            SAYS("block (");
            SAYS(w.words);
            FAILS(cudaErrorAssert, cudaMalloc(&x, 16));
            FAILS(cudaErrorAssert, cudaGetLastError());
            FAILS(cudaErrorAssert, cudaGetLastError());
            SAYS(w.words);
            OK(cudaDeviceReset());
            OK(cudaGetLastError());
        }
        {
            array<int> out(64);
            OK(launch(nullptr, again<true>, 1, 64, 256, out.p));
            assert_int_equal(out.get()[3], 8);
        }
    }
}

/* ---- stores out of bounds ---- */

static void store(unsigned char *x, long long at)
{
    x[at] = 1;
}
static void store_shared(long long at)
{
    static_cast<unsigned char *>(gnt_emu_shared())[at] = 1;
}

/* Runs it here and expects the error, or under ASan in a child that must die. */
template <typename Body> static void found(Body body, cudaError_t expected, const char *words)
{
    if (with_asan) {
        assert_true(ending_of([&] {
                        body();
                        (void)cudaDeviceSynchronize();
                    }) != 0);
    } else {
        body();
        FAILS(expected, cudaDeviceSynchronize());
        SAYS(words);
    }
    OK(cudaDeviceReset());
}

static void a_store_behind_an_allocation_is_found(void **)
{
    machine_with("GNT_EMU_ORDER", nullptr);
    for (long long at : {1000, 1023, 1024, 1279}) {
        unsigned char *x = nullptr;
        OK(cudaMalloc(&x, 1000));
        found([&] { OK(launch(nullptr, store, 1, 1, 0, x, at)); }, cudaErrorIllegalAddress,
              "store: wrote behind the end at byte 1");
    }
}

static void a_store_into_a_guard_is_found(void **)
{
    for (long long at : {100, 103, 255}) {
        unsigned char *x = nullptr;
        OK(cudaMalloc(&x, 1024));
        gnt_emu_guard(x + 100, 156);
        OK(launch(nullptr, store, 1, 1, 0, x, 99));
        OK(launch(nullptr, store, 1, 1, 0, x, 256));
        OK(cudaDeviceSynchronize());
        found([&] { OK(launch(nullptr, store, 1, 1, 0, x, at)); }, cudaErrorIllegalAddress,
              "store: wrote into a guard at byte ");
    }
    unsigned char *x = nullptr;
    OK(cudaMalloc(&x, 1024));
    gnt_emu_guard(x + 100, 156);
    found([&] { OK(cudaMemset(x, 0, 101)); }, cudaErrorIllegalAddress, "cudaMemset: wrote into a guard at byte 100");
}

static void a_store_outside_shared_memory_is_found(void **)
{
    OK(launch(nullptr, store_shared, 2, 1, 100, 99));
    OK(cudaDeviceSynchronize());
    found([&] { OK(launch(nullptr, store_shared, 2, 1, 100, 100)); }, cudaErrorAssert,
          "store_shared, block (0, 0, 0): a store at byte 100 of the block's 100 bytes of shared memory");
    found([&] { OK(launch(nullptr, store_shared, 2, 1, 100, -1)); }, cudaErrorAssert,
          "a store 1 bytes before the block's shared memory");
}

static void a_host_pointer_as_argument_is_found(void **)
{
    std::vector<unsigned char> here(16);
    FAILS(cudaErrorIllegalAddress, launch(nullptr, store, 1, 1, 0, here.data(), 0));
    SAYS("store: its pointer argument 1 is not memory of device 0");
    OK(cudaDeviceReset());
    OK(launch(nullptr, store_shared, 1, 1, 1, 0));
    OK(cudaDeviceSynchronize());
}

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_missing_barrier_shows),
        cmocka_unit_test(a_read_before_the_write_is_poison),
        cmocka_unit_test(blocks_come_in_any_order),
        cmocka_unit_test(divergence_and_deadlock_are_errors),
        cmocka_unit_test(a_store_behind_an_allocation_is_found),
        cmocka_unit_test(a_store_into_a_guard_is_found),
        cmocka_unit_test(a_store_outside_shared_memory_is_found),
        cmocka_unit_test(a_host_pointer_as_argument_is_found),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
