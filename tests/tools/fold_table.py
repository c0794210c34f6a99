#!/usr/bin/env python3
"""Writes the table of simple case folding (Unicode CaseFolding.txt, statuses C and S) that base/utf8.c includes.

Two stages: fold_block[c >> 6] picks a block of 64 steps, and the folded character is c + step within its plane
(16 bits, wrapping).  The source is Python's own Unicode data: casefold() gives C and F; where it gives more than
one character (F), the simple folding is lower() if that is one character, else there is none.  U+0130 has only
F and T, hence none.

usage: fold_table.py OUTPUT
"""
import sys
import unicodedata

BLOCK = 64
SURROGATES = range(0xD800, 0xE000)


def fold(c):
    char = chr(c)
    if c in SURROGATES or c == 0x130:
        return c
    for folded in (char.casefold(), char.lower()):
        if len(folded) == 1:
            return ord(folded)
    return c


def steps():
    """The step of every character up to the last that folds; refuses what the C side does not expect."""
    table = [0] * 0x110000
    for c in range(0x110000):
        to = fold(c)
        if c >> 16 != to >> 16:
            sys.exit(f"U+{c:04X} folds out of its plane")
        if 2 * len(chr(to).encode("utf-8", "surrogatepass")) > 3 * len(chr(c).encode("utf-8", "surrogatepass")):
            sys.exit(f"U+{c:04X} grows by more than half: vd_fold_bound is wrong")
        if c < 0x80 and to >= 0x80:
            sys.exit(f"U+{c:04X} is ASCII and folds out of it")
        table[c] = (to - c) & 0xFFFF
    last = max(c for c in range(0x110000) if table[c])
    return table[: (last // BLOCK + 1) * BLOCK]


def rows(values, width, form):
    for i in range(0, len(values), width):
        yield "\t" + " ".join(form % v + "," for v in values[i : i + width])


def main():
    table = steps()
    blocks, index = {}, []
    for i in range(0, len(table), BLOCK):
        block = tuple(table[i : i + BLOCK])
        index.append(blocks.setdefault(block, len(blocks)))
    if len(blocks) > 256:
        sys.exit("more than 256 different blocks: fold_block needs a wider type")
    out = [
        f"/* Made by tests/tools/fold_table.py from Unicode {unicodedata.unidata_version}: do not edit. */",
        f"#define FOLD_LIMIT 0x{len(table):x}u /* no character from here on folds */",
        f"static const uint8_t fold_block[{len(index)}] = {{",
        *rows(index, 20, "%d"),
        "};",
        f"static const uint16_t fold_step[{len(blocks)}][{BLOCK}] = {{",
    ]
    for block in blocks:
        out += ["\t{", *("\t" + row for row in rows(block, 12, "0x%x")), "\t},"]
    out.append("};")
    with open(sys.argv[1], "w", encoding="ascii") as f:
        f.write("\n".join(out) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main()
