"""Afterwards: my cases, one case, supplements, withdrawing, receipts."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from pytest_django import DjangoAssertNumQueries

from apps.applications.models import Application, Attachment
from apps.cases.models import Case, open_request
from apps.services.texts import HELSINKI, date_words
from tests import build

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7\nexample\n%%EOF\n"


def page_of(case: Case, name: str = "case", client: Client | None = None) -> str:
    """A page of the case as its customer sees it."""
    browser = client or build.signed_in(case.application.customer)
    return unescape(browser.get(reverse(f"portal:{name}", args=[case.number])).content.decode())


def waiting_case(days: int = 10, **more: Any) -> Case:
    """A case in which the authority waits for a supplement."""
    case, handler = build.case(), build.official()
    case.take_step("take_up", by=handler)
    due = timezone.localdate(timezone=HELSINKI) + timedelta(days=days)
    case.take_step("request_supplement", by=handler, text="Please add the plan", due=due, fields=["title"])
    return case


def answered(case: Case) -> Application:
    """The supplement the customer has filled in, not sent yet."""
    browser = build.signed_in(case.application.customer)
    browser.post(reverse("portal:answer", args=[case.number]))
    paper = Application.objects.get(supplement_form__isnull=False)
    browser.post(reverse("portal:page", args=[paper.pk, "first"]), {"title": "Better"})
    file = SimpleUploadedFile("plan.pdf", PDF, "application/pdf")
    browser.post(
        reverse("portal:page", args=[paper.pk, "supplement"]), {"supplement_text": "Here", "supplement_files": file}
    )
    return paper


# --- my cases --------------------------------------------------------------------------------------------------------


def test_my_cases_lists_own_cases_and_drafts_newest_first() -> None:
    old, new = build.case(at=build.NOW), build.case(at=build.NOW + timedelta(days=1))
    draft = build.application(old.application.version)
    other = build.case(by=build.customer("Other"))
    html = build.signed_in(old.application.customer).get(reverse("portal:my_cases")).content.decode()
    assert html.index(str(new.number)) < html.index(str(old.number))
    assert reverse("portal:application", args=[draft.pk]) in html
    assert reverse("portal:discard", args=[draft.pk]) in html
    assert str(other.number) not in html


def test_my_cases_says_what_is_expected_of_the_customer() -> None:
    case = waiting_case()
    request = open_request(case)
    assert request
    html = build.signed_in(case.application.customer).get(reverse("portal:my_cases")).content.decode()
    assert date_words(request.due) in html


def test_my_cases_is_empty_at_first() -> None:
    assert build.signed_in(build.customer()).get(reverse("portal:my_cases")).status_code == 200


def test_my_cases_shows_a_supplement_draft_with_the_number_of_its_case() -> None:
    case = waiting_case()
    browser = build.signed_in(case.application.customer)
    browser.post(reverse("portal:answer", args=[case.number]))
    html = browser.get(reverse("portal:my_cases")).content.decode()
    assert html.count(str(case.number)) >= 2


def test_my_cases_costs_five_queries_however_many(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    version = build.version()
    for _n in range(3):
        build.case(version)
        build.application(version)
    browser = build.signed_in(build.customer())
    with django_assert_num_queries(5):  # session, customer, cases, their requests, drafts
        browser.get(reverse("portal:my_cases"))


# --- one case --------------------------------------------------------------------------------------------------------


def test_case_shows_status_history_answers_and_receipt() -> None:
    case = build.case()
    html = page_of(case)
    assert str(case.number) in html
    assert case.status_label in html
    assert "An example" in html
    assert "1.3.2027 kl. 11.30" in html
    assert reverse("portal:receipt", args=[case.number]) in html


def test_case_names_the_handler_once_there_is_one() -> None:
    case, handler = build.case(), build.official("Handler-of-this")
    assert "Handler-of-this" not in page_of(case)
    case.take_step("take_up", by=handler)
    assert "Handler-of-this" in page_of(case)


def test_case_says_whether_it_has_been_passed_on() -> None:
    case = build.case()
    with translation.override("en"):
        assert "We are still passing it on" in page_of(case)
        case.note_acknowledged("national", 1, build.NOW + timedelta(minutes=4))
        assert "Passed on to Tillstånd och tillsyn 1.3.2027, 11:34" in page_of(case)
        case.take_step("take_up", by=build.official())
        assert "We are still passing it on" in page_of(case)


def test_case_shows_the_outcome_in_words() -> None:
    case, handler = build.case(), build.official()
    case.take_step("take_up", by=handler)
    case.take_step("close", by=handler, outcome="noted", text="All is <well>")
    html = page_of(case)
    assert case.outcome_label in html
    assert "All is <well>" in html


def test_case_costs_six_queries(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    case = waiting_case()
    browser = build.signed_in(case.application.customer)
    with django_assert_num_queries(6):  # session, customer, case, diary, request, papers
        browser.get(reverse("portal:case", args=[case.number]))


# --- supplements -----------------------------------------------------------------------------------------------------


def test_case_shows_the_request_for_a_supplement_with_its_last_day() -> None:
    case = waiting_case()
    request = open_request(case)
    assert request
    html = page_of(case)
    assert "Please add the plan" in html
    assert date_words(request.due) in html
    assert "Title sv" in html
    assert reverse("portal:answer", args=[case.number]) in html


def test_answer_leads_to_the_pages_of_the_supplement() -> None:
    case = waiting_case()
    browser = build.signed_in(case.application.customer)
    response = browser.post(reverse("portal:answer", args=[case.number]), follow=True)
    html = unescape(response.content.decode())
    assert "Please add the plan" in html
    assert "An example" in html


def test_answer_twice_is_one_draft() -> None:
    case = waiting_case()
    browser = build.signed_in(case.application.customer)
    for _n in range(2):
        browser.post(reverse("portal:answer", args=[case.number]))
    assert Application.objects.count() == 2


def test_answer_when_nothing_is_asked_says_so() -> None:
    case = build.case()
    browser = build.signed_in(case.application.customer)
    response = browser.post(reverse("portal:answer", args=[case.number]), follow=True)
    assert "panel--error" in response.content.decode()


def test_supplement_becomes_one_more_paper_with_a_receipt_of_its_own() -> None:
    case = waiting_case()
    paper = answered(case)
    browser = build.signed_in(case.application.customer)
    sent = [browser.post(reverse("portal:send", args=[paper.pk])).headers["Location"] for _n in range(2)]
    assert set(sent) == {reverse("portal:supplement_receipt", args=[case.number, paper.pk])}
    html = browser.get(sent[0]).content.decode()
    assert str(case.number) in html
    assert "Better" in html
    assert Attachment.objects.get().sha256 in html
    case.refresh_from_db()
    assert case.status == "supplemented"
    assert "Better" in page_of(case)


def test_supplement_after_its_last_day_is_refused_in_words() -> None:
    case = waiting_case()
    paper = answered(case)
    case.supplement_requests.update(due=timezone.localdate(timezone=HELSINKI) - timedelta(days=1))
    browser = build.signed_in(case.application.customer)
    response = browser.post(reverse("portal:send", args=[paper.pk]), follow=True)
    assert response.redirect_chain[-1][0] == reverse("portal:check", args=[paper.pk])
    assert "panel--error" in response.content.decode()
    assert reverse("portal:answer", args=[case.number]) not in page_of(case)


# --- withdrawing -----------------------------------------------------------------------------------------------------


def test_withdraw_asks_and_then_withdraws() -> None:
    case = build.case()
    browser = build.signed_in(case.application.customer)
    assert reverse("portal:withdraw", args=[case.number]) in page_of(case)
    assert browser.get(reverse("portal:withdraw", args=[case.number])).status_code == 200
    case.refresh_from_db()
    assert case.status == "received"
    for _n in range(2):
        response = browser.post(reverse("portal:withdraw", args=[case.number]))
        assert response.headers["Location"] == reverse("portal:case", args=[case.number])
    case.refresh_from_db()
    assert case.status == "withdrawn"
    assert case.events.count() == 2
    assert reverse("portal:withdraw", args=[case.number]) not in page_of(case)


def test_withdraw_of_an_ended_case_says_that_it_cannot_be_done() -> None:
    case, handler = build.case(), build.official()
    case.take_step("take_up", by=handler)
    case.take_step("close", by=handler, outcome="noted", text="")
    browser = build.signed_in(case.application.customer)
    response = browser.get(reverse("portal:withdraw", args=[case.number]), follow=True)
    assert response.redirect_chain[-1][0] == reverse("portal:case", args=[case.number])


# --- receipts --------------------------------------------------------------------------------------------------------


def test_receipt_says_number_and_time_to_the_second_and_what_was_sent() -> None:
    case = build.case(at=build.NOW.replace(second=7))
    with translation.override("en"):
        html = page_of(case, "receipt")
        assert f"Case number: {case.number}" in html
        assert "1.3.2027, 11:30:07" in html
    html = page_of(case, "receipt")
    assert "1.3.2027 kl. 11.30.07" in html
    assert "An example" in html
    assert "Title sv" in html
    assert case.application.digest in html


@pytest.mark.parametrize("language", ["sv", "fi", "en"])
def test_receipt_is_in_the_language_of_the_page(language: str) -> None:
    case = build.case()
    with translation.override(language):
        html = page_of(case, "receipt")
    assert f'<html lang="{language}">' in html
    assert {"sv": "Title sv", "fi": "Title fi", "en": "Title"}[language] in html


def test_receipt_costs_three_queries(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    case = build.case()
    browser = build.signed_in(case.application.customer)
    with django_assert_num_queries(3):  # session, customer, case
        browser.get(reverse("portal:receipt", args=[case.number]))


def test_receipt_of_a_paper_of_another_case_is_not_found() -> None:
    case, other = build.case(), build.case()
    browser = build.signed_in(case.application.customer)
    address = reverse("portal:supplement_receipt", args=[case.number, other.application.pk])
    assert browser.get(address).status_code == 404
