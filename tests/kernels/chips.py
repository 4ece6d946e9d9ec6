"""What the architectures hold and what the chips do a cycle: the figures behind occupancy and estimates, with sources.

Guide: NVIDIA, CUDA C++ Programming Guide 13.0; "Technical Specifications per Compute Capability" for what an SM holds,
"Arithmetic Instructions" for results per cycle and SM. Toolkit: cuda_occupancy.h for the sizes in which registers and
shared memory are handed out. Data sheets: NVIDIA H100 Tensor Core GPU, NVIDIA H200 Tensor Core GPU (SXM columns);
clocks and L2: NVIDIA H100 Tensor Core GPU Architecture (white paper).
"""

import re

WARP = 32

# By compute capability (Guide): warps, blocks and bytes of shared memory that an SM holds; bytes for one block.
LIMITS = {
    "sm_80": {"warps": 64, "blocks": 32, "shared": 164 << 10, "block_shared": 163 << 10},
    "sm_90": {"warps": 64, "blocks": 32, "shared": 228 << 10, "block_shared": 227 << 10},
    "sm_100": {"warps": 64, "blocks": 32, "shared": 228 << 10, "block_shared": 227 << 10},
}
REGISTERS = 65536  # 32-bit registers an SM, in four parts with a scheduler each
PARTS = 4
REGISTER_UNIT = 256  # a warp's registers are handed out in these
SHARED_UNIT = 128  # bytes
RESERVED = 1024  # bytes of a block's shared memory that the system keeps, from compute capability 8.0 on


def up(n, unit):
    return -(-n // unit) * unit


def blocks_resident(arch, registers, threads, shared):
    """(blocks of a kernel that an SM holds at once, what limits them)."""
    limit, warps = LIMITS[arch], -(-threads // WARP)
    a_warp = up(registers * WARP, REGISTER_UNIT)
    by = {
        "warps": limit["warps"] // warps,
        "blocks": limit["blocks"],
        "registers": REGISTERS // PARTS // a_warp * PARTS // warps,
        "shared memory": limit["shared"] // up(shared + RESERVED, SHARED_UNIT),
    }
    if shared > limit["block_shared"]:
        by["shared memory"] = 0
    least = min(by.values())
    return least, next(name for name, n in by.items() if n == least)


def occupancy(arch, registers, threads, shared):
    """Resident warps over the most an SM holds."""
    return blocks_resident(arch, registers, threads, shared)[0] * -(-threads // WARP) / LIMITS[arch]["warps"]


# ---- rates of compute capability 9.0 ---------------------------------------------------------------------------------

# Results a cycle and SM (Guide, column 9.0). IMAD shares the FP32 pipe, on half of its lanes. Shared memory and L1
# return 128 bytes a cycle, one register of a warp.
LANES = {"fp32": 128, "imad": 64, "fp64": 64, "int": 64, "mufu": 16, "issue": 128}
MEMORY_BYTES = 128
WORDS = {
    "fp32": "FFMA FADD FMUL FFMA32I FADD32I FMUL32I IMAD HFMA2",
    "imad": "IMAD",
    "fp64": "DFMA DADD DMUL DSETP DMNMX",
    "int": "IADD3 LOP3 ISETP FSETP FMNMX SEL FSEL SHF PRMT MOV LEA VIADD IMNMX VIMNMX IABS PLOP3 FCHK SGXT IADD LOP",
    "mufu": "MUFU F2F F2I I2F POPC FLO",
}
PIPE_OF = {}
for _pipe, _words in WORDS.items():
    for _word in _words.split():
        PIPE_OF.setdefault(_word, []).append(_pipe)

# A 16-byte load whose address is the same for the whole warp returns twice as fast: 2 requests in place of 4, on
# compute capability 7.0 and 7.5 (NVIDIA's answer in developer forum thread 77228); later ones are taken to do as well.
UNIFORM_GAIN = 2

# mma.sync.m16n8k16, bf16 with float32 sums: 2,048 fused multiply-adds a warp. The data sheet's dense rate, 2,048 a
# cycle and SM, needs wgmma; mma.sync reaches 62.9 % of it (Luo et al., Benchmarking and Dissecting the Nvidia Hopper
# GPU Architecture, arXiv:2402.13499).
MMA_FMA = 2048
MMA_FMA_A_CYCLE = 0.629 * 2048

# SXM boards. clock: the boost clock behind the data sheet's 67 TFLOPS of FP32 (2 x 128 lanes x 132 SMs); tensor_clock:
# the one behind its 989.4 TFLOPS of dense BF16. A board at its power limit runs slower than either.
CHIPS = {
    "H100 SXM": {"sms": 132, "clock": 1.98e9, "tensor_clock": 1.83e9, "hbm": 3.35e12},
    "H200 SXM": {"sms": 132, "clock": 1.98e9, "tensor_clock": 1.83e9, "hbm": 4.8e12},
}


def cycles(counts, runs, uniform=0.0):
    """{pipe: cycles of one SM} for `runs` warps' passes through code with these counts (sass.count).

    uniform: the share of its loads of 16 bytes that all lanes do at one address."""
    found = {pipe: 0.0 for pipe in (*LANES, "memory", "tensor")}
    for opcode, n in counts["opcodes"].items():
        word = opcode.split(".")[0]
        for pipe in PIPE_OF.get(word, []):
            found[pipe] += n * WARP / LANES[pipe]
        if word == "HMMA":
            found["tensor"] += n * MMA_FMA / MMA_FMA_A_CYCLE
    found["issue"] = counts["total"] * WARP / LANES["issue"]
    loads = sum(n for opcode, n in counts["opcodes"].items() if re.match(r"LD[SG]?\..*128", opcode))
    wide = loads * 16 * uniform
    moved = sum(counts["bytes"].values()) - wide + wide / UNIFORM_GAIN
    found["memory"] = moved * WARP / MEMORY_BYTES
    return {pipe: n * runs for pipe, n in found.items()}
