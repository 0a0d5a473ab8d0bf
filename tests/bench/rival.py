"""The same events sent by procrastinate: a job for each diary line, under a lock for each case, so that a case's events keep their order.

Its job reads the diary line and puts together what is sent with the relay's own code, and sends it with the relay's own client, so that the
same bytes go the same way; it keeps one client open for all jobs. Jobs are put into the queue beforehand, which is not counted.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import fields
from itertools import islice
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connection

from apps.cases.models import Event
from apps.sync import packing
from apps.sync.models import Delivery, Receiver
from apps.sync.receivers.base import Delivered, Parcel, Refused
from apps.sync.receivers.national import National

TASK = "deliver"
SAID = [one.name for one in fields(Parcel) if "enclosures" not in one.name]
MADE = "UPDATE procrastinate_jobs SET args = args || jsonb_build_object('parcel', %s::jsonb) WHERE (args->>'event')::bigint = %s"
# In the order that suits it best: the first lines of all cases, then the second ones, so that few wait for a lock.
JOBS = """
INSERT INTO procrastinate_jobs (queue_name, task_name, priority, lock, args, status)
SELECT 'default', %s, 0, 'case ' || e.case_id, jsonb_build_object('event', e.id), 'todo'
FROM cases_event e JOIN cases_case c ON c.id = e.case_id WHERE c.uncollected_from IS NOT NULL ORDER BY e.number, e.case_id
"""


def _connector() -> Any:
    from procrastinate import PsycopgConnector  # noqa: PLC0415 (needed for the bench alone)

    known = connection.get_connection_params()
    facts = {name: known[name] for name in ("host", "port", "user", "password", "dbname") if known.get(name)}
    return PsycopgConnector(kwargs=facts)


def warm_up() -> None:
    """Have it imported before anything is measured."""
    import procrastinate  # noqa: F401, PLC0415 (needed for the bench alone)


def prepare(*, ready: bool = False) -> None:
    """Its tables, once, and a job for each diary line that is there to be sent; `ready`: with what it is to send in its arguments."""
    from procrastinate.schema import SchemaManager  # noqa: PLC0415 (the same)

    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('procrastinate_jobs')")
        if cursor.fetchone()[0] is None:
            cursor.execute(SchemaManager.get_schema())
        cursor.execute("TRUNCATE procrastinate_jobs CASCADE")
        cursor.execute(JOBS, [TASK])
        if ready:
            cursor.execute("CREATE INDEX IF NOT EXISTS bench_event ON procrastinate_jobs (((args->>'event')::bigint))")
            cursor.executemany(MADE, [[json.dumps(said), event] for event, said in _made_beforehand()])
        cursor.execute("ANALYZE procrastinate_jobs")


def _made_beforehand() -> Iterator[tuple[int, dict[str, Any]]]:
    """What is sent of each diary line, by its primary key."""
    receiver = Receiver.objects.get(kind="national")
    lines = Event.objects.filter(case__uncollected_from__isnull=False).select_related("case").order_by("pk")
    for some in batched(lines.iterator(chunk_size=300), 300):
        ours = [
            Delivery(pk=line.pk, receiver=receiver, event=line, case=line.case, number=line.number, attempts=1)
            for line in some
        ]
        for event, parcel in packing.pack(ours).items():
            assert isinstance(parcel, Parcel)
            yield event, {name: getattr(parcel, name) for name in SAID}


def batched(rows: Iterator[Any], size: int) -> Iterator[list[Any]]:
    """So many at a time."""
    while some := list(islice(rows, size)):
        yield some


def run(concurrency: int, seconds: float) -> int:
    """Work until all is done or the time is over; how many events were delivered."""
    return asyncio.run(_run(concurrency, seconds))


async def _run(concurrency: int, seconds: float) -> int:
    from procrastinate import App  # noqa: PLC0415 (the same)

    app = App(connector=_connector())
    receiver, done = await sync_to_async(Receiver.objects.get)(kind="national"), 0

    def packed(event: int) -> Parcel | Refused:
        line = Event.objects.select_related("case").get(pk=event)
        one = Delivery(pk=1, receiver=receiver, event=line, case=line.case, number=line.number, attempts=1)
        return packing.pack([one])[1]

    async with National() as sender, app.open_async():

        @app.task(name=TASK)
        async def deliver(event: int, parcel: Any = None) -> None:
            nonlocal done
            parcel = Parcel(**parcel) if parcel else await sync_to_async(packed)(event)
            assert isinstance(parcel, Parcel)
            outcome = await sender.send(parcel, ask_first=False)
            assert isinstance(outcome, Delivered), outcome
            done += 1

        work = asyncio.create_task(
            app.run_worker_async(
                concurrency=concurrency, wait=False, install_signal_handlers=False, listen_notify=False
            )
        )
        began = time.monotonic()
        while not work.done() and time.monotonic() - began < seconds:
            await asyncio.wait({work}, timeout=0.05)
        counted = done
        if not work.done():
            work.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.wait({work}, timeout=5)
        return counted
