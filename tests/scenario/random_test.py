"""A few rounds of random rules and correlations, engine against reference; random_rules.py takes more."""

import os
import unittest

import random_rules
import vedette

ROUNDS = int(os.environ.get("VD_RANDOM_ROUNDS", "3"))
SEED = int(os.environ.get("VD_RANDOM_SEED", "1"))


class RandomRules(unittest.TestCase):
    def test_engine_and_reference_agree(self):
        if not vedette.available():
            self.skipTest(vedette.MISSING)
        said = []
        wrong, n = random_rules.run(SEED, ROUNDS, said.append)
        self.assertEqual(2 * ROUNDS, n)
        self.assertEqual(0, wrong, "\n".join(said))


if __name__ == "__main__":
    unittest.main()
