/* Plain decimal numbers against strtod, bit by bit: every count of digits and place of the dot, ties and their
 * neighbours, and what is none. */
#include "host/base/decimal.h"
#include "tests/test.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t next(uint64_t *state)
{
    *state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
    return *state >> 11 ^ *state << 20;
}

static void check(const char *text)
{
    double got = -1, want = strtod(text, NULL);
    const char *end = text + strlen(text), *stop = gnt_decimal_plain(text, end, &got);
    if (stop != end || memcmp(&got, &want, sizeof got))
        fail_msg("'%s': read %td of %zu bytes as %.17g (%a), strtod %a", text, stop ? stop - text : -1, strlen(text),
                 got, got, want);
}

/* Random digits; dot after each of the first n - 1, and none. */
static void any_digits(void **state)
{
    (void)state;
    uint64_t r = 7;
    for (int n = 1; n <= 19; n++)
        for (int dot = 1; dot <= n; dot++)
            for (int i = 0; i < 400; i++) {
                char text[32];
                int length = 0;
                for (int k = 0; k < n; k++) {
                    if (k == dot) text[length++] = '.';
                    text[length++] = (char)('0' + next(&r) % 10);
                }
                text[length] = 0;
                check(text);
            }
}

/* Numbers of 17 to 19 digits about the middle between two doubles: the hardest to round. */
static void near_ties(void **state)
{
    (void)state;
    uint64_t r = 11;
    for (int i = 0; i < 20000; i++) {
        double low = 1 + (double)(next(&r) % 1000000007) / 997.0, high = nextafter(low, INFINITY);
        long double middle = ((long double)low + (long double)high) / 2;
        char text[64];
        for (int digits = 17; digits <= 19; digits++) {
            int whole = snprintf(text, sizeof text, "%.0Lf", floorl(middle));
            snprintf(text, sizeof text, "%.*Lf", digits - whole > 0 ? digits - whole : 0, middle);
            if (strlen(text) <= 20) check(text);
        }
    }
    check("9007199254740993"); /* 2^53 + 1: a tie between even neighbours */
    check("9007199254740993.0");
    check("9007199254740993.001");
    check("9007199254740992.999");
    check("18014398509481985.5");
    check("0.9007199254740993");
    check("9999999999999999999");
    check("0.999999999999999999");
    check("1.000000000000000000");
    check("0.000000000000000001");
    check("0000000000000000000");
    check("104.23999786376953"); /* a float's digits, as price services print them */
}

static void others(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int stop; /* -1: no number of this form */
    } cases[] = {{"", -1},
                 {".", -1},
                 {"5.", -1},
                 {".5", -1},
                 {"-1", -1},
                 {"+1", -1},
                 {" 1", -1},
                 {"x", -1},
                 {"1x", 1},
                 {"1.5.2", 3},
                 {"1e5", 1},
                 {"0x10", 1},
                 {"1,5", 1},
                 {"1.x", -1},
                 {"12345678901234567890", -1},
                 {"1234567890.1234567890", -1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double value = 0;
        const char *text = cases[i].text, *stop = gnt_decimal_plain(text, text + strlen(text), &value);
        int got = stop ? (int)(stop - text) : -1;
        if (got != cases[i].stop) fail_msg("'%s': stopped at %d, expected %d", text, got, cases[i].stop);
    }
    double value;
    const char text[] = {'4', '2', '7'};
    assert_ptr_equal(gnt_decimal_plain(text, text + 2, &value), text + 2); /* never reads at the end */
    assert_true(value == 42);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(any_digits), cmocka_unit_test(near_ties),
                                       cmocka_unit_test(others)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
