"""What every benchmark ends with: a table to read, a line in history.csv, one JSON line.

A result has calibration (absolute figures of the machine in this very run), ratios (what is compared between
commits), figures (what is absolute by nature: memory, load) and bars: {name: {"value", "bar", "pass"}}, value and pass
null where it could not be measured, pass alone where the bar is for another input.
"""
import datetime
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
HISTORY = ROOT / "bench/history.csv"
RESULTS = ROOT / "bench/RESULTS.md"
COLUMNS = "date,commit,name,input,pass,calibration,ratios,figures"


def say(words):
    print(words, file=sys.stderr, flush=True)


def commit():
    """The short commit, with a + where sources are other than committed."""
    def git(*args):
        return subprocess.run(["git", "-C", ROOT, *args], capture_output=True, text=True).stdout.strip()
    changed = git("status", "--porcelain", "--", "src", "include", "meson.build")
    return (git("rev-parse", "--short", "HEAD") or "unknown") + ("+" if changed else "")


def machine():
    """The kind of machine, no names."""
    try:
        flags = re.search(r"^(?:flags|Features)\s*:(.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.MULTILINE)
        words = flags.group(1).split()
    except (OSError, AttributeError):
        words = []
    simd = next((name for flag, name in (("avx512bw", "AVX-512"), ("avx2", "AVX2"), ("asimd", "NEON"))
                 if flag in words), "no SIMD known")
    return f"{os.cpu_count()} cores of a shared {os.uname().machine} machine with {simd}"


def bar(value, least=None, most=None, below=None):
    limit, words = next((b, w) for b, w in ((least, ">="), (most, "<="), (below, "<")) if b is not None)
    passes = None if value is None else value >= limit if words == ">=" else value <= limit if words == "<=" \
        else value < limit
    return {"value": rounded(value), "bar": f"{words} {limit:g}", "pass": passes}


def rounded(value):
    return None if value is None else float(f"{value:.4g}")


def table(head, rows):
    """A Markdown table, aligned: readable on a terminal and in RESULTS.md."""
    cells = [[str(c) for c in row] for row in [head, *rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    lines = ["| " + " | ".join(c.ljust(w) for c, w in zip(row, widths)) + " |" for row in cells]
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(lines)


def bars_table(bars):
    def word(one):
        if one["pass"] is None:
            return "not measured" if one["value"] is None else "for another input"
        return "holds" if one["pass"] else "MISSED"
    return table(["bar", "wanted", "measured", ""],
                 [[name, b["bar"], "–" if b["value"] is None else f"{b['value']:g}", word(b)]
                  for name, b in bars.items()])


def flat(values):
    return " ".join(f"{k}={'-' if v is None else format(rounded(v), 'g')}" for k, v in values.items())


def into_history(result):
    new = not HISTORY.exists()
    with HISTORY.open("a") as f:
        if new:
            f.write(COLUMNS + "\n")
        f.write(",".join([datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%MZ"), result["commit"],
                          result["name"], result["input"], json.dumps(result["pass"]),
                          flat(result["calibration"]), flat(result["ratios"]), flat(result["figures"])]) + "\n")


def into_results(name, text):
    """Replaces what stands between the two marks of this benchmark in RESULTS.md."""
    first, last = f"<!-- {name}: written by ./dev bench {name} --record -->", f"<!-- {name}: end -->"
    old = RESULTS.read_text()
    if first not in old or last not in old:
        raise SystemExit(f"bench: {RESULTS.name} has no marks for {name}: {first} … {last}")
    before, rest = old.split(first)
    RESULTS.write_text(f"{before}{first}\n{text}\n{last}{rest.split(last)[1]}")


def passes(bars):
    """False: one is missed; None: none could be judged."""
    judged = [b["pass"] for b in bars.values() if b["pass"] is not None]
    return all(judged) if judged else None


def conclude(name, where, calibration, ratios, figures, bars, history=True, **more):
    """Writes the line of history, prints the JSON line and returns the exit code: 1 where a bar is missed."""
    result = {"name": name, "commit": commit(), "input": where,
              "calibration": {k: rounded(v) for k, v in calibration.items()},
              "ratios": {k: rounded(v) for k, v in ratios.items()},
              "figures": {k: rounded(v) for k, v in figures.items()}, "bars": bars, **more,
              "pass": passes(bars)}
    if history:
        into_history(result)
    print(json.dumps(result, ensure_ascii=False), flush=True)
    return 1 if result["pass"] is False else 0
