"""How a service's authority is connected, and what is missing until cases can go that way: told from the systems that it has connected."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.people import access
from apps.people.models import System
from apps.people.systems import REQUIRED, has_been_tested
from apps.services.definition import Definition
from apps.services.models import Service

INTERFACE = "interface"


def missing(service: Service, definition: Definition, *, at: datetime | None = None) -> list[str]:
    """What must still be done before the way of connecting works, in words; nothing where all is there."""
    if definition.connection == "conditional" and not definition.own_service:
        return [_("The address of the authority’s own service is missing.")]
    if definition.connection != INTERFACE:
        return []
    own = System.objects.filter(authority=service.authority_id, active=True).prefetch_related("keys").order_by("name")
    about = [system for system in own if access.is_about(system, service)]
    real, tests = [s for s in about if not s.is_test], [s for s in about if s.is_test]
    return [*_missing_of(real, at or timezone.now()), *_missing_of_test(tests)]


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
