"""Runs the built command for scenario tests, and finds what they compare it with."""

import datetime
import json
import os
import pathlib
import subprocess
import sys

SOURCE = pathlib.Path(os.environ.get("VD_SOURCE_ROOT", pathlib.Path(__file__).resolve().parents[2]))
COMMAND = os.environ.get("VEDETTE", str(SOURCE / "build" / "vedette"))
SHARED = os.environ.get("VD_SHARED_DATA")
NO_SHARED = ("VD_SHARED_DATA is not set: it names a folder of public rules and events" if not SHARED else
             "the folder that VD_SHARED_DATA names lacks the public rules or events")
MISSING = f"there is no {COMMAND}"

sys.path.insert(0, str(SOURCE / "tests" / "reference"))


def unprivileged():
    """What subprocess.run needs so that permissions count for the command; None: it cannot be run so."""
    if os.geteuid() != 0:
        return {}
    options = {"user": 65534, "group": 65534, "extra_groups": []}
    try:
        subprocess.run([COMMAND, "--version"], check=True, capture_output=True, **options)
    except (OSError, subprocess.SubprocessError):
        return None
    return options


def available():
    return os.access(COMMAND, os.X_OK)


def shared(*parts):
    """A path under VD_SHARED_DATA, or None."""
    path = pathlib.Path(SHARED or "/nonexistent", *parts)
    return path if path.exists() else None


def sigma_rules():
    """The folders of all public rules."""
    names = ("rules", "rules-emerging-threats", "rules-threat-hunting")
    return [str(shared("sigma", name)) for name in names if shared("sigma", name)]


def run(*arguments):
    """Rows of NDJSON; the command must end with 0 (nothing) or 1 (findings)."""
    done = subprocess.run([COMMAND, *map(str, arguments)], capture_output=True, check=False)
    if done.returncode not in (0, 1):
        words = done.stderr.decode("utf-8", "replace")[-2000:]
        raise AssertionError(f"vedette {' '.join(map(str, arguments))}: exit code {done.returncode}\n{words}")
    return [json.loads(line) for line in done.stdout.splitlines() if line]


def detect(rules, events, *options):
    return run("detect", "--quiet", "--format", "ndjson", *options, "--rules", *rules, "--", *events)


def verdicts(rules):
    return run("rules", "check", "--quiet", "--format", "ndjson", "--", *rules)


def time_text(seconds):
    """Seconds of Unix time as the command writes them."""
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
