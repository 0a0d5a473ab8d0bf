"""What was typed and could not be saved at once stands on its page again, for its customer and nobody else, until it is saved."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from apps.applications import drafting
from apps.applications.models import Application
from apps.people.identification import SESSION_KEY, UNTIL_KEY
from apps.people.limits import LIMITS, Limit
from apps.people.models import Customer
from apps.portal import stash
from apps.portal.stash import STASH_KEY
from tests import build
from tests.markup import Element, flaws, read

pytestmark = pytest.mark.django_db
CODE = "131052-308T"  # of no living person: the authorities' own example


def draft(**answers: Any) -> Application:
    """A draft of a form with several kinds of questions, and a page after it."""
    version = build.version(
        build.page(
            "first",
            build.field("text", "title", max_length=10),
            build.field("long_text", "story"),
            build.field("choices", "colours", options=build.options("red", "blue", "green")),
            build.field("whole_number", "guests"),
            build.field("repeating", "rows", fields=[build.field("text", "what"), build.field("money", "price")]),
            build.field("file", "plan", required=False),
        ),
        build.page("second", build.field("text", "more")),
    )
    return build.application(version, answers=answers)


TYPED = {"title": "Åäö", "story": "First\r\nsecond <b>", "colours": ["red", "green"], "guests": "12"}


def address(paper: Application, page: str = "first") -> str:
    """A page's address."""
    return reverse("portal:page", args=[paper.pk, page])


def run_out(browser: Client) -> None:
    """The customer does nothing for too long."""
    session = browser.session
    session[UNTIL_KEY] = int(time.time()) - 1
    session.save()


def signs_in(browser: Client, who: Customer) -> None:
    """The customer signs in again in the same browser; as no address of the product could do it, but with a session as it is."""
    session = browser.session
    session[SESSION_KEY] = str(who.pk)
    session[UNTIL_KEY] = int(time.time()) + 600
    session.save()


def shown(browser: Client, path: str) -> Element:
    """A page as the customer sees it."""
    return read(browser.get(path).content.decode())


def stands(page: Element) -> dict[str, Any]:
    """What stands in the controls that were typed in."""
    return {
        "title": page.one("input", name="title").attrs["value"],
        "story": page.one("textarea", name="story").text.removeprefix("\n").replace("\n", "\r\n").replace("\r\r", "\r"),
        "colours": [e.attrs["value"] for e in page.find("input", name="colours") if "checked" in e.attrs],
        "guests": page.one("input", name="guests").attrs["value"],
    }


def left_over(browser: Client) -> bool:
    """Whether anything is still kept in the browser's session."""
    return STASH_KEY in browser.session


# --- the session that ran out ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("ended", ["by time", "altogether"])
def test_what_was_typed_when_the_session_had_ended_is_still_there_after_signing_in(ended: str) -> None:
    paper = draft()
    browser = build.signed_in(paper.customer)
    if ended == "by time":
        run_out(browser)
    else:
        browser = Client()

    response = browser.post(address(paper), TYPED)
    assert response.headers["Location"].startswith("/sv/sign-in/?next=%2Fsv%2Fapplications%2F")
    signs_in(browser, paper.customer)
    page = shown(browser, address(paper))

    assert stands(page) == TYPED
    assert page.one("main").find(css="panel--warning")
    assert not page.find(role="alert")
    assert flaws(page) == []
    paper.refresh_from_db()
    assert paper.answers == {}  # only the customer saves it


def test_sign_in_page_says_that_nothing_is_lost() -> None:
    paper = draft()
    browser = Client()

    kept, nothing = (browser.post(address(paper), typed, follow=True).content.decode() for typed in (TYPED, {}))

    assert read(kept).one(css="messages").text != read(nothing).one(css="messages").text


def test_saving_takes_it_out_of_the_session() -> None:
    paper = draft()
    browser = Client()
    browser.post(address(paper), TYPED)
    signs_in(browser, paper.customer)
    shown(browser, address(paper))

    browser.post(address(paper), TYPED)

    paper.refresh_from_db()
    assert paper.answers["title"] == "Åäö"
    assert not left_over(browser)
    assert not shown(browser, address(paper)).one("main").find(css="panel--warning")


def test_it_stays_while_the_page_is_only_looked_at() -> None:
    paper = draft()
    browser = Client()
    browser.post(address(paper), TYPED)
    signs_in(browser, paper.customer)

    for _ in range(3):
        assert stands(shown(browser, address(paper))) == TYPED


def test_it_stands_there_in_whatever_language_one_comes_back() -> None:
    paper = draft()
    browser = Client()
    browser.post(address(paper), TYPED)
    signs_in(browser, paper.customer)

    assert stands(shown(browser, address(paper).replace("/sv/", "/fi/"))) == TYPED


def test_rows_and_half_written_answers_come_back_as_they_were() -> None:
    paper = draft()
    browser = build.signed_in(paper.customer)
    page = shown(browser, address(paper))
    names = [e.attrs["name"] for e in page.controls() if e.attrs["name"].startswith("rows-")]
    what = next(name for name in names if name.endswith("-what"))
    hidden = {e.attrs["name"]: e.attrs["value"] for e in page.one("form", id="questions").find("input", type="hidden")}
    run_out(browser)

    browser.post(address(paper), {**hidden, what: "A chair", "guests": "many"})
    signs_in(browser, paper.customer)
    back = shown(browser, address(paper))

    assert back.one("input", name=what).attrs["value"] == "A chair"
    assert back.one("input", name="guests").attrs["value"] == "many"


def test_buttons_are_not_pressed_again() -> None:
    paper = draft(title="Stored")
    browser = Client()

    browser.post(address(paper), TYPED | {"_later": "1", "_remove": "x"})
    signs_in(browser, paper.customer)

    assert stands(shown(browser, address(paper))) == TYPED


# --- nobody else's ---------------------------------------------------------------------------------------------------


def test_another_customer_in_the_same_browser_sees_nothing_of_it() -> None:
    paper = draft()
    browser = Client()
    browser.post(address(paper), TYPED)
    signs_in(browser, build.customer("Other"))

    response = browser.get(address(paper))

    assert response.status_code == 404
    assert "Åäö" not in response.content.decode()
    assert not left_over(browser)


def test_colleague_in_the_same_browser_sees_nothing_of_what_another_typed() -> None:
    paper = draft()
    browser = build.signed_in(paper.customer)
    run_out(browser)
    browser.post(address(paper), TYPED)
    colleague = build.customer("Colleague")
    Application.objects.filter(pk=paper.pk).update(customer=colleague)  # theirs to read, but not what was typed
    signs_in(browser, colleague)

    assert stands(shown(browser, address(paper)))["title"] == ""
    assert not left_over(browser)


def test_signing_out_throws_it_away() -> None:
    paper = draft()
    browser = Client()
    browser.post(address(paper), TYPED)
    signs_in(browser, paper.customer)

    browser.post(reverse("portal:sign_out"))
    signs_in(browser, paper.customer)

    assert stands(shown(browser, address(paper)))["title"] == ""


def test_it_is_kept_for_an_hour() -> None:
    paper = draft()
    browser = Client()
    browser.post(address(paper), TYPED)
    session = browser.session
    session[STASH_KEY][0]["at"] -= 3_601
    session.save()
    signs_in(browser, paper.customer)

    assert stands(shown(browser, address(paper)))["title"] == ""
    assert not left_over(browser)


def test_it_lies_sealed_in_the_database() -> None:
    paper = draft()
    browser = Client()

    browser.post(address(paper), TYPED | {"title": "Readable", "story": CODE})

    raw = Session.objects.get(session_key=browser.session.session_key)
    assert "Readable" not in str(raw.get_decoded())
    assert CODE not in str(raw.get_decoded())


def test_it_is_gone_when_its_key_is(settings: Settings) -> None:
    paper = draft()
    browser = Client()
    browser.post(address(paper), TYPED)
    settings.IDENTITY_CODE_KEYS = ["another key of at least thirty-two characters"]
    signs_in(browser, paper.customer)

    assert stands(shown(browser, address(paper)))["title"] == ""


# --- bounds ----------------------------------------------------------------------------------------------------------


def test_what_is_too_much_is_not_kept_and_it_is_said() -> None:
    paper = draft()
    browser = Client()

    browser.post(address(paper), {"story": "x" * (stash.LARGEST + 1)})

    assert not left_over(browser)


def test_only_the_last_two_pages_are_kept() -> None:
    papers = [build.application(build.version(key=f"key{n}"), answers={}) for n in range(3)]
    browser = Client()
    for n, paper in enumerate(papers):
        browser.post(address(paper), {"title": f"Typed {n}"})
    signs_in(browser, build.customer())

    found = [shown(browser, address(paper)).one("input", name="title").attrs.get("value") for paper in papers]
    assert found == ["", "Typed 1", "Typed 2"]


def test_nobody_fills_the_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LIMITS, "keep_typed", Limit(2, LIMITS["keep_typed"].within))
    paper = draft()

    browsers = [Client() for _ in range(3)]
    for browser in browsers:
        browser.post(address(paper), TYPED)

    assert [left_over(browser) for browser in browsers] == [True, True, False]


def test_page_that_does_not_show_it_again_keeps_nothing() -> None:
    paper = draft()
    browser = Client()

    browser.post(reverse("portal:discard", args=[paper.pk]), {"typed": "something"})

    assert not left_over(browser)


def test_pages_of_who_has_nothing_kept_cost_nothing_more(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    paper = draft()
    browser = build.signed_in(paper.customer)
    browser.get(address(paper))

    with django_assert_num_queries(3):  # session, customer, paper
        browser.get(address(paper))


# --- the safety mark -------------------------------------------------------------------------------------------------

OURS = {"origin": "http://testserver", "sec-fetch-site": "same-origin"}


def test_form_whose_safety_mark_is_gone_loses_nothing_typed() -> None:
    paper = draft()
    browser = build.signed_in(paper.customer, enforce_csrf_checks=True)

    response = browser.post(address(paper), TYPED, headers=OURS)

    assert response.status_code == 403
    assert read(response.content.decode()).one("main").find("a", href=address(paper))
    assert stands(shown(browser, address(paper))) == TYPED


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "https://stranger.example"},
        {"origin": "null"},
        {"origin": "http://testserver", "sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-origin"},
    ],
)
def test_form_of_a_strangers_page_leaves_nothing(headers: dict[str, str]) -> None:
    paper = draft()
    browser = build.signed_in(paper.customer, enforce_csrf_checks=True)

    assert browser.post(address(paper), TYPED, headers=headers).status_code == 403

    assert not left_over(browser)


# --- another language ------------------------------------------------------------------------------------------------


def test_language_is_changed_by_a_button_of_the_form() -> None:
    paper = draft()
    page = shown(build.signed_in(paper.customer), address(paper) + "?from=check")

    buttons = page.one("nav", css="languages").find("button")

    assert [(b.attrs["name"], b.attrs["value"], b.attrs["form"]) for b in buttons] == [
        ("_language", language, "questions") for language in ("sv", "fi", "en")
    ]
    assert [b.attrs["value"] for b in buttons if b.attrs.get("aria-current") == "true"] == ["sv"]
    first = next(e for e in page.find() if e.tag == "button")
    assert (first.attrs.get("form"), first.attrs.get("name")) == ("questions", None)  # what Enter presses


def test_language_button_stores_what_is_right_and_shows_the_page_in_that_language() -> None:
    paper = draft()
    browser = build.signed_in(paper.customer)

    response = browser.post(address(paper) + "?from=check", TYPED | {"_language": "fi"})

    assert response.headers["Location"] == address(paper).replace("/sv/", "/fi/") + "?from=check"
    paper.refresh_from_db()
    assert paper.answers["title"] == "Åäö"
    assert not left_over(browser)


def test_language_button_keeps_what_is_wrong_as_it_was_typed() -> None:
    paper = draft()
    browser = build.signed_in(paper.customer)
    wrong = TYPED | {"title": "Much too long a title", "guests": "many"}

    there = browser.post(address(paper), wrong | {"_language": "en"}).headers["Location"]
    page = shown(browser, there)

    assert stands(page) == wrong
    assert page.one("html").attrs["lang"] == "en"
    assert page.find(role="alert")  # what is wrong is said, in that language
    paper.refresh_from_db()
    assert (paper.answers["story"], paper.answers.get("title")) == ("First\nsecond <b>", None)


def test_what_was_put_right_in_the_other_language_is_saved_at_once() -> None:
    paper = draft()
    browser = build.signed_in(paper.customer)
    marks = shown(browser, address(paper)).one("form", id="questions").find("input", type="hidden")
    page = {e.attrs["name"]: e.attrs["value"] for e in marks if e.attrs["name"] != "csrfmiddlewaretoken"}
    there = browser.post(address(paper), page | TYPED | {"guests": "many", "_language": "en"}).headers["Location"]
    marks = shown(browser, there).one("form", id="questions").find("input", type="hidden")
    page = {e.attrs["name"]: e.attrs["value"] for e in marks if e.attrs["name"] != "csrfmiddlewaretoken"}

    browser.post(there, page | TYPED | {"guests": "3", "_later": "1"})

    paper.refresh_from_db()
    assert paper.answers["guests"] == 3


@pytest.mark.parametrize("language", ["xx", "", "//example.com", "en/../.."])
def test_language_that_there_is_not_is_none_asked_for(language: str) -> None:
    paper = draft()

    response = build.signed_in(paper.customer).post(address(paper), TYPED | {"_language": language, "_later": "1"})

    assert response.headers["Location"] == reverse("portal:my_cases")


# --- meanwhile -------------------------------------------------------------------------------------------------------


def test_paper_that_was_sent_or_deleted_meanwhile_shows_nothing_of_it() -> None:
    paper = draft()
    browser = Client()
    browser.post(address(paper), TYPED)
    drafting.discard(paper)
    signs_in(browser, paper.customer)

    assert browser.get(address(paper)).status_code == 404
    assert not left_over(browser)
