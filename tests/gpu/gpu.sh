#!/usr/bin/env bash
# What only a GPU can show, called by ./run.sh gpu: parity of every operation, compute-sanitizer, rates beside cuDNN.
# Results: reports/gpu. Exit 2 where no GPU can be opened, 1 when something failed.
#
# The script itself is tested on the emulated device (GNT_GPU_DEVICE=emu): then everything is small, results go to
# out/gpu-emu and say on every page that they mean nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
build=${GNT_BUILD:-build}
device=${GNT_GPU_DEVICE:-cuda}
case $device in
cuda) out=${GNT_GPU_OUT:-reports/gpu} programs='test_*' shapes=1x24,1x32,1x64,2x64,2x96,3x128,lstm_a ;;
emu) out=${GNT_GPU_OUT:-out/gpu-emu} programs=test_devices shapes=1x24 ;;
*)
  echo "gpu: GNT_GPU_DEVICE is '$device'; cuda or emu" >&2
  exit 2
  ;;
esac
failed=0
say() { printf '==> %s\n' "$*" >&2; }

# figure KEY: of this device in `info --json`, "" for null.
figure() {
  "$build/gauntlet" info --json | python3 -c 'import json, sys
row = next(d for d in json.load(sys.stdin)["devices"] if d["name"] == sys.argv[1])
value = row.get(sys.argv[2])
print("" if value is None else value)' "$device" "$1"
}

need_device() {
  [ "$(figure available)" = True ] && return
  printf 'no GPU to measure: %s\n' "$(figure reason)" >&2
  exit 2
}

# The parity programs' names; with a word, those whose source has it.
parity_programs() {
  local source
  for source in tests/parity/$programs.c; do
    if grep -q -- "${1:-.}" "$source"; then basename "${source%.c}"; fi
  done
}

# Every operation x shape against CPU and oracles, counted as ctest's are. A case that the device skipped is a failure here.
run_parity() {
  local program status log=$out/parity.txt
  : >"$out/log"
  for program in $(parity_programs); do
    say "parity: $program"
    status=run
    "$build/$program" >"$out/one" 2>&1 || { [ $? = 77 ] && status=notrun || status=fail; }
    [ "$status" != fail ] || tail -20 "$out/one" >&2
    { printf '<testcase name="parity.%s" status="%s">\n' "$program" "$status" && cat "$out/one" && echo '</testcase>'; } >>"$out/log"
  done
  awk -v label="$device" -f tests/summary.awk "$out/log" >"$log"
  grep -E "^(not )?ok - $device" "$out/log" >>"$log" || true
  rm -f "$out/log" "$out/one"
  sed -n 's/^count \([0-9]*\) \([0-9]*\) \([0-9]*\) .*/parity: \1 passed, \2 failed, \3 skipped/p' "$log"
  grep -qE '^count [1-9][0-9]* 0 ' "$log" || failed=1
  if [ "$device" = cuda ] && grep -q '^skipped: .*: cuda' "$log"; then
    echo "parity: cases were skipped on cuda; $log names them"
    failed=1
  fi
}

# The tools find what equal bits don't show: reads beside an array, races, barriers that not all threads meet.
run_sanitizer() {
  local tool program log=$out/sanitizer.txt
  : >"$log"
  if ! command -v compute-sanitizer >/dev/null; then
    echo "compute-sanitizer: not installed, skipped" | tee -a "$log"
    return
  fi
  for tool in memcheck racecheck synccheck; do
    for program in $(parity_programs '"cuda"'); do
      say "compute-sanitizer $tool: $program"
      if compute-sanitizer --tool "$tool" --error-exitcode 99 "$build/$program" >"$out/log" 2>&1; then
        echo "$tool $program: clean: $(grep -E 'ERROR SUMMARY|RACECHECK SUMMARY' "$out/log" | tail -1)" | tee -a "$log"
      else
        echo "$tool $program: FAILED" | tee -a "$log"
        tail -20 "$out/log" >&2
        failed=1
      fi
    done
  done
  rm -f "$out/log"
}

# bench NAME ARGUMENT...: into NAME.json; an older run's figures must not stand for one that failed.
bench() {
  local name=$1 where=$device
  shift
  [ "$device" != cuda ] || where=cuda:0 # cuDNN is measured on one GPU
  rm -f "$out/$name.json"
  say "bench: $name"
  "$build/gauntlet" bench --device "$where" --out "$out/$name.json" "$@" || failed=1
}

run_bench() {
  bench forward --op forward_windows,forward_sliding,forward_one --shape "$shapes"
  rm -f "$out/bf16.json"
  [ "$(figure bf16)" != True ] || bench bf16 --op forward_windows,forward_sliding --shape "$shapes" --precision bf16
  bench train --op train --shape "$shapes"
  if [ "$device" = cuda ]; then bench many --op train_many --shape 1x64 --n 3500; else bench many --op train_many --shape 1x24; fi
  bench sweep --op sweep,features
}

# What the maker's tool says of the chip, first GPU; "" without the tool.
chip_figures() {
  command -v nvidia-smi >/dev/null || return 0
  nvidia-smi --id=0 --format=csv,noheader \
    --query-gpu=name,driver_version,clocks.sm,clocks.mem,clocks.max.sm,clocks.max.mem,power.limit,temperature.gpu 2>/dev/null || true
}

need_device
mkdir -p "$out"
chip_figures >"$out/chip.csv"
run_parity
run_sanitizer
run_bench
python3 tests/gpu/report.py "$out" || failed=1
if [ "$failed" = 0 ]; then echo "done: $out/README.md"; else echo "something failed: see above and $out"; fi
exit "$failed"
