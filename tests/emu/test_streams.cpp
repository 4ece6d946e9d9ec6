/* Streams do nothing before somebody waits; what waits for what; events; captured graphs. */
#include "tests/emu/emu.h"

static void add(int *x, int v)
{
    *x += v;
}
static void times(int *x, int v)
{
    *x *= v;
}

static cudaStream_t new_stream(unsigned flags = cudaStreamNonBlocking)
{
    cudaStream_t stream = nullptr;
    OK(cudaStreamCreateWithFlags(&stream, flags));
    return stream;
}
static cudaEvent_t new_event(unsigned flags = cudaEventDefault)
{
    cudaEvent_t event = nullptr;
    OK(cudaEventCreateWithFlags(&event, flags));
    return event;
}
static int *pinned_int()
{
    int *p = nullptr;
    OK(cudaMallocHost(&p, sizeof *p));
    return p;
}

/* ---- laziness ---- */

static void a_result_read_too_early_is_missing(void **)
{
    array<int> x(std::vector<int>{20});
    int *result = pinned_int();
    cudaStream_t stream = new_stream();
    *result = -1;
    OK(launch(stream, add, 1, 1, 0, x.p, 1));
    OK(launch(stream, times, 1, 1, 0, x.p, 2));
    OK(cudaMemcpyAsync(result, x.p, sizeof *result, cudaMemcpyDeviceToHost, stream));
    assert_int_equal(*result, -1);
    OK(cudaStreamSynchronize(stream));
    assert_int_equal(*result, 42);
    OK(cudaStreamDestroy(stream));
    OK(cudaFreeHost(result));
}

/* Pinned memory is read when the copy runs; pageable memory when it is enqueued, as CUDA stages it. */
static void a_staging_buffer_used_too_early_shows(void **)
{
    array<int> x(2);
    int pageable = 5, *pinned = pinned_int();
    cudaStream_t stream = new_stream();
    *pinned = 5;
    OK(cudaMemcpyAsync(x.p, pinned, sizeof(int), cudaMemcpyHostToDevice, stream));
    OK(cudaMemcpyAsync(x.p + 1, &pageable, sizeof(int), cudaMemcpyHostToDevice, stream));
    *pinned = pageable = 6;
    OK(cudaStreamSynchronize(stream));
    assert_int_equal(x.get()[0], 6);
    assert_int_equal(x.get()[1], 5);
    OK(cudaStreamDestroy(stream));
    OK(cudaFreeHost(pinned));
}

static void who_asks_in_a_loop_gets_an_answer(void **)
{
    array<int> x(std::vector<int>{1});
    cudaStream_t stream = new_stream();
    cudaEvent_t event = new_event(cudaEventDisableTiming);
    OK(cudaEventQuery(event));
    for (int i = 0; i < 3; i++) OK(launch(stream, add, 1, 1, 0, x.p, 1));
    OK(cudaEventRecord(event, stream));
    OK(launch(stream, add, 1, 1, 0, x.p, 100));
    FAILS(cudaErrorNotReady, cudaEventQuery(event));
    int n_asked = 1;
    while (cudaEventQuery(event) == cudaErrorNotReady) n_asked++;
    assert_int_equal(n_asked, 4);
    assert_int_equal(x.get()[0], 4); /* cudaMemcpy doesn't wait for this stream */
    while (cudaStreamQuery(stream) == cudaErrorNotReady) n_asked++;
    assert_int_equal(n_asked, 5);
    assert_int_equal(x.get()[0], 104);
    OK(cudaGetLastError()); /* not being ready is no error to remember */
    OK(cudaEventDestroy(event));
    OK(cudaStreamDestroy(stream));
}

/* ---- order ---- */

static void streams_wait_for_events(void **)
{
    array<int> x(std::vector<int>{1});
    cudaStream_t first = new_stream(), second = new_stream();
    cudaEvent_t event = new_event();
    OK(launch(first, add, 1, 1, 0, x.p, 4));
    OK(cudaEventRecord(event, first));
    OK(launch(first, add, 1, 1, 0, x.p, 1000));
    OK(cudaStreamWaitEvent(second, event));
    OK(cudaEventRecord(event, first)); /* what waits already isn't touched by a new record */
    OK(launch(second, times, 1, 1, 0, x.p, 10));
    OK(cudaStreamSynchronize(second));
    assert_int_equal(x.get()[0], 50);
    OK(cudaEventSynchronize(event));
    assert_int_equal(x.get()[0], 1050);
    OK(cudaEventDestroy(event));
    OK(cudaStreamDestroy(first));
    OK(cudaStreamDestroy(second));
}

static void without_the_event_the_order_is_another(void **)
{
    array<int> x(std::vector<int>{1});
    cudaStream_t first = new_stream(), second = new_stream();
    OK(launch(first, add, 1, 1, 0, x.p, 4));
    OK(launch(second, times, 1, 1, 0, x.p, 10));
    OK(cudaStreamSynchronize(second));
    assert_int_equal(x.get()[0], 10);
    OK(cudaStreamDestroy(first));
    OK(cudaStreamDestroy(second));
}

static void the_null_stream_keeps_order_with_blocking_ones(void **)
{
    array<int> x(std::vector<int>{1});
    cudaStream_t blocking = new_stream(cudaStreamDefault), free_running = new_stream();
    OK(launch(blocking, add, 1, 1, 0, x.p, 1));
    OK(launch(free_running, add, 1, 1, 0, x.p, 1000));
    OK(launch(nullptr, times, 1, 1, 0, x.p, 10));
    OK(launch(blocking, add, 1, 1, 0, x.p, 3));
    OK(cudaStreamSynchronize(blocking));
    assert_int_equal(x.get()[0], 23);
    OK(cudaDeviceSynchronize());
    assert_int_equal(x.get()[0], 1023);
    OK(cudaStreamDestroy(blocking));
    OK(cudaStreamDestroy(free_running));
}

static void a_stream_ends_its_work_before_it_goes(void **)
{
    array<int> x(std::vector<int>{1});
    cudaStream_t stream = new_stream();
    cudaEvent_t event = new_event();
    OK(launch(stream, add, 1, 1, 0, x.p, 1));
    OK(cudaEventRecord(event, stream));
    OK(cudaStreamDestroy(stream));
    OK(cudaEventSynchronize(event));
    assert_int_equal(x.get()[0], 2);
    FAILS(cudaErrorInvalidResourceHandle, cudaStreamSynchronize(stream));
    FAILS(cudaErrorInvalidResourceHandle, cudaStreamDestroy(stream));
    FAILS(cudaErrorInvalidResourceHandle, launch(stream, add, 1, 1, 0, x.p, 1));
    OK(cudaEventDestroy(event));
    FAILS(cudaErrorInvalidResourceHandle, cudaEventRecord(event, nullptr));
    (void)cudaGetLastError();
}

static void events_measure(void **)
{
    array<int> x(std::vector<int>{1});
    cudaEvent_t begin = new_event(), end = new_event(), untimed = new_event(cudaEventDisableTiming);
    float ms = -1;
    FAILS(cudaErrorInvalidResourceHandle, cudaEventElapsedTime(&ms, begin, end)); /* never recorded */
    OK(cudaEventRecord(begin));
    OK(launch(nullptr, add, 1, 1, 0, x.p, 1));
    OK(cudaEventRecord(end));
    OK(cudaEventRecord(untimed));
    FAILS(cudaErrorNotReady, cudaEventElapsedTime(&ms, begin, end));
    OK(cudaEventSynchronize(end));
    OK(cudaEventElapsedTime(&ms, begin, end));
    assert_true(ms > 0 && ms < 10000);
    FAILS(cudaErrorInvalidResourceHandle, cudaEventElapsedTime(&ms, begin, untimed));
    for (cudaEvent_t e : {begin, end, untimed}) OK(cudaEventDestroy(e));
    (void)cudaGetLastError();
}

/* ---- graphs ---- */

static void a_graph_repeats_what_was_captured(void **)
{
    array<int> x(std::vector<int>{1});
    int *in = pinned_int(), *out = pinned_int();
    cudaStream_t stream = new_stream();
    cudaGraph_t graph = nullptr;
    cudaGraphExec_t exec = nullptr;
    cudaStreamCaptureStatus status;
    OK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
    OK(cudaMemcpyAsync(x.p, in, sizeof *in, cudaMemcpyHostToDevice, stream));
    OK(launch(stream, add, 1, 1, 0, x.p, 1));
    OK(launch(stream, times, 1, 1, 0, x.p, 3));
    OK(cudaMemcpyAsync(out, x.p, sizeof *out, cudaMemcpyDeviceToHost, stream));
    OK(cudaStreamIsCapturing(stream, &status));
    assert_int_equal(status, cudaStreamCaptureStatusActive);
    OK(cudaStreamEndCapture(stream, &graph));
    OK(cudaGraphInstantiate(&exec, graph));
    OK(cudaGraphDestroy(graph));
    OK(cudaStreamSynchronize(stream));
    assert_int_equal(x.get()[0], 1); /* capturing does nothing */
    for (int i = 0; i < 3; i++) {
        *in = i;
        OK(cudaGraphLaunch(exec, stream));
        OK(cudaStreamSynchronize(stream));
        assert_int_equal(*out, 3 * (i + 1));
    }
    OK(cudaGraphExecDestroy(exec));
    OK(cudaStreamDestroy(stream));
    OK(cudaFreeHost(in));
    OK(cudaFreeHost(out));
}

static void another_stream_joins_a_capture_by_an_event(void **)
{
    array<int> x(std::vector<int>{1});
    cudaStream_t main_stream = new_stream(), side = new_stream();
    cudaEvent_t fork_event = new_event(), join = new_event();
    cudaGraph_t graph = nullptr;
    cudaGraphExec_t exec = nullptr;
    OK(cudaStreamBeginCapture(main_stream, cudaStreamCaptureModeThreadLocal));
    OK(launch(main_stream, add, 1, 1, 0, x.p, 1));
    OK(cudaEventRecord(fork_event, main_stream));
    OK(cudaStreamWaitEvent(side, fork_event));
    OK(launch(side, times, 1, 1, 0, x.p, 5));
    OK(cudaEventRecord(join, side));
    OK(cudaStreamWaitEvent(main_stream, join));
    OK(launch(main_stream, add, 1, 1, 0, x.p, 7));
    OK(cudaStreamEndCapture(main_stream, &graph));
    OK(cudaGraphInstantiate(&exec, graph));
    OK(cudaGraphLaunch(exec, side));
    OK(cudaStreamSynchronize(side));
    assert_int_equal(x.get()[0], 17);
    OK(cudaGraphExecDestroy(exec));
    OK(cudaGraphDestroy(graph));
    for (cudaEvent_t e : {fork_event, join}) OK(cudaEventDestroy(e));
    for (cudaStream_t s : {main_stream, side}) OK(cudaStreamDestroy(s));
}

static void a_capture_forbids_waiting(void **)
{
    array<int> x(std::vector<int>{1});
    cudaStream_t stream = new_stream();
    cudaGraph_t graph = nullptr;
    void *more = nullptr;
    OK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
    FAILS(cudaErrorStreamCaptureUnsupported, cudaMalloc(&more, 16));
    FAILS(cudaErrorStreamCaptureUnsupported, cudaDeviceSynchronize());
    FAILS(cudaErrorStreamCaptureUnsupported, cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
    FAILS(cudaErrorStreamCaptureUnsupported, cudaStreamSynchronize(stream));
    FAILS(cudaErrorStreamCaptureInvalidated, cudaStreamEndCapture(stream, &graph));
    assert_null(graph);
    FAILS(cudaErrorIllegalState, cudaStreamEndCapture(stream, &graph));
    OK(launch(stream, add, 1, 1, 0, x.p, 1));
    OK(cudaStreamSynchronize(stream));
    assert_int_equal(x.get()[0], 2);
    OK(cudaStreamDestroy(stream));
    (void)cudaGetLastError();
}

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_result_read_too_early_is_missing),
        cmocka_unit_test(a_staging_buffer_used_too_early_shows),
        cmocka_unit_test(who_asks_in_a_loop_gets_an_answer),
        cmocka_unit_test(streams_wait_for_events),
        cmocka_unit_test(without_the_event_the_order_is_another),
        cmocka_unit_test(the_null_stream_keeps_order_with_blocking_ones),
        cmocka_unit_test(a_stream_ends_its_work_before_it_goes),
        cmocka_unit_test(events_measure),
        cmocka_unit_test(a_graph_repeats_what_was_captured),
        cmocka_unit_test(another_stream_joins_a_capture_by_an_event),
        cmocka_unit_test(a_capture_forbids_waiting),
    };
    machine_with("GNT_EMU_ORDER", nullptr);
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
