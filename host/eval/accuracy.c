/* How often the scores called the next close, with the interval and the majority beside it (SPEC 9 and 10). */
#include <math.h>

#include "host/eval/backtest.h"
#include "host/eval/proportion.h"

gnt_accuracy gnt_accuracy_of(uint64_t n_right, uint64_t n, uint64_t n_up)
{
    gnt_interval wilson = gnt_wilson(n_right, n, 0.05);
    gnt_accuracy a = {.value = NAN, .lo = wilson.lo, .hi = wilson.hi, .majority = NAN, .n = n, .n_right = n_right};
    a.n_up = n_up;
    if (n == 0) return a;
    double up = (double)n_up / (double)n;
    a.value = (double)n_right / (double)n;
    a.majority = fmax(up, 1 - up);
    return a;
}

gnt_accuracy gnt_accuracy_of_scores(const double *close, const double *score, size_t n)
{
    uint64_t n_scored = 0, n_right = 0, n_up = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(score[i])) continue;
        bool up = close[i + 1] > close[i];
        n_scored++;
        n_up += up;
        n_right += up == (score[i] >= 0.5);
    }
    return gnt_accuracy_of(n_right, n_scored, n_up);
}

json_t *gnt_accuracy_json(const gnt_accuracy *a)
{
    if (a->n == 0) return json_null();
    json_t *object = json_object();
    gnt_json_figure(object, "value", a->value, NULL);
    gnt_json_figure(object, "lo", a->lo, NULL);
    gnt_json_figure(object, "hi", a->hi, NULL);
    gnt_json_count(object, "n", a->n);
    gnt_json_figure(object, "majority", a->majority, NULL);
    return object;
}
