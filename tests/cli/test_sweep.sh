#!/usr/bin/env bash
# gauntlet sweep and merge: the backtest's own figures, shards that merge to the bytes of one run, refusals.
. "$GNT_ROOT/tests/cli/check.sh"
unset JOB_COMPLETION_INDEX JOB_COMPLETIONS "${!SLURM_@}"

# json PATH: KEY of the last answer (one line), or PARENT.KEY: the first KEY after "PARENT"
json() {
  local text
  text=$(<"$OUT")
  case $1 in *.*) text=${text#*"\"${1%.*}\":"} ;; esac
  text=${text#*"\"${1##*.}\": "}
  printf '%s\n' "${text%%[,\}]*}"
}
is() { # is WHAT PATH VALUE
  local got
  got=$(json "$2")
  if [ "$got" = "$3" ]; then ok "$1"; else not_ok "$1" "$2 is $got, expected $3"; fi
}

cd "$SCRATCH" || exit 1
"$GAUNTLET" features --bars builtin:SYN-EDGE --out rows.csv --quiet >/dev/null || exit 1
awk -F, 'BEGIN {print "date,prob"} NR > 1 {printf "%s,%.3f\n", $1, 0.4 + 0.2 * ((NR * 7919) % 1000) / 1000}' rows.csv >s.csv
data=(--bars builtin:SYN-EDGE --scores s.csv --from 2020-01-01 --to 2021-06-30)
# shellcheck disable=SC2054 # commas belong to the grid
grid=(--grid upper=0.44:0.56:0.02,lower=0.44:0.56:0.02 --grid 'between=flat|hold,commission_bp=0:5:1')

run sweep "${data[@]}" "${grid[@]}" --out whole.h5 --json
expect "a sweep runs" 0
is "points of the grid" grid_points 588
is "skipped: lower above upper" skipped 252
is "tried" configurations 336
bars=$(json bars)
is "evaluations" evaluations $((336 * bars))
is "where it is" store '"whole.h5"'
is "provenance" provenance '"synthetic"'
for key in seconds evaluations_per_s best by grid strategy dsr psr sharpe_of_luck_per_bar buy_hold accuracy; do
  expect "the answer has $key" 0 "\"$key\": "
done
upper=$(json parameters.upper) lower=$(json parameters.lower) cost=$(json parameters.commission_bp) between=$(json parameters.between)
cp "$OUT" answer
run backtest "${data[@]}" --upper "$upper" --lower "$lower" --commission-bp "$cost" --between "${between//\"/}" --json
for key in total_return sharpe sortino calmar max_drawdown turnover exposure cost_paid n_trades hit_rate volatility; do
  expected=$(json $key)
  got=$(OUT=answer && json "parameters.$key")
  if [ "$got" = "$expected" ]; then ok "the best's $key is the backtest's"; else not_ok "the best's $key" "$got, backtest $expected"; fi
done

run sweep "${data[@]}" "${grid[@]}" --out said.h5
expect "a person reads the deflation" 0 "worthless configurations"
expect "and holding beside the return" 0 "holding"
expect "and the majority" 0 "majority"
expect "and what was skipped" 0 "252 points of the grid were skipped"
if cmp -s whole.h5 said.h5; then ok "the same run, the same bytes"; else not_ok "the same run, other bytes"; fi
run sweep "${data[@]}" --grid 'commission-bp=0:5:1,between=flat|hold' --grid lower=0.44:0.56:0.02 --grid upper=0.44:0.56:0.02 --out said.h5
if cmp -s whole.h5 said.h5; then ok "the order in which the grid is given doesn't show"; else not_ok "another order of the grid, other bytes"; fi
if grep -q '"host"' whole.h5.manifest.json && ! grep -qa "$(uname -n)" whole.h5; then ok "the machine is in the manifest only"; else
  not_ok "the machine is in the manifest only" "$(cat whole.h5.manifest.json)"
fi

# shards: more symbols, folds, rows, heatmaps
# shellcheck disable=SC2054
more=(--bars builtin:SYN-EDGE --scores s.csv --bars builtin:SYN-NULL --scores s.csv --from 2020-01-01 --to 2020-12-31 --folds 2
  "${grid[@]}" --full --heatmap upper,lower --heatmap commission-bp,between --by calmar --top 5)
run sweep "${more[@]}" --out whole.h5 --threads 1 --json
expect "two symbols, two folds" 0 '"symbols": 2, "folds": 2'
for n in 1 2 3 7; do
  rm -f part*.h5
  for ((i = n - 1; i >= 0; i--)); do
    run sweep "${more[@]}" --out "part$i.h5" --shard "$i/$n" --threads $((1 + i % 2))
    [ "$RC" = 0 ] || not_ok "shard $i/$n" "$(cat "$ERR")"
  done
  # shellcheck disable=SC2046 # plain names
  run merge --out merged.h5 $(printf '%s\n' part*.h5 | sort -r) --json
  if [ "$RC" = 0 ] && cmp -s whole.h5 merged.h5; then ok "$n shards merge to the bytes of one run"; else
    not_ok "$n shards merge to the bytes of one run" "exit $RC $(cat "$ERR")"
  fi
done
expect "merge answers as sweep does" 0 '"dsr": '
run sweep "${more[@]}" --out one.h5 --shard 4/7 --json
expect "one shard deflates nothing" 0 '"dsr": "not_merged"'
JOB_COMPLETION_INDEX=4 run sweep "${more[@]}" --out env.h5 --shards 7
if cmp -s part4.h5 env.h5; then ok "Kubernetes' index"; else not_ok "Kubernetes' index" "$(cat "$ERR")"; fi
JOB_COMPLETION_INDEX=4 JOB_COMPLETIONS=7 run sweep "${more[@]}" --out env.h5
if cmp -s part4.h5 env.h5; then ok "Kubernetes' index and count"; else not_ok "Kubernetes' index and count" "$(cat "$ERR")"; fi
SLURM_ARRAY_TASK_ID=14 SLURM_ARRAY_TASK_MIN=10 SLURM_ARRAY_TASK_COUNT=7 run sweep "${more[@]}" --out env.h5
if cmp -s part4.h5 env.h5; then ok "Slurm's index, from its minimum"; else not_ok "Slurm's index" "$(cat "$ERR")"; fi

# what merge refuses; an existing file stays as it is
printf 'old' >kept.h5
refuses "a shard is missing" 2 "1 of 7 shards are missing: 3" merge --out kept.h5 part[0124567].h5
refuses "a shard is doubled" 2 "are both shard 3 of 7" merge --out kept.h5 part[01235].h5 part[34].h5
cp part3.h5 again3.h5
refuses "a shard is doubled by a copy" 2 "part3.h5 and again3.h5 are both shard 3 of 7" merge --out kept.h5 part[01235].h5 again3.h5
run sweep "${more[@]}" --seed 43 --shard 3/7 --out other.h5
refuses "a shard of another sweep" 1 "different sweeps" merge --out kept.h5 part[012456].h5 other.h5
run sweep "${more[@]}" --shard 3/8 --out other.h5
refuses "a shard of another number" 1 "one of 7 shards, other.h5 one of 8" merge --out kept.h5 part[012456].h5 other.h5
refuses "a whole and a shard" 2 "a whole sweep" merge --out kept.h5 whole.h5 part1.h5
refuses "no sweep file" 1 "not a readable HDF5 file" merge --out kept.h5 s.csv
refuses "no such file" 1 "nowhere.h5" merge --out kept.h5 nowhere.h5
head -c 20000 part3.h5 >cut.h5
refuses "a damaged shard" 1 "cut.h5" merge --out kept.h5 part[012456].h5 cut.h5
refuses "no shard at all" 2 "0 words" merge --out kept.h5
refuses "the result over a shard" 2 "both a shard and --out" merge --out part3.h5 part?.h5
if [ "$(cat kept.h5)" = old ]; then ok "a refused merge leaves the old file"; else not_ok "a refused merge leaves the old file"; fi

# what sweep refuses
out=(--out kept.h5)
refuses "no grid" 2 "--grid" sweep "${data[@]}" "${out[@]}"
refuses "a mistyped parameter" 2 "did you mean upper?" sweep "${data[@]}" "${out[@]}" --grid uper=0.5:0.6:0.1
refuses "a parameter twice" 2 "upper stands twice" sweep "${data[@]}" "${out[@]}" --grid upper=0.5 --grid upper=0.6
refuses "a parameter in the grid and fixed" 2 "in --grid and given as --upper" sweep "${data[@]}" "${out[@]}" --grid upper=0.5 --upper 0.5
refuses "a value out of range" 2 "out of range" sweep "${data[@]}" "${out[@]}" --grid upper=0.5:1.5:0.1
refuses "a step of 0" 2 "above 0" sweep "${data[@]}" "${out[@]}" --grid upper=0.5:0.6:0
refuses "a range upside down" 2 "a <= b" sweep "${data[@]}" "${out[@]}" --grid upper=0.6:0.5:0.1
refuses "an unknown word" 2 "not one of flat|hold" sweep "${data[@]}" "${out[@]}" --grid 'between=flat|hole'
refuses "nothing can be simulated" 2 "none of the grid's 2 points" sweep "${data[@]}" "${out[@]}" --quiet --grid upper=0.4,lower='0.5|0.6'
refuses "a heatmap of no dimension" 2 "no dimension of the grid" sweep "${data[@]}" "${out[@]}" --grid upper=0.5 --heatmap upper,lower
refuses "a heatmap of one dimension" 2 "stands on both axes" sweep "${data[@]}" "${out[@]}" --grid upper=0.5 --heatmap upper,upper
refuses "bars without scores" 2 "2 --bars but 1 --scores" sweep "${data[@]}" --bars builtin:SYN-NULL "${out[@]}" --grid upper=0.5
refuses "more folds than bars" 2 "can't be cut into 5000 folds" sweep "${data[@]}" "${out[@]}" --grid upper=0.5 --folds 5000
refuses "no folds" 2 "--folds" sweep "${data[@]}" "${out[@]}" --grid upper=0.5 --folds 0
refuses "no best" 2 "--top" sweep "${data[@]}" "${out[@]}" --grid upper=0.5 --top 0
refuses "an unknown figure" 2 "--by" sweep "${data[@]}" "${out[@]}" --grid upper=0.5 --by luck
refuses "a window upside down" 2 "is after" sweep --bars builtin:SYN-EDGE --scores s.csv --from 2021-01-02 --to 2021-01-01 "${out[@]}" --grid upper=0.5
refuses "a shard out of range" 2 "shard 7 of 7" sweep "${data[@]}" "${out[@]}" --grid upper=0.5 --shard 7/7
refuses "shards without an index" 2 "but which?" sweep "${data[@]}" "${out[@]}" --grid upper=0.5 --shards 3
JOB_COMPLETION_INDEX=1 refuses "an index without a count" 2 "Give --shards" sweep "${data[@]}" "${out[@]}" --grid upper=0.5
refuses "too many values" 2 "upper has 1e+299 values; at most" sweep "${data[@]}" "${out[@]}" --grid upper=0.5:0.6:1e-300
refuses "the result over the scores" 2 "would replace the scores" sweep "${data[@]}" --grid upper=0.5 --out ./s.csv
cp s.csv SYN-CSV.csv
refuses "the result over the bars" 2 "would replace the bars" sweep --bars SYN-CSV.csv --scores s.csv --from 2020-01-01 --to 2021-06-30 --grid upper=0.5 --out SYN-CSV.csv
refuses "the result over the bars' store" 2 "would replace the bars" sweep --bars whole.h5:IBB --scores s.csv --from 2020-01-01 --to 2021-06-30 --grid upper=0.5 --out ./whole.h5
if cmp -s s.csv SYN-CSV.csv; then ok "scores and bars are as they were"; else not_ok "scores and bars are as they were"; fi
refuses "scores that aren't there" 1 "nowhere.csv" sweep --bars builtin:SYN-EDGE --scores nowhere.csv --from 2020-01-01 --to 2021-06-30 "${out[@]}" --grid upper=0.5
printf 'date,prob\n2020-02-03,1.5\n' >bad.csv
refuses "a score outside [0, 1]" 1 "bad.csv:2" sweep --bars builtin:SYN-EDGE --scores bad.csv --from 2020-01-01 --to 2021-06-30 "${out[@]}" --grid upper=0.5
refuses "a folder that isn't there" 1 "no/where" sweep "${data[@]}" --out no/where/x.h5 --quiet --grid upper=0.5
if [ "$(cat kept.h5)" = old ] && ! ls ./*.tmp.* >/dev/null 2>&1; then ok "a refused sweep leaves the old file, and nothing beside it"; else
  not_ok "a refused sweep leaves the old file" "$(ls)"
fi

# killed in the middle: the old file stays whole
"$GAUNTLET" sweep "${data[@]}" --grid upper=0.5:0.6:0.00001,lower=0.4:0.5:0.001,commission-bp=0:5:1 "${out[@]}" --full --quiet >/dev/null 2>&1 &
sleep 0.4
kill -9 $!
wait $! 2>/dev/null
if [ "$(cat kept.h5)" = old ]; then ok "a killed sweep leaves the old file"; else not_ok "a killed sweep leaves the old file"; fi

# the page of a sweep
refuses "a report of a shard" 1 "merge the shards first" report part3.h5
if command -v gnuplot >/dev/null; then
  cp whole.h5 "odd 'name.h5"
  run report "odd 'name.h5" --json
  expect "a report of a sweep" 0 '"html": "odd '
  for part in "odd 'name.md" "odd 'name.html" odd__name_upper_lower.png odd__name_commission-bp_between.png; do
    if [ -s "$part" ]; then ok "writes $part"; else not_ok "writes $part" "$(ls)"; fi
  done
  if grep -q "336 configurations tried" "odd 'name.md" && grep -q synthetic "odd 'name.md" && grep -q DSR "odd 'name.md"; then
    ok "it says how many were tried, on what, and DSR"
  else not_ok "it says how many were tried" "$(head -20 "odd 'name.md")"; fi
else
  skip "a report of a sweep: gnuplot is not installed"
fi

# memory doesn't grow with the number of configurations beyond a block of lanes (a GPU's is larger than the first grid)
if [ -x /usr/bin/time ]; then
  short=(--device cpu --bars builtin:SYN-EDGE --scores s.csv --from 2020-01-02 --to 2020-01-08 --quiet --out size.h5)
  few=$(/usr/bin/time -f %M "$GAUNTLET" sweep "${short[@]}" --grid upper=0.5:0.6:0.001,commission-bp=0:99:1 2>&1 >/dev/null)
  many=$(/usr/bin/time -f %M "$GAUNTLET" sweep "${short[@]}" --grid upper=0.5:0.6:0.00001,commission-bp=0:99:1 2>&1 >/dev/null)
  if [ "$many" -le $((few + 2048)) ]; then ok "10,000 configurations in $few KiB, a million in $many"; else
    not_ok "a million configurations need no more memory" "$few KiB for 10,000, $many for a million"
  fi
else
  skip "memory: no /usr/bin/time here"
fi

if has_venv && "$GNT_VENV/bin/python3" -c 'import h5py' 2>/dev/null; then
  run sweep "${data[@]}" "${grid[@]}" --out full.h5 --full --heatmap upper,lower --json
  if "$GNT_VENV/bin/python3" - answer >"$SCRATCH/log" 2>&1 <<'PY'; then ok "h5py reads it: best, heatmap, variance and deflation follow from the rows"; else
import h5py, json, math, statistics, sys
import numpy as np
f = h5py.File("full.h5")
spec = json.loads(bytes(f["spec"][:]))
order = f["grid"].attrs["order"].decode().split(",")
shape = [len(f["grid"][name]) for name in order]
sharpe = f["full/sharpe"][:, 0]
assert sharpe.size == math.prod(shape) and spec["grid"][0].startswith("upper=")
best = f["best/configuration"][:]
ranked = sorted(np.flatnonzero(~np.isnan(sharpe)), key=lambda i: (-sharpe[i], i))
assert list(best) == list(ranked[: len(best)]), (best, ranked[:10])
cube = np.moveaxis(sharpe.reshape(shape), (order.index("lower"), order.index("upper")), (0, 1))
flat = cube.reshape(cube.shape[0], cube.shape[1], -1)
n = np.sum(~np.isnan(flat), axis=2)
assert (f["heatmaps/0/n"][:] == n).all()
for y in range(n.shape[0]):
    for x in range(n.shape[1]):
        if n[y, x]:
            assert f["heatmaps/0/best"][y, x] == np.nanmax(flat[y, x])
            assert abs(f["heatmaps/0/mean"][y, x] - np.nanmean(flat[y, x])) < 1e-11 # 2^-41 a value, and numpy's rounding
        else:
            assert np.isnan(f["heatmaps/0/best"][y, x])
per_bar = sharpe[~np.isnan(sharpe)] / math.sqrt(252)
variance = statistics.variance(per_bar)
assert abs(f["trials/sharpe_variance"][0] / variance - 1) < 1e-9 # 2^-45 a value
N = statistics.NormalDist()
emax = (1 - 0.5772156649015329) * N.inv_cdf(1 - 1 / 336) + 0.5772156649015329 * N.inv_cdf(1 - 1 / (336 * math.e))
luck = math.sqrt(variance) * emax
assert abs(f["trials/sharpe_of_luck"][0] - luck) < 1e-9 * luck + 1e-9
sr, g3, g4, bars = (f["best/" + k][0, 0] for k in ("sharpe_per_bar", "skew", "kurtosis", "n_bars"))
dsr = N.cdf((sr - luck) * math.sqrt(bars - 1) / math.sqrt(1 - g3 * sr + (g4 - 1) / 4 * sr * sr))
assert abs(f["best/dsr"][0, 0] - dsr) < 1e-7, (f["best/dsr"][0, 0], dsr)
PY
    not_ok "h5py reads it" "$(cat "$SCRATCH/log")"
  fi
else
  skip "h5py: no GNT_VENV with it"
fi
finish
