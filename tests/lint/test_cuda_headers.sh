#!/usr/bin/env bash
# The step functions of kernels/math are one text for C and CUDA: nvcc compiles every header as device code.
set -u
cd "$GNT_ROOT" || exit 1
if ! command -v nvcc >/dev/null; then
  echo "skip - kernels/math as CUDA: no nvcc here"
  exit 77
fi
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
bad=0
for header in kernels/math/*.h; do
  printf '#include "%s"\n__global__ void touch() {}\n' "$header" >"$folder/one.cu"
  if out=$(nvcc --fmad=false -I . -c "$folder/one.cu" -o "$folder/one.o" 2>&1); then echo "ok - $header"; else
    echo "not ok - $header"
    printf '%s\n' "$out" | head -5 | sed 's/^/    /'
    bad=1
  fi
done
exit $bad
