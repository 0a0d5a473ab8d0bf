"""How the steps' own sorts of questions lie on the page."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from django.forms.boundfield import BoundField
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from apps.services.layout import Options, Select, attributes, notes_of, value_of

INSERT = "_insert"  # what the button is called that puts a template in


class QuestionsByPage(Options):
    """The form's questions to choose from, page by page, each with a place to write what is missing there.

    Where the browser can tell, that place is shown once the question is chosen.
    """

    def __init__(self, name: str, about: Callable[[str], str]) -> None:
        super().__init__(name, type="checkbox")
        self.about = about

    def control(self, bound: BoundField, described: str, wrong: bool) -> str:
        """A group of checkboxes for each page, under its title."""
        chosen, numbers = set(bound.value() or ()), count()
        groups = [
            (title, format_html_join("", "{}", [(self._asked(bound, next(numbers), chosen, *one),) for one in asked]))
            for title, asked in bound.field.choices  # type: ignore[attr-defined]
        ]
        group = '<fieldset class="group"><legend class="group__title">{}</legend>{}</fieldset>'
        return format_html('<div class="by-page">{}</div>', format_html_join("", group, groups))

    def _asked(self, bound: BoundField, number: int, chosen: set[str], key: str, label: str) -> str:
        place = f"{bound.auto_id}_{number}"
        box = attributes(type="checkbox", name=bound.html_name, id=place, value=key, checked=key in chosen)
        more = bound.form[self.about(key)]
        wrong = SafeString("").join(notes_of(more.auto_id, more.errors, ""))
        html = (
            '<div class="asked{}"><div class="option"><input{}><label for="{}">{}</label></div>'
            '<div class="asked__text"><label for="{}">{}<span class="visually-hidden">: {}</span></label>{}'
            '<textarea class="area"{}>\n{}</textarea></div></div>'
        )
        area = attributes(
            name=more.html_name,
            id=more.auto_id,
            rows=2,
            aria_describedby=f"{more.auto_id}_error" if more.errors else None,
            aria_invalid="true" if more.errors else None,
        )
        css = " asked--wrong" if more.errors else ""
        said = (more.auto_id, more.label, label, wrong, area, value_of(more))
        return format_html(html, css, box, place, label, *said)


class TemplateChoice(Select):
    """The authority's texts to choose from, and the button that puts the chosen one into a text of the form."""

    def __init__(self, name: str, into: str) -> None:
        super().__init__(name)
        self.into = into

    def control(self, bound: BoundField, described: str, wrong: bool) -> str:
        """The list and the button."""
        html = '<button class="button button--secondary" name="{}" value="{}">{}<span class="visually-hidden">: {}</span></button>'
        button = format_html(html, INSERT, self.into, _("Put the text in"), bound.form[self.into].label)
        return f'<div class="with-button">{super().control(bound, described, wrong)}{button}</div>'
