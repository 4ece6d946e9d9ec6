/* api_stream.cpp: the API's calls about streams, events and graphs. */
#include "kernels/emu/machine.h"

#include <time.h>

#include <algorithm>

using gnt_emu::device;
using gnt_emu::entry;
using gnt_emu::moment;

static double now_seconds()
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The stream of a call, or NULL and the call's error set. */
static cudaStream_t stream_of(entry *call, cudaStream_t stream)
{
    if (call->error != cudaSuccess) return nullptr;
    stream = call->dev->find(stream);
    if (!stream) call->error = call->dev->refuse(cudaErrorInvalidResourceHandle, "no such stream on this device");
    return stream;
}

static bool event_of(entry *call, cudaEvent_t event)
{
    if (call->error != cudaSuccess) return false;
    if (call->dev->events.count(event)) return true;
    call->error = call->dev->refuse(cudaErrorInvalidResourceHandle, "no such event on this device");
    return false;
}

/* ---- streams ---- */

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned flags)
{
    entry call;
    *stream = nullptr;
    if (call.error != cudaSuccess) return call.end(call.error);
    call.dev->streams.push_back(std::make_shared<CUstream_st>(call.dev, flags != cudaStreamNonBlocking));
    *stream = call.dev->streams.back().get();
    return call.end(cudaSuccess);
}

cudaError_t cudaStreamCreate(cudaStream_t *stream)
{
    return cudaStreamCreateWithFlags(stream, cudaStreamDefault);
}

cudaError_t cudaStreamDestroy(cudaStream_t stream)
{
    entry call;
    if (!call.dev) return call.end(call.error);
    auto &all = call.dev->streams;
    auto found = std::find_if(all.begin(), all.end(), [stream](const auto &s) { return s.get() == stream; });
    if (found == all.end()) return call.end(cudaErrorInvalidResourceHandle);
    (void)stream->run();
    all.erase(found);
    return call.end(call.error);
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream)
{
    entry call;
    stream = stream_of(&call, stream);
    if (!stream) return call.end(call.error);
    if (stream->into) {
        stream->into->invalid = true;
        return call.end(cudaErrorStreamCaptureUnsupported);
    }
    return call.end(stream->run());
}

/* Every question lets one piece of work be done, so that who asks in a loop gets his answer. */
cudaError_t cudaStreamQuery(cudaStream_t stream)
{
    entry call;
    stream = stream_of(&call, stream);
    if (!stream) return call.end(call.error);
    if (stream->n_done == stream->n_queued) return call.end(cudaSuccess);
    cudaError_t error = stream->run_until(stream->n_done + 1);
    return call.end(error != cudaSuccess ? error : cudaErrorNotReady);
}

/* ---- events ---- */

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned flags)
{
    entry call;
    *event = nullptr;
    if (call.error != cudaSuccess) return call.end(call.error);
    *event = new CUevent_st{call.dev, !(flags & cudaEventDisableTiming), std::make_shared<moment>()};
    call.dev->events.insert(*event);
    return call.end(cudaSuccess);
}

cudaError_t cudaEventCreate(cudaEvent_t *event)
{
    return cudaEventCreateWithFlags(event, cudaEventDefault);
}

cudaError_t cudaEventDestroy(cudaEvent_t event)
{
    entry call;
    if (!call.dev) return call.end(call.error);
    if (call.dev->events.erase(event) == 0) return call.end(cudaErrorInvalidResourceHandle);
    delete event;
    return call.end(call.error);
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream)
{
    entry call;
    stream = stream_of(&call, stream);
    if (!stream || !event_of(&call, event)) return call.end(call.error);
    auto m = std::make_shared<moment>();
    m->stream = stream->shared_from_this();
    m->inside = stream->into;
    m->done = false;
    stream->add([m](device &) {
        m->done = true;
        m->seconds = now_seconds();
        return cudaSuccess;
    });
    m->turn = stream->n_queued;
    event->last = m;
    return call.end(cudaSuccess);
}

static cudaError_t run_until(const moment &m)
{
    std::shared_ptr<CUstream_st> stream = m.stream.lock();
    return m.done || !stream ? cudaSuccess : stream->run_until(m.turn);
}

cudaError_t cudaEventSynchronize(cudaEvent_t event)
{
    entry call;
    if (!event_of(&call, event)) return call.end(call.error);
    if (event->last->inside.lock()) return call.end(cudaErrorStreamCaptureUnsupported);
    return call.end(run_until(*event->last));
}

cudaError_t cudaEventQuery(cudaEvent_t event)
{
    entry call;
    if (!event_of(&call, event)) return call.end(call.error);
    std::shared_ptr<CUstream_st> stream = event->last->stream.lock();
    if (event->last->done || !stream) return call.end(cudaSuccess);
    cudaError_t error = stream->run_until(std::min(event->last->turn, stream->n_done + 1));
    return call.end(error != cudaSuccess ? error : cudaErrorNotReady);
}

static bool never_recorded(const CUevent_st &event)
{
    return event.last->done && event.last->seconds == 0;
}

/* Seconds of the host, for a program's bookkeeping: nothing about a GPU's speed. */
cudaError_t cudaEventElapsedTime(float *ms, cudaEvent_t begin, cudaEvent_t end)
{
    entry call;
    *ms = 0;
    if (!event_of(&call, begin) || !event_of(&call, end)) return call.end(call.error);
    bool timed = begin->timed && end->timed;
    if (!timed || never_recorded(*begin) || never_recorded(*end)) return call.end(cudaErrorInvalidResourceHandle);
    if (!begin->last->done || !end->last->done) return call.end(cudaErrorNotReady);
    *ms = (float)(1e3 * (end->last->seconds - begin->last->seconds));
    return call.end(cudaSuccess);
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned)
{
    entry call;
    stream = stream_of(&call, stream);
    if (!stream || !event_of(&call, event)) return call.end(call.error);
    std::shared_ptr<moment> m = event->last;
    std::shared_ptr<gnt_emu::capture> inside = m->inside.lock();
    if (inside) {
        stream->into = inside; /* the stream joins the capture: one list is one order that keeps all waits */
        return call.end(cudaSuccess);
    }
    if (!m->done) stream->add([m](device &) { return run_until(*m); });
    return call.end(cudaSuccess);
}

/* ---- graphs ---- */

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode)
{
    entry call;
    cudaStream_t s = stream_of(&call, stream);
    if (!s) return call.end(call.error);
    if (!stream || s->into) return call.end(cudaErrorStreamCaptureUnsupported);
    s->into = std::make_shared<gnt_emu::capture>();
    return call.end(cudaSuccess);
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph)
{
    entry call;
    *graph = nullptr;
    stream = stream_of(&call, stream);
    if (!stream) return call.end(call.error);
    std::shared_ptr<gnt_emu::capture> c = stream->into;
    if (!c) return call.end(cudaErrorIllegalState);
    for (const auto &s : call.dev->streams)
        if (s->into == c) s->into = nullptr;
    if (c->invalid) return call.end(cudaErrorStreamCaptureInvalidated);
    *graph = new CUgraph_st{std::move(c->list)};
    call.dev->graphs.insert(*graph);
    return call.end(cudaSuccess);
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus *status)
{
    entry call;
    stream = stream_of(&call, stream);
    *status = cudaStreamCaptureStatusNone;
    if (stream && stream->into)
        *status = stream->into->invalid ? cudaStreamCaptureStatusInvalidated : cudaStreamCaptureStatusActive;
    return call.end(call.error);
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *exec, cudaGraph_t graph, unsigned long long)
{
    entry call;
    *exec = nullptr;
    if (call.error != cudaSuccess) return call.end(call.error);
    if (!call.dev->graphs.count(graph)) return call.end(cudaErrorInvalidValue);
    *exec = new CUgraphExec_st{graph->list};
    call.dev->execs.insert(*exec);
    return call.end(cudaSuccess);
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream)
{
    entry call;
    stream = stream_of(&call, stream);
    if (!stream) return call.end(call.error);
    if (!call.dev->execs.count(exec)) return call.end(cudaErrorInvalidValue);
    for (const gnt_emu::work &w : exec->list) stream->add(w);
    return call.end(cudaSuccess);
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph)
{
    entry call;
    if (!call.dev) return call.end(call.error);
    if (call.dev->graphs.erase(graph) == 0) return call.end(cudaErrorInvalidValue);
    delete graph;
    return call.end(call.error);
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec)
{
    entry call;
    if (!call.dev) return call.end(call.error);
    if (call.dev->execs.erase(exec) == 0) return call.end(cudaErrorInvalidValue);
    call.dev->drain(); /* its work may still be queued */
    delete exec;
    return call.end(call.error);
}
