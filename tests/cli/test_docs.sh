#!/usr/bin/env bash
# Every command in a ```sh block of README.md and docs/ runs, in order, and succeeds; ./run.sh lines are run by CI itself.
# Blocks marked ```console are illustrations (they need a network or a cluster).
. "$GNT_ROOT/tests/cli/check.sh"

sandbox=$SCRATCH/checkout
mkdir -p "$sandbox/build"
for entry in "$GNT_ROOT"/*; do
  case "${entry##*/}" in build* | out) ;; *) ln -s "$entry" "$sandbox/" ;; esac
done
ln -s "$GAUNTLET" "$sandbox/build/gauntlet"
cd "$sandbox" || exit 1
for page in README.md docs/*.md docs/decisions/*.md data/README.md; do
  [ -f "$page" ] || continue
  awk '/^```sh$/ {on = 1; next} /^```/ {on = 0} on' "$page" | sed 's/[[:space:]]*#[^"'\'']*$//' | grep -vE '^ *(\./run\.sh|git |cd |$)' >"$SCRATCH/commands" || true
  [ -s "$SCRATCH/commands" ] || continue
  if (
    set -e
    # shellcheck disable=SC1091
    . "$SCRATCH/commands"
  ) >"$SCRATCH/log" 2>&1; then ok "$page: $(wc -l <"$SCRATCH/commands") lines of commands"; else
    not_ok "$page" "$(tail -5 "$SCRATCH/log")"
  fi
done
finish
