"""How the cases of a manager's services go: load, handling times, arrivals. Figures alone; no case and no customer is named.

Cases whose content has been deleted count too: their dates and outcomes are kept for this.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncWeek
from django.utils.translation import gettext as _

from apps.cases.models import Case
from apps.cases.rulebook import ENDED, STATUS_WORDS, Status
from apps.people import access
from apps.people.access import Visitor
from apps.services.models import Service
from apps.services.texts import HELSINKI

OPEN = [status for status in Status if status not in ENDED]
LONGEST_PERIOD = timedelta(days=3 * 366)
USUAL_PERIOD = timedelta(weeks=12)


@dataclass(frozen=True)
class Period:
    """Days in Helsinki, the last one included."""

    first: date
    last: date

    @property
    def moments(self) -> tuple[datetime, datetime]:
        """From when on, and before when."""
        return _midnight(self.first), _midnight(self.last + timedelta(days=1))

    @classmethod
    def until(cls, today: date) -> Period:
        """The usual one: whole weeks, the last of which is going on."""
        monday = today - timedelta(days=today.weekday())
        return cls(monday - USUAL_PERIOD + timedelta(weeks=1), today)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), HELSINKI)


@dataclass(frozen=True)
class Load:
    """The open cases of one handler or service: how many in each open status."""

    name: str
    by_status: dict[str, int]

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.by_status.values())

    @property
    def row(self) -> list[int]:
        """How many in each, in the order of the statuses."""
        return [self.by_status.get(status, 0) for status in OPEN]


@dataclass(frozen=True)
class HandlingTime:
    """How long the cases of a service that ended in the period took from arrival, in days."""

    name: str
    cases: int
    median: float
    nine_of_ten: float


@dataclass(frozen=True)
class Week:
    """The cases that arrived, and those that were ended, in the week that begins on a Monday."""

    monday: date
    arrived: int
    ended: int


@dataclass(frozen=True)
class Figures:
    """All of it, for some services and a period."""

    handlers: list[Load]
    services: list[Load]
    times: list[HandlingTime]
    weeks: list[Week]


def services_of(user: Visitor) -> QuerySet[Service]:
    """The services whose figures the user may see: those they manage."""
    return Service.objects.filter(access.of_services(user, access.MANAGES)).select_related("published")


def figures(services: Sequence[Service], period: Period) -> Figures:
    """The figures. The queries are as many for one service as for all, and for one case as for very many."""
    cases = Case.objects.real().filter(service__in=services)
    names = {service.pk: str(service) for service in services}
    return Figures(_of_handlers(cases), _of_services(cases, names), _times(cases, names, period), _weeks(cases, period))


def _of_handlers(cases: QuerySet[Case]) -> list[Load]:
    counted = cases.filter(status__in=OPEN).order_by().values("handler", "status").annotate(n=Count("pk"))
    found: dict[int | None, dict[str, int]] = defaultdict(dict)
    for row in counted:
        found[row["handler"]][row["status"]] = row["n"]
    handlers = Case._meta.get_field("handler").related_model._default_manager.in_bulk([pk for pk in found if pk])
    loads = [Load(str(handlers[pk]) if pk in handlers else _("Nobody yet"), counts) for pk, counts in found.items()]
    return sorted(loads, key=lambda load: (-load.total, load.name))


def _of_services(cases: QuerySet[Case], names: dict[int, str]) -> list[Load]:
    counted = cases.filter(status__in=OPEN).order_by().values("service", "status").annotate(n=Count("pk"))
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for row in counted:
        found[row["service"]][row["status"]] = row["n"]
    return [Load(names[pk], found[pk]) for pk in sorted(names, key=names.__getitem__)]


def _times(cases: QuerySet[Case], names: dict[int, str], period: Period) -> list[HandlingTime]:
    begins, ends = period.moments
    took: dict[int, list[float]] = defaultdict(list)
    ended = cases.filter(status__in=[Status.CLOSED, Status.NOT_EXAMINED], status_at__gte=begins, status_at__lt=ends)
    for service, arrived, done in ended.order_by().values_list("service", "arrived_at", "status_at").iterator():
        took[service].append((done - arrived).total_seconds() / 86_400)
    return [
        HandlingTime(names[pk], len(took[pk]), quantile(took[pk], 0.5), quantile(took[pk], 0.9))
        for pk in sorted(took, key=names.__getitem__)
    ]


def quantile(values: Iterable[float], part: float) -> float:
    """The smallest of the values that at least this part of them do not exceed (nearest rank). Raises ValueError for none."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no values")
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)]


def _weeks(cases: QuerySet[Case], period: Period) -> list[Week]:
    begins, ends = period.moments
    arrived = _by_week(cases.filter(arrived_at__gte=begins, arrived_at__lt=ends), "arrived_at")
    over = Q(status__in=ENDED, status_at__gte=begins, status_at__lt=ends)
    ended = _by_week(cases.filter(over), "status_at")
    monday = period.first - timedelta(days=period.first.weekday())
    mondays = [monday + timedelta(weeks=n) for n in range((period.last - monday).days // 7 + 1)]
    return [Week(day, arrived[day], ended[day]) for day in mondays]


def _by_week(cases: QuerySet[Case], field: str) -> Counter[date]:
    weeks = cases.order_by().annotate(week=TruncWeek(field, tzinfo=HELSINKI)).values("week").annotate(n=Count("pk"))
    return Counter({row["week"].astimezone(HELSINKI).date(): row["n"] for row in weeks})


# --- as tables -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Table:
    """Figures as a table: what stands beside each plot, and what is exported. `key` is its name in addresses and file names."""

    key: str
    title: str
    header: list[str]
    rows: list[list[Any]]


def tables(found: Figures) -> list[Table]:
    """Every table, in the language of the page."""
    statuses = [str(STATUS_WORDS[status]) for status in OPEN]
    return [
        Table(
            "arrivals",
            _("Arrived and ended per week"),
            [_("Week beginning"), _("Arrived"), _("Ended")],
            [[week.monday, week.arrived, week.ended] for week in found.weeks],
        ),
        Table(
            "times",
            _("Handling times in days"),
            [_("Service"), _("Cases ended"), _("Half of them within"), _("Nine of ten within")],
            [[one.name, one.cases, round(one.median, 1), round(one.nine_of_ten, 1)] for one in found.times],
        ),
        Table(
            "handlers",
            _("Open cases per handler"),
            [_("Handler"), *statuses, _("Together")],
            [[load.name, *load.row, load.total] for load in found.handlers],
        ),
        Table(
            "services",
            _("Open cases per service"),
            [_("Service"), *statuses, _("Together")],
            [[load.name, *load.row, load.total] for load in found.services],
        ),
    ]
