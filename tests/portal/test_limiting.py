"""Too often: 429 in words in the page's language, with the time to wait, and nothing typed is lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from apps.applications.models import Attachment
from apps.cases.models import Case
from apps.people.limits import LIMITS, Limit
from apps.people.models import Feedback
from apps.services import rehearsing
from tests import build
from tests.markup import flaws, read

pytestmark = [pytest.mark.django_db, pytest.mark.both]

Only = Callable[..., None]


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Only:
    """Lets something be tried so many times."""
    return lambda what, times: monkeypatch.setitem(LIMITS, what, Limit(times, timedelta(minutes=10)))


def is_refused(response: Any) -> bool:
    """Whether it is a 429 as it should be."""
    if response.status_code != 429:
        return False
    assert 0 < int(response.headers["Retry-After"]) <= 601
    assert "no-store" in response.headers["Cache-Control"]
    assert flaws(read(response.content.decode())) == []
    return True


def test_signing_in(only: Only, settings: Settings) -> None:
    settings.DEBUG = settings.TEST_IDENTITY = True
    only("sign_in_test", 2)
    person = {"given_name": "Test", "family_name": "Testperson"}

    answers = [Client().post("/sv/sign-in/", person) for _ in range(3)]

    assert [is_refused(answer) for answer in answers] == [False, False, True]
    assert Client().get("/sv/sign-in/").status_code == 200  # looking is no trying


def test_sending(only: Only) -> None:
    only("send", 1)
    papers = [build.application(build.version(key=f"key{n}")) for n in range(2)]
    browser = build.signed_in(build.customer())

    answers = [browser.post(reverse("portal:send", args=[paper.pk])) for paper in papers]

    assert [is_refused(answer) for answer in answers] == [False, True]
    assert Case.objects.count() == 1


def test_one_customer_does_not_stop_another(only: Only) -> None:
    only("send", 1)
    for name in ("One", "Another"):
        paper = build.application(by=build.customer(name))
        response = build.signed_in(paper.customer).post(reverse("portal:send", args=[paper.pk]))
        assert response.status_code == 302


def test_files_and_what_was_typed_beside_them_is_not_lost(only: Only) -> None:
    only("upload", 1)
    paper = build.application(
        build.version(build.page("first", build.field("text", "title"), build.field("file", "plan", max_files=3))),
        answers={},
    )
    browser, page = build.signed_in(paper.customer), reverse("portal:page", args=[paper.pk, "first"])

    def sent() -> Any:
        file = SimpleUploadedFile("plan.pdf", build.PDF, "application/pdf")
        return browser.post(page, {"title": "Typed", "plan": file, "_later": "1"})

    assert sent().status_code == 302
    refused = sent()

    assert is_refused(refused)
    assert Attachment.objects.count() == 1
    assert read(refused.content.decode()).one("main").find("a", href=page)
    again = read(browser.get(page).content.decode())
    assert again.one("input", name="title").attrs["value"] == "Typed"
    assert again.one("main").find(css="panel--warning")
    # What has no file is saved as ever.
    assert browser.post(page, {"title": "Anew", "_later": "1"}).status_code == 302


def test_feedback(only: Only) -> None:
    only("feedback", 1)
    browser = Client()
    said = {"text": "It does not work", "page": "", "email": "", "website": ""}
    browser.post("/sv/feedback/", said)

    assert is_refused(browser.post("/sv/feedback/", said | {"text": "Nor this"}))

    assert Feedback.objects.count() == 1
    assert "Nor this" in browser.get("/sv/feedback/").content.decode()


def test_guessing_testers_links(only: Only) -> None:
    only("testing", 2)
    browser = Client()

    answers = [browser.get(reverse("portal:testing", args=[f"{n}" * 43])) for n in range(3)]

    assert [is_refused(answer) for answer in answers] == [False, False, True]


def test_a_testers_link_that_is_right_is_refused_too_after_too_many_guesses(only: Only) -> None:
    only("testing", 1)
    test = rehearsing.open_rehearsal(build.version(published=False), by=None)
    right = reverse("portal:testing", args=[rehearsing.add_tester(test, "Some Body")[1]])

    answers = [Client().get(reverse("portal:testing", args=["g" * 43])), Client().get(right)]

    assert [is_refused(answer) for answer in answers] == [False, True]


@pytest.mark.parametrize("language", ["sv", "fi", "en"])
def test_it_is_said_in_the_language_of_the_page_when_to_try_again(only: Only, language: str) -> None:
    only("feedback", 0)

    root = read(Client().post(f"/{language}/feedback/", {"text": "x"}).content.decode())

    assert root.one("html").attrs["lang"] == language
    assert any(character.isdigit() for character in root.one("main").text)


@pytest.mark.parametrize(
    ("referer", "leads"),
    [
        ("http://testserver/sv/cases/?a=b", True),
        ("https://testserver/sv/cases/", False),
        ("http://testserver.example/sv/", False),
        ("http://testserver//example.com/", False),
        ("", False),
    ],
)
def test_it_leads_back_only_to_a_page_of_ours(only: Only, settings: Settings, referer: str, leads: bool) -> None:
    settings.DEBUG = settings.TEST_IDENTITY = True
    only("sign_in_test", 0)

    root = read(Client().post("/sv/sign-in/", {}, headers={"referer": referer}).content.decode())

    links = [a.attrs["href"] for a in root.one("main").find("a")]
    assert links == (["/sv/cases/?a=b", "/sv/"] if leads else ["/sv/"])


def test_nothing_is_refused_where_limits_are_off(only: Only, settings: Settings) -> None:
    settings.RATE_LIMITS = False
    only("feedback", 0)

    assert Client().post("/sv/feedback/", {"text": "x"}).status_code == 302
