"""Which rules and events are measured, and the streams cut from the events.

A stream is a file of JSON lines in the build folder, the lines as they came:

  mixed             every event, in the order of the files
  process_creation  Sysmon event 1 and Security 4688
  by_time           every event, in the order of event time
"""
import gzip
import json
import pathlib
import re
import subprocess

from report import ROOT, say

PUBLIC_RULES = ("sigma/rules", "sigma/rules-emerging-threats", "sigma/rules-threat-hunting")
PUBLIC_EVENTS = "events/windows-linux-20k.jsonl.gz"
EVENT_FILE = re.compile(r"\.(jsonl|ndjson)(\.gz|\.zst)?$")
TIMES = ("@timestamp", "timestamp", "UtcTime", "SystemTime", "TimeCreated", "EventTime", "TimeGenerated", "time")


class Inputs:
    """rules: folders or files; events: files; name: public, shipped or given."""

    def __init__(self, rules, events, name):
        self.rules, self.events, self.name = rules, events, name

    def words(self):
        return {"public": "the public rules and events",
                "shipped": "the shipped rules and samples: name a folder with the public ones, or set VD_SHARED_DATA",
                "given": "the rules and events given"}[self.name]


def public_root(path):
    """The folder that holds sigma/ and events/: path, its parent (path is its events/), or None."""
    for folder in (path, path.parent):
        if all((folder / part).exists() for part in (*PUBLIC_RULES, PUBLIC_EVENTS)):
            return folder
    return None


def event_files(path):
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise SystemExit(f"bench: {path}: no such file or folder")
    found = sorted(p for p in path.rglob("*") if EVENT_FILE.search(p.name))
    names = {p.name for p in found}
    again = [p for p in found if "-nested." in p.name and p.name.replace("-nested.", ".") in names]
    for p in again:
        say(f"left out: {p.name}, the same events in another form")
    return [p for p in found if p not in again]


def find(path, rules, events, shared):
    """path: the argument, or None; rules, events: options, [] where not given; shared: VD_SHARED_DATA, or None."""
    folder = path or shared
    root = folder and public_root(folder)
    if path and not root:
        raise SystemExit(f"bench: {path} has no {PUBLIC_RULES[0]} and {PUBLIC_EVENTS}: use --rules and --events")
    if folder and not root:
        say(f"VD_SHARED_DATA: {folder} has no {PUBLIC_RULES[0]} and {PUBLIC_EVENTS}")
    name = "given" if rules or events else "public" if root else "shipped"
    if not rules:
        rules = [root / part for part in PUBLIC_RULES] if root else [ROOT / "rules"]
    if not events:
        events = [root / PUBLIC_EVENTS] if root else [ROOT / "samples"]
    files = [f for p in events for f in event_files(p)]
    if not files:
        raise SystemExit("bench: no event file (.jsonl or .ndjson, also .gz and .zst) among the events")
    return Inputs(rules, files, name)


def lines_of(path):
    if path.name.endswith(".gz"):
        with gzip.open(path) as f:
            yield from f
    elif path.name.endswith(".zst"):
        with subprocess.Popen(["zstd", "-dcq", path], stdout=subprocess.PIPE) as process:
            yield from process.stdout
    else:
        with open(path, "rb") as f:
            yield from f


def source_of(ev):
    """(channel, event id) of a Windows event, flat or nested."""
    if isinstance(ev.get("Event"), dict):
        ev = ev["Event"].get("System") or {}
    number = ev.get("EventID")
    if isinstance(number, dict):
        number = number.get("#text", number.get("Value"))
    return str(ev.get("Channel", "")), str(number)


def creates_process(ev):
    channel, number = source_of(ev)
    return number == "1" and "Sysmon" in channel or number == "4688" and channel == "Security"


def time_of(ev):
    """Event time as text that sorts; what has none goes last, in the order it came."""
    if isinstance(ev.get("Event"), dict):
        created = (ev["Event"].get("System") or {}).get("TimeCreated") or {}
        ev = {"time": created.get("#attributes", created).get("SystemTime", "")}
    elif isinstance(ev.get("__REALTIME_TIMESTAMP"), str):
        return f"1970 {int(ev['__REALTIME_TIMESTAMP']):020}"
    for name in TIMES:
        digits = re.findall(r"\d+", str(ev.get(name, "")))
        if len(digits) >= 6:
            return " ".join(digits[:6]) + "." + (digits[6] if len(digits) > 6 else "")
    return "~"


def cut(inputs, folder):
    """Writes the streams; returns {name: path} of those that have at least two events."""
    folder.mkdir(parents=True, exist_ok=True)
    mixed, created, times, bad = [], [], [], 0
    for path in inputs.events:
        for line in lines_of(path):
            line = line.strip()
            try:
                ev = json.loads(line) if line else None
            except ValueError:
                ev = None
            if not isinstance(ev, dict):
                bad += bool(line)
                continue
            if creates_process(ev):
                created.append(line)
            times.append((time_of(ev), len(mixed)))
            mixed.append(line)
    if bad:
        say(f"left out: {bad} lines that are no JSON object")
    streams = {"mixed": mixed, "process_creation": created, "by_time": [mixed[i] for _, i in sorted(times)]}
    paths = {}
    for name, lines in streams.items():
        if len(lines) < 2:
            say(f"no stream {name}: fewer than two such events")
            continue
        paths[name] = folder / f"{name}.jsonl"
        paths[name].write_bytes(b"\n".join(lines) + b"\n")
    return paths


def rule_files(paths):
    found = []
    for path in map(pathlib.Path, paths):
        found += sorted(path.rglob("*.yml")) if path.is_dir() else [path]
    return found
