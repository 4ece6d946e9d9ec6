/* Files (layer 0): whole-file reads with a cap, and writes that are complete or not there.
 *
 * Atomic writes: bytes go to "<path>.tmp.<pid>" in the same folder, are flushed (fsync) and renamed.
 * A killed write leaves the old file whole; gnt_temp_discard_all (called on a signal) removes the rest. */
#ifndef GNT_FILE_H
#define GNT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "error.h"

typedef struct gnt_text {
    char *data; /* n bytes and a NUL after them; owned */
    size_t n;
} gnt_text;

/* Reads a regular file of at most max_bytes. EIO with the path and the reason. */
GNT_MUST_CHECK gnt_status gnt_text_read(const char *path, size_t max_bytes, gnt_text *text, gnt_error *why);
void gnt_text_free(gnt_text *text);

/* A file being written under a temporary name. */
typedef struct gnt_temp {
    char path[1024], temp[1100];
    bool active;
} gnt_temp;

/* Picks the temporary name (creates nothing), registers it for clean-up. */
GNT_MUST_CHECK gnt_status gnt_temp_begin(gnt_temp *temp, const char *path, gnt_error *why);
/* fsync + rename to the final name. On failure the temporary file is removed. */
GNT_MUST_CHECK gnt_status gnt_temp_commit(gnt_temp *temp, gnt_error *why);
void gnt_temp_discard(gnt_temp *temp); /* removes the temporary file; fine on a zeroed or committed one */
void gnt_temp_discard_all(void);       /* async-signal-safe: unlinks every active temporary file */

/* The whole of `data` under `path`, atomically. */
GNT_MUST_CHECK gnt_status gnt_file_write(const char *path, const void *data, size_t n, gnt_error *why);

GNT_MUST_CHECK gnt_status gnt_make_dirs(const char *path, gnt_error *why); /* mkdir -p */
bool gnt_file_exists(const char *path);
/* Do both names lead to one existing file? */
bool gnt_same_file(const char *a, const char *b);

bool gnt_is_folder(const char *path);
/* "folder/name" of everything in a folder whose name ends in `ending` and does not begin with a dot, in byte order;
 * *paths is one block of pointers and text (free()). */
GNT_MUST_CHECK gnt_status gnt_folder_list(const char *folder, const char *ending, char ***paths, size_t *n,
                                          gnt_error *why);

/* "dir/name" into out; EINVAL when it does not fit. */
GNT_MUST_CHECK gnt_status gnt_path_join(char *out, size_t room, const char *dir, const char *name, gnt_error *why);

#endif
