/* Running gnuplot: one process draws all pictures of a job. */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plot.h"

extern char **environ;

static const char prelude[] =
    "reset session\nset encoding utf8\nset datafile missing 'NaN'\n"
    "set border 3 lc rgb '#6b7078' lw 1\nset tics nomirror out textcolor rgb '#333333'\n"
    "set xlabel textcolor rgb '#333333'\nset ylabel textcolor rgb '#333333'\n"
    "set grid ytics lt 1 lc rgb '#e4e6e9' lw 1\nset key noautotitle reverse Left\nset style fill solid noborder\n"
    "set minussign\nset format x '%g'\nset format y '%g'\n";

/* Baselines of the title lines as shares of the height, so that they look alike on every picture. */
static void open_picture(gnt_buf *script, const gnt_picture *picture)
{
    const char *name = strrchr(picture->file.temp, '/');
    double h = picture->height, scale = picture->width > 1800 ? 1.3 : 1; /* wide ones are shown smaller */
    gnt_buf_put(script, prelude);
    gnt_buf_printf(
        script,
        "set terminal pngcairo noenhanced size %u,%u font 'DejaVu Sans,15' fontscale %g background rgb '#ffffff'\n"
        "set output '%s'\nTITLE_Y = %g\nSUBTITLE_Y = %g\nCORNER_Y = %g\nKEY_Y = %g\n",
        picture->width, picture->height, scale, name ? name + 1 : picture->file.temp, 1 - 30 * scale / h,
        1 - 64 * scale / h, 16 * scale / h, 1 - 92 * scale / h);
}

/* ---- one job ------------------------------------------------------------------------------------ */

static void forget(gnt_plot_job *job)
{
    for (size_t i = 0; i < job->n; i++) gnt_temp_discard(&job->picture[i].file);
    if (job->input) fclose(job->input);
    if (job->errors) fclose(job->errors);
    job->input = job->errors = NULL;
    job->pid = 0;
    job->n = job->script.n = 0;
}

static gnt_status spawn(const char *program, gnt_plot_job *job, gnt_error *why)
{
    char name[] = "gnuplot", quiet[] = "-d"; /* -d: the user's own settings don't change a report */
    char *const words[] = {name, quiet, NULL};
    posix_spawn_file_actions_t actions;
    int bad = posix_spawn_file_actions_init(&actions);
    if (bad) return gnt_fail(why, GNT_ENOMEM, "gnuplot can't be started: %s", strerror(bad));
    posix_spawn_file_actions_adddup2(&actions, fileno(job->input), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, fileno(job->errors), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, fileno(job->errors), STDERR_FILENO);
    posix_spawn_file_actions_addchdir_np(&actions, job->folder);
    bad = posix_spawnp(&job->pid, program, &actions, NULL, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (!bad) return GNT_OK;
    job->pid = 0;
    if (bad == ENOENT && access(job->folder, X_OK) == 0)
        return gnt_fail(why, GNT_EIO, "%s: no such program; pictures need gnuplot: apt-get install gnuplot-nox",
                        program);
    return gnt_fail(why, GNT_EIO, "%s can't be started in %s: %s", program, job->folder, strerror(bad));
}

static gnt_status start(const char *program, gnt_plot_job *job, gnt_error *why)
{
    GNT_TRY(gnt_buf_check(&job->script, why));
    job->input = tmpfile();
    job->errors = tmpfile();
    if (!job->input || !job->errors || fwrite(job->script.data, 1, job->script.n, job->input) != job->script.n ||
        fflush(job->input) || fseek(job->input, 0, SEEK_SET))
        return gnt_fail(why, GNT_EIO, "gnuplot's script can't be written to a temporary file: %s", strerror(errno));
    return spawn(program, job, why);
}

/* Signature and IHDR (PNG specification, 5.2 and 11.2.2). */
static bool is_png(const char *path, unsigned width, unsigned height)
{
    static const unsigned char start_of_png[16] = {137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13, 'I', 'H', 'D', 'R'};
    unsigned char head[24];
    FILE *file = fopen(path, "rb");
    size_t n = file ? fread(head, 1, sizeof head, file) : 0;
    if (file) fclose(file);
    if (n != sizeof head || memcmp(head, start_of_png, 16) != 0) return false;
    unsigned w = (unsigned)head[16] << 24 | (unsigned)head[17] << 16 | (unsigned)head[18] << 8 | head[19];
    unsigned h = (unsigned)head[20] << 24 | (unsigned)head[21] << 16 | (unsigned)head[22] << 8 | head[23];
    return w == width && h == height;
}

/* The line of gnuplot's own words that says what is wrong: the last one that isn't empty. */
static void complaint(FILE *errors, char *text, size_t room)
{
    char line[256];
    snprintf(text, room, "no message");
    rewind(errors);
    while (fgets(line, sizeof line, errors)) {
        line[strcspn(line, "\n")] = 0;
        if (strspn(line, " \t^") != strlen(line)) snprintf(text, room, "%s", line);
    }
}

static gnt_status finish(gnt_plot_job *job, gnt_error *why)
{
    gnt_status st = GNT_OK;
    int status = 0;
    char text[256];
    if (!job->pid) return GNT_OK;
    pid_t pid;
    while ((pid = waitpid(job->pid, &status, 0)) < 0 && errno == EINTR) continue;
    bool good = pid == job->pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    job->pid = 0;
    if (!good) {
        complaint(job->errors, text, sizeof text);
        st = gnt_fail(why, GNT_EIO, "gnuplot failed on the pictures of %s: %s", job->folder, text);
        goto out;
    }
    for (size_t i = 0; i < job->n; i++) {
        gnt_picture *picture = &job->picture[i];
        if (!is_png(picture->file.temp, picture->width, picture->height)) {
            complaint(job->errors, text, sizeof text);
            st = gnt_fail(why, GNT_EIO, "gnuplot wrote no %ux%u PNG as %s: %s", picture->width, picture->height,
                          picture->file.path, text);
            goto out;
        }
        GNT_GOTO(gnt_temp_commit(&picture->file, why));
    }
out:
    forget(job);
    return st;
}

/* ---- the row of jobs ---------------------------------------------------------------------------- */

/* Starts the job being filled and moves on to the next place, whose pictures must be done by then. */
static gnt_status flush(gnt_plots *plots, gnt_error *why)
{
    gnt_plot_job *job = &plots->job[plots->filling];
    if (!job->n) return GNT_OK;
    gnt_buf_put(&job->script, "unset output\n");
    GNT_TRY(start(plots->gnuplot ? plots->gnuplot : "gnuplot", job, why));
    plots->filling = (plots->filling + 1) % (GNT_PLOT_JOBS + 1);
    return finish(&plots->job[plots->filling], why);
}

gnt_status gnt_plots_picture(gnt_plots *plots, const char *folder, const char *name, unsigned width, unsigned height,
                             gnt_buf **script, gnt_error *why)
{
    gnt_plot_job *job = &plots->job[plots->filling];
    char path[1024];
    GNT_TRY(gnt_path_join(path, sizeof path, folder, name, why));
    if (job->n == GNT_PLOT_PICTURES || (job->n && strcmp(job->folder, folder) != 0)) {
        GNT_TRY(flush(plots, why));
        job = &plots->job[plots->filling];
    }
    snprintf(job->folder, sizeof job->folder, "%s", folder);
    gnt_picture *picture = &job->picture[job->n];
    GNT_TRY(gnt_temp_begin(&picture->file, path, why));
    picture->width = width;
    picture->height = height;
    job->n++;
    plots->n_pictures++;
    open_picture(&job->script, picture);
    *script = &job->script;
    return GNT_OK;
}

gnt_status gnt_plots_finish(gnt_plots *plots, gnt_error *why)
{
    GNT_TRY(flush(plots, why));
    for (size_t i = 1; i <= GNT_PLOT_JOBS + 1; i++)
        GNT_TRY(finish(&plots->job[(plots->filling + i) % (GNT_PLOT_JOBS + 1)], why));
    return GNT_OK;
}

void gnt_plots_free(gnt_plots *plots)
{
    for (size_t i = 0; i < GNT_PLOT_JOBS + 1; i++) {
        gnt_plot_job *job = &plots->job[i];
        if (job->pid) {
            kill(job->pid, SIGTERM);
            while (waitpid(job->pid, NULL, 0) < 0 && errno == EINTR) continue;
        }
        forget(job);
        gnt_buf_free(&job->script);
    }
}
