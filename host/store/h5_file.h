/* Shared inside store/: an open HDF5 file and how its failures become sentences. */
#ifndef GNT_H5_FILE_H
#define GNT_H5_FILE_H

#include <hdf5.h>

#include "h5.h"
#include "host/base/file.h"

struct gnt_h5 {
    hid_t id;
    bool writing;
    gnt_temp temp; /* when writing */
    char path[1024];
    char group[1024]; /* the groups of this path were made last: most puts go where the one before went */
};

/* EIO, "FILE:AT: what (the library's innermost reason)"; empties HDF5's error stack. */
gnt_status gnt_h5_fail(gnt_error *why, const char *file, const char *at, const char *what);
hid_t gnt_h5_memory_type(gnt_h5_type type);
hid_t gnt_h5_rows_space(hid_t set, size_t first, size_t n);

#endif
