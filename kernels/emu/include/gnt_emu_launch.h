/* The one way kernels are started. Arguments are copied when the launch is enqueued, as CUDA does. */
#ifndef GNT_EMU_LAUNCH_H
#define GNT_EMU_LAUNCH_H

#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

/* A kernel with its arguments; run() is one thread of it. */
struct gnt_emu_call {
    virtual ~gnt_emu_call() = default;
    virtual void run() const = 0;
};

template <typename... P> struct gnt_emu_call_of final : gnt_emu_call {
    void (*kernel)(P...);
    std::tuple<P...> arguments;

    gnt_emu_call_of(void (*k)(P...), P... a) : kernel(k), arguments(a...)
    {
    }
    void run() const override
    {
        std::apply(kernel, arguments);
    }
};

/* pointers: the n pointers among the arguments, which must not point to the host's pageable memory. */
cudaError_t gnt_emu_launch(const cudaLaunchConfig_t *config, const void *kernel,
                           std::shared_ptr<const gnt_emu_call> call, const void *const *pointers, size_t n);

template <typename T> static inline void gnt_emu_collect(const void **pointers, size_t *n, const T &argument)
{
    if constexpr (std::is_pointer_v<T>) pointers[(*n)++] = argument;
}

template <typename... P, typename... A>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t *config, void (*kernel)(P...), A &&...arguments)
{
    static_assert((std::is_trivially_copyable_v<P> && ...), "a kernel's arguments are copied as bytes");
    static_assert((sizeof(P) + ... + 0) <= 4096, "a kernel takes at most 4 KB of arguments");
    auto call = std::make_shared<gnt_emu_call_of<P...>>(kernel, std::forward<A>(arguments)...);
    const void *pointers[sizeof...(P) + 1];
    size_t n = 0;
    std::apply([&](const P &...p) { (gnt_emu_collect(pointers, &n, p), ...); }, call->arguments);
    return gnt_emu_launch(config, reinterpret_cast<const void *>(kernel), std::move(call), pointers, n);
}

#endif
