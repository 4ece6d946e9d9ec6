#!/usr/bin/env bash
# The one door to building, running and checking Gauntlet on a Debian machine.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

# One list of Debian packages, by what needs them.
BUILD_PACKAGES="gcc g++ libc6-dev cmake ninja-build pkg-config git libhdf5-dev libcurl4-openssl-dev libyaml-dev libjansson-dev
  libprotobuf-c-dev protobuf-c-compiler libssl-dev gnuplot-nox fonts-dejavu-core ca-certificates"
TEST_PACKAGES="libcmocka-dev hdf5-tools python3-venv"
CI_PACKAGES="clang-format-14 shellcheck cppcheck valgrind"
SOAK_PACKAGES="clang libclang-rt-14-dev"

usage() {
  cat <<'TEXT'
usage: ./run.sh COMMAND [--no-install] [-- arguments]

  build   install what is missing, configure, build build/gauntlet
  demo    build, then the whole pipeline on the built-in market: report in out/demo
  test    build, then every test; last line: N passed, N failed, N skipped
  ci      sanitizer builds with their tests, instruction counts, static analysis; adds to the last line of `test`
  bench   every operation beside the machine's limits, and the demo's wall time: out/bench (four minutes, quiet machine)
  peers   every architecture's scores beside onnxruntime's (makes a Python venv)
  peers bench [--quick]
          speed beside onnxruntime, OpenVINO, PyTorch and vectorbt, into reports/benchmarks (--quick: out/peers);
          makes a venv of 6 GB
  kernels registers, spills, loops of every CUDA kernel and what follows for speed, into reports/kernels (needs nvcc)
  gpu     on a machine with a GPU: parity of every operation, compute-sanitizer, rates beside cuDNN, into reports/gpu
  soak    fuzzers and many-seed significance runs, half a minute a fuzzer
  clean   remove build folders and the venvs (never your data or out/)

  --no-install   refuse to install packages: say what is missing and stop
TEXT
}

say() { printf '==> %s\n' "$*" >&2; }
die() {
  printf 'run.sh: %s\n' "$*" >&2
  exit 2
}

# need PACKAGE...: installs what is missing, after saying so.
need() {
  local missing=() package
  command -v dpkg-query >/dev/null || return 0 # not Debian: configure will say what it can't find
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  [ "$INSTALL" = yes ] || die "missing packages: ${missing[*]} (install them, or run without --no-install)"
  local root=()
  [ "$(id -u)" = 0 ] || root=(sudo)
  say "installing Debian packages: ${missing[*]}"
  "${root[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
}

jobs_count() { nproc 2>/dev/null || echo 2; }

# build PRESET [cmake option...]: configures and builds; warnings are errors here too.
build() {
  local preset=$1
  shift
  # shellcheck disable=SC2086
  need $BUILD_PACKAGES
  local log
  log=$(mktemp)
  if ! cmake --preset "$preset" -DGNT_WERROR=ON "$@" >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    exit 1
  fi
  rm -f "$log"
  case $preset in
  asan | tsan) say "sanitizers: gauntlet-cuda.so is left out" ;;
  *) if grep -qs '^CMAKE_CUDA_COMPILER:[A-Z]*=/' "build/CMakeCache.txt"; then say "CUDA toolkit found: gauntlet-cuda.so is built too"; else say "no CUDA toolkit: gauntlet-cuda.so is left out, everything else is built"; fi ;;
  esac
  cmake --build --preset "$preset" -j "$(jobs_count)" >&2
}

# The venv with onnxruntime and h5py that some tests use as oracles, and the disassembler that the checks of CUDA kernels
# use. Without it they are skipped by name.
venv() {
  local lists=(tests/peers/requirements.txt tests/kernels/requirements.txt)
  [ -f .venv/ready ] && cat "${lists[@]}" | cmp -s - .venv/ready && return 0
  if ! { python3 -m venv .venv && .venv/bin/pip install -q --disable-pip-version-check -r "${lists[0]}"; } >&2; then
    say "no Python venv: tests that compare with onnxruntime and h5py, or read CUDA machine code, will be skipped"
    rm -rf .venv
    return 0
  fi
  if ! .venv/bin/pip install -q --disable-pip-version-check -r "${lists[1]}" >&2; then
    say "no CUDA disassembler: tests that read CUDA machine code will be skipped"
    return 0
  fi
  cat "${lists[@]}" >.venv/ready
}

# run_tests BUILD_FOLDER LABEL [ctest argument...]: runs, counts, appends to build/summary.
run_tests() {
  local folder=$1 label=$2 junit
  shift 2
  junit=$PWD/$folder/junit.xml
  rm -f "$junit"
  [ -d .venv ] && export GNT_VENV=$PWD/.venv
  ctest --test-dir "$folder" -j "$(jobs_count)" --output-on-failure --test-output-size-passed 4000000 --test-output-size-failed 4000000 --output-junit "$junit" "$@" >&2 || true
  [ -f "$junit" ] || die "ctest left no result in $folder"
  awk -v label="$label" -f tests/summary.awk "$junit" | tee -a build/summary
}

# total: sums build/summary; the last line of test and ci. Fails when anything failed or nothing passed.
total() {
  awk '/^count /{p+=$2; f+=$3; s+=$4} END{printf "%d passed, %d failed, %d skipped\n", p, f, s; exit !(f == 0 && p > 0)}' build/summary
}

do_test() {
  # shellcheck disable=SC2086
  need $BUILD_PACKAGES $TEST_PACKAGES $CI_PACKAGES
  build release -DGNT_TESTS=ON # said each time: the cache remembers what demo said
  venv
  : >build/summary
  run_tests build "release"
  total
}

do_ci() {
  # shellcheck disable=SC2086
  need $BUILD_PACKAGES $TEST_PACKAGES $CI_PACKAGES
  [ -f build/summary ] || die "run ./run.sh test first"
  say "AddressSanitizer and UndefinedBehaviorSanitizer"
  build asan
  ASAN_OPTIONS=detect_leaks=1 run_tests build-asan "asan" -LE slow
  say "ThreadSanitizer"
  build tsan
  run_tests build-tsan "tsan" -R 'parity' -LE slow
  say "instruction counts"
  build release -DGNT_TESTS=ON
  { bash tests/perf/check.sh || true; } | awk '{print | "cat 1>&2"} /^ok - / {p++} /^not ok - / {f++} /^skip - / {s++} END {printf "count %d %d %d instructions\n", p, f + !(p + f + s), s}' | tee -a build/summary
  say "static analysis"
  if cppcheck --quiet --std=c11 --enable=warning,portability --inline-suppr --error-exitcode=1 --suppressions-list=tests/lint/cppcheck.txt \
    -D'json_array_foreach(a,i,v)=for(;;)' -D'json_object_foreach(o,k,v)=for(;;)' -I . host kernels >&2; then echo "count 1 0 0 cppcheck"; else echo "count 0 1 0 cppcheck"; fi | tee -a build/summary
  total
}

do_demo() {
  build release -DGNT_TESTS=OFF
  build/gauntlet demo --out out/demo "$@"
}

# Rates of the operations on one core and on two (or the one there is), then the whole pipeline's wall time.
do_bench() {
  build release -DGNT_TESTS=OFF
  mkdir -p out/bench
  local seconds threads=1
  [ "$(jobs_count)" -lt 2 ] || threads=1,2
  case " $* " in *" --threads"* | *" --device"*) ;; *) set -- --threads "$threads" "$@" ;; esac
  build/gauntlet bench --out out/bench/bench.json "$@"
  seconds=$({ TIMEFORMAT=%R; time build/gauntlet demo --quiet --out out/bench/demo >/dev/null; } 2>&1)
  printf '{"command": "gauntlet demo", "wall_seconds": %s, "cores": %s}\n' "$seconds" "$(jobs_count)" | tee out/bench/demo.json
}

# The venv with the engines to measure. What can't be had is named here and again in the results.
bench_venv() {
  local list=tests/peers/bench-requirements.txt package absent=0
  [ -f .venv-bench/ready ] && cmp -s "$list" .venv-bench/ready && return 0
  need python3-venv
  python3 -m venv .venv-bench >&2 || die "no Python venv; see the message above"
  say "installing the engines: about 3 GB"
  while read -r package; do
    .venv-bench/bin/pip install -q --disable-pip-version-check -c "$list" "$package" >&2 || { say "MISSING: $package"; absent=1; }
  done < <(grep -v '^#' "$list")
  .venv-bench/bin/python -c 'import numpy' 2>/dev/null || die "numpy couldn't be installed (no network?): nothing can be compared"
  [ "$absent" = 1 ] || cp "$list" .venv-bench/ready # what is missing is tried again next time
}

do_peers_bench() {
  build release -DGNT_TESTS=OFF
  bench_venv
  local folder=reports/benchmarks script failed=0
  [ "${1:-}" = --quick ] && folder=out/peers
  for script in inference training sweep; do
    say "peers: $script"
    rm -f "$folder/$script.json" # an older run's figures must not stand for one that failed
    # OpenBLAS settings of the surroundings would slow numpy, and with it what is built on numpy.
    env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE .venv-bench/bin/python "tests/peers/$script.py" --gauntlet build/gauntlet --out "$folder/$script.json" "$@" || failed=1
  done
  .venv-bench/bin/python tests/peers/report.py "$folder"
  [ "$failed" = 0 ] || die "a comparison failed; its own words are above"
}

do_peers() {
  if [ "${1:-}" = bench ]; then
    shift
    do_peers_bench "$@"
    return
  fi
  # shellcheck disable=SC2086
  need $TEST_PACKAGES
  build release -DGNT_TESTS=OFF
  venv
  [ -d .venv ] || die "no Python venv; see the message above"
  .venv/bin/python tests/peers/forward.py --gauntlet build/gauntlet "$@"
}

# What the compiler says of the CUDA kernels; nothing is measured, no GPU is needed.
do_kernels() {
  # shellcheck disable=SC2086
  need $TEST_PACKAGES
  build release
  venv
  GNT_VENV=$PWD/.venv python3 tests/kernels/report.py --build build "$@"
}

do_gpu() {
  # shellcheck disable=SC2086
  need $BUILD_PACKAGES $TEST_PACKAGES python3-minimal
  build release -DGNT_TESTS=ON
  bash tests/gpu/gpu.sh
}

do_soak() {
  # shellcheck disable=SC2086
  need $BUILD_PACKAGES $TEST_PACKAGES $SOAK_PACKAGES
  build release -DGNT_TESTS=ON
  bash tests/soak/soak.sh "$@"
}

COMMAND=${1:-}
[ $# -gt 0 ] && shift
INSTALL=yes
if [ "${1:-}" = --no-install ]; then
  INSTALL=no
  shift
fi
[ "${1:-}" = -- ] && shift
case "$COMMAND" in
build) build release -DGNT_TESTS=OFF ;;
demo | test | ci | bench | peers | kernels | gpu | soak) "do_$COMMAND" "$@" ;;
clean) rm -rf build build-dev build-asan build-tsan build-fuzz .venv .venv-bench ;;
help | --help | -h) usage ;;
*)
  usage >&2
  exit 2
  ;;
esac
