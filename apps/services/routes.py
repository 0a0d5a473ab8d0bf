"""The routes through a form: what each condition opens, with which answers, and what can never be met.

For people who write a definition, who read here what they have made; the way of a customer is computed by `applications.journey`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from apps.services.conditions import ALWAYS, NEVER, Condition, Every
from apps.services.definition import Definition, Page
from apps.services.examples import fill, sample_of_parts
from apps.services.fieldtypes import Field
from apps.services.fieldtypes.derived import Derived, Value
from apps.services.reaching import Search, Stop, rows_of, stops_of
from apps.services.texts import HELSINKI, NO_TEXT, Texts
from apps.services.wording import in_words, quoted

LONGEST_NAME = 60  # of something that has no label but a text
MOST_STEPS = 1_500  # of a search of which a page waits for the answer
PAGE, SHOWN, NEEDED, VALUE = "page", "shown", "needed", "value"


@dataclass(frozen=True)
class Opened:
    """What comes of a condition: a page or a question is shown, a question must be answered, or a value follows."""

    what: str
    page: Page
    field: Field | None = None
    value: Value | None = None

    def name(self, language: str) -> str:
        """What the page or the question is called, in quotation marks."""
        with override(language):
            return quoted(
                called(self.field, language) if self.field else self.page.title.said(language) or self.page.key
            )

    def value_words(self, language: str) -> str:
        """The value that follows, in quotation marks; '' where none does."""
        if self.value is None or self.field is None:
            return ""
        with override(language):
            return quoted(self.field.show(self.value.value, language))


@dataclass(frozen=True)
class Route:
    """A condition and all that it opens, in the order of the form. Within a group that repeats it is about one row."""

    condition: Condition
    fields: Mapping[str, Field]  # those it can look at
    opens: tuple[Opened, ...]
    group: Field | None = None

    @property
    def mark(self) -> str:
        """What it is known by in a form: the same as long as the condition is the same."""
        said = f"{self.group.key if self.group else ''} {self.condition!r}"
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    @property
    def page(self) -> Page:
        """Where it is seen first that the condition holds."""
        return self.opens[0].page

    def when(self, language: str) -> str:
        """The condition as the beginning of a sentence."""
        words = {"condition": in_words(self.condition, self.fields, language)}
        with override(language):
            if self.group is None:
                return _("When %(condition)s, this follows:") % words
            words["group"] = quoted(called(self.group, language))
            return _("When %(condition)s in a row of %(group)s, this follows:") % words

    def follows(self, language: str) -> list[str]:
        """What it opens, as sentences."""
        by_what = {what: [one for one in self.opens if one.what == what] for what in (PAGE, SHOWN, NEEDED, VALUE)}
        with override(language):
            found = [_("The page %(name)s comes up.") % {"name": one.name(language)} for one in by_what[PAGE]]
            if shown := by_what[SHOWN]:
                said = ngettext("This comes up: %(names)s.", "These come up: %(names)s.", len(shown))
                found.append(said % {"names": ", ".join(one.name(language) for one in shown)})
            if needed := by_what[NEEDED]:
                names = ", ".join(one.name(language) for one in needed)
                found.append(_("This must be answered: %(names)s.") % {"names": names})
            becomes = _("%(name)s becomes %(value)s.")
            found += [becomes % {"name": o.name(language), "value": o.value_words(language)} for o in by_what[VALUE]]
        return found

    def said(self, language: str) -> str:
        """All of it in one line."""
        return " ".join([self.when(language), *self.follows(language)])


def called(field: Field, language: str) -> str:
    """What a field is called: its label, the beginning of its text, or its key."""
    text: Texts = getattr(field, "text", NO_TEXT)
    said = field.label.said(language) or text.said(language)
    return (said if len(said) <= LONGEST_NAME else said[: LONGEST_NAME - 1].rstrip() + "…") or field.key


def routes(definition: Definition) -> list[Route]:
    """Each condition of a form once, with what it opens."""
    found: dict[tuple[str, Condition], list[Opened]] = {}
    groups = {field.key: field for field in definition.fields.values() if field.has_rows}
    for group, condition, opened in _opened(definition):
        if condition not in (ALWAYS, NEVER):
            found.setdefault((group, condition), []).append(opened)
    return [
        Route(condition, _looked_at(definition, groups.get(group)), tuple(opens), groups.get(group))
        for (group, condition), opens in found.items()
    ]


def _looked_at(definition: Definition, group: Field | None) -> Mapping[str, Field]:
    return {part.key: part for part in group.own_parts()} if group else definition.fields


def _opened(definition: Definition) -> Iterator[tuple[str, Condition, Opened]]:
    """Every condition with what it opens and the group in which it looks around, '' for the form itself."""
    for page in definition.pages:
        yield "", page.show_when, Opened(PAGE, page)
        for field in page.fields:
            yield from (("", condition, opened) for condition, opened in _of_field(page, field))
            for part in field.own_parts() if field.has_rows else ():
                yield from ((field.key, condition, opened) for condition, opened in _of_field(page, part))


def _of_field(page: Page, field: Field) -> Iterator[tuple[Condition, Opened]]:
    yield field.show_when, Opened(SHOWN, page, field)
    yield field.required_when, Opened(NEEDED, page, field)
    for value in field.values if isinstance(field, Derived) else ():
        yield value.when, Opened(VALUE, page, field, value)


# --- answers -------------------------------------------------------------------------------------------------------------


def answers_for(definition: Definition, condition: Condition, today: date) -> dict[str, Any] | None:
    """Sample answers to the whole form with which a condition holds; None where none were found."""
    found = Search(stops_of(definition), condition, today, MOST_STEPS).found()
    return None if found is None else fill(definition, today, fixed=found)


def answers_on(definition: Definition, route: Route, today: date) -> dict[str, Any] | None:
    """Sample answers to the whole form with which a customer comes to what the route opens; None where none were found."""
    if route.group is None:
        return answers_for(definition, _reached(route, definition), today)
    row = Search(rows_of(route.group), route.condition, today, MOST_STEPS).found()
    there = next((page for page in definition.pages if route.group.key in [field.key for field in page.fields]), None)
    if row is None or there is None:
        return None
    way = Search(stops_of(definition), Every((there.show_when, route.group.show_when)), today, MOST_STEPS).found()
    rows = sample_of_parts(route.group, today, row)
    return None if way is None else fill(definition, today, fixed={**way, route.group.key: rows})


def _reached(route: Route, definition: Definition) -> Condition:
    """The route's condition, with those of the place where something comes of it first."""
    first = route.opens[0]
    around = [first.page.show_when]
    around += [first.field.show_when] if first.field and first.what != SHOWN else []
    others = [condition for condition in around if condition not in (ALWAYS, route.condition)]
    return Every((route.condition, *others)) if others else route.condition


@dataclass(frozen=True)
class Way:
    """Pages that a customer meets one after another, and the routes on which it is these; none for plain examples."""

    pages: tuple[Page, ...]
    routes: tuple[Route, ...]


def ways(definition: Definition, today: date, along: Sequence[Route]) -> list[Way]:
    """The sequences of pages that customers meet: with plain examples first, then those that some route leads to."""
    found: dict[tuple[str, ...], tuple[tuple[Page, ...], list[Route]]] = {}
    plain = pages_met(definition, fill(definition, today), today)
    found[tuple(page.key for page in plain)] = (plain, [])
    for route in along:
        answers = answers_on(definition, route, today)
        if answers is not None:
            pages = pages_met(definition, answers, today)
            found.setdefault(tuple(page.key for page in pages), (pages, []))[1].append(route)
    return [Way(pages, tuple(routes_there)) for pages, routes_there in found.values()]


def pages_met(definition: Definition, answers: Mapping[str, Any], today: date) -> tuple[Page, ...]:
    """The pages that a customer with these answers meets."""
    return tuple(page for page, _fields, _counting in definition.asked(answers, today))


# --- what can never be met -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Unreachable:
    """A page, or a question on it (in a group that repeats, if so), that no answers bring up; and its own condition."""

    page: Page
    field: Field | None
    group: Field | None
    condition: Condition
    fields: Mapping[str, Field]

    def said(self, language: str) -> str:
        """That it is so, as a sentence."""
        named = called(self.field, language) if self.field else self.page.title.said(language) or self.page.key
        words = {"condition": in_words(self.condition, self.fields, language)}
        with override(language):
            words["name"] = quoted(named)
            if self.field is None:
                return _("No customer ever meets the page %(name)s: it can never be so that %(condition)s.") % words
            return _("No customer ever meets %(name)s: it can never be so that %(condition)s.") % words


def unreachable(definition: Definition, today: date | None = None) -> list[Unreachable]:
    """The pages and fields that can never be shown, as far as that can be told for certain; those of such a page are not named."""
    today = today or timezone.localdate(timezone=HELSINKI)
    return list(_unreachable(definition, today))


def _unreachable(definition: Definition, today: date) -> Iterator[Unreachable]:
    stops = stops_of(definition)
    place = 0
    for number, page in enumerate(definition.pages):
        before = stops[:place]
        place += len(page.fields)
        if _never(before, page.show_when, today):
            yield Unreachable(page, None, None, page.show_when, definition.fields)
            continue
        for n, field in enumerate(page.fields):
            earlier = [*before, *(Stop(number, page.show_when, other) for other in page.fields[:n])]
            if field.show_when is not ALWAYS and _never(earlier, _both(page.show_when, field.show_when), today):
                yield Unreachable(page, field, None, field.show_when, definition.fields)
            elif field.has_rows:
                yield from _unreachable_in_rows(page, field, today)


def _unreachable_in_rows(page: Page, group: Field, today: date) -> Iterator[Unreachable]:
    stops = rows_of(group)
    fields = {part.key: part for part in group.own_parts()}
    for n, part in enumerate(group.own_parts()):
        if _never(stops[:n], part.show_when, today):
            yield Unreachable(page, part, group, part.show_when, fields)


def _both(first: Condition, second: Condition) -> Condition:
    return second if first is ALWAYS else Every((first, second))


def _never(stops: Sequence[Stop], condition: Condition, today: date) -> bool:
    """Whether it is certain that no answers make a condition hold."""
    if condition is ALWAYS:
        return False
    search = Search(stops, condition, today)
    return search.found() is None and search.certain
