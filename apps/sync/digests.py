"""One mail a day for officials who prefer that: what they would have been told of, case by case, since the last one.

What is told this way is a delivery like every other, so nothing is told twice and nothing is left out; it waits for the day's digest
instead of being a mail of its own.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import datetime
from typing import Any

from django.db import transaction

from apps.cases import letters
from apps.sync import clock, notices
from apps.sync.models import MAIL, Delivery
from apps.sync.settling import settle

MOST_NAMED = 50  # cases; more of them are counted
MOST_AT_ONCE = 1_000  # deliveries of one address


def post_all(now: datetime) -> int:
    """Post a digest for each address at which something waits for it; how many were posted."""
    waiting = _waiting().order_by().values_list("address", flat=True).distinct()
    return sum(post(address, now) for address in list(waiting))


def post(address: str, now: datetime) -> bool:
    """Put down the digest of one address, and note in the same transaction that what stands in it is told."""
    with transaction.atomic():
        told = clock.locked(_waiting().filter(address=address).order_by("pk")[:MOST_AT_ONCE])
        if not told:
            return False
        ids = [delivery.pk for delivery in told]
        numbers = Counter(
            Delivery.objects.filter(pk__in=ids).order_by("case_id").values_list("case__number", "case_id")
        )
        cases = [[number, pk, count] for (number, pk), count in list(numbers.items())[:MOST_NAMED]]
        facts: dict[str, Any] = {"cases": cases, "count": len(numbers)}
        official = letters.officials_at([address]).first()
        who = hashlib.sha256(address.lower().encode()).hexdigest()[:16]
        key = f"{notices.DIGEST} {who} {ids[-1]}"
        notices.post(notices.DIGEST, address, key, official.language if official else "", facts, at=now)
        Delivery.objects.filter(pk__in=ids).update(delivered_at=now)
        settle({delivery.case_id for delivery in told}, now)
    return True


def _waiting() -> Any:
    return Delivery.objects.filter(
        receiver__kind=MAIL, party=letters.Party.DIGEST, delivered_at=None, refused_at=None, skipped_at=None
    )
