/* cudnn_library.cu: what cudnn_library.cuh promises. */
#include "kernels/cuda/cudnn_library.cuh"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

/* What the loader said, without the name that stands before it already. */
static const char *loader_says()
{
    const char *text = dlerror(), *colon = text ? strstr(text, ": ") : nullptr;
    return colon ? colon + 2 : text ? text : "unknown";
}

gnt_status cudnn_library_open(gnt_gpu *gpu, cudnn_library *lib)
{
    static const char *const names[N_CUDNN_SYMBOLS] = {
#define X(name) #name,
        CUDNN_SYMBOLS(X)
#undef X
    };
    const char *given = getenv("GNT_CUDNN"), *name = given && *given ? given : "libcudnn.so.9";
    lib->file = dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!lib->file)
        return gnt_gpu_refuse(gpu, GNT_EIO,
                              "cuDNN can't be used: %s: %s: install cuDNN 9, or name its file in GNT_CUDNN", name,
                              loader_says());
    for (int i = 0; i < N_CUDNN_SYMBOLS; i++) {
        lib->symbol[i] = dlsym(lib->file, names[i]);
        if (!lib->symbol[i])
            return gnt_gpu_refuse(gpu, GNT_EIO, "cuDNN can't be used: %s has no %s: version 9 is needed", name,
                                  names[i]);
    }
    return GNT_OK;
}

void cudnn_library_close(cudnn_library *lib)
{
    if (lib->file) (void)dlclose(lib->file); /* stays mapped: opening it again costs nothing */
}
