"""Messages: written once, read by both sides, never lost while they are typed, and seen by nobody else."""

from __future__ import annotations

import uuid
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import translation
from pytest_django import DjangoAssertNumQueries

from apps.cases import documents, intake
from apps.cases.models import Case, Document
from apps.people.models import Mandate, Principal
from tests import build
from tests.portal.walk import browser_of

pytestmark = pytest.mark.django_db


def address(case: Case, name: str = "write", *more: Any) -> str:
    """An address of the case."""
    return reverse(f"portal:{name}", args=[case.number, *more])


def customer_at(case: Case) -> Client:
    """A browser in which the case's customer is signed in."""
    return build.signed_in(case.application.customer)


def said(answer: Any) -> str:
    """What a page says."""
    return unescape(answer.content.decode())


def plan(name: str = "plan.pdf", content: bytes = build.PDF) -> SimpleUploadedFile:
    """A file as a browser sends it."""
    return SimpleUploadedFile(name, content)


def from_authority(case: Case, text: str = "A word of ours", *files: SimpleUploadedFile) -> None:
    """A message from the authority."""
    with documents.received(files) as found:
        case.take_step("write", by=build.official(), text=text, files=found)


# --- writing ---------------------------------------------------------------------------------------------------------


def test_message_with_files_is_sent_and_stands_at_the_case() -> None:
    case = build.case()
    browser = customer_at(case)

    answer = browser.post(address(case), {"text": "Line one\nLine two <b>", "files": [plan("a.pdf"), plan("b.pdf")]})

    assert answer.headers["Location"] == address(case, "case")
    line = case.events.get(kind="reply")
    assert line.by_customer == case.application.customer
    assert line.data["text"] == "Line one\nLine two <b>"
    assert {one["name"] for one in line.data["files"]} == {"a.pdf", "b.pdf"}
    page = said(browser.get(address(case, "case")))
    assert "Line one<br>Line two <b>" in page
    for document in Document.objects.all():
        assert address(case, "document", document.pk) in page


def test_double_click_sends_one_message() -> None:
    case = build.case()
    browser = customer_at(case)
    mark = browser.get(address(case)).context["form"]["once"].value()

    answers = [browser.post(address(case), {"text": "Once", "files": plan(), "once": mark}) for _n in range(2)]

    assert {answer.headers["Location"] for answer in answers} == {address(case, "case")}
    assert case.events.filter(kind="reply").count() == 1
    assert Document.objects.count() == 1


def test_same_words_from_two_forms_are_two_messages() -> None:
    case = build.case()
    browser = customer_at(case)

    for _n in range(2):
        mark = browser.get(address(case)).context["form"]["once"].value()
        browser.post(address(case), {"text": "Are you there?", "once": mark})

    assert case.events.filter(kind="reply").count() == 2


@pytest.mark.parametrize(
    ("typed", "files", "wrong"),
    [
        ({"text": " "}, [], "text"),
        ({"text": "x" * 4_001}, [], "text"),
        ({"text": "Typed"}, [("page.pdf", b"<html>")], "files"),
        ({"text": "Typed"}, [(f"{n}.pdf", build.PDF) for n in range(6)], "files"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stands_there(
    typed: dict[str, str], files: list[tuple[str, bytes]], wrong: str
) -> None:
    case = build.case()

    answer = customer_at(case).post(address(case), {**typed, "files": [plan(*one) for one in files]})

    assert answer.status_code == 200
    assert set(answer.context["form"].errors) == {wrong}
    assert f"\n{typed['text']}</textarea>" in said(answer)
    assert ("panel--warning" in said(answer)) == bool(files), "whether files must be chosen again"
    assert case.events.count() == 1
    assert not Document.objects.exists()


def test_message_to_a_case_that_has_ended_meanwhile_is_refused_and_still_stands_there() -> None:
    case = build.case()
    browser = customer_at(case)
    browser.get(address(case))
    case.take_step("withdraw", by=case.application.customer)

    answer = browser.post(address(case), {"text": "Long in the writing"})

    assert answer.status_code == 200
    assert "Long in the writing</textarea>" in said(answer)
    assert answer.context["form"].non_field_errors()
    assert browser.get(address(case)).headers["Location"] == address(case, "case")


def test_message_typed_when_signed_out_stands_there_after_signing_in() -> None:
    case = build.case()
    browser = Client()

    browser.post(address(case), {"text": "Typed meanwhile"})
    session = browser.session
    session.update(customer_at(case).session.items())
    session.save()

    page = said(browser.get(address(case)))
    assert "Typed meanwhile</textarea>" in page
    assert "question__error" not in page
    assert case.events.count() == 1


def test_other_language_keeps_what_was_typed() -> None:
    case = build.case()
    browser = customer_at(case)

    answer = browser.post(address(case), {"text": "Skriver", "_language": "fi"}, follow=True)

    assert answer.redirect_chain[-1][0].startswith("/fi/")
    assert "Skriver</textarea>" in said(answer)
    assert case.events.count() == 1


@pytest.mark.parametrize("ended", ["close", "leave_unexamined"])
def test_one_can_write_about_a_case_that_has_been_decided(ended: str) -> None:
    case, handler = build.case(), build.official()
    case.take_step("take_up", by=handler)
    outcome: dict[str, Any] = {"outcome": "noted"} if ended == "close" else {}
    case.take_step(ended, by=handler, text="A ground", **outcome)

    customer_at(case).post(address(case), {"text": "Why?"})

    assert case.events.filter(kind="reply").exists()


# --- reading ---------------------------------------------------------------------------------------------------------


def test_thread_shows_both_sides_in_order_with_who_wrote() -> None:
    case = build.case()
    from_authority(case, "One question")
    case.take_step("reply", by=case.application.customer, text="One answer")
    from_authority(case, "Good then")

    with translation.override("en"):
        page = said(customer_at(case).get(address(case, "case")))

    thread = page[page.index('<ol class="thread">') :]
    places = [thread.index(text) for text in ("By handler", "One question", "By you", "One answer", "Good then")]
    assert places == sorted(places)
    assert page.count("One question") == 1, "the history leads to it and does not repeat it"


@pytest.mark.usefixtures("mandates_hold")
def test_colleague_of_the_company_reads_and_answers() -> None:
    company = Principal.objects.create(kind="company", subject="1234567-1", name="Exempel Ab")
    author, colleague = build.customer("Author"), build.customer("Colleague")
    for person in (author, colleague):
        Mandate.objects.create(customer=person, principal=company)
    paper = build.application(by=author)
    paper.principal = company
    paper.save()
    case = intake.send(paper, at=build.NOW)
    from_authority(case, "To you all", plan())
    browser = browser_of(colleague, company)

    with translation.override("en"):
        browser.post(address(case), {"text": "From the other"})
        page = said(browser.get(address(case, "case")))

    assert "To you all" in page
    assert "By you, on behalf of Exempel Ab (1234567-1)" in page
    document = Document.objects.get()
    assert b"".join(browser.get(address(case, "document", document.pk)).streaming_content) == build.PDF  # type: ignore[attr-defined]
    assert build.signed_in(colleague).get(address(case, "document", document.pk)).status_code == 404
    assert build.signed_in(colleague).get(address(case)).status_code == 404


def test_file_is_given_back_as_it_came_and_never_opened_by_the_browser() -> None:
    case = build.case()
    from_authority(case, "Here", plan("beslut åäö.pdf"))
    document = Document.objects.get()

    answer = customer_at(case).get(address(case, "document", document.pk))

    assert b"".join(answer.streaming_content) == build.PDF  # type: ignore[attr-defined]
    assert answer["Content-Disposition"].startswith("attachment; ")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"


def test_files_of_others_are_not_found() -> None:
    case, own = build.case(by=build.customer("Other")), build.case()
    from_authority(case, "Secret", plan())
    document = Document.objects.get()
    browser = customer_at(own)

    for where, pk in ((case, document.pk), (own, document.pk), (own, uuid.uuid4())):
        assert browser.get(address(where, "document", pk)).status_code == 404


def test_form_costs_four_queries_however_long_the_thread(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    case = build.case()
    for n in range(3):
        from_authority(case, f"Message {n}", plan())
    browser = customer_at(case)

    with django_assert_num_queries(4):  # session, customer, case, diary
        browser.get(address(case))
