"""A condition as rows of sentences, and back: “Expected audience” · is at least · 200. Pure; the page around it is the desk's.

What no row can show (a group within a group, the opposite of a group, a question that is gone) is kept as it stands.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _

from apps.services.conditions import OPERATORS, Comparison
from apps.services.fieldtypes.base import Field
from apps.services.fieldtypes.chosen import yes_or_no
from apps.services.reading import Json
from apps.services.texts import date_words, has_control_characters, read_date
from apps.services.wording import question_name

# --- the structure -------------------------------------------------------------------------------------------------------

JOINTS = ("all", "any")


@dataclass(frozen=True)
class Row:
    """One comparison, or its opposite."""

    field: str
    operator: str
    value: Json
    negative: bool = False


@dataclass(frozen=True)
class Kept:
    """A condition that no row shows, as its document."""

    rule: Json


@dataclass(frozen=True)
class Group:
    """Several rows of which all must hold, or at least one."""

    joined: str
    rows: tuple[Row | Kept, ...]


Part = Row | Kept | Group


@dataclass(frozen=True)
class Sentences:
    """A condition as rows: all must hold, or at least one. Without rows it is no condition."""

    joined: str = "all"
    parts: tuple[Part, ...] = ()


def read(rule: Json) -> Sentences:
    """The rows of a condition's document; None has none."""
    if rule is None:
        return Sentences()
    joined = _joint(rule)
    if joined:
        return Sentences(joined, tuple(_part(one) for one in rule[joined]))
    return Sentences("all", (_row(rule),))


def _joint(rule: Json) -> str:
    """Which of the two words joins the parts of a condition; '' when it has no parts."""
    if isinstance(rule, dict) and len(rule) == 1:
        name = next(iter(rule))
        if name in JOINTS and isinstance(rule[name], list) and rule[name]:
            return str(name)
    return ""


def _part(rule: Json) -> Part:
    joined = _joint(rule)
    if joined and not any(_joint(one) for one in rule[joined]):
        return Group(joined, tuple(_row(one) for one in rule[joined]))
    return _row(rule)


def _row(rule: Json) -> Row | Kept:
    if isinstance(rule, dict) and list(rule) == ["not"]:
        inner = _comparison(rule["not"])
        return Row(inner.field, inner.operator, inner.value, True) if inner else Kept(rule)
    return _comparison(rule) or Kept(rule)


def _comparison(rule: Json) -> Row | None:
    if not isinstance(rule, dict) or len(rule) != 2 or not isinstance(rule.get("field"), str):
        return None
    operator = next(name for name in rule if name != "field")
    return Row(rule["field"], operator, rule[operator]) if operator in OPERATORS else None


def document(sentences: Sentences) -> Json:
    """The condition's document; None when there is no condition."""
    return _join(sentences.joined, [_document_of(part) for part in sentences.parts])


def _document_of(part: Part) -> Json:
    if isinstance(part, Group):
        return _join(part.joined, [_document_of(row) for row in part.rows])
    if isinstance(part, Kept):
        return part.rule
    bare = {"field": part.field, part.operator: part.value}
    return {"not": bare} if part.negative else bare


def _join(joined: str, rules: list[Json]) -> Json:
    found = [rule for rule in rules if rule is not None]
    if len(found) > 1:
        return {joined: found}
    return found[0] if found else None


def same(one: Json, other: Json) -> bool:
    """Whether two documents say the same; Python alone would take true for 1."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


# --- what can be said of a question ------------------------------------------------------------------------------------


class Wrong(Exception):
    """What was chosen or written makes no sentence; the message says what to do."""


# The comparisons in the order they are offered, each as it reads between the question and the answer, and its opposite.
WORDS: dict[str, tuple[Any, Any]] = {
    "at_least": (pgettext_lazy("condition", "is at least"), pgettext_lazy("condition", "is not at least")),
    "less_than": (pgettext_lazy("condition", "is less than"), pgettext_lazy("condition", "is not less than")),
    "before": (pgettext_lazy("condition", "is before the day"), pgettext_lazy("condition", "is not before the day")),
    "after": (pgettext_lazy("condition", "is after the day"), pgettext_lazy("condition", "is not after the day")),
    "within_days": (
        pgettext_lazy("condition", "is less than so many days ahead"),
        pgettext_lazy("condition", "is not within so many days"),
    ),
    "within_working_days": (
        pgettext_lazy("condition", "is less than so many working days ahead"),
        pgettext_lazy("condition", "is not within so many working days"),
    ),
    "equals": (pgettext_lazy("condition", "is"), pgettext_lazy("condition", "is not")),
    "contains": (pgettext_lazy("condition", "includes"), pgettext_lazy("condition", "does not include")),
    "answered": (pgettext_lazy("condition", "is answered"), pgettext_lazy("condition", "is not answered")),
}
WITHOUT_VALUE = ("answered", "not-answered")
TIMED = ("within_days", "within_working_days")
HINTS = {
    "at_least": gettext_lazy("A number, such as 200."),
    "less_than": gettext_lazy("A number, such as 200."),
    "before": gettext_lazy("A date, such as 5.6.2027. For days ahead: how many."),
}
LONGEST_VALUE = 500
MOST_DAYS = 3_650
SAMPLE_DAY = date(2000, 1, 1)


@dataclass(frozen=True)
class Asked:
    """A question that a condition can look at: its path, its name in words, and the title of the page it stands on."""

    path: str
    name: str
    page: str
    field: Field
    timed: bool = True  # whether a comparison may look at which day it is

    @property
    def comparisons(self) -> tuple[str, ...]:
        """What can be said of its answer: keys of WORDS."""
        answer = sample_of(self.field)
        return tuple(name for name in WORDS if _suits(name, self.field, answer) and (self.timed or name not in TIMED))

    @property
    def options(self) -> list[tuple[str, str]]:
        """The answers to choose among, each with its words; none where the answer is written."""
        language, answer = get_language() or "sv", sample_of(self.field)
        if isinstance(answer, bool):
            return [pair for pair in yes_or_no(language) if self._can_be(pair[0] == "yes")]
        known = self.field.possible()
        listed: Iterable[Any] = getattr(self.field, "options", None) or getattr(self.field, "values", ()) or ()
        ordered = dict.fromkeys(one.value for one in listed if isinstance(one.value, str))
        return [(value, self.field.value_words(value, language)) for value in ordered if value in known]

    def _can_be(self, answer: bool) -> bool:
        """A box that is not ticked is no answer, so “no” is not."""
        return not self.field.asks or self.field.accept(answer) is answer

    @property
    def several(self) -> bool:
        """Whether several answers can be ticked, one of which it is."""
        return bool(self.field.possible()) and "equals" in self.comparisons

    @property
    def hint(self) -> str:
        """What can be written as the answer."""
        return str(HINTS.get(self.comparisons[0], ""))

    def said(self, name: str, typed: Sequence[str]) -> Row:
        """The row that a comparison and what was chosen or written make. Raises Wrong."""
        bare = name.removeprefix("not-")
        negative = name != bare
        if bare not in self.comparisons:
            raise Wrong(_("Choose how the answer is compared."))
        if bare == "answered":
            return Row(self.path, bare, not negative)
        operator, value = self._value(bare, [one for one in typed if one.strip()])
        return Row(self.path, operator, value, negative)

    def _value(self, name: str, typed: list[str]) -> tuple[str, Json]:
        options = dict(self.options)
        if options:
            chosen = list(dict.fromkeys(one for one in typed if one in options))
            if not chosen or len(chosen) != len(typed):
                raise Wrong(_("Choose the answer."))
            return _chosen(name, chosen, isinstance(sample_of(self.field), bool))
        if not typed:
            raise Wrong(_("Write what the answer is compared with."))
        return name, self._written(name, typed[0])

    def _written(self, name: str, typed: str) -> Json:
        if len(typed) > LONGEST_VALUE or has_control_characters(typed):
            raise Wrong(_("Write what the answer is compared with, in at most 500 characters."))
        if name in ("at_least", "less_than"):
            return number_of(typed)
        if name in ("before", "after"):
            return _day_of(typed)
        if name in TIMED:
            return _days_of(typed)
        return typed if name == "contains" else self._answer(typed)

    def _answer(self, typed: str) -> Json:
        """An answer as the question keeps it."""
        if not self.field.asks:
            return number_of(typed) if isinstance(sample_of(self.field), int) else typed
        asked = self.field.ask(get_language() or "sv")
        try:
            kept = self.field.keep(asked.clean(typed)) if asked else None
        except forms.ValidationError as wrong:
            raise Wrong(" ".join(wrong.messages)) from None
        if kept is None:
            raise Wrong(_("Write what the answer is compared with."))
        return kept

    def shown(self, row: Row) -> tuple[str, list[str]] | None:
        """A row as comparison and what stands in the control; None when the control cannot show just this."""
        plain = _plain(row)
        name, typed = "equals" if plain.operator == "one_of" else plain.operator, self._typed(plain)
        if name == "answered":
            name = "answered" if plain.value else "not-answered"
        elif plain.negative:
            name = f"not-{name}"
        try:
            again = self.said(name, typed)
        except Wrong:
            return None
        return (name, typed) if same(_document_of(again), _document_of(plain)) else None

    def _typed(self, row: Row) -> list[str]:
        if row.operator == "one_of":
            return [str(one) for one in row.value] if isinstance(row.value, list) else []
        if row.operator == "answered":
            return []
        if isinstance(row.value, bool):
            return ["yes" if row.value else "no"]
        if row.operator in ("at_least", "less_than") and get_language() != "en":
            return [str(row.value).replace(".", ",")]
        if row.operator in ("before", "after"):
            day = read_date(str(row.value))
            return [date_words(day)] if day else []
        if row.operator == "equals" and self.field.asks and not self.options:
            return [_recalled(self.field, row.value)]
        return [str(row.value)]


def _plain(row: Row) -> Row:
    """The same, said in the plainest way: not being answered is no opposite, one of one is that one."""
    if row.operator == "answered" and isinstance(row.value, bool):
        return Row(row.field, row.operator, row.value is not row.negative)
    if row.operator == "one_of" and isinstance(row.value, list) and len(row.value) == 1:
        return Row(row.field, "equals", row.value[0], row.negative)
    return row


def _recalled(field: Field, value: Json) -> str:
    """An answer as it stands in the question's own control; as it is, when no answer of this kind can be so."""
    try:
        return str(field.recall(value))
    except (TypeError, ValueError, AttributeError):
        return str(value)


def _chosen(name: str, chosen: list[str], is_bool: bool) -> tuple[str, Json]:
    if name == "contains" or is_bool or len(chosen) == 1:
        if len(chosen) > 1:
            raise Wrong(_("Choose one answer."))
        return name, chosen[0] == "yes" if is_bool else chosen[0]
    return "one_of", chosen


def number_of(typed: str) -> int | float:
    """A number as people write it: 200, 12 500, 0,5. Raises Wrong."""
    bare = typed.replace("\N{NO-BREAK SPACE}", "").replace(" ", "").replace(",", ".").replace("\N{MINUS SIGN}", "-")
    try:
        number = Decimal(bare) if bare.isascii() and len(bare) <= 20 and "e" not in bare.lower() else None
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite():
        raise Wrong(_("Write a number, such as 200."))
    return int(number) if number == number.to_integral_value() else float(number)


def _day_of(typed: str) -> str:
    day = read_date(typed)
    if day is None:
        raise Wrong(_("Write a date, such as 5.6.2027."))
    return day.isoformat()


def _days_of(typed: str) -> int:
    bare = typed.strip()
    if not (bare.isascii() and bare.isdecimal() and len(bare) < 6 and int(bare) <= MOST_DAYS):
        raise Wrong(_("Write how many days, from 0 to 3650."))
    return int(bare)


def sample_of(field: Field) -> Json:
    """An answer of the sort that a question has; None where nobody knows."""
    try:
        return field.sample(SAMPLE_DAY)
    except (IndexError, TypeError, ValueError):  # of a question that is not finished
        return None


def _suits(name: str, field: Field, answer: Json) -> bool:
    """Whether a comparison is offered: it can hold, and means something of this sort of answer."""
    if name == "answered":
        return True
    if answer is None or field.personal or isinstance(answer, dict):
        return False
    by_number, by_day = _is_number(field, answer), Comparison("", "before", "2000-01-01").suits(answer)
    if name in ("at_least", "less_than"):
        return by_number
    if name in ("before", "after", *TIMED):
        return by_day
    listed = isinstance(answer, list)
    if name == "contains":
        plain = Comparison("", "contains", "").suits(answer) and not (by_number or by_day)
        return plain and (listed or not field.possible())
    return not listed and not by_day and not (by_number and isinstance(answer, str))


def _is_number(field: Field, answer: Json) -> bool:
    """A postcode is made of digits too; what has decimals or is kept as a number is one."""
    if isinstance(answer, bool):
        return False
    return isinstance(answer, int | float) or (isinstance(answer, str) and hasattr(field, "decimals"))


def asked_among(fields: Iterable[Field], page: str, language: str, *, timed: bool = True) -> Iterator[Asked]:
    """The questions among fields that a condition can look at, those made of parts followed by their parts."""
    for field in fields:
        if field.has_answer and field.key:
            yield from _with_parts(field.key, field, {field.key: field}, page, language, timed)


def _with_parts(
    path: str, field: Field, top: Mapping[str, Field], page: str, language: str, timed: bool
) -> Iterator[Asked]:
    yield Asked(path, question_name(path, top, language), page, field, timed)
    for part in () if field.has_rows else field.parts():
        if part.has_answer:
            yield from _with_parts(f"{path}.{part.key}", part, top, page, language, timed)
