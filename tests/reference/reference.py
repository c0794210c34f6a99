#!/usr/bin/env python3
"""A slow, plain evaluator of Sigma rules: what the engine is compared with.

  reference.py match --rules PATH… [--no-routing] [--expand FILE] [--every N] EVENTS…
      prints "line<TAB>rule-id" for every match of a single rule that reports alone, sorted
  reference.py check --rules PATH…
      prints what does not load, and why
  reference.py vectors FILE…
      evaluates test vectors (sigma-semantics form) and prints what differs from the expected answer
"""

import argparse
import json
import multiprocessing
import sys

import events
import logsource
import sigma
from correlation import Correlator, Match

# ---- single rules over many events ----


class Router:
    """Rules by source, and by field: a rule none of whose fields is there gives one constant answer."""

    def __init__(self, rules, routing):
        self.rules, self.routing = rules, routing
        self.routes = {}

    def rules_for(self, record):
        source = logsource.source_of(record) if self.routing else None
        key = source and (source[0], tuple(source[1]), tuple(source[2]))
        route = self.routes.get(key)
        if route is None:
            route = self.routes[key] = Route([r for r in self.rules if logsource.allows(r.logsource, source)])
        return route.candidates(record)


class Route:
    def __init__(self, rules):
        nothing = events.Record()
        self.always, self.by_field = [], {}
        for rule in rules:
            fields = sigma.fields_of(rule.expr)
            if "" in fields or rule.matches(nothing):
                self.always.append(rule)
            else:
                for field in fields:
                    self.by_field.setdefault(field, []).append(rule)

    def candidates(self, record):
        found = {id(rule): rule for rule in self.always}
        for field in record.fields:
            for rule in self.by_field.get(field, ()):
                found[id(rule)] = rule
        return found.values()


def match_record(router, record):
    memo = {}
    return [rule for rule in router.rules_for(record) if rule.matches(record, memo)]


def _share_items(rules):
    """Rules that say the same of a field share the item, and so its remembered answers."""
    seen = {}

    def walk(expr):
        kind, what = expr
        if kind == "item":
            return ("item", seen.setdefault(what.signature, what))
        return (kind, [walk(kid) for kid in what] if isinstance(what, list) else walk(what))

    for rule in rules:
        rule.expr = walk(rule.expr)


def _match_part(job):
    options, part, parts = job
    rules = [r for r in sigma.load(options.rules, read_placeholders(options.expand)).rules if r.alone]
    _share_items(rules)
    router = Router(rules, not options.no_routing)
    found = []
    for path in options.paths:
        for number, line in events.read_lines(path):
            if number % parts != part or (number - 1) % options.every != 0:
                continue
            try:
                record = events.parse(line)
            except ValueError:
                continue
            found += [(number, rule.id or rule.title) for rule in match_record(router, record)]
    return found


def match(options):
    jobs = [(options, part, options.jobs) for part in range(options.jobs)]
    if options.jobs == 1:
        found = _match_part(jobs[0])
    else:
        with multiprocessing.Pool(options.jobs) as pool:
            found = sum(pool.map(_match_part, jobs), [])
    for number, rule in sorted(found):
        print(f"{number}\t{rule}")
    return 0


def read_placeholders(path):
    if path is None:
        return {}
    with open(path, encoding="utf-8") as file:
        document = sigma.load_documents(file.read())[0]
    return {name: [v.text for v in sigma.list_of(values)] for name, values in document.items()}


def check(options):
    found = sigma.load(options.paths).rejected
    for title, reason in found:
        print(f"{title}\t{reason}")
    return 1 if found else 0


# ---- vectors ----


def answer(vector):
    """The same fields as the vector's expectations, as this evaluator sees them."""
    rules = sigma.RuleSet([vector["rule"]])
    if rules.rejected:
        return {"load": "reject", "why": rules.rejected[0][1]}
    records = [events.from_object(event) for event in vector["events"]]
    matched = [[rule for rule in rules.rules if rule.matches(record)] for record in records]
    if not rules.correlations:
        return {"expected": [bool(hits) for hits in matched]}
    matches = [
        Match(float(vector["events"][i]["timestamp"]), i, rule, records[i])
        for i, hits in enumerate(matched)
        for rule in hits
    ]
    findings = Correlator(rules.rules, rules.correlations).run(matches)
    if "of" in vector:
        findings = [f for f in findings if f.corr.title == vector["of"]]
    else:
        findings = [f for f in findings if f.corr.alone]
    fired = {f.fired.number for f in findings if f.fired is not None}
    return {
        "expected": [i in fired for i in range(len(records))],
        "findings": [{"t": f.t, "group": f.named_group()} for f in findings],
        "alone": [any(rule.alone for rule in hits) for hits in matched],
    }


def _canonical(findings):
    return sorted(json.dumps({"t": float(f["t"]), "group": f["group"]}, sort_keys=True) for f in findings)


def differs(vector, got):
    """What is wrong with the answer; None: nothing."""
    if vector.get("load") == "reject":
        return None if got.get("load") == "reject" else "it loads"
    if got.get("load") == "reject":
        return f"rejected: {got.get('why')}"
    if "findings" in vector:
        if _canonical(vector["findings"]) != _canonical(got["findings"]):
            return f"findings {got['findings']}"
    elif vector["expected"] != got["expected"]:
        return f"expected {got['expected']}"
    if "alone" in vector and vector["alone"] != got["alone"]:
        return f"alone {got['alone']}"
    return None


def read_vectors(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def vectors(options):
    wrong = 0
    for path in options.paths:
        for vector in read_vectors(path):
            problem = differs(vector, answer(vector))
            if problem:
                wrong += 1
                print(f"{path}: {vector['id']}: {problem}")
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("match", "check", "vectors"))
    parser.add_argument("--rules", nargs="+", default=[])
    parser.add_argument("--no-routing", action="store_true")
    parser.add_argument("--expand", help="YAML file of placeholders")
    parser.add_argument("--every", type=int, default=1, help="only every n-th line")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("paths", nargs="*")
    options = parser.parse_intermixed_args()
    if options.command == "check":
        options.paths = options.paths or options.rules
    return {"match": match, "check": check, "vectors": vectors}[options.command](options)


if __name__ == "__main__":
    sys.exit(main())
