#!/usr/bin/env bash
# gauntlet backtest: a book that can be checked by hand, SPEC 7's keys, paths, refusals; the real bars when there.
. "$GNT_ROOT/tests/cli/check.sh"

# ten weekdays; close 100 until the third, then up 1 a day; open = the close before
bars=$SCRATCH/HAND.csv scores=$SCRATCH/scores.csv
cat >"$bars" <<'END'
Date,Open,High,Low,Close,Adj Close,Volume
2020-01-06,100,100,100,100,50,1000
2020-01-07,100,100,100,100,50,1000
2020-01-08,100,100,100,100,50,1000
2020-01-09,100,101,100,101,50.5,1000
2020-01-10,101,102,101,102,51,1000
2020-01-13,102,103,102,103,51.5,1000
2020-01-14,103,104,103,104,52,1000
2020-01-15,104,105,104,105,52.5,1000
2020-01-16,105,106,105,106,53,1000
2020-01-17,106,107,106,107,53.5,1000
END
printf 'date,prob\n2020-01-08,0.9\n2020-01-10,0.2\n2020-01-13,0.2\n' >"$scores"
base=(backtest --bars "$bars" --scores "$scores" --from 2020-01-09 --to 2020-01-17)

# calc EXPRESSION: to 17 digits
calc() { awk "BEGIN { printf \"%.17g\", $1 }"; }
# json PATH: a value of the last answer, which is one line; PARENT.KEY for one inside an object
json() {
  local text
  text=$(<"$OUT")
  case $1 in
  *.*) text=${text#*"\"${1%.*}\": {"} ;;
  *) [ "$text" = "${text/\"reasons\"/}" ] || text=${text%%'"reasons"'*}${text#*'"reasons"'*\}} ;; # the figure itself
  esac
  text=${text#*"\"${1##*.}\": "}
  printf '%s\n' "${text%%[,\}]*}"
}
# is WHAT PATH VALUE: the same text, or equal as numbers to 1e-12
is() {
  local got
  got=$(json "$2")
  if [ "$got" = "$3" ] || awk -v a="$got" -v b="$3" 'BEGIN {
      number = "^-?[0-9]+(\\.[0-9]+)?([eE][-+]?[0-9]+)?$"
      d = a - b; size = b < 0 ? -b : b; if (size < 1) size = 1
      exit !(a ~ number && b ~ number && d <= 1e-12 * size && -d <= 1e-12 * size) }'; then ok "$1"; else
    not_ok "$1" "$2 is $got, expected $3"
  fi
}

# Long at 100 on 9 Jan, out at 102 on 13 Jan (decided on the 10th): 2 % without costs. Two bars held of seven.
run "${base[@]}" --commission-bp 0 --half-spread-bp 0 --slippage-bp 0 --json --paths "$SCRATCH/paths.csv"
expect "a hand-made book runs" 0
is "return by hand" total_return 0.02
is "bars of the window" n_bars 7
is "fills" n_fills 2
is "trades" n_trades 1
is "exposure" exposure "$(calc 2/7)"
is "turnover" turnover 2
is "hold: 107/100 - 1" benchmarks.buy_hold 0.07
is "scored rows" accuracy.n 3
is "one of three right" accuracy.value 0.33333333333333331
is "majority" accuracy.majority 1.0
is "accuracy's Wilson end" accuracy.lo "$(calc "(z = 1.959963984540054) ? (1/3 + z*z/6 - z*sqrt(2/27 + z*z/36)) / (1 + z*z/3) : 0")"
is "provenance" provenance '"real"'
is "no drawdown, no Calmar" calmar null
is "its reason" reasons.calmar '"no_drawdown"'
is "seven bars aren't annualised in reports" annualised false
is "not optimistic" optimistic_fill false
# (1 - c)/(1 + c) * 1.02 = 1  ->  c = .02/2.02
is "break-even by hand" break_even_bp "$(calc "1e4 * .02 / 2.02")"
if [ "$(head -1 "$SCRATCH/paths.csv")" = date,price_fill,target,units,cash,equity,ret,cost ] &&
  [ "$(wc -l <"$SCRATCH/paths.csv")" = 8 ] && grep -q '^2020-01-09,100,1,10000,0,1010000,' "$SCRATCH/paths.csv"; then
  ok "paths: header, a line a bar, the first fill"
else not_ok "paths" "$(cat "$SCRATCH/paths.csv")"; fi
run "${base[@]}" --json && is "default costs: 1.02 (1 - c)/(1 + c) - 1" total_return "$(calc "1.02 * (1 - 2.5e-4) / (1 + 2.5e-4) - 1")"
run "${base[@]}" --fill same_close --json && is "same_close says so" optimistic_fill true
run "${base[@]}" --fill same_close && expect "and says so to a person" 0 "Optimistic fill"
run "${base[@]}" && expect "the first line: accuracy beside holding" 0 "1 of 3 right, 33.3 %"
run "${base[@]}" --price adj --json && is "adjusted prices, same ratios" benchmarks.buy_hold "$(calc "1.07 * (1 - 2.5e-4) / (1 + 2.5e-4) - 1")"
run "${base[@]}" --threads 1 --json && cp "$OUT" "$SCRATCH/one.json"
run "${base[@]}" --threads 3 --json
if cmp -s "$OUT" "$SCRATCH/one.json"; then ok "any thread count, the same bytes"; else not_ok "threads" "$(diff "$OUT" "$SCRATCH/one.json")"; fi

refuses "--scores is required" 2 "--scores" backtest --bars "$bars" --from 2020-01-09 --to 2020-01-17
refuses "a parameter out of range" 2 "commission-bp: -1 is out of range" "${base[@]}" --commission-bp -1
refuses "a parameter that is no number" 2 "capital: \"much\" is no number" "${base[@]}" --capital much
refuses "a word that isn't one" 2 "not one of flat|hold" "${base[@]}" --between keep
refuses "thresholds out of order" 2 "lower" "${base[@]}" --lower 0.6
refuses "an option misspelt" 2 "did you mean --half-spread-bp?" "${base[@]}" --half-spred-bp 1
refuses "window backwards" 2 "after" backtest --bars "$bars" --scores "$scores" --from 2020-01-17 --to 2020-01-09
refuses "no bar before the window" 3 "2020-01-06" backtest --bars "$bars" --scores "$scores" --from 2020-01-06 --to 2020-01-09
refuses "no bar inside" 3 "2020-01-11" backtest --bars "$bars" --scores "$scores" --from 2020-01-11 --to 2020-01-12
refuses "window past the bars" 3 "2020-02-17" backtest --bars "$bars" --scores "$scores" --from 2020-01-09 --to 2020-02-17
refuses "impact without history" 3 "impact" "${base[@]}" --device cpu --impact-bp 5
refuses "vol_target without history" 3 "vol_target" "${base[@]}" --device cpu --size vol_target
refuses "the path over the scores" 2 "--paths $scores would replace the scores" "${base[@]}" --paths "$scores"
refuses "no scores file" 1 "nowhere.csv" backtest --bars "$bars" --scores "$SCRATCH/nowhere.csv" --from 2020-01-09 --to 2020-01-17

bad() { # bad WHAT FRAGMENT LINES
  printf '%b' "$3" >"$SCRATCH/bad.csv"
  refuses "$1" 1 "$2" backtest --bars "$bars" --scores "$SCRATCH/bad.csv" --from 2020-01-09 --to 2020-01-17
}
bad "scores: no prob column" prob 'date,p\n2020-01-08,0.5\n'
bad "scores: no bar" 'bad.csv:2: 2020-01-11 is no bar' 'date,prob\n2020-01-11,0.5\n'
bad "scores: a date twice" 'bad.csv:3: 2020-01-08 stands twice' 'date,prob\n2020-01-08,0.5\n2020-01-08,0.5\n'
bad "scores: above 1" 'bad.csv:2: prob 1.01 is outside' 'date,prob\n2020-01-08,1.01\n'
bad "scores: nan" 'bad.csv:2' 'date,prob\n2020-01-08,nan\n'
bad "scores: an empty cell" 'bad.csv:2' 'date,prob\n2020-01-08,\n'
bad "scores: no date" 'bad.csv:2: date "8 Jan"' 'date,prob\n8 Jan,0.5\n'
bad "scores: a short line" 'bad.csv:3' 'date,prob\n2020-01-08,0.5\n2020-01-09\n'
bad "scores: empty" 'bad.csv' ''

real=$GNT_ROOT/../shared/data/IBB_raw_2018-01-01_2023-12-31.csv
if [ -r "$real" ]; then
  awk -F, 'NR == 1 { print "date,prob"; next } { print $1 ",0.6" }' "$real" >"$SCRATCH/up.csv"
  run backtest --bars "$real" --scores "$SCRATCH/up.csv" --from 2020-02-20 --to 2020-04-30 --json
  expect "the covid window of the real bars" 0
  is "n = 50" n_bars 50
  is "constant scores are called that" constant_prediction true
  is "always long is holding" total_return "$(json benchmarks.buy_hold)"
  is "identical books never cross" reasons.break_even_vs_hold_bp '"no_crossing"'
else skip "real bars: ../shared/data is not here"; fi
finish
