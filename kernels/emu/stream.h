/* Streams, events and captured graphs: queues of work that nobody does before somebody waits.
 *
 * A real device may have done enqueued work or not; here it is done as late as the API allows, so that a result read,
 * or a buffer used again, without waiting shows as wrong numbers. */
#ifndef GNT_EMU_STREAM_H
#define GNT_EMU_STREAM_H

#include <cuda_runtime.h>

#include <deque>
#include <functional>
#include <memory>
#include <vector>

namespace gnt_emu
{

struct device;

/* Done on its device, which is locked and whose memory is open. */
typedef std::function<cudaError_t(device &)> work;

struct capture {
    std::vector<work> list;
    bool invalid = false;
};

/* The latest record of an event: done when its stream has come past `turn`. */
struct moment {
    std::weak_ptr<CUstream_st> stream;
    uint64_t turn = 0;
    std::weak_ptr<capture> inside; /* recorded into a graph */
    bool done = true;
    double seconds = 0;
};

} // namespace gnt_emu

struct CUstream_st : std::enable_shared_from_this<CUstream_st> {
    gnt_emu::device *dev;
    bool blocking; /* keeps the order with the null stream */
    uint64_t n_queued = 0, n_done = 0;
    std::deque<gnt_emu::work> queue;
    std::shared_ptr<gnt_emu::capture> into;

    CUstream_st(gnt_emu::device *d, bool b) : dev(d), blocking(b)
    {
    }
    /* Adds to the queue, or to the graph that is being captured. */
    void add(gnt_emu::work w);
    /* Does the work up to the turn-th ever queued. */
    cudaError_t run_until(uint64_t turn);
    cudaError_t run()
    {
        return run_until(n_queued);
    }
};

struct CUevent_st {
    gnt_emu::device *dev;
    bool timed;
    std::shared_ptr<gnt_emu::moment> last;
};

struct CUgraph_st {
    std::vector<gnt_emu::work> list;
};
struct CUgraphExec_st {
    std::vector<gnt_emu::work> list;
};

#endif
