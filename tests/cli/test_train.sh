#!/usr/bin/env bash
# gauntlet train and predict on real bars: the same bits for any number of threads, resume, what the metadata say, and
# onnxruntime's answer on the written files for every architecture (needs GNT_VENV with onnx, onnxruntime, numpy).
# shellcheck source=tests/cli/check.sh
. "$GNT_ROOT/tests/cli/check.sh"
BARS=$GNT_ROOT/../shared/data/IBB_raw_2018-01-01_2023-12-31.csv
[ -e "$BARS" ] || { skip "every check: the real bars are not there"; exit 77; }
COVID=(--train 2018-01-01..2019-06-28 --val 2019-07-01..2020-02-18 --test 2020-02-20..2020-04-30)

same() { if cmp -s "$2" "$3"; then ok "$1"; else not_ok "$1" "$(cmp "$2" "$3" 2>&1)"; fi; }

for variant in baseline enhanced; do
  for threads in 1 2; do
    run train --bars "$BARS" --variant $variant "${COVID[@]}" --epochs 4 --threads $threads --out "$SCRATCH/$variant$threads.onnx" --json
    expect "$variant trains on $threads threads" 0 '"provenance": "real"'
  done
  same "$variant: the same file for 1 and 2 threads" "$SCRATCH/${variant}1.onnx" "$SCRATCH/${variant}2.onnx"
done
run train --bars "$BARS" "${COVID[@]}" --epochs 4 --seed 43 --out "$SCRATCH/seed.onnx" --curve "$SCRATCH/curve.csv" --json
if cmp -s "$SCRATCH/seed.onnx" "$SCRATCH/baseline1.onnx"; then not_ok "another seed, another model"; else ok "another seed, another model"; fi
for key in model variant parameters epochs_run best_epoch train_loss val_loss val_accuracy seconds seed provenance; do
  expect "train --json has $key" 0 "\"$key\": "
done
expect "the baseline has 8,865 parameters" 0 '"parameters": 8865'
if [ "$(wc -l <"$SCRATCH/curve.csv")" = 5 ]; then ok "the curve has a line an epoch"; else not_ok "the curve has a line an epoch" "$(cat "$SCRATCH/curve.csv")"; fi

# stopped after 3 epochs and resumed, against 6 in one go
T=(train --bars "$BARS" "${COVID[@]}" --variant enhanced --patience 0 --seed 5)
run "${T[@]}" --epochs 6 --out "$SCRATCH/whole.onnx"
run "${T[@]}" --epochs 3 --checkpoint "$SCRATCH/c.h5" --out "$SCRATCH/half.onnx"
run "${T[@]}" --epochs 6 --checkpoint "$SCRATCH/c.h5" --resume --out "$SCRATCH/resumed.onnx"
expect "resume" 0 "6 epochs"
same "resumed = never stopped" "$SCRATCH/whole.onnx" "$SCRATCH/resumed.onnx"
refuses "a checkpoint of another run" 1 "of another run" "${T[@]}" --lr 0.002 --epochs 6 --checkpoint "$SCRATCH/c.h5" --resume --out "$SCRATCH/x.onnx" --quiet
refuses "a checkpoint with more epochs" 1 "6 epochs are done, 4 are asked for" "${T[@]}" --epochs 4 --checkpoint "$SCRATCH/c.h5" --resume --out "$SCRATCH/x.onnx" --quiet

run model inspect "$SCRATCH/baseline1.onnx" --json
for entry in '"gauntlet.schema": "gauntlet-35"' '"gauntlet.provenance": "real"' '"gauntlet.seed": "42"' '"gauntlet.variant": "baseline"' \
  '"gauntlet.train": "2018-01-01..2019-06-28"' '"gauntlet.val_labels": "2019-07-02..2020-02-19"' '"gauntlet.symbol": "IBB"'; do
  expect "metadata: $entry" 0 "$entry"
done

P=(predict --model "$SCRATCH/baseline1.onnx" --bars "$BARS" --out "$SCRATCH/s.csv")
run "${P[@]}" --from 2020-02-20 --to 2020-04-30 --json
expect "the COVID window: 50 scores" 0 '"rows": 50, "first": "2020-02-19", "last": "2020-04-29", "in_sample": "none"'
run "${P[@]}" --from 2020-02-18 --to 2020-04-30
expect "a day of validation inside: partial" 0 "In sample (partial)"
run "${P[@]}" --from 2019-01-02 --to 2019-12-31 --json
expect "inside the training dates: all" 0 '"in_sample": "all"'
run "${P[@]}" --json
expect "all rows with a full window" 0 '"first": "2018-03-27"'
refuses "a window before the first full window" 3 "the first bar that can be traded is 2018-03-28" "${P[@]}" --from 2018-03-27 --to 2018-06-01 --quiet
refuses "a window beyond the bars" 3 "7" "${P[@]}" --from 2023-11-01 --to 2024-03-01 --quiet
refuses "--from alone" 2 "come together" "${P[@]}" --from 2020-02-20 --quiet
refuses "another schema" 1 "was made for schema gauntlet-35" "${P[@]}" --schema levels-17 --quiet
refuses "an epoch count of 0" 2 "--epochs 0" train --bars "$BARS" "${COVID[@]}" --epochs 0 --out "$SCRATCH/x.onnx" --quiet
refuses "a variant and a size" 2 "not both" train --bars "$BARS" "${COVID[@]}" --variant baseline --hidden 8 --out "$SCRATCH/x.onnx" --quiet
refuses "resume without a checkpoint" 2 "needs --checkpoint" train --bars "$BARS" "${COVID[@]}" --resume --out "$SCRATCH/x.onnx" --quiet
refuses "a loss that is not a number" 1 "the loss is not a number" train --bars "$BARS" "${COVID[@]}" --optimiser adamw --lr 1000 --weight-decay 1000 --epochs 20 --out "$SCRATCH/x.onnx" --quiet
run train --bars "$BARS" --schema levels-17 --train 2018-01-01..2019-06-28 --epochs 2 --hidden 8 --out "$SCRATCH/levels.onnx" --json
expect "levels-17, without validation" 0 '"val_loss": null'
cp "$BARS" "$SCRATCH/XBI.csv"
cp "$SCRATCH/levels.onnx" "$SCRATCH/kept.onnx"
refuses "scores over their model" 2 "would replace the model" predict --model "$SCRATCH/kept.onnx" --bars "$SCRATCH/XBI.csv" --out "$SCRATCH/kept.onnx" --quiet
if cmp -s "$SCRATCH/levels.onnx" "$SCRATCH/kept.onnx"; then ok "the model is as it was"; else not_ok "the model is as it was"; fi
refuses "features with another hash" 1 "these bars give" predict --model "$SCRATCH/levels.onnx" --bars "$SCRATCH/XBI.csv" --out "$SCRATCH/s.csv" --quiet

if ! has_venv; then
  skip "onnxruntime's answers: GNT_VENV is unset"
  finish
fi
run features --bars "$BARS" --out "$SCRATCH/features.csv"
expect "features of the bars" 0
for kind in "--variant baseline" "--variant enhanced" "--hidden 16 --layers 2 --bidirectional" "--hidden 16 --attention" "--hidden 8 --layers 3 --bidirectional --attention"; do
  # shellcheck disable=SC2086
  run train --bars "$BARS" "${COVID[@]}" --epochs 2 $kind --out "$SCRATCH/m.onnx"
  run predict --model "$SCRATCH/m.onnx" --bars "$BARS" --from 2020-02-20 --to 2020-05-20 --out "$SCRATCH/s.csv"
  said=$("$GNT_VENV/bin/python3" - "$SCRATCH/m.onnx" "$SCRATCH/features.csv" "$SCRATCH/s.csv" 2>&1 <<'PY'
import sys, numpy, onnx, onnxruntime
model, features, scores = sys.argv[1:]
onnx.checker.check_model(model, full_check=True)
rows = [line.rstrip("\n").split(",") for line in open(features)][1:]
at = {row[0]: i for i, row in enumerate(rows)}
x = numpy.array([row[1:] for row in rows], dtype=numpy.float64).astype(numpy.float32)
dates, ours = zip(*[line.rstrip("\n").split(",") for line in open(scores)][1:])
windows = numpy.stack([x[at[d] - 9:at[d] + 1] for d in dates])
options = onnxruntime.SessionOptions()
options.log_severity_level = 3
theirs = onnxruntime.InferenceSession(model, options).run(None, {"features": windows})[0][:, 0]
worst = numpy.abs(numpy.array(ours, dtype=numpy.float64) - theirs).max()
print(len(dates), "windows, largest difference", worst)
sys.exit(not (worst <= 2e-6 and len(dates) >= 64))
PY
  )
  if [ $? = 0 ]; then ok "onnxruntime agrees to 2e-6: $kind ($said)"; else not_ok "onnxruntime agrees to 2e-6: $kind" "$said"; fi
done
finish
