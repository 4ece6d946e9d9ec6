#!/usr/bin/env bash
# gauntlet replay: two tiny models over a window; keys, determinism, sticky units, refusals.
# shellcheck source=tests/cli/check.sh
. "$GNT_ROOT/tests/cli/check.sh"

if ! "$GAUNTLET" train --help >"$SCRATCH/help" 2>&1; then
  echo "skip - this build has no train verb to make models with"
  exit 77
fi

B=$SCRATCH/baseline.onnx E=$SCRATCH/enhanced.onnx
BARS=builtin:SYN-EDGE
train() { # train OUT SEED VARIANT
  run train --bars "$BARS" --variant "$3" --train 2018-03-14..2019-12-31 --val 2020-01-02..2020-06-29 --epochs 1 \
    --seed "$2" --out "$1" --quiet --json
  expect "a model to replay: $3" 0
}
train "$B" 42 baseline
train "$E" 43 enhanced

replay() { run replay --baseline "$B" --enhanced "$E" --bars "$BARS" --from 2020-07-01 --to 2021-06-30 --quiet "$@"; }
has() { # has WHAT FRAGMENT: on stdout
  if grep -qF -- "$2" "$OUT"; then ok "$1"; else not_ok "$1" "no '$2' in: $(cat "$OUT")"; fi
}
number() { sed -nE "s/.*\"$1\": (-?[0-9.e-]+)[,}].*/\1/p" "$OUT"; }

replay --json --replicates 100
expect "replay answers" 0
cp "$OUT" "$SCRATCH/first.json"
if [ "$(wc -l <"$OUT")" = 1 ] && [ ! -s "$ERR" ]; then ok "one line on stdout, nothing on stderr"; else not_ok "one line" "$(cat "$OUT" "$ERR")"; fi
for key in '"n": ' '"counts": {"baseline": ' '"share_enhanced": ' '"srm_p": ' '"baseline": {"accuracy": {' '"enhanced": {"accuracy": {' \
  '"routed": {"baseline": {"accuracy": {' '"total_return": ' '"diff": {"value": ' '"mcnemar_p": ' '"always_valid_p": ' \
  '"requests_for_80_power": ' '"provenance": "synthetic"' '"replicates": {"n": 100' '"in_sample": {"baseline": "none"'; do
  has "the object has $key" "$key"
done
n=$(number n_unique)
if [ "${n:-0}" -ge 240 ] && [ "$n" -le 262 ]; then ok "a year has $n requests"; else not_ok "a year of requests" "n_unique '$n'"; fi

replay --json --replicates 100 --threads 1
if cmp -s "$OUT" "$SCRATCH/first.json"; then ok "one thread gives the same bytes"; else not_ok "one thread gives the same bytes" "$(cat "$OUT")"; fi
replay --json --replicates 100 --experiment another
if cmp -s "$OUT" "$SCRATCH/first.json"; then not_ok "another experiment is another split"; else ok "another experiment is another split"; fi

replay --series "$SCRATCH/series.csv" --requests 700
expect "a person reads lines" 0 "same windows"
if sed -n '$p' "$OUT" | grep -qE '^(Nothing here|On the same|The split)'; then ok "the last line is the verdict"; else not_ok "the last line is the verdict" "$(cat "$OUT")"; fi
if [ "$(wc -l <"$SCRATCH/series.csv")" = 701 ] && head -1 "$SCRATCH/series.csv" | grep -qx 'request,date,arm,up,prob_baseline,prob_enhanced,always_valid_p'; then
  ok "the series has a header and a line a request"
else not_ok "the series" "$(head -2 "$SCRATCH/series.csv")"; fi
if awk -F, 'NR > 1 && $3 != "baseline" && $3 != "enhanced" { bad = 1 } END { exit bad }' "$SCRATCH/series.csv"; then ok "arms by name"; else not_ok "arms by name"; fi

# one unit a month: the arm of a month is constant
awk -F, 'BEGIN { print "date,unit" } NR > 1 && NR <= '"$((n + 1))"' { print $2 ",month-" substr($2, 1, 7) }' "$SCRATCH/series.csv" >"$SCRATCH/units.csv"
replay --units "$SCRATCH/units.csv" --series "$SCRATCH/sticky.csv" --json
expect "sticky replay answers" 0 '"units": {"baseline": '
if awk -F, 'NR > 1 { m = substr($2, 1, 7); if (m in arm && arm[m] != $3) bad = 1; arm[m] = $3 } END { exit bad }' "$SCRATCH/sticky.csv"; then
  ok "a unit keeps its arm"
else not_ok "a unit keeps its arm" "$(head -40 "$SCRATCH/sticky.csv")"; fi

E=$B
replay --json
expect "an arm against itself: McNemar p 1" 0 '"mcnemar_p": 1.0'
if [ "$(number n10)" = 0 ]; then ok "and no discordant pair"; else not_ok "no discordant pair" "$(cat "$OUT")"; fi
E=$SCRATCH/enhanced.onnx

replay --weight 0 --json
expect "all to baseline: what is undefined says why" 0 '"srm_p": "no_split"'

common=(--bars "$BARS" --from 2020-07-01 --to 2021-06-30 --quiet)
both=(--baseline "$B" --enhanced "$E")
refuses "weight out of range" 2 "weight 1.5" replay "${both[@]}" "${common[@]}" --weight 1.5
refuses "an option's name" 2 "did you mean --replicates" replay "${both[@]}" "${common[@]}" --replicate 5
refuses "a missing model" 1 "none.onnx" replay --baseline "$SCRATCH/none.onnx" --enhanced "$E" "${common[@]}"
refuses "dates the wrong way round" 2 "--from 2021-01-01 is after" replay "${both[@]}" --bars "$BARS" --from 2021-01-01 --to 2020-01-01 --quiet
refuses "too little history" 3 "needed" replay "${both[@]}" --bars "$BARS" --from 2018-01-10 --to 2018-02-10 --quiet
refuses "past the last bar" 3 "2031" replay "${both[@]}" --bars "$BARS" --from 2020-07-01 --to 2031-01-01 --quiet
sed 4d "$SCRATCH/units.csv" >"$SCRATCH/gap.csv"
refuses "a row without a unit" 1 "no unit for" replay "${both[@]}" "${common[@]}" --units "$SCRATCH/gap.csv"
printf 'date,unit\n2020-07-04,a\n' >"$SCRATCH/holiday.csv"
refuses "a unit on no bar" 1 "holiday.csv:2: 2020-07-04 is no bar" replay "${both[@]}" "${common[@]}" --units "$SCRATCH/holiday.csv"

REAL=$GNT_ROOT/../shared/data/IBB_raw_2018-01-01_2023-12-31.csv
if [ -f "$REAL" ]; then
  run replay "${both[@]}" --bars "$REAL" --from 2020-02-20 --to 2020-04-30 --quiet --json
  expect "the COVID window has 50 requests" 0 '"n": 50, "n_unique": 50'
  has "a replay of real bars is a replay" '"provenance": "replay", "data_provenance": "real"'
else skip "no real bars beside the sources"; fi
finish
