/* What the emulated device's tests share: a machine by environment, launches, and children that are meant to die. */
#ifndef GNT_TESTS_EMU_H
#define GNT_TESTS_EMU_H

extern "C" {
#include "tests/test.h"
}

#include <cuda_runtime.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vector>

#define OK(call)                                                                                                   \
    do {                                                                                                           \
        cudaError_t error_ = (call);                                                                               \
        if (error_ != cudaSuccess) fail_msg("%s: %s (%s)", #call, cudaGetErrorName(error_), gnt_emu_error_text()); \
    } while (0)
#define FAILS(expected, call)                                                                                       \
    do {                                                                                                            \
        cudaError_t error_ = (call);                                                                                \
        if (error_ != (expected))                                                                                   \
            fail_msg("%s: %s (%s), expected %s", #call, cudaGetErrorName(error_), gnt_emu_error_text(), #expected); \
    } while (0)
#define SAYS(words)                                                                \
    do {                                                                           \
        if (!strstr(gnt_emu_error_text(), words))                                  \
            fail_msg("the text \"%s\" lacks \"%s\"", gnt_emu_error_text(), words); \
    } while (0)

static const char *const all_orders[] = {"forward", "reverse", "shuffle:1", "shuffle:2"};

/* A new machine: name=value, or name unset. Nothing may be open. */
static inline void machine_with(const char *name, const char *value)
{
    static const char *const names[] = {"GNT_EMU_DEVICES", "GNT_EMU_SMS",   "GNT_EMU_MEMORY",
                                        "GNT_EMU_ORDER",   "GNT_EMU_FAULT", "GNT_EMU_VERBOSE"};
    int n = 0;
    (void)cudaDeviceReset(); /* what a failed test left behind */
    for (const char *other : names) unsetenv(other);
    (void)cudaGetDeviceCount(&n); /* back to the usual, so that the same fault twice is twice a new one */
    if (value) setenv(name, value, 1);
    (void)cudaGetDeviceCount(&n);
    (void)cudaSetDevice(0);
    (void)cudaDeviceReset();
}

template <typename... P, typename... A>
static cudaError_t launch(cudaStream_t stream, void (*kernel)(P...), dim3 grid, dim3 block, size_t shared, A... args)
{
    cudaLaunchConfig_t config = {};
    config.gridDim = grid;
    config.blockDim = block;
    config.dynamicSmemBytes = shared;
    config.stream = stream;
    return cudaLaunchKernelEx(&config, kernel, static_cast<P>(args)...);
}

/* Device memory that a test owns. */
template <typename T> struct array {
    T *p = nullptr;
    size_t n;

    explicit array(size_t n_) : n(n_)
    {
        OK(cudaMalloc(&p, n * sizeof(T)));
    }
    explicit array(const std::vector<T> &from) : array(from.size())
    {
        OK(cudaMemcpy(p, from.data(), n * sizeof(T), cudaMemcpyHostToDevice));
    }
    ~array()
    {
        (void)cudaFree(p);
    }
    array(const array &) = delete;
    array &operator=(const array &) = delete;
    std::vector<T> get() const
    {
        std::vector<T> out(n);
        OK(cudaMemcpy(out.data(), p, n * sizeof(T), cudaMemcpyDeviceToHost));
        return out;
    }
};

/* Runs the body in a child; how it ended: 0, a positive signal, or minus its exit code (a sanitizer's report). */
template <typename Body> static int ending_of(Body body)
{
    pid_t child = fork();
    if (child == 0) {
        if (!freopen("/dev/null", "w", stderr)) _exit(99);
        for (int which : {SIGSEGV, SIGBUS}) signal(which, SIG_DFL); /* the test frame turns them into failures */
        body();
        _exit(0);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child) fail_msg("no child process");
    return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

#ifdef __SANITIZE_ADDRESS__
static const bool with_asan = true;
#else
static const bool with_asan = false;
#endif

#endif
