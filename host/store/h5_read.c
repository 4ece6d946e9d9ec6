#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "h5_file.h"
#include "host/base/mem.h"

#define MAX_BYTES ((uint64_t)1 << 40)
#define MAX_RATIO 1100 /* deflate can't shrink more than 1032 to 1: a larger promise is a bomb */

/* ---- datasets ----------------------------------------------------------------------------------- */

/* Values that the wanted type can't hold stop the read instead of being clipped; rounding is fine. */
static H5T_conv_ret_t refuse_overflow(H5T_conv_except_t kind, hid_t source, hid_t target, void *from, void *to,
                                      void *data)
{
    (void)source, (void)target, (void)from, (void)to, (void)data;
    return kind == H5T_CONV_EXCEPT_PRECISION ? H5T_CONV_UNHANDLED : H5T_CONV_ABORT;
}

/* A dataset being read. */
typedef struct source {
    hid_t set, space, type, list;
    int rank;
    hsize_t dims[2];
} source;

static void source_close(source *s)
{
    if (s->set >= 0) H5Dclose(s->set);
    if (s->space >= 0) H5Sclose(s->space);
    if (s->type >= 0) H5Tclose(s->type);
    if (s->list >= 0) H5Pclose(s->list);
}

/* The array must lie in this file, and the file must be able to hold it: a few bytes can promise a terabyte. */
static gnt_status source_check(gnt_h5 *file, const char *path, const source *s, gnt_error *why)
{
    uint64_t element = H5Tget_size(s->type), bytes = element;
    for (int i = 0; i < s->rank; i++) {
        if (s->dims[i] && bytes > MAX_BYTES / s->dims[i])
            return gnt_fail(why, GNT_EIO, "%s:%s: dataset is over 2^40 bytes", file->path, path);
        bytes *= s->dims[i];
    }
    if (H5Pget_layout(s->list) == H5D_VIRTUAL || H5Pget_external_count(s->list) != 0)
        return gnt_fail(why, GNT_EIO, "%s:%s: dataset lies in another file, expected it in this one", file->path, path);
    struct stat info;
    const char *name = file->writing ? file->temp.temp : file->path;
    uint64_t stored = H5Dget_storage_size(s->set);
    if (!file->writing && !stat(name, &info) && (uint64_t)info.st_size < stored) stored = (uint64_t)info.st_size;
    if (bytes / MAX_RATIO > stored)
        return gnt_fail(why, GNT_EIO, "%s:%s: dataset promises %llu bytes but %llu are stored", file->path, path,
                        (unsigned long long)bytes, (unsigned long long)stored);
    return GNT_OK;
}

static gnt_status source_open(gnt_h5 *file, const char *path, source *s, gnt_error *why)
{
    *s = (source){H5I_INVALID_HID, H5I_INVALID_HID, H5I_INVALID_HID, H5I_INVALID_HID, 0, {0, 0}};
    s->set = H5Dopen2(file->id, path, H5P_DEFAULT);
    if (s->set < 0 && !gnt_h5_has(file, path)) {
        H5Eclear2(H5E_DEFAULT);
        return gnt_fail(why, GNT_EIO, "%s:%s: no such dataset", file->path, path);
    }
    if (s->set < 0) return gnt_h5_fail(why, file->path, path, "not a readable dataset");
    s->space = H5Dget_space(s->set);
    s->type = H5Dget_type(s->set);
    s->list = H5Dget_create_plist(s->set);
    s->rank = H5Sget_simple_extent_ndims(s->space);
    if (s->space < 0 || s->type < 0 || s->list < 0 || s->rank < 1 || s->rank > 2)
        return gnt_h5_fail(why, file->path, path, "expected a dataset of one or two dimensions");
    if (H5Sget_simple_extent_dims(s->space, s->dims, NULL) < 0)
        return gnt_h5_fail(why, file->path, path, "the dataset's shape can't be read");
    return source_check(file, path, s, why);
}

/* Reads everything as `type` into a fresh block of rows * cols elements of `size` bytes. */
static gnt_status source_read(gnt_h5 *file, const char *path, source *s, hid_t type, size_t size, void **data,
                              gnt_error *why)
{
    size_t n = (size_t)s->dims[0] * (s->rank == 2 ? (size_t)s->dims[1] : 1);
    *data = gnt_alloc(n, size);
    if (!*data) return gnt_fail(why, GNT_ENOMEM, "%s:%s: out of memory for %zu values", file->path, path, n);
    if (n == 0) return GNT_OK;
    hid_t list = H5Pcreate(H5P_DATASET_XFER);
    H5Pset_type_conv_cb(list, refuse_overflow, NULL);
    gnt_status st = GNT_OK;
    if (H5Dread(s->set, type, H5S_ALL, H5S_ALL, list, *data) < 0) {
        st = gnt_h5_fail(why, file->path, path, "dataset can't be read: damaged, or a value does not fit");
        free(*data);
        *data = NULL;
    }
    H5Pclose(list);
    return st;
}

gnt_status gnt_h5_get(gnt_h5 *file, const char *path, gnt_h5_type type, void **data, size_t *rows, size_t *cols,
                      gnt_error *why)
{
    source s;
    *data = NULL;
    hid_t wanted = gnt_h5_memory_type(type);
    gnt_status st = source_open(file, path, &s, why);
    if (st) goto out;
    H5T_class_t class = H5Tget_class(s.type);
    if (class != H5T_INTEGER && class != H5T_FLOAT) {
        st = gnt_fail(why, GNT_EIO, "%s:%s: expected a dataset of numbers", file->path, path);
        goto out;
    }
    GNT_GOTO(source_read(file, path, &s, wanted, H5Tget_size(wanted), data, why));
    *rows = (size_t)s.dims[0];
    *cols = s.rank == 2 ? (size_t)s.dims[1] : 0;
out:
    source_close(&s);
    return st;
}

gnt_status gnt_h5_get_rows(gnt_h5 *file, const char *path, gnt_h5_type type, size_t cols, size_t first, size_t n,
                           void *data, gnt_error *why)
{
    source s;
    hid_t list = H5I_INVALID_HID, rows = H5I_INVALID_HID, memory = H5I_INVALID_HID;
    hsize_t values = n * (cols ? cols : 1);
    gnt_status st = source_open(file, path, &s, why);
    if (st || n == 0) goto out;
    H5T_class_t class = H5Tget_class(s.type);
    bool shape = s.rank == (cols ? 2 : 1) && (!cols || s.dims[1] == cols);
    if (shape && (class == H5T_INTEGER || class == H5T_FLOAT)) rows = gnt_h5_rows_space(s.set, first, n);
    if (rows < 0) {
        st = gnt_fail(why, GNT_EIO, "%s:%s: expected numbers in rows %zu to %zu of %zu columns", file->path, path,
                      first, first + n - 1, cols);
        goto out;
    }
    list = H5Pcreate(H5P_DATASET_XFER);
    memory = H5Screate_simple(1, &values, NULL);
    H5Pset_type_conv_cb(list, refuse_overflow, NULL);
    if (H5Dread(s.set, gnt_h5_memory_type(type), memory, rows, list, data) < 0)
        st = gnt_h5_fail(why, file->path, path, "dataset can't be read: damaged, or a value does not fit");
out:
    if (list >= 0) H5Pclose(list);
    if (memory >= 0) H5Sclose(memory);
    if (rows >= 0) H5Sclose(rows);
    source_close(&s);
    return st;
}

gnt_status gnt_h5_get_words(gnt_h5 *file, const char *path, char **text, size_t *rows, size_t *width, gnt_error *why)
{
    source s;
    *text = NULL;
    void *data = NULL;
    hid_t type = H5I_INVALID_HID;
    gnt_status st = source_open(file, path, &s, why);
    if (st) goto out;
    size_t stored = H5Tget_size(s.type);
    if (s.rank != 1 || H5Tget_class(s.type) != H5T_STRING || H5Tis_variable_str(s.type) || stored > 1u << 20) {
        st = gnt_fail(why, GNT_EIO, "%s:%s: expected a vector of fixed-length texts", file->path, path);
        goto out;
    }
    type = H5Tcopy(s.type);
    H5Tset_size(type, stored + 1);
    H5Tset_strpad(type, H5T_STR_NULLPAD);
    GNT_GOTO(source_read(file, path, &s, type, stored + 1, &data, why));
    *text = data;
    *rows = (size_t)s.dims[0];
    *width = stored + 1;
    for (size_t i = 0; i < *rows; i++) (*text)[i * *width + stored] = 0;
out:
    if (type >= 0) H5Tclose(type);
    source_close(&s);
    return st;
}

/* ---- attributes --------------------------------------------------------------------------------- */

static gnt_status no_attribute(gnt_h5 *file, const char *path, const char *name, gnt_error *why)
{
    bool place = gnt_h5_has(file, path);
    if (place && H5Aexists_by_name(file->id, path, name, H5P_DEFAULT) > 0)
        return gnt_h5_fail(why, file->path, name, "attribute can't be read");
    H5Eclear2(H5E_DEFAULT);
    if (!place) return gnt_fail(why, GNT_EIO, "%s:%s: not there", file->path, path);
    return gnt_fail(why, GNT_EIO, "%s:%s: attribute '%s' missing", file->path, path, name);
}

static gnt_status attribute_open(gnt_h5 *file, const char *path, const char *name, hid_t *id, gnt_error *why)
{
    *id = H5Aopen_by_name(file->id, path, name, H5P_DEFAULT, H5P_DEFAULT);
    if (*id < 0) return no_attribute(file, path, name, why);
    hid_t space = H5Aget_space(*id);
    bool one = space >= 0 && H5Sget_simple_extent_npoints(space) == 1;
    if (space >= 0) H5Sclose(space);
    if (one) return GNT_OK;
    H5Aclose(*id);
    *id = H5I_INVALID_HID;
    return gnt_fail(why, GNT_EIO, "%s:%s: attribute '%s' is not one value", file->path, path, name);
}

/* Fixed-length, as written here. Variable-length text is refused unread: HDF5 1.10 loops for ever on some damaged
 * heaps it would be read from (found by fuzzing). */
static bool read_text(hid_t id, hid_t type, char *out, size_t room)
{
    if (H5Tget_class(type) != H5T_STRING || H5Tis_variable_str(type) != 0) return false;
    size_t n = H5Tget_size(type);
    char *value = n <= 1u << 24 ? calloc(n + 1, 1) : NULL;
    bool good = value && H5Aread(id, type, value) >= 0 && strlen(value) < room;
    if (good) memcpy(out, value, strlen(value) + 1);
    free(value);
    return good;
}

gnt_status gnt_h5_get_text(gnt_h5 *file, const char *path, const char *name, char *out, size_t room, gnt_error *why)
{
    hid_t id = H5I_INVALID_HID;
    GNT_TRY(attribute_open(file, path, name, &id, why));
    hid_t type = H5Aget_type(id);
    gnt_status st = GNT_OK;
    if (type < 0 || !read_text(id, type, out, room)) {
        H5Eclear2(H5E_DEFAULT);
        st = gnt_fail(why, GNT_EIO, "%s:%s: attribute '%s' is no text of at most %zu bytes", file->path, path, name,
                      room - 1);
    }
    if (type >= 0) H5Tclose(type);
    H5Aclose(id);
    return st;
}

gnt_status gnt_h5_get_count(gnt_h5 *file, const char *path, const char *name, int64_t *value, gnt_error *why)
{
    hid_t id = H5I_INVALID_HID;
    GNT_TRY(attribute_open(file, path, name, &id, why));
    hid_t type = H5Aget_type(id);
    gnt_status st = GNT_OK;
    if (H5Tget_class(type) != H5T_INTEGER || H5Aread(id, H5T_NATIVE_INT64, value) < 0) {
        H5Eclear2(H5E_DEFAULT);
        st = gnt_fail(why, GNT_EIO, "%s:%s: attribute '%s' is no whole number", file->path, path, name);
    }
    if (type >= 0) H5Tclose(type);
    H5Aclose(id);
    return st;
}

/* ---- names -------------------------------------------------------------------------------------- */

/* The library sorts a group's names for every question about one of them: it is asked once for all. */
typedef struct listing {
    char **block; /* NULL while names are counted */
    char *next;
    size_t n, bytes; /* of text */
} listing;

static herr_t list_name(hid_t group, const char *name, const H5L_info_t *info, void *data)
{
    (void)group, (void)info;
    listing *l = data;
    size_t bytes = strlen(name) + 1;
    l->bytes += bytes;
    l->n++;
    if (!l->block) return 0;
    l->block[l->n - 1] = memcpy(l->next, name, bytes);
    l->next += bytes;
    return 0;
}

static bool list_all(hid_t group, listing *l)
{
    hsize_t from = 0;
    l->n = l->bytes = 0;
    return H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, &from, list_name, l) >= 0;
}

gnt_status gnt_h5_list(gnt_h5 *file, const char *group, char ***names, size_t *n, gnt_error *why)
{
    *names = NULL;
    gnt_status st = GNT_OK;
    listing l = {.block = NULL};
    if (!gnt_h5_has(file, group)) return gnt_fail(why, GNT_EIO, "%s:%s: no such group", file->path, group);
    hid_t id = H5Gopen2(file->id, group, H5P_DEFAULT);
    if (id < 0 || !list_all(id, &l)) {
        st = gnt_h5_fail(why, file->path, group, "group can't be read");
        goto out;
    }
    l.block = gnt_alloc(1, l.n * sizeof *l.block + l.bytes);
    if (!l.block) {
        st = gnt_fail(why, GNT_ENOMEM, "%s:%s: out of memory for %zu names", file->path, group, l.n);
        goto out;
    }
    l.next = (char *)(l.block + l.n);
    if (!list_all(id, &l)) {
        st = gnt_h5_fail(why, file->path, group, "group can't be read");
        free(l.block);
        goto out;
    }
    *names = l.block;
    *n = l.n;
out:
    if (id >= 0) H5Gclose(id);
    return st;
}
