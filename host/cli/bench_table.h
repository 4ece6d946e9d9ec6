/* What bench says to a person: the limits, a line a row, the library's ways under it. */
#ifndef GNT_BENCH_TABLE_H
#define GNT_BENCH_TABLE_H

#include "cli.h"
#include "host/bench/bench.h"

void gnt_bench_say_head(const gnt_args *args, const json_t *machine);
void gnt_bench_say_row(const gnt_args *args, const gnt_bench_row *row);

#endif
