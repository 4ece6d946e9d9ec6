#!/usr/bin/env bash
# Many symbols: a folder of CSV files into one store, the store's features into one file, each symbol as if alone; the same
# bytes for any number of threads; what fails is told for every file, with nothing written. Arrays are read with GNT_VENV.
# shellcheck source=tests/cli/check.sh
. "$GNT_ROOT/tests/cli/check.sh"
HEAD='Date,Open,High,Low,Close,Adj Close,Volume'
N=20

same() { if cmp -s "$2" "$3"; then ok "$1"; else not_ok "$1" "$(cmp "$2" "$3" 2>&1)"; fi; }
is() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "got '$2', expected '$3'"; fi; }
U=$SCRATCH/universe
bash "$GNT_ROOT/tests/universe/make.sh" "$U" $N 140
is "a file a symbol" "$(find "$U" -name '*.csv' | wc -l)" $N
printf 'not bars' >"$U/notes.txt"
printf '{"provenance": "replay"}' >"$U/SYN-0003.csv.manifest.json"
mkdir "$U/below.csv.d" "$U/.hidden.csv"

# ---- ingest of a folder
S=$SCRATCH/s/all.h5
run ingest --in "$U" --calendar weekdays --store "$S" --threads 1 --json
expect "a folder" 0 '"totals": {"symbols": 20, "rows": 2800, "first": "2001-01-01", "last": "2001-07-13", "warnings": 0}'
is "a line of JSON" "$(wc -l <"$OUT")" 1
is "its symbols in the order of names" "$(grep -o '"symbol": "[^"]*"' "$OUT" | cut -d'"' -f4 | tr '\n' ' ')" "$(cd "$U" && ls -- *.csv | sed 's/\.csv//' | tr '\n' ' ')"
is "only the store is written" "$(ls "$SCRATCH/s")" all.h5
run ingest --in "$U" --calendar weekdays --store "$SCRATCH/t.h5" --threads 2
expect "two threads, for a person" 0 "SYN-0019: 140 bars"
same "the same bytes on one thread and on two" "$S" "$SCRATCH/t.h5"
for file in "$U"/*.csv; do "$GAUNTLET" ingest --in "$file" --calendar weekdays --store "$SCRATCH/one/all.h5" >/dev/null || not_ok "$file"; done
same "the same bytes as one symbol after the other" "$S" "$SCRATCH/one/all.h5"
run ingest --in "$U" --calendar weekdays --out "$SCRATCH/raw"
expect "copies with --out" 0 "SYN-0000_raw_2001-01-01_2001-07-13.csv"
is "a copy and its manifest a symbol" "$(find "$SCRATCH/raw" -type f | wc -l)" $((2 * N))
mkdir "$SCRATCH/single" && cp "$U/SYN-0001.csv" "$SCRATCH/single"
run ingest --in "$SCRATCH/single" --calendar weekdays --json
expect "a folder of one file has the form of many" 0 '"totals": {"symbols": 1'
run ingest --in "$SCRATCH/single" --in "$U/SYN-0000.csv" --calendar weekdays --json
expect "a folder and a file" 0 '"totals": {"symbols": 2'

# ---- refused
mkdir "$SCRATCH/pipe" && mkfifo "$SCRATCH/pipe/SYN-PIPE.csv"
is "a pipe without a writer is refused at once" "$(timeout 10 "$GAUNTLET" ingest --in "$SCRATCH/pipe" --quiet 2>&1 | grep -c 'not a regular file')" 1
cp -r "$U" "$SCRATCH/bad"
printf '%s\n2001-01-01,1,2,1,1.5,1.4,x\n' "$HEAD" >"$SCRATCH/bad/SYN-0004.csv"
printf '%s\n2001-01-06,1,2,1,1.5,1.4,1\n' "$HEAD" >"$SCRATCH/bad/SYN-0007.csv"
SUM=$(sha256sum <"$S")
run ingest --in "$SCRATCH/bad" --calendar weekdays --store "$S" --threads 2
expect "two bad files: the first is told last" 1 "2 of 20 files failed, nothing is stored; the first: $SCRATCH/bad/SYN-0004.csv:2: Volume 'x'"
is "each has its line" "$(grep -cE 'SYN-0004.csv:2: Volume|SYN-0007.csv:2: 2001-01-06 is a Saturday' "$ERR")" 3
is "the store is as it was" "$(sha256sum <"$S")" "$SUM"
rm "$SCRATCH/bad/SYN-0004.csv"
refuses "one bad file" 3 "SYN-0007.csv:2: 2001-01-06 is a Saturday" ingest --in "$SCRATCH/bad" --calendar weekdays --store "$SCRATCH/n.h5"
mkdir "$SCRATCH/empty"
refuses "a folder without files" 1 "no .csv file in the folder" ingest --in "$SCRATCH/empty" --store "$SCRATCH/n.h5"
refuses "--symbol with a folder" 2 "is a folder" ingest --in "$U" --symbol X --store "$SCRATCH/n.h5"
cp "$U/SYN-0001.csv" "$SCRATCH/single/SYN-0001_again.csv"
refuses "a symbol by two names" 2 "SYN-0001.csv and $SCRATCH/single/SYN-0001_again.csv" ingest --in "$SCRATCH/single" --store "$SCRATCH/n.h5"
printf '%s\n' "$HEAD" >"$SCRATCH/empty/_none.csv"
refuses "a file without a symbol" 2 "starts with no symbol" ingest --in "$SCRATCH/empty" --store "$SCRATCH/n.h5"
if [ -e "$SCRATCH/n.h5" ]; then not_ok "a store came from nothing"; else ok "no store came from any of these"; fi

# ---- features of a store
F=$SCRATCH/f.h5
run features --bars "$S" --out "$F" --threads 1 --json
expect "a whole store" 0 '"totals": {"symbols": 20, "rows": 1820, "first": "2001-03-09", "last": "2001-07-13"}'
expect "its schema" 0 '"hash": "9524875d66c021dc0a4052348aef43f60fe9537a9e74f1a0bbd4f48952f0cf59"'
expect "synthetic" 0 '"provenance": "synthetic"'
run features --bars "$S:*" --out "$SCRATCH/g.h5" --threads 2
expect "by STORE.h5:*, for a person" 0 "20 symbols (synthetic): 1820 rows of 35 features (gauntlet-35), 2001-03-09 to 2001-07-13"
same "the same bytes on one thread and on two" "$F" "$SCRATCH/g.h5"
specs=()
for ((i = N - 1; i >= 0; i--)); do specs+=(--bars "$S:$(printf 'SYN-%04d' "$i")"); done
run features "${specs[@]}" --out "$SCRATCH/h.h5"
same "the same bytes symbol by symbol, in any order" "$F" "$SCRATCH/h.h5"
run features --bars "$S" --price adj --out "$SCRATCH/adj.h5" --json
expect "adjusted" 0 '"price": "adj"'
if cmp -s "$F" "$SCRATCH/adj.h5"; then not_ok "dividends matter"; else ok "dividends matter"; fi

refuses "a CSV of many symbols" 2 "can hold one symbol" features --bars "$S" --out "$SCRATCH/x.csv"
refuses "an array of many symbols" 2 "can hold one symbol" features --bars "$S:*" --out "$SCRATCH/x.npy"
refuses "levels-17 of a store" 2 "named one by one" features --bars "$S" --schema levels-17 --out "$SCRATCH/x.h5"
refuses "processed of a store" 2 "takes one symbol" features --bars "$S" --processed "$SCRATCH/x"
refuses "the store itself" 2 "would replace the bars" features --bars "$S:*" --out "$S"
refuses "a symbol twice" 2 "comes twice" features --bars "$S" --bars "$S:SYN-0001" --out "$SCRATCH/x.h5" --quiet
refuses "no store" 1 "none.h5" features --bars "$SCRATCH/none.h5" --out "$SCRATCH/x.h5" --quiet
{ head -31 "$U/SYN-0002.csv"; } >"$SCRATCH/single/SHORT.csv"
{ head -11 "$U/SYN-0002.csv"; } >"$SCRATCH/single/SHORTER.csv"
rm "$SCRATCH/single/SYN-0001_again.csv"
run ingest --in "$SCRATCH/single" --calendar weekdays --store "$SCRATCH/short.h5"
run features --bars "$SCRATCH/short.h5" --out "$SCRATCH/x.h5" --device cpu
expect "symbols shorter than the warm-up" 1 "2 of 3 symbols failed, nothing is written; the first: SHORT: schema gauntlet-35 needs at least 50 bars for its first row, got 30"
is "each is told" "$(grep -cE 'SHORT: .*got 30|SHORTER: .*got 10' "$ERR")" 3
if [ -e "$SCRATCH/x.h5" ]; then not_ok "features came from nothing"; else ok "no features came from any of these"; fi
is "no temporary file is left" "$(find "$SCRATCH" -name '*.tmp.*' | wc -l)" 0

# ---- arrays
if ! has_venv; then
  skip "the feature store read by h5py, symbol against symbol alone: GNT_VENV is unset"
  finish
fi
for symbol in SYN-0000 SYN-0011 SYN-0019; do "$GAUNTLET" features --bars "$S:$symbol" --out "$SCRATCH/$symbol.h5" --quiet >/dev/null || not_ok "$symbol"; done
said=$("$GNT_VENV/bin/python3" - "$SCRATCH" $N 2>&1 <<'PY'
import sys, h5py
folder, n = sys.argv[1], int(sys.argv[2])
many = h5py.File(folder + "/f.h5")
assert len(many["features"]) == n and dict(many.attrs)["format"] == b"gauntlet-feature-store", dict(many.attrs)
for symbol in ("SYN-0000", "SYN-0011", "SYN-0019"):
    alone, group = h5py.File(folder + "/" + symbol + ".h5"), many["features"][symbol]
    assert (many["names"][()] == alone["names"][()]).all()
    for part in ("day", "x"):
        assert group[part].fletcher32
        assert group[part].dtype == alone[part].dtype and group[part][()].tobytes() == alone[part][()].tobytes(), (symbol, part)
    assert group.attrs["source_sha256"] == alone.attrs["source_sha256"] and group.attrs["provenance"] == b"synthetic"
print("three of", n)
PY
)
if [ $? = 0 ]; then ok "each symbol has the bytes it has alone ($said)"; else not_ok "each symbol has the bytes it has alone" "$said"; fi
finish
