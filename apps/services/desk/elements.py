"""Forms for what a definition says of the service itself: made of a list of asked elements, they give the elements of the document."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout, LayoutObject
from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.people.municipalities import all_municipalities
from apps.services.layout import InLanguages, question_for
from apps.services.reading import LONGEST_TEXT, Json
from apps.services.texts import language_name

Elements = dict[str, Json]


@dataclass(frozen=True)
class TextAsked:
    """A text of the service asked for in each of its languages."""

    name: str
    label: Any
    hint: Any = ""
    rows: int = 1
    needed: bool = True


class ElementsForm(forms.Form):
    """Some elements of a service's document. After `is_valid()`, `elements()` are their new values, None for what is to be left out.

    Texts may be missing: they are asked for again by the task list and the gate, so that one can go on where one is.
    """

    use_required_attribute = False
    texts: Sequence[TextAsked] = ()

    def __init__(self, document: Mapping[str, Json], languages: Sequence[str], data: Any = None) -> None:
        self.document, self.languages = document, list(languages)
        super().__init__(data, initial=dict(self._recalled()), auto_id="id_%s")
        for asked in self.texts:
            for language in self.languages:
                self.fields[f"{asked.name}__{language}"] = self._text_field(asked, language)
        self.prepare()
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True
        self.helper.layout = Layout(*self.places())

    def prepare(self) -> None:
        """Fit the fields of the class to the document; nothing by default."""

    def places(self) -> Iterator[LayoutObject]:
        """The questions in order: the texts first, by default."""
        yield from (self.text_place(asked) for asked in self.texts)
        yield from (question_for(name, field) for name, field in self.fields.items() if "__" not in name)

    def text_place(self, asked: TextAsked) -> InLanguages:
        """Where one text is asked for."""
        return InLanguages(
            asked.name, self.languages, label=asked.label, hint=asked.hint, rows=asked.rows, needed=asked.needed
        )

    def _text_field(self, asked: TextAsked, language: str) -> forms.Field:
        widget = forms.Textarea() if asked.rows > 1 else forms.TextInput()
        field = forms.CharField(
            label=language_name(language).capitalize(), required=False, max_length=LONGEST_TEXT, widget=widget
        )
        field.needed = True  # type: ignore[attr-defined]  # the fieldset says whether it is optional
        return field

    def _recalled(self) -> Iterator[tuple[str, Any]]:
        for asked in self.texts:
            said = self.recall(asked.name)
            for language in self.languages:
                if isinstance(said, dict):
                    yield f"{asked.name}__{language}", said.get(language, "")
        yield from self.recall_others()

    def recall(self, name: str) -> Json:
        """What the document says of an element; a dot leads into one."""
        found: Json = self.document
        for part in name.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        return found

    def recalled_object(self, name: str) -> dict[str, Json]:
        """What the document says of an element that has elements of its own; nothing, when it is not such."""
        found = self.recall(name)
        return found if isinstance(found, dict) else {}

    def recall_others(self) -> Iterator[tuple[str, Any]]:
        """What stands in the other fields from the beginning."""
        yield from ()

    def said(self, name: str) -> dict[str, str] | None:
        """A text as it was typed, with the languages that are not asked for here as they were; None when there is nothing of it."""
        before = self.recall(name)
        kept = dict(before) if isinstance(before, dict) else {}
        for language in self.languages:
            kept[language] = self.cleaned_data.get(f"{name}__{language}", "").replace("\r\n", "\n").strip()
        return {language: text for language, text in kept.items() if text} or None

    def elements(self) -> Elements:
        """The new values; the texts by default."""
        return {asked.name: self.said(asked.name) for asked in self.texts}

    @property
    def summary(self) -> list[tuple[str, str, str]]:
        """Each error with the id of its control and its label."""
        return [
            (f"id_{name}", str(self.fields[name].label if name in self.fields else ""), str(error))
            for name, errors in self.errors.items()
            for error in errors
        ]


def with_others(typed: QueryDict, then: forms.Form, now: forms.Form) -> QueryDict:
    """What was sent, with what others have written meanwhile in the controls that were left as they stood.

    `then` is the form as it was when it was opened, `now` as it is now.
    """
    merged = typed.copy()
    for name in then.fields.keys() & now.fields.keys():
        if _as_sent(merged.getlist(name)) == _as_sent(then[name].value()):
            merged.setlist(name, _as_sent(now[name].value()))
    return merged


def _as_sent(value: Any) -> list[str]:
    """A control's value as a browser sends it, without what says nothing."""
    values = value if isinstance(value, list | tuple) else ["on" if value is True else value]
    said = (str(one).replace("\r\n", "\n").strip() for one in values if one not in (None, False))
    return [one for one in said if one]


class MunicipalitiesField(forms.CharField):
    """Municipalities written by name or code with commas between them; kept as a list of codes in the order of the codes."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, max_length=10_000, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """Codes as names."""
        if not isinstance(value, list):
            return value
        known = all_municipalities()
        return ", ".join(known[code].name("sv") if code in known else code for code in value)

    def clean(self, value: Any) -> list[str]:
        """The codes."""
        names: dict[str, str] = {}
        for code, one in all_municipalities().items():
            names |= {one.sv.casefold(): code, one.fi.casefold(): code, code: code}
        written = [part.strip() for part in re.split(r"[,;\n]", super().clean(value)) if part.strip()]
        unknown = [part for part in written if part.casefold() not in names]
        if unknown:
            said = ngettext(
                "There is no municipality called %(names)s.",
                "There are no municipalities called %(names)s.",
                len(unknown),
            )
            raise forms.ValidationError(said % {"names": ", ".join(unknown[:10])})
        return sorted({names[part.casefold()] for part in written})


def whole_number(
    label: Any, least: int, most: int, help_text: Any = "", *, required: bool = False
) -> forms.IntegerField:
    """A whole number between two limits, refused in words."""
    wrong = _("Write a whole number from %(least)d to %(most)d.") % {"least": least, "most": most}
    return forms.IntegerField(
        label=label,
        help_text=help_text,
        required=required,
        min_value=least,
        max_value=most,
        error_messages={"invalid": wrong, "min_value": wrong, "max_value": wrong, "required": wrong},
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
