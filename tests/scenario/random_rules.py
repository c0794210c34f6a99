#!/usr/bin/env python3
"""Random rules over random events: the engine against the reference evaluator.

  random_rules.py [--seed N] [--rounds N]

The words are few and short so that values, wildcards, escapes and edges meet often.  A round is 150 single rules
over 150 events, or 25 correlation documents over 60 events.  Prints TAP; a failing round names its seed and the
rule, and the same seed gives the same round again.
"""

import argparse
import base64
import json
import pathlib
import random
import sys
import tempfile

import vedette

import events as record_module
import reference
import sigma

FIELDS = ["A", "B", "C", "n.x", "ip", "t"]
RARE_FIELDS = ["n", "n.x.y", "n.xy", "Data", "EventID", "Provider_Name", "El_At", "In", "System_v", "no.such"]
LETTERS = ["a", "b", "A", "é", "É", "\\", "*", "?", " ", "-", "/", "–", "1", ".", "%", "k", "\u212a", "😀", "\n"]
IPS = ["10.1.2.3", "10.255.0.1", "192.168.7.9", "::ffff:10.9.9.9", "fe80::1", "2001:DB8::7", "300.1.1.1", ""]
NETS = ["10.0.0.0/8", "192.168.7.8/31", "fe80::/10", "2001:db8::/32", "0.0.0.0/1", "10.1.2.3"]
TIMES = ["2026-01-05T03:59:00Z", "2026-12-31 23:00:00", "2025-12-29T00:01:02.5+05:00", "soon", ""]
SPELLED = ["443.0", "1e1", "1.50", "-1.0", "0.0", "-0", "1e16", "10000000000000000", "10", "'443.0'"]
NUMBERS = ["0", "1", "-1", "10", "1.5", "100", "443"]


def text(rng, longest=5):
    return "".join(rng.choice(LETTERS) for _ in range(rng.randint(0, longest)))


def plain_text(rng):
    return "".join(rng.choice("abAé1-/ ") for _ in range(rng.randint(2, 5)))


# ---- events ----


def leaf(rng, field):
    kind = rng.random()
    if field == "ip" and kind < 0.8:
        return rng.choice(IPS)
    if field == "t" and kind < 0.8:
        return rng.choice(TIMES)
    if kind < 0.55:
        return text(rng)
    if kind < 0.65:
        return rng.choice([1, 10, 1.5, 443, 443.0, -1, 0, 100, 1e16, 10000000000000000])
    if kind < 0.72:
        return rng.choice([True, False, None])
    if kind < 0.82:
        inside = (plain_text(rng) + plain_text(rng)).encode(rng.choice(["utf-8", "utf-16-le", "utf-16-be"]))
        return base64.b64encode(inside).decode()
    return rng.choice(["1", "443", " 10 ", "true", "", "null", "a", "443.0", "1e1"])


def value(rng, field):
    if rng.random() < 0.15:
        return [leaf(rng, field) for _ in range(rng.randint(0, 3))]
    return leaf(rng, field)


def tree(rng, depth=0):
    """Anything JSON can nest, with dots and blanks in names."""
    kind = rng.random()
    if depth > 2 or kind < 0.4:
        return leaf(rng, "A")
    if kind < 0.6:
        return [tree(rng, depth + 1) for _ in range(rng.randint(0, 3))]
    return {name: tree(rng, depth + 1) for name in rng.sample(["x", "y", "x.y", "x y", "z"], rng.randint(0, 3))}


def in_evtx_form(rng, made):
    """The same fields as an EVTX dump would have them, and what else such a dump may hold."""
    system = {"EventID": rng.choice([1, "1", {"#text": 1, "#attributes": {"Qualifiers": 0}}, {"#text": "a"}]),
              "Provider": {"#attributes": {"Name": text(rng), "Guid": "a"}}, "El_attributes": {"At": text(rng)},
              "Correlation": rng.choice([None, {}, ""])}
    if rng.random() < 0.3:
        system["#attributes"] = {"v": text(rng)}
    payload = dict(made)
    if rng.random() < 0.3:
        payload["Data"] = rng.choice([text(rng), [text(rng), text(rng)], {"#text": text(rng)},
                                      [{"@Name": "A", "#text": text(rng)}, {"@Name": "B", "#text": text(rng)}],
                                      {"#attributes": {"Name": "C"}, "#text": text(rng)}])
    dump = {"System": system, "EventData": rng.choice([payload, payload, payload, None])}
    if rng.random() < 0.2:
        dump["UserData"] = {"Outer": {"#attributes": {"xmlns": "a"}, "In": text(rng), "A": text(rng)}}
    return {"Event": dump}


def event(rng):
    made = {}
    if rng.random() < 0.15:
        made["n"] = tree(rng)
    for field in FIELDS:
        if rng.random() < 0.6:
            if field == "n.x" and "n" not in made and rng.random() < 0.6:
                inner = {"x": value(rng, field)}
                made["n"] = [inner, {}] if rng.random() < 0.3 else inner
            else:
                made[field] = value(rng, field)
    return in_evtx_form(rng, made) if rng.random() < 0.2 else made


# ---- rules ----


def quoted(string):
    return json.dumps(string, ensure_ascii=False)


def values(rng, one, single=False):
    if single or rng.random() < 0.6:
        return one()
    return "[" + ", ".join(one() for _ in range(rng.randint(1, 4))) + "]"


def string_item(rng, field):
    mods = rng.sample(["contains", "startswith", "endswith"], rng.choice([0, 1, 1]))
    mods += rng.sample(["windash", "cased", "all", "neq"], rng.choice([0, 0, 1, 1, 2]))
    rng.shuffle(mods)
    return "|".join([field, *mods]), values(rng, lambda: quoted(text(rng)))


def encoded_item(rng, field):
    mods = rng.choice([["base64"], ["base64offset", "contains"], ["wide", "base64offset", "contains"],
                       ["utf16be", "base64", "contains"], ["utf16", "base64"], ["windash", "base64offset", "contains"]])
    return "|".join([field, *mods]), values(rng, lambda: quoted(plain_text(rng)))


def regex_item(rng, field):
    pieces = ["a", "b", ".", "a*", "[ab]+", "^", "$", "\\d", "(a|b)", "\\\\", "é", "-", "1?"]
    flags = rng.choice([[], [], ["i"], ["m"], ["s"], ["i", "s"]])
    mods = ["re", *flags, *rng.choice([[], [], ["neq"]])]
    return "|".join([field, *mods]), values(rng, lambda: quoted("".join(rng.choices(pieces, k=rng.randint(1, 4)))))


def plain_item(rng, field):
    return rng.choice([
        (f"{field}|exists", rng.choice(["true", "false"])),
        (field, "null"),
        (field, rng.choice(["true", "1", "443", "1.5", "''", "[null, 1]"])),
        (field + rng.choice(["", "|cased", "|all", "|neq"]), values(rng, lambda: rng.choice(SPELLED))),
        (f"{field}|{rng.choice(['gt', 'gte', 'lt', 'lte'])}", values(rng, lambda: rng.choice(NUMBERS))),
        (f"ip|cidr{rng.choice(['', '|neq'])}", values(rng, lambda: quoted(rng.choice(NETS)))),
        (f"t|{rng.choice(['minute', 'hour', 'day', 'week', 'month', 'year'])}{rng.choice(['', '|gte', '|lt'])}",
         values(rng, lambda: rng.choice(["1", "3", "23", "12", "53", "2026", "59"]))),
        (f"{field}|fieldref{rng.choice(['', '|contains', '|startswith', '|endswith', '|neq'])}",
         rng.choice(FIELDS)),
    ])


def item(rng):
    field = rng.choice(FIELDS if rng.random() < 0.8 else RARE_FIELDS)
    make = rng.choice([string_item, string_item, string_item, encoded_item, regex_item, plain_item, plain_item])
    return make(rng, field)


def selection(rng, name):
    kind = rng.random()
    if kind < 0.12:
        words = [quoted(text(rng, 3) or "a") for _ in range(rng.randint(1, 3))]
        if rng.random() < 0.3:
            return f"    {name}:\n        '|all': [{', '.join(words)}]\n"
        return f"    {name}: [{', '.join(words)}]\n"
    maps = [dict(item(rng) for _ in range(rng.randint(1, 3))) for _ in range(1 if kind < 0.8 else 2)]
    lines = [f"    {name}:\n"]
    for one in maps:
        for i, (key, what) in enumerate(one.items()):
            lead = "        " if len(maps) == 1 else "        - " if i == 0 else "          "
            lines.append(f"{lead}{quoted(key)}: {what}\n")
    return "".join(lines)


def condition(rng, names, depth=0):
    kind = rng.random()
    if depth > 2 or kind < 0.35:
        return rng.choice([*names, "1 of them", "all of s*", "1 of f*"])
    if kind < 0.55:
        return f"not {condition(rng, names, depth + 1)}"
    if kind < 0.65:
        return f"({condition(rng, names, depth + 1)})"
    return f"{condition(rng, names, depth + 1)} {rng.choice(['and', 'or'])} {condition(rng, names, depth + 1)}"


def rule(rng, title):
    names = ["s1", "s2", "f1", "_h"]
    parts = "".join(selection(rng, name) for name in names)
    return (f"title: {title}\nlogsource:\n    category: test\ndetection:\n{parts}"
            f"    condition: {condition(rng, names)}\n")


# ---- rounds ----


def write(folder, rules, made):
    (folder / "rules").mkdir()
    for i, one in enumerate(rules):
        (folder / "rules" / f"{i}.yml").write_text(one, encoding="utf-8")
    lines = "".join(json.dumps(one, ensure_ascii=i % 2 == 0) + "\n" for i, one in enumerate(made))
    (folder / "events.ndjson").write_text(lines, encoding="utf-8")


def single_round(rng):
    """Sentences about what differs."""
    rules = [rule(rng, f"r{i}") for i in range(150)]
    made = [event(rng) for _ in range(150)]
    records = [record_module.from_object(one) for one in made]
    want, refused = set(), set()
    for i, one in enumerate(rules):
        loaded = sigma.RuleSet([one])
        refused |= {f"r{i}"} if loaded.rejected else set()
        want |= {(f"r{i}", n) for n, record in enumerate(records, 1) for r in loaded.rules if r.matches(record)}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write(folder, rules, made)
        rows = vedette.detect([folder / "rules"], [folder / "events.ndjson"], "--no-routing")
        bad = {"r" + pathlib.Path(row["file"]).stem for row in vedette.verdicts([folder / "rules"]) if row["verdict"] == "rejected"}
    got = {(row["rule_title"], row["event_line"]) for row in rows}
    for title in sorted(bad ^ refused):
        yield f"{title}: {'only the engine' if title in bad else 'only the reference'} rejects it\n{rules[int(title[1:])]}"
    for title, line in sorted(p for p in want ^ got if p[0] not in bad | refused):
        who = "only the reference" if (title, line) in want else "only the engine"
        yield f"{title}, line {line}: {who} matches\n{rules[int(title[1:])]}{json.dumps(made[line - 1])}"


CRITERIA = ["gte", "gt", "lte", "lt", "eq", "neq"]


def correlation(rng, title, names):
    kind = rng.choice(["event_count", "event_count", "value_count", "temporal", "temporal_ordered", "value_sum",
                       "value_avg", "value_percentile", "value_median"])
    chosen = rng.sample(names, rng.randint(1, min(3, len(names))))
    lines = [f"title: {title}\nname: {title}\ncorrelation:\n    type: {kind}\n    rules: [{', '.join(chosen)}]\n"]
    group = rng.choice([["U"], ["U"], ["U", "H"], ["H"], []])
    if group:
        lines.append(f"    group-by: [{', '.join(group)}]\n")
    if "H" in group and rng.random() < 0.4:
        alias = f"{{H: {{{chosen[0]}: {rng.choice(['U', 'V', 'E'])}}}}}"
        lines.append(f"    aliases: {alias}\n")
    lines.append(f"    timespan: {rng.choice(['5s', '10s', '30s', '1m'])}\n")
    if kind.startswith("temporal"):
        if kind == "temporal" and rng.random() < 0.4:
            joined = f" {rng.choice(['and', 'or'])} ".join(rng.choice(["", "not "]) + name for name in chosen)
            lines.append(f"    condition: {joined}\n")
        elif kind == "temporal" and rng.random() < 0.3:
            lines.append(f"    condition:\n        gte: {rng.randint(1, len(chosen))}\n")
        return "".join(lines)
    lines.append("    condition:\n")
    if kind != "event_count":
        lines.append(f"        field: {rng.choice(['V', '[V, H]']) if kind == 'value_count' else 'V'}\n")
    if kind == "value_percentile" and rng.random() < 0.7:
        lines.append(f"        percentile: {rng.choice([25, 50, 90])}\n")
    for name in rng.sample(CRITERIA, rng.choice([1, 1, 1, 2])):
        lines.append(f"        {name}: {rng.choice([1, 2, 3, 1.5, 5])}\n")
    return "".join(lines)


def correlation_event(rng):
    made = {"timestamp": 1767225600 + rng.randint(0, 90), "E": rng.choice(["a", "b", "c"])}
    for field in ("U", "H"):
        pick = rng.choice(["x", "X", "y", 1, "1", None, ["x", "z"], [], "x", "y"])
        if rng.random() < 0.9:
            made[field] = pick
    if rng.random() < 0.85:
        made["V"] = rng.choice([1, 2, "2", 0.5, -1, "junk", None, 4, [1, 3], ""])
    return made


def correlation_round(rng):
    base = [f"title: {e}\nname: {e}\nlogsource:\n    category: test\ndetection:\n    sel:\n        E: {e}\n"
            "    condition: sel\n" for e in ("a", "b", "c")]
    made = [correlation_event(rng) for _ in range(60)]
    for n in range(25):
        names, documents = ["a", "b", "c"], list(base)
        for i in range(rng.choice([1, 1, 2, 3])):
            documents.append(correlation(rng, f"k{i}", names))
            names.append(f"k{i}")
        last = names[-1]
        vector = {"rule": "---\n".join(documents), "events": made, "of": last}
        want = reference.answer(vector)
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            write(folder, [vector["rule"]], made)
            rows = vedette.detect([folder / "rules"], [folder / "events.ndjson"], "--no-routing")
        got = sorted((row["time"], json.dumps(row["group"], sort_keys=True).lower()) for row in rows
                     if row["type"] == "correlation" and row["rule_title"] == last)
        found = sorted((vedette.time_text(f["t"]), json.dumps(f["group"], sort_keys=True).lower())
                       for f in want.get("findings", ()))
        if got != found:
            only = [f"engine {one}" for one in got if one not in found]
            only += [f"reference {one}" for one in found if one not in got]
            differing = "\n".join(only)
            yield f"{n}: {last}: only the\n{differing}\n{vector['rule']}" + "".join(
                json.dumps(one) + "\n" for one in sorted(made, key=lambda e: e["timestamp"]))


ROUNDS = {"single rules": single_round, "correlations": correlation_round}


def run(seed, rounds, say=print):
    wrong = n = 0
    for i in range(rounds):
        for kind, make in ROUNDS.items():
            n += 1
            sentences = list(make(random.Random(f"{seed}/{i}/{kind}")))
            say(f"{'not ok' if sentences else 'ok'} {n} - random {kind}, seed {seed}, round {i}")
            for sentence in sentences[:3]:
                for line in sentence.splitlines():
                    say(f"# {line}")
            if len(sentences) > 3:
                say(f"# and {len(sentences) - 3} more")
            wrong += bool(sentences)
    return wrong, n


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()
    if not vedette.available():
        print(f"ok 1 - random rules # SKIP {vedette.MISSING}\n1..1")
        return 0
    wrong, n = run(options.seed, options.rounds)
    print(f"1..{n}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
