/* Devices and what the environment makes of them: figures, limits of a launch, injected faults, several devices at
 * once. */
#include "tests/emu/emu.h"

#include <thread>

static void add(int *x, int v)
{
    atomicAdd(x, v);
}
static void shared_probe(unsigned *out, unsigned bytes)
{
    unsigned char *s = static_cast<unsigned char *>(gnt_emu_shared());
    s[bytes - 1] = 1;
    *out = bytes;
}

/* ---- figures and limits ---- */

static void devices_say_what_they_are(void **)
{
    int n = 0, number = -1, value = 0, version = 0;
    cudaDeviceProp prop;
    machine_with("GNT_EMU_DEVICES", "3");
    OK(cudaGetDeviceCount(&n));
    assert_int_equal(n, 3);
    OK(cudaSetDevice(2));
    OK(cudaGetDevice(&number));
    assert_int_equal(number, 2);
    FAILS(cudaErrorInvalidDevice, cudaSetDevice(3));
    FAILS(cudaErrorInvalidDevice, cudaSetDevice(-1));
    machine_with("GNT_EMU_SMS", "132");
    OK(cudaGetDeviceProperties(&prop, 0));
    assert_string_equal(prop.name, "emulated device");
    assert_int_equal(prop.multiProcessorCount, 132);
    assert_int_equal(prop.sharedMemPerBlockOptin, 227 * 1024);
    assert_int_equal(prop.totalGlobalMem, 1 << 30);
    FAILS(cudaErrorInvalidDevice, cudaGetDeviceProperties(&prop, 1));
    OK(cudaDeviceGetAttribute(&value, cudaDevAttrMultiProcessorCount, 0));
    assert_int_equal(value, 132);
    FAILS(cudaErrorInvalidValue, cudaDeviceGetAttribute(&value, (cudaDeviceAttr)9999, 0));
    OK(cudaDriverGetVersion(&version));
    assert_true(version >= 13000);
    assert_string_equal(cudaGetErrorName(cudaErrorMemoryAllocation), "cudaErrorMemoryAllocation");
    assert_string_equal(cudaGetErrorString(cudaErrorMemoryAllocation), "out of memory");
    (void)cudaGetLastError();
}

static void launches_keep_to_the_limits(void **)
{
    machine_with("GNT_EMU_ORDER", nullptr);
    array<int> x(std::vector<int>{0});
    const dim3 blocks[] = {{0, 1, 1}, {1025, 1, 1}, {32, 32, 2}, {1, 1, 65}};
    const dim3 grids[] = {{0, 1, 1}, {1, 65536, 1}, {1, 1, 65536}};
    for (const dim3 &b : blocks) FAILS(cudaErrorInvalidConfiguration, launch(nullptr, add, 1, b, 0, x.p, 1));
    for (const dim3 &g : grids) FAILS(cudaErrorInvalidConfiguration, launch(nullptr, add, g, 1, 0, x.p, 1));
    SAYS("add: a grid of 1 x 1 x 65536 blocks");
    OK(launch(nullptr, add, 1, 1024, 0, x.p, 1));
    assert_int_equal(x.get()[0], 1024);
    (void)cudaGetLastError();
}

static void shared_memory_must_be_asked_for(void **)
{
    array<unsigned> out(1);
    const void *kernel = reinterpret_cast<const void *>(shared_probe);
    int n_blocks = 0;
    cudaFuncAttributes about;
    OK(launch(nullptr, shared_probe, 1, 1, 48 << 10, out.p, 48u << 10));
    FAILS(cudaErrorInvalidValue, launch(nullptr, shared_probe, 1, 1, (48 << 10) + 1, out.p, 1u));
    SAYS("shared_probe: 49153 bytes of shared memory, but a block of it may have 49152");
    OK(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&n_blocks, kernel, 256, 60000));
    assert_int_equal(n_blocks, 0);
    FAILS(cudaErrorInvalidValue,
          cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, (227 << 10) + 1));
    OK(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, 227 << 10));
    OK(launch(nullptr, shared_probe, 1, 1, 227 << 10, out.p, 227u << 10));
    assert_int_equal(out.get()[0], 227 << 10);
    OK(cudaFuncGetAttributes(&about, kernel));
    assert_int_equal(about.maxDynamicSharedSizeBytes, 227 << 10);
    OK(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&n_blocks, kernel, 256, 60000));
    assert_int_equal(n_blocks, 3);
    (void)cudaGetLastError();
}

/* ---- a bad environment ---- */

static void a_bad_environment_is_an_error(void **)
{
    static const struct {
        const char *name, *value;
    } bad[] = {{"GNT_EMU_ORDER", "sideways"}, {"GNT_EMU_ORDER", "shuffle:"},   {"GNT_EMU_ORDER", "shuffle:1x"},
               {"GNT_EMU_DEVICES", "0"},      {"GNT_EMU_DEVICES", "17"},       {"GNT_EMU_SMS", "-4"},
               {"GNT_EMU_MEMORY", "1G"},      {"GNT_EMU_MEMORY", "1e99"},      {"GNT_EMU_FAULT", "malloc"},
               {"GNT_EMU_FAULT", "malloc:0"}, {"GNT_EMU_FAULT", "nodriver:1"}, {"GNT_EMU_FAULT", "fire:1"}};
    for (const auto &b : bad) {
        int n = -1;
        void *p = nullptr;
        machine_with(b.name, b.value);
        FAILS(cudaErrorInvalidValue, cudaGetDeviceCount(&n));
        assert_int_equal(n, 0);
        SAYS(b.name);
        SAYS(b.value);
        FAILS(cudaErrorInvalidValue, cudaMalloc(&p, 16));
    }
    machine_with("GNT_EMU_ORDER", nullptr);
    (void)cudaGetLastError();
}

/* ---- injected faults ---- */

static void no_driver_and_no_device(void **)
{
    int n = -1, version = -1;
    machine_with("GNT_EMU_FAULT", "nodriver");
    FAILS(cudaErrorInsufficientDriver, cudaGetDeviceCount(&n));
    FAILS(cudaErrorInsufficientDriver, cudaSetDevice(0));
    OK(cudaDriverGetVersion(&version));
    assert_int_equal(version, 0);
    machine_with("GNT_EMU_FAULT", "nodevice");
    FAILS(cudaErrorNoDevice, cudaGetDeviceCount(&n));
    FAILS(cudaErrorNoDevice, cudaDeviceSynchronize());
    machine_with("GNT_EMU_FAULT", nullptr);
    OK(cudaGetDeviceCount(&n));
    assert_int_equal(n, 1);
    (void)cudaGetLastError();
}

static void the_kth_allocation_fails_and_nothing_else(void **)
{
    machine_with("GNT_EMU_FAULT", "malloc:2");
    void *p[3] = {};
    OK(cudaMalloc(&p[0], 16));
    FAILS(cudaErrorMemoryAllocation, cudaMalloc(&p[1], 16));
    assert_null(p[1]);
    OK(cudaMalloc(&p[2], 16));
    OK(cudaDeviceSynchronize());
    for (void *one : p) OK(cudaFree(one));
    (void)cudaGetLastError();
    machine_with("GNT_EMU_FAULT", "pinned:1");
    FAILS(cudaErrorMemoryAllocation, cudaMallocHost(&p[0], 16));
    OK(cudaMallocHost(&p[0], 16));
    OK(cudaFreeHost(p[0]));
    (void)cudaGetLastError();
}

/* Found by whoever waits, sticks, and what was given out can be given back. */
static void a_launch_failure_sticks(void **)
{
    machine_with("GNT_EMU_FAULT", "launch:3");
    int *x = nullptr, here = 0;
    cudaStream_t stream = nullptr;
    OK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    OK(cudaMalloc(&x, sizeof *x));
    OK(cudaMemsetAsync(x, 0, sizeof *x, stream));
    for (int i = 0; i < 4; i++) OK(launch(stream, add, 1, 1, 0, x, 1));
    FAILS(cudaErrorLaunchFailure, cudaStreamSynchronize(stream));
    assert_string_equal(gnt_emu_error_text(), "");
    FAILS(cudaErrorLaunchFailure, launch(stream, add, 1, 1, 0, x, 1));
    FAILS(cudaErrorLaunchFailure, cudaMemcpy(&here, x, sizeof here, cudaMemcpyDeviceToHost));
    FAILS(cudaErrorLaunchFailure, cudaPeekAtLastError());
    FAILS(cudaErrorLaunchFailure, cudaSetDevice(0));
    FAILS(cudaErrorLaunchFailure, cudaFree(x));
    FAILS(cudaErrorLaunchFailure, cudaStreamDestroy(stream));
    OK(cudaDeviceReset());
    {
        array<int> again(std::vector<int>{1});
        OK(launch(nullptr, add, 1, 1, 0, again.p, 1));
        assert_int_equal(again.get()[0], 2);
    }
}

static void a_failed_copy_and_a_lost_device_stick(void **)
{
    machine_with("GNT_EMU_FAULT", "copy:2");
    int *x = nullptr, here = 0;
    OK(cudaMalloc(&x, sizeof *x));
    OK(cudaMemcpy(x, &here, sizeof here, cudaMemcpyHostToDevice));
    FAILS(cudaErrorECCUncorrectable, cudaMemcpy(x, &here, sizeof here, cudaMemcpyHostToDevice));
    FAILS(cudaErrorECCUncorrectable, cudaDeviceSynchronize());
    OK(cudaDeviceReset());
    machine_with("GNT_EMU_FAULT", "lost:20");
    int n_calls = 0;
    while (cudaDeviceSynchronize() == cudaSuccess && n_calls < 100) n_calls++;
    assert_true(n_calls > 10 && n_calls < 20);
    FAILS(cudaErrorDevicesUnavailable, cudaMalloc(&x, 16));
    OK(cudaDeviceReset());
    OK(cudaDeviceSynchronize());
}

/* An open device keeps its machine; the environment is read again only when all is closed. */
static void a_new_environment_waits_until_all_is_closed(void **)
{
    machine_with("GNT_EMU_SMS", "5");
    cudaDeviceProp prop;
    int n = 0;
    {
        array<int> x(1);
        setenv("GNT_EMU_SMS", "6", 1);
        OK(cudaGetDeviceCount(&n));
        OK(cudaGetDeviceProperties(&prop, 0));
        assert_int_equal(prop.multiProcessorCount, 5);
    }
    OK(cudaGetDeviceCount(&n));
    OK(cudaGetDeviceProperties(&prop, 0));
    assert_int_equal(prop.multiProcessorCount, 6);
}

/* ---- several devices ---- */

static void devices_keep_apart(void **)
{
    machine_with("GNT_EMU_DEVICES", "2");
    cudaStream_t stream[2];
    int *x[2], here = 0;
    for (int d = 0; d < 2; d++) {
        OK(cudaSetDevice(d));
        OK(cudaStreamCreateWithFlags(&stream[d], cudaStreamNonBlocking));
        OK(cudaMalloc(&x[d], sizeof *x[d]));
    }
    FAILS(cudaErrorInvalidResourceHandle, launch(stream[0], add, 1, 1, 0, x[1], 1));
    FAILS(cudaErrorInvalidValue, cudaMemcpy(x[0], &here, sizeof here, cudaMemcpyHostToDevice));
    FAILS(cudaErrorIllegalAddress, launch(stream[1], add, 1, 1, 0, x[0], 1));
    SAYS("is not memory of device 1");
    OK(cudaSetDevice(0)); /* the other one's error is not this one's */
    OK(cudaDeviceSynchronize());
    for (int d = 0; d < 2; d++) {
        (void)cudaSetDevice(d);
        OK(cudaDeviceReset());
    }
    OK(cudaSetDevice(0));
    (void)cudaGetLastError();
}

/* Every host thread has a device of its own, or shares the first. */
static void host_threads_work_at_once(void **)
{
    machine_with("GNT_EMU_DEVICES", "3");
    int sum[6] = {};
    std::vector<std::thread> hosts;
    for (int h = 0; h < 6; h++)
        hosts.emplace_back([h, &sum] {
            int *x = nullptr;
            cudaStream_t stream = nullptr;
            (void)cudaSetDevice(h < 3 ? h : 0);
            (void)cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
            (void)cudaMalloc(&x, sizeof *x);
            (void)cudaMemsetAsync(x, 0, sizeof *x, stream);
            for (int i = 0; i < 20; i++) {
                (void)launch(stream, add, 2, 64, 0, x, h);
                (void)cudaStreamSynchronize(stream);
            }
            (void)cudaMemcpyAsync(&sum[h], x, sizeof sum[h], cudaMemcpyDeviceToHost, stream);
            (void)cudaStreamSynchronize(stream);
            (void)cudaFree(x);
            (void)cudaStreamDestroy(stream);
        });
    for (std::thread &host : hosts) host.join();
    for (int h = 0; h < 6; h++) assert_int_equal(sum[h], h * 20 * 128);
}

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(devices_say_what_they_are),
        cmocka_unit_test(launches_keep_to_the_limits),
        cmocka_unit_test(shared_memory_must_be_asked_for),
        cmocka_unit_test(a_bad_environment_is_an_error),
        cmocka_unit_test(no_driver_and_no_device),
        cmocka_unit_test(the_kth_allocation_fails_and_nothing_else),
        cmocka_unit_test(a_launch_failure_sticks),
        cmocka_unit_test(a_failed_copy_and_a_lost_device_stick),
        cmocka_unit_test(a_new_environment_waits_until_all_is_closed),
        cmocka_unit_test(devices_keep_apart),
        cmocka_unit_test(host_threads_work_at_once),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
