#!/usr/bin/env bash
# How long a universe takes: made-up CSV files -> store -> features, wall and processor seconds and peak memory of each step,
# and the disk's own time for as many bytes (a copy that waits for the disk).
# usage: time.sh FOLDER [SYMBOLS] [BARS]      default 1000 x 6320, about 1.7 GB in FOLDER; GAUNTLET: the binary
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
gauntlet=${GAUNTLET:-$here/../../build/gauntlet}
folder=$1 symbols=${2:-1000} bars=${3:-6320}
mkdir -p "$folder"
[ -d "$folder/csv" ] || bash "$here/make.sh" "$folder/csv" "$symbols" "$bars"
rm -f "$folder"/*.h5

step() { # step WHAT FILE COMMAND...: FILE is what it writes
  local what=$1 file=$2
  shift 2
  command time -o "$folder/time" -f '%e %U %S %M' "$@" >"$folder/said" 2>&1 || { cat "$folder/said" >&2; exit 1; }
  read -r wall user system peak <"$folder/time"
  printf '%-34s %7.2f s wall %7.2f s processor %6d MB peak %6d MB written\n' "$what" "$wall" "$(awk "BEGIN { print $user + $system }")" \
    $((peak / 1024)) $(($(stat -c %s "$file") / 1000000))
}
step "read and check CSV, store nothing" /dev/null "$gauntlet" ingest --in "$folder/csv" --calendar weekdays
step "CSV -> store" "$folder/bars.h5" "$gauntlet" ingest --in "$folder/csv" --calendar weekdays --store "$folder/bars.h5"
step "  the disk alone" "$folder/copy" dd if="$folder/bars.h5" of="$folder/copy" bs=1M conv=fsync
step "store -> features -> store" "$folder/features.h5" "$gauntlet" features --bars "$folder/bars.h5" --out "$folder/features.h5"
step "  the disk alone" "$folder/copy" dd if="$folder/features.h5" of="$folder/copy" bs=1M conv=fsync
rm -f "$folder/copy" "$folder/time" "$folder/said"
