/* The emulated machine: its devices, what the environment says of them, and the faults it is told to have.
 *
 *   GNT_EMU_DEVICES   how many (1)          GNT_EMU_SMS     multiprocessors of each (4)
 *   GNT_EMU_MEMORY    bytes of each (1 GiB) GNT_EMU_ORDER   forward, reverse, ahead or shuffle:SEED
 *   GNT_EMU_VERBOSE   errors to stderr      GNT_EMU_FAULT   see fault.h
 *
 * The environment is read at the first call, and again by cudaGetDeviceCount while nothing is open: a changed one is a
 * new machine. The runtime API has one state a process, so there is one machine; each device has a mutex of its own. */
#ifndef GNT_EMU_MACHINE_H
#define GNT_EMU_MACHINE_H

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "kernels/emu/block.h"
#include "kernels/emu/fault.h"
#include "kernels/emu/memory.h"
#include "kernels/emu/stream.h"

namespace gnt_emu
{

struct settings {
    order turns;
    unsigned n_devices = 1, n_sms = 4;
    size_t memory_bytes = (size_t)1 << 30;
    fault_kind fault = fault_kind::none;
    uint64_t fault_at = 0;
    bool verbose = false;
};

struct device {
    device(int number, const settings &s, faults *f);

    int number;
    const settings &set;
    faults *broken;
    std::mutex mutex;
    memory mem;
    block runner;
    uint64_t n_launches = 0;
    std::shared_ptr<CUstream_st> null_stream;
    std::vector<std::shared_ptr<CUstream_st>> streams;
    std::set<cudaEvent_t> events;
    std::set<cudaGraph_t> graphs;
    std::set<cudaGraphExec_t> execs;
    std::map<const void *, int> shared_limit; /* of kernels that asked for more than 48 KiB */
    cudaError_t sticky = cudaSuccess;
    char text[512] = "";

    /* An error of this call, or one that stays; both keep the sentence and return the error. */
    cudaError_t refuse(cudaError_t error, const char *format, ...) __attribute__((format(printf, 3, 4)));
    cudaError_t stick(cudaError_t error, const char *format, ...) __attribute__((format(printf, 3, 4)));
    cudaStream_t find(cudaStream_t stream) const; /* NULL: not one of this device's */
    bool idle() const;
    bool capturing() const;
    void drain(); /* runs all that is queued */
    void reset();
};

class machine
{
  public:
    static machine &get();
    cudaError_t count(int *n);
    device *at(int number); /* NULL: there is none, or no machine: error() */
    cudaError_t error() const
    {
        return bad;
    }
    const char *text() const
    {
        return why.c_str();
    }

    std::mutex mutex; /* of pinned */
    std::map<char *, size_t> pinned;
    faults broken;

    bool is_pinned(const void *p, size_t n);

  private:
    machine();
    void build();
    void add_devices();
    bool idle();
    settings set;
    std::vector<std::string> environment; /* as last read */
    std::vector<std::unique_ptr<device>> devices;
    cudaError_t bad = cudaSuccess;
    std::string why;
};

/* One call of the API: the current device, locked. error is set when the call must not go on. */
class entry
{
  public:
    entry();
    device *dev;
    cudaError_t error;
    /* The call's result, which cudaGetLastError remembers. */
    cudaError_t end(cudaError_t result);

  private:
    std::unique_lock<std::mutex> lock;
};

/* Of this thread of the host. */
int current_device();
void set_current_device(int number);
cudaError_t last_error(bool forget);
cudaError_t remember(cudaError_t error);

} // namespace gnt_emu

#endif
