/* Files: atomic writes, caps, folders; hashes; JSON that never holds NaN; error lines. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/base/hash.h"
#include "host/base/json.h"
#include "host/base/mem.h"

static char folder[] = "test_base_file.XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[64];
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

static const char *in_folder(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_replaces_whole(void **state)
{
    (void)state;
    gnt_error why = {0};
    gnt_text text;
    assert_int_equal(gnt_file_write(in_folder("a"), "old contents", 12, &why), GNT_OK);
    assert_int_equal(gnt_file_write(in_folder("a"), "new", 3, &why), GNT_OK);
    assert_int_equal(gnt_text_read(in_folder("a"), 100, &text, &why), GNT_OK);
    assert_int_equal(text.n, 3);
    assert_string_equal(text.data, "new");
    gnt_text_free(&text);
}

static void discarded_write_leaves_the_old_file(void **state)
{
    (void)state;
    gnt_error why = {0};
    gnt_temp temp;
    gnt_text text;
    assert_int_equal(gnt_file_write(in_folder("b"), "kept", 4, &why), GNT_OK);
    assert_int_equal(gnt_temp_begin(&temp, in_folder("b"), &why), GNT_OK);
    FILE *half = fopen(temp.temp, "w");
    assert_non_null(half);
    fputs("half of", half);
    fclose(half);
    gnt_temp_discard_all(); /* what a signal does */
    assert_false(gnt_file_exists(temp.temp));
    gnt_temp_discard(&temp);
    assert_int_equal(gnt_text_read(in_folder("b"), 100, &text, &why), GNT_OK);
    assert_string_equal(text.data, "kept");
    gnt_text_free(&text);
}

static void refusals_name_the_path(void **state)
{
    (void)state;
    gnt_error why = {0};
    gnt_text text;
    assert_int_equal(gnt_text_read(in_folder("absent"), 100, &text, &why), GNT_EIO);
    assert_non_null(strstr(why.text, "absent"));
    assert_int_equal(gnt_text_read(folder, 100, &text, &why), GNT_EIO);
    assert_non_null(strstr(why.text, "not a regular file"));
    assert_int_equal(gnt_file_write(in_folder("big"), "0123456789", 10, &why), GNT_OK);
    assert_int_equal(gnt_text_read(in_folder("big"), 9, &text, &why), GNT_EIO);
    assert_non_null(strstr(why.text, "10 bytes"));
    assert_int_equal(gnt_file_write(in_folder("no/such/folder"), "x", 1, &why), GNT_EIO);
    assert_int_equal(gnt_make_dirs(in_folder("big/under"), &why), GNT_EIO);
    assert_int_equal(gnt_make_dirs(in_folder("x/y/z"), &why), GNT_OK);
    assert_int_equal(gnt_make_dirs(in_folder("x/y/z"), &why), GNT_OK);
}

static void sha256_matches_fips_180(void **state)
{
    (void)state;
    gnt_error why = {0};
    char hex[GNT_SHA256_ROOM];
    assert_int_equal(gnt_sha256("abc", 3, hex, &why), GNT_OK); /* FIPS 180-4 example */
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_int_equal(gnt_file_write(in_folder("abc"), "abc", 3, &why), GNT_OK);
    char of_file[GNT_SHA256_ROOM];
    assert_int_equal(gnt_sha256_file(in_folder("abc"), of_file, &why), GNT_OK);
    assert_string_equal(of_file, hex);
    /* vectors of the FNV authors */
    assert_true(gnt_fnv1a_64("a") == 0xaf63dc4c8601ec8cULL && gnt_fnv1a_64("foobar") == 0x85944171f73967e8ULL);
    assert_true(gnt_fnv1a_32("a") == 0xe40c292cu && gnt_fnv1a_32("foobar") == 0xbf9cf968u);
}

static void json_never_holds_nan(void **state)
{
    (void)state;
    gnt_error why = {0};
    gnt_text text;
    json_t *object = json_object(), *back;
    gnt_json_figure(object, "sharpe", NAN, "zero_variance");
    gnt_json_figure(object, "third", 1.0 / 3.0, NULL);
    assert_int_equal(gnt_json_dump(object, false, &text, &why), GNT_OK);
    assert_string_equal(
        text.data,
        "{\"sharpe\": null, \"reasons\": {\"sharpe\": \"zero_variance\"}, \"third\": 0.33333333333333331}\n");
    gnt_text_free(&text);
    assert_int_equal(gnt_json_write(in_folder("j.json"), object, &why), GNT_OK);
    assert_int_equal(gnt_json_read(in_folder("j.json"), &back, &why), GNT_OK);
    assert_true(json_equal(object, back));
    json_decref(back);
    json_decref(object);
    assert_int_equal(gnt_file_write(in_folder("bad.json"), "{\n\"a\": nan}", 11, &why), GNT_OK);
    assert_int_equal(gnt_json_read(in_folder("bad.json"), &back, &why), GNT_EPARSE);
    assert_non_null(strstr(why.text, "bad.json:2: not valid JSON"));
}

static void errors_are_one_line(void **state)
{
    (void)state;
    gnt_error why = {0};
    assert_int_equal(gnt_fail(&why, GNT_EPARSE, "a\nb\tc"), GNT_EPARSE);
    assert_string_equal(why.text, "a b c");
    assert_int_equal(gnt_error_prefix(&why, "%s:%d", "f.csv", 3), GNT_EPARSE);
    assert_string_equal(why.text, "f.csv:3: a b c");
    char longer[2000];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    (void)gnt_fail(&why, GNT_EIO, "%s", longer);
    assert_int_equal(strlen(why.text), sizeof why.text - 1);
    assert_int_equal(gnt_status_exit(GNT_EDATA), 3);
    assert_string_equal(gnt_status_code(GNT_EVALUE), "bad_value");
}

static void a_folder_lists_its_files(void **state)
{
    (void)state;
    static const char *const made[] = {"b.csv", "a.csv", ".c.csv", "a.csv.manifest.json", "B.csv", ".csv"};
    gnt_error why = {0};
    char **paths, here[256], want[300];
    size_t n;
    snprintf(here, sizeof here, "%s", in_folder("listed"));
    assert_int_equal(gnt_make_dirs(here, &why), GNT_OK);
    assert_int_equal(gnt_folder_list(here, ".csv", &paths, &n, &why), GNT_OK);
    assert_int_equal(n, 0);
    free(paths);
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        char path[300];
        assert_int_equal(gnt_path_join(path, sizeof path, here, made[i], &why), GNT_OK);
        assert_int_equal(gnt_file_write(path, "x", 1, &why), GNT_OK);
    }
    assert_int_equal(gnt_folder_list(here, ".csv", &paths, &n, &why), GNT_OK);
    assert_int_equal(n, 3);
    static const char *const listed[] = {"B.csv", "a.csv", "b.csv"}; /* byte order */
    for (size_t i = 0; i < n; i++) {
        snprintf(want, sizeof want, "%s/%s", here, listed[i]);
        assert_string_equal(paths[i], want);
    }
    free(paths);
    assert_true(gnt_is_folder(here));
    assert_false(gnt_is_folder(in_folder("absent")));
    assert_int_equal(gnt_folder_list(in_folder("absent"), ".csv", &paths, &n, &why), GNT_EIO);
    assert_non_null(strstr(why.text, "absent"));
}

static void sizes_cannot_overflow(void **state)
{
    (void)state;
    assert_null(gnt_alloc(SIZE_MAX / 4, 8));
    void *none = gnt_alloc(0, 8);
    assert_non_null(none);
    free(none);
    void *block = NULL;
    size_t capacity = 0;
    assert_int_equal(gnt_grow(&block, &capacity, 100, 8), GNT_OK);
    assert_true(capacity >= 100);
    assert_int_equal(gnt_grow(&block, &capacity, SIZE_MAX / 2, 8), GNT_ENOMEM);
    free(block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(write_replaces_whole),   cmocka_unit_test(discarded_write_leaves_the_old_file),
        cmocka_unit_test(refusals_name_the_path), cmocka_unit_test(sha256_matches_fips_180),
        cmocka_unit_test(json_never_holds_nan),   cmocka_unit_test(errors_are_one_line),
        cmocka_unit_test(sizes_cannot_overflow),  cmocka_unit_test(a_folder_lists_its_files),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
