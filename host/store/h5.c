#include "h5_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK_BYTES ((size_t)1 << 20)

/* ---- errors ------------------------------------------------------------------------------------ */

static herr_t deepest(unsigned n, const H5E_error2_t *error, void *out)
{
    const char **text = out;
    if (n == 0 && error->desc) *text = error->desc;
    return 0;
}

gnt_status gnt_h5_fail(gnt_error *why, const char *file, const char *at, const char *what)
{
    const char *reason = NULL;
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, deepest, &reason);
    gnt_status st = gnt_fail(why, GNT_EIO, "%s%s%s: %s%s%s%s", file, *at ? ":" : "", at, what, reason ? " (" : "",
                             reason ? reason : "", reason ? ")" : "");
    H5Eclear2(H5E_DEFAULT);
    return st;
}

/* ---- open and close ---------------------------------------------------------------------------- */

/* Version 1.8 metadata is checksummed too; files never change once renamed, so locks would only hurt on NFS. */
static hid_t access_list(void)
{
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    hid_t list = H5Pcreate(H5P_FILE_ACCESS);
    if (list >= 0) {
        H5Pset_libver_bounds(list, H5F_LIBVER_V18, H5F_LIBVER_V18);
        H5Pset_file_locking(list, false, true);
        H5Pset_fclose_degree(list, H5F_CLOSE_STRONG);
    }
    return list;
}

static hid_t creation_list(hid_t class)
{
    hid_t list = H5Pcreate(class);
    if (list >= 0) H5Pset_obj_track_times(list, false);
    return list;
}

static gnt_status file_new(const char *path, gnt_h5 **file, gnt_error *why)
{
    *file = NULL;
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof(*file)->path) return gnt_fail(why, GNT_EIO, "%s: not a usable path for a file", path);
    gnt_h5 *f = calloc(1, sizeof *f);
    if (!f) return gnt_fail(why, GNT_ENOMEM, "%s: out of memory", path);
    f->id = H5I_INVALID_HID;
    memcpy(f->path, path, n + 1);
    *file = f;
    return GNT_OK;
}

gnt_status gnt_h5_create(const char *path, gnt_h5 **file, gnt_error *why)
{
    GNT_TRY(file_new(path, file, why));
    gnt_h5 *f = *file;
    gnt_status st = gnt_temp_begin(&f->temp, path, why);
    if (st) goto out;
    f->writing = true;
    hid_t access = access_list(), creation = creation_list(H5P_FILE_CREATE);
    f->id = H5Fcreate(f->temp.temp, H5F_ACC_TRUNC, creation, access);
    if (f->id < 0) st = gnt_h5_fail(why, path, "", "can't create the HDF5 file");
    H5Pclose(access);
    H5Pclose(creation);
out:
    if (st) gnt_h5_close(file);
    return st;
}

gnt_status gnt_h5_open(const char *path, gnt_h5 **file, gnt_error *why)
{
    *file = NULL;
    if (access(path, R_OK)) return gnt_fail(why, GNT_EIO, "%s: can't open: %s", path, strerror(errno));
    GNT_TRY(file_new(path, file, why));
    hid_t list = access_list();
    (*file)->id = H5Fopen(path, H5F_ACC_RDONLY, list);
    gnt_status st = (*file)->id < 0 ? gnt_h5_fail(why, path, "", "not a readable HDF5 file") : GNT_OK;
    H5Pclose(list);
    if (st) gnt_h5_close(file);
    return st;
}

gnt_status gnt_h5_commit(gnt_h5 **file, gnt_error *why)
{
    gnt_h5 *f = *file;
    gnt_status st = GNT_OK;
    if (!f->writing) st = gnt_fail(why, GNT_EINVAL, "%s: opened for reading, nothing to commit", f->path);
    if (!st && H5Fflush(f->id, H5F_SCOPE_GLOBAL) < 0) st = gnt_h5_fail(why, f->path, "", "can't write");
    if (!st) {
        herr_t closed = H5Fclose(f->id);
        f->id = H5I_INVALID_HID;
        if (closed < 0) st = gnt_h5_fail(why, f->path, "", "can't write");
    }
    if (!st) st = gnt_temp_commit(&f->temp, why);
    gnt_h5_close(file);
    return st;
}

void gnt_h5_close(gnt_h5 **file)
{
    gnt_h5 *f = *file;
    if (!f) return;
    if (f->id >= 0) H5Fclose(f->id);
    gnt_temp_discard(&f->temp);
    free(f);
    *file = NULL;
}

/* ---- types and paths ---------------------------------------------------------------------------- */

static hid_t disk_type(gnt_h5_type type)
{
    switch (type) {
    case GNT_H5_F64:
        return H5T_IEEE_F64LE;
    case GNT_H5_F32:
        return H5T_IEEE_F32LE;
    case GNT_H5_I64:
        return H5T_STD_I64LE;
    case GNT_H5_I32:
        return H5T_STD_I32LE;
    case GNT_H5_I8:
        return H5T_STD_I8LE;
    case GNT_H5_U8:
        return H5T_STD_U8LE;
    }
    return H5I_INVALID_HID;
}

hid_t gnt_h5_memory_type(gnt_h5_type type)
{
    switch (type) {
    case GNT_H5_F64:
        return H5T_NATIVE_DOUBLE;
    case GNT_H5_F32:
        return H5T_NATIVE_FLOAT;
    case GNT_H5_I64:
        return H5T_NATIVE_INT64;
    case GNT_H5_I32:
        return H5T_NATIVE_INT32;
    case GNT_H5_I8:
        return H5T_NATIVE_INT8;
    case GNT_H5_U8:
        return H5T_NATIVE_UINT8;
    }
    return H5I_INVALID_HID;
}

/* Every link on the way must be there before HDF5 may be asked for the last one. */
bool gnt_h5_has(gnt_h5 *file, const char *path)
{
    char part[1024];
    size_t n = strlen(path);
    if (n >= sizeof part) return false;
    memcpy(part, path, n + 1);
    for (size_t i = 1; i <= n; i++) {
        if ((path[i] != '/' && path[i] != 0) || path[i - 1] == '/') continue;
        part[i] = 0;
        if (H5Oexists_by_name(file->id, part, H5P_DEFAULT) <= 0) return false;
        part[i] = path[i];
    }
    return true;
}

/* Makes the groups of `path` up to (and, with whole, including) its last name. */
static gnt_status make_groups(gnt_h5 *file, const char *path, bool whole, gnt_error *why)
{
    char part[1024];
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof part)
        return gnt_fail(why, GNT_EINVAL, "%s: '%s' is no usable dataset path", file->path, path);
    if (!whole)
        while (n && path[n - 1] != '/') n--; /* the last name is the dataset's */
    memcpy(part, path, n);
    part[n] = 0;
    if (n == 0 || !strcmp(part, file->group)) return GNT_OK;
    for (size_t i = 1; i <= n; i++) {
        if ((path[i] != '/' && (i < n || !whole)) || path[i - 1] == '/') continue;
        part[i] = 0;
        if (!gnt_h5_has(file, part)) {
            hid_t list = creation_list(H5P_GROUP_CREATE);
            hid_t group = H5Gcreate2(file->id, part, H5P_DEFAULT, list, H5P_DEFAULT);
            H5Pclose(list);
            if (group < 0) return gnt_h5_fail(why, file->path, part, "can't make the group");
            H5Gclose(group);
        }
        part[i] = i < n ? path[i] : 0;
    }
    memcpy(file->group, part, n + 1);
    return GNT_OK;
}

/* ---- writing ------------------------------------------------------------------------------------ */

/* Chunks of about 1 MiB; an empty array can't be chunked (a chunk may not exceed the array) and has nothing to check.
 */
static hid_t dataset_list(int rank, const hsize_t *dims, size_t element)
{
    hid_t list = creation_list(H5P_DATASET_CREATE);
    if (list < 0 || dims[0] == 0 || (rank == 2 && dims[1] == 0)) return list;
    size_t columns = CHUNK_BYTES / element;
    if (columns == 0) columns = 1;
    hsize_t chunk[2] = {0, 1};
    if (rank == 2) chunk[1] = dims[1] < columns ? dims[1] : columns;
    chunk[0] = columns / chunk[1];
    if (chunk[0] > dims[0]) chunk[0] = dims[0];
    if (H5Pset_chunk(list, rank, chunk) < 0 || H5Pset_fletcher32(list) < 0) {
        H5Pclose(list);
        return H5I_INVALID_HID;
    }
    return list;
}

static gnt_status put_array(gnt_h5 *file, const char *path, hid_t on_disk, hid_t in_memory, const void *data, int rank,
                            const hsize_t *dims, gnt_error *why)
{
    GNT_TRY(make_groups(file, path, false, why));
    bool empty = !data || dims[0] == 0 || (rank == 2 && dims[1] == 0);
    hid_t space = H5Screate_simple(rank, dims, NULL);
    hid_t list = dataset_list(rank, dims, H5Tget_size(on_disk));
    hid_t set = H5Dcreate2(file->id, path, on_disk, space, H5P_DEFAULT, list, H5P_DEFAULT);
    gnt_status st = GNT_OK;
    if (set < 0 || (!empty && H5Dwrite(set, in_memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0))
        st = gnt_h5_fail(why, file->path, path, "can't write the dataset");
    if (set >= 0) H5Dclose(set);
    H5Pclose(list);
    H5Sclose(space);
    return st;
}

gnt_status gnt_h5_put(gnt_h5 *file, const char *path, gnt_h5_type type, const void *data, size_t rows, size_t cols,
                      gnt_error *why)
{
    hsize_t dims[2] = {rows, cols};
    return put_array(file, path, disk_type(type), gnt_h5_memory_type(type), data, cols ? 2 : 1, dims, why);
}

gnt_status gnt_h5_put_empty(gnt_h5 *file, const char *path, gnt_h5_type type, size_t rows, size_t cols, gnt_error *why)
{
    return gnt_h5_put(file, path, type, NULL, rows, cols, why);
}

/* The file's space of rows [first, first + n) of an open dataset; H5I_INVALID_HID when it has no such rows. */
hid_t gnt_h5_rows_space(hid_t set, size_t first, size_t n)
{
    hsize_t dims[2] = {0, 0};
    hid_t space = H5Dget_space(set);
    int rank = H5Sget_simple_extent_ndims(space);
    bool good = (rank == 1 || rank == 2) && H5Sget_simple_extent_dims(space, dims, NULL) == rank && first <= dims[0] &&
                n <= dims[0] - first;
    hsize_t from[2] = {first, 0}, count[2] = {n, dims[1]};
    if (good && H5Sselect_hyperslab(space, H5S_SELECT_SET, from, NULL, count, NULL) >= 0) return space;
    if (space >= 0) H5Sclose(space);
    return H5I_INVALID_HID;
}

gnt_status gnt_h5_put_rows(gnt_h5 *file, const char *path, gnt_h5_type type, const void *data, size_t first,
                           size_t rows, gnt_error *why)
{
    if (rows == 0) return GNT_OK;
    hid_t set = H5Dopen2(file->id, path, H5P_DEFAULT), on_disk = H5I_INVALID_HID, in_memory = H5I_INVALID_HID;
    gnt_status st = GNT_OK;
    if (set >= 0) on_disk = gnt_h5_rows_space(set, first, rows);
    if (on_disk >= 0) {
        hsize_t n = (hsize_t)H5Sget_select_npoints(on_disk);
        in_memory = H5Screate_simple(1, &n, NULL);
    }
    if (in_memory < 0 || H5Dwrite(set, gnt_h5_memory_type(type), in_memory, on_disk, H5P_DEFAULT, data) < 0)
        st = gnt_h5_fail(why, file->path, path, "can't write rows of the dataset");
    if (in_memory >= 0) H5Sclose(in_memory);
    if (on_disk >= 0) H5Sclose(on_disk);
    if (set >= 0) H5Dclose(set);
    return st;
}

/* A UTF-8, NUL-padded text type of n bytes (HDF5 has none of 0). */
static hid_t text_type(size_t n)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, n ? n : 1);
    H5Tset_cset(type, H5T_CSET_UTF8);
    H5Tset_strpad(type, H5T_STR_NULLPAD);
    return type;
}

gnt_status gnt_h5_put_words(gnt_h5 *file, const char *path, const char *text, size_t rows, size_t width, gnt_error *why)
{
    hsize_t dims[1] = {rows};
    hid_t type = text_type(width);
    gnt_status st = put_array(file, path, type, type, text, 1, dims, why);
    H5Tclose(type);
    return st;
}

static gnt_status put_attribute(gnt_h5 *file, const char *path, const char *name, hid_t on_disk, hid_t in_memory,
                                const void *value, gnt_error *why)
{
    if (!gnt_h5_has(file, path)) GNT_TRY(make_groups(file, path, true, why));
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t id = H5Acreate_by_name(file->id, path, name, on_disk, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    gnt_status st = GNT_OK;
    if (id < 0 || H5Awrite(id, in_memory, value) < 0)
        st = gnt_h5_fail(why, file->path, name, "can't write the attribute");
    if (id >= 0) H5Aclose(id);
    H5Sclose(space);
    return st;
}

gnt_status gnt_h5_put_text(gnt_h5 *file, const char *path, const char *name, const char *value, gnt_error *why)
{
    hid_t type = text_type(strlen(value));
    gnt_status st = put_attribute(file, path, name, type, type, value, why);
    H5Tclose(type);
    return st;
}

gnt_status gnt_h5_put_count(gnt_h5 *file, const char *path, const char *name, int64_t value, gnt_error *why)
{
    return put_attribute(file, path, name, H5T_STD_I64LE, H5T_NATIVE_INT64, &value, why);
}
