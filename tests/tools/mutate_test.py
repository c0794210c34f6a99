"""mutate.py over a project of one file: what is noticed, what survives, what is out of date."""
import contextlib
import io
import pathlib
import subprocess
import tempfile
import unittest

import mutate

PROJECT = {
    "meson.build": "project('p', 'c')\ntest('t', executable('t', 't.c', 'm.c'))\n",
    "m.c": "int f(int a, int b) { return a > b; }\n",
    "t.c": "int f(int a, int b);\nint main(void) { return f(2, 1) == 1 && f(1, 2) == 0 ? 0 : 1; }\n",
}
MUTANT = '[[mutant]]\nname = "{name}"\nfile = "m.c"\nfind = "{find}"\nwith = "{put}"\ntests = ["t"]\n'


class Mutate(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        for name, text in PROJECT.items():
            (self.root / name).write_text(text)
        (self.root / "tests/tools").mkdir(parents=True)
        (self.root / ".gitignore").write_text(".cache/\n")
        subprocess.run(["git", "init", "-q", self.root], check=True)

    def mutate(self, *mutants, names=()):
        (self.root / "tests/tools/mutants.toml").write_text(
            "\n".join(MUTANT.format(name=n, find=f, put=p) for n, f, p in mutants))
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            status = mutate.main(str(self.root), list(names))
        return status, out.getvalue()

    def test_a_fault_that_a_test_sees_is_killed_and_one_that_none_sees_survives(self):
        status, words = self.mutate(("turned", "a > b", "a < b"), ("equal", "a > b", "a >= b"))
        self.assertEqual(1, status)
        self.assertIn("killed    turned", words)
        self.assertIn("SURVIVED  equal", words)
        self.assertEqual(PROJECT["m.c"], (self.root / "m.c").read_text())
        self.assertEqual(0, self.mutate(("turned", "a > b", "a < b"))[0])

    def test_a_fault_whose_text_is_gone_is_an_error(self):
        status, words = self.mutate(("gone", "a == b", "a < b"))
        self.assertEqual(2, status)
        self.assertIn("0 times in m.c", words)

    def test_a_fault_that_does_not_compile_and_a_tree_that_is_red_are_errors(self):
        self.assertEqual(2, self.mutate(("broken", "a > b", "a >"))[0])
        (self.root / "t.c").write_text("int main(void) { return 1; }\n")
        status, words = self.mutate(("turned", "a > b", "a < b"))
        self.assertEqual(2, status)
        self.assertIn("red without a fault", words)

    def test_an_unknown_name_is_an_error(self):
        self.assertEqual(2, self.mutate(("turned", "a > b", "a < b"), names=["other"])[0])


if __name__ == "__main__":
    unittest.main()
