"""Rows of texts in several languages: options, or values. Rows are added, moved and removed by buttons that save nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from crispy_forms.layout import LayoutObject
from django import forms
from django.http import QueryDict
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from apps.services.layout import InLanguages, Line, attributes, notes_of
from apps.services.texts import language_name

EMPTY = 3  # rows that stand ready
MOST = 1_000
ACT = "_act"  # the button that was pressed: `up:options:2`
Row = tuple[str, Mapping[str, str], tuple[str, str, str]]


class OptionRows(LayoutObject):
    """Rows of texts. Each row posts `<name>-<n>__<language>` and, where it stands for one that there is already, `<name>-<n>-tag`."""

    def __init__(
        self, name: str, languages: Sequence[str], *, label: Any, hint: Any, rows: Sequence[Row], data: Any
    ) -> None:
        self.name, self.languages, self.label, self.hint = name, languages, label, hint
        self.rows, self.data = list(rows), data
        self.fields: list[Any] = []
        posted = data.get(f"{name}-count", "") if data is not None else ""
        self.count = number_in(posted, len(self.rows) + EMPTY, most=MOST)
        self.notes = {tag: note for tag, _texts, note in self.rows}

    def tag(self, n: int) -> str:
        """Which of those there are already a row stands for; '' for a new one."""
        if self.data is not None:
            return str(self.data.get(f"{self.name}-{n}-tag", ""))
        return self.rows[n][0] if n < len(self.rows) else ""

    def form_fields(self, line: Callable[..., forms.Field]) -> dict[str, forms.Field]:
        """The form fields of the rows, and the area in which many can be written at once."""
        made: dict[str, forms.Field] = {}
        known = {tag: texts for tag, texts, _note in self.rows}
        for n in range(self.count):
            texts = known.get(self.tag(n), {}) if self.tag(n) else {}
            for code in self.languages:
                made[f"{self.name}-{n}__{code}"] = line(language_name(code), texts.get(code, ""))
        for code in self.languages:
            area = line(language_name(code))
            area.widget = forms.Textarea()
            made[f"{self.name}-many__{code}"] = area
        return made

    @property
    def moved(self) -> bool:
        """Whether the rows that there were already stand in another order, or some of them no longer do."""
        return [tag for n in range(self.count) if (tag := self.tag(n))] != [
            tag for tag, _texts, _note in self.rows if tag
        ]

    def written(self, typed: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Each row's tag, and what its form fields' names begin with."""
        for n in range(self.count):
            yield self.tag(n), f"{self.name}-{n}"

    def render(self, form: Any, context: Any = None, template_pack: str = "", **kwargs: Any) -> SafeString:
        """The rows, the button that adds some, and the area for many."""
        auto_id = f"id_{self.name}"
        legend = format_html('<legend class="question__label">{}</legend>', str(self.label))
        extra = attributes(aria_describedby=f"{auto_id}_helptext" if str(self.hint) else None, data_rows=self.name)
        rows = "".join(self._row(form, n) for n in range(self.count))
        count = f'<input type="hidden" name="{self.name}-count" value="{self.count}" data-count>'
        add = self._button(f"more:{self.name}", _("More rows"), f"{self.name}-row-{self.count}")
        many = InLanguages(f"{self.name}-many", self.languages, label=_("One a line"), rows=5)
        summary = format_html("<summary>{}</summary>", _("Write many at once"))
        folded = f'<details class="build-many">{summary}{many.render(form)}</details>'
        parts = [
            legend,
            *notes_of(auto_id, (), str(self.hint)),
            count,
            f'<ol class="option-rows">{rows}</ol>',
            add,
            folded,
        ]
        return mark_safe(f'<fieldset class="question option-table"{extra}>{"".join(parts)}</fieldset>')  # noqa: S308 (parts are safe)

    def _row(self, form: Any, n: int) -> str:
        tag = self.tag(n)
        hidden = format_html('<input type="hidden" name="{}-{}-tag" value="{}">', self.name, n, tag) if tag else ""
        texts = "".join(str(self._line(form, n, code)) for code in self.languages)
        last = self.count - 1
        acts = (
            ("up", _("Move up"), "↑", n > 0, n - 1, f"up-{self.name}-{n - 1}" if n > 1 else ""),
            ("down", _("Move down"), "↓", n < last, n + 1, f"down-{self.name}-{n + 1}" if n + 1 < last else ""),
            ("gone", _("Remove"), "✕", True, max(0, min(n, last - 1)), ""),
        )
        buttons = "".join(
            self._button(f"{act}:{self.name}:{n}", words, at or f"{self.name}-row-{row}", sign, n + 1)
            for act, words, sign, usable, row, at in acts
            if usable
        )
        return (
            f'<li class="option-row" id="{self.name}-row-{n}" tabindex="-1">{hidden}<div class="option-row__texts">{texts}</div>'
            f'<div class="option-row__acts">{buttons}</div>{self._note(tag)}</li>'
        )

    def _line(self, form: Any, n: int, code: str) -> str:
        name = f"{self.name}-{n}__{code}"
        bound = form[name]
        wrong = bool(bound.errors)
        said = "".join(notes_of(bound.auto_id, bound.errors, ""))
        control = Line(name, lang=code).control(bound, f"{bound.auto_id}_error" if wrong else "", wrong)
        label = f"{n + 1}. {language_name(code)}"
        return (
            f'<div class="option-row__text"><label for="{bound.auto_id}">{escape(label)}</label>{said}{control}</div>'
        )

    def _note(self, tag: str) -> str:
        text, address, words = self.notes.get(tag, ("", "", ""))
        link = format_html(' <a href="{}">{}</a>', address, words) if address else ""
        return format_html('<p class="soft option-row__note">{}{}</p>', text, link) if text or link else ""

    def _button(self, act: str, words: str, at: str, sign: str = "", number: int = 0) -> str:
        """A button that brings the form back without saving; `at` is where on the page one goes on."""
        hidden = '<span aria-hidden="true">{}</span><span class="visually-hidden">{} {}</span>'
        shown = format_html(hidden, sign, words, number) if sign else words
        look, own = ("quiet", act.replace(":", "-")) if sign else ("secondary", f"more-{self.name}")
        html = '<button class="button button--{}" name="{}" value="{}" id="{}" formaction="#{}">{}</button>'
        return format_html(html, look, ACT, act, own, at, shown)


def number_in(text: str, otherwise: int, *, most: int) -> int:
    """A number that was posted, when it is one that can be."""
    return min(int(text), most) if text.isascii() and text.isdecimal() and len(text) < 5 else otherwise


def acted(data: QueryDict) -> QueryDict:
    """What was posted, after the button that was pressed among the rows.

    Buttons: `more:<rows>`, and `up`, `down` and `gone` with the rows' name and a number.
    """
    changed: QueryDict = data.copy()
    act, _colon, rest = str(data.get(ACT, "")).partition(":")
    name, _colon, at = rest.partition(":")
    count = number_in(data.get(f"{name}-count", ""), 0, most=MOST)
    n = number_in(at, -1, most=MOST)
    there = n - 1 if act == "up" else n + 1
    if act == "more":
        changed[f"{name}-count"] = str(min(count + EMPTY, MOST))
    elif act == "gone" and 0 <= n < count:
        _close(changed, name, n, count)
    elif act in ("up", "down") and 0 <= n < count and 0 <= there < count:
        _swap(changed, name, n, there)
    return changed


def _close(data: QueryDict, name: str, n: int, count: int) -> None:
    """Take a row out, and let those after it move up."""
    for here in range(n, count - 1):
        _swap(data, name, here, here + 1)
    _taken(data, name, count - 1)
    data[f"{name}-count"] = str(max(count - 1, 1))


def _swap(data: QueryDict, name: str, one: int, other: int) -> None:
    """Let two rows change places."""
    first, second = _taken(data, name, one), _taken(data, name, other)
    for rest, values in first.items():
        data.setlist(f"{name}-{other}{rest}", values)
    for rest, values in second.items():
        data.setlist(f"{name}-{one}{rest}", values)


def _taken(data: QueryDict, name: str, n: int) -> dict[str, list[Any]]:
    """What was posted of a row, by the rest of its names; it is taken out."""
    begins = re.compile(rf"{re.escape(name)}-{n}(?=\D|$)")
    names = [one for one in data if begins.match(one)]
    found = {one[len(f"{name}-{n}") :]: data.getlist(one) for one in names}
    for one in names:
        del data[one]
    return found
