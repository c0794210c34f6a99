"""A sample of the differential (differential.py takes all), and the shipped rules over their own events."""

import os
import pathlib
import tempfile
import unittest

import differential
import vedette

EVERY = int(os.environ.get("VD_DIFFERENTIAL_EVERY", "50"))


class Differential(unittest.TestCase):
    def setUp(self):
        if not vedette.available():
            self.skipTest(vedette.MISSING)

    def judge(self, rules, sources, every):
        said = []
        wrong, n = differential.run(rules, sources, every, said.append)
        self.assertGreater(n, 0)
        self.assertEqual(0, wrong, "\n".join(said))

    def test_public_rules_over_public_events(self):
        if not differential.corpora():
            self.skipTest(vedette.NO_SHARED)
        self.judge(vedette.sigma_rules(), differential.corpora(), EVERY)

    def test_shipped_rules_over_their_own_events(self):
        rules = vedette.SOURCE / "rules"
        events = sorted(rules.rglob("*match.jsonl"))
        if not events:
            self.skipTest("no rules are shipped yet")
        everything = [path.read_bytes() for path in events]
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "all.jsonl"
            path.write_bytes(b"".join(text if text.endswith(b"\n") else text + b"\n" for text in everything))
            self.judge([str(rules)], [path], 1)


if __name__ == "__main__":
    unittest.main()
