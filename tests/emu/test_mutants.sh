#!/usr/bin/env bash
# The parity tests see mistakes of the CUDA sources: each mutant below, one barrier gone or one bound off by one, must
# turn its test red on the emulated device, while the module without a change, built in the same way, is green. A fixed
# choice of what mutate.sh tries; two mutants at a time.
set -u
: "${GNT_ROOT:?}" "${GAUNTLET:?}"
GNT_BUILD=$(dirname "$GAUNTLET")
cd "$GNT_ROOT" || exit 1
. tests/emu/mutant.sh
mutant_or_skip
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# what | file in kernels/cuda | the .cu that holds it | its test | change, sed -E, of one line
mutants='
a layer reads h before all units of the step are done|recurrence.cuh|float32|test_forward_devices|/shared \+ next \* buffer/,/__syncthreads/s/__syncthreads\(\)//
a product of the forward leaves out its last input|chain.cuh|float32|test_forward_devices|s/k < n_k; k\+\+/k + 1 < n_k; k++/
projection reads bars before all are in shared memory|project.cuh|float32|test_forward_devices|/gnt_project_fill\(at, x/,/__syncthreads/s/__syncthreads\(\)//
a few windows: no barrier between steps|one_window.cuh|one|test_forward_devices|/cell\.h;$/,/__syncthreads/s/__syncthreads\(\)//
bf16: h is overwritten while others read it|bf16_steps.cuh|forward_bf16|test_forward_tensor|s/slice_barrier\(call, me\)(; .. all have read)/\1/
bf16: one window too many|forward_bf16.cu|forward_bf16|test_forward_tensor|s/me\.window < call\.n\)/me.window <= call.n)/
train: no barrier between steps back in time|train_backward.cuh|train|test_train_devices|/gnt_recurrent_back\(/,/__syncthreads/s/__syncthreads\(\)//
train: the window behind the batch is trained, too|train.cu|train|test_train_devices|s/first \+ w < n\) \{/first + w <= n) {/
features leave before all rows are staged|features.cu|features|test_devices features|/quiet_nan\(\);$/,/__syncthreads/s/__syncthreads\(\)//
a replicate is one position longer|resample.cu|resample|test_devices resample|s/if \(from \+ lane < c\.n\) row/if (from + lane <= c.n) row/
split: a replicate begins one request late|split.cu|split|test_devices split|s/if \(j == c\.n\)/if (j > c.n)/
simulate: warps read their run before it is there|sim_stretch.cuh|simulate|test_simulate_devices|/tile->feed = feeds/,/__syncwarp/s/__syncwarp\(\)//
'

# The unchanged module, of sources compiled as the mutants' are.
whole() {
  local folder=$work/whole names tests name test
  names=$(cut -s -d'|' -f3 <<<"$mutants" | sort -u) tests=$(cut -s -d'|' -f4 <<<"$mutants" | sort -u)
  mutant_new "$folder" || return 1
  export -f mutant_compile
  # shellcheck disable=SC2016
  if ! xargs -P 2 -I{} bash -c 'mutant_compile "$0" -c "$0/kernels/cuda/$1.cu" -o "$0/objects/$1.o"' "$folder" {} <<<"$names"; then
    echo "not ok - the sources compile"
    return 1
  fi
  # shellcheck disable=SC2086
  mutant_build "$folder" $names || return 1
  while read -r test; do
    # shellcheck disable=SC2086
    if ! mutant_run "$folder" $test; then
      echo "not ok - without a change $test is green: $(tail -n 1 "$folder/log")"
      return 1
    fi
    echo "ok - without a change $test is green"
  done <<<"$tests"
}

# One row of mutants; the folder is $work/NUMBER.
one() { # one NUMBER WHAT FILE SOURCE TEST CHANGE
  local folder=$work/$1 status
  mutant_new "$folder" || return 1
  sed -E -i "$6" "$folder/kernels/cuda/$3"
  if [ "$(diff "kernels/cuda/$3" "$folder/kernels/cuda/$3" | grep -c '^>')" != 1 ]; then
    echo "not ok - $2: $3 has no such line, or several"
    return 1
  fi
  mutant_build "$folder" "$4" || { echo "not ok - $2: $3 doesn't compile"; return 1; }
  # shellcheck disable=SC2086
  mutant_run "$folder" $5
  status=$?
  case $status in
    0 | 77) echo "not ok - $2: $5 doesn't see it" ;;
    124) echo "not ok - $2: $5 has no end" ;;
    *) echo "ok - $2: $5 fails" && return 0 ;;
  esac
  return 1
}

every_other() { # every_other FIRST
  local n=0 bad=0 what file source test change
  while IFS='|' read -r what file source test change; do
    [ -n "$what" ] || continue
    n=$((n + 1))
    [ $((n % 2)) = "$1" ] || continue
    one "$n" "$what" "$file" "$source" "$test" "$change" 2>/dev/null || bad=1
  done <<<"$mutants"
  return $bad
}

whole || exit 1
every_other 0 &
other=$!
bad=0
every_other 1 || bad=1
wait "$other" || bad=1
exit $bad
