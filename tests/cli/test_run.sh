#!/usr/bin/env bash
# gauntlet run: an experiment file end to end, refusals with their place, exit codes, JSON on stdout alone.
source "$GNT_ROOT/tests/cli/check.sh" || exit 1
work=$SCRATCH
check() { # check WHAT STATUS
  if [ "$2" -eq 0 ]; then ok "$1"; else not_ok "$1"; fi
}
small() { # a run of a few seconds; arguments are appended as lines
  printf '%s\n' 'name: small' 'title: Small' 'question: does it run?' 'success_rule: r' \
    'success: [{window: w, arm: any, metric: accuracy_lo, above: majority}]' 'parts: [windows]' \
    'variants: [baseline]' 'splits: [{name: s, train: 2018-06-01..2018-12-31, val: 2019-01-02..2019-03-29}]' \
    'windows: [{name: w, split: s, from: 2020-07-01, to: 2020-12-31}]' "$@"
}

# ---- a run --------------------------------------------------------------------------------------------------
small 'training: {epochs: 2}' >"$work/small.yaml"
"$GAUNTLET" run "$work/small.yaml" --out "$work/a" --json >"$work/a.json" 2>"$work/a.err"
check "run exits 0 when the rule is not met: that is a result" $?
for file in result.json result.h5 manifest.json experiment.yaml baseline_s.onnx; do
  [ -s "$work/a/$file" ]
  check "run writes $file" $?
done
cmp -s "$work/small.yaml" "$work/a/experiment.yaml"
check "experiment.yaml is the file as given" $?
[ "$(wc -l <"$work/a.json")" -eq 1 ] && grep -q '"provenance": *"synthetic"' "$work/a.json" && grep -q '"files": *\[' "$work/a.json"
check "--json prints one object on stdout" $?
"$GAUNTLET" run "$work/small.yaml" --out "$work/b" >"$work/b.txt" 2>/dev/null
check "run without --json exits 0" $?
sed -n 1p "$work/b.txt" | grep -q '^Asked: does it run?'
check "the first line says what was asked" $?
grep -q 'days right' "$work/b.txt" && grep -q 'always-up' "$work/b.txt" && grep -q 'synthetic' "$work/b.txt"
check "the answer has counts, always-up and provenance" $?
same=0
for file in result.json result.h5 baseline_s.onnx; do cmp -s "$work/a/$file" "$work/b/$file" || same=1; done
check "the same run gives the same bytes" $same
grep -qE '"(start|host|wall_seconds|threads|device)"' "$work/a/result.json"
[ $? -ne 0 ]
check "result.json holds no time, host, threads or device" $?
"$GAUNTLET" run "$work/small.yaml" --out "$work/c" --seed 7 --bars builtin:SYN-NULL >/dev/null 2>&1
check "--seed and --bars are taken" $?
grep -q '"symbol": "SYN-NULL"' "$work/c/result.json" && grep -q '"seed": 7' "$work/c/result.json"
check "and stand in the result" $?

# ---- refusals: one line, place, exit code ---------------------------------------------------------------------
refuses "a missing file" 1 'none.yaml' run "$work/none.yaml" --out "$work/x"
refuses "no --out" 2 'out' run "$work/small.yaml"
refuses "no file" 2 '' run --out "$work/x"
: >"$work/empty.yaml"
refuses "an empty file" 1 'empty.yaml:1: an experiment expected' run "$work/empty.yaml" --out "$work/x"
small 'trainng: {epochs: 2}' >"$work/key.yaml"
refuses "an unknown key names line and nearest" 1 'key.yaml:10: trainng: unknown key, did you mean training?' \
  run "$work/key.yaml" --out "$work/x"
small 'training: {epochs: many}' >"$work/value.yaml"
refuses "a bad value" 1 'value.yaml:10: training.epochs: a whole number' run "$work/value.yaml" --out "$work/x"
small 'seed: 1' 'seed: 2' >"$work/twice.yaml"
refuses "a key twice" 1 'twice.yaml:11: seed: given twice, first on line 10' run "$work/twice.yaml" --out "$work/x"
small 'data: [' >"$work/syntax.yaml"
refuses "a syntax error" 1 'not valid YAML' run "$work/syntax.yaml" --out "$work/x"
printf 'name: \xff\xfe\n' >"$work/utf8.yaml"
refuses "bytes that are no UTF-8" 1 'utf8.yaml:1: not valid YAML' run "$work/utf8.yaml" --out "$work/x"
head -c 300000 /dev/zero | tr '\0' 'a' >"$work/big.yaml"
refuses "a file too large" 1 'big.yaml' run "$work/big.yaml" --out "$work/x"
refuses "bars that aren't there" 1 'nowhere.csv' run "$work/small.yaml" --out "$work/x" --bars nowhere.csv --quiet
sed 's/from: 2020-07-01, to: 2020-12-31/from: 2019-01-02, to: 2019-03-29/' "$work/small.yaml" >"$work/in.yaml"
refuses "an in-sample window" 3 'allow-in-sample' run "$work/in.yaml" --out "$work/x" --quiet
[ ! -e "$work/x" ]
check "a refusal leaves no folder" $?
"$GAUNTLET" run "$work/in.yaml" --out "$work/in" --allow-in-sample >"$work/in.txt" 2>/dev/null
check "--allow-in-sample runs it" $?
grep -q 'IN-SAMPLE' "$work/in.txt" && grep -q '"in_sample": "all"' "$work/in/result.json"
check "and says IN-SAMPLE" $?
sed 's/from: 2020-07-01, to: 2020-12-31/from: 2025-01-02, to: 2025-03-29/' "$work/small.yaml" >"$work/late.yaml"
refuses "a window after the last bar" 3 'window w' run "$work/late.yaml" --out "$work/x" --quiet
sed 's/train: 2018-06-01..2018-12-31/train: 2018-01-02..2018-02-01/' "$work/small.yaml" >"$work/short.yaml"
refuses "a train range without warm-up" 3 'split s' run "$work/short.yaml" --out "$work/x" --quiet
small 'training: {epochs: 1}' 'gates: [{window: w, arm: baseline, metric: accuracy, above: 0.99}]' >"$work/gate.yaml"
"$GAUNTLET" run "$work/gate.yaml" --out "$work/gate" >/dev/null 2>"$work/err"
[ $? -eq 3 ] && [ -s "$work/gate/result.json" ] && grep -q 'gate says no' "$work/err"
check "a gate that says no: results written, exit 3" $?
"$GAUNTLET" run "$work/key.yaml" --out "$work/x" --json >"$work/out" 2>/dev/null
[ $? -eq 1 ] && grep -q '"error": *"parse"' "$work/out" && grep -q 'trainng' "$work/out"
check "--json failures are one object with code and message" $?

# ---- every shipped experiment parses and names itself ---------------------------------------------------------
for file in "$GNT_ROOT"/experiments/*.yaml; do
  grep -q "^name: $(basename "$file" .yaml)$" "$file"
  check "$(basename "$file") is named after its file" $?
done
finish
