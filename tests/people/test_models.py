"""Authorities with their names and areas, roles, customers."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import translation

from apps.people.models import Customer, Membership, User
from tests.build import authority, customer, official

pytestmark = pytest.mark.django_db


def test_authority_is_called_by_its_name_in_the_language_of_the_page() -> None:
    town = authority()

    assert str(town) == "example-town sv"
    with translation.override("fi"):
        assert town.name == "example-town fi"
    assert town.named("xx") == "example-town sv"


@pytest.mark.parametrize("key", ["Town", "two--hyphens", "-town", "town-", "tåwn", "a b", "town\n", ""])
def test_authority_key_is_plain(key: str) -> None:
    town = authority("plain")
    town.key = key

    with pytest.raises(ValidationError):
        town.full_clean()


@pytest.mark.parametrize("codes", [["000"], ["091", "91"], "091", {"091": 1}, [91], [["091"]], [{}], None])
def test_authority_serves_municipalities_that_exist(codes: object) -> None:
    town = authority()
    town.municipality_codes = codes

    with pytest.raises(ValidationError) as caught:
        town.full_clean()

    assert list(caught.value.message_dict) == ["municipality_codes"]


def test_authority_serves_its_municipalities_or_all() -> None:
    assert authority("all").serves("091")
    town = authority("town", municipality_codes=["091", "049"])
    assert [town.serves(code) for code in ("091", "049", "853")] == [True, True, False]


def test_role_is_held_once() -> None:
    user = official()

    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.create(user=user, authority=authority(), role="handler")
    with translation.override("en"):
        assert str(user.memberships.get()) == "handler: Handler, example-town en"


def test_user_is_called_by_their_name_or_their_username() -> None:
    assert str(User(username="handler")) == "handler"
    assert str(User(username="handler", first_name="Test", last_name="Official")) == "Test Official"


def test_customer_is_known_once_in_each_way() -> None:
    known = customer()

    with pytest.raises(IntegrityError), transaction.atomic():
        Customer.objects.create(way=known.way, subject=known.subject, given_name="A", family_name="B")
    assert Customer.objects.create(way="another", subject=known.subject, given_name="A", family_name="B") != known
    assert str(known) == "Example Customer"
