"""The shipped rules and samples: every rule folder is complete, and finds what it says and nothing else.

By hand: VEDETTE=build/vedette python3 tests/lib/tap.py tests/scenario/content_test.py
"""
import collections
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest
import uuid

import yaml

ROOT = pathlib.Path(os.environ.get("VD_SOURCE_ROOT", pathlib.Path(__file__).resolve().parents[2]))
VEDETTE = pathlib.Path(os.environ.get("VEDETTE", ROOT / "build" / "vedette"))
SAMPLES = ROOT / "samples"
FOLDERS = sorted(path.parent for path in (ROOT / "rules").glob("*/*/rule.yml"))
LEAST = 20  # of detection rules and of correlations
TYPES = {
    "event_count", "value_count", "temporal", "temporal_ordered", "value_sum", "value_avg", "value_percentile",
    "value_median",
}
LOGSOURCES = {
    "aws/-/cloudtrail", "azure/-/signinlogs", "kubernetes/-/audit", "linux/-/auditd", "linux/-/cron",
    "linux/-/sshd", "linux/-/sudo", "-/webserver/-", "windows/-/security", "windows/-/system",
    "windows/-/windefend", "windows/file_event/-", "windows/network_connection/-", "windows/process_access/-",
    "windows/process_creation/-", "windows/registry_set/-",
}

# What each attack sample holds; docs/samples.md says how it got there.
FOUND = {
    "web/access-attack.jsonl.gz": {
        "Attack Tool Names Itself in the User Agent", "Path Traversal to a System File",
        "Search for Hidden Content of a Web Server", "Secret File Served to a Visitor",
        "Shell Command in a Request Parameter", "SQL Injection in a Request", "SQL Injection Works",
    },
    "linux/journal-attack.jsonl": {
        "Allowed Sudo Command Used to Start a Shell", "Cron Job Pipes a Download Into a Shell",
        "SSH Password Guessing Against a Host",
    },
    "linux/audit-attack.jsonl.gz": {
        "Burst of Discovery Commands in a Session", "Data Staged and Sent Away",
        "Download Into a Hidden or World-Writable Place", "Downloaded, Made Executable, Executed",
        "Log File or Shell History Wiped", "Mass Rename of Files in a Session",
        "Password Hashes Read by a Command", "Shell Connected to a Network Address",
        "SSH Authorized Keys File Created", "SSH Login and System Logs Wiped", "SSH Password Guessed",
        "Web Server Account Starts a Shell",
    },
}


def documents(folder):
    with open(folder / "rule.yml", encoding="utf-8") as file:
        return list(yaml.safe_load_all(file))


def events(folder, name):
    with open(folder / name, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def label(folder):
    return f"{folder.parent.name}/{folder.name}"


def repeated(words):
    return sorted(word for word, n in collections.Counter(words).items() if n > 1)


def is_random_uuid(text):
    try:
        return str(uuid.UUID(text)) == text and uuid.UUID(text).version == 4
    except ValueError:
        return False


def logsource(doc):
    return "/".join(doc["logsource"].get(key, "-") for key in ("product", "category", "service"))


def vedette(*words):
    return subprocess.run([VEDETTE, *words], capture_output=True, text=True, timeout=120, check=False, cwd=ROOT)


def detect(rules, *paths):
    """(exit code, findings, what stderr says); input that is not an event is an error"""
    run = vedette("detect", "--strict", "--format", "ndjson", "--rules", rules, "--", *paths)
    return run.returncode, [json.loads(line) for line in run.stdout.splitlines()], run.stderr


def fired(folder, path):
    """When and for which group the folder's correlation fired."""
    _, found, _ = detect(folder / "rule.yml", path)
    return sorted((finding["time"], str(finding["group"])) for finding in found)


class TheFilesOfRules(unittest.TestCase):
    def test_there_are_enough_rules_of_both_kinds_and_of_every_type(self):
        last = [documents(folder)[-1] for folder in FOLDERS]
        correlations = [doc for doc in last if "correlation" in doc]
        self.assertGreaterEqual(len(correlations), LEAST)
        self.assertGreaterEqual(len(last) - len(correlations), LEAST)
        self.assertEqual({doc["correlation"]["type"] for doc in correlations}, TYPES)

    def test_every_folder_holds_a_rule_and_both_files_of_events(self):
        for folder in FOLDERS:
            with self.subTest(label(folder)):
                names = sorted(path.name for path in folder.iterdir())
                self.assertEqual(names, ["match.jsonl", "nomatch.jsonl", "rule.yml"])
                self.assertTrue(events(folder, "match.jsonl") and events(folder, "nomatch.jsonl"))
        self.assertFalse(list((ROOT / "rules").rglob("*.yaml")), "rules are named rule.yml")

    def test_ids_titles_and_names_are_unique(self):
        docs = [doc for folder in FOLDERS for doc in documents(folder)]
        self.assertEqual([doc["id"] for doc in docs if not is_random_uuid(doc["id"])], [])
        self.assertEqual(repeated(doc["id"] for doc in docs), [])
        self.assertEqual(repeated(doc["title"].lower() for doc in docs), [])
        self.assertEqual(repeated(doc["name"] for doc in docs if "name" in doc), [])

    def test_a_folder_with_a_correlation_is_about_its_last_document(self):
        for folder in FOLDERS:
            docs = documents(folder)
            with self.subTest(label(folder)):
                used = [name for doc in docs for name in doc.get("correlation", {}).get("rules", [])]
                self.assertEqual(sorted(doc.get("name", "(none)") for doc in docs[:-1]), sorted(used))
                self.assertEqual("correlation" in docs[-1], len(docs) > 1)

    def test_every_document_says_whose_it_is(self):
        for folder in FOLDERS:
            for doc in documents(folder):
                with self.subTest(f"{label(folder)}: {doc['title']}"):
                    self.assertEqual((doc["author"], doc["license"]), ("Vedette", "Apache-2.0"))
                    self.assertRegex(str(doc["date"]), r"^\d{4}-\d\d-\d\d$")
                    self.assertIn(doc["level"], ("informational", "low", "medium", "high", "critical"))
                    if "logsource" in doc:
                        self.assertIn(logsource(doc), LOGSOURCES)

    def test_every_rule_that_reports_says_what_to_do(self):
        for folder in FOLDERS:
            doc = documents(folder)[-1]
            with self.subTest(label(folder)):
                self.assertIn("Triage: ", doc["description"])
                self.assertTrue(doc["falsepositives"])
                self.assertTrue("correlation" in doc or doc["fields"])

    def test_every_rule_that_reports_refers_to_the_techniques_it_is_tagged_with(self):
        for folder in FOLDERS:
            doc = documents(folder)[-1]
            with self.subTest(label(folder)):
                tags = set(doc["tags"])
                techniques = {tag[7:].upper() for tag in tags if re.fullmatch(r"attack\.t\d{4}(\.\d{3})?", tag)}
                named = {".".join(url.rstrip("/").split("/")[4:]) for url in doc["references"]}
                self.assertTrue(named and named <= techniques, f"{named} {techniques}")
                self.assertTrue(any(re.fullmatch(r"attack\.[a-z-]+", tag) for tag in tags), "no tactic")

    def test_the_documentation_lists_every_folder_with_title_and_level(self):
        text = (ROOT / "docs" / "content.md").read_text(encoding="utf-8")
        rows = re.findall(r"^\| `(\w+/[\w-]+)` \| (.*?) \| .* \| (\w+) \|$", text, re.MULTILINE)
        last = [(label(folder), documents(folder)[-1]) for folder in FOLDERS]
        self.assertEqual(sorted(rows), sorted((name, doc["title"], doc["level"]) for name, doc in last))


@unittest.skipUnless(VEDETTE.exists(), f"{VEDETTE} is not built")
class TheShippedRules(unittest.TestCase):
    def test_load_without_a_complaint(self):
        run = vedette("rules", "check", "--format", "ndjson", "rules")
        rows = [json.loads(line) for line in run.stdout.splitlines()]
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual([row for row in rows if row["verdict"] != "loaded"], [])
        self.assertEqual(len(rows), sum(len(documents(folder)) for folder in FOLDERS))

    def test_pass_as_detection_cases(self):
        run = vedette("rules", "test", "rules")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)

    def test_match_every_event_they_should(self):
        for folder in FOLDERS:
            doc = documents(folder)[-1]
            with self.subTest(label(folder)):
                code, found, words = detect(folder / "rule.yml", folder / "match.jsonl")
                self.assertEqual(code, 1, words)
                self.assertEqual({finding["rule_id"] for finding in found}, {doc["id"]})
                if "correlation" in doc:
                    self.assertEqual({finding["type"] for finding in found}, {"correlation"})
                else:
                    lines = [finding["event_line"] for finding in found]
                    self.assertEqual(sorted(lines), list(range(1, len(events(folder, "match.jsonl")) + 1)))

    def test_match_no_event_they_should_not(self):
        for folder in FOLDERS:
            with self.subTest(label(folder)):
                code, found, words = detect(folder / "rule.yml", folder / "nomatch.jsonl")
                self.assertEqual((code, found), (0, []), words)

    def test_correlate_by_event_time_whatever_the_order_of_the_lines(self):
        with tempfile.TemporaryDirectory() as scratch:
            for folder in FOLDERS:
                if "correlation" not in documents(folder)[-1]:
                    continue
                lines = (folder / "match.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
                backwards = pathlib.Path(scratch, "backwards.jsonl")
                backwards.write_text("".join(reversed(lines)), encoding="utf-8")
                with self.subTest(label(folder)):
                    as_written = fired(folder, folder / "match.jsonl")
                    turned = fired(folder, backwards)
                    self.assertTrue(as_written)
                    self.assertEqual(as_written, turned)


@unittest.skipUnless(VEDETTE.exists(), f"{VEDETTE} is not built")
class TheSamples(unittest.TestCase):
    def test_every_attack_in_them_is_found(self):
        for name, titles in FOUND.items():
            with self.subTest(name):
                code, found, words = detect("rules", SAMPLES / name)
                self.assertEqual(code, 1, words)
                self.assertEqual({finding["rule_title"] for finding in found}, titles)

    def test_nothing_is_found_in_everyday_work(self):
        quiet = sorted(path for path in SAMPLES.rglob("*-benign.jsonl*"))
        self.assertEqual(len(quiet), len(FOUND))
        code, found, words = detect("rules", *quiet)
        self.assertEqual((code, found), (0, []), words)

    def test_all_files_together_give_what_each_gives_alone(self):
        code, found, words = detect("rules", SAMPLES)
        self.assertEqual(code, 1, words)
        self.assertEqual({finding["rule_title"] for finding in found}, set().union(*FOUND.values()))


if __name__ == "__main__":
    unittest.main()
