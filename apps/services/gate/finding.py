"""What the gate finds, and what its checks look at: a definition with the places in it that can be named and led to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from apps.services.changes import SERVICE_WORDS
from apps.services.definition import Definition, Page
from apps.services.fieldtypes import Field
from apps.services.fieldtypes.base import UnreadField
from apps.services.reading import Problem
from apps.services.wording import quoted

STOP, WARN = "stop", "warn"
LONGEST_NAME = 60
PLACE = re.compile(r"pages\[(\d+)\](?:\.fields\[(\d+)\])?(?:\.fields\[(\d+)\])?\.?(.*)")


@dataclass(frozen=True)
class Place:
    """Where something is mended: at a question (its path in editing), a page (its key), or an element of the service. `words` say it."""

    words: str = ""
    page: str = ""
    field: str = ""
    element: str = ""


NOWHERE = Place()


@dataclass(frozen=True)
class Finding:
    """Something in a definition that stops its publishing or could be better: which check found it, in words, and where."""

    check: str
    level: str
    words: str
    place: Place = NOWHERE
    path: str = ""
    language: str = ""  # of a text that is about one language

    @property
    def stops(self) -> bool:
        """Whether nothing can be published as long as it is so."""
        return self.level == STOP

    @property
    def as_problem(self) -> Problem:
        """The same as the importing tells it."""
        return Problem(self.path, self.words)


@dataclass(frozen=True)
class Facts:
    """What is known of a service besides its definition: who is told, the authority's colour, the keys of services that there are,
    what is missing until its way of connecting works, and what would make that better.
    """

    role_address: str = ""
    colour: str = ""
    services: frozenset[str] = frozenset()
    not_connected: tuple[str, ...] = ()
    connection_advice: tuple[str, ...] = ()


@dataclass(frozen=True)
class Asked:
    """A field in its place: its page, the group that it stands in if any, and its path in the document."""

    field: Field
    page: Page
    group: Field | None
    path: str

    @property
    def key(self) -> str:
        """Its path in editing: its key, or group.key."""
        return f"{self.group.key}.{self.field.key}" if self.group else self.field.key

    @property
    def place(self) -> Place:
        """Where it is mended."""
        return Place(f"{page_words(self.page)}, {quoted(named(self.field))}", self.page.key, self.key)


@dataclass(frozen=True)
class Looked:
    """A definition as the checks look at it. `facts` is None where nothing is known of the service."""

    definition: Definition
    problems: tuple[Problem, ...] = ()
    facts: Facts | None = None

    @cached_property
    def fields(self) -> tuple[Asked, ...]:
        """Every field that could be read, those in groups after their group."""
        return tuple(asked for asked in self._fields() if not isinstance(asked.field, UnreadField))

    def _fields(self) -> Iterator[Asked]:
        for p, page in enumerate(self.definition.pages):
            for f, field in enumerate(page.fields):
                path = f"pages[{p}].fields[{f}]"
                yield Asked(field, page, None, path)
                for n, part in enumerate(field.own_parts()):
                    yield Asked(part, page, field, f"{path}.fields[{n}]")

    @cached_property
    def top(self) -> tuple[Asked, ...]:
        """The fields that stand on the pages themselves."""
        return tuple(asked for asked in self.fields if asked.group is None)

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that the service promises."""
        return tuple(filter(None, self.definition.languages))

    def place(self, path: str) -> Place:
        """The place of a path in the document; an element of the service where it is neither on a page nor at a field."""
        found = PLACE.match(path)
        if not found:
            return element_place(path.partition(".")[0].partition("[")[0])
        try:
            page = self.definition.pages[int(found[1])]
            field = page.fields[int(found[2])] if found[2] else None
            part = field.own_parts()[int(found[3])] if field and found[3] else None
        except IndexError:
            return element_place("pages")
        if field is None:
            return page_place(page)
        return Asked(part or field, page, field if part else None, path).place


def element_place(name: str) -> Place:
    """The place of an element of the service."""
    words = str(SERVICE_WORDS.get(name, ""))
    return Place(words[:1].upper() + words[1:], element=name)


def page_place(page: Page) -> Place:
    """The place of a page."""
    return Place(page_words(page), page.key)


def page_words(page: Page) -> str:
    """A page as it is called."""
    return _("Page %(page)s") % {"page": quoted(short(page.title.said() or page.key))}


def named(field: Field) -> str:
    """A field as it is called: by its label, the beginning of its text, or its key."""
    text: Any = getattr(field, "text", None)
    return short(field.label.said() or (text.said() if text else "") or field.key)


def short(text: str) -> str:
    """A text as it stands in a sentence: one line, and not a long one."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_NAME else line[: LONGEST_NAME - 1].rstrip() + "…"
