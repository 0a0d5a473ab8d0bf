"""What is written in a step, with the authority's own texts to choose from."""

from __future__ import annotations

from typing import Any

from crispy_forms.layout import LayoutObject
from django import forms
from django.utils.translation import get_language_info
from django.utils.translation import gettext as _

from apps.cases import texttemplates
from apps.cases.steplayout import TemplateChoice
from apps.cases.stepneeds import NOTHING, Asking, Need, needed, select, unmarked
from apps.cases.stepwords import READERS, TEXT_LABELS
from apps.services.fieldtypes.written import LongTextField
from apps.services.layout import question_for

LONGEST_TEXT = texttemplates.MOST_CHARACTERS


class TextNeed(Need):
    """The text of a step, into which a template of the authority can be put."""

    def __init__(self, name: str, use: str = "") -> None:
        super().__init__(name)
        self.use = use

    def fields(self, asking: Asking) -> dict[str, forms.Field]:
        """A long text, after the templates where there are any."""
        return self.templates(asking) | {self.name: self.text(asking)}

    def text(self, asking: Asking) -> forms.Field:
        """Where one writes."""
        step, case = asking.step, asking.case
        asked = LongTextField(max_length=LONGEST_TEXT)
        asked.label = TEXT_LABELS.get(step.name, _("Text"))
        language = get_language_info(case.language)["name_translated"]
        asked.help_text = str(READERS[step.audience]) % {"language": language}
        return needed(asked, _("Write the text."))

    def templates(self, asking: Asking) -> dict[str, forms.Field]:
        """The choice of a template; none where there is none to choose."""
        found = texttemplates.offered(asking.case, self.use or asking.step.name)
        if not found:
            return {}
        choices = [("", _("Choose a text")), *((str(one.pk), one.name) for one in found)]
        return {templates_of(self.name): unmarked(select(self.label(), choices))}

    def label(self) -> str:
        """What the templates are called."""
        return _("The authority's own texts")

    def lay_out(self, fields: dict[str, forms.Field]) -> list[LayoutObject]:
        """The templates with the button that puts one in, and the text."""
        choice = templates_of(self.name)
        first = [TemplateChoice(choice, self.name)] if choice in fields else []
        return [*first, question_for(self.name, fields[self.name])]


class AppealNeed(TextNeed):
    """Instructions for appeal: one of the authority's texts, or one's own."""

    def text(self, asking: Asking) -> forms.Field:
        """Where one writes."""
        asked = LongTextField(max_length=LONGEST_TEXT)
        asked.label = _("Instructions for appeal")
        asked.help_text = _(
            "The customer sees them with the outcome. A chosen text is put in as it is when nothing is written here."
        )
        asked.required = False
        return asked

    def label(self) -> str:
        """What the templates are called."""
        return _("The authority's own instructions for appeal")

    def fact(self, form: Any) -> Any:
        """The instructions. A text that was chosen and not put in is meant as it is."""
        said = form.cleaned_data.get(self.name, "")
        return said or form.template_text(self.name) or NOTHING


def templates_of(text: str) -> str:
    """The name of the choice of a template for a text."""
    return f"{text}_template"
