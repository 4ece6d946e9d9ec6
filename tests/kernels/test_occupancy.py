#!/usr/bin/env python3
"""Compares chips.py with the toolkit's own occupancy calculator; argument: occupancy.cpp's program. Exit 1 when they
differ."""

import itertools
import subprocess
import sys

import chips

REGISTERS = (16, 24, 32, 33, 40, 64, 65, 96, 127, 128, 168, 255)
THREADS = (32, 64, 96, 128, 160, 192, 256, 384, 512, 768, 1024)
SHARED = (0, 1, 1024, 5000, 16384, 33000, 49152, 60000, 100000, 163 << 10, 167000, 200000, 227 << 10)


def line(arch, *case):
    limit = chips.LIMITS[arch]
    return " ".join(map(str, (arch[3:], limit["shared"], limit["block_shared"], *case)))


cases = list(itertools.product(chips.LIMITS, REGISTERS, THREADS, SHARED))
asked = "\n".join(line(*case) for case in cases)
theirs = subprocess.run([sys.argv[1]], input=asked, capture_output=True, text=True, check=True).stdout.split()
ours = [chips.blocks_resident(*case)[0] for case in cases]
wrong = [(case, a, int(b)) for case, a, b in zip(cases, ours, theirs, strict=True) if a != int(b)]
for case, a, b in wrong[:10]:
    print(f"{case}: {a} blocks by chips.py, {b} by cuda_occupancy.h")
print(f"{len(cases)} cases, {len(wrong)} differ")
sys.exit(1 if wrong or not cases else 0)
