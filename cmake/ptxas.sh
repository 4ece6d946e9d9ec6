#!/bin/sh
# Runs nvcc, and keeps what its assembler says of registers and spills beside the object, in OBJECT.ptxas
# (tests/kernels reads it). Everything else that nvcc says is passed on.
object='' previous=''
for word in "$@"; do
  [ "$previous" != -o ] || object=$word
  previous=$word
done
"$@" -Xptxas=-v 2>"$object.ptxas"
status=$?
ours="^ptxas info +: (Compiling entry|Function properties|Used [0-9]+ reg|Compile time|[0-9]+ bytes gmem)|^ +[0-9]+ bytes stack"
grep -vE "$ours" "$object.ptxas" >&2
exit $status
