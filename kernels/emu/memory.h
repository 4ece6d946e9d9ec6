/* The memory of one emulated device: a range of addresses of its own that the host may not touch.
 *
 * Pages are inaccessible but inside a window (class open_memory) in which kernels and copies work. What was allocated
 * and not yet written reads as 0xff bytes: NaN in every float format, the largest unsigned, -1. The poison is a private
 * mapping of a small file of 0xff, so that it costs no memory before it is written. Every allocation is followed by a
 * gap of nobody's bytes; gaps and guards hold a pattern of NaNs that is verified after every kernel and copy. */
#ifndef GNT_EMU_MEMORY_H
#define GNT_EMU_MEMORY_H

#include <stddef.h>

#include <map>

namespace gnt_emu
{

class memory
{
  public:
    memory() = default;
    ~memory();
    memory(const memory &) = delete;
    memory &operator=(const memory &) = delete;

    bool reserve(size_t bytes);   /* address space for a device of this size */
    void *allocate(size_t bytes); /* NULL: no room; 256-byte aligned */
    bool release(void *p);        /* false: nothing was allocated there */
    void release_all();

    bool inside(const void *p) const;          /* an address of this device, its end included */
    bool holds(const void *p, size_t n) const; /* [p, p + n) lies in one allocation */
    size_t bytes_free() const
    {
        return size - used;
    }
    size_t bytes_total() const
    {
        return size;
    }
    bool idle() const
    {
        return parts.empty();
    }

    void guard(void *p, size_t n);
    void unguard(void *p, size_t n);
    /* The first byte of a gap or guard that was written to, and which; NULL: all are whole. */
    struct breach {
        const char *at, *part; /* part: start of the allocation it lies in or behind */
        bool guard;            /* else the gap behind the allocation */
    };
    bool broken(breach *found) const;

    void open();
    void close();

  private:
    void make_fresh(char *p, size_t n);
    void protect(const char *p, size_t n, int how); /* the pages that [p, p + n) touches */
    void open(const char *p, size_t n);             /* these pages only */
    void close(const char *p, size_t n);

    char *base = nullptr;
    size_t size = 0, used = 0, reached = 0; /* reached: pages below were handed out once */
    unsigned n_open = 0;
    int file = -1;
    std::map<char *, size_t> parts;  /* allocations: start, bytes asked for */
    std::map<char *, size_t> guards; /* inside of allocations */
};

/* While one lives, the memory may be touched. */
class open_memory
{
  public:
    explicit open_memory(memory &m_) : m(m_)
    {
        m.open();
    }
    ~open_memory()
    {
        m.close();
    }
    open_memory(const open_memory &) = delete;
    open_memory &operator=(const open_memory &) = delete;

  private:
    memory &m;
};

} // namespace gnt_emu

#endif
