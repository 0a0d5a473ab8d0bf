"""The lines of the outline of a form, for the templates of the builder."""

from __future__ import annotations

from collections.abc import Sequence

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from apps.services.builder.outline import Line, Section
from apps.services.builder.outlinehtml import Lines

register = template.Library()


@register.simple_tag
def outline_lines(lines: Sequence[Line], base: str, movable: bool = False) -> SafeString:
    """Questions with their buttons."""
    return Lines(base, movable=movable).html(lines)


@register.simple_tag
def page_steps(section: Section) -> SafeString:
    """The buttons that move a page a step."""
    steps = Lines("", movable=False).steps
    html = steps("page", "p", section.key, escape(section.title), section.first, section.last)
    return mark_safe(html)  # noqa: S308 (the title is escaped, and a key has only letters)
