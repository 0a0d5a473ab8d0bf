"""The desk's start page for whoever handles cases: what is new, mine, waiting, due, as counts that are links."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from apps.cases import duedates
from apps.cases.models import Case
from apps.cases.rulebook import ENDED, Status
from apps.people import access
from apps.people.models import User

MOST_COUNTED = 1_000
MOST_SHOWN = 10


@dataclass(frozen=True)
class Count:
    """How many cases there are of a sort, in words where there are very many, and where they are listed."""

    title: str
    number: int
    link: str
    tone: str = ""

    @property
    def said(self) -> str:
        """The number."""
        return _("more than %(most)d") % {"most": MOST_COUNTED} if self.number > MOST_COUNTED else str(self.number)


@dataclass(frozen=True)
class FrontPage:
    """What a handler sees first. `urgent` are the cases of theirs that want something now, the most pressing first."""

    mine: list[Count]
    everybodys: list[Count]
    urgent: list[Any]
    manages: bool


def front_page(user: User, today: date) -> FrontPage | None:
    """The counts over what the user may see; None for somebody who sees no cases. The queries are always as many."""
    if not access.authorities_where(user, access.SEES_CASES):
        return None
    handles = bool(access.authorities_where(user, access.HANDLES_CASES))
    soon, overdue = duedates.soon_q(today), duedates.overdue_q(today)
    new, waiting, supplemented = Status.RECEIVED, Status.SUPPLEMENT_REQUESTED, Status.SUPPLEMENTED
    everybodys = [
        _count(user, _("New cases"), Q(status=new), status=new),
        _count(user, _("Supplemented"), Q(status=supplemented), status=supplemented),
        _count(user, _("Due soon"), soon, due="soon", tone="warning"),
        _count(user, _("Overdue cases"), overdue, due="overdue", tone="bad"),
    ]
    me = Q(handler=user.pk)
    mine = [
        _count(user, _("Mine, open"), me & ~Q(status__in=ENDED), handler="me", status="open"),
        _count(user, _("Waiting for the customer"), me & Q(status=waiting), handler="me", status=waiting),
        _count(user, _("Supplemented"), me & Q(status=supplemented), handler="me", status=supplemented),
        _count(user, _("Due soon"), me & soon, handler="me", due="soon", tone="warning"),
        _count(user, _("Overdue cases"), me & overdue, handler="me", due="overdue", tone="bad"),
    ]
    urgent = _urgent(user, me & (Q(status=supplemented) | soon | overdue)) if handles else []
    manages = bool(access.authorities_where(user, access.MANAGES))
    return FrontPage(mine if handles else [], everybodys, urgent, manages)


def _count(user: User, title: str, cases: Q, *, tone: str = "", **listed: str) -> Count:
    """At most a few more than are counted are looked at, however many there are."""
    number = Case.objects.visible_to(user).filter(cases).order_by().values("pk")[: MOST_COUNTED + 1].count()
    link = f"{reverse('admin:cases_case_changelist')}?{urlencode(listed)}"
    return Count(title, number, link, tone if number else "")


def _urgent(user: User, cases: Q) -> list[Any]:
    found = Case.objects.visible_to(user).filter(cases).select_related("application__version", "service")
    return list(
        found.defer("application__answers", "application__version__document").order_by("due_on", "pk")[:MOST_SHOWN]
    )
