#!/usr/bin/env bash
# Counts the instructions of every main kernel (tests/perf/kernels.c, one thread, AVX2, fixed inputs) under callgrind and
# compares them with the committed table: the same program gives the same counts on any machine, so growth is in the code.
#
#   check.sh [--driver FILE] [--table FILE] [--counts FILE] [--record]
#
#   --driver   the program to count (build/perf_kernels)
#   --table    the record (tests/perf/instructions.txt)
#   --counts   compare these counts, lines "NAME COUNT UNITS UNIT" after "compiler VERSION", instead of counting
#   --record   write the counts as the new record
#
# One line a kernel: "ok - ...", "not ok - ..." (grew by more than 5 %, or isn't in the record, or is gone), "skip - ...".
# Exit 1 when any is not ok, 77 when nothing could be counted: no valgrind, or another compiler than the record's.
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
DRIVER=$HERE/../../build/perf_kernels TABLE=$HERE/instructions.txt COUNTS='' RECORD=no PERCENT=5

die() {
  echo "check.sh: $*" >&2
  exit 2
}
skip() {
  echo "skip - instruction counts: $*"
  exit 77
}
while [ $# -gt 0 ]; do
  case $1 in
  --driver | --table | --counts) [ $# -gt 1 ] || die "$1 needs a file" ;;&
  --driver) DRIVER=$2 ; shift ;;
  --table) TABLE=$2 ; shift ;;
  --counts) COUNTS=$2 ; shift ;;
  --record) RECORD=yes ;;
  *) die "unknown option $1; see the head of $0" ;;
  esac
  shift
done

# count OUT: "compiler VERSION", then "NAME COUNT UNITS UNIT" a kernel. valgrind's part i is the i-th kernel's.
count() {
  command -v valgrind >/dev/null || skip "no valgrind (Debian package valgrind)"
  [ -x "$DRIVER" ] || die "$DRIVER isn't there; ./run.sh test builds it"
  local rc=0 part name units unit
  env -i PATH="$PATH" valgrind --tool=callgrind -q --instr-atstart=no --callgrind-out-file="$scratch/part" "$DRIVER" >"$scratch/names" 2>"$scratch/said" || rc=$?
  [ $rc != 77 ] || skip "this processor has no AVX2"
  [ $rc = 0 ] || die "$DRIVER under valgrind ended with $rc: $(tail -3 "$scratch/said")"
  [ -f "$scratch/part.1" ] || skip "the driver was built without valgrind's header"
  head -1 "$scratch/names" >"$1"
  part=0
  tail -n +2 "$scratch/names" | while read -r name units unit; do
    part=$((part + 1))
    grep -qx "desc: Trigger: Client Request: $name" "$scratch/part.$part" || die "part $part is not $name"
    echo "$name $(sed -n 's/^totals: //p' "$scratch/part.$part") $units $unit"
  done >>"$1"
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
if [ -z "$COUNTS" ]; then
  COUNTS=$scratch/counts
  count "$COUNTS"
fi
compiler=$(sed -n 's/^compiler //p' "$COUNTS")

if [ $RECORD = yes ]; then
  {
    echo "# Instructions of the main kernels: one thread, AVX2, inputs of tests/perf/kernels.c; counted by callgrind."
    echo "# Rewritten by tests/perf/check.sh --record after ./run.sh test; compared by ./run.sh ci."
    echo "# compiler $compiler"
    echo "# kernel instructions units unit instructions_per_unit"
    awk '$1 != "compiler" { printf "%-28s %12d %8d %-11s %12.1f\n", $1, $2, $3, $4, $2 / $3 }' "$COUNTS"
  } >"$TABLE.new"
  mv "$TABLE.new" "$TABLE"
  echo "recorded $(grep -vc '^#' "$TABLE") kernels in $TABLE"
  exit 0
fi

[ -f "$TABLE" ] || die "$TABLE isn't there; --record writes it"
recorded=$(sed -n 's/^# compiler //p' "$TABLE")
[ "$recorded" = "$compiler" ] || skip "recorded with compiler $recorded, this program was built by $compiler"
awk -v percent=$PERCENT '
  /^#/ || $1 == "compiler" { next }
  FNR == NR { was[$1] = $2; units[$1] = $3; order[++n] = $1; next }
  {
    seen[$1] = 1
    if (!($1 in was)) { print "not ok - " $1 ": " $2 " instructions, not in the record: check.sh --record"; bad = 1; next }
    if ($3 != units[$1]) { print "not ok - " $1 ": " $3 " units, recorded for " units[$1] ": check.sh --record"; bad = 1; next }
    grown = 100 * ($2 / was[$1] - 1)
    what = sprintf("%s: %d instructions (%.1f a %s), recorded %d: %+.2f %%", $1, $2, $2 / $3, $4, was[$1], grown)
    if (!(grown <= percent)) { print "not ok - " what ", more than " percent " %"; bad = 1 }
    else if (grown < -percent) print "ok - " what "; lower the record: check.sh --record"
    else print "ok - " what
  }
  END {
    for (i = 1; i <= n; i++) if (!(order[i] in seen)) { print "not ok - " order[i] ": in the record, but not counted any more"; bad = 1 }
    if (!n) { print "not ok - the record names no kernel"; bad = 1 }
    exit bad
  }' "$TABLE" "$COUNTS"
