#!/usr/bin/env bash
# Made-up bars for tests of many symbols: FOLDER/SYN-0000.csv .., each a random walk on weekdays from 2001-01-01.
# usage: make.sh FOLDER SYMBOLS BARS
set -euo pipefail
mkdir -p "$1"
LC_ALL=C awk -v folder="$1" -v symbols="$2" -v bars="$3" '
  function leap(y) { return y % 4 == 0 && (y % 100 != 0 || y % 400 == 0) }
  function dates(   t, y, m, d, w, long) { # Monday, 1 January 2001, and on
    y = 2001; m = 1; d = 1; w = 1
    split("31 28 31 30 31 30 31 31 30 31 30 31", long, " ")
    for (t = 0; t < bars;) {
      if (w < 6) date[t++] = sprintf("%04d-%02d-%02d", y, m, d)
      w = w % 7 + 1
      if (++d > long[m] + (m == 2 && leap(y))) { d = 1; if (++m > 12) { m = 1; y++ } }
    }
  }
  BEGIN {
    dates()
    for (s = 0; s < symbols; s++) {
      file = sprintf("%s/SYN-%04d.csv", folder, s)
      srand(s + 1)
      print "Date,Open,High,Low,Close,Adj Close,Volume" > file
      price = 20 + 200 * rand()
      for (t = 0; t < bars; t++) {
        open = price * (1 + 0.01 * (rand() - 0.5)); close_ = open * (1 + 0.03 * (rand() - 0.4985))
        high = (open > close_ ? open : close_) * (1 + 0.01 * rand()); low = (open < close_ ? open : close_) * (1 - 0.01 * rand())
        printf "%s,%.6f,%.6f,%.6f,%.6f,%.6f,%d\n", date[t], open, high + 1e-6, low, close_, close_ * 0.9, 1e5 + 1e6 * rand() > file
        price = close_ < 1 ? 1 : close_ > 1e5 ? 1e5 : close_
      }
      close(file)
    }
  }'
