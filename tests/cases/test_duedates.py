"""Due days: counted from arrival or completeness, standing still while the customer is awaited, and told in words."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from apps.cases import duedates, intake
from apps.cases.duedates import Standing, due_day, moved_on, overdue_q, soon_q, standing, working_day_from
from apps.cases.models import Case
from apps.services.handling import UNITS, HandlingLimit
from apps.services.texts import HELSINKI, NO_TEXT
from apps.services.workdays import is_working_day
from tests.build import NOW, TODAY, application, case, customer, official, said, version

DAY = timedelta(days=1)
LATEST = {"days": 400, "working_days": 250, "months": 30, "years": 10}


def limit(length: int, unit: str, **more: Any) -> HandlingLimit:
    known = {"counted_from": "arrival", "warn_days": 7, "shown": False, "ground": NO_TEXT, **more}
    return HandlingLimit(length=length, unit=unit, **known)


def limited(length: int = 30, unit: str = "days", **more: Any) -> Any:
    """A version of a service whose cases are to be handled in time; `from` is one of the names."""
    return version(handling_limit={"length": length, "unit": unit, **more})


def at(day: date, hour: int = 12) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=HELSINKI)


# --- which day -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("length", "unit", "start", "due"),
    [
        (1, "days", date(2027, 3, 1), date(2027, 3, 2)),
        (30, "days", date(2027, 3, 1), date(2027, 3, 31)),
        (5, "days", date(2027, 3, 1), date(2027, 3, 8)),  # a Saturday
        (1, "months", date(2027, 1, 31), date(2027, 3, 1)),  # 28 February is a Sunday
        (1, "months", date(2028, 1, 31), date(2028, 2, 29)),  # a leap year
        (1, "months", date(2026, 12, 15), date(2027, 1, 15)),
        (2, "months", date(2026, 12, 31), date(2027, 3, 1)),
        (1, "years", date(2028, 2, 29), date(2029, 2, 28)),
        (2, "years", date(2027, 3, 1), date(2029, 3, 1)),
        (1, "working_days", date(2027, 3, 5), date(2027, 3, 8)),  # Friday to Monday
        (5, "working_days", date(2027, 3, 22), date(2027, 3, 31)),  # over Easter
        (1, "working_days", date(2027, 3, 6), date(2027, 3, 8)),  # arrived on a Saturday
        (3, "days", date(2027, 12, 21), date(2027, 12, 27)),  # Christmas Eve
        (10, "days", date(2027, 6, 15), date(2027, 6, 28)),  # Midsummer Eve
        (1, "days", date(2027, 12, 5), date(2027, 12, 7)),  # Independence Day
    ],
)
def test_limit_ends_on_its_last_day_or_the_next_working_day(length: int, unit: str, start: date, due: date) -> None:
    assert due_day(limit(length, unit), start) == due


@given(start=st.dates(date(2000, 1, 1), date(2150, 1, 1)), unit=st.sampled_from(UNITS), data=st.data())
def test_due_day_is_a_working_day_ahead_and_the_later_the_longer(start: date, unit: str, data: st.DataObject) -> None:
    length = data.draw(st.integers(1, LATEST[unit]))

    due = due_day(limit(length, unit), start)

    assert is_working_day(due)
    assert due > start
    assert due <= due_day(limit(length + 1, unit), start)
    assert due <= due_day(limit(length, unit), start + DAY)


@given(start=st.dates(date(2000, 1, 1), date(2150, 1, 1)), length=st.integers(1, 250))
def test_working_days_are_counted_one_by_one(start: date, length: int) -> None:
    due = due_day(limit(length, "working_days"), start)

    days = [start + DAY * n for n in range(1, (due - start).days + 1)]
    assert sum(map(is_working_day, days)) == length


@given(
    due=st.dates(date(2000, 1, 1), date(2150, 1, 1)).map(working_day_from),
    since=st.dates(date(2000, 1, 1), date(2150, 1, 1)),
    still=st.integers(0, 400),
    unit=st.sampled_from(UNITS),
)
def test_day_never_comes_nearer_by_standing_still(due: date, since: date, still: int, unit: str) -> None:
    until = since + timedelta(days=still)

    moved = moved_on(due, unit, since=since, until=until)

    assert is_working_day(moved)
    assert moved >= due
    assert moved >= due + timedelta(days=still) or unit == "working_days"
    assert moved == due or still


@given(day=st.dates(date(2000, 1, 1), date(2150, 1, 1)))
def test_working_day_from_is_the_first_one(day: date) -> None:
    found = working_day_from(day)

    assert is_working_day(found)
    assert not any(is_working_day(day + DAY * n) for n in range((found - day).days))


# --- in a case -------------------------------------------------------------------------------------------------------


def asked_at(made: Case, day: date) -> None:
    made.take_step("request_supplement", by=official(), at=at(day), text="A map", due=day + 30 * DAY, fields=[])


def sent_at(made: Case, day: date) -> None:
    paper = intake.begin_supplement(made, customer())
    paper.answers["supplement_text"] = "Here"
    paper.save()
    intake.send(paper, at=at(day))
    made.refresh_from_db()


@pytest.mark.django_db
def test_case_has_its_day_from_arrival() -> None:
    made = case(limited())

    assert (made.due_on, made.paused_at) == (date(2027, 3, 31), None)


@pytest.mark.django_db
def test_case_of_a_service_without_a_limit_has_no_day() -> None:
    made = case()

    assert made.due_on is None
    assert standing(made, TODAY) is Standing.NONE
    assert duedates.told(made, TODAY) is None


@pytest.mark.django_db
def test_time_stands_still_while_a_supplement_is_awaited_and_the_day_moves_by_as_much() -> None:
    made = case(limited())
    made.take_step("take_up", by=official(), at=NOW)

    asked_at(made, date(2027, 3, 3))
    assert made.paused_at == at(date(2027, 3, 3))
    assert standing(made, date(2027, 5, 1)) is Standing.PAUSED

    sent_at(made, date(2027, 3, 10))
    assert (made.due_on, made.paused_at) == (date(2027, 4, 7), None)


@pytest.mark.django_db
def test_day_moves_also_when_handling_goes_on_without_the_supplement() -> None:
    made = case(limited(10, "working_days"))
    made.take_step("take_up", by=official(), at=NOW)
    assert made.due_on == date(2027, 3, 15)

    asked_at(made, date(2027, 3, 5))
    made.take_step("resume", by=official(), at=at(date(2027, 3, 9)))

    assert (made.due_on, made.paused_at) == (date(2027, 3, 17), None)  # Monday and Tuesday stood still


@pytest.mark.django_db
def test_limit_from_completeness_begins_then_and_anew_when_it_is_complete_again() -> None:
    made = case(limited(10, **{"from": "completeness"}))
    made.take_step("take_up", by=official(), at=NOW)
    assert made.due_on is None
    asked_at(made, date(2027, 3, 2))
    assert made.paused_at is None
    sent_at(made, date(2027, 3, 3))
    assert made.due_on is None

    made.take_step("complete", by=official(), at=at(date(2027, 3, 5)))
    assert made.due_on == date(2027, 3, 15)
    made.take_step("complete", by=official(), at=at(date(2027, 3, 8)))
    assert made.due_on == date(2027, 3, 18)


@pytest.mark.django_db
def test_completeness_moves_nothing_where_the_limit_is_counted_from_arrival() -> None:
    made = case(limited())
    made.take_step("take_up", by=official(), at=NOW)

    made.take_step("complete", by=official(), at=at(date(2027, 3, 8)))

    assert made.due_on == date(2027, 3, 31)


@pytest.mark.django_db
def test_ended_case_keeps_its_day_and_is_not_warned_of() -> None:
    made = case(limited())
    made.take_step("take_up", by=official(), at=NOW)
    asked_at(made, date(2027, 3, 2))

    made.take_step("leave_unexamined", by=official(), at=at(date(2027, 4, 12)), text="No answer")

    assert (made.due_on, made.paused_at) == (date(2027, 5, 11), None)
    assert standing(made, date(2028, 1, 1)) is Standing.NONE
    assert not Case.objects.filter(overdue_q(date(2028, 1, 1))).exists()


@pytest.mark.django_db
def test_reopened_case_has_the_time_that_was_left() -> None:
    made = case(limited())
    made.take_step("take_up", by=official(), at=NOW)
    made.take_step("close", by=official(), at=at(date(2027, 3, 11)), outcome="noted", text="")

    made.take_step("reopen", by=official(), at=at(date(2027, 3, 16)), text="A wrong number")

    assert made.due_on == date(2027, 4, 5)


# --- how it stands, in words -----------------------------------------------------------------------------------------

STANDS = [
    (date(2027, 3, 23), Standing.FINE, "8 days left"),
    (date(2027, 3, 24), Standing.SOON, "7 days left"),
    (date(2027, 3, 30), Standing.SOON, "1 day left"),
    (date(2027, 3, 31), Standing.SOON, "Last day today"),
    (date(2027, 4, 1), Standing.OVERDUE, "Overdue by 1 day"),
    (date(2027, 4, 3), Standing.OVERDUE, "Overdue by 3 days"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("today", "stands", "words"), STANDS)
def test_standing_is_told_and_found_by_the_same_days(today: date, stands: Standing, words: str) -> None:
    made = case(limited())

    with translation.override("en"):
        told = duedates.told(made, today)

    assert standing(made, today) is stands
    assert told == duedates.Told(stands, "Due 31.3.2027", words)
    assert Case.objects.filter(soon_q(today)).exists() is (stands is Standing.SOON)
    assert Case.objects.filter(overdue_q(today)).exists() is (stands is Standing.OVERDUE)


@pytest.mark.django_db
@pytest.mark.parametrize(("warn_days", "stands"), [(0, Standing.FINE), (20, Standing.FINE), (21, Standing.SOON)])
def test_warning_is_as_early_as_the_service_says(warn_days: int, stands: Standing) -> None:
    made = case(limited(warn_days=warn_days))

    assert standing(made, date(2027, 3, 10)) is stands


@pytest.mark.django_db
def test_paused_case_is_neither_soon_nor_overdue_and_says_since_when() -> None:
    made = case(limited())
    made.take_step("take_up", by=official(), at=NOW)
    asked_at(made, date(2027, 3, 3))

    with translation.override("en"):
        told = duedates.told(made, date(2027, 4, 20))

    assert told is not None
    assert told.now == "Time stands still since 3.3.2027"
    assert not Case.objects.filter(soon_q(date(2027, 3, 31)) | overdue_q(date(2027, 4, 20))).exists()


@pytest.mark.django_db
def test_customer_is_told_of_a_limit_that_is_shown_with_its_ground() -> None:
    made = case(limited(1, "years", shown=True, ground=said("Act 1145/2020")))

    with translation.override("en"):
        told = duedates.told_to_customer(made, TODAY)
        made.take_step("take_up", by=official(), at=NOW)
        asked_at(made, date(2027, 3, 3))
        paused = duedates.told_to_customer(made, date(2027, 3, 4))

    assert told is not None
    assert told.day == "The authority is to handle the case by 1.3.2028."
    assert (told.now, told.ground) == ("", "Act 1145/2020")
    assert paused is not None
    assert "stands still" in paused.now


@pytest.mark.django_db
def test_customer_is_told_nothing_of_a_limit_that_is_the_desks_own() -> None:
    assert duedates.told_to_customer(case(limited()), TODAY) is None


@pytest.mark.django_db
def test_case_entered_later_is_counted_from_when_it_arrived() -> None:
    paper = application(limited())
    intake.freeze(paper, at=NOW)

    line = intake.open_folder(paper, by=official(), at=NOW, data={}, arrived_at=NOW - 7 * DAY)

    assert line.case.due_on == date(2027, 3, 24)
