/* HDF5 files: what is put comes back, the same puts give the same bytes, a file is whole or not there. */
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/base/file.h"
#include "host/store/h5.h"

static char folder[64], path[128];
static gnt_error why;

#define MUST(call)                                                 \
    do {                                                           \
        if ((call) != GNT_OK) fail_msg("%s: %s", #call, why.text); \
    } while (0)
#define REFUSED(call, fragment)                                                                     \
    do {                                                                                            \
        if ((call) == GNT_OK) fail_msg("%s: accepted, expected '%s'", #call, fragment);             \
        if (!strstr(why.text, fragment)) fail_msg("'%s', expected '%s' in it", why.text, fragment); \
    } while (0)

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "test_store_h5.%ld", (long)getpid());
    snprintf(path, sizeof path, "%s/file.h5", folder);
    return gnt_make_dirs(folder, &why);
}

static int tear_down(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

enum { N = 300000 };

/* Every type, a matrix, an empty array, texts and counts; `n` long vectors. */
static gnt_status put_all(const char *name, double seed, size_t n)
{
    gnt_h5 *file;
    GNT_TRY(gnt_h5_create(name, &file, &why));
    double *x = malloc(n * sizeof *x);
    if (!x) return GNT_ENOMEM;
    for (size_t i = 0; i < n; i++) x[i] = seed + (double)i;
    float f[6] = {1, 2, 3, NAN, INFINITY, -0.0f};
    int64_t i64[2] = {INT64_MIN, INT64_MAX};
    int8_t i8[3] = {-128, 0, 127};
    uint8_t u8[2] = {0, 255};
    char words[2][8] = {"eins", "zw\xc3\xb6lf"};
    gnt_status st = gnt_h5_put(file, "/a/b/x", GNT_H5_F64, x, n, 0, &why);
    if (!st) st = gnt_h5_put(file, "/matrix", GNT_H5_F32, f, 2, 3, &why);
    if (!st) st = gnt_h5_put(file, "/empty", GNT_H5_F64, NULL, 0, 0, &why);
    if (!st) st = gnt_h5_put(file, "/i64", GNT_H5_I64, i64, 2, 0, &why);
    if (!st) st = gnt_h5_put(file, "/i8", GNT_H5_I8, i8, 3, 0, &why);
    if (!st) st = gnt_h5_put(file, "/u8", GNT_H5_U8, u8, 2, 0, &why);
    if (!st) st = gnt_h5_put_words(file, "/words", words[0], 2, sizeof words[0], &why);
    if (!st) st = gnt_h5_put_text(file, "/", "schema", "test", &why);
    if (!st) st = gnt_h5_put_text(file, "/a", "note", "", &why);
    if (!st) st = gnt_h5_put_text(file, "/fresh/group", "note", "\xc3\xa9", &why);
    if (!st) st = gnt_h5_put_count(file, "/i64", "seed", -42, &why);
    free(x);
    if (!st) return gnt_h5_commit(&file, &why);
    gnt_h5_close(&file);
    return st;
}

static void what_is_put_comes_back(void **state)
{
    (void)state;
    MUST(put_all(path, 0.5, N));
    gnt_h5 *file;
    MUST(gnt_h5_open(path, &file, &why));
    void *data;
    size_t rows, cols;
    MUST(gnt_h5_get(file, "/a/b/x", GNT_H5_F64, &data, &rows, &cols, &why));
    assert_int_equal(rows, N);
    assert_int_equal(cols, 0);
    for (size_t i = 0; i < N; i++)
        if (!(((double *)data)[i] == 0.5 + (double)i)) fail_msg("x[%zu] = %.17g", i, ((double *)data)[i]);
    free(data);
    MUST(gnt_h5_get(file, "/matrix", GNT_H5_F32, &data, &rows, &cols, &why));
    assert_int_equal(rows, 2);
    assert_int_equal(cols, 3);
    assert_true(((float *)data)[2] == 3 && isnan(((float *)data)[3]) && signbit(((float *)data)[5]));
    free(data);
    MUST(gnt_h5_get(file, "/empty", GNT_H5_F64, &data, &rows, &cols, &why));
    assert_int_equal(rows, 0);
    free(data);
    MUST(gnt_h5_get(file, "/i64", GNT_H5_I64, &data, &rows, &cols, &why));
    assert_true(((int64_t *)data)[0] == INT64_MIN && ((int64_t *)data)[1] == INT64_MAX);
    free(data);
    MUST(gnt_h5_get(file, "/i8", GNT_H5_I32, &data, &rows, &cols, &why));
    assert_int_equal(((int32_t *)data)[0], -128);
    free(data);
    char text[32];
    int64_t count;
    MUST(gnt_h5_get_text(file, "/", "schema", text, sizeof text, &why));
    assert_string_equal(text, "test");
    MUST(gnt_h5_get_text(file, "/a", "note", text, sizeof text, &why));
    assert_string_equal(text, "");
    MUST(gnt_h5_get_text(file, "/fresh/group", "note", text, sizeof text, &why));
    assert_string_equal(text, "\xc3\xa9");
    MUST(gnt_h5_get_count(file, "/i64", "seed", &count, &why));
    assert_int_equal(count, -42);
    char *words;
    size_t width;
    MUST(gnt_h5_get_words(file, "/words", &words, &rows, &width, &why));
    assert_int_equal(rows, 2);
    assert_string_equal(words, "eins");
    assert_string_equal(words + width, "zw\xc3\xb6lf");
    free(words);
    char **names;
    size_t n;
    MUST(gnt_h5_list(file, "/", &names, &n, &why));
    assert_int_equal(n, 8);
    assert_string_equal(names[0], "a");
    assert_string_equal(names[7], "words");
    free(names);
    assert_true(gnt_h5_has(file, "/a/b/x") && gnt_h5_has(file, "/") && !gnt_h5_has(file, "/a/c/x"));
    gnt_h5_close(&file);
    assert_null(file);
}

/* Object times have a resolution of a second, so the second writing is more than one later. */
static void the_same_puts_give_the_same_bytes(void **state)
{
    (void)state;
    char other[128];
    snprintf(other, sizeof other, "%s/other.h5", folder);
    MUST(put_all(path, 2, 5000));
    usleep(1100000);
    MUST(put_all(other, 2, 5000));
    gnt_text a = {0}, b = {0};
    MUST(gnt_text_read(path, 1u << 24, &a, &why));
    MUST(gnt_text_read(other, 1u << 24, &b, &why));
    assert_int_equal(a.n, b.n);
    for (size_t i = 0; i < a.n; i++)
        if (a.data[i] != b.data[i]) fail_msg("byte %zu: %02x and %02x", i, a.data[i] & 255, b.data[i] & 255);
    gnt_text_free(&a);
    gnt_text_free(&b);
}

static void an_uncommitted_file_vanishes(void **state)
{
    (void)state;
    char fresh[128], listing[256];
    snprintf(fresh, sizeof fresh, "%s/fresh.h5", folder);
    gnt_h5 *file;
    MUST(gnt_h5_create(fresh, &file, &why));
    MUST(gnt_h5_put_count(file, "/", "n", 1, &why));
    gnt_h5_close(&file);
    gnt_h5_close(&file); /* NULL by now */
    assert_false(gnt_file_exists(fresh));
    snprintf(listing, sizeof listing, "ls %s | grep -q tmp", folder);
    assert_int_not_equal(system(listing), 0);
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Starts writing file after file in a child, `seed` upwards, and kills it after `delay_s`. */
static void write_and_kill(double seed, double delay_s)
{
    pid_t child = fork();
    if (child == 0) {
        for (;; seed++)
            if (put_all(path, seed, N)) _exit(1);
    }
    usleep((useconds_t)(1e6 * delay_s));
    kill(child, SIGKILL);
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFSIGNALED(how));
}

/* Kills at moments spread over three writings, until they fell often on either side of a rename. The first value and
 * the last of what is then read must come from the same writing. */
static void a_killed_write_leaves_the_old_file(void **state)
{
    (void)state;
    double begin = now_s(), last_seen = 0;
    MUST(put_all(path, 0, N));
    double one = now_s() - begin;
    unsigned changed = 0, kept = 0;
    for (unsigned round = 0; round < 400 && (round < 30 || changed < 5 || kept < 5); round++) {
        write_and_kill(1000.0 * (round + 1), one * 3 * (round * 37 % 100) / 100);
        gnt_h5 *file;
        void *data;
        size_t rows, cols;
        MUST(gnt_h5_open(path, &file, &why));
        MUST(gnt_h5_get(file, "/a/b/x", GNT_H5_F64, &data, &rows, &cols, &why));
        double first = ((double *)data)[0], last = ((double *)data)[rows - 1];
        if (!(last - first == N - 1)) fail_msg("round %u: %g to %g is no whole writing", round, first, last);
        *(first == last_seen ? &kept : &changed) += 1;
        last_seen = first;
        free(data);
        gnt_h5_close(&file);
    }
    if (changed < 5 || kept < 5) fail_msg("%u kills after a rename, %u before: not both tested", changed, kept);
}

static void damage_is_refused(void **state)
{
    (void)state;
    MUST(put_all(path, 1234.5, 1000));
    gnt_text text = {0};
    MUST(gnt_text_read(path, 1u << 24, &text, &why));
    double value = 1734.5;
    char *at = memmem(text.data, text.n, &value, sizeof value);
    assert_non_null(at);
    at[1] ^= 16;
    char broken[128];
    snprintf(broken, sizeof broken, "%s/broken.h5", folder);
    MUST(gnt_file_write(broken, text.data, text.n, &why));
    gnt_h5 *file;
    void *data;
    size_t rows, cols;
    MUST(gnt_h5_open(broken, &file, &why));
    REFUSED(gnt_h5_get(file, "/a/b/x", GNT_H5_F64, &data, &rows, &cols, &why), "damaged");
    assert_null(data);
    gnt_h5_close(&file);
    MUST(gnt_file_write(broken, text.data, text.n / 2, &why));
    REFUSED(gnt_h5_open(broken, &file, &why), "broken.h5: not a readable HDF5 file");
    MUST(gnt_file_write(broken, "hello", 5, &why));
    REFUSED(gnt_h5_open(broken, &file, &why), "not a readable HDF5 file");
    assert_null(file);
    gnt_text_free(&text);
}

static void wrong_questions_get_one_clear_line(void **state)
{
    (void)state;
    gnt_h5 *file;
    void *data;
    size_t rows, cols;
    char small[3], *words;
    char **names;
    int64_t count;
    REFUSED(gnt_h5_open("no/such/file.h5", &file, &why), "no/such/file.h5: can't open: No such file");
    REFUSED(gnt_h5_create("no/such/file.h5", &file, &why), "no/such/file.h5: can't create");
    MUST(put_all(path, 0, 100));
    MUST(gnt_h5_open(path, &file, &why));
    REFUSED(gnt_h5_get(file, "/nothing/here", GNT_H5_F64, &data, &rows, &cols, &why), "/nothing/here: no such dataset");
    REFUSED(gnt_h5_get(file, "/a", GNT_H5_F64, &data, &rows, &cols, &why), "not a readable dataset");
    REFUSED(gnt_h5_get(file, "/i64", GNT_H5_I8, &data, &rows, &cols, &why), "does not fit");
    REFUSED(gnt_h5_get(file, "/matrix", GNT_H5_I32, &data, &rows, &cols, &why), "does not fit"); /* NaN */
    REFUSED(gnt_h5_get(file, "/words", GNT_H5_U8, &data, &rows, &cols, &why), "expected a dataset of numbers");
    REFUSED(gnt_h5_get_words(file, "/i64", &words, &rows, &cols, &why), "fixed-length texts");
    REFUSED(gnt_h5_get_text(file, "/", "schema", small, sizeof small, &why), "no text of at most 2 bytes");
    REFUSED(gnt_h5_get_text(file, "/i64", "seed", small, sizeof small, &why), "no text");
    REFUSED(gnt_h5_get_count(file, "/", "schema", &count, &why), "no whole number");
    REFUSED(gnt_h5_get_count(file, "/", "absent", &count, &why), "attribute 'absent' missing");
    REFUSED(gnt_h5_list(file, "/none", &names, &rows, &why), "no such group");
    REFUSED(gnt_h5_commit(&file, &why), "opened for reading");
    assert_null(file);
    MUST(gnt_h5_create(path, &file, &why));
    MUST(gnt_h5_put_count(file, "/g", "n", 1, &why));
    REFUSED(gnt_h5_put_count(file, "/g", "n", 2, &why), "can't write the attribute");
    REFUSED(gnt_h5_put(file, "/g", GNT_H5_I64, &count, 1, 0, &why), "can't write the dataset");
    gnt_h5_close(&file);
}

static void h5dump_reads_it(void **state)
{
    (void)state;
    if (system("command -v h5dump >/dev/null 2>&1")) skip();
    MUST(put_all(path, 0.25, 10));
    char command[512];
    snprintf(command, sizeof command,
             "h5dump -p -d /a/b/x %s > %s/dump.txt && grep -q FLETCHER32 %s/dump.txt && grep -q 'CHUNKED ( 10 )' "
             "%s/dump.txt && grep -q '9.25' %s/dump.txt",
             path, folder, folder, folder, folder);
    assert_int_equal(system(command), 0);
}

static void h5py_reads_it(void **state)
{
    (void)state;
    const char *venv = getenv("GNT_VENV");
    if (!venv) {
        print_message("GNT_VENV is not set: no h5py to ask\n");
        skip();
    }
    MUST(put_all(path, 0.25, 10));
    char command[1024];
    snprintf(command, sizeof command,
             "%s/bin/python -c \"import h5py,sys; f=h5py.File('%s'); assert f['/a/b/x'][9]==9.25; "
             "assert f['/matrix'].shape==(2,3); assert f['/words'][1].decode()=='zw\\u00f6lf'; "
             "assert f.attrs['schema'] in ('test', b'test'); assert f['/i64'].attrs['seed']==-42; "
             "assert f['/a/b/x'].fletcher32\"",
             venv, path);
    assert_int_equal(system(command), 0);
}

/* An array in pieces is the array at once, to the byte of the file; rows come back in any pieces. */
static void rows_in_pieces(void **state)
{
    (void)state;
    static double x[1000][3], back[400][3];
    for (size_t i = 0; i < 3000; i++) x[i / 3][i % 3] = (double)i / 7;
    gnt_text bytes[2];
    for (int pieces = 0; pieces < 2; pieces++) {
        gnt_h5 *file;
        MUST(gnt_h5_create(path, &file, &why));
        MUST(gnt_h5_put_empty(file, "/x", GNT_H5_F64, 1000, 3, &why));
        for (size_t at = 0, n = pieces ? 250 : 1000; at < 1000; at += n)
            MUST(gnt_h5_put_rows(file, "/x", GNT_H5_F64, x[at], at, n, &why));
        assert_int_not_equal(gnt_h5_put_rows(file, "/x", GNT_H5_F64, x, 999, 2, NULL), GNT_OK);
        MUST(gnt_h5_commit(&file, &why));
        MUST(gnt_text_read(path, 1 << 20, &bytes[pieces], &why));
    }
    assert_int_equal(bytes[0].n, bytes[1].n);
    assert_memory_equal(bytes[0].data, bytes[1].data, bytes[0].n);
    gnt_text_free(&bytes[0]);
    gnt_text_free(&bytes[1]);
    gnt_h5 *file;
    MUST(gnt_h5_open(path, &file, &why));
    MUST(gnt_h5_get_rows(file, "/x", GNT_H5_F64, 3, 123, 400, back, &why));
    assert_memory_equal(back, x[123], sizeof back);
    assert_int_equal(gnt_h5_get_rows(file, "/x", GNT_H5_F64, 3, 601, 400, back, &why), GNT_EIO);
    assert_int_equal(gnt_h5_get_rows(file, "/x", GNT_H5_F64, 2, 0, 4, back, &why), GNT_EIO);
    assert_int_equal(gnt_h5_get_rows(file, "/y", GNT_H5_F64, 3, 0, 4, back, &why), GNT_EIO);
    gnt_h5_close(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_put_comes_back),
        cmocka_unit_test(rows_in_pieces),
        cmocka_unit_test(the_same_puts_give_the_same_bytes),
        cmocka_unit_test(an_uncommitted_file_vanishes),
        cmocka_unit_test(a_killed_write_leaves_the_old_file),
        cmocka_unit_test(damage_is_refused),
        cmocka_unit_test(wrong_questions_get_one_clear_line),
        cmocka_unit_test(h5dump_reads_it),
        cmocka_unit_test(h5py_reads_it),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
