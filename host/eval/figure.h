/* A figure that may be undefined (layer 3): a value, or NaN with the code of the reason (statistics.md 0). */
#ifndef GNT_FIGURE_H
#define GNT_FIGURE_H

#include <math.h>

#include "host/base/json.h"

typedef struct gnt_figure {
    double value;       /* NaN: undefined */
    const char *reason; /* code when undefined, static */
} gnt_figure;

static inline gnt_figure gnt_figure_none(const char *reason)
{
    return (gnt_figure){NAN, reason};
}

/* A value that should be finite; what left the range of a double is undefined, never Inf. */
static inline gnt_figure gnt_figure_of(double value)
{
    return isfinite(value) ? (gnt_figure){value, NULL} : gnt_figure_none("overflow");
}

/* a / b; undefined for the given reason when b is not positive. */
static inline gnt_figure gnt_figure_ratio(double a, double b, const char *reason)
{
    return b > 0 ? gnt_figure_of(a / b) : gnt_figure_none(reason);
}

/* object.key = value, or null with object.reasons.key = reason. */
static inline void gnt_figure_json(json_t *object, const char *key, gnt_figure figure)
{
    gnt_json_figure(object, key, figure.value, figure.reason);
}

/* The same for a figure that counts something: an integer in JSON. */
static inline void gnt_figure_json_whole(json_t *object, const char *key, gnt_figure figure)
{
    if (figure.value >= 0 && figure.value <= 0x1p53)
        gnt_json_count(object, key, (uint64_t)figure.value);
    else
        gnt_figure_json(object, key, figure);
}

/* Two ends of an interval. */
typedef struct gnt_interval {
    double lo, hi;
} gnt_interval;

#endif
