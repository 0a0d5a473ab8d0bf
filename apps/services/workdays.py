"""Working days in Finland: Monday to Friday, public holidays and the eves of Midsummer and Christmas excepted."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

from holidays.countries.finland import Finland


@lru_cache(maxsize=400)
def holidays_of(year: int) -> frozenset[date]:
    """The public holidays of a year. Only their days are used: their names would be English in any language but the library's own."""
    return frozenset(Finland(years=year))


def is_working_day(day: date) -> bool:
    """Whether offices are open on a day."""
    return day.weekday() < 5 and day not in holidays_of(day.year)


@lru_cache(maxsize=1_000)
def first_day_after(today: date, working_days: int) -> date:
    """The first day that has so many working days before it, today counted as one if it is one.

    This is how a limit such as “five working days before the event” is counted: backwards from the event's own day, which is not
    counted; the day of sending is, whatever the hour.
    """
    day = today
    while working_days > 0:
        working_days -= is_working_day(day)
        day += timedelta(days=1)
    return day
