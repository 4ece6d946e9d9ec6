#!/usr/bin/env bash
# gauntlet train on the emulated device: the CPU's model file, curve and checkpoint, byte for byte.
# shellcheck source=tests/cli/check.sh
source "$(dirname "$0")/check.sh"

DATES=(--bars builtin:SYN-EDGE --train 2019-06-03..2019-12-31 --val 2020-01-02..2020-03-30)

run train --device emu --json "${DATES[@]}" --hidden 1 --epochs 1 --out "$SCRATCH/first.onnx"
if [ "$RC" != 0 ] && grep -q "there is no gauntlet-emu.so" "$OUT" "$ERR"; then
  echo "skip - the emulated device isn't built"
  exit 77
fi
expect "the emulated device trains" 0

for kind in "--hidden 5" "--hidden 6 --layers 2 --bidirectional --dropout 0.3 --schedule cosine" \
  "--hidden 4 --attention --schedule plateau --patience 1 --lr 0.3" "--hidden 3 --optimiser adamw --batch 10 --schedule step --balanced"; do
  for device in cpu emu; do
    # shellcheck disable=SC2086
    run train --device $device "${DATES[@]}" --epochs 7 $kind --out "$SCRATCH/$device.onnx" \
      --curve "$SCRATCH/$device.csv" --checkpoint "$SCRATCH/$device.h5"
    expect "$device: train $kind" 0
    # shellcheck disable=SC2086
    run train --device $device "${DATES[@]}" --epochs 7 $kind --out "$SCRATCH/$device-plain.onnx"
  done
  for file in onnx csv h5; do
    if cmp -s "$SCRATCH/cpu.$file" "$SCRATCH/emu.$file"; then ok "the same $file: $kind"; else not_ok "the same $file: $kind"; fi
  done
  if cmp -s "$SCRATCH/emu.onnx" "$SCRATCH/emu-plain.onnx"; then ok "with or without checkpoints: $kind"; else not_ok "with or without checkpoints: $kind"; fi
done

# begun on one device, ended on the other
run train --device emu "${DATES[@]}" --hidden 5 --epochs 2 --out "$SCRATCH/part.onnx" --checkpoint "$SCRATCH/part.h5"
run train --device cpu "${DATES[@]}" --hidden 5 --epochs 5 --out "$SCRATCH/part.onnx" --checkpoint "$SCRATCH/part.h5" --resume
expect "the CPU goes on from the device's checkpoint" 0
run train --device cpu "${DATES[@]}" --hidden 5 --epochs 5 --out "$SCRATCH/whole.onnx"
if cmp -s "$SCRATCH/part.onnx" "$SCRATCH/whole.onnx"; then ok "the same model as without a stop"; else not_ok "the same model as without a stop"; fi

refuses "a loss that is no number is told as on the CPU" 1 "the loss is not a number" train --device emu "${DATES[@]}" --hidden 3 \
  --epochs 9 --optimiser adamw --lr 1e3 --weight-decay 1e3 --out "$SCRATCH/nan.onnx"
finish
