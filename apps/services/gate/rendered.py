"""The check of every page as customers get it, in every language, for those who do not see it or use no mouse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.translation import override

from apps.services import markup
from apps.services.definition import Definition, Page
from apps.services.gate.finding import STOP, WARN, Asked, Finding, Looked, Place, page_place
from apps.services.layout import prose
from apps.services.markup import Element, Flaw
from apps.services.pageform import PageForm

A_DAY = date(2027, 3, 1)  # which one it is changes nothing in the markup
OF = "data-of"  # says of which field a part of the page is
SUGGESTIONS = re.compile(
    r"(<datalist[^>]*>).*?(</datalist>)", re.DOTALL
)  # hundreds of towns, and nothing in them to look at


def pages_can_be_used(looked: Looked) -> Iterator[Finding]:
    """That nobody stumbles on a page, however they read it. Each flaw is told once, in the first language that has it."""
    if looked.problems:  # a page that cannot be read whole cannot be shown
        return
    told: set[tuple[int, str, str]] = set()
    for language in looked.languages:
        for p, page in enumerate(looked.definition.pages):
            for flaw in markup.flaws(markup.read(page_html(looked.definition, page, language))):
                key = owner(flaw.element)
                if (p, key, flaw.rule) not in told:
                    told.add((p, key, flaw.rule))
                    yield _finding(flaw, p, page, key, language)


def _finding(flaw: Flaw, p: int, page: Page, key: str, language: str) -> Finding:
    level = STOP if flaw.grave else WARN
    return Finding(f"markup_{flaw.rule}", level, flaw.words, _place(page, key), f"pages[{p}]", language)


def _place(page: Page, key: str) -> Place:
    field = next((field for field in page.fields if field.key == key), None)
    return Asked(field, page, None, "").place if field else page_place(page)


def owner(element: Element) -> str:
    """The key of the field that an element belongs to; '' for the page's own."""
    around: Element | None = element
    while around is not None and OF not in around.attrs:
        around = around.inside
    return around.attrs[OF] if around else ""


def page_html(definition: Definition, page: Page, language: str) -> str:
    """A page as the engine writes it: its heading, its text and every field, a row of each group among them."""
    answers: dict[str, Any] = {field.key: [{}] for field in page.fields if field.has_rows}
    with override(language):
        form = PageForm(definition, page, answers=answers, today=A_DAY)
        parts = format_html_join(
            "", '<div data-of="{}">{}</div>', ((one.name, one.render(form, {})) for one in form.helper.layout.fields)
        )
        head = format_html("<h1>{}</h1>{}", page.title.said(language), prose(page.text.said(language)))
    html = format_html('<html lang="{}"><main>{}<form>{}</form></main></html>', language, head, parts)
    return SUGGESTIONS.sub(r"\1\2", html)


CHECKS = (("markup", pages_can_be_used),)
