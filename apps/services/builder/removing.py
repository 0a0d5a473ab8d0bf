"""What depends on a page or a question that is to be removed, and what is left to mend afterwards, in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from apps.services import editing
from apps.services.builder.outline import Place, problems_by_place, said_of, shown_name
from apps.services.builder.settingwords import words_of
from apps.services.definition import judge
from apps.services.editing import Dependant, Document, Edit, Element


@dataclass(frozen=True)
class Looking:
    """Something that looks at a question: what it is called, where it is changed, and by what it looks."""

    name: str
    is_page: bool
    where: str
    how: str


def looking_at(document: Document, path: str) -> list[Looking]:
    """What looks at a question."""
    return [_looking(document, one) for one in editing.dependants(document, path)]


def looking_at_page(document: Document, key: str) -> list[Looking]:
    """What looks at a question of a page from elsewhere."""
    own = [field["key"] for field in editing.page_of(document, key)["fields"]]
    found = [one for path in own for one in editing.dependants(document, path) if not _stands_on(one, key, own)]
    return [_looking(document, one) for one in dict.fromkeys(found)]


def _stands_on(one: Dependant, key: str, own: Iterable[str]) -> bool:
    return one.where == key if one.is_page else one.where in own


def _looking(document: Document, one: Dependant) -> Looking:
    element = (editing.page_of if one.is_page else editing.field_of)(document, one.where)
    return Looking(shown_name(element), one.is_page, one.where, how_words(one.what))


def how_words(what: str) -> str:
    """By what something looks at a question."""
    words = {
        "show_when": _("is shown by its answer; that condition is removed"),
        "required_when": _("must be answered by its answer; that condition is removed"),
        "values": _("has values that follow from it; those conditions are removed"),
        "of": _("is worked out from it"),
    }
    return words.get(what) or _("names it under “%(setting)s”") % {"setting": words_of(what).label}


def left_to_mend(document: Document, edit: Edit) -> list[str]:
    """What would be wrong after a change and is not now, as sentences that begin with what they are about."""
    after = edit.apply(document)
    before = _told(document)
    return [said for said in _told(after) if said not in before]


def _told(document: Document) -> list[str]:
    found = problems_by_place(judge(document)[1])
    return [
        f"{shown_name(element)}: {said}"
        for place, problems in found.items()
        if (element := _at(document, place)) is not None
        for said in said_of(problems)
    ]


def _at(document: Document, place: Place) -> Element | None:
    """The page, the field or the field of a group at a place."""
    element: Element = document["pages"][place[0]]
    for number in place[1:]:
        fields = element.get("fields")
        if not isinstance(fields, list) or number >= len(fields):
            return None
        element = fields[number]
    return element
