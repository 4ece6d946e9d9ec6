/* Finding and checking a backend's file: each way it can be wrong is said, and the process goes on with the CPU. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/device/engine.h"
#include "tests/test.h"

/* Opens `device` with modules looked for in tests/modules' folder `name`, and wants this in the message. */
static void refused(const char *name, const char *device, const char *word)
{
    gnt_engine engine;
    gnt_error why = {0};
    setenv("GNT_MODULES", name, 1);
    gnt_status st = gnt_engine_open(&engine, device, 1, NULL, &why);
    if (st != GNT_EDEVICE || !strstr(why.text, word) || strchr(why.text, '\n'))
        fail_msg("%s: status %d '%s', expected '%s'", name, st, why.text, word);
    st = gnt_engine_open(&engine, NULL, 1, NULL, &why);
    if (st || strcmp(engine.info.name, "cpu") != 0) fail_msg("%s: auto doesn't fall back: %d %s", name, st, why.text);
    gnt_engine_close(&engine);
}

static void wrong_modules(void **state)
{
    (void)state;
    refused(GNT_TEST_MODULES "/nowhere", "cuda", "there is no gauntlet-cuda.so");
    refused(GNT_TEST_MODULES "/nowhere", "cuda", "GNT_MODULES");
    refused(GNT_TEST_MODULES "/other_abi", "cuda", "install both from one build");
    refused(GNT_TEST_MODULES "/other_size", "cuda:0", "install both from one build");
    refused(GNT_TEST_MODULES "/no_symbol", "cuda", "no symbol gnt_module_ops");
}

static void not_a_library(void **state)
{
    (void)state;
    char folder[] = "/tmp/gnt-module-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/gauntlet-cuda.so", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("not an ELF file", file);
    fclose(file);
    refused(folder, "cuda", "can't be loaded");
    unlink(path);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(wrong_modules), cmocka_unit_test(not_a_library)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
