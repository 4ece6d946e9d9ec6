/* A module whose table has grown without a new version. */
#include "kernels/kernels.h"

const gnt_ops *gnt_module_ops(void);
const gnt_ops *gnt_module_ops(void)
{
    static const gnt_ops ops = {.abi = GNT_KERNELS_ABI, .size = sizeof(gnt_ops) + 8};
    return &ops;
}
