"""Sigma rules for the reference evaluator, straight from the specification 2.1.0 and docs/sigma.md.

Slow and plain on purpose: it is what the engine is compared with.
"""

import base64
import datetime
import glob
import ipaddress
import itertools
import os
import re

import yaml

from events import BOOL, CONTAINER, NULL, NUMBER, STRING, fold


class Rejected(Exception):
    """The rule must not load."""


# ---- YAML: plain scalars keep what they look like, and their text ----


class Scalar:
    """text as written; kind null, bool, number or string (quoted scalars are strings)."""

    def __init__(self, text, plain):
        self.text = text
        self.kind = STRING
        if plain and text in ("", "~", "null", "Null", "NULL"):
            self.kind = NULL
        elif plain and text in ("true", "True", "TRUE", "false", "False", "FALSE"):
            self.kind = BOOL
            self.text = text.lower()
        elif plain and re.fullmatch(r"0x[0-9a-fA-F]+|0o[0-7]+", text):
            self.kind = NUMBER
            self.text = str(int(text, 0))
        elif plain and re.fullmatch(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?", text):
            self.kind = NUMBER
            self.text = text.lstrip("+")

    def __repr__(self):
        return repr(self.text)


def _plain_tree(node):
    if isinstance(node, yaml.MappingNode):
        pairs = {}
        for key, value in node.value:
            if key.value in pairs:
                raise Rejected(f"duplicate key {key.value}")
            pairs[key.value] = _plain_tree(value)
        return pairs
    if isinstance(node, yaml.SequenceNode):
        return [_plain_tree(value) for value in node.value]
    return Scalar(node.value, not node.style)


def load_documents(text):
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return [_plain_tree(node) for node in yaml.compose_all(text, Loader=loader) if node is not None]


def rule_files(paths):
    for path in paths:
        if os.path.isdir(path):
            found = glob.glob(os.path.join(path, "**", "*.y*ml"), recursive=True)
            yield from sorted(f for f in found if f.endswith((".yml", ".yaml")))
        else:
            yield path


def text_of(node, what):
    if not isinstance(node, Scalar) or node.kind == NULL:
        raise Rejected(f"{what} must be a text")
    return node.text


def list_of(node):
    return node if isinstance(node, list) else [node]


# ---- patterns ----

ANY, ONE, DASH = object(), object(), object()
DASHES = "-/\u2013\u2014\u2015"


class Placeholder(str):
    pass


def parse_pattern(text, with_placeholders=False):
    """A list of plain characters, ANY, ONE and Placeholder."""
    tokens, i = [], 0
    while i < len(text):
        c = text[i]
        if c == "\\" and i + 1 < len(text) and text[i + 1] in ("\\*?%" if with_placeholders else "\\*?"):
            tokens.append(text[i + 1])
            i += 2
            continue
        named = re.match(r"%([^%\s\\*?]+)%", text[i:]) if with_placeholders else None
        if named:
            tokens.append(Placeholder(named[1]))
            i += named.end()
            continue
        tokens.append(ANY if c == "*" else ONE if c == "?" else c)
        i += 1
    return tokens


def is_plain(token):
    return isinstance(token, str) and not isinstance(token, Placeholder)


def is_word(token):
    return is_plain(token) and (token.isalnum() or token == "_")


def windash(tokens):
    result = []
    for i, token in enumerate(tokens):
        before = i > 0 and is_word(tokens[i - 1])
        after = i + 1 < len(tokens) and is_word(tokens[i + 1])
        is_dash = is_plain(token) and token in DASHES
        result.append(DASH if is_dash and after and not before else token)
    return result


def spread(tokens):
    """Every spelling of the dashes, as plain tokens."""
    choices = [DASHES if token is DASH else [token] for token in tokens]
    return [list(choice) for choice in itertools.product(*choices)]


def plain_text(tokens, why):
    if not all(is_plain(token) for token in tokens):
        raise Rejected(f"a wildcard cannot be {why}")
    return "".join(tokens)


# ---- predicates: called with a Value, or with None for an absent field ----


class Pattern:
    def __init__(self, tokens, cased=False):
        self.tokens = tokens
        self.cased = cased

    def compile(self):
        """Sorts itself into one of the simple shapes, or a regular expression."""
        tokens = self.tokens if self.cased else [fold(t) if is_plain(t) else t for t in self.tokens]
        start, end = 0, len(tokens)
        while start < end and tokens[start] is ANY:
            start += 1
        while end > start and tokens[end - 1] is ANY:
            end -= 1
        core = tokens[start:end]
        if not all(is_plain(token) for token in core):
            parts = {ANY: ".*", ONE: ".", DASH: f"[{re.escape(DASHES)}]"}
            source = "".join(parts.get(t) or re.escape(t) for t in tokens)
            return "regex", re.compile(source, re.DOTALL)
        shape = {(0, 0): "is", (1, 0): "ends", (0, 1): "starts", (1, 1): "holds"}[(start > 0, end < len(tokens))]
        return ("holds" if not core and tokens else shape), "".join(core)


class Matches:
    """A set of patterns that are OR-ed, grouped by shape so that it is not hopelessly slow."""

    def __init__(self, patterns):
        self.cased = patterns[0].cased
        shapes = {"is": [], "ends": [], "starts": [], "holds": [], "regex": []}
        for pattern in patterns:
            shape, what = pattern.compile()
            shapes[shape].append(what)
        self.exact = frozenset(shapes["is"])
        self.ends, self.starts = tuple(shapes["ends"]), tuple(shapes["starts"])
        self.parts, self.regexes = shapes["holds"], shapes["regex"]
        # an exponent is a letter: cased texts mean the one that is written
        self.numbers = frozenset(canonical(text) for text in self.exact if re.fullmatch(JSON_NUMBER, text)
                                 and not (self.cased and "e" in text.lower()))
        self.seen = {}

    def __call__(self, value):
        if value is None or value.text is None:
            return False
        if value.kind == NUMBER and self.numbers and canonical(value.text) in self.numbers:
            return True
        text = value.text if self.cased else value.folded
        known = self.seen.get(text)
        if known is None:
            known = self.judge(text)
            if len(self.seen) < 50000 and len(text) < 1000:
                self.seen[text] = known
        return known

    def judge(self, text):
        return (
            text in self.exact
            or text.endswith(self.ends)
            or text.startswith(self.starts)
            or any(part in text for part in self.parts)
            or any(regex.fullmatch(text) for regex in self.regexes)
        )


class Regex:
    def __init__(self, source):
        self.source = source
        self.flags = 0

    def ready(self):
        try:
            self.search = re.compile(_python_regex(self.source), self.flags | re.ASCII * (not self._folds())).search
        except re.error as error:
            raise Rejected(f"regular expression: {error}") from error
        return self

    def _folds(self):
        return bool(self.flags & re.IGNORECASE) or "(?i" in self.source

    def __call__(self, value):
        return value is not None and value.text is not None and self.search(value.text) is not None


def _python_regex(source):
    """PCRE lets (?i) stand anywhere and rule the rest of its group; Python wants (?i:…)."""
    found = re.search(r"(?<!\\)\(\?([ims]+)\)", source)
    if found is None or found.start() == 0:
        return source
    return f"{source[:found.start()]}(?{found[1]}:{source[found.end():]})"


class Cidr:
    def __init__(self, text):
        try:
            self.net = ipaddress.ip_network(text, strict=False)
        except ValueError as error:
            raise Rejected(f"no network: {text}") from error

    def __call__(self, value):
        if value is None or value.text is None:
            return False
        try:
            address = ipaddress.ip_address(value.text)
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return address in self.net or (mapped is not None and mapped in self.net)


JSON_NUMBER = r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?"


def canonical(text):
    """One text for every spelling of a JSON number; plain integers are exact, all else is the nearest double."""
    if re.fullmatch(r"-?[0-9]+", text) and text != "-0":
        return text
    number = float(text)
    return str(int(number)) if number.is_integer() and -(2**63) <= number < 2**63 else repr(number)


def number_of(value):
    """A JSON number, or a text that is one; else None."""
    if value.kind == NUMBER:
        return value.number
    if value.kind == STRING:
        text = value.text.strip(" \t\r\n")
        if re.fullmatch(JSON_NUMBER, text):
            return float(text)
    return None


COMPARE = {
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
    "eq": lambda a, b: a == b,
    "neq": lambda a, b: a != b,
}


class Compare:
    def __init__(self, how, number):
        self.how, self.number = COMPARE[how], number

    def __call__(self, value):
        number = number_of(value) if value is not None else None
        return number is not None and self.how(number, self.number)


MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()


def time_parts(text):
    """Year, month, day, hour, minute as written; None if this is no time."""
    found = re.match(r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d))?", text)
    if found:
        return [int(part or 0) for part in found.groups()]
    found = re.match(r"(\d\d?)/(\d\d?)/(\d{4}) (\d\d?):(\d\d)(?::\d\d(?:\.\d+)?)?(?: ([AP]M))?", text)
    if found:
        month, day, year, hour, minute = map(int, found.groups()[:5])
        if found[6]:
            hour = hour % 12 + (12 if found[6] == "PM" else 0)
        return [year, month, day, hour, minute]
    found = re.match(r"(\d\d)/(\w{3})/(\d{4}):(\d\d):(\d\d)", text)
    if found and found[2].lower() in MONTHS:
        return [int(found[3]), MONTHS.index(found[2].lower()) + 1, int(found[1]), int(found[4]), int(found[5])]
    found = re.match(r"(\w{3}) {1,2}(\d\d?) (\d{4}) (\d\d):(\d\d):\d\d", text)
    if found and found[1].lower() in MONTHS:
        return [int(found[3]), MONTHS.index(found[1].lower()) + 1, int(found[2]), int(found[4]), int(found[5])]
    found = re.fullmatch(r"\w{3} (\w{3}) {1,2}(\d\d?) (\d\d):(\d\d):\d\d (?:UTC |GMT )?(\d{4})", text)
    if found and found[1].lower() in MONTHS:
        return [int(found[5]), MONTHS.index(found[1].lower()) + 1, int(found[2]), int(found[3]), int(found[4])]
    if re.fullmatch(r"[0-9]+", text) and 116444736000000000 <= int(text) < 265000000000000000:
        return _epoch_parts((int(text) - 116444736000000000) / 1e7)  # Windows FILETIME
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        return _epoch_parts(float(text))
    return None


def _epoch_parts(number):
    """Seconds, or by their size milliseconds, microseconds, nanoseconds; UTC, there are no digits as written."""
    for bound in (1e11, 1e14, 1e17):
        if number < bound:
            break
        number /= 1000
    moment = datetime.datetime.fromtimestamp(number, datetime.timezone.utc)
    return [moment.year, moment.month, moment.day, moment.hour, moment.minute]


class TimePart:
    UNITS = ("minute", "hour", "day", "week", "month", "year")

    def __init__(self, unit, number):
        self.unit, self.number, self.how = unit, number, COMPARE["eq"]

    def __call__(self, value):
        parts = time_parts(value.text) if value is not None and value.text is not None else None
        if parts is None:
            return False
        year, month, day, hour, minute = parts
        if self.unit == "week":
            part = datetime.date(year, month, day).isocalendar()[1]
        else:
            part = {"minute": minute, "hour": hour, "day": day, "month": month, "year": year}[self.unit]
        return self.how(part, self.number)


def is_null(value):
    return value is None or value.kind == NULL


# ---- items: field, modifiers, values ----

def base64_offsets(raw):
    """The characters that raw alone decides, at each of its three places in a longer text.

    A place where it decides none (one byte in the middle of three) is left out: it would be found anywhere.
    """
    if not raw:
        raise Rejected("base64offset of nothing")
    for i, first in enumerate((0, 2, 3)):
        text = base64.b64encode(b"\0" * i + raw).decode()
        last = (0, 3, 2)[(len(raw) + i) % 3]
        if text[first : len(text) - last]:
            yield text[first : len(text) - last]


ENCODINGS = {
    "wide": lambda text: text.encode("utf-16-le"),
    "utf16le": lambda text: text.encode("utf-16-le"),
    "utf16be": lambda text: text.encode("utf-16-be"),
    "utf16": lambda text: b"\xff\xfe" + text.encode("utf-16-le"),
}
REGEX_FLAGS = {
    "i": re.IGNORECASE,
    "ignorecase": re.IGNORECASE,
    "m": re.MULTILINE,
    "multiline": re.MULTILINE,
    "s": re.DOTALL,
    "dotall": re.DOTALL,
}
ORDER = ("lt", "lte", "gt", "gte")


class Value:
    """One written value on its way through the modifiers: a list of alternatives."""

    def __init__(self, scalar, expands):
        self.scalar = scalar
        self.raw = None  # bytes after an encoding
        self.alternatives = None
        if scalar.kind != NULL:
            self.alternatives = [Pattern(parse_pattern(scalar.text, expands))]

    def patterns(self, modifier):
        if self.alternatives is None or not all(isinstance(p, Pattern) for p in self.alternatives):
            raise Rejected(f"{modifier} needs a text")
        return self.alternatives

    def each(self, modifier, change):
        for pattern in self.patterns(modifier):
            pattern.tokens = change(pattern.tokens)

    def number(self, modifier):
        if self.scalar.kind != NUMBER:
            raise Rejected(f"{modifier} needs a number")
        return float(self.scalar.text)


class FieldRef:
    """This field's value is, holds, starts or ends with another field's."""

    def __init__(self, other, part):
        self.other, self.part = other, part


def _wrap(value, name):
    def change(tokens):
        before = [ANY] if name in ("contains", "endswith") else []
        after = [ANY] if name in ("contains", "startswith") else []
        return before + tokens + after

    if all(isinstance(a, Regex) for a in value.alternatives or ()):
        if value.alternatives and name == "contains":
            return
    value.each(name, change)


def _encode(value, name):
    patterns = []
    for pattern in value.patterns(name):
        for tokens in spread(pattern.tokens):
            changed = Pattern(tokens)
            changed.raw = ENCODINGS[name](plain_text(tokens, "encoded"))
            patterns.append(changed)
    value.alternatives = patterns


def _base64(value, name):
    patterns = []
    for pattern in value.patterns(name):
        for tokens in spread(pattern.tokens):
            raw = getattr(pattern, "raw", None)
            if raw is None:
                raw = plain_text(tokens, "encoded").encode()
            texts = base64_offsets(raw) if name == "base64offset" else [base64.b64encode(raw).decode()]
            patterns += [Pattern(list(text)) for text in texts]
    value.alternatives = patterns


def _expand(value, placeholders):
    patterns = []
    for pattern in value.patterns("expand"):
        choices = []
        for token in pattern.tokens:
            if isinstance(token, Placeholder):
                if token not in placeholders:
                    raise Rejected(f"unknown placeholder {token}")
                choices.append([parse_pattern(text) for text in placeholders[token]])
            else:
                choices.append([[token]])
        patterns += [Pattern(sum(choice, [])) for choice in itertools.product(*choices)]
    value.alternatives = patterns


class Item:
    """field + modifiers + values; called with a record."""

    def __init__(self, key, node, placeholders):
        field, *modifiers = key.split("|")
        self.field = "".join(field.split())
        self.modifiers = modifiers
        self.placeholders = placeholders
        self.all = "all" in modifiers
        self.negate = "neq" in modifiers
        values = list_of(node)
        if not values:
            raise Rejected(f"{key}: an empty list")
        self.predicates = []  # one per value: any of a list
        self.signature = (key, tuple((v.kind, v.text) for v in values if isinstance(v, Scalar)))
        self.exists = None
        for scalar in values:
            if not isinstance(scalar, Scalar):
                raise Rejected(f"{key}: a value must be a scalar")
            self._add(scalar)
        if not self.field:
            self._as_keywords()
        self._prepare()

    def _add(self, scalar):
        value = Value(scalar, "expand" in self.modifiers)
        part = "is"
        cased = False
        for name in self.modifiers:
            if name in ("all", "neq"):
                continue
            if name == "fieldref":
                if scalar.kind == NULL:
                    raise Rejected("fieldref needs a name")
                value.alternatives = [FieldRef("".join(scalar.text.split()), part)]
            elif name in ("contains", "startswith", "endswith"):
                if "fieldref" in self.modifiers:
                    part = name
                    for ref in value.alternatives or ():
                        if isinstance(ref, FieldRef):
                            ref.part = part
                else:
                    _wrap(value, name)
            elif name == "cased":
                cased = True
            elif name == "exists":
                if scalar.kind != BOOL:
                    raise Rejected("exists needs true or false")
                self.exists = scalar.text == "true"
            elif name == "windash":
                value.each(name, windash)
            elif name in ENCODINGS:
                _encode(value, name)
            elif name in ("base64", "base64offset"):
                _base64(value, name)
            elif name == "re":
                if scalar.kind == NULL:
                    raise Rejected("re needs a text")
                value.alternatives = [Regex(scalar.text)]
            elif name in REGEX_FLAGS and "re" in self.modifiers[: self.modifiers.index(name)]:
                for regex in value.alternatives:
                    regex.flags |= REGEX_FLAGS[name]
            elif name == "cidr":
                value.alternatives = [Cidr(scalar.text)]
            elif name in TimePart.UNITS:
                value.alternatives = [TimePart(name, value.number(name))]
            elif name in ORDER:
                self._compare(value, name)
            elif name == "expand":
                _expand(value, self.placeholders)
            else:
                raise Rejected(f"unknown modifier {name}")
        for pattern in value.alternatives or ():
            if isinstance(pattern, Pattern):
                pattern.cased = cased
                if any(isinstance(token, Placeholder) for token in pattern.tokens):
                    raise Rejected("a placeholder is left")
        self.predicates.append(value.alternatives if value.alternatives is not None else [is_null])

    def _compare(self, value, name):
        place = self.modifiers.index(name)
        if any(m in TimePart.UNITS for m in self.modifiers[place:]):
            raise Rejected(f"{name} stands before the unit of time")
        if value.alternatives and isinstance(value.alternatives[0], TimePart):
            value.alternatives[0].how = COMPARE[name]
        else:
            value.alternatives = [Compare(name, value.number(name))]

    def _as_keywords(self):
        for alternatives in self.predicates:
            for pattern in alternatives:
                if isinstance(pattern, Pattern):
                    pattern.tokens = [ANY] + pattern.tokens + [ANY]
                elif not isinstance(pattern, Regex):
                    raise Rejected("a keyword must be a text")

    def _prepare(self):
        """Turns each value's alternatives into callables; without |all, all values are one list."""
        lists = self.predicates if self.all else [sum(self.predicates, [])]
        self.predicates = []
        for alternatives in lists:
            ready = [a.ready() for a in alternatives if isinstance(a, Regex)]
            ready += [a for a in alternatives if not isinstance(a, (Pattern, Regex))]
            for cased in (False, True):
                patterns = [a for a in alternatives if isinstance(a, Pattern) and a.cased == cased]
                if patterns:
                    ready.append(Matches(patterns))
            self.predicates.append(ready)

    def __call__(self, record):
        return self._holds(record) != self.negate

    def _holds(self, record):
        if self.exists is not None:
            return (self.field in record.fields) == self.exists
        values = record.texts if not self.field else record.values(self.field) or (None,)
        return all(
            any(_one(predicate, value, record) for predicate in alternatives for value in values)
            for alternatives in self.predicates
        )


def _one(predicate, value, record):
    if isinstance(predicate, FieldRef):
        return any(_ref_holds(predicate.part, value, other) for other in record.values(predicate.other))
    return predicate(value)


def _ref_holds(part, value, other):
    if value is None or value.text is None or other.text is None:
        return False
    return {
        "is": lambda: value.folded == other.folded,
        "contains": lambda: other.folded in value.folded,
        "startswith": lambda: value.folded.startswith(other.folded),
        "endswith": lambda: value.folded.endswith(other.folded),
    }[part]()


# ---- expressions: ("and"|"or", kids), ("not", kid), ("item", Item) ----


def selection(node, placeholders):
    if isinstance(node, dict):
        if not node:
            raise Rejected("an empty selection")
        return ("and", [("item", Item(key, value, placeholders)) for key, value in node.items()])
    if isinstance(node, list):
        if not node:
            raise Rejected("an empty selection")
        maps = [selection(n, placeholders) for n in node if isinstance(n, dict)]
        words = [n for n in node if not isinstance(n, dict)]
        if words:
            maps.append(("item", Item("", words, placeholders)))
        return ("or", maps)
    return ("item", Item("", node, placeholders))


TOKEN = re.compile(r"\s*(\(|\)|[^\s()]+)")


class Condition:
    """or < and < not < x of < ( )"""

    def __init__(self, text, names):
        self.names = names
        self.tokens = TOKEN.findall(text)
        self.at = 0

    def parse(self):
        expr = self._or()
        if self.at != len(self.tokens):
            raise Rejected(f"condition: did not expect {self.tokens[self.at]}")
        return expr

    def _peek(self, ahead=0):
        at = self.at + ahead
        return self.tokens[at] if at < len(self.tokens) else None

    def _chain(self, word, below):
        kids = [below()]
        while self._peek() == word:
            self.at += 1
            kids.append(below())
        return kids[0] if len(kids) == 1 else (word, kids)

    def _or(self):
        return self._chain("or", lambda: self._chain("and", self._not))

    def _not(self):
        if self._peek() == "not":
            self.at += 1
            return ("not", self._not())
        return self._term()

    def _term(self):
        token = self._peek()
        if token is None or token in (")", "and", "or"):
            raise Rejected("condition: something is missing")
        self.at += 1
        if token == "(":
            expr = self._or()
            if self._peek() != ")":
                raise Rejected("condition: ) is missing")
            self.at += 1
            return expr
        if token in ("1", "any", "all") and self._peek() == "of":
            what = self._peek(1)
            self.at += 2
            return ("and" if token == "all" else "or", self._named(what))
        if token not in self.names:
            raise Rejected(f"condition: there is no {token}")
        return self.names[token]

    def _named(self, pattern):
        if pattern is None or pattern in ("(", ")"):
            raise Rejected("condition: x of what")
        wanted = "*" if pattern == "them" else pattern
        regex = re.compile(".*".join(map(re.escape, wanted.split("*"))), re.DOTALL)
        found = [
            expr
            for name, expr in self.names.items()
            if regex.fullmatch(name) and (not name.startswith("_") or wanted.startswith("_"))
        ]
        if not found:
            raise Rejected(f"condition: nothing is called {pattern}")
        return found


def detection(section, placeholders, skip=()):
    if not isinstance(section, dict) or "condition" not in section:
        raise Rejected("no condition")
    names = {
        name: selection(node, placeholders)
        for name, node in section.items()
        if name not in ("condition", "timeframe") and name not in skip
    }
    if not names:
        raise Rejected("nothing to detect")
    conditions = [Condition(text_of(c, "condition"), names).parse() for c in list_of(section["condition"])]
    if not conditions:
        raise Rejected("no condition")
    return conditions[0] if len(conditions) == 1 else ("or", conditions)


def evaluate(expr, record, memo=None):
    kind, what = expr
    if kind == "item":
        if memo is None:
            return what(record)
        known = memo.get(what)
        if known is None:
            known = memo[what] = what(record)
        return known
    if kind == "and":
        return all(evaluate(kid, record, memo) for kid in what)
    if kind == "or":
        return any(evaluate(kid, record, memo) for kid in what)
    return not evaluate(what, record, memo)


def fields_of(expr):
    """Names a rule reads; "" among them: keywords."""
    kind, what = expr
    if kind == "item":
        refs = [p.other for list_ in what.predicates for p in list_ if isinstance(p, FieldRef)]
        return {what.field, *refs}
    return set().union(*(fields_of(kid) for kid in (what if isinstance(what, list) else [what])))


# ---- documents ----


def _text(doc, key):
    node = doc.get(key)
    return node.text if isinstance(node, Scalar) and node.kind != NULL else ""


class Rule:
    def __init__(self, doc, placeholders):
        self.id, self.name, self.title = _text(doc, "id"), _text(doc, "name"), _text(doc, "title")
        if not self.title:
            raise Rejected("no title")
        self.logsource = logsource_of(doc)
        if _text(doc, "taxonomy") not in ("", "sigma"):
            raise Rejected("unknown taxonomy")
        if not isinstance(doc.get("detection"), dict):
            raise Rejected("no detection")
        self.expr = detection(doc["detection"], placeholders)
        self.alone = True

    def answers_to(self, reference):
        return reference in (self.id, self.name) and reference != ""

    def matches(self, record, memo=None):
        return evaluate(self.expr, record, memo)


def logsource_of(doc):
    node = doc.get("logsource")
    if not isinstance(node, dict):
        raise Rejected("no logsource")
    return {key: _text(node, key) for key in ("product", "category", "service")}


class Filter:
    def __init__(self, doc, placeholders):
        self.title = _text(doc, "title")
        self.logsource = logsource_of(doc)
        section = doc["filter"]
        if not isinstance(section, dict) or "rules" not in section:
            raise Rejected("a filter names its rules")
        if isinstance(section.get("condition"), list):
            raise Rejected("a filter has one condition")
        rules = [text_of(r, "rule") for r in list_of(section["rules"])]
        self.rules = None if not rules or rules == ["any"] else rules
        self.expr = detection(section, placeholders, skip=("rules",))

    def applies(self, rule):
        fits = all(not word or word == rule.logsource[key] for key, word in self.logsource.items())
        return fits and (self.rules is None or any(rule.answers_to(name) for name in self.rules))


class RuleSet:
    """rules, correlations (children first) and what was rejected: [(title, reason)]."""

    def __init__(self, texts, placeholders=None):
        from correlation import Correlation, resolve

        self.rules, self.rejected, filters, correlations = [], [], [], []
        for text in texts:
            try:
                documents = load_documents(text)
            except (yaml.YAMLError, Rejected) as error:
                self.rejected.append(("", str(error)))
                continue
            for doc in documents:
                try:
                    if not isinstance(doc, dict):
                        raise Rejected("not a rule")
                    if "correlation" in doc:
                        correlations.append(Correlation(doc))
                    elif "filter" in doc:
                        filters.append(Filter(doc, placeholders or {}))
                    else:
                        self.rules.append(Rule(doc, placeholders or {}))
                except Rejected as error:
                    title = _text(doc, "title") if isinstance(doc, dict) else ""
                    self.rejected.append((title, str(error)))
        for rule in self.rules:
            for one in filters:
                if one.applies(rule):
                    rule.expr = ("and", [rule.expr, one.expr])
        self.correlations = resolve(self.rules, correlations, self.rejected)


def load(paths, placeholders=None):
    texts = []
    for path in rule_files(paths):
        with open(path, encoding="utf-8") as file:
            texts.append(file.read())
    return RuleSet(texts, placeholders)
