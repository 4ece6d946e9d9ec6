#!/usr/bin/env python3
"""The one search behind the training defaults (docs/decisions/training.md): every setting on both variants, on the
built-in market SYN-EDGE of seeds 101 to 108 (which no test and no report uses), judged by validation rows only.

usage: tune.py [build/gauntlet]        prints one line a setting; about ten minutes on two cores
"""
import itertools
import json
import statistics
import subprocess
import sys
import tempfile

GAUNTLET = sys.argv[1] if len(sys.argv) > 1 else "build/gauntlet"
SPLIT = ["--train", "2018-01-01..2020-12-31", "--val", "2021-01-04..2021-07-30"]
SEEDS = range(101, 109)
SETTINGS = [*itertools.product(["adamw"], ["0.0005", "0.001", "0.003"], ["0.01", "0.3"]),
            *itertools.product(["adam"], ["0.001", "0.003"], ["0.001", "0.005", "0.02"])]


def train(variant, seed, optimiser, rate, decay, out):
    words = [GAUNTLET, "train", "--bars", "builtin:SYN-EDGE", "--variant", variant, *SPLIT, "--seed", str(seed),
             "--epochs", "40", "--patience", "10", "--optimiser", optimiser, "--lr", rate, "--weight-decay", decay,
             "--out", out, "--json", "--quiet"]
    return json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)


def main():
    with tempfile.TemporaryDirectory() as folder:
        for setting in SETTINGS:
            line, losses = "{:5} lr {:6} decay {:5}".format(*setting), []
            for variant in ["baseline", "enhanced"]:
                runs = [train(variant, seed, *setting, f"{folder}/m.onnx") for seed in SEEDS]
                losses.append(statistics.mean(r["val_loss"] for r in runs))
                right = sum(r["val_accuracy"]["value"] * r["val_accuracy"]["n"] for r in runs)
                share = right / sum(r["val_accuracy"]["n"] for r in runs)
                best = statistics.median(r["best_epoch"] for r in runs)
                line += f" | {variant} loss {losses[-1]:.4f} right {100 * share:.1f} % best epoch {best:g}"
            print(f"{line} | both {statistics.mean(losses):.4f}", flush=True)


if __name__ == "__main__":
    main()
