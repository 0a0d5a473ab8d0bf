"""The one question every queryset asks: what may this user see, and what may they do there?

An official sees what belongs to the authorities they are a member of. A superuser looks after the installation (authorities,
people, receivers) and is by that no reader of anybody's case.
"""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db.models import Q

from apps.people.models import Customer, Membership, User

Role = Membership.Role
SEES_CASES = (Role.READER, Role.HANDLER, Role.MANAGER)
HANDLES_CASES = (Role.HANDLER, Role.MANAGER)
DEFINES_SERVICES = (Role.DESIGNER,)

Visitor = AbstractBaseUser | AnonymousUser


def authorities_where(user: Visitor, roles: tuple[Role, ...]) -> set[int]:
    """Ids of the authorities in which the user holds one of the roles. One query per user object."""
    if not isinstance(user, User) or not user.is_active or not user.is_staff:
        return set()
    held = user.__dict__.get("_held_roles")
    if held is None:
        held = user.__dict__["_held_roles"] = list(user.memberships.values_list("authority_id", "role"))
    return {authority for authority, role in held if role in roles}


def keeps_installation(user: Visitor) -> bool:
    """Whether the user looks after the installation: its authorities, people and receivers."""
    return isinstance(user, User) and user.is_active and user.is_staff and user.is_superuser


def cases_of(user: Visitor) -> Q:
    """The cases an official may read: those of services of their authorities."""
    return Q(service__authority__in=authorities_where(user, SEES_CASES))


def papers_of_customer(customer: Customer, path: str = "") -> Q:
    """The papers a customer may read, `path` leading to them from what is asked for.

    For oneself: one's own. For a principal: everything sent for it, and of its drafts one's own and those shared with colleagues.
    """
    if customer.acting_for is None:
        return Q(**{f"{path}customer": customer, f"{path}principal": None})
    theirs = Q(**{f"{path}principal": customer.acting_for})
    seen = Q(**{f"{path}customer": customer}) | Q(**{f"{path}sent_at__isnull": False})
    return theirs & (seen | Q(**{f"{path}shared_at__isnull": False}))


def cases_of_customer(customer: Customer) -> Q:
    """The cases a customer may read: those of papers sent by or for whom they act as now."""
    if customer.acting_for is None:
        return Q(application__customer=customer, application__principal=None)
    return Q(application__principal=customer.acting_for)


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


def may_handle(user: Visitor, authority_id: int) -> bool:
    """Whether the user may take steps in that authority's cases."""
    return authority_id in authorities_where(user, HANDLES_CASES)
