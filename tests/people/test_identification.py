"""How a customer becomes known, and that the test identity does not exist without DEBUG."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest
from django.test import RequestFactory
from pytest_django import Settings

from apps.people import identification
from apps.people.identification import (
    MANDATE_KEY,
    SESSION_KEY,
    UNTIL_KEY,
    Identification,
    TestIdentity,
    available_ways,
    customer_in_templates,
    customer_of,
    seconds_left,
    sign_in,
    sign_out,
)
from apps.people.models import Customer
from tests.build import NOW, customer

pytestmark = pytest.mark.django_db


def request(session: SessionStore | None = None) -> HttpRequest:
    """A request with a session."""
    made = RequestFactory().get("/")
    made.session = session or SessionStore()
    return made


def a_person(given: str = "Test", family: str = "Testperson") -> Customer:
    return TestIdentity.identify(given_name=given, family_name=family)


@pytest.fixture
def development(settings: Settings) -> None:
    """A developer's machine."""
    settings.DEBUG = settings.TEST_IDENTITY = True


def test_nobody_is_signed_in_at_first() -> None:
    assert customer_of(request()) is None
    assert customer_of(RequestFactory().get("/")) is None


def test_customer_who_signs_in_is_known_in_later_requests() -> None:
    first = request()
    sign_in(first, customer())
    assert isinstance(first.session, SessionStore)
    first.session.save()

    assert customer_of(first) == customer()
    assert customer_of(request(SessionStore(first.session.session_key))) == customer()


def test_sign_in_and_out_give_the_session_a_new_key() -> None:
    made = request()
    made.session.create()
    keys = [made.session.session_key]

    sign_in(made, customer())
    keys.append(made.session.session_key)
    sign_out(made)
    keys.append(made.session.session_key)

    assert len(set(keys)) == 3
    assert customer_of(made) is None
    assert not SessionStore().exists(str(keys[0]))


def test_official_stays_signed_in_when_the_customer_signs_out() -> None:
    made = request()
    made.session["_auth_user_id"] = "1"
    sign_in(made, customer())

    sign_out(made)

    assert made.session["_auth_user_id"] == "1"
    assert SESSION_KEY not in made.session


def test_customer_who_is_gone_is_nobody() -> None:
    made = request()
    made.session[SESSION_KEY] = str(uuid.uuid4())

    assert customer_of(made) is None


def test_customer_is_asked_for_once(django_assert_num_queries: Any) -> None:
    made = request()
    sign_in(made, customer())

    with django_assert_num_queries(1):
        assert all(customer_of(made) is not None for _n in range(3))


def test_templates_ask_for_the_customer_only_when_they_use_it(django_assert_num_queries: Any) -> None:
    made = request()
    sign_in(made, customer())

    with django_assert_num_queries(0):
        found = customer_in_templates(made)["customer"]
    assert found.name == "Example Customer"


# --- the test identity -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("debug", "on"), [(True, True), (True, False), (False, True), (False, False)])
def test_test_identity_exists_with_debug_only(settings: Settings, debug: bool, on: bool) -> None:
    settings.DEBUG, settings.TEST_IDENTITY = debug, on

    assert TestIdentity.available() is (debug and on)
    assert (TestIdentity in available_ways()) is (debug and on)


@pytest.mark.usefixtures("development")
def test_test_person_of_before_is_nobody_when_debug_is_off(settings: Settings) -> None:
    made = request()
    sign_in(made, a_person())
    assert customer_of(made) == a_person()

    settings.DEBUG = False

    again = request(made.session)  # type: ignore[arg-type]
    assert customer_of(again) is None


def test_same_name_is_the_same_person() -> None:
    assert a_person("Åsa", "Test") == a_person("åsa", " TEST ")
    assert a_person("Åsa", "Test") != a_person("Asa", "Test")
    assert a_person().is_test
    assert not customer().is_test


def test_longest_names_can_be_signed_in() -> None:
    long = a_person("Å" * 100, "Ö" * 100)

    assert len(long.subject) == 200
    assert a_person("ﷺ" * 100, "x").subject


@pytest.mark.parametrize(("given", "family"), [("", "x"), ("...", "---"), ("x" * 101, "x"), ("a\x00", "b")])
def test_name_that_is_none_is_refused(given: str, family: str) -> None:
    assert not identification.TestPersonForm({"given_name": given, "family_name": family}).is_valid()


def test_two_ways_of_one_name_are_refused() -> None:
    with pytest.raises(TypeError, match="test"):
        type("Another", (Identification,), {"key": "test"})


# --- how long somebody stays signed in -------------------------------------------------------------------------------


def known_for(seconds: int, settings: Settings) -> HttpRequest:
    """A request of a customer who signed in NOW, for so many seconds."""
    settings.CUSTOMER_SESSION_SECONDS = seconds
    made = request()
    sign_in(made, customer(), at=NOW)
    return made


def test_who_does_nothing_for_too_long_is_signed_out(settings: Settings) -> None:
    made = known_for(600, settings)
    made.session[MANDATE_KEY] = str(uuid.uuid4())
    made.session["_auth_user_id"] = "1"

    assert customer_of(made, at=NOW + timedelta(seconds=600)) is None

    assert SESSION_KEY not in made.session
    assert MANDATE_KEY not in made.session
    assert made.session["_auth_user_id"] == "1"  # an official stays signed in


def test_who_does_something_stays(settings: Settings) -> None:
    made = known_for(600, settings)

    assert customer_of(made, at=NOW + timedelta(seconds=599)) == customer()

    again = request(made.session)  # type: ignore[arg-type]
    assert customer_of(again, at=NOW + timedelta(seconds=1_198)) == customer()


def test_session_is_not_written_at_every_request(settings: Settings) -> None:
    made = known_for(600, settings)
    made.session.modified = False

    customer_of(made, at=NOW + timedelta(seconds=59))
    assert not made.session.modified

    again = request(made.session)  # type: ignore[arg-type]
    customer_of(again, at=NOW + timedelta(seconds=61))
    assert again.session.modified


def test_asking_how_long_it_lasts_does_not_lengthen_it(settings: Settings) -> None:
    made = known_for(600, settings)
    made.session.modified = False

    assert [seconds_left(made, at=NOW + timedelta(seconds=s)) for s in (0, 500, 599, 600, 700)] == [600, 100, 1, 0, 0]
    assert not made.session.modified
    assert seconds_left(request(), at=NOW) == 0


def test_session_without_a_time_is_nobodys() -> None:
    made = request()
    sign_in(made, customer())
    del made.session[UNTIL_KEY]

    assert customer_of(request(made.session)) is None  # type: ignore[arg-type]
