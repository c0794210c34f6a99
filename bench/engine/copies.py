"""Rule sets of other sizes: a sample, and copies of the rules with changed values.

A copy has its own id and title, and in every text it looks for the longest run of letters (three at least) is turned
by as many places of the alphabet as the copy has number: \\powershell.exe becomes \\qpxfstifmm.exe.  So shapes, lengths
and what many values share (.exe, C:\\Windows) stay, and no two copies look for the same.  Values that choose the log
source, numbers, networks and field names stay too: every copy is evaluated as often as its original.
"""
import hashlib
import re
import uuid

import yaml

from inputs import rule_files

KEPT = {"eventid", "channel", "provider_name", "eventsource", "eventservice", "operationname"}
KEPT_MODIFIERS = {"cidr", "fieldref", "expand", "exists", "gt", "gte", "lt", "lte"}
WORD = re.compile(r"[A-Za-z]{3,}")
# in a regular expression: the letter behind a backslash and names of classes are no text
REGEX_WORD = re.compile(r"(?:\\.|\[:\w+:\])|([A-Za-z]{3,})")
NAMESPACE = uuid.UUID("5cb0a0d1-7f0b-4d0c-9a43-6f1a0f9a7d11")


def turned(word, by):
    def letter(c):
        first = ord("a") if c.islower() else ord("A")
        return chr((ord(c) - first + by) % 26 + first)
    return "".join(map(letter, word))


def changed(text, by, regex):
    words = [(m.end(1) - m.start(1), m.start(1), m.group(1)) for m in REGEX_WORD.finditer(text) if m.group(1)] \
        if regex else [(len(m.group()), m.start(), m.group()) for m in WORD.finditer(text)]
    if not words:
        return text
    length, at, word = max(words, key=lambda w: (w[0], -w[1]))
    return text[:at] + turned(word, by) + text[at + length:]


def changed_values(node, by, key=""):
    if isinstance(node, dict):
        return {k: changed_values(v, by, str(k)) for k, v in node.items()}
    if isinstance(node, list):
        return [changed_values(v, by, key) for v in node]
    field, *modifiers = key.lower().split("|")
    if not isinstance(node, str) or field in KEPT or KEPT_MODIFIERS & set(modifiers):
        return node
    return changed(node, by, "re" in modifiers)


def copy_of(rule, by):
    """None: not a plain rule."""
    if not isinstance(rule, dict) or not isinstance(rule.get("detection"), dict) or "correlation" in rule \
            or "filter" in rule:
        return None
    copy = {k: v for k, v in rule.items() if k not in ("name", "related")}
    copy["id"] = str(uuid.uuid5(NAMESPACE, f"{rule.get('id', rule.get('title'))} {by}"))
    copy["title"] = f"{rule.get('title')} (copy {by})"
    copy["detection"] = {k: v if k in ("condition", "timeframe") else changed_values(v, by)
                         for k, v in rule["detection"].items()}
    return copy


def sample(rules, n, folder):
    """n rules, evenly over the whole list, as links."""
    folder.mkdir(parents=True, exist_ok=True)
    files = rule_files(rules)
    for old in folder.iterdir():
        old.unlink()
    for i in range(n):
        source = files[i * len(files) // n].resolve()
        (folder / f"{i:06}.yml").symlink_to(source)
    return [folder]


def grown(rules, n, folder):
    """The rules and copies of them, n in all; kept in folder as long as the rules are the same."""
    files = rule_files(rules)
    mark = hashlib.sha256()
    for path in (*files, __file__):
        with open(path, "rb") as f:
            mark.update(f.read())
    mark = f"{n} {mark.hexdigest()}"
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / "made-of"
    if made.exists() and made.read_text() == mark:
        return [*rules, folder]
    for old in folder.iterdir():
        old.unlink()
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    documents = [d for path in files for d in yaml.load_all(path.read_text(), loader)]
    left = n - len(files)
    for by in range(1, 26):
        copies = [c for c in (copy_of(d, by) for d in documents) if c is not None][:max(left, 0)]
        left -= len(copies)
        for i in range(0, len(copies), 64):
            (folder / f"copy-{by:02}-{i:06}.yml").write_text(
                yaml.dump_all(copies[i:i + 64], Dumper=dumper, allow_unicode=True, sort_keys=False, width=4096))
    made.write_text(mark)
    return [*rules, folder]
