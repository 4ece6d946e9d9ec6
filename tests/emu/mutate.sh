#!/usr/bin/env bash
# Proves that the tests on the emulated device see mistakes: takes one barrier away, or moves one bound by one, in the
# sources of kernels/cuda, builds the module, and expects the parity tests to fail in one of the orders of threads.
#
#   GNT_ROOT=repository GNT_BUILD=its build folder tests/emu/mutate.sh [barriers|bounds|all] [EVERY] [FIRST] [FILE..]
#
# Every EVERY-th mutant is tried, from the FIRST-th on (7 and 1 unless told). A mutant that no test can see must be in
# equivalent.txt with its reason. Exit 1 when another survives, 77 when there is no emulated device.
set -u
: "${GNT_ROOT:?}" "${GNT_BUILD:?}"
what=${1:-all} every=${2:-7} first=${3:-1}
shift $(($# > 3 ? 3 : $#))
cd "$GNT_ROOT" || exit 1
objects=$GNT_BUILD/CMakeFiles/gauntlet-emu.dir
[ -e "$GNT_BUILD/gauntlet-emu.so" ] || { echo "skip - mutants: no emulated device was built"; exit 77; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
mkdir "$work/objects" "$work/module"
cp -r kernels "$work/kernels"
fma=()
if grep -q -w fma /proc/cpuinfo; then fma=(-mfma); fi
compile=(g++ -std=gnu++17 -O1 "${fma[@]}" -ffp-contract=off -w -fPIC -fvisibility=hidden -DGNT_EMU -D_GNU_SOURCE
  -I "$work" -I "$work/kernels/emu/include" -x c++)

# The parity test that runs a source's kernels.
test_of() {
  case ${1##*/} in
    sim*) echo test_simulate_devices ;;
    train*) echo test_train_devices ;;
    features* | scale* | resample* | split* | probe* | gpu* | cuda*) echo test_devices ;;
    *bf16* | *mma* | *approx*) echo test_forward_tensor ;;
    *) echo test_forward_devices ;;
  esac
}

# "file:line:kind" of every place that can be changed; comments and hosts' prints are no code.
places() {
  local code='^[^:]*:[0-9]+: *(\*|/\*)'
  if [ "$what" != bounds ]; then
    grep -nHE '(__syncthreads|__syncwarp|gnt_part_barrier)\(.*\);' "$@" | grep -vE "$code|__forceinline__" | awk -F: '{print $1":"$2":barrier"}'
  fi
  if [ "$what" != barriers ]; then
    grep -nHE 'if \([a-z_.>-]+ >= [^&|]*\) return;|for \(.*; [a-z_]+ < [^;]*;' "$@" | grep -vE "$code" | awk -F: '{print $1":"$2":bound"}'
  fi
}

mutate() { # mutate KIND LINE FILE
  if [ "$1" = barrier ]; then sed -i -E "$2s/(__syncthreads|__syncwarp|gnt_part_barrier)\([^;]*\);/;/" "$3"
  else sed -i -E "$2{s/ >= (.*\) return;)/ > \1/;t;s/(for \(.*; [a-z_]+) < /\1 <= /}" "$3"; fi
}

# Objects of the sources that include FILE, from the mutated copy; the others as they were built.
build() { # build FILE
  local source name list=()
  for source in kernels/cuda/*.cu; do
    name=$(basename "$source" .cu)
    if [ "$source" = "$1" ] || "${compile[@]}" -MM "$work/$source" 2>/dev/null | grep -q "/$(basename "$1")\b"; then
      "${compile[@]}" -c "$work/$source" -o "$work/objects/$name.o" 2>/dev/null || return 1
      list+=("$work/objects/$name.o")
    else list+=("$objects/generated/emu/$name.cpp.o"); fi
  done
  mapfile -t -O ${#list[@]} list < <(find "$objects/kernels" -name '*.o')
  g++ -shared -o "$work/module/gauntlet-emu.so" "${list[@]}" "$GNT_BUILD/libgauntlet_emu_runtime.a" -lpthread -ldl -lm
}

# True when some order of threads makes the test fail. A test that skips has seen nothing.
caught() { # caught TEST
  local order rc
  for order in reverse shuffle:1 forward; do
    GNT_MODULES=$work/module GNT_EMU_ORDER=$order timeout 120 "$GNT_BUILD/$1" >"$work/log" 2>&1
    rc=$?
    [ $rc = 0 ] || [ $rc = 77 ] || return 0
  done
  return 1
}

[ $# -gt 0 ] || set -- kernels/cuda/*.cu kernels/cuda/*.cuh
bad=0 n=0 n_caught=0
while IFS=: read -r file line kind; do
  text=$(sed -n "$((line - 1)),${line}s/^ *//p" "$file" | paste -sd ' ') # with the line before it: barriers look alike
  test=$(test_of "$file")
  cp "$file" "$work/$file"
  mutate "$kind" "$line" "$work/$file"
  if cmp -s "$file" "$work/$file"; then
    echo "not ok - $kind of $file:$line couldn't be changed: $text"
    bad=1
  elif build "$file"; then
    n=$((n + 1))
    if caught "$test"; then
      n_caught=$((n_caught + 1))
      echo "ok - $kind of $file:$line is missed by $test"
    elif grep -qF "$(basename "$file"): $text" tests/emu/equivalent.txt; then
      echo "ok - $kind of $file:$line is known to make no difference"
    else
      echo "not ok - $kind of $file:$line: nobody misses: $text"
      bad=1
    fi
  fi
  cp "$file" "$work/$file"
done < <(places "$@" | awk -v every="$every" -v first="$first" 'NR >= first && (NR - first) % every == 0')
echo "$n_caught of $n mutants caught"
[ $n -gt 0 ] || bad=1
exit $bad
