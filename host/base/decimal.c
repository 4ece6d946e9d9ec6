#include "decimal.h"

#include <float.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if FLT_EVAL_METHOD != 0
#error "double arithmetic must round to double"
#endif

enum { MAX_DIGITS = 19 }; /* 10^19 - 1 < 2^64 */

/* n / d rounded once; d a power of ten up to 10^19. Numbers up to 2^53 are doubles, and so is every power of ten up to
 * 10^22: then the one division rounds (Clinger, "How to read floating point numbers accurately", 1990). Larger ones are
 * divided as integers to 63 bits or more, the remainder kept as a lowest bit; the conversion to double rounds that. */
static double ratio(uint64_t n, uint64_t d)
{
    if (n <= (uint64_t)1 << 53) return (double)n / (double)d;
    if (d == 1) return (double)n;
    int n_shift = __builtin_clzll(n), d_shift = __builtin_clzll(d);
    unsigned __int128 wide = (unsigned __int128)(n << n_shift) << 63;
    d <<= d_shift;
    uint64_t quotient = (uint64_t)(wide / d), rest = (uint64_t)wide - quotient * d;
    uint64_t exponent = (uint64_t)(1023 + d_shift - n_shift - 63) << 52; /* a normal number: 2^-73 to 2^-3 */
    double scale;
    memcpy(&scale, &exponent, sizeof scale);
    return (double)(quotient | (rest != 0)) * scale;
}

static bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

const char *gnt_decimal_plain(const char *at, const char *end, double *value)
{
    uint64_t n = 0, d = 1; /* may wrap: then there are too many digits */
    const char *start = at;
    for (; at < end && is_digit(*at); at++) n = n * 10 + (uint64_t)(*at - '0');
    ptrdiff_t digits = at - start;
    if (digits && at < end && *at == '.') {
        start = ++at;
        for (; at < end && is_digit(*at); at++) {
            n = n * 10 + (uint64_t)(*at - '0');
            d *= 10;
        }
        if (at == start) return NULL;
        digits += at - start;
    }
    if (digits == 0 || digits > MAX_DIGITS) return NULL;
    *value = ratio(n, d);
    return at;
}
