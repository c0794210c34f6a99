"""vedette rules check, coverage, explain, test and completion as a user runs them."""

import csv
import io
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from vedette import COMMAND, MISSING, available, unprivileged
from cli_detect_test import CORRELATION, LOW_RULE, RULE, event

BROKEN = """title: Broken
id: 00000000-0000-4000-8000-000000000009
logsource: {product: windows}
detection:
  selection: {Image|nosuchmodifier: x}
  condition: selection
"""

FILTER = """title: No bob
id: 00000000-0000-4000-8000-000000000008
logsource: {product: windows, category: process_creation}
filter:
  rules: [00000000-0000-4000-8000-000000000001]
  selection: {User: bob}
  condition: not selection
"""


class Case(unittest.TestCase):
    def setUp(self):
        if not available():
            self.skipTest(MISSING)
        folder = tempfile.TemporaryDirectory(prefix="vedette-cli-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.env = {**os.environ, "VEDETTE_CACHE": str(self.folder / "cache")}

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def events(self, name, *events):
        return self.write(name, "".join(json.dumps(e) + "\n" for e in events))

    def run_it(self, *words, code=0, **options):
        done = subprocess.run([COMMAND, *map(str, words)], capture_output=True, env=self.env, check=False,
                              cwd=self.folder, timeout=120, text=True, **options)
        self.assertEqual(done.returncode, code, f"{words}\n{done.stdout}\n{done.stderr}")
        return done

    def rows(self, done):
        return [json.loads(line) for line in done.stdout.splitlines()]


class Check(Case):
    def test_a_row_a_rule_in_every_format(self):
        self.write("r/a.yml", RULE)
        self.write("r/b.yml", BROKEN)
        done = self.run_it("rules", "check", "r", code=1)
        good, bad = self.rows(done)
        self.assertEqual(list(good), ["file", "line", "column", "rule_id", "title", "verdict", "code", "message"])
        self.assertEqual((good["file"], good["verdict"], good["line"]), ("r/a.yml", "loaded", 1))
        self.assertEqual((bad["file"], bad["verdict"], bad["line"]), ("r/b.yml", "rejected", 5))
        self.assertIn("nosuchmodifier", bad["message"])
        self.assertIn("1 loaded, 0 degraded, 1 rejected", done.stderr)
        table = self.run_it("rules", "check", "-o", "csv", "r", code=1).stdout
        self.assertEqual([r["verdict"] for r in csv.DictReader(io.StringIO(table))], ["loaded", "rejected"])
        self.assertEqual(len(json.loads(self.run_it("rules", "check", "-o", "json", "r", code=1).stdout)), 2)
        self.assertIn("VERDICT", self.run_it("rules", "check", "-o", "table", "r", code=1).stdout)

    def test_good_rules_are_exit_code_0(self):
        self.run_it("rules", "check", self.write("a.yml", RULE))

    def test_a_file_that_is_no_yaml_is_a_row_not_a_crash(self):
        row, = self.rows(self.run_it("rules", "check", self.write("a.yml", "title: [\n"), code=1))
        self.assertEqual(row["verdict"], "rejected")
        self.assertIn("(in a list that begins in line 1)", row["message"])

    def test_a_file_that_cannot_be_read_is_a_row_and_the_others_load(self):
        nobody = unprivileged()
        if nobody is None:
            self.skipTest("no unprivileged user may run the command here")
        self.folder.chmod(0o755)
        self.write("r/a.yml", RULE)
        self.write("r/closed.yml", LOW_RULE).chmod(0)
        self.write("r/inner/b.yml", LOW_RULE).parent.chmod(0)
        (self.folder / "r/gone.yml").symlink_to("nowhere.yml")
        os.mkfifo(self.folder / "r/pipe.yml")
        done = self.run_it("rules", "check", "--no-cache", "r", code=1, **nobody)
        self.assertEqual([(r["file"], r["verdict"], r["code"], r["message"]) for r in self.rows(done)], [
            ("r/a.yml", "loaded", "ok", ""),
            ("r/closed.yml", "rejected", "file-unreadable", "cannot open it: Permission denied"),
            ("r/gone.yml", "rejected", "file-unreadable", "cannot follow the link: No such file or directory"),
            ("r/inner", "rejected", "file-unreadable", "cannot list it: Permission denied"),
            ("r/pipe.yml", "rejected", "file-unreadable", "neither a file nor a folder")])
        self.assertEqual("1 loaded, 0 degraded, 4 rejected\n", done.stderr)
        done = self.run_it("rules", "check", "--no-cache", "r/closed.yml", code=2, **nobody)
        self.assertIn("r/closed.yml: cannot open it: Permission denied", done.stderr)

    def test_a_wrong_pipeline_is_an_error_with_its_name(self):
        pipeline = self.write("p.yml", "transformations: 7\n")
        done = self.run_it("rules", "check", self.write("a.yml", RULE), "-p", pipeline, code=2)
        self.assertIn("p.yml", done.stderr)

    def test_what_a_pipeline_holds_in_vain_is_said(self):
        pipeline = self.write("p.yml", "transformations: []\npostprocessing: [{type: embed, prefix: x}]\n")
        rule = self.write("a.yml", RULE)
        done = self.run_it("rules", "check", rule, "-p", pipeline)
        self.assertIn("p.yml: postprocessing is ignored", done.stderr)
        done = self.run_it("detect", "-r", rule, "-p", pipeline, "--", self.events("e.jsonl", event(0, "x.exe")))
        self.assertIn("p.yml: postprocessing is ignored", done.stderr)
        done = self.run_it("rules", "check", rule, "-p", pipeline, "--quiet")
        self.assertEqual(done.stderr, "")


class Coverage(Case):
    def test_missing_fields_and_rules_without_a_chance_are_named(self):
        self.write("r/a.yml", RULE)
        self.write("r/b.yml", LOW_RULE.replace("CommandLine", "Nowhere"))
        self.write("r/c.yml", LOW_RULE.replace("windows", "linux").replace("0002", "0004"))
        done = self.run_it("rules", "coverage", "--events", self.events("e.jsonl", event(1)), "--rules", "r", code=1)
        rows = self.rows(done)
        fields = [r["field"] for r in rows if r["kind"] == "field"]
        self.assertEqual(fields, ["Nowhere"])
        rules = {r["rule_id"][-1]: r["message"] for r in rows if r["kind"] == "rule"}
        self.assertEqual(set(rules), {"2", "4"})
        self.assertIn("none of its fields", rules["2"])
        self.assertIn("no event of its log source", rules["4"])

    def test_a_rule_that_can_hold_without_its_fields_has_a_chance(self):
        texts = []
        for i, (selection, condition) in enumerate((("LogonUser: null", "s"), ("LogonUser: SYSTEM", "not s"),
                                                    ("LogonUser|exists: false", "s"), ("LogonUser: x", "s"))):
            texts.append(f"title: rule {i}\nid: 00000000-0000-4000-8000-0000000001{i:02}\n"
                         "logsource: {product: windows, category: process_creation}\n"
                         f"detection:\n  s: {{{selection}}}\n  condition: {condition}\n")
        rules = self.write("a.yml", "---\n".join(texts))
        events = self.events("e.jsonl", event(1))
        found = {r["rule_title"] for r in self.rows(self.run_it("detect", events, "--rules", rules, code=1))}
        self.assertEqual(found, {"rule 0", "rule 1", "rule 2"})
        done = self.run_it("rules", "coverage", "--events", events, "--rules", rules, code=1)
        self.assertEqual([r["title"] for r in self.rows(done) if r["kind"] == "rule"], ["rule 3"])
        self.assertEqual("1 event: 1 of 1 field missing, 1 of 4 rules on single events without a chance\n", done.stderr)

    def test_only_rules_on_single_events_are_counted_and_the_summary_says_so(self):
        rules = self.write("a.yml", RULE + "---\n" + CORRELATION)
        done = self.run_it("rules", "coverage", "--events", self.events("e.jsonl", event(1)), "--rules", rules)
        self.assertIn("0 of 1 rule on single events without a chance", done.stderr)

    def test_full_coverage_is_exit_code_0(self):
        self.run_it("rules", "coverage", "--events", self.events("e.jsonl", event(1)), "--rules",
                    self.write("a.yml", RULE))

    def test_both_inputs_are_needed(self):
        self.assertIn("both --events", self.run_it("rules", "coverage", "--rules", "x", code=2).stderr)


class Explain(Case):
    def setUp(self):
        super().setUp()
        self.rule = self.write("a.yml", RULE)
        self.file = self.events("e.jsonl", event(1), event(2, user="SYSTEM"), event(3, image="C:\\other.exe"))

    def explain(self, rule, place, *words, code):
        done = self.run_it("rules", "explain", rule, place, *words, code=code)
        return {r["field"]: r for r in self.rows(done)}, done.stderr

    def test_a_match_is_exit_code_1_and_shows_what_holds(self):
        rows, words = self.explain(self.rule, f"{self.file}:1", code=1)
        self.assertEqual((rows["Image"]["holds"], rows["Image"]["negated"]), (True, False))
        self.assertEqual((rows["User"]["holds"], rows["User"]["negated"]), (False, True))
        self.assertEqual(rows["User"]["value"], "bob")
        self.assertIn("Shell started: matches", words)

    def test_a_filter_that_holds_is_why_it_does_not_match(self):
        rows, words = self.explain(self.rule, f"{self.file}:2", code=0)
        self.assertEqual((rows["Image"]["holds"], rows["User"]["holds"]), (True, True))
        self.assertIn("does not match", words)

    def test_an_event_of_another_log_source_is_said_to_be_kept_away(self):
        other = event(1)
        other["EventID"] = 3
        _, words = self.explain(self.rule, self.events("f.jsonl", other), code=0)
        self.assertIn("its log source keeps it away", words)
        self.assertIn("(the rule's: product windows, category process_creation; "
                      "the event's: product windows, category network_connection, service sysmon)", words)

    def test_parts_a_log_source_does_not_have_are_left_out(self):
        rule = self.write("web.yml", RULE.replace("{product: windows, category: process_creation}", "{category: webserver}"))
        _, words = self.explain(rule, f"{self.file}:1", code=0)
        self.assertIn("(the rule's: category webserver; the event's: product windows, ", words)

    def test_detect_and_explain_say_the_same_of_null(self):
        rule = self.write("null.yml", RULE.replace("{Image|endswith: '\\cmd.exe'}", "{A: null}"))
        rows, _ = self.explain(rule, f"{self.file}:1", code=1)
        row, = self.rows(self.run_it("detect", self.events("one.jsonl", event(1)), "--rules", rule, code=1))
        self.assertEqual(row["matched"], [{"field": "A", "value": None, "predicate": "A: null"}])
        self.assertEqual([rows["A"][k] for k in ("value", "predicate")], [None, "A: null"])

    def test_a_keyword_that_does_not_hold_shows_no_value(self):
        rule = self.write("word.yml", RULE.replace("{Image|endswith: '\\cmd.exe'}", "[nowhere]"))
        rows, _ = self.explain(rule, f"{self.file}:1", code=0)
        self.assertEqual((rows[""]["holds"], rows[""]["value"]), (False, ""))

    def test_an_absent_field_is_told_apart_from_an_empty_one(self):
        rule = self.write("two.yml", RULE.replace("{Image|endswith: '\\cmd.exe'}", "{A: x, B: x, C: x}"))
        place = self.events("two.jsonl", {**event(1), "B": "", "C": None})
        rows, _ = self.explain(rule, place, code=0)
        self.assertEqual([rows[name]["value"] for name in "ABC"], [None, "", "null"])
        table = self.run_it("rules", "explain", rule, place, "-o", "table").stdout.splitlines()
        self.assertEqual([line.endswith("(absent)") for line in table], [False, True, False, False, False])

    def test_a_correlation_is_called_one_and_names_the_rules_it_refers_to(self):
        self.write("r/a.yml", RULE + "---\n" + CORRELATION)
        two = CORRELATION.replace("0003", "0005").replace("Two shells", "Twice").replace(
            "[00000000-0000-4000-8000-000000000001]", "[00000000-0000-4000-8000-000000000003]")
        self.write("r/c.yml", two)
        for wanted in ("00000000-0000-4000-8000-000000000003", "Two shells"):
            words = self.run_it("rules", "explain", wanted, self.file, "--rules", "r", code=2).stderr
            self.assertIn(f"'{wanted}' is a correlation", words)
            self.assertIn("00000000-0000-4000-8000-000000000001 'Shell started'", words)
        words = self.run_it("rules", "explain", "Twice", self.file, "--rules", "r", code=2).stderr
        self.assertIn("00000000-0000-4000-8000-000000000003 'Two shells' (a correlation too)", words)

    def test_what_check_lists_and_cannot_be_explained_is_called_what_it_is(self):
        self.write("r/a.yml", RULE)
        self.write("r/b.yml", BROKEN)
        self.write("r/f.yml", FILTER)
        for wanted, want in (("Broken", "r/b.yml:5:15: rejected (modifier-unknown)"), ("No bob", "'No bob' is a filter")):
            with self.subTest(wanted=wanted):
                self.assertIn(want, self.run_it("rules", "explain", wanted, self.file, "--rules", "r", code=2).stderr)

    def test_a_search_that_is_cut_short_is_said(self):
        rule = self.write("re.yml", RULE.replace("{Image|endswith: '\\cmd.exe'}", "{CommandLine|re: '^(a+)+$'}"))
        _, words = self.explain(rule, self.events("cut.jsonl", event(1, line="a" * 60 + "b")), code=0)
        self.assertIn("cut short", words)
        _, words = self.explain(rule, self.events("short.jsonl", event(1, line="aab")), code=0)
        self.assertNotIn("cut short", words)

    def test_a_comparison_that_is_cut_short_is_said(self):
        rule = self.write("ref.yml", RULE.replace("{Image|endswith: '\\cmd.exe'}", "{A|fieldref|contains: B}"))
        many = {**event(1), "A": [f"a{i}" for i in range(2000)], "B": [f"b{i}" for i in range(2000)]}
        _, words = self.explain(rule, self.events("many.jsonl", many), code=0)
        self.assertIn("comparison of two fields was cut short", words)
        words = self.run_it("detect", "--rules", rule, "--", self.events("many.jsonl", many), code=0).stderr
        self.assertIn("1 comparison of two fields was cut short", words)

    def test_rules_are_found_by_id_title_and_file(self):
        self.write("r/a.yml", RULE)
        self.write("r/b.yml", LOW_RULE)
        self.write("both.yml", RULE + "---\n" + LOW_RULE)
        self.explain("00000000-0000-4000-8000-000000000001", f"{self.file}:1", "--rules", "r", code=1)
        self.explain("Any command line", f"{self.file}:1", "--rules", "r", code=1)
        self.explain("both.yml:Any command line", f"{self.file}:1", code=1)
        self.explain("both.yml:00000000-0000-4000-8000-000000000001", f"{self.file}:2", code=0)
        words = self.run_it("rules", "explain", "both.yml", self.file, code=2).stderr
        self.assertIn("holds 2 rules", words)
        self.assertIn("00000000-0000-4000-8000-000000000001 'Shell started', "
                      "00000000-0000-4000-8000-000000000002 'Any command line'", words)

    def test_a_long_list_of_rules_ends_with_how_many_are_left(self):
        many = "---\n".join(RULE.replace("000000000001", f"{i:012}").replace("Shell started", f"Shell {i}")
                            for i in range(40))
        words = self.run_it("rules", "explain", self.write("many.yml", many), self.file, code=2).stderr
        self.assertRegex(words, r"holds 40 rules.*'Shell 4' and 35 more\n$")

    def test_of_a_broken_line_only_its_fault_is_said(self):
        lines = [json.dumps(event(1)), '{"a": ', json.dumps(event(2)), "nonsense", json.dumps(event(3)), "more"]
        file = self.write("mix.jsonl", "\n".join(lines) + "\n")
        for line in (2, 4):
            words = self.run_it("rules", "explain", self.rule, f"{file}:{line}", code=2).stderr
            self.assertRegex(words, f"^vedette: rules explain: {file}:{line}: .+\n$")
        for line in (1, 3, 5):
            words = self.run_it("rules", "explain", self.rule, f"{file}:{line}", code=1).stderr
            self.assertEqual(words, "vedette: Shell started: matches\n")

    def test_quiet_routing_and_cache_are_as_of_its_siblings(self):
        place = f"{self.file}:1"
        self.assertEqual(self.run_it("rules", "explain", self.rule, place, "-q", code=1).stderr, "")
        rule = self.write("web.yml", RULE.replace("{product: windows, category: process_creation}", "{category: webserver}"))
        self.run_it("rules", "explain", rule, place, code=0)
        self.assertIn(": matches\n", self.run_it("rules", "explain", rule, place, "--no-routing", code=1).stderr)
        self.write("r/a.yml", LOW_RULE.replace("|contains: whoami", "|contains: [whoami, straße]"))
        self.run_it("rules", "explain", "Any command line", place, "--rules", "r", "--no-cache", code=1)
        self.assertFalse((self.folder / "cache").exists())
        self.run_it("rules", "explain", "Any command line", place, "--rules", "r", code=1)
        self.assertTrue((self.folder / "cache").exists())

    def test_what_is_not_there_is_an_error(self):
        for rule, place, want in ((self.rule, f"{self.file}:99", "no event there"),
                                  (self.rule, f"{self.file}:x", "must be a number"),
                                  (self.rule, "nowhere.jsonl", "is no event file"),
                                  ("nowhere.yml", self.file, "is no rule file"),
                                  (f"{self.rule}:nobody", self.file, "no rule has the id, name or title 'nobody'"),
                                  (self.write("b.yml", BROKEN), self.file, "nosuchmodifier")):
            with self.subTest(want=want):
                self.assertIn(want, self.run_it("rules", "explain", rule, place, code=2).stderr)


class Test(Case):
    def case(self, name, rule, match, nomatch):
        self.write(f"{name}/rule.yml", rule)
        self.events(f"{name}/match.jsonl", *match)
        self.events(f"{name}/nomatch.jsonl", *nomatch)

    def test_cases_that_hold_are_exit_code_0(self):
        self.case("d/single", RULE, [event(1), event(2)], [event(1, user="SYSTEM")])
        self.case("d/deep/pair", RULE + "---\n" + CORRELATION, [event(1), event(2)], [event(1), event(30)])
        rows = self.rows(self.run_it("rules", "test", "d"))
        self.assertEqual([(r["verdict"], r["case"], r["match"], r["nomatch"]) for r in rows],
                         [("ok", "d/deep/pair", 2, 2), ("ok", "d/single", 2, 1)])
        self.assertEqual(self.run_it("rules", "test", "d").stderr, "2 cases, 0 failed\n")
        self.assertEqual(self.run_it("rules", "test", "d/single").stderr, "1 case, 0 failed\n")

    def test_a_file_is_answered_with_what_to_give(self):
        self.case("single", RULE, [event(1)], [event(1, user="SYSTEM")])
        self.assertIn("single/rule.yml: this is a file; give the folder that holds rule.yml",
                      self.run_it("rules", "test", "single/rule.yml", code=2).stderr)

    def test_each_way_to_fail_is_named_with_its_line(self):
        quiet = event(1, image="C:\\x.exe")
        self.case("match", RULE, [event(1), quiet], [quiet])
        self.case("nomatch", RULE, [event(1)], [quiet, event(1)])
        self.case("fires", RULE + "---\n" + CORRELATION, [event(1), event(2)], [event(1), event(2)])
        self.case("silent", RULE + "---\n" + CORRELATION, [event(1)], [event(1)])
        self.case("empty", RULE, [event(1)], [])
        self.case("rejected", BROKEN, [event(1)], [quiet])
        self.case("missing", RULE, [event(1)], [quiet])
        other = {**event(1), "EventID": 3}
        self.case("away", RULE, [event(1), other], [quiet])
        self.case("pair-away", RULE + "---\n" + CORRELATION, [other], [quiet])
        (self.folder / "missing/nomatch.jsonl").unlink()
        for name, want in (("match", "match.jsonl:2 does not match"), ("nomatch", "nomatch.jsonl:2 matches 'Shell started'"),
                           ("fires", "nomatch.jsonl fires 'Two shells'"), ("silent", "match.jsonl does not fire 'Two shells'"),
                           ("empty", "nomatch.jsonl holds"), ("rejected", "rule.yml:5 is rejected"),
                           ("missing", "nomatch.jsonl is missing"),
                           ("away", "match.jsonl:2 does not match: the log source of the rule keeps it away"),
                           ("pair-away", "keep them away from every event: 'Two shells'")):
            with self.subTest(name=name):
                row, = self.rows(self.run_it("rules", "test", name, code=1))
                self.assertEqual(row["verdict"], "FAIL")
                self.assertIn(want, row["message"])

    def test_a_folder_without_cases_is_an_error(self):
        (self.folder / "none").mkdir()
        self.assertIn("no case in it", self.run_it("rules", "test", "none", code=2).stderr)


class Completion(Case):
    def test_bash_completes_commands_options_values_and_files(self):
        script = self.write("completion.bash", self.run_it("completion", "bash").stdout)
        self.write("some-file.yml", "")
        probe = f"""
            source {script}
            compopt() {{ :; }}
            try() {{ COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _vedette; printf '%s ' "${{COMPREPLY[@]}}"; echo; }}
            try vedette det
            try vedette rules ch
            try vedette detect --min
            try vedette detect --format nd
            try vedette detect -o oc
            try vedette detect --rules some
            try vedette rules explain --pi
            try vedette completion z
            try vedette help ru
            try vedette help rules ''
            try vedette help rules co
            try vedette help detect ''
        """
        done = subprocess.run(["bash", "--norc", "-c", probe], capture_output=True, text=True, check=False, cwd=self.folder)
        self.assertEqual(done.stderr, "")
        self.assertEqual([line.strip() for line in done.stdout.splitlines()],
                         ["detect", "check", "--min-level", "ndjson", "ocsf", "some-file.yml", "--pipeline", "zsh",
                          "rules", "check coverage explain test", "coverage", ""])

    def test_scripts_are_valid_where_their_shell_is_there(self):
        tried = 0
        for shell, check in (("bash", ["-n"]), ("zsh", ["-n"]), ("fish", ["--no-execute"])):
            if shutil.which(shell) is None:
                continue
            script = self.write(f"completion.{shell}", self.run_it("completion", shell).stdout)
            done = subprocess.run([shell, *check, str(script)], capture_output=True, text=True, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            tried += 1
        self.assertGreater(tried, 0)


if __name__ == "__main__":
    unittest.main()
