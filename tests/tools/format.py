"""Every C source is as clang-format-14 would write it: format.py [ROOT].  ./dev format mends it."""
import pathlib
import subprocess
import sys

from ctext import sources


def check(root):
    paths = sources(root, "src", "include", "tests", "fuzz", "bench", "examples")
    run = subprocess.run(["clang-format-14", "--dry-run", "-Werror", "--ferror-limit=1", *paths],
                         cwd=pathlib.Path(root), capture_output=True, text=True)
    lines = [line for line in run.stderr.splitlines() if "error:" in line]
    if run.returncode != 0 and not lines:
        return [run.stderr.strip()]
    return [line.split(": error:")[0] + ": ./dev format would write this otherwise" for line in lines]


if __name__ == "__main__":
    found = check(sys.argv[1] if len(sys.argv) > 1 else ".")
    print("\n".join(found))
    sys.exit(bool(found))
