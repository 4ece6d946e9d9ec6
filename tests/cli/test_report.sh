#!/usr/bin/env bash
# report: pages from a result folder, and one clear line for everything that can be wrong with one.
. "$GNT_ROOT/tests/cli/check.sh"

case=$GNT_ROOT/tests/fixtures/report
copy() { # copy NAME: a fresh copy of the fixture
  rm -rf "${SCRATCH:?}/$1"
  cp -r "$case" "$SCRATCH/$1"
}

refuses "no folder" 2 "usage: gauntlet report" report
refuses "a folder that isn't there" 1 "no result.json there" report "$SCRATCH/absent"
mkdir "$SCRATCH/empty"
refuses "a folder without results" 1 "gauntlet run" report "$SCRATCH/empty"
copy garbled
printf '{"schema"' >"$SCRATCH/garbled/result.json"
refuses "garbled JSON" 1 "result.json:1: not valid JSON" report "$SCRATCH/garbled"
copy newer
sed -i 's/"schema_version": 1[.0]*,/"schema_version": 9,/' "$SCRATCH/newer/result.json"
refuses "a newer schema" 1 "schema version 9, this build reads 1" report "$SCRATCH/newer"
copy truncated
head -c 1000 "$case/result.h5" >"$SCRATCH/truncated/result.h5"
refuses "a truncated HDF5 file" 1 "result.h5" report "$SCRATCH/truncated"
copy mixed
sed -i 's/"n_bars": 60,/"n_bars": 59,/' "$SCRATCH/mixed/result.json"
refuses "files of two runs" 3 "/windows/covid/day has 60 bars, result.json says 59" report "$SCRATCH/mixed"
copy blocked
: >"$SCRATCH/blocked/plots"
refuses "plots that is a file" 1 "plots" report "$SCRATCH/blocked"
copy bare
OUT=$SCRATCH/out ERR=$SCRATCH/err
PATH=$SCRATCH/empty "$GAUNTLET" report "$SCRATCH/bare" >"$OUT" 2>"$ERR"
RC=$?
expect "no gnuplot names the package" 1 "apt-get install gnuplot-nox"

if ! command -v gnuplot >/dev/null; then
  skip "pages and pictures: gnuplot is not installed"
  finish
fi
copy "odd'name \$x"
run report "$SCRATCH/odd'name \$x" --json
expect "a folder with an odd name" 0 "report.html"
for part in report.md report.html plots/equity_covid.png plots/advanced_ab_test_analysis_20200501_123456.png; do
  if [ -s "$SCRATCH/odd'name \$x/$part" ]; then ok "writes $part"; else not_ok "writes $part"; fi
done
if ! grep -rqE 'https?:|<script' "$SCRATCH/odd'name \$x/report.html"; then ok "the page loads nothing"; else not_ok "the page loads nothing"; fi
if [ -z "$(find "$SCRATCH" -name '*.tmp.*')" ]; then ok "no temporary file is left"; else not_ok "no temporary file is left"; fi
mkdir -p "$SCRATCH/many/A" "$SCRATCH/many/B"
cp -r "$case" "$SCRATCH/many/A/case"
cp -r "$case" "$SCRATCH/many/B/case"
run report "$SCRATCH/many"
expect "a folder of results" 0 "report.html"
if grep -qF '(A/case/report.html)' "$SCRATCH/many/report.md" && [ -s "$SCRATCH/many/B/case/report.html" ]; then
  ok "the front page links every result"
else not_ok "the front page links every result"; fi
finish
