"""Reads nvdisasm's text: instructions of each kernel, its loops, and what they are made of.

A loop is a natural loop of the control flow graph (an edge back to a block that dominates it), so that a slow path
placed behind the kernel's end, which jumps back too, isn't taken for one. A block that calls one of the compiler's slow
paths (division and square root of numbers at the edge of the range) is `cold`: named, but not counted.
"""

import collections
import re

SECTION = re.compile(r"^\s*\.section\s+\.text\.([^,\s]+)")
LABEL = re.compile(r"^([.$\w]+):")
LINE = re.compile(r"^\s+/\*([0-9a-f]{4,})\*/\s+(?:\{\s*)?(?:@(!?U?P\w+)\s+)?([A-Z][A-Z0-9_.]*)\s*([^;]*);?")
HELPER = "$__internal"
TARGET = re.compile(r"`\(([^)]+)\)")

# What a report names, by the first word of the instruction.
GROUPS = {
    "FFMA": ["FFMA", "FFMA32I"],
    "FADD/FMUL": ["FADD", "FMUL", "FADD32I", "FMUL32I"],
    "FFMA2": ["FFMA2", "FADD2", "FMUL2"],
    "DFMA": ["DFMA"],
    "DADD/DMUL": ["DADD", "DMUL"],
    "DSETP": ["DSETP"],
    "MUFU": ["MUFU"],
    "HMMA": ["HMMA"],
    "LDS": ["LDS", "LDSM"],
    "STS": ["STS", "STSM"],
    "LDG": ["LDG", "LD"],
    "STG": ["STG", "ST"],
    "IMAD": ["IMAD"],
    "SHFL": ["SHFL"],
    "BAR": ["BAR"],
}
GROUP_OF = {word: group for group, words in GROUPS.items() for word in words}

Instruction = collections.namedtuple("Instruction", "address guard opcode operands")


class Block:
    def __init__(self, index):
        self.index, self.labels, self.code = index, [], []
        self.successors, self.cold = [], False


class Loop:
    def __init__(self, header, body):
        self.header, self.body, self.parent, self.children, self.name = header, body, None, [], ""

    def own(self):
        """The blocks that no loop inside holds."""
        return self.body.difference(*(child.body for child in self.children))


def parse(text):
    """{mangled name: [(label or None, Instruction or None)]} in the order of the text."""
    functions, lines = {}, None
    for line in text.splitlines():
        if match := SECTION.match(line):
            lines = functions.setdefault(match.group(1), [])
        elif line.lstrip().startswith((".section\t", ".section ")):
            lines = None
        elif lines is None:
            continue
        elif match := LABEL.match(line):
            lines.append((match.group(1), None))
        elif match := LINE.match(line):
            address, guard, opcode, operands = match.groups()
            lines.append((None, Instruction(int(address, 16), guard, opcode, operands)))
    return functions


def word(instruction):
    return instruction.opcode.split(".")[0]


def target(instruction):
    found = TARGET.search(instruction.operands)
    return found.group(1) if found else None


def is_branch(instruction):
    name = word(instruction)
    local_call = name == "CALL" and (target(instruction) or "").startswith(".L")  # how nvcc leaves some loops
    return name in ("BRA", "EXIT", "RET", "BRX", "JMP", "JMX", "BSYNC", "KILL") or local_call


def is_indirect(instruction):
    """A jump or call to an address that only a register knows."""
    name = word(instruction)
    if name in ("BRX", "JMX", "JCAL", "JMXU", "BRXU"):
        return True
    return name == "CALL" and target(instruction) is None


def functions_of(lines):
    """[(name, lines)]: the kernel itself, named "", then functions that it calls, $kernel$name, by their own names, then
    the compiler's helpers, $__internal_.."""
    parts = [("", [])]
    for label, instruction in lines:
        if label and label.startswith("$"):
            parts.append((label if label.startswith(HELPER) else label.rsplit("$", 1)[1], []))
        parts[-1][1].append((label, instruction))
    return parts


def cut(lines):
    """Basic blocks of one function."""
    blocks = [Block(0)]
    for label, instruction in lines:
        if label:
            if blocks[-1].code:
                blocks.append(Block(len(blocks)))
            blocks[-1].labels.append(label)
            continue
        blocks[-1].code.append(instruction)
        if is_branch(instruction):
            blocks.append(Block(len(blocks)))
    return [block for block in blocks if block.code or block.labels]


def reconvergence(block, index, blocks):
    """Where BSYNC goes on: the label that the BSSY before it named."""
    register = block.code[-1].operands.split(",")[0].strip()
    for earlier in reversed(blocks[: index + 1]):
        for instruction in reversed(earlier.code):
            if word(instruction) == "BSSY" and instruction.operands.split(",")[0].strip() == register:
                return target(instruction)
    return None


def connect(blocks):
    at = {label: i for i, block in enumerate(blocks) for label in block.labels}
    for i, block in enumerate(blocks):
        block.index = i
        last = block.code[-1] if block.code else None
        name = word(last) if last else ""
        goal = (
            reconvergence(block, i, blocks) if name == "BSYNC" else target(last) if last and is_branch(last) else None
        )
        falls = (
            not last
            or last.guard
            or "," in last.operands
            and name == "BRA"
            or name not in ("BRA", "EXIT", "RET", "BRX", "JMP", "KILL", "BSYNC")
        )
        if name == "BSYNC" and goal not in at:
            falls = True
        if goal in at:
            block.successors.append(at[goal])
        if falls and i + 1 < len(blocks):
            block.successors.append(i + 1)
        block.cold = any(word(c) == "CALL" and (target(c) or "").startswith(HELPER) for c in block.code)
    return blocks


def order_of(blocks):
    """Blocks that can be reached, in reverse postorder."""
    seen, order, stack = {0}, [], [(0, iter(blocks[0].successors))]
    while stack:
        i, rest = stack[-1]
        for j in rest:
            if j not in seen:
                seen.add(j)
                stack.append((j, iter(blocks[j].successors)))
                break
        else:
            order.append(i)
            stack.pop()
    return order[::-1]


def dominators(blocks):
    """{block: its immediate dominator}, Cooper, Harvey and Kennedy, A Simple, Fast Dominance Algorithm (2001)."""
    order = order_of(blocks)
    rank = {b: r for r, b in enumerate(order)}
    before = {b: [] for b in order}
    for b in order:
        for s in blocks[b].successors:
            before[s].append(b)
    above = {order[0]: order[0]}
    changed = True
    while changed:
        changed = False
        for b in order[1:]:
            known = [p for p in before[b] if p in above]
            one = known[0]
            for other in known[1:]:
                while one != other:
                    while rank[other] > rank[one]:
                        other = above[other]
                    while rank[one] > rank[other]:
                        one = above[one]
            if above.get(b) != one:
                above[b], changed = one, True
    return above, before


def loops_of(blocks):
    """Natural loops, outer before inner, named 1, 1.1, 1.2, 2 in the order of their addresses."""
    above, before = dominators(blocks)

    def dominates(a, b):
        while b != a and above[b] != b:
            b = above[b]
        return a == b

    found = {}
    for tail in above:
        for head in blocks[tail].successors:
            if not dominates(head, tail):
                continue
            body, stack = found.setdefault(head, {head}), [tail]
            while stack:
                b = stack.pop()
                if b not in body:
                    body.add(b)
                    stack += before[b]
    loops = sorted((Loop(h, body) for h, body in found.items()), key=lambda l: (-len(l.body), l.header))
    for i, loop in enumerate(loops):
        holders = [outer for outer in loops[:i] if loop.header in outer.body]
        if holders:
            loop.parent = min(holders, key=lambda l: len(l.body))
            loop.parent.children.append(loop)
    name_loops([loop for loop in loops if not loop.parent], "")
    return sorted(loops, key=lambda l: [int(n) for n in l.name.split(".")])


def name_loops(loops, prefix):
    for i, loop in enumerate(sorted(loops, key=lambda l: l.header)):
        loop.name = f"{prefix}{i + 1}"
        name_loops(loop.children, loop.name + ".")


# ---- counts ----------------------------------------------------------------------------------------------------------


def bytes_of(opcode):
    """Bytes that a thread moves: LDS.128 16, LDG.E.64 8, LDS 4, LDS.U8 1."""
    words = opcode.split(".")
    if words[0] == "LDSM":
        return 4 * next((int(w) for w in words if w in ("2", "4")), 1)
    for size, n in (("128", 16), ("64", 8), ("256", 32), ("U16", 2), ("S16", 2), ("U8", 1), ("S8", 1)):
        if size in words:
            return n
    return 4


def count(blocks):
    """Instructions of warm blocks: by group, by full opcode, all; bytes of shared and global memory a thread."""
    code = [instruction for block in blocks if not block.cold for instruction in block.code]
    groups = collections.Counter(GROUP_OF.get(word(c), "other") for c in code)
    bytes_moved = collections.Counter()
    for c in code:
        if GROUP_OF.get(word(c)) in ("LDS", "STS", "LDG", "STG"):
            bytes_moved[GROUP_OF[word(c)]] += bytes_of(c.opcode)
    return {
        "total": len(code),
        "groups": {group: groups[group] for group in GROUPS if groups[group]},
        "bytes": dict(bytes_moved),
        "opcodes": dict(sorted(collections.Counter(c.opcode for c in code).items())),
        "cold": sum(len(block.code) for block in blocks if block.cold),
    }


def loop_rows(function, blocks, loops):
    """Counts of each loop's own blocks; what loops inside hold is theirs."""
    rows = []
    for loop in loops:
        code = [c for b in loop.body for c in blocks[b].code]
        rows.append(
            {
                "function": function,
                "name": loop.name,
                "innermost": not loop.children,
                "from": min(c.address for c in code),
                "to": max(c.address for c in code),
                **count([blocks[b] for b in sorted(loop.own())]),
            }
        )
    return rows


def analyse(lines):
    """All counts of one kernel: the whole code, every loop, and what must not be there."""
    everything = [instruction for _, instruction in lines if instruction]
    whole, outside, rows = [], [], []
    for name, part in functions_of(lines):
        if name.startswith(HELPER):
            continue
        blocks = connect(cut(part))
        loops = loops_of(blocks) if blocks else []
        inside = set().union(*(loop.body for loop in loops)) if loops else set()
        whole += blocks
        outside += [block for i, block in enumerate(blocks) if i not in inside]
        rows += loop_rows(name, blocks, loops)
    return {
        "whole": count(whole),
        "outside": count(outside),
        "loops": rows,
        "helpers": len(everything) - sum(len(block.code) for block in whole),
        "local": sum(word(c) in ("LDL", "STL") for c in everything),
        "indirect": [f"{c.address:#06x} {c.opcode} {c.operands}".strip() for c in everything if is_indirect(c)],
    }


def excerpt(lines, loop):
    """The text of a loop, one instruction a line."""
    return [
        f"{c.address:04x}  {'@' + c.guard + ' ' if c.guard else ''}{c.opcode} {c.operands}".rstrip()
        for _, c in lines
        if c and loop["from"] <= c.address <= loop["to"]
    ]
