"""Officials sign in at the desk through a real provider on this machine, and nobody is made an official by that."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
import requests
from django.test import Client
from pytest_django import Settings

from apps.people import limits
from apps.people.identification import SESSION_KEY
from apps.people.models import User
from apps.people.standin.people import ALFA, OFFICIAL, STRANGER
from tests.provider import HERE, SWITCHES, StandIn, chosen, through

pytestmark = pytest.mark.django_db
START = "/admin/sign-in/"


@pytest.fixture(autouse=True)
def _provider(settings: Settings, standin: StandIn) -> None:
    settings.OFFICIALS_OIDC = standin.facts(officials=True)


def official(**more: Any) -> User:
    return User.objects.create(username=OFFICIAL.username, **{"is_staff": True, **more})


def known(browser: Client) -> str | None:
    """Who is signed in at the desk."""
    return browser.session.get("_auth_user_id")


@pytest.mark.parametrize("switches", [(), SWITCHES], ids=["plain", "everything"])
def test_official_signs_in_by_the_name_that_the_provider_gives(
    settings: Settings, standin: StandIn, switches: tuple[str, ...]
) -> None:
    settings.OFFICIALS_OIDC = standin.facts(*switches, officials=True)
    user, browser = official(), Client()

    response = through(browser, START, OFFICIAL.key)

    assert response.headers["Location"] == "/admin/"
    assert known(browser) == str(user.pk)


def test_sign_in_leads_to_where_they_were_heading() -> None:
    official()

    assert (
        through(Client(), f"{START}?next=/admin/cases/case/", OFFICIAL.key).headers["Location"] == "/admin/cases/case/"
    )
    assert through(Client(), f"{START}?next=//example.com/", OFFICIAL.key).headers["Location"] == "/admin/"


@pytest.mark.parametrize("more", [{"is_active": False}, {"is_staff": False}])
def test_who_no_longer_works_here_is_refused_in_words(more: dict[str, bool]) -> None:
    official(**more)
    browser = Client(headers={"accept-language": "en"})

    response = through(browser, START, OFFICIAL.key)

    assert known(browser) is None
    assert "nobody at this desk" in unescape(browser.get(response.headers["Location"]).content.decode())


def test_stranger_is_refused_and_nobody_is_created() -> None:
    official()
    browser = Client()

    through(browser, START, STRANGER.key)

    assert known(browser) is None
    assert User.objects.count() == 1


def test_official_without_the_claim_is_nobody(standin: StandIn) -> None:
    official()
    User.objects.create(username="", is_staff=True)
    browser = Client()
    from_provider = browser.get(START).headers["Location"]
    standin.fail("no_username")

    browser.get(chosen(from_provider, OFFICIAL.key).removeprefix(HERE))

    assert known(browser) is None


def test_claim_is_the_one_that_is_set(settings: Settings) -> None:
    settings.OFFICIALS_OIDC_USERNAME_CLAIM = "family_name"
    user = User.objects.create(username=OFFICIAL.family_name, is_staff=True)
    browser = Client()

    through(browser, START, OFFICIAL.key)

    assert known(browser) == str(user.pk)


def test_customers_sign_in_opens_no_desk() -> None:
    """The answer to a customer's sign-in is not taken at the desk, nor the other way round."""
    official()
    browser = Client()
    begun = browser.get("/sv/sign-in/strongly/").headers["Location"]

    query = chosen(begun, ALFA.key).partition("?")[2]
    browser.get(f"/admin/sign-in/callback/?{query}")

    assert known(browser) is None
    assert SESSION_KEY not in browser.session


def test_desk_offers_it_beside_the_password(settings: Settings, standin: StandIn) -> None:
    settings.OFFICIALS_OIDC = standin.facts(officials=True, label="Example account")

    html = Client(headers={"accept-language": "en"}).get("/admin/login/?next=/admin/cases/").content.decode()

    assert 'href="/admin/sign-in/?next=%2Fadmin%2Fcases%2F"' in html
    assert "Sign in with Example account" in html
    assert 'name="password"' in html


def test_without_a_provider_there_is_only_the_password(settings: Settings) -> None:
    settings.OFFICIALS_OIDC = {**settings.OFFICIALS_OIDC, "issuer": ""}

    assert "/admin/sign-in/" not in Client().get("/admin/login/").content.decode()
    assert Client().get(START).status_code == 404
    assert Client().get("/admin/sign-in/callback/").status_code == 404


def test_sign_out_goes_on_to_the_provider() -> None:
    official()
    browser = Client()
    through(browser, START, OFFICIAL.key)

    response = browser.post("/admin/logout/")

    assert known(browser) is None
    html = response.content.decode()
    form = re.search(r'<form method="post" action="([^"]+)" data-leave>(.*?)</form>', html, re.S)
    assert form
    fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', unescape(form.group(2))))
    answer = requests.post(form.group(1), fields, timeout=20, allow_redirects=False)
    assert answer.headers["Location"].startswith(f"{HERE}/admin/login/")


def test_sign_out_of_who_has_a_password_stays_here() -> None:
    user = official()
    browser = Client()
    browser.force_login(user)

    html = browser.post("/admin/logout/").content.decode()

    assert known(browser) is None
    assert "data-leave" not in html
    assert browser.get("/admin/logout/").status_code == 405


def test_too_many_are_answered_429(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.RATE_LIMITS = True
    monkeypatch.setitem(limits.LIMITS, "sign_in", limits.Limit(1, limits.MINUTES))
    browser = Client()
    browser.get(START)

    response = browser.get(START)

    assert (response.status_code, "Retry-After" in response.headers) == (429, True)
    assert browser.get("/admin/sign-in/callback/").status_code == 429
