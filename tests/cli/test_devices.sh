#!/usr/bin/env bash
# Whole commands on the emulated device, and on a GPU where there is one: the bytes that the CPU gives.
# shellcheck source=tests/cli/check.sh
. "$GNT_ROOT/tests/cli/check.sh"
unset JOB_COMPLETION_INDEX JOB_COMPLETIONS "${!SLURM_@}" "${!GNT_EMU_@}"
cd "$SCRATCH" || exit 1

devices=()
for device in emu cuda; do
  if "$GAUNTLET" info | grep -q "^device $device: available"; then devices+=("$device"); else
    skip "whole commands on $device: $("$GAUNTLET" info | grep "^device $device:")"
  fi
done
[ ${#devices[@]} -gt 0 ] || exit 77

BARS=(builtin:SYN-EDGE)
real=$GNT_ROOT/../shared/data/IBB_2001-02-12_2026-03-31.csv
if [ -f "$real" ]; then BARS+=("$real"); else skip "real bars: no shared data here"; fi
# Scores on either side of one half, for every bar.
for i in "${!BARS[@]}"; do
  "$GAUNTLET" features --bars "${BARS[i]}" --out rows.csv --quiet >/dev/null || exit 1
  awk -F, 'BEGIN {print "date,prob"} NR > 1 {printf "%s,%.4f\n", $1, 0.4 + 0.2 * ((NR * 7919) % 1000) / 1000}' rows.csv >"scores$i.csv"
done

# same WHAT FILE..: each FILE.cpu is FILE.device
same() {
  local what=$1 file
  shift
  for file; do
    cmp -s "$file.cpu" "$file.$device" && [ -s "$file.cpu" ] && continue
    not_ok "$what" "$file differs"
    return
  done
  ok "$what"
}

# backtest WHAT OPTION..: its answer and its paths
backtest() {
  local what=$1 where
  shift
  for where in cpu "$device"; do
    run backtest "${data[@]}" "$@" --device "$where" --paths "paths.csv" --json
    [ "$RC" = 0 ] || not_ok "$what on $where" "$(cat "$ERR")"
    cp "$OUT" "answer.$where"
    mv paths.csv "paths.$where"
  done
  same "$what: the answer and the paths of the CPU" answer paths
}

# sweep WHAT OPTION..: its file, the figures of every configuration included
sweep() {
  local what=$1 where
  shift
  for where in cpu "$device"; do
    run sweep "$@" --full --device "$where" --out store.h5 --json
    [ "$RC" = 0 ] || not_ok "$what on $where" "$(cat "$ERR")"
    sed 's/"seconds": [^,]*, "evaluations_per_s": [^,]*,//' "$OUT" >"answer.$where"
    mv store.h5 "store.$where"
  done
  same "$what: the file and the answer of the CPU" answer store
}

# replay WHAT OPTION..: features, both models' scores, 100 splits and their books
replay() {
  local what=$1 where
  shift
  for where in cpu "$device"; do
    run replay --baseline baseline.onnx --enhanced enhanced.onnx "$@" --replicates 100 --device "$where" --quiet --json
    [ "$RC" = 0 ] || not_ok "$what on $where" "$(cat "$ERR")"
    cp "$OUT" "answer.$where"
  done
  same "$what: the answer of the CPU" answer
}
seed=42
for name in baseline enhanced; do
  run train --bars builtin:SYN-EDGE --variant baseline --train 2018-03-14..2019-12-31 --val 2020-01-02..2020-06-29 \
    --epochs 1 --seed $seed --device cpu --out $name.onnx --quiet --json
  expect "a model to replay: $name" 0
  seed=$((seed + 1))
done

for device in "${devices[@]}"; do
  replay "replay on $device" --bars builtin:SYN-EDGE --from 2020-07-01 --to 2021-06-30
  for i in "${!BARS[@]}"; do
    name=${BARS[i]##*/}
    data=(--bars "${BARS[i]}" --scores "scores$i.csv" --from 2020-01-01 --to 2021-06-30)
    backtest "backtest of $name on $device"
    backtest "long and short, by volatility, every bar, with impact: $name on $device" --shorts true --size vol_target \
      --max-leverage 3 --rebalance daily --impact-bp 50 --cash-rate 0.02 --margin-bp 300 --fill next_close
    backtest "capped Kelly, kept between thresholds: $name on $device" --shorts true --size kelly --between hold \
      --upper 0.55 --lower 0.45 --fill same_close --close-at-end false --fee-per-trade 20
    sweep "sweep of $name on $device" "${data[@]}" --grid upper=0.46:0.54:0.02,lower=0.46:0.54:0.02 \
      --grid 'between=flat|hold,commission_bp=0:10:2,shorts=false|true'
  done
  both=()
  for i in "${!BARS[@]}"; do both+=(--bars "${BARS[i]}" --scores "scores$i.csv"); done
  sweep "sweep in folds on $device" "${both[@]}" --from 2019-01-01 --to 2021-06-30 --folds 3 \
    --grid 'upper=0.46:0.54:0.01,rebalance=on_change|daily,size=fixed|kelly'
done

device=emu
data=(--bars "${BARS[0]}" --scores scores0.csv --from 2020-01-01 --to 2021-06-30)
case " ${devices[*]} " in *" emu "*)
  for setting in GNT_EMU_ORDER=reverse GNT_EMU_ORDER=shuffle:5 GNT_EMU_DEVICES=2 GNT_EMU_MEMORY=400000; do
    export "${setting?}"
    sweep "sweep with $setting" "${data[@]}" --grid upper=0.46:0.54:0.02,commission_bp=0:20:1
    unset "${setting%%=*}"
  done
  ;;
esac
finish
