#!/usr/bin/env bash
# tests/gpu/gpu.sh, which ./run.sh gpu calls: without a GPU one line and exit 2; on the emulated device all its parts run, its
# page says that nothing on it means speed, and what fails is told. How the summary counts GPU cases that were skipped.
# shellcheck source=tests/cli/check.sh
. "$GNT_ROOT/tests/cli/check.sh"
build=$(dirname "$GAUNTLET")
export GNT_BUILD=$build GNT_GPU_OUT=$SCRATCH/gpu

# gpu [NAME=VALUE...]: runs the script; leaves RC, OUT, ERR as `run` does.
gpu() {
  OUT=$SCRATCH/out ERR=$SCRATCH/err
  env "$@" bash "$GNT_ROOT/tests/gpu/gpu.sh" >"$OUT" 2>"$ERR"
  RC=$?
}

# ---- the count of skipped cases
printf '%s\n' '<testcase name="parity.a" status="run"><system-out>' 'ok - cpu: scale: 7 shapes, equal' 'skip - cuda: 48 cases (no driver)' '</system-out></testcase>' \
  '<testcase name="parity.b" status="run"><system-out>ok - one' 'not ok - two: 3' 'skip - cuda: 5 cases (no driver)' 'skip - whole commands on cuda: device cuda: no driver' '</system-out></testcase>' >"$SCRATCH/junit"
awk -v label=x -f "$GNT_ROOT/tests/summary.awk" "$SCRATCH/junit" >"$SCRATCH/counted"
if grep -qx 'count 8 1 54 x' "$SCRATCH/counted" && grep -qx 'GPU tests: 54 cases skipped, no GPU here' "$SCRATCH/counted"; then
  ok "the summary counts the GPU's cases"
else not_ok "the summary counts the GPU's cases" "$(cat "$SCRATCH/counted")"; fi

# ---- no GPU
if ! command -v python3 >/dev/null; then
  skip "the rest: no python3"
  finish
fi
run info --json
if grep -q '"name": "cuda", "available": true' "$OUT"; then
  skip "without a GPU: there is one"
else
  gpu
  if [ "$RC" = 2 ] && [ ! -s "$OUT" ] && [ "$(wc -l <"$ERR")" = 1 ] && grep -q '^no GPU to measure: device cuda: ' "$ERR"; then
    ok "without a GPU: one line, exit 2"
  else not_ok "without a GPU: one line, exit 2" "exit $RC: $(cat "$OUT" "$ERR")"; fi
fi
gpu GNT_GPU_DEVICE=cpu
expect "another device" 2 "cuda or emu"

# ---- all parts, on the emulated device; the maker's tools are played by scripts of their names
run info --json
if ! grep -q '"name": "emu", "available": true' "$OUT"; then
  skip "the parts: no emulated device in this build"
  finish
fi
mkdir -p "$SCRATCH/bin"
# shellcheck disable=SC2016
printf '#!/bin/sh\necho "$@" >>"%s"\necho "========= ERROR SUMMARY: 0 errors"\nexit ${FAKE_SANITIZER:-0}\n' "$SCRATCH/sanitizer" >"$SCRATCH/bin/compute-sanitizer"
printf '#!/bin/sh\necho "NVIDIA Made-Up, 999.1, 1980 MHz, 2619 MHz, 1980 MHz, 2619 MHz, 700.00 W, 31"\n' >"$SCRATCH/bin/nvidia-smi"
chmod +x "$SCRATCH/bin/"*
gpu GNT_GPU_DEVICE=emu PATH="$SCRATCH/bin:$PATH" GNT_CUDNN=/absent/libcudnn.so.9
expect "every part on the emulated device" 0 "done: $GNT_GPU_OUT/README.md"
page=$GNT_GPU_OUT/README.md
for text in 'no figure on this page says anything about speed' 'driver: 999.1' 'racecheck test_devices: clean' '| forward_windows | 1x24 | float32 | 32 |' \
  "can't be used: /absent/libcudnn.so.9: cannot open shared object file" '| sweep |' '| train_many |'; do
  if grep -qF -- "$text" "$page"; then ok "its page: $text"; else not_ok "its page: $text" "$(head -60 "$page")"; fi
done
if grep -qE '[0-9]+ cases passed, 0 failed' "$page" && [ -s "$GNT_GPU_OUT/rates.png" ]; then ok "cases and a picture"; else not_ok "cases and a picture" "$(ls "$GNT_GPU_OUT")"; fi
if grep -qE '\| (met|\*\*missed\*\*) \|' "$page"; then not_ok "nothing emulated is judged" "$(grep -E 'met|missed' "$page")"; else ok "nothing emulated is judged"; fi
if [ "$(grep -c -- '--tool \(memcheck\|racecheck\|synccheck\) --error-exitcode 99' "$SCRATCH/sanitizer")" = 3 ]; then ok "three tools"; else not_ok "three tools" "$(cat "$SCRATCH/sanitizer")"; fi
finish
