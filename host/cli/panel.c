#include "panel.h"

#include <stdlib.h>
#include <string.h>

#include "host/base/mem.h"

void gnt_cli_panel_free(gnt_cli_panel *panel)
{
    for (size_t i = 0; i < panel->n_bars; i++) gnt_bars_free(&panel->bars[i]);
    free(panel->bars);
    free(panel->up);
    gnt_features_free(&panel->features);
    *panel = (gnt_cli_panel){0};
}

static void join(char *out, size_t room, const char *text)
{
    size_t used = strlen(out);
    snprintf(out + used, room - used, "%s%s", used ? "," : "", text);
}

void gnt_cli_panel_symbols(const gnt_cli_panel *panel, char *out, size_t room)
{
    out[0] = 0;
    for (size_t i = 0; i < panel->n_bars; i++) join(out, room, panel->bars[i].symbol);
}

void gnt_cli_panel_hashes(const gnt_cli_panel *panel, char *out, size_t room)
{
    out[0] = 0;
    for (size_t i = 0; i < panel->n_bars; i++) join(out, room, panel->bars[i].sha256);
}

gnt_provenance gnt_cli_panel_provenance(const gnt_cli_panel *panel)
{
    gnt_provenance least = GNT_REAL;
    for (size_t i = 0; i < panel->n_bars; i++)
        if (panel->bars[i].provenance > least) least = panel->bars[i].provenance;
    return least;
}

/* Labels on the rows' dates: with several symbols those are the dates that all of them have. */
static gnt_status make_labels(gnt_cli_panel *panel, gnt_error *why)
{
    gnt_status st = GNT_OK;
    const gnt_features *f = &panel->features;
    const gnt_bars *lead = &panel->bars[panel->lead];
    double before = 0;
    GNT_ALLOC(panel->up, f->n_rows);
    for (size_t t = 0; t < f->n_rows; t++) {
        size_t row;
        if (!gnt_bars_find(lead, f->day[t], &row)) {
            st = gnt_fail(why, GNT_EDATA, "%s: a feature row has no bar", lead->symbol);
            goto out;
        }
        if (t) panel->up[t - 1] = lead->close[row] > before;
        before = lead->close[row];
    }
    panel->labels = (gnt_labels){panel->up, f->n_rows ? f->n_rows - 1 : 0};
out:
    return st;
}

gnt_status gnt_cli_panel_load(const gnt_args *args, gnt_engine *engine, const char *schema, gnt_cli_panel *panel,
                              gnt_error *why)
{
    gnt_status st = GNT_OK;
    size_t n = gnt_arg_n(args, "bars");
    bool adjust = !strcmp(gnt_arg(args, "price"), "adj");
    *panel = (gnt_cli_panel){0};
    GNT_ALLOC(panel->bars, n);
    for (size_t i = 0; i < n; i++) {
        GNT_GOTO(gnt_bars_load(gnt_arg_at(args, "bars", i), gnt_arg_seed(args), &panel->bars[i], why));
        panel->n_bars++;
        if (adjust) gnt_bars_adjust(&panel->bars[i]);
        if (strcmp(panel->bars[i].symbol, panel->bars[panel->lead].symbol) < 0) panel->lead = i;
    }
    GNT_GOTO(gnt_features_make(engine, schema, panel->bars, n, &panel->features, why));
    GNT_GOTO(make_labels(panel, why));
out:
    if (st) gnt_cli_panel_free(panel);
    return st;
}
