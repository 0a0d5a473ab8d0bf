"""Controls of what can be chosen, and of the values that follow from answers: a row for each, in the languages of the service."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from crispy_forms.layout import LayoutObject
from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.services.builder.controls import Control, Typed, line, merged, texts_of
from apps.services.builder.rows import OptionRows
from apps.services.conditions import read_condition
from apps.services.editing import unused
from apps.services.reading import Json, Reader
from apps.services.wording import in_words


class OptionsControl(Control):
    """What can be chosen. An option's value is made of its text once, and stays when the text is changed."""

    def tag(self, one: Json) -> str:
        """What tells one row from the others."""
        value = one.get("value") if isinstance(one, dict) else None
        return value if isinstance(value, str) else ""

    def rows(self) -> list[dict[str, Any]]:
        """Those there are."""
        return [one for one in self.shown or [] if isinstance(one, dict)]

    def fields(self, data: Any) -> dict[str, forms.Field]:
        """For each option its text in each language, and some empty ones."""
        self.table = OptionRows(
            self.name,
            self.situation.languages,
            label=self.words.label,
            hint=self.words.hint,
            rows=[(self.tag(one), texts_of(one.get("label")), self.note(n, one)) for n, one in enumerate(self.rows())],
            data=data,
        )
        return self.table.form_fields(line)

    def touched(self, form: forms.Form) -> bool:
        """Also when the rows come in another order."""
        typed = {name for name in form.changed_names if name.startswith(f"{self.name}-")}  # type: ignore[attr-defined]
        return bool(typed) or self.table.moved

    def note(self, n: int, one: dict[str, Any]) -> tuple[str, str, str]:
        """What is said beside a row, and a link with its address."""
        return "", "", ""

    def places(self) -> Iterator[LayoutObject]:
        """A line for each."""
        yield self.table

    def said(self, typed: Typed) -> Json:
        """The options that have a text."""
        before = {self.tag(one): one for one in self.rows()}
        taken = {tag for tag in before if tag}
        found: list[Json] = []
        for tag, stem in self.table.written(typed):
            made = self.one(before.pop(tag, None) if tag else None, stem, typed, taken)
            if made is not None:
                found.append(made)
        found += self._many(typed, taken)
        if not found:
            raise forms.ValidationError({f"{self.name}-0__{self.situation.languages[0]}": self.none_words()})
        return found

    def none_words(self) -> str:
        """What to say when there is none."""
        return _("Write at least one option.")

    def one(self, old: Json, stem: str, typed: Typed, taken: set[str]) -> Json:
        """One option as it was typed; None when it has no text."""
        label = merged(texts_of(old.get("label")) if old else {}, stem, typed, self.situation)
        if not label:
            return None
        if old:
            return {**old, "label": label}
        value = unused(next(iter(label.values())), taken, "option")
        taken.add(value)
        return {"value": value, "label": label}

    def _many(self, typed: Typed, taken: set[str]) -> Iterator[Json]:
        """Those written one a line."""
        lines = {code: (typed.get(f"{self.name}-many__{code}") or "") for code in self.situation.languages}
        yield from options_of_lines(lines, taken)

    def place_of(self, path: str) -> str:
        """The row's first text."""
        number = path.partition("[")[2].partition("]")[0]
        code = path.rpartition(".")[2]
        code = code if code in self.situation.languages else self.situation.languages[0]
        name = f"{self.name}-{number}__{code}"
        return name if number.isdecimal() and int(number) < self.table.count else f"{self.name}-0__{code}"

    def called(self, name: str) -> str:
        """With its number."""
        number = name.removeprefix(f"{self.name}-").partition("__")[0]
        return f"{self.words.label} {int(number) + 1}" if number.isdecimal() else str(self.words.label)


def options_of_lines(lines: Mapping[str, str], taken: set[str]) -> Iterator[dict[str, Any]]:
    """Options written one a line, in an area for each language: the lines belong together by their order."""
    split = {code: [one.strip() for one in text.splitlines() if one.strip()] for code, text in lines.items()}
    for n in range(max(map(len, split.values()), default=0)):
        label = {code: texts[n] for code, texts in split.items() if n < len(texts)}
        value = unused(next(iter(label.values())), taken, "option")
        taken.add(value)
        yield {"value": value, "label": label}


class ValuesControl(OptionsControl):
    """What a value that follows from the answers can be. Each one's condition is built on a page of its own."""

    def tag(self, one: Json) -> str:
        """The value, whatever it is."""
        return json.dumps(one.get("value"), sort_keys=True) if isinstance(one, dict) else ""

    def note(self, n: int, one: dict[str, Any]) -> tuple[str, str, str]:
        """The value itself, and the way to its condition."""
        value = one.get("value")
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        words = _("Change the condition") if "when" in one else _("Say when it is this one")
        return shown + self._when(one), self.situation.condition(f"value-{n}"), words

    def _when(self, one: dict[str, Any]) -> str:
        """When it is that value, in words; '' when nothing is said of it or nobody can read it."""
        reader = Reader()
        when = read_condition(reader, "", one["when"]) if "when" in one else None
        if when is None or reader.problems:
            return ""
        return f": {in_words(when, self.situation.earlier, get_language() or 'sv')}."

    def none_words(self) -> str:
        """What to say when there is none."""
        return _("Write at least one value.")

    def one(self, old: Json, stem: str, typed: Typed, taken: set[str]) -> Json:
        """One value as it was typed. One that there is already may have no text: its value is shown then."""
        if old is None:
            return super().one(None, stem, typed, taken)
        label = merged(texts_of(old.get("label")), stem, typed, self.situation)
        kept = {**old, "label": label}
        return kept if label else {name: item for name, item in kept.items() if name != "label"}
