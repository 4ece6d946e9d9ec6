/* Stooq's daily CSV (layer 3): Date,Open,High,Low,Close,Volume, adjusted for splits and dividends. */
#ifndef GNT_STOOQ_H
#define GNT_STOOQ_H

#include "host/base/file.h"
#include "validate.h"

#define GNT_STOOQ_BASES "https://stooq.com"

/* BASE/q/d/l/?s=ibb.us&d1=20180101&d2=20231231&i=d. A symbol without a dot or a caret is taken for a US one (".us").
 * EINVAL when it does not fit. */
GNT_MUST_CHECK gnt_status gnt_stooq_url(char *out, size_t room, const char *base, const char *symbol, gnt_range range,
                                        gnt_error *why);

/* name (the URL) must outlive raw. ENET: "No data" and the daily limit, which Stooq says as plain text with status
 * 200; EPARSE as for any CSV. */
GNT_MUST_CHECK gnt_status gnt_stooq_parse(const char *name, const gnt_text *body, gnt_raw_bars *raw, gnt_error *why);

/* A body that only the end of the connection ended, in the middle of a line, was cut. */
bool gnt_stooq_is_cut(const gnt_text *body, bool framed);

#endif
