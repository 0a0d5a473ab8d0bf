"""The form of a step: it asks an official for exactly what the rule book says that the step needs."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout
from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import ErrorDict

from apps.cases import documents, texttemplates
from apps.cases.models import Case, Event, TextTemplate
from apps.cases.rulebook import Party, Step
from apps.cases.stepfields import ASKED
from apps.cases.steplayout import INSERT
from apps.cases.stepneeds import NOTHING, Asking
from apps.cases.stepwords import MEANINGS
from apps.cases.textneeds import templates_of
from apps.people.models import User
from apps.services.layout import Hidden
from apps.services.texts import read_date

ONCE = "once"


class StepForm(forms.Form):
    """What a step needs, and what may come with it. `facts` are what `Case.take_step` is to be given, once the form is valid.

    `by` is the official who takes it: what is offered as one's own is theirs. `notes` is what there is to tell them.
    """

    use_required_attribute = False

    def __init__(
        self, step: Step, case: Case, *, today: date, by: User | None = None, data: Any = None, files: Any = None
    ) -> None:
        super().__init__(data, files, auto_id="id_%s")
        self.step, self.case, self.by, self.today = step, case, by, today
        self.facts: dict[str, Any] = {}
        self.notes: list[str] = []
        wanted = {*step.needs, *step.may} if step.by is not Party.CUSTOMER else set()
        self.needs = [ASKED[name] for name in ASKED if name in wanted]
        layout = []
        for need in self.needs:
            fields = need.fields(Asking(step, case, by, today))
            self.fields |= fields
            layout += need.lay_out(fields) if fields else []
        self.fields[ONCE] = forms.CharField(widget=forms.HiddenInput, required=False, initial=lambda: uuid.uuid4().hex)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True
        self.helper.layout = Layout(*layout, Hidden(ONCE))

    def clean(self) -> dict[str, Any]:
        """Make the facts of what was answered."""
        cleaned = super().clean() or self.cleaned_data
        for need in self.needs:
            try:
                fact = need.fact(self)
            except ValidationError as wrong:
                self.add_error(None, wrong)
                continue
            if fact is not NOTHING:
                self.facts[need.name] = fact
        return cleaned

    def take(self, *, by: User, once: str = "", **more: Any) -> Event | None:
        """Take the step with what was said: the line of the diary; None, and an error in the form, when a file cannot be taken.

        `more` are facts that the page knows and nobody is asked. `once` stands in for the form's own mark. Raises NotAllowed.
        """
        facts = self.facts | more
        try:
            with documents.received(facts.pop("files", ())) as files:
                if files:
                    facts["files"] = files
                return self.case.take_step(self.step.name, by=by, once=once or self.once, **facts)
        except ValidationError as refused:
            self.add_error("files", refused)
        return None

    @property
    def meaning(self) -> str:
        """What taking the step means."""
        return str(MEANINGS.get(self.step.name, ""))

    @property
    def once(self) -> str:
        """What tells the form sent twice from two forms."""
        return str(self.cleaned_data[ONCE])

    @property
    def lost_files(self) -> bool:
        """Whether files were chosen that the browser forgets, since the page is shown again."""
        return bool(self.files)

    @property
    def has_typed(self) -> bool:
        """Whether somebody has written something that is not to be lost, whatever becomes of the step."""
        written = (name for name, field in self.fields.items() if isinstance(field, forms.CharField) and name != ONCE)
        return self.is_bound and any(
            self.data.get(name, "").strip() not in ("", str(self.fields[name].initial or "")) for name in written
        )

    # --- the authority's own texts -------------------------------------------------------------------------------------

    @property
    def has_templates(self) -> bool:
        """Whether there are texts to choose from, and a button that is not the one that takes the step."""
        return any(name.endswith(templates_of("")) for name in self.fields)

    def template_text(self, name: str) -> str:
        """The text of the template that is chosen for a text of the form, filled; '' when none is."""
        template = self._chosen(name)
        if template is None or self.by is None:
            return ""
        due = read_date(self.data.get("due", ""))
        made = texttemplates.inserted(template, self.case, by=self.by, today=self.today, due=due)
        if other := texttemplates.other_language_words(made.language, self.case.language):
            self.notes.append(other)
        return made.text

    def put_in(self) -> None:
        """Put the chosen template after what is written already, as its button asks. Nothing else is judged or lost."""
        name = self.data.get(INSERT, "")
        if text := self.template_text(name):
            data: Any = self.data
            typed = data.copy()
            typed[name] = "\n\n".join(part for part in (data.get(name, "").rstrip(), text) if part)
            self.data = typed
        self._errors = ErrorDict()
        self.cleaned_data = {}

    def _chosen(self, name: str) -> TextTemplate | None:
        choice: Any = self.fields.get(templates_of(name))
        chosen = self.data.get(templates_of(name), "")
        known = {value for value, _label in choice.choices} if choice is not None else set()
        return TextTemplate.objects.filter(pk=chosen).first() if chosen and chosen in known else None
