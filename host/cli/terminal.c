/* What a person at a terminal sees while a verb works: one bar with percent, ETA and detail on stderr. */
#include "args.h"

#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The terminal is one per process, and so is its bar. */
static struct {
    char what[64];
    double started, shown; /* monotonic seconds */
    bool drawn;
} bar;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void gnt_terminal_clear(void)
{
    if (bar.drawn) fputs("\r\033[K", stderr);
    bar.drawn = false;
}

static void draw(const char *what, double share, double left, const char *detail)
{
    enum { CELLS = 24 };
    char cells[CELLS + 1];
    int full = share > 0 ? (int)(share * CELLS) : 0;
    memset(cells, '.', CELLS);
    memset(cells, '#', (size_t)(full > CELLS ? CELLS : full));
    cells[CELLS] = 0;
    fprintf(stderr, "\r\033[K%-28.60s [%s] %3.0f %%  ETA %.0f s  %.80s", what, cells, 100 * share, left, detail);
    fflush(stderr);
    bar.drawn = true;
}

static bool show_bar(void *self, const char *what, double done, double total, const char *detail)
{
    (void)self;
    double t = now(), share = total > 0 ? done / total : 0;
    if (strncmp(bar.what, what, sizeof bar.what - 1) != 0) {
        snprintf(bar.what, sizeof bar.what, "%s", what);
        bar.started = t;
        bar.shown = 0;
    }
    if (t - bar.shown >= 0.1) {
        bar.shown = t;
        draw(what, share, share > 0 ? (t - bar.started) * (1 - share) / share : 0, detail ? detail : "");
    }
    if (total > 0 && done >= total) gnt_terminal_clear();
    return true;
}

static bool no_bar(void *self, const char *what, double done, double total, const char *detail)
{
    (void)self, (void)what, (void)done, (void)total, (void)detail;
    return true;
}

static void log_line(void *self, const char *line)
{
    (void)self;
    gnt_terminal_clear();
    fprintf(stderr, "gauntlet: %s\n", line);
}

static void no_log(void *self, const char *line)
{
    (void)self, (void)line;
}

void gnt_terminal_progress(gnt_progress *progress, bool quiet)
{
    progress->report = !quiet && isatty(STDERR_FILENO) ? show_bar : no_bar;
    progress->log = quiet ? no_log : log_line;
    progress->self = NULL;
}

/* Files appear only by rename, so dropping the temporary ones leaves everything whole. */
static void on_signal(int number)
{
    gnt_temp_discard_all();
    signal(number, SIG_DFL);
    raise(number);
}

void gnt_terminal_install_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN); /* a closed pipe is a write error, reported like any other */
}
