#!/usr/bin/env python3
"""The one search behind the training defaults (docs/decisions/training.md): every setting on both variants, on the
built-in market SYN-EDGE of seeds 1 to 8 (never 42, which the demo uses), judged by validation rows only.

usage: tune.py [build/gauntlet]        prints one line a setting; about five minutes on two cores
"""
import itertools
import json
import statistics
import subprocess
import sys
import tempfile

GAUNTLET = sys.argv[1] if len(sys.argv) > 1 else "build/gauntlet"
SPLIT = ["--train", "2018-01-01..2020-12-31", "--val", "2021-01-04..2021-07-30"]
RATES, DECAYS, SEEDS = ["0.0005", "0.001", "0.002", "0.004"], ["0.01", "0.1", "0.3"], range(1, 9)


def train(variant, seed, rate, decay, out):
    words = [GAUNTLET, "train", "--bars", "builtin:SYN-EDGE", "--variant", variant, *SPLIT, "--seed", str(seed),
             "--epochs", "60", "--patience", "8", "--lr", rate, "--weight-decay", decay, "--out", out, "--json",
             "--quiet"]
    return json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)


def main():
    with tempfile.TemporaryDirectory() as folder:
        for rate, decay in itertools.product(RATES, DECAYS):
            line, losses = f"lr {rate:7} decay {decay:5}", []
            for variant in ["baseline", "enhanced"]:
                runs = [train(variant, seed, rate, decay, f"{folder}/m.onnx") for seed in SEEDS]
                loss = statistics.mean(r["val_loss"] for r in runs)
                right = sum(r["val_accuracy"]["value"] * r["val_accuracy"]["n"] for r in runs)
                n = sum(r["val_accuracy"]["n"] for r in runs)
                losses.append(loss)
                line += (f" | {variant} loss {loss:.4f} right {100 * right / n:.1f} % best epoch "
                         f"{statistics.median(r['best_epoch'] for r in runs):g} of {max(r['epochs_run'] for r in runs)}")
            print(f"{line} | both {statistics.mean(losses):.4f}", flush=True)


if __name__ == "__main__":
    main()
