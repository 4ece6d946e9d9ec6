/* Bars from the command line turned into feature rows and labels: what train and predict share (layer 9). */
#ifndef GNT_CLI_PANEL_H
#define GNT_CLI_PANEL_H

#include "cli.h"
#include "host/market/split.h"

/* Options: {"bars", repeats}, {"price"}; the schema's name is given by the caller. */
typedef struct gnt_cli_panel {
    gnt_bars *bars; /* [n_bars], owned, as --bars named them */
    size_t n_bars;
    size_t lead; /* the symbol that labels and returns belong to: the first in alphabetical order */
    gnt_features features;
    uint8_t *up; /* [features.n_rows - 1], owned: close of the lead symbol, row t against t + 1 */
    gnt_labels labels;
} gnt_cli_panel;

GNT_MUST_CHECK gnt_status gnt_cli_panel_load(const gnt_args *args, gnt_engine *engine, const char *schema,
                                             gnt_cli_panel *panel, gnt_error *why);
void gnt_cli_panel_free(gnt_cli_panel *panel);

/* "IBB", "IBB,XBI"; the least real of the symbols' provenances; their files' hashes, joined by ','. */
void gnt_cli_panel_symbols(const gnt_cli_panel *panel, char *out, size_t room);
gnt_provenance gnt_cli_panel_provenance(const gnt_cli_panel *panel);
void gnt_cli_panel_hashes(const gnt_cli_panel *panel, char *out, size_t room);

#endif
