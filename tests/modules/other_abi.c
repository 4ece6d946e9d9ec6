/* A module of another version: its table must not be used. */
#include "kernels/kernels.h"

const gnt_ops *gnt_module_ops(void);
const gnt_ops *gnt_module_ops(void)
{
    static const gnt_ops ops = {.abi = GNT_KERNELS_ABI + 1, .size = sizeof(gnt_ops)};
    return &ops;
}
