"""clang-tidy-14 over what the build compiles: tidy.py ROOT BUILD [--analyze].  Checks: .clang-tidy.

The path-sensitive analyzer takes nearly all of the time (a minute for twenty files), so only --analyze runs it.
What passed once is not looked at again while its key stays: the checks, the command, the file and every header
of the tree.  Keys are in ROOT/.cache/tidy.
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

from ctext import sources

BELIEVES = pathlib.Path(__file__).with_name("tidy_believes.h").resolve()
FINDING = re.compile(r"^\S*?/((?:src|include|tests|fuzz|examples)/[^:]+:\d+):\d+: (?:error|warning):")


def digest(*parts):
    return hashlib.sha256(b"\0".join(p if isinstance(p, bytes) else p.encode() for p in parts)).hexdigest()


def entries(root, build):
    """(path, command) of our own sources, each once."""
    ours = set(sources(root, "src", "fuzz", "tests", "examples", suffixes=(".c", ".cc")))
    seen = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = os.path.relpath((build / entry["file"]).resolve(), root)
        if path in ours and path not in seen:
            seen[path] = entry["command"]
    return sorted(seen.items())


def tidy(root, build, path, checks):
    command = ["clang-tidy-14", "-p", str(build), "--quiet", "--extra-arg=-Wno-unknown-warning-option",
               f"--checks={checks}"]
    if path.endswith(".c") and path.startswith("src/") and path != "src/base/status.c":
        command += [f"--extra-arg=-include{BELIEVES}"]
    run = subprocess.run([*command, path], cwd=root, capture_output=True, text=True)
    if run.returncode == 0:
        return ""
    findings = [FINDING.sub(r"\1:", line) for line in run.stdout.splitlines() if FINDING.match(line)]
    return "\n".join(findings) or f"{path}: clang-tidy failed\n{run.stdout}{run.stderr}"


def check(root, build, analyze=False):
    checks = "" if analyze else "-clang-analyzer-*"
    cache = root / ".cache" / "tidy"
    cache.mkdir(parents=True, exist_ok=True)
    shared = digest((root / ".clang-tidy").read_bytes(), checks, BELIEVES.read_bytes(), *(
        (root / h).read_bytes() for h in sources(root, "src", "include", "tests", suffixes=(".h",))))

    def one(entry):
        path, command = entry
        passed = cache / digest(shared, command, path, (root / path).read_bytes())
        if passed.exists():
            return ""
        words = tidy(root, build, path, checks)
        if not words:
            passed.touch()
        return words
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return [words for words in pool.map(one, entries(root, build)) if words]


if __name__ == "__main__":
    found = check(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve(),
                  "--analyze" in sys.argv[3:])
    print("\n".join(found))
    sys.exit(bool(found))
