"""Events for the reference evaluator: one JSON text to a flat record of named values.

Written from the description in src/event/event.h and docs, not from the C code.  A record maps each field name
to the list of its values, in order; a container is a value too (it exists and matches nothing).
"""

import gzip
import json
import unicodedata

NULL, BOOL, NUMBER, STRING, CONTAINER = "null", "bool", "number", "string", "container"


def fold(text):
    """Unicode simple case folding: one character to one character."""
    if text.isascii():
        return text.lower()
    return "".join(map(_fold_char, text))


def _fold_char(c):
    for folded in (c.casefold(), c.lower()):
        if len(folded) == 1:
            return folded
    return c


class Value:
    __slots__ = ("kind", "text", "folded", "number")

    def __init__(self, kind, text):
        self.kind = kind
        self.text = text
        self.folded = fold(text) if text is not None else None
        self.number = float(text) if kind == NUMBER else None


class Number(str):
    """A JSON number as it is written."""


class Pairs(list):
    """The members of a JSON object, duplicate keys included."""


_BLANKS = str.maketrans("", "", " \t")


def _without_surrogates(text):
    return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text)


def _scalar(value):
    if value is None:
        return Value(NULL, None)
    if value is True or value is False:
        return Value(BOOL, "true" if value else "false")
    if isinstance(value, Number):
        return Value(NUMBER, str(value))
    return Value(STRING, value if value.isascii() else _without_surrogates(value))


class Record:
    """fields: name -> list of Value.  system: likewise, what stands in Event.System.  texts: every string and number,
    for keywords."""

    def __init__(self):
        self.fields = {}
        self.system = {}
        self.texts = []

    def add(self, name, value):
        self.fields.setdefault(name.translate(_BLANKS), []).append(value)
        if value.kind in (STRING, NUMBER):
            self.texts.append(value)

    def values(self, name):
        return self.fields.get(name, ())

    def first_text(self, name):
        for value in self.values(name):
            if value.kind in (STRING, NUMBER):
                return value.text
            return None
        return None

    def tree(self, name, value):
        """A plain value at a dotted name."""
        if isinstance(value, Pairs):
            if name:
                self.add(name, Value(CONTAINER, None))
            for key, below in value:
                self.tree(f"{name}.{key}" if name else key, below)
        elif isinstance(value, list):
            self.add(name, Value(CONTAINER, None))
            for element in value:
                self.element(name, element)
        else:
            self.add(name, _scalar(value))

    def element(self, name, value):
        """An element of an array keeps the array's name; arrays in arrays too."""
        if isinstance(value, list) and not isinstance(value, Pairs):
            self.add(name, Value(CONTAINER, None))
            for below in value:
                self.element(name, below)
        else:
            self.tree(name, value)


# ---- the form of EVTX dumpers ----


def _is_attributes(key):
    return key == "#attributes" or (key.endswith("_attributes") and len(key) > len("_attributes"))


def _attributes(record, element, key, value):
    """{"#attributes": {"Name": …}} of Provider, or "Provider_attributes" beside it: Provider_Name."""
    name = element if key == "#attributes" else key[: -len("_attributes")]
    if isinstance(value, Pairs):
        for attribute, below in value:
            record.tree(f"{name}_{attribute.lstrip('@') or attribute}", below)


def _system_element(record, name, value):
    if not isinstance(value, Pairs):
        before = len(record.values(name))
        record.tree(name, value)
        record.system.setdefault(name, []).extend(record.values(name)[before:])
        return
    record.add(name, Value(CONTAINER, None))
    for key, below in value:
        if key == "#text":
            _system_element(record, name, below)
        elif key == "#attributes":
            _attributes(record, name, key, below)
        else:
            record.tree(f"{name}_{key.lstrip('@') or key}", below)


def _data_item(record, item):
    """An element of EventData.Data: {"@Name": "Image", "#text": "a.exe"} is the field Image."""
    if not isinstance(item, Pairs):
        record.element("Data", item)
        return
    members = dict((key.lstrip("@"), value) for key, value in item)
    for key, value in item:
        if key == "#attributes" and isinstance(value, Pairs):
            members.update((key.lstrip("@"), below) for key, below in value)
    if isinstance(members.get("Name"), str) and "#text" in members:
        record.element(members["Name"], members["#text"])
    elif "#text" in members:
        record.element("Data", members["#text"])


def _innermost(record, name, value):
    """UserData and structured EventData: elements go by their own name."""
    if isinstance(value, Pairs):
        record.add(name, Value(CONTAINER, None))
        for key, below in value:
            if key == "#text":
                record.element(name, below)
            elif _is_attributes(key):
                _attributes(record, name, key, below)
            else:
                _innermost(record, key, below)
    elif isinstance(value, list):
        record.add(name, Value(CONTAINER, None))
        for element in value:
            _innermost(record, name, element)
    else:
        record.tree(name, value)


def _system(record, section):
    for key, value in section:
        if _is_attributes(key):
            _attributes(record, "System", key, value)
        else:
            _system_element(record, key, value)


def _payload(record, section):
    for key, value in section:
        if _is_attributes(key):
            _attributes(record, "EventData", key, value)
        elif key == "Data":
            items = value if isinstance(value, list) and not isinstance(value, Pairs) else [value]
            if items is value:
                record.add("Data", Value(CONTAINER, None))
            for item in items:
                _data_item(record, item)
        else:
            _innermost(record, key, value)


def _evtx(record, event):
    for key, value in event:
        if key in ("System", "EventData", "UserData") and isinstance(value, Pairs):
            if key == "System":
                _system(record, value)
            elif key == "EventData":
                _payload(record, value)
            else:
                for inner, below in value:
                    _innermost(record, inner, below)
        elif _is_attributes(key):
            _attributes(record, "Event", key, value)
        elif key not in ("System", "EventData", "UserData"):
            record.tree(f"Event.{key}", value)


def flatten(value):
    record = Record()
    for key, below in value:
        if key == "Event" and isinstance(below, Pairs):
            _evtx(record, below)
        else:
            record.tree(key, below)
    return record


# ---- files ----


def parse(text):
    value = json.loads(text, parse_int=Number, parse_float=Number, object_pairs_hook=Pairs)
    if not isinstance(value, Pairs):
        raise ValueError("not an object")
    return flatten(value)


def from_object(value):
    return parse(json.dumps(value))


def read_lines(path):
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rb") as file:
        for number, line in enumerate(file, 1):
            yield number, line.decode("utf-8", "replace")


assert unicodedata.unidata_version >= "13"
