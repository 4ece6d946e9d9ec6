/* Yahoo's v8 chart JSON (layer 3). */
#ifndef GNT_YAHOO_H
#define GNT_YAHOO_H

#include "host/base/file.h"
#include "validate.h"

#define GNT_YAHOO_BASES "https://query1.finance.yahoo.com,https://query2.finance.yahoo.com"

/* BASE/v8/finance/chart/SYMBOL?... for all sessions of range, both ends included (period2 is exclusive).
 * EINVAL when it does not fit. */
GNT_MUST_CHECK gnt_status gnt_yahoo_url(char *out, size_t room, const char *base, const char *symbol, gnt_range range,
                                        gnt_error *why);

/* Rows of the answer, in its order; name (the URL) must outlive raw; a row's `line` is its number, from 1. Sessions are
 * dated in the exchange's own time. now_unix decides whether the answer's current session is still open.
 * ENET: Yahoo's own error, in its words. EPARSE: anything else than the documented shape, with its place in it. */
GNT_MUST_CHECK gnt_status gnt_yahoo_parse(const char *name, const gnt_text *body, int64_t now_unix, gnt_raw_bars *raw,
                                          gnt_error *why);

/* A body that is no complete JSON text was cut on the way. */
bool gnt_yahoo_is_cut(const gnt_text *body, bool framed);

#endif
