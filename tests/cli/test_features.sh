#!/usr/bin/env bash
# gauntlet features: the three forms say the same, the same bytes for any number of threads, the original demo's files, and
# what is refused. The built-in market everywhere; the dates of the real bars where they are; arrays need GNT_VENV (numpy, h5py).
# shellcheck source=tests/cli/check.sh
. "$GNT_ROOT/tests/cli/check.sh"
REAL=$GNT_ROOT/../shared/data/IBB_raw_2018-01-01_2023-12-31.csv
HASH=9524875d66c021dc0a4052348aef43f60fe9537a9e74f1a0bbd4f48952f0cf59
EDGE=(features --bars builtin:SYN-EDGE)

same() { if cmp -s "$2" "$3"; then ok "$1"; else not_ok "$1" "$(cmp "$2" "$3" 2>&1)"; fi; }
is() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "got '$2', expected '$3'"; fi; }

# ---- the three forms
for ending in csv npy h5; do
  run "${EDGE[@]}" --out "$SCRATCH/a.$ending" --threads 1 --json
  expect "$ending: schema, hash and provenance" 0 "\"schema\": \"gauntlet-35\", \"version\": 1, \"hash\": \"$HASH\", \"symbols\": [\"SYN-EDGE\"]"
  expect "$ending: synthetic" 0 '"provenance": "synthetic"'
  expect "$ending: out" 0 "\"out\": \"$SCRATCH/a.$ending\""
  run "${EDGE[@]}" --out "$SCRATCH/b.$ending" --threads 2
  expect "$ending: says where it stands" 0 "SYN-EDGE (synthetic): "
  is "$ending: one line for a person" "$(wc -l <"$OUT")" 1
  same "$ending: the same bytes twice and on 1 and 2 threads" "$SCRATCH/a.$ending" "$SCRATCH/b.$ending"
done
for ending in csv npy; do
  if grep -q '"provenance": "synthetic"' "$SCRATCH/a.$ending.manifest.json" && grep -q "$HASH" "$SCRATCH/a.$ending.manifest.json"; then
    ok "$ending: the manifest beside it"
  else not_ok "$ending: the manifest beside it" "$(cat "$SCRATCH/a.$ending.manifest.json")"; fi
done
# the file's own header gives the schema's hash: SHA-256 of name, version and names, each line ended by LF
is "the header is the schema" "$({ printf 'gauntlet-35\n1\n'; head -1 "$SCRATCH/a.csv" | cut -d, -f2- | tr , '\n'; } | sha256sum | cut -d' ' -f1)" $HASH
is "no gap in the CSV" "$(grep -ciE 'nan|inf|,,|,$' "$SCRATCH/a.csv")" 0
is "36 cells on every line" "$(awk -F, '{ print NF }' "$SCRATCH/a.csv" | sort -u)" 36

# ---- levels-17
run "${EDGE[@]}" --bars builtin:SYN-NULL --schema levels-17 --out "$SCRATCH/two.csv" --json
expect "levels-17 of two symbols has 35 columns" 0 '"features": 35'
expect "levels-17: both symbols" 0 '"symbols": ["SYN-EDGE", "SYN-NULL"]'
run features --bars builtin:SYN-NULL --bars builtin:SYN-EDGE --schema levels-17 --out "$SCRATCH/other.csv"
same "levels-17: the same bytes for any order of --bars" "$SCRATCH/two.csv" "$SCRATCH/other.csv"
case $(head -1 "$SCRATCH/two.csv") in date,SYN-EDGE_open,*,SYN-EDGE_rsi_14,SYN-NULL_open,*,SYN-NULL_rsi_14,ret_1) ok "levels-17: columns in order" ;;
*) not_ok "levels-17: columns in order" "$(head -1 "$SCRATCH/two.csv")" ;; esac

# ---- refused, with nothing written
mkdir "$SCRATCH/none"
NO=$SCRATCH/none
refuses "neither --out nor --processed" 2 "--processed DIR" "${EDGE[@]}"
for name in x.parquet x .csv; do
  refuses "an ending that is none: $name" 2 ".csv, .npy or .h5" "${EDGE[@]}" --out "$NO/$name"
done
refuses "levels-17 of adjusted prices" 2 "later dividends would leak" "${EDGE[@]}" --schema levels-17 --price adj --out "$NO/x.csv" --quiet
refuses "processed of adjusted prices" 2 "prices as given" "${EDGE[@]}" --price adj --processed "$NO/p" --quiet
refuses "two symbols of gauntlet-35" 2 "one symbol" "${EDGE[@]}" --bars builtin:SYN-NULL --out "$NO/x.csv" --quiet
refuses "a symbol twice" 2 "must differ" "${EDGE[@]}" --bars builtin:SYN-EDGE --schema levels-17 --out "$NO/x.csv" --quiet
refuses "an unknown schema" 2 "gauntlet-35|levels-17" "${EDGE[@]}" --schema levels --out "$NO/x.csv"
refuses "no such bars" 1 "absent.csv" features --bars absent.csv --out "$NO/x.csv" --quiet
refuses "a folder that isn't there" 1 "absent" "${EDGE[@]}" --out "$NO/absent/x.npy" --quiet
cat >"$SCRATCH/FEW.csv" <<'CSV'
Date,Open,High,Low,Close,Adj Close,Volume
2020-01-02,10,11,9,10,10,100
2020-01-03,10,11,9,10,10,100
CSV
refuses "fewer bars than the warm-up" 1 "needs at least 50 bars" features --bars "$SCRATCH/FEW.csv" --out "$NO/x.csv" --quiet
# 24 weekdays: 4 rows of levels-17 with a label, too few for three parts
{
  head -1 "$SCRATCH/FEW.csv"
  for day in 02 03 06 07 08 09 10 13 14 15 16 17 20 21 22 23 24 27 28 29 30 31; do echo "2020-01-$day,10,11,9,10,10,100"; done
  printf '2020-02-%s,10,11,9,10,10,100\n' 03 04
} >"$SCRATCH/SHORT.csv"
refuses "too few rows for three parts" 1 "expected 8 or more" features --bars "$SCRATCH/SHORT.csv" --schema levels-17 --processed "$NO/p" --quiet
cp "$SCRATCH/FEW.csv" "$SCRATCH/KEPT.csv"
refuses "an output that is the input" 2 "would replace the bars" features --bars "$SCRATCH/FEW.csv" --out "$SCRATCH/FEW.csv" --quiet
same "the input is whole" "$SCRATCH/FEW.csv" "$SCRATCH/KEPT.csv"
is "nothing was written" "$(find "$NO" -mindepth 1 | wc -l)" 0

# ---- the original demo's files: n rows with a label, test = ceil(n/5), val = ceil(15 % of the rest), one row purged each
P=$SCRATCH/processed
run "${EDGE[@]}" --processed "$P" --threads 1 --json
expect "processed" 0 '"processed": {"dir"'
n=$(($(wc -l <"$SCRATCH/a.csv") - 2)) # without the header and the last row, which has no label
test=$(((n + 4) / 5))
val=$(((15 * (n - test) + 99) / 100))
expect "68/12/20 % less the purged rows" 0 "\"train\": $((n - test - val - 1)), \"val\": $((val - 1)), \"test\": $test"
run "${EDGE[@]}" --processed "$SCRATCH/again" --threads 2
if diff -r "$P" "$SCRATCH/again" >"$SCRATCH/diff"; then ok "processed: the same bytes twice"; else not_ok "processed: the same bytes twice" "$(cat "$SCRATCH/diff")"; fi
is "its files" "$(find "$P" -type f ! -name '*_raw_*' -printf '%f\n' | sort | tr '\n' ' ')" "combined_processed_data.csv feature_names.txt manifest.json test_features.npy test_targets.npy train_features.npy train_targets.npy val_features.npy val_targets.npy "
is "the raw bars and their manifest" "$(find "$P" -type f -printf '%f\n' | grep -cE '^SYN-EDGE_raw_20[0-9-]{8}_20[0-9-]{8}\.csv(\.manifest\.json)?$')" 2
same "feature_names.txt is the header" "$P/feature_names.txt" <(head -1 "$SCRATCH/a.csv" | cut -d, -f2- | tr , '\n')
same "combined_processed_data.csv holds the raw features" <(sed '$d' "$SCRATCH/a.csv") <(sed 's/,[^,]*$//' "$P/combined_processed_data.csv")
raw=$(ls "$P"/SYN-EDGE_raw_*.csv)
is "its targets are the bars' next closes" "$(sed 's/.*,//' "$P/combined_processed_data.csv" | tail -n +2 | tr -d '\n')" \
  "$(tail -n +2 "$raw" | awk -F, 'NR > 1 { y = y ($5 > c) } { c = $5 } END { print substr(y, 50) }')"
if grep -q '"provenance": "synthetic"' "$P/manifest.json" && grep -q '"provenance": "synthetic"' "$raw.manifest.json"; then
  ok "processed: provenance"; else not_ok "processed: provenance" "$(cat "$P/manifest.json")"; fi
run features --bars "$raw" --out "$SCRATCH/from_raw.csv" --json
expect "the raw bars keep their provenance" 0 '"provenance": "synthetic"'
same "the raw bars give the same features" "$SCRATCH/a.csv" "$SCRATCH/from_raw.csv"

run ingest --in "$raw" --store "$SCRATCH/bars.h5"
run features --bars "$SCRATCH/bars.h5:SYN-EDGE" --out "$SCRATCH/from_store.npy"
expect "bars of a store" 0 "SYN-EDGE (synthetic): "
same "a store gives the same features" "$SCRATCH/a.npy" "$SCRATCH/from_store.npy"
cp "$SCRATCH/bars.h5" "$SCRATCH/kept.h5"
refuses "an output that is the store" 2 "would replace the bars" features --bars "$SCRATCH/bars.h5:SYN-EDGE" --out "$SCRATCH/bars.h5" --quiet
same "the store is whole" "$SCRATCH/bars.h5" "$SCRATCH/kept.h5"
cp "$raw" "$SCRATCH/source.csv"
run features --bars "$raw" --processed "$P"
expect "a folder made from its own raw bars" 0 "written"
same "the source in the folder stays as it is" "$raw" "$SCRATCH/source.csv"

# ---- real bars
if [ -e "$REAL" ]; then
  run features --bars "$REAL" --out "$SCRATCH/ibb.csv" --json
  expect "IBB: first row 2018-03-14" 0 '"rows": 1460, "features": 35, "first": "2018-03-14", "last": "2023-12-29"'
  expect "IBB: real" 0 '"provenance": "real"'
  is "IBB: the CSV starts there" "$(sed -n 2p "$SCRATCH/ibb.csv" | cut -d, -f1)" 2018-03-14
  run features --bars "$REAL" --price adj --out "$SCRATCH/adj.csv" --json
  expect "IBB: adjusted" 0 '"price": "adj"'
  if cmp -s "$SCRATCH/ibb.csv" "$SCRATCH/adj.csv"; then not_ok "IBB: dividends matter"; else ok "IBB: dividends matter"; fi
  run features --bars "$REAL" --schema levels-17 --processed "$SCRATCH/ibb" --json
  expect "IBB: the demo's 1012, 179 and 298 rows less two purged" 0 '"train": 1011, "val": 178, "test": 298'
  expect "IBB alone has 18 columns" 0 '"features": 18'
else skip "the real bars are not there: first date, rows of the demo"; fi

# ---- arrays
if ! has_venv; then
  skip "npy, h5 and processed arrays read by numpy and h5py: GNT_VENV is unset"
  finish
fi
run "${EDGE[@]}" --schema levels-17 --processed "$SCRATCH/levels"
said=$("$GNT_VENV/bin/python3" - "$SCRATCH" $HASH 2>&1 <<'PY'
import datetime, json, sys, h5py, numpy
folder, digest = sys.argv[1:]
def table(path):
    rows = [line.rstrip("\n").split(",") for line in open(path)]
    return rows[0], [r[0] for r in rows[1:]], numpy.array([r[1:] for r in rows[1:]], dtype=numpy.float64)
names, dates, wide = table(folder + "/a.csv")
x = wide.astype(numpy.float32)
npy = numpy.load(folder + "/a.npy")
assert npy.dtype == numpy.float32 and npy.shape == x.shape and npy.tobytes() == x.tobytes(), "npy is not the csv"
with h5py.File(folder + "/a.h5") as h5:
    assert h5["x"].dtype == numpy.float32 and h5["x"][()].tobytes() == x.tobytes(), "h5 is not the csv"
    assert h5["x"].fletcher32
    assert [n.decode() for n in h5["names"][()]] == names[1:]
    epoch = datetime.date(1970, 1, 1)
    assert [(epoch + datetime.timedelta(int(d))).isoformat() for d in h5["day"][()]] == dates
    text = {k: v.decode() if isinstance(v, bytes) else v for k, v in h5.attrs.items()}
    assert (text["schema"], text["schema_version"], text["schema_hash"]) == ("gauntlet-35", 1, digest), text
    assert (text["provenance"], text["symbol"], text["price"]) == ("synthetic", "SYN-EDGE", "close"), text
    assert text["source_sha256"] == json.load(open(folder + "/a.csv.manifest.json"))["source_sha256"][0]
for name, standard in (("processed", True), ("levels", False)):
    at = folder + "/" + name + "/"
    manifest = json.load(open(at + "manifest.json"))
    _, dates, wide = table(at + "combined_processed_data.csv")
    raw, target = wide[:, :-1].astype(numpy.float32), wide[:, -1]
    n = [p["rows"] for p in manifest["parts"]]
    begin = [0, n[0] + 1, n[0] + n[1] + 2]
    assert begin[2] + n[2] == len(raw), "the test part ends with the last labelled row"
    train = raw[: n[0]].astype(numpy.float64)
    if standard:
        center, scale, limit = train.mean(0), train.std(0), 5
    else:
        center, scale, limit = train.min(0), train.max(0) - train.min(0), numpy.inf
    # the scaler's float64 fit is rounded to float32 once, and each of Sub and Div rounds once
    assert (numpy.abs(manifest["scaler"]["center"] - center) <= 2.0**-22 * numpy.abs(train).max(0)).all()
    assert (numpy.abs(manifest["scaler"]["scale"] - scale) <= 2.0**-22 * scale).all()
    center, scale = (numpy.array(manifest["scaler"][k], dtype=numpy.float32) for k in ("center", "scale"))
    for k, part in enumerate(("train", "val", "test")):
        rows = slice(begin[k], begin[k] + n[k])
        got, y = numpy.load(at + part + "_features.npy"), numpy.load(at + part + "_targets.npy")
        want = numpy.clip((raw[rows] - center) / scale, -limit, limit).astype(numpy.float32)
        assert got.dtype == y.dtype == numpy.float32 and got.shape == want.shape and y.shape == (n[k],)
        assert got.tobytes() == want.tobytes(), (name, part)
        assert (y == target[rows]).all() and set(y) == {0.0, 1.0}
        assert [manifest["parts"][k]["first"], manifest["parts"][k]["last"]] == [dates[rows][0], dates[rows][-1]]
    assert standard or ((numpy.load(at + "train_features.npy").min(0) == 0).all() and (numpy.load(at + "train_features.npy").max(0) == 1).all())
print(x.shape, n)
PY
)
if [ $? = 0 ]; then ok "numpy and h5py read what the CSV says, parts are scaled by train rows ($said)"; else not_ok "numpy and h5py read what the CSV says" "$said"; fi
finish
