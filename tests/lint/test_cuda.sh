#!/usr/bin/env bash
# Rules of the CUDA backend that its text can break (docs/ARCHITECTURE.md), and what the module that was built holds:
# one exported symbol, the architectures that were asked for, no jump or call through a register.
# shellcheck source=tests/cli/check.sh
. "$GNT_ROOT/tests/cli/check.sh" || exit 1
BUILD=$(dirname "$GAUNTLET")
cd "$GNT_ROOT" || exit 1

# none WHAT FOUND: nothing may be found
none() { if [ -z "$2" ]; then ok "$1"; else not_ok "$1" "$2"; fi; }
# code PATTERN FILE...: lines with PATTERN (extended) outside comments and strings
code() {
  local pattern=$1
  shift
  git ls-files -z "$@" | xargs -0 python3 tests/kernels/bare.py | grep -E -- "$pattern"
}
WRAPPERS='kernels/cuda/(device|gpu|mma)\.cuh' # where PTX may stand; the emulator knows their functions

command -v python3 >/dev/null || { echo "skip - rules of the CUDA sources: no python3"; exit 77; }
if [ -n "$(code '__global__' kernels/cuda)" ]; then ok "there are kernels to look at"; else
  not_ok "there are kernels to look at" "git names no kernel: is this a checkout?"; fi
none "kernels start through gnt_launch alone: no <<<" "$(code '<<<' kernels | grep -v '^kernels/emu/')"
none "no static __shared__: only gnt_shared_memory" "$(code '__shared__' kernels | grep -vE '^kernels/(cuda/device\.cuh|emu/)')"
none "PTX stands in wrappers alone" "$(code '\basm\b' kernels/cuda | grep -vE "^$WRAPPERS:")"
none "every kernel has its launch bounds" "$(code '__global__' kernels/cuda | grep -v '__launch_bounds__')"
none "kernels don't print, allocate or trap" "$(code '\b(printf|assert|__trap)\b *\(' kernels/cuda)"
none "no device function pointer is named" "$(code '__device__[^;{]*\(\*' kernels/cuda)"

python3 tests/kernels/test_sass.py || FAILED=$((FAILED + 1))

# ---- the modules
symbols() { nm -D --defined-only "$1" | awk '{ print $3 }' | sed 's/@.*//' | paste -sd ' '; }
found=0
for name in gauntlet-cuda gauntlet-emu; do
  module=$BUILD/$name.so
  [ -f "$module" ] || { skip "$name.so: not in this build"; continue; }
  found=1
  if [ "$(symbols "$module")" = gnt_module_ops ]; then ok "$name.so exports one symbol"; else
    not_ok "$name.so exports one symbol" "$(symbols "$module")"; fi
done
if [ -f "$BUILD/gauntlet-cuda.so" ]; then
  python3 tests/kernels/embedded.py --build "$BUILD"
  rc=$?
  [ $rc = 0 ] || [ $rc = 77 ] || FAILED=$((FAILED + 1))
fi
# ---- a machine without nvcc: everything else is configured, and asking for CUDA is an error with a sentence
without=$(tr : '\n' <<<"$PATH" | while read -r folder; do [ -x "$folder/nvcc" ] || echo "$folder"; done | paste -sd :)
absent() { for tool; do (PATH=$without command -v "$tool" >/dev/null) || echo "$tool"; done | paste -sd ' '; }
configure() { env -u CUDACXX PATH="$without" cmake -G Ninja -S . -B "$SCRATCH/$1" -DGNT_TESTS=OFF "-DGNT_CUDA=$1" 2>&1; }
if ! command -v nvcc >/dev/null; then skip "a build without nvcc: that is the build at hand"
elif [ -n "$(absent cmake ninja cc pkg-config)" ]; then skip "a build without nvcc: nvcc lies in one folder with $(absent cmake ninja cc pkg-config)"
elif ! said=$(configure auto); then not_ok "a build without nvcc is configured" "$said"
elif grep -q '^-- no nvcc: gauntlet-cuda.so is left out' <<<"$said"; then ok "a build without nvcc is configured, and says so"
else not_ok "a build without nvcc says so" "$said"; fi
if [ -d "$SCRATCH/auto" ]; then
  if said=$(configure on); then not_ok "GNT_CUDA=on without nvcc is refused" "$said"
  elif grep -q 'GNT_CUDA=on, but there is no nvcc' <<<"$said"; then ok "GNT_CUDA=on without nvcc is refused"
  else not_ok "GNT_CUDA=on without nvcc is refused with its reason" "$said"; fi
fi
[ $found = 1 ] || echo "skip - what the modules hold: this build has none"
finish
