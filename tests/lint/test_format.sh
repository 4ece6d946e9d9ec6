#!/usr/bin/env bash
# Sources are formatted by .clang-format; shell scripts pass shellcheck.
set -u
cd "$GNT_ROOT" || exit 1
bad=0
if command -v clang-format-14 >/dev/null; then
  if out=$(git ls-files '*.c' '*.h' '*.cu' '*.cuh' '*.cpp' | xargs clang-format-14 --dry-run -Werror 2>&1); then echo "ok - clang-format"; else
    echo "not ok - clang-format"
    printf '%s\n' "$out" | grep error: | head -20
    bad=1
  fi
else echo "skip - clang-format-14 is not installed"; fi
if command -v shellcheck >/dev/null; then
  if out=$(git ls-files '*.sh' .ci/run | xargs shellcheck -S warning 2>&1); then echo "ok - shellcheck"; else
    echo "not ok - shellcheck"
    printf '%s\n' "$out" | head -40
    bad=1
  fi
else echo "skip - shellcheck is not installed"; fi
exit $bad
