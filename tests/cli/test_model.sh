#!/usr/bin/env bash
# gauntlet model and predict --windows: imports, round trips, and every model that must be refused, in one line.
# shellcheck source=tests/cli/check.sh
. "$GNT_ROOT/tests/cli/check.sh"
FIXTURES=$GNT_ROOT/tests/fixtures/onnx

while IFS=$'\t' read -r file said; do
  refuses "refused: $file" 1 "$said" predict --model "$FIXTURES/bad/$file" --windows "$FIXTURES/windows.npy" --out "$SCRATCH/y.npy"
done <"$FIXTURES/bad/refusals.tsv"
if [ ! -e "$SCRATCH/y.npy" ]; then ok "a refused model leaves no file"; else not_ok "a refused model leaves no file"; fi

run model import "$FIXTURES/ts17_bi_hidden.onnx" --out "$SCRATCH/a.onnx" --json
expect "import" 0 '"parameters": 809'
run model import "$SCRATCH/a.onnx" --out "$SCRATCH/b.onnx"
run model diff "$FIXTURES/ts17_bi_hidden.onnx" "$SCRATCH/a.onnx" --json
expect "an import keeps every weight" 0 '"same_architecture": true, "same_scaler": true'
expect "an import keeps every weight, to the bit" 0 '"weights": {}'
run model diff "$FIXTURES/ts17_bi_hidden.onnx" "$FIXTURES/ts17_bi.onnx"
expect "another architecture" 0 "architecture differs"
run model diff "$SCRATCH/a.onnx" "$SCRATCH/a.onnx"
expect "a model equals itself" 0 "equal"
run model inspect "$FIXTURES/dyn20_scaler_slice.onnx" --json
expect "inspect" 0 '"window": 6, "hidden": 4, "layers": 1'
run model export "$FIXTURES/dyn20_bi.onnx" --out "$SCRATCH/weights.h5"
expect "export" 0 "18 tensors"

for name in ts17_bi dyn18_2l_logit ts17_scaler_slice; do
  run model import "$FIXTURES/$name.onnx" --out "$SCRATCH/$name.onnx"
  run predict --model "$FIXTURES/$name.onnx" --windows "$FIXTURES/windows.npy" --out "$SCRATCH/y1.npy"
  run predict --model "$SCRATCH/$name.onnx" --windows "$FIXTURES/windows.npy" --out "$SCRATCH/y2.npy"
  expect "$name scores" 0 "8 windows scored"
  if cmp -s "$SCRATCH/y1.npy" "$SCRATCH/y2.npy"; then ok "$name: the import scores the same bits"; else not_ok "$name: the import scores the same bits"; fi
done

run model import "$FIXTURES/bad/open_window.onnx" --window 6 --out "$SCRATCH/open.onnx"
expect "a file without steps takes --window" 0 "1 x 4 LSTM"
refuses "another number of steps than the file's" 1 "its input has 6 steps, not 7" model import "$FIXTURES/ts17_bi.onnx" --window 7 --out "$SCRATCH/x.onnx"
refuses "a schema of another width" 1 "takes 5 features, schema gauntlet-35 has 35" model import "$FIXTURES/ts17_bi.onnx" --schema gauntlet-35 --out "$SCRATCH/x.onnx"
refuses "levels without tickers" 2 "needs --tickers" model import "$FIXTURES/ts17_bi.onnx" --schema levels-17 --out "$SCRATCH/x.onnx"
refuses "no --out" 2 "needs --out" model import "$FIXTURES/ts17_bi.onnx"
refuses "an unknown action" 2 "not one of inspect, import, export, diff" model show "$FIXTURES/ts17_bi.onnx"
refuses "no file" 1 "nowhere.onnx" model inspect "$SCRATCH/nowhere.onnx"
refuses "diff of one" 2 "name two files" model diff "$FIXTURES/ts17_bi.onnx"

P=(predict --device cpu --model "$FIXTURES/ts17_bi.onnx")
run info --json
if grep -qF '"name": "cpu", "available": true, "bf16": true' "$OUT"; then
  run "${P[@]}" --windows "$FIXTURES/windows.npy" --out "$SCRATCH/half.npy" --precision bf16 --json
  expect "scores in bf16 say so" 0 '"precision": "bf16"'
  run "${P[@]}" --windows "$FIXTURES/windows.npy" --out "$SCRATCH/full.npy"
  if cmp -s "$SCRATCH/half.npy" "$SCRATCH/full.npy"; then not_ok "bf16 differs from float32"; else ok "bf16 differs from float32"; fi
else
  refuses "bf16 where there is none" 1 "no bf16 here" "${P[@]}" --windows "$FIXTURES/windows.npy" --out "$SCRATCH/half.npy" --precision bf16
fi
refuses "an unknown precision" 2 "float32|bf16" "${P[@]}" --windows "$FIXTURES/windows.npy" --out "$SCRATCH/y.npy" --precision half
refuses "windows that are no array" 1 "not a .npy file" "${P[@]}" --windows "$FIXTURES/ts17_bi.onnx" --out "$SCRATCH/y.npy"
refuses "windows of another shape" 1 "its shape is not [N, 6, 5]" "${P[@]}" --windows "$FIXTURES/ts17_bi_y.npy" --out "$SCRATCH/y.npy"
refuses "windows and bars" 2 "takes no --bars" "${P[@]}" --windows "$FIXTURES/windows.npy" --bars x.csv --out "$SCRATCH/y.npy"
refuses "neither windows nor bars" 2 "give --bars or --windows" "${P[@]}" --out "$SCRATCH/y.npy"
refuses "bars for a model without a schema" 1 "names no feature schema" "${P[@]}" --bars x.csv --out "$SCRATCH/y.csv"
# a NaN (0x7fc00000) as the 8th value: window 0, step 1, feature 2
{ head -c 156 "$FIXTURES/windows.npy"; printf '\0\0\300\177'; tail -c +161 "$FIXTURES/windows.npy"; } >"$SCRATCH/nan.npy"
refuses "a window that is not finite" 1 "window 0, step 1, feature 2 is not finite" "${P[@]}" --windows "$SCRATCH/nan.npy" --out "$SCRATCH/y.npy"
finish
