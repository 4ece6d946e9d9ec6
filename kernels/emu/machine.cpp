/* machine.cpp: what machine.h promises. */
#include "kernels/emu/machine.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

namespace gnt_emu
{

static const char *const variables[] = {"GNT_EMU_DEVICES", "GNT_EMU_SMS",   "GNT_EMU_MEMORY",
                                        "GNT_EMU_ORDER",   "GNT_EMU_FAULT", "GNT_EMU_VERBOSE"};
enum { DEVICES, SMS, MEMORY, ORDER, FAULT, VERBOSE, N_VARIABLES };
static const unsigned max_devices = 16, max_sms = 1024;

static __thread int current;
static __thread cudaError_t last;

int current_device()
{
    return current;
}

void set_current_device(int number)
{
    current = number;
}

cudaError_t last_error(bool forget)
{
    cudaError_t error = last;
    if (forget) last = cudaSuccess;
    return error;
}

cudaError_t remember(cudaError_t error)
{
    if (error != cudaSuccess && error != cudaErrorNotReady) last = error;
    return error;
}

/* ---- a device ---- */

device::device(int number_, const settings &s, faults *f)
    : number(number_), set(s), broken(f), null_stream(std::make_shared<CUstream_st>(this, true))
{
}

static void keep(device *dev, const char *format, va_list args)
{
    vsnprintf(dev->text, sizeof dev->text, format, args);
    if (dev->set.verbose && dev->text[0]) fprintf(stderr, "emulated device %d: %s\n", dev->number, dev->text);
}

cudaError_t device::refuse(cudaError_t error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    keep(this, format, args);
    va_end(args);
    return error;
}

cudaError_t device::stick(cudaError_t error, const char *format, ...)
{
    if (sticky != cudaSuccess) return sticky;
    va_list args;
    va_start(args, format);
    keep(this, format, args);
    va_end(args);
    return sticky = error;
}

cudaStream_t device::find(cudaStream_t stream) const
{
    if (!stream) return null_stream.get();
    for (const auto &s : streams)
        if (s.get() == stream) return stream;
    return nullptr;
}

bool device::idle() const
{
    return mem.idle() && streams.empty() && events.empty() && graphs.empty() && execs.empty();
}

bool device::capturing() const
{
    for (const auto &s : streams)
        if (s->into) return true;
    return false;
}

void device::drain()
{
    (void)null_stream->run();
    for (const auto &s : streams) (void)s->run();
}

void device::reset()
{
    null_stream = std::make_shared<CUstream_st>(this, true);
    streams.clear();
    for (cudaEvent_t e : events) delete e;
    for (cudaGraph_t g : graphs) delete g;
    for (cudaGraphExec_t e : execs) delete e;
    events.clear();
    graphs.clear();
    execs.clear();
    shared_limit.clear();
    mem.release_all();
    sticky = cudaSuccess;
    text[0] = 0;
}

/* ---- the machine ---- */

machine &machine::get()
{
    static machine only;
    return only;
}

machine::machine()
{
    build();
}

/* A whole number from 1 to most, or what it is already when the variable is empty. */
template <typename T> static bool number(const std::string &text, uint64_t most, T *value)
{
    char *end = nullptr;
    if (text.empty()) return true;
    uint64_t n = text[0] >= '0' && text[0] <= '9' ? strtoull(text.c_str(), &end, 10) : 0;
    if (n < 1 || n > most || *end) return false;
    *value = (T)n;
    return true;
}

static std::vector<std::string> read_environment()
{
    std::vector<std::string> all;
    for (const char *name : variables) all.push_back(getenv(name) ? getenv(name) : "");
    return all;
}

void machine::build()
{
    int wrong = -1;
    environment = read_environment();
    set = settings();
    set.verbose = !environment[VERBOSE].empty();
    if (!number(environment[DEVICES], max_devices, &set.n_devices)) wrong = DEVICES;
    if (!number(environment[SMS], max_sms, &set.n_sms)) wrong = SMS;
    if (!number(environment[MEMORY], (uint64_t)1 << 46, &set.memory_bytes)) wrong = MEMORY;
    if (!environment[ORDER].empty() && !set.turns.parse(environment[ORDER].c_str())) wrong = ORDER;
    if (!fault_parse(environment[FAULT].c_str(), &set.fault, &set.fault_at)) wrong = FAULT;
    broken.plan(set.fault, set.fault_at);
    devices.clear();
    why.clear();
    bad = set.fault == fault_kind::nodriver   ? cudaErrorInsufficientDriver
          : set.fault == fault_kind::nodevice ? cudaErrorNoDevice
                                              : cudaSuccess;
    if (wrong >= 0) {
        why = std::string(variables[wrong]) + "=" + environment[(size_t)wrong] + " can't be understood";
        bad = cudaErrorInvalidValue;
    }
    if (bad == cudaSuccess) add_devices();
}

void machine::add_devices()
{
    try {
        for (unsigned i = 0; i < set.n_devices; i++) {
            devices.push_back(std::make_unique<device>((int)i, set, &broken));
            if (devices.back()->mem.reserve(set.memory_bytes)) continue;
            why = "no address space for GNT_EMU_MEMORY bytes a device";
            bad = cudaErrorMemoryAllocation;
        }
    } catch (const std::bad_alloc &) {
        bad = cudaErrorMemoryAllocation;
    }
}

bool machine::idle()
{
    std::lock_guard<std::mutex> guard(mutex);
    if (!pinned.empty()) return false;
    for (const auto &d : devices) {
        std::lock_guard<std::mutex> inner(d->mutex);
        if (!d->idle()) return false;
    }
    return true;
}

cudaError_t machine::count(int *n)
{
    static std::mutex one;
    std::lock_guard<std::mutex> guard(one);
    if (idle() && environment != read_environment()) build();
    *n = bad == cudaSuccess ? (int)devices.size() : 0;
    return bad;
}

device *machine::at(int number)
{
    bool there = bad == cudaSuccess && number >= 0 && (size_t)number < devices.size();
    return there ? devices[(size_t)number].get() : nullptr;
}

bool machine::is_pinned(const void *p, size_t n)
{
    std::lock_guard<std::mutex> guard(mutex);
    char *at = const_cast<char *>(static_cast<const char *>(p));
    auto after = pinned.upper_bound(at);
    if (after == pinned.begin()) return false;
    const auto &[start, bytes] = *--after;
    return (size_t)(at - start) <= bytes && n <= bytes - (size_t)(at - start);
}

/* ---- a call ---- */

entry::entry() : dev(machine::get().at(current)), error(cudaSuccess)
{
    if (!dev) {
        error = machine::get().error();
        if (error == cudaSuccess) error = cudaErrorInvalidDevice; /* a new machine has fewer */
        return;
    }
    lock = std::unique_lock<std::mutex>(dev->mutex);
    if (dev->sticky == cudaSuccess) dev->text[0] = 0;
    if (dev->broken->now(fault_kind::lost)) (void)dev->stick(cudaErrorDevicesUnavailable, "%s", "");
    error = dev->sticky;
}

cudaError_t entry::end(cudaError_t result)
{
    if (dev && dev->sticky != cudaSuccess) result = dev->sticky;
    return remember(result);
}

} // namespace gnt_emu
