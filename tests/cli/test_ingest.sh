#!/usr/bin/env bash
# gauntlet ingest on good input: what it answers, what it writes, what stays.
# shellcheck source=tests/cli/check.sh
. "$GNT_ROOT/tests/cli/check.sh"

HEAD='Date,Open,High,Low,Close,Adj Close,Volume'
printf '%s\n2024-03-01,1,2,1,1.5,1.4,10\n2024-03-05,1,2,1,1.5,1.4,0\n' "$HEAD" >"$SCRATCH/AAA.csv"
printf 'Date,Open,High,Low,Close,Volume\n2024-03-01,1,2,1,1.5,10\n' >"$SCRATCH/BBB.csv"
S=$SCRATCH/s/store.h5

says() { # says WHAT FRAGMENT: the last run's stdout holds it
  if grep -qF -- "$2" "$OUT"; then ok "$1"; else not_ok "$1" "$(cat "$OUT" "$ERR")"; fi
}

run ingest --in "$SCRATCH/AAA.csv" --store "$S" --json
expect "one symbol" 0
says "its keys" '"symbol": "AAA", "rows": 2, "first": "2024-03-01", "last": "2024-03-05"'
says "the SHA-256 of the source" "\"sha256\": \"$(sha256sum <"$SCRATCH/AAA.csv" | cut -d' ' -f1)\""
says "a warning with its line" '{"line": 3, "code": "zero_volume", "text": "2024-03-05: volume is zero"}'
says "a warning about the whole" '"code": "missing_sessions", "text": "1 session of the nyse calendar missing: 2024-03-04"'
says "the store" "\"store\": \"$S\""
if [ "$(wc -l <"$OUT")" = 1 ] && [ ! -s "$ERR" ]; then ok "one line"; else not_ok "one line" "$(cat "$OUT" "$ERR")"; fi
if [ "$(cat "$SCRATCH/s/AAA_raw_2024-03-01_2024-03-05.csv")" = "$(cat "$SCRATCH/AAA.csv")" ]; then ok "the raw CSV"; else not_ok "the raw CSV"; fi
if grep -q '"provenance": "real"' "$SCRATCH/s/AAA_raw_2024-03-01_2024-03-05.csv.manifest.json"; then ok "its manifest"; else not_ok "its manifest"; fi

run ingest --in "$SCRATCH/BBB.csv" --in "$SCRATCH/AAA.csv" --symbol CCC --symbol BBB --store "$S" --json
expect "two symbols at once" 0 '{"symbols": [{"symbol": "CCC"'
says "no Adj Close" '"code": "no_adj_close"'
run ingest --in "$SCRATCH/BBB.csv" --store "$S"
expect "a symbol replaced" 0 "BBB: 1 bars, 2024-03-01 to 2024-03-01, real, 1 warning"

# The bytes depend on what the store holds, not on how it came about.
run ingest --in "$SCRATCH/BBB.csv" --in "$SCRATCH/BBB.csv" --in "$SCRATCH/AAA.csv" --symbol CCC --symbol BBB --symbol AAA --store "$SCRATCH/t/store.h5"
if cmp -s "$S" "$SCRATCH/t/store.h5"; then ok "the same holdings, the same bytes"; else not_ok "the same holdings, the same bytes"; fi

# One bad symbol of several: none is stored.
printf '%s\n2024-03-02,1,2,1,1.5,1.4,10\n' "$HEAD" >"$SCRATCH/DDD.csv"
SUM=$(sha256sum <"$S")
refuses "all or none" 3 "DDD.csv:2: 2024-03-02 is a Saturday" ingest --in "$SCRATCH/AAA.csv" --in "$SCRATCH/DDD.csv" --symbol EEE --symbol DDD --store "$S"
if [ "$(sha256sum <"$S")" = "$SUM" ]; then ok "the store is as it was"; else not_ok "the store is as it was"; fi
run ingest --in "$SCRATCH/DDD.csv" --calendar none --json
expect "calendar none takes a Saturday" 0 '"store": null'

# Provenance: a SYN- name, on either side, or a sidecar.
run ingest --in "$SCRATCH/AAA.csv" --symbol SYN-X --json
says "a SYN- symbol is synthetic" '"provenance": "synthetic"'
cp "$SCRATCH/AAA.csv" "$SCRATCH/SYN-EDGE_x.csv"
run ingest --in "$SCRATCH/SYN-EDGE_x.csv" --symbol IBB --json
says "a SYN- file stays synthetic under another symbol" '"provenance": "synthetic"'
printf '{"provenance": "replay"}' >"$SCRATCH/BBB.csv.manifest.json"
run ingest --in "$SCRATCH/BBB.csv" --out "$SCRATCH/o" --json
says "a sidecar is believed" '"provenance": "replay"'
run ingest --in "$SCRATCH/o/BBB_raw_2024-03-01_2024-03-01.csv" --json
says "and handed on" '"provenance": "replay"'

# The input is never written over.
cp "$SCRATCH/AAA.csv" "$SCRATCH/AAA_raw_2024-03-01_2024-03-05.csv"
printf '\n' >>"$SCRATCH/AAA_raw_2024-03-01_2024-03-05.csv"
SUM=$(sha256sum <"$SCRATCH/AAA_raw_2024-03-01_2024-03-05.csv")
run ingest --in "$SCRATCH/AAA_raw_2024-03-01_2024-03-05.csv" --out "$SCRATCH"
if [ "$(sha256sum <"$SCRATCH/AAA_raw_2024-03-01_2024-03-05.csv")" = "$SUM" ]; then ok "its own input stays"; else not_ok "its own input stays"; fi

# The real bars.
REAL=$GNT_ROOT/../shared/data
if [ -f "$REAL/IBB_2001-02-12_2026-03-31.csv" ]; then
  run ingest --in "$REAL/IBB_2001-02-12_2026-03-31.csv" --from 2018-01-01 --to 2023-12-31 --store "$SCRATCH/r/ibb.h5" --json
  expect "six of 25 years" 0 '"rows": 1509, "first": "2018-01-02", "last": "2023-12-29"'
  says "without a warning" '"warnings": []'
  if [ -f "$SCRATCH/r/IBB_raw_2018-01-01_2023-12-31.csv" ]; then ok "the demo's file name"; else not_ok "the demo's file name" "$(ls "$SCRATCH/r")"; fi
  run ingest --in "$REAL/IBB_2001-02-12_2026-03-31.csv" --json
  expect "25 years are NYSE sessions" 0 '"rows": 6320'
else
  skip "real bars: $REAL is not there"
fi
finish
