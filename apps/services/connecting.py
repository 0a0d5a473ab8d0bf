"""How a service's authority is connected, and what is missing until cases can go that way: told from the systems that it has connected."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.people import access
from apps.people.models import System
from apps.people.systems import REQUIRED, has_been_tested
from apps.services.definition import Definition
from apps.services.models import Service, Version
from apps.services.reading import Unreadable

INTERFACE, CONDITIONAL = "interface", "conditional"
BY_SYSTEMS = (INTERFACE, CONDITIONAL)  # the ways in which a connected system has a part
SHORT_WORDS: dict[str, Any] = {
    "simplified": gettext_lazy("Simplified"),
    INTERFACE: gettext_lazy("Interface"),
    CONDITIONAL: gettext_lazy("Conditional"),
}


@dataclass(frozen=True)
class Standing:
    """How a service is connected: the way, what must still be done before it works, and what would be better; each in words."""

    way: str
    lacks: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()

    @property
    def short(self) -> str:
        """The way in one word."""
        return str(SHORT_WORDS[self.way])


def standing(service: Service, definition: Definition, *, at: datetime | None = None) -> Standing:
    """How a service is connected, as a definition of it says."""
    return _standing(service, definition, _systems_for([(service, definition)]), at or timezone.now())


def standing_of_all(services: Iterable[Service], *, at: datetime | None = None) -> dict[int, Standing]:
    """By their ids: how services are connected as customers fill them in now, or else as their newest version says.

    None of surveys, and none of those that have no version. Three queries at most, for however many services.
    """
    said = [(service, definition) for service, definition in _said_of(list(services)) if not definition.is_survey]
    systems, moment = _systems_for(said), at or timezone.now()
    return {service.pk: _standing(service, definition, systems, moment) for service, definition in said}


def _said_of(services: list[Service]) -> list[tuple[Service, Definition]]:
    """What their versions say. One that cannot be read is left out: it may not hide the others."""
    versions = {service.pk: service.published for service in services if service.published is not None}
    if others := [service.pk for service in services if service.pk not in versions]:
        newest = Version.objects.filter(service__in=others).order_by().values("service").annotate(newest=Max("pk"))
        versions |= {one.service_id: one for one in Version.objects.filter(pk__in=newest.values("newest"))}
    found = []
    for service in services:
        try:
            if service.pk in versions:
                found.append((service, versions[service.pk].definition))
        except Unreadable:
            continue
    return found


def _systems_for(said: Iterable[tuple[Service, Definition]]) -> list[System]:
    """The systems, with their keys, that services are connected by; no query where none is."""
    authorities = {service.authority_id for service, definition in said if definition.connection in BY_SYSTEMS}
    if not authorities:
        return []
    own = System.objects.filter(authority__in=authorities, active=True)
    return list(own.prefetch_related("keys").order_by("name"))


def _standing(service: Service, definition: Definition, systems: list[System], at: datetime) -> Standing:
    lacks, better = _lacks(service, definition, systems, at), _advice(service, definition, systems)
    return Standing(definition.connection, tuple(lacks), tuple(better))


def _lacks(service: Service, definition: Definition, systems: list[System], at: datetime) -> list[str]:
    if definition.connection == CONDITIONAL and not definition.own_service:
        return [_("The address of the authority’s own service is missing.")]
    if definition.connection != INTERFACE:
        return []
    about = [system for system in systems if access.is_about(system, service)]
    real, tests = [s for s in about if not s.is_test], [s for s in about if s.is_test]
    return [*_missing_of(real, at), *_missing_of_test(tests)]


def _advice(service: Service, definition: Definition, systems: list[System]) -> list[str]:
    """That a system should tell what arrives there. Officials can register it by hand as well, so without one nothing is missing."""
    if definition.connection != CONDITIONAL:
        return []
    real = (system for system in systems if not system.is_test and access.is_about(system, service))
    if any(system.may(System.Scope.WRITE) for system in real):
        return []
    words = _(
        "No connected system may tell what arrives in the authority’s own service. Until one is connected, the cases that customers are to "
        "follow here are registered on the desk by hand."
    )
    return [words]


def _missing_of(systems: list[System], at: datetime) -> list[str]:
    """Of the systems for real cases."""
    writing = [system for system in systems if system.may(System.Scope.WRITE)]
    if not writing:
        return [_("No system is connected that may take steps in the service’s cases.")]
    known = [system for system in writing if _can_show_itself(system, at)]
    if not known:
        return [_("The connected system has no key that is good: make one.")]
    if not any(system.used_at for system in known):
        return [_("The connected system has never called: put its key into it.")]
    return []


def _can_show_itself(system: System, at: datetime) -> bool:
    has_key = any(key.is_good(at) for key in system.keys.all())
    return bool(has_key or system.xroad_client or system.certificate)


def _missing_of_test(tests: list[System]) -> list[str]:
    """Of the end-to-end test, which one system for testing must have done whole."""
    if any(has_been_tested(system) for system in tests):
        return []
    if not tests:
        return [_("The end-to-end test has not begun: connect a system for testing.")]
    done = max(len(set(REQUIRED) & system.checks.keys()) for system in tests)
    words = _("The end-to-end test is not finished: %(done)d of %(all)d parts are done.")
    return [words % {"done": done, "all": len(REQUIRED)}]


def by_own_system(service: Service) -> bool:
    """Whether the authority's own system handles the service's cases, as customers fill it in now. The desk can take every step too."""
    return service.published is not None and service.published.definition.connection == INTERFACE


def names_of_systems(services: Iterable[Service]) -> dict[int, str]:
    """By the ids of those services whose cases the authority's own system handles: what that is called. A query if there are any."""
    chosen = [service for service in services if by_own_system(service)]
    if not chosen:
        return {}
    systems = list(_handling({service.authority_id for service in chosen}))
    return {service.pk: _name([one for one in systems if access.is_about(one, service)]) for service in chosen}


def _handling(authorities: Iterable[int]) -> QuerySet[System]:
    return System.objects.filter(authority__in=authorities, active=True, is_test=False).order_by("name")


def _name(systems: list[System]) -> str:
    """Those that take steps; where there is none, nothing is called anything."""
    return ", ".join(system.name for system in systems if system.may(System.Scope.WRITE)) or "–"
