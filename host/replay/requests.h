/* The requests of a replay and what one split of them shows (inside of host/replay). */
#ifndef GNT_REPLAY_REQUESTS_H
#define GNT_REPLAY_REQUESTS_H

#include "host/replay/replay.h"

/* Everything about the requests that doesn't depend on the split. Windows are numbered from 0: window u is scored
 * from row begin - 1 + u and its outcome is bar begin + u. */
typedef struct gnt_requests {
    size_t n, n_windows;   /* requests; bars in the test window */
    uint32_t *window;      /* [n] */
    uint32_t *counter;     /* [n] what the split's random numbers are addressed by */
    uint32_t *first_of;    /* [n_units] first request of each distinct unit; sticky only */
    size_t n_units;        /* 0: not sticky */
    uint8_t *asked;        /* [n_windows] 1: some request asks for it */
    uint8_t *up;           /* [n_windows] outcome */
    uint8_t *right[2];     /* [n_windows] the arm's answer was right */
    const double *prob[2]; /* [n_windows] borrowed */
} gnt_requests;

GNT_MUST_CHECK gnt_status gnt_requests_make(const gnt_replay_options *options, const gnt_replay_input *input,
                                            gnt_requests *requests, gnt_error *why);
void gnt_requests_free(gnt_requests *requests);

/* What one split shows, books aside. */
typedef struct gnt_split_view {
    uint64_t count[2], units[2];
    double share_enhanced;
    gnt_figure srm_p;
    gnt_accuracy accuracy[2];
    bool constant[2];
    gnt_two_proportion diff;
    double always_valid_p;
    int64_t first_crossing;
} gnt_split_view;

/* enhanced [n]; seen [2][n_windows] scratch, out: the arm had this window; p_after [n] out or NULL. */
void gnt_split_score(const gnt_requests *requests, double weight, const uint8_t *enhanced, uint8_t *seen,
                     gnt_split_view *view, double *p_after);

/* Over the windows with mask[u] set: an arm's accuracy; whether its probabilities or its answers are all the same. */
gnt_accuracy gnt_requests_accuracy(const gnt_requests *requests, int arm, const uint8_t *mask);
bool gnt_requests_constant(const gnt_requests *requests, int arm, const uint8_t *mask);

#endif
