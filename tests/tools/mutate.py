"""Plants listed faults, one at a time; each must turn a test red: mutate.py [NAME…].

mutants.toml lists them: name, file, find (found exactly once), with, tests (names of meson tests, or suites as
"suite:unit").  The tree is copied to .cache/mutate, where only changed files are built again.
Exit code 0: all killed; 1: one survived; 2: the list or the tree is at fault.
"""
import os
import pathlib
import subprocess
import sys
import tomllib

KEYS = {"name", "file", "find", "with", "tests"}


class Fault(Exception):
    """The list or the tree is wrong: no verdict about the tests."""


def load(path, root):
    mutants = tomllib.loads(path.read_text(encoding="utf-8")).get("mutant", [])
    names = set()
    for mutant in mutants:
        if set(mutant) != KEYS or not mutant["tests"]:
            raise Fault(f"{path.name}: {mutant.get('name')}: a mutant has {', '.join(sorted(KEYS))}")
        if mutant["name"] in names:
            raise Fault(f"{path.name}: two mutants are named {mutant['name']}")
        names.add(mutant["name"])
        mutated(root, mutant)
    return mutants


def mutated(root, mutant):
    """The text of the mutant's file with the fault in it."""
    file = pathlib.Path(root, mutant["file"])
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    found = text.count(mutant["find"])
    if found != 1 or mutant["find"] == mutant["with"]:
        raise Fault(f"{mutant['name']}: its text stands {found} times in {mutant['file']}: bring the mutant up to date")
    return text.replace(mutant["find"], mutant["with"])


def write(path, content):
    """Only what changes is touched, so that the build stays incremental."""
    if path.is_file() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def copy_tree(root, to):
    names = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard"], check=True,
                           capture_output=True, text=True).stdout.splitlines()
    wanted = {name for name in names if pathlib.Path(root, name).is_file()}
    for name in wanted:
        write(to / name, pathlib.Path(root, name).read_bytes())
        (to / name).chmod(pathlib.Path(root, name).stat().st_mode)
    for path in to.rglob("*"):
        if path.is_file() and str(path.relative_to(to)) not in wanted:
            path.unlink()


def run(command, **more):
    return subprocess.run(command, capture_output=True, text=True, errors="replace", **more)


def configure(tree, build):
    if (build / "build.ninja").is_file():
        return
    setup = run(["meson", "setup", str(build), str(tree), "--buildtype=debug", "-Doptimization=0", "-Dwerror=false"],
                env={**os.environ, "CC": "gcc", "CXX": "g++"})
    if setup.returncode != 0:
        raise Fault("the copy does not configure:\n" + setup.stdout + setup.stderr)


def selection(tests):
    suites = [word for test in tests if test.startswith("suite:") for word in ("--suite", test[6:])]
    return suites + [test for test in tests if not test.startswith("suite:")]


def tests_pass(build, tests):
    """Builds and runs; True when all are green."""
    compiled = run(["ninja", "-C", str(build)])
    if compiled.returncode != 0:
        raise Fault("it does not build:\n" + compiled.stdout[-3000:])
    done = run(["meson", "test", "-C", str(build), "--no-rebuild", "--maxfail", "1", *selection(tests)])
    if "No suitable tests" in done.stdout + done.stderr or "not found" in done.stderr:
        raise Fault(f"there is no test {', '.join(tests)}")
    return done.returncode == 0


def judge(root, tree, build, mutant):
    """True when a test noticed."""
    file = tree / mutant["file"]
    original = file.read_bytes()
    write(file, mutated(root, mutant).encode())
    try:
        return not tests_pass(build, mutant["tests"])
    finally:
        write(file, original)


def main(root, names, place=None):
    place = place or pathlib.Path(root, ".cache", "mutate")
    tree, build = place / "tree", place / "build"
    try:
        mutants = load(pathlib.Path(root, "tests/tools/mutants.toml"), root)
        unknown = set(names) - {mutant["name"] for mutant in mutants}
        if unknown:
            raise Fault(f"no mutant named {', '.join(sorted(unknown))}")
        mutants = [mutant for mutant in mutants if not names or mutant["name"] in names]
        copy_tree(root, tree)
        configure(tree, build)
        everything = sorted({test for mutant in mutants for test in mutant["tests"]})
        if not tests_pass(build, everything):
            raise Fault(f"the tests are red without a fault: {', '.join(everything)}")
        survived = 0
        for mutant in mutants:
            killed = judge(root, tree, build, mutant)
            survived += not killed
            print(f"{'killed  ' if killed else 'SURVIVED'}  {mutant['name']}  ({mutant['file']})", flush=True)
    except Fault as fault:
        print(f"mutate: {fault}", file=sys.stderr)
        return 2
    print(f"{len(mutants) - survived} of {len(mutants)} faults were noticed")
    return 1 if survived or not mutants else 0


if __name__ == "__main__":
    sys.exit(main(str(pathlib.Path(__file__).resolve().parents[2]), sys.argv[1:]))
