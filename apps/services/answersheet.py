"""Answers beside their questions, in the order of the form: for the check page, the receipt, the desk and receivers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.utils.translation import get_language, override

from apps.services.definition import Definition
from apps.services.fieldtypes import Field
from apps.services.texts import LANGUAGES


@dataclass(frozen=True)
class Line:
    """A question and its answer. `files` holds what is known of each file of a file question; `text` is '' when not answered.

    `warning` says what to know of an answer that was let through; `hidden` that contact data have been left out of the answer.
    """

    field: Field
    label: str
    text: str
    kept: Any
    files: tuple[dict[str, Any], ...] = ()
    warning: str = ""
    language: str = LANGUAGES[0]
    hidden: bool = False

    @property
    def without_contact_data(self) -> Line:
        """The same for those to whom a protection order hides where somebody is found."""
        shown = self.field.without_contact_data(self.kept)
        if shown == self.kept:
            return self
        text = "" if shown is None else self.field.show(shown, self.language)
        return replace(self, kept=shown, text=text, warning="", hidden=True)

    @property
    def rows(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """For an answer that stands in rows: each row's title, and its answers under their labels."""
        return self.field.rows_of(self.kept, self.language) if self.kept else []

    @property
    def secret(self) -> bool:
        """Whether officials and receivers are told that the answer is kept secret."""
        return self.field.holds_secret(self.kept)

    @property
    def personal(self) -> bool:
        """Whether officials are told that the answer holds an identity code, or where somebody is found."""
        return self.field.answered(self.kept) and self.field.holds_personal(self.kept)

    @property
    def codes(self) -> list[tuple[str, str]]:
        """The identity codes in it, which its text masks, in full under their labels: shown only to who asks for them."""
        return self.field.codes(self.kept, self.language)


@dataclass(frozen=True)
class Section:
    """A page's lines under its title, and what the answers lead to: the title and text of each result that holds."""

    key: str
    title: str
    lines: tuple[Line, ...]
    results: tuple[tuple[str, str], ...] = ()


def sheet(definition: Definition, answers: Mapping[str, Any], today: date, language: str) -> list[Section]:
    """What was asked and answered, page by page. `today` is the day the conditions are judged on: that of sending, once sent."""
    return [
        Section(
            page.key,
            page.title.said(language),
            tuple(_line(field, counting.get(field.key), today, language) for field in fields if field.has_answer),
            tuple(field.conclusion(language) for field in fields if field.concludes),
        )
        for page, fields, counting in definition.asked(answers, today)
    ]


def without_contact_data(sections: Iterable[Section]) -> list[Section]:
    """The same pages for those to whom a protection order hides where somebody is found."""
    return [replace(section, lines=tuple(line.without_contact_data for line in section.lines)) for section in sections]


def _line(field: Field, kept: Any, today: date, language: str) -> Line:
    files = tuple(kept or ()) if field.carries_file else ()
    with nullcontext() if get_language() == language else override(language):
        warning = field.caution(kept, today)
    return Line(field, field.label.said(language), field.show(kept, language), kept, files, warning, language)
