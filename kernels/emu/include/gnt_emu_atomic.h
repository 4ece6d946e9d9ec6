/* Atomics. Threads of the emulated device change only at meeting points, so plain loads and stores are atomic here;
 * what a kernel does with the values between them is not, and stays its own affair. */
#ifndef GNT_EMU_ATOMIC_H
#define GNT_EMU_ATOMIC_H

#define GNT_EMU_ATOMIC(name, type, next)            \
    static inline type name(type *at, type operand) \
    {                                               \
        type old = *at;                             \
        *at = (next);                               \
        return old;                                 \
    }
#define GNT_EMU_ATOMIC_INTEGER(type)                                                  \
    GNT_EMU_ATOMIC(atomicMin, type, operand < old ? operand : old)                    \
    GNT_EMU_ATOMIC(atomicMax, type, operand > old ? operand : old)                    \
    GNT_EMU_ATOMIC(atomicAnd, type, old &operand)                                     \
    GNT_EMU_ATOMIC(atomicOr, type, old | operand)                                     \
    GNT_EMU_ATOMIC(atomicXor, type, old ^ operand)                                    \
    GNT_EMU_ATOMIC(atomicExch, type, operand)                                         \
    static inline type atomicCAS(type *at, type expected, type desired, GNT_EMU_SITE) \
    {                                                                                 \
        type old = *at;                                                               \
        if (old == expected)                                                          \
            *at = desired;                                                            \
        else                                                                          \
            gnt_emu_poll({file, line});                                               \
        return old;                                                                   \
    }
GNT_EMU_ATOMIC_INTEGER(int)
GNT_EMU_ATOMIC_INTEGER(unsigned)
GNT_EMU_ATOMIC_INTEGER(unsigned long long)
GNT_EMU_ATOMIC(atomicAdd, int, (int)((unsigned)old + (unsigned)operand))
GNT_EMU_ATOMIC(atomicSub, int, (int)((unsigned)old - (unsigned)operand))
GNT_EMU_ATOMIC(atomicAdd, unsigned, old + operand)
GNT_EMU_ATOMIC(atomicSub, unsigned, old - operand)
GNT_EMU_ATOMIC(atomicInc, unsigned, old >= operand ? 0 : old + 1)
GNT_EMU_ATOMIC(atomicAdd, unsigned long long, old + operand)
GNT_EMU_ATOMIC(atomicAdd, float, old + operand)
GNT_EMU_ATOMIC(atomicAdd, double, old + operand)
GNT_EMU_ATOMIC(atomicExch, float, operand)
#undef GNT_EMU_ATOMIC
#undef GNT_EMU_ATOMIC_INTEGER

#endif
