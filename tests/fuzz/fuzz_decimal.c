/* Decimal numbers: what is taken has the bits of strtod, and it is taken iff the C locale's strtod would read the whole
 * text as a decimal number. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/decimal.h"
#include "host/market/csv_strict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same_bits(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[256];
    double plain, parsed;
    if (size >= sizeof text) return 0;
    memcpy(text, data, size);
    text[size] = 0;
    const char *stop = gnt_decimal_plain((const char *)data, (const char *)data + size, &plain);
    if (stop) {
        char number[256], *end;
        size_t n = (size_t)(stop - (const char *)data);
        memcpy(number, data, n);
        number[n] = 0;
        double want = strtod(number, &end); /* no call of setlocale here: the C locale */
        if (end != number + n || !same_bits(want, plain)) __builtin_trap();
    }
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!c_locale) return 0;
    if (gnt_decimal_parse(text, c_locale, &parsed)) {
        char *end;
        double want = strtod(text, &end);
        if (*end || strpbrk(text, "xX \t\n\v\f\r")) __builtin_trap();
        if (want == want ? !same_bits(want, parsed) : parsed == parsed) __builtin_trap();
    }
    freelocale(c_locale);
    return 0;
}
