/* .npy in and out: numpy's bytes, and files that aren't what they say. */
#include "tests/test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/base/file.h"
#include "host/store/npy.h"

/* numpy.save of numpy.arange(6, dtype=float32).reshape(2, 3), numpy 2.4: header padded to 128 bytes. */
static size_t numpy_bytes(unsigned char out[152])
{
    static const char header[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
    memset(out, ' ', 128);
    memcpy(out, "\x93NUMPY\x01\x00v\x00", 10);
    memcpy(out + 10, header, sizeof header - 1);
    out[127] = '\n';
    for (int i = 0; i < 6; i++) {
        float x = (float)i;
        memcpy(out + 128 + 4 * i, &x, 4);
    }
    return 152;
}

static void writes_what_numpy_writes(void **state)
{
    (void)state;
    unsigned char expected[152];
    float data[6] = {0, 1, 2, 3, 4, 5};
    char path[64];
    gnt_text text = {0};
    gnt_error why = {0};
    snprintf(path, sizeof path, "/tmp/gauntlet-npy-%d.npy", (int)getpid());
    assert_int_equal(gnt_npy_write(path, data, 2, (size_t[]){2, 3}, &why), GNT_OK);
    assert_int_equal(gnt_text_read(path, 1 << 20, &text, &why), GNT_OK);
    assert_int_equal(text.n, numpy_bytes(expected));
    assert_memory_equal(text.data, expected, text.n);
    gnt_text_free(&text);
    gnt_npy array;
    assert_int_equal(gnt_npy_read(path, &array, &why), GNT_OK);
    assert_int_equal(array.rank, 2);
    assert_int_equal(array.dim[1], 3);
    assert_memory_equal(array.data, data, sizeof data);
    gnt_npy_free(&array);
    unlink(path);
}

static void refuses_what_it_cannot_be(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        const char *bytes, *said;
    } edit[] = {
        {0, "x", "not a .npy file"}, {6, "\x09", "not a .npy file"}, {8, "\xff", "not a .npy file"},
        {21, "<i4", "type '<i4'"},   {44, " True", "Fortran"},       {60, "(2,  4)", "its shape asks for 32"},
        {60, "(-2,3)", "its shape"}, {60, "2     ", "its shape"},    {12, "deskr", "lacks descr"},
    };
    for (size_t i = 0; i < sizeof edit / sizeof *edit; i++) {
        unsigned char bytes[152];
        gnt_npy array;
        gnt_error why = {0};
        size_t n = numpy_bytes(bytes);
        memcpy(bytes + edit[i].at, edit[i].bytes, strlen(edit[i].bytes));
        gnt_status st = gnt_npy_parse(bytes, n, "x.npy", &array, &why);
        if (st == GNT_OK || !strstr(why.text, edit[i].said))
            fail_msg("edit %zu: status %d, said '%s', expected '%s'", i, st, why.text, edit[i].said);
    }
    unsigned char bytes[152];
    for (size_t n = 0; n < numpy_bytes(bytes); n++) { /* every truncation */
        gnt_npy array;
        gnt_error why = {0};
        if (gnt_npy_parse(bytes, n, "x.npy", &array, &why) == GNT_OK) fail_msg("%zu bytes were accepted", n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(writes_what_numpy_writes),
                                       cmocka_unit_test(refuses_what_it_cannot_be)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
