"""How many attempts end in which way, counted in the transaction that notes them. Tests do not count."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from apps.people import among
from apps.services.texts import HELSINKI
from apps.sync.models import Tally
from apps.sync.receivers.base import Behind, Delivered, Later, Outcome, Refused

DELIVERED, LATER, BARRED, UNKNOWN, REFUSED, BEHIND = "delivered", "later", "barred", "unknown", "refused", "behind"
FAILURES = (LATER, BARRED, UNKNOWN, REFUSED, BEHIND)
MINUTES_KEPT = timedelta(days=2)  # after which a month's are put together

# One statement for each way of ending, in the order of the ways and within it of the rows: two relays never wait for each other.
COUNT = """
INSERT INTO sync_tally (minute, receiver_id, service_id, outcome, count, last_at)
SELECT %s, d.receiver_id, c.service_id, %s, count(*), %s
FROM sync_delivery d JOIN cases_case c ON c.id = d.case_id
WHERE d.id {places} AND NOT c.is_test
GROUP BY d.receiver_id, c.service_id ORDER BY d.receiver_id, c.service_id
ON CONFLICT (minute, receiver_id, service_id, outcome)
DO UPDATE SET count = sync_tally.count + excluded.count, last_at = excluded.last_at
"""


def kind_of(outcome: Outcome) -> str:
    """The way an attempt has ended."""
    match outcome:
        case Delivered():
            return DELIVERED
        case Later(barred=True):
            return BARRED
        case Later():
            return LATER
        case Refused():
            return REFUSED
        case Behind():
            return BEHIND
    return UNKNOWN


def count(outcomes: Iterable[tuple[int, Outcome]], now: datetime | None = None) -> None:
    """Count how attempts at deliveries (by their primary keys) have ended. The last thing in a transaction, which is short then."""
    by_kind: defaultdict[str, list[int]] = defaultdict(list)
    for delivery, outcome in outcomes:
        by_kind[kind_of(outcome)].append(delivery)
    moment = now or timezone.now()
    adapted = connection.ops.adapt_datetimefield_value
    minute, at = adapted(moment.replace(second=0, microsecond=0)), adapted(moment)
    with connection.cursor() as cursor:
        for kind, ids in sorted(by_kind.items()):
            places, keys = among.condition(ids, connection.vendor)
            cursor.execute(
                COUNT.format(places=places), [minute, kind, at, *keys]
            )  # numbers of parameters, nothing else


def put_together(now: datetime) -> int:
    """Make one row of a month's for what is older than the minutes are kept; how many rows there were. Sums stay what they are."""
    old = Tally.objects.filter(minute__lt=now - MINUTES_KEPT)
    with transaction.atomic():
        rows = list(
            old.select_for_update().values("pk", "minute", "receiver", "service", "outcome", "count", "last_at")
        )
        months: dict[tuple[datetime, int, int, str], tuple[int, datetime]] = {}
        for row in rows:
            key = (_month(row["minute"]), row["receiver"], row["service"], row["outcome"])
            so_far, last = months.get(key, (0, row["last_at"]))
            months[key] = so_far + row["count"], max(last, row["last_at"])
        if len(months) < len(rows):
            old.delete()
            Tally.objects.bulk_create(
                Tally(minute=month, receiver_id=receiver, service_id=service, outcome=kind, count=n, last_at=last)
                for (month, receiver, service, kind), (n, last) in months.items()
            )
    return len(rows) - len(months)


def _month(moment: datetime) -> datetime:
    there = moment.astimezone(HELSINKI)
    return there.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
