/* x -> clip((x - center)/scale, -limit, limit), fitted on train rows only (layer 3; SPEC 3 and 10). */
#ifndef GNT_SCALER_H
#define GNT_SCALER_H

#include <stdbool.h>

#include "host/base/error.h"
#include "kernels/kernels.h"

#define GNT_SCALER_LIMIT 5.0f /* z beyond +-5 is clipped */

typedef struct gnt_scaler {
    size_t n;              /* F; 0: no scaler */
    float *center, *scale; /* [F], owned */
    float limit;           /* 5; INFINITY: no clip */
} gnt_scaler;

/* rows: the split's train rows (every row a train window ends at), each counted once; other rows are never read.
 * min_max false: mean and population sd in float64, two passes, sd 0 counts as 1, clip at 5 (gauntlet-35).
 * min_max true: smallest value and range, range 0 counts as 1, no clip (levels-17).
 * Errors: EFEW no row, EINVAL a row outside the panel, EVALUE a value that is not finite. */
GNT_MUST_CHECK gnt_status gnt_scaler_fit(gnt_scaler *scaler, gnt_panel raw, gnt_rows rows, bool min_max,
                                         gnt_error *why);
void gnt_scaler_free(gnt_scaler *scaler); /* fine on a zeroed one */

#endif
