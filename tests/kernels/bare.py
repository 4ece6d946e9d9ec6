#!/usr/bin/env python3
"""Prints "FILE:LINE: text" of every line of the C files it is given, comments and string contents blanked out."""

import re
import sys

SKIP = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def blank(match):
    text = match.group()
    return '""' if text[0] == '"' else re.sub(r"[^\n]", " ", text)


for name in sys.argv[1:]:
    if name.endswith((".c", ".h", ".cu", ".cuh", ".cpp")):
        with open(name) as file:
            for number, line in enumerate(SKIP.sub(blank, file.read()).splitlines(), 1):
                if line.strip():
                    print(f"{name}:{number}: {line.strip()}")
