/* The address sanitizer's calls, nothing where it isn't built in. */
#ifndef GNT_EMU_SANITIZE_H
#define GNT_EMU_SANITIZE_H

#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define GNT_EMU_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GNT_EMU_ASAN 1
#endif
#endif

#ifdef GNT_EMU_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#define GNT_EMU_NO_ASAN __attribute__((no_sanitize("address")))
#else
#define GNT_EMU_NO_ASAN
#endif

namespace gnt_emu
{

/* Bytes that may be touched, bytes that stop the program. */
static inline void sanitize_open(const void *p, size_t n)
{
#ifdef GNT_EMU_ASAN
    __asan_unpoison_memory_region(p, n);
#else
    (void)p;
    (void)n;
#endif
}
static inline void sanitize_shut(const void *p, size_t n)
{
#ifdef GNT_EMU_ASAN
    __asan_poison_memory_region(p, n);
#else
    (void)p;
    (void)n;
#endif
}

} // namespace gnt_emu

#endif
