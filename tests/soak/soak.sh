#!/usr/bin/env bash
# Long runs by hand: every fuzz target with libFuzzer under ASan and UBSan, then the many-seed significance test.
# usage: soak.sh [SECONDS PER TARGET]     results: reports/soak/summary.txt
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
seconds=${1:-30}
cover="-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all"
cmake -S . -B build-fuzz -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_C_COMPILER=clang -DGNT_FUZZ=ON \
  -DCMAKE_C_FLAGS="$cover" >/dev/null
cmake --build build --target test_run_seeds >&2
targets=()
for source in tests/fuzz/fuzz_*.c; do
  name=${source##*/}
  targets+=("${name%.c}")
done
cmake --build build-fuzz --target "${targets[@]}" >&2
mkdir -p reports/soak
{
  echo "fuzzing: $(clang --version | head -1), $seconds s a target, AddressSanitizer and UndefinedBehaviorSanitizer"
  for target in "${targets[@]}"; do
    mkdir -p "build-fuzz/corpus/$target"
    if (
      cd build-fuzz # where a target leaves its own files
      "./$target" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=20 -artifact_prefix="$target-" \
        "corpus/$target" "../tests/fuzz/corpus/$target" 2>"$target.log"
    ); then
      echo "$target: $(grep -E '^Done' "build-fuzz/$target.log")"
    else
      echo "$target: FAILED, see build-fuzz/$target.log"
    fi
  done
  echo "significance: GNT_SEEDS=200 build/test_run_seeds (seeds 1001 to 1200; nominal rates of the whole pipeline)"
  GNT_SEEDS=200 build/test_run_seeds 2>&1 | grep -E "seeds:|PASSED|FAILED" || echo "significance: FAILED"
} | tee reports/soak/summary.txt
! grep -q FAILED reports/soak/summary.txt
