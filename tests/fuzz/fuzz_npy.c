/* A .npy file: parsed whole or refused with a sentence; what is parsed has the shape it says. */
#include <stdint.h>

#include "host/store/npy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gnt_npy array = {0};
    gnt_error why = {0};
    if (gnt_npy_parse(data, size, "fuzz.npy", &array, &why) == GNT_OK) {
        size_t n = 1;
        volatile float last = 0; /* the last element is there to be read */
        for (size_t i = 0; i < array.rank; i++) n *= array.dim[i];
        if (array.rank < 1 || array.rank > GNT_NPY_RANK || n != array.n) __builtin_trap();
        if (n) last = array.data[n - 1];
        (void)last;
    } else if (!why.text[0]) {
        __builtin_trap();
    }
    gnt_npy_free(&array);
    return 0;
}
