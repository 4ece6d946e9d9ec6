# Sourced by the command-line tests: a scratch folder, one line a check, a count of failures.
# shellcheck shell=bash
set -u
: "${GAUNTLET:?the binary to test}" "${GNT_ROOT:?the root of the sources}"
SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/gauntlet-test.XXXXXX")
trap 'rm -rf "$SCRATCH"' EXIT
FAILED=0

ok() { echo "ok - $1"; }
not_ok() { # not_ok WHAT [SHOWN]
  echo "not ok - $1"
  [ $# -lt 2 ] || printf '%s\n' "$2" | head -20 | sed 's/^/    /'
  FAILED=$((FAILED + 1))
}
skip() { echo "skip - $1"; }

# run ARGUMENT...: runs the binary; leaves RC, OUT (file) and ERR (file).
run() {
  OUT=$SCRATCH/out ERR=$SCRATCH/err
  "$GAUNTLET" "$@" >"$OUT" 2>"$ERR"
  RC=$?
}

# expect WHAT RC [FRAGMENT]: the last run ended so, and said FRAGMENT on stdout or stderr.
expect() {
  if [ "$RC" = "$2" ] && { [ $# -lt 3 ] || cat "$OUT" "$ERR" | grep -qF -- "$3"; }; then ok "$1"; else
    not_ok "$1" "exit $RC, expected $2 ${3:+and '$3'}; said: $(cat "$OUT" "$ERR")"
  fi
}

# refuses WHAT RC FRAGMENT ARGUMENT...: a failure says exactly one line on stderr, nothing on stdout.
refuses() {
  local what=$1 rc=$2 fragment=$3
  shift 3
  run "$@"
  if [ "$RC" = "$rc" ] && [ "$(wc -l <"$ERR")" = 1 ] && [ ! -s "$OUT" ] && grep -qF -- "$fragment" "$ERR"; then ok "$what"; else
    not_ok "$what" "exit $RC, expected $rc and one line with '$fragment'; stdout $(wc -c <"$OUT") bytes; stderr: $(cat "$ERR")"
  fi
}

has_venv() { [ -n "${GNT_VENV:-}" ] && [ -x "$GNT_VENV/bin/python3" ]; } # the oracles' Python

finish() { exit $((FAILED > 0)); }
