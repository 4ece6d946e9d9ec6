#!/usr/bin/env python3
"""Inference: gauntlet beside onnxruntime, OpenVINO and PyTorch, one model file and the same windows for all.

Equality first (`gauntlet predict --windows` against every engine's every setting that is timed; exit 1 otherwise).
Then rounds at 4,096 windows, with one and two threads: sliding windows of consecutive rows (peers get [N, L, F]
made beforehand, their only interface; gauntlet gets the rows), windows that share nothing, and one window a call.
The model has no scaler nodes, so nobody pays for scaling. Each peer runs the setting that was fastest for it in a
search beforehand.
"""

import pathlib
import tempfile
import time

import numpy

import engines
import nets
import peer

TOLERANCE = 2e-6
N = 4096
SLIDING = {"1x24": 3, "1x32": 2.3, "2x64": 1.4, "2x96": 1.3, "3x128": 1.15, "lstm_a": 1.5}
APART, ONE, BF16 = 1.15, 3, 1.6
MATRIX_SHARE = {"2x64": 0.70, "2x96": 0.76, "3x128": 0.82}
ONE_US = {"1x24": 2, "1x32": 4, "2x64": 10}


def windows_of(shape, n):
    """Sliding windows [n, L, F] of made-up rows, standard normal."""
    _, _, length, features = nets.SHAPES[shape]
    rows = numpy.random.default_rng(7).standard_normal((n + length - 1, features)).astype(numpy.float32)
    return numpy.ascontiguousarray(numpy.lib.stride_tricks.sliding_window_view(rows, length, axis=0).transpose(0, 2, 1))


class Case:
    """One architecture: the model file, its windows, the answers of gauntlet."""

    def __init__(self, options, folder, shape):
        self.options, self.shape = options, shape
        self.model, self.weights, self.x = folder / f"{shape}.onnx", nets.draw_weights(shape), windows_of(shape, N)
        nets.write_onnx(self.model, shape, self.weights)
        numpy.save(folder / "w.npy", self.x)
        peer.run(
            options.gauntlet, "predict", "--model", self.model, "--windows", folder / "w.npy", "--out", folder / "y.npy"
        )
        self.answers = numpy.load(folder / "y.npy")

    def difference(self, given, n):
        if given.shape != (n, 1):
            return float("nan")
        return float(numpy.abs(self.answers[:n].astype(numpy.float64) - given).max())

    def bench(self, op, threads, **more):
        return peer.bench(self.options.gauntlet, op, threads, model=self.model, **more)


def search(case, name, module, threads, checks):
    """The fastest setting of a peer: (setting, call). A setting three times slower than the best is tried once."""
    best = None
    for setting, call in engines.MANY[name](
        module, case.model, case.weights, threads, case.x, (1024,) if case.options.quick else engines.BATCHES
    ):
        checks.append(peer.equal(case.shape, f"{name}, {setting}", case.difference(call(), N), TOLERANCE, N, "windows"))
        begin = time.perf_counter()
        call()
        seconds = time.perf_counter() - begin
        if best and seconds > 3 * best[0]:
            continue
        seconds = min(seconds, peer.time_call(call, 0.15))
        if not best or seconds < best[0]:
            best = seconds, setting, call
    return best[1:]


def search_one(case, name, module, checks):
    best = None
    for setting, call in engines.ONE[name](module, case.model, case.weights, numpy.ascontiguousarray(case.x[:1])):
        checks.append(
            peer.equal(case.shape, f"{name}, one window, {setting}", case.difference(call(), 1), TOLERANCE, 1, "window")
        )
        seconds = peer.time_call(call, 0.1, 5000)
        if not best or seconds < best[0]:
            best = seconds, setting, call
    return best[1:]


def ours_row(case, op, threads, n, rows, precision="float32"):
    keys = ("peak_gflops", "gflops", "peak_share", "activation_share", "matrix_peak_share", "repeats")
    more = {
        key: peer.quartiles([r[key] for r in rows])[1] if all(r.get(key) is not None for r in rows) else None
        for key in keys
    }
    return peer.row("gauntlet", precision, op, case.shape, threads, n, [r["median_s"] for r in rows], n, more)


def best_of(rows):
    return max(rows, key=lambda r: r["per_s"])


def many(case, threads, calls, rounds, result):
    """Rounds of both window kinds: sliding, bf16, peers, apart; so that all stand within a few seconds."""
    ours, apart, half, theirs = [], [], [], {name: [] for name in calls}
    wide = nets.SHAPES[case.shape][1] >= 64
    for _ in range(rounds):
        ours.append(case.bench("forward_sliding", threads, n=N))
        for name, (_, call) in calls.items():
            call()
            theirs[name].append(peer.time_call(call))
            time.sleep(0.05)  # a peer's idle threads stop spinning
        apart.append(case.bench("forward_windows", threads, n=N))
        if wide:
            try:
                half.append(case.bench("forward_sliding", threads, n=N, precision="bf16"))
            except RuntimeError as error:
                wide = False
                result["notes"].append(f"bf16 {case.shape}: {error}")
                peer.say(f"  bf16: {error}")
    rows = {name: peer.row(name, calls[name][0], "forward", case.shape, threads, N, theirs[name], N) for name in calls}
    sliding, separate = ours_row(case, "forward_sliding", threads, N, ours), ours_row(
        case, "forward_windows", threads, N, apart
    )
    result["rows"] += [sliding, separate, *rows.values()]
    if rows:
        best = best_of(rows.values())
        result["ratios"].append(peer.ratio("forward_sliding", case.shape, threads, sliding, best, SLIDING[case.shape]))
        result["ratios"].append(peer.ratio("forward_windows", case.shape, threads, separate, best, APART))
    if half:
        bf16 = ours_row(case, "forward_sliding", threads, N, half, "bf16")
        result["rows"].append(bf16)
        result["ratios"].append(
            peer.ratio("forward_sliding bf16", case.shape, threads, bf16, sliding, BF16, "gauntlet float32")
        )
    if threads == 1 and case.shape in MATRIX_SHARE:
        result["figures"].append(
            peer.figure(
                "forward_sliding",
                case.shape,
                threads,
                "matrix products' share of the FMA peak",
                sliding["matrix_peak_share"],
                MATRIX_SHARE[case.shape],
            )
        )


def one(case, calls, rounds, result):
    ours, theirs = [], {name: [] for name in calls}
    for _ in range(rounds):
        ours.append(case.bench("forward_one", 1))
        for name, (_, call) in calls.items():
            peer.time_call(call, 0.02)
            theirs[name].append(peer.time_call(call, 0.2, 100000))
    row = ours_row(case, "forward_one", 1, 1, ours)
    rows = {name: peer.row(name, calls[name][0], "forward_one", case.shape, 1, 1, theirs[name], 1) for name in calls}
    result["rows"] += [row, *rows.values()]
    for name, other in rows.items():
        result["ratios"].append(
            peer.ratio("forward_one", case.shape, 1, row, other, ONE if name == "onnxruntime" else None)
        )
    if case.shape in ONE_US:
        result["figures"].append(
            peer.figure(
                "forward_one",
                case.shape,
                1,
                "microseconds a window",
                1e6 * row["median_s"],
                ONE_US[case.shape],
                below=True,
            )
        )


def measure(options, folder, shape, modules, result):
    peer.say(shape)
    case, checks = Case(options, folder, shape), []
    calls = {t: {name: search(case, name, module, t, checks) for name, module in modules.items()} for t in (1, 2)}
    singles = {name: search_one(case, name, module, checks) for name, module in modules.items()}
    result["equality"] += checks
    peer.stop_unless_equal(checks)
    rounds = min(options.rounds, 3) if shape == "lstm_a" else options.rounds  # a call takes over half a second
    for threads in (1, 2):
        many(case, threads, calls[threads], rounds, result)
    one(case, singles, rounds, result)


def main():
    options = peer.options(__doc__, "out/peers/inference.json")
    missing = []
    modules = {name: module for name in engines.MANY if (module := peer.load(name, missing))}
    result = {
        "manifest": peer.manifest(options, missing),
        "equality": [],
        "rows": [],
        "ratios": [],
        "figures": [],
        "notes": [],
    }
    with tempfile.TemporaryDirectory() as folder:
        for shape in ["1x24", "2x64"] if options.quick else nets.SHAPES:
            measure(options, pathlib.Path(folder), shape, modules, result)
    peer.write(options.out, result)


if __name__ == "__main__":
    main()
