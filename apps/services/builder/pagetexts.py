"""The form of a page's own texts: its title, and what stands below it."""

from __future__ import annotations

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout
from django import forms
from django.utils.translation import gettext as _

from apps.services.builder.controls import merged, text_field, texts_of
from apps.services.builder.situation import Situation
from apps.services.editing import Element
from apps.services.layout import InLanguages
from apps.services.reading import Json
from apps.services.texts import language_name


class PageTextsForm(forms.Form):
    """The title and the text of a page, in each language of the service. After `is_valid()`, `elements()` is what was changed."""

    use_required_attribute = False

    def __init__(self, page: Element, situation: Situation, data: Any = None) -> None:
        self.page_element, self.situation = page, situation
        super().__init__(data, auto_id="id_%s")
        self.places = {
            "title": (_("Title of the page"), "", 1),
            "text": (_("Text below the title"), _("Leave it empty when the questions are clear without it."), 3),
        }
        for name, (_label, _hint, rows) in self.places.items():
            known = texts_of(page.get(name))
            for code in situation.languages:
                self.fields[f"{name}__{code}"] = text_field(code, known.get(code, ""), rows)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True
        self.helper.layout = Layout(
            *(
                InLanguages(name, situation.languages, label=label, hint=hint, rows=rows)
                for name, (label, hint, rows) in self.places.items()
            )
        )

    def clean(self) -> dict[str, Any]:
        """There must be a title in some language."""
        if not self._written("title"):
            self.add_error(f"title__{self.situation.languages[0]}", _("Write the title of the page."))
        return self.cleaned_data

    def _written(self, name: str) -> dict[str, str]:
        return merged(texts_of(self.page_element.get(name)), name, self.cleaned_data, self.situation)

    def elements(self) -> dict[str, Json]:
        """The new values of what was changed; None for a text that is taken away."""
        changed = {name.partition("__")[0] for name in self.changed_data}
        return {name: self._written(name) or None for name in self.places if name in changed}

    @property
    def summary(self) -> list[tuple[str, str, str]]:
        """Each error with the id of its control and what that is called."""
        return [
            (self[name].auto_id, f"{self.places[name.partition('__')[0]][0]} ({language_name(name[-2:])})", str(error))
            for name, errors in self.errors.items()
            for error in errors
        ]
