#!/usr/bin/env bash
# The README's table is what the demo gives, to the last printed digit; the picture it shows is committed.
. "$GNT_ROOT/tests/cli/check.sh"

run demo --quiet --out "$SCRATCH/demo"
expect "the demo runs" 0 "SYN-EDGE"
for symbol in SYN-EDGE SYN-NULL; do
  page=$SCRATCH/$symbol.md
  sed 's/\xc2\xa0/ /g' "$SCRATCH/demo/$symbol/regimes/report.md" >"$page" # no-break spaces
  for arm in baseline enhanced; do
    row=$(grep -F "| $symbol, 2021-08-02 to 2023-12-29 |" "$GNT_ROOT/README.md" | grep -F "| $arm |")
    # "| market | n | majority | arm | right (lo to hi) | p | after costs | holding |"
    right=$(printf '%s' "$row" | awk -F' *[|] *' '{print $6}')
    after=$(printf '%s' "$row" | awk -F' *[|] *' '{print $8}')
    if [ -n "$right" ] && grep -F "$right" "$page" | grep -qF "$arm" && grep -F -- "$after" "$page" | grep -qF "$arm"; then
      ok "README, $symbol, $arm: $right, $after"
    else not_ok "README, $symbol, $arm" "README says '$right' and '$after'; $(grep -F "| $arm |" "$page" | head -3)"; fi
  done
done
if [ -s "$GNT_ROOT/reports/demo/equity.png" ]; then ok "the README's picture"; else not_ok "the README's picture"; fi
finish
