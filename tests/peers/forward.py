#!/usr/bin/env python3
"""Scores the same windows with gauntlet and with onnxruntime, for every architecture, and writes what differs.

usage: forward.py --gauntlet build/gauntlet [--bars FILE] [--out reports/peers/forward.json]
Exit 1 when any probability differs by 2e-6 or more, or when anything is not finite.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy
import onnxruntime

ARCHITECTURES = {
    "baseline 1x32": ["--variant", "baseline"],
    "enhanced 2x96": ["--variant", "enhanced"],
    "1x24": ["--hidden", "24", "--layers", "1"],
    "3x128": ["--hidden", "128", "--layers", "3"],
    "2x32 bidirectional": ["--hidden", "32", "--layers", "2", "--bidirectional"],
    "1x32 attention": ["--hidden", "32", "--layers", "1", "--attention"],
    "2x24 bidirectional attention": ["--hidden", "24", "--layers", "2", "--bidirectional", "--attention"],
}
TOLERANCE = 2e-6


def run(*command):
    subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--gauntlet", default="build/gauntlet")
    parser.add_argument("--bars", default="builtin:SYN-EDGE")
    parser.add_argument("--out", default="reports/peers/forward.json")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        run(options.gauntlet, "features", "--bars", options.bars, "--out", folder / "x.npy", "--quiet")
        features = numpy.load(folder / "x.npy")
        windows = numpy.stack([features[i:i + 10] for i in range(len(features) - 9)]).astype(numpy.float32)
        numpy.save(folder / "w.npy", windows)
        for name, words in ARCHITECTURES.items():
            model = folder / "m.onnx"
            run(options.gauntlet, "train", "--bars", options.bars, *words, "--train", "2018-03-27..2019-06-28",
                "--val", "2019-07-01..2020-02-18", "--epochs", "2", "--out", model, "--quiet")
            run(options.gauntlet, "predict", "--model", model, "--windows", folder / "w.npy", "--out", folder / "y.npy", "--quiet")
            ours = numpy.load(folder / "y.npy")
            session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
            theirs = session.run(["predictions"], {"features": windows})[0]
            worst = float(numpy.abs(ours.astype(numpy.float64) - theirs).max()) if ours.shape == theirs.shape else float("nan")
            rows.append({"model": name, "windows": len(windows), "largest_difference": worst, "passed": bool(worst < TOLERANCE)})
            print(f"{name:32} {len(windows)} windows, largest difference {worst:.2e}")
    result = {"command": "./run.sh peers", "bars": options.bars, "provenance": "synthetic" if "builtin" in options.bars else "real",
              "onnxruntime": onnxruntime.__version__, "numpy": numpy.__version__, "tolerance": TOLERANCE, "rows": rows}
    out = pathlib.Path(options.out)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(result, indent=2) + "\n")
    sys.exit(0 if all(row["passed"] for row in rows) else 1)


if __name__ == "__main__":
    main()
