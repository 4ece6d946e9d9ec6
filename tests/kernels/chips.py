"""What the architectures hold and what the chips do a cycle: the figures behind occupancy and estimates, with sources.

Guide: NVIDIA, CUDA C++ Programming Guide 13.0; "Technical Specifications per Compute Capability" for what an SM holds,
"Arithmetic Instructions" for results per cycle and SM. Toolkit: cuda_occupancy.h for the sizes in which registers and
shared memory are handed out. Data sheets: NVIDIA H100 Tensor Core GPU, NVIDIA H200 Tensor Core GPU (SXM columns);
clocks and L2: NVIDIA H100 Tensor Core GPU Architecture (white paper).
"""

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

# Pipe: results (lanes) a cycle and SM (Guide, column 9.0), and the words of the instructions that take it. IMAD shares
# the FP32 pipe, on half of its lanes. A warp instruction that moves more than 4 bytes a lane takes shared memory's pipe
# as often as its bytes need (128 a cycle: 32 banks of 4 bytes).
LANES = {"fp32": 128, "imad": 64, "fp64": 64, "int": 64, "mufu": 16, "shared": 32, "issue": 128}
WORDS = {
    "fp32": "FFMA FADD FMUL FFMA32I FADD32I FMUL32I IMAD HFMA2",
    "imad": "IMAD",
    "fp64": "DFMA DADD DMUL DSETP",
    "int": "IADD3 LOP3 ISETP FSETP FMNMX SEL FSEL SHF PRMT MOV LEA VIADD IMNMX VIMNMX IABS LOP PLOP3 FCHK SGXT",
    "mufu": "MUFU F2F F2I I2F F2FP.F64 I2FP.F64 POPC FLO",
}
PIPE_WORDS = {pipe: set(words.split()) for pipe, words in WORDS.items()}

# mma.sync.m16n8k16, bf16 with float32 sums: 2,048 fused multiply-adds a warp. The data sheet's dense rate, 4,096 FLOPs
# a cycle and SM, needs wgmma; mma.sync reaches 62.9 % of it (Luo et al., Benchmarking and Dissecting the Nvidia Hopper
# GPU Architecture, arXiv:2402.13499, section on tensor cores).
MMA_FMA = 2048
MMA_FMA_A_CYCLE = 0.629 * 2048

# SXM boards. clock: the boost clock behind the data sheet's 67 TFLOPS of FP32 (2 x 128 lanes x 132 SMs); tensor_clock:
# the one behind its 989.4 TFLOPS of dense BF16. A board at its power limit runs slower than both.
CHIPS = {
    "H100 SXM": {"sms": 132, "clock": 1.98e9, "tensor_clock": 1.83e9, "hbm": 3.35e12, "l2": 50 << 20},
    "H200 SXM": {"sms": 132, "clock": 1.98e9, "tensor_clock": 1.83e9, "hbm": 4.8e12, "l2": 50 << 20},
}
