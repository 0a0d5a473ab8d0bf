"""Afterwards: my cases, one case, supplements, withdrawing, receipts."""

from __future__ import annotations

from datetime import datetime, timedelta
from html import unescape
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation
from pytest_django import DjangoAssertNumQueries, Settings

from apps.applications.models import Application, Attachment, Undertaking
from apps.cases import documents, intake
from apps.cases.models import Case, Document, open_request
from apps.people.models import Mandate, Principal
from apps.portal import following, mandated, printing
from apps.services.models import Version
from apps.services.texts import HELSINKI, date_words
from apps.sync.models import Receiver
from tests import build
from tests.build import NOW
from tests.portal.walk import browser_of

pytestmark = pytest.mark.django_db
PDF = build.PDF


def it_is(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    """The time of day on the pages, for what is said of how long something has waited."""
    clock = SimpleNamespace(now=lambda: moment, localdate=timezone.localdate)
    for page in (following, printing):
        monkeypatch.setattr(page, "timezone", clock)


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


def test_my_cases_costs_six_queries_however_many(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    version = build.version()
    for n in range(3):
        case = build.case(version)
        case.take_step("take_up", by=build.official(f"handler{n}"))
        case.take_step("write", by=build.official(), text="A word")
        intake.begin_addition(case, build.customer())
        build.application(version)
    browser = build.signed_in(build.customer())
    with django_assert_num_queries(6):  # session, customer, cases, their requests, their diaries, drafts
        browser.get(reverse("portal:my_cases"))


def numbers_in_order(browser: Client) -> list[str]:
    """The numbers of the cases that are listed, from the top."""
    groups = browser.get(reverse("portal:my_cases")).context["groups"]
    return [str(entry.case.number) for group in groups for entry in group.cases]


def test_my_cases_puts_what_needs_the_customer_first_and_what_has_ended_last() -> None:
    version, handler = build.version(), build.official()
    ended, under_way, written, asked, late = (build.case(version) for _n in range(5))
    ended.take_step("withdraw", by=ended.application.customer)
    for case in (asked, late, written):
        case.take_step("take_up", by=handler)
        case.note_seen(2)
    today = timezone.localdate(timezone=HELSINKI)
    for case in (asked, late):
        case.take_step("request_supplement", by=handler, text="More", due=today, fields=[])
        case.note_seen(3)
    late.supplement_requests.update(due=today - timedelta(days=1))
    written.take_step("write", by=handler, text="A word")

    found = numbers_in_order(build.signed_in(build.customer()))

    assert found == [str(case.number) for case in (asked, written, late, under_way, ended)]


def test_my_cases_marks_a_new_message_until_the_case_has_been_opened() -> None:
    case = build.case()
    case.take_step("write", by=build.official(), text="A word")
    browser = build.signed_in(case.application.customer, headers={"accept-language": "en"})
    with translation.override("en"):
        assert "it may wait for your answer" in browser.get(reverse("portal:my_cases")).content.decode()
        assert "Read the message" in page_of(case, client=browser)
        assert "Read the message" not in page_of(case, client=browser)
        assert "it may wait for your answer" not in browser.get(reverse("portal:my_cases")).content.decode()


def test_my_cases_calls_what_the_customer_did_not_new() -> None:
    case = build.case()
    browser = build.signed_in(case.application.customer)
    browser.get(reverse("portal:case", args=[case.number]))
    case.take_step("reply", by=case.application.customer, text="A word")
    assert "tag--new" not in browser.get(reverse("portal:my_cases")).content.decode()
    case.take_step("take_up", by=build.official())
    assert "tag--new" in browser.get(reverse("portal:my_cases")).content.decode()


def test_my_cases_says_all_that_the_shared_view_says(monkeypatch: pytest.MonkeyPatch) -> None:
    it_is(monkeypatch, build.NOW + timedelta(hours=2, minutes=1))
    case, handler = build.case(), build.official("Handler-of-this")
    case.take_step("take_up", by=handler, at=build.NOW + timedelta(hours=1))
    case.take_step("register", by=handler, register_number="EX/1/2027", at=build.NOW + timedelta(hours=2))
    case.note_acknowledged("national", 2, build.NOW + timedelta(hours=3))
    browser = build.signed_in(case.application.customer)
    with translation.override("en"):
        html = browser.get(reverse("portal:my_cases")).content.decode()
        assert "We are still passing it on" in html
        case.note_acknowledged("national", 3, build.NOW + timedelta(hours=4))
        html = browser.get(reverse("portal:my_cases")).content.decode()
    for said in (
        "Name of example",
        "example-town en",
        str(case.number),
        "Register number: EX/1/2027",
        "Handler: Handler-of-this",
        "Handling began 1.3.2027, 12:30",
        "since 1.3.2027, 12:30",
        "Last change 1.3.2027, 13:30",
        "Received by the authority 1.3.2027, 11:30.",
        "Passed on to Tillstånd och tillsyn 1.3.2027, 15:30.",
        "Being handled",
    ):
        assert said in html


def of_undertaking(version: Version, undertaking: Undertaking, *, sent: bool = True) -> Application:
    """An application of an undertaking."""
    paper = build.application(version)
    paper.undertaking = undertaking
    paper.save()
    if sent:
        intake.send(paper)
    return paper


def test_my_cases_keeps_an_undertaking_of_several_applications_together() -> None:
    version = build.version()
    festival, alone = (
        Undertaking.objects.create(customer=build.customer(), name=name) for name in ("Festival", "Solo")
    )
    first, between = of_undertaking(version, festival), of_undertaking(version, alone)
    second = of_undertaking(version, festival)
    html = build.signed_in(build.customer()).get(reverse("portal:my_cases"))
    groups = [
        (group.undertaking and group.undertaking.name, [entry.case.application for entry in group.cases])
        for group in html.context["groups"]
    ]
    assert groups == [("Festival", [second, first]), (None, [between])]
    assert "Festival" in html.content.decode()


def test_my_cases_counts_a_draft_to_its_undertaking() -> None:
    version = build.version()
    festival = Undertaking.objects.create(customer=build.customer(), name="Festival")
    of_undertaking(version, festival)
    of_undertaking(version, festival, sent=False)
    (group,) = build.signed_in(build.customer()).get(reverse("portal:my_cases")).context["groups"]
    assert group.undertaking == festival


# --- adding unasked --------------------------------------------------------------------------------------------------


def test_addition_is_begun_filled_in_checked_and_sent() -> None:
    case = build.case()
    case.take_step("take_up", by=build.official())
    browser = build.signed_in(case.application.customer)
    assert reverse("portal:add", args=[case.number]) in page_of(case)
    begun = browser.post(reverse("portal:add", args=[case.number]), follow=True)
    paper = Application.objects.get(supplement_form__isnull=False)
    page = reverse("portal:page", args=[paper.pk, "supplement"])
    assert begun.redirect_chain[-1][0] == page
    assert reverse("portal:application", args=[paper.pk]) in browser.get(reverse("portal:my_cases")).content.decode()
    file = SimpleUploadedFile("plan.pdf", PDF, "application/pdf")
    browser.post(page, {"supplement_text": "One more thing", "supplement_files": file})
    assert "One more thing" in browser.get(reverse("portal:check", args=[paper.pk])).content.decode()
    sent = [browser.post(reverse("portal:send", args=[paper.pk])).headers["Location"] for _n in range(2)]
    assert set(sent) == {reverse("portal:supplement_receipt", args=[case.number, paper.pk])}
    case.refresh_from_db()
    assert case.status == "in_handling"
    assert case.events.filter(kind="add").count() == 1
    assert "One more thing" in page_of(case)
    assert "plan.pdf" in page_of(case)


def test_addition_begun_twice_is_one_draft_which_names_its_case() -> None:
    case = build.case()
    browser = build.signed_in(case.application.customer)
    for _n in range(2):
        browser.post(reverse("portal:add", args=[case.number]))
    (draft,) = browser.get(reverse("portal:my_cases")).context["drafts"]
    assert (draft.number, draft.over) == (case.number, "")


def test_addition_that_can_be_sent_no_longer_says_so() -> None:
    case = build.case()
    browser = build.signed_in(case.application.customer)
    browser.post(reverse("portal:add", args=[case.number]))
    case.take_step("withdraw", by=case.application.customer)
    (draft,) = browser.get(reverse("portal:my_cases")).context["drafts"]
    assert draft.over
    assert draft.over in unescape(browser.get(reverse("portal:my_cases")).content.decode())


def test_addition_is_not_offered_while_a_supplement_is_awaited() -> None:
    case = waiting_case()
    assert reverse("portal:add", args=[case.number]) not in page_of(case)
    browser = build.signed_in(case.application.customer)
    answer = browser.post(reverse("portal:add", args=[case.number]), follow=True)
    assert "panel--error" in answer.content.decode()


def test_addition_is_not_begun_by_opening_its_address() -> None:
    case = build.case()
    build.signed_in(case.application.customer).get(reverse("portal:add", args=[case.number]))
    assert Application.objects.count() == 1


def test_addition_for_a_company_can_be_finished_by_a_colleague(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mandated, "_still", lambda _request, _mandate: True)  # the source says that the mandates hold
    company = Principal.objects.create(kind="company", subject="1234567-1", name="Exempel Ab")
    author, colleague, stranger = (build.customer(name) for name in ("Author", "Colleague", "Stranger"))
    for person in (author, colleague):
        Mandate.objects.create(customer=person, principal=company)
    first = build.application(by=author)
    first.principal = company
    first.save()
    case = intake.send(first, at=build.NOW)
    browser = browser_of(author, company)
    browser.post(reverse("portal:add", args=[case.number]))
    paper = Application.objects.get(supplement_form__isnull=False)
    page = reverse("portal:page", args=[paper.pk, "supplement"])
    browser.post(page, {"supplement_text": "Half of it"})
    other = browser_of(colleague, company)
    assert "Half of it" in other.get(page).content.decode()
    assert reverse("portal:application", args=[paper.pk]) in other.get(reverse("portal:my_cases")).content.decode()
    other.post(page, {"supplement_text": "All of it"})
    other.post(reverse("portal:send", args=[paper.pk]))
    line = case.events.get(kind="add")
    assert (line.by_customer, line.by_principal) == (colleague, company)
    assert build.signed_in(author).get(page)["Location"].startswith("/sv/acting/")
    assert build.signed_in(stranger).get(reverse("portal:case", args=[case.number])).status_code == 404


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


def test_case_says_whether_it_has_been_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    it_is(monkeypatch, build.NOW + timedelta(minutes=5))
    case = build.case()
    with translation.override("en"):
        assert "We are still passing it on" in page_of(case)
        case.note_acknowledged("national", 1, build.NOW + timedelta(minutes=4))
        assert "Passed on to Tillstånd och tillsyn 1.3.2027, 11:34" in page_of(case)
        case.take_step("take_up", by=build.official(), at=build.NOW + timedelta(minutes=5))
        assert "We are still passing it on" in page_of(case)


PAGES = [("case", True), ("case_print", True), ("my_cases", False)]


@pytest.mark.parametrize(("page", "of_a_case"), PAGES)
@pytest.mark.parametrize(
    ("minutes", "url", "active", "days", "said", "not_said"),
    [
        (15, "http://127.0.0.1:1", True, 0, "We are still passing it on", "longer than usual"),
        (16, "http://127.0.0.1:1", True, 0, "It takes longer than usual", "We are still"),
        (16, "http://127.0.0.1:1", False, 0, "It is passed on to Tillstånd och tillsyn later.", "longer than usual"),
        (16, "", True, 0, "It is passed on to Tillstånd och tillsyn later.", "longer than usual"),
        (16, "http://127.0.0.1:1", True, 1, "Received by the authority", "It is passed on"),
    ],
)
def test_what_is_late_is_said_without_alarm(
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
    page: str,
    of_a_case: bool,
    minutes: int,
    url: str,
    active: bool,
    days: int,
    said: str,
    not_said: str,
) -> None:
    settings.NATIONAL_SERVICE_URL = url
    since = build.NOW + timedelta(days=days)
    Receiver.objects.filter(key="national").update(active=active, since=since)
    case = build.case()
    it_is(monkeypatch, build.NOW + timedelta(minutes=minutes))

    with translation.override("en"):
        address = reverse(f"portal:{page}", args=[case.number] if of_a_case else [])
        html = unescape(build.signed_in(case.application.customer).get(address).text)

    assert said in html
    assert not_said not in html


def test_list_asks_once_whether_anything_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    it_is(monkeypatch, build.NOW + timedelta(hours=1))
    lengths = []
    for n in (1, 3):
        for _ in range(n):
            case = build.case()
        browser = build.signed_in(case.application.customer)
        with CaptureQueriesContext(connection) as asked:
            browser.get(reverse("portal:my_cases"))
        lengths.append(len(asked))

    assert lengths[0] == lengths[1]


def test_case_shows_the_outcome_in_words() -> None:
    case, handler = build.case(), build.official()
    case.take_step("take_up", by=handler)
    case.take_step("close", by=handler, outcome="noted", text="All is <well>")
    html = page_of(case)
    assert case.outcome_label in html
    assert "All is <well>" in html


def test_case_costs_six_queries_once_it_has_been_seen(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    case = waiting_case()
    browser = build.signed_in(case.application.customer)
    with django_assert_num_queries(7):  # and the first time, that it has been seen
        browser.get(reverse("portal:case", args=[case.number]))
    with django_assert_num_queries(6):  # session, customer, case, diary, request, papers
        browser.get(reverse("portal:case", args=[case.number]))


def test_case_shows_the_register_number_and_what_it_is_called_in_the_history() -> None:
    case = build.case()
    case.take_step("register", by=build.official(), register_number="EX/1/2027")
    assert page_of(case).count("EX/1/2027") == 2


def test_case_offers_the_decision_for_download() -> None:
    case, handler = build.case(), build.official()
    case.take_step("take_up", by=handler)
    with documents.received([SimpleUploadedFile("beslut.pdf", PDF)]) as files:
        case.take_step("close", by=handler, outcome="noted", text="Read it", files=files)
    html = page_of(case)
    assert html.count("beslut.pdf") == 2
    address = reverse("portal:document", args=[case.number, Document.objects.get().pk])
    assert address in html
    answer = build.signed_in(case.application.customer).get(address)
    assert b"".join(answer.streaming_content) == PDF  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("steps", "offered"),
    [
        ((), {"write", "add", "withdraw"}),
        (("take_up",), {"write", "add", "withdraw"}),
        (("take_up", "close"), {"write"}),
        (("withdraw",), set()),
    ],
)
def test_case_offers_what_the_rule_book_allows(steps: tuple[str, ...], offered: set[str]) -> None:
    case = build.case()
    for step in steps:
        by: Any = case.application.customer if step == "withdraw" else build.official()
        facts: dict[str, Any] = {"outcome": "noted", "text": ""} if step == "close" else {}
        case.take_step(step, by=by, **facts)
    html = page_of(case)
    names = ("write", "add", "withdraw", "answer")
    assert {name for name in names if f'"{reverse(f"portal:{name}", args=[case.number])}"' in html} == offered


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


def test_supplement_that_is_late_says_so_before_it_is_sent() -> None:
    case = waiting_case()
    paper = answered(case)
    case.supplement_requests.update(due=timezone.localdate(timezone=HELSINKI) - timedelta(days=1))
    browser = build.signed_in(case.application.customer, headers={"accept-language": "en"})
    with translation.override("en"):
        addresses = [reverse("portal:check", args=[paper.pk]), reverse("portal:page", args=[paper.pk, "first"])]
        pages = [unescape(browser.get(address).content.decode()) for address in addresses]
        assert all("The last day to answer was" in page for page in pages)
        assert reverse("portal:send", args=[paper.pk]) not in pages[0]
        (draft,) = browser.get(reverse("portal:my_cases")).context["drafts"]
    assert draft.over


def test_supplement_is_in_time_on_its_last_day() -> None:
    case = waiting_case(days=0)
    paper = answered(case)
    html = build.signed_in(case.application.customer).get(reverse("portal:check", args=[paper.pk])).content.decode()
    assert reverse("portal:send", args=[paper.pk]) in html


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


# --- what the desk does ----------------------------------------------------------------------------------------------

WORDS = {"accept-language": "en"}


def shown(case: Case) -> str:
    """The case's page, in English."""
    browser = build.signed_in(case.application.customer, headers=WORDS)
    with translation.override("en"):
        address = reverse("portal:case", args=[case.number])
    answer = browser.get(address)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def handled(**more: Any) -> Case:
    """A case that has a handler."""
    case = build.case(build.version(**more))
    case.take_step("take_up", by=build.official(), at=NOW)
    return case


def test_case_shows_what_is_missing_in_each_question_and_so_does_its_page_in_the_supplement() -> None:
    case = handled()
    due = timezone.localdate(timezone=HELSINKI) + timedelta(days=9)
    texts = {"title": "It is <too> short"}
    case.take_step("request_supplement", by=build.official(), text="More", due=due, fields=["title"], texts=texts)
    paper = intake.begin_supplement(case, case.application.customer)

    browser = build.signed_in(case.application.customer, headers=WORDS)
    page = browser.get(reverse("portal:page", args=[paper.pk, "first"])).content.decode()

    assert "It is <too> short" in shown(case)
    assert "It is &lt;too&gt; short" in page
    assert 'aria-describedby="id_title_asked' in page


def test_case_tells_of_a_handler_who_takes_over_and_of_completeness_and_of_nothing_that_is_the_desks() -> None:
    case, by = handled(), build.official()
    case.take_step("assign", by=by, handler=build.official("colleague"))
    case.take_step("complete", by=by)
    case.take_step("note", by=by, text="Not for the customer")
    case.take_step("redirect", by=by, address="desk@example.org")
    case.take_step("consult", by=by, authority=build.authority("asked-town"), text="What do they say?")

    page = shown(case)

    assert "Handed on to a handler" in page
    assert "Handler: colleague" in page
    assert "The application was found complete" in page
    for hidden in ("Not for the customer", "desk@example.org", "What do they say?", "Internal note", "was asked"):
        assert hidden not in page


def test_case_that_is_reopened_says_why_until_it_is_closed_again() -> None:
    case, by = handled(), build.official()
    case.take_step("close", by=by, outcome="noted", text="First words", appeal="Appeal to the court")
    assert "Appeal to the court" in shown(case)

    case.take_step("reopen", by=by, text="A wrong number")
    page = shown(case)
    assert "The authority has reopened your case for a correction" in page
    assert "A wrong number" in page
    assert "Appeal to the court" not in page
    assert "Outcome: Noted" in page  # what was said then stays said in the history

    case.take_step("close", by=by, outcome="prohibited", text="Last words")
    page = shown(case)
    assert "The authority has reopened your case for a correction" not in page
    assert "Outcome: Noted" in page
    assert page.count("Outcome: Prohibited") == 2


def test_case_left_unexamined_says_why_and_how_to_appeal() -> None:
    case = handled()
    case.take_step("leave_unexamined", by=build.official(), text="Nothing came", appeal="Appeal to the court")

    page = shown(case)

    assert page.count("Nothing came") == 2
    assert "Appeal to the court" in page


def test_case_shows_the_limit_of_its_handling_when_the_service_says_so() -> None:
    limit = {"length": 30, "unit": "days", "shown": True, "ground": build.said("Act 1145/2020")}
    case = handled(handling_limit=limit)

    assert "The authority is to handle the case by 31.3.2027." in shown(case)
    assert "Act 1145/2020" in shown(case)

    case.take_step("request_supplement", by=build.official(), at=NOW, text="More", due=NOW.date(), fields=[])
    assert "The time stands still" in shown(case)


def test_case_keeps_a_limit_of_the_desks_own_to_the_desk() -> None:
    assert "is to handle the case by" not in shown(handled(handling_limit={"length": 30, "unit": "days"}))
