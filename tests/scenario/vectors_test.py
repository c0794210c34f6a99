"""Every vector: a rule, its events, the expected answer.  One test a vector, the rule alone; and all single
rules together over all events, as the engine is used."""

import datetime
import json
import pathlib
import re
import tempfile
import unittest

import vedette

import reference


def folder_of_vectors():
    yield from sorted((vedette.SOURCE / "tests" / "vectors").glob("*.jsonl"))
    if vedette.shared("sigma", "vectors.jsonl"):
        yield vedette.shared("sigma", "vectors.jsonl")


def seconds(time):
    return datetime.datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp()


def write_events(path, events):
    path.write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")


def answer(vector, folder):
    """The same fields as the vector's expectations, as the command sees them."""
    rule, events = folder / "rule.yml", folder / "events.ndjson"
    rule.write_text(vector["rule"], encoding="utf-8")
    rejected = [row for row in vedette.verdicts([rule]) if row["verdict"] == "rejected"]
    if rejected:
        return {"load": "reject", "why": rejected[0]["message"]}
    write_events(events, vector["events"])
    rows = vedette.detect([rule], [events], "--no-routing") if vector["events"] else []
    single = {row["event_line"] for row in rows if row["type"] == "match"}
    findings = [row for row in rows if row["type"] == "correlation"]
    if "of" in vector:
        findings = [row for row in findings if row["rule_title"] == vector["of"]]
    fired = {row["event_line"] for row in findings} if "correlation:" in vector["rule"] else single
    lines = range(1, len(vector["events"]) + 1)
    return {
        "expected": [line in fired for line in lines],
        "alone": [line in single for line in lines],
        "findings": [{"t": seconds(row["time"]), "group": row["group"]} for row in findings],
    }


class EachVectorAlone(unittest.TestCase):
    def setUp(self):
        if not vedette.available():
            self.skipTest(vedette.MISSING)

    def judge(self, vector):
        with tempfile.TemporaryDirectory() as folder:
            got = answer(vector, pathlib.Path(folder))
        problem = reference.differs(vector, got)
        if problem:
            self.fail(f"{problem}\n{vector['why']} ({vector['source']})\n{vector['rule']}"
                      + "".join(f"{json.dumps(event)}\n" for event in vector["events"]))


def add_vector_tests():
    for path in folder_of_vectors():
        for vector in reference.read_vectors(path):
            name = re.sub(r"\W", "_", f"test_{path.stem}_{vector['id']}")
            setattr(EachVectorAlone, name, lambda self, vector=vector: self.judge(vector))


add_vector_tests()


class TheSharedVectors(unittest.TestCase):
    def test_are_there(self):
        if not vedette.shared("sigma", "vectors.jsonl"):
            self.skipTest(vedette.NO_SHARED)


class AllSingleRulesTogether(unittest.TestCase):
    def test_answer_as_they_do_alone(self):
        if not vedette.available():
            self.skipTest(vedette.MISSING)
        vectors = [v for path in folder_of_vectors() for v in reference.read_vectors(path)]
        vectors = [v for v in vectors if v.get("load") != "reject" and "\n---\n" not in v["rule"]]
        events, first = [], {}
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "rules").mkdir()
            for i, vector in enumerate(vectors):
                rule = re.sub(r"^title: .*$", f"title: v{i}", vector["rule"], count=1, flags=re.MULTILINE)
                (folder / "rules" / f"{i}.yml").write_text(rule, encoding="utf-8")
                first[f"v{i}"] = len(events) + 1
                events += vector["events"]
            write_events(folder / "events.ndjson", events)
            rows = vedette.detect([folder / "rules"], [folder / "events.ndjson"], "--no-routing")
        matched = {(row["rule_title"], row["event_line"]) for row in rows}
        wrong = []
        for i, vector in enumerate(vectors):
            title = f"v{i}"
            got = [(title, first[title] + n) in matched for n in range(len(vector["events"]))]
            if got != vector["expected"]:
                wrong.append(f"{vector['id']}: {got} instead of {vector['expected']}")
        self.assertEqual([], wrong)


if __name__ == "__main__":
    unittest.main()
