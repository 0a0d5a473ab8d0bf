"""The day by which the authority has to handle a case: counted, standing still while a supplement is awaited, told in words.

Counted as act 150/1930 counts time: the first day is not counted, and a time that ends on a day when offices are closed ends on the
next working day.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.cases.rulebook import ENDED
from apps.services.handling import WARN_DAYS
from apps.services.texts import HELSINKI, date_words
from apps.services.workdays import first_day_after, is_working_day

if TYPE_CHECKING:
    from apps.cases.models import Case
    from apps.services.handling import HandlingLimit

SOON = timedelta(days=7)
DAY = timedelta(days=1)


class Standing(StrEnum):
    """How a case stands to its day."""

    NONE = "none"  # it has no day, or has ended
    FINE = "fine"
    SOON = "soon"
    OVERDUE = "overdue"
    PAUSED = "paused"


# --- which day -------------------------------------------------------------------------------------------------------


def working_day_from(day: date) -> date:
    """The day itself when offices are open, else the next day when they are."""
    while not is_working_day(day):
        day += DAY
    return day


def due_day(limit: HandlingLimit, start: date) -> date:
    """The last day of a limit that begins to run on a day in Helsinki."""
    match limit.unit:
        case "working_days":
            return _working_days_after(start, limit.length)
        case "months":
            return working_day_from(_months_after(start, limit.length))
        case "years":
            return working_day_from(_months_after(start, 12 * limit.length))
    return working_day_from(start + timedelta(days=limit.length))


def moved_on(due: date, unit: str, *, since: date, until: date) -> date:
    """Where a day moves to, that stood still from one day to another: by as many days, of the kind it was counted in."""
    if unit == "working_days":
        still = sum(is_working_day(since + DAY * n) for n in range(1, (until - since).days + 1))
        return _working_days_after(due, still) if still else due
    return working_day_from(due + max(until - since, timedelta()))


def _working_days_after(day: date, count: int) -> date:
    return first_day_after(day + DAY, count) - DAY


def _months_after(day: date, count: int) -> date:
    """The same day of a later month; the last of the month where it has no such day."""
    month = day.month - 1 + count
    year, month = day.year + month // 12, month % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


# --- what happens to it ----------------------------------------------------------------------------------------------


def limit_of(case: Case) -> HandlingLimit | None:
    """How soon the case is to be handled: by its version, or by the service it was transferred to, whose form was another."""
    version = case.application.version
    if version.service_id == case.service_id:
        return version.definition.handling_limit
    return case.service.published.definition.handling_limit if case.service.published else None


def at_arrival(limit: HandlingLimit | None, at: datetime) -> date | None:
    """The day for a case that arrives; None while nothing runs yet."""
    return due_day(limit, _day(at)) if limit and limit.counted_from == "arrival" else None


def begin_when_complete(case: Case, at: datetime) -> None:
    """The application was found complete: a limit that is counted from there begins, and anew when it had begun before."""
    limit = limit_of(case)
    if limit and limit.counted_from == "completeness":
        case.due_on, case.paused_at = due_day(limit, _day(at)), None


def stand_still(case: Case, at: datetime) -> None:
    """The customer is awaited. A second request while one is answered late changes nothing."""
    if case.due_on is not None and case.paused_at is None:
        case.paused_at = at


def go_on(case: Case, at: datetime, *, since: datetime | None = None) -> None:
    """The time runs again: the day moves by what stood still since `paused_at`, or since a moment that is given."""
    since = since or case.paused_at
    if case.due_on is not None and since is not None:
        limit = limit_of(case)
        case.due_on = moved_on(case.due_on, limit.unit if limit else "days", since=_day(since), until=_day(at))
    case.paused_at = None


def _day(at: datetime) -> date:
    return at.astimezone(HELSINKI).date()


# --- how it stands ---------------------------------------------------------------------------------------------------


def standing(case: Case, today: date) -> Standing:
    """How a case stands to its day, warned of as early as its service says."""
    if case.due_on is None or case.status in ENDED:
        return Standing.NONE
    if case.paused_at is not None:
        return Standing.PAUSED
    if case.due_on < today:
        return Standing.OVERDUE
    limit = limit_of(case)
    warned = timedelta(days=limit.warn_days if limit else WARN_DAYS)
    return Standing.SOON if warned and case.due_on <= today + warned else Standing.FINE


def _running() -> Q:
    return Q(due_on__isnull=False, paused_at=None) & ~Q(status__in=ENDED)


def overdue_q(today: date) -> Q:
    """The cases whose day has passed."""
    return _running() & Q(due_on__lt=today)


def soon_q(today: date) -> Q:
    """The cases whose day is today or within a week."""
    return _running() & Q(due_on__gte=today, due_on__lte=today + SOON)


# --- in words --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Told:
    """How a case stands to its day, in words: the day, what there is to say of it now, and the limit's ground."""

    standing: Standing
    day: str
    now: str
    ground: str = ""


def told(case: Case, today: date) -> Told | None:
    """What the desk says; None for a case without a day."""
    stands = standing(case, today)
    if case.due_on is None or stands is Standing.NONE:
        return None
    limit = limit_of(case)
    ground = limit.ground.said() if limit else ""
    return Told(
        stands, _("Due %(day)s") % {"day": date_words(case.due_on)}, _now(case.due_on, case.paused_at, today), ground
    )


def told_to_customer(case: Case, today: date) -> Told | None:
    """What the customer is told, of a limit that is shown to customers."""
    limit = limit_of(case)
    said = told(case, today)
    if case.due_on is None or limit is None or not limit.shown or said is None:
        return None
    day = _("The authority is to handle the case by %(day)s.") % {"day": date_words(case.due_on)}
    now = ""
    if said.standing is Standing.PAUSED:
        now = _("The time stands still while the authority waits for your answer, and the day moves by as much.")
    elif said.standing is Standing.OVERDUE:
        now = _("That day has passed. Contact the authority if you want to know why.")
    return Told(said.standing, day, now, said.ground)


def _now(due: date, paused_at: datetime | None, today: date) -> str:
    if paused_at is not None:
        return _("Time stands still since %(day)s") % {"day": date_words(_day(paused_at))}
    left = (due - today).days
    if left < 0:
        return ngettext("Overdue by %(n)d day", "Overdue by %(n)d days", -left) % {"n": -left}
    if left == 0:
        return _("Last day today")
    return ngettext("%(n)d day left", "%(n)d days left", left) % {"n": left}
