/* The emulated device's cuda_runtime.h: found in place of NVIDIA's by the include path, so that the sources of
 * kernels/cuda compile with g++ and run on the CPU. It has what those sources use and what a well-written backend
 * needs, no more.
 *
 * Left out on purpose: static __shared__ (only gnt_emu_shared), approximate functions (__expf, rsqrtf, __fdividef: the
 * numbers promise allows none), <<<>>>, cooperative launches and clusters (blocks run one after another, so a block
 * that waits for another would wait forever), device printf and malloc. */
#ifndef GNT_EMU_CUDA_RUNTIME_H
#define GNT_EMU_CUDA_RUNTIME_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "gnt_emu_language.h"

#include "gnt_emu_math.h"

#include "gnt_emu_sync.h"

#include "gnt_emu_atomic.h"

#include "gnt_emu_api.h"

#include "gnt_emu_launch.h"

#endif
