#include "host/replay/requests.h"

#include <stdlib.h>
#include <string.h>

#include "host/base/mem.h"
#include "host/eval/msprt.h"

#define ALPHA 0.05
#define TAU2 0.0004 /* SPEC 10, Replay */
enum { BURN_IN = 30 };

/* ---- requests ----------------------------------------------------------------------------------------- */

/* Outcomes and right answers; an arm that has no answer to a window can't be compared. */
static gnt_status fill_answers(const gnt_replay_input *in, gnt_requests *r, gnt_error *why)
{
    const double *close = in->bars->close + in->begin;
    for (size_t u = 0; u < r->n_windows; u++) {
        r->up[u] = close[u] > close[(ptrdiff_t)u - 1];
        for (int arm = 0; arm < GNT_N_ARMS; arm++) {
            double p = r->prob[arm][u];
            char date[GNT_DATE_ROOM];
            if (!(p >= 0 && p <= 1))
                return gnt_fail(why, GNT_EVALUE, "replay: %s: %s scored %g; both arms need a probability on every row",
                                gnt_date_format(in->bars->day[in->begin - 1 + u], date), gnt_arm_name[arm], p);
            r->right[arm][u] = (p >= 0.5) == r->up[u];
        }
    }
    return GNT_OK;
}

/* Without units request j asks for window j and is addressed by j; with them line j asks, addressed by its unit. */
static void fill_requests(const gnt_replay_input *in, gnt_requests *r)
{
    const gnt_replay_units *units = in->units;
    size_t cycle = units ? units->n : r->n_windows;
    for (size_t j = 0; j < r->n; j++) {
        size_t k = j % cycle;
        r->window[j] = units ? (uint32_t)(units->row[k] + 1 - in->begin) : (uint32_t)k;
        r->counter[j] = units ? gnt_fnv1a_32(units->unit[k]) : (uint32_t)j;
        r->asked[r->window[j]] = 1;
    }
}

typedef struct named {
    const char *unit;
    uint32_t request;
} named;

static int by_unit(const void *a, const void *b)
{
    const named *x = a, *y = b;
    int order = strcmp(x->unit, y->unit);
    return order ? order : (x->request > y->request) - (x->request < y->request);
}

/* One request of every distinct unit. */
static gnt_status fill_units(const gnt_replay_units *units, gnt_requests *r, gnt_error *why)
{
    gnt_status st = GNT_OK;
    named *list = NULL;
    size_t n = units->n < r->n ? units->n : r->n;
    GNT_ALLOC(list, n);
    GNT_ALLOC(r->first_of, n);
    for (size_t k = 0; k < n; k++) list[k] = (named){units->unit[k], (uint32_t)k};
    qsort(list, n, sizeof *list, by_unit);
    for (size_t k = 0; k < n; k++)
        if (k == 0 || strcmp(list[k].unit, list[k - 1].unit) != 0) r->first_of[r->n_units++] = list[k].request;
out:
    free(list);
    return st;
}

gnt_status gnt_requests_make(const gnt_replay_options *options, const gnt_replay_input *in, gnt_requests *r,
                             gnt_error *why)
{
    gnt_status st = GNT_OK;
    *r = (gnt_requests){.n_windows = in->end - in->begin};
    r->n = options->n_requests ? options->n_requests : in->units ? in->units->n : r->n_windows;
    GNT_ALLOC(r->window, r->n);
    GNT_ALLOC(r->counter, r->n);
    GNT_ALLOC(r->asked, r->n_windows);
    GNT_ALLOC(r->up, r->n_windows);
    for (int arm = 0; arm < GNT_N_ARMS; arm++) {
        GNT_ALLOC(r->right[arm], r->n_windows);
        r->prob[arm] = in->prob[arm] + in->begin - 1;
    }
    GNT_GOTO(fill_answers(in, r, why));
    fill_requests(in, r);
    if (in->units) GNT_GOTO(fill_units(in->units, r, why));
out:
    if (st) gnt_requests_free(r);
    return st;
}

void gnt_requests_free(gnt_requests *r)
{
    free(r->window);
    free(r->counter);
    free(r->first_of);
    free(r->asked);
    free(r->up);
    free(r->right[0]);
    free(r->right[1]);
    *r = (gnt_requests){0};
}

/* ---- one split ------------------------------------------------------------------------------------------ */

gnt_accuracy gnt_requests_accuracy(const gnt_requests *r, int arm, const uint8_t *mask)
{
    gnt_accuracy a = {.value = NAN, .majority = NAN};
    for (size_t u = 0; u < r->n_windows; u++) {
        if (!mask[u]) continue;
        a.n++;
        a.n_right += r->right[arm][u];
        a.n_up += r->up[u];
    }
    gnt_interval wilson = gnt_wilson(a.n_right, a.n, ALPHA);
    a.lo = wilson.lo;
    a.hi = wilson.hi;
    if (a.n) {
        double up = (double)a.n_up / (double)a.n;
        a.value = (double)a.n_right / (double)a.n;
        a.majority = fmax(up, 1 - up);
    }
    return a;
}

bool gnt_requests_constant(const gnt_requests *r, int arm, const uint8_t *mask)
{
    const double *p = r->prob[arm];
    bool one_score = true, one_answer = true;
    for (size_t u = 0, first = r->n_windows; u < r->n_windows; u++) {
        if (!mask[u]) continue;
        if (first == r->n_windows) first = u;
        one_score = one_score && p[u] == p[first];
        one_answer = one_answer && (p[u] >= 0.5) == (p[first] >= 0.5);
    }
    return one_score || one_answer;
}

static gnt_figure srm_of(const gnt_requests *r, const gnt_split_view *view, double weight)
{
    if (!(weight > 0 && weight < 1)) return gnt_figure_none("no_split");
    return gnt_srm_test(r->n_units ? view->units : view->count, (double[]){1 - weight, weight}, 2).p;
}

/* Both arms' first sight of each window goes into the mSPRT, in request order; a repeat changes nothing. */
void gnt_split_score(const gnt_requests *r, double weight, const uint8_t *enhanced, uint8_t *seen, gnt_split_view *view,
                     double *p_after)
{
    gnt_msprt test;
    *view = (gnt_split_view){0};
    memset(seen, 0, 2 * r->n_windows);
    gnt_msprt_init(&test, TAU2, 0, ALPHA, BURN_IN);
    for (size_t j = 0; j < r->n; j++) {
        int arm = enhanced[j];
        uint8_t *mark = &seen[(size_t)arm * r->n_windows + r->window[j]];
        view->count[arm]++;
        if (!*mark) gnt_msprt_add(&test, arm, r->right[arm][r->window[j]]);
        *mark = 1;
        gnt_msprt_look(&test);
        if (p_after) p_after[j] = test.p;
    }
    for (size_t k = 0; k < r->n_units; k++) view->units[enhanced[r->first_of[k]]]++;
    for (int arm = 0; arm < GNT_N_ARMS; arm++) {
        view->accuracy[arm] = gnt_requests_accuracy(r, arm, seen + (size_t)arm * r->n_windows);
        view->constant[arm] = gnt_requests_constant(r, arm, seen + (size_t)arm * r->n_windows);
    }
    const gnt_accuracy *base = &view->accuracy[GNT_BASELINE], *enh = &view->accuracy[GNT_ENHANCED];
    view->diff = gnt_two_proportion_test(enh->n_right, enh->n, base->n_right, base->n, ALPHA);
    view->share_enhanced = (double)view->count[GNT_ENHANCED] / (double)r->n;
    view->srm_p = srm_of(r, view, weight);
    view->always_valid_p = test.p;
    view->first_crossing = test.first_crossing;
}
