/* Any bytes as an ONNX file: an error with a sentence, or a model that packs and reads back. */
#include <stdint.h>
#include <stdlib.h>

#include "host/model/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gnt_model model, back;
    gnt_text bytes;
    gnt_error why = {0};
    if (gnt_onnx_parse(data, size, "fuzz", &model, &why)) {
        if (!why.text[0]) abort();
        return 0;
    }
    if (gnt_onnx_pack(&model, &bytes, &why)) abort();
    if (gnt_onnx_parse(bytes.data, bytes.n, "packed", &back, &why)) abort();
    gnt_text_free(&bytes);
    gnt_model_free(&back);
    gnt_model_free(&model);
    return 0;
}
