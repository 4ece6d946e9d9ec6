/* A sweep file of any bytes: refused with a reason, or one whose parts fit together. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "host/sweep/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* HDF5 1.10 loses a few blocks of its own on some damaged files; leaks that start in our code still count. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libhdf5";
}

static gnt_status drop(void *self, const gnt_sweep_row *row, gnt_error *why)
{
    (void)row, (void)why;
    ++*(uint64_t *)self;
    return GNT_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    gnt_sweep_collection c;
    gnt_error why = {0};
    uint64_t n = 0;
    const gnt_sweep_sink sink = {drop, &n};
    snprintf(path, sizeof path, "fuzz_sweep_file.%ld.h5", (long)getpid());
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(data, 1, size, file) != size || fclose(file)) abort();
    gnt_status st = gnt_sweep_file_read(path, &c, &why);
    if (!st && c.spec.full) {
        st = gnt_sweep_file_rows(path, &c, &sink, &why);
        if (!st && n != c.last - c.first) __builtin_trap();
    }
    if (st && !why.text[0]) __builtin_trap();
    gnt_sweep_collection_free(&c);
    unlink(path);
    return 0;
}
