"""The desk's start page: counts of what there is to do, each of which leads to exactly those cases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone, translation
from pytest_django import DjangoAssertNumQueries

from apps.cases.desk import frontpage
from apps.cases.desk.frontpage import front_page
from apps.cases.models import Case
from apps.people.models import User
from tests import build
from tests.build import TODAY

pytestmark = pytest.mark.django_db


def case(handler: User | None = None, **more: object) -> Case:
    made = build.case()
    Case.objects.filter(pk=made.pk).update(handler=handler, **more)
    return made


def counts(user: User) -> dict[str, dict[str, int]]:
    front = front_page(user, TODAY)
    assert front is not None
    return {
        "mine": {count.title: count.number for count in front.mine},
        "all": {count.title: count.number for count in front.everybodys},
    }


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


def test_counts_are_of_what_there_is_to_do() -> None:
    anna, bert = build.official("anna"), build.official("bert")
    case()
    case(anna, status="in_handling")
    case(anna, status="supplement_requested", paused_at=build.NOW, due_on=TODAY - timedelta(days=9))
    case(anna, status="supplemented", due_on=TODAY + timedelta(days=3))
    case(anna, status="closed", due_on=TODAY - timedelta(days=9))
    case(bert, status="in_handling", due_on=TODAY - timedelta(days=1))

    assert counts(anna) == {
        "mine": {"Mine, open": 3, "Waiting for the customer": 1, "Supplemented": 1, "Due soon": 1, "Overdue cases": 0},
        "all": {"New cases": 1, "Supplemented": 1, "Due soon": 1, "Overdue cases": 1},
    }


def test_what_wants_something_now_is_listed_with_the_most_pressing_first() -> None:
    anna = build.official("anna")
    soon = case(anna, status="in_handling", due_on=TODAY + timedelta(days=2))
    overdue = case(anna, status="in_handling", due_on=TODAY - timedelta(days=2))
    case(anna, status="in_handling")
    front = front_page(anna, TODAY)

    assert front is not None
    assert [one.pk for one in front.urgent] == [overdue.pk, soon.pk]


def test_a_reader_has_no_cases_of_their_own() -> None:
    case()
    front = front_page(build.official("reader", role="reader"), TODAY)

    assert front is not None
    assert front.mine == []
    assert front.urgent == []


@pytest.mark.parametrize("role", ["designer"])
def test_who_sees_no_cases_has_no_counts(role: str) -> None:
    case()

    assert front_page(build.official("other", role=role), TODAY) is None
    assert front_page(build.superuser(), TODAY) is None


def test_nobody_counts_another_authoritys_cases() -> None:
    case()

    assert counts(build.official("far", of=build.authority("other-town")))["all"]["New cases"] == 0


def test_very_many_are_not_counted_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frontpage, "MOST_COUNTED", 2)
    for _n in range(4):
        case()
    front = front_page(build.official(), TODAY)

    assert front is not None
    assert front.everybodys[0].number == 3
    assert front.everybodys[0].said == "more than 2"


@pytest.mark.parametrize("how_many", [1, 6])
def test_queries_do_not_grow_with_cases(how_many: int, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    anna = build.official("anna")
    for _n in range(how_many):
        case(anna, status="supplemented", due_on=TODAY)

    with django_assert_num_queries(11):
        front_page(anna, TODAY)


def test_every_count_leads_to_exactly_those_cases() -> None:
    anna = build.official("anna")
    today = timezone.localdate()
    case()
    case(anna, status="in_handling", due_on=today + timedelta(days=2))
    case(anna, status="supplement_requested")
    case(anna, status="supplemented", due_on=today - timedelta(days=2))
    case(anna, status="closed")
    browser = build.signed_in(anna)
    front = front_page(anna, today)

    assert front is not None
    for count in [*front.mine, *front.everybodys]:
        page = browser.get(count.link)
        assert page.status_code == 200, count.link
        assert page.context["cl"].result_count == count.number, count.link


def test_start_page_shows_the_counts_and_the_managers_figures() -> None:
    case()
    page = build.signed_in(build.official("boss", role="manager")).get("/admin/").content.decode()

    assert 'class="count__number">1<' in page
    assert "/admin/cases/case/statistics/" in page
