"""The form as an outline: its pages with their questions, and beside each what one should know of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.services.conditions import ALWAYS, NEVER
from apps.services.definition import Definition, Page
from apps.services.editing import LONGEST_ABOUT, Document, Element, inner_fields, name_of
from apps.services.fieldtypes import REGISTER, Field
from apps.services.reading import Problem
from apps.services.wording import needed_when, shown_when

PLACE = re.compile(r"pages\[(\d+)\](?:\.fields\[(\d+)\](?:\.fields\[(\d+)\])?)?(?:\.(.*))?")
Place = tuple[int, ...]  # the number of a page, of a field on it, and of a field in its group


@dataclass
class Line:
    """A question in the outline."""

    path: str
    name: str
    kind: str
    tags: list[str]
    conditions: list[str]
    problems: list[str]
    first: bool
    last: bool
    inner: list[Line] = field(default_factory=list)
    has_rows: bool = False


@dataclass
class Section:
    """A page in the outline."""

    key: str
    number: int
    title: str
    conditions: list[str]
    problems: list[str]
    first: bool
    last: bool
    lines: list[Line]


def shown_name(element: Element) -> str:
    """What a page or a field is called in the language of the page, where it has a name in it."""
    language = get_language() or "sv"
    for name in ("label", "title", "text"):
        texts = element.get(name)
        said = texts.get(language) if isinstance(texts, dict) else None
        if isinstance(said, str) and said.strip():
            return said.strip().splitlines()[0][:LONGEST_ABOUT]
    return name_of(element)


def problems_by_place(problems: Iterable[Problem]) -> dict[Place, list[Problem]]:
    """The problems of a document by the page or the field that they are about; each with its path within that."""
    found: dict[Place, list[Problem]] = {}
    for problem in problems:
        match = PLACE.fullmatch(problem.path)
        if match:
            place = tuple(int(number) for number in match.groups()[:3] if number is not None)
            found.setdefault(place, []).append(Problem(match[4] or "", problem.reason))
    return found


def place_of(document: Document, path: str) -> Place:
    """Where a field stands, in numbers; empty when it is not there."""
    first, _dot, rest = path.partition(".")
    for p, page in enumerate(document["pages"]):
        for f, one in enumerate(page["fields"]):
            if one["key"] == first:
                if not rest:
                    return p, f
                return next(((p, f, i) for i, inner in enumerate(inner_fields(one)) if inner["key"] == rest), ())
    return ()


def outline(document: Document, definition: Definition, problems: Iterable[Problem]) -> list[Section]:
    """The pages in order."""
    wrong = problems_by_place(problems)
    pages, made = document["pages"], []
    earlier: dict[str, Field] = {}
    for p, element in enumerate(pages):
        page = definition.pages[p] if p < len(definition.pages) else None
        made.append(
            Section(
                key=element["key"],
                number=p + 1,
                title=shown_name(element),
                conditions=_page_conditions(page, earlier),
                problems=said_of(wrong.get((p,), ())),
                first=p == 0,
                last=p == len(pages) - 1,
                lines=_ended(
                    list(_lines(element["fields"], page.fields if page else (), (p,), "", earlier, wrong)),
                    first=p == 0,
                    last=p == len(pages) - 1,
                ),
            )
        )
    return made


def group_lines(document: Document, definition: Definition, problems: Iterable[Problem], path: str) -> list[Line]:
    """The questions of a group that repeats."""
    place = place_of(document, path)
    if len(place) != 2:
        return []
    element = document["pages"][place[0]]["fields"][place[1]]
    page = definition.pages[place[0]] if place[0] < len(definition.pages) else None
    one = page.fields[place[1]] if page and place[1] < len(page.fields) else None
    parts = one.own_parts() if one else ()
    wrong = problems_by_place(problems)
    return list(_lines(inner_fields(element), parts, place, f"{path}.", {}, wrong))


def _lines(
    elements: list[Element],
    fields: tuple[Field, ...],
    at: Place,
    above: str,
    earlier: dict[str, Field],
    wrong: Mapping[Place, list[Problem]],
) -> Iterator[Line]:
    """A line for each element; `earlier` grows with the fields."""
    for n, element in enumerate(elements):
        one = fields[n] if n < len(fields) and fields[n].key == element["key"] else None
        cls = REGISTER.get(element["kind"])
        path, place = f"{above}{element['key']}", (*at, n)
        inner = _lines(inner_fields(element), one.own_parts() if one else (), place, f"{path}.", {}, wrong)
        yield Line(
            path=path,
            name=shown_name(element),
            kind=str(cls.kind_label) if cls else element["kind"],
            tags=_tags(element),
            conditions=_conditions(one, earlier),
            problems=said_of(wrong.get(place, ())),
            first=n == 0,
            last=n == len(elements) - 1,
            inner=list(inner),
            has_rows=bool(cls and cls.has_rows),
        )
        if one is not None:
            earlier[one.key] = one


def _ended(lines: list[Line], *, first: bool, last: bool) -> list[Line]:
    """Only the first question of the first page is first, and the last of the last one last: the others can go to the page beside."""
    for line in lines:
        line.first, line.last = line.first and first, line.last and last
    return lines


def _page_conditions(page: Page | None, earlier: Mapping[str, Field]) -> list[str]:
    if page is None or page.show_when == ALWAYS:
        return []
    return [shown_when(page.show_when, earlier, get_language() or "sv")]


def _tags(element: Element) -> list[str]:
    """What is worth knowing of a question without opening it, in a word."""
    tags = [_("Optional")] if element.get("required") is False else []
    return [*tags, _("Secret")] if element.get("secret") is True else tags


def _conditions(one: Field | None, earlier: Mapping[str, Field]) -> list[str]:
    """When a question is shown, and when it must be answered, as sentences."""
    language = get_language() or "sv"
    if one is None:
        return []
    shown = [shown_when(one.show_when, earlier, language)] if one.show_when != ALWAYS else []
    return [*shown, needed_when(one.required_when, earlier, language)] if one.required_when != NEVER else shown


def said_of(problems: Iterable[Problem]) -> list[str]:
    """Problems as sentences."""
    return list(dict.fromkeys(problem.reason[:1].upper() + problem.reason[1:] for problem in problems))
