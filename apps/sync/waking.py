"""The receivers of wake-ups: one for each connected system that says where it is woken, so that one that is away holds up no other.

Nobody makes or switches them by hand: the rows follow the systems. A receiver whose system is woken nowhere any more is off, and what
was on its way there is let go: nothing is owed to it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Concat, Left
from django.utils import timezone

from apps.people.models import System
from apps.sync.models import SYSTEM, Delivery, Receiver

LET_GO = "let go: the system is woken nowhere any more"
LONGEST_NAME = 200
_WOKEN = Q(active=True) & ~Q(wake_url="")


def ensure(now: datetime | None = None) -> None:
    """Let the receivers be as the systems say. One query when they are.

    A receiver is told of what happens from when its system was made on, and of that only what no relay has looked at yet: so nothing
    is left out between the address being set and this being seen, and nothing old is told.
    """
    if not _lacking().values("pk").union(_surplus().values("pk"), all=True).exists():
        return
    # Each row by itself and no transaction around them: relays lock these rows in orders of their own.
    for system in _lacking().select_related("authority"):
        row = {"name": name_of(system), "takes_tests": system.is_test, "active": True}
        # Not saved one by one: that would look for what has been missed, and nothing is told afterwards.
        if not Receiver.objects.filter(system=system).update(**row):
            made = Receiver(key=f"system-{system.pk}", kind=SYSTEM, system=system, since=system.made_at, **row)
            Receiver.objects.bulk_create([made], ignore_conflicts=True)
    for pk in list(_surplus().values_list("pk", flat=True)):
        off = {"active": False, "failures": 0, "failing_since": None, "probe_at": None}
        Receiver.objects.filter(pk=pk).update(**off)
        _let_go(pk, now or timezone.now())


def name_of(system: System) -> str:
    """What its receiver is called: the system, and whose it is."""
    return f"{system.name} ({system.authority.name_sv})"[:LONGEST_NAME]


def _lacking() -> QuerySet[System]:
    """The systems whose receiver is not there, is off, or says something else than they do."""
    name: Any = Left(Concat(OuterRef("name"), Value(" ("), OuterRef("authority__name_sv"), Value(")")), LONGEST_NAME)
    good = Receiver.objects.filter(system=OuterRef("pk"), active=True, takes_tests=OuterRef("is_test"), name=name)
    return System.objects.filter(_WOKEN, ~Exists(good)).order_by("pk")


def _surplus() -> QuerySet[Receiver]:
    """The receivers that are on, and whose system is woken nowhere, not let in or not there."""
    woken = System.objects.filter(_WOKEN, pk=OuterRef("system"))
    return Receiver.objects.filter(~Exists(woken), kind=SYSTEM, active=True).order_by()


def _let_go(receiver: int, at: datetime) -> None:
    """What is in a relay's hand is noted by it no more. That the cases are owed nothing now is seen by night (`sync.settling`)."""
    waiting = Delivery.objects.filter(receiver=receiver, delivered_at=None)
    gone = {"delivered_at": at, "skipped_at": at, "refused_at": None, "answer_lost": False, "last_error": LET_GO}
    waiting.update(**gone, lease_token=None, lease_until=None)
