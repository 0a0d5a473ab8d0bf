"""Signing in and out: where one goes afterwards, and what is never possible."""

from __future__ import annotations

from html import unescape

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from apps.people.identification import SESSION_KEY
from apps.people.models import Customer
from tests import build

pytestmark = pytest.mark.django_db
PERSON = {"given_name": "Test", "family_name": "Testperson"}


@pytest.fixture
def test_identity(settings: Settings) -> None:
    """A developer's machine."""
    settings.DEBUG = settings.TEST_IDENTITY = True


@pytest.mark.usefixtures("test_identity")
class TestWithTestIdentity:
    """On a developer's machine."""

    def test_sign_in_says_that_it_is_a_test(self) -> None:
        html = Client().get("/en/sign-in/").content.decode()
        assert 'name="given_name"' in html
        assert "nobody real" in html

    def test_sign_in_leads_to_my_cases(self) -> None:
        browser = Client()
        response = browser.post("/sv/sign-in/", PERSON)
        assert response.headers["Location"] == "/sv/cases/"
        assert browser.session[SESSION_KEY] == str(Customer.objects.get().pk)

    def test_sign_in_takes_a_new_session_key(self) -> None:
        browser = Client()
        browser.session.save()
        before = browser.session.session_key
        browser.post("/sv/sign-in/", PERSON)
        assert browser.session.session_key != before

    def test_sign_in_leads_back_to_the_service_and_says_that_one_can_begin(self) -> None:
        build.version()
        browser = Client()
        html = browser.get("/sv/sign-in/?next=/sv/services/example/").content.decode()
        assert '<input type="hidden" name="next" value="/sv/services/example/">' in html
        response = browser.post("/sv/sign-in/", PERSON | {"next": "/sv/services/example/"}, follow=True)
        assert response.redirect_chain == [("/sv/services/example/", 302)]
        assert "panel--success" in response.content.decode()

    @pytest.mark.parametrize(
        "onward",
        [
            "https://example.com/",
            "//example.com/",
            "///example.com",
            "/\\example.com",
            "\\\\example.com",
            "javascript:alert(1)",
            "http:example.com",
            "/\t/example.com",
            "\x00/sv/",
            "sv/cases/",
            "/" + "x" * 5_000,
        ],
    )
    def test_sign_in_never_leads_elsewhere(self, onward: str) -> None:
        response = Client().post("/sv/sign-in/", PERSON | {"next": onward})
        assert response.headers["Location"] == "/sv/cases/"
        assert 'name="next"' not in Client().get("/sv/sign-in/", {"next": onward}).content.decode()

    def test_sign_in_leads_only_to_a_path_however_odd(self) -> None:
        response = Client().post("/sv/sign-in/", PERSON | {"next": "/sv/å\r\nX: y/%ff"})
        assert response.status_code == 302
        assert response.headers["Location"].startswith("/sv/")
        assert "\n" not in response.headers["Location"]

    @pytest.mark.parametrize("name", ["", " ", "...", "x" * 101, "a\x00b"])
    def test_sign_in_refuses_what_is_no_name(self, name: str) -> None:
        response = Client().post("/sv/sign-in/", {"given_name": name, "family_name": name})
        assert response.status_code == 200
        assert 'role="alert"' in response.content.decode()
        assert not Customer.objects.exists()

    @pytest.mark.parametrize("name", ["x" * 100, "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 100, "😀a"])
    def test_sign_in_takes_the_oddest_names(self, name: str) -> None:
        assert Client().post("/sv/sign-in/", {"given_name": name, "family_name": name}).status_code in (200, 302)

    def test_sign_in_of_one_who_is_signed_in_leads_on(self) -> None:
        browser = Client()
        browser.post("/sv/sign-in/", PERSON)
        assert browser.get("/sv/sign-in/?next=/sv/services/").headers["Location"] == "/sv/services/"

    def test_sign_out_forgets_the_customer(self) -> None:
        browser = Client()
        browser.post("/sv/sign-in/", PERSON)
        assert browser.post("/sv/sign-out/").headers["Location"] == "/sv/"
        assert SESSION_KEY not in browser.session
        assert browser.get("/sv/cases/").status_code == 302


def test_sign_in_without_any_way_says_so(settings: Settings) -> None:
    settings.EMAIL_LINK = False
    response = Client().get("/en/sign-in/")
    assert response.status_code == 200
    assert "given_name" not in response.content.decode()
    assert "panel--warning" in response.content.decode()


def test_test_identity_signs_nobody_in_without_debug() -> None:
    response = Client().post("/sv/sign-in/", PERSON)
    assert response.status_code == 404
    assert not Customer.objects.exists()


def test_sign_out_is_not_done_by_a_link() -> None:
    assert Client().get("/sv/sign-out/").status_code == 405


def test_page_of_a_signed_out_customer_leads_to_sign_in_and_back() -> None:
    draft = build.application()
    address = reverse("portal:page", args=[draft.pk, "first"]) + "?from=check"
    response = Client().get(address)
    assert response.headers["Location"].startswith("/sv/sign-in/?next=%2Fsv%2Fapplications%2F")
    assert response.headers["Location"].endswith("%3Ffrom%3Dcheck")


def test_page_sent_after_the_session_has_ended_is_told_what_is_kept() -> None:
    draft = build.application()
    response = Client().post(reverse("portal:page", args=[draft.pk, "first"]), {"title": "New"}, follow=True)
    assert response.redirect_chain[0][0].startswith("/sv/sign-in/?next=")
    assert 'role="status"' in unescape(response.content.decode())
    draft.refresh_from_db()
    assert draft.answers == {"title": "An example"}
