#!/usr/bin/env bash
# Proves that the tests on the emulated device see mistakes: takes one barrier away, or moves one bound by one, in the
# sources of kernels/cuda, builds the module, and expects the parity test, which has orders of threads of its own, to fail.
#
#   GNT_ROOT=repository GNT_BUILD=its build folder tests/emu/mutate.sh [barriers|bounds|all] [EVERY] [FIRST] [FILE..]
#
# Every EVERY-th mutant is tried, from the FIRST-th on (7 and 1 unless told). A mutant that no test can see must be in
# equivalent.txt with its reason. Exit 1 when another survives, 77 when there is no emulated device.
# test_mutants.sh is the fixed choice that every run of the slow tests makes.
set -u
: "${GNT_ROOT:?}" "${GNT_BUILD:?}"
what=${1:-all} every=${2:-7} first=${3:-1}
shift $(($# > 3 ? 3 : $#))
cd "$GNT_ROOT" || exit 1
. tests/emu/mutant.sh
mutant_or_skip
top=$(mktemp -d) || exit 1
trap 'rm -rf "$top"' EXIT
work=$top/mutant

# The parity test that runs a source's kernels, with its arguments.
test_of() {
  case ${1##*/} in
    sim*) echo test_simulate_devices ;;
    train*) echo test_train_devices ;;
    gpu* | cuda*) echo test_devices ;;
    features* | scale* | resample* | split* | probe*) name=${1##*/} && echo "test_devices ${name%%.*}" ;;
    *bf16* | *mma* | *approx*) echo test_forward_tensor ;;
    *) echo test_forward_devices ;;
  esac
}

# "file:line:kind" of every place that can be changed; comments and hosts' prints are no code. Loops to a number or to a
# template's parameter mostly walk a thread's own array: what lies behind its end is the sanitizers' to say.
places() {
  local code='^[^:]*:[0-9]+: *(\*|/\*)'
  if [ "$what" != bounds ]; then
    grep -nHE '(__syncthreads|__syncwarp|gnt_part_barrier|slice_barrier)\(.*\);' "$@" | grep -vE "$code|__forceinline__" | awk -F: '{print $1":"$2":barrier"}'
  fi
  if [ "$what" != barriers ]; then
    grep -nHE 'if \([a-z_.>-]+ >= [^&|]*\) return;|for \(.*; [a-z_]+ < [^;]*;' "$@" | grep -vE "$code|; [a-z]+ < ([0-9A-Z]|[0-9] [*] [A-Z_]+|N_PAIRS|GNT_STAGE_HELD);" | awk -F: '{print $1":"$2":bound"}'
  fi
}

mutate() { # mutate KIND LINE FILE
  if [ "$1" = barrier ]; then sed -i -E "$2s/(__syncthreads|__syncwarp|gnt_part_barrier|slice_barrier)\([^;]*\);/;/" "$3"
  else sed -i -E "$2{s/ >= (.*\) return;)/ > \1/;t;s/(for \(.*; [a-z_]+) < /\1 <= /}" "$3"; fi
}

# Names of the sources that FILE is, or that include it.
sources_of() { # sources_of FILE
  local source
  for source in kernels/cuda/*.cu; do
    if [ "$source" = "$1" ] || mutant_compile "$work" -MM "$work/$source" 2>/dev/null | grep -q "/$(basename "$1")\b"; then
      basename "$source" .cu
    fi
  done
}

declare -A green
# Mutants prove nothing of a test that fails without them.
green() { # green TEST
  if [ -z "${green[$1]:-}" ]; then
    mkdir -p "$top/green"
    ln -sfn "$GNT_BUILD" "$top/green/module"
    # shellcheck disable=SC2086
    mutant_run "$top/green" $1 || { echo "not ok - $1 fails without a change: $(tail -n 1 "$top/green/log")" && exit 1; }
    green[$1]=yes
  fi
}

[ $# -gt 0 ] || set -- kernels/cuda/*.cu kernels/cuda/*.cuh
bad=0 n=0 n_caught=0
while IFS=: read -r file line kind; do
  before=$((line - 1)) # barriers look alike: with the line before it that is more than a brace
  while sed -n "${before}p" "$file" | grep -qE '^ *\}?$'; do before=$((before - 1)); done
  text=$(sed -n "$before,${line}s/^ *//p" "$file" | paste -sd ' ')
  test=$(test_of "$file")
  green "$test"
  mutant_new "$work" || exit 1
  mutate "$kind" "$line" "$work/$file"
  mapfile -t names < <(sources_of "$file")
  if cmp -s "$file" "$work/$file"; then
    echo "not ok - $kind of $file:$line couldn't be changed: $text"
    bad=1
  elif mutant_build "$work" "${names[@]}" 2>/dev/null; then
    n=$((n + 1))
    # shellcheck disable=SC2086
    if mutant_caught "$work" $test 2>/dev/null; then
      n_caught=$((n_caught + 1))
      echo "ok - $kind of $file:$line is missed by $test"
    elif grep -qF "$(basename "$file"): $text" tests/emu/equivalent.txt; then
      echo "ok - $kind of $file:$line is known to make no difference"
    else
      echo "not ok - $kind of $file:$line: nobody misses: $text"
      bad=1
    fi
  else echo "skip - $kind of $file:$line doesn't compile: $text"
  fi
  rm -rf "$work"
done < <(places "$@" | awk -v every="$every" -v first="$first" 'NR >= first && (NR - first) % every == 0')
echo "$n_caught of $n mutants caught"
[ $n -gt 0 ] || bad=1
exit $bad
