"""Kinds answered by choosing: yes or no, one of several, several of many, a declaration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from crispy_forms.layout import LayoutObject
from django import forms
from django.utils.translation import get_language, gettext_lazy, override
from django.utils.translation import gettext as _

from apps.services.fieldtypes.base import Field, in_three, setting
from apps.services.layout import Options, Search, Select, Tick
from apps.services.reading import Json, Reader, defined, list_of, reads, shape, within, word
from apps.services.texts import Texts


@dataclass(frozen=True)
class Option:
    """Something that can be chosen: the value that is stored, and its text."""

    value: str
    label: Texts


@reads(list_of(shape({"value": defined("key"), "label": defined("texts")}, ("value", "label")), least=1, most=1_000))
def read_options(reader: Reader, path: str, value: Json) -> tuple[Option, ...]:
    """Options from their document form; two with one value are refused."""
    found: dict[str, Option] = {}
    for where, item in reader.items(path, value, least=1, most=1_000):
        got = reader.mapping(where, item, {"value": True, "label": True})
        key = reader.key(within(where, "value"), got.get("value")) if "value" in got else ""
        if key in found and key:
            reader.wrong(within(where, "value"), _("another option has this value."))
        found[key] = Option(key, reader.texts(within(where, "label"), got["label"]) if "label" in got else Texts({}))
    return tuple(found.values())


@dataclass(frozen=True, kw_only=True)
class _FromOptions(Field):
    """What choosing one and choosing several have in common."""

    options: tuple[Option, ...] = setting(read_options)

    def choices(self, language: str) -> list[tuple[str, str]]:
        """The options in a language."""
        return [(option.value, option.label.said(language)) for option in self.options]

    def labels(self, language: str) -> dict[str, str]:
        """Each option's text by its value."""
        return dict(self.choices(language))

    def possible(self) -> frozenset[str]:
        """The options' values."""
        return frozenset(option.value for option in self.options)

    def all_texts(self) -> dict[str, Texts]:
        """With the options' texts."""
        return super().all_texts() | {f"options[{n}].label": option.label for n, option in enumerate(self.options)}


@dataclass(frozen=True, kw_only=True)
class Choice(_FromOptions):
    """One of several: radio buttons, or a list when there are many."""

    kind: ClassVar[str] = "choice"
    kind_label: ClassVar[Any] = gettext_lazy("One of several")
    group: ClassVar[str] = "choice"
    asks_for: ClassVar[Any] = gettext_lazy("The customer chooses one of the options that you write.")
    example: ClassVar[Mapping[str, Json]] = {
        "label": in_three("Var ordnas evenemanget?", "Missä tapahtuma järjestetään?", "Where is the event held?"),
        "options": [
            {"value": "indoors", "label": in_three("Inomhus", "Sisällä", "Indoors")},
            {"value": "outdoors", "label": in_three("Utomhus", "Ulkona", "Outdoors")},
        ],
    }
    display: str = setting(word("radio", "list", "search"), "radio")

    def ask(self, language: str) -> forms.Field:
        """One of the options."""
        if self.display == "search":
            return SearchField(self.choices(language))
        empty = [("", "")] if self.display == "list" else []
        invalid = _("Choose one of the options.")
        return forms.ChoiceField(
            required=False, choices=empty + self.choices(language), error_messages={"invalid_choice": invalid}
        )

    def lay_out(self) -> LayoutObject:
        """Radio buttons, a list, or a line that finds in a long list."""
        if self.display == "search":
            return Search(self.key)
        return Select(self.key) if self.display == "list" else Options(self.key, type="radio")

    def recall(self, kept: Json) -> Any:
        """The chosen value, or the text of it where one writes to find it."""
        return self.labels(get_language() or "sv").get(kept, "") if self.display == "search" else kept

    def show(self, kept: Json, language: str) -> str:
        """The option's text."""
        return self.labels(language).get(kept, "")

    def sample(self, today: date) -> Json:
        """The first option."""
        return self.options[0].value

    def missing(self) -> str:
        """What to say when nothing is chosen."""
        return _("Choose one of the options.")


@dataclass(frozen=True, kw_only=True)
class Choices(_FromOptions):
    """Several of many: checkboxes."""

    kind: ClassVar[str] = "choices"
    kind_label: ClassVar[Any] = gettext_lazy("Several of many")
    group: ClassVar[str] = "choice"
    asks_for: ClassVar[Any] = gettext_lazy("The customer chooses as many of the options as apply.")
    example: ClassVar[Mapping[str, Json]] = {
        "label": in_three("Vad serveras?", "Mitä tarjoillaan?", "What is served?"),
        "options": [
            {"value": "food", "label": in_three("Mat", "Ruokaa", "Food")},
            {"value": "drinks", "label": in_three("Drycker", "Juomia", "Drinks")},
        ],
    }

    def ask(self, language: str) -> forms.Field:
        """Some of the options."""
        invalid = _("Choose among the options.")
        messages = {"invalid_choice": invalid, "invalid_list": invalid}
        return forms.MultipleChoiceField(
            required=False, choices=self.choices(language), widget=forms.CheckboxSelectMultiple, error_messages=messages
        )

    def lay_out(self) -> LayoutObject:
        """Checkboxes."""
        return Options(self.key, type="checkbox")

    def accept(self, kept: Json) -> Json:
        """The chosen values that are still options."""
        return self.keep([value for value in kept if isinstance(value, str)]) if isinstance(kept, list) else None

    def value_words(self, value: Json, language: str) -> str:
        """The option's text."""
        return self.labels(language).get(value, str(value))

    def keep(self, value: Any) -> Json:
        """The chosen values in the options' own order, each once."""
        return [option.value for option in self.options if option.value in (value or ())] or None

    def recall(self, kept: Json) -> Any:
        """The chosen values."""
        return kept or []

    def show(self, kept: Json, language: str) -> str:
        """The options' texts, one a line."""
        return "\n".join(self.labels(language).get(value, "") for value in kept or [])

    def sample(self, today: date) -> Json:
        """The first option."""
        return [self.options[0].value]

    def missing(self) -> str:
        """What to say when nothing is chosen."""
        return _("Choose at least one of the options.")


def yes_or_no(language: str) -> list[tuple[str, str]]:
    """The two options of a yes/no question."""
    with override(language):
        return [("yes", _("Yes")), ("no", _("No"))]


@dataclass(frozen=True, kw_only=True)
class YesNo(Field):
    """Yes or no; stored as true or false, so that "no" is an answer too."""

    kind: ClassVar[str] = "yes_no"
    kind_label: ClassVar[Any] = gettext_lazy("Yes or no")
    group: ClassVar[str] = "choice"
    asks_for: ClassVar[Any] = gettext_lazy(
        "A question that is answered with yes or no. Good for deciding what is asked next."
    )
    example: ClassVar[Mapping[str, Json]] = {
        "label": in_three("Serveras alkohol?", "Anniskellaanko alkoholia?", "Is alcohol served?")
    }

    def ask(self, language: str) -> forms.Field:
        """Yes or no."""
        invalid = _("Choose yes or no.")
        return forms.ChoiceField(
            required=False, choices=yes_or_no(language), error_messages={"invalid_choice": invalid}
        )

    def lay_out(self) -> LayoutObject:
        """Two radio buttons."""
        return Options(self.key, type="radio")

    def keep(self, value: Any) -> Json:
        """true, false, or None when not answered."""
        return {"yes": True, "no": False}.get(value)

    def recall(self, kept: Json) -> Any:
        """Which button is on."""
        return {True: "yes", False: "no"}.get(kept)

    def show(self, kept: Json, language: str) -> str:
        """The word."""
        return "" if kept is None else dict(yes_or_no(language))["yes" if kept else "no"]

    def sample(self, today: date) -> Json:
        """Yes."""
        return True

    def missing(self) -> str:
        """What to say when nothing is chosen."""
        return _("Choose yes or no.")


@dataclass(frozen=True, kw_only=True)
class Consent(Field):
    """A declaration or consent: a box to tick."""

    kind: ClassVar[str] = "consent"
    kind_label: ClassVar[Any] = gettext_lazy("Declaration or consent")
    group: ClassVar[str] = "choice"
    asks_for: ClassVar[Any] = gettext_lazy("A box to tick: a declaration, or a consent.")
    example: ClassVar[Mapping[str, Json]] = {
        "label": in_three(
            "Jag försäkrar att uppgifterna är riktiga.",
            "Vakuutan tiedot oikeiksi.",
            "I declare that the details are right.",
        )
    }

    def ask(self, language: str) -> forms.Field:
        """A box."""
        return forms.BooleanField(required=False)

    def lay_out(self) -> LayoutObject:
        """A box with its label."""
        return Tick(self.key)

    def keep(self, value: Any) -> Json:
        """true, or None."""
        return True if value else None

    def show(self, kept: Json, language: str) -> str:
        """Yes, when ticked."""
        return dict(yes_or_no(language))["yes"] if kept else ""

    def sample(self, today: date) -> Json:
        """Ticked."""
        return True

    def missing(self) -> str:
        """What to say when it is not ticked."""
        return _("Tick the box to go on.")


class SearchField(forms.CharField):
    """One of many options, written or found by its text; the value itself is taken too."""

    def __init__(self, choices: list[tuple[str, str]]) -> None:
        super().__init__(required=False, max_length=500)
        self.choices = choices
        self.values = {label.casefold(): value for value, label in choices} | {
            value.casefold(): value for value, _label in choices
        }

    def clean(self, value: Any) -> str:
        """The option's value."""
        text = super().clean(value)
        if text and text.casefold() not in self.values:
            raise forms.ValidationError(_("Choose one from the list: begin to write, and choose among what it finds."))
        return self.values[text.casefold()] if text else ""
