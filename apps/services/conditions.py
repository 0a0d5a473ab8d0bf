"""When a page or a field is asked: conditions on earlier answers, read from the definition and evaluated here.

A condition sees only answers that are themselves asked for, so an answer that a condition hides counts as not given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from apps.services.reading import Json, Reader, defined, list_of, reads, shape, within
from apps.services.workdays import first_day_after

Answers = Mapping[str, Any]
MAX_DEPTH = 10


class Condition:
    """Something that holds or does not, given the answers so far and the day in Helsinki."""

    def holds(self, answers: Answers, today: date) -> bool:
        """Whether it holds."""
        raise NotImplementedError

    def comparisons(self) -> tuple[Comparison, ...]:
        """The comparisons it is made of."""
        return ()


@dataclass(frozen=True)
class Always(Condition):
    """No condition."""

    def holds(self, answers: Answers, today: date) -> bool:
        """It does."""
        return True


ALWAYS = Always()


@dataclass(frozen=True)
class Every(Condition):
    """All of several conditions."""

    parts: tuple[Condition, ...]

    def holds(self, answers: Answers, today: date) -> bool:
        """Whether every part holds."""
        return all(part.holds(answers, today) for part in self.parts)

    def comparisons(self) -> tuple[Comparison, ...]:
        """Those of its parts."""
        return tuple(comparison for part in self.parts for comparison in part.comparisons())


@dataclass(frozen=True)
class Some(Condition):
    """At least one of several conditions."""

    parts: tuple[Condition, ...]

    def holds(self, answers: Answers, today: date) -> bool:
        """Whether some part holds."""
        return any(part.holds(answers, today) for part in self.parts)

    def comparisons(self) -> tuple[Comparison, ...]:
        """Those of its parts."""
        return tuple(comparison for part in self.parts for comparison in part.comparisons())


@dataclass(frozen=True)
class Not(Condition):
    """The opposite of a condition."""

    part: Condition

    def holds(self, answers: Answers, today: date) -> bool:
        """Whether its part does not hold."""
        return not self.part.holds(answers, today)

    def comparisons(self) -> tuple[Comparison, ...]:
        """Those of its part."""
        return self.part.comparisons()


NEVER = Not(ALWAYS)


@dataclass(frozen=True)
class Comparison(Condition):
    """One answer compared with a value of the definition. An answer not given fits no comparison but `answered: false`."""

    field: str
    operator: str
    value: Any

    def holds(self, answers: Answers, today: date) -> bool:
        """Whether the answer fits."""
        return OPERATORS[self.operator](answer_at(answers, self.field), self.value, today)

    def comparisons(self) -> tuple[Comparison, ...]:
        """Itself."""
        return (self,)

    def suits(self, answer: Any) -> bool:
        """Whether answers of the sort of this one can fit at all; a comparison that never holds is a mistake."""
        if self.operator in ("at_least", "less_than"):
            return _number(answer) is not None
        if self.operator in ("before", "after", "within_days", "within_working_days"):
            return _day(answer) is not None
        if self.operator == "contains":
            return isinstance(answer, str) or (isinstance(answer, list) and all(isinstance(one, str) for one in answer))
        if self.operator == "answered":
            return True
        values = self.value if self.operator == "one_of" else (self.value,)
        return all(_sort(value) is _sort(answer) for value in values)


def answer_at(answers: Answers, path: str) -> Any:
    """The answer at a path: a field's key, or that of a composite question, a dot and the part's key."""
    first, *rest = path.split(".")
    found = answers.get(first)
    for name in rest:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _given(answer: Any) -> bool:
    return answer not in (None, "", [])  # "no" and 0 are answers


def _same(answer: Any, value: Any) -> bool:
    """Whether two JSON values are equal; Python alone would take true for 1."""
    return isinstance(answer, bool) is isinstance(value, bool) and bool(answer == value)


def _among(answer: Any, values: Any) -> bool:
    return any(_same(answer, value) for value in values)


def _contains(answer: Any, value: Any) -> bool:
    """Whether several chosen options have one among them, or a text has a part."""
    if isinstance(answer, str):
        return isinstance(value, str) and value in answer
    return isinstance(answer, list) and any(_same(one, value) for one in answer)


def _sort(value: Any) -> type:
    return float if isinstance(value, int | float) and not isinstance(value, bool) else type(value)


def _number(answer: Any) -> Decimal | None:
    """A number, which an answer holds as JSON's number or, with decimals, as a text that loses none of them."""
    if isinstance(answer, bool) or not isinstance(answer, int | float | str):
        return None
    try:
        number = Decimal(str(answer))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _at_least(answer: Any, value: Any, today: date) -> bool:
    number = _number(answer)
    return number is not None and number >= Decimal(str(value))


def _less_than(answer: Any, value: Any, today: date) -> bool:
    number = _number(answer)
    return number is not None and number < Decimal(str(value))


def _day(answer: Any) -> date | None:
    """A day, or that of a moment, which is kept as 2027-06-05T14:30."""
    try:
        return date.fromisoformat(answer.partition("T")[0]) if isinstance(answer, str) else None
    except ValueError:
        return None


def _within_days(answer: Any, value: Any, today: date) -> bool:
    day = _day(answer)
    return day is not None and day < today + timedelta(days=value)


def _within_working_days(answer: Any, value: Any, today: date) -> bool:
    day = _day(answer)
    return day is not None and day < first_day_after(today, value)


def _before(answer: Any, value: Any, today: date) -> bool:
    day = _day(answer)
    return day is not None and day < date.fromisoformat(value)


def _after(answer: Any, value: Any, today: date) -> bool:
    day = _day(answer)
    return day is not None and day > date.fromisoformat(value)


OPERATORS = {
    "equals": lambda answer, value, today: _same(answer, value),
    "one_of": lambda answer, value, today: _among(answer, value),
    "contains": lambda answer, value, today: _contains(answer, value),
    "answered": lambda answer, value, today: _given(answer) is value,
    "at_least": _at_least,
    "less_than": _less_than,
    "before": _before,
    "after": _after,
    "within_days": _within_days,
    "within_working_days": _within_working_days,
}

# What each operator compares with, as a JSON Schema.
_PLAIN = {"type": ["string", "number", "boolean"]}
_NUMBER = {"type": "number"}
_DAY = {"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
_DAYS = {"type": "integer", "minimum": 0, "maximum": 3_650}
OPERAND_SCHEMAS: dict[str, Json] = {
    "equals": _PLAIN,
    "one_of": list_of(_PLAIN, least=1, most=500),
    "contains": _PLAIN,
    "answered": {"type": "boolean"},
    "at_least": _NUMBER,
    "less_than": _NUMBER,
    "before": _DAY,
    "after": _DAY,
    "within_days": _DAYS,
    "within_working_days": _DAYS,
}


def read_condition(reader: Reader, path: str, value: Json, depth: int = 0) -> Condition:
    """A condition from its document form; ALWAYS after a problem, which the reader has noted."""
    if not isinstance(value, dict) or depth > MAX_DEPTH:
        reader.wrong(path, _('this must be a condition, such as {"field": "…", "equals": "…"}.'))
        return ALWAYS
    for name, kind in (("all", Every), ("any", Some)):
        if name in value:
            reader.mapping(path, value, {name: True})
            parts = reader.items(within(path, name), value[name], least=1, most=50)
            return kind(tuple(read_condition(reader, where, part, depth + 1) for where, part in parts))
    if "not" in value:
        reader.mapping(path, value, {"not": True})
        return Not(read_condition(reader, within(path, "not"), value["not"], depth + 1))
    return _read_comparison(reader, path, value)


def _read_comparison(reader: Reader, path: str, value: dict[str, Json]) -> Condition:
    known = reader.mapping(path, value, {"field": True, **dict.fromkeys(OPERATORS, False)})
    used = [name for name in known if name in OPERATORS]
    if len(used) != 1:
        reader.wrong(path, _("give exactly one comparison: %(names)s.") % {"names": ", ".join(OPERATORS)})
        return ALWAYS
    operator, field = used[0], reader.path(within(path, "field"), known.get("field"))
    return Comparison(field, operator, _read_value(reader, within(path, operator), operator, known[operator]))


def _read_value(reader: Reader, path: str, operator: str, value: Json) -> Any:
    if operator == "one_of":
        return tuple(_plain(reader, where, item) for where, item in reader.items(path, value, least=1, most=500))
    if operator == "answered":
        return reader.yes_no(path, value)
    if operator in ("within_days", "within_working_days"):
        return reader.whole(path, value, 0, 3_650)
    if operator in ("at_least", "less_than"):
        if isinstance(value, bool) or not isinstance(value, int | float):
            reader.wrong(path, _("this must be a number."))
            return 0
        return value
    if operator in ("before", "after"):
        day = _day(value)
        if day is None or day.isoformat() != value:  # fromisoformat reads 20270605 too, which nobody else does
            reader.wrong(path, _("this must be a date, such as 2027-06-05."))
            return "2000-01-01"
        return value
    return _plain(reader, path, value)


def _plain(reader: Reader, path: str, value: Json) -> Any:
    if not isinstance(value, str | int | float | bool):
        reader.wrong(path, _("this must be a text, a number, true or false."))
        return ""
    return value


@reads(defined("condition"))
def condition(reader: Reader, path: str, value: Json) -> Condition:
    """Read a condition, as a setting of a field."""
    return read_condition(reader, path, value)


def condition_schema() -> Json:
    """What a condition looks like, as a JSON Schema: one comparison, or others combined."""
    several = list_of(defined("condition"), least=1, most=50)
    comparisons = [
        shape({"field": defined("path"), operator: operand}, ("field", operator))
        for operator, operand in OPERAND_SCHEMAS.items()
    ]
    combined = [shape({name: several}, (name,)) for name in ("all", "any")]
    return {"oneOf": [*comparisons, *combined, shape({"not": defined("condition")}, ("not",))]}


def for_browser(rule: Json, today: date) -> Json:
    """A condition's document as the browser follows it: it knows no holidays, so working days are counted for it."""
    if isinstance(rule, list):
        return [for_browser(part, today) for part in rule]
    if not isinstance(rule, dict):
        return rule
    if "within_working_days" in rule:
        return {"field": rule["field"], "before": first_day_after(today, rule["within_working_days"]).isoformat()}
    return {name: for_browser(part, today) for name, part in rule.items()}
