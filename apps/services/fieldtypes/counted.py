"""Kinds answered with a number, a date or a time of day."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from crispy_forms.layout import LayoutObject
from django import forms
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from apps.services.fieldtypes.base import Field, LeadTime, in_three, setting
from apps.services.layout import Line
from apps.services.reading import Json, Reader, defined, list_of, read_key, reads, shape, texts, whole, within
from apps.services.texts import NO_TEXT, Texts, date_words, read_date, read_time, time_words

BIGGEST = 999_999_999_999


def number_words(kept: Json, unit: Texts, language: str) -> str:
    """A number, perhaps with decimals and then kept as text, in groups of three and with its unit; '' when there is none."""
    if kept is None:
        return ""
    whole_part, _point, rest = str(kept).partition(".")
    grouped = f"{int(whole_part):,}".replace(",", "\N{NO-BREAK SPACE}")
    if whole_part.startswith("-0"):
        grouped = f"-{grouped}"
    comma = "." if language == "en" else ","
    return f"{grouped}{comma + rest if rest else ''} {unit.said(language)}".strip()


@dataclass(frozen=True, kw_only=True)
class WholeNumber(Field):
    """A whole number between two limits, perhaps with a unit."""

    kind: ClassVar[str] = "whole_number"
    reckoned: ClassVar[str] = "number"
    kind_label: ClassVar[Any] = gettext_lazy("Whole number")
    group: ClassVar[str] = "number"
    asks_for: ClassVar[Any] = gettext_lazy("A number without decimals, such as how many people.")
    example: ClassVar[Mapping[str, Json]] = {
        "label": in_three("Beräknad publik", "Arvioitu yleisömäärä", "Expected audience"),
        "unit": in_three("personer", "henkilöä", "people"),
    }
    min: int = setting(whole(-BIGGEST, BIGGEST), 0)
    max: int = setting(whole(-BIGGEST, BIGGEST), BIGGEST)
    unit: Texts = setting(texts, NO_TEXT)

    def ask(self, language: str) -> forms.Field:
        """Digits, with spaces allowed between thousands."""
        return WholeNumberField(self.min, self.max)

    def lay_out(self) -> LayoutObject:
        """A short input that brings up the digits."""
        keyboard = "numeric" if self.min >= 0 else None
        return Line(self.key, inputmode=keyboard, width=10, unit=self.unit or None)

    def keep(self, value: Any) -> Json:
        """The number; 0 is an answer."""
        return value

    def recall(self, kept: Json) -> Any:
        """The digits."""
        return kept

    def show(self, kept: Json, language: str) -> str:
        """The number in groups of three, with its unit."""
        return number_words(kept, self.unit, language)

    def sample(self, today: date) -> Json:
        """A number within the limits."""
        return min(max(self.min, 12), self.max)

    def look_over(self, reader: Reader, path: str, earlier: Mapping[str, Field]) -> None:
        """The limits must leave room."""
        if self.min > self.max:
            reader.wrong(within(path, "max"), _("the largest value is below the smallest."))

    def missing(self) -> str:
        """What to say when it is empty."""
        return _("Write a number.")


@dataclass(frozen=True, kw_only=True)
class DecimalNumber(Field):
    """A number with decimals between two limits, perhaps with a unit. Kept as text, so that no decimal is lost on the way."""

    kind: ClassVar[str] = "decimal"
    reckoned: ClassVar[str] = "number"
    kind_label: ClassVar[Any] = gettext_lazy("Number with decimals")
    group: ClassVar[str] = "number"
    asks_for: ClassVar[Any] = gettext_lazy("A number with decimals, such as a measure.")
    example: ClassVar[Mapping[str, Json]] = {
        "label": in_three("Områdets yta", "Alueen pinta-ala", "Area"),
        "unit": in_three("m²", "m²", "m²"),
    }
    min: int = setting(whole(-BIGGEST, BIGGEST), 0)
    max: int = setting(whole(-BIGGEST, BIGGEST), BIGGEST)
    decimals: int = setting(whole(1, 6), 2)
    unit: Texts = setting(texts, NO_TEXT)

    def ask(self, language: str) -> forms.Field:
        """Digits with a comma or a point."""
        return DecimalField(self.min, self.max, self.decimals)

    def lay_out(self) -> LayoutObject:
        """A short input that brings up the digits."""
        return Line(self.key, inputmode="decimal" if self.min >= 0 else None, width=10, unit=self.unit or None)

    def keep(self, value: Any) -> Json:
        """The number as text with a point; 0 is an answer."""
        return None if value is None else format(value, "f")

    def recall(self, kept: Json) -> Any:
        """With a comma, as people write it."""
        return None if kept is None else str(kept).replace(".", ",")

    def show(self, kept: Json, language: str) -> str:
        """The number in groups of three, with its unit."""
        return number_words(kept, self.unit, language)

    def sample(self, today: date) -> Json:
        """A number within the limits."""
        return f"{min(max(self.min, 12), self.max)}.5" if self.min <= 12 < self.max else f"{self.min}.0"

    def look_over(self, reader: Reader, path: str, earlier: Mapping[str, Field]) -> None:
        """The limits must leave room."""
        if self.min > self.max:
            reader.wrong(within(path, "max"), _("the largest value is below the smallest."))

    def missing(self) -> str:
        """What to say when it is empty."""
        return _("Write a number.")


@dataclass(frozen=True, kw_only=True)
class Money(DecimalNumber):
    """A sum of money in euros."""

    kind: ClassVar[str] = "money"
    reckoned: ClassVar[str] = "number"
    kind_label: ClassVar[Any] = gettext_lazy("Money")
    group: ClassVar[str] = "number"
    asks_for: ClassVar[Any] = gettext_lazy("A sum in euros.")
    example: ClassVar[Mapping[str, Json]] = {"label": in_three("Inträdesavgift", "Pääsymaksu", "Entrance fee")}
    unit: Texts = setting(texts, Texts({"sv": "€", "fi": "€", "en": "€"}))

    def missing(self) -> str:
        """What to say when it is empty."""
        return _("Write the sum.")


UNITS = ("days", "working_days")
WHEN_LATE = ("refuse", "warn", "explain")


@reads(
    shape(
        {
            "days": {"type": "integer", "minimum": 0, "maximum": 3_650},
            "unit": {"enum": list(UNITS)},
            "late": {"enum": list(WHEN_LATE)},
        },
        ("days", "unit"),
    )
)
def read_lead_time(reader: Reader, path: str, value: Json) -> LeadTime:
    """A lead time from its document form."""
    got = reader.mapping(path, value, {"days": True, "unit": True, "late": False})
    return LeadTime(
        days=reader.whole(within(path, "days"), got.get("days", 0), 0, 3_650),
        unit=reader.one_of(within(path, "unit"), got.get("unit", "days"), UNITS),
        late=reader.one_of(within(path, "late"), got.get("late", "refuse"), WHEN_LATE),
    )


@dataclass(frozen=True, kw_only=True)
class Date(Field):
    """A day. With `not_before` it may not be earlier than the answer to an earlier date field."""

    kind: ClassVar[str] = "date"
    reckoned: ClassVar[str] = "day"
    kind_label: ClassVar[Any] = gettext_lazy("Date")
    group: ClassVar[str] = "day"
    asks_for: ClassVar[Any] = gettext_lazy(
        "A day. It can have a time limit: how long before it the authority must have the matter."
    )
    example: ClassVar[Mapping[str, Json]] = {
        "label": in_three("Evenemangets dag", "Tapahtuman päivä", "Day of the event")
    }
    lead_time: LeadTime | None = setting(read_lead_time, None)
    not_before: str = setting(read_key, "")

    def ask(self, language: str) -> forms.Field:
        """A date as people write it."""
        return DateField()

    def lay_out(self) -> LayoutObject:
        """A short input: people know their dates, and a typed one is never lost as in a browser's own date box."""
        return Line(self.key, width=10, autocomplete="off")

    def keep(self, value: Any) -> Json:
        """ISO 8601."""
        return value.isoformat() if value else None

    def recall(self, kept: Json) -> Any:
        """As people write it."""
        return date_words(date.fromisoformat(kept)) if kept else None

    def show(self, kept: Json, language: str) -> str:
        """As people write it."""
        return date_words(date.fromisoformat(kept)) if kept else ""

    def sample(self, today: date) -> Json:
        """A day that is not late."""
        earliest = self.lead_time.earliest(today) if self.lead_time else today
        return (earliest + timedelta(days=1)).isoformat()

    def objection(self, kept: Json, answers: Mapping[str, Any], today: date) -> str:
        """A day before the one it must follow; a day that has passed or is too near, where there is a lead time."""
        if not kept:
            return ""
        day, first = date.fromisoformat(kept), answers.get(self.not_before)
        if first and day < date.fromisoformat(first):
            return _("The end cannot be before the beginning, %(first)s.") % {
                "first": date_words(date.fromisoformat(first))
            }
        if self.lead_time is None:
            return ""
        if day < today:
            return _("The day has passed. Write a day that is ahead.")
        if self.lead_time.late == "refuse" and day < self.lead_time.earliest(today):
            return self.lead_time.refusal(today)
        return ""

    def caution(self, kept: Json, today: date) -> str:
        """A day that is too near, where the service lets it through and tells."""
        if not kept or self.lead_time is None or self.lead_time.late != "warn":
            return ""
        return self.lead_time.caution() if date.fromisoformat(kept) < self.lead_time.earliest(today) else ""

    def look_over(self, reader: Reader, path: str, earlier: Mapping[str, Field]) -> None:
        """The day it must follow must be asked before it."""
        if self.not_before and not isinstance(earlier.get(self.not_before), Date):
            reader.wrong(within(path, "not_before"), _("there is no date field with this key before it."))

    def again(self) -> Field:
        """Without its lead time: the matter has arrived, and a correction of it is never too late for that."""
        return dataclasses.replace(super().again(), lead_time=None)  # type: ignore[call-arg]

    def notice(self) -> LeadTime | None:
        """Its lead time."""
        return self.lead_time

    def missing(self) -> str:
        """What to say when it is empty."""
        return _("Write a date, such as 24.12.2027.")


@reads(list_of(defined("key"), least=2, most=2))
def read_two_days(reader: Reader, path: str, value: Json) -> tuple[str, ...]:
    """The keys of the first and the last day."""
    return tuple(reader.key(where, item) for where, item in reader.items(path, value, least=2, most=2))


@dataclass(frozen=True, kw_only=True)
class Time(Field):
    """A time of day.

    With `after` it must be later than the answer to an earlier time field, when the two days of `on_days` are the same.
    """

    kind: ClassVar[str] = "time"
    kind_label: ClassVar[Any] = gettext_lazy("Time of day")
    group: ClassVar[str] = "day"
    asks_for: ClassVar[Any] = gettext_lazy("A time of day.")
    example: ClassVar[Mapping[str, Json]] = {"label": in_three("Börjar klockan", "Alkaa kello", "Begins at")}
    after: str = setting(read_key, "")
    on_days: tuple[str, ...] = setting(read_two_days, ())

    def ask(self, language: str) -> forms.Field:
        """A time as people write it."""
        return TimeField()

    def lay_out(self) -> LayoutObject:
        """A short input."""
        return Line(self.key, width=5, autocomplete="off")

    def keep(self, value: Any) -> Json:
        """Hours and minutes."""
        return f"{value:%H:%M}" if value is not None else None

    def recall(self, kept: Json) -> Any:
        """As people write it."""
        return kept.replace(":", ".") if kept else None

    def show(self, kept: Json, language: str) -> str:
        """As people write it."""
        return time_words(time.fromisoformat(kept), language) if kept else ""

    def sample(self, today: date) -> Json:
        """In the afternoon; an hour later where it follows another."""
        return "15:30" if self.after else "14:30"

    def objection(self, kept: Json, answers: Mapping[str, Any], today: date) -> str:
        """An end that is not after its beginning, on one day."""
        begins = answers.get(self.after)
        if not kept or not begins or kept > begins or len({answers.get(key) for key in self.on_days}) == 2:
            return ""
        said = time_words(time.fromisoformat(begins), get_language() or "sv")
        return _("The end must be after the beginning, %(first)s.") % {"first": said}

    def look_over(self, reader: Reader, path: str, earlier: Mapping[str, Field]) -> None:
        """What it is compared with must be asked before it."""
        if self.after and not isinstance(earlier.get(self.after), Time):
            reader.wrong(within(path, "after"), _("there is no time field with this key before it."))
        if not all(isinstance(earlier.get(key), Date) for key in self.on_days):
            reader.wrong(within(path, "on_days"), _("there is no date field with this key before it."))

    def missing(self) -> str:
        """What to say when it is empty."""
        return _("Write a time, such as 14.30.")


@dataclass(frozen=True, kw_only=True)
class DateTime(Field):
    """A day and a time of day, in Helsinki."""

    kind: ClassVar[str] = "date_time"
    reckoned: ClassVar[str] = "day"
    kind_label: ClassVar[Any] = gettext_lazy("Date and time")
    group: ClassVar[str] = "day"
    asks_for: ClassVar[Any] = gettext_lazy("A day and a time of day in one answer.")
    example: ClassVar[Mapping[str, Json]] = {
        "label": in_three("Fyrverkeriet börjar", "Ilotulitus alkaa", "The fireworks begin")
    }

    def ask(self, language: str) -> forms.Field:
        """Both as people write them, in one line."""
        return DateTimeField()

    def lay_out(self) -> LayoutObject:
        """An input."""
        return Line(self.key, width=20, autocomplete="off")

    def limits(self) -> str:
        """How to write it."""
        return _("For example 24.12.2027 14.30")

    def keep(self, value: Any) -> Json:
        """Day, hour and minute, without a zone: the hour on the clock there."""
        return f"{value:%Y-%m-%dT%H:%M}" if value else None

    def recall(self, kept: Json) -> Any:
        """As people write it."""
        if not kept:
            return None
        moment = datetime.fromisoformat(kept)
        return f"{date_words(moment.date())} {moment.hour}.{moment:%M}"

    def show(self, kept: Json, language: str) -> str:
        """As people write it."""
        if not kept:
            return ""
        moment = datetime.fromisoformat(kept)
        return f"{date_words(moment.date())} {time_words(moment.time(), language)}"

    def sample(self, today: date) -> Json:
        """Tomorrow afternoon."""
        return f"{today + timedelta(days=1)}T14:30"

    def missing(self) -> str:
        """What to say when it is empty."""
        return _("Write a day and a time, such as 24.12.2027 14.30.")


class WholeNumberField(forms.CharField):
    """A whole number, as people write it."""

    def __init__(self, least: int, most: int) -> None:
        super().__init__(required=False)
        self.least, self.most = least, most

    def clean(self, value: Any) -> int | None:
        """The number, within the limits."""
        text = "".join(super().clean(value).replace("\N{MINUS SIGN}", "-").split())
        if not text:
            return None
        if len(text) > 15 or not text.isascii() or not text.removeprefix("-").isdecimal():
            raise forms.ValidationError(_("Write a whole number with digits, such as 250."))
        if not self.least <= int(text) <= self.most:
            if self.most == BIGGEST:
                raise forms.ValidationError(_("Write a number that is at least %(least)s.") % {"least": self.least})
            words = {"least": self.least, "most": self.most}
            raise forms.ValidationError(_("Write a number from %(least)s to %(most)s.") % words)
        return int(text)


class DateField(forms.CharField):
    """A date, as people write it, between 1900 and 2200."""

    def __init__(self) -> None:
        super().__init__(required=False)

    def clean(self, value: Any) -> date | None:
        """The date."""
        text = super().clean(value)
        if not text:
            return None
        day = read_date(text)
        if day is None or not 1900 <= day.year <= 2200:
            raise forms.ValidationError(_("Write a date that exists, as day.month.year, such as 24.12.2027."))
        return day


class TimeField(forms.CharField):
    """A time of day, as people write it."""

    def __init__(self) -> None:
        super().__init__(required=False)

    def clean(self, value: Any) -> time | None:
        """The time."""
        text = super().clean(value)
        if not text:
            return None
        moment = read_time(text)
        if moment is None:
            raise forms.ValidationError(_("Write a time of day as hours and minutes, such as 14.30."))
        return moment


class DecimalField(forms.CharField):
    """A number with decimals, as people write it: with a comma or a point, spaces between thousands."""

    def __init__(self, least: int, most: int, decimals: int) -> None:
        super().__init__(required=False)
        self.least, self.most, self.decimals = least, most, decimals

    def clean(self, value: Any) -> Decimal | None:
        """The number, within the limits."""
        text = "".join(super().clean(value).replace("\N{MINUS SIGN}", "-").replace(",", ".").split())
        if not text:
            return None
        whole_part, _point, rest = text.removeprefix("-").partition(".")
        digits = whole_part + rest
        if (
            not (whole_part and digits.isascii() and digits.isdecimal())
            or len(digits) > 20
            or len(rest) > self.decimals
        ):
            said = ngettext(
                "Write a number with at most %(decimals)d decimal, such as 12,5.",
                "Write a number with at most %(decimals)d decimals, such as 12,5.",
                self.decimals,
            )
            raise forms.ValidationError(said % {"decimals": self.decimals})
        number = Decimal(text) + 0  # no minus before nought
        if not self.least <= number <= self.most:
            words = {"least": self.least, "most": self.most}
            raise forms.ValidationError(_("Write a number from %(least)s to %(most)s.") % words)
        return number


class DateTimeField(forms.CharField):
    """A day and a time in one line."""

    def __init__(self) -> None:
        super().__init__(required=False)

    def clean(self, value: Any) -> datetime | None:
        """The moment on the clock."""
        text = super().clean(value).replace("T", " ")
        if not text:
            return None
        first, _space, rest = text.partition(" ")
        day, hour = read_date(first), read_time(rest)
        if day is None or hour is None or not 1900 <= day.year <= 2200:
            raise forms.ValidationError(_("Write a day and a time of day, such as 24.12.2027 14.30."))
        return datetime.combine(day, hour)
