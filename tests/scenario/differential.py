#!/usr/bin/env python3
"""The engine against the reference evaluator: every match of single rules, pair by pair.

  differential.py [--every N] [--rules PATH…] [EVENTS…]

Without rules and events: all public rules over the 20,000 public events of VD_SHARED_DATA, routed and raw, flat
and nested.  --every 40 takes every 40th event (the reference is slow: all of them take half an hour of CPU,
divided among as many processes as there are cores).  Prints TAP; exit code 1 if any pair differs.
"""

import argparse
import gzip
import os
import pathlib
import subprocess
import sys
import tempfile

import vedette

REFERENCE = vedette.SOURCE / "tests" / "reference" / "reference.py"
SHOWN = 40
CORES = len(os.sched_getaffinity(0))


def take(path, every, to):
    """Every n-th line; returns how many."""
    opener = gzip.open if str(path).endswith(".gz") else open
    n = 0
    with opener(path, "rb") as lines, open(to, "wb") as out:
        for number, line in enumerate(lines):
            if number % every == 0:
                out.write(line)
                n += 1
    return n


def by_reference(rules, events, routing):
    arguments = ["match", "--rules", *rules, "--jobs", CORES, *([] if routing else ["--no-routing"]), "--", events]
    done = subprocess.run([sys.executable, REFERENCE, *map(str, arguments)], capture_output=True, check=True)
    pairs = (line.split("\t") for line in done.stdout.decode().splitlines())
    return {(int(line), rule) for line, rule in pairs}


def by_engine(rules, events, routing):
    rows = vedette.detect(rules, [events], *([] if routing else ["--no-routing"]))
    return {(row["event_line"], row["rule_id"] or row["rule_title"]) for row in rows if row["type"] == "match"}


def compare(rules, events, routing):
    """Sentences about each pair that only one of the two finds, and how many pairs both find."""
    want, got = by_reference(rules, events, routing), by_engine(rules, events, routing)
    sentences = [f"line {line}: {rule}: only the reference matches" for line, rule in sorted(want - got)]
    sentences += [f"line {line}: {rule}: only the engine matches" for line, rule in sorted(got - want)]
    return sentences, len(want & got)


def corpora():
    names = ("windows-linux-20k.jsonl.gz", "windows-linux-20k-nested.jsonl.gz")
    return [path for path in (vedette.shared("events", name) for name in names) if path]


def run(rules, sources, every, say=print):
    """Compares each source, routed and raw; returns the number of differing runs and of all."""
    wrong = n = 0
    with tempfile.TemporaryDirectory() as folder:
        for source in sources:
            events = pathlib.Path(folder) / "events.ndjson"
            taken = take(source, every, events)
            for routing in (True, False):
                n += 1
                sentences, same = compare(rules, events, routing)
                how = "routed" if routing else "raw"
                ok = "not ok" if sentences else "ok"
                say(f"{ok} {n} - {pathlib.Path(source).name} {how}, {taken} events: {same} pairs the same")
                for sentence in sentences[:SHOWN]:
                    say(f"# {sentence}")
                if len(sentences) > SHOWN:
                    say(f"# and {len(sentences) - SHOWN} more")
                wrong += bool(sentences)
    return wrong, n


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--rules", nargs="+")
    parser.add_argument("events", nargs="*")
    options = parser.parse_intermixed_args()
    rules, events = options.rules or vedette.sigma_rules(), options.events or corpora()
    reason = None if vedette.available() else vedette.MISSING
    if not rules or not events:
        reason = vedette.NO_SHARED
    if reason:
        print(f"ok 1 - differential # SKIP {reason}\n1..1")
        return 0
    wrong, n = run(rules, events, options.every)
    print(f"1..{n}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
