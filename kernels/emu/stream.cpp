/* stream.cpp: what stream.h promises. */
#include "kernels/emu/machine.h"

static gnt_emu::work waiting_for(const std::shared_ptr<CUstream_st> &stream)
{
    std::weak_ptr<CUstream_st> other = stream;
    return [other, turn = stream->n_queued](gnt_emu::device &) {
        std::shared_ptr<CUstream_st> s = other.lock();
        return s ? s->run_until(turn) : cudaSuccess; /* a stream that is gone has done its work */
    };
}

void CUstream_st::add(gnt_emu::work w)
{
    if (into) {
        into->list.push_back(std::move(w));
        return;
    }
    if (this == dev->null_stream.get()) {
        for (const auto &other : dev->streams)
            if (other->blocking && other->n_done < other->n_queued) {
                queue.push_back(waiting_for(other));
                n_queued++;
            }
    } else if (blocking && dev->null_stream->n_done < dev->null_stream->n_queued) {
        queue.push_back(waiting_for(dev->null_stream));
        n_queued++;
    }
    queue.push_back(std::move(w));
    n_queued++;
}

cudaError_t CUstream_st::run_until(uint64_t turn)
{
    if (n_done >= turn) return dev->sticky;
    gnt_emu::open_memory window(dev->mem);
    while (n_done < turn && dev->sticky == cudaSuccess) {
        gnt_emu::work next = std::move(queue.front());
        queue.pop_front();
        n_done++;
        cudaError_t error = next(*dev);
        if (error != cudaSuccess && dev->sticky == cudaSuccess) dev->sticky = error;
    }
    return dev->sticky;
}
