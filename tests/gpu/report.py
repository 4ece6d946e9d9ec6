#!/usr/bin/env python3
"""What ./run.sh gpu left in a folder -> README.md and pictures beside it. Every number comes from the files.

usage: report.py FOLDER     reads forward, bf16, train, many, sweep (.json), parity.txt, sanitizer.txt, chip.csv
"""

import json
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "peers"))
from report import gnuplot, number, percent, quoted, table, times, word  # noqa: E402

NAMES = ["forward", "bf16", "train", "many", "sweep"]
CHIP = ["chip", "driver", "SM clock", "memory clock", "highest SM clock", "highest memory clock", "power limit", "temperature"]
RATIO_TARGET = 4  # times the fastest cuDNN algorithm
# file, operation, shape, key, target, at most?; in `many` a call is one epoch and the target 50 of them
TARGETS = [
    ("forward", "forward_sliding", "1x64", "kernel_per_s", 1e8, False),
    ("forward", "forward_windows", "lstm_a", "kernel_per_s", 2e6, False),
    ("bf16", "forward_sliding", "1x64", "kernel_per_s", 5e8, False),
    ("bf16", "forward_windows", "lstm_a", "kernel_per_s", 2e7, False),
    ("forward", "forward_one", "1x32", "p99_s", 4.6e-6, True),
    ("many", "train_many", "1x64", "median_s", 90 / 50, True),
    ("sweep", "sweep", None, "kernel_per_s", 2e11, False),
]


def rows_of(results):
    return [(name, row) for name in NAMES if name in results for row in results[name]["rows"]]


def emulated(results):
    return any(row["device"] == "emu" for _, row in rows_of(results))


def judged(results):
    """[what, shape, precision, figure, measured, target text, met or None]"""
    judge = not emulated(results)
    out = []
    for name, row in rows_of(results):
        place = [row["op"], row["shape"] or "-", row["precision"]]
        for file, op, shape, key, target, most in TARGETS:
            if (file, op, shape) != (name, row["op"], row["shape"]):
                continue
            value = row[key]
            met = (value <= target if most else value >= target) if judge and value is not None else None
            out.append([*place, key, number(value), ("at most " if most else "at least ") + number(target), met])
        if row["peer"]:
            ratio = row["peer"]["ratio"]
            met = ratio >= RATIO_TARGET if judge and ratio is not None else None
            out.append([*place, "times cuDNN's best", number(ratio), f"at least {RATIO_TARGET}", met])
    return out


def head_lines(results, folder):
    machine = next(iter(results.values()))["machine"]
    chip = (folder / "chip.csv").read_text().strip()
    lines = ["# On a GPU", ""]
    if emulated(results):
        lines += ["**Made on the emulated device to test the script: no figure on this page says anything about speed.**", ""]
    lines += [
        "Made by `./run.sh gpu`; every number below comes from the files in this folder.",
        "",
        f"- Device: {machine['chip']} ({machine['simd']}); host {machine['cpu']}, {machine['cores']} cores, Linux {machine['system']}",
    ]
    lines += [f"- {what}: {value.strip()}" for what, value in zip(CHIP, chip.split(",")) if chip]
    lines += [f"- Gauntlet {machine['version']}, commit {machine['commit']}, {machine['when']}"]
    lines += [f"- Probed: float32 fma {number(p['peak_gflops'])} GFLOP/s, memory {number(p['bandwidth_gb_s'])} GB/s" for p in machine["limits"]]
    lines += [f"- **Missing: {name}**" for name in NAMES if name not in results and name != "bf16"]
    if "bf16" not in results:
        lines.append("- bf16: not measured, the device doesn't offer it")
    return [*lines, ""]


def text_lines(folder):
    parity = (folder / "parity.txt").read_text().splitlines()
    count = next((line.split() for line in parity if line.startswith("count ")), ["count", 0, 0, 0])
    lines = [
        "## Equal bits first",
        "",
        f"{count[1]} cases passed, {count[2]} failed, {count[3]} skipped (`parity.txt`).",
        "",
        *(f"- {line}" for line in parity if line.startswith(("failed", "not ok"))),
        *(f"- {line}" for line in (folder / "sanitizer.txt").read_text().splitlines()),
    ]
    return [*lines, ""]


def target_lines(results):
    rows = [[*row[:-1], word(row[-1])] for row in judged(results)]
    return ["## Targets", "", *table(["what", "model", "numbers", "figure", "measured", "target", ""], rows)]


def rate_lines(results):
    rows = [
        [
            row["op"],
            row["shape"] or "-",
            row["precision"],
            row["n"] * row["models"],
            times(row["median_s"]),
            f"{row['per_s']:.4g}",
            times(row["kernel_s"]) if row["kernel_s"] else "-",
            number(row["kernel_per_s"], 4),
            percent(row["kernel_peak_share"]),
            times(row["p99_s"]) if row["p99_s"] else "-",
        ]
        for _, row in rows_of(results)
    ]
    head = ["what", "model", "numbers", "n", "host to host", "a second", "kernels", "a second", "fma peak", "99 % of calls"]
    return [
        "## Rates",
        "",
        "Host to host: inputs and outputs in host memory, copies and launches included. Kernels: the device's own clock round its "
        "kernels, data in its memory. Medians of the repeats.",
        "",
        *table(head, rows),
    ]


def peer_lines(results):
    rows = [
        [
            row["op"],
            row["shape"],
            row["precision"],
            way["name"],
            times(way["median_s"]) if way["median_s"] else "-",
            number(way["per_s"], 4),
            number(way["difference"], 2),
            way["refusal"] or ("" if way["same"] else "not the same scores: doesn't count"),
        ]
        for _, row in rows_of(results)
        if row["peer"]
        for way in row["peer"]["ways"]
    ]
    return [
        "## cuDNN, every algorithm",
        "",
        "The same weights and windows, windows lying on the device; only `cudnnRNNForward` is timed. A float32 row is judged by the fastest way on "
        "float32 data (tf32 included), a bf16 row by the fastest of all; `difference` is the largest from our scores (docs/decisions/cudnn.md).",
        "",
        *table(["what", "model", "numbers of ours", "way", "a call", "a second", "difference", ""], rows),
    ]


def rates_picture(results, folder):
    """Windows a second by model: ours host to host, ours on the device, cuDNN's best."""
    rows = [row for name, row in rows_of(results) if name == "forward" and row["op"] == "forward_windows"]
    bars = [
        ("host to host", "#56B4E9", lambda r: r["per_s"]),
        ("kernels", "#0072B2", lambda r: r["kernel_per_s"]),
        ("cuDNN's best, kernels", "#E69F00", lambda r: (r["peer"] or {}).get("best_per_s")),
    ]
    title = "Windows apart scored a second, by model" + (" (EMULATED: says nothing about speed)" if emulated(results) else "")
    with tempfile.TemporaryDirectory() as name:
        plots = []
        for k, (what, colour, value) in enumerate(bars):
            data = pathlib.Path(name) / str(k)
            points = [(i + (k - 1) * 0.27, value(row)) for i, row in enumerate(rows)]
            data.write_text("-99 1\n" + "".join(f"{x} {y}\n" for x, y in points if y))
            plots.append(f"'{data}' using 1:2 with boxes fillcolor rgb '{colour}' title {quoted(what)}")
        tics = ", ".join(f"{quoted(row['shape'])} {i}" for i, row in enumerate(rows))
        gnuplot(
            "set terminal pngcairo size 1000,520 font 'DejaVu Sans,11'\n"
            f"set output '{folder / 'rates.png'}'\nset title {quoted(title)} font ',13'\n"
            "set style fill solid 1 border rgb '#404040'\nset logscale y\nset format y '10^{%L}'\nset grid ytics lc rgb '#d0d0d0'\n"
            f"set xtics ({tics}) nomirror scale 0\nset xrange [-0.6:{len(rows) - 0.4}]\nset boxwidth 0.25\n"
            f"set ylabel 'windows a second (log scale)'\nset key outside bottom horizontal\nplot {', '.join(plots)}\n"
        )


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    folder = pathlib.Path(sys.argv[1])
    found = [name for name in NAMES if (folder / f"{name}.json").exists()]
    results = {name: json.loads((folder / f"{name}.json").read_text()) for name in found}
    if "forward" not in results:
        sys.exit(f"{folder}: no forward.json; run ./run.sh gpu first")
    rates_picture(results, folder)
    lines = (
        head_lines(results, folder)
        + ["![windows a second, by model](rates.png)", ""]
        + text_lines(folder)
        + target_lines(results)
        + rate_lines(results)
        + peer_lines(results)
    )
    (folder / "README.md").write_text("\n".join(lines).rstrip() + "\n")


if __name__ == "__main__":
    main()
