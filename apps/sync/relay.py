"""The relay: collects what receivers are owed of the diary, claims what is due, has it carried, and notes how it went.

Any number of relays on any number of machines share the work through the database alone. What holds, and why:

1. A case says itself that its diary has grown, in the transaction that writes the line, and is looked at until that is noted under
   its lock. Event ids become visible out of order, so "newer than the last one seen" would lose some; a case's own lines do not.
2. Only the head of a line can be claimed: the first delivery of a case to a receiver that is not delivered. Whoever holds the head's lease
   therefore holds the line, and may go on with what follows. What is made with nothing undelivered before it can be taken as it is made.
3. A lease is taken, lengthened and ended by updates that name its token. Who has lost it can note nothing, and is silent before it ends.
4. No transaction is open while anything is sent.
5. An event is noted as delivered after the receiver has said so. When a relay dies between the two, the next one asks, and else sends
   it again under the same key.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import wait
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, connections, transaction
from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from apps.cases.letters import Party
from apps.cases.models import Case, Event
from apps.sync import circuit, duties, hint, settling, tally, waking
from apps.sync.alive import Sign
from apps.sync.clock import after, lease_kept, locked, pause
from apps.sync.courier import Courier, Landing, Line, Report, Stop
from apps.sync.models import LOOK_AGAIN, Delivery, Receiver
from apps.sync.notices import Post
from apps.sync.receivers.base import Behind, Delivered, Going, Held, Later, Outcome, Refused, To, Unknown
from apps.sync.receivers.kinds import KINDS, is_ready, of_ready

if TYPE_CHECKING:
    from apps.sync.receivers.base import InHand

log = logging.getLogger(__name__)

COLLECT = 200  # cases whose diary is handed to the receivers in one transaction
HAND, HAND_OF_ONE_WRITER = 128, 64  # lines in hand at once; on SQLite fewer: more would hold its one writer too long
LINE = 20  # deliveries of one case that are sent without going back to the queue
GATHER = 0.06  # seconds in which answers are gathered, to be noted together
HINTED = 0.05  # seconds between looks at the diary when it is heard to grow all the time
LONGEST_ERROR = 500
DIGEST = Party.DIGEST

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
    notices: int = 0
    notices_not_sent: int = 0

    def __str__(self) -> str:
        said = {f.name: getattr(self, f.name) for f in fields(self)}
        return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in said.items() if value)

    def add(self, other: Counts) -> None:
        """Add another round's."""
        for f in fields(self):
            setattr(self, f.name, getattr(self, f.name) + getattr(other, f.name))


# --- collect ---------------------------------------------------------------------------------------------------------


def collect(now: datetime | None = None) -> int:
    """Make the deliveries that receivers are owed and have not got, with their numbers. How many were made.

    What is looked at are the cases that say so themselves, never the whole diary.
    """
    waking.ensure(now)
    return _collect_all(now)


def _collect_all(now: datetime | None) -> int:
    made = 0
    # Looking first leaves the database's one writer alone while nothing happens.
    while _uncollected().exists():
        cases, deliveries, _taken = _collect_some(COLLECT, now)
        made += deliveries
        if cases < COLLECT:
            break
    return made


def collect_into_hand(room: int, now: datetime | None = None) -> tuple[int, int, list[Line]]:
    """The same of no more cases than there is room for lines; what nothing stands before is claimed as it is made.

    How many cases were looked at, how many deliveries made, and the lines that are in this relay's hand.
    """
    if not _uncollected().exists():
        return 0, 0, []
    if not connection.features.can_return_rows_from_bulk_insert:
        return 0, _collect_all(now), []
    valid_until = time.monotonic() + lease_kept()
    cases, made, taken = _collect_some(room, now, room=room)
    return cases, made, _lines(taken, valid_until, frozenset(), frozenset())


def _uncollected() -> QuerySet[Case]:
    return Case.objects.filter(uncollected_from__isnull=False)


def _collect_some(limit: int, now: datetime | None, *, room: int = 0) -> tuple[int, int, list[Going]]:
    """How many cases were looked at, how many deliveries made, and those of them that were taken into hand."""
    with transaction.atomic():
        # Who switches a receiver on holds its row while looking for what it has missed: either they see what is collected here
        # without it, or it is collected here with it.
        everybody = _all_receivers()
        receivers = [one for one in everybody if one.active and one.kind in KINDS]
        moment = now or (everybody[0].moment if everybody else timezone.now())
        # Who takes a step in a case holds its row. What another relay is collecting is left to it.
        wanted = _uncollected().select_related("service")
        wanted = wanted.defer(*_NOT_PACKED_OF_CASE) if room else wanted.only(*_COLLECTED)
        cases = locked(wanted.order_by("pk")[:limit])
        owed: list[Owed] = []
        for receiver in receivers if cases else ():
            told = [one for one in cases if KINDS[receiver.kind].concerns(receiver, one)]
            owed += _owed(receiver, told, room > 0)
        now_sent, later = _parted(owed, room)
        circuit.look_again({one.receiver.pk: one.receiver for one in later}.values(), moment)
        _insert(later, moment)
        taken = _insert(now_sent, moment, uuid.uuid4()) if now_sent else []
        Case.note_collected(cases)
        to_be_told = {one.event.case_id for one in owed}
        if late := to_be_told & {case.pk for case in cases if case.uncollected_from == LOOK_AGAIN}:
            Case.note_owed(late)
        settling.settle({case.pk for case in cases} - to_be_told, now or timezone.now())
    return len(cases), len(owed), taken


def _all_receivers() -> list[Any]:
    """All of them, also those that are off, locked for this transaction, with the moment by the database's clock."""
    everybody = Receiver.objects.annotate(moment=Now()).select_related("system").defer("system__wake_secret")
    return list(everybody.order_by("pk").select_for_update(no_key=True, of=("self",)))


_COLLECTED = ("uncollected_from", "is_test", "service__authority_id", "service__key")


class Owed(NamedTuple):
    """A delivery that is to be made. `behind`: whether an earlier one of its line has still to be delivered."""

    receiver: Receiver
    event: Event
    case: Case
    to: To
    number: int
    behind: bool


def _owed(receiver: Receiver, cases: Sequence[Case], whole: bool) -> list[Owed]:
    """What a receiver has not got of these cases, numbered for each address from the last one it has. `whole`: with the lines' data."""
    kind = KINDS[receiver.kind]
    known = {case.pk: case for case in cases}
    has = Delivery.objects.filter(receiver=receiver, event=OuterRef("pk"))
    events = Event.objects.filter(~Exists(has), case__among=known, at__gte=receiver.since)
    if not kind.with_history:
        events = events.filter(number__gte=F("case__uncollected_from"))
    if not whole:
        events = events.only("case_id", "number", "kind", "by_system_id")
    addresses = [
        (event, to) for event, to in kind.addresses_of(receiver, list(events.order_by("case", "number"))) if to
    ]
    if not addresses:
        return []
    numbers: Counter[tuple[int, str]] = Counter()
    waiting: set[tuple[int, str]] = set()
    made = Delivery.objects.filter(receiver=receiver, case__among=known).order_by()
    undelivered = Count("pk", filter=Q(delivered_at__isnull=True))
    lines = made.values_list("case_id", "address").annotate(last=Max("number"), waits=undelivered)
    for case, address, last, waits in lines:
        numbers[case, address] = last
        if waits:
            waiting.add((case, address))
    owed = []
    for event, to in addresses:
        for whom in to:
            line = (event.case_id, whom.address)
            numbers[line] += 1
            owed.append(Owed(receiver, event, known[event.case_id], whom, numbers[line], line in waiting))
    return owed


def _parted(owed: Sequence[Owed], room: int) -> tuple[list[Owed], list[Owed]]:
    """What is taken into hand at once, in no more lines than there is room for, and what waits to be claimed."""
    receivers = {one.receiver.pk: one.receiver for one in owed} if room else {}
    there = {pk for pk, one in receivers.items() if one.probe_at is None and is_ready(one)}
    taken: Counter[tuple[int, int, str]] = Counter()
    now_sent, later = [], []
    for one in owed:
        line = (one.receiver.pk, one.case.pk, one.to.address)
        can_go = one.receiver.pk in there and not one.behind and one.to.party != DIGEST
        if can_go and taken[line] < LINE and (line in taken or len(taken) < room):
            taken[line] += 1
            now_sent.append(one)
        else:
            later.append(one)
    return now_sent, later


_DIFFERING = ("receiver_id", "event_id", "case_id", "address", "party", "number")
_AS = ("bigint", "bigint", "bigint", "text", "text", "integer")
_AT_ONCE = 100  # rows in one statement, where each value is a parameter of its own


def _insert(owed: Sequence[Owed], moment: datetime, token: uuid.UUID | None = None) -> list[Going]:
    """Write new deliveries, all made at one moment, in a fraction of the time of `bulk_create`: only what differs is said of each.

    With a token they are in our hand, and given back.
    """
    if not owed:
        return []
    until = moment + timedelta(seconds=settings.RELAY_LEASE) if token else None
    alike = Delivery(created_at=moment, waits_since=moment, next_at=moment, lease_token=token, lease_until=until)
    same = {
        str(field.column): field.get_db_prep_save(value, connection)
        for field in Delivery._meta.concrete_fields
        if not field.primary_key and field.attname not in _DIFFERING
        if (value := getattr(alike, field.attname)) is not None
    }
    rows = [
        (one.receiver.pk, one.event.pk, one.event.case_id, one.to.address, one.to.party, one.number) for one in owed
    ]
    keys: dict[tuple[int, int, str], int] = {}
    with connection.cursor() as cursor:
        for source, values in _sources(rows):
            columns = ", ".join(f'"{column}"' for column in (*_DIFFERING, *same))
            chosen = ", ".join([*(f"v.column{n}" for n in range(1, len(_DIFFERING) + 1)), *["%s"] * len(same)])
            returning = "RETURNING receiver_id, event_id, address, id" if token else ""
            sql = f"INSERT INTO {Delivery._meta.db_table} ({columns}) SELECT {chosen} FROM {source} {returning}"  # noqa: S608 (names)
            cursor.execute(sql, [*same.values(), *values])
            if token:
                keys |= {(receiver, event, address): pk for receiver, event, address, pk in cursor.fetchall()}
    return [
        Going(pk, one.receiver, one.event, one.case, one.to.address, one.to.party, one.number, token)
        for one in owed
        if token and (pk := keys[one.receiver.pk, one.event.pk, one.to.address])
    ]


def _sources(rows: Sequence[tuple[Any, ...]]) -> Iterator[tuple[str, list[Any]]]:
    """Where a statement takes rows from, and its parameters: PostgreSQL is given them column by column."""
    if connection.vendor == "postgresql":
        names = ", ".join(f"column{n}" for n in range(1, len(_AS) + 1))
        arrays = ", ".join(f"%s::{kind}[]" for kind in _AS)
        yield f"unnest({arrays}) AS v ({names})", [list(column) for column in zip(*rows, strict=True)]
        return
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        row = f"({', '.join(['%s'] * len(_AS))})"
        yield f"(VALUES {', '.join([row] * len(some))}) AS v", [value for one in some for value in one]


# --- claim -----------------------------------------------------------------------------------------------------------


def hand() -> int:
    """How many lines a relay has in hand at once."""
    return HAND if connection.vendor == "postgresql" else HAND_OF_ONE_WRITER


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
    return (
        Delivery.objects.filter(
            Q(lease_until__isnull=True) | Q(lease_until__lt=moment),
            of_ready(),
            ~Exists(earlier),
            delivered_at__isnull=True,
            refused_at__isnull=True,
            next_at__lte=moment,
            receiver__active=True,
        )
        .exclude(party=DIGEST)
        .order_by("next_at", "pk")
    )


def claimable(now: datetime | None = None) -> QuerySet[Delivery]:
    """The heads that may be sent now, of receivers that are there."""
    return due(now).exclude(circuit.shut())


def claim(limit: int | None = None, now: datetime | None = None) -> list[Line]:
    """Take up to so many lines into this relay's hand, as many as it holds unless said otherwise, and put together what is to be sent."""
    if not claimable(now).exists() and not circuit.is_due(now):
        return []
    token = uuid.uuid4()
    valid_until = time.monotonic() + lease_kept()
    with transaction.atomic():
        probes = circuit.probes(due(now), now)
        heads = locked(claimable(now).only(*_LEASE_FIELDS)[: hand() if limit is None else limit]) + probes
        if not heads:
            return []
        taken = _lines_behind(heads)
        ask_first = {d.pk for d in taken if d.answer_lost or d.lease_token or d.skipped_at}
        # Who had it and noted nothing may have sent it.
        if silent := [d.pk for d in taken if d.lease_token]:
            Delivery.objects.filter(pk__in=silent).update(answer_lost=True)
        Delivery.objects.filter(pk__among=[d.pk for d in taken]).update(
            lease_token=token,
            lease_until=after(settings.RELAY_LEASE, now),
        )
    probed = {_line_of(head) for head in probes}
    return _packed([d.pk for d in taken], token, valid_until, ask_first, probed)


def _lines_behind(heads: list[Delivery]) -> list[Delivery]:
    """The heads, each with what follows it and can be sent after it."""
    waiting: dict[tuple[int, int, str], list[Delivery]] = defaultdict(list)
    of_the_same = Delivery.objects.filter(
        case__among={head.case_id for head in heads}, delivered_at__isnull=True, number__gte=1
    ).order_by("number")
    for delivery in of_the_same.only(*_LEASE_FIELDS):
        waiting[_line_of(delivery)].append(delivery)
    return [delivery for head in heads for delivery in _together(head, waiting[_line_of(head)])]


_LEASE_FIELDS = (
    "receiver_id", "case_id", "address", "number", "answer_lost", "lease_token", "skipped_at", "refused_at", "party",
)  # fmt: skip


def _line_of(delivery: InHand) -> tuple[int, int, str]:
    return delivery.receiver_id, delivery.case_id, delivery.address


def _together(head: Delivery, waiting: Iterable[Delivery]) -> list[Delivery]:
    """What stands behind the head without a gap; a gap is what the receiver has already, or a person must look at."""
    line: list[Delivery] = []
    for delivery in waiting:
        apart = delivery.refused_at or delivery.party == DIGEST  # a digest is no mail of its own: see `sync.digests`
        if delivery.number != head.number + len(line) or apart or len(line) == LINE:
            break
        line.append(delivery)
    return line


# What nobody who packs asks for; making moments of a text takes its time.
_NOT_PACKED = (
    "created_at", "waits_since", "next_at", "lease_until", "delivered_at", "refused_at", "rewound_to", "last_error", "reason",
    "data_digest",
)  # fmt: skip
_NOT_PACKED_OF_CASE = (
    "words", "outcome_text", "status_at", "handling_since", "due_on", "paused_at", "settled_at", "handed_over_at", "forgotten_at",
    "acknowledged_at",
)  # fmt: skip


def _packed(
    taken: list[int], token: uuid.UUID, valid_until: float, ask_first: set[int], probed: set[tuple[int, int, str]]
) -> list[Line]:
    deliveries = list(
        Delivery.objects.filter(pk__among=taken, lease_token=token)
        .select_related("event")
        .defer(*_NOT_PACKED)
        .order_by("receiver", "case", "address", "number")
    )
    # Many deliveries share a case, and all of them a few receivers.
    receivers = Receiver.objects.in_bulk({delivery.receiver_id for delivery in deliveries})
    cases = Case.objects.defer(*_NOT_PACKED_OF_CASE).in_bulk({delivery.case_id for delivery in deliveries})
    for delivery in deliveries:
        delivery.receiver, delivery.case = receivers[delivery.receiver_id], cases[delivery.case_id]
    return _lines(deliveries, valid_until, ask_first, probed)


def _lines(
    deliveries: Sequence[InHand],
    valid_until: float,
    ask_first: Collection[int],
    probed: Collection[tuple[int, int, str]],
) -> list[Line]:
    """Deliveries in our hand, in order, as the courier carries them: what is sent is put together here."""
    by_kind: dict[str, list[InHand]] = defaultdict(list)
    for delivery in deliveries:
        by_kind[delivery.receiver.kind].append(delivery)
    lines: dict[tuple[int, int, str], Line] = {}
    for kind, same_kind in by_kind.items():
        parcels = KINDS[kind].pack(same_kind)
        for delivery in same_kind:
            known = _line_of(delivery)
            assert delivery.lease_token is not None  # noqa: S101 (for the reader: it is in our hand)
            line = lines.setdefault(known, Line(kind, delivery.lease_token, valid_until, probe=known in probed))
            line.stops.append(Stop(delivery.pk, parcels[delivery.pk], delivery.pk in ask_first))
    return list(lines.values())


def lengthen(lines: Sequence[Line], now: datetime | None = None) -> None:
    """Keep lines in hand that take long. A line whose lease is no longer ours is not lengthened, and falls silent in time."""
    valid_until = time.monotonic() + lease_kept()
    ids = [pk for line in lines for pk in line.deliveries]
    held = Delivery.objects.filter(pk__in=ids, lease_token__in={line.token for line in lines})
    held.update(lease_until=after(settings.RELAY_LEASE, now))
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
        delivered: list[Held] = []
        setbacks: list[tuple[int, Outcome, bool]] = []
        outcomes: dict[int, list[Outcome]] = defaultdict(list)
        for line, report in reports:
            for pk, outcome in report:
                if pk not in held:
                    counts.lost += 1
                    continue
                outcomes[held[pk].receiver_id].append(outcome)
                if isinstance(outcome, Delivered):
                    delivered.append(held[pk])
                else:
                    setbacks.append((pk, outcome, line.probe))
        receivers = list(Receiver.objects.order_by("pk"))
        _note_setbacks(setbacks, counts, now)
        _note_delivered(delivered, now, receivers)
        probed = {held[pk].receiver_id for pk, _outcome, probe in setbacks if probe}
        circuit.note(receivers, outcomes, now, probed=probed)
        tally.count(((pk, out) for _line, report in reports for pk, out in report if pk in held), now)
        counts.delivered = len(delivered)
    _tell_of_barred(reports)
    return counts


def _tell_of_barred(reports: Sequence[tuple[Line, Report]]) -> None:
    """Once for all of them: what a receiver bars us for, such as an old token or password, is the same for every line."""
    barred = [out for _line, report in reports for _pk, out in report if isinstance(out, Later) and out.barred]
    if barred:
        log.error(
            "the receiver lets nothing in, see to token or password: %d deliveries wait (%r)",
            len(barred),
            barred[0].why,
        )


def _held(reports: Sequence[tuple[Line, Report]]) -> dict[int, Held]:
    ids = [pk for line, _report in reports for pk in line.deliveries]
    tokens = {line.token for line, _report in reports}
    ours = Delivery.objects.filter(pk__among=ids, lease_token__in=tokens).order_by("pk").select_for_update()
    rows = ours.values_list("pk", "receiver_id", "case_id", "event_id", "number", "address", "party", "skipped_at")
    return {row[0]: Held(*row) for row in rows}


_HAND_OPEN: dict[str, Any] = {"lease_token": None, "lease_until": None}


def _release(ids: list[int]) -> None:
    """What was not tried waits on, as if it had not been claimed."""
    if ids:
        Delivery.objects.filter(pk__in=ids).update(**_HAND_OPEN)


def _note_delivered(
    deliveries: Sequence[Held | Delivery], now: datetime | None, receivers: Collection[Receiver] | None = None
) -> None:
    if not deliveries:
        return
    done = {"answer_lost": False, "rewound_to": None, "last_error": "", **_HAND_OPEN}
    Delivery.objects.filter(pk__among=[one.pk for one in deliveries]).update(
        delivered_at=now or Now(), attempts=F("attempts") + 1, **done
    )
    # Locks the cases, before any of them is written.
    at = now or timezone.now()
    settled = settling.settled({one.case_id for one in deliveries}, at, receivers)
    known = {receiver.pk: receiver for receiver in receivers or Receiver.objects.all()}
    last: dict[str, dict[int, Held | Delivery]] = defaultdict(dict)
    for one in sorted(deliveries, key=lambda one: one.number):
        receiver = known[one.receiver_id]
        if one.skipped_at is None or KINDS[receiver.kind].told_of_skipped:
            last[receiver.key][one.case_id] = one
    events = [one.event_id for cases in last.values() for one in cases.values()]
    lines = dict(Event.objects.filter(pk__among=events).order_by().values_list("pk", "number"))
    for key, cases in last.items():
        numbers = {case: lines[one.event_id] for case, one in cases.items()}
        Case.note_all_acknowledged(key, numbers, at, settled=settled)
        settled = settled.difference(numbers)
    Case.note_settled(settled, at)
    for pk in sorted({one.receiver_id for one in deliveries}):
        KINDS[known[pk].kind].note_delivered(known[pk], [one for one in deliveries if one.receiver_id == pk])


def _note_setbacks(setbacks: list[tuple[int, Outcome, bool]], counts: Counts, now: datetime | None) -> None:
    if not setbacks:
        return
    needed = ("receiver_id", "case_id", "address", "number", "attempts", "rewound_to")
    deliveries = Delivery.objects.only(*needed).in_bulk([pk for pk, _outcome, _probe in setbacks])
    for pk, outcome, probe in setbacks:
        _note_setback(deliveries[pk], outcome, counts, now, probe=probe)


def _note_setback(
    delivery: Delivery, outcome: Outcome, counts: Counts, now: datetime | None, *, probe: bool = False
) -> None:
    # Counted here and not when it was claimed: a relay that was killed may not have come to it.
    tried = delivery.attempts + 1
    changes: dict[str, Any] = {"attempts": tried, "answer_lost": False, **_HAND_OPEN}
    # A probe says nothing of the line that was sent: it can be the next one too, and waits no longer for that.
    attempts = 1 if probe else tried
    match outcome:
        case Later(seconds, why, unsure):
            counts.later += 1
            next_at = after(pause(attempts, seconds), now)
            changes |= {"next_at": next_at, "last_error": why, "answer_lost": unsure}
        case Unknown(why):
            counts.unknown += 1
            changes |= {"next_at": after(pause(attempts), now), "last_error": why, "answer_lost": True}
        case Behind(expected) if _rewind(delivery, expected, now):
            counts.behind += 1
            why = f"the receiver waits for number {expected}: sent again from there"
            changes |= {"attempts": 0, "next_at": after(pause(1), now), "last_error": why, "rewound_to": expected}
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
    again = {"next_at": now or Now(), "waits_since": now or Now(), "attempts": 0}
    lost.update(delivered_at=None, answer_lost=False, last_error=why, **again, **_HAND_OPEN)
    Case.note_owed([delivery.case_id])
    return True


# --- rounds ----------------------------------------------------------------------------------------------------------


class Relay:
    """One relay's hands: what is on its way, and what has come back and is not yet noted."""

    def __init__(self, courier: Courier, now: datetime | None = None) -> None:
        self.courier, self.now = courier, now
        # By what they are to Python: one that was lost can come into the same hand again.
        self.running: dict[int, Line] = {}
        self.landing = Landing()
        self.moving = True  # whether something has come back of late
        self.more = False  # whether there is more to collect
        self.reports: list[tuple[Line, Report]] = []
        self._lengthened = time.monotonic()

    def take_up(self) -> None:
        """Claim as many lines as there is room for, and send them off."""
        if (room := hand() - len(self.running)) > 0:
            self._send_off(claim(room, self.now))

    def collect(self) -> int:
        """Hand over what the diaries have grown by, as much of it straight into our hand as there is room for; how much it was.

        `more`: there was more, and it is left for when there is room again, or to whoever has some. While nothing comes back it is
        not left, so that everybody sees what waits.
        """
        made, in_hand, self.more = 0, 0, False
        waking.ensure(self.now)
        while (room := hand() - len(self.running)) > 0:
            cases, some, lines = collect_into_hand(room, self.now)
            made += some
            in_hand += sum(len(line.stops) for line in lines)
            self._send_off(lines)
            if cases < room:
                break
        else:
            self.more = self.moving
            made += 0 if self.moving else collect(self.now)
        if in_hand < made:
            self.take_up()
        return made

    def _send_off(self, lines: list[Line]) -> None:
        self.running |= {id(line): line for line in lines}
        self.courier.carry_all(lines, self.landing)

    def gather(self, patience: float) -> None:
        """Wait until something has come back, then a moment more for what comes right after it."""
        found = self.landing.gather(patience, GATHER)
        for line, _report in found:
            del self.running[id(line)]
        self.reports += found
        self.moving = bool(found)

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
    counts = Counts()
    with Courier() as courier:
        relay, post = Relay(courier, now), Post(courier, now)
        relay.take_up()
        counts.collected = relay.collect()
        post.take_up()
        while relay.running:
            relay.gather(settings.RELAY_POLL)
            counts.add(relay.settle())
            relay.take_up()
            counts.collected += relay.collect()
        while post.running:
            counts.add(_of_notices(post.finish()))
            post.take_up()
    return counts


def _of_notices(sent_and_not: tuple[int, int]) -> Counts:
    sent, not_sent = sent_and_not
    return Counts(notices=sent, notices_not_sent=not_sent)


def run_forever(stop: threading.Event) -> None:
    """Go on until told to stop; then finish what is in hand. A database that is away for a moment is tried again.

    The day's duties are done beside it, in a thread of their own: none of them holds up what is to be sent.
    """
    with Courier() as courier, duties.beside(stop), hint.listening(stop) as grown:
        relay, post, sign = Relay(courier), Post(courier), Sign()
        collected = 0.0
        while not stop.is_set() or relay.running or relay.reports or post.running:
            counts, idle = Counts(), False
            try:
                sign.give()
                if not stop.is_set():
                    relay.take_up()
                    hinted = time.monotonic() - collected >= (HINTED if grown.is_set() else settings.RELAY_POLL)
                    if hinted or relay.more:
                        grown.clear()
                        collected = time.monotonic()
                        counts.collected = relay.collect()
                        post.take_up()
                courier.stopping = stop.is_set()
                idle = not relay.running
                if relay.running:
                    relay.gather(min(settings.RELAY_POLL, 0.5))
                elif post.running and stop.is_set():
                    wait(post.running, 0.5)
                counts.add(relay.settle())
                counts.add(_of_notices(post.settle()))
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
                if not stop.is_set():  # what told of that may have been cleared with the hint
                    grown.wait(settings.RELAY_POLL)
