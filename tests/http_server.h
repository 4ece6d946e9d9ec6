/* A small HTTP/1.1 server for tests, on a free local port, that misbehaves when told to.
 *
 * Every connection carries one request and is closed. `answer` chooses the reply from the request's target and its
 * number (from 0); it runs on the connection's thread, under the server's lock. */
#ifndef GNT_TEST_HTTP_SERVER_H
#define GNT_TEST_HTTP_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef enum reply_kind {
    REPLY_WHOLE,    /* head with Content-Length, all of the body */
    REPLY_CHUNKED,  /* one chunk, whole */
    REPLY_UNFRAMED, /* no length: the end of the connection ends the body */
    REPLY_CUT,      /* Content-Length of the whole, half of the body */
    REPLY_RESET,    /* half of the body, then a TCP reset */
    REPLY_NOTHING,  /* closed without a byte */
    REPLY_ENDLESS,  /* unframed, never ends */
    REPLY_STALL,    /* half of the body, then silence until the client leaves */
} reply_kind;

typedef struct reply {
    reply_kind kind;
    const char *status;  /* "200 OK" */
    const char *headers; /* "Retry-After: 1\r\n" or "" */
    const char *body;
} reply;

enum { SERVER_LOG = 64, SERVER_TARGET = 1024 };

typedef struct http_server {
    int fd;
    unsigned port, n_requests, n_running;
    char target[SERVER_LOG][SERVER_TARGET], agent[256];
    reply (*answer)(void *self, const char *target, unsigned number);
    void *self;
    pthread_t thread;
    pthread_mutex_t lock;
    char base[64]; /* "http://127.0.0.1:PORT" */
} http_server;

typedef struct http_connection {
    http_server *server;
    int fd;
} http_connection;

static bool server_send(int fd, const char *data, size_t n)
{
    for (size_t done = 0; done < n;) {
        ssize_t put = send(fd, data + done, n - done, MSG_NOSIGNAL);
        if (put <= 0) return false;
        done += (size_t)put;
    }
    return true;
}

static void server_wait_for_leave(int fd)
{
    char byte;
    while (recv(fd, &byte, 1, 0) > 0) continue;
}

static void server_reply(int fd, const reply *r)
{
    char head[1024];
    size_t n = strlen(r->body), half = n / 2;
    bool sized = r->kind == REPLY_WHOLE || r->kind == REPLY_CUT || r->kind == REPLY_RESET || r->kind == REPLY_STALL;
    if (r->kind == REPLY_NOTHING) return;
    int length = snprintf(head, sizeof head, "HTTP/1.1 %s\r\nConnection: close\r\n%s", r->status, r->headers);
    if (sized) length += snprintf(head + length, sizeof head - (size_t)length, "Content-Length: %zu\r\n", n);
    if (r->kind == REPLY_CHUNKED)
        length += snprintf(head + length, sizeof head - (size_t)length, "Transfer-Encoding: chunked\r\n\r\n%zx", n);
    length += snprintf(head + length, sizeof head - (size_t)length, "\r\n");
    if (!server_send(fd, head, (size_t)length)) return;
    switch (r->kind) {
    case REPLY_CHUNKED:
        server_send(fd, r->body, n);
        server_send(fd, "\r\n0\r\n\r\n", 7);
        break;
    case REPLY_CUT:
        server_send(fd, r->body, half);
        break;
    case REPLY_STALL:
        server_send(fd, r->body, half);
        server_wait_for_leave(fd);
        break;
    case REPLY_RESET:
        server_send(fd, r->body, half);
        usleep(20000);
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
        break;
    case REPLY_ENDLESS:
        while (server_send(fd, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde\n", 64)) continue;
        break;
    default:
        server_send(fd, r->body, n);
    }
}

static void *server_connection(void *argument)
{
    http_connection c = *(http_connection *)argument;
    http_server *s = c.server;
    char text[8192], target[SERVER_TARGET] = "";
    size_t n = 0;
    free(argument);
    while (n + 1 < sizeof text) {
        ssize_t got = recv(c.fd, text + n, sizeof text - 1 - n, 0);
        if (got <= 0) break;
        n += (size_t)got;
        text[n] = 0;
        if (strstr(text, "\r\n\r\n")) break;
    }
    text[n] = 0;
    sscanf(text, "GET %1023s", target);
    pthread_mutex_lock(&s->lock);
    unsigned number = s->n_requests++;
    snprintf(s->target[number % SERVER_LOG], SERVER_TARGET, "%s", target);
    const char *agent = strcasestr(text, "\r\nUser-Agent: ");
    if (agent) sscanf(agent + 14, "%255[^\r]", s->agent);
    reply r = s->answer(s->self, target, number);
    pthread_mutex_unlock(&s->lock);
    server_reply(c.fd, &r);
    shutdown(c.fd, SHUT_WR);
    if (r.kind != REPLY_RESET && r.kind != REPLY_ENDLESS) server_wait_for_leave(c.fd);
    close(c.fd);
    pthread_mutex_lock(&s->lock);
    s->n_running--;
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

static void *server_loop(void *argument)
{
    http_server *s = argument;
    for (;;) {
        int fd = accept(s->fd, NULL, NULL);
        if (fd < 0) return NULL;
        http_connection *c = malloc(sizeof *c);
        pthread_t thread;
        if (!c) abort();
        *c = (http_connection){s, fd};
        pthread_mutex_lock(&s->lock);
        s->n_running++;
        pthread_mutex_unlock(&s->lock);
        if (pthread_create(&thread, NULL, server_connection, c)) abort();
        pthread_detach(thread);
    }
}

static void server_start(http_server *s, reply (*answer)(void *, const char *, unsigned), void *self)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t room = sizeof address;
    *s = (http_server){.fd = socket(AF_INET, SOCK_STREAM, 0), .answer = answer, .self = self};
    pthread_mutex_init(&s->lock, NULL);
    if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&address, sizeof address) || listen(s->fd, 16) ||
        getsockname(s->fd, (struct sockaddr *)&address, &room) || pthread_create(&s->thread, NULL, server_loop, s))
        abort();
    s->port = ntohs(address.sin_port);
    snprintf(s->base, sizeof s->base, "http://127.0.0.1:%u", s->port);
}

/* All connections must be gone: their threads use *s. */
static void server_stop(http_server *s)
{
    shutdown(s->fd, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->fd);
    for (unsigned left = 1; left;) {
        pthread_mutex_lock(&s->lock);
        left = s->n_running;
        pthread_mutex_unlock(&s->lock);
        if (left) usleep(1000);
    }
    pthread_mutex_destroy(&s->lock);
}

#endif
