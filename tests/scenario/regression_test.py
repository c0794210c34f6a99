"""SigmaHQ's own regression cases: the named rule matches its events, from .evtx and from .json, as often as
the case says (at least once where it does not say).  All rules run over all files at once, routed."""

import collections
import os
import re
import unittest

import yaml

import vedette

# Cases that state one match while their files hold three events the rule describes (SigmaHQ's own runner asks
# only whether there is a match): three executables of the list dropped; three values that the filter lets through.
STATED_WRONGLY = {
    "8fbf3271-1ef6-4e94-8210-03c2317947f6": 3,
    "45e112d0-7759-4c2a-aa36-9f8fb79d3393": 3,
}


def cases():
    """(name, rule id, count or None, {".evtx": path, ".json": path})"""
    root = vedette.shared("sigma", "regression")
    for info in sorted(root.rglob("info.yml")) if root else ():
        told = yaml.safe_load(info.read_text(encoding="utf-8"))
        rule = told["rule_metadata"][0]["id"]
        counts = [test.get("match_count") for test in told.get("regression_tests_info") or ()]
        files = {suffix: info.parent / (rule + suffix) for suffix in (".evtx", ".json")}
        count = STATED_WRONGLY.get(rule, counts[0] if counts else None)
        yield info.parent.name, rule, count, files


class Regression(unittest.TestCase):
    found = None

    def setUp(self):
        if not vedette.available():
            self.skipTest(vedette.MISSING)

    @classmethod
    def matches(cls):
        """Matches by (file, rule id), of one run over everything."""
        if cls.found is None:
            rows = vedette.detect(vedette.sigma_rules(), [vedette.shared("sigma", "regression")])
            cls.found = collections.Counter(
                (os.path.realpath(row["event_file"]), row["rule_id"]) for row in rows if row["type"] == "match"
            )
        return cls.found

    def judge(self, rule, count, path):
        if not path.exists():
            self.skipTest(f"the case has no {path.suffix}")
        got = self.matches()[(os.path.realpath(path), rule)]
        if count is None:
            self.assertGreaterEqual(got, 1, path)
        else:
            self.assertEqual(count, got, path)


def add_cases():
    for name, rule, count, files in cases():
        for suffix, path in files.items():
            test = re.sub(r"\W", "_", f"test_{name}_{rule[:8]}_{suffix[1:]}")
            setattr(Regression, test, lambda self, r=rule, c=count, p=path: self.judge(r, c, p))


add_cases()


class TheCases(unittest.TestCase):
    def test_are_there(self):
        if not vedette.shared("sigma", "regression"):
            self.skipTest(vedette.NO_SHARED)
        self.assertGreater(len(list(cases())), 100)


if __name__ == "__main__":
    unittest.main()
