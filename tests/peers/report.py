#!/usr/bin/env python3
"""The files of the comparisons -> README.md and pictures beside them. Every number comes from the files.

usage: report.py FOLDER     reads inference.json, training.json, sweep.json of FOLDER; what isn't there is named
"""

import json
import pathlib
import subprocess
import sys
import tempfile

NAMES = ["inference", "training", "sweep"]
ENGINES = {
    "onnxruntime": "onnxruntime",
    "openvino": "OpenVINO",
    "torch": "PyTorch",
    "vectorbt": "vectorbt",
    "gauntlet": "gauntlet",
}
OPS = {
    "forward_sliding": "sliding windows",
    "forward_windows": "windows apart",
    "forward": "windows",
    "forward_one": "one window",
    "forward_sliding bf16": "sliding, bf16",
    "train": "train",
    "train_many": "train 100 models",
    "sweep": "sweep",
    "sweep of so few": "sweep of 5,000 configurations, start-up counts",
}
# Okabe and Ito's colours, which the colour-blind can tell apart.
BARS = [
    ("onnxruntime", "forward", "onnxruntime", "#E69F00"),
    ("openvino", "forward", "OpenVINO", "#F0E442"),
    ("torch", "forward", "PyTorch", "#CC79A7"),
    ("gauntlet", "forward_windows", "gauntlet, windows apart", "#56B4E9"),
    ("gauntlet", "forward_sliding", "gauntlet, sliding windows", "#0072B2"),
    ("gauntlet bf16", "forward_sliding", "gauntlet, sliding, bf16", "#009E73"),
]


# ---- text ------------------------------------------------------------------------------------------------------------


def number(value, digits=3):
    if value is None:
        return "-"
    return f"{value:.0f}" if 1000 <= abs(value) < 1e5 else f"{value:.{digits}g}"


def times(seconds):
    for unit, size in (("s", 1), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def percent(value):
    return "-" if value is None else f"{100 * value:.0f} %"


def word(met):
    return {True: "met", False: "**missed**", None: "-"}[met]


def table(head, rows):
    return [
        "| " + " | ".join(head) + " |",
        "|" + "---|" * len(head),
        *("| " + " | ".join(map(str, row)) + " |" for row in rows),
        "",
    ]


def place(row):
    return row["shape"] or "-", row["threads"] or "-"


def ratio_lines(results):
    rows = [
        [
            OPS[r["op"]],
            *place(r),
            r["against"],
            f"{r['ratio']:.2f}",
            f"{r['q1']:.2f} to {r['q3']:.2f}",
            number(r["target"]),
            word(r["met"]),
        ]
        for name in NAMES
        if name in results
        for r in results[name]["ratios"]
    ]
    figures = [
        [
            OPS[f["op"]],
            *place(f),
            f["name"],
            number(f["value"]),
            ("at most " if f["below"] else "at least ") + number(f["target"]),
            word(f["met"]),
        ]
        for name in NAMES
        if name in results
        for f in results[name]["figures"]
    ]
    return [
        "## Ratios",
        "",
        "How many times faster gauntlet is, median and quartiles over the rounds; a ratio is taken within a round, "
        "against the fastest peer's fastest setting.",
        "",
        *table(["what", "model", "threads", "against", "ratio", "quartiles", "target", ""], rows),
        "## Figures with a target of their own",
        "",
        *table(["what", "model", "threads", "figure", "measured", "target", ""], figures),
    ]


def row_lines(result):
    rows = [
        [
            OPS[r["op"]],
            *place(r),
            ENGINES[r["engine"]],
            r["setting"],
            times(r["median_s"]),
            f"{times(r['q1_s'])} to {times(r['q3_s'])}",
            f"{r['per_s']:.4g}",
            percent(r.get("peak_share")),
            percent(r.get("matrix_peak_share")),
            percent(r.get("activation_share")),
        ]
        for r in result["rows"]
    ]
    return table(
        [
            "what",
            "model",
            "threads",
            "engine",
            "setting",
            "a call",
            "quartiles",
            "a second",
            "FMA peak",
            "matrix alone",
            "activations",
        ],
        rows,
    )


def equality_lines(results):
    groups = {}
    for name in NAMES:
        for check in results.get(name, {}).get("equality", []):
            key = name, check["name"], check["engine"].split(",")[0]
            groups.setdefault(key, []).append(check)
    rows = [
        [
            name,
            what,
            ENGINES.get(engine, engine),
            len(checks),
            max(c["n"] for c in checks),
            f"{max(c['largest_difference'] for c in checks):.1e}",
            f"{max(c['tolerance'] for c in checks):.1e}",
            "equal" if all(c["passed"] for c in checks) else "**not equal**",
        ]
        for (name, what, engine), checks in groups.items()
    ]
    lines = [
        "## Equal outputs first",
        "",
        *table(["comparison", "what", "engine", "settings", "outputs", "largest difference", "tolerance", ""], rows),
    ]
    for curve in results.get("training", {}).get("curves", []):
        lines.append(
            f"- Loss curve {curve['shape']}: first epoch {curve['gauntlet'][0]:.6f} (PyTorch "
            f"{curve['torch'][0]:.6f}), last of {len(curve['torch'])} "
            f"{curve['gauntlet'][-1]:.6f} ({curve['torch'][-1]:.6f}); with its initial weights moved by one part in "
            f"2^23 PyTorch differs from itself by {curve['torch_moved_by_rounding']:.1e}."
        )
    return [*lines, ""]


def head_lines(results):
    manifest = next(iter(results.values()))["manifest"]
    versions = ", ".join(f"{name} {version or 'missing'}" for name, version in manifest["versions"].items())
    lines = [
        "# Speed beside its peers",
        "",
        "Made by `./run.sh peers bench`; every number below comes from the JSON files in this folder. Outputs are "
        "compared first, "
        "then all engines are timed in the same rounds on the same machine.",
        "",
        f"- Machine: {manifest['cpu']}, {manifest['cores']} cores, {manifest['simd']}, Linux {manifest['system']}; "
        f"load when it began {manifest['load_1m']:.2f}",
        f"- Versions: {versions}",
        f"- Gauntlet commit {manifest['commit']}, {manifest['date']}, {manifest['rounds']} rounds (at most 3 for "
        "lstm_a)",
    ]
    if manifest["quick"]:
        lines.append("- **A quick run: it shows that everything works, not how fast it is.**")
    missing = {m["engine"]: m["reason"] for r in results.values() for m in r["manifest"]["missing"]}
    lines += [f"- **Missing: {ENGINES[engine]}** ({reason})" for engine, reason in missing.items()]
    lines += [f"- **Missing: the {name} comparison** (no {name}.json here)" for name in NAMES if name not in results]
    judged = [x for r in results.values() for x in r["ratios"] + r["figures"] if x["met"] is not None]
    return [
        *lines,
        f"- Targets met: {sum(x['met'] for x in judged)} of {len(judged)}",
        "",
        "![windows a second](windows.png)",
        "",
        "![ratios](ratios.png)",
        "",
    ]


def text_of(results):
    lines = (
        head_lines(results)
        + ratio_lines(results)
        + equality_lines(results)
        + [
            "## All rows",
            "",
            "Each peer in the setting that was fastest in a search before the rounds. Peers get windows `[N, L, F]` "
            "made beforehand, their only interface; that isn't timed. "
            "FMA peak, matrix alone and activations are gauntlet's own, probed in the same seconds (docs/FORMATS.md, "
            "`gauntlet bench`).",
            "",
        ]
    )
    for name in NAMES:
        if name in results:
            lines += [
                f"### {name.capitalize()}",
                "",
                *row_lines(results[name]),
                *(f"- {note}" for note in results[name]["notes"]),
                "",
            ]
    return "\n".join(lines).rstrip() + "\n"


# ---- pictures --------------------------------------------------------------------------------------------------------


def gnuplot(script):
    subprocess.run(["gnuplot"], input=script, text=True, check=True)


def quoted(text):
    return '"' + str(text).replace("_", "\\\\_").replace('"', "'") + '"'


def bar_panel(rows, threads, folder, lowest, legend):
    """One panel: groups of bars, a shape each; gauntlet's share of the FMA peak above its sliding bar."""
    shapes = list(dict.fromkeys(r["shape"] for r in rows))
    data, plots, shares = folder / f"bars{threads}", [], folder / f"shares{threads}"
    found = {
        (("gauntlet bf16" if r["setting"] == "bf16" else r["engine"]), r["op"], r["shape"]): r
        for r in rows
        if r["threads"] == threads
    }
    width = 0.8 / len(BARS)
    with open(data, "w") as out, open(shares, "w") as share_out:
        for k, (engine, op, _, _) in enumerate(BARS):
            for s, shape in enumerate(shapes):
                row, at = found.get((engine, op, shape)), s + (k - (len(BARS) - 1) / 2) * width
                if row:
                    out.write(f"{at} {row['per_s']}\n")
                if row and row.get("peak_share") is not None and (engine, op) == ("gauntlet", "forward_sliding"):
                    share_out.write(f"{at} {row['per_s']} \"{100 * row['peak_share']:.0f} %\"\n")
            out.write(f"{-99} 1\n\n\n")
    for k, (_, _, title, colour) in enumerate(BARS):
        key = f'title "{title}"' if legend else "notitle"
        plots.append(f"'{data}' index {k} using 1:2 with boxes fillcolor rgb '{colour}' {key}")
    plots.append(f"'{shares}' using 1:($2*1.12):3 with labels font ',9' rotate by 90 left notitle")
    tics = ", ".join(f"{quoted(shape)} {s}" for s, shape in enumerate(shapes))
    highest = max(r["per_s"] for r in found.values())
    return (
        f"set title '{threads} thread{'s' if threads > 1 else ''}' font ',12'\nset xtics ({tics})\nset xrange "
        f"[-0.6:{len(shapes) - 0.4}]\n"
        f"set yrange [{lowest / 2}:{highest * (12 if legend else 3)}]\nset boxwidth {width * 0.95}\nplot "
        f"{', '.join(plots)}\n"
    )


def windows_picture(result, folder):
    rows = [r for r in result["rows"] if r["op"] in ("forward", "forward_sliding", "forward_windows")]
    with tempfile.TemporaryDirectory() as name:
        lowest = min(r["per_s"] for r in rows)
        panels = "".join(bar_panel(rows, threads, pathlib.Path(name), lowest, threads == 1) for threads in (1, 2))
        gnuplot(
            f"set terminal pngcairo size 1200,1000 font 'DejaVu Sans,11'\nset output '{folder / 'windows.png'}'\n"
            "set multiplot layout 2,1 title 'Windows scored a second, by model (layers x hidden units)' font ',14'\n"
            "set style fill solid 1 border rgb '#404040'\nset logscale y\nset format y '10^{%L}'\nset grid ytics lc "
            "rgb '#d0d0d0'\n"
            "set ylabel 'windows a second (log scale)'\nset key top right maxrows 3 samplen 2 width 1\nset xtics "
            "nomirror scale 0\n"
            "set xlabel 'label: share of the FMA peak that sliding windows reach, by matrix FLOPs'\n" + panels
        )


def ratios_picture(results, folder):
    rows = [r for name in NAMES if name in results for r in results[name]["ratios"] if r["target"] is not None]
    rows.sort(key=lambda r: list(OPS).index(r["op"]))  # stable: by model and threads within
    if not rows:
        return
    with tempfile.TemporaryDirectory() as name:
        data = pathlib.Path(name) / "ratios"
        with open(data, "w") as out:
            for i, r in enumerate(reversed(rows)):
                out.write(f"{i} {r['ratio']} {r['q1']} {r['q3']} {r['target']} {1 if r['met'] else 0}\n")
        tics = ", ".join(
            quoted(" ".join(filter(None, [OPS[r["op"]], r["shape"]])) + f", {r['threads']} thr.") + f" {i}"
            for i, r in enumerate(reversed(rows))
        )
        gnuplot(
            f"set terminal pngcairo size 1000,{140 + 19 * len(rows)} font 'DejaVu Sans,10'\nset output "
            f"'{folder / 'ratios.png'}'\n"
            "set title \"Times faster than the fastest peer (bf16: than float32)\\nmedian and quartiles of the "
            "rounds\" font ',12'\n"
            f"set ytics ({tics})\nset yrange [-1:{len(rows)}]\nset logscale x\nset grid xtics ytics lc rgb '#d8d8d8'\n"
            "set xlabel 'ratio (log scale)'\nset key top right box opaque\nset arrow from 1, graph 0 to 1, graph 1 "
            "nohead lc rgb '#606060' dt 2\n"
            f"plot '{data}' using 5:1 with points pt 2 ps 1.4 lw 2 lc rgb 'black' title 'target', "
            f"'{data}' using ($6==1?$2:NaN):1:3:4 with xerrorbars pt 7 ps 1.1 lw 1.5 lc rgb '#0072B2' title 'met', "
            f"'{data}' using ($6==0?$2:NaN):1:3:4 with xerrorbars pt 9 ps 1.3 lw 1.5 lc rgb '#D55E00' title 'missed'\n"
        )


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    folder = pathlib.Path(sys.argv[1])
    results = {
        name: json.loads((folder / f"{name}.json").read_text()) for name in NAMES if (folder / f"{name}.json").exists()
    }
    if not results:
        sys.exit(f"{folder}: none of {', '.join(n + '.json' for n in NAMES)}; run ./run.sh peers bench first")
    if "inference" in results:
        windows_picture(results["inference"], folder)
    ratios_picture(results, folder)
    (folder / "README.md").write_text(text_of(results))
    print(f"wrote {folder / 'README.md'}")


if __name__ == "__main__":
    main()
