"""Signing in at a provider and out again, with a real browser that holds us to our own Content-Security-Policy."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from pytest_django import Settings

from apps.people.models import Customer, User
from apps.people.standin.people import ALFA, OFFICIAL
from tests.journeys.conftest import Visitor
from tests.provider import StandIn

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _anywhere(settings: Settings, standin: StandIn) -> None:
    """The browser's server has another port each time, so it is a client that may return anywhere on this machine."""
    settings.OIDC = standin.facts(client_id="anywhere-False", label="Example provider")
    settings.OFFICIALS_OIDC = standin.facts(client_id="anywhere-True", label="Example account")


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize("language", ["sv", "fi", "en"])
def test_customer_signs_in_and_out_at_the_provider(
    visitor: Callable[..., Visitor], standin: StandIn, language: str, script: bool
) -> None:
    stranger = visitor(language=language, script=script, width=320)
    stranger.open(f"/{language}/cases/")
    stranger.follow("Example provider")
    assert stranger.page.url.startswith(standin.address)

    stranger.go(stranger.page.get_by_role("button", name="Test Alfa"))
    assert stranger.page.url == f"{stranger.server}/{language}/cases/"
    assert Customer.objects.get().identity_code == ALFA.code

    if script:
        stranger.page.get_by_role("button", name=stranger.word("Sign out"), exact=True).first.click()
        stranger.page.wait_for_url(f"{stranger.server}/{language}/")
        stranger.look()
    else:
        stranger.press("Sign out")
        stranger.press("Sign out there too")
    assert stranger.page.url == f"{stranger.server}/{language}/"
    assert stranger.sees(stranger.word("You have signed out."))


def test_customer_who_cancels_is_told_and_can_try_again(visitor: Callable[..., Visitor]) -> None:
    stranger = visitor(language="en")
    stranger.open("/en/sign-in/")
    stranger.follow("Example provider")
    stranger.go(stranger.page.get_by_role("button", name="Cancel"))

    assert stranger.sees("The identification was cancelled")
    stranger.follow("Example provider")
    stranger.go(stranger.page.get_by_role("button", name="Test Beta"))
    assert stranger.page.url.endswith("/en/cases/")


def test_official_signs_in_at_the_desk_and_out(visitor: Callable[..., Visitor], standin: StandIn) -> None:
    User.objects.create(username=OFFICIAL.username, is_staff=True, is_superuser=True)
    official = visitor(language="en")
    official.page.goto(f"{official.server}/admin/")
    official.page.get_by_role("link", name=re.compile("Example account")).click()
    official.page.wait_for_url(f"{standin.address}/**")
    official.page.get_by_role("button", name=OFFICIAL.name).click()
    official.page.wait_for_url(f"{official.server}/admin/")

    official.page.locator("#logout-form button").click()
    official.page.wait_for_url(f"{official.server}/admin/login/**")
    assert not official.troubles, official.troubles
