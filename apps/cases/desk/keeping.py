"""What will be deleted: for managers, the cases whose time is over or nearly so, what goes with each, and why the others are kept."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date

from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from apps.cases import keeping
from apps.cases.keeping import Going, Why
from apps.cases.models import Case, CaseQuerySet
from apps.people import access, log
from apps.people.adminsite import Room
from apps.people.models import User
from apps.services.models import Service
from apps.services.texts import HELSINKI

MOST_NAMED = 100  # cases that go soon; more of them are counted
COLUMNS = (Why.DUE, Why.SOON, Why.LATER, Why.NOT_DELIVERED, Why.NOT_HANDED_OVER, Why.HELD, Why.NO_LIMIT, Why.OPEN)


@dataclass(frozen=True)
class Row:
    """A service: how many of its cases stand how."""

    service: Service
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def cells(self) -> list[int]:
        """In the order of the columns."""
        return [self.counts[column] for column in COLUMNS]


@dataclass(frozen=True)
class Leaving:
    """A case whose content goes soon, the day, and what goes."""

    case: Case
    on: date | None
    is_due: bool
    going: Going


@dataclass(frozen=True)
class Panel:
    """What the page of a case says of keeping it: in words, and what can be done about it."""

    words: str
    held: bool
    step: str


class Keeping(Room):
    """The page of what will be deleted."""

    def get_urls(self) -> list[URLPattern]:
        """The page."""
        staff = self.admin_site.admin_view
        return [
            path("keeping/", staff(require_safe(self.keeping_view)), name="cases_case_keeping"),
            *super().get_urls(),
        ]

    def keeping_view(self, request: HttpRequest) -> HttpResponse:
        """The services that the user manages, and their cases that go soon."""
        if not access.authorities_where(request.user, access.MANAGES):
            raise PermissionDenied
        today = timezone.localdate(timezone=HELSINKI)
        services = list(
            Service.objects.filter(access.of_services(request.user, access.MANAGES)).select_related("published")
        )
        for authority in sorted({service.authority_id for service in services}):
            log.note(request, log.Act.SAW, "what will be deleted", authority=authority)
        rows, leaving = overview(services, today)
        soon = sum(row.counts[Why.DUE] + row.counts[Why.SOON] for row in rows)
        return self.page(
            request,
            "admin/cases/case/keeping.html",
            _("What will be deleted"),
            rows=rows,
            leaving=leaving,
            more=soon - len(leaving),
            days=keeping.SOON.days,
        )


def overview(services: list[Service], today: date) -> tuple[list[Row], list[Leaving]]:
    """How the cases of each service stand, and those that go soon, the first ones first. As many queries for many as for one."""
    known = keeping.limits(services)
    cases = Case.objects.real().filter(service__in=services, forgotten_at=None)
    rows = {service.pk: Row(service) for service in services}
    stand = cases.order_by().annotate(why=keeping.why(today, known)).values_list("service", "why").annotate(Count("pk"))
    for service, why, count in stand:
        rows[service].counts[why] = count
    return list(rows.values()), _leaving(cases, known, today)


def _leaving(cases: CaseQuerySet, known: keeping.Limits, today: date) -> list[Leaving]:
    # Which ones first: to put whole rows in order would take longer than all the rest.
    first = list(keeping.in_order(cases, today + keeping.SOON, known).values_list("pk", flat=True)[:MOST_NAMED])
    wide = Case.objects.filter(pk__in=first).select_related("service__published", "application__version")
    found = wide.defer("application__answers", "application__supplement_form", "words").in_bulk()
    going = keeping.what_goes(found.values())
    stand = [(found[pk], keeping.standing(found[pk], today)) for pk in first if pk in found]
    return [Leaving(case, now.on, now.why is Why.DUE, going[case.pk]) for case, now in stand]


def panel(case: Case, user: User, today: date | None = None) -> Panel:
    """What the page of a case says of keeping it, and the step that can be taken: holding it, or letting go of it."""
    step = "release" if case.held else "hold"
    offered = not case.is_test and any(one.name == step for one in case.steps_for(user))
    return Panel(keeping.why_kept(case, today), case.held, step if offered else "")
