"""The reference evaluator answers every vector as the vector says: what it is worth comparing with."""

import os
import pathlib
import unittest

import reference

HERE = pathlib.Path(__file__).resolve().parent
SHARED = pathlib.Path(os.environ.get("VD_SHARED_DATA", "/nonexistent"), "sigma", "vectors.jsonl")


class Reference(unittest.TestCase):
    def wrong(self, path):
        judged = ((v["id"], reference.differs(v, reference.answer(v))) for v in reference.read_vectors(path))
        return [f"{name}: {problem}" for name, problem in judged if problem]

    def test_our_own_vectors(self):
        paths = sorted((HERE.parent / "vectors").glob("*.jsonl"))
        self.assertGreater(len(paths), 3)
        for path in paths:
            self.assertEqual([], self.wrong(path), path.name)

    def test_the_shared_vectors(self):
        if not SHARED.exists():
            self.skipTest("VD_SHARED_DATA is not set, or its folder has no sigma/vectors.jsonl")
        self.assertEqual([], self.wrong(SHARED))

    def test_ids_of_vectors_are_unique(self):
        names = [v["id"] for p in (HERE.parent / "vectors").glob("*.jsonl") for v in reference.read_vectors(p)]
        self.assertEqual(len(names), len(set(names)))
        self.assertGreaterEqual(len(names), 150)

    def test_a_wrong_expectation_is_noticed(self):
        for path in (HERE.parent / "vectors").glob("*.jsonl"):
            for vector in reference.read_vectors(path):
                turned = dict(vector)
                if vector.get("load") == "reject":
                    del turned["load"]
                elif "findings" in vector:
                    turned["findings"] = vector["findings"] + [{"t": 0, "group": {}}]
                else:
                    turned["expected"] = [not one for one in vector["expected"]]
                self.assertIsNotNone(reference.differs(turned, reference.answer(vector)), vector["id"])


if __name__ == "__main__":
    unittest.main()
