#include "host/sweep/grid.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- text to dimensions ----------------------------------------------------------------------------------- */

/* One value by the parameter's own rules, as a number. */
static gnt_status read_value(const gnt_parameter *p, const char *text, double *value, gnt_error *why)
{
    gnt_strategy scratch = {0};
    if (gnt_strategy_set(&scratch, p->name, text, why)) return gnt_error_prefix(why, "grid");
    *value = gnt_parameter_get(&scratch, p);
    return GNT_OK;
}

/* "a:b:step" cut at its colons, in place. */
static gnt_status read_range(gnt_grid_dim *dim, char *spec, gnt_error *why)
{
    const char *name = dim->parameter->name;
    char *b = strchr(spec, ':'), *step = strchr(b + 1, ':'), *end;
    if (!step || strchr(step + 1, ':'))
        return gnt_fail(why, GNT_EINVAL, "grid: %s=%.60s is no range; a:b:step is expected", name, spec);
    if (gnt_parameter_is_words(dim->parameter))
        return gnt_fail(why, GNT_EINVAL, "grid: %s takes words, %s, joined by |; no range", name,
                        dim->parameter->value_hint);
    *b++ = *step++ = 0;
    GNT_TRY(read_value(dim->parameter, spec, &dim->first, why));
    GNT_TRY(read_value(dim->parameter, b, &dim->last, why));
    dim->step = strtod(step, &end);
    if (!*step || step[strspn(step, "+-.0123456789eE")] || *end || !isfinite(dim->step) || !(dim->step > 0))
        return gnt_fail(why, GNT_EINVAL, "grid: %s: the step \"%.40s\" is not a number above 0", name, step);
    if (dim->first > dim->last)
        return gnt_fail(why, GNT_EINVAL, "grid: %s: %s is above %s; a:b:step with a <= b is expected", name, spec, b);
    double n = floor((dim->last - dim->first) / dim->step + 1e-9) + 1;
    if (!(n <= (double)GNT_GRID_VALUES))
        return gnt_fail(why, GNT_EINVAL, "grid: %s has %.10g values; at most %llu are possible", name, n,
                        (unsigned long long)GNT_GRID_VALUES);
    dim->range = true;
    dim->n = (uint64_t)n;
    return GNT_OK;
}

/* "x|y|z", or one value. */
static gnt_status read_list(gnt_grid_dim *dim, char *spec, gnt_error *why)
{
    for (char *item = spec, *bar; item; item = bar) {
        bar = strchr(item, '|');
        if (bar) *bar++ = 0;
        if (dim->n == GNT_GRID_LISTED)
            return gnt_fail(why, GNT_EINVAL, "grid: %s lists more than %d values; use a range", dim->parameter->name,
                            GNT_GRID_LISTED);
        double *value = &dim->listed[dim->n];
        GNT_TRY(read_value(dim->parameter, item, value, why));
        for (uint64_t k = 0; k < dim->n; k++)
            if (dim->listed[k] == *value)
                return gnt_fail(why, GNT_EINVAL, "grid: %s: %.60s stands twice", dim->parameter->name, item);
        dim->n++;
    }
    return GNT_OK;
}

/* Into its place by the table's order. */
static gnt_status insert(gnt_grid *grid, const gnt_grid_dim *dim, gnt_error *why)
{
    size_t i = 0;
    while (i < grid->n_dims && grid->dim[i].parameter < dim->parameter) i++;
    if (i < grid->n_dims && grid->dim[i].parameter == dim->parameter)
        return gnt_fail(why, GNT_EINVAL, "grid: %s stands twice", dim->parameter->name);
    uint64_t points = grid->n_dims ? grid->n_points : 1;
    if (dim->n > GNT_GRID_POINTS / points)
        return gnt_fail(why, GNT_EINVAL, "grid: more than %llu configurations; cut it into several sweeps",
                        (unsigned long long)GNT_GRID_POINTS);
    memmove(&grid->dim[i + 1], &grid->dim[i], (grid->n_dims - i) * sizeof *grid->dim);
    grid->dim[i] = *dim;
    grid->n_dims++;
    grid->n_points = points * dim->n;
    return GNT_OK;
}

_Static_assert(GNT_GRID_DIMS > 21, "every parameter of SPEC 5 may be a dimension");

static gnt_status add_item(gnt_grid *grid, char *item, gnt_error *why)
{
    gnt_grid_dim dim = {0};
    char *spec = strchr(item, '=');
    if (!spec) return gnt_fail(why, GNT_EINVAL, "grid: \"%.80s\" is no name=a:b:step and no name=x|y", item);
    *spec++ = 0;
    if (gnt_parameter_find(item, &dim.parameter, why)) return gnt_error_prefix(why, "grid");
    GNT_TRY(strchr(spec, ':') ? read_range(&dim, spec, why) : read_list(&dim, spec, why));
    return insert(grid, &dim, why);
}

gnt_status gnt_grid_add(gnt_grid *grid, const char *text, gnt_error *why)
{
    char copy[GNT_GRID_TEXT];
    size_t n = strlen(text);
    if (n >= sizeof copy) return gnt_fail(why, GNT_EINVAL, "grid: text of %zu bytes; at most %zu", n, sizeof copy - 1);
    memcpy(copy, text, n + 1);
    for (char *item = copy, *comma; item; item = comma) {
        comma = strchr(item, ',');
        if (comma) *comma++ = 0;
        GNT_TRY(add_item(grid, item, why));
    }
    return GNT_OK;
}

/* ---- dimensions to values and text --------------------------------------------------------------------------- */

double gnt_grid_value(const gnt_grid_dim *dim, uint64_t k)
{
    if (!dim->range) return dim->listed[k];
    return fmin(dim->first + (double)k * dim->step, dim->parameter->largest);
}

static void append(char *out, size_t room, const char *text, size_t n)
{
    size_t used = strlen(out);
    if (used + n < room) {
        memcpy(out + used, text, n);
        out[used + n] = 0;
    }
}

/* The shortest decimal that reads back as the same bits. */
static void append_real(double value, char *out, size_t room)
{
    char number[40];
    int n = 0;
    for (int digits = 15; digits <= 17; digits++) {
        n = snprintf(number, sizeof number, "%.*g", digits, value);
        if (strtod(number, NULL) == value) break;
    }
    append(out, room, number, (size_t)n);
}

static void append_value(const gnt_grid_dim *dim, double value, char *out, size_t room)
{
    if (!gnt_parameter_is_words(dim->parameter)) {
        append_real(value, out, room);
        return;
    }
    const char *word = dim->parameter->value_hint;
    for (unsigned k = (unsigned)value; k; k--) word = strchr(word, '|') + 1;
    append(out, room, word, strcspn(word, "|"));
}

char *gnt_grid_dim_text(const gnt_grid_dim *dim, char *out, size_t room)
{
    *out = 0;
    if (dim->range) {
        append_value(dim, dim->first, out, room);
        append(out, room, ":", 1);
        append_value(dim, dim->last, out, room);
        append(out, room, ":", 1);
        append_real(dim->step, out, room);
        return out;
    }
    for (uint64_t k = 0; k < dim->n; k++) {
        if (k) append(out, room, "|", 1);
        append_value(dim, dim->listed[k], out, room);
    }
    return out;
}

char *gnt_grid_value_text(const gnt_grid_dim *dim, uint64_t k, char *out, size_t room)
{
    char number[32];
    *out = 0;
    if (gnt_parameter_is_words(dim->parameter))
        append_value(dim, gnt_grid_value(dim, k), out, room);
    else /* for reading: a + k step may end in ...0001 */
        append(out, room, number, (size_t)snprintf(number, sizeof number, "%.10g", gnt_grid_value(dim, k)));
    return out;
}

char *gnt_grid_point_text(const gnt_grid *grid, const gnt_grid_point *point, char *out, size_t room)
{
    *out = 0;
    for (size_t d = 0; d < grid->n_dims; d++) {
        const char *name = grid->dim[d].parameter->name;
        char value[64];
        gnt_grid_value_text(&grid->dim[d], point->at[d], value, sizeof value);
        append(out, room, ", ", d ? 2 : 0);
        append(out, room, name, strlen(name));
        append(out, room, " ", 1);
        append(out, room, value, strlen(value));
    }
    return out;
}

size_t gnt_grid_find(const gnt_grid *grid, const char *name)
{
    const gnt_parameter *parameter;
    if (gnt_parameter_find(name, &parameter, NULL)) return grid->n_dims;
    size_t i = 0;
    while (i < grid->n_dims && grid->dim[i].parameter != parameter) i++;
    return i;
}

/* ---- points ------------------------------------------------------------------------------------------------ */

static void put(const gnt_grid *grid, gnt_grid_point *point, size_t d)
{
    const gnt_grid_dim *dim = &grid->dim[d];
    gnt_parameter_put(&point->strategy, dim->parameter, gnt_grid_value(dim, point->at[d]));
}

void gnt_grid_seek(const gnt_grid *grid, const gnt_strategy *base, uint64_t number, gnt_grid_point *point)
{
    point->number = number;
    point->strategy = *base;
    for (size_t d = grid->n_dims; d-- > 0;) {
        point->at[d] = number % grid->dim[d].n;
        number /= grid->dim[d].n;
        put(grid, point, d);
    }
}

void gnt_grid_next(const gnt_grid *grid, gnt_grid_point *point)
{
    point->number = point->number + 1 < grid->n_points ? point->number + 1 : 0;
    for (size_t d = grid->n_dims; d-- > 0;) {
        bool carry = ++point->at[d] == grid->dim[d].n;
        if (carry) point->at[d] = 0;
        put(grid, point, d);
        if (!carry) break;
    }
}

gnt_strategy gnt_grid_demand(const gnt_grid *grid, gnt_strategy strategy)
{
    size_t impact = gnt_grid_find(grid, "impact-bp"), size = gnt_grid_find(grid, "size");
    if (impact < grid->n_dims) { /* the largest value of the dimension */
        const gnt_grid_dim *dim = &grid->dim[impact];
        strategy.impact_bp = 0;
        for (uint64_t k = dim->range ? dim->n - 1 : 0; k < dim->n; k++)
            strategy.impact_bp = fmax(strategy.impact_bp, gnt_grid_value(dim, k));
    }
    if (size < grid->n_dims) {
        strategy.size = GNT_SIZE_FIXED;
        for (uint64_t k = 0; k < grid->dim[size].n; k++)
            if (grid->dim[size].listed[k] == GNT_SIZE_VOL_TARGET) strategy.size = GNT_SIZE_VOL_TARGET;
    }
    return strategy;
}
