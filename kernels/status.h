/* Status codes: one list for the whole project.
 *
 * A function that can fail returns gnt_status: 0 or negative. Columns of the list:
 *   name, value, exit code of the command line (SPEC 7), code in JSON errors, one-word meaning. */
#ifndef GNT_STATUS_H
#define GNT_STATUS_H

#define GNT_STATUS_LIST(X)                                                        \
    X(OK, 0, 0, "ok", "success")                                                  \
    X(EINVAL, -1, 2, "bad_argument", "an argument is out of its range")           \
    X(EUSAGE, -2, 2, "usage", "the command line can't be understood")             \
    X(EIO, -3, 1, "io", "a file can't be read or written")                        \
    X(EPARSE, -4, 1, "parse", "input is syntactically bad")                       \
    X(EDATA, -5, 3, "validation", "well-formed input fails validation")           \
    X(EGATE, -6, 3, "gate", "a gate said no")                                     \
    X(EVALUE, -7, 1, "bad_value", "a value in the input is not allowed")          \
    X(EFEW, -8, 1, "too_few_observations", "fewer rows than the method needs")    \
    X(ENOMEM, -9, 1, "no_memory", "memory can't be had")                          \
    X(EDEVICE, -10, 1, "device", "the device can't be used or failed")            \
    X(ENET, -11, 1, "network", "a download failed")                               \
    X(EUNSUPPORTED, -12, 1, "unsupported", "a valid thing that is not supported") \
    X(EINTERRUPTED, -13, 1, "interrupted", "stopped by a signal")

typedef enum gnt_status {
#define X(name, value, exit_code, json, text) GNT_##name = (value),
    GNT_STATUS_LIST(X)
#undef X
} gnt_status;

#define GNT_MUST_CHECK __attribute__((warn_unused_result))

#endif
