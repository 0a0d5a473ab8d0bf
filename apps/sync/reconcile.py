"""Comparing what we have delivered with what a receiver says it has: whether anything is missing, and what to do about it.

The receiver's ledger is read page by page into a table, and our cases are compared with it a few hundred at a time: neither side is ever
held in memory. A case that moves meanwhile is not judged; it is by the next comparison.
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
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.cases import testcases
from apps.cases.models import Case
from apps.services.texts import HELSINKI
from apps.sync import packing
from apps.sync.models import NATIONAL, Delivery, Finding, LedgerEntry, Receiver, Reconciliation
from apps.sync.receivers import national
from apps.sync.receivers.base import Parcel

log = logging.getLogger(__name__)

AT_ONCE = 200  # cases compared at a time
MOST_FINDINGS = 10_000  # written down; all are counted
DAYS_KEPT = 90  # of which the figures are kept per service and day
KEPT = 60  # comparisons
MOVING = timedelta(minutes=1)  # what was delivered as shortly before as this may not stand in the ledger yet

Kind = Finding.Kind
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


def reconcile(now: datetime | None = None) -> Reconciliation:
    """Compare everything with the national service's ledger, and keep the outcome. One that broke off says why, and is not green."""
    moment = now or timezone.now()
    receiver = Receiver.objects.get(kind=NATIONAL)
    found = Reconciliation.objects.create(receiver=receiver, started_at=moment)
    try:
        _read(found)
        _compare(found, moment)
        found.ended_at = now or timezone.now()
    except national.LedgerUnreadable as why:
        found.trouble = str(why)[:300]
        log.warning("the comparison with %s broke off: %s", receiver.key, found.trouble)
    finally:
        _clear(found)
    found.save()
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


def _clear(found: Reconciliation) -> None:
    LedgerEntry.objects.filter(reconciliation=found).delete()


def _forget_old(receiver: Receiver) -> None:
    old = Reconciliation.objects.filter(receiver=receiver).values_list("pk", flat=True)[KEPT:]
    Reconciliation.objects.filter(pk__in=list(old)).delete()


# --- comparing -------------------------------------------------------------------------------------------------------


def _compare(found: Reconciliation, moment: datetime) -> None:
    totals: Counter[str] = Counter()
    days: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    first_day = (moment - timedelta(days=DAYS_KEPT)).astimezone(HELSINKI).date()
    for cases in _our_cases(found.receiver):
        findings = []
        for case, what, finding in _judged(found, cases, moment):
            totals.update(what)
            day = case.arrived_at.astimezone(HELSINKI).date()
            if day >= first_day or finding:
                days[case.service.key, day.isoformat()].update(what)
            if finding:
                findings.append(finding)
        _keep(findings)
    for finding in _unknown_here(found):
        totals["unknown"] += 1
        _keep([finding])
    found.totals = dict(totals)
    found.days = [[service, day, dict(what)] for (service, day), what in sorted(days.items())]


def _keep(findings: list[Finding]) -> None:
    if findings:
        room = MOST_FINDINGS - Finding.objects.filter(reconciliation=findings[0].reconciliation).count()
        Finding.objects.bulk_create(findings[: max(0, room)])


def _our_cases(receiver: Receiver) -> Iterator[list[Case]]:
    """The cases of which something is owed to the receiver, a few hundred at a time. Tests are not compared."""
    owed = Delivery.objects.filter(receiver=receiver, case=OuterRef("pk"))
    last = 0
    while True:
        some = Case.objects.real().filter(Exists(owed), pk__gt=last).select_related("service").order_by("pk")[:AT_ONCE]
        cases = list(some.only("external_id", "arrived_at", "service__key"))
        if not cases:
            return
        yield cases
        last = cases[-1].pk


def _judged(
    found: Reconciliation, cases: list[Case], moment: datetime
) -> Iterator[tuple[Case, list[str], Finding | None]]:
    """Each case with what it counts as, and what differs."""
    ours = _standings(found.receiver, cases, moment)
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
    standings: dict[int, Standing] = {case.pk: Standing() for case in cases}
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
    deliveries = Delivery.objects.filter(receiver=receiver, case__in=cases).order_by("number").only(*fields)
    for delivery in deliveries:
        standing = standings[delivery.case_id]
        standing.deliveries.append(delivery)
        if delivery.delivered_at is None:
            standing.refused |= delivery.refused_at is not None
            standing.waiting |= delivery.refused_at is None
            standing.moving |= delivery.lease_until is not None or delivery.answer_lost
        else:
            standing.last = max(standing.last, delivery.number)
            standing.moving |= delivery.delivered_at >= moment - MOVING
    return standings


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


def _unknown_here(found: Reconciliation) -> Iterator[Finding]:
    """What the receiver has and we have never had. A test that it took may have been deleted here since.

    What began there has no event yet, and is not sent here until its customer does so.
    """
    last = 0
    while True:
        some = list(LedgerEntry.objects.filter(reconciliation=found, pk__gt=last).order_by("pk")[: AT_ONCE * 5])
        if not some:
            return
        last = some[-1].pk
        ours = set(map(str, Case.objects.filter(external_id__in=_uuids(some)).values_list("external_id", flat=True)))
        for entry in some:
            deleted = found.receiver.takes_tests and testcases.is_of_test(entry.external_id)
            if entry.last_event and entry.external_id not in ours and not deleted:
                yield Finding(
                    reconciliation=found, kind=Kind.UNKNOWN, external_id=entry.external_id, theirs=entry.last_event
                )


def _uuids(entries: Iterable[LedgerEntry]) -> list[str]:
    known = []
    for entry in entries:
        try:
            known.append(str(uuid.UUID(entry.external_id)))
        except ValueError:
            continue
    return known


# --- sending again ---------------------------------------------------------------------------------------------------


def resendable(found: Reconciliation) -> QuerySet[Finding]:
    """The findings that sending again mends."""
    return found.findings.filter(kind__in=MENDED_BY_SENDING, resent_at=None, case__isnull=False)


def resend(found: Reconciliation, *, at: datetime | None = None) -> int:
    """Let everything that a receiver lacks be sent again, under its old keys and numbers; how many cases. Doing it twice sends once."""
    done = 0
    for finding in resendable(found).order_by("pk").iterator():
        with transaction.atomic():
            locked = Finding.objects.select_for_update().filter(pk=finding.pk, resent_at=None).first()
            if locked is None:
                continue
            done += bool(_send_again(found.receiver, locked, at))
            locked.resent_at = at or timezone.now()
            locked.save(update_fields=["resent_at"])
    return done


def _send_again(receiver: Receiver, finding: Finding, at: datetime | None) -> int:
    delivered = Delivery.objects.filter(receiver=receiver, case=finding.case, delivered_at__isnull=False)
    lacking = delivered.filter(number__gt=finding.theirs)
    if finding.kind == Kind.DIFFERING:
        in_order = delivered.select_related("event").order_by("number")
        with_data = [one.pk for one in in_order if packing.carries_data(one)]
        lacking = delivered.filter(pk__in=with_data[-1:])
    why = "sent again: the receiver did not have it"
    sent_again = lacking.update(
        delivered_at=None,
        next_at=at or timezone.now(),
        waits_since=at or timezone.now(),
        attempts=0,
        answer_lost=False,
        rewound_to=None,
        last_error=why,
        lease_token=None,
        lease_until=None,
    )
    Case.note_owed([finding.case_id or 0])  # after the deliveries, as the relay does: nobody waits for each other
    return sent_again
