"""Which rules see which events: reads the rows of src/engine/compile/logsource.def."""

import os
import re

from events import NUMBER, STRING

SEVERAL = "several"
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def _read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return re.sub(r"/\*.*?\*/", "", file.read(), flags=re.DOTALL)


def _rows(text, macro):
    joined = re.sub(r'"\s*\n\s*"', "", re.sub(r",\s*\n\s*", ", ", text))
    return re.findall(rf"^{macro}\((.*)\)$", joined, re.MULTILINE)


KEYS = dict(re.findall(r'VD_KEY\((\w+), "(.*?)"\)', _read("src/event/keys.def")))
DEF = _read("src/engine/compile/logsource.def")
WORDS = {kind: {row.strip('"') for row in _rows(DEF, f"VD_LS_{kind.upper()}")} for kind in
         ("product", "category", "service")}
CHANNELS = {}
for _row in _rows(DEF, "VD_LS_CHANNEL"):
    _channel, _product, _services = re.findall(r'"(.*?)"', _row)
    CHANNELS[_channel.lower()] = (_product, _services.split())
EVENTS = [(c.lower(), category, ids.split()) for c, category, ids in
          (re.findall(r'"(.*?)"', row) for row in _rows(DEF, "VD_LS_EVENT"))]
PROVIDERS = {p.lower(): c for p, c in (re.findall(r'"(.*?)"', row) for row in _rows(DEF, "VD_LS_PROVIDER"))}
CLASSES = {}
for _row in _rows(DEF, "VD_LS_CLASS"):
    _symbol, _rest = _row.split(", ", 1)
    _product, _categories, _services = re.findall(r'"(.*?)"', _rest)
    CLASSES[_symbol] = (_product, _categories.split(), _services.split())
WHENS = []
for _row in _rows(DEF, "VD_LS_WHEN"):
    _symbol, _rest = _row.split(", ", 1)
    _tests = re.findall(r'VD_LS_(\w+)\((\w+)(?:,\s*"(.*?)")?\)', _rest)
    WHENS.append((_symbol, [(kind, KEYS[key], text) for kind, key, text in _tests]))
LONE = {
    "category": {"antivirus", "database", "dns", "firewall", "proxy", "webserver"},
    "service": {"apache", "iis", "nginx"},
}


def _texts(record, *names):
    """The different texts under the first name that has any; those in Event.System before all others."""
    for name in names:
        for values in (record.system.get(name, ()), record.values(name)):
            texts = list(dict.fromkeys(v.text for v in values if v.kind in (STRING, NUMBER) and v.text))
            if texts:
                return texts
    return []


def _known(record, table, *names):
    return any(v.text and v.text.lower() in table for name in names for v in record.values(name))


def _channel(record):
    """(channel, event id); SEVERAL: different ones, none is believed; None: no event of an event log."""
    ids = _texts(record, "EventID", "winlog.event_id")
    channels = _texts(record, "Channel", "winlog.channel")
    if channels:
        if not ids and not _known(record, CHANNELS, "Channel", "winlog.channel"):
            return None
    else:
        names = _texts(record, "Provider_Name", "winlog.provider_name")
        if not ids or not _known(record, PROVIDERS, "Provider_Name", "winlog.provider_name"):
            return None
        channels = [PROVIDERS.get(name.lower(), name) for name in names]
    if len(ids) > 1 or len(channels) > 1:
        return SEVERAL
    return channels[0], ids[0] if ids else ""


def _windows(channel, event_id):
    product, services = CHANNELS.get(channel.lower(), ("windows", []))
    categories = [category for c, category, ids in EVENTS if c == channel.lower() and
                  (ids == ["*"] or event_id in ids)]
    return product, categories, services


def _named(record):
    for prefix in ("logsource.", ""):
        found = {}
        for key in ("product", "category", "service"):
            word = (record.first_text(prefix + key) or "").lower()
            found[key] = word if word in WORDS[key] else ""
        if not prefix and not found["product"]:
            for key, lone in LONE.items():
                if found[key] not in lone:
                    found[key] = ""
        if any(found.values()):
            return found["product"], [found["category"] or "*"], [found["service"] or "*"]
    return None


def _holds(test, record):
    kind, name, text = test
    if kind == "HAS":
        return bool(record.values(name))
    if kind == "LACKS":
        return not record.values(name)
    value = record.first_text(name)
    if not value:
        return False
    if kind == "IN":
        return value in text.split()
    value, text = value.lower(), text.lower()
    return {
        "IS": value == text,
        "STARTS": value.startswith(text),
        "ENDS": value.endswith(text),
        "HOLDS": text in value,
    }[kind]


def source_of(record):
    """(product, categories, services), a "*" in a list leaves it open; None: unknown."""
    windows = _channel(record)
    if windows == SEVERAL:
        return None
    if windows:
        return _windows(*windows)
    named = _named(record)
    if named:
        return named
    for symbol, tests in WHENS:
        if all(_holds(test, record) for test in tests):
            return CLASSES[symbol]
    return None


def allows(logsource, source):
    if source is None:
        return True
    rule = {key: word.lower() for key, word in logsource.items()}
    product, categories, services = source
    if rule["product"] in WORDS["product"] and product and rule["product"] != product:
        return False
    for key, told in (("category", categories), ("service", services)):
        if rule[key] in WORDS[key] and "*" not in told and rule[key] not in told:
            return False
    return True
