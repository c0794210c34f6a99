#!/usr/bin/env python3
"""Writes the bytes of a file as the elements of a C array: bytes_table.py INPUT OUTPUT."""
import sys

ROW = 20


def main():
    with open(sys.argv[1], "rb") as f:
        content = f.read()
    with open(sys.argv[2], "w", encoding="ascii") as f:
        for i in range(0, len(content), ROW):
            f.write("\t" + " ".join(f"{byte}," for byte in content[i : i + ROW]) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main()
