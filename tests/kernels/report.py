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
ARITHMETIC = ["FFMA", "FADD/FMUL", "FFMA2", "DFMA", "DADD/DMUL", "MUFU", "HMMA"]
SHOWN = 10  # loops of a kernel in loops.md


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
        names = build.demangle(sorted({loop["function"] for loop in row["loops"]} - {""}))
        for loop in row["loops"]:
            if loop["function"]:
                loop["name"] = f"{names[loop['function']]} {loop['name']}"
            del loop["function"]
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


def weight(loop):
    """What decides which loops are shown: arithmetic first, then all instructions."""
    return sum(n for group, n in loop["groups"].items() if group in ARITHMETIC), loop["total"]


def loop_lines(rows):
    """Of each kernel the loops with the most arithmetic; of outer loops their own instructions."""
    used = [c for c in COLUMNS if any(loop["groups"].get(c) for row in rows for loop in row["loops"])]
    lines = []
    for row in rows:
        shown = sorted(row["loops"], key=weight, reverse=True)[:SHOWN]
        for loop in (loop for loop in row["loops"] if loop in shown and loop["groups"]):
            where = loop["name"] + ("" if loop["innermost"] else " (own)")
            counts = [loop["groups"].get(c, "") or "" for c in used]
            lines.append([f"`{row['kernel']}`", row["arch"][3:], where, loop["total"], *counts, loop["cold"] or ""])
    return table(["kernel", "sm", "loop", "all", *used, "cold"], lines)


def pipe_text(cycles):
    shown = sorted(((n, pipe) for pipe, n in cycles.items() if n), reverse=True)
    return ", ".join(f"{pipe} {figure(n)}" for n, pipe in shown)


def part_line(part):
    if "absent" in part:
        return f"- {part['what']}: {part['absent']}"
    counts = part["counts"]
    groups = ", ".join(f"{n} {group}" for group, n in counts["groups"].items())
    return (
        f"- {part['what']}: `{part['kernel']}` loop {counts['name']}, {counts['total']} instructions ({groups}); "
        f"passes of a warp a unit: `{part['runs']}`, {figure(part['warp_runs'])}; cycles of an SM: "
        f"{pipe_text(part['cycles'])}"
    )


def rate_lines(target):
    lines = ["", f"Cycles of an SM a unit, all parts: {pipe_text(target['cycles'])}.", ""]
    for name, rate in target["rates"].items():
        share = target["goal"] / rate["per_s"]
        hbm = f"; HBM {figure(rate['hbm_bytes'])} bytes a unit" if rate["hbm_bytes"] else ""
        lines.append(
            f"- {name}: at most **{figure(rate['per_s'])} {target['unit']}** (estimate; {rate['limit']} is the "
            f"limit{hbm}); the target, {figure(target['goal'])}, is {percent(share)} of it"
        )
    return lines


def chain_lines(target):
    steps = [
        f"- {step['what']}: `{step['cycles']}` = {figure(cycles)} cycles"
        for step, cycles in zip(target["chain"], target["latency"]["cycles"])
    ]
    ends = [
        f"- {name}: {figure(chip['us'])} us in the kernel (estimate), which leaves {figure(chip['left_us'])} us of the "
        f"target's {target['goal']} for its start, the bus and the way back"
        for name, chip in target["latency"]["chips"].items()
    ]
    return [*steps, "", *ends]


def target_lines(target):
    lines = [f"### {target['title']}", "", target["work"].strip(), ""]
    lines += [part_line(part) for part in target["part"]]
    if "rates" in target:
        lines += rate_lines(target)
    elif target["part"]:
        lines += ["", "No estimate: a part isn't there."]
    if "latency" in target:
        lines += chain_lines(target)
    for name, per_s in target.get("theirs", {}).items():
        lines.append(f"- {name}: true if cuDNN's best stays below {figure(per_s)} windows/s, a quarter of our estimate")
    if needs := target.get("needs"):
        lines += ["", "What would have to be true:", ""] + [f"- {need}" for need in needs]
    return lines + [""]


def target_row(target):
    """Goal, the estimates by chip, what limits, what the goal asks for."""
    goal = f"{figure(target['goal'])} {target['unit']}"
    if "latency" in target:
        found = target["latency"]["chips"].values()
        cells = [f"{figure(chip['us'])} us in the kernel" for chip in found]
        return [
            target["title"],
            goal,
            *cells,
            "dependent work",
            f"{figure(min(c['left_us'] for c in found))} us for the rest",
        ]
    if target.get("theirs"):
        cells = [f"cuDNN below {figure(n)}" for n in target["theirs"].values()]
        return [target["title"], goal, *cells, "cuDNN", "what only a GPU can say"]
    if "rates" not in target:
        return [target["title"], goal, *["-"] * len(chips.CHIPS), "-", "no estimate: a part isn't there"]
    rates = target["rates"].values()
    share = max(target["goal"] / rate["per_s"] for rate in rates)
    asks = f"{percent(share)} of the estimate" + ("" if share <= 1 else ": **out of this code's reach**")
    limits = ", ".join(dict.fromkeys(rate["limit"] for rate in rates))
    return [target["title"], goal, *(figure(rate["per_s"]) for rate in rates), limits, asks]


def target_table(targets):
    head = ["design target", "goal", *(f"{name}, estimate" for name in chips.CHIPS), "limit", "the goal asks for"]
    return table(head, [target_row(target) for target in targets])


def prose(text, **names):
    """A paragraph of the source as one line."""
    return " ".join(text.format(**names).split())


INTRODUCTION = """
Written by `./run.sh kernels` (tests/kernels/report.py) from the build's own reports and the machine code of
gauntlet-cuda.so; nvcc {compiler}. **Nothing here is measured**: registers, memory and instructions are counted, rates
are estimates from them."""
SPILLS = """
{n} kernels for {archs}; spilled bytes in all of them: {spilled}. `lint.test_kernels` fails on any spill and when
registers grow past tests/kernels/registers.txt."""
METHOD = """
An estimate takes the instructions of the loops that do the work (sm_90), times how often a unit of work runs them, over
the rate of each pipe, as if each worked every cycle at the boost clock and the slowest alone counted. So it bounds what
this code can reach from above: latencies, barriers and waves at the end of a launch come on top. Pipes, a cycle and SM:
fp32 128 lanes (IMAD among them, 64), fp64 64, int 64, mufu 16, issue 4 warps, memory (shared and L1) 128 bytes, tensor
62.9 % of the data sheet's dense rate. Sources: tests/kernels/chips.py; loops and formulas: tests/kernels/targets.toml."""
TABLE = """
Registers, occupancy and instructions of the whole function for {archs}. Occupancy: resident warps of the 64 an SM
holds, at the launch bounds' threads and without dynamic shared memory (tests/kernels/chips.py, the same as
cuda_occupancy.h's in all of 5,148 cases that lint.test_kernels tries)."""
MORE = """
Loops by kind of instruction: [loops.md](loops.md). All loops, and each opcode of whole functions: kernels.json. Machine
code of the hot loops (sm_90): sass/."""
LOOPS = """
Written by `./run.sh kernels`; nvcc {compiler}. A loop is named by where it lies: 1.2 is the second inside the first. Of
a kernel the {shown} with the most arithmetic; kernels.json has all. "Own" counts leave out the loops inside. All:
instructions of one pass, predicated ones too. Cold: those of blocks that call a slow path of division or root, not
counted elsewhere. FFMA2 (sm_100) is two fused multiply-adds in one."""


def readme(rows, targets, compiler):
    archs = sorted({row["arch"] for row in rows}, key=lambda a: int(a[3:]))
    spilled = sum(row["spill_stores"] + row["spill_loads"] for row in rows)
    n = len({(row["source"], row["kernel"]) for row in rows})
    lines = [
        "# CUDA kernels, by the compiler's figures",
        "",
        prose(INTRODUCTION, compiler=compiler),
        "",
        prose(SPILLS, n=n, archs=", ".join(archs), spilled=spilled),
        "",
        "## Design targets on one GPU",
        "",
        *target_table(targets),
        "",
        prose(METHOD),
        "",
        *(line for target in targets for line in target_lines(target)),
        "## Kernels",
        "",
        prose(TABLE, archs=" / ".join(archs)),
        "",
        *kernel_lines(rows, archs),
        "",
        "With the dynamic shared memory of typical shapes:",
        "",
        *shared_lines(rows, archs),
        "",
        prose(MORE),
    ]
    return "\n".join(lines) + "\n"


def loops_text(rows, compiler):
    head = ["# Loops of the CUDA kernels", "", prose(LOOPS, compiler=compiler, shown=SHOWN), ""]
    return "\n".join(head + loop_lines(rows)) + "\n"


# ---- files -----------------------------------------------------------------------------------------------------------


def plain(row):
    """A row for JSON: without the code's text, the mangled name (it holds a path's hash), and each loop's opcodes."""
    row = {key: cell for key, cell in row.items() if key not in ("lines", "mangled", "outside")}
    return {**row, "loops": [{key: cell for key, cell in loop.items() if key != "opcodes"} for loop in row["loops"]]}


def json_text(rows, targets, compiler):
    """A kernel and architecture a line, so that a change shows as lines."""
    lines = ",\n  ".join(json.dumps(plain(row), allow_nan=False) for row in rows)
    head = json.dumps({"command": "./run.sh kernels", "compiler": compiler, "measured": False})[:-1]
    return f'{head},\n "targets": {json.dumps(targets, indent=1, allow_nan=False)},\n "kernels": [\n  {lines}]}}\n'


def write_excerpts(folder, rows, targets):
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.txt"):
        old.unlink()
    for target in targets:
        for part in target["part"]:
            if "absent" in part or not part["counts"].get("innermost"):
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
    (out / "kernels.json").write_text(json_text(rows, targets, compiler))
    write_excerpts(out / "sass", rows, targets)
    print(f"wrote {out}: {len(rows)} rows")


if __name__ == "__main__":
    main()
