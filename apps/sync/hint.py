"""A hint that a diary has grown, so that an idle relay looks at once. Looking now and then stays the truth: a lost hint costs a moment.

PostgreSQL carries it (NOTIFY, sent by `Event.record` with its transaction's commit); on SQLite there is none.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connections

from apps.cases.models import DIARY_GREW

log = logging.getLogger(__name__)

PATIENCE = 1.0  # seconds of listening between looks whether to stop
PAUSE = 5.0  # seconds before a connection that broke is made again


@contextmanager
def listening(stop: threading.Event) -> Iterator[threading.Event]:
    """What is set when something may be there to collect, and when it is time to stop; on a database that gives no hints, only then."""
    hint, over = threading.Event(), threading.Event()
    threads = [threading.Thread(target=_tell_of, args=(stop, hint), name="stopping", daemon=True)]
    connection = connections["default"]
    if connection.vendor == "postgresql":
        address = connection.get_connection_params()
        threads.append(threading.Thread(target=_listen, args=(hint, address, over), name="hint", daemon=True))
    for thread in threads:
        thread.start()
    try:
        yield hint
    finally:
        over.set()
        for thread in threads[1:]:
            thread.join(timeout=2 * PATIENCE)


def _tell_of(stop: threading.Event, hint: threading.Event) -> None:
    stop.wait()
    hint.set()


def _listen(hint: threading.Event, address: dict[str, Any], over: threading.Event) -> None:
    """Listen on a connection of its own until told to stop; one that breaks is made again."""
    known = {name: value for name, value in address.items() if name not in ("cursor_factory", "context")}
    while not over.is_set():
        try:
            with psycopg.connect(**known, autocommit=True) as listener:
                listener.execute(f"LISTEN {DIARY_GREW}")
                hint.set()  # something may have come before
                while not over.is_set():
                    for _notice in listener.notifies(timeout=PATIENCE, stop_after=1):
                        hint.set()
        except psycopg.Error as e:
            log.info("no hints from the database for now: %s", type(e).__name__)
            over.wait(PAUSE)
