"""Surveys: where the answers lead. A survey is built of the same parts as a service, but nothing is sent and no case arises.

Its result names the services that are surely needed and those that are possibly needed, each with the reasons in words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from apps.services.conditions import NEVER, Condition, condition, read_condition
from apps.services.fieldtypes import Field
from apps.services.fieldtypes.base import check_condition
from apps.services.reading import Json, Reader, defined, list_of, reads, shape, within
from apps.services.texts import NO_TEXT, Texts

if TYPE_CHECKING:
    from apps.services.definition import Definition

MOST_LEADS = 200
_LEAD = {"service": True, "surely": False, "possibly": False, "why": False}


@dataclass(frozen=True, kw_only=True)
class Lead:
    """That a service is needed when a condition holds: surely by one, possibly by another. `why` says it in words."""

    service: str
    surely: Condition = NEVER
    possibly: Condition = NEVER
    why: Texts = NO_TEXT

    def conditions(self) -> Iterable[tuple[str, Condition]]:
        """Its conditions, by what they are called in the document."""
        return (("surely", self.surely), ("possibly", self.possibly))


@dataclass(frozen=True)
class Need:
    """A service that the answers lead to: surely or possibly, and each reason."""

    service: str
    surely: bool
    why: tuple[Texts, ...]


@reads(
    list_of(
        {
            **shape(
                {
                    "service": defined("slug"),
                    "surely": condition.schema,
                    "possibly": condition.schema,
                    "why": defined("texts"),
                },
                ("service",),
            ),
            "anyOf": [{"required": ["surely"]}, {"required": ["possibly"]}],
        },
        most=MOST_LEADS,
    )
)
def leads(reader: Reader, path: str, value: Json) -> tuple[Lead, ...]:
    """Read where the answers of a survey lead."""
    return tuple(_read_lead(reader, where, item) for where, item in reader.items(path, value, most=MOST_LEADS))


def _read_lead(reader: Reader, path: str, value: Json) -> Lead:
    got = reader.mapping(path, value, _LEAD)
    if isinstance(value, dict) and "surely" not in got and "possibly" not in got:
        reader.wrong(path, _("say when the service is needed: give “surely”, “possibly” or both."))
    read = {
        name: read_condition(reader, within(path, name), got[name]) for name in ("surely", "possibly") if name in got
    }
    return Lead(
        service=reader.slug(within(path, "service"), got.get("service")) if "service" in got else "",
        why=reader.texts(within(path, "why"), got["why"]) if "why" in got else NO_TEXT,
        **read,
    )


def check_survey(reader: Reader, definition: Definition) -> None:
    """What a survey can lead to and ask: its conditions may look at every question, and nothing in it is kept as a file."""
    if not definition.is_survey:
        if definition.leads_to:
            reader.wrong("leads_to", _("only a survey leads to services."))
        return
    for n, lead in enumerate(definition.leads_to):
        for name, rule in lead.conditions():
            check_condition(reader, f"leads_to[{n}].{name}", rule, definition.fields)
    for p, page in enumerate(definition.pages):
        for f, field in enumerate(page.fields):
            if field.carries_file:
                reader.wrong(f"pages[{p}].fields[{f}].kind", _("a survey cannot ask for files: nothing of it is kept."))


def needs(definition: Definition, answers: Mapping[str, Any], today: date) -> list[Need]:
    """The services that the answers lead to, in the order of the document. What is surely needed is not said to be possibly so too.

    A service may stand several times, once for each reason; the reasons told are those of the stronger word.
    """
    counting: dict[str, Any] = {}
    for _page, _fields, counted in definition.asked(answers, today):
        counting = counted
    surely: dict[str, list[Texts]] = {}
    possibly: dict[str, list[Texts]] = {}
    for lead in definition.leads_to:
        if lead.surely.holds(counting, today):
            surely.setdefault(lead.service, []).append(lead.why)
        elif lead.possibly.holds(counting, today):
            possibly.setdefault(lead.service, []).append(lead.why)
    found = []
    for service in dict.fromkeys(lead.service for lead in definition.leads_to):
        why = surely.get(service) or possibly.get(service)
        if why is not None:
            found.append(Need(service, service in surely, tuple(dict.fromkeys(one for one in why if one))))
    return found


def conclusions(
    definition: Definition, answers: Mapping[str, Any], today: date, language: str
) -> list[tuple[str, str]]:
    """What the answers lead to in words: the title and text of each `result` that holds."""
    return [
        field.conclusion(language)
        for _page, fields, _counting in definition.asked(answers, today)
        for field in fields
        if field.concludes
    ]


def asking(fields: Iterable[Field]) -> bool:
    """Whether there is anything on a page to read or answer before the result."""
    return any(not field.concludes for field in fields)


def is_meant(wanted: str, key: str, authority: str) -> bool:
    """Whether a survey that leads to a key means the service of this key and authority: it has that key, or is the same one at an
    authority that has joined.
    """
    return key in (wanted, f"{wanted}-{authority}")
