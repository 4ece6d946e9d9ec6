#!/usr/bin/env python3
"""What the compiler says of every CUDA kernel, and the estimates that follow: README.md, loops.md, kernels.json.

usage: report.py [--build FOLDER] [--out FOLDER]    (./run.sh kernels)

Reads the assembler's words that the build kept (registers, spills, stack) and the machine code of gauntlet-cuda.so.
Nothing here is measured.
"""

import argparse
import json
import pathlib
import re
import sys
import tomllib

import build
import chips
import estimate
import sass

COLUMNS = [
    "FFMA",
    "FADD/FMUL",
    "FFMA2",
    "DFMA",
    "DADD/DMUL",
    "MUFU",
    "HMMA",
    "LDS",
    "STS",
    "LDG",
    "STG",
    "IMAD",
    "SHFL",
    "BAR",
]


def gather(folder):
    """One row a kernel and architecture: the assembler's figures, launch bounds, occupancy, counts."""
    rows = build.read_logs(folder)
    if not rows:
        raise build.Missing("the build left no report of the assembler")
    code, threads = {}, {}
    for arch, text, bounds in build.disassemble(build.module(folder)):
        for mangled, lines in sass.parse(text).items():
            code.setdefault((mangled, arch), lines)
        threads.update({(mangled, arch): n for mangled, n in bounds.items()})
    shapes = tomllib.loads(estimate.FILE.read_text()).get("shared", [])
    for row in rows:
        key = (row["mangled"], row["arch"])
        if key not in code:
            sys.exit(f"{row['kernel']} {row['arch']}: in the assembler's report, but not in the module: build again")
        row["threads"] = threads.get(key)
        row["shared_shapes"] = [shared_shape(row, s) for s in shapes if re.fullmatch(s["kernel"], row["kernel"])]
        row.update(sass.analyse(code[key]))
        row["lines"] = code[key]
        if row["threads"]:
            row.update(occupancy_of(row, row["threads"], row["static_shared"]))
    return rows


def occupancy_of(row, threads, shared):
    blocks, limit = chips.blocks_resident(row["arch"], row["registers"], threads, shared)
    share = chips.occupancy(row["arch"], row["registers"], threads, shared)
    return {"blocks_per_sm": blocks, "occupancy": share, "limited_by": limit}


def shared_shape(row, shape):
    """Occupancy with a launch's threads and dynamic shared memory, as targets.toml has them for a shape."""
    shared = row["static_shared"] + int(estimate.value(shape["bytes"], shape.get("with", {})))
    threads = int(shape["threads"])
    return {"shape": shape["shape"], "threads": threads, "bytes": shared, **occupancy_of(row, threads, shared)}


# ---- text ------------------------------------------------------------------------------------------------------------


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]


def percent(share):
    return f"{100 * share:.0f} %"


def figure(x):
    """Three digits, with a power of ten where that is shorter."""
    return (
        f"{x:,.3g}" if 1e-2 <= abs(x) < 1e4 else f"{x:.2e}".replace("e+0", "e").replace("e-0", "e-").replace("e+", "e")
    )


def kernel_lines(rows, archs):
    """A line a kernel: registers by architecture, and what a launch leaves of an SM."""
    lines = []
    for source, kernel in dict.fromkeys((row["source"], row["kernel"]) for row in rows):
        mine = {row["arch"]: row for row in rows if (row["source"], row["kernel"]) == (source, kernel)}
        any_row = next(iter(mine.values()))
        by = [str(mine[a]["registers"]) if a in mine else "-" for a in archs]
        held = [percent(mine[a]["occupancy"]) if a in mine and any_row["threads"] else "-" for a in archs]
        lines.append(
            [
                source,
                f"`{kernel}`",
                any_row["threads"] or "-",
                " / ".join(by),
                sum(row["spill_stores"] + row["spill_loads"] for row in mine.values()),
                max(row["stack"] for row in mine.values()),
                max(row["static_shared"] for row in mine.values()),
                " / ".join(held),
                " / ".join(str(mine[a]["whole"]["total"]) if a in mine else "-" for a in archs),
            ]
        )
    return table(
        [
            "source",
            "kernel",
            "threads",
            "registers",
            "spilled bytes",
            "stack",
            "static shared",
            "occupancy",
            "instructions",
        ],
        lines,
    )


def shared_lines(rows, archs):
    lines = []
    for row in rows:
        for i, shape in enumerate(row["shared_shapes"]):
            if row["arch"] != archs[0]:
                continue
            mine = [r["shared_shapes"][i] for r in rows if (r["source"], r["kernel"]) == (row["source"], row["kernel"])]
            lines.append(
                [
                    f"`{row['kernel']}`",
                    shape["shape"],
                    shape["threads"],
                    f"{shape['bytes']:,}",
                    " / ".join(str(s["blocks_per_sm"]) for s in mine),
                    " / ".join(percent(s["occupancy"]) for s in mine),
                    " / ".join(s["limited_by"] for s in mine),
                ]
            )
    return table(["kernel", "shape", "threads", "shared bytes", "blocks an SM", "occupancy", "limited by"], lines)


def loop_lines(rows):
    """Every innermost loop, and the outer ones' own instructions where they do arithmetic."""
    used = [c for c in COLUMNS if any(loop["groups"].get(c) for row in rows for loop in row["loops"])]
    lines = []
    for row in rows:
        for loop in row["loops"]:
            if not loop["groups"]:
                continue
            where = loop["name"] + ("" if loop["innermost"] else " (own)")
            counts = [loop["groups"].get(c, "") or "" for c in used]
            lines.append([f"`{row['kernel']}`", row["arch"][3:], where, loop["total"], *counts, loop["cold"] or ""])
    return table(["kernel", "sm", "loop", "all", *used, "cold"], lines)


def pipe_text(cycles):
    shown = sorted(((n, pipe) for pipe, n in cycles.items() if n), reverse=True)
    return ", ".join(f"{pipe} {figure(n)}" for n, pipe in shown)


def target_lines(target):
    lines = [f"### {target['title']}", "", target["work"].strip(), ""]
    for part in target["part"]:
        if "absent" in part:
            lines.append(f"- {part['what']}: {part['absent']}")
            continue
        counts = part["counts"]
        groups = ", ".join(f"{n} {group}" for group, n in counts["groups"].items())
        lines.append(
            f"- {part['what']}: `{part['kernel']}` loop {counts['name']}, {counts['total']} instructions ({groups}); "
            f"warps' passes a unit: `{part['runs']}` = {figure(part['warp_runs'])}; cycles of an SM: "
            f"{pipe_text(part['cycles'])}"
        )
    if "rates" in target:
        lines += ["", f"Cycles of an SM a unit, all parts: {pipe_text(target['cycles'])}.", ""]
        for name, rate in target["rates"].items():
            share = target["goal"] / rate["per_s"]
            hbm = f"; HBM {figure(rate['hbm_bytes'])} bytes a unit" if rate["hbm_bytes"] else ""
            lines.append(
                f"- {name}: at most **{figure(rate['per_s'])} {target['unit']}** (estimate; {rate['limit']} is the "
                f"limit{hbm}); the target {figure(target['goal'])} is {percent(share)} of it"
            )
    elif target["part"]:
        lines += ["", "No estimate: a part isn't there."]
    if needs := target.get("needs"):
        lines += ["", "What would have to be true:", ""] + [f"- {need}" for need in needs]
    return lines + [""]


def target_table(targets):
    lines = []
    for target in targets:
        cells = [figure(rate["per_s"]) for rate in target.get("rates", {}).values()] or ["-"] * len(chips.CHIPS)
        limit = ", ".join(dict.fromkeys(rate["limit"] for rate in target.get("rates", {}).values())) or "-"
        verdict = "no estimate from counts; see below"
        if "rates" in target:
            share = max(target["goal"] / rate["per_s"] for rate in target["rates"].values())
            verdict = f"{percent(share)} of the estimate" + ("" if share <= 1 else ": **out of reach of this code**")
        lines.append([target["title"], f"{figure(target['goal'])} {target['unit']}", *cells, limit, verdict])
    return table(["design target", "goal", *(f"{name}, at most" for name in chips.CHIPS), "limit", "goal needs"], lines)


def readme(rows, targets, compiler):
    archs = sorted({row["arch"] for row in rows}, key=lambda a: int(a[3:]))
    spilled = sum(row["spill_stores"] + row["spill_loads"] for row in rows)
    kernels = len({(row["source"], row["kernel"]) for row in rows})
    lines = [
        "# CUDA kernels, by the compiler's figures",
        "",
        "Written by `./run.sh kernels` (tests/kernels/report.py) from the build's own reports and the machine code of "
        f"gauntlet-cuda.so; nvcc {compiler}. **Nothing here is measured**: registers, memory and instructions are "
        "counted, rates are estimates from them.",
        "",
        f"{kernels} kernels for {', '.join(archs)}; spilled bytes in all of them: {spilled}. `lint.test_kernels` fails on "
        "any spill and when registers grow past tests/kernels/registers.txt.",
        "",
        "## Design targets on one GPU",
        "",
        *target_table(targets),
        "",
        "An estimate takes the instructions of the loops that do the work (sm_90), times how often a unit of work runs "
        "them, over the rates of each pipe: as if each worked every cycle at the boost clock and the slowest alone "
        "counted. It bounds what this code can reach from above. Rates and their sources: tests/kernels/chips.py; "
        "loops and formulas: tests/kernels/targets.toml. fp32 128 lanes a cycle and SM (IMAD among them, 64), fp64 64, int 64, "
        "mufu 16, issue 4 warps, memory (shared and L1) 128 bytes, tensor 62.9 % of the data sheet's dense rate.",
        "",
        *(line for target in targets for line in target_lines(target)),
        "## Kernels",
        "",
        f"Registers, occupancy and instructions of the whole function for {' / '.join(archs)}. Occupancy: resident warps "
        "of the 64 an SM holds, at the launch bounds' threads and without dynamic shared memory (tests/kernels/chips.py, "
        "the same as cuda_occupancy.h's in all of 5,148 cases tried by lint.test_kernels).",
        "",
        *kernel_lines(rows, archs),
        "",
        "With the dynamic shared memory of typical shapes:",
        "",
        *shared_lines(rows, archs),
        "",
        "Loops, instruction by instruction kind: [loops.md](loops.md). Everything, with each opcode: kernels.json. The hot "
        "loops' machine code (sm_90): sass/.",
        "",
    ]
    return "\n".join(lines)


def loops_text(rows, compiler):
    head = [
        "# Loops of the CUDA kernels",
        "",
        f"Written by `./run.sh kernels`; nvcc {compiler}. A loop is named by where it lies: 1.2 is the second inside the "
        'first. "Own" counts leave out the loops inside. All: instructions of one pass, predicated ones too; cold: those '
        "of blocks that call a slow path of division or square root, not counted elsewhere. FFMA2 is two fused "
        "multiply-adds in one (sm_100).",
        "",
    ]
    return "\n".join(head + loop_lines(rows) + [""])


# ---- files -----------------------------------------------------------------------------------------------------------


def plain(rows):
    """Rows for JSON: without the text of the code and the compiler's mangled names, which hold a path's hash."""
    return [{key: cell for key, cell in row.items() if key not in ("lines", "mangled")} for row in rows]


def write_excerpts(folder, rows, targets):
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.txt"):
        old.unlink()
    for target in targets:
        for part in target["part"]:
            if "absent" in part or "from" not in part["counts"]:
                continue
            row = next(r for r in rows if (r["kernel"], r["arch"]) == (part["kernel"], estimate.ARCH))
            loop = part["counts"]
            name = re.sub(r"\W+", "_", f"{part['kernel']}_loop_{loop['name']}").strip("_")
            head = f"{part['source']} {part['kernel']} {estimate.ARCH}, loop {loop['name']}\n"
            (folder / f"{name}.txt").write_text(head + "\n".join(sass.excerpt(row["lines"], loop)) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("--out", default=build.ROOT / "reports" / "kernels")
    chosen = parser.parse_args()
    out = pathlib.Path(chosen.out)
    try:
        compiler, rows = build.compiler(chosen.build), gather(chosen.build)
    except build.Missing as reason:
        sys.exit(f"no report of the kernels: {reason}")
    targets = estimate.estimate(rows)
    out.mkdir(parents=True, exist_ok=True)
    (out / "README.md").write_text(readme(rows, targets, compiler))
    (out / "loops.md").write_text(loops_text(rows, compiler))
    everything = {
        "command": "./run.sh kernels",
        "compiler": compiler,
        "measured": False,
        "kernels": plain(rows),
        "targets": targets,
    }
    (out / "kernels.json").write_text(json.dumps(everything, indent=1, allow_nan=False) + "\n")
    write_excerpts(out / "sass", rows, targets)
    print(f"wrote {out}: {len(rows)} rows")


if __name__ == "__main__":
    main()
