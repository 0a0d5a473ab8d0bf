"""Everything of a case on one page."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from html import unescape

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from apps.cases.models import Case, Document
from apps.people.models import Customer, Principal
from tests import build
from tests.portal import walk

pytestmark = pytest.mark.django_db


def printed(case: Case, browser: Client | None = None) -> str:
    """The page as its customer sees it."""
    browser = browser or build.signed_in(case.application.customer)
    return unescape(browser.get(reverse("portal:case_print", args=[case.number])).content.decode())


def decision() -> Document:
    """A file that an authority gives."""
    content = b"%PDF-1.7 the decision"
    file = Document(name="decision.pdf", media_type="application/pdf", size=len(content))
    file.sha256 = hashlib.sha256(content).hexdigest()
    file.content.save("x", ContentFile(content), save=False)
    return file


def test_print_has_every_paper_with_its_answers_files_and_digest() -> None:
    life = walk.a_life()
    html = printed(life.case)
    file = life.case.application.attachments.get()
    for text in ("What was answered", "So it is", "hidden-plan.pdf", file.sha256):
        assert text in html
    for paper in (life.case.application, life.supplement):
        paper.refresh_from_db()
        assert paper.digest in html


def test_print_has_the_diary_with_messages_both_ways() -> None:
    life = walk.a_life()
    life.case.take_step("reply", by=life.customer, text="A word of the customer", at=build.NOW + timedelta(hours=2))
    html = printed(life.case)
    assert "A word of the authority" in html
    assert "A word of the customer" in html
    assert "More" in html


def test_print_has_the_outcome_with_its_decision() -> None:
    case, handler, file = build.case(), build.official("Handler-of-this"), decision()
    case.take_step("take_up", by=handler)
    case.take_step("register", by=handler, register_number="ET/1/2027")
    case.take_step("close", by=handler, outcome="noted", text="All is <well>", files=[file])
    html = printed(case)
    for text in (case.outcome_label, "All is <well>", "decision.pdf", file.sha256, "ET/1/2027", "Handler-of-this"):
        assert text in html


def test_print_says_for_whom_it_was_sent() -> None:
    company = Principal.objects.create(kind="company", subject="1234567-1", name="Exempel Ab")
    life = walk.a_life(principal=company)
    assert "Exempel Ab (1234567-1)" in printed(life.case, walk.browser_of(life.colleague, company))


def test_print_shows_no_whole_identity_code() -> None:
    version = build.version(build.page("first", build.field("personal_identity_code", "code")))
    html = printed(build.case(version, answers={"code": "010190-999W"}))
    assert "010190-****" in html
    assert "010190-999W" not in html


def test_print_is_for_its_customer_only() -> None:
    address = reverse("portal:case_print", args=[build.case().number])
    assert build.signed_in(build.customer("Other")).get(address).status_code == 404
    assert Client().get(address).status_code == 302


def test_case_page_leads_to_it() -> None:
    case = build.case()
    page = build.signed_in(case.application.customer).get(reverse("portal:case", args=[case.number]))
    assert reverse("portal:case_print", args=[case.number]) in page.content.decode()


def test_print_costs_as_much_however_long_the_case_is(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    life = walk.a_life()
    browser = build.signed_in(life.customer)
    _say(life.case, life.customer, 5)
    with django_assert_num_queries(6):  # session, customer, case, diary, papers, request
        browser.get(reverse("portal:case_print", args=[life.case.number]))


def _say(case: Case, customer: Customer, times: int) -> None:
    for n in range(times):
        case.take_step("reply", by=customer, text=f"Word {n}", files=[decision()])
