"""Time and locks for all relays alike: due times and leases by the database's clock, and the list of pauses between attempts."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connections
from django.db.models import DateTimeField, ExpressionWrapper, QuerySet
from django.db.models.functions import Now

BACK_OFF = (1, 2, 5, 15, 30, 60, 120, 300, 600, 900)  # seconds before the next attempt; the last one from then on
SHORTEST_WAIT = 1.0


def pause(attempts: int, asked: float | None = None) -> float:
    """Seconds until the next attempt: as the receiver asks, else from the list; with some jitter, so that not all come at once."""
    if asked is not None:
        return max(asked, SHORTEST_WAIT) + random.uniform(0, 0.5)  # noqa: S311 (no secret)
    return BACK_OFF[min(max(attempts, 1), len(BACK_OFF)) - 1] * random.uniform(0.8, 1.2)  # noqa: S311 (no secret)


def after(seconds: float, now: datetime | None) -> Any:
    """So many seconds from now on, for an update; `now` is the tests' clock."""
    step = timedelta(seconds=seconds)
    return now + step if now else ExpressionWrapper(Now() + step, output_field=DateTimeField())


def lease_kept() -> float:
    """How long we count on a lease: a little less than it is, since clocks and answers take their time."""
    return settings.RELAY_LEASE * 0.9


def locked(rows: QuerySet[Any]) -> list[Any]:
    """Rows locked for this transaction, those that others have locked left out, where the database can; SQLite has one writer."""
    return list(rows.select_for_update(of=("self",), skip_locked=_can_skip_locked()))


def _can_skip_locked() -> bool:
    return bool(connections["default"].features.has_select_for_update_skip_locked)
