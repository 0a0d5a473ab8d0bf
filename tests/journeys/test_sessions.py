"""A session that ends loses nothing typed, and neither does another language; with and without script."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from django.contrib.sessions.backends.db import SessionStore
from playwright.sync_api import expect
from pytest_django import Settings

from apps.applications.models import Application
from apps.people.identification import UNTIL_KEY, TestIdentity
from apps.people.models import Customer
from tests import build
from tests.journeys.conftest import Visitor

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

PAGE = build.page(
    "first",
    build.field("text", "title", max_length=20),
    build.field("long_text", "story"),
    build.field("choice", "colour", options=build.options("red", "blue")),
    build.field("whole_number", "guests"),
)


@pytest.fixture(autouse=True)
def _test_identity(settings: Settings) -> None:
    """A developer's machine, where one can sign in again."""
    settings.DEBUG = settings.TEST_IDENTITY = True


def somebody() -> Customer:
    """A customer who can sign in again by a page."""
    return TestIdentity.identify(given_name="Test", family_name="Testperson")


def begun(who: Customer) -> str:
    """The address of the form's first page."""
    paper = build.application(
        build.version(PAGE, build.page("second", build.field("text", "more"))), by=who, answers={}
    )
    return f"applications/{paper.pk}/pages/first/"


def time_runs_out(customer: Visitor) -> None:
    """The customer has been away too long."""
    key = next(c["value"] for c in customer.page.context.cookies() if c.get("name") == "sessionid")
    session = SessionStore(key)
    session[UNTIL_KEY] = int(time.time()) - 1
    session.save()


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
@pytest.mark.parametrize("language", ["sv", "fi", "en"])
def test_session_that_ran_out_loses_nothing_typed(visitor: Callable[..., Visitor], language: str, script: bool) -> None:
    who = somebody()
    page = begun(who)
    customer = visitor(who, language=language, script=script, width=320)

    customer.open(f"/{language}/{page}")
    customer.write(title="Åäö", story="First\nsecond", guests="12")
    customer.choose(colour="blue")
    time_runs_out(customer)
    customer.press("Save and continue")

    assert customer.page.url.partition("?")[0].endswith("/sign-in/")
    customer.press("Sign in")
    assert customer.page.url.endswith(f"/{language}/{page}")
    assert customer.page.input_value("#id_title") == "Åäö"
    assert customer.page.input_value("#id_story") == "First\nsecond"
    assert customer.page.input_value("#id_guests") == "12"
    assert customer.page.is_checked('input[name="colour"][value="blue"]')
    assert Application.objects.get().answers == {}
    customer.press("Save and continue")
    assert Application.objects.get().answers["title"] == "Åäö"


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_another_language_in_the_middle_of_a_page_loses_nothing_typed(
    visitor: Callable[..., Visitor], script: bool
) -> None:
    who = somebody()
    page = begun(who)
    customer = visitor(who, script=script, width=320)

    customer.open(f"/sv/{page}")
    customer.write(title="Åäö", story="First", guests="many")
    customer.go(customer.page.locator(".languages button[lang=fi]"))

    assert customer.page.url.endswith(f"/fi/{page}")
    assert customer.page.get_attribute("html", "lang") == "fi"
    assert customer.page.input_value("#id_title") == "Åäö"
    assert customer.page.input_value("#id_guests") == "many"
    customer.write(guests="3")
    customer.go(customer.page.locator("#id_guests"), "Enter")  # saves, and presses no language
    assert Application.objects.get().answers["guests"] == 3
    assert customer.page.get_attribute("html", "lang") == "fi"


def test_customer_is_warned_before_being_signed_out_and_can_stay(
    visitor: Callable[..., Visitor], settings: Settings
) -> None:
    settings.CUSTOMER_SESSION_SECONDS = 8
    who = somebody()
    page = begun(who)
    customer = visitor(who, width=320)
    customer.open(f"/sv/{page}")
    bar = customer.page.locator(".session")
    expect(bar).to_be_hidden()
    customer.write(title="Typed")

    expect(bar).to_be_visible(timeout=6_000)
    expect(bar.get_by_role("status")).not_to_be_empty()
    customer.look()
    bar.get_by_role("button").click()

    expect(bar).to_be_hidden(timeout=6_000)
    assert customer.page.input_value("#id_title") == "Typed"
    expect(bar).to_be_visible(timeout=6_000)  # it did not last for ever
    expect(bar.get_by_role("button")).to_be_hidden(timeout=8_000)  # signed out: only words are left
    customer.look()
    customer.press("Save and continue")
    assert customer.page.url.partition("?")[0].endswith("/sign-in/")
