/* A bars store of any bytes: refused with a reason, or bars that ingest would accept. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "host/market/bars_store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* HDF5 1.10 loses a few blocks of its own on some damaged files; leaks that start in our code still count. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libhdf5";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    gnt_bars bars = {0};
    gnt_error why = {0};
    snprintf(path, sizeof path, "fuzz_bars_store.%ld.h5", (long)getpid());
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(data, 1, size, file) != size || fclose(file)) abort();
    gnt_status st = gnt_bars_store_get(path, "AAA", &bars, &why);
    if (st ? !why.text[0] : bars.n == 0) __builtin_trap();
    gnt_bars_free(&bars);
    unlink(path);
    return 0;
}
