"""Correlation rules for the reference evaluator: everything held in memory, judged in order of event time.

For each distinct time: correlations with children first; each takes its inputs at that time, then judges.
"""

import itertools
import math
import re

from events import NULL, STRING, Value, fold
from sigma import COMPARE, Condition, Rejected, Scalar, _text, list_of, number_of, text_of

TYPES = (
    "event_count value_count temporal temporal_ordered value_sum value_avg value_percentile value_median".split()
)
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "M": 2629746, "y": 31556952}
IMMEDIATE = ("gt", "gte")


class Correlation:
    def __init__(self, doc):
        self.id, self.name, self.title = _text(doc, "id"), _text(doc, "name"), _text(doc, "title")
        section = doc["correlation"]
        if not self.title or not isinstance(section, dict):
            raise Rejected("title and correlation must be there")
        self.type = _text(section, "type")
        if self.type not in TYPES:
            raise Rejected(f"unknown type {self.type}")
        self.rules = [text_of(r, "rule") for r in list_of(section.get("rules", []))]
        if not self.rules or len(set(self.rules)) != len(self.rules):
            raise Rejected("rules must be named, each once")
        self.group = [text_of(g, "group-by") for g in list_of(section.get("group-by", []))]
        self.timespan = _timespan(_text(section, "timespan"))
        self.aliases = _aliases(section.get("aliases", {}))
        self.generate = "true" in (_text(doc, "generate"), _text(section, "generate"))
        self.criteria, self.fields, self.percentile, self.expr = [], [], None, None
        self._condition(section.get("condition"))
        self.alone = True
        self.children = []

    def answers_to(self, reference):
        return reference in (self.id, self.name) and reference != ""

    def _condition(self, node):
        temporal = self.type.startswith("temporal")
        if node is None and temporal:
            return
        if temporal and isinstance(node, Scalar):
            names = {name: ("leaf", i) for i, name in enumerate(self.rules)}
            self.expr = Condition(node.text, names).parse()
            return
        if not isinstance(node, dict):
            raise Rejected("no condition")
        for key, value in node.items():
            if key in ("gt", "gte", "lt", "lte", "eq", "neq"):
                if not isinstance(value, Scalar) or value.kind != "number":
                    raise Rejected(f"{key} needs a number")
                self.criteria.append((key, float(value.text)))
            elif key == "field":
                self.fields = [text_of(f, "field") for f in list_of(value)]
            elif key == "percentile":
                self.percentile = float(text_of(value, "percentile"))
            else:
                raise Rejected(f"condition: unknown key {key}")
        if not self.criteria:
            raise Rejected("condition: nothing to compare with")
        if self.type.startswith("value_") and not self.fields:
            raise Rejected("condition: field is missing")
        if self.type != "value_count" and len(self.fields) > 1:
            raise Rejected("condition: one field")

    def at_close(self):
        return any(key not in IMMEDIATE for key, _ in self.criteria) or (
            self.expr is not None and _has_not(self.expr)
        )

    def holds(self, number):
        return all(COMPARE[key](number, bound) for key, bound in self.criteria)

    def field_of(self, name, reference):
        """What the field or alias called name is in the rule that reference (position) names."""
        alias = self.aliases.get(name)
        if alias:
            for rule, field in alias.items():
                if self.children[reference].answers_to(rule):
                    return field
        return name


def _has_not(expr):
    kind, what = expr
    if kind == "not":
        return True
    return kind != "leaf" and any(_has_not(kid) for kid in what)


def _timespan(text):
    found = re.fullmatch(r"([0-9]+)([smhdwMy])", text)
    if not found or int(found[1]) == 0:
        raise Rejected(f"no timespan: {text}")
    return int(found[1]) * UNITS[found[2]]


def _aliases(node):
    if not isinstance(node, dict):
        raise Rejected("aliases must be a map")
    return {
        alias: {rule: text_of(field, "alias") for rule, field in rules.items()} for alias, rules in node.items()
    }


def resolve(rules, correlations, rejected):
    """Binds references; rejects what refers to nothing or to itself.  Returns children before parents."""
    ordered, waiting = [], list(correlations)
    while waiting:
        known = rules + ordered
        ready = []
        for corr in waiting:
            found = [next((k for k in known if k.answers_to(ref)), None) for ref in corr.rules]
            if None not in found:
                corr.children = found
                ready.append(corr)
        if not ready:
            rejected += [(corr.title, "a rule it names is missing, or a cycle") for corr in waiting]
            break
        ordered += ready
        waiting = [corr for corr in waiting if corr not in ready]
    for child in rules + ordered:
        parents = [corr for corr in ordered if child in corr.children]
        child.alone = not parents or any(corr.generate for corr in parents)
    return ordered


# ---- inputs ----


class Input:
    """An event that a rule matched, or a finding of a child, as one correlation sees it."""

    def __init__(self, source, reference, values):
        self.source, self.reference, self.values = source, reference, values
        self.t = source.t
        self.events = [source] if isinstance(source, Match) else source.events


class Match:
    """One event matched by one rule."""

    def __init__(self, t, number, rule, record):
        self.t, self.number, self.rule, self.record = t, number, rule, record

    def texts(self, field):
        return [v for v in self.record.values(field) if v.text is not None and v.kind != NULL]


class Finding:
    def __init__(self, corr, t, group, inputs, fired):
        self.corr, self.t, self.group, self.fired = corr, t, group, fired
        self.sources = [one.source for one in inputs]
        self.events = [event for one in inputs for event in one.events]

    def named_group(self):
        return dict(zip(self.corr.group, (shown for _, shown in self.group)))

    def texts(self, field):
        """Its group's value of that name, else each distinct value of what contributed, as one list field."""
        group = self.named_group()
        if field in group:
            return [Value(STRING, group[field])]
        return list({v.folded: v for source in self.sources for v in source.texts(field)}.values())


def _distinct(values):
    """Folded text -> text as first seen."""
    seen = {}
    for value in values:
        seen.setdefault(fold(value), value)
    return list(seen.items())


def _texts(corr, reference, source, name):
    return [v.text for v in source.texts(corr.field_of(name, reference))]


def _groups(corr, reference, source):
    """Every group the source belongs to; none if a group-by field is absent or null."""
    choices = [_distinct(_texts(corr, reference, source, name)) for name in corr.group]
    return list(itertools.product(*choices))


def _input_values(corr, reference, source):
    """What the condition's fields are worth: tuples of folded text, or numbers."""
    if not corr.fields:
        return []
    if corr.type == "value_count" or (corr.type == "value_percentile" and corr.percentile is None):
        choices = [[folded for folded, _ in _distinct(_texts(corr, reference, source, f))] for f in corr.fields]
        return list(itertools.product(*choices))
    numbers = map(number_of, source.texts(corr.field_of(corr.fields[0], reference)))
    return [number for number in numbers if number is not None]


# ---- judging ----


def _percentile(numbers, p):
    numbers = sorted(numbers)
    place = (len(numbers) - 1) * p / 100
    low = math.floor(place)
    high = min(low + 1, len(numbers) - 1)
    return numbers[low] + (numbers[high] - numbers[low]) * (place - low)


def _in_order(corr, window):
    """t1 <= t2 <= …, one input a reference; equal times satisfy any order."""
    t = -math.inf
    for reference in range(len(corr.rules)):
        later = [one.t for one in window if one.reference == reference and one.t >= t]
        if not later:
            return False
        t = min(later)
    return True


def _truth(expr, seen):
    kind, what = expr
    if kind == "leaf":
        return what in seen
    if kind == "not":
        return not _truth(what, seen)
    return (all if kind == "and" else any)(_truth(kid, seen) for kid in what)


def judge(corr, window, newest):
    """Does the condition hold over these inputs?  newest: those that just came (all, at a close)."""
    if corr.type.startswith("temporal"):
        seen = {one.reference for one in window}
        if corr.expr is not None:
            holds = _truth(corr.expr, seen)
        else:
            holds = corr.holds(len(seen)) if corr.criteria else len(seen) == len(corr.rules)
        if corr.type == "temporal_ordered" and not corr.criteria and corr.expr is None:
            holds = holds and _in_order(corr, window)
        return holds
    if corr.type == "event_count":
        return corr.holds(len(window))
    values = [value for one in window for value in one.values]
    if corr.type == "value_count":
        return corr.holds(len(set(values)))
    if not values:
        return False
    if corr.type == "value_percentile" and corr.percentile is None:
        wanted = {value for one in newest for value in one.values}
        return any(corr.holds(100 * values.count(value) / len(values)) for value in wanted)
    return corr.holds(
        {
            "value_sum": math.fsum,
            "value_avg": lambda v: math.fsum(v) / len(v),
            "value_percentile": lambda v: _percentile(v, corr.percentile),
            "value_median": lambda v: _percentile(v, 50),
        }[corr.type](values)
    )


class Group:
    def __init__(self):
        self.inputs = []
        self.silent_until = -math.inf
        self.opened = None  # t0 of a window that is judged at its close


class Correlator:
    """Feed every match, then finish() gives all findings in order of time."""

    def __init__(self, rules, correlations):
        self.rules, self.correlations = rules, correlations
        self.groups = {corr: {} for corr in correlations}
        self.pending = {}  # t -> [(corr, group key)] to close at t
        self.findings = []

    def _take(self, corr, source, fresh):
        for reference, child in enumerate(corr.children):
            if child is not (source.rule if isinstance(source, Match) else source.corr):
                continue
            values = _input_values(corr, reference, source)
            for shown in _groups(corr, reference, source):
                key = tuple(folded for folded, _ in shown)
                group = self.groups[corr].setdefault(key, Group())
                group.shown = getattr(group, "shown", shown)
                one = Input(source, reference, values)
                group.inputs.append(one)
                fresh.setdefault(key, []).append(one)
                if corr.at_close() and (group.opened is None or source.t > group.opened + corr.timespan):
                    group.opened = source.t

    def _now(self, corr, t, fresh):
        made = []
        for key, newest in fresh.items():
            group = self.groups[corr][key]
            group.inputs = [one for one in group.inputs if one.t >= t - corr.timespan]
            if t < group.silent_until:
                continue
            if judge(corr, group.inputs, newest):
                group.silent_until = t + corr.timespan
                made.append(Finding(corr, t, group.shown, group.inputs, self._first(corr, group, newest)))
        return made

    def _first(self, corr, group, newest):
        """The event that made it true: the first of the new ones with which it holds, else the last."""
        before = [one for one in group.inputs if one not in newest]
        for i in range(1, len(newest) + 1):
            if judge(corr, before + newest[:i], newest[:i]):
                return newest[i - 1].events[-1]
        return newest[-1].events[-1]

    def _close(self, corr, t):
        made = []
        for group in self.groups[corr].values():
            if group.opened is None or group.opened + corr.timespan != t:
                continue
            window = [one for one in group.inputs if group.opened <= one.t <= t]
            if judge(corr, window, window):
                made.append(Finding(corr, t, group.shown, window, None))
            group.opened = None
            group.inputs = []
        return made

    def run(self, matches):
        waiting = {}
        for match in sorted(matches, key=lambda m: (m.t, m.number)):
            waiting.setdefault(match.t, []).append(match)
        times = set(waiting)
        while times:
            t = min(times)
            times.discard(t)
            sources = waiting.pop(t, [])
            for corr in self.correlations:
                fresh = {}
                for source in sources:
                    self._take(corr, source, fresh)
                made = self._close(corr, t) if corr.at_close() else self._now(corr, t, fresh)
                if corr.at_close():
                    times |= {
                        g.opened + corr.timespan
                        for g in self.groups[corr].values()
                        if g.opened is not None and g.opened + corr.timespan > t
                    }
                sources = sources + made
                self.findings += made
        return self.findings
