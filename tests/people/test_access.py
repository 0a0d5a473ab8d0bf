"""Who may see and do what: a table of roles, and who is nobody here."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import AnonymousUser

from apps.cases.models import Case
from apps.people import access
from apps.people.access import Visitor
from apps.people.models import User
from apps.services.models import Service
from tests.build import authority, case, customer, official, superuser, version

pytestmark = pytest.mark.django_db

#   role        sees cases  handles them  sees the services  defines them
RIGHTS = {
    "reader": (True, False, True, False),
    "handler": (True, True, True, False),
    "manager": (True, True, True, False),
    "designer": (False, False, True, True),
}


def rights(user: Visitor) -> tuple[bool, bool, bool, bool]:
    """What somebody may do with the one case and service there is."""
    service = Service.objects.get()
    return (
        Case.objects.filter(access.cases_of(user)).exists(),
        access.may_handle(user, service),
        Service.objects.filter(access.services_of(user)).exists(),
        access.may_define(user, service.authority_id),
    )


@pytest.mark.parametrize("role", RIGHTS)
def test_role_gives_its_rights_in_its_authority_and_none_elsewhere(role: str) -> None:
    case()

    assert rights(official("here", role=role)) == RIGHTS[role]
    assert rights(official("there", of=authority("other-town"), role=role)) == (False, False, False, False)


def test_roles_add_up() -> None:
    case()
    official("both", role="reader")

    assert rights(official("both", role="designer")) == (True, False, True, True)


def test_superuser_looks_after_services_and_reads_no_case() -> None:
    case()

    assert rights(superuser()) == (False, False, True, True)


NOBODY: dict[str, Callable[[], Visitor]] = {
    "anonymous": AnonymousUser,
    "no member": lambda: User.objects.create(username="new", is_staff=True),
    "no staff any more": lambda: changed(is_staff=False),
    "not active any more": lambda: changed(is_active=False),
    "superuser not active any more": lambda: changed(is_active=False, is_superuser=True),
}


def changed(**fields: bool) -> User:
    """A manager and designer who is something no longer."""
    official("changed", role="manager")
    user = official("changed", role="designer")
    User.objects.filter(pk=user.pk).update(**fields)
    return User.objects.get(pk=user.pk)


@pytest.mark.parametrize("who", NOBODY)
def test_nobody_may_do_nothing(who: str) -> None:
    case()

    assert rights(NOBODY[who]()) == (False, False, False, False)


def test_customer_reads_their_own_cases_only() -> None:
    made = case(by=customer("Mine"))
    case(made.application.version, by=customer("Other"))

    assert Case.objects.filter(access.cases_of_customer(customer("Mine"))).get() == made
    assert not Case.objects.filter(access.cases_of_customer(customer("Third"))).exists()


def test_memberships_are_asked_for_once(django_assert_num_queries: Callable[..., object]) -> None:
    service = version().service
    user = User.objects.get(pk=official().pk)

    with django_assert_num_queries(1):  # type: ignore[attr-defined]
        for _n in range(3):
            assert access.may_handle(user, service)
            assert not access.may_define(user, service.authority_id)
            access.cases_of(user)
