#!/usr/bin/env bash
# gauntlet demo: both markets, seven experiments each, a report; the same bytes twice, little memory.
source "$GNT_ROOT/tests/cli/check.sh" || exit 1
command -v gnuplot >/dev/null || { skip "demo: gnuplot is not installed"; exit 77; }
MEMORY_LIMIT_KB=300000

"$GAUNTLET" demo --device cpu --quick --quiet --out "$SCRATCH/a" >"$SCRATCH/a.txt" 2>"$SCRATCH/a.err" &
pid=$!
peak=0
while kill -0 $pid 2>/dev/null; do # the kernel keeps the high-water mark, so the last reading is the peak so far
  now=$(awk '/VmHWM/ { print $2 }' /proc/$pid/status 2>/dev/null)
  [ -n "$now" ] && peak=$now
  sleep 0.1
done
wait $pid
RC=$?
[ $RC -eq 0 ] && ok "demo exits 0" || not_ok "demo exits 0" "$(cat "$SCRATCH/a.err")"
[ "$peak" -gt 0 ] && [ "$peak" -lt $MEMORY_LIMIT_KB ] && ok "peak memory below 300 MB" || not_ok "peak memory below 300 MB" "$peak KB"

for symbol in SYN-EDGE SYN-NULL; do
  for file in "$GNT_ROOT"/experiments/*.yaml; do
    folder=$SCRATCH/a/$symbol/$(basename "$file" .yaml)
    missing=
    for name in result.json result.h5 manifest.json experiment.yaml report.html report.md; do
      [ -s "$folder/$name" ] || missing="$missing $name"
    done
    [ -z "$missing" ] && ok "$symbol/$(basename "$file" .yaml) is whole" || not_ok "$symbol/$(basename "$file" .yaml) is whole" "missing:$missing"
  done
done
[ -s "$SCRATCH/a/report.html" ] && [ -s "$SCRATCH/a/report.md" ] && ok "the front page is written" || not_ok "the front page is written"
grep -q '^Asked: ' "$SCRATCH/a.txt" && grep -q '^Report: .*report.html' "$SCRATCH/a.txt" && ok "says what was asked and where the report is" ||
  not_ok "says what was asked and where the report is" "$(cat "$SCRATCH/a.txt")"
grep -q 'quick' "$SCRATCH/a/report.md" && grep -q 'synthetic' "$SCRATCH/a/report.md" && ok "the report says quick and synthetic" ||
  not_ok "the report says quick and synthetic"

run demo --device cpu --quick --quiet --out "$SCRATCH/b"
expect "demo again" 0
# Times live in the manifests alone; a report prints its manifest's, and the A/B picture is named after its start.
timeless() { # timeless DIR
  find "$1" -name 'advanced_ab_test_analysis_*.png' -execdir mv {} ab.png \;
  find "$1" -name 'report.*' -exec sed -i -E 's/advanced_ab_test_analysis_[0-9]{8}_[0-9]{6}/ab/g
    s/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z/TIME/g
    s/(wall.?_seconds *(\||<\/td><td>))[^<|]*/\1 TIME/g' {} +
  find "$1" -name manifest.json -delete
}
timeless "$SCRATCH/a"
timeless "$SCRATCH/b"
if diff -r "$SCRATCH/a" "$SCRATCH/b" >"$SCRATCH/diff"; then ok "twice the same bytes, but for the manifests' times"; else
  not_ok "twice the same bytes, but for the manifests' times" "$(cut -c1-200 "$SCRATCH/diff")"
fi
finish
