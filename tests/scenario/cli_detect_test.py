"""vedette detect as a user runs it: exit codes, messages, formats, broken input, closed pipes, interrupts."""

import contextlib
import csv
import gzip
import io
import json
import os
import pathlib
import pty
import select
import signal
import subprocess
import tempfile
import time
import unittest
import zlib

from vedette import COMMAND, MISSING, available, unprivileged

RULE = """title: Shell started
id: 00000000-0000-4000-8000-000000000001
status: test
level: high
tags: [attack.execution, attack.t1059]
logsource: {product: windows, category: process_creation}
detection:
  selection: {Image|endswith: '\\cmd.exe'}
  filter: {User: SYSTEM}
  condition: selection and not filter
"""

LOW_RULE = """title: Any command line
id: 00000000-0000-4000-8000-000000000002
status: test
level: low
logsource: {product: windows, category: process_creation}
detection:
  selection: {CommandLine|contains: whoami}
  condition: selection
"""

CORRELATION = """title: Two shells
id: 00000000-0000-4000-8000-000000000003
status: test
level: critical
correlation:
  type: event_count
  rules: [00000000-0000-4000-8000-000000000001]
  group-by: [Computer]
  timespan: 10m
  condition: {gte: 2}
"""


def event(minute, image="C:\\Windows\\cmd.exe", user="bob", line="cmd /c whoami", host="ws01", second=0):
    return {"EventID": 1, "Channel": "Microsoft-Windows-Sysmon/Operational", "Computer": host, "Image": image,
            "UtcTime": f"2026-01-05 03:{minute:02}:{second:02}.000", "User": user, "CommandLine": line}


class Case(unittest.TestCase):
    def setUp(self):
        if not available():
            self.skipTest(MISSING)
        folder = tempfile.TemporaryDirectory(prefix="vedette-cli-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.rules = self.write("rules/shell.yml", RULE)
        self.env = {**os.environ, "VEDETTE_CACHE": str(self.folder / "cache")}
        self.env.pop("NO_COLOR", None)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(text, str):
            text = text.encode()
        path.write_bytes(text)
        return path

    def events(self, *events, name="events.jsonl"):
        return self.write(name, "".join(json.dumps(e) + "\n" for e in events))

    def run_it(self, *words, **options):
        done = subprocess.run([COMMAND, *map(str, words)], capture_output=True, env=self.env, check=False,
                              cwd=self.folder, timeout=120, **options)
        self.assertGreaterEqual(done.returncode, 0, f"ended by a signal: {words}\n{done.stderr.decode()}")
        return done

    def detect(self, *words, **options):
        return self.run_it("detect", "--rules", self.rules, "--format", "ndjson", *words, **options)

    def rows(self, done):
        return [json.loads(line) for line in done.stdout.splitlines()]


class ExitCodes(Case):
    def test_nothing_found_is_0_and_findings_are_1(self):
        quiet = self.events(event(1, image="C:\\x.exe"), name="quiet.jsonl")
        loud = self.events(event(1), name="loud.jsonl")
        self.assertEqual(self.detect("--", quiet).returncode, 0)
        self.assertEqual(self.detect("--", loud).returncode, 1)

    def test_input_of_which_no_event_is_read_says_what_to_do_and_is_an_error_under_strict(self):
        (self.folder / "nothing").mkdir()
        for name, text in (("access.log", '192.0.2.1 - - [05/Jan/2026:03:04:05 +0000] "GET / HTTP/1.1" 200 5\n'),
                           ("audit.log", "type=SYSCALL msg=audit(1767585540.0:1): arch=c000003e\n"),
                           ("a.csv", "time,host,Image\n2026-01-05,ws01,C:\\cmd.exe\n"),
                           ("a.zip", b"PK\3\4 and more"), ("broken.jsonl", '{"EventID": 1,\n{"EventID"\n'),
                           ("empty.jsonl", ""), ("none.json", "[]"), ("nothing", None)):
            with self.subTest(name=name):
                path = self.folder / name if text is None else self.write(name, text)
                for words in ((), ("-q",), ("--strict",)):
                    done = self.detect(*words, "--", path)
                    self.assertEqual(done.returncode, 2 if words == ("--strict",) else 0, words)
                    self.assertIn("not one event was read", done.stderr.decode().splitlines()[-1])
                    self.assertIn("journalctl -o json", done.stderr.decode().splitlines()[-1])
        # one event is enough: bad lines among good ones are counted, and only --strict minds them
        good = self.write("access.log", b"plain text\n" + json.dumps(event(1, image="x")).encode())
        self.assertEqual(self.detect("--", good).returncode, 0)
        self.assertEqual(self.detect("--", good, self.folder / "a.csv", self.folder / "nothing").returncode, 0)
        # left out is not unread
        self.assertEqual(self.detect("--since", "2026-01-06", "--", self.events(event(1))).returncode, 0)

    def test_usage_errors_are_2_and_say_what_to_write(self):
        for words, want in (
            (["detect"], "PATH… is missing"),
            (["detect", "x.jsonl"], "--rules PATH…"),
            (["detect", "--rules", "a", "b"], "every word after --rules was taken as its value"),
            (["detect", "--rule", "a"], "did you mean --rules?"),
            (["detcet"], "did you mean 'detect'?"),
            (["detect", "--format", "xml", "x"], "table, ndjson, json, csv, ocsf"),
            (["detect", "--threads", "0", "--rules", self.rules, "--", "x"], "--threads: '0' is no number from 1 to 256"),
            (["detect", "--correlation-groups", "0", "--rules", self.rules, "--", "x"],
             "--correlation-groups: '0' is no number from 1 to 1000000000"),
            (["detect", "--correlation-memory", "1G", "--rules", self.rules, "--", "x"],
             "--correlation-memory: '1G' is no number from 1 to 1048576"),
            (["detect", "--since", "yesterday", "--rules", self.rules, "--", "x"], "--since: 'yesterday' is no time"),
            (["detect", "--since", "2026-01-02", "--until", "2026-01-01", "--rules", self.rules, "--", "x"],
             "no event can lie between them"),
            ([], "vedette --help"),
        ):
            with self.subTest(words=words):
                done = self.run_it(*words)
                self.assertEqual(done.returncode, 2)
                self.assertEqual(done.stdout, b"")
                self.assertIn(want, done.stderr.decode())

    def test_what_does_not_exist_is_named(self):
        done = self.detect("--", "nowhere.jsonl")
        self.assertEqual(done.returncode, 2)
        self.assertIn("nowhere.jsonl", done.stderr.decode())
        done = self.run_it("detect", "--rules", "norules", "--", self.events(event(1)))
        self.assertEqual(done.returncode, 2)
        self.assertIn("norules", done.stderr.decode())
        self.assertIn("No such file", done.stderr.decode())

    def test_what_is_given_and_cannot_be_opened_is_an_error_and_what_is_found_is_left_out(self):
        nobody = unprivileged()
        if nobody is None:
            self.skipTest("no unprivileged user may run the command here")
        self.folder.chmod(0o755)
        self.events(event(1), name="logs/a.jsonl")
        closed = self.events(event(2), name="logs/closed.jsonl")
        closed.chmod(0)
        done = self.detect("--no-cache", "--", closed, **nobody)
        self.assertEqual((done.returncode, done.stdout), (2, b""))
        self.assertIn(f"cannot read '{closed}': Permission denied", done.stderr.decode())
        done = self.detect("--no-cache", "--", "logs", **nobody)
        self.assertEqual((done.returncode, len(self.rows(done))), (1, 1))
        self.assertIn("logs/closed.jsonl: cannot be opened: Permission denied", done.stderr.decode())
        self.assertIn("1 piece of bad input was left out", done.stderr.decode())
        done = self.detect("--no-cache", "--strict", "--", "logs", **nobody)
        self.assertEqual((done.returncode, len(self.rows(done))), (2, 1))
        self.assertIn("--strict: 1 piece of bad input\n", done.stderr.decode())

    def test_rules_that_cannot_be_read_do_not_silence_the_others(self):
        path = self.events(event(1))
        (self.folder / "rules/gone.yml").symlink_to("nowhere")
        done = self.run_it("detect", "-q", "--rules", "rules", "--", path)
        self.assertEqual(done.returncode, 1)
        self.assertEqual("vedette: rules/gone.yml: cannot follow the link: No such file or directory; "
                         "its rules are left out\n", done.stderr.decode())
        self.assertIn("note: 1 rule rejected, 0 degraded", self.run_it("detect", "--rules", "rules", "--", path).stderr.decode())
        # what is named is another matter, and so is a pipeline: without it rules mean something else
        self.assertEqual(self.run_it("detect", "--rules", "rules/gone.yml", "--", path).returncode, 2)
        (self.folder / "maps").mkdir()
        (self.folder / "maps/gone.yml").symlink_to("nowhere")
        done = self.run_it("detect", "--rules", self.rules, "-p", "maps", "--", path)
        self.assertEqual(done.returncode, 2)
        self.assertIn("maps/gone.yml: cannot follow the link", done.stderr.decode())

    def test_a_folder_without_rules_is_an_error_and_so_are_rules_of_which_none_loads(self):
        (self.folder / "empty").mkdir()
        done = self.run_it("detect", "--rules", "empty", "--", self.events(event(1)))
        self.assertEqual(done.returncode, 2)
        self.assertIn("no rule files", done.stderr.decode())
        bad = self.write("bad.yml", "title: x\nlogsource: {product: windows}\ndetection: {condition: s}\n")
        done = self.run_it("detect", "--rules", bad, "--", self.events(event(1)))
        self.assertEqual(done.returncode, 2)
        self.assertIn("vedette rules check", done.stderr.decode())

    def test_help_is_there_for_every_command(self):
        for words in (["--help"], ["help"], ["detect", "--help"], ["help", "detect"], ["rules", "check", "-h"],
                      ["rules", "--help"], ["help", "rules", "test"], ["completion", "--help"], ["--version"],
                      ["rules", "coverage", "--help"], ["rules", "explain", "--help"]):
            with self.subTest(words=words):
                done = self.run_it(*words)
                self.assertEqual(done.returncode, 0)
                self.assertIn(b"vedette", done.stdout)
                self.assertEqual(done.stderr, b"")

    def test_help_of_rules_is_about_its_commands(self):
        for words in (["rules", "--help"], ["rules", "-h"], ["help", "rules"]):
            with self.subTest(words=words):
                page = self.run_it(*words).stdout.decode()
                self.assertTrue(page.startswith("vedette rules: "))
                for part in ("Usage: vedette rules COMMAND", "  rules check ", "  rules test ", "Exit code: "):
                    self.assertIn(part, page)
                self.assertNotIn("detect", page)


class Output(Case):
    def test_a_match_has_the_promised_keys(self):
        path = self.events(event(1, user="SYSTEM"), event(2), name="logs/a.jsonl")
        row, = self.rows(self.detect("--", path))
        self.assertEqual(list(row), ["type", "id", "rule_id", "rule_title", "level", "time", "host", "event_file",
                                     "event_line", "matched"])
        self.assertRegex(row.pop("id"), "^[0-9a-f]{32}$")
        matched, = row.pop("matched")
        self.assertEqual(matched["field"], "Image")
        self.assertEqual(matched["value"], "C:\\Windows\\cmd.exe")
        self.assertIn("endswith", matched["predicate"])
        self.assertEqual(row, {"type": "match", "rule_id": "00000000-0000-4000-8000-000000000001",
                               "rule_title": "Shell started", "level": "high", "time": "2026-01-05T03:02:00.000Z",
                               "host": "ws01", "event_file": str(path), "event_line": 2})

    def test_files_of_a_folder_are_named_as_found_under_it(self):
        self.events(event(1), name="logs/deep/a.jsonl")
        row, = self.rows(self.detect("--", "logs"))
        self.assertEqual(row["event_file"], "logs/deep/a.jsonl")

    def test_ids_stay_and_differ_by_event(self):
        path = self.events(event(1), event(1))
        first, second = (self.rows(self.detect("--", path)) for _ in range(2))
        self.assertEqual([r["id"] for r in first], [r["id"] for r in second])
        self.assertNotEqual(first[0]["id"], first[1]["id"])

    def test_an_event_without_time_and_host_has_null(self):
        bare = event(1)
        del bare["UtcTime"], bare["Computer"]
        row, = self.rows(self.detect("--", self.events(bare)))
        self.assertIsNone(row["time"])
        self.assertIsNone(row["host"])

    def test_a_correlation_names_group_events_and_the_one_that_fired(self):
        self.write("rules/two.yml", CORRELATION)
        path = self.events(event(9, host="ws02"), event(5), event(2), event(3, host="ws02"))
        done = self.run_it("detect", "--rules", "rules", "-o", "ndjson", "--", path)
        rows = self.rows(done)
        self.assertEqual([r["type"] for r in rows], ["correlation", "correlation"])
        first, second = rows
        self.assertEqual(first["group"], {"Computer": "ws01"})
        self.assertEqual(first["host"], "ws01")  # a group by host has one
        self.assertEqual(first["events"], [{"file": str(path), "line": 3}, {"file": str(path), "line": 2}])
        self.assertEqual((first["event_file"], first["event_line"], first["time"]),
                         (str(path), 2, "2026-01-05T03:05:00.000Z"))
        self.assertEqual(second["group"], {"Computer": "ws02"})
        self.assertEqual(first["level"], "critical")
        self.assertIn("1 rule only feeds correlations", done.stderr.decode())

    def test_what_does_not_fit_in_memory_is_correlated_from_disk(self):
        self.write("rules/two.yml", CORRELATION)
        rules = self.folder / "rules"
        events = [event(minute % 60, host=f"ws{minute % 997}", second=minute % 59) for minute in range(20000)]
        path = self.events(*events)
        held, spilled = (self.run_it("detect", "-r", rules, "-o", "ndjson", "-q", "--hold", mib, "--", path)
                         for mib in (1024, 1))
        self.assertGreater(len(self.rows(held)), 900)
        self.assertEqual(held.stdout, spilled.stdout)
        # that the smaller one needs the disk at all
        for mib, code in ((1024, 1), (1, 2)):
            self.env["TMPDIR"] = "/nowhere/at/all"
            done = self.run_it("detect", "-r", rules, "-o", "ndjson", "-q", "--hold", mib, "--", path)
            self.assertEqual(done.returncode, code, done.stderr)
        self.assertIn("cannot make a temporary file", done.stderr.decode())

    def test_min_level_filters_rows_but_not_what_feeds_correlations(self):
        self.write("rules/two.yml", CORRELATION)
        self.write("rules/low.yml", LOW_RULE)
        path = self.events(event(1), event(2))
        rows = self.rows(self.run_it("detect", "--rules", "rules", "-o", "ndjson", "--min-level", "critical", "--", path))
        self.assertEqual([r["type"] for r in rows], ["correlation"])
        rows = self.rows(self.run_it("detect", "--rules", "rules", "-o", "ndjson", "--", path))
        self.assertEqual(sorted(r["level"] for r in rows), ["critical", "low", "low"])

    def test_since_and_until_bound_event_time_and_keep_untimed_events(self):
        untimed = event(1)
        del untimed["UtcTime"]
        path = self.events(event(1), event(2), event(3), untimed)
        rows = self.rows(self.detect("--since", "2026-01-05T03:02:00Z", "--until", "2026-01-05T03:03:00Z", "--", path))
        self.assertEqual([r["event_line"] for r in rows], [2, 4])

    def test_a_time_without_a_year_is_of_the_year_before_now(self):
        recent = time.gmtime(time.time() - 3600)
        bare = event(1)
        del bare["UtcTime"]
        path = self.events({**bare, "timestamp": time.strftime("%b %e %H:%M:%S", recent)})
        row, = self.rows(self.detect("--", path))
        self.assertEqual(row["time"], time.strftime("%Y-%m-%dT%H:%M:%S.000Z", recent))

    def test_csv_json_and_ocsf_say_the_same_findings(self):
        path = self.events(event(1), event(2))
        want = [r["id"] for r in self.rows(self.detect("--", path))]
        table = self.detect("-o", "csv", "--", path)
        self.assertEqual([r["id"] for r in csv.DictReader(io.StringIO(table.stdout.decode()))], want)
        self.assertEqual([r["id"] for r in json.loads(self.detect("-o", "json", "--", path).stdout)], want)
        ocsf = self.rows(self.detect("-o", "ocsf", "--", path))
        self.assertEqual([r["finding_info"]["uid"] for r in ocsf], want)
        for finding in ocsf:
            self.assertEqual((finding["class_uid"], finding["category_uid"], finding["type_uid"]), (2004, 2, 200401))
            self.assertEqual(finding["severity_id"], 4)
            self.assertEqual(finding["metadata"]["version"], "1.3.0")

    def test_json_without_findings_is_an_empty_array(self):
        done = self.detect("-o", "json", "--", self.events(event(1, image="x")))
        self.assertEqual(json.loads(done.stdout), [])

    def test_rows_come_in_the_order_of_the_input_for_any_number_of_threads(self):
        big = [event(i % 60, image="C:\\cmd.exe" if i % 7 == 0 else "x", line="y" * 400) for i in range(20000)]
        path = self.events(*big)
        one, four = (self.detect("--threads", n, "-q", "--", path).stdout for n in (1, 4))
        lines = [json.loads(line)["event_line"] for line in one.splitlines()]
        self.assertEqual(lines, [i + 1 for i in range(20000) if i % 7 == 0])
        self.assertEqual(one, four)

    def test_standard_input_is_a_dash(self):
        text = gzip.compress((json.dumps(event(1)) + "\n").encode())
        row, = self.rows(self.detect("-", input=text))
        self.assertEqual((row["event_file"], row["event_line"]), ("-", 1))

    def test_quiet_says_nothing_on_stderr_and_the_summary_is_there_otherwise(self):
        path = self.events(event(1))
        self.assertEqual(self.detect("-q", "--", path).stderr, b"")
        words = self.detect("--", path).stderr.decode()
        for part in ("by level", "1  high", "by rule", "Shell started", "by ATT&CK tactic", "Execution",
                     "1 finding in 1 event, 1 rule"):
            self.assertIn(part, words)


    def test_searches_cut_short_are_in_the_summary(self):
        rule = self.write("re.yml", RULE.replace("{Image|endswith: '\\cmd.exe'}", "{CommandLine|re: '^(a+)+$'}"))
        for line, wanted in (("a" * 60 + "b", "1 search of a regular expression was cut short"), ("aab", None)):
            words = self.run_it("detect", "--rules", rule, "--", self.events(event(1, line=line))).stderr.decode()
            self.assertIn(wanted, words) if wanted else self.assertNotIn("cut short", words)


    def test_limits_of_correlation_are_named_by_rule_with_their_option_and_are_an_error_under_strict(self):
        self.write("rules/two.yml", CORRELATION)
        users = self.events(*(event(minute, host=f"ws{host}") for minute in (1, 2) for host in range(30)), name="a.jsonl")
        one = self.events(*(event(1, second=second) for second in range(9)), name="b.jsonl")

        def run(*words):
            return self.run_it("detect", "-r", "rules", "-o", "ndjson", *words)

        said = "vedette: warning: correlation 'Two shells': "
        for path, words, reached, option in (
                (users, ("--correlation-groups", 10), "50 groups were forgotten", "--correlation-groups"),
                (one, ("--correlation-events", 3), "6 events were forgotten", "--correlation-events")):
            done = run(*words, "--", path)
            self.assertIn(f"note: correlation 'Two shells': {reached}", done.stderr.decode())
            self.assertIn(f"raise {option}\n", done.stderr.decode())
            quiet = run("-q", *words, "--", path)
            self.assertEqual(quiet.stderr.decode().count("\n"), 1)
            self.assertTrue(quiet.stderr.decode().startswith(said + reached), quiet.stderr)
            self.assertIn(f"raise {option}\n", quiet.stderr.decode())
            self.assertLess(quiet.returncode, 2)
            strict = run("-q", "--strict", *words, "--", path)
            self.assertEqual(strict.returncode, 2)
            self.assertIn("--strict: a limit was reached", strict.stderr.decode())
            # and what is raised is not reached
            enough = run("-q", "--strict", words[0], 1000, "--", path)
            self.assertEqual((enough.returncode, enough.stderr), (1, b""))
        self.assertEqual(len(self.rows(run("-q", "--", users))), 30)
        self.assertEqual(len(self.rows(run("-q", "--correlation-groups", 10, "--", users))), 0)

    def test_memory_of_correlation_is_a_limit_and_an_option(self):
        self.write("rules/two.yml", CORRELATION)
        path = self.events(*(event(n // 60, host="ws" + "x" * 2000 + str(n), second=n % 60) for n in range(600)))
        done = self.run_it("detect", "-r", "rules", "-q", "--strict", "--correlation-memory", 1, "--", path)
        self.assertEqual(done.returncode, 2)
        self.assertIn("(the groups of all correlations fill half of 1 MiB), so findings may be missing; raise --correlation-memory",
                      done.stderr.decode())
        done = self.run_it("detect", "-r", "rules", "-q", "--strict", "-o", "ndjson", "--", path)
        self.assertEqual((done.returncode, done.stderr), (0, b""))

    def test_what_was_cut_short_is_said_quietly_too_and_is_an_error_under_strict(self):
        rule = self.write("re.yml", RULE.replace("{Image|endswith: '\\cmd.exe'}", "{CommandLine|re: '^(a+)+$'}"))
        path = self.events(event(1, line="a" * 60 + "b"))
        done = self.run_it("detect", "--rules", rule, "-q", "--", path)
        self.assertEqual(done.returncode, 0)
        self.assertTrue(done.stderr.decode().startswith("vedette: warning: 1 search of a regular expression was cut"))
        self.assertEqual(self.run_it("detect", "--rules", rule, "--strict", "--", path).returncode, 2)


class BadInput(Case):
    def test_broken_lines_are_named_and_lose_no_good_event(self):
        good = json.dumps(event(1))
        path = self.write("a.jsonl", f"{good}\n{{\"EventID\": 1,\n{good}\nnonsense\n{good}\n")
        done = self.detect("--", path)
        self.assertEqual([r["event_line"] for r in self.rows(done)], [1, 3, 5])
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{path}:4: ", done.stderr.decode())

    def test_several_objects_on_a_line_are_all_read_and_what_stands_behind_one_is_named(self):
        good = json.dumps(event(1))
        other = json.dumps(event(2, host="ws02"))
        path = self.write("a.jsonl", f"{good}\n{good}{other}\n{good} {good}, {other}\n  {good}}}\n{good} text\n"
                                     f"{good}}}{other}\n{good}\n")
        done = self.detect("--strict", "--", path)
        self.assertEqual([r["event_line"] for r in self.rows(done)], [1, 2, 2, 3, 3, 3, 4, 5, 6, 6, 7])
        self.assertEqual([r["host"] for r in self.rows(done)][1:3], ["ws01", "ws02"])
        self.assertEqual(len({r["id"] for r in self.rows(done)}), 11)
        words = done.stderr.decode()
        for line, rest in ((4, "}"), (5, "text"), (6, "}" + other[:20])):
            self.assertIn(f"{path}:{line}: not a JSON object, rest of the line skipped: '{rest}", words)
        self.assertIn("3 pieces of bad input", words)
        # the first line of a file decides nothing
        rest = self.write("b.jsonl", path.read_bytes().split(b"\n", 1)[1])
        self.assertEqual(len(self.rows(self.detect("--", rest))), 10)
        explained = self.run_it("rules", "explain", "--rules", self.rules, "-o", "ndjson",
                                "00000000-0000-4000-8000-000000000001", f"{path}:4")
        self.assertEqual(explained.returncode, 1, explained.stderr)

    def test_a_broken_line_is_named_with_the_column(self):
        path = self.write("a.json", '  {"a": x y}\n{"a": 1}  {"b" 2}\n{\n "c": 1\n "d": 2}\n')
        words = self.detect("--", path).stderr.decode()
        self.assertIn(f"{path}:1: expected ',' or '}}' after a value (column 11)\n", words)
        self.assertIn(f"{path}:2: expected ':' after a key (column 16)\n", words)
        self.assertIn(f"{path}:3: expected ',' or '}}' after a value (line 3 of the event, column 2)\n", words)
        path = self.write("array.json", '[{"a": 1},\n  {"b" 2}]')
        self.assertIn(f"{path}:2: expected ':' after a key (column 6)\n", self.detect("--", path).stderr.decode())

    def test_messages_come_in_the_order_of_the_input(self):
        good = json.dumps(event(1))
        lines = [good, "{\"EventID\" 1}", good, "nonsense", good, "{\"EventID\" 1}", good + "}", "[1]", good, "{"]
        for name in ("a", "b", "d"):
            self.write(f"logs/{name}.jsonl", "\n".join(lines))
        self.write("logs/c.txt", "nonsense\n")
        wanted = []
        for name in ("a", "b", "c", "d"):
            wanted += ["c.txt"] if name == "c" else [f"{name}.jsonl:{n}" for n in (2, 4, 6, 7, 8, 10)]
        for threads in (1, 3):
            words = self.detect("--threads", threads, "--", "logs").stderr.decode().splitlines()
            said = [w.split("logs/")[1].split(": ")[0] for w in words if w.startswith("vedette: logs/")]
            self.assertEqual(said, wanted)
        # where there is more than is held back
        self.write("logs/b.jsonl", "\n".join([good, "nonsense"] * 30000))
        for n in range(2000):
            self.write(f"logs/b{n:04}.txt", "nonsense")
        words = self.detect("--threads", 3, "--", "logs").stderr.decode().splitlines()
        said = [w.split("logs/")[1].split(": ")[0] for w in words if w.startswith("vedette: logs/")]
        self.assertEqual(said[:26], wanted[:6] + [f"b.jsonl:{2 * n + 2}" for n in range(20)])
        self.assertEqual(said[26:2026], [f"b{n:04}.txt" for n in range(2000)])
        self.assertEqual(said[2026:2033], wanted[12:])

    def test_strict_makes_bad_input_exit_code_2_after_the_whole_run(self):
        path = self.write("a.jsonl", "nonsense\n" + json.dumps(event(1)) + "\n")
        done = self.detect("--strict", "--", path)
        self.assertEqual(done.returncode, 2)
        self.assertEqual(len(self.rows(done)), 1)
        self.assertEqual(self.detect("--strict", "--", self.events(event(1))).returncode, 1)

    def test_only_twenty_pieces_a_file_are_named_and_the_rest_is_counted(self):
        path = self.write("a.jsonl", "nonsense\n" * 100 + json.dumps(event(1)) + "\n")
        words = self.detect("--", path).stderr.decode()
        self.assertEqual(words.count(f"{path}:"), 21)
        self.assertIn("80 more pieces of bad input not shown", words)
        self.assertIn("100 pieces of bad input", words)

    def test_what_is_repaired_is_matched_and_flagged(self):
        raw = json.dumps(event(1)).encode().replace(b"whoami", b"who\xffami")
        row, = self.rows(self.detect("--", self.write("a.jsonl", raw + b"\n")))
        self.assertEqual(row["repaired"], ["utf8"])

    def test_events_cannot_steer_the_terminal(self):
        path = self.events(event(1, image="C:\\\x1b[2J\r\n\\cmd.exe", host="ws\x1b]0;x\x07"))
        done = self.detect("-o", "table", "--", path)
        self.assertEqual(done.returncode, 1)
        self.assertNotIn(b"\x1b", done.stdout)
        self.assertIn(b"\\x1B[2J\\x0D\\x0A", done.stdout)

    def test_messages_cannot_steer_the_terminal_either(self):
        path = self.write("a\x1b[2J.jsonl", "non\x1b[2Jsense\n")
        done = self.detect("--", path)
        self.assertNotIn(b"\x1b", done.stderr)


class Pauses(Case):
    def rows_before_the_end(self, first, second, *options):
        """What stands on standard output while the pipe is open and only the first bytes were written to it."""
        with subprocess.Popen([COMMAND, "detect", "--rules", str(self.rules), "-o", "ndjson", "-q", *options, "-"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self.env) as command:
            command.stdin.write(first)
            command.stdin.flush()
            waiting = select.select([command.stdout], [], [], 20)[0]
            before = os.read(command.stdout.fileno(), 65536) if waiting else b""
            after = command.communicate(second)[0]
        return [[json.loads(line)["event_line"] for line in rows.splitlines()] for rows in (before, after)]

    def test_a_pipe_that_pauses_gives_what_it_has(self):
        line = (json.dumps(event(1)) + "\n").encode()
        for threads in ("1", "3"):
            with self.subTest(threads=threads):
                options = ("--threads", threads)
                self.assertEqual(self.rows_before_the_end(line * 3, line, *options), [[1, 2, 3], [4]])
                # nor does the half of a line behind them hold them back
                self.assertEqual(self.rows_before_the_end(line * 2 + line[:9], line[9:], *options), [[1, 2], [3]])
                self.assertEqual(self.rows_before_the_end(b"[" + line + b"," + line, b"," + line + b"]", *options),
                                 [[1, 2], [3]])

    def test_so_does_a_packed_one(self):
        line = (json.dumps(event(1)) + "\n").encode()
        packer = zlib.compressobj(wbits=31)
        first = packer.compress(line * 2) + packer.flush(zlib.Z_SYNC_FLUSH)
        self.assertEqual(self.rows_before_the_end(first, packer.compress(line) + packer.flush()), [[1, 2], [3]])

    def test_files_before_it_do_not_wait_for_a_pipe(self):
        path = self.events(event(1))
        line = (json.dumps(event(1)) + "\n").encode()
        self.assertEqual(self.rows_before_the_end(b"", line, str(path)), [[1], [1]])


class Ends(Case):
    def test_a_full_disk_is_an_error(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([COMMAND, "detect", "-q", "-o", "ndjson", "--rules", self.rules, "--",
                                   self.events(event(1))], stdout=full, stderr=subprocess.PIPE, env=self.env, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("No space left", done.stderr.decode())

    def test_a_reader_that_goes_away_is_an_error_not_a_signal(self):
        path = self.events(*[event(i % 60) for i in range(3000)])
        read_end, write_end = os.pipe()
        os.close(read_end)
        done = subprocess.run([COMMAND, "detect", "-q", "-o", "ndjson", "--rules", str(self.rules), "--", str(path)],
                              stdout=write_end, stderr=subprocess.PIPE, env=self.env, check=False)
        os.close(write_end)
        self.assertEqual(done.returncode, 2)
        self.assertIn("closed", done.stderr.decode())

    def test_an_interrupt_ends_with_what_was_found(self):
        line = (json.dumps(event(1, line="y" * 1000)) + "\n").encode()
        path = self.folder / "found.jsonl"
        with open(path, "wb") as found:
            process = subprocess.Popen([COMMAND, "detect", "--rules", str(self.rules), "-o", "ndjson", "-"],
                                       env=self.env, stdin=subprocess.PIPE, stdout=found, stderr=subprocess.PIPE)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.kill)
        deadline = time.monotonic() + 60
        while path.stat().st_size == 0 and time.monotonic() < deadline:  # until matching is under way
            process.stdin.write(line * 1000)
            process.stdin.flush()
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(BrokenPipeError):  # wakes the read that the signal came upon
            process.stdin.write(line * 3000)
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        words = process.stderr.read().decode()
        self.assertEqual(process.wait(timeout=60), 1)
        self.assertIn("interrupted", words)
        rows = path.read_bytes().splitlines()
        self.assertGreater(len(rows), 0)
        for row in rows:
            json.loads(row)


class Terminal(Case):
    def on_terminal(self, *words, columns=80, env=None):
        """stdout is a terminal of that width; returns its bytes."""
        main, other = pty.openpty()
        import fcntl
        import struct
        import termios
        fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 25, columns, 0, 0))
        process = subprocess.Popen([COMMAND, *map(str, words)], stdout=other, stderr=subprocess.DEVNULL,
                                   stdin=subprocess.DEVNULL, env={**self.env, "TERM": "xterm", **(env or {})})
        os.close(other)
        out = b""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                part = os.read(main, 65536)
            except OSError:  # the terminal is closed
                break
            if not part:
                break
            out += part
        process.wait(timeout=60)
        os.close(main)
        return out.replace(b"\r\n", b"\n")

    def test_a_terminal_gets_a_coloured_table_that_fits(self):
        path = self.events(event(1, image="C:\\" + "long\\" * 60 + "cmd.exe"))
        for columns in (60, 80, 120, 200):  # below 180 a finding is two lines
            out = self.on_terminal("detect", "--rules", self.rules, "--", path, columns=columns)
            self.assertIn(b"\x1b[31mhigh", out)
            plain = out.replace(b"\x1b[31m", b"").replace(b"\x1b[0m", b"").replace(b"\x1b[1m", b"").decode()
            lines = plain.splitlines()
            self.assertEqual(len(lines), 2 if columns >= 180 else 4)
            self.assertTrue(lines[0].startswith("LEVEL"))
            for line in lines:
                self.assertLessEqual(len(line), columns)
            row = "".join(lines[len(lines) // 2:])
            for part in ("Shell started", "03:01:00", "ws01", "jsonl:1", "Image: C:"):
                self.assertIn(part, row)

    def test_no_color_is_respected(self):
        out = self.on_terminal("detect", "--rules", self.rules, "--", self.events(event(1)), env={"NO_COLOR": "1"})
        self.assertNotIn(b"\x1b", out)
        self.assertIn(b"Shell started", out)


class Cache(Case):
    def test_compiled_rules_are_cached_for_this_user_only_and_a_broken_cache_costs_nothing_but_time(self):
        cache = self.folder / "cache"
        path = self.events(event(1))
        first = self.detect("-q", "--", path).stdout
        self.assertNotEqual(first, b"")
        self.assertNotEqual(list(cache.glob("*.vdc")), [])
        self.assertEqual(cache.stat().st_mode & 0o777, 0o700)
        written = {file: file.stat().st_ino for file in cache.iterdir()}
        self.assertEqual(self.detect("-q", "--", path).stdout, first)
        self.assertEqual({file: file.stat().st_ino for file in cache.iterdir()}, written)  # read, not written again
        for file in cache.iterdir():
            self.assertEqual(file.stat().st_mode & 0o777, 0o600)
            file.write_bytes(file.read_bytes()[:100])
        self.assertEqual(self.detect("-q", "--", path).stdout, first)
        for file in cache.iterdir():
            text = bytearray(file.read_bytes())
            text[len(text) // 2] ^= 0xff
            file.write_bytes(text)
        self.assertEqual(self.detect("-q", "--", path).stdout, first)

    def test_a_cache_that_others_may_write_is_not_used_and_that_is_said(self):
        cache = self.folder / "cache"
        cache.mkdir()
        cache.chmod(0o777)
        done = self.detect("--", self.events(event(1)))
        self.assertEqual(done.returncode, 1)
        self.assertIn("another user could write there", done.stderr.decode())
        self.assertEqual(list(cache.iterdir()), [])


if __name__ == "__main__":
    unittest.main()
