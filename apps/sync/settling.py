"""Telling cases that every receiver has everything it is owed of them: the clock of deleting starts there (`cases.keeping`).

To whom something is owed, and what of it holds the clock up:

- A receiver that is on: every delivery that waits, was refused or is in hand. What it is owed and has not got is collected first.
- A receiver that is off while the settings still say where to send: the same, and what it will be owed when it is on again.
- A receiver that is off and of which the settings say nothing (any more) is given up: nothing is owed to it. So is that of a connected
  system that is woken nowhere any more. A wake-up holds the clock up for a month at most: it only says that there is something to read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef

from apps.cases.letters import Party
from apps.cases.models import Case, Event
from apps.cases.rulebook import ENDED
from apps.sync.models import Delivery, Receiver
from apps.sync.receivers.kinds import KINDS, is_ready
from apps.sync.receivers.system import WakeUps

BATCH = 200


def settle(cases: Iterable[int], at: datetime) -> None:
    """Say so to those of these cases of which nothing is owed any more. A few queries, however many cases. In a transaction."""
    Case.note_settled(settled(cases, at), at)


def settled(cases: Iterable[int], at: datetime, receivers: Collection[Receiver] | None = None) -> set[int]:
    """Those of these cases of which nothing is owed any more, and which do not say so yet. `receivers`: all there are, when they
    are at hand.

    Their rows are locked first, always in the same order: of two relays that bring the last two deliveries of a case at once the
    second one sees what the first has done, and a line that is written meanwhile is seen, or waits until this is done.
    """
    touched = set(cases)
    if not touched:
        return set()
    rows = Case.objects.filter(pk__among=touched).order_by("pk").select_for_update(no_key=True)
    asked = {
        pk
        for pk, uncollected, since in rows.values_list("pk", "uncollected_from", "settled_at")
        if uncollected is None and since is None
    }
    return asked - _owing(asked, at, receivers) if asked else set()


def settle_what_is_left(now: datetime) -> int:
    """Look again at every ended case that is not settled; how many of them still wait.

    Most of them wait for a receiver. Some nobody would look at otherwise: those delivered before there was this clock, and those
    of which only a receiver that has been given up meanwhile was owed something.
    """
    left = Case.objects.real().filter(status__in=ENDED, settled_at=None, uncollected_from=None, forgotten_at=None)
    last = 0
    while True:
        with transaction.atomic():
            batch = list(left.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH])
            settle(batch, now)
        if not batch:
            return left.count()
        last = batch[-1]


def _owing(cases: Collection[int], at: datetime, receivers: Collection[Receiver] | None = None) -> set[int]:
    """Those of which somebody is owed something."""
    on_the_way = Delivery.objects.filter(case__among=cases, delivered_at=None).order_by()
    off = [receiver for receiver in receivers or Receiver.objects.filter(active=False) if not receiver.active]
    given_up = [receiver.pk for receiver in off if not is_ready(receiver)]
    if given_up:
        on_the_way = on_the_way.exclude(receiver__in=given_up)
    for kind, sender in KINDS.items():
        if sender.owed_for is not None:
            on_the_way = on_the_way.exclude(receiver__kind=kind, created_at__lt=at - sender.owed_for)
    # What wakes a system by mail says no more than what is posted to one: it keeps no case for longer.
    on_the_way = on_the_way.exclude(party=Party.SYSTEM, created_at__lt=at - WakeUps.owed_for)
    owing = set(on_the_way.values_list("case_id", flat=True))
    for receiver in off:
        if receiver.pk not in given_up and KINDS[receiver.kind].with_history:
            owing |= _missed(receiver, cases)
    return owing


def _missed(receiver: Receiver, cases: Collection[int]) -> set[int]:
    """Those of which a receiver that is off will be owed something when it is on again."""
    has = Delivery.objects.filter(receiver=receiver, event=OuterRef("pk"))
    missed = Event.objects.filter(~Exists(has), case__in=cases, at__gte=receiver.since).defer("data")
    if not receiver.takes_tests:
        missed = missed.filter(case__is_test=False)
    return {event.case_id for event, to in KINDS[receiver.kind].addresses_of(receiver, list(missed)) if to}
