"""The design targets' estimates: counted instructions of the loops that do the work, over the rates of a chip.

targets.toml says which loops a unit of work runs through, and how often; a formula may use the target's shape (L, H,
..) and the counts of the loop it stands beside (FFMA, MUFU, HMMA, ..: by group, of one thread). Time is the slowest
pipe's: as if every pipe worked all the time and none waited. So an estimate is a bound on what the counted code can
reach.
"""

import pathlib
import re
import tomllib

import chips

FILE = pathlib.Path(__file__).resolve().parent / "targets.toml"
ARCH = "sm_90"
NAME = re.compile(r"[A-Za-z_]\w*")
ALLOWED = re.compile(r"[\w\s.+*/()-]+")


def value(formula, names):
    """The number a formula of + - * / ( ) and names gives."""
    text = str(formula)
    unknown = [n for n in NAME.findall(text) if n not in names and not re.fullmatch(r"e\d+", n)]
    if unknown or not ALLOWED.fullmatch(text):
        raise SystemExit(f"{FILE.name}: {text!r}: {', '.join(unknown) or 'only + - * / ( ) and names'}")
    return float(eval(text, {"__builtins__": {}}, dict(names)))


def choose(loops, how):
    """A loop by its rule: "most FFMA", "most FFMA of innermost", "64 FFMA of innermost in NAME"; of equals the first.
    NAME: a function that the kernel calls."""
    rule, _, function = how.partition(" in ")
    rule, _, which = rule.partition(" of ")
    n, group = rule.split()
    found = [loop for loop in loops if loop["innermost"] or which != "innermost"]
    found = [loop for loop in found if not function or re.split("[ <]", loop["name"])[0] == function]
    if n != "most":
        return next((loop for loop in found if loop["groups"].get(group, 0) == int(n)), None)
    best = max(found, key=lambda loop: loop["groups"].get(group, 0), default=None)
    return best if best and best["groups"].get(group, 0) else None


def names_of(counts, shape):
    """What a formula beside a loop may use: MUFU_EX2 is opcode MUFU.EX2, FFMA the group."""
    opcodes = {re.sub(r"\W", "_", opcode): n for opcode, n in counts["opcodes"].items()}
    groups = {re.sub(r"\W", "_", group): n for group, n in counts["groups"].items()}
    return {**opcodes, **groups, "total": counts["total"], **shape}


def unevenness(items, warps):
    """How much longer the busiest of an SM's four parts works than the average one, when `items` equal pieces go to
    `warps` warps in turn, and a barrier waits for all."""
    if warps < chips.PARTS:
        return 1.0
    busiest = max(sum(len(range(w, items, warps)) for w in range(p, warps, chips.PARTS)) for p in range(chips.PARTS))
    return busiest * chips.PARTS / items


def part_of(part, kernels, shape):
    """A part with its counts filled in; "absent" says what isn't there (yet)."""
    kernel = next((k for k in kernels if k["kernel"] == part["kernel"] and k["arch"] == ARCH), None)
    if not kernel:
        return {**part, "absent": f"no kernel {part['kernel']}"}
    if part["loop"] in ("whole", "outside"):
        loop = {"name": part["loop"], **kernel[part["loop"]]}
    else:
        loop = choose(kernel["loops"], part["loop"])
    if not loop:
        return {**part, "absent": f"{part['kernel']} has no loop with {part['loop'].removeprefix('most ')}"}
    runs = value(part["runs"], names_of(loop, shape)) * unevenness(**part.get("spread", {"items": 1, "warps": 1}))
    cycles = chips.cycles(loop, runs, part.get("uniform", 0.0))
    return {**part, "source": kernel["source"], "counts": loop, "warp_runs": runs, "cycles": cycles}


def rates(target, cycles):
    """{chip: units a second, and which pipe or memory says so}."""
    found = {}
    for name, chip in chips.CHIPS.items():
        clock = chip["tensor_clock"] if cycles["tensor"] else chip["clock"]
        seconds = {pipe: n / clock / chip["sms"] for pipe, n in cycles.items() if n}
        hbm = value(target.get("hbm_bytes", 0), target["shape"])
        if hbm:
            seconds["HBM"] = hbm / chip["hbm"]
        slowest = max(seconds, key=seconds.get)
        found[name] = {"per_s": 1 / seconds[slowest], "limit": slowest, "seconds": seconds, "hbm_bytes": hbm}
    return found


def latency(target):
    """Microseconds of a chain of dependent work by chip, and what they leave of the goal."""
    cycles = [value(step["cycles"], target["shape"]) for step in target["chain"]]
    found = {"cycles": cycles, "chips": {}}
    for name, chip in chips.CHIPS.items():
        us = sum(cycles) / chip["clock"] * 1e6
        found["chips"][name] = {"us": us, "left_us": target["goal"] - us}
    return found


def estimate(kernels):
    """Every target of targets.toml with its parts, cycles by pipe, and rates by chip."""
    rows = []
    for target in tomllib.loads(FILE.read_text()).get("target", []):
        shape = target.setdefault("shape", {})
        parts = [part_of(part, kernels, shape) for part in target.get("part", [])]
        row = {**target, "part": parts, "absent": [part["absent"] for part in parts if "absent" in part]}
        if parts and not row["absent"]:
            row["cycles"] = {pipe: sum(part["cycles"][pipe] for part in parts) for pipe in parts[0]["cycles"]}
            row["rates"] = rates(target, row["cycles"])
        if "chain" in target:
            row["latency"] = latency(target)
        rows.append(row)
    for row in rows:
        if "times" in row:
            ours = next(other for other in rows if other["title"] == row["of"])
            row["theirs"] = {name: rate["per_s"] / row["times"] for name, rate in ours.get("rates", {}).items()}
    return rows
