#!/usr/bin/env bash
# gauntlet stats: answers, refusals with their codes, the list.
# shellcheck source=tests/cli/check.sh
. "$GNT_ROOT/tests/cli/check.sh"

field() { # field JSON-KEY: its value in the last run's one-line object
  sed -nE "s/.*\"$1\": ([^,}]*)[,}].*/\1/p" "$OUT"
}

printf 'arm,n,x\n0,56,70\n' >"$SCRATCH/one_arm.csv"
printf 'arm,n,x\n0,70,56\n1,80,48\n' >"$SCRATCH/arms.csv"
printf 'x\n0.1\nnan\n' >"$SCRATCH/nan.csv"
printf 'x\n1\n2\n3\n' >"$SCRATCH/short.csv"
printf 'date,ret,note\n2020-01-02,0.01,"a, b"\n2020-01-03,-0.02,\n' >"$SCRATCH/extra.csv"

run stats two_proportion --input "$SCRATCH/arms.csv" --json
expect "two_proportion answers" 0 '"newcombe_lo": 0.0524'
if [ "$(wc -l <"$OUT")" = 1 ] && [ ! -s "$ERR" ]; then ok "one line on stdout, nothing on stderr"; else not_ok "one line on stdout" "$(cat "$OUT" "$ERR")"; fi

run stats random --seed 42 --stream 5 --replicate 123456789012 --block 17 --bound 1509 --json
expect "random words as the reference prints them" 0 '[1232673382, 2229255588, 1643899666, 4227467739]'
if [ "$(field bounded)" = 783 ]; then ok "bounded draw 783"; else not_ok "bounded draw" "$(cat "$OUT")"; fi

run stats bootstrap_indices --method circular --n 20 --block 4 --seed 42 --stream 2 --replicate 7 --json
expect "bootstrap indices as the reference prints them" 0 '[13, 14, 15, 16, 6, 7, 8, 9, 1, 2, 3, 4, 6, 7, 8, 9, 19, 0, 1, 2]'

run stats trading --input "$SCRATCH/extra.csv" --json
expect "columns that aren't asked for may hold anything" 0 '"total_return"'
run stats trading --input "$SCRATCH/extra.csv"
expect "a person reads one figure a line" 0 "hit_rate               0.5"

run stats two_proportion --input "$SCRATCH/one_arm.csv" --json
expect "too few rows: its code" 1 '"error": "too_few_observations"'
run stats newey_west --input "$SCRATCH/nan.csv" --json
expect "NaN is refused, never skipped" 1 '"error": "bad_value"'
expect "and its line is named" 1 'nan.csv:3'
run stats newey_west --input "$SCRATCH/short.csv" --lag 3 --json
expect "a lag out of range: its code" 2 '"error": "bad_argument"'
run stats srm --input "$SCRATCH/none.csv" --json
expect "no file: its code" 1 '"error": "io"'

refuses "unknown statistic names the nearest" 2 "did you mean 'mcnemar'" stats mcnemer
refuses "unknown argument names the nearest" 2 "did you mean --periods" stats trading --period 252
refuses "an argument of another statistic" 2 "takes no --tau2" stats trading --input "$SCRATCH/extra.csv" --tau2 1
refuses "no statistic" 2 "stats --list" stats
refuses "two statistics" 2 "stats" stats srm trading

run stats --list --json
expect "the list is an object" 0 '"name": "lo_sharpe"'
run stats --list
for name in trading classification two_proportion srm mcnemar bootstrap bootstrap_indices random lo_sharpe; do
  expect "the list has $name" 0 "$name "
done

if [ -c /dev/full ]; then
  "$GAUNTLET" stats --list >/dev/full 2>"$SCRATCH/err"
  RC=$? OUT=$SCRATCH/err ERR=/dev/null
  expect "output that can't be written is a failure" 1 "can't be written"
fi
finish
