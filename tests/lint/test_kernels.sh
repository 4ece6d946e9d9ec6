#!/usr/bin/env bash
# No CUDA kernel spills or takes more registers than recorded (tests/kernels/check.py); and the check can fail, shown on
# a kernel that its launch bounds leave too few registers for.
# shellcheck source=tests/cli/check.sh
. "$GNT_ROOT/tests/cli/check.sh" || exit 1
CHECK=$GNT_ROOT/tests/kernels/check.py
BUILD=$(dirname "$GAUNTLET")
command -v python3 >/dev/null || { echo "skip - registers and spills of the CUDA kernels: no python3"; exit 77; }

python3 "$CHECK" --build "$BUILD" >"$SCRATCH/said" 2>&1
rc=$?
cat "$SCRATCH/said"
[ $rc != 77 ] || exit 77
if [ $rc = 0 ]; then ok "no kernel spills, none grew"; else not_ok "no kernel spills, none grew"; fi

# ---- the check itself
NVCC=$(sed -n 's/^CMAKE_CUDA_COMPILER:[A-Z]*=//p' "$BUILD/CMakeCache.txt")
# kernel BLOCKS: wide.cu with one kernel of 48 sums a thread, its registers cut by BLOCKS a multiprocessor
kernel() {
  cat >"$SCRATCH/wide.cu" <<CU
__global__ void __launch_bounds__(1024, $1) wide(float *y, const float *x, int n)
{
    float sum[48];
    for (int i = 0; i < 48; i++) sum[i] = x[i];
    for (int k = 0; k < n; k++)
        for (int i = 0; i < 48; i++) sum[i] = fmaf(sum[(i + 1) % 48], x[k], sum[i]);
    for (int i = 0; i < 48; i++) y[i * 1024 + threadIdx.x] = sum[i];
}
CU
  sh "$GNT_ROOT/cmake/ptxas.sh" "$NVCC" -gencode=arch=compute_90,code=sm_90 -c "$SCRATCH/wide.cu" -o "$SCRATCH/wide.cu.o"
}
# judge WHAT RC FRAGMENT OPTION...: check.py says FRAGMENT of the build in $SCRATCH, and ends so
judge() {
  local what=$1 rc=$2 fragment=$3 said got=0
  shift 3
  said=$(python3 "$CHECK" --build "$SCRATCH" --sources "$SCRATCH" --record-file "$SCRATCH/record" --compiler 1.2.3 "$@" 2>&1) || got=$?
  if [ $got = "$rc" ] && grep -qE -- "$fragment" <<<"$said"; then ok "$what"; else not_ok "$what" "exit $got, expected $rc and '$fragment'; said: $said"; fi
}
if ! kernel 1; then not_ok "the kernel to try it on compiles"; finish; fi
judge "a kernel without a record passes on spills alone" 0 '^ok - wide.cu wide sm_90: [0-9]+ registers$'
judge "recording" 0 '^recorded 1 kernels' --record
judge "what was recorded passes" 0 '^ok - wide.cu wide sm_90: [0-9]+ registers$'
registers=$(awk '$1 == "wide.cu" { print $3 }' "$SCRATCH/record")
sed "s/ $registers\$/ $((registers - 1))/" "$SCRATCH/record" >"$SCRATCH/lower" && mv "$SCRATCH/lower" "$SCRATCH/record"
judge "one register more than recorded fails" 1 "^not ok - wide.cu wide sm_90: $registers registers: recorded $((registers - 1))\$"
judge "another compiler's record judges no registers" 0 '^skip - registers: recorded with nvcc 1.2.3, this is 9.9' --compiler 9.9
sed "s/ $((registers - 1))\$/ $((registers + 1))/" "$SCRATCH/record" >"$SCRATCH/higher" && mv "$SCRATCH/higher" "$SCRATCH/record"
judge "one fewer passes and asks for a lower record" 0 'lower the record'
sed -i 's/ wide / gone /' "$SCRATCH/record"
judge "a kernel that isn't in the record" 1 '^not ok - wide.cu wide sm_90: .*not in the record'
judge "a recorded kernel that is gone" 1 '^not ok - wide.cu gone sm_90: in the record, but not built'
rm "$SCRATCH/record"
kernel 2
judge "a kernel that spills fails, without a record" 1 '^not ok - wide.cu wide sm_90: 32 registers: spills [1-9][0-9]* bytes of stores, [1-9][0-9]* of loads; [1-9][0-9]* bytes of stack'
judge "recording it" 0 '^recorded 1 kernels' --record
judge "and with one" 1 '^not ok - wide.cu wide sm_90: 32 registers: spills [1-9]'
rm "$SCRATCH/wide.cu"

# ---- occupancy: our formula beside the toolkit's calculator
INCLUDE=$(dirname "$(dirname "$NVCC")")/include
if [ ! -f "$INCLUDE/cuda_occupancy.h" ]; then skip "occupancy: no cuda_occupancy.h beside $NVCC"
elif said=$({ g++ -I "$INCLUDE" "$GNT_ROOT/tests/kernels/occupancy.cpp" -o "$SCRATCH/occupancy" && python3 "$GNT_ROOT/tests/kernels/test_occupancy.py" "$SCRATCH/occupancy"; } 2>&1); then
  ok "occupancy as the toolkit's calculator has it: $said"; else not_ok "occupancy as the toolkit's calculator has it" "$said"; fi

judge "nothing to judge is skipped" 77 '^skip - registers and spills of the CUDA kernels: the build left no report'
finish
