/* Downloads against a local server that misbehaves: what is tried again, how often, and what is not. */
#include "tests/test.h"

#include <time.h>

#include "host/net/http.h"
#include "tests/http_server.h"

#define TEXT "0123456789012345678901234567890123456789\n"

static gnt_error why;

static gnt_http_options quick(void)
{
    gnt_http_options o = gnt_http_defaults();
    o.backoff_s = 0.01;
    o.backoff_max_s = 0.04;
    o.stall_timeout_s = 1;
    o.timeout_s = 3;
    return o;
}

/* Replies in order; the last one is repeated. */
typedef struct script {
    const reply *step;
    unsigned n;
} script;

static reply follow(void *self, const char *target, unsigned number)
{
    const script *s = self;
    (void)target;
    return s->step[number < s->n ? number : s->n - 1];
}

/* First bad answers, then a whole one: the try after them succeeds. */
static const struct recovery {
    const char *what;
    reply first, second;
    unsigned requests;
} recoveries[] = {
    {"whole at once", {REPLY_WHOLE, "200 OK", "", TEXT}, {0}, 1},
    {"chunked", {REPLY_CHUNKED, "200 OK", "", TEXT}, {0}, 1},
    {"503, then well", {REPLY_WHOLE, "503 Service Unavailable", "", "busy"}, {REPLY_WHOLE, "200 OK", "", TEXT}, 2},
    {"500, then well", {REPLY_WHOLE, "500 Internal Server Error", "", ""}, {REPLY_WHOLE, "200 OK", "", TEXT}, 2},
    {"408, then well", {REPLY_WHOLE, "408 Request Timeout", "", ""}, {REPLY_WHOLE, "200 OK", "", TEXT}, 2},
    {"reset in the body", {REPLY_RESET, "200 OK", "", TEXT}, {REPLY_WHOLE, "200 OK", "", TEXT}, 2},
    {"cut body", {REPLY_CUT, "200 OK", "", TEXT}, {REPLY_WHOLE, "200 OK", "", TEXT}, 2},
    {"closed without a word", {REPLY_NOTHING, "", "", ""}, {REPLY_WHOLE, "200 OK", "", TEXT}, 2},
    {"silence", {REPLY_STALL, "200 OK", "", TEXT}, {REPLY_WHOLE, "200 OK", "", TEXT}, 2},
    {"redirect", {REPLY_WHOLE, "302 Found", "Location: /elsewhere\r\n", ""}, {REPLY_WHOLE, "200 OK", "", TEXT}, 2},
};

static void what_helps_is_tried_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof recoveries / sizeof *recoveries; i++) {
        const struct recovery *row = &recoveries[i];
        const reply steps[] = {row->first, row->second.status ? row->second : row->first};
        script s = {steps, 2};
        http_server server;
        gnt_http_options options = quick();
        server_start(&server, follow, &s);
        gnt_http_request request = {.name = "T", .url = {server.base}, .n_urls = 1};
        gnt_status st = gnt_http_get(&options, &request, 1, NULL, &why);
        server_stop(&server);
        if (st) fail_msg("%s: %s", row->what, why.text);
        if (request.status != 200 || strcmp(request.body.data, TEXT))
            fail_msg("%s: '%s'", row->what, request.body.data);
        if (server.n_requests != row->requests)
            fail_msg("%s: %u requests, expected %u", row->what, server.n_requests, row->requests);
        gnt_http_request_free(&request);
    }
}

static const struct refusal {
    const char *what;
    reply always;
    unsigned requests;
    const char *fragment; /* in the error; NULL: a final answer with this status */
    long status;
} refusals[] = {
    {"503 for ever", {REPLY_WHOLE, "503 Service Unavailable", "", ""}, 5, "HTTP 503, after 5 tries", 0},
    {"429 for ever", {REPLY_WHOLE, "429 Too Many Requests", "", ""}, 5, "HTTP 429, after 5 tries", 0},
    {"cut for ever", {REPLY_CUT, "200 OK", "", TEXT}, 5, "after 5 tries", 0},
    {"endless", {REPLY_ENDLESS, "200 OK", "", ""}, 1, "body over 100000 bytes", 0},
    {"a wait too long", {REPLY_WHOLE, "429 Slow Down", "Retry-After: 3600\r\n", ""}, 1, "asks to wait 3600 s", 0},
    {"redirect to a file", {REPLY_WHOLE, "302 Found", "Location: file:///etc/hostname\r\n", ""}, 1, "after 1 try", 0},
    {"redirects in a ring", {REPLY_WHOLE, "302 Found", "Location: /again\r\n", ""}, 6, "after 1 try", 0},
    {"404 is an answer", {REPLY_WHOLE, "404 Not Found", "", "nothing here"}, 1, NULL, 404},
    {"403 is an answer", {REPLY_WHOLE, "403 Forbidden", "", "no"}, 1, NULL, 403},
};

static void what_does_not_help_ends_in_one_sentence(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        const struct refusal *row = &refusals[i];
        script s = {&row->always, 1};
        http_server server;
        gnt_http_options options = quick();
        options.max_bytes = 100000;
        server_start(&server, follow, &s);
        gnt_http_request request = {.name = "T", .url = {server.base}, .n_urls = 1};
        gnt_status st = gnt_http_get(&options, &request, 1, NULL, &why);
        server_stop(&server);
        if (row->fragment && (st != GNT_ENET || !strstr(why.text, row->fragment)))
            fail_msg("%s: status %d, '%s', expected '%s'", row->what, st, why.text, row->fragment);
        if (row->fragment && request.body.data) fail_msg("%s: a body is left", row->what);
        if (!row->fragment && (st || request.status != row->status))
            fail_msg("%s: HTTP %ld (%s), expected %ld", row->what, request.status, why.text, row->status);
        if (server.n_requests != row->requests)
            fail_msg("%s: %u requests, expected %u", row->what, server.n_requests, row->requests);
        gnt_http_request_free(&request);
    }
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void must_wait(const char *header, double least_s, double most_s)
{
    const reply steps[] = {{REPLY_WHOLE, "429 Too Many Requests", header, ""}, {REPLY_WHOLE, "200 OK", "", TEXT}};
    script s = {steps, 2};
    http_server server;
    gnt_http_options options = quick();
    server_start(&server, follow, &s);
    gnt_http_request request = {.name = "T", .url = {server.base}, .n_urls = 1};
    double begin = now_s();
    gnt_status st = gnt_http_get(&options, &request, 1, NULL, &why);
    double took = now_s() - begin;
    server_stop(&server);
    if (st) fail_msg("%s%s", header, why.text);
    if (!(took >= least_s && took <= most_s)) fail_msg("%s: %.2f s, expected %g to %g", header, took, least_s, most_s);
    assert_int_equal(server.n_requests, 2);
    gnt_http_request_free(&request);
}

/* A date has whole seconds: 2 s ahead is 1 to 2 s away. The upper bounds leave room for a busy machine. */
static void retry_after_is_obeyed(void **state)
{
    (void)state;
    char header[128], date[64];
    must_wait("Retry-After: 1\r\n", 1, 6);
    time_t then = time(NULL) + 2;
    struct tm parts;
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&then, &parts));
    snprintf(header, sizeof header, "Retry-After: %s\r\n", date);
    must_wait(header, 0.9, 7);
    must_wait("", 0.005, 5);
}

/* Waits double and are jittered: tries 1..4 wait 0.1, 0.2, 0.4, 0.4 (the cap), each times a factor in [1/2, 1]. */
static void waits_double(void **state)
{
    (void)state;
    const reply always = {REPLY_WHOLE, "503 Busy", "", ""};
    script s = {&always, 1};
    http_server server;
    gnt_http_options options = quick();
    options.backoff_s = 0.1;
    options.backoff_max_s = 0.4;
    server_start(&server, follow, &s);
    gnt_http_request request = {.name = "T", .url = {server.base}, .n_urls = 1};
    double begin = now_s();
    assert_int_equal(gnt_http_get(&options, &request, 1, NULL, &why), GNT_ENET);
    double took = now_s() - begin;
    server_stop(&server);
    if (!(took >= 0.55)) fail_msg("%.3f s, expected at least half of 1.1 s", took);
    assert_int_equal(server.n_requests, 5);
}

/* A port that nothing listens on: bound, asked for its number, closed. */
static unsigned dead_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t room = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) ||
        getsockname(fd, (struct sockaddr *)&address, &room))
        fail_msg("no local port");
    close(fd);
    return ntohs(address.sin_port);
}

static void the_second_host_stands_in(void **state)
{
    (void)state;
    const reply well = {REPLY_WHOLE, "200 OK", "", TEXT};
    script s = {&well, 1};
    http_server server;
    char dead[64];
    gnt_http_options options = quick();
    options.backoff_s = options.backoff_max_s = 30; /* the dead host must be passed over without a wait */
    snprintf(dead, sizeof dead, "http://127.0.0.1:%u", dead_port());
    server_start(&server, follow, &s);
    gnt_http_request request = {.name = "T", .url = {dead, server.base}, .n_urls = 2};
    double begin = now_s();
    gnt_status st = gnt_http_get(&options, &request, 1, NULL, &why);
    double took = now_s() - begin;
    server_stop(&server);
    if (st) fail_msg("%s", why.text);
    if (!(took < 10)) fail_msg("%.1f s: waited before the second host", took);
    assert_int_equal(request.answered, 1);
    assert_int_equal(request.n_tries, 2);
    assert_int_equal(server.n_requests, 1);
    assert_non_null(strstr(server.agent, "gauntlet/"));
    gnt_http_request_free(&request);
}

static reply echo(void *self, const char *target, unsigned number)
{
    static const char *const body[] = {"zero\n", "one\n", "two\n", "three\n", "four\n", "five\n", "six\n"};
    unsigned *failures = self;
    (void)number;
    unsigned which = (unsigned)(target[1] - '0');
    if (failures[which]-- > 0) return (reply){REPLY_WHOLE, "503 Busy", "", ""};
    failures[which] = 0;
    return (reply){REPLY_WHOLE, "200 OK", "", body[which % 7]};
}

static void several_at_once_each_gets_its_own(void **state)
{
    (void)state;
    unsigned failures[10] = {0, 1, 2, 0, 3, 0, 1};
    char url[7][80];
    http_server server;
    gnt_http_request request[7];
    gnt_http_options options = quick();
    server_start(&server, echo, failures);
    for (int i = 0; i < 7; i++) {
        snprintf(url[i], sizeof url[i], "%s/%d", server.base, i);
        request[i] = (gnt_http_request){.name = "T", .url = {url[i]}, .n_urls = 1};
    }
    gnt_status st = gnt_http_get(&options, request, 7, NULL, &why);
    server_stop(&server);
    if (st) fail_msg("%s", why.text);
    static const char *const expected[] = {"zero\n", "one\n", "two\n", "three\n", "four\n", "five\n", "six\n"};
    for (int i = 0; i < 7; i++) {
        assert_string_equal(request[i].body.data, expected[i]);
        gnt_http_request_free(&request[i]);
    }
    assert_int_equal(server.n_requests, 7 + 1 + 2 + 3 + 1);
}

static bool no_last_newline(const gnt_text *body, bool framed)
{
    return !framed && body->n && body->data[body->n - 1] != '\n';
}

/* Without a length only the caller can tell that the end is missing. */
static void an_unframed_body_is_judged_by_the_caller(void **state)
{
    (void)state;
    const reply steps[] = {{REPLY_UNFRAMED, "200 OK", "", "half a li"},
                           {REPLY_UNFRAMED, "200 OK", "", "half a line\n"}};
    script s = {steps, 2};
    http_server server;
    gnt_http_options options = quick();
    server_start(&server, follow, &s);
    gnt_http_request request = {.name = "T", .url = {server.base}, .n_urls = 1, .is_cut = no_last_newline};
    gnt_status st = gnt_http_get(&options, &request, 1, NULL, &why);
    server_stop(&server);
    if (st) fail_msg("%s", why.text);
    assert_string_equal(request.body.data, "half a line\n");
    assert_int_equal(server.n_requests, 2);
    gnt_http_request_free(&request);
}

static bool stop_at_once(void *self, const char *what, double done, double total, const char *detail)
{
    (void)self, (void)what, (void)done, (void)total, (void)detail;
    return false;
}

static void a_stop_ends_it(void **state)
{
    (void)state;
    const reply stall = {REPLY_STALL, "200 OK", "", TEXT};
    script s = {&stall, 1};
    http_server server;
    gnt_http_options options = quick();
    gnt_progress progress = {.report = stop_at_once};
    server_start(&server, follow, &s);
    gnt_http_request request = {.name = "T", .url = {server.base}, .n_urls = 1};
    assert_int_equal(gnt_http_get(&options, &request, 1, &progress, &why), GNT_EINTERRUPTED);
    assert_null(request.body.data);
    server_stop(&server);
}

int main(void)
{
    setenv("no_proxy", "127.0.0.1", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_helps_is_tried_again),
        cmocka_unit_test(what_does_not_help_ends_in_one_sentence),
        cmocka_unit_test(retry_after_is_obeyed),
        cmocka_unit_test(waits_double),
        cmocka_unit_test(the_second_host_stands_in),
        cmocka_unit_test(several_at_once_each_gets_its_own),
        cmocka_unit_test(an_unframed_body_is_judged_by_the_caller),
        cmocka_unit_test(a_stop_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
