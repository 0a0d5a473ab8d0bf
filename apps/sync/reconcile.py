"""Comparing what we have delivered with what a receiver says it has: whether anything is missing, and what to do about it.

The receiver's ledger is read page by page into a table, and our cases are compared with it a few hundred at a time: neither side is ever
held in memory. A case that moves meanwhile is not judged; it is by the next comparison. One that is killed says nothing any more: by its
age everybody else knows that it broke off (`Reconciliation.is_going_on`).
"""

from __future__ import annotations

import logging
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.applications import externalids
from apps.cases import testcases
from apps.cases.models import Case
from apps.services.texts import HELSINKI
from apps.sync import packing
from apps.sync.models import NATIONAL, Delivery, Finding, LedgerEntry, Receiver, Reconciliation
from apps.sync.receivers import national
from apps.sync.receivers.base import Parcel

log = logging.getLogger(__name__)

AT_ONCE = 200  # cases compared at a time
MOST_FINDINGS = 10_000  # written down; all are counted, and all are sent again when that is asked for at once
DAYS_KEPT = 90  # of which the figures are kept per service and day
KEPT = 60  # comparisons
MOVING = timedelta(minutes=1)  # what was delivered as shortly before as this may not stand in the ledger yet

Kind = Finding.Kind
RESENT = "resent"  # of the figures: the cases that were sent again while comparing
MENDED_BY_SENDING = (Kind.MISSING, Kind.BEHIND, Kind.DIFFERING)
WHAT_TO_DO: dict[str, Any] = {
    Kind.MISSING: _("Send it again: it gets the numbers and keys it had."),
    Kind.BEHIND: _("Send again what it lacks: it gets the numbers and keys it had."),
    Kind.DIFFERING: _("Send the case data again. When they differ after that too, ask the receiver."),
    Kind.AHEAD: _(
        "Usually an answer was lost and it is noted at the next attempt. Otherwise the database was restored from an older "
        "copy: ask the receiver what it has."
    ),
    Kind.REFUSED: _("Open the delivery, read why, and send it again or skip it."),
    Kind.UNKNOWN: _("The receiver has a case that was never here, or whose row is gone: ask the receiver."),
}


@dataclass
class Standing:
    """How a case stands on our side: the last number the receiver has acknowledged, and what has not been."""

    last: int = 0
    waiting: bool = False
    refused: bool = False
    moving: bool = False
    deliveries: list[Delivery] = field(default_factory=list)


def is_possible() -> bool:
    """Whether there is a receiver with a ledger."""
    return national.National.ready() and Receiver.objects.filter(kind=NATIONAL, active=True).exists()


def reconcile(now: datetime | None = None, *, sending: bool = False) -> Reconciliation:
    """Compare everything with the national service's ledger, and keep the outcome. One that broke off says why, and is not green.

    `sending`: what the receiver lacks is sent again as it is found, all of it, also what is not written down.
    """
    moment = now or timezone.now()
    receiver = Receiver.objects.get(kind=NATIONAL)
    _clear(receiver.reconciliations.broken_off(moment))
    found = Reconciliation.objects.create(receiver=receiver, started_at=moment)
    try:
        _read(found)
        _compare(found, moment, sending=sending)
        ended = now or timezone.now()
        if found.is_going_on(ended):
            found.ended_at = ended
        else:  # for everybody else it broke off long ago, and what was read may have been thrown away
            found.trouble = "it took too long"
    except national.LedgerUnreadable as why:
        found.trouble = str(why)[:300]
    finally:
        _clear([found])
    found.save()
    if found.trouble:
        log.warning("the comparison with %s broke off: %s", receiver.key, found.trouble)
    _forget_old(receiver)
    return found


def _read(found: Reconciliation) -> None:
    for page in national.ledger():
        entries = {
            entry.external_id: LedgerEntry(
                reconciliation=found,
                external_id=entry.external_id[:60],
                last_event=max(0, entry.last_event),
                digest=entry.digest[:80],
            )
            for entry in page
        }
        LedgerEntry.objects.bulk_create(
            entries.values(),
            update_conflicts=True,  # a part that changes while the pages are turned is seen again
            unique_fields=["reconciliation", "external_id"],
            update_fields=["last_event", "digest"],
        )


def _clear(comparisons: Iterable[Reconciliation]) -> None:
    LedgerEntry.objects.filter(reconciliation__in=[one.pk for one in comparisons]).delete()


def _forget_old(receiver: Receiver) -> None:
    old = Reconciliation.objects.filter(receiver=receiver).values_list("pk", flat=True)[KEPT:]
    Reconciliation.objects.filter(pk__in=list(old)).delete()


# --- comparing -------------------------------------------------------------------------------------------------------


def _compare(found: Reconciliation, moment: datetime, *, sending: bool) -> None:
    totals: Counter[str] = Counter()
    days: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    first_day = (moment - timedelta(days=DAYS_KEPT)).astimezone(HELSINKI).date()
    room = MOST_FINDINGS
    for cases in _our_cases():
        findings = []
        for case, what, finding in _judged(found, cases, moment):
            totals.update(what)
            day = case.arrived_at.astimezone(HELSINKI).date()
            if day >= first_day or finding:
                days[case.service.key, day.isoformat()].update(what)
            if finding:
                findings.append(finding)
        room -= len(Finding.objects.bulk_create(findings[:room]))
        if sending:
            mended = [one for one in findings if one.kind in MENDED_BY_SENDING]
            totals[RESENT] += sum(_send_again_once(found.receiver, one, moment) for one in mended)
    for findings in _unknown_here(found):
        totals["unknown"] += len(findings)
        room -= len(Finding.objects.bulk_create(findings[:room]))
    found.totals = {what: count for what, count in totals.items() if count}
    found.days = [[service, day, dict(what)] for (service, day), what in sorted(days.items())]


def _our_cases() -> Iterator[list[Case]]:
    """Our cases, a few hundred at a time. Tests are not compared."""
    last = 0
    while True:
        some = Case.objects.real().filter(pk__gt=last).select_related("service").order_by("pk")[:AT_ONCE]
        cases = list(some.only("external_id", "arrived_at", "service__key"))
        if not cases:
            return
        yield cases
        last = cases[-1].pk


def _owed(receiver: Receiver, **of: Any) -> QuerySet[Delivery]:
    """What some cases owe a receiver. Looked up by the case, and so that no database can look it up by the receiver: without statistics
    SQLite would, and walk through everything that the receiver was ever sent.
    """
    return Delivery.objects.alias(to=F("receiver_id") + 0).filter(to=receiver.pk, **of)


def _judged(
    found: Reconciliation, cases: list[Case], moment: datetime
) -> Iterator[tuple[Case, list[str], Finding | None]]:
    """Each case of which something is owed to the receiver, with what it counts as, and what differs."""
    ours = _standings(found.receiver, cases, moment)
    cases = [case for case in cases if case.pk in ours]
    known = [str(case.external_id) for case in cases]
    theirs = {
        entry.external_id: entry for entry in LedgerEntry.objects.filter(reconciliation=found, external_id__in=known)
    }
    digests = _digests([standing for standing in ours.values() if standing.last])
    for case in cases:
        standing, entry = ours[case.pk], theirs.get(str(case.external_id))
        what = ["accepted"] + ["acknowledged"] * (not standing.waiting and not standing.refused)
        what += ["waiting"] * standing.waiting
        kind = Kind.REFUSED if standing.refused else _difference(standing, entry, digests.get(case.pk, ""))
        if kind is None:
            yield case, what, None
            continue
        finding = Finding(
            reconciliation=found,
            kind=kind,
            case=case,
            external_id=str(case.external_id),
            ours=standing.last,
            theirs=entry.last_event if entry else 0,
        )
        yield case, [*what, str(kind)], finding


def _standings(receiver: Receiver, cases: list[Case], moment: datetime) -> dict[int, Standing]:
    standings: defaultdict[int, Standing] = defaultdict(Standing)
    fields = (
        "case_id",
        "number",
        "delivered_at",
        "refused_at",
        "lease_until",
        "answer_lost",
        "data_digest",
        "event_id",
    )
    # Between the first and the last: so PostgreSQL knows without statistics, too, that it is little of the table.
    of = {"case__in": cases, "case__gte": cases[0], "case__lte": cases[-1]}
    for delivery in _owed(receiver, **of).order_by("number").only(*fields):
        standing = standings[delivery.case_id]
        standing.deliveries.append(delivery)
        if delivery.delivered_at is None:
            standing.refused |= delivery.refused_at is not None
            standing.waiting |= delivery.refused_at is None
            standing.moving |= delivery.lease_until is not None or delivery.answer_lost
        else:
            standing.last = max(standing.last, delivery.number)
            standing.moving |= delivery.delivered_at >= moment - MOVING
    return dict(standings)


def _difference(standing: Standing, entry: LedgerEntry | None, digest: str) -> Kind | None:
    if entry is None:
        return Kind.MISSING if standing.last and not standing.moving else None
    if standing.moving:
        return None
    if entry.last_event < standing.last:
        return Kind.BEHIND
    if entry.last_event > standing.last:
        return Kind.AHEAD
    return Kind.DIFFERING if digest and entry.digest and digest != entry.digest else None


def _digests(standings: Iterable[Standing]) -> dict[int, str]:
    """The digest of the case data that each case's receiver was sent last. What is not known yet is worked out and written down."""
    last: dict[int, Delivery] = {}
    carrying = {delivery.pk for standing in standings for delivery in standing.deliveries if delivery.delivered_at}
    papers = Delivery.objects.filter(pk__in=carrying).select_related("event", "receiver", "case").order_by("number")
    for delivery in papers.filter(skipped_at=None):
        if packing.carries_data(delivery):
            last[delivery.case_id] = delivery
    unknown = [delivery for delivery in last.values() if not delivery.data_digest]
    if unknown:
        for pk, parcel in packing.pack(unknown).items():
            if isinstance(parcel, Parcel) and parcel.data:
                next(one for one in unknown if one.pk == pk).data_digest = str(parcel.data["digest"])
        Delivery.objects.bulk_update(unknown, ["data_digest"])
    return {case: delivery.data_digest for case, delivery in last.items()}


def _unknown_here(found: Reconciliation) -> Iterator[list[Finding]]:
    """What the receiver has and we have never had, some at a time. A test that it took may have been deleted here since.

    What began there has no event yet, and is not sent here until its customer does so.
    """
    last = 0
    while True:
        some = list(LedgerEntry.objects.filter(reconciliation=found, pk__gt=last).order_by("pk")[: AT_ONCE * 5])
        if not some:
            return
        last = some[-1].pk
        ours = set(map(str, Case.objects.filter(external_id__in=_uuids(some)).values_list("external_id", flat=True)))
        unknown = [entry for entry in some if entry.last_event and entry.external_id not in ours]
        if found.receiver.takes_tests:
            unknown = [entry for entry in unknown if not testcases.is_of_test(entry.external_id)]
        yield [
            Finding(reconciliation=found, kind=Kind.UNKNOWN, external_id=entry.external_id, theirs=entry.last_event)
            for entry in unknown
        ]


def _uuids(entries: Iterable[LedgerEntry]) -> list[uuid.UUID]:
    read = (externalids.read(entry.external_id) for entry in entries)
    return [known for known in read if known is not None]


# --- sending again ---------------------------------------------------------------------------------------------------


def resendable(found: Reconciliation) -> QuerySet[Finding]:
    """The findings that sending again mends. Of a comparison that did not come to its end there are none."""
    findings = found.findings.filter(kind__in=MENDED_BY_SENDING, resent_at=None, case__isnull=False)
    return findings if found.ended_at else findings.none()


def not_written_down(found: Reconciliation) -> int:
    """How many cases differ beyond those that there are findings of."""
    differ = sum(int(found.totals.get(kind, 0)) for kind in Kind)
    return max(0, differ - found.findings.count()) if differ > MOST_FINDINGS else 0


def unmended(found: Reconciliation) -> list[Kind]:
    """What differs that was not sent again while comparing: judged by the figures, since not everything is written down."""
    by_sending = sum(int(found.totals.get(kind, 0)) for kind in MENDED_BY_SENDING)
    mended = MENDED_BY_SENDING if found.totals.get(RESENT, 0) >= by_sending else ()
    return [kind for kind in Kind if found.totals.get(kind) and kind not in mended]


def resend(found: Reconciliation, *, at: datetime | None = None) -> int:
    """Let what a receiver lacks, as far as it is written down, be sent again under its old keys and numbers; how many cases.

    Doing it twice sends once.
    """
    waiting = resendable(found).order_by("pk")
    return sum(_send_again_once(found.receiver, one, at or timezone.now()) for one in waiting.iterator())


def _send_again_once(receiver: Receiver, finding: Finding, at: datetime) -> bool:
    with transaction.atomic():
        # One that is not written down was found just now, by who sends it again.
        if finding.pk and not Finding.objects.filter(pk=finding.pk, resent_at=None).update(resent_at=at):
            return False
        return bool(_send_again(receiver, finding, at))


def _send_again(receiver: Receiver, finding: Finding, at: datetime) -> int:
    delivered = _owed(receiver, case=finding.case_id, delivered_at__isnull=False)
    lacking = delivered.filter(number__gt=finding.theirs)
    if finding.kind == Kind.DIFFERING:
        in_order = delivered.select_related("event").order_by("number")
        with_data = [one.pk for one in in_order if packing.carries_data(one)]
        lacking = delivered.filter(pk__in=with_data[-1:])
    why = "sent again: the receiver did not have it"
    sent_again = lacking.update(
        delivered_at=None,
        next_at=at,
        waits_since=at,
        attempts=0,
        answer_lost=False,
        rewound_to=None,
        last_error=why,
        lease_token=None,
        lease_until=None,
    )
    Case.note_owed([finding.case_id or 0])  # after the deliveries, as the relay does: nobody waits for each other
    return sent_again
