"""Time limits: all days or working days, refused or let through with a warning, counted in Finland."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from apps.services import workdays
from apps.services.answersheet import sheet
from apps.services.conditions import for_browser, read_condition
from apps.services.definition import parse
from apps.services.fieldtypes.base import LeadTime
from apps.services.pageform import PageForm
from apps.services.reading import Reader, Unreadable
from tests.build import definition, document, field, page, said

MONDAY = date(2027, 3, 1)


def limit(days: int, late: str = "refuse", unit: str = "working_days") -> LeadTime:
    return LeadTime(days=days, late=late, unit=unit)


@pytest.mark.parametrize(
    ("today", "days", "earliest"),
    [
        (date(2027, 3, 1), 0, date(2027, 3, 1)),
        (date(2027, 3, 1), 1, date(2027, 3, 2)),
        (date(2027, 3, 1), 5, date(2027, 3, 6)),  # Monday to Friday count, so Saturday is the first day
        (date(2027, 3, 1), 6, date(2027, 3, 9)),
        (date(2027, 3, 5), 2, date(2027, 3, 9)),  # Friday and Monday
        (date(2027, 3, 6), 1, date(2027, 3, 9)),  # Saturday does not count
        (date(2027, 6, 23), 3, date(2027, 6, 29)),  # Wednesday, Thursday; Midsummer Eve and Day, Sunday; Monday
        (date(2027, 12, 23), 2, date(2027, 12, 28)),  # Christmas Eve on a Friday, then the holidays; Monday the 27th
        (date(2026, 12, 23), 2, date(2026, 12, 29)),  # Christmas Eve on a Thursday, Friday, Saturday, Sunday; Monday
        (date(2026, 4, 30), 2, date(2026, 5, 5)),  # the first of May on a Friday
        (date(2027, 4, 30), 2, date(2027, 5, 4)),  # on a Saturday: only the weekend
        (date(2027, 12, 3), 2, date(2027, 12, 8)),  # Independence Day on a Monday
        (date(2027, 3, 25), 2, date(2027, 3, 31)),  # Easter
        (date(2027, 5, 5), 2, date(2027, 5, 8)),  # Ascension Day on a Thursday
        (date(2027, 1, 5), 2, date(2027, 1, 8)),  # Epiphany on a Wednesday
    ],
)
def test_working_days_are_counted_back_from_the_day(today: date, days: int, earliest: date) -> None:
    assert limit(days).earliest(today) == earliest


@pytest.mark.parametrize(
    "day",
    [
        date(2026, 6, 19),  # Midsummer Eve
        date(2026, 6, 20),
        date(2026, 12, 24),
        date(2026, 12, 25),
        date(2026, 12, 26),
        date(2026, 5, 1),
        date(2026, 12, 6),
        date(2026, 4, 3),
        date(2026, 4, 6),
        date(2026, 10, 31),
        date(2027, 3, 6),
    ],
)
def test_a_holiday_is_no_working_day(day: date) -> None:
    assert not workdays.is_working_day(day)


@pytest.mark.parametrize("day", [date(2026, 4, 30), date(2026, 12, 23), date(2026, 12, 31), date(2026, 4, 2)])
def test_a_day_that_only_feels_like_a_holiday_is_a_working_day(day: date) -> None:
    assert workdays.is_working_day(day)


@given(st.dates(date(2000, 1, 1), date(2150, 1, 1)), st.integers(0, 60))
def test_there_are_so_many_working_days_before_the_first_day_and_no_fewer_would_do(today: date, days: int) -> None:
    first = limit(days).earliest(today)

    between = [today + timedelta(days=n) for n in range((first - today).days)]
    assert sum(map(workdays.is_working_day, between)) == days
    assert days == 0 or workdays.is_working_day(between[-1])


def test_all_days_count_where_the_rule_says_days() -> None:
    assert limit(5, unit="days").earliest(date(2026, 12, 23)) == date(2026, 12, 28)


# --- on the page -----------------------------------------------------------------------------------------------------


def asked(kind: str = "date", **lead_time: Any) -> Any:
    day = field(kind, "day", lead_time={"days": 5, "unit": "working_days", **lead_time})
    return definition(page("first", day), schema=2)


def form(of: Any, answers: Any = None, **posted: str) -> PageForm:
    return PageForm(of, of.pages[0], answers=answers or {}, today=MONDAY, data=posted or None)


def test_a_day_that_is_too_near_is_refused_with_the_first_day_that_is_not() -> None:
    with override("en"):
        bound = form(asked(), day="5.3.2027")

        assert bound.errors["day"] == [
            "This must be sent at least 5 working days before. Sent today, the earliest day is 6.3.2027."
        ]
    assert form(asked(), day="6.3.2027").is_valid()


def test_warn_lets_a_day_through_and_tells() -> None:
    with override("en"):
        bound = form(asked(late="warn"), day="5.3.2027")

        assert bound.is_valid()
        assert bound.kept == {"day": "2027-03-05"}
        assert "at least 5 working days before" in bound.warnings["day"]
        assert not form(asked(late="warn"), day="6.3.2027").warnings


def test_warn_still_refuses_a_day_that_has_passed() -> None:
    bound = form(asked(late="warn"), day="28.2.2027")

    assert not bound.is_valid()
    assert not bound.warnings


def test_the_warning_stands_below_the_control_and_describes_it() -> None:
    with override("en"):
        html = form(asked(late="warn"), {"day": "2027-03-05"}).render()

    assert 'aria-describedby="id_day_warning"' in html
    assert html.index("<input") < html.index('<p class="question__warning" id="id_day_warning">')
    assert "question--error" not in html
    assert "question__warning" not in form(asked(late="warn")).render()


def test_the_warning_is_told_beside_the_answer_on_the_sheet() -> None:
    of = asked(late="warn")

    late, early = (sheet(of, {"day": day}, MONDAY, "en")[0].lines[0] for day in ("2027-03-05", "2027-03-06"))

    assert "at least 5 working days before" in late.warning
    assert early.warning == ""


def test_a_period_warns_at_its_first_day() -> None:
    of = asked("period", late="warn")
    with override("en"):
        bound = form(of, **{"day-start": "5.3.2027", "day-end": "20.3.2027"})

        assert bound.is_valid()
        assert "question__warning" in bound.render()
        assert "at least 5 working days" in sheet(of, bound.kept, MONDAY, "en")[0].lines[0].warning


# --- with an explanation ---------------------------------------------------------------------------------------------

LATE = {"field": "day", "within_working_days": 5}


def refusals(*fields: Any, kind: str = "date", **more: Any) -> list[str]:
    """What is wrong with a form that asks a day, lets a late one through with an explanation, and goes on with these fields."""
    day = field(kind, "day", lead_time={"days": 5, "unit": "working_days", "late": "explain"})
    try:
        parse(document(page("first", field("yes_no", "music"), day), page("second", *fields, **more), schema=2))
    except Unreadable as e:
        return [problem.path for problem in e.problems]
    return []


@pytest.mark.parametrize(
    "why",
    [
        {"show_when": LATE},
        {"show_when": {"any": [{"field": "music", "equals": True}, LATE]}},
        {"show_when": {"all": [{"field": "music", "equals": True}, LATE]}},
        {"required": False, "required_when": LATE},
    ],
)
def test_an_explanation_is_asked_for_when_the_day_is_late(why: dict[str, Any]) -> None:
    assert refusals(field("text", "why", **why)) == []


@pytest.mark.parametrize(
    "why",
    [
        {},
        {"required": False, "show_when": LATE},
        {"show_when": {"not": LATE}},
        {"show_when": {"field": "day", "within_days": 5}},
        {"show_when": {"field": "day", "within_working_days": 4}},
        {"show_when": {"field": "music", "equals": True}},
    ],
)
def test_a_late_day_that_nobody_has_to_explain_is_refused(why: dict[str, Any]) -> None:
    assert refusals(field("text", "why", **why)) == ["pages[0].fields[1].lead_time.late"]


def test_advice_is_no_explanation() -> None:
    advice = field("guidance", "advice", text=said("Hurry"), show_when=LATE)

    assert refusals(advice, field("text", "other")) == ["pages[0].fields[1].lead_time.late"]


def test_a_page_that_shows_when_the_day_is_late_asks_for_the_explanation() -> None:
    assert refusals(field("text", "why"), show_when=LATE) == []


def test_a_period_is_late_by_its_first_day() -> None:
    late = {"field": "day.start", "within_working_days": 5}

    assert refusals(field("text", "why", show_when=late), kind="period") == []
    assert refusals(field("text", "why"), kind="period") == ["pages[0].fields[1].lead_time.late"]


def test_a_day_in_a_row_is_explained_in_the_row() -> None:
    day = field("date", "day", lead_time={"days": 5, "unit": "working_days", "late": "explain"})
    why = field("text", "why", show_when=LATE)

    definition(page("first", field("repeating", "rows", fields=[day, why])), schema=2)
    with pytest.raises(Unreadable, match=re.escape("pages[0].fields[0].fields[0].lead_time.late")):
        definition(page("first", field("repeating", "rows", fields=[day])), schema=2)


def test_an_explanation_that_cannot_be_read_is_not_missed() -> None:
    assert refusals(field("text", "why", max_length="long")) == ["pages[1].fields[0].max_length"]


# --- in conditions ---------------------------------------------------------------------------------------------------

WITHIN = {"field": "day", "within_working_days": 5}


@pytest.mark.parametrize(
    ("day", "holds"),
    [
        ("2027-03-05", True),
        ("2027-03-06", False),
        ("2027-02-01", True),
        (None, False),
        ("2027-03-05T14:30", True),
        ("2027-03-06T00:00", False),
        ("T14:30", False),
    ],
)
def test_within_working_days_is_the_same_limit(day: str | None, holds: bool) -> None:
    condition = read_condition(Reader(), "", WITHIN)

    assert condition.holds({"day": day}, MONDAY) is holds


@pytest.mark.thorough
@given(st.dates(date(2026, 1, 1), date(2028, 1, 1)), st.dates(date(2026, 1, 1), date(2028, 1, 1)), st.integers(0, 30))
def test_the_browser_s_rule_says_the_same(today: date, day: date, days: int) -> None:
    rule = {"any": [{"not": {"field": "day", "within_working_days": days}}, {"field": "other", "equals": 1}]}
    answers = {"day": day.isoformat()}

    for_server = read_condition(Reader(), "", rule)
    for_page = read_condition(Reader(), "", for_browser(rule, today))

    assert for_server.holds(answers, today) is for_page.holds(answers, today)


def test_the_page_gives_the_browser_a_day_and_no_calendar() -> None:
    fields = field("date", "day"), field("text", "why", show_when=WITHIN)
    of = definition(page("first", *fields))

    assert form(of).rules == {"why": {"field": "day", "before": "2027-03-06"}}
