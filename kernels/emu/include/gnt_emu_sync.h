/* Where the threads of a block and the lanes of a warp meet. Each call names its line in the source, for the text of an
 * error, and so that threads that wait at different barriers are told apart; a return address would not do, since the
 * compiler may duplicate a call. */
#ifndef GNT_EMU_SYNC_H
#define GNT_EMU_SYNC_H

struct gnt_emu_site {
    const char *file;
    int line;
};
#define GNT_EMU_SITE const char *file = __builtin_FILE(), int line = __builtin_LINE()

enum gnt_emu_meeting {
    GNT_EMU_SYNCWARP,
    GNT_EMU_SHFL,
    GNT_EMU_SHFL_UP,
    GNT_EMU_SHFL_DOWN,
    GNT_EMU_SHFL_XOR,
    GNT_EMU_BALLOT,
    GNT_EMU_MMA,
    GNT_EMU_LDMATRIX,
};

/* Waits for all threads of the block; how many of them gave a true predicate. */
int gnt_emu_barrier(bool predicate, gnt_emu_site site);
/* Waits for n_threads of the block, whole warps, at barrier `id`, 1 to 15 (PTX barrier.sync.aligned id, n_threads). */
void gnt_emu_part_barrier(unsigned id, unsigned n_threads, gnt_emu_site site);
/* Waits for the lanes of the mask. value: what the lane brings; source: the lane whose value it gets (shuffles). */
uint64_t gnt_emu_meet(gnt_emu_meeting what, unsigned mask, uint64_t value, unsigned source, gnt_emu_site site);
/* A thread that polls (failed compare and swap, __nanosleep) lets the others run; ends the kernel when none will help.
 */
void gnt_emu_poll(gnt_emu_site site);

static inline void __syncthreads(GNT_EMU_SITE)
{
    (void)gnt_emu_barrier(false, {file, line});
}
static inline int __syncthreads_count(int predicate, GNT_EMU_SITE)
{
    return gnt_emu_barrier(predicate != 0, {file, line});
}
static inline int __syncthreads_or(int predicate, GNT_EMU_SITE)
{
    return gnt_emu_barrier(predicate != 0, {file, line}) != 0;
}
static inline int __syncthreads_and(int predicate, GNT_EMU_SITE)
{
    return gnt_emu_barrier(predicate == 0, {file, line}) == 0;
}
static inline void __syncwarp(unsigned mask = 0xffffffffu, GNT_EMU_SITE)
{
    (void)gnt_emu_meet(GNT_EMU_SYNCWARP, mask, 0, 0, {file, line});
}
static inline unsigned __ballot_sync(unsigned mask, int predicate, GNT_EMU_SITE)
{
    return (unsigned)gnt_emu_meet(GNT_EMU_BALLOT, mask, predicate != 0, 0, {file, line});
}
static inline int __any_sync(unsigned mask, int predicate, GNT_EMU_SITE)
{
    return __ballot_sync(mask, predicate, file, line) != 0;
}
static inline int __all_sync(unsigned mask, int predicate, GNT_EMU_SITE)
{
    return __ballot_sync(mask, predicate, file, line) == mask;
}
static inline void __nanosleep(unsigned ns, GNT_EMU_SITE)
{
    (void)ns;
    gnt_emu_poll({file, line});
}

/* Shuffles of anything up to 8 bytes. Out of a segment of `width` lanes a lane gets its own value back; from a lane
 * that is not in the mask it gets poison. */
template <typename T>
static inline T gnt_emu_shuffle(gnt_emu_meeting what, unsigned mask, T value, unsigned source, gnt_emu_site site)
{
    static_assert(sizeof(T) == 4 || sizeof(T) == 8, "shuffles carry 32 or 64 bits");
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof value);
    bits = gnt_emu_meet(what, mask, bits, source, site);
    memcpy(&value, &bits, sizeof value);
    return value;
}
template <typename T>
static inline T __shfl_sync(unsigned mask, T value, int source, int width = warpSize, GNT_EMU_SITE)
{
    unsigned lane = gnt_emu_flat & 31, first = lane & ~((unsigned)width - 1);
    return gnt_emu_shuffle(GNT_EMU_SHFL, mask, value, first | ((unsigned)source & ((unsigned)width - 1)), {file, line});
}
template <typename T>
static inline T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = warpSize, GNT_EMU_SITE)
{
    unsigned lane = gnt_emu_flat & 31, at = lane & ((unsigned)width - 1);
    return gnt_emu_shuffle(GNT_EMU_SHFL_UP, mask, value, delta <= at ? lane - delta : lane, {file, line});
}
template <typename T>
static inline T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = warpSize, GNT_EMU_SITE)
{
    unsigned lane = gnt_emu_flat & 31, at = lane & ((unsigned)width - 1);
    bool inside = delta < (unsigned)width - at;
    return gnt_emu_shuffle(GNT_EMU_SHFL_DOWN, mask, value, inside ? lane + delta : lane, {file, line});
}
/* A source in an earlier segment may be read, one in a later segment may not (PTX ISA, shfl.bfly). */
template <typename T>
static inline T __shfl_xor_sync(unsigned mask, T value, int lanes, int width = warpSize, GNT_EMU_SITE)
{
    unsigned lane = gnt_emu_flat & 31, source = (lane ^ (unsigned)lanes) & 31;
    bool inside = source <= (lane | ((unsigned)width - 1));
    return gnt_emu_shuffle(GNT_EMU_SHFL_XOR, mask, value, inside ? source : lane, {file, line});
}

/* mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 (mma.cpp): d = a b + c over the whole warp. */
void gnt_emu_mma_m16n8k16_bf16(float d[4], const uint32_t a[4], const uint32_t b[2], const float c[4], GNT_EMU_SITE);
/* ldmatrix.sync.aligned.m8n8.x1|x2|x4[.trans].shared.b16 (mma.cpp): row is this lane's row address, 16-byte aligned;
 * lanes 8 j .. 8 j + 7 give the rows of matrix j; n 1, 2 or 4 registers a lane. */
void gnt_emu_ldmatrix(uint32_t *registers, unsigned n, bool transposed, const void *row, GNT_EMU_SITE);

#endif
