/* fiber.cpp: what fiber.h promises. */
#include "kernels/emu/block.h"
#include "kernels/emu/sanitize.h"

#include <stdint.h>
#include <sys/mman.h>
#include <ucontext.h>

#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

namespace gnt_emu
{

static const size_t stack_bytes = (size_t)256 << 10; /* address space; pages come as they are touched */
static const size_t guard_bytes = 4096;
static const size_t n_colours = 64, colour_bytes = 64; /* stacks start at different cache sets */

/* The first function of a fiber: ucontext passes nothing wider than int. */
static void entry(unsigned high, unsigned low)
{
    fiber *f = reinterpret_cast<fiber *>((uintptr_t)((uint64_t)high << 32 | low));
    f->pool->arrived(nullptr);
    f->pool->owner->live(f);
}

fiber_pool::~fiber_pool()
{
    for (std::unique_ptr<fiber> &f : all) {
#ifdef __SANITIZE_THREAD__
        __tsan_destroy_fiber(f->sanitizer);
#endif
        sanitize_open(f->stack, f->stack_bytes);
        munmap(f->stack - guard_bytes, f->stack_bytes + guard_bytes);
    }
}

fiber *fiber_pool::create()
{
    void *memory = mmap(nullptr, guard_bytes + stack_bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED) return nullptr;
    mprotect(memory, guard_bytes, PROT_NONE);
    all.push_back(std::make_unique<fiber>());
    fiber *f = all.back().get();
    f->stack = static_cast<char *>(memory) + guard_bytes;
    f->stack_bytes = stack_bytes;
    f->pool = this;
    f->colour = (all.size() - 1) % n_colours * colour_bytes;
#ifdef __SANITIZE_THREAD__
    f->sanitizer = __tsan_create_fiber(0);
#endif
    return f;
}

fiber *fiber_pool::take()
{
    if (idle.empty()) return create();
    fiber *f = idle.back();
    idle.pop_back();
    return f;
}

void fiber_pool::begin()
{
#ifdef __SANITIZE_THREAD__
    main.sanitizer = __tsan_get_current_fiber();
#endif
}

/* After a switch. ASan says where the stack is that was left: the only way to learn the bounds of main's. */
void fiber_pool::arrived(void *fake_stack)
{
#ifdef GNT_EMU_ASAN
    const void *bottom = nullptr;
    size_t bytes = 0;
    __sanitizer_finish_switch_fiber(fake_stack, &bottom, &bytes);
    if (leaving != &main) return;
    main.stack = static_cast<char *>(const_cast<void *>(bottom));
    main.stack_bytes = bytes;
#else
    (void)fake_stack;
#endif
}

void fiber_pool::abandon()
{
    idle.clear();
    for (size_t i = all.size(); i-- > 0;) {
        all[i]->entered = false;
#ifdef GNT_EMU_ASAN
        all[i]->sanitizer = nullptr;
#endif
        sanitize_open(all[i]->stack, all[i]->stack_bytes);
        idle.push_back(all[i].get());
    }
}

/* Never returns to its own frame, so the sanitizer must put nothing round it. */
GNT_EMU_NO_ASAN void fiber_pool::enter(fiber *f)
{
    ucontext_t context;
    getcontext(&context);
    context.uc_link = nullptr;
    context.uc_stack.ss_sp = f->stack;
    context.uc_stack.ss_size = f->stack_bytes - f->colour;
    uint64_t address = (uint64_t) reinterpret_cast<uintptr_t>(f);
    makecontext(&context, reinterpret_cast<void (*)()>(entry), 2, (unsigned)(address >> 32), (unsigned)address);
    f->entered = true;
    setcontext(&context);
}

/* The compiler's own jump: it keeps no more than it must, and the sanitizers don't take it for an unwinding. */
[[noreturn]] GNT_EMU_NO_ASAN __attribute__((noinline)) static void jump(void **to)
{
    __builtin_longjmp(to, 1);
}

GNT_EMU_NO_ASAN __attribute__((noinline)) void fiber_pool::change(fiber *from, fiber *to)
{
    leaving = from;
#ifdef GNT_EMU_ASAN
    __sanitizer_start_switch_fiber(&from->sanitizer, to->stack, to->stack_bytes);
#endif
    if (__builtin_setjmp(from->env) == 0) {
#ifdef __SANITIZE_THREAD__
        __tsan_switch_to_fiber(to->sanitizer, 0);
#endif
        if (to != &main && !to->entered) enter(to);
        jump(to->env);
    }
    arrived(from->sanitizer);
}

} // namespace gnt_emu
