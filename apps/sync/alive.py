"""A relay's sign of life, by which everybody else knows that one is at work."""

from __future__ import annotations

import os
import socket
import time
from datetime import datetime, timedelta

from django.utils import timezone

from apps.sync.models import RelayAlive

EVERY = 15.0  # seconds
FORGOTTEN = timedelta(days=1)  # after which one that has ended is not spoken of any more
AT_WORK = timedelta(minutes=1)  # who has been silent for longer does not count as one that is at work


class Sign:
    """One relay's. Costs nothing but a look at the clock while it is not due."""

    def __init__(self) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}"[:120]
        self._given: float | None = None

    def give(self, now: datetime | None = None) -> None:
        """Write down that the relay lives, if that has not been done just now."""
        if self._given is not None and time.monotonic() - self._given < EVERY:
            return
        moment = now or timezone.now()
        first = {"began_at": moment, "seen_at": moment}
        RelayAlive.objects.update_or_create(name=self.name, defaults={"seen_at": moment}, create_defaults=first)
        if self._given is None:
            RelayAlive.objects.filter(seen_at__lt=moment - FORGOTTEN).delete()
        self._given = time.monotonic()
