#!/usr/bin/env bash
# The frame: help for every verb, options and verbs that don't exist, completion, exit codes, devices.
. "$GNT_ROOT/tests/cli/check.sh"

run --help && expect "help of the program" 0 "usage: gauntlet VERB"
run --version && expect "version" 0 "gauntlet 0."
verbs=$("$GAUNTLET" --help | sed -n '/^verbs:/,/^$/p' | awk 'NR > 1 && NF { print $1 }')
for verb in $verbs; do
  run "$verb" --help
  expect "help of $verb" 0 "usage: gauntlet $verb"
  long=$(awk 'length > 120' "$OUT" | head -3)
  if [ -z "$long" ]; then ok "help of $verb fits 120 columns"; else not_ok "help of $verb fits 120 columns" "$long"; fi
done
"$GAUNTLET" >"$SCRATCH/out" 2>"$SCRATCH/err"
if [ $? = 2 ] && [ -s "$SCRATCH/err" ]; then ok "no verb: the help page on stderr, exit 2"; else not_ok "no verb"; fi
refuses "unknown verb names the nearest" 2 "did you mean 'backtest'" backtset
refuses "unknown verb without a near one" 2 "lists them" zzzzzzzzzz
refuses "unknown option names the nearest" 2 "did you mean --json?" info --jsn
refuses "one dash" 2 "two dashes" info -j
refuses "a flag with a value" 2 "takes no value" info --json=1
refuses "an option twice" 2 "given twice" info --quiet --quiet
refuses "a word too many" 2 "usage: gauntlet info" info more
refuses "a word too few" 2 "usage: gauntlet completion" completion
refuses "an option without its value" 2 "needs a value" backtest --bars
refuses "a required option" 2 "is required" backtest --from 2020-01-01
refuses "a bad date" 2 "not a date" backtest --from 2020-02-30
refuses "a bad count" 2 "whole number" backtest --seed -1
refuses "no bars" 1 "absent.csv" features --bars absent.csv --out "$SCRATCH/x.csv" --quiet
run info --json --bad
expect "an error as JSON" 2 '{"error": "usage", "message": "info: unknown option --bad'
run backtest --bars "$SCRATCH/$(printf '\377').csv" --scores x --from 2020-01-01 --to 2020-02-01 --json
if [ "$RC" = 2 ] && grep -q '^{"error": "[a-z_]*", "message": ".*?.csv' "$OUT"; then ok "an error about a name that is not UTF-8 is JSON too"; else
  not_ok "an error about a name that is not UTF-8 is JSON too" "exit $RC: $(cat "$OUT")"; fi
run info --json
expect "info" 0 '"name": "gauntlet-35", "version": 1, "hash": "9524875d66c021dc0a4052348aef43f60fe9537a9e74f1a0bbd4f48952f0cf59"'
for device in cuda emu; do
  if "$GAUNTLET" info --json | grep -q "\"name\": \"$device\", \"available\": true"; then ok "device $device is here"; else
    run features --bars builtin:SYN-NULL --out "$SCRATCH/x.csv" --device $device
    expect "explicit device $device that can't be had is an error" 1 "$device"
    skip "every operation on device $device: it can't be had here"
  fi
done
run features --bars builtin:SYN-NULL --out "$SCRATCH/x.csv" --device gpu
expect "a device that doesn't exist" 2 "gpu"
for shell in bash zsh; do
  "$GAUNTLET" completion $shell >"$SCRATCH/completion"
  if [ $shell = zsh ] || bash -n "$SCRATCH/completion"; then ok "completion for $shell"; else not_ok "completion for $shell"; fi
done
# shellcheck disable=SC1091,SC2034
if words=$(
  "$GAUNTLET" completion bash >"$SCRATCH/completion"
  . "$SCRATCH/completion"
  COMP_WORDS=(gauntlet backtest --fi) COMP_CWORD=2
  _gauntlet
  echo "${COMPREPLY[*]}"
) && [ "$words" = --fill ]; then ok "completion completes"; else not_ok "completion completes" "$words"; fi
"$GAUNTLET" info --json >/dev/full 2>"$SCRATCH/err"
if [ $? = 1 ] && grep -q "standard output" "$SCRATCH/err"; then ok "a full disk on stdout is an error"; else not_ok "a full disk on stdout is an error"; fi
finish
