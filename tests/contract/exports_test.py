"""What libvedette.so shows to the program that loads it."""
import os
import pathlib
import re
import subprocess
import unittest

SOURCE = pathlib.Path(os.environ["VD_SOURCE_ROOT"])
LIBRARY = pathlib.Path(os.environ["VD_BUILD_ROOT"]) / "libvedette.so"


def exported():
    out = subprocess.run(["nm", "-D", "--defined-only", LIBRARY], check=True, capture_output=True, text=True)
    return {line.split()[-1].split("@")[0] for line in out.stdout.splitlines()}


def declared():
    text = (SOURCE / "include/vedette/engine.h").read_text()
    return set(re.findall(r"^VD_API [^;(]*?\b(vd_\w+)\(", text, re.MULTILINE))


class Exports(unittest.TestCase):
    def test_nothing_but_vd_symbols_is_exported(self):
        self.assertEqual([], sorted(name for name in exported() if not name.startswith("vd_")))

    def test_every_function_of_the_public_header_is_exported(self):
        self.assertGreater(len(declared()), 10)
        self.assertEqual([], sorted(declared() - exported()))

    def test_nothing_that_the_public_header_does_not_declare_is_exported(self):
        self.assertEqual([], sorted(exported() - declared()))


if __name__ == "__main__":
    unittest.main()
