"""How long a customer stays signed in: asked without changing it, lengthened when they say so, and warned of in time."""

from __future__ import annotations

import time

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from apps.people.identification import SESSION_KEY, UNTIL_KEY
from tests import build
from tests.markup import read

pytestmark = pytest.mark.django_db
JSON = {"accept": "application/json"}


def left(browser: Client, seconds: int) -> None:
    """So long it lasts."""
    session = browser.session
    session[UNTIL_KEY] = int(time.time()) + seconds
    session.save()


def test_asking_says_how_long_and_does_not_lengthen_it(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    browser = build.signed_in(build.customer())
    left(browser, 100)

    with django_assert_num_queries(1):
        found = browser.get("/sv/session/", headers=JSON).json()["seconds"]

    assert 95 <= found <= 100
    assert browser.session[UNTIL_KEY] <= time.time() + 100


def test_saying_that_one_is_there_lengthens_it(settings: Settings) -> None:
    settings.CUSTOMER_SESSION_SECONDS = 600
    browser = build.signed_in(build.customer())
    left(browser, 100)

    assert browser.post("/sv/session/", headers=JSON).json()["seconds"] > 590


def test_who_is_signed_out_already_cannot_lengthen_it() -> None:
    browser = build.signed_in(build.customer())
    left(browser, -1)

    assert browser.post("/sv/session/", headers=JSON).json() == {"seconds": 0}
    assert SESSION_KEY not in browser.session
    assert Client().get("/sv/session/").json() == {"seconds": 0}


def test_pressed_without_script_it_leads_back_to_the_page() -> None:
    browser = build.signed_in(build.customer())

    response = browser.post("/sv/session/", headers={"referer": "http://testserver/sv/services/"})

    assert response.headers["Location"] == "/sv/services/"
    assert browser.post("/sv/session/").headers["Location"] == "/sv/cases/"


def test_nobody_else_can_lengthen_it() -> None:
    browser = build.signed_in(build.customer(), enforce_csrf_checks=True)

    assert browser.post("/sv/session/", headers=JSON).status_code == 403


def test_page_of_somebody_who_did_nothing_leads_to_sign_in_and_back() -> None:
    browser = build.signed_in(build.customer())
    left(browser, 0)

    assert browser.get("/sv/cases/").headers["Location"] == "/sv/sign-in/?next=%2Fsv%2Fcases%2F"


@pytest.mark.parametrize("language", ["sv", "fi", "en"])
def test_every_page_of_a_signed_in_customer_brings_the_warning(language: str, settings: Settings) -> None:
    settings.CUSTOMER_SESSION_SECONDS = 600
    browser = build.signed_in(build.customer())

    bar = read(browser.get(f"/{language}/cases/").content.decode()).one("form", css="session")

    assert "hidden" in bar.attrs
    assert 590 <= int(bar.attrs["data-session"]) <= 600
    assert bar.attrs["action"] == f"/{language}/session/"
    words = bar.one(role="status").attrs
    assert "{n}" in words["data-many"]
    assert words["data-one"]
    assert words["data-over"]
    assert words["data-stays"]
    assert not read(Client().get(f"/{language}/").content.decode()).find("form", css="session")


def test_form_says_when_one_is_signed_out(settings: Settings) -> None:
    settings.CUSTOMER_SESSION_SECONDS = 600
    paper = build.application()
    page = reverse("portal:page", args=[paper.pk, "first"])

    note = read(build.signed_in(paper.customer).get(page).content.decode()).one("p", data_session_note="")

    assert "kl. " in note.text
