"""The customer's own details, and the line on the check page that says where notices go."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import Settings

from apps.people.models import Customer, Principal
from tests import build
from tests.markup import flaws, read
from tests.portal import walk

pytestmark = pytest.mark.django_db
MINE = "mine@example.com"


def known(**more: object) -> Customer:
    who = build.customer()
    Customer.objects.filter(pk=who.pk).update(**more)
    who.refresh_from_db()
    return who


@pytest.mark.parametrize("language", ["sv", "fi", "en"])
def test_page_says_who_one_is_and_by_which_way(language: str) -> None:
    text = build.signed_in(known()).get(f"/{language}/me/").text

    assert "Example Customer" in text
    assert flaws(read(text)) == []


def test_nobody_is_sent_to_sign_in() -> None:
    assert Client().get("/sv/me/").headers["Location"].startswith("/sv/sign-in/")


def test_address_is_kept_and_can_be_taken_away() -> None:
    who = known()
    browser = build.signed_in(who)

    answer = browser.post("/sv/me/", {"email": MINE}, follow=True)
    assert MINE in answer.text
    who.refresh_from_db()
    assert who.email == MINE

    browser.post("/sv/me/", {"email": ""})
    who.refresh_from_db()
    assert who.email == ""


def test_what_is_no_address_is_told_and_kept_to_be_mended() -> None:
    who = known(email=MINE)

    answer = build.signed_in(who).post("/en/me/", {"email": "mine at example"})

    assert "Write an e-mail address" in answer.text
    assert 'value="mine at example"' in answer.text
    assert answer.text.partition("<title>")[2].startswith("Error:")
    who.refresh_from_db()
    assert who.email == MINE


def test_it_goes_on_to_where_one_came_from_and_nowhere_else() -> None:
    browser = build.signed_in(known())

    assert browser.post("/sv/me/", {"email": MINE, "next": "/sv/cases/"}).headers["Location"] == "/sv/cases/"
    assert browser.post("/sv/me/", {"email": MINE, "next": "//evil.example/"}).headers["Location"] == "/sv/me/"


def test_who_is_known_by_a_mailbox_keeps_it() -> None:
    who = Customer.objects.create(way="email", subject=MINE, email=MINE)
    browser = build.signed_in(who)

    assert 'name="email"' not in browser.get("/sv/me/").text
    assert browser.post("/sv/me/", {"email": "other@example.com"}).status_code == 200
    who.refresh_from_db()
    assert who.email == MINE


def test_address_is_ones_own_for_whomever_one_acts() -> None:
    company = Principal.objects.create(kind="company", subject="1234567-1", name="Exempel Ab")
    life = walk.a_life(principal=company)
    browser = walk.browser_of(life.customer, company)

    browser.post("/sv/me/", {"email": MINE})

    assert "Exempel Ab" in browser.get("/sv/me/").text
    life.customer.refresh_from_db()
    assert life.customer.email == MINE


def test_somebody_protected_is_told_that_no_official_sees_it() -> None:
    assert "protection order" not in build.signed_in(known()).get("/en/me/").text
    assert "protection order" in build.signed_in(known(protected=True)).get("/en/me/").text


def test_address_typed_when_signed_out_stands_there_after_signing_in() -> None:
    who = known()
    browser = build.signed_in(who)
    session = browser.session
    session["customer_until"] = 0
    session.save()

    browser.post("/en/me/", {"email": MINE})
    session = browser.session
    session["customer"], session["customer_until"] = str(who.pk), 2**40
    session.save()

    assert f'value="{MINE}"' in browser.get("/en/me/").text
    who.refresh_from_db()
    assert who.email == ""


# --- the line on the check page --------------------------------------------------------------------------------------


def check_page(settings: Settings, email: str, *, mail: bool = True) -> str:
    settings.MAIL_IS_SENT = mail
    who = known(email=email)
    paper = build.application(by=who)
    return build.signed_in(who).get(f"/en/applications/{paper.pk}/check/").text


def test_check_page_says_where_one_is_told(settings: Settings) -> None:
    text = check_page(settings, MINE)

    assert f"You are told at {MINE}" in text
    assert "/en/me/?next=/en/applications/" in text


def test_check_page_asks_for_an_address_where_there_is_none(settings: Settings) -> None:
    assert "Add an e-mail address" in check_page(settings, "")


@pytest.mark.parametrize("email", ["", MINE])
def test_check_page_says_nothing_where_no_mail_is_sent(settings: Settings, email: str) -> None:
    assert "/en/me/?next" not in check_page(settings, email, mail=False)
