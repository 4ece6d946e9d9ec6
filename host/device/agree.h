/* Does a device compute what the CPU computes? A look at a few small calls before `auto` trusts it (layer 1). */
#ifndef GNT_AGREE_H
#define GNT_AGREE_H

#include "host/device/engine.h"

/* Features, scale, forward, training, simulate, resample and split on small inputs: GNT_OK when the device gives the
 * CPU's bytes in all of them, EDEVICE with the name of the first operation that doesn't, or the device's own error.
 * Some milliseconds; not a proof (./run.sh gpu is the long test), but a wrong driver, chip or build shows here. */
GNT_MUST_CHECK gnt_status gnt_device_agrees(const gnt_ops *ops, gnt_device *dev, gnt_error *why);

#endif
