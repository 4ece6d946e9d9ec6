#!/usr/bin/env python3
"""Registers, spills and stack of every kernel, as the build's assembler reported them, beside the committed record.

usage: check.py [--build FOLDER] [--record-file FILE] [--sources FOLDER] [--compiler VERSION] [--record]

  --build        the build folder (build)
  --record-file  the record (tests/kernels/registers.txt)
  --sources      where the .cu lie (kernels/cuda); a kernel of a source that is gone isn't judged
  --compiler     nvcc's version; the build's own when left out
  --record       write what was found as the new record

One line a kernel: "ok - ...", or "not ok - ..." for any spill, a stack frame that the record hasn't, more registers
than recorded, a kernel without a record, and a recorded one that is gone. Registers are judged only for the compiler
they were recorded with, spills and stack always. Exit 1 when any is not ok, 77 when nothing could be judged.
"""

import argparse
import pathlib
import re
import sys

import build

HERE = pathlib.Path(__file__).resolve().parent
HEAD = """# Registers a thread of every kernel by architecture, by CUDA's assembler; "+ N" after one: N bytes of stack.
# Rewritten by tests/kernels/check.py --record after a build; compared by ctest (lint.test_kernels).
"""


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("--record-file", default=HERE / "registers.txt")
    parser.add_argument("--sources", default=build.ROOT / "kernels" / "cuda")
    parser.add_argument("--compiler")
    parser.add_argument("--record", action="store_true")
    return parser.parse_args()


def read_record(path):
    """(compiler, {(source, kernel, architecture): (registers, stack)})"""
    recorded, compiler, columns = {}, "", []
    for line in pathlib.Path(path).read_text().splitlines():
        words = line.split()
        if line.startswith("# compiler "):
            compiler = words[2]
        elif line.startswith("# source kernel "):
            columns = words[3:]
        elif words and not line.startswith("#"):
            figures = re.findall(r"(\d+|-)(?:\+(\d+))?(?:\s|$)", line.split(maxsplit=2)[2].replace(" + ", "+"))
            for arch, (registers, stack) in zip(columns, figures):
                if registers != "-":
                    recorded[words[0], words[1], arch] = (int(registers), int(stack or 0))
    return compiler, recorded


def write_record(path, compiler, rows):
    archs = sorted({row["arch"] for row in rows}, key=lambda a: int(re.sub(r"\D", "", a)))
    found = {(row["source"], row["kernel"], row["arch"]): row for row in rows}
    lines = [f"# compiler {compiler}", f"# source kernel {' '.join(archs)}"]
    for source, kernel in sorted({(row["source"], row["kernel"]) for row in rows}):
        cells = []
        for arch in archs:
            row = found.get((source, kernel, arch))
            cells.append("-" if not row else f"{row['registers']}" + (f" + {row['stack']}" if row["stack"] else ""))
        lines.append(f"{source:<18} {kernel:<52} " + " ".join(f"{cell:>6}" for cell in cells))
    path = pathlib.Path(path)
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(HEAD + "\n".join(lines) + "\n")
    temporary.replace(path)
    print(f"recorded {len(lines) - 2} kernels in {path}")


def faults(row, known, judged):
    """What is wrong with a kernel; known: its recorded (registers, stack) or None."""
    wrong = []
    if row["spill_stores"] or row["spill_loads"]:
        wrong.append(f"spills {row['spill_stores']} bytes of stores, {row['spill_loads']} of loads")
    if row["stack"] > (known[1] if known else 0):
        wrong.append(f"{row['stack']} bytes of stack, recorded {known[1] if known else 0}")
    if judged and not known:
        wrong.append("not in the record: check.py --record")
    if judged and known and row["registers"] > known[0]:
        wrong.append(f"recorded {known[0]}")
    return wrong


def judge(rows, compiler, recorded_compiler, recorded):
    """Prints a line a kernel; True when all are ok."""
    judged, good = compiler == recorded_compiler, True
    if not judged:
        print(f"skip - registers: recorded with nvcc {recorded_compiler or '(none)'}, this is {compiler}")
    for row in rows:
        key = (row["source"], row["kernel"], row["arch"])
        wrong = faults(row, recorded.get(key), judged)
        what = f"{row['source']} {row['kernel']} {row['arch']}: {row['registers']} registers"
        less = judged and not wrong and row["registers"] < recorded[key][0]
        hint = f", recorded {recorded[key][0]}; lower the record: check.py --record" if less else ""
        print(f"not ok - {what}: {'; '.join(wrong)}" if wrong else f"ok - {what}{hint}")
        good = good and not wrong
    built, found = {row["arch"] for row in rows}, {(row["source"], row["kernel"], row["arch"]) for row in rows}
    for key in sorted(recorded):
        if judged and key[2] in built and key not in found:
            print(f"not ok - {' '.join(key)}: in the record, but not built any more: check.py --record")
            good = False
    return good


def main():
    chosen = options()
    try:
        compiler = chosen.compiler or build.compiler(chosen.build)
        rows = build.read_logs(chosen.build, chosen.sources)
        if not rows:
            raise build.Missing("the build left no report of the assembler")
    except build.Missing as reason:
        print(f"skip - registers and spills of the CUDA kernels: {reason}")
        sys.exit(77)
    if chosen.record:
        write_record(chosen.record_file, compiler, rows)
        return
    path = pathlib.Path(chosen.record_file)
    recorded = read_record(path) if path.exists() else ("", {})
    sys.exit(0 if judge(rows, compiler, *recorded) else 1)


if __name__ == "__main__":
    main()
