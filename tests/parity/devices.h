/* One body for every operation x shape x backend: what test_devices.c runs and its rows are made of.
 *
 * A row (gnt_op_case) makes inputs that follow from a size alone, has its outputs handed out here and calls the engine.
 * Every output lies between guards and begins as 0xFF bytes (NaN in both float formats). The CPU with its best
 * instruction set is the yardstick: any other backend's outputs are its bytes, padding included, or the row is of a
 * class of its own and only the oracle judges. Oracles (tests/ref) see every backend's outputs.
 * A row that fails says so once, with both values, and the rest goes on. */
#ifndef GNT_PARITY_DEVICES_H
#define GNT_PARITY_DEVICES_H

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/device/engine.h"

#define PARITY_GUARD 64 /* bytes */
#define PARITY_GUARD_BYTE 0xA5
#define PARITY_OUTPUTS 64
#define PARITY_END ((size_t)-1)

typedef enum parity_type { PARITY_F32 = 0, PARITY_F64, PARITY_U32, PARITY_BYTES } parity_type;

typedef struct parity_output {
    parity_type type;
    size_t n; /* elements */
    unsigned char *memory;
} parity_output;

typedef struct parity_run {
    gnt_engine *engine;
    const char *backend, *op;
    size_t size;
    parity_output out[PARITY_OUTPUTS];
    size_t n_out;
    double error, share; /* largest distance from the oracle, and as a share of its bound */
    size_t n_compared;   /* numbers that an oracle saw */
    bool failed;
} parity_run;

typedef struct gnt_op_case {
    const char *name;               /* unique: operation, then what the sizes count */
    const char *op;                 /* entry of gnt_ops, and where it lies there */
    size_t entry;                   /* offsetof(gnt_ops, ..) */
    void (*run)(parity_run *run);   /* allots outputs, then calls the engine */
    void (*check)(parity_run *run); /* against tests/ref; NULL: the yardstick is the only judge */
    const size_t *sizes;            /* ended by PARITY_END; NULL: parity_sizes */
    bool own_class;                 /* not the CPU's bits, e.g. products in bf16 */
} gnt_op_case;

static const size_t parity_sizes[] = {0, 1, 31, 32, 33, 1000, 1009, PARITY_END};
static const size_t parity_sizes_from_one[] = {1, 31, 32, 33, 1000, 1009, PARITY_END};
static const size_t parity_sizes_small[] = {0, 1, 31, 32, 33, PARITY_END}; /* where an element is much work */

static inline void parity_fail(parity_run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline void parity_fail(parity_run *run, const char *format, ...)
{
    va_list args;
    if (run->failed) return;
    run->failed = true;
    printf("not ok - %s: %s, size %zu: ", run->backend, run->op, run->size);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
}

/* For what must be there before anything can be tested. */
static inline void *parity_need(void *memory)
{
    if (!memory) abort();
    return memory;
}
static inline void *parity_array(size_t n, size_t bytes)
{
    return parity_need(calloc(n + 1, bytes));
}

/* Reports a call of the engine that failed. */
static inline void parity_call(parity_run *run, gnt_status status, const gnt_error *why)
{
    if (status) parity_fail(run, "%s", why->text);
}

/* Numbers in [0, 1) that follow from seed. */
static inline double parity_uniform(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (double)(*seed >> 11) * 0x1p-53;
}

/* ---- outputs ------------------------------------------------------------------------------------------------- */

static inline size_t parity_bytes(const parity_output *out)
{
    static const size_t size[] = {4, 8, 4, 1};
    return out->n * size[out->type];
}

static inline void *parity_data(const parity_output *out)
{
    return out->memory + PARITY_GUARD;
}

/* The next output: n elements of 0xFF bytes between guards; owned by the run. */
static inline void *parity_out(parity_run *run, parity_type type, size_t n)
{
    if (run->n_out == PARITY_OUTPUTS) abort();
    parity_output *out = &run->out[run->n_out++];
    *out = (parity_output){.type = type, .n = n};
    size_t bytes = parity_bytes(out);
    out->memory = parity_need(malloc(bytes + 2 * PARITY_GUARD));
    memset(out->memory, PARITY_GUARD_BYTE, bytes + 2 * PARITY_GUARD);
    memset(parity_data(out), 0xFF, bytes);
    return parity_data(out);
}

/* The same, begun with what is there already: arrays that an operation changes. */
static inline void *parity_in_out(parity_run *run, parity_type type, size_t n, const void *from)
{
    void *data = parity_out(run, type, n);
    if (n) memcpy(data, from, parity_bytes(&run->out[run->n_out - 1]));
    return data;
}

static inline void parity_check_guards(parity_run *run)
{
    for (size_t o = 0; o < run->n_out; o++) {
        const unsigned char *before = run->out[o].memory, *after = before + PARITY_GUARD + parity_bytes(&run->out[o]);
        for (size_t i = 0; i < PARITY_GUARD; i++) {
            if (before[PARITY_GUARD - 1 - i] != PARITY_GUARD_BYTE)
                parity_fail(run, "output %zu: written %zu bytes before its beginning", o, i + 1);
            if (after[i] != PARITY_GUARD_BYTE) parity_fail(run, "output %zu: written %zu bytes behind its end", o, i);
        }
    }
}

static inline void parity_print(const parity_output *out, size_t i, char text[64])
{
    const unsigned char *data = parity_data(out);
    float f;
    double d;
    uint32_t u;
    switch (out->type) {
    case PARITY_F32:
        memcpy(&f, data + 4 * i, 4);
        memcpy(&u, data + 4 * i, 4);
        snprintf(text, 64, "%.9g (%08x)", (double)f, u);
        break;
    case PARITY_F64:
        memcpy(&d, data + 8 * i, 8);
        snprintf(text, 64, "%.17g (%a)", d, d);
        break;
    case PARITY_U32:
        memcpy(&u, data + 4 * i, 4);
        snprintf(text, 64, "%u", u);
        break;
    case PARITY_BYTES:
        snprintf(text, 64, "%02x", data[i]);
        break;
    }
}

/* Byte for byte what the yardstick has. */
static inline void parity_check_same(parity_run *run, const parity_run *yardstick)
{
    for (size_t o = 0; o < run->n_out && !run->failed; o++) {
        const parity_output *got = &run->out[o], *want = &yardstick->out[o];
        size_t bytes = parity_bytes(got), width = got->n ? bytes / got->n : 1, i = 0;
        if (memcmp(parity_data(got), parity_data(want), bytes) == 0) continue;
        while (memcmp((char *)parity_data(got) + i * width, (char *)parity_data(want) + i * width, width) == 0) i++;
        char a[64], b[64];
        parity_print(got, i, a);
        parity_print(want, i, b);
        parity_fail(run, "output %zu, element %zu of %zu: %s, the CPU has %s", o, i, got->n, a, b);
    }
}

static inline void parity_free(parity_run *run)
{
    for (size_t o = 0; o < run->n_out; o++) free(run->out[o].memory);
    run->n_out = 0;
}

/* ---- oracles --------------------------------------------------------------------------------------------------- */

/* |got - want| <= bound, which NaN fails. */
static inline void parity_near(parity_run *run, size_t i, double got, double want, double bound)
{
    double error = fabs(got - want);
    run->n_compared++;
    if (!(error <= bound))
        parity_fail(run, "element %zu: %.9g, oracle %.17g, off by %.3g, bound %.3g", i, got, want, error, bound);
    if (error > run->error) run->error = error;
    if (bound > 0 && error / bound > run->share) run->share = error / bound;
}

/* For the exact class. */
static inline void parity_equal(parity_run *run, size_t i, uint64_t got, uint64_t want)
{
    run->n_compared++;
    if (got != want)
        parity_fail(run, "element %zu: %llu, oracle %llu", i, (unsigned long long)got, (unsigned long long)want);
}

#endif
