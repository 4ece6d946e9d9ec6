/* Device memory: the host can't touch it, what is fresh is poison, copies check both of their ends. */
#include "tests/emu/emu.h"

static void fill(float *x, int n, float v)
{
    for (int i = (int)threadIdx.x; i < n; i += (int)blockDim.x) x[i] = v;
}

static void read_shared(unsigned *out)
{
    unsigned *s = static_cast<unsigned *>(gnt_emu_shared());
    out[blockIdx.x] = s[3];
    s[3] = 1;
}

/* ---- the host's hands off ---- */

static void host_access_faults(void **)
{
    float *x = nullptr;
    OK(cudaMalloc(&x, 100 * sizeof(float)));
    OK(launch(nullptr, fill, 1, 32, 0, x, 100, 2.5f));
    OK(cudaDeviceSynchronize());
    int reading = ending_of([x] { _exit(x[7] == 2.5f ? 0 : 1); });
    int writing = ending_of([x] { x[7] = 1; });
    assert_int_equal(reading, SIGSEGV);
    assert_int_equal(writing, SIGSEGV);
    float here = 0;
    OK(cudaMemcpy(&here, x + 7, sizeof here, cudaMemcpyDeviceToHost));
    assert_true(here == 2.5f);
    OK(cudaFree(x));
}

/* ---- poison ---- */

static size_t n_not_poison(const unsigned char *device, size_t n)
{
    std::vector<unsigned char> here(n);
    size_t other = 0;
    OK(cudaMemcpy(here.data(), device, n, cudaMemcpyDeviceToHost));
    for (unsigned char c : here) other += c != 0xff;
    return other;
}

static void fresh_memory_is_poison(void **)
{
    for (size_t n : {(size_t)1, (size_t)1000, (size_t)70001, ((size_t)17 << 20) + 5}) {
        for (int repeat = 0; repeat < 2; repeat++) { /* the second time where the first has been */
            array<unsigned char> a(n);
            assert_int_equal(n_not_poison(a.p, n), 0);
            OK(cudaMemset(a.p, 7, n));
            assert_int_equal(n_not_poison(a.p, n), n);
        }
    }
}

static void shared_memory_is_poison_in_every_block(void **)
{
    array<unsigned> out(5);
    OK(launch(nullptr, read_shared, 5, 1, 64, out.p));
    for (unsigned v : out.get()) assert_int_equal(v, 0xffffffffu);
}

static void a_new_layout_is_poison_without_guards(void **)
{
    const size_t n = (size_t)1 << 20;
    array<unsigned char> slab(n);
    OK(cudaMemset(slab.p, 0, 5000));
    gnt_emu_guard(slab.p + 5000, 120);
    OK(cudaMemset(slab.p + 5120, 0, n - 5120));
    gnt_emu_unguard_all(slab.p, n);
    assert_int_equal(n_not_poison(slab.p, n), 0);
    OK(cudaMemset(slab.p, 0, n));
    OK(cudaDeviceSynchronize());
    assert_int_equal(n_not_poison(slab.p, n), n);
}

/* Work that was enqueued before a new layout sees the old one. */
static void guards_wait_for_the_device(void **)
{
    array<float> x(64);
    cudaStream_t stream;
    OK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    OK(launch(stream, fill, 1, 1, 0, x.p, 64, 1.0f));
    gnt_emu_guard(x.p + 32, 32);
    OK(cudaStreamSynchronize(stream));
    OK(cudaStreamDestroy(stream));
    gnt_emu_unguard_all(x.p, 64 * sizeof(float));
}

/* ---- room ---- */

static void memory_runs_out_and_comes_back(void **)
{
    machine_with("GNT_EMU_MEMORY", "1000000");
    size_t whole = 0, total = 0, now = 0;
    OK(cudaMemGetInfo(&whole, &total));
    assert_true(total >= 1000000 && whole == total);
    void *p[5] = {}, *more = nullptr;
    for (void *&one : p) OK(cudaMalloc(&one, 190000));
    FAILS(cudaErrorMemoryAllocation, cudaMalloc(&more, 190000));
    assert_null(more);
    FAILS(cudaErrorMemoryAllocation, cudaGetLastError());
    OK(cudaGetLastError());
    FAILS(cudaErrorMemoryAllocation, cudaMalloc(&more, (size_t)-1));
    OK(cudaMemGetInfo(&now, &total));
    assert_true(now < 60000);
    OK(cudaFree(p[2]));
    OK(cudaMalloc(&p[2], 190000));
    for (void *one : p) OK(cudaFree(one));
    OK(cudaMemGetInfo(&now, &total));
    assert_true(now == whole);
    FAILS(cudaErrorInvalidValue, cudaFree(p[0]));
    SAYS("cudaFree of what was not allocated");
    OK(cudaFree(nullptr));
    OK(cudaMalloc(&more, 0));
    assert_null(more);
    machine_with("GNT_EMU_MEMORY", nullptr);
}

/* Many sizes, freed in another order: none overlaps another, each keeps its bytes. */
static void allocations_keep_apart(void **)
{
    unsigned long long state = 7;
    unsigned char *p[40] = {};
    size_t n[40] = {};
    for (int step = 0; step < 600; step++) {
        state = state * 6364136223846793005ull + 1442695040888963407ull;
        size_t i = (size_t)(state >> 33) % 40;
        if (p[i]) {
            std::vector<unsigned char> here(n[i]);
            OK(cudaMemcpy(here.data(), p[i], n[i], cudaMemcpyDeviceToHost));
            for (unsigned char c : here) assert_int_equal(c, i);
            OK(cudaFree(p[i]));
            p[i] = nullptr;
            continue;
        }
        n[i] = 1 + (size_t)(state >> 20) % 9000;
        OK(cudaMalloc(&p[i], n[i]));
        assert_int_equal((uintptr_t)p[i] % 256, 0);
        OK(cudaMemset(p[i], (int)i, n[i]));
    }
    for (unsigned char *one : p) OK(cudaFree(one));
}

/* ---- copies ---- */

static void copies_check_their_ends(void **)
{
    array<char> device(100);
    std::vector<char> host(200, 'x');
    char *pinned = nullptr;
    OK(cudaMallocHost(&pinned, 100));
    OK(cudaMemcpy(device.p, host.data(), 100, cudaMemcpyDefault));
    OK(cudaMemcpy(pinned, device.p, 100, cudaMemcpyDefault));
    assert_int_equal(pinned[99], 'x');
    OK(cudaMemcpy(device.p + 50, device.p, 50, cudaMemcpyDeviceToDevice));
    OK(cudaMemcpy(host.data(), pinned, 100, cudaMemcpyHostToHost));
    FAILS(cudaErrorInvalidValue, cudaMemcpy(host.data(), host.data(), 100, cudaMemcpyHostToDevice));
    SAYS("cudaMemcpy: the destination is not memory of device 0");
    FAILS(cudaErrorInvalidMemcpyDirection, cudaMemcpy(device.p, device.p, 100, cudaMemcpyHostToDevice));
    SAYS("the source is device memory");
    FAILS(cudaErrorInvalidMemcpyDirection, cudaMemcpy(device.p, device.p, 100, cudaMemcpyDeviceToHost));
    FAILS(cudaErrorInvalidValue, cudaMemcpy(host.data(), host.data(), 100, cudaMemcpyDeviceToHost));
    FAILS(cudaErrorInvalidValue, cudaMemcpy(device.p, host.data(), 101, cudaMemcpyHostToDevice));
    SAYS("101 bytes leave their allocation");
    FAILS(cudaErrorInvalidValue, cudaMemcpy(host.data(), device.p + 1, 100, cudaMemcpyDeviceToHost));
    FAILS(cudaErrorInvalidValue, cudaMemcpy(device.p, nullptr, 1, cudaMemcpyHostToDevice));
    FAILS(cudaErrorInvalidMemcpyDirection, cudaMemcpy(device.p, host.data(), 1, (cudaMemcpyKind)7));
    FAILS(cudaErrorInvalidValue, cudaMemset(host.data(), 0, 1));
    FAILS(cudaErrorInvalidValue, cudaMemset(device.p + 99, 0, 2));
    OK(cudaMemcpy(device.p, host.data(), 0, cudaMemcpyHostToDevice));
    OK(cudaFreeHost(pinned));
    FAILS(cudaErrorInvalidValue, cudaFreeHost(host.data()));
    (void)cudaGetLastError();
}

static void copies_with_a_pitch(void **)
{
    array<char> device(std::vector<char>(60, '.'));
    char from[] = "abcdefgh", to[16] = "...............";
    OK(cudaMemcpy2DAsync(device.p, 20, from, 4, 3, 2, cudaMemcpyHostToDevice));
    OK(cudaMemcpy2DAsync(to, 5, device.p, 20, 4, 3, cudaMemcpyDeviceToHost));
    OK(cudaDeviceSynchronize());
    assert_memory_equal(to, "abc..efg.......", 15);
    FAILS(cudaErrorInvalidValue, cudaMemcpy2DAsync(device.p, 20, from, 4, 5, 2, cudaMemcpyHostToDevice));
    SAYS("rows wider than their pitch");
    FAILS(cudaErrorInvalidValue, cudaMemcpy2DAsync(device.p, 20, from, 4, 4, 4, cudaMemcpyHostToDevice));
    (void)cudaGetLastError();
}

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(host_access_faults),
        cmocka_unit_test(fresh_memory_is_poison),
        cmocka_unit_test(shared_memory_is_poison_in_every_block),
        cmocka_unit_test(a_new_layout_is_poison_without_guards),
        cmocka_unit_test(guards_wait_for_the_device),
        cmocka_unit_test(memory_runs_out_and_comes_back),
        cmocka_unit_test(allocations_keep_apart),
        cmocka_unit_test(copies_check_their_ends),
        cmocka_unit_test(copies_with_a_pitch),
    };
    machine_with("GNT_EMU_ORDER", nullptr);
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
