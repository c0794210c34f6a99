"""examples/engine.c, the page that shows how to use the library, does what its first lines say."""
import os
import pathlib
import subprocess
import tempfile
import unittest

EXAMPLE = pathlib.Path(os.environ["VD_BUILD_ROOT"]) / "examples/engine-example"
RULE = """title: Shell from an Office program
logsource: {category: process_creation}
detection:
  parent: {ParentImage|endswith: '\\winword.exe'}
  condition: parent
"""


class Example(unittest.TestCase):
    def run_example(self, rule, events):
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
            file.write(rule)
            file.flush()
            return subprocess.run([EXAMPLE, file.name], input=events, capture_output=True, text=True)

    def test_a_match_is_printed_with_its_line(self):
        run = self.run_example(RULE, '{"ParentImage": "C:\\\\a\\\\b.exe"}\n{"ParentImage": "C:\\\\a\\\\WINWORD.EXE"}\n')
        self.assertEqual((1, "2\tShell from an Office program\n", ""), (run.returncode, run.stdout, run.stderr))

    def test_nothing_found_is_zero(self):
        run = self.run_example(RULE, '{"ParentImage": "x"}\n')
        self.assertEqual((0, "", ""), (run.returncode, run.stdout, run.stderr))

    def test_a_rejected_rule_is_named_with_its_line(self):
        run = self.run_example(RULE.replace("condition: parent", "condition: child"), "{}\n")
        self.assertEqual("", run.stdout)
        self.assertRegex(run.stderr, r"\.yml:\d+: .*child")

    def test_what_is_no_rule_file_or_too_long_is_an_error_that_says_so(self):
        for path in ("/tmp", "/nowhere"):
            run = subprocess.run([EXAMPLE, path], input="{}\n", capture_output=True, text=True)
            self.assertEqual((2, ""), (run.returncode, run.stdout))
            self.assertIn("a file below 1 MiB that can be read", run.stderr)
        run = self.run_example(RULE + "#" * (1 << 20), "{}\n")
        self.assertEqual(2, run.returncode)
        self.assertIn("a file below 1 MiB", run.stderr)
        run = self.run_example(RULE + "#" * (1 << 17), '{"ParentImage": "\\\\winword.exe"}\n')
        self.assertEqual((1, ""), (run.returncode, run.stderr))
        run = self.run_example(RULE, '{"a": 1}\n{"a": "' + "x" * (1 << 20) + '"}\n')
        self.assertEqual(2, run.returncode)
        self.assertIn("line 2: an event of 1 MiB or more", run.stderr)

    def test_an_event_that_is_none_is_named_and_the_others_are_read(self):
        run = self.run_example(RULE, 'nonsense\n{"ParentImage": "\\\\winword.exe"}')
        self.assertEqual((1, "2\tShell from an Office program\n"), (run.returncode, run.stdout))
        self.assertIn("line 1: ", run.stderr)

    def test_the_example_fits_on_a_page(self):
        source = pathlib.Path(os.environ["VD_SOURCE_ROOT"], "examples/engine.c").read_text()
        self.assertLessEqual(len(source.splitlines()), 40)


if __name__ == "__main__":
    unittest.main()
