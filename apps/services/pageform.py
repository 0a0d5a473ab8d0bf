"""A page of a definition as a Django form with a crispy layout: the only place that turns one into the other."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout
from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from apps.services.definition import Definition, Page
from apps.services.fieldtypes import Field


def form_fields(page: Page, language: str) -> dict[str, forms.Field]:
    """The page's Django fields in a language, made once and kept with the page, which never changes."""
    kept: dict[str, dict[str, forms.Field]] = page.__dict__.setdefault("_form_fields", {})
    if language not in kept:
        kept[language] = _made_fields(page, language)
    return kept[language]


def _made_fields(page: Page, language: str) -> dict[str, forms.Field]:
    made = {}
    with override(language):
        for field in page.asked:
            made[field.key] = asked = field.ask(language)
            asked.label = field.label.said(language)
            limits = getattr(field, "limits", str)()
            asked.help_text = "\n\n".join(filter(None, (field.hint.said(language), limits)))
            asked.needed = field.required  # type: ignore[attr-defined]  # read by the layout; see PageForm.clean
    return made


def form_layout(page: Page) -> Layout:
    """The page's crispy layout, made once and kept with the page."""
    kept: Layout | None = page.__dict__.get("_layout")
    if kept is None:
        kept = page.__dict__["_layout"] = Layout(*(field.lay_out() for field in page.fields))
    return kept


class PageForm(forms.Form):
    """One page, bound to a customer's answers.

    `answers` are all answers stored so far; `today` is the day in Helsinki. Whether an answer must be given is decided in `clean`,
    where it is known which questions are asked at all. After `is_valid()`:

    - `kept` holds what can be stored: every answer of the page that is right by itself, whether or not the page is complete;
    - `uploads` holds the files that can be taken, by field.
    """

    use_required_attribute = False
    template_name = "pack/whole_uni_form.html"

    def __init__(
        self,
        definition: Definition,
        page: Page,
        *,
        answers: Mapping[str, Any],
        today: date,
        data: Any = None,
        files: Any = None,
    ) -> None:
        initial = {
            field.key: field.recall(answers[field.key]) for field in page.asked if answers.get(field.key) is not None
        }
        super().__init__(data, files, initial=initial, auto_id="id_%s")
        self.definition, self.page, self.answers, self.today = definition, page, answers, today
        self.fields = dict(form_fields(page, get_language() or "sv"))
        self.rules = {field.key: field.rule for field in page.fields if field.rule is not None}
        self.before = self._counting_before()
        self.hidden_now = self._hidden(answers)
        self.kept: dict[str, Any] = {}
        self.uploads: dict[str, list[UploadedFile]] = {}
        self.helper = FormHelper()
        self.helper.layout = form_layout(page)
        self.helper.form_tag = False
        self.helper.disable_csrf = True

    def kept_files(self) -> dict[str, list[dict[str, Any]]]:
        """The files stored already, by field."""
        return {field.key: self.answers.get(field.key) or [] for field in self.page.fields if field.carries_file}

    @property
    def only_unanswered(self) -> bool:
        """Whether nothing is wrong but that something is not answered yet."""
        return all(error.code == "missing" for errors in self.errors.as_data().values() for error in errors)

    @property
    def summary(self) -> list[tuple[str, str, str]]:
        """Each error with the id of its control and its label, in the order of the page."""
        places = {obj.name: obj for obj in self.helper.layout.fields}
        return [
            (places[name].first_control(self[name]), str(self[name].label), str(error))
            for name in self.fields
            for error in self.errors.get(name, [])
        ]

    def clean(self) -> dict[str, Any]:
        """Decide question by question: is it asked, is it answered, does it fit the earlier answers?"""
        counting = dict(self.before)
        were_hidden, self.hidden_now = self.hidden_now, set()
        for field in self.page.fields:
            asked = field.show_when.holds(counting, self.today)
            if not asked:
                self.hidden_now.add(field.key)
            if not field.asks:
                continue
            self._look_at(field)
            if not asked:
                self.errors.pop(field.key, None)
            elif field.key not in self.errors:
                self._judge(field, counting, brought_up=field.key in were_hidden)
        return self.cleaned_data

    def _look_at(self, field: Field) -> None:
        """Put what the answer is into `kept`, or into `uploads`."""
        if field.carries_file:
            already = len(self.answers.get(field.key) or [])
            taken, refused = field.sort(self.cleaned_data.get(field.key) or [], already)  # type: ignore[attr-defined]
            self.uploads[field.key] = taken
            for reason in refused:
                self.add_error(field.key, forms.ValidationError(reason, code="refused"))
        elif field.key in self.cleaned_data:
            self.kept[field.key] = field.keep(self.cleaned_data[field.key])

    def _judge(self, field: Field, counting: dict[str, Any], *, brought_up: bool) -> None:
        """Refuse what is missing or does not fit; else let the answer count for the questions after it."""
        stored = self.answers.get(field.key) if field.carries_file else self.kept.get(field.key)
        if not field.answered(stored) and not self.uploads.get(field.key):
            if field.required:
                said = (
                    _("Your answers bring up this question.") + " " + field.missing() if brought_up else field.missing()
                )
                self.add_error(field.key, forms.ValidationError(said, code="missing"))
            return
        if objection := field.objection(stored, counting, self.today):
            self.add_error(field.key, forms.ValidationError(objection, code="objection"))
            return
        counting[field.key] = stored

    def add_error(self, field: str | None, error: Any) -> None:
        """As Django does, but an answer in `kept` that is refused is not kept."""
        super().add_error(field, error)
        if field:
            self.kept.pop(field, None)

    def _counting_before(self) -> dict[str, Any]:
        """The answers of earlier pages that count."""
        counting: dict[str, Any] = {}
        for page, _fields, counted in self.definition.asked(self.answers, self.today):
            if page.key == self.page.key:
                break
            counting = dict(counted)
        return {key: value for key, value in counting.items() if key not in self.fields}

    def _hidden(self, answers: Mapping[str, Any]) -> set[str]:
        """The fields of this page that are not asked, given stored answers."""
        counting = dict(self.before)
        hidden = set()
        for field in self.page.fields:
            if not field.show_when.holds(counting, self.today):
                hidden.add(field.key)
            elif field.asks and field.answered(answers.get(field.key)):
                counting[field.key] = answers[field.key]
        return hidden
