# Mutants of the CUDA sources on the emulated device; sourced by mutate.sh and test_mutants.sh, from the repository's
# root with GNT_BUILD set. A mutant is a folder: kernels/ (a copy to be changed), objects/, module/.
# shellcheck shell=bash

ulimit -c 0 # a caught mutant may end by a signal

mutant_or_skip() {
  [ -e "$GNT_BUILD/gauntlet-emu.so" ] && return
  echo "skip - mutants: no emulated device was built"
  exit 77
}

mutant_new() { # mutant_new FOLDER
  mkdir "$1" "$1/objects" "$1/module" && cp -r kernels "$1/kernels"
}

mutant_compile() { # mutant_compile FOLDER ARGUMENTS..: g++ on the copy
  local folder=$1 fma=()
  shift
  if grep -q -w fma /proc/cpuinfo; then fma=(-mfma); fi
  g++ -std=gnu++17 -O1 "${fma[@]}" -ffp-contract=off -w -fPIC -fvisibility=hidden -DGNT_EMU -D_GNU_SOURCE \
    -I "$folder" -I "$folder/kernels/emu/include" -x c++ "$@"
}

# The module, from objects of the copy's NAMEs (a .cu each) and of the others as the build has them.
mutant_build() { # mutant_build FOLDER NAME..
  local folder=$1 built=$GNT_BUILD/CMakeFiles/gauntlet-emu.dir source name list=()
  shift
  for name in "$@"; do
    [ -e "$folder/objects/$name.o" ] ||
      mutant_compile "$folder" -c "$folder/kernels/cuda/$name.cu" -o "$folder/objects/$name.o" || return 1
  done
  for source in kernels/cuda/*.cu; do
    name=$(basename "$source" .cu)
    if [ -e "$folder/objects/$name.o" ]; then list+=("$folder/objects/$name.o")
    else list+=("$built/generated/emu/$name.cpp.o"); fi
  done
  mapfile -t -O ${#list[@]} list < <(find "$built/kernels" -name '*.o')
  g++ -shared -Wl,--no-undefined -o "$folder/module/gauntlet-emu.so" "${list[@]}" "$GNT_BUILD/libgauntlet_emu_runtime.a" \
    -lpthread -ldl -lm
}

# The status of a parity test on the module; what it says is in FOLDER/log. It ends at the first failure.
mutant_run() { # mutant_run FOLDER TEST [ARGUMENT..]
  local folder=$1 test=$2
  shift 2
  GNT_MODULES=$folder/module CMOCKA_TEST_ABORT=1 timeout 120 "$GNT_BUILD/$test" "$@" >"$folder/log" 2>&1
}

# True when the test fails; one that skips has seen nothing.
mutant_caught() { # mutant_caught FOLDER TEST [ARGUMENT..]
  mutant_run "$@"
  case $? in 0 | 77) return 1 ;; esac
}
