"""What a request for a supplement needs: the questions to answer again, what is missing in each, and the last day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from crispy_forms.layout import LayoutObject
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from apps.cases.duedates import working_day_from
from apps.cases.steplayout import QuestionsByPage
from apps.cases.stepneeds import NOTHING, Asking, Need, needed
from apps.services.fieldtypes.counted import DateField
from apps.services.fieldtypes.written import LongTextField
from apps.services.texts import date_words

TIME_TO_SUPPLEMENT = timedelta(days=14)
LONGEST_ABOUT_ONE = 1_000


class DueField(DateField):
    """The last day for something: today or later, moved to the next working day when offices are closed. `moved` is what was written."""

    def __init__(self, today: date) -> None:
        super().__init__()
        self.today = today
        self.moved: date | None = None

    def clean(self, value: Any) -> date | None:
        """The day."""
        day = super().clean(value)
        if day is None:
            raise forms.ValidationError(_("Write the last day."), code="required")
        if day < self.today:
            raise forms.ValidationError(_("The day has passed. Write today or a later day."))
        last = working_day_from(day)
        self.moved = day if last != day else None
        return last


class DueNeed(Need):
    """The last day to answer."""

    def fields(self, asking: Asking) -> dict[str, forms.Field]:
        """A day, in two weeks unless another is written."""
        asked = DueField(asking.today)
        asked.label = _("Last day to answer")
        asked.help_text = _(
            "The customer has time to the end of this day. A Saturday, a Sunday, a holiday or the eve of Midsummer or Christmas"
            " is moved to the next working day."
        )
        asked.initial = date_words(working_day_from(asking.today + TIME_TO_SUPPLEMENT))
        return {self.name: needed(asked, _("Write the last day."))}

    def fact(self, form: Any) -> Any:
        """The day; when it was moved, the form says so."""
        due, moved = form.cleaned_data.get(self.name, NOTHING), form.fields[self.name].moved
        if moved is not None and due is not NOTHING:
            said = _("Offices are closed on %(written)s, so the last day to answer is %(due)s.")
            form.notes.append(said % {"written": date_words(moved), "due": date_words(due)})
        return due


class FieldsNeed(Need):
    """The questions to answer again, and of each, what is missing there."""

    def fields(self, asking: Asking) -> dict[str, forms.Field]:
        """A tick for each question, page by page, and a place to write for each."""
        pages = [page for page in asking.case.application.version.definition.pages if page.asked]
        choice = forms.MultipleChoiceField(
            label=_("Questions to answer again"),
            help_text=_("The customer can always write an answer and add attachments, whether or not you choose any."),
            choices=[(page.title.said(), [(one.key, one.label.said()) for one in page.asked]) for page in pages],
            widget=forms.CheckboxSelectMultiple,
            required=False,
        )
        return {self.name: choice, **{about(one.key): self._about() for page in pages for one in page.asked}}

    @staticmethod
    def _about() -> forms.Field:
        asked = LongTextField(max_length=LONGEST_ABOUT_ONE)
        asked.label = _("What is missing here")
        return asked

    def lay_out(self, fields: dict[str, forms.Field]) -> list[LayoutObject]:
        """The ticks and what belongs to each."""
        return [QuestionsByPage(self.name, about)]


class TextsNeed(Need):
    """What is missing in each question: asked for beside its tick."""

    def fields(self, asking: Asking) -> dict[str, forms.Field]:
        """None of its own."""
        return {}

    def fact(self, form: Any) -> Any:
        """The texts by question. One that was written for a question without its tick is no text of the request, and is said to be."""
        chosen = set(form.cleaned_data.get("fields", ()))
        said, wrong = {}, {}
        for title, asked in form.fields["fields"].choices:
            for key, label in asked:
                text = form.cleaned_data.get(about(key), "").strip()
                if text and key not in chosen and "fields" in form.cleaned_data:
                    said_so = _(
                        "Tick the question “%(question)s” (%(page)s), or take away what you have written for it."
                    )
                    wrong[about(key)] = said_so % {"question": label, "page": title}
                elif text:
                    said[key] = text
        if wrong:
            raise ValidationError(wrong)
        return said or NOTHING


def about(key: str) -> str:
    """The name of the place where one writes what is missing in a question."""
    return f"about-{key}"
