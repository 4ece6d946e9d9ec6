/* Arithmetic that CUDA has names for: IEEE only, every function the same bits as the instruction it stands for. */
#ifndef GNT_EMU_MATH_H
#define GNT_EMU_MATH_H

#include <string.h>

/* ---- rounded operations ---- */

static inline float __fdiv_rn(float a, float b)
{
    return a / b;
}
static inline float __fsqrt_rn(float a)
{
    return __builtin_sqrtf(a);
}
static inline float __fmaf_rn(float a, float b, float c)
{
    return __builtin_fmaf(a, b, c);
}

/* ---- conversions: out of range saturates and NaN is 0, as the instruction cvt does ---- */

static inline float __double2float_rn(double a)
{
    return (float)a;
}
static inline int gnt_emu_to_int(double a)
{
    if (a != a) return 0;
    if (a >= 2147483647.0) return 2147483647;
    return a <= -2147483648.0 ? -2147483647 - 1 : (int)a;
}
static inline unsigned gnt_emu_to_uint(double a)
{
    if (a != a || a <= 0) return 0;
    return a >= 4294967295.0 ? 4294967295u : (unsigned)a;
}
static inline int __float2int_rn(float a)
{
    return gnt_emu_to_int((double)__builtin_rintf(a));
}
static inline int __float2int_rz(float a)
{
    return gnt_emu_to_int((double)a);
}
static inline unsigned __float2uint_rz(float a)
{
    return gnt_emu_to_uint((double)a);
}
static inline int __double2int_rn(double a)
{
    return gnt_emu_to_int(__builtin_rint(a));
}

/* ---- bits ---- */

template <typename To, typename From> static inline To gnt_emu_bits(From from)
{
    static_assert(sizeof(To) == sizeof(From), "the same number of bits");
    To to;
    memcpy(&to, &from, sizeof to);
    return to;
}
static inline int __float_as_int(float a)
{
    return gnt_emu_bits<int>(a);
}
static inline unsigned __float_as_uint(float a)
{
    return gnt_emu_bits<unsigned>(a);
}
static inline float __int_as_float(int a)
{
    return gnt_emu_bits<float>(a);
}
static inline float __uint_as_float(unsigned a)
{
    return gnt_emu_bits<float>(a);
}
static inline long long __double_as_longlong(double a)
{
    return gnt_emu_bits<long long>(a);
}
static inline double __longlong_as_double(long long a)
{
    return gnt_emu_bits<double>(a);
}
static inline int __popc(unsigned a)
{
    return __builtin_popcount(a);
}
static inline int __popcll(unsigned long long a)
{
    return __builtin_popcountll(a);
}
static inline int __ffs(int a)
{
    return __builtin_ffs(a);
}
static inline int __ffsll(long long a)
{
    return __builtin_ffsll(a);
}
static inline int __clz(int a)
{
    return a ? __builtin_clz((unsigned)a) : 32;
}
static inline unsigned long long __brevll(unsigned long long a)
{
    unsigned long long out = 0;
    for (int i = 0; i < 64; i++) out |= (a >> i & 1) << (63 - i);
    return out;
}
static inline unsigned __brev(unsigned a)
{
    return (unsigned)(__brevll(a) >> 32);
}
static inline unsigned __umulhi(unsigned a, unsigned b)
{
    return (unsigned)((unsigned long long)a * b >> 32);
}
static inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b)
{
    return (unsigned long long)((unsigned __int128)a * b >> 64);
}
static inline unsigned __funnelshift_l(unsigned low, unsigned high, unsigned shift)
{
    return (unsigned)((((unsigned long long)high << 32 | low) << (shift & 31)) >> 32);
}
static inline unsigned __funnelshift_r(unsigned low, unsigned high, unsigned shift)
{
    return (unsigned)(((unsigned long long)high << 32 | low) >> (shift & 31));
}
/* Four of the eight bytes of b:a, one by each hexadecimal digit of `which`; digits above 7 (sign replication) have
 * none. */
static inline unsigned __byte_perm(unsigned a, unsigned b, unsigned which)
{
    unsigned long long both = (unsigned long long)b << 32 | a;
    unsigned out = 0;
    for (int i = 0; i < 4; i++) out |= (unsigned)(both >> 8 * (which >> 4 * i & 7) & 0xff) << 8 * i;
    return out;
}

/* ---- min and max; of floats the number when one side is NaN ---- */

#define GNT_EMU_MIN_MAX(type)              \
    static inline type min(type a, type b) \
    {                                      \
        return a < b ? a : b;              \
    }                                      \
    static inline type max(type a, type b) \
    {                                      \
        return a > b ? a : b;              \
    }
GNT_EMU_MIN_MAX(int)
GNT_EMU_MIN_MAX(unsigned)
GNT_EMU_MIN_MAX(long)
GNT_EMU_MIN_MAX(unsigned long)
GNT_EMU_MIN_MAX(long long)
GNT_EMU_MIN_MAX(unsigned long long)
#undef GNT_EMU_MIN_MAX
static inline float min(float a, float b)
{
    return __builtin_fminf(a, b);
}
static inline float max(float a, float b)
{
    return __builtin_fmaxf(a, b);
}
static inline double min(double a, double b)
{
    return __builtin_fmin(a, b);
}
static inline double max(double a, double b)
{
    return __builtin_fmax(a, b);
}

/* ---- loads and stores with a hint ---- */

template <typename T> static inline T __ldg(const T *p)
{
    return *p;
}
template <typename T> static inline T __ldcg(const T *p)
{
    return *p;
}
template <typename T> static inline T __ldcs(const T *p)
{
    return *p;
}
template <typename T> static inline void __stcg(T *p, T v)
{
    *p = v;
}
template <typename T> static inline void __stcs(T *p, T v)
{
    *p = v;
}

#endif
