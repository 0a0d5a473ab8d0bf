"""The form of a step: it asks an official for exactly what the rule book says that the step needs."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from itertools import count
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout, LayoutObject
from django import forms
from django.forms.boundfield import BoundField
from django.utils.html import format_html, format_html_join
from django.utils.translation import get_language_info, gettext_lazy
from django.utils.translation import gettext as _

from apps.cases.documents import EnclosedField
from apps.cases.models import Case
from apps.cases.rulebook import OUTCOMES, Party, Step
from apps.services.fieldtypes.counted import DateField
from apps.services.fieldtypes.written import LineField, LongTextField
from apps.services.layout import Options, attributes, question_for
from apps.services.texts import date_words

TIME_TO_SUPPLEMENT = timedelta(days=14)

# What taking the step means, said before it is taken.
MEANINGS: dict[str, Any] = {
    "take_up": gettext_lazy("You become the handler of the case. The customer sees that handling has begun."),
    "request_supplement": gettext_lazy("The case waits for the customer, who sees what you write and can answer."),
    "resume": gettext_lazy("Handling goes on. A request for a supplement that is still open ends."),
    "close": gettext_lazy(
        "The case ends with the outcome you choose. The customer sees it at once. It cannot be undone."
    ),
    "write": gettext_lazy("The customer sees the message at once and can answer. The status stays as it is."),
    "register": gettext_lazy("The customer sees the number beside the case number. The status stays as it is."),
    "transfer": gettext_lazy("The case ends here and belongs to another authority. It cannot be undone."),
    "leave_unexamined": gettext_lazy("The case ends without an outcome. It cannot be undone."),
}
TEXT_LABELS: dict[str, Any] = {
    "request_supplement": gettext_lazy("What must be added or corrected"),
    "close": gettext_lazy("About the outcome"),
    "write": gettext_lazy("Message"),
    "transfer": gettext_lazy("Why it is transferred"),
    "leave_unexamined": gettext_lazy("Why it is not examined"),
}


FILES_LABELS: dict[str, Any] = {
    "close": gettext_lazy("Decision and its attachments"),
    "write": gettext_lazy("Attachments"),
}
ONCE = "once"


class StepForm(forms.Form):
    """What a step needs, and what may come with it. `facts` are what `Case.take_step` is to be given, once the form is valid."""

    use_required_attribute = False

    def __init__(self, step: Step, case: Case, *, today: date, data: Any = None, files: Any = None) -> None:
        super().__init__(data, files, auto_id="id_%s")
        self.step = step
        for need in (*step.needs, *step.may) if step.by is Party.HANDLER else ():
            self.fields[need] = ASKED[need](step, case, today)
        self.fields[ONCE] = forms.CharField(widget=forms.HiddenInput, required=False, initial=lambda: uuid.uuid4().hex)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True
        self.helper.layout = Layout(*(_laid_out(name, field) for name, field in self.fields.items()))

    @property
    def meaning(self) -> str:
        """What taking the step means."""
        return str(MEANINGS.get(self.step.name, ""))

    @property
    def facts(self) -> dict[str, Any]:
        """What was said, by need."""
        return {name: value for name, value in self.cleaned_data.items() if name != ONCE}

    @property
    def once(self) -> str:
        """What tells the form sent twice from two forms."""
        return str(self.cleaned_data[ONCE])

    @property
    def lost_files(self) -> bool:
        """Whether files were chosen that the browser forgets, since the page is shown again."""
        return bool(self.errors and self.files)


class QuestionsByPage(Options):
    """The form's questions to choose from, page by page."""

    def __init__(self, name: str) -> None:
        super().__init__(name, type="checkbox")

    def control(self, bound: BoundField, described: str, wrong: bool) -> str:
        """A group of checkboxes for each page, under its title."""
        chosen, numbers = set(bound.value() or ()), count()
        groups = [
            (title, format_html_join("", "{}", [(self._box(bound, next(numbers), chosen, *one),) for one in asked]))
            for title, asked in bound.field.choices  # type: ignore[attr-defined]
        ]
        group = '<fieldset class="group"><legend class="group__title">{}</legend>{}</fieldset>'
        return format_html('<div class="by-page">{}</div>', format_html_join("", group, groups))

    def _box(self, bound: BoundField, number: int, chosen: set[str], key: str, label: str) -> str:
        place = f"{bound.auto_id}_{number}"
        box = attributes(type="checkbox", name=bound.html_name, id=place, value=key, checked=key in chosen)
        return format_html('<div class="option"><input{}><label for="{}">{}</label></div>', box, place, label)


class DueField(DateField):
    """The last day for something: today or later."""

    def __init__(self, today: date) -> None:
        super().__init__()
        self.today = today

    def clean(self, value: Any) -> date | None:
        """The day."""
        day = super().clean(value)
        if day is None:
            raise forms.ValidationError(_("Write the last day."), code="required")
        if day < self.today:
            raise forms.ValidationError(_("The day has passed. Write today or a later day."))
        return day


def _text(step: Step, case: Case, today: date) -> forms.Field:
    asked = LongTextField(max_length=4_000)
    asked.label = TEXT_LABELS.get(step.name, _("Text"))
    language = get_language_info(case.language)["name_translated"]
    asked.help_text = _("The customer sees this text. Language of the application: %(language)s.") % {
        "language": language
    }
    return _needed(asked, _("Write the text."))


def _due(step: Step, case: Case, today: date) -> forms.Field:
    asked = DueField(today)
    asked.label = _("Last day to answer")
    asked.help_text = _("The customer has time to the end of this day.")
    asked.initial = date_words(today + TIME_TO_SUPPLEMENT)
    return _needed(asked, _("Write the last day."))


def _fields(step: Step, case: Case, today: date) -> forms.Field:
    return forms.MultipleChoiceField(
        label=_("Questions to answer again"),
        help_text=_("The customer can always write an answer and add attachments, whether or not you choose any."),
        choices=[
            (page.title.said(), [(field.key, field.label.said()) for field in page.asked])
            for page in case.application.version.definition.pages
            if page.asked
        ],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )


def _outcome(step: Step, case: Case, today: date) -> forms.Field:
    return forms.ChoiceField(
        label=_("Outcome"),
        choices=list(OUTCOMES[case.application.version.definition.kind].items()),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose the outcome.")},
    )


def _to(step: Step, case: Case, today: date) -> forms.Field:
    asked = LineField(max_length=200)
    asked.label = _("Authority that receives the case")
    return _needed(asked, _("Write the name of the authority."))


def _files(step: Step, case: Case, today: date) -> forms.Field:
    return EnclosedField(FILES_LABELS[step.name])


def _register_number(step: Step, case: Case, today: date) -> forms.Field:
    asked = LineField(max_length=60)
    asked.label = _("Number in the authority's own register")
    asked.initial = case.register_number
    return _needed(asked, _("Write the number."))


ASKED: dict[str, Any] = {
    "text": _text,
    "due": _due,
    "fields": _fields,
    "outcome": _outcome,
    "to": _to,
    "files": _files,
    "register_number": _register_number,
}


def _laid_out(name: str, field: forms.Field) -> LayoutObject:
    if isinstance(field, EnclosedField):
        return field.laid_out()
    return QuestionsByPage(name) if name == "fields" else question_for(name, field)


def _needed(field: forms.Field, missing: str) -> forms.Field:
    field.required = True
    field.error_messages["required"] = missing
    return field
