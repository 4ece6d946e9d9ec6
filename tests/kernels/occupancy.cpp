/* Blocks that an SM holds by the toolkit's own calculator (cuda_occupancy.h), to check tests/kernels/chips.py against:
 * reads "CAPABILITY SHARED_PER_SM SHARED_PER_BLOCK REGISTERS THREADS SHARED" lines, writes a count for each. */
#include <cuda_occupancy.h>
#include <stdio.h>

int main()
{
    int capability, sm_shared, block_shared, registers, threads, shared;
    while (scanf("%d %d %d %d %d %d", &capability, &sm_shared, &block_shared, &registers, &threads, &shared) == 6) {
        cudaOccDeviceProp device;
        device.computeMajor = capability / 10;
        device.computeMinor = capability % 10;
        device.maxThreadsPerBlock = 1024;
        device.maxThreadsPerMultiprocessor = 2048;
        device.regsPerBlock = device.regsPerMultiprocessor = 65536;
        device.warpSize = 32;
        device.sharedMemPerBlock = 48 << 10;
        device.sharedMemPerMultiprocessor = (size_t)sm_shared;
        device.sharedMemPerBlockOptin = (size_t)block_shared;
        device.reservedSharedMemPerBlock = 1 << 10;
        device.numSms = 132;
        cudaOccFuncAttributes kernel;
        kernel.maxThreadsPerBlock = 1024;
        kernel.numRegs = registers;
        kernel.sharedSizeBytes = 0;
        kernel.partitionedGCConfig = PARTITIONED_GC_OFF;
        kernel.shmemLimitConfig = FUNC_SHMEM_LIMIT_OPTIN;
        kernel.maxDynamicSharedSizeBytes = (size_t)block_shared;
        kernel.numBlockBarriers = 1;
        cudaOccDeviceState state;
        state.carveoutConfig = SHAREDMEM_CARVEOUT_MAX_SHARED;
        cudaOccResult result;
        cudaOccError error =
            cudaOccMaxActiveBlocksPerMultiprocessor(&result, &device, &kernel, &state, threads, (size_t)shared);
        printf("%d\n", error == CUDA_OCC_SUCCESS ? result.activeBlocksPerMultiprocessor : -(int)error);
    }
    return 0;
}
