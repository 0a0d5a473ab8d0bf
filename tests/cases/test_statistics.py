"""The manager's figures: right, of their own services alone, and with the same queries however many cases there are."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from apps.cases import statistics
from apps.cases.models import Case
from apps.cases.rulebook import Status
from apps.cases.statistics import Period
from apps.people.models import LogLine, User
from apps.services.models import Service
from apps.services.texts import HELSINKI
from tests import build
from tests.build import NOW

pytestmark = pytest.mark.both

PERIOD = Period(date(2027, 1, 4), date(2027, 3, 14))


def ended(days: float, *, status: str = "closed", at: datetime = NOW) -> Case:
    """A case that took so many days."""
    case = build.case(at=at - timedelta(days=days))
    Case.objects.filter(pk=case.pk).update(status=status, status_at=at)
    return case


def found() -> statistics.Figures:
    return statistics.figures(list(Service.objects.all()), PERIOD)


@pytest.mark.django_db
def test_handling_time_is_that_from_arrival_to_the_end() -> None:
    for days in (1, 2, 3, 4, 5, 6, 7, 8, 9, 100):
        ended(days)

    (times,) = found().times

    assert (times.cases, times.median, times.nine_of_ten) == (10, 5, 9)


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["withdrawn", "transferred", "received", "in_handling"])
def test_only_what_the_authority_has_ended_itself_has_a_handling_time(status: str) -> None:
    ended(3, status=status)

    assert found().times == []


@pytest.mark.django_db
def test_what_ended_outside_the_period_does_not_count() -> None:
    ended(3, at=datetime(2027, 3, 15, 0, 0, tzinfo=HELSINKI))
    ended(3, at=datetime(2027, 3, 14, 23, 59, tzinfo=HELSINKI))

    assert [one.cases for one in found().times] == [1]


@pytest.mark.django_db
def test_load_counts_open_cases_per_handler_and_status() -> None:
    for status, handler in (("received", None), ("in_handling", "anna"), ("supplemented", "anna"), ("closed", "anna")):
        case = build.case()
        Case.objects.filter(pk=case.pk).update(status=status, handler=build.official(handler) if handler else None)

    loads = {load.name: load.by_status for load in found().handlers}

    assert loads["anna"] == {Status.IN_HANDLING: 1, Status.SUPPLEMENTED: 1}
    assert len(loads) == 2
    assert [load.total for load in found().services] == [3]


@pytest.mark.django_db
def test_every_week_of_the_period_stands_there_also_an_empty_one() -> None:
    build.case(at=datetime(2027, 1, 10, 23, 59, tzinfo=HELSINKI))
    build.case(at=datetime(2027, 1, 11, 0, 0, tzinfo=HELSINKI))

    weeks = found().weeks

    assert [week.arrived for week in weeks][:3] == [1, 1, 0]
    assert len(weeks) == 10
    assert all(week.monday.weekday() == 0 for week in weeks)


@pytest.mark.django_db
def test_deleted_content_leaves_the_figures() -> None:
    case = ended(4)
    Case.objects.filter(pk=case.pk).update(forgotten_at=NOW)

    assert [one.cases for one in found().times] == [1]


@pytest.mark.django_db
@pytest.mark.parametrize("cases", [1, 7])
def test_queries_do_not_grow_with_cases(cases: int, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for _n in range(cases):
        ended(2)
        open_one = build.case()
        Case.objects.filter(pk=open_one.pk).update(handler=build.official())
    services = list(Service.objects.select_related("published"))

    with django_assert_num_queries(6):
        statistics.figures(services, PERIOD)


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.01, 1))
def test_a_quantile_is_one_of_the_values_and_that_part_does_not_exceed_it(values: list[float], part: float) -> None:
    answer = statistics.quantile(values, part)

    assert answer in values
    assert sum(value <= answer for value in values) >= part * len(values) - 1e-9
    assert sum(value < answer for value in values) < part * len(values) + 1e-9


@pytest.mark.parametrize("today", [date(2027, 3, 1), date(2027, 3, 7), date(2027, 1, 1)])
def test_usual_period_is_of_whole_weeks(today: date) -> None:
    period = Period.until(today)

    assert period.first.weekday() == 0
    assert (today - period.first).days // 7 == 11


# --- the page --------------------------------------------------------------------------------------------------------

URL = "/admin/cases/case/statistics/"
ASKED = {"first": "2027-01-04", "last": "2027-03-14"}


def manager(**more: Any) -> User:
    return build.official("boss", role="manager", **more)


@pytest.mark.django_db
def test_manager_sees_plots_with_the_tables_beside_them() -> None:
    ended(3)
    page = build.signed_in(manager()).get(URL, ASKED).content.decode()

    assert page.count("<svg") >= 2
    assert page.count('role="img"') == page.count("<title id=")
    assert page.count("<table") >= 2
    assert "style=" not in page


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["reader", "handler", "designer"])
def test_figures_are_for_managers(role: str) -> None:
    build.case()

    assert build.signed_in(build.official("somebody", role=role)).get(URL).status_code == 403


@pytest.mark.django_db
def test_another_authoritys_manager_sees_nothing_of_it() -> None:
    case = ended(3)
    other = manager(of=build.authority("other-town"))

    page = build.signed_in(other).get(URL, ASKED)

    assert page.status_code == 200
    assert str(case.service) not in page.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "asked",
    [
        {"first": "2027-03-14", "last": "2027-01-04"},
        {"first": "x"},
        {"last": ""},
        {"first": "1900-01-01"},
        {"service": "no"},
    ],
)
def test_impossible_period_is_said_in_words(asked: dict[str, str]) -> None:
    build.case()

    page = build.signed_in(manager()).get(URL, {**ASKED, **asked})

    assert page.status_code == 200
    assert 'role="alert"' in page.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("table", ["arrivals", "times", "handlers", "services"])
def test_each_table_comes_as_csv_and_is_logged(table: str) -> None:
    ended(3)
    build.case()

    answer = build.signed_in(manager()).get(f"{URL}{table}.csv", ASKED)

    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    header, *rows = list(csv.reader(io.StringIO(text), delimiter=";"))
    assert rows
    assert all(len(row) == len(header) for row in rows)
    assert LogLine.objects.filter(act="exported", about=f"figures: {table}").count() == 1


@pytest.mark.django_db
def test_a_table_comes_as_a_workbook() -> None:
    ended(3)

    answer = build.signed_in(manager()).get(f"{URL}times.xlsx", ASKED)

    content = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    assert "xl/worksheets/sheet1.xml" in zipfile.ZipFile(io.BytesIO(content)).namelist()


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["nothing.csv", "times.pdf"])
def test_unknown_files_are_not_found(name: str) -> None:
    build.case()

    assert build.signed_in(manager()).get(f"{URL}{name}", ASKED).status_code == 404
