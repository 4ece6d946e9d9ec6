/* Fibers: stacks that take turns on one thread of the host.
 *
 * A fiber is entered by ucontext the first time and by a long jump ever after (as QEMU's coroutines), so a switch makes
 * no system call. Stacks stay mapped from kernel to kernel, a guard page under each. ASan and TSan are told of every
 * switch. */
#ifndef GNT_EMU_FIBER_H
#define GNT_EMU_FIBER_H

#include <stddef.h>

#include <memory>
#include <vector>

namespace gnt_emu
{

struct thread;
class block;

struct fiber {
    void *env[5];          /* of __builtin_setjmp */
    char *stack = nullptr; /* lowest usable byte; NULL for the host's own stack */
    size_t stack_bytes = 0;
    bool entered = false;
    thread *job = nullptr; /* what to run when resumed */
    class fiber_pool *pool = nullptr;
    size_t colour = 0;         /* bytes left free at the top */
    void *sanitizer = nullptr; /* ASan's fake stack, or TSan's fiber */
};

class fiber_pool
{
  public:
    explicit fiber_pool(block *owner_) : owner(owner_)
    {
    }
    ~fiber_pool();
    fiber_pool(const fiber_pool &) = delete;
    fiber_pool &operator=(const fiber_pool &) = delete;

    fiber *take(); /* NULL: no memory for another stack */
    void give_back(fiber *f)
    {
        idle.push_back(f);
    }
    /* Leaves `from`, goes on in `to`; returns when somebody switches back. */
    void change(fiber *from, fiber *to);
    /* Before work: the running stack becomes main. */
    void begin();
    /* Every fiber is idle again, whatever it was doing. */
    void abandon();

    void arrived(void *fake_stack);

    fiber main;
    block *const owner;

  private:
    fiber *create();
    void enter(fiber *f);
    fiber *leaving = nullptr;
    std::vector<std::unique_ptr<fiber>> all;
    std::vector<fiber *> idle;
};

} // namespace gnt_emu

#endif
