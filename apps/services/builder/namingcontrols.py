"""Controls of the settings that name earlier questions: chosen by what the questions are called, never by their keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crispy_forms.layout import LayoutObject
from django import forms
from django.utils.translation import gettext as _

from apps.services.builder.controls import Control, Typed, asked
from apps.services.fieldtypes import Field
from apps.services.layout import Select
from apps.services.reading import Json
from apps.services.wording import question_name


class NamingControl(Control):
    """Earlier questions by their names. Subclasses say how many, and which."""

    least = 1

    def suits(self, field: Field) -> bool:
        """Whether a question can be named here: one of the same kind, by default."""
        return type(field) is self.cls

    def offered(self) -> list[tuple[str, str]]:
        """The questions that can be named, by their paths."""
        earlier = self.situation.earlier
        return [(key, field.label.said() or key) for key, field in earlier.items() if self.suits(field)]

    def named(self) -> list[str]:
        """Those named now."""
        given = self.shown if isinstance(self.shown, list) else [self.shown]
        return [one for one in given if isinstance(one, str) and one]

    def how_many(self, data: Any) -> int:
        """How many lists there are."""
        return self.least

    def _names(self, data: Any) -> list[str]:
        many = self.how_many(data)
        return [self.name] if many == 1 else [f"{self.name}-{n}" for n in range(many)]

    def fields(self, data: Any) -> dict[str, forms.Field]:
        """A list of the questions that can be named, for each."""
        offered, named = self.offered(), self.named()
        gone = [(one, one) for one in named if one not in dict(offered)]
        self.made: dict[str, forms.Field] = {}
        names = self._names(data)
        for n, name in enumerate(names):
            label = str(self.words.label) if len(names) == 1 else f"{self.words.label}: {n + 1}"
            choices = [("", "–"), *offered, *gone]
            made = forms.ChoiceField(
                label=label,
                help_text=self.words.hint if n == 0 else "",
                choices=choices,
                initial=named[n] if n < len(named) else "",
                required=False,
            )
            self.made[name] = asked(made)
        return self.made

    def places(self) -> Iterator[LayoutObject]:
        """The lists."""
        yield from (Select(name) for name in self.made)

    def place_of(self, path: str) -> str:
        """The first list, or the one whose question is wrong."""
        number = path.rpartition("[")[2].rstrip("]") if path.endswith("]") else ""
        wanted = f"{self.name}-{number}"
        return wanted if wanted in self.made else next(iter(self.made))

    def chosen(self, typed: Typed) -> list[str]:
        """The questions named."""
        return [typed[name] for name in self.made if typed.get(name)]


class EarlierControl(NamingControl):
    """One earlier question of the same kind."""

    def said(self, typed: Typed) -> Json:
        """Its key."""
        return next(iter(self.chosen(typed)), None)


class TwoDaysControl(NamingControl):
    """Two earlier days: the first and the last."""

    least = 2

    def suits(self, field: Field) -> bool:
        """A day without a time of day."""
        return field.kind == "date"

    def said(self, typed: Typed) -> Json:
        """Their keys, both or none."""
        chosen = self.chosen(typed)
        if len(chosen) == 1:
            raise forms.ValidationError(_("Choose both days, or neither."))
        return chosen or None


class SourcesControl(NamingControl):
    """The earlier answers that a value is worked out from."""

    MORE = 2

    def offered(self) -> list[tuple[str, str]]:
        """Numbers, days, and groups that repeat; also those within other questions."""
        earlier = self.situation.earlier
        return [(path, question_name(path, earlier, "")) for path in _reckonable(earlier)]

    def how_many(self, data: Any) -> int:
        """Two more than are named."""
        return max(len(self.named()) + self.MORE, 2)

    def said(self, typed: Typed) -> Json:
        """Their paths, in order."""
        chosen = self.chosen(typed)
        if not chosen:
            raise forms.ValidationError(_("Choose at least one answer that the value is worked out from."))
        return chosen


def _reckonable(earlier: Mapping[str, Field]) -> Iterator[str]:
    for key, field in earlier.items():
        if field.reckoned or field.has_rows:
            yield key
        yield from (f"{key}.{part.key}" for part in field.parts() if part.reckoned)
