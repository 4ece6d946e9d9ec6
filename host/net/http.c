#include "http.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host/base/mem.h"
#include "host/base/version.h"

enum { MAX_PARALLEL = 4, MAX_REDIRECTS = 5, POLL_MS = 100 };

typedef enum phase { WAITING, RUNNING, DONE } phase;

/* One download: the request, its connection, and when it may be tried again. */
typedef struct transfer {
    gnt_http_request *request;
    size_t max_bytes;
    CURL *easy;
    phase phase;
    double due_s; /* WAITING: not before */
    size_t host, room;
    bool too_big;
    char reason[CURL_ERROR_SIZE];
} transfer;

typedef struct batch {
    const gnt_http_options *options;
    transfer *transfer;
    size_t n, n_running, n_done;
    CURLM *multi;
    uint64_t random;
    const gnt_progress *progress;
    gnt_error *why;
} batch;

gnt_http_options gnt_http_defaults(void)
{
    return (gnt_http_options){.tries = 5,
                              .connect_timeout_s = 10,
                              .stall_timeout_s = 20,
                              .timeout_s = 120,
                              .backoff_s = 1,
                              .backoff_max_s = 30,
                              .retry_after_max_s = 120,
                              .max_bytes = (size_t)64 << 20};
}

void gnt_http_request_free(gnt_http_request *request)
{
    gnt_text_free(&request->body);
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Uniform in [0, 1): splitmix64 (Steele, Lea, Flood 2014). */
static double uniform(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

/* ---- one try ---------------------------------------------------------------------------------------- */

static size_t take_bytes(char *data, size_t one, size_t n, void *self)
{
    transfer *t = self;
    (void)one;
    gnt_text *body = &t->request->body;
    t->too_big = n > t->max_bytes - body->n;
    void *block = body->data;
    if (t->too_big || gnt_grow(&block, &t->room, body->n + n + 1, 1)) return 0;
    body->data = block;
    memcpy(body->data + body->n, data, n);
    body->n += n;
    body->data[body->n] = 0;
    return n;
}

static gnt_status start(batch *b, transfer *t)
{
    const gnt_http_options *o = b->options;
    const char *url = t->request->url[t->host];
    bool secure = strncmp(url, "https:", 6) == 0;
    char agent[64];
    snprintf(agent, sizeof agent, "Mozilla/5.0 (compatible; gauntlet/%s)", gnt_version());
    t->request->body.n = 0;
    t->too_big = false;
    t->reason[0] = 0;
    t->request->n_tries++;
    CURL *e = t->easy;
    curl_easy_reset(e);
    curl_easy_setopt(e, CURLOPT_URL, url);
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(e, CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "http,https");
    curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(e, CURLOPT_MAXREDIRS, (long)MAX_REDIRECTS);
    curl_easy_setopt(e, CURLOPT_USERAGENT, agent);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)(1000 * o->connect_timeout_s));
    curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)(1000 * o->timeout_s));
    curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME, (long)(o->stall_timeout_s + 0.999));
    curl_easy_setopt(e, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)o->max_bytes);
    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->reason);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take_bytes);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(e, CURLOPT_PRIVATE, t);
    if (curl_multi_add_handle(b->multi, e)) return gnt_fail(b->why, GNT_ENOMEM, "%s: out of memory", url);
    t->phase = RUNNING;
    b->n_running++;
    return GNT_OK;
}

/* ---- judging what came ------------------------------------------------------------------------------ */

typedef enum verdict { TAKE, RETRY, RETRY_ELSEWHERE, GIVE_UP } verdict;

/* True when HTTP itself says where the body ends. */
static bool is_framed(CURL *easy)
{
    curl_off_t length = -1;
    long version = 0;
    struct curl_header *encoding;
    curl_easy_getinfo(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
    return length >= 0 || version >= CURL_HTTP_VERSION_2_0 ||
           curl_easy_header(easy, "Transfer-Encoding", 0, CURLH_HEADER, -1, &encoding) == CURLHE_OK;
}

static verdict judge(transfer *t, CURLcode code)
{
    gnt_http_request *r = t->request;
    switch (code) {
    case CURLE_OK:
        break;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
        return RETRY_ELSEWHERE;
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_WEIRD_SERVER_REPLY:
        return RETRY;
    default:
        return GIVE_UP;
    }
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &r->status);
    if (r->status == 429 || r->status == 408 || r->status >= 500) {
        snprintf(t->reason, sizeof t->reason, "HTTP %ld", r->status);
        return RETRY;
    }
    if (r->status == 200 && r->is_cut && r->is_cut(&r->body, is_framed(t->easy))) {
        snprintf(t->reason, sizeof t->reason, "body cut short after %zu bytes", r->body.n);
        return RETRY;
    }
    return TAKE;
}

static gnt_status give_up(batch *b, const transfer *t, CURLcode code)
{
    const gnt_http_request *r = t->request;
    if (t->too_big || code == CURLE_FILESIZE_EXCEEDED)
        return gnt_fail(b->why, GNT_ENET, "%s: %s: body over %zu bytes, expected less", r->name, r->url[t->host],
                        b->options->max_bytes);
    return gnt_fail(b->why, GNT_ENET, "%s: %s: %s, after %u tr%s", r->name, r->url[t->host],
                    t->reason[0] ? t->reason : curl_easy_strerror(code), r->n_tries, r->n_tries == 1 ? "y" : "ies");
}

/* Seconds until the next try; negative: the server asks for more than may be waited. */
static double wait_s(batch *b, transfer *t, verdict v)
{
    const gnt_http_options *o = b->options;
    curl_off_t asked = 0;
    if (v == RETRY_ELSEWHERE && t->request->n_tries < t->request->n_urls) return 0;
    double wait = o->backoff_s;
    for (unsigned i = 1; i < t->request->n_tries && wait < o->backoff_max_s; i++) wait *= 2;
    if (wait > o->backoff_max_s) wait = o->backoff_max_s;
    wait *= 0.5 + 0.5 * uniform(&b->random);
    curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &asked);
    if ((double)asked > o->retry_after_max_s) return -1;
    return (double)asked > wait ? (double)asked : wait;
}

static gnt_status try_again(batch *b, transfer *t, verdict v)
{
    gnt_http_request *r = t->request;
    char line[512];
    double wait = wait_s(b, t, v);
    if (wait < 0) {
        curl_off_t asked = 0;
        curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &asked);
        return gnt_fail(b->why, GNT_ENET, "%s: %s: %s and asks to wait %lld s, expected at most %g; try later", r->name,
                        r->url[t->host], t->reason, (long long)asked, b->options->retry_after_max_s);
    }
    snprintf(line, sizeof line, "%s: %.200s: %.120s; try %u of %u in %.1f s", r->name, r->url[t->host], t->reason,
             r->n_tries + 1, b->options->tries, wait);
    gnt_progress_log(b->progress, line);
    t->host = (t->host + 1) % r->n_urls;
    t->due_s = now_s() + wait;
    t->phase = WAITING;
    return GNT_OK;
}

static gnt_status finish(batch *b, transfer *t, CURLcode code)
{
    curl_multi_remove_handle(b->multi, t->easy);
    b->n_running--;
    verdict v = judge(t, code);
    if (v == TAKE) {
        t->request->answered = t->host;
        t->phase = DONE;
        b->n_done++;
        return GNT_OK;
    }
    if (!t->reason[0]) snprintf(t->reason, sizeof t->reason, "%s", curl_easy_strerror(code));
    if (v == GIVE_UP || t->request->n_tries >= b->options->tries) return give_up(b, t, code);
    return try_again(b, t, v);
}

/* ---- all of them ------------------------------------------------------------------------------------- */

static gnt_status report(batch *b)
{
    char detail[96];
    size_t bytes = 0;
    for (size_t i = 0; i < b->n; i++) bytes += b->transfer[i].request->body.n;
    snprintf(detail, sizeof detail, "%s%s %zu kB", b->transfer[0].request->name, b->n > 1 ? " ..." : "", bytes / 1000);
    if (gnt_progress_report(b->progress, "downloading", (double)b->n_done, (double)b->n, detail)) return GNT_OK;
    return gnt_fail(b->why, GNT_EINTERRUPTED, "download stopped");
}

static gnt_status run(batch *b)
{
    while (b->n_done < b->n) {
        double now = now_s();
        int timeout = POLL_MS, left;
        for (size_t i = 0; i < b->n; i++) {
            transfer *t = &b->transfer[i];
            if (t->phase != WAITING || b->n_running >= MAX_PARALLEL) continue;
            if (t->due_s <= now)
                GNT_TRY(start(b, t));
            else if (1000 * (t->due_s - now) < timeout)
                timeout = 1 + (int)(1000 * (t->due_s - now));
        }
        if (curl_multi_perform(b->multi, &left)) return gnt_fail(b->why, GNT_ENET, "download failed inside libcurl");
        for (CURLMsg *m; (m = curl_multi_info_read(b->multi, &left));) {
            transfer *t = NULL;
            CURLcode code = m->data.result;
            curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&t);
            GNT_TRY(finish(b, t, code));
        }
        GNT_TRY(report(b));
        if (b->n_done < b->n && curl_multi_poll(b->multi, NULL, 0, timeout, NULL))
            return gnt_fail(b->why, GNT_ENET, "download failed inside libcurl");
    }
    return GNT_OK;
}

gnt_status gnt_http_get(const gnt_http_options *options, gnt_http_request *request, size_t n,
                        const gnt_progress *progress, gnt_error *why)
{
    gnt_status st = GNT_OK;
    batch b = {.options = options, .n = n, .random = options->seed, .progress = progress, .why = why};
    for (size_t i = 0; i < n; i++) {
        request[i].status = 0;
        request[i].n_tries = 0;
        request[i].body = (gnt_text){0};
    }
    if (curl_global_init(CURL_GLOBAL_DEFAULT)) return gnt_fail(why, GNT_ENET, "libcurl can't be started");
    GNT_ALLOC(b.transfer, n);
    b.multi = curl_multi_init();
    for (size_t i = 0; i < n; i++) {
        b.transfer[i] = (transfer){.request = &request[i], .max_bytes = options->max_bytes, .easy = curl_easy_init()};
        if (!b.multi || !b.transfer[i].easy) {
            st = gnt_fail(why, GNT_ENOMEM, "%s: out of memory for a download", request[i].name);
            goto out;
        }
    }
    st = run(&b);
out:
    for (size_t i = 0; b.transfer && i < n; i++) {
        if (b.transfer[i].phase == RUNNING) curl_multi_remove_handle(b.multi, b.transfer[i].easy);
        if (b.transfer[i].easy) curl_easy_cleanup(b.transfer[i].easy);
        if (st) gnt_http_request_free(&request[i]);
    }
    if (b.multi) curl_multi_cleanup(b.multi);
    free(b.transfer);
    curl_global_cleanup();
    return st;
}
