#!/usr/bin/env python3
"""sass.py on a listing made by hand: nested loops, a slow path behind the end that jumps back, a division's cold
block."""

import sys

import sass

TEXT = """
\t.section\t.text.first,"ax",@progbits
first:
.text.first:
        /*0000*/                   MOV R1, c[0x0][0x28] ;
.L_outer:
        /*0010*/                   LDG.E.128 R4, desc[UR4][R2.64] ;
        /*0020*/                   BSSY B0, `(.L_after) ;
        /*0030*/               @P0 BRA `(.L_slow) ;
.L_back:
        /*0040*/              @!P1 BRA `(.L_fast) ;
        /*0050*/                   MOV R2, 0x60 ;
        /*0060*/                   CALL.REL.NOINC `($__internal_0_$__div) ;
.L_fast:
        /*0070*/                   BSYNC B0 ;
.L_after:
        /*0080*/                   MUFU.RCP R8, R9 ;
.L_inner:
        /*0090*/                   LDS.128 R12, [R3] ;
        /*00a0*/                   FFMA R0, R12, R13, R0 ;
        /*00b0*/                   FFMA R0, R14, R15, R0 ;
        /*00c0*/               @P2 BRA `(.L_inner) ;
        /*00d0*/                   BAR.SYNC.DEFER_BLOCKING 0x0 ;
        /*00e0*/               @P3 BRA `(.L_outer) ;
        /*00f0*/                   STG.E desc[UR4][R2.64], R0 ;
        /*00f8*/                   CALL.REL.NOINC `($first$phase) ;
        /*0100*/                   EXIT ;
.L_slow:
        /*0110*/                   IMAD R5, R5, R6, R7 ;
        /*0120*/                   BRA `(.L_back) ;
.L_stop:
        /*0130*/                   BRA `(.L_stop);
$__internal_0_$__div:
        /*0140*/                   MUFU.RCP R2, R2 ;
        /*0150*/                   RET.REL.NODEC R2 `(first) ;
$first$phase:
.L_phase:
        /*0160*/                   HMMA.16816.F32.BF16 R4, R8, R12, R4 ;
        /*0170*/               @P0 BRA `(.L_phase) ;
        /*0180*/                   RET.REL.NODEC R2 `(first) ;
\t.section\t.text.second,"ax",@progbits
second:
        /*0000*/                   STL [R1], R2 ;
        /*0010*/                   CALL.ABS.NOINC R4 ;
        /*0020*/                   BRX R6 -0x30                            (*"BRANCH_TARGETS .L_1,.L_2"*);
        /*0030*/                   EXIT ;
"""

WRONG = 0


def same(what, found, wanted):
    global WRONG
    WRONG += found != wanted
    print(f"{'ok' if found == wanted else 'not ok'} - {what}" + ("" if found == wanted else f": {found}, not {wanted}"))


functions = sass.parse(TEXT)
first, second = (sass.analyse(functions[name]) for name in ("first", "second"))
loops = {loop["function"] + loop["name"]: loop for loop in first["loops"]}
same("two loops, one inside the other, and one in a function of its own", list(loops), ["1", "1.1", "phase1"])
same("that function's counts", loops["phase1"]["groups"], {"HMMA": 1})
same("the inner loop's counts", loops["1.1"]["groups"], {"FFMA": 2, "LDS": 1})
same("its addresses", (loops["1.1"]["from"], loops["1.1"]["to"]), (0x90, 0xC0))
same("its bytes", loops["1.1"]["bytes"], {"LDS": 16})
same(
    "the outer loop's own counts, its slow path behind the end too",
    loops["1"]["groups"],
    {"MUFU": 1, "LDG": 1, "IMAD": 1, "BAR": 1},
)
same("the division's cold block", (loops["1"]["cold"], first["helpers"]), (2, 2))
same("innermost", [loop["innermost"] for loop in first["loops"]], [False, True, True])
same("outside the loops", first["outside"]["groups"], {"STG": 1})
same("nothing through a register in the first", (first["indirect"], first["local"]), ([], 0))
same(
    "in the second a call and a jump through registers, and a store to the stack",
    (len(second["indirect"]), second["local"]),
    (2, 1),
)
sys.exit(WRONG > 0)
