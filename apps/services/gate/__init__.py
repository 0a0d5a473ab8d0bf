"""The gate: what stands in the way of publishing a definition, and what in it could be better, each in words and with its place.

Each check is a small function in a table. Publishing asks for what stops (`publishing.ask`); the page of the builder shows it all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from django.utils.translation import get_language

from apps.services import connecting, working
from apps.services.definition import Definition
from apps.services.gate import asking, offering, rendered, saying
from apps.services.gate.finding import STOP, WARN, Facts, Finding, Looked, Place
from apps.services.models import Service, Version, WorkingCopy
from apps.services.reading import Problem
from apps.services.surveying import is_meant

Check = Callable[[Looked], Iterator[Finding]]
CHECKS: tuple[tuple[str, Check], ...] = (*saying.CHECKS, *asking.CHECKS, *offering.CHECKS, *rendered.CHECKS)

__all__ = [
    "CHECKS",
    "STOP",
    "WARN",
    "Facts",
    "Finding",
    "Place",
    "findings",
    "of_connection",
    "of_copy",
    "of_version",
    "stops",
]


def findings(
    definition: Definition, problems: Iterable[Problem] = (), *, service: Service | None = None
) -> list[Finding]:
    """Everything that the checks find, in the language of the page; what stops comes first. `problems` are those of `definition.judge`.

    Without a service nothing is said of what its definition does not tell: who is told of cases, the authority's colour.
    """
    return _all(definition, tuple(problems), facts_of(service, definition) if service else None)


def of_copy(copy: WorkingCopy) -> list[Finding]:
    """The same of what a working copy says; worked out once for all the looks at one revision."""
    text = working.text_of(copy)
    definition, _problems = working.judged_text(text)
    return list(_of_text(text, get_language() or "", facts_of(copy.service, definition)))


def of_version(version: Version) -> list[Finding]:
    """The same of a version. What it says was right when it was imported, so it is not judged again."""
    return findings(version.definition, service=version.service)


def stops(found: Iterable[Finding]) -> list[Finding]:
    """Those that must be mended before anything is published."""
    return [finding for finding in found if finding.stops]


def facts_of(service: Service, definition: Definition) -> Facts:
    """What is known of a service besides its definition."""
    authority = service.authority
    wanted = {lead.service for lead in definition.leads_to}
    there = list(Service.objects.open().values_list("key", "authority__key")) if wanted else []
    known = {one for one in wanted if any(is_meant(one, key, owner) for key, owner in there)}
    standing = connecting.standing(service, definition)
    # What is conditional and has no address is no definition: it is stopped already.
    lacks = standing.lacks if standing.way == connecting.INTERFACE else ()
    return Facts(service.email or authority.email, authority.colour, frozenset(known), lacks, standing.advice)


def of_connection(service: Service, definition: Definition) -> list[Finding]:
    """Only what the check of the way of connecting finds: what may have changed since a version was checked."""
    return list(offering.its_system_is_connected(Looked(definition, facts=facts_of(service, definition))))


@lru_cache(maxsize=32)
def _of_text(text: str, language: str, facts: Facts) -> tuple[Finding, ...]:
    definition, problems = working.judged_text(text)
    return tuple(_all(definition, tuple(problems), facts))


def _all(definition: Definition, problems: tuple[Problem, ...], facts: Facts | None) -> list[Finding]:
    looked = Looked(definition, problems, facts)
    found = [finding for _name, check in CHECKS for finding in check(looked)]
    return sorted(found, key=lambda finding: not finding.stops)
