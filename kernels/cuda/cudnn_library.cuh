/* cuDNN's library, opened on first use: the module opens without it. No header of cuDNN is needed here. */
#ifndef GNT_CUDA_CUDNN_LIBRARY_CUH
#define GNT_CUDA_CUDNN_LIBRARY_CUH

#include "kernels/cuda/gpu.cuh"

#define CUDNN_SYMBOLS(X)             \
    X(cudnnGetVersion)               \
    X(cudnnGetErrorString)           \
    X(cudnnCreate)                   \
    X(cudnnDestroy)                  \
    X(cudnnSetStream)                \
    X(cudnnCreateRNNDescriptor)      \
    X(cudnnDestroyRNNDescriptor)     \
    X(cudnnSetRNNDescriptor_v8)      \
    X(cudnnBuildRNNDynamic)          \
    X(cudnnCreateRNNDataDescriptor)  \
    X(cudnnDestroyRNNDataDescriptor) \
    X(cudnnSetRNNDataDescriptor)     \
    X(cudnnCreateTensorDescriptor)   \
    X(cudnnDestroyTensorDescriptor)  \
    X(cudnnSetTensorNdDescriptor)    \
    X(cudnnGetTensorNdDescriptor)    \
    X(cudnnGetRNNTempSpaceSizes)     \
    X(cudnnGetRNNWeightSpaceSize)    \
    X(cudnnGetRNNWeightParams)       \
    X(cudnnRNNForward)

enum cudnn_symbol {
#define X(name) CUDNN_SYMBOL_##name,
    CUDNN_SYMBOLS(X)
#undef X
        N_CUDNN_SYMBOLS
};

struct cudnn_library {
    void *file;
    void *symbol[N_CUDNN_SYMBOLS];
};

/* The file that GNT_CUDNN names, else libcudnn.so.9 where the loader looks. EIO, with a sentence, when it can't be had
 * or lacks a symbol; close it then too. */
gnt_status cudnn_library_open(gnt_gpu *gpu, cudnn_library *lib);
void cudnn_library_close(cudnn_library *lib);

#endif
