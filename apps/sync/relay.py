"""The relay: collects what receivers are owed of the diary, claims what is due, has it carried, and notes how it went.

Any number of relays on any number of machines share the work through the database alone. What holds, and why:

1. An event is owed until a delivery of it exists (an anti-join). Event ids become visible out of order, so "newer than the last one
   seen" would lose some; what is not there yet is simply found the next time.
2. Only the head of a line can be claimed: the first delivery of a case to a receiver that is not delivered. Whoever holds the head's lease
   therefore holds the line, and may go on with what follows.
3. A lease is taken, lengthened and ended by updates that name its token. Who has lost it can note nothing, and is silent before it ends.
4. No transaction is open while anything is sent.
5. An event is noted as delivered after the receiver has said so. When a relay dies between the two, the next one asks, and else sends
   it again under the same key.
"""

from __future__ import annotations

import logging
import random
import threading
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, connections, transaction
from django.db.models import DateTimeField, Exists, ExpressionWrapper, F, Max, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from apps.cases.models import Case, Event
from apps.sync.courier import Courier, Line, Report, Stop
from apps.sync.models import Delivery, Receiver
from apps.sync.receivers.base import Behind, Delivered, Later, Outcome, Refused, Unknown
from apps.sync.receivers.kinds import KINDS, ready_kinds

log = logging.getLogger(__name__)

COLLECT = 1_000  # events taken from the diary in one transaction
BATCH = 64  # lines in hand at once; more would hold SQLite's one writer too long
LINE = 20  # deliveries of one case that are sent without going back to the queue
GATHER = 0.02  # seconds in which answers are gathered, to be noted together
BACK_OFF = (1, 2, 5, 15, 30, 60, 120, 300, 600, 900)  # seconds before the next attempt; the last one from then on
SHORTEST_WAIT = 1.0
LONGEST_ERROR = 500

AWAY = (OperationalError, InterfaceError)


@dataclass
class Counts:
    """What a round has done, in figures."""

    collected: int = 0
    delivered: int = 0
    later: int = 0
    refused: int = 0
    unknown: int = 0
    behind: int = 0
    lost: int = 0

    def __str__(self) -> str:
        said = {f.name: getattr(self, f.name) for f in fields(self)}
        return ", ".join(f"{name} {value}" for name, value in said.items() if value)

    def add(self, other: Counts) -> None:
        """Add another round's."""
        for f in fields(self):
            setattr(self, f.name, getattr(self, f.name) + getattr(other, f.name))


# --- collect ---------------------------------------------------------------------------------------------------------


def collect(now: datetime | None = None) -> int:
    """Make the deliveries that receivers are owed and have not got, with their numbers. How many were made."""
    made = 0
    for receiver in Receiver.objects.filter(active=True):
        # Looking first leaves the database's one writer alone while nothing happens.
        while _owed(receiver).exists():
            taken = _collect_for(receiver, now)
            made += taken
            if taken < COLLECT:
                break
    return made


def _owed(receiver: Receiver) -> QuerySet[Event]:
    has = Delivery.objects.filter(receiver=receiver, event=OuterRef("pk"), address="")
    return Event.objects.filter(~Exists(has), at__gte=receiver.since)


def _collect_for(receiver: Receiver, now: datetime | None) -> int:
    with transaction.atomic():
        # One relay at a time collects for a receiver; the others need not wait for it.
        if not _locked(Receiver.objects.filter(pk=receiver.pk, active=True)):
            return 0
        # A case's lines become visible in order, since they are written while the case is locked: none is missing
        # between two that are here.
        events = sorted(
            _owed(receiver).order_by("pk").only("pk", "case_id", "number")[:COLLECT],
            key=lambda event: (event.case_id, event.number),
        )
        numbers = Counter(
            dict(
                Delivery.objects.filter(receiver=receiver, address="", case__in={e.case_id for e in events})
                .order_by()
                .values_list("case")
                .annotate(last=Max("number"))
            )
        )
        deliveries = []
        for event in events:
            numbers[event.case_id] += 1
            deliveries.append(
                Delivery(
                    receiver=receiver,
                    event=event,
                    case_id=event.case_id,
                    number=numbers[event.case_id],
                    created_at=now or Now(),
                    next_at=now or Now(),
                )
            )
        Delivery.objects.bulk_create(deliveries, batch_size=100)
        return len(deliveries)


# --- claim -----------------------------------------------------------------------------------------------------------


def due(now: datetime | None = None) -> QuerySet[Delivery]:
    """The heads of lines that may be sent now and are in nobody's hand, those waiting longest first."""
    moment = now or Now()
    earlier = Delivery.objects.filter(
        receiver=OuterRef("receiver"),
        case=OuterRef("case"),
        address=OuterRef("address"),
        number__lt=OuterRef("number"),
        delivered_at__isnull=True,
    )
    return Delivery.objects.filter(
        Q(lease_until__isnull=True) | Q(lease_until__lt=moment),
        ~Exists(earlier),
        delivered_at__isnull=True,
        refused_at__isnull=True,
        next_at__lte=moment,
        receiver__active=True,
        receiver__kind__in=ready_kinds(),
    ).order_by("next_at", "pk")


def claim(limit: int = BATCH, now: datetime | None = None) -> list[Line]:
    """Take up to so many lines into this relay's hand, and put together what is to be sent."""
    if not due(now).exists():
        return []
    token = uuid.uuid4()
    valid_until = time.monotonic() + _lease_kept()
    with transaction.atomic():
        heads = _locked(due(now)[:limit])
        if not heads:
            return []
        taken = _lines_behind(heads)
        ask_first = {d.pk for d in taken if d.answer_lost or d.lease_token or d.skipped_at}
        # Who had it and noted nothing may have sent it.
        if silent := [d.pk for d in taken if d.lease_token]:
            Delivery.objects.filter(pk__in=silent).update(answer_lost=True)
        Delivery.objects.filter(pk__in=[d.pk for d in taken]).update(
            lease_token=token,
            lease_until=_after(settings.RELAY_LEASE, now),
            attempts=F("attempts") + 1,
        )
    return _packed([d.pk for d in taken], token, valid_until, ask_first)


def _lines_behind(heads: list[Delivery]) -> list[Delivery]:
    """The heads, each with what follows it and can be sent after it."""
    waiting: dict[tuple[int, int, str], list[Delivery]] = defaultdict(list)
    of_the_same = Delivery.objects.filter(
        case__in={head.case_id for head in heads}, delivered_at__isnull=True, number__gte=1
    ).order_by("number")
    for delivery in of_the_same.only(*_LEASE_FIELDS):
        waiting[_line_of(delivery)].append(delivery)
    return [delivery for head in heads for delivery in _together(head, waiting[_line_of(head)])]


_LEASE_FIELDS = (
    "receiver_id", "case_id", "address", "number", "answer_lost", "lease_token", "skipped_at", "refused_at",
)  # fmt: skip


def _line_of(delivery: Delivery) -> tuple[int, int, str]:
    return delivery.receiver_id, delivery.case_id, delivery.address


def _together(head: Delivery, waiting: Iterable[Delivery]) -> list[Delivery]:
    """What stands behind the head without a gap; a gap is what the receiver has already, or a person must look at."""
    line: list[Delivery] = []
    for delivery in waiting:
        if delivery.number != head.number + len(line) or delivery.refused_at or len(line) == LINE:
            break
        line.append(delivery)
    return line


def _packed(taken: list[int], token: uuid.UUID, valid_until: float, ask_first: set[int]) -> list[Line]:
    deliveries = list(
        Delivery.objects.filter(pk__in=taken, lease_token=token)
        .select_related("receiver", "event", "case")
        .order_by("receiver", "case", "address", "number")
    )
    by_kind: dict[str, list[Delivery]] = defaultdict(list)
    for delivery in deliveries:
        by_kind[delivery.receiver.kind].append(delivery)
    lines: dict[tuple[int, int, str], Line] = {}
    for kind, same_kind in by_kind.items():
        parcels = KINDS[kind].pack(same_kind)
        for delivery in same_kind:
            line = lines.setdefault(_line_of(delivery), Line(kind, token, valid_until))
            line.stops.append(Stop(delivery.pk, parcels[delivery.pk], delivery.pk in ask_first))
    return list(lines.values())


def lengthen(lines: Sequence[Line], now: datetime | None = None) -> None:
    """Keep lines in hand that take long. A line whose lease is no longer ours is not lengthened, and falls silent in time."""
    valid_until = time.monotonic() + _lease_kept()
    ids = [pk for line in lines for pk in line.deliveries]
    held = Delivery.objects.filter(pk__in=ids, lease_token__in={line.token for line in lines})
    held.update(lease_until=_after(settings.RELAY_LEASE, now))
    still = set(held.values_list("pk", flat=True))
    for line in lines:
        if still.issuperset(line.deliveries):
            line.valid_until = valid_until


# --- note ------------------------------------------------------------------------------------------------------------


def note(reports: Sequence[tuple[Line, Report]], now: datetime | None = None) -> Counts:
    """Write down together how it went. What is no longer in our hand is not noted: somebody else answers for it."""
    counts = Counts()
    if not reports:
        return counts
    with transaction.atomic():
        held = _held(reports)
        _release([pk for line, report in reports for pk in line.deliveries[len(report) :] if pk in held])
        delivered: list[Delivery] = []
        for _line, report in reports:
            for pk, outcome in report:
                if pk not in held:
                    counts.lost += 1
                elif isinstance(outcome, Delivered):
                    delivered.append(held[pk])
                else:
                    _note_setback(held[pk], outcome, counts, now)
        _note_delivered(delivered, now)
        counts.delivered = len(delivered)
    _tell_of_barred(reports)
    return counts


def _tell_of_barred(reports: Sequence[tuple[Line, Report]]) -> None:
    """Once for all of them: what a receiver bars us for, such as an old token, is the same for every line."""
    barred = [out for _line, report in reports for _pk, out in report if isinstance(out, Later) and out.barred]
    if barred:
        log.error("the receiver lets nothing in, see to the token: %d deliveries wait (%r)", len(barred), barred[0].why)


def _held(reports: Sequence[tuple[Line, Report]]) -> dict[int, Delivery]:
    ids = [pk for line, _report in reports for pk in line.deliveries]
    tokens = {line.token for line, _report in reports}
    ours = Delivery.objects.filter(pk__in=ids, lease_token__in=tokens).order_by("pk")
    needed = ours.select_related("receiver", "event").only(*_NOTE_FIELDS)
    return {d.pk: d for d in needed.select_for_update(of=("self",))}


_NOTE_FIELDS = (
    "receiver_id", "case_id", "address", "number", "attempts", "rewound_to", "receiver__key", "event__number",
)  # fmt: skip
_HAND_OPEN: dict[str, Any] = {"lease_token": None, "lease_until": None}


def _release(ids: list[int]) -> None:
    """What was not tried waits on, as if it had not been claimed."""
    if ids:
        Delivery.objects.filter(pk__in=ids).update(attempts=F("attempts") - 1, **_HAND_OPEN)


def _note_delivered(deliveries: list[Delivery], now: datetime | None) -> None:
    if not deliveries:
        return
    done = {"answer_lost": False, "rewound_to": None, "last_error": "", **_HAND_OPEN}
    Delivery.objects.filter(pk__in=[d.pk for d in deliveries]).update(delivered_at=now or Now(), **done)
    last = {(d.receiver.key, d.case_id): d for d in sorted(deliveries, key=lambda d: d.number)}
    for delivery in last.values():
        case = Case(pk=delivery.case_id)  # which one is all that is needed of it
        case.note_acknowledged(delivery.receiver.key, delivery.event.number, now or timezone.now())


def _note_setback(delivery: Delivery, outcome: Outcome, counts: Counts, now: datetime | None) -> None:
    changes: dict[str, Any] = {"answer_lost": False, **_HAND_OPEN}
    match outcome:
        case Later(seconds, why, unsure):
            counts.later += 1
            next_at = _after(pause(delivery.attempts, seconds), now)
            changes |= {"next_at": next_at, "last_error": why, "answer_lost": unsure}
        case Unknown(why):
            counts.unknown += 1
            changes |= {"next_at": _after(pause(delivery.attempts), now), "last_error": why, "answer_lost": True}
        case Behind(expected) if _rewind(delivery, expected, now):
            counts.behind += 1
            why = f"the receiver waits for number {expected}: sent again from there"
            next_at = _after(pause(delivery.attempts), now)
            changes |= {"next_at": next_at, "last_error": why, "rewound_to": expected}
        case Behind(expected):
            counts.refused += 1
            why = f"the receiver waits for number {expected}, also after it was sent again from there"
            changes |= {"refused_at": now or Now(), "last_error": why}
        case Refused(why):
            counts.refused += 1
            changes |= {"refused_at": now or Now(), "last_error": why}
    changes["last_error"] = changes["last_error"][:LONGEST_ERROR]
    Delivery.objects.filter(pk=delivery.pk).update(**changes)


def _rewind(delivery: Delivery, expected: int, now: datetime | None) -> bool:
    """Send again what the receiver has lost, under the old keys and numbers; once. Whether it is done.

    The delivery's lease is held, so the line is ours and nobody else begins with it meanwhile.
    """
    if delivery.rewound_to == expected or expected < 1:
        return False
    lost = Delivery.objects.filter(
        receiver=delivery.receiver_id,
        case=delivery.case_id,
        address=delivery.address,
        number__gte=expected,
        number__lt=delivery.number,
    )
    why = f"sent again: the receiver waits for number {expected}"
    if lost.count() != delivery.number - expected:
        return False
    lost.update(delivered_at=None, next_at=now or Now(), answer_lost=False, last_error=why, **_HAND_OPEN)
    return True


def pause(attempts: int, asked: float | None = None) -> float:
    """Seconds until the next attempt: as the receiver asks, else from the list; with some jitter, so that not all come at once."""
    if asked is not None:
        return max(asked, SHORTEST_WAIT) + random.uniform(0, 0.5)  # noqa: S311 (no secret)
    return BACK_OFF[min(max(attempts, 1), len(BACK_OFF)) - 1] * random.uniform(0.8, 1.2)  # noqa: S311 (no secret)


# --- time, by the database's clock -----------------------------------------------------------------------------------


def _after(seconds: float, now: datetime | None) -> Any:
    step = timedelta(seconds=seconds)
    return now + step if now else ExpressionWrapper(Now() + step, output_field=DateTimeField())


def _lease_kept() -> float:
    """How long we count on a lease: a little less than it is, since clocks and answers take their time."""
    return settings.RELAY_LEASE * 0.9


def _locked(rows: QuerySet[Any]) -> list[Any]:
    """Rows locked for this transaction, those that others have locked left out, where the database can; SQLite has one writer."""
    return list(rows.select_for_update(of=("self",), skip_locked=_can_skip_locked()))


def _can_skip_locked() -> bool:
    return bool(connections["default"].features.has_select_for_update_skip_locked)


# --- rounds ----------------------------------------------------------------------------------------------------------


class Relay:
    """One relay's hands: what is on its way, and what has come back and is not yet noted."""

    def __init__(self, courier: Courier, now: datetime | None = None) -> None:
        self.courier, self.now = courier, now
        self.running: dict[Future[Report], Line] = {}
        self.reports: list[tuple[Line, Report]] = []
        self._lengthened = time.monotonic()

    def take_up(self) -> None:
        """Claim as many lines as there is room for, and send them off."""
        room = BATCH - len(self.running)
        if room > 0:
            for line in claim(room, self.now):
                self.running[self.courier.carry(line)] = line

    def gather(self, patience: float) -> None:
        """Wait until something has come back, then a moment more for what comes right after it."""
        done = wait(self.running, patience, FIRST_COMPLETED).done
        if done and len(done) < len(self.running):
            done = wait(self.running, GATHER).done
        self.reports += [(self.running.pop(future), future.result()) for future in done]

    def settle(self) -> Counts:
        """Note what has come back, and keep in hand what takes long."""
        counts = note(self.reports, self.now)
        self.reports = []
        if self.running and time.monotonic() - self._lengthened > settings.RELAY_LEASE / 4:
            lengthen(list(self.running.values()), self.now)
            self._lengthened = time.monotonic()
        return counts


def run_once(now: datetime | None = None) -> Counts:
    """Collect, then send everything that is due, until nothing more is."""
    counts = Counts(collected=collect(now))
    with Courier() as courier:
        relay = Relay(courier, now)
        relay.take_up()
        while relay.running:
            relay.gather(settings.RELAY_POLL)
            counts.add(relay.settle())
            relay.take_up()
    return counts


def run_forever(stop: threading.Event) -> None:
    """Go on until told to stop; then finish what is in hand. A database that is away for a moment is tried again."""
    with Courier() as courier:
        relay = Relay(courier)
        collected = 0.0
        while not stop.is_set() or relay.running or relay.reports:
            counts, idle = Counts(), False
            try:
                if not stop.is_set():
                    if time.monotonic() - collected >= settings.RELAY_POLL:
                        collected = time.monotonic()
                        counts.collected = collect()
                    relay.take_up()
                courier.stopping = stop.is_set()
                idle = not relay.running
                if relay.running:
                    relay.gather(min(settings.RELAY_POLL, 0.5))
                counts.add(relay.settle())
            except AWAY as e:
                log.warning("the database is away: %s", type(e).__name__)
                connections.close_all()
                if stop.is_set():
                    break  # the leases run out, and the receiver is asked before anything is sent again
                stop.wait(settings.RELAY_POLL)
            if str(counts):
                log.info("%s", counts)
            if idle:
                connections["default"].close_if_unusable_or_obsolete()
                stop.wait(settings.RELAY_POLL)
