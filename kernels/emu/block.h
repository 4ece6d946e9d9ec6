/* One block of a kernel at a time: its threads, where they wait, and who runs next.
 *
 * Threads run in the order of a queue. One that neither waits nor polls runs to its end on the fiber that the thread
 * before it used, so a kernel without barriers costs a loop. A thread that waits leaves its fiber parked; whoever
 * completes the meeting queues all that waited, in the order that GNT_EMU_ORDER says. When the queue runs empty before
 * all threads have left, the block can never end: what each waits for is the text of the error. */
#ifndef GNT_EMU_BLOCK_H
#define GNT_EMU_BLOCK_H

#include <cuda_runtime.h>

#include <stdarg.h>

#include <vector>

#include "kernels/emu/fiber.h"
#include "kernels/emu/order.h"

namespace gnt_emu
{

static const unsigned max_threads = 1024, warp_lanes = 32, max_barriers = 16;
static const size_t max_shared = (size_t)227 << 10, default_shared = (size_t)48 << 10;

enum class state : uint8_t { fresh, running, ready, at_barrier, in_warp, left };

struct thread {
    uint3 index;
    unsigned flat;
    state now;
    gnt_emu_meeting what; /* in_warp */
    uint32_t mask;
    uint64_t value, result;
    unsigned source;
    unsigned polls;
    unsigned barrier;     /* at_barrier: its number */
    uint64_t polls_since; /* the block's progress then */
    gnt_emu_site where;
    fiber *on;
};

/* A barrier of the block: 0 is __syncthreads', of all its threads; the others are for as many as they say. */
struct barrier_state {
    unsigned n_waiting, first_waiting, n_expected, votes, votes_before;
};

class block
{
  public:
    block();
    ~block();

    /* All blocks of a grid. False: text() says why, and the device is of no more use. */
    bool run_grid(const gnt_emu_call &call, dim3 grid, dim3 dim, size_t shared_bytes, turns *turn);
    const char *text() const
    {
        return why;
    }

    /* Called by the running thread. */
    int barrier(bool predicate, gnt_emu_site site);
    void part_barrier(unsigned id, unsigned n_threads, gnt_emu_site site);
    uint64_t meet(gnt_emu_meeting what, uint32_t mask, uint64_t value, unsigned source, gnt_emu_site site);
    void poll(gnt_emu_site site);

    [[noreturn]] void live(fiber *f); /* all that a fiber ever does: job after job */

  private:
    bool run_block();
    int arrive(unsigned id, unsigned n_threads, bool predicate, gnt_emu_site site);
    void serve(fiber *f);
    void start(thread *t, fiber *f);
    void push(thread &t);
    void push_first(thread &t);
    thread *pop();
    fiber *fiber_of(thread *t);
    void wait(thread &self);
    void agree(thread *lanes, const thread &self);
    void meeting_over(thread *lanes, const thread &self);
    void shared_open();
    void shared_shut();
    void shared_check();
    void diagnose();
    void diagnose_warp(const thread &t);
    void explain(const char *format, ...) __attribute__((format(printf, 2, 3)));
    [[noreturn]] void stop(); /* ends the kernel from inside a thread */

    void turn_of(thread *t);

    unsigned n, n_left;
    uint64_t progress; /* threads that left, meetings that took place */
    barrier_state barriers[max_barriers];
    thread *current;
    uint3 index;
    std::vector<thread> threads;
    uint32_t in_warp[max_threads / warp_lanes]; /* lanes that wait in a warp operation */
    uint16_t ring[max_threads], order_of[max_threads];
    unsigned head, n_ready;
    turns *turn;
    const gnt_emu_call *call;
    fiber_pool fibers;
    unsigned char *shared_memory; /* [margin][max_shared][margin] */
    size_t shared_bytes;
    char why[320];
};

/* mma.cpp: the last lane to arrive works for all; value[lane] points to that lane's registers. */
void mma_complete(thread *lanes);
void ldmatrix_complete(thread *lanes);

} // namespace gnt_emu

#endif
