"""Texts that outlive a machine name no place on it: texts.py [ROOT].

Looks at the messages of commits and at what the tree says about itself (sources, scripts, documents), not at
samples and test inputs, which are recordings.
"""
import pathlib
import re
import subprocess
import sys

PLACE = re.compile(r"(?<![\w./:$}>-])/(?:work|home/[a-z]\w*|Users/\w+|root|workspace|mnt/[a-z]\w*)/[\w.-]+")
SPOKEN = (".c", ".h", ".cc", ".def", ".md", ".py", ".sh", ".build", ".map", ".txt", ".toml")
RECORDED = ("samples/", "rules/", "fuzz/corpus/", "tests/golden/", "tests/tools/", "tests/detection/", "LICENSE")


def git(root, *arguments):
    run = subprocess.run(["git", "-C", root, *arguments], capture_output=True, text=True)
    return run.stdout if run.returncode == 0 else ""


def is_spoken(name):
    if name.startswith(RECORDED) or name.endswith(("_test.c", "_test.py")):
        return False
    return name.endswith(SPOKEN) or name in ("dev", ".ci/run")


def check(root):
    for entry in git(root, "log", "--format=%h%n%B%x00").split("\0"):
        commit, _, words = entry.strip().partition("\n")
        for match in PLACE.finditer(words):
            yield f"commit {commit}: {match.group(0)}: a path of one machine"
    for name in git(root, "ls-files", "-co", "--exclude-standard").splitlines():
        if not is_spoken(name) or not pathlib.Path(root, name).is_file():
            continue
        text = pathlib.Path(root, name).read_text(encoding="utf-8", errors="replace")
        for match in PLACE.finditer(text):
            yield f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {match.group(0)}: a path of one machine"


if __name__ == "__main__":
    found = list(check(sys.argv[1] if len(sys.argv) > 1 else "."))
    print("\n".join(found))
    sys.exit(bool(found))
