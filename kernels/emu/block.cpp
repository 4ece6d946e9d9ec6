/* block.cpp: what block.h promises. */
#include "kernels/emu/block.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <new>

#include "kernels/emu/sanitize.h"

__thread uint3 threadIdx, blockIdx;
__thread dim3 blockDim, gridDim;
__thread void *gnt_emu_shared_bytes;
__thread unsigned gnt_emu_flat;

static __thread gnt_emu::block *home; /* whose thread runs; NULL outside of kernels */

namespace gnt_emu
{

static const size_t margin = 512; /* watched bytes before and after a block's shared memory */
static const unsigned char poison = 0xff, watched = 0xa5;
static const unsigned max_polls = 1u << 14; /* of one thread while nobody leaves and no meeting takes place */

block::block() : threads(max_threads), fibers(this), shared_bytes(0)
{
    shared_memory = static_cast<unsigned char *>(aligned_alloc(margin, max_shared + 2 * margin));
    if (!shared_memory) throw std::bad_alloc(); /* the machine turns it into a status */
    why[0] = 0;
}

block::~block()
{
    free(shared_memory);
}

/* ---- the queue ---- */

/* A fiber may meet another thread of the host in the next kernel: no address of a thread's own may live across a
 * switch. */
__attribute__((noinline)) void block::turn_of(thread *t)
{
    current = t;
    t->now = state::running;
    threadIdx = t->index;
    gnt_emu_flat = t->flat;
}

void block::push(thread &t)
{
    ring[(head + n_ready++) % max_threads] = (uint16_t)t.flat;
}

void block::push_first(thread &t)
{
    head = (head + max_threads - 1) % max_threads;
    ring[head] = (uint16_t)t.flat;
    n_ready++;
}

thread *block::pop()
{
    if (n_ready == 0) return nullptr;
    thread *t = &threads[ring[head]];
    head = (head + 1) % max_threads;
    n_ready--;
    return t;
}

/* Where t goes on, or starts. */
fiber *block::fiber_of(thread *t)
{
    if (t->now != state::fresh) return t->on;
    fiber *f = fibers.take();
    if (!f) {
        explain("no memory for the stack of thread %u", t->flat);
        return &fibers.main;
    }
    f->job = t;
    return f;
}

void block::start(thread *t, fiber *f)
{
    t->on = f;
    turn_of(t);
    call->run();
    t->now = state::left;
    n_left++;
    progress++;
}

void block::live(fiber *f)
{
    for (;;) serve(f);
}

/* Runs f's job and all that can start after it, then parks. */
void block::serve(fiber *f)
{
    thread *t = f->job;
    while (t && t->now == state::fresh) {
        start(t, f);
        t = pop();
    }
    fibers.give_back(f);
    if (t) turn_of(t);
    fibers.change(f, t ? t->on : &fibers.main);
}

/* Somebody else's turn; returns when self was queued and its turn came. */
void block::wait(thread &self)
{
    thread *t = pop();
    if (t != &self) {
        fiber *f = t ? fiber_of(t) : &fibers.main;
        if (t && t->now != state::fresh) turn_of(t);
        fibers.change(self.on, f);
    } else {
        turn_of(t);
    }
}

/* ---- meetings ---- */

static bool same_site(const gnt_emu_site &a, const gnt_emu_site &b)
{
    return a.line == b.line && (a.file == b.file || !strcmp(a.file, b.file));
}

static const char *base_name(const gnt_emu_site &site)
{
    const char *slash = strrchr(site.file, '/');
    return slash ? slash + 1 : site.file;
}

int block::barrier(bool predicate, gnt_emu_site site)
{
    return arrive(0, n, predicate, site);
}

void block::part_barrier(unsigned id, unsigned n_threads, gnt_emu_site site)
{
    if (id == 0 || id >= max_barriers || n_threads == 0 || n_threads % warp_lanes || n_threads > n) {
        explain("barrier %u for %u threads at %s:%d: numbers are 1 to %u, threads whole warps of the block's %u", id,
                n_threads, base_name(site), site.line, max_barriers - 1, n);
        stop();
    }
    (void)arrive(id, n_threads, false, site);
}

int block::arrive(unsigned id, unsigned n_threads, bool predicate, gnt_emu_site site)
{
    thread &self = *current;
    barrier_state &b = barriers[id];
    if (b.n_waiting == 0) {
        b.first_waiting = self.flat;
        b.n_expected = n_threads;
    }
    const thread &first = threads[b.first_waiting];
    if (b.n_waiting > 0 && (!same_site(first.where, site) || b.n_expected != n_threads)) {
        explain("barrier divergence: thread %u waits at %s:%d for %u threads, thread %u at %s:%d for %u", first.flat,
                base_name(first.where), first.where.line, b.n_expected, self.flat, base_name(site), site.line,
                n_threads);
        stop();
    }
    self.now = state::at_barrier;
    self.barrier = id;
    self.where = site;
    b.votes += predicate;
    if (++b.n_waiting == n_threads) {
        progress++;
        b.n_waiting = 0;
        b.votes_before = b.votes;
        b.votes = 0;
        turn->draw(order_of, n);
        for (unsigned i = 0; i < n; i++) {
            thread &t = threads[order_of[i]];
            if (t.now != state::at_barrier || t.barrier != id) continue;
            t.now = state::ready;
            push(t);
        }
    }
    wait(self);
    return (int)b.votes_before;
}

static const char *const meeting_names[] = {
    "__syncwarp",    "__shfl_sync", "__shfl_up_sync", "__shfl_down_sync", "__shfl_xor_sync",
    "__ballot_sync", "mma",         "ldmatrix"};

uint64_t block::meet(gnt_emu_meeting what, uint32_t mask, uint64_t value, unsigned source, gnt_emu_site site)
{
    thread &self = *current;
    unsigned lane = self.flat % warp_lanes, warp = self.flat / warp_lanes;
    if (!(mask >> lane & 1)) {
        explain("%s at %s:%d: mask %08x leaves out its own lane %u", meeting_names[what], base_name(site), site.line,
                mask, lane);
        stop();
    }
    self.now = state::in_warp;
    self.what = what;
    self.mask = mask;
    self.value = value;
    self.source = source;
    self.where = site;
    in_warp[warp] |= 1u << lane;
    if ((in_warp[warp] & mask) == mask) {
        thread *lanes = &threads[warp * warp_lanes];
        agree(lanes, self);
        in_warp[warp] &= ~mask;
        meeting_over(lanes, self);
    }
    wait(self);
    return self.result;
}

/* All lanes of a mask must have come for the same thing. */
void block::agree(thread *lanes, const thread &self)
{
    for (uint32_t left = self.mask; left; left &= left - 1) {
        const thread &other = lanes[__builtin_ctz(left)];
        if (other.mask == self.mask && other.what == self.what) continue;
        explain("warp divergence: thread %u is in %s at %s:%d with mask %08x, thread %u in %s at %s:%d with mask %08x",
                other.flat, meeting_names[other.what], base_name(other.where), other.where.line, other.mask, self.flat,
                meeting_names[self.what], base_name(self.where), self.where.line, self.mask);
        stop();
    }
}

/* The last lane works out what each one gets and queues them all. */
void block::meeting_over(thread *lanes, const thread &self)
{
    uint32_t mask = self.mask, ballot = 0;
    uint8_t lane_order[warp_lanes];
    progress++;
    for (uint32_t left = mask; left; left &= left - 1) {
        unsigned lane = (unsigned)__builtin_ctz(left);
        ballot |= (uint32_t)(lanes[lane].value & 1) << lane;
    }
    if (self.what == GNT_EMU_MMA) mma_complete(lanes);
    if (self.what == GNT_EMU_LDMATRIX) ldmatrix_complete(lanes);
    turn->draw(lane_order, warp_lanes);
    for (unsigned i = 0; i < warp_lanes; i++) {
        unsigned lane = lane_order[i];
        if (!(mask >> lane & 1)) continue;
        thread &t = lanes[lane];
        bool there = t.source < warp_lanes && mask >> t.source & 1;
        t.result = t.what == GNT_EMU_BALLOT ? ballot : there ? lanes[t.source].value : ~(uint64_t)0;
        t.now = state::ready;
        if (turn->ahead())
            push_first(t);
        else
            push(t);
    }
}

void block::poll(gnt_emu_site site)
{
    thread &self = *current;
    if (self.polls_since != progress) {
        self.polls_since = progress;
        self.polls = 0;
    }
    if (++self.polls > max_polls) {
        explain("deadlock: thread %u polls at %s:%d for what no thread of its block does", self.flat, base_name(site),
                site.line);
        stop();
    }
    if (n_ready == 0) return;
    self.now = state::ready;
    push(self);
    wait(self);
}

/* ---- what went wrong ---- */

/* The first reason counts. */
void block::explain(const char *format, ...)
{
    if (why[0]) return;
    va_list args;
    int n_text = snprintf(why, sizeof why, "block (%u, %u, %u): ", index.x, index.y, index.z);
    va_start(args, format);
    vsnprintf(why + n_text, sizeof why - (size_t)n_text, format, args);
    va_end(args);
}

void block::stop()
{
    fiber *here = current->on;
    for (;;) fibers.change(here, &fibers.main);
}

/* The queue is empty and threads are left. */
void block::diagnose()
{
    const thread *waits = nullptr, *gone = nullptr;
    for (unsigned i = 0; i < n; i++) {
        const thread &t = threads[i];
        if (t.now == state::in_warp) return diagnose_warp(t);
        if (t.now == state::at_barrier && !waits) waits = &t;
        if (t.now == state::left && !gone) gone = &t;
    }
    if (!waits || !gone) return explain("deadlock: no thread can go on");
    explain("barrier divergence: %u threads wait at %s:%d, but %u have left the kernel, thread %u first",
            barriers[waits->barrier].n_waiting, base_name(waits->where), waits->where.line, n_left, gone->flat);
}

void block::diagnose_warp(const thread &t)
{
    unsigned first = t.flat / warp_lanes * warp_lanes;
    char lacking[96] = "";
    for (uint32_t left = t.mask & ~in_warp[t.flat / warp_lanes]; left && !lacking[0]; left &= left - 1) {
        unsigned lane = (unsigned)__builtin_ctz(left);
        const thread &other = threads[(first + lane) % max_threads];
        if (first + lane >= n)
            snprintf(lacking, sizeof lacking, "lane %u, which the block doesn't have", lane);
        else if (other.now == state::left)
            snprintf(lacking, sizeof lacking, "lane %u, which has left the kernel", lane);
        else
            snprintf(lacking, sizeof lacking, "lane %u, which waits at the barrier of %.40s:%d", lane,
                     base_name(other.where), other.where.line);
    }
    explain("deadlock: thread %u is in %s at %s:%d with mask %08x and waits for %s", t.flat, meeting_names[t.what],
            base_name(t.where), t.where.line, t.mask, lacking);
}

/* ---- a grid ---- */

/* Nobody's bytes on both sides of the shared memory; the sanitizer lets no thread touch them. */
void block::shared_open()
{
    unsigned char *after = shared_memory + margin + shared_bytes;
    memset(shared_memory, watched, margin);
    memset(after, watched, margin);
    sanitize_shut(shared_memory, margin);
    sanitize_shut(after, margin);
}

void block::shared_shut()
{
    sanitize_open(shared_memory, max_shared + 2 * margin);
}

GNT_EMU_NO_ASAN void block::shared_check()
{
    const unsigned char *after = shared_memory + margin + shared_bytes;
    for (size_t i = 0; i < margin; i++) {
        if (shared_memory[margin - 1 - i] != watched)
            return explain("a store %zu bytes before the block's shared memory", i + 1);
        if (after[i] != watched)
            return explain("a store at byte %zu of the block's %zu bytes of shared memory", shared_bytes + i,
                           shared_bytes);
    }
}

bool block::run_block()
{
    n_left = head = n_ready = 0;
    progress = 0;
    memset(barriers, 0, sizeof barriers);
    memset(in_warp, 0, sizeof in_warp);
    memset(shared_memory + margin, poison, shared_bytes);
    turn->draw(order_of, n);
    for (unsigned i = 0; i < n; i++) {
        thread &t = threads[order_of[i]];
        t.now = state::fresh;
        t.polls = 0;
        t.polls_since = 0;
        push(t);
    }
    fiber *first = fiber_of(pop());
    if (first != &fibers.main) fibers.change(&fibers.main, first);
    if (!why[0] && n_left < n) diagnose();
    if (!why[0]) shared_check();
    return !why[0];
}

bool block::run_grid(const gnt_emu_call &call_, dim3 grid, dim3 dim, size_t bytes, turns *turn_)
{
    std::vector<uint32_t> sequence((size_t)grid.x * grid.y * grid.z);
    call = &call_;
    turn = turn_;
    n = dim.x * dim.y * dim.z;
    home = this;
    gridDim = grid;
    blockDim = dim;
    gnt_emu_shared_bytes = shared_memory + margin;
    shared_bytes = bytes;
    why[0] = 0;
    for (unsigned i = 0; i < n; i++) {
        threads[i].flat = i;
        threads[i].index = {i % dim.x, i / dim.x % dim.y, i / (dim.x * dim.y)};
    }
    shared_open();
    fibers.begin();
    turn->draw(sequence.data(), (uint32_t)sequence.size());
    for (size_t i = 0; i < sequence.size() && !why[0]; i++) {
        uint32_t b = sequence[i];
        index = {b % grid.x, b / grid.x % grid.y, b / (grid.x * grid.y)};
        blockIdx = index;
        run_block();
    }
    shared_shut();
    if (why[0]) fibers.abandon();
    home = nullptr;
    return !why[0];
}

} // namespace gnt_emu

/* ---- what device code calls ---- */

int gnt_emu_barrier(bool predicate, gnt_emu_site site)
{
    return home->barrier(predicate, site);
}

void gnt_emu_part_barrier(unsigned id, unsigned n_threads, gnt_emu_site site)
{
    home->part_barrier(id, n_threads, site);
}

uint64_t gnt_emu_meet(gnt_emu_meeting what, unsigned mask, uint64_t value, unsigned source, gnt_emu_site site)
{
    return home->meet(what, mask, value, source, site);
}

void gnt_emu_poll(gnt_emu_site site)
{
    home->poll(site);
}
