"""Counts test cases: tally.py [--failed WORDS | LOG]…

LOG is meson's testlog.json or a TAP file.  A test that speaks TAP counts once for each of its cases, any other
once.  Names every failed and skipped case; the last line is "N passed, N failed, N skipped" and nothing else.
"""
import json
import re
import sys

CASE = re.compile(r"^(not )?ok\b(?: \d+)?(?: -)? ?(.*)$")
SKIP = re.compile(r"#\s*skip\S*\s*(.*)", re.IGNORECASE)
OWN_SKIP = re.compile(r"^# skipped: ([^:]+): (.*)$")  # VD_SKIP of tests/lib/vd_test.h


def cases(text):
    """Yields (name, "passed" | "failed" | "skipped", reason) of TAP text."""
    skipped = {}
    for line in text.splitlines():
        own = OWN_SKIP.match(line)
        if own:
            skipped[own.group(1)] = own.group(2)
        case = CASE.match(line)
        if case is None:
            continue
        name = case.group(2).split(" # ")[0].strip()
        skip = SKIP.search(case.group(2))
        if skip:
            yield name or skip.group(0), "skipped", skip.group(1)
        elif case.group(1):
            yield name, "failed", ""
        elif name in skipped:
            yield name, "skipped", skipped[name]
        else:
            yield name, "passed", ""


def of_meson(entry):
    """The cases of one test; a test that died says so as one more failed case."""
    name = entry["name"]
    found = [(f"{name}: {case}", how, why) for case, how, why in cases(entry.get("stdout", ""))]
    result = entry["result"]
    if result in ("OK", "EXPECTEDFAIL"):
        return found or [(name, "passed", "")]
    if result == "SKIP":
        return found or [(name, "skipped", "the test says so")]
    if any(how == "failed" for _, how, _ in found):
        return found
    return found + [(name, "failed", f"{result.lower()}, exit code {entry.get('returncode')}")]


def main(arguments):
    found = []
    arguments = iter(arguments)
    for argument in arguments:
        if argument == "--failed":
            found.append((next(arguments), "failed", ""))
            continue
        try:
            with open(argument, encoding="utf-8", errors="replace") as log:
                text = log.read()
        except OSError as error:
            found.append((f"no test log {argument}", "failed", error.strerror))
            continue
        if argument.endswith(".tap"):
            found += cases(text)
        else:
            for line in text.splitlines():
                found += of_meson(json.loads(line))
    count = {"passed": 0, "failed": 0, "skipped": 0}
    for name, how, why in found:
        count[how] += 1
        if how != "passed":
            print(f"{how}: {name}" + (f" ({why})" if why else ""))
    print(f"{count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped")
    return 1 if count["failed"] or not count["passed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
