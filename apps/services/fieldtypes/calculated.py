"""The kind that is computed from other answers: shown, stored and sent like an answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from math import prod
from typing import Any, ClassVar

from crispy_forms.layout import LayoutObject
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from apps.services.conditions import answer_at
from apps.services.fieldtypes.base import Field, field_at, in_three, setting
from apps.services.fieldtypes.counted import number_words
from apps.services.layout import Computed
from apps.services.reading import Json, Reader, defined, list_of, reads, texts, whole, within, word
from apps.services.texts import NO_TEXT, Texts

NUMBER = re.compile(r"-?[0-9]{1,60}(\.[0-9]{1,20})?")  # what a text may be to be reckoned with: no powers of ten
OPERATIONS = ("sum", "difference", "product", "days_between", "count")


@reads(list_of(defined("path"), least=1, most=100))
def read_sources(reader: Reader, path: str, value: Json) -> tuple[str, ...]:
    """Paths of answers."""
    return tuple(reader.path(where, item) for where, item in reader.items(path, value, least=1, most=100))


@dataclass(frozen=True, kw_only=True)
class Calculated(Field):
    """A value computed from earlier answers: sum, difference, product, days between, count.

    `of` names what it is computed from: keys, or a group that repeats, a dot and the key of a question in it, which stands for all rows.
    Numbers with decimals are kept as text. When an answer it needs is not given, there is no value (a sum takes what there is).
    """

    kind: ClassVar[str] = "calculated"
    reckoned: ClassVar[str] = "number"
    kind_label: ClassVar[Any] = gettext_lazy("Calculated value")
    group: ClassVar[str] = "computed"
    asks_for: ClassVar[Any] = gettext_lazy(
        "A sum or another value that the form works out from numbers or days asked before it."
    )
    example: ClassVar[Mapping[str, Json]] = {
        "label": in_three("Yta sammanlagt", "Pinta-ala yhteensä", "Area in all"),
        "operation": "sum",
        "of": ["area"],
        "unit": in_three("m²", "m²", "m²"),
    }
    asks: ClassVar[bool] = False
    operation: str = setting(word(*OPERATIONS))
    of: tuple[str, ...] = setting(read_sources)
    decimals: int = setting(whole(0, 6), 0)
    unit: Texts = setting(texts, NO_TEXT)

    def lay_out(self) -> LayoutObject:
        """The label and the value."""
        return Computed(self.key, self.label, lambda kept: self.show(kept, get_language() or "sv"), self.how, self.hint)

    def looks_at(self) -> frozenset[str]:
        """With what it is computed from."""
        return super().looks_at() | frozenset(self.of)

    def how(self) -> Json:
        """What the browser needs to compute it too, in the language of the page."""
        return {"operation": self.operation, "of": self.of, "decimals": self.decimals, "unit": self.unit.said()}

    def counted(self, kept: Json, counting: Mapping[str, Any], today: date) -> Json:
        """The value by the answers that count."""
        found = [values_at(counting, path) for path in self.of]
        if self.operation == "count":
            return sum(map(len, found))
        if self.operation == "days_between":
            return _days_between(found)
        numbers = [[number for number in map(_number, values) if number is not None] for values in found]
        if not any(numbers) or (self.operation != "sum" and not all(numbers)):
            return None
        return self._kept(_reckon(self.operation, numbers))

    def _kept(self, number: Decimal) -> Json:
        """An integer where there are no decimals, else text."""
        try:
            rounded = number.quantize(Decimal(1).scaleb(-self.decimals))
        except InvalidOperation:
            return None
        return format(rounded, "f") if self.decimals else int(rounded)

    def show(self, kept: Json, language: str) -> str:
        """The value in groups of three, with its unit."""
        return number_words(kept, self.unit, language)

    def sample(self, today: date) -> Json:
        """A value."""
        return self._kept(Decimal(12))

    def look_over(self, reader: Reader, path: str, earlier: Mapping[str, Field]) -> None:
        """What it is computed from must come before it."""
        for n, name in enumerate(self.of):
            field = field_at(name, earlier)
            if field is None or not field.has_answer:
                reader.wrong(
                    f"{within(path, 'of')}[{n}]",
                    _("there is no question with the key %(key)s before it.") % {"key": name},
                )
        if self.operation in ("difference", "days_between") and len(self.of) != 2:
            reader.wrong(within(path, "of"), _("this operation takes exactly two answers."))


def values_at(answers: Mapping[str, Any], path: str) -> list[Any]:
    """The answers at a path: one, or that of every row of a group that repeats."""
    first, _dot, rest = path.partition(".")
    found = answers.get(first)
    if isinstance(found, list) and rest:
        values = [answer_at(row, rest) for row in found]
    elif isinstance(found, list):
        values = list(found)
    else:
        values = [answer_at(answers, path)]
    return [value for value in values if value not in (None, "", [], {})]


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | str) or not NUMBER.fullmatch(str(value)):
        return None
    return Decimal(value)


def _reckon(operation: str, numbers: list[list[Decimal]]) -> Decimal:
    """With the numbers at each path: one, or those of all rows, which in a difference are added together first."""
    if operation == "product":
        return prod((number for found in numbers for number in found), start=Decimal(1))
    sums = [sum(found, Decimal(0)) for found in numbers]
    return sums[0] - sums[1] if operation == "difference" else sum(sums, Decimal(0))


def _days_between(found: list[list[Any]]) -> int | None:
    """From the first day to the second; None unless both are days."""
    try:
        first, second = (date.fromisoformat(str(value)[:10]) for (value,) in found)
    except ValueError:
        return None
    return (second - first).days
