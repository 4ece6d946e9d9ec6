#!/usr/bin/env bash
# gauntlet bench: every row has the contract's keys, repeats and quartiles that make sense, figures that agree with each
# other, and what is refused. How fast things are is not judged here.
# shellcheck source=tests/cli/check.sh
. "$GNT_ROOT/tests/cli/check.sh"

figure() { sed "s/.*\"$1\": \([-0-9.e+]*\).*/\1/" <<<"$2"; }

# ---- all operations, small
run bench --op all --shape 1x24,2x64 --threads 1,2 --n 32 --json --out "$SCRATCH/bench.json"
expect "every operation, two shapes, two thread counts" 0 '"schema": "gauntlet-bench", "schema_version": 1, "machine": {"cpu"'
cp "$OUT" "$SCRATCH/answer"
if [ "$(wc -l <"$OUT")" = 1 ] && ! grep -qE '\b(nan|inf|NaN|Infinity)\b' "$OUT"; then ok "one line of JSON, no number that is none"; else not_ok "one line of JSON" "$(head -c 300 "$OUT")"; fi
tr '\n' ' ' <"$SCRATCH/bench.json" | sed 's/{ *"op"/\n{"op"/g' | tail -n +2 >"$SCRATCH/rows"
echo >>"$SCRATCH/rows"
# 4 operations with both shapes, train_many with 1x24 only, 2 without a shape; each on 1 and 2 threads
lines=$(wc -l <"$SCRATCH/rows")
if [ "$lines" = $(((4 * 2 + 1 + 2) * 2)) ]; then ok "22 rows"; else not_ok "22 rows" "$lines"; fi
for key in op shape device threads n repeats median_s q1_s q3_s per_s gflops peak_gflops peak_share; do
  if [ "$(grep -c "\"$key\":" "$SCRATCH/rows")" = "$lines" ]; then ok "every row has $key"; else not_ok "every row has $key"; fi
done
bad=
while read -r row; do
  median=$(figure median_s "$row") q1=$(figure q1_s "$row") q3=$(figure q3_s "$row") per_s=$(figure per_s "$row")
  repeats=$(figure repeats "$row") peak=$(figure peak_gflops "$row") calls=$(figure calls "$row")
  # at least 20 repeats; 0 < q1 <= median <= q3; a positive rate and peak
  awk -v m="$median" -v a="$q1" -v b="$q3" -v p="$per_s" -v r="$repeats" -v k="$peak" -v c="$calls" \
    'BEGIN { exit !(r >= 20 && a > 0 && a <= m && m <= b && p > 0 && k > 0 && c >= 1) }' || bad+="$row"$'\n'
  case $row in
  *'"op": "forward_'* | *'"op": "train'*)
    # gflops = flops / median, peak_share = gflops / peak
    awk -v m="$median" -v f="$(figure flops "$row")" -v g="$(figure gflops "$row")" -v k="$peak" -v s="$(figure peak_share "$row")" \
      'BEGIN { exit !(f > 0 && (f / m / 1e9 / g - 1)^2 < 1e-18 && (g / k / s - 1)^2 < 1e-18) }' || bad+="$row"$'\n' ;;
  *) case $row in *'"gflops": null'*'"peak_share": null'*) ;; *) bad+="$row"$'\n' ;; esac ;;
  esac
done <"$SCRATCH/rows"
if [ -z "$bad" ]; then ok "quartiles in order, rates agree with each other, null where nothing is counted"; else not_ok "figures of a row" "$bad"; fi
if [ "$(grep -c '"reasons": {[^}]*"gflops": "not_counted"' "$SCRATCH/rows")" = 4 ]; then ok "a null has its reason"; else not_ok "a null has its reason" "$(grep -c reasons "$SCRATCH/rows")"; fi
for key in cpu cores simd compiler commit caches limits provenance when seed load_1m; do
  if sed 's/"rows".*//' "$SCRATCH/answer" | grep -q "\"$key\":"; then ok "machine has $key"; else not_ok "machine has $key"; fi
done
if sed 's/"rows".*//' "$SCRATCH/answer" | grep -q '"provenance": "synthetic"'; then ok "inputs are called synthetic"; else not_ok "inputs are called synthetic"; fi

# ---- one row for a person; a model file
run bench --op forward_one --shape 1x32 --quiet
expect "a table for a person" 0 "forward_one"
cp "$OUT" "$SCRATCH/table"
if grep -q 'fma peak .* GFLOP/s, memory .* GB/s' "$SCRATCH/table" && [ ! -s "$ERR" ]; then ok "the limits stand above it, --quiet is quiet"; else not_ok "the limits stand above it" "$(cat "$OUT" "$ERR")"; fi
model=$GNT_ROOT/tests/fixtures/onnx/ts17_bi.onnx
run bench --op forward_sliding,train --model "$model" --n 16 --json
expect "a model of its own" 0 "\"shape\": \"$model\", \"net\": {"
expect "its direction" 0 '"bidirectional": true'

# ---- other devices: the same keys, kernels timed by the device, the library beside us or why not
if [ "$(grep -c '"kernel_s": null' "$SCRATCH/rows")" = "$lines" ] && [ "$(grep -c '"peer": null' "$SCRATCH/rows")" = "$lines" ]; then ok "the CPU has no kernels apart, no peer"; else not_ok "the CPU has no kernels apart"; fi
run info --json
if grep -q '"name": "emu", "available": true' "$OUT"; then
  GNT_CUDNN=/absent/libcudnn.so.9 run bench --device emu --op forward_windows,forward_one --shape 1x24 --json --quiet
  expect "the emulated device" 0 '"device": "emu", "simd": "sm_90", "precision": "float32", "threads": 1, "n": 32, "models": 1'
  tr '\n' ' ' <"$OUT" | sed 's/{ *"op"/\n{"op"/g' | tail -n +2 >"$SCRATCH/emu"
  if [ "$(grep -c '"note": "emulated device: says nothing about speed"' "$SCRATCH/emu")" = 2 ]; then ok "every emulated row says so"; else not_ok "every emulated row says so" "$(cat "$SCRATCH/emu")"; fi
  row=$(head -1 "$SCRATCH/emu")
  if awk -v k="$(figure kernel_s "$row")" -v r="$(figure kernel_per_s "$row")" 'BEGIN { exit !(k > 0 && (r * k / 32 - 1)^2 < 1e-18) }'; then ok "kernels have a time and a rate"; else not_ok "kernels have a time and a rate" "$row"; fi
  if grep -q '"p99_s": [0-9]' "$SCRATCH/emu"; then ok "one window has its 99 % quantile"; else not_ok "one window has its 99 % quantile" "$(tail -1 "$SCRATCH/emu")"; fi
  said="cuDNN can't be used: /absent/libcudnn.so.9: cannot open shared object file: No such file or directory: install cuDNN 9, or name its file in GNT_CUDNN"
  if [ "$(grep -o '"refusal": "[^"]*"' "$SCRATCH/emu" | grep -cF "$said")" = 1 ] && grep -q '"ratio": null' <<<"$row"; then ok "no cuDNN: said once, no ratio"; else not_ok "no cuDNN: said once" "$row"; fi
  library=$(ldd "$GAUNTLET" | sed -n 's/.*=> \(.*libm\.so[^ ]*\) .*/\1/p')
  GNT_CUDNN=$library run bench --device emu --op forward_windows --shape 1x24 --n 1 --quiet
  expect "a library that isn't cuDNN" 0 "has no cudnnGetVersion: version 9 is needed"
  run bench --device emu --op forward_one --shape 1x24 --quiet
  expect "a table that says what it is" 0 "! Emulated on the processor: no figure below says anything about speed."
  mkdir "$SCRATCH/modules" && cp "$(dirname "$GAUNTLET")/gauntlet-emu.so" "$SCRATCH/modules/gauntlet-cuda.so" # plays a GPU
  GNT_MODULES=$SCRATCH/modules run bench --op features --n 64 --json --quiet
  expect "where there is a GPU it is measured" 0 '"op": "features", "shape": null, "device": "emu"'
  GNT_MODULES=$SCRATCH/modules run bench --op features --n 64 --threads 1 --json --quiet
  expect "but not by threads, which are the CPU's" 0 '"op": "features", "shape": null, "device": "cpu"'
  refuses "threads of a device without any" 2 "--threads: device emu has none to choose" bench --device emu --threads 1,2 --quiet
else
  skip "bench on the emulated device: it isn't in this build"
fi

# ---- refused
refuses "an unknown operation" 2 "did you mean 'forward_one'" bench --op forward_on --quiet
refuses "an unknown shape" 2 "did you mean '2x96'" bench --shape 2x95 --quiet
refuses "an operation twice" 2 "named twice" bench --op train,train --quiet
refuses "an empty part of a list" 2 "'' is not known" bench --op train,, --quiet
refuses "threads that are no number" 2 "'two' is not a whole number" bench --threads 1,two --quiet
refuses "too many threads" 2 "up to 1024" bench --threads 1025 --quiet
refuses "a thread count twice" 2 "1 threads twice" bench --threads 1,1 --quiet
refuses "too few repeats" 2 "20 to 10000" bench --repeats 19 --quiet
refuses "nothing" 2 "nothing to measure" bench --n 0 --quiet
run bench --op forward_sliding --shape 1x24 --n 16777217 --json --quiet
expect "more than fits" 2 "1 to 16777216 are possible"
refuses "a model and a shape" 2 "--model takes no --shape" bench --model "$model" --shape 1x24 --quiet
refuses "no such model" 1 "absent.onnx" bench --model absent.onnx --quiet
refuses "an unknown precision" 2 "float32|bf16" bench --precision half --quiet
refuses "no such device" 1 "device cuda:999: " bench --device cuda:999 --quiet
run bench --op forward_one --shape 1x24 --out "$SCRATCH/absent/x.json" --json --quiet
expect "no such folder" 1 '{"error": "io", "message": "'
finish
