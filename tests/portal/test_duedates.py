"""The last day to answer, as a file for a calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import icalendar
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from pytest_django import DjangoAssertNumQueries

from apps.cases.models import Case
from apps.portal.duedates import due_day
from apps.services.texts import HELSINKI, date_words
from tests import build


def waiting_case(days: int = 10) -> Case:
    """A case in which the authority waits for a supplement."""
    case, handler = build.case(), build.official()
    case.take_step("take_up", by=handler)
    due = timezone.localdate(timezone=HELSINKI) + timedelta(days=days)
    case.take_step("request_supplement", by=handler, text="Secret wish", due=due, fields=["title"])
    return case


def fetched(case: Case) -> Any:
    """The answer to its customer."""
    return build.signed_in(case.application.customer).get(reverse("portal:due_file", args=[case.number]))


def event_of(content: bytes) -> Any:
    """The one event of a calendar."""
    calendar = icalendar.Calendar.from_ical(content)
    (event,) = calendar.walk("VEVENT")
    return event


def test_due_day_is_a_whole_day_with_a_reminder_two_days_before_at_nine() -> None:
    made = due_day("FE-2027-000001", date(2027, 3, 20), address="https://x.invalid/", uid="u", at=build.NOW)
    event = event_of(made)
    assert event["DTSTART"].params["VALUE"] == "DATE"
    assert (event.decoded("dtstart"), event.decoded("dtend")) == (date(2027, 3, 20), date(2027, 3, 21))
    (alarm,) = event.walk("VALARM")
    reminded = datetime(2027, 3, 20, tzinfo=UTC) + alarm.decoded("trigger")
    assert reminded == datetime(2027, 3, 18, 9, tzinfo=UTC)
    assert made.count(b"\r\n") == made.count(b"\n")
    assert max(map(len, made.split(b"\r\n"))) <= 75


@pytest.mark.django_db
def test_due_file_says_number_day_and_address_and_nothing_of_the_case() -> None:
    case = waiting_case()
    answer = fetched(case)
    event = event_of(answer.content)
    due = timezone.localdate(timezone=HELSINKI) + timedelta(days=10)
    assert event.decoded("dtstart") == due
    assert str(case.number) in event["SUMMARY"]
    assert date_words(due) in event["SUMMARY"]
    assert event["URL"] == f"http://testserver{reverse('portal:case', args=[case.number])}"
    text = icalendar.Calendar.from_ical(answer.content).to_ical().decode().replace("\r\n ", "")
    for private in ("Secret", "Example", "example-town", "An example", str(case.external_id)):
        assert private not in text


@pytest.mark.django_db
def test_due_file_is_a_calendar_to_save() -> None:
    case = waiting_case()
    answer = fetched(case)
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{case.number}.ics"'


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["sv", "fi", "en"])
def test_due_file_is_in_the_language_of_the_page(language: str) -> None:
    case = waiting_case()
    with translation.override(language):
        summary = event_of(fetched(case).content)["SUMMARY"]
    assert summary.startswith({"sv": "Svara", "fi": "Vastaa", "en": "Answer"}[language])


@pytest.mark.django_db
def test_due_file_fetched_again_is_the_same_day_and_no_second_one() -> None:
    case = waiting_case()
    assert event_of(fetched(case).content)["UID"] == event_of(fetched(case).content)["UID"]


@pytest.mark.django_db
def test_due_file_there_is_none_when_nothing_is_to_be_answered() -> None:
    assert fetched(build.case()).status_code == 404
    late = waiting_case()
    late.supplement_requests.update(due=timezone.localdate(timezone=HELSINKI) - timedelta(days=1))
    assert fetched(late).status_code == 404
    late.supplement_requests.update(due=timezone.localdate(timezone=HELSINKI))
    assert fetched(late).status_code == 200


@pytest.mark.django_db
def test_due_file_is_for_its_customer_only() -> None:
    address = reverse("portal:due_file", args=[waiting_case().number])
    assert build.signed_in(build.customer("Other")).get(address).status_code == 404
    assert Client().get(address).status_code == 302


@pytest.mark.django_db
def test_case_page_offers_it_while_an_answer_is_awaited() -> None:
    case = waiting_case()
    page = build.signed_in(case.application.customer).get(reverse("portal:case", args=[case.number]))
    assert reverse("portal:due_file", args=[case.number]) in page.content.decode()
    other = build.case()
    page = build.signed_in(other.application.customer).get(reverse("portal:case", args=[other.number]))
    assert reverse("portal:due_file", args=[other.number]) not in page.content.decode()


@pytest.mark.django_db
def test_due_file_costs_four_queries(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    case = waiting_case()
    browser = build.signed_in(case.application.customer)
    with django_assert_num_queries(4):  # session, customer, case, request
        browser.get(reverse("portal:due_file", args=[case.number]))
