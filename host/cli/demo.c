/* gauntlet demo: the whole pipeline on the built-in synthetic markets, report written. */
#include "host/run/demo.h"
#include "cli.h"
#include "host/report/report.h"

static const gnt_option options[] = {
    {"out", GNT_OPT_FILE, "DIR", "gauntlet-demo", "folder for results and report, made when missing", false, false},
    {"quick", GNT_OPT_FLAG, NULL, NULL, "fewer epochs; the report says so", false, false},
    {0},
};

static const char detail[] =
    "Trains both variants on two synthetic markets, SYN-EDGE with a planted signal and SYN-NULL with none, runs the\n"
    "seven experiments on each and writes the report: DIR/report.html and DIR/report.md, and one folder a market and\n"
    "experiment. Nothing is downloaded. --seed fixes the markets, the models and every draw: the same seed gives the\n"
    "same bytes, but for the manifests' times.\n\n"
    "  gauntlet demo --out results/demo";

static gnt_status run(const gnt_args *args, gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_engine engine = {0};
    json_t *index = NULL, *line;
    size_t i;
    gnt_demo_options o = {
        .out = gnt_arg(args, "out"), .seed = gnt_arg_seed(args), .quick = gnt_arg_flag(args, "quick")};
    GNT_GOTO(gnt_arg_engine(args, &engine, why));
    GNT_GOTO(gnt_demo_run(&engine, &o, gnt_arg_progress(args), &index, why));
    GNT_GOTO(gnt_report_write(o.out, NULL, gnt_arg_progress(args), why));
    json_array_foreach(json_object_get(index, "sentences"), i, line) gnt_say(args, "%s", json_string_value(line));
    gnt_say(args, "Report: %s/report.html (and report.md)", o.out);
    gnt_json_text(index, "report", "report.html");
    gnt_json_text(index, "out", o.out);
    gnt_answer(args, json_incref(index));
out:
    json_decref(index);
    gnt_engine_close(&engine);
    return st;
}

const gnt_verb gnt_verb_demo = {
    .name = "demo",
    .run = run,
    .summary = "whole pipeline on the built-in synthetic markets, report written",
    .synopsis = "[--out DIR] [--seed N] [--quick]",
    .detail = detail,
    .options = options,
    .computes = true,
};
