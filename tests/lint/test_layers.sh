#!/usr/bin/env bash
# Reads every #include: a room may include only rooms with a lower or equal number, kernels/ nothing of host/, and
# tests/ref nothing of kernels/math. Also: libraries don't print or exit, and no file carries a machine's path.
set -u
cd "$GNT_ROOT" || exit 1
bad=0
check() { # check WHAT VIOLATIONS
  if [ -z "$2" ]; then echo "ok - $1"; else
    echo "not ok - $1"
    printf '%s\n' "$2" | sed 's/^/    /'
    bad=1
  fi
}
layers=$(git ls-files -z 'host/*.c' 'host/*.h' | xargs -0 awk '
  BEGIN { split("base 0 device 1 net 1 store 2 market 3 eval 3 model 4 bench 5 run 5 sweep 5 audit 6 replay 5 report 6 registry 6 serve 7 abtest 8 cli 9", w, " ")
          for (i = 1; i in w; i += 2) layer[w[i]] = w[i + 1] + 0 }
  /^#include "/ {
    split(FILENAME, at, "/"); from = at[2]
    if (match($0, /"host\/[a-z]+\//)) to = substr($0, RSTART + 6, RLENGTH - 7); else next
    if (!(from in layer) || !(to in layer)) print FILENAME ": unknown room in " $0
    else if (layer[to] > layer[from]) print FILENAME ":" FNR ": " from " (" layer[from] ") includes " to " (" layer[to] ")"
  }')
check "rooms include only lower rooms" "$layers"
check "kernels include nothing of host" "$(git grep -n '#include .*host/' -- kernels)"
check "the CUDA backend includes nothing of the CPU's, and the CPU's nothing of CUDA" \
  "$(git grep -nE '#include .*(kernels/cpu/|\.\./)' -- kernels/cuda kernels/emu; git grep -nE '#include .*(cuda|cudnn|kernels/emu/)' -- kernels/cpu kernels/math 'kernels/*.[ch]' ':!kernels/cuda' ':!kernels/emu')"
check "host includes no CUDA header and no kernel's inside" "$(git grep -nE '#include .*(cuda|cudnn|kernels/cpu/|\.\./)' -- host)"
check "the float64 oracle shares no arithmetic with the kernels" "$(git grep -nE '#include .*kernels/(math|cpu)/' -- tests/ref)"
check "libraries return, programs speak" \
  "$(git grep -nwE '(printf|puts|putchar|exit|_exit|abort|perror)\(' -- host kernels ':!host/cli' | grep -vE 'snprintf|vsnprintf|fprintf' | grep -vE '^\S+:[0-9]+:\s*(\*|/\*)')"
check "no machine path, no mark of unfinished work" \
  "$(git grep -nE '(^|[^A-Za-z0-9_.])/(home|root|work)/[A-Za-z]|TODO|FIXME|XXX:' -- . ':!tests/lint/test_layers.sh' ':!*.lock')"
exit $bad
