"""The one question every queryset asks: what may this user see, and what may they do there?

An official sees what belongs to the authorities they are a member of. A superuser looks after the installation (authorities,
people, receivers) and is by that no reader of anybody's case.
"""

from __future__ import annotations

from typing import Protocol

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db.models import Q

from apps.people.models import Customer, Membership, System, User

Role = Membership.Role
SEES_CASES = (Role.READER, Role.HANDLER, Role.MANAGER)
HANDLES_CASES = (Role.HANDLER, Role.MANAGER)
MANAGES = (Role.MANAGER,)
DEFINES_SERVICES = (Role.DESIGNER,)

Visitor = AbstractBaseUser | AnonymousUser


class OfAuthority(Protocol):
    """What belongs to an authority and has a key: a service, which this floor does not know."""

    authority_id: int
    key: str


def _held(user: Visitor) -> list[tuple[int, str, list[str]]]:
    """The user's roles: authority, role, and the keys of the services it is limited to. One query per user object."""
    if not isinstance(user, User) or not user.is_active or not user.is_staff:
        return []
    held: list[tuple[int, str, list[str]]] | None = user.__dict__.get("_held_roles")
    if held is None:
        rows = user.memberships.values_list("authority_id", "role", "only_services")
        held = user.__dict__["_held_roles"] = list(rows)
    return held


def authorities_where(user: Visitor, roles: tuple[Role, ...]) -> set[int]:
    """Ids of the authorities in which the user holds one of the roles, for some service at least."""
    return {authority for authority, role, _only in _held(user) if role in roles}


def whole_authorities_where(user: Visitor, roles: tuple[Role, ...]) -> set[int]:
    """Ids of the authorities in which the user holds one of the roles for every service."""
    return {authority for authority, role, only in _held(user) if role in roles and (not only or role == Role.DESIGNER)}


def of_services(user: Visitor, roles: tuple[Role, ...], path: str = "") -> Q:
    """What belongs to services for which the user holds one of the roles, `path` leading to the service from what is asked for."""
    whole = whole_authorities_where(user, roles)
    found = Q(**{f"{path}authority__in": whole})
    for authority, role, only in _held(user):
        if role in roles and only and authority not in whole:
            found |= Q(**{f"{path}authority": authority, f"{path}key__in": only})
    return found


def _holds_for(user: Visitor, roles: tuple[Role, ...], service: OfAuthority) -> bool:
    return any(
        authority == service.authority_id and role in roles and (not only or service.key in only)
        for authority, role, only in _held(user)
    )


def keeps_installation(user: Visitor) -> bool:
    """Whether the user looks after the installation: its authorities, people and receivers."""
    return isinstance(user, User) and user.is_active and user.is_staff and user.is_superuser


def cases_of(user: Visitor) -> Q:
    """The cases an official may read: those of services of their authorities."""
    return of_services(user, SEES_CASES, "service__")


def services_of_system(system: System, path: str = "") -> Q:
    """What belongs to the services that a connected system is about, `path` leading to the service from what is asked for."""
    found = Q(**{f"{path}authority": system.authority_id})
    return found & Q(**{f"{path}key__in": system.only_services}) if system.only_services else found


def cases_of_system(system: System, path: str = "") -> Q:
    """The cases a connected system may read, none of which has been deleted: of its services; one for testing sees tests alone.

    `path` leads to the case from what is asked for.
    """
    there = Q(**{f"{path}is_test": system.is_test, f"{path}forgotten_at": None})
    return services_of_system(system, f"{path}service__") & there


def is_about(system: System, service: OfAuthority) -> bool:
    """Whether a connected system is about that service's cases."""
    only = system.only_services
    return system.authority_id == service.authority_id and (not only or service.key in only)


def may_connect(user: Visitor, authority_id: int) -> bool:
    """Whether the user decides which systems the authority connects: its managers, and who looks after the installation."""
    return keeps_installation(user) or authority_id in whole_authorities_where(user, MANAGES)


def may_let_in(user: Visitor, authority_id: int) -> bool:
    """Whether the user decides which systems get to the authority's real cases: its managers. Who looks after the installation reads
    nobody's cases, and so gives out no key to them either.
    """
    return authority_id in whole_authorities_where(user, MANAGES)


def papers_of_customer(customer: Customer, path: str = "") -> Q:
    """The papers a customer may read, `path` leading to them from what is asked for.

    For oneself: one's own. For a principal: everything sent for it, and of its drafts one's own and those shared with colleagues. A
    test is nobody's but the tester's.
    """
    done = Q(**{f"{path}entered_by": None}) | Q(**{f"{path}sent_at__isnull": False})  # an official may be entering one
    if customer.acting_for is None:
        return Q(**{f"{path}customer": customer, f"{path}principal": None}) & done
    theirs = Q(**{f"{path}principal": customer.acting_for}) & done & _no_test_of_others(customer, path)
    seen = Q(**{f"{path}customer": customer}) | Q(**{f"{path}sent_at__isnull": False})
    return theirs & (seen | Q(**{f"{path}shared_at__isnull": False}))


def consultations_of(user: Visitor) -> Q:
    """The consultations an official may read: those in which their authority was asked. They are about another authority's service, so
    a member who is limited to some services of the own one sees none."""
    return Q(authority__in=whole_authorities_where(user, SEES_CASES))


def papers_being_entered(user: Visitor) -> Q:
    """The drafts of what came by other ways than the portal: for those who may handle their service."""
    entered = Q(came_at__isnull=False, sent_at__isnull=True)
    return entered & of_services(user, HANDLES_CASES, "version__service__")


def cases_of_customer(customer: Customer) -> Q:
    """The cases a customer may read: those of papers sent by or for whom they act as now."""
    if customer.acting_for is None:
        return Q(application__customer=customer, application__principal=None)
    return Q(application__principal=customer.acting_for) & _no_test_of_others(customer, "application__")


def _no_test_of_others(customer: Customer, path: str) -> Q:
    return Q(**{f"{path}is_test": False}) | Q(**{f"{path}customer": customer})


def speaks_for(customer: Customer, paper_customer: object, paper_principal: object) -> bool:
    """Whether a customer, acting as they do now, is the party of a paper: given who wrote it and for whom (primary keys)."""
    if customer.acting_for is None:
        return paper_principal is None and paper_customer == customer.pk
    return paper_principal == customer.acting_for.pk


def services_of(user: Visitor) -> Q:
    """The services an official may look at on the desk: those of their authorities; a superuser sees all."""
    if keeps_installation(user):
        return Q()
    return Q(authority__in=authorities_where(user, tuple(Role)))


def may_define(user: Visitor, authority_id: int) -> bool:
    """Whether the user may import and publish versions of that authority's services."""
    if keeps_installation(user):
        return True
    return authority_id in authorities_where(user, DEFINES_SERVICES)


def may_handle(user: Visitor, service: OfAuthority) -> bool:
    """Whether the user may take steps in that service's cases."""
    return _holds_for(user, HANDLES_CASES, service)


def handlers_of(service: OfAuthority) -> list[User]:
    """The officials who may take steps in that service's cases, by name."""
    held = Membership.objects.filter(
        authority=service.authority_id, role__in=HANDLES_CASES, user__is_active=True, user__is_staff=True
    ).select_related("user")
    found = {one.user_id: one.user for one in held if not one.only_services or service.key in one.only_services}
    return sorted(found.values(), key=lambda user: (str(user).casefold(), user.pk))


def may_manage(user: Visitor, service: OfAuthority) -> bool:
    """Whether the user looks after how that service's cases are handled: load, templates, the log, what is deleted."""
    return _holds_for(user, MANAGES, service)
