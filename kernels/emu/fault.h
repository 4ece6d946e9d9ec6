/* Faults a run can ask for: GNT_EMU_FAULT is one of
 *
 *   malloc:K   the K-th cudaMalloc finds no memory
 *   pinned:K   the K-th cudaMallocHost or cudaHostAlloc finds none
 *   launch:K   the K-th kernel fails when it runs: cudaErrorLaunchFailure, found by whoever waits for it
 *   copy:K     the K-th copy or fill meets cudaErrorECCUncorrectable
 *   lost:K     the device is gone from the K-th call on: cudaErrorDevicesUnavailable
 *   nodriver   cudaErrorInsufficientDriver
 *   nodevice   cudaErrorNoDevice
 *
 * K counts from 1. Errors of launch, copy and lost stick until cudaDeviceReset. */
#ifndef GNT_EMU_FAULT_H
#define GNT_EMU_FAULT_H

#include <stdint.h>

#include <atomic>

namespace gnt_emu
{

enum class fault_kind : uint8_t { none, malloc, pinned, launch, copy, lost, nodriver, nodevice };

/* False: the text is none of the above. */
bool fault_parse(const char *text, fault_kind *kind, uint64_t *at);

/* Counts, over all devices, until it is time. */
class faults
{
  public:
    void plan(fault_kind kind_, uint64_t at_)
    {
        kind = kind_;
        left = at_;
    }
    /* True when this occasion is the one that fails. */
    bool now(fault_kind occasion)
    {
        return occasion == kind && left.fetch_sub(1) == 1;
    }

  private:
    fault_kind kind = fault_kind::none;
    std::atomic<uint64_t> left{0};
};

} // namespace gnt_emu

#endif
