#!/usr/bin/env python3
"""A sweep of thresholds x costs: gauntlet beside vectorbt, same bars, scores, thresholds and costs.

One book a configuration: long above the threshold, else flat; all in; the decision of a close is filled at the next
open; each trade pays commission + half-spread + slippage in proportion to its notional. SPEC adds the three up, so
vectorbt gets the sum as its `fees` (its own `slippage` moves the price and would compound with the fees). Positions
stay open at the end (`--close-at-end false`), as vectorbt leaves them. Equality first: total return of every
configuration by `gauntlet sweep`, of a sample by `gauntlet backtest`. Then rounds: simulating only, and with
return, Sharpe and drawdown of each configuration.
"""

import csv
import itertools
import pathlib
import tempfile
import warnings

import numpy

import peer

TOLERANCE = 1e-9  # relative, of final equity: 1,508 bars of a few roundings each are about 1e-12
TARGET, RATE_TARGET = 500, 3e9
THRESHOLDS = [round(0.48 + 0.002 * k, 3) for k in range(40)]
COMMISSIONS = [round(0.1 * k, 1) for k in range(125)]  # bp; 5,000 configurations
FIXED_BP = 2.0  # gauntlet's default half-spread 1 + slippage 1
COSTS = "0:12.4:0.1"  # the same as a range, which a grid may be that long
FINE_COSTS = "0:12.4:0.0025"  # bp; with the same thresholds 198,440 configurations, for a rate beside start-up
N_FINE = 4961 * len(THRESHOLDS)
KEPT = 1000  # configurations that `gauntlet sweep --top` keeps at most
REAL = peer.ROOT / "../shared/data/IBB_raw_2018-01-01_2023-12-31.csv"


def made_up_bars(path):
    """1,509 weekdays of a random walk, in the Yahoo form; the name marks them as synthetic."""
    random, before = numpy.random.default_rng(3), 100.0
    with open(path, "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["Date", "Open", "High", "Low", "Close", "Adj Close", "Volume"])
        for day in numpy.busday_offset("2018-01-02", numpy.arange(1509)):
            at_open = before * (1 + 0.004 * random.standard_normal())
            close = at_open * (1 + 0.012 * random.standard_normal())
            out.writerow(
                [
                    day,
                    *(
                        f"{v:.6f}"
                        for v in (at_open, 1.003 * max(at_open, close), 0.997 * min(at_open, close), close, close)
                    ),
                    1000000,
                ]
            )
            before = close


def made_up_scores(n):
    """They move as a trained model's do (mean, sd, autocorrelation of a baseline's on IBB), so books trade as often."""
    random, above, scores = numpy.random.default_rng(5), 0.0, numpy.empty(n)
    for i in range(n):
        above = 0.73 * above + 0.015 * random.standard_normal()
        scores[i] = min(max(0.519 + above, 0.0), 1.0)
    return scores


class Market:
    """Bars, scores and signals. Row i of the window acts on the score of the bar before it."""

    def __init__(self, folder):
        self.real = REAL.exists()
        self.path = REAL if self.real else folder / "SYN-PEER.csv"
        if not self.real:
            made_up_bars(self.path)
        with open(self.path, newline="") as file:
            lines = list(csv.DictReader(file))
        self.dates = [line["Date"] for line in lines]
        self.open, self.close = (numpy.array([float(line[key]) for line in lines]) for key in ("Open", "Close"))
        self.scores = made_up_scores(len(lines))
        self.score_path = folder / "scores.csv"
        self.score_path.write_text("date,prob\n" + "".join(f"{d},{p:.17g}\n" for d, p in zip(self.dates, self.scores)))
        self.words = [
            "--bars",
            self.path,
            "--scores",
            self.score_path,
            "--from",
            self.dates[1],
            "--to",
            self.dates[-1],
            "--lower",
            0,
            "--close-at-end",
            "false",
        ]
        self.n_bars = len(lines) - 1


def inputs(market, grid):
    """vectorbt's arrays: signals [bars, configurations], fees [configurations]."""
    thresholds = numpy.array([upper for upper, _ in grid])
    entries = market.scores[:-1, None] > thresholds[None, :]
    fees = numpy.array([(bp + FIXED_BP) / 1e4 for _, bp in grid])[None, :]
    return dict(entries=entries, exits=~entries, price=market.open[1:, None], fees=fees)


def simulate(vectorbt, market, given, engine):
    return vectorbt.Portfolio.from_signals(market.close[1:, None], init_cash=1e6, freq="1D", engine=engine, **given)


def with_figures(vectorbt, market, given, engine):
    book = simulate(vectorbt, market, given, engine)
    return (
        numpy.asarray(book.total_return(engine=engine)),
        numpy.asarray(book.sharpe_ratio(engine=engine)),
        numpy.asarray(book.max_drawdown(engine=engine)),
    )


def fastest_engine(vectorbt, market, given, notes):
    best = None
    for engine in ("numba", "rust"):
        try:
            call = lambda: simulate(vectorbt, market, given, engine)
            call()  # compiles
            seconds = peer.time_call(call, 0.1)
        except Exception as error:  # an engine that isn't installed: named, the other stands
            notes.append(f"vectorbt engine {engine}: {type(error).__name__}: {str(error).splitlines()[0]}")
            peer.say("  " + notes[-1])
            continue
        notes.append(
            f"vectorbt engine {engine}: "
            f"{market.n_bars * given['fees'].size / seconds:.3g} costed bars a second simulating"
        )
        peer.say("  " + notes[-1])
        if not best or seconds < best[0]:
            best = seconds, engine
    return best[1]


# ---- equal results -------------------------------------------------------------------------------------------------


def relative(ours, theirs):
    """Largest relative difference of final equity."""
    return float(numpy.max(numpy.abs(numpy.asarray(ours) - theirs) / (1 + numpy.abs(theirs))))


def check_backtests(options, market, grid, theirs, result):
    picked = range(0, len(grid), max(1, len(grid) // 12))
    ours = [
        peer.run(
            options.gauntlet,
            "backtest",
            *market.words,
            "--upper",
            grid[i][0],
            "--commission-bp",
            grid[i][1],
            answer=True,
        )["total_return"]
        for i in picked
    ]
    result["equality"].append(
        peer.equal(
            "total return",
            "vectorbt, gauntlet backtest",
            relative(ours, theirs[list(picked)]),
            TOLERANCE,
            len(ours),
            "configurations",
        )
    )


def sweep_words(market, grid, folder, costs=None):
    uppers = sorted({u for u, _ in grid})
    costs = costs or "|".join(map(str, sorted({c for _, c in grid})))
    return [
        "sweep",
        *market.words,
        "--grid",
        "upper=" + "|".join(map(str, uppers)),
        "--grid",
        "commission-bp=" + costs,
        "--by",
        "total_return",
        "--out",
        folder / "sweep.h5",
    ]


def check_sweep(options, market, grid, theirs, folder, result):
    """Every configuration's total return, by sweeps of as many as one keeps; False when this build has no such verb."""
    costs = sorted({cost for _, cost in grid})
    step = KEPT // len(THRESHOLDS)
    place, found = {pair: i for i, pair in enumerate(grid)}, numpy.full(len(grid), numpy.nan)
    for at in range(0, len(costs), step):
        part = list(itertools.product(THRESHOLDS, costs[at : at + step]))
        try:
            answer = peer.run(options.gauntlet, *sweep_words(market, part, folder), "--top", len(part), answer=True)
        except RuntimeError as error:
            result["notes"].append(f"gauntlet sweep: {error}")
            peer.say("  " + result["notes"][-1])
            return False
        for best in answer["best"]:
            pair = best["parameters"]["upper"], best["parameters"]["commission_bp"]
            found[place[tuple(round(value, 6) for value in pair)]] = best["value"]
    difference = relative(found, theirs)  # one that is missing is NaN and fails
    result["equality"].append(
        peer.equal("total return", "vectorbt, gauntlet sweep", difference, TOLERANCE, len(grid), "configurations")
    )
    return True


# ---- rounds ----------------------------------------------------------------------------------------------------------


def seconds_of_sweep(options, words, threads):
    """Of simulating, figures and the file; reading bars and scores, and starting, are not in it, nor in vectorbt's."""
    return peer.run(options.gauntlet, *words, "--threads", threads, answer=True)["seconds"]


def rounds_of(options, vectorbt, engine, market, given, grid, has_sweep, folder, result):
    verb, fine, bench, plain, full = [], {1: [], 2: []}, {1: [], 2: []}, [], []
    evaluations = market.n_bars * len(grid)
    for _ in range(options.rounds):
        for threads in (1, 2):
            bench[threads].append(peer.bench(options.gauntlet, "sweep", threads))
        if has_sweep:
            costs = None if options.quick else COSTS
            verb.append(seconds_of_sweep(options, sweep_words(market, grid, folder, costs), 2))
            for threads in (1, 2):
                fine[threads].append(
                    seconds_of_sweep(options, sweep_words(market, grid, folder, FINE_COSTS), threads)
                )
        if vectorbt:
            plain.append(peer.time_call(lambda: simulate(vectorbt, market, given, engine), 0.5))
            full.append(peer.time_call(lambda: with_figures(vectorbt, market, given, engine), 0.5))
    rows = {
        f"bench {t}": peer.row(
            "gauntlet",
            "bench --op sweep, its own 6,320 bars",
            "sweep",
            None,
            t,
            r[0]["n"],
            [x["median_s"] for x in r],
            r[0]["per_s"] * r[0]["median_s"],
        )
        for t, r in bench.items()
    }
    if has_sweep:
        rows["verb"] = peer.row("gauntlet", "sweep verb, file written", "sweep", None, 2, len(grid), verb, evaluations)
        for threads in (1, 2):
            rows[f"fine {threads}"] = peer.row(
                "gauntlet",
                "sweep verb, finer costs, file written",
                "sweep",
                None,
                threads,
                N_FINE,
                fine[threads],
                market.n_bars * N_FINE,
            )
    if vectorbt:
        rows["plain"] = peer.row(
            "vectorbt", f"simulating only, {engine}", "sweep", None, None, len(grid), plain, evaluations
        )
        rows["full"] = peer.row(
            "vectorbt", f"with return, Sharpe, drawdown, {engine}", "sweep", None, None, len(grid), full, evaluations
        )
        if has_sweep:
            for threads in (1, 2):
                for key in ("full", "plain"):
                    target = TARGET if (threads, key) == (2, "full") else None
                    ours = rows[f"fine {threads}"]
                    result["ratios"].append(peer.ratio("sweep", None, threads, ours, rows[key], target))
            result["ratios"].append(peer.ratio("sweep of so few", None, 2, rows["verb"], rows["full"], None))
    for name in ("bench 2", "fine 2"):
        if name in rows:
            what = f"costed bars a second, {rows[name]['setting']}"
            result["figures"].append(peer.figure("sweep", None, 2, what, rows[name]["per_s"], RATE_TARGET))
    result["rows"] += list(rows.values())


def main():
    options = peer.options(__doc__, "out/peers/sweep.json")
    warnings.simplefilter("ignore")
    missing = []
    vectorbt = peer.load("vectorbt", missing)
    result = {
        "manifest": peer.manifest(options, missing),
        "equality": [],
        "rows": [],
        "ratios": [],
        "figures": [],
        "notes": [],
    }
    grid = list(itertools.product(THRESHOLDS, COMMISSIONS[::10] if options.quick else COMMISSIONS))
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        market, given, engine, has_sweep = Market(folder), None, None, False
        bars = f"{market.n_bars} bars ({'real, IBB 2018-2023' if market.real else 'synthetic'})"
        result["notes"].append(
            f"vectorbt and the sweep verb: {bars} x {len(grid)} configurations, for the rate x {N_FINE}; made-up scores"
        )
        peer.say(result["notes"][0])
        if vectorbt:
            given = inputs(market, grid)
            engine = fastest_engine(vectorbt, market, given, result["notes"])
            theirs = with_figures(vectorbt, market, given, engine)[0]
            check_backtests(options, market, grid, theirs, result)
            has_sweep = check_sweep(options, market, grid, theirs, folder, result)
            peer.stop_unless_equal(result["equality"])
        rounds_of(options, vectorbt, engine, market, given, grid, has_sweep, folder, result)
    peer.write(options.out, result)


if __name__ == "__main__":
    main()
