"""When a page or a field is asked: conditions on earlier answers, read from the definition and evaluated here.

A condition sees only answers that are themselves asked for, so an answer that a condition hides counts as not given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext as _

from apps.services.reading import Json, Reader, within

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


@dataclass(frozen=True)
class Comparison(Condition):
    """One answer compared with a value of the definition. An answer not given fits no comparison but `answered: false`."""

    field: str
    operator: str
    value: Any

    def holds(self, answers: Answers, today: date) -> bool:
        """Whether the answer fits."""
        return OPERATORS[self.operator](answers.get(self.field), self.value, today)

    def comparisons(self) -> tuple[Comparison, ...]:
        """Itself."""
        return (self,)

    def suits(self, answer: Any) -> bool:
        """Whether answers of the sort of this one can fit at all; a comparison that never holds is a mistake."""
        if self.operator in ("at_least", "less_than"):
            return _number(answer) is not None
        if self.operator in ("before", "after", "within_days"):
            return _day(answer) is not None
        if self.operator == "contains":
            return isinstance(answer, list)
        if self.operator == "answered":
            return True
        values = self.value if self.operator == "one_of" else (self.value,)
        return all(_sort(value) is _sort(answer) for value in values)


def _given(answer: Any) -> bool:
    return answer not in (None, "", [])  # "no" and 0 are answers


def _same(answer: Any, value: Any) -> bool:
    """Whether two JSON values are equal; Python alone would take true for 1."""
    return isinstance(answer, bool) is isinstance(value, bool) and bool(answer == value)


def _among(answer: Any, values: Any) -> bool:
    return any(_same(answer, value) for value in values)


def _sort(value: Any) -> type:
    return float if _number(value) is not None else type(value)


def _number(answer: Any) -> float | None:
    return float(answer) if isinstance(answer, int | float) and not isinstance(answer, bool) else None


def _at_least(answer: Any, value: Any, today: date) -> bool:
    number = _number(answer)
    return number is not None and number >= value


def _less_than(answer: Any, value: Any, today: date) -> bool:
    number = _number(answer)
    return number is not None and number < value


def _day(answer: Any) -> date | None:
    try:
        return date.fromisoformat(answer) if isinstance(answer, str) else None
    except ValueError:
        return None


def _within_days(answer: Any, value: Any, today: date) -> bool:
    day = _day(answer)
    return day is not None and day < today + timedelta(days=value)


def _before(answer: Any, value: Any, today: date) -> bool:
    day = _day(answer)
    return day is not None and day < date.fromisoformat(value)


def _after(answer: Any, value: Any, today: date) -> bool:
    day = _day(answer)
    return day is not None and day > date.fromisoformat(value)


OPERATORS = {
    "equals": lambda answer, value, today: _same(answer, value),
    "one_of": lambda answer, value, today: _among(answer, value),
    "contains": lambda answer, value, today: isinstance(answer, list) and any(_same(a, value) for a in answer),
    "answered": lambda answer, value, today: _given(answer) is value,
    "at_least": _at_least,
    "less_than": _less_than,
    "before": _before,
    "after": _after,
    "within_days": _within_days,
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
    operator, field = used[0], reader.key(within(path, "field"), known.get("field"))
    return Comparison(field, operator, _read_value(reader, within(path, operator), operator, known[operator]))


def _read_value(reader: Reader, path: str, operator: str, value: Json) -> Any:
    if operator == "one_of":
        return tuple(_plain(reader, where, item) for where, item in reader.items(path, value, least=1, most=500))
    if operator == "answered":
        return reader.yes_no(path, value)
    if operator == "within_days":
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
