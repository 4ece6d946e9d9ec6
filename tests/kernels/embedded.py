#!/usr/bin/env python3
"""Checks what gauntlet-cuda.so holds: machine code for the configured architectures and PTX for the newest of them (and
those asked for), nothing else; in its kernels no jump or call through a register.

usage: embedded.py [--build FOLDER]; one line a check; exit 1 when one is not ok, 77 when the tools are missing.
"""

import argparse
import sys

import build
import sass


def report(good, what, shown=""):
    print(f"{'ok' if good else 'not ok'} - {what}" + (f": {shown}" if not good else ""))
    return good


def architectures(folder, module):
    entries = build.cache(folder)
    real = [a for a in entries["GNT_CUDA_ARCH"].split(";") if a]
    virtual = [a for a in entries["GNT_CUDA_PTX"].split(";") if a]
    code, ptx = build.embedded(module)
    wanted = set(real[-1:] + virtual)
    return [
        report(code == set(real), f"machine code for sm {', '.join(real)} alone", f"found {sorted(code)}"),
        report(ptx == wanted, f"PTX for {', '.join(sorted(wanted))} alone", f"found {sorted(ptx)}"),
    ]


def kernels(module):
    indirect, n = [], 0
    for arch, text, _ in build.disassemble(module, with_bounds=False):
        for name, lines in sass.parse(text).items():
            n += 1
            indirect += [f"{name} {arch} {c.opcode} {c.operands}" for _, c in lines if c and sass.is_indirect(c)]
    if not n:
        print("skip - machine code of the kernels: the module has none yet")
        return []
    return [report(not indirect, f"no jump or call through a register in {n} kernels", "; ".join(indirect[:5]))]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    chosen = parser.parse_args()
    try:
        module = build.module(chosen.build)
        sys.exit(0 if all(architectures(chosen.build, module) + kernels(module)) else 1)
    except build.Missing as reason:
        print(f"skip - what gauntlet-cuda.so holds: {reason}")
        sys.exit(77)


if __name__ == "__main__":
    main()
