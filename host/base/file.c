#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

gnt_status gnt_text_read(const char *path, size_t max_bytes, gnt_text *text, gnt_error *why)
{
    *text = (gnt_text){0};
    gnt_status st = GNT_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe without a writer would hold it here */
    if (fd < 0) return gnt_fail(why, GNT_EIO, "%s: can't open: %s", path, strerror(errno));
    struct stat info;
    if (fstat(fd, &info) || !S_ISREG(info.st_mode)) {
        st = gnt_fail(why, GNT_EIO, "%s: not a regular file", path);
        goto out;
    }
    if ((unsigned long long)info.st_size > max_bytes) {
        st = gnt_fail(why, GNT_EIO, "%s: %lld bytes, more than the %zu allowed here", path, (long long)info.st_size,
                      max_bytes);
        goto out;
    }
    text->data = malloc((size_t)info.st_size + 1);
    if (!text->data) {
        st = gnt_fail(why, GNT_ENOMEM, "%s: out of memory for %lld bytes", path, (long long)info.st_size);
        goto out;
    }
    while (text->n < (size_t)info.st_size) {
        ssize_t got = read(fd, text->data + text->n, (size_t)info.st_size - text->n);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            st = gnt_fail(why, GNT_EIO, "%s: read failed: %s", path, strerror(errno));
            goto out;
        }
        if (got == 0) break; /* truncated while reading: what is there is what is there */
        text->n += (size_t)got;
    }
    text->data[text->n] = 0;
out:
    close(fd);
    if (st) gnt_text_free(text);
    return st;
}

void gnt_text_free(gnt_text *text)
{
    free(text->data);
    *text = (gnt_text){0};
}

/* ---- temporary files ------------------------------------------------------------------------ */

enum { MAX_ACTIVE = 32 };
static gnt_temp *volatile active[MAX_ACTIVE]; /* for the signal handler only */

static void forget(gnt_temp *temp)
{
    for (int i = 0; i < MAX_ACTIVE; i++)
        if (active[i] == temp) active[i] = NULL;
    temp->active = false;
}

gnt_status gnt_temp_begin(gnt_temp *temp, const char *path, gnt_error *why)
{
    *temp = (gnt_temp){0};
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof temp->path)
        return gnt_fail(why, GNT_EIO, "%s: path is empty or longer than %zu bytes", path, sizeof temp->path - 1);
    memcpy(temp->path, path, n + 1);
    snprintf(temp->temp, sizeof temp->temp, "%s.tmp.%ld", path, (long)getpid());
    for (int i = 0; i < MAX_ACTIVE; i++)
        if (!active[i]) {
            temp->active = true;
            active[i] = temp;
            return GNT_OK;
        }
    return gnt_fail(why, GNT_EIO, "%s: more than %d files being written at once", path, MAX_ACTIVE);
}

static gnt_status sync_path(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0) return GNT_EIO;
    int bad = fsync(fd);
    close(fd);
    return bad ? GNT_EIO : GNT_OK;
}

gnt_status gnt_temp_commit(gnt_temp *temp, gnt_error *why)
{
    if (sync_path(temp->temp, O_RDONLY) || rename(temp->temp, temp->path)) {
        int reason = errno;
        gnt_temp_discard(temp);
        return gnt_fail(why, GNT_EIO, "%s: can't write: %s", temp->path, strerror(reason));
    }
    forget(temp);
    return GNT_OK;
}

void gnt_temp_discard(gnt_temp *temp)
{
    if (!temp->active) return;
    unlink(temp->temp);
    forget(temp);
}

void gnt_temp_discard_all(void)
{
    for (int i = 0; i < MAX_ACTIVE; i++)
        if (active[i]) unlink(active[i]->temp);
}

gnt_status gnt_file_write(const char *path, const void *data, size_t n, gnt_error *why)
{
    gnt_temp temp;
    GNT_TRY(gnt_temp_begin(&temp, path, why));
    FILE *file = fopen(temp.temp, "wb");
    size_t put = file ? fwrite(data, 1, n, file) : 0;
    int reason = errno;
    bool closed = file && fclose(file) == 0;
    if (!file || put != n || !closed) {
        gnt_temp_discard(&temp);
        return gnt_fail(why, GNT_EIO, "%s: can't write: %s", path, strerror(reason));
    }
    return gnt_temp_commit(&temp, why);
}

gnt_status gnt_make_dirs(const char *path, gnt_error *why)
{
    char part[1024];
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof part) return gnt_fail(why, GNT_EIO, "%s: not a usable folder name", path);
    memcpy(part, path, n + 1);
    for (size_t i = 1; i <= n; i++)
        if (part[i] == '/' || part[i] == 0) {
            char keep = part[i];
            part[i] = 0;
            if (mkdir(part, 0777) && errno != EEXIST)
                return gnt_fail(why, GNT_EIO, "%s: can't make folder: %s", part, strerror(errno));
            part[i] = keep;
        }
    struct stat info;
    if (stat(path, &info) || !S_ISDIR(info.st_mode)) return gnt_fail(why, GNT_EIO, "%s: is not a folder", path);
    return GNT_OK;
}

bool gnt_file_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

bool gnt_same_file(const char *a, const char *b)
{
    struct stat x, y;
    return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

bool gnt_is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static bool name_ends(const char *name, const char *ending)
{
    size_t n = strlen(name), m = strlen(ending);
    return name[0] != '.' && n > m && strcmp(name + n - m, ending) == 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

gnt_status gnt_folder_list(const char *folder, const char *ending, char ***paths, size_t *n, gnt_error *why)
{
    gnt_status st = GNT_OK;
    struct dirent **entry = NULL;
    size_t bytes = 0;
    *paths = NULL;
    *n = 0;
    int found = scandir(folder, &entry, NULL, by_bytes);
    if (found < 0) return gnt_fail(why, GNT_EIO, "%s: can't list the folder: %s", folder, strerror(errno));
    for (int i = 0; i < found; i++) bytes += strlen(folder) + strlen(entry[i]->d_name) + 2 + sizeof **paths;
    *paths = malloc(bytes ? bytes : 1);
    if (!*paths) {
        st = gnt_fail(why, GNT_ENOMEM, "%s: out of memory for its %d names", folder, found);
        goto out;
    }
    char *text = (char *)(*paths + found), *end = (char *)*paths + bytes;
    for (int i = 0; i < found; i++) {
        if (!name_ends(entry[i]->d_name, ending)) continue;
        GNT_GOTO(gnt_path_join(text, (size_t)(end - text), folder, entry[i]->d_name, why));
        (*paths)[(*n)++] = text;
        text += strlen(text) + 1;
    }
out:
    for (int i = 0; i < found; i++) free(entry[i]);
    free(entry);
    if (st) free(*paths);
    if (st) *paths = NULL;
    return st;
}

gnt_status gnt_path_join(char *out, size_t room, const char *dir, const char *name, gnt_error *why)
{
    int n = snprintf(out, room, "%s%s%s", dir, *dir && dir[strlen(dir) - 1] == '/' ? "" : "/", name);
    if (n < 0 || (size_t)n >= room) return gnt_fail(why, GNT_EIO, "%s/%s: path too long", dir, name);
    return GNT_OK;
}
