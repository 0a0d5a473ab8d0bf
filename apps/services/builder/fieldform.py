"""The small form of one question, made of what its kind says of its settings."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterable, Iterator
from datetime import date
from functools import cached_property
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout, LayoutObject
from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from apps.services.builder.controlregister import control_of, is_elsewhere
from apps.services.builder.controls import Control, asked, default_of, line
from apps.services.builder.settingwords import words_of
from apps.services.builder.severalform import SeveralForm
from apps.services.builder.situation import Situation
from apps.services.conditions import ALWAYS, NEVER
from apps.services.definition import RESERVED
from apps.services.editing import Element, name_of, unused
from apps.services.fieldtypes import REGISTER
from apps.services.fieldtypes.base import read_field
from apps.services.fieldtypes.composed import read_rows
from apps.services.fieldtypes.questions import Questions, QuestionsForm
from apps.services.layout import Line, Tick, question_for
from apps.services.reading import KEY, Json, Problem, Reader

FIRST = ("label", "text")
LAST = ("hint", "required", "prefill", "common", "secret", "errors")
KEY_NAME, DEFAULT = "key", "default"
# Settings that mean nothing where nothing is asked; they are shown only where something is said of them.
ABOUT_AN_ANSWER = ("required", "required_when", "errors", "default", "prefill")


class FieldForm(forms.Form):
    """The settings of one question. After `is_valid()`, `element` is the question as it would stand in the document.

    `base` is the element as it is, or its kind alone for one that is `new`; `taken` are the keys it may not have.
    """

    use_required_attribute = False

    def __init__(
        self,
        base: Element,
        situation: Situation,
        *,
        taken: Iterable[str],
        today: date,
        data: Any = None,
        new: bool = False,
    ) -> None:
        self.base, self.situation, self.new, self.today = base, situation, new, today
        self.cls = REGISTER[base["kind"]]
        self.taken = set(taken)
        super().__init__(data, auto_id="id_%s")
        self.controls = [made for name in self._names() if (made := self._control(name)) is not None]
        for control in self.controls:
            self.fields.update(control.built(data))
        self._add_key_and_default()
        self.inner = self._rows(data)
        self.element: Element = copy.deepcopy(base)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True
        self.helper.layout = Layout(*self._places(more=False))

    # --- what stands in it -------------------------------------------------------------------------------------------

    def _names(self) -> list[str]:
        """The settings in the order of the form: what is asked, what the kind has of its own, and what every question can have."""
        names = list(self.cls.settings())
        return [name for name in FIRST if name in names] + sorted(
            (name for name in names if name not in FIRST), key=lambda name: LAST.index(name) if name in LAST else -1
        )

    def _control(self, name: str) -> Control | None:
        read = self.cls.settings()[name].metadata["read"]
        made = control_of(read)
        if made is None or is_elsewhere(read):
            return None
        if name not in self.base and name in self._meaningless():
            return None
        return made(name, self.cls, self.situation, self.base.get(name))

    def _meaningless(self) -> tuple[str, ...]:
        """The settings that mean nothing for the kind."""
        if not self.cls.asks:
            return ABOUT_AN_ANSWER
        return ("prefill",) if self.cls.carries_file or self.cls.has_rows else ()

    def _add_key_and_default(self) -> None:
        if not self.new:
            hint = _(
                "Receivers know the answer by this key, and drafts keep it under it. Change it only while nobody uses it yet."
            )
            self.fields[KEY_NAME] = line(_("Key"), self.base.get("key", ""), hint, 60)
        if self.asks_default:
            begun = self.base.get(DEFAULT) is not None
            on = forms.BooleanField(label=words_of(DEFAULT).label, initial=begun, required=False)
            self.fields[DEFAULT] = asked(on)

    @property
    def asks_default(self) -> bool:
        """Whether what stands there from the beginning is asked: where the kind answers with one control, and is fit to be shown."""
        return bool(not self.new and self.cls.asks and not self.cls.carries_file and self._default_form is not None)

    @cached_property
    def _default_form(self) -> QuestionsForm | None:
        return self._form_of_default(self.base, None)

    def _form_of_default(self, element: Element, data: Any) -> QuestionsForm | None:
        """The kind's own control, with the answer that stands there from the beginning."""
        said = {name: value for name, value in element.items() if name != DEFAULT}
        reader = Reader()
        field = read_field(reader, "", said)
        if reader.problems or field.ask("sv") is None:
            return None
        probe = dataclasses.replace(
            field, key="answer", required=False, show_when=ALWAYS, required_when=NEVER, rule=None, errors=None
        )
        kept = self.base.get(DEFAULT)
        stored = {"answer": kept} if kept is not None and probe.accept(kept) == kept else {}
        return QuestionsForm(Questions((probe,)), stored=stored, before={}, today=self.today, data=data, prefix=DEFAULT)

    def _rows(self, data: Any) -> SeveralForm | None:
        """For a new group, the first questions of its rows: it cannot be without any."""
        has_rows = any(f.metadata["read"] is read_rows for f in self.cls.settings().values())
        if not (self.new and has_rows):
            return None
        return SeveralForm(self.situation, data, prefix="fields", in_a_row=True, ready=3)

    # --- how it stands on the page -------------------------------------------------------------------------------------

    def _places(self, *, more: bool) -> Iterator[LayoutObject]:
        for control in self.controls:
            if control.words.more is more:
                yield from control.places()

    def more(self) -> SafeString:
        """What stands under “More settings”."""
        places = [place.render(self) for place in self._places(more=True)]
        if DEFAULT in self.fields:
            places += [Tick(DEFAULT).render(self), self._shown_default.render()]
        if not self.new:
            places.append(Line(KEY_NAME, spellcheck="false", autocomplete="off").render(self))
        return mark_safe("".join(places))  # noqa: S308 (each is safe)

    @cached_property
    def _shown_default(self) -> QuestionsForm:
        shown = self._default_form
        if self.is_bound:
            shown = self._form_of_default(self.element, self.data) or shown
        assert shown is not None  # noqa: S101 (else there is no such form field)
        if self.is_bound:
            shown.forgive()
        return shown

    def open_more(self) -> bool:
        """Whether something is wrong under “More settings”."""
        names = {name for control in self.controls if control.words.more for name in control.names}
        return not {KEY_NAME, DEFAULT, *names}.isdisjoint(self.errors)

    def forgive(self) -> None:
        """Show what was typed without calling any of it wrong."""
        self._errors = forms.utils.ErrorDict()
        if self.inner:
            self.inner.forgive()

    @property
    def summary(self) -> list[tuple[str, str, str]]:
        """Each error with the id of its control and what that is called."""
        found = [
            (question_for(name, self.fields[name]).first_control(self), self.called(name), str(error))
            for name, errors in self.errors.items()
            if name in self.fields
            for error in errors
        ]
        return [*found, *(self.inner.summary if self.inner else [])]

    def called(self, name: str) -> str:
        """What a form field is called in the list of mistakes."""
        owner = next((one for one in self.controls if name in one.names or name.startswith(f"{one.name}-")), None)
        return owner.called(name) if owner else str(self.fields[name].label)

    # --- what was typed ------------------------------------------------------------------------------------------------

    @cached_property
    def changed_names(self) -> set[str]:
        """The form fields in which something else was typed than what stood there."""
        return set(self.changed_data)

    def clean(self) -> dict[str, Any]:
        """Make the element, and see whether it can be read."""
        for control in self.controls:
            if not control.names & set(self.errors):
                self._put(control)
        self._put_key()
        if self.inner is not None and self.inner.is_valid():
            self.element["fields"] = self.inner.elements({})
            if not self.element["fields"]:
                self.inner.say_empty(_("Write at least one question."))
        if self.inner is not None and not self.inner.is_valid():
            self.add_error(None, _("Look at the questions of the rows below."))
        if not self.errors:
            self._put_default()
            self._read()
        return self.cleaned_data

    def _put(self, control: Control) -> None:
        """Give a setting its new value, when it was touched; one that is as if nothing were said is left out."""
        must = control.needed and control.name not in self.base
        if not (must or control.unfit or control.touched(self)):
            return
        try:
            value = control.said(self.cleaned_data)
        except forms.ValidationError as wrong:
            self._refuse(control, wrong)
            return
        if value is None or (value == default_of(control.setting) and not control.needed):
            self.element.pop(control.name, None)
        else:
            self.element[control.name] = value

    def _refuse(self, control: Control, wrong: forms.ValidationError) -> None:
        if hasattr(wrong, "error_dict"):
            self.add_error(None, wrong)
        else:
            self.add_error(control.place_of(control.name), wrong)

    def _put_key(self) -> None:
        if self.new:
            self.element["key"] = unused(name_of(self.element, otherwise=self.cls.kind), self.taken, "question")
            return
        key = self.cleaned_data.get(KEY_NAME, "")
        if key == self.base.get("key"):
            return
        if not KEY.fullmatch(key) or key.startswith(RESERVED):
            said = _(
                "A key has lower-case letters a–z, digits and underscores, and begins with a letter. Not with “supplement”."
            )
            self.add_error(KEY_NAME, said)
        elif key in self.taken:
            self.add_error(KEY_NAME, _("Another question has this key."))
        self.element["key"] = key

    def _put_default(self) -> None:
        if DEFAULT not in self.fields:
            return
        if not self.cleaned_data.get(DEFAULT):
            if self.base.get(DEFAULT) is not None:
                self.element.pop(DEFAULT, None)
            return
        typed = self._form_of_default(self.element, self.data)
        valid = typed is not None and typed.is_valid()
        kept = typed.kept.get("answer") if typed is not None else None
        if not valid or kept is None:
            wrong = [str(error) for error in typed.errors.get("answer", ())] if typed is not None else []
            said = _("Write the answer that stands there from the beginning, or take the tick away.")
            self.add_error(DEFAULT, " ".join(wrong) or said)
        elif kept != self.base.get(DEFAULT):
            self.element[DEFAULT] = kept

    def _read(self) -> None:
        reader = Reader()
        read_field(reader, "", self.element)
        self.say(reader.problems)

    def say(self, problems: Iterable[Problem]) -> None:
        """Tell problems of the element (their paths within it) at the controls of what they are about."""
        for problem in problems:
            name = self.place_of(problem.path)
            said = problem.reason[:1].upper() + problem.reason[1:]
            self.errors.setdefault(name, self.error_class(renderer=self.renderer)).data.append(
                forms.ValidationError(said)
            )

    def place_of(self, path: str) -> str:
        """The form field for a problem; '' where nothing here is about it."""
        first = path.partition(".")[0].partition("[")[0]
        control = next((one for one in self.controls if one.name == first), None)
        if control is not None:
            name = control.place_of(path)
            return name if name in self.fields else next(iter(control.names))
        return first if first in self.fields else NON_FIELD_ERRORS

    # --- beside what stands there now -----------------------------------------------------------------------------------

    def differences(self, theirs: Element) -> list[tuple[str, str]]:
        """What another's element says where it differs from this one, in words: what it is about, and what stands there."""
        names = dict.fromkeys([*self.element, *theirs])
        return [
            (str(words_of(name, self.cls.group).label or name), in_words(theirs.get(name)))
            for name in names
            if self.element.get(name) != theirs.get(name)
        ]


def in_words(value: Json) -> str:
    """A setting's value for a person, one thing a line."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list):
        return "\n".join(in_words(one) for one in value)
    if isinstance(value, dict):
        if isinstance(value.get("label"), dict):
            return in_words(value["label"])
        return "; ".join(f"{name}: {in_words(one)}" for name, one in value.items())
    return str(value)
