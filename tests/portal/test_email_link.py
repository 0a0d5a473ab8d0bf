"""Signing in by a link in an e-mail: asking, opening, pressing; and what it opens and does not."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from apps.applications.models import Application
from apps.cases.models import Case
from apps.people.identification import SESSION_KEY
from apps.people.identification.email_link import EmailLink
from apps.people.limits import LIMITS, Limit
from apps.people.models import Customer, SignInLink
from tests import build
from tests.markup import flaws, read

pytestmark = pytest.mark.django_db
ADDRESS = "name@example.com"


@pytest.fixture(autouse=True)
def _on(settings: Settings) -> None:
    """Where it is switched on."""
    settings.EMAIL_LINK = True


def asked(browser: Client, email: str = ADDRESS, onward: str = "", language: str = "sv") -> str:
    """Ask for a link, and take its path out of the mail."""
    response = browser.post(f"/{language}/sign-in/email/", {"email": email, "next": onward})
    assert response.headers["Location"] == f"/{language}/sign-in/email/sent/"
    (found,) = re.findall(r"https?://\S+", str(mail.outbox[-1].body))
    return "/" + found.split("/", 3)[3]


def test_sign_in_page_leads_there_and_keeps_where_one_was_heading() -> None:
    root = read(Client().get("/sv/sign-in/?next=/sv/services/example/%3Fa%3Db").content.decode())
    (link,) = [a for a in root.one("main").find("a") if a.attrs["href"].startswith("/sv/sign-in/email/")]

    page = read(Client().get(link.attrs["href"]).content.decode())

    assert page.one("input", name="next").attrs["value"] == "/sv/services/example/?a=b"
    assert flaws(page) == []


def test_link_signs_in_on_any_device_and_leads_on() -> None:
    path = asked(Client(), onward="/sv/services/example/")
    phone = Client()

    opened = phone.get(path)
    assert ADDRESS in opened.content.decode()
    assert SESSION_KEY not in phone.session

    response = phone.post(path)
    assert response.headers["Location"] == "/sv/services/example/"
    assert phone.session[SESSION_KEY] == str(Customer.objects.get(way="email", subject=ADDRESS).pk)


def test_opening_the_link_uses_nothing_up() -> None:
    path = asked(Client())

    for _ in range(3):
        assert Client().get(path).status_code == 200
        assert Client().head(path).status_code == 200

    assert Client().post(path).status_code == 302


def test_link_is_used_once() -> None:
    path = asked(Client())
    Client().post(path)

    late = Client()
    assert late.get(path).status_code == 410
    assert late.post(path).status_code == 410
    assert SESSION_KEY not in late.session


def test_link_that_is_too_old_says_so_and_leads_to_a_new_one() -> None:
    path = asked(Client())
    SignInLink.objects.update(created_at=timezone.now() - timedelta(minutes=31))

    response = Client().get(path)

    assert response.status_code == 410
    assert read(response.content.decode()).one("main").find("a", href="/sv/sign-in/email/")


def test_answer_is_the_same_whether_or_not_somebody_is_known() -> None:
    EmailLink.identify(ADDRESS)

    known, unknown = (
        Client().post("/sv/sign-in/email/", {"email": email}, follow=True) for email in (ADDRESS, "other@example.com")
    )

    assert known.content == unknown.content
    assert len(mail.outbox) == 2


@pytest.mark.parametrize("language", ["sv", "fi", "en"])
def test_mail_leads_to_a_page_in_the_language_of_who_asked(language: str) -> None:
    assert asked(Client(), language=language).startswith(f"/{language}/sign-in/email/")


def test_link_has_the_public_address(settings: Settings) -> None:
    settings.SITE_URL = "https://service.example"

    asked(Client())

    assert "https://service.example/sv/sign-in/email/" in str(mail.outbox[0].body)


@pytest.mark.parametrize("onward", ["https://example.com/", "//example.com", "javascript:alert(1)"])
def test_link_never_leads_elsewhere(onward: str) -> None:
    path = asked(Client(), onward=onward)

    assert Client().post(path).headers["Location"] == "/sv/cases/"


@pytest.mark.parametrize("wrong", ["", "name", "a" * 300 + "@example.com"])
def test_what_is_no_address_is_said_at_the_question(wrong: str) -> None:
    response = Client().post("/sv/sign-in/email/", {"email": wrong})

    assert response.status_code == 200
    assert 'role="alert"' in response.content.decode()
    assert not mail.outbox


def test_mail_that_cannot_be_sent_is_said(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9

    response = Client().post("/sv/sign-in/email/", {"email": ADDRESS})

    assert response.status_code == 503
    assert 'role="alert"' in response.content.decode()


def test_nobody_fills_a_strangers_mailbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LIMITS, "email_link_to", Limit(2, timedelta(hours=1)))
    for _ in range(2):
        asked(Client())

    response = Client().post("/sv/sign-in/email/", {"email": ADDRESS.upper()})

    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) > 0
    assert ADDRESS.upper() in response.content.decode()  # what was typed still stands there
    assert len(mail.outbox) == 2
    asked(Client(), "other@example.com")


def test_nobody_sends_to_any_number_of_mailboxes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LIMITS, "email_link", Limit(2, timedelta(hours=1)))
    for n in range(2):
        asked(Client(), f"name{n}@example.com")

    assert Client().post("/sv/sign-in/email/", {"email": "name3@example.com"}).status_code == 429
    assert len(mail.outbox) == 2


def test_nothing_of_it_is_there_where_it_is_off(settings: Settings) -> None:
    token = EmailLink.make(ADDRESS, "")
    settings.EMAIL_LINK = False

    for path in ("/sv/sign-in/email/", "/sv/sign-in/email/sent/", f"/sv/sign-in/email/{token}/"):
        assert Client().get(path).status_code == 404
    assert Client().post(f"/sv/sign-in/email/{token}/").status_code == 404


@pytest.mark.parametrize("path", ["", "sent/", "x" * 43 + "/"])
@pytest.mark.parametrize("language", ["sv", "fi", "en"])
def test_pages_have_no_flaws(path: str, language: str) -> None:
    assert flaws(read(Client().get(f"/{language}/sign-in/email/{path}").content.decode())) == []


# --- what a weakly known customer can do -----------------------------------------------------------------------------


def test_service_that_needs_it_is_not_begun_by_one_known_weakly_and_offers_a_strong_way(settings: Settings) -> None:
    settings.DEBUG = settings.TEST_IDENTITY = True
    build.version()
    browser = build.signed_in(EmailLink.identify(ADDRESS))

    response = browser.post(reverse("portal:start", args=["example"]), follow=True)

    assert not Application.objects.exists()
    ((path, _status),) = response.redirect_chain
    assert path.startswith("/sv/sign-in/?next=%2Fsv%2Fservices%2Fexample%2F")
    root = read(response.content.decode()).one("main")
    assert root.find(css="panel--warning")
    assert root.find("input", name="given_name")
    assert not [a for a in root.find("a") if "/email/" in a.attrs["href"]]


@pytest.mark.parametrize("who", ["strong", "weak"])
def test_service_that_does_not_need_it_lets_both_begin_and_send(who: str) -> None:
    build.version(identification="weak")
    customer = build.customer() if who == "strong" else EmailLink.identify(ADDRESS)
    browser = build.signed_in(customer)
    browser.post(reverse("portal:start", args=["example"]))
    paper = Application.objects.get()
    browser.post(reverse("portal:page", args=[paper.pk, "first"]), {"title": "Own"})

    browser.post(reverse("portal:send", args=[paper.pk]))

    assert Case.objects.get().application.customer == customer


def test_paper_of_one_known_weakly_is_not_sent_where_more_is_needed() -> None:
    paper = build.application(by=EmailLink.identify(ADDRESS))

    response = build.signed_in(paper.customer).post(reverse("portal:send", args=[paper.pk]), follow=True)

    assert not Case.objects.exists()
    assert 'role="status"' in response.content.decode()
    assert Application.objects.get().is_draft


@pytest.mark.parametrize("posted", [{"email": "a@" + "ä" * 60 + ".fi"}, {"email": "a@example.fi", "next": "/a\0b"}])
def test_odd_input_is_answered_in_words(posted: dict[str, str]) -> None:
    assert Client().post("/sv/sign-in/email/", posted).status_code in (200, 302)
