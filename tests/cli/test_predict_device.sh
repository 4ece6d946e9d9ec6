#!/usr/bin/env bash
# gauntlet predict on every device that is here against the CPU: the same bytes, for both variants and a net with every
# extra, on bars and on windows of raw features.
# shellcheck source=tests/cli/check.sh
. "$GNT_ROOT/tests/cli/check.sh"
DATES=(--train 2018-01-01..2018-12-31 --val 2019-01-02..2019-03-29)

devices=()
for device in emu cuda; do
  if "$GAUNTLET" info --json | grep -q "\"name\": \"$device\", \"available\": true"; then devices+=("$device"); else
    skip "predict on device $device: $("$GAUNTLET" info | grep "^device $device" | head -1)"
  fi
done
[ ${#devices[@]} -gt 0 ] || exit 77

same() { if cmp -s "$2" "$3" && [ -s "$2" ]; then ok "$1"; else not_ok "$1" "$(cmp "$2" "$3" 2>&1)"; fi; }

train() { # train NAME OPTION...: a model of two epochs on the CPU
  local name=$1
  shift
  run train --bars builtin:SYN-EDGE "${DATES[@]}" --epochs 2 --device cpu --out "$SCRATCH/$name.onnx" "$@"
  expect "$name trains" 0
}
train baseline --variant baseline
train enhanced --variant enhanced
train extras --hidden 7 --layers 2 --bidirectional --attention

for model in baseline enhanced extras; do
  rm -f "$SCRATCH"/*.csv
  P=(predict --model "$SCRATCH/$model.onnx" --bars builtin:SYN-EDGE)
  run "${P[@]}" --device cpu --out "$SCRATCH/cpu.csv"
  expect "$model predicts on the CPU" 0
  run "${P[@]}" --from 2019-04-01 --to 2019-04-09 --device cpu --out "$SCRATCH/cpu-few.csv"
  expect "$model predicts a week on the CPU" 0
  for device in "${devices[@]}"; do
    run "${P[@]}" --device "$device" --out "$SCRATCH/$device.csv"
    expect "$model predicts on $device" 0
    same "$model, all rows: $device has the CPU's bytes" "$SCRATCH/cpu.csv" "$SCRATCH/$device.csv"
    run "${P[@]}" --from 2019-04-01 --to 2019-04-09 --device "$device" --out "$SCRATCH/$device-few.csv"
    same "$model, a week: $device has the CPU's bytes" "$SCRATCH/cpu-few.csv" "$SCRATCH/$device-few.csv"
  done
done
finish
