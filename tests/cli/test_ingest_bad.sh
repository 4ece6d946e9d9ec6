#!/usr/bin/env bash
# gauntlet ingest on malformed input: one clear line, the right exit code, nothing written.
# shellcheck source=tests/cli/check.sh
. "$GNT_ROOT/tests/cli/check.sh"

HEAD='Date,Open,High,Low,Close,Adj Close,Volume'
GOOD='2024-03-04,1,2,1,1.5,1.4,10'
mkdir -p "$SCRATCH/kept"
printf '%s\n%s\n' "$HEAD" "$GOOD" >"$SCRATCH/OLD.csv"
run ingest --in "$SCRATCH/OLD.csv" --store "$SCRATCH/kept/old.h5"
expect "a good file is stored" 0 "1 bars"
OLD_SUM=$(sha256sum <"$SCRATCH/kept/old.h5")

# bad WHAT RC FRAGMENT CONTENT (printf format): refused without and with a store already there.
bad() {
  local file=$SCRATCH/BAD.csv left
  printf "$4" >"$file"
  mkdir "$SCRATCH/new"
  refuses "$1" "$2" "BAD.csv$3" ingest --in "$file" --store "$SCRATCH/new/s.h5"
  left=$(ls -A "$SCRATCH/new")
  rm -r "$SCRATCH/new"
  run ingest --in "$file" --store "$SCRATCH/kept/old.h5"
  if [ -n "$left" ]; then not_ok "$1: something was written" "$left"; fi
  if [ "$(sha256sum <"$SCRATCH/kept/old.h5")" != "$OLD_SUM" ]; then not_ok "$1: the old store changed"; fi
}

# ---- can't be read: 1 ----
bad "empty file" 1 ": empty" ''
bad "only blank lines" 1 ": empty" '\n\n\n'
bad "no header" 1 ":1: no column 'Date', expected Date,Open" "$GOOD\n"
bad "a column missing" 1 ":1: no column 'Close', expected Date,Open" 'Date,Open,High,Low,Adj Close,Volume\n2024-03-04,1,2,1,1.4,10\n'
bad "no volume" 1 ":1: no column 'Volume'" 'Date,Open,High,Low,Close\n2024-03-04,1,2,1,1.4\n'
bad "a column twice" 1 ":1: two columns named 'Close'" "$HEAD,close\n$GOOD,1\n"
bad "too few fields" 1 ":2: 6 cells, the header has 7" "$HEAD\n2024-03-04,1,2,1,1.5,1.4\n$GOOD\n"
bad "too many fields" 1 ":2: 8 cells, the header has 7" "$HEAD\n$GOOD,7\n"
bad "truncated last line" 1 ":3: truncated last line" "$HEAD\n$GOOD\n2024-03-05,1,2"
bad "truncated inside a number's place" 1 ":3: Volume '', expected a decimal number" "$HEAD\n$GOOD\n2024-03-05,1,2,1,1.5,1.4,"
bad "quote not closed" 1 ":2: " "$HEAD\n\"2024-03-04,1,2,1,1.5,1.4,10\n"
bad "blank line in the middle" 1 ":3: " "$HEAD\n$GOOD\n\n2024-03-05,1,2,1,1.5,1.4,10\n"
bad "date of another form" 1 ":2: date '03/04/2024', expected YYYY-MM-DD" "$HEAD\n03/04/2024,1,2,1,1.5,1.4,10\n"
bad "date that is none" 1 ":2: date '2024-02-30', expected YYYY-MM-DD" "$HEAD\n2024-02-30,1,2,1,1.5,1.4,10\n"
bad "letters behind a date" 1 ":2: date '2024-03-04x'" "$HEAD\n2024-03-04x,1,2,1,1.5,1.4,10\n"
bad "empty number" 1 ":2: Close '', expected a decimal number" "$HEAD\n2024-03-04,1,2,1,,1.4,10\n"
bad "hexadecimal number" 1 ":2: Open '0x1p0', expected a decimal number" "$HEAD\n2024-03-04,0x1p0,2,1,1.5,1.4,10\n"
bad "a word for a number" 1 ":2: High 'high', expected a decimal number" "$HEAD\n2024-03-04,1,high,1,1.5,1.4,10\n"
bad "thousands separator" 1 ":2: Volume '1,000', expected a decimal number" "$HEAD\n2024-03-04,1,2,1,1.5,1.4,\"1,000\"\n"
bad "decimal comma" 1 ":2: Close '1,5', expected a decimal number" "$HEAD\n2024-03-04,1,2,1,\"1,5\",1.4,10\n"
bad "two dots" 1 ":2: Close '1.5.1'" "$HEAD\n2024-03-04,1,2,1,1.5.1,1.4,10\n"
bad "half an exponent" 1 ":2: Close '1e'" "$HEAD\n2024-03-04,1,2,1,1e,1.4,10\n"
bad "not UTF-8" 1 ":2: byte 0xff is not UTF-8" "$HEAD,note\n$GOOD,\\377\n"
bad "overlong UTF-8" 1 ":2: byte 0xc0 is not UTF-8" "$HEAD,note\n$GOOD,\\300\\257\n"
bad "UTF-16" 1 ":1: byte 0xff is not UTF-8" '\377\376D\000a\000t\000e\000\n'
bad "embedded NUL" 1 ":2: NUL byte, expected text" "$HEAD\n2024-03-04,1,2,1,1.5,1.4,1\\0000\n"
LONG=$(head -c 1048600 /dev/zero | tr '\0' x)
printf '%s,note\n%s,%s\n' "$HEAD" "$GOOD" "$LONG" >"$SCRATCH/LONG.csv"
refuses "a line over 1 MiB" 1 "LONG.csv:2: line too long" ingest --in "$SCRATCH/LONG.csv" --store "$SCRATCH/n.h5"
refuses "no such file" 1 "NONE.csv: can't open" ingest --in "$SCRATCH/NONE.csv" --store "$SCRATCH/n.h5"
refuses "no regular file" 1 "not a regular file" ingest --in /dev/null --symbol X --store "$SCRATCH/n.h5"

# ---- well-formed, but no bars: 3 ----
bad "header only" 3 ": no bar" "$HEAD\n"
bad "Saturday" 3 ":2: 2024-03-02 is a Saturday" "$HEAD\n2024-03-02,1,2,1,1.5,1.4,10\n"
bad "holiday" 3 ":2: 2024-07-04 is no NYSE session (Independence Day)" "$HEAD\n2024-07-04,1,2,1,1.5,1.4,10\n"
bad "special closure" 3 ":2: 2018-12-05 is no NYSE session" "$HEAD\n2018-12-05,1,2,1,1.5,1.4,10\n"
bad "outside the calendar" 3 ":2: 1989-12-29 is outside the nyse calendar" "$HEAD\n1989-12-29,1,2,1,1.5,1.4,10\n"
bad "a date after today" 3 ":2: date 2199-03-04 is after today" "$HEAD\n2199-03-04,1,2,1,1.5,1.4,10\n"
bad "unsorted" 3 ":3: date 2024-03-01 after 2024-03-04, expected rising dates" "$HEAD\n$GOOD\n2024-03-01,1,2,1,1.5,1.4,10\n"
bad "doubled" 3 ":3: date 2024-03-04 twice" "$HEAD\n$GOOD\n$GOOD\n"
bad "partial nulls" 3 ":2: Open is null beside values" "$HEAD\n2024-03-04,null,2,1,1.5,1.4,10\n"
bad "price zero" 3 ":2: Low 0, expected above 0 and below 1e9" "$HEAD\n2024-03-04,1,2,0,1.5,1.4,10\n"
bad "price negative" 3 ":2: Open -1, expected above 0" "$HEAD\n2024-03-04,-1,2,1,1.5,1.4,10\n"
bad "price of 1e9" 3 ":2: High 1000000000, expected above 0 and below 1e9" "$HEAD\n2024-03-04,1,1e9,1,1.5,1.4,10\n"
bad "price not finite" 3 ":2: Close nan, expected above 0" "$HEAD\n2024-03-04,1,2,1,nan,1.4,10\n"
bad "price infinite" 3 ":2: High inf" "$HEAD\n2024-03-04,1,Infinity,1,1.5,1.4,10\n"
bad "price that overflows" 3 ":2: High inf" "$HEAD\n2024-03-04,1,1e999,1,1.5,1.4,10\n"
bad "adjusted close zero" 3 ":2: Adj Close 0" "$HEAD\n2024-03-04,1,2,1,1.5,0,10\n"
bad "high below low" 3 ":2: high 1 below low 2" "$HEAD\n2024-03-04,1,1,2,1.5,1.4,10\n"
bad "open above high" 3 ":2: open 3 above high 2" "$HEAD\n2024-03-04,3,2,1,1.5,1.4,10\n"
bad "close below low" 3 ":2: close 0.5 below low 1" "$HEAD\n2024-03-04,1,2,1,0.5,1.4,10\n"
bad "volume negative" 3 ":2: Volume -1, expected 0 to 2^53" "$HEAD\n2024-03-04,1,2,1,1.5,1.4,-1\n"
bad "volume above 2^53" 3 ":2: Volume 9.007199255e+15, expected 0 to 2^53" "$HEAD\n2024-03-04,1,2,1,1.5,1.4,9007199254740994\n"
refuses "no bar in the dates" 3 "OLD.csv: no bar left in the dates asked for" ingest --in "$SCRATCH/OLD.csv" --from 2020-01-01 --to 2020-12-31 --store "$SCRATCH/n.h5"

# ---- stores and command lines ----
printf 'hello' >"$SCRATCH/text.h5"
refuses "a store that is none" 1 "text.h5: not a readable HDF5 file" ingest --in "$SCRATCH/OLD.csv" --store "$SCRATCH/text.h5"
head -c 3000 "$SCRATCH/kept/old.h5" >"$SCRATCH/half.h5"
refuses "half a store" 1 "half.h5: not a readable HDF5 file" ingest --in "$SCRATCH/OLD.csv" --store "$SCRATCH/half.h5"
printf '{"provenance": "genuine"}' >"$SCRATCH/OLD.csv.manifest.json"
refuses "a sidecar of unknown provenance" 1 "provenance 'genuine', expected real, replay or synthetic" ingest --in "$SCRATCH/OLD.csv"
rm "$SCRATCH/OLD.csv.manifest.json"
refuses "a source not built" 2 "s3" ingest --source s3 --symbol X --from 2020-01-01
refuses "an empty symbol" 2 "symbol" ingest --in "$SCRATCH/OLD.csv" --symbol ''
refuses "a symbol that STORE.h5:SYMBOL could not name" 2 "symbol 'a:b'" ingest --in "$SCRATCH/OLD.csv" --symbol a:b
refuses "a symbol that would be a whole store" 2 "symbol '*'" ingest --in "$SCRATCH/OLD.csv" --symbol '*'
refuses "a symbol with a slash" 2 "symbol 'a/b'" ingest --in "$SCRATCH/OLD.csv" --symbol a/b
refuses "a symbol of dots" 2 "symbol '..'" ingest --in "$SCRATCH/OLD.csv" --symbol ..
refuses "a symbol twice" 2 "symbol 'A' given twice" ingest --in "$SCRATCH/OLD.csv" --in "$SCRATCH/OLD.csv" --symbol A --symbol A
refuses "fewer symbols than files" 2 "1 --symbol for 2 --in" ingest --in "$SCRATCH/OLD.csv" --in "$SCRATCH/OLD.csv" --symbol A
refuses "no input" 2 "--in FILE is missing" ingest --store "$SCRATCH/n.h5"
refuses "a download without dates" 2 "--from" ingest --source yahoo --symbol IBB
refuses "dates in the wrong order" 2 "--from is after --to" ingest --in "$SCRATCH/OLD.csv" --from 2024-01-02 --to 2024-01-01
refuses "a base that is no URL" 2 "base 'ftp://x'" ingest --source yahoo --symbol IBB --from 2020-01-01 --base ftp://x
if [ -e "$SCRATCH/n.h5" ]; then not_ok "a store came from nothing"; else ok "no store came from any of these"; fi

run ingest --in "$SCRATCH/BAD.csv" --json
if [ "$RC" = 3 ] && grep -q '"error": "validation"' "$OUT"; then ok "--json names the kind of error"; else not_ok "--json names the kind of error" "$(cat "$OUT")"; fi
finish
