"""The ledger: everything that changed, once at least, in pages of a fixed number of queries."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apps.applications.models import Application
from apps.cases import envelope
from apps.cases.models import Case
from apps.interface.ledger import OF_NONE
from apps.interface.parameters import cursor, moment
from apps.people.models import LogLine
from tests import build
from tests.build import NOW
from tests.interface import callers
from tests.interface.callers import get, problem
from tests.sync import folders

pytestmark = [pytest.mark.django_db, pytest.mark.both]


def cases(number: int) -> list[Case]:
    """So many cases, each a minute after the one before."""
    return [build.case(at=NOW + timedelta(minutes=n)) for n in range(number)]


def turned(key: str, **query: Any) -> list[list[str]]:
    """The external ids of each page, to the end."""
    pages, place = [], None
    while True:
        answer = get("commondata", key, **query, **({"cursor": place} if place else {})).json()
        pages.append([item["externalId"] for item in answer["items"]])
        place = answer["next"]
        if place is None:
            return pages


def ids(*of: Case) -> list[str]:
    return [str(case.external_id) for case in of]


def test_case_is_listed_with_what_is_known_of_it() -> None:
    case = folders.supplemented(folders.with_file())
    case.take_step("note", by=build.official(), at=NOW + timedelta(days=1), text="Till oss")
    case.refresh_from_db()
    last = case.events.for_everybody().last()
    assert last
    assert case.told_at

    answer = get("commondata", callers.key()).json()

    assert answer["items"] == [
        {
            "externalId": str(case.external_id),
            "lastEvent": 4,
            "digest": envelope.case_data(last)["digest"],
            "changedAt": envelope.moment(case.told_at),
            "service": "gathering",
            "status": "supplemented",
            "caseNumber": case.number,
        }
    ]
    assert answer["next"] is None


def test_digest_is_that_of_the_case_data_that_are_read() -> None:
    case, key = folders.supplemented(folders.with_file()), callers.key()

    listed = get("commondata", key).json()["items"][0]

    assert listed["digest"] == get(callers.part(case), key).json()["digest"]


def test_longest_unchanged_come_first_page_by_page() -> None:
    made, key = cases(5), callers.key()
    made[0].take_step("take_up", by=build.official(), at=NOW + timedelta(hours=1))

    assert turned(key, limit=2) == [ids(made[1], made[2]), ids(made[3], made[4]), ids(made[0])]


def test_cases_that_changed_at_the_same_moment_are_all_there() -> None:
    made = [build.case() for _n in range(5)]

    assert turned(callers.key(), limit=2) == [ids(*made[:2]), ids(*made[2:4]), ids(*made[4:])]


def test_case_that_changes_while_pages_are_turned_is_seen_again() -> None:
    made, key = cases(3), callers.key()
    first = get("commondata", key, limit=2).json()
    made[0].take_step("take_up", by=build.official(), at=NOW + timedelta(hours=1))

    second = get("commondata", key, limit=2, cursor=first["next"]).json()

    assert [item["externalId"] for item in second["items"]] == ids(made[2], made[0])


def test_only_what_changed_since_a_moment_is_asked_for() -> None:
    made, key = cases(3), callers.key()

    assert turned(key, changedSince="2027-03-01T11:31:00+02:00") == [ids(*made[1:])]
    assert turned(key, changedSince="2027-03-01T09:31:00.000001Z", limit=1) == [ids(made[2])]


def test_ledger_says_as_of_when_nothing_is_on_its_way() -> None:
    before = timezone.now()

    said = moment(get("commondata", callers.key()).json()["asOf"])

    assert said is not None
    assert timedelta(seconds=55) < before - said + (timezone.now() - before) < timedelta(seconds=70)


def test_whoever_goes_on_from_as_of_misses_nothing() -> None:
    key = callers.key()
    build.case(at=timezone.now() - timedelta(hours=1))
    as_of = get("commondata", key).json()["asOf"]
    late = build.case(at=timezone.now() - timedelta(seconds=30))  # written down after the ledger was read

    assert turned(key, changedSince=as_of) == [ids(late)]


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "1001"},
        {"limit": ""},
        {"limit": ["1", "2"]},
        {"changedSince": "2027-03-01"},
        {"changedSince": "2027-03-01T09:30:00"},
        {"changedSince": "2027-02-30T09:30:00Z"},
        {"changedSince": "0001-01-01T00:00:00+14:00"},
        {"changedSince": "2027-03-01T11:31:00 02:00"},
        {"changedSince": ""},
        {"cursor": ""},
        {"cursor": "x"},
        {"cursor": "åäö"},
        {"cursor": base64.urlsafe_b64encode(b"2027-03-01T09:30:00+00:00 x").decode()},
        {"cursor": base64.urlsafe_b64encode(b"2027-03-01T09:30:00+00:00 007").decode()},
        {"cursor": base64.urlsafe_b64encode(b"yesterday 7").decode()},
        {"cursor": cursor(NOW, 7) + "="},
    ],
    ids=str,
)
def test_parameter_that_cannot_be_read_is_refused(query: dict[str, Any]) -> None:
    answer = get("commondata", callers.key(), **query)

    assert (answer.status_code, problem(answer)) == (400, "malformed")


@pytest.mark.parametrize("at", [NOW, datetime(2027, 3, 1, 9, 30, 0, 123456, tzinfo=UTC)], ids=str)
def test_cursor_is_read_as_it_was_given(at: datetime) -> None:
    assert get("commondata", callers.key(), cursor=cursor(at, 7)).json()["items"] == []


@pytest.mark.thorough
def test_page_takes_as_many_queries_for_fifty_as_for_one(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    key = callers.key()
    for n in range(50):
        (folders.with_file if n == 7 else build.case)()
    get("commondata", key, limit=1)

    for limit in (1, 50):
        with django_assert_num_queries(8):
            assert len(get("commondata", key, limit=limit).json()["items"]) == limit


def test_case_that_cannot_be_put_together_holds_up_no_other() -> None:
    good, bad, key = build.case(), build.case(), callers.key()
    Application.objects.filter(pk=bad.application_id).update(answers=["no answers"])

    listed = {item["externalId"]: item for item in get("commondata", key).json()["items"]}

    assert listed[str(bad.external_id)]["digest"] == OF_NONE
    assert listed[str(good.external_id)]["digest"] != OF_NONE
    assert problem(get(callers.part(bad), key)) == "failed"


def test_case_without_a_change_that_anybody_was_told_of_is_not_listed() -> None:
    Case.objects.filter(pk=build.case().pk).update(told_at=None)

    assert get("commondata", callers.key()).json()["items"] == []


def test_turning_a_page_is_one_line_in_the_log() -> None:
    cases(3)

    get("commondata", callers.key(), limit=2)

    assert list(LogLine.objects.values_list("act", "about", "detail")) == [("searched", "interface", "ledger, 2")]


def test_services_are_named_to_the_database_so_that_an_index_leads_to_their_cases() -> None:
    case = build.case()
    with CaptureQueriesContext(connection) as asked:
        get("commondata", callers.key())

    assert [one for one in asked.captured_queries if f'"cases_case"."service_id" IN ({case.service_id})' in one["sql"]]
