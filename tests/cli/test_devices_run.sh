#!/usr/bin/env bash
# Whole experiments on the emulated device, and on a GPU where there is one: models, scores, books, figures, pictures and
# reports are the CPU's bytes; only what names the device differs. Equal scores have no near-ties to count.
# shellcheck source=tests/cli/check.sh
. "$GNT_ROOT/tests/cli/check.sh"
unset "${!GNT_EMU_@}"
cd "$SCRATCH" || exit 1

# experiment FOLDER NAME OPTION..: one with two epochs, and a report of it
experiment() {
  local folder=$1 name=$2
  shift 2
  sed 's/epochs: [0-9]*/epochs: 2/' "$GNT_ROOT/experiments/$name.yaml" >"$name.yaml"
  run run "$name.yaml" --out "$folder" --quiet "$@"
  [ "$RC" = 0 ] || not_ok "$name with $*" "$(cat "$ERR")"
  run report "$folder" --quiet
  [ "$RC" = 0 ] || not_ok "the report of $name with $*" "$(cat "$ERR")"
}

# without the rows that say where and when, and the picture that has a time in its name
plain() { sed -E '/^\| (device|simd|threads|start|end|wall\\_seconds) \|/d; s/[0-9]{8}_[0-9]{6}//' "$1"; }

# same WHAT FOLDER FOLDER
same() {
  local what=$1 one=$2 two=$3 file bad="" n=0
  while read -r file; do
    case $file in
    */manifest.json | manifest.json | *report.html) continue ;; # times; the same words as report.md
    *report.md) cmp -s <(plain "$one/$file") <(plain "$two/$file") || bad+=" $file" ;;
    *) cmp -s "$one/$file" "$(echo "$two/$file" | sed -E 's/[0-9]{8}_[0-9]{6}/*/' | { read -r p; compgen -G "$p"; })" || bad+=" $file" ;;
    esac
    n=$((n + 1))
  done < <(cd "$one" && find . -type f | sed 's|^\./||' | sort)
  if [ "$n" -gt 4 ] && [ -z "$bad" ]; then ok "$what ($n files)"; else not_ok "$what" "of $n files:$bad"; fi
}

found=0
for device in emu cuda; do
  if ! "$GAUNTLET" info | grep -q "^device $device: available"; then
    skip "whole experiments on $device: $("$GAUNTLET" info | grep "^device $device:")"
    continue
  fi
  found=1
  for name in covid_crash ab_70_30; do
    [ -d "cpu-$name" ] || experiment "cpu-$name" "$name" --device cpu
    experiment "$device-$name" "$name" --device "$device"
    same "$name on $device is $name on the CPU" "cpu-$name" "$device-$name"
  done
done
[ "$found" = 1 ] || exit 77
if "$GAUNTLET" info | grep -q "^device emu: available"; then
  GNT_EMU_ORDER=shuffle:7 GNT_EMU_DEVICES=2 experiment shuffled covid_crash --device emu
  same "covid_crash on two emulated devices, threads shuffled" cpu-covid_crash shuffled
fi
finish
