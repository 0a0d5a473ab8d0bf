"""Several questions written at once: what most forms on paper need, one row a question."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from apps.services.builder.controls import TextField, line, text_field
from apps.services.builder.controls import asked as without_word
from apps.services.builder.gallery import kind_choices
from apps.services.builder.optioncontrols import options_of_lines
from apps.services.builder.rows import number_in
from apps.services.builder.situation import Situation
from apps.services.editing import Element, unused
from apps.services.fieldtypes import REGISTER, Field
from apps.services.fieldtypes.base import read_field
from apps.services.fieldtypes.chosen import read_options
from apps.services.layout import Area, InLanguages, Line, Select, Tick, attributes, value_of
from apps.services.reading import Json, Reader
from apps.services.reading import texts as read_texts
from apps.services.texts import language_name

MOST = 60  # rows at once


@dataclass(frozen=True)
class Quick:
    """What of a kind is written in a row: the setting its text goes into, and whether it has options."""

    text: str
    has_options: bool


def quick(cls: type[Field]) -> Quick | None:
    """How a kind is asked for in a row; None for kinds that need more than a text and options."""
    needed = {name: f.metadata["read"] for name, f in cls.settings().items() if f.default is dataclasses.MISSING}
    options = [name for name, read in needed.items() if read is read_options]
    texts = [name for name, read in needed.items() if read is read_texts]
    if len(texts) != 1 or len(needed) != len(texts) + len(options):
        return None
    return Quick(texts[0], bool(options))


def quick_kinds() -> dict[str, Quick]:
    """Every kind that can be written in a row."""
    return {kind: found for kind, cls in REGISTER.items() if (found := quick(cls)) is not None}


@dataclass
class SeveralRow:
    """A row on the page, its parts as HTML."""

    number: int
    at: str
    kind: SafeString
    labels: list[SafeString]
    optional: SafeString
    options: list[SafeString]
    has_options: bool


class GroupedSelect(Select):
    """A list in which the options stand in groups."""

    def control(self, bound: BoundField, described: str, wrong: bool) -> str:
        """A select with a group for each."""
        value = value_of(bound)
        groups = "".join(
            format_html('<optgroup label="{}">{}</optgroup>', title, mark_safe(self._options(options, value)))  # noqa: S308
            for title, options in bound.field.choices  # type: ignore[attr-defined]
        )
        attrs = attributes(name=bound.html_name, id=bound.auto_id, aria_describedby=described, data_kind=True)
        return f'<select class="select"{attrs}>{groups}</select>'

    def _options(self, options: Iterable[tuple[str, Any]], value: str) -> str:
        return "".join(
            f'<option{attributes(selected=key == value)} value="{escape(key)}">{escape(label)}</option>'
            for key, label in options
        )


class SeveralForm(forms.Form):
    """Rows of new questions, and above them the title of their page when it is `titled`. Empty rows do not count."""

    use_required_attribute = False

    def __init__(
        self,
        situation: Situation,
        data: Any = None,
        *,
        prefix: str = "rows",
        titled: bool = False,
        in_a_row: bool = False,
        ready: int = 5,
    ) -> None:
        self.situation, self.name, self.titled, self.ready = situation, prefix, titled, ready
        super().__init__(data, auto_id="id_%s")
        posted = data.get(f"{prefix}-count", "") if data is not None else ""
        self.count = number_in(posted, ready, most=MOST)
        self.kinds = quick_kinds()
        if titled:
            self.fields.update({f"title__{code}": text_field(code, "", 1) for code in situation.languages})
        choices = kind_choices(in_a_row=in_a_row, quick=self.kinds)
        for n in range(self.count):
            self.fields.update(self._fields(n, choices))

    def _fields(self, n: int, choices: list[tuple[str, Any]]) -> dict[str, forms.Field]:
        at, codes = f"{self.name}-{n}", self.situation.languages
        kind = forms.ChoiceField(label=_("Kind of question"), choices=choices, initial="text", required=False)
        optional = forms.BooleanField(label=_("May be left unanswered"), required=False)
        made: dict[str, forms.Field] = {f"{at}-kind": kind}
        made |= {
            f"{at}__{code}": line(_("Question (%(language)s)") % {"language": language_name(code)}) for code in codes
        }
        made[f"{at}-optional"] = optional
        made |= {f"{at}-options__{code}": area(language_name(code).capitalize()) for code in codes}
        return {name: without_word(field) for name, field in made.items()}

    @property
    def shown(self) -> list[SeveralRow]:
        """The rows for the page."""
        return [self._shown(n) for n in range(self.count)]

    def _shown(self, n: int) -> SeveralRow:
        at, codes = f"{self.name}-{n}", self.situation.languages
        asked = self.kinds.get(str(self[f"{at}-kind"].value()))
        return SeveralRow(
            number=n + 1,
            at=f"{self.name}-row-{n}",
            kind=GroupedSelect(f"{at}-kind").render(self),
            labels=[Line(f"{at}__{code}", lang=code).render(self) for code in codes],
            optional=Tick(f"{at}-optional").render(self),
            options=[Area(f"{at}-options__{code}", lang=code, rows=4).render(self) for code in codes],
            has_options=bool(asked and asked.has_options),
        )

    def title_html(self) -> SafeString:
        """The page's title in each language."""
        return InLanguages("title", self.situation.languages, label=_("Title of the page")).render(self)

    @property
    def kinds_with_options(self) -> str:
        """The kinds for which options are written, for the script that shows them only then."""
        return " ".join(kind for kind, asked in self.kinds.items() if asked.has_options)

    # --- what was typed ------------------------------------------------------------------------------------------------

    def clean(self) -> dict[str, Any]:
        """Every row with anything in it must be a question that can be read."""
        if self.titled and not self.title():
            self.add_error(f"title__{self.situation.languages[0]}", _("Write the title of the page."))
        for n in range(self.count):
            self._clean_row(n)
        return self.cleaned_data

    def _clean_row(self, n: int) -> None:
        label, options = self._texts(f"{self.name}-{n}"), self._texts(f"{self.name}-{n}-options")
        if not (label or options):
            return
        at, first = f"{self.name}-{n}", self.situation.languages[0]
        if not label:
            self.add_error(f"{at}__{first}", _("Write the question."))
            return
        asked = self.kinds.get(self.cleaned_data.get(f"{at}-kind") or "text")
        if asked is not None and asked.has_options:
            self._clean_options(f"{at}-options", options)
        if not self.errors:
            self._read(n)

    def _clean_options(self, at: str, options: Mapping[str, str]) -> None:
        """As many in each language in which there are any."""
        counts = {code: len([one for one in text.splitlines() if one.strip()]) for code, text in options.items()}
        first = self.situation.languages[0]
        if not any(counts.values()):
            self.add_error(f"{at}__{first}", _("Write the options, one a line."))
        elif len(set(counts.values())) > 1:
            said = _(
                "There are not as many options in each language. Write each on a line of its own, in the same order."
            )
            self.add_error(f"{at}__{next(iter(counts))}", said)

    def _read(self, n: int) -> None:
        reader = Reader()
        read_field(reader, "", {**self._element(n), "key": "it"})
        if reader.problems:
            self.add_error(f"{self.name}-{n}__{self.situation.languages[0]}", reader.problems[0].reason)

    def _texts(self, stem: str) -> dict[str, str]:
        written = {code: self.cleaned_data.get(f"{stem}__{code}") or "" for code in self.situation.languages}
        return {code: text for code, text in written.items() if text.strip()}

    def title(self) -> dict[str, str]:
        """The page's title."""
        return self._texts("title")

    def _element(self, n: int) -> Element:
        at = f"{self.name}-{n}"
        kind = self.cleaned_data.get(f"{at}-kind") or "text"
        asked = self.kinds[kind]
        found: dict[str, Json] = {"kind": kind, "key": "", asked.text: self._texts(at)}
        if self.cleaned_data.get(f"{at}-optional") and "required" in REGISTER[kind].settings():
            found["required"] = False
        if asked.has_options:
            found["options"] = list(options_of_lines(self._texts(f"{at}-options"), set()))
        return found

    def elements(self, taken: Iterable[str]) -> list[Element]:
        """The questions, each with a key of its own made of its text."""
        keys = set(taken)
        return [self._keyed(element, keys) for element in self._elements()]

    def _elements(self) -> Iterator[Element]:
        for n in range(self.count):
            if self._texts(f"{self.name}-{n}"):
                yield self._element(n)

    def _keyed(self, element: Element, keys: set[str]) -> Element:
        text = element[self.kinds[element["kind"]].text]
        element["key"] = unused(next(iter(text.values())), keys, "question")
        keys.add(element["key"])
        return element

    # --- what is said on the page ---------------------------------------------------------------------------------------

    def forgive(self) -> None:
        """Show what was typed without calling any of it wrong."""
        self._errors = forms.utils.ErrorDict()

    def say_empty(self, said: str) -> None:
        """Say at the first row that there must be one."""
        self.add_error(f"{self.name}-0__{self.situation.languages[0]}", said)

    @property
    def summary(self) -> list[tuple[str, str, str]]:
        """Each error with the id of its control and what that is called."""
        return [
            (self[name].auto_id, self._called(name), str(error))
            for name, errors in self.errors.items()
            if name in self.fields
            for error in errors
        ]

    def _called(self, name: str) -> str:
        if name.startswith("title__"):
            return _("Title of the page")
        number = name.removeprefix(f"{self.name}-").partition("_")[0].partition("-")[0]
        return _("Question %(number)d") % {"number": int(number) + 1}


def area(label: str) -> forms.CharField:
    """A form field for several lines."""
    return TextField(label=label, required=False, max_length=100_000)
