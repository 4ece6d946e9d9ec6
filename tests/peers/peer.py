"""What the peer comparisons share: calling gauntlet, optional engines, timing in rounds, files with a manifest.

Each comparison checks equal outputs first, then times in rounds (gauntlet, peer, gauntlet, peer, ...) so that a clock
or a neighbour that changes hits all alike. A ratio is taken within a round; the figure is the median over rounds.
"""

import argparse
import datetime
import importlib
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

ENGINES = ["onnxruntime", "openvino", "torch", "vectorbt"]
ROOT = pathlib.Path(__file__).resolve().parents[2]


def options(text, default_out):
    parser = argparse.ArgumentParser(description=text)
    parser.add_argument("--gauntlet", default="build/gauntlet")
    parser.add_argument("--out", default=default_out, help="JSON to write")
    parser.add_argument(
        "--quick", action="store_true", help="fewer rounds and shapes: shows that it works, not how fast"
    )
    parser.add_argument("--rounds", type=int, default=None)
    chosen = parser.parse_args()
    chosen.rounds = chosen.rounds or (2 if chosen.quick else 5)
    return chosen


def load(name, missing):
    """The module, or None with a line in `missing` that says why."""
    try:
        return importlib.import_module(name)
    except (ImportError, OSError) as error:
        missing.append({"engine": name, "reason": f"{type(error).__name__}: {error}".splitlines()[0]})
        say(f"MISSING {name}: {missing[-1]['reason']}")
        return None


def say(text):
    print(text, flush=True)


def run(gauntlet, *words, answer=False):
    """Runs a verb; with `answer` its JSON object. A failure is a RuntimeError with the verb's own words."""
    device = [] if words[0] == "info" else ["--device", "cpu"]  # what the peers run on
    words = [str(gauntlet), *map(str, words), *device, "--quiet"] + (["--json"] if answer else [])
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(
            done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"{words[:2]}: exit {done.returncode}"
        )
    return json.loads(done.stdout) if answer else None


def bench(gauntlet, op, threads, **more):
    """One row of `gauntlet bench`; raises RuntimeError when the verb refuses."""
    words = [word for key, value in more.items() for word in (f"--{key}", value)]
    return run(gauntlet, "bench", "--op", op, "--threads", threads, *words, answer=True)["rows"][0]


def quartiles(values):
    if len(values) == 1:
        return values[0], values[0], values[0]
    q1, median, q3 = statistics.quantiles(values, n=4, method="inclusive")
    return q1, median, q3


def time_call(call, seconds=0.3, at_most=1000):
    """Median wall time of a call, over calls that fill `seconds`; the caller has warmed it."""
    times, end = [], time.perf_counter() + seconds
    while not times or (time.perf_counter() < end and len(times) < at_most):
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def row(engine, setting, op, shape, threads, n, seconds, units, more=None):
    """A row as `gauntlet bench` has it, from the medians of the rounds."""
    q1, median, q3 = quartiles(seconds)
    return {
        "engine": engine,
        "setting": setting,
        "op": op,
        "shape": shape,
        "threads": threads,
        "n": n,
        "rounds": len(seconds),
        "median_s": median,
        "q1_s": q1,
        "q3_s": q3,
        "per_s": units / median,
        "round_s": seconds,
        **(more or {}),
    }


def ratio(op, shape, threads, ours, theirs, target, what=None):
    """How many times faster ours is than theirs, round by round; both are rows."""
    rounds = [
        b / a * (ours["per_s"] * ours["median_s"]) / (theirs["per_s"] * theirs["median_s"])
        for a, b in zip(ours["round_s"], theirs["round_s"])
    ]
    q1, median, q3 = quartiles(rounds)
    against = what or f"{theirs['engine']} ({theirs['setting']})"
    word = "" if target is None else f", target {target:g}: {'met' if median >= target else 'MISSED'}"
    say(f"  {op} {shape} {threads} thread(s): {median:.2f} x {against} [{q1:.2f}, {q3:.2f}]{word}")
    return {
        "op": op,
        "shape": shape,
        "threads": threads,
        "against": against,
        "ratio": median,
        "q1": q1,
        "q3": q3,
        "rounds": rounds,
        "target": target,
        "met": None if target is None else bool(median >= target),
    }


def figure(op, shape, threads, name, value, target, below=False):
    """An absolute figure beside its target; below: smaller is better."""
    met = value is not None and (value <= target if below else value >= target)
    say(
        f"  {op} {shape} {threads} thread(s): {name} {value if value is None else format(value, '.4g')}, "
        f"target {target:g}: {'met' if met else 'MISSED'}"
    )
    return {
        "op": op,
        "shape": shape,
        "threads": threads,
        "name": name,
        "value": value,
        "target": target,
        "below": below,
        "met": bool(met),
    }


def equal(name, engine, difference, tolerance, n, what):
    """The check that comes before any timing; a NaN fails."""
    passed = bool(difference <= tolerance)
    say(
        f"  {'equal' if passed else 'NOT EQUAL'}: {name} {engine}, {n} {what}, largest difference {difference:.2e} "
        f"(tolerance {tolerance:g})"
    )
    return {
        "name": name,
        "engine": engine,
        "n": n,
        "what": what,
        "largest_difference": float(difference),
        "tolerance": tolerance,
        "passed": passed,
    }


def stop_unless_equal(checks):
    if not checks or not all(check["passed"] for check in checks):
        say("outputs differ, or nothing could be compared: nothing is timed")
        sys.exit(1)


def manifest(options, missing):
    """Versions, machine, commit, date and command of this run."""
    from importlib import metadata

    versions = {}
    for name in [*ENGINES, "numpy", "numba", "pandas"]:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = None
    info = run(options.gauntlet, "info", answer=True)
    cpu = [
        line.split(":", 1)[1].strip()
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "schema": "gauntlet-peers",
        "schema_version": 1,
        "command": " ".join(["tests/peers/" + pathlib.Path(sys.argv[0]).name, *(["--quick"] if options.quick else [])]),
        "quick": options.quick,
        "rounds": options.rounds,
        "versions": {"gauntlet": info["version"], "python": platform.python_version(), **versions},
        "commit": info["commit"],
        "simd": info["simd"],
        "cpu": cpu[0] if cpu else platform.processor(),
        "cores": os.cpu_count(),
        "system": platform.release(),
        "load_1m": os.getloadavg()[0],
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "missing": missing,
    }


def write(path, result):
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(json.dumps(result, indent=1, allow_nan=False) + "\n")
    temporary.replace(path)
    say(f"wrote {path}")
