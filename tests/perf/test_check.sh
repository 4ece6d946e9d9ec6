#!/usr/bin/env bash
# tests/perf/check.sh says no when a kernel grew, and the counts it compares are the same twice.
# shellcheck source=tests/cli/check.sh
. "$GNT_ROOT/tests/cli/check.sh"
TABLE=$GNT_ROOT/tests/perf/instructions.txt

# counts FACTOR: the record as if it had just been counted, the first kernel times FACTOR
counts() {
  sed -n 's/^# compiler /compiler /p' "$TABLE"
  grep -v '^#' "$TABLE" | awk -v f="$1" '{ printf "%s %d %s %s\n", $1, NR == 1 ? $2 * f : $2, $3, $4 }'
}
# check WHAT RC FRAGMENT OPTION...: check.sh ends so and says FRAGMENT
check() {
  local what=$1 rc=$2 fragment=$3 said got=0
  shift 3
  said=$(bash "$GNT_ROOT/tests/perf/check.sh" "$@" 2>&1) || got=$?
  if [ $got = "$rc" ] && grep -qF -- "$fragment" <<<"$said"; then ok "$what"; else not_ok "$what" "exit $got, expected $rc and '$fragment'; said: $said"; fi
}

first=$(grep -v '^#' "$TABLE" | awk 'NR == 1 { print $1 }')
n=$(grep -vc '^#' "$TABLE")
counts 1 >"$SCRATCH/same"
check "what was recorded passes" 0 "ok - $first: " --counts "$SCRATCH/same"
awk '!/^#/ { $2 = int($2 * 0.9) } { print }' "$TABLE" >"$SCRATCH/lower"
check "a record 10 % lower fails, and names the kernel" 1 "not ok - $first: " --counts "$SCRATCH/same" --table "$SCRATCH/lower"
if [ "$(bash "$GNT_ROOT/tests/perf/check.sh" --counts "$SCRATCH/same" --table "$SCRATCH/lower" | grep -c '^not ok - .*, recorded [0-9]*: +11\.1.* %, more than 5 %$')" = "$n" ]; then
  ok "all $n of them, with both values"; else not_ok "all $n of them, with both values"; fi
counts 1.06 >"$SCRATCH/grown"
check "one kernel that grew by 6 %" 1 "+6.00 %, more than 5 %" --counts "$SCRATCH/grown"
if [ "$(bash "$GNT_ROOT/tests/perf/check.sh" --counts "$SCRATCH/grown" | grep -c '^not ok')" = 1 ]; then ok "and only that one"; else not_ok "and only that one"; fi
counts 1.04 >"$SCRATCH/near"
check "4 % more passes" 0 "+4.00 %" --counts "$SCRATCH/near"
counts 0.9 >"$SCRATCH/shrunk"
check "10 % less passes and asks for a lower record" 0 "lower the record" --counts "$SCRATCH/shrunk"
grep -v "^$first " "$SCRATCH/same" >"$SCRATCH/gone"
check "a kernel that is gone" 1 "not ok - $first: in the record, but not counted any more" --counts "$SCRATCH/gone"
{ cat "$SCRATCH/same"; echo "new/kernel 5 1 window"; } >"$SCRATCH/new"
check "a kernel without a record" 1 "not ok - new/kernel: 5 instructions, not in the record" --counts "$SCRATCH/new"
sed 's/^compiler .*/compiler 1.0/' "$SCRATCH/same" >"$SCRATCH/other"
check "another compiler is no judgement" 77 "skip - instruction counts: recorded with compiler" --counts "$SCRATCH/other"
sed -n '/^# compiler/p' "$TABLE" >"$SCRATCH/empty"
check "an empty record" 1 "not ok - the record names no kernel" --counts "$SCRATCH/same" --table "$SCRATCH/empty"
check "an unknown option" 2 "unknown option --tabel" --tabel x
check "recording gives the same file" 0 "recorded $n kernels" --counts "$SCRATCH/same" --table "$SCRATCH/written" --record
if cmp -s "$TABLE" "$SCRATCH/written"; then ok "byte for byte"; else not_ok "byte for byte" "$(diff "$TABLE" "$SCRATCH/written")"; fi

# ---- twice the same, whatever the environment and the place on the stack
DRIVER=$(dirname "$GAUNTLET")/perf_kernels
once() { # once FILE VARIABLE...
  local file=$1
  shift
  env "$@" valgrind --tool=callgrind -q --instr-atstart=no --callgrind-out-file="$SCRATCH/part" "$DRIVER" forward_sliding/1x24 csv/bars >"$SCRATCH/names" 2>"$SCRATCH/said" &&
    for part in 1 2; do sed -n 's/^totals: //p' "$SCRATCH/part.$part"; done >"$file"
  local rc=$?
  rm -f "$SCRATCH"/part*
  return $rc
}
if ! command -v valgrind >/dev/null; then
  skip "counting twice: no valgrind"
elif [ "$(nm -C "$DRIVER" 2>/dev/null | grep -cE '__(asan|tsan)_init')" != 0 ]; then
  skip "counting twice: a sanitizer's build doesn't run under valgrind"
elif once "$SCRATCH/a" && once "$SCRATCH/b" "PADDING=$(head -c 3000 /dev/zero | tr '\0' x)"; then
  if [ -s "$SCRATCH/a" ] && cmp -s "$SCRATCH/a" "$SCRATCH/b"; then ok "the same counts twice"; else not_ok "the same counts twice" "$(paste "$SCRATCH/a" "$SCRATCH/b")"; fi
else not_ok "counting twice" "$(cat "$SCRATCH/said")"; fi
finish
