"""A receiver that is away costs one probe at a time, not one for every case that waits.

When so many attempts in a row have come to nothing, the receiver is not tried any more but by a probe: one line of one case, after a
pause from the relay's list, or when the receiver has asked to be tried again. Whatever shows that it is there again lets everything go
that waited. Those attempts may all be of one case that it cannot take: then what comes next is tried at once.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Coalesce, Now

from apps.sync import clock
from apps.sync.models import Delivery, Receiver
from apps.sync.receivers.base import Behind, Delivered, Later, Outcome, Refused

log = logging.getLogger(__name__)

IN_A_ROW = 5  # attempts that come to nothing before a receiver counts as away
PROBES = (1, 2, 5, 10, 20, 30, 60)  # seconds between probes; the last one from then on
LONGEST_SILENCE = 3600.0  # seconds without a probe that a receiver can ask for: nobody may be there to hurry it
THERE = (Delivered, Refused, Behind)


def shut() -> Q:
    """The deliveries of receivers that are only probed."""
    return Q(receiver__probe_at__isnull=False)


def probes(heads: Any, now: datetime | None) -> list[Delivery]:
    """One of the heads (deliveries that could be sent) for each receiver whose probe is due, locked; the next relay waits its turn.

    One that has been tried least: what it waits for may be some that cannot be taken.
    """
    waiting = Receiver.objects.filter(active=True, probe_at__lte=now or Now()).order_by("pk")
    found = []
    for receiver in clock.locked(waiting):
        head = clock.locked(heads.filter(receiver=receiver).order_by("attempts", "next_at", "pk")[:1])
        if head:
            found += head
            Receiver.objects.filter(pk=receiver.pk).update(probe_at=clock.after(settings.RELAY_LEASE, now))
    return found


def is_due(now: datetime | None) -> bool:
    """Whether any probe is."""
    return Receiver.objects.filter(active=True, probe_at__lte=now or Now()).exists()


def look_again(receivers: Iterable[Receiver], now: datetime) -> None:
    """There is something new for receivers that are only probed: where a single case has made them so, try them at once."""
    for receiver in receivers:
        if receiver.probe_at is not None and receiver.probe_at > now and not _fails_for_many(receiver):
            Receiver.objects.filter(pk=receiver.pk).update(probe_at=now)


def _fails_for_many(receiver: Receiver) -> bool:
    """Whether lines of more than one case have been tried, and wait."""
    tried = Delivery.objects.filter(receiver=receiver.pk, delivered_at=None, refused_at=None, attempts__gt=0)
    return len(tried.order_by().values("case").distinct()[:2]) > 1


def note(
    receivers: Iterable[Receiver],
    outcomes: Mapping[int, list[Outcome]],
    now: datetime | None,
    *,
    probed: Collection[int] = (),
) -> None:
    """Take from the outcomes, by receiver, whether it is there. Costs nothing while all goes well.

    `probed`: the receivers of which a probe came to nothing.
    """
    for receiver in receivers:
        if receiver.pk not in outcomes:
            continue
        there = any(isinstance(outcome, THERE) for outcome in outcomes[receiver.pk])
        if there and (receiver.failures or receiver.probe_at):
            _let_go(receiver, now)
        elif not there and (receiver.probe_at is None or receiver.pk in probed):
            # What was on its way when it went away comes back bit by bit, and must not make the probes rare.
            _count(receiver, outcomes[receiver.pk], now)


def _let_go(receiver: Receiver, now: datetime | None) -> None:
    was_shut = receiver.probe_at is not None
    Receiver.objects.filter(pk=receiver.pk).update(failures=0, failing_since=None, probe_at=None)
    if was_shut:
        waiting = Delivery.objects.filter(receiver=receiver.pk, delivered_at=None, refused_at=None)
        waiting.filter(next_at__gt=now or Now()).update(next_at=now or Now())
        log.info("receiver %s is there again", receiver.key)


def _count(receiver: Receiver, outcomes: Collection[Outcome], now: datetime | None) -> None:
    failures = receiver.failures + (1 if receiver.probe_at else len(outcomes))
    changes: dict[str, Any] = {"failures": failures, "failing_since": Coalesce("failing_since", now or Now())}
    if failures >= IN_A_ROW:
        if receiver.probe_at is None:
            changes["failures"] = IN_A_ROW
            log.warning("receiver %s is away: it is probed until it is there again", receiver.key)
        asked = max((one.seconds or 0.0 for one in outcomes if isinstance(one, Later)), default=0.0)
        pause = max(PROBES[min(changes["failures"] - IN_A_ROW, len(PROBES) - 1)], min(asked, LONGEST_SILENCE))
        changes["probe_at"] = clock.after(pause, now)
    Receiver.objects.filter(pk=receiver.pk).update(**changes)
