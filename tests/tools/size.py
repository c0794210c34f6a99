"""Budgets of size: size.py [ROOT].  A function above its budget is named; tests count as code."""
import pathlib
import re
import sys

from ctext import functions, sources

FILE_LINES = 1200
FUNCTION_LINES = 100
FUNCTION_LINES_P95 = 50
COMPLEXITY = 20
COMPLEXITY_P95 = 15
DECISION = re.compile(r"\b(?:if|for|while|case|VD_FOREACH|VD_TORTURE)\b|&&|\|\||\?")


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else 0


def check(root):
    lines, paths = [], []
    for path in sources(root, "src", "include", "tests", "fuzz", "bench", "examples"):
        text = pathlib.Path(root, path).read_text(encoding="utf-8")
        if text.count("\n") > FILE_LINES:
            yield f"{path}: {text.count(chr(10))} lines, at most {FILE_LINES}: split it by meaning"
        for name, first, last, body in functions(text):
            n, ways = last - first - 1, 1 + len(DECISION.findall(body))
            lines.append(n)
            paths.append(ways)
            if n > FUNCTION_LINES:
                yield f"{path}:{first}: {name}: {n} lines, at most {FUNCTION_LINES}"
            if ways > COMPLEXITY:
                yield f"{path}:{first}: {name}: complexity {ways}, at most {COMPLEXITY}"
    if percentile(lines, 0.95) > FUNCTION_LINES_P95:
        yield f"one function in twenty has more than {FUNCTION_LINES_P95} lines ({percentile(lines, 0.95)})"
    if percentile(paths, 0.95) > COMPLEXITY_P95:
        yield f"one function in twenty is more complex than {COMPLEXITY_P95} ({percentile(paths, 0.95)})"


if __name__ == "__main__":
    found = list(check(sys.argv[1] if len(sys.argv) > 1 else "."))
    print("\n".join(found))
    sys.exit(bool(found))
