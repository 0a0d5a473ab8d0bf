"""A comparison that is asked what it took: `python -m tests.sync.manycases make CASES`, then `python -m tests.sync.manycases compare`.

The first makes the database and so many cases that the receiver has; `longledger` serves their ledger. The second compares and prints the
figures, how many queries it took and the most memory that the process has ever held, in kilobytes. `compare sending` sends again, too.
"""

from __future__ import annotations

import json
import re
import sys
import time
import uuid
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import django
from django.core.management import call_command
from django.db import connection, models
from django.utils import timezone

django.setup()

AT_ONCE = 1_000


def make(number: int) -> None:
    """Copies of one case, all delivered."""
    call_command("migrate", verbosity=0)
    from apps.sync import relay  # noqa: PLC0415 (needs Django set up)
    from apps.sync.models import Delivery, Receiver  # noqa: PLC0415
    from tests import build  # noqa: PLC0415
    from tests.sync import longledger  # noqa: PLC0415

    Receiver.objects.exclude(key="national").update(active=False)
    case = build.case()
    relay.collect()
    case.refresh_from_db()
    delivery = Delivery.objects.get()
    event = delivery.event
    delivery.delivered_at = timezone.now() - timedelta(days=1)
    for first in range(1, number, AT_ONCE):
        some = range(first, min(first + AT_ONCE, number))
        papers = copies(case.application, [{"pk": uuid.uuid4()} for _n in some])
        cases = copies(
            case,
            [
                {"application": paper, "external_id": longledger.external_id(n), "number": f"COPY-{n}"}
                for n, paper in zip(some, papers, strict=True)
            ],
        )
        events = copies(event, [{"case": one, "paper": one.application, "key": uuid.uuid4()} for one in cases])
        copies(
            delivery,
            [
                {"event": one, "case": one.case, "data_digest": longledger.digest(n)}
                for n, one in zip(some, events, strict=True)
            ],
        )
    case.external_id = longledger.external_id(0)
    case.save()
    delivery.data_digest = longledger.digest(0)
    delivery.save()


def copies(of: models.Model, changes: Sequence[dict[str, Any]]) -> list[Any]:
    """Rows like another, each with what is its own."""
    model: Any = type(of)
    same = {field.attname: getattr(of, field.attname) for field in of._meta.concrete_fields if not field.primary_key}
    rows = [model(**same) for _change in changes]
    for row, change in zip(rows, changes, strict=True):
        for name, value in change.items():
            setattr(row, name, value)
    return list(model.objects.bulk_create(rows))


def compare(*, sending: bool) -> None:
    """As the duty of the night does, or as the command does that sends again."""
    from apps.sync import reconcile  # noqa: PLC0415

    asked = 0

    def counted(execute: Any, *of: Any) -> Any:
        nonlocal asked
        asked += 1
        return execute(*of)

    began, worked = time.monotonic(), time.process_time()
    with connection.execute_wrapper(counted):
        found = reconcile.reconcile(sending=sending)
    held = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("ascii"))
    said = {"trouble": found.trouble, "totals": found.totals, "queries": asked, "held": int(held[1]) if held else 0}
    took = {"seconds": round(time.monotonic() - began, 1), "cpu": round(time.process_time() - worked, 1)}
    sys.stdout.write(json.dumps(said | took))


if __name__ == "__main__":
    make(int(sys.argv[2])) if sys.argv[1] == "make" else compare(sending="sending" in sys.argv)
