/* memory.cpp: what memory.h promises. */
#include "kernels/emu/memory.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "kernels/emu/sanitize.h"

namespace gnt_emu
{

static const size_t page = 4096, alignment = 256, gap = 256;
static const size_t poison_bytes = (size_t)8 << 20, remap_from = (size_t)64 << 10;
static const unsigned char poison = 0xff;
/* NaN as double and as both floats, and no byte pattern of poison. The double and the low float are signalling: whoever
 * reads one, calculates and writes it back leaves a quiet one. */
static const uint64_t nobodys = 0xfff4c0deff9abeefu;

static size_t round_up(size_t n, size_t to)
{
    return (n + to - 1) / to * to;
}

static unsigned char nobodys_byte(const char *p)
{
    return (unsigned char)(nobodys >> 8 * (reinterpret_cast<uintptr_t>(p) % 8));
}

static void fill_nobodys(char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) p[i] = (char)nobodys_byte(p + i);
}

/* Word by word where it can; the sanitizer's own rules don't hold for who looks after them. */
GNT_EMU_NO_ASAN static const char *first_broken(const char *p, size_t n)
{
    const char *end = p + n;
    while (p < end) {
        bool whole = reinterpret_cast<uintptr_t>(p) % 8 == 0 && end - p >= 8;
        if (whole && *reinterpret_cast<const uint64_t *>(p) == nobodys) {
            p += 8;
            continue;
        }
        if ((unsigned char)*p != nobodys_byte(p)) return p;
        p++;
    }
    return nullptr;
}

/* ---- address space ---- */

memory::~memory()
{
    release_all();
    if (base) munmap(base, size + page);
    if (file >= 0) ::close(file);
}

static int poison_file()
{
    int file = memfd_create("poison", MFD_CLOEXEC);
    if (file < 0 || ftruncate(file, (off_t)poison_bytes) != 0) return file;
    void *bytes = mmap(nullptr, poison_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (bytes == MAP_FAILED) {
        close(file);
        return -1;
    }
    memset(bytes, poison, poison_bytes);
    munmap(bytes, poison_bytes);
    return file;
}

bool memory::reserve(size_t bytes)
{
    size = round_up(bytes, page);
    void *p = mmap(nullptr, size + page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) return false;
    base = static_cast<char *>(p);
    file = poison_file();
    return true;
}

void memory::protect(const char *p, size_t n, int how)
{
    size_t from = (size_t)(p - base) / page * page, to = round_up((size_t)(p - base) + n, page);
    if (to > from) mprotect(base + from, to - from, how);
}

void memory::open()
{
    if (n_open++ == 0) protect(base, reached, PROT_READ | PROT_WRITE);
}

void memory::close()
{
    if (--n_open == 0) protect(base, reached, PROT_NONE);
}

void memory::open(const char *p, size_t n)
{
    if (n_open == 0) protect(p, n, PROT_READ | PROT_WRITE);
}

void memory::close(const char *p, size_t n)
{
    if (n_open == 0) protect(p, n, PROT_NONE);
}

/* Poison, without touching what is never read: whole pages are mapped anew. Called while they are open. */
void memory::make_fresh(char *p, size_t n)
{
    sanitize_open(p, n);
    char *end = p + n, *first = base + round_up((size_t)(p - base), page), *last = end - (end - base) % (ptrdiff_t)page;
    if (n < remap_from || file < 0) {
        memset(p, poison, n);
        return;
    }
    memset(p, poison, (size_t)(first - p));
    memset(last, poison, (size_t)(end - last));
    for (char *at = first; at < last;) {
        size_t offset = (size_t)(at - base) % poison_bytes, left = (size_t)(last - at);
        size_t bytes = poison_bytes - offset < left ? poison_bytes - offset : left;
        void *mapped =
            mmap(at, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, file, (off_t)offset);
        if (mapped == MAP_FAILED) memset(at, poison, bytes);
        at += bytes;
    }
}

/* ---- allocations ---- */

/* The first gap between parts that is wide enough. */
void *memory::allocate(size_t bytes)
{
    size_t whole = round_up(bytes, alignment) + gap;
    char *at = base;
    if (bytes > size || whole > size) return nullptr;
    for (const auto &[start, n] : parts) {
        if ((size_t)(start - at) >= whole) break;
        at = start + round_up(n, alignment) + gap;
    }
    if ((size_t)(base + size - at) < whole) return nullptr;
    reached = std::max(reached, round_up((size_t)(at - base) + whole, page));
    open(at, whole);
    make_fresh(at, whole);
    fill_nobodys(at + bytes, whole - bytes);
    close(at, whole);
    sanitize_shut(at + bytes, whole - bytes);
    parts[at] = bytes;
    used += whole;
    return at;
}

bool memory::release(void *p)
{
    auto found = parts.find(static_cast<char *>(p));
    if (found == parts.end()) return false;
    size_t bytes = found->second, whole = round_up(bytes, alignment) + gap;
    unguard(p, bytes);
    sanitize_shut(p, whole);
    used -= whole;
    parts.erase(found);
    return true;
}

void memory::release_all()
{
    while (!parts.empty()) (void)release(parts.begin()->first);
    if (base) sanitize_open(base, reached);
}

bool memory::inside(const void *p) const
{
    const char *at = static_cast<const char *>(p);
    return at >= base && at <= base + size;
}

bool memory::holds(const void *p, size_t n) const
{
    const char *at = static_cast<const char *>(p);
    auto after = parts.upper_bound(const_cast<char *>(at));
    if (after == parts.begin()) return false;
    const auto &[start, bytes] = *--after;
    return (size_t)(at - start) <= bytes && n <= bytes - (size_t)(at - start);
}

/* ---- guards ---- */

void memory::guard(void *p, size_t n)
{
    char *at = static_cast<char *>(p);
    open(at, n);
    sanitize_open(at, n);
    fill_nobodys(at, n);
    sanitize_shut(at, n);
    close(at, n);
    guards[at] = n;
}

void memory::unguard(void *p, size_t n)
{
    char *at = static_cast<char *>(p);
    for (auto g = guards.lower_bound(at); g != guards.end() && g->first < at + n;) g = guards.erase(g);
    open(at, n);
    make_fresh(at, n);
    close(at, n);
}

bool memory::broken(breach *found) const
{
    for (const auto &[start, bytes] : parts) {
        size_t behind = round_up(bytes, alignment) + gap - bytes;
        *found = {first_broken(start + bytes, behind), start, false};
        if (found->at) return true;
    }
    for (const auto &[start, bytes] : guards) {
        auto part = --parts.upper_bound(start);
        *found = {first_broken(start, bytes), part->first, true};
        if (found->at) return true;
    }
    return false;
}

} // namespace gnt_emu
