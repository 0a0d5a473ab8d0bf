"""Where in a document a question stands while it is edited: its languages, and the questions before it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from apps.services import editing
from apps.services.definition import Definition
from apps.services.editing import Document
from apps.services.fieldtypes import Field


def nowhere(_what: str) -> str:
    """The address of a page that there is none of."""
    return ""


@dataclass(frozen=True)
class Situation:
    """A document, the languages of the service, and the fields that are asked before a question, by key.

    `condition` gives the address of the page on which a condition of the question (`show_when`, `value-0`) is built.
    """

    document: Document
    languages: tuple[str, ...]
    earlier: Mapping[str, Field] = field(default_factory=dict)
    condition: Callable[[str], str] = nowhere


def earlier_than(definition: Definition, path: str) -> dict[str, Field]:
    """The fields that come before the one at a path, by key: of the form, or within its group of the row."""
    first, _dot, rest = path.partition(".")
    before: dict[str, Field] = {}
    for page in definition.pages:
        for one in page.fields:
            if one.key == first:
                return _before(one.own_parts(), rest) if rest else before
            before[one.key] = one
    return before


def _before(fields: tuple[Field, ...], key: str) -> dict[str, Field]:
    found: dict[str, Field] = {}
    for one in fields:
        if one.key == key:
            break
        found[one.key] = one
    return found


def earlier_than_new(definition: Definition, page: str, within: str) -> dict[str, Field]:
    """The fields before one that is put last on a page, or last in a group on it."""
    before: dict[str, Field] = {}
    for one in definition.pages:
        before |= {field.key: field for field in one.fields}
        if one.key == page:
            break
    group = before.get(within) if within else None
    return {field.key: field for field in group.own_parts()} if group else before


def siblings(document: Document, path: str) -> list[str]:
    """The keys that a field at a path may not take: those of the others in its place."""
    group, _dot, own = path.rpartition(".")
    there = (
        editing.inner_fields(editing.field_of(document, group))
        if group
        else [one for page in document["pages"] for one in page["fields"]]
    )
    return [one["key"] for one in there if one["key"] != own]
