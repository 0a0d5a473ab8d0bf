"""What the receiver got, in one SQLite file.  Nothing kept is ever updated; what is newer follows what is older."""

import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

Row = sqlite3.Row

SCHEMA = """
create table if not exists case_data (
    id integer primary key autoincrement,
    external_id text not null,
    digest text not null,
    body blob not null,
    issue text not null,
    received_at text not null
);
create index if not exists case_data_of_part on case_data (external_id, id);
create index if not exists case_data_received on case_data (received_at);

create table if not exists attachment (
    id integer primary key autoincrement,
    external_id text not null,
    attachment_id text not null,
    content_type text not null,
    size integer not null,
    sha256 text not null,
    received_at text not null
);
create index if not exists attachment_of_part on attachment (external_id, attachment_id, id);
create index if not exists attachment_received on attachment (received_at);

create table if not exists piece (
    attachment integer not null references attachment (id) on delete cascade,
    place integer not null,
    bytes blob not null,
    primary key (attachment, place)
);

create table if not exists event (
    key text primary key,
    external_id text not null,
    number integer not null,
    kind text not null,
    status text not null,
    at text not null,
    body blob not null,
    received_at text not null,
    unique (external_id, number)
);
create index if not exists event_received on event (received_at);

create table if not exists answered (
    key text primary key,
    target text not null,
    digest text not null,
    answer text not null,
    received_at text not null
);
create index if not exists answered_received on answered (received_at);

create table if not exists request (
    n integer primary key autoincrement,
    at text not null,
    method text not null,
    path text not null,
    key text,
    status integer not null,
    applied integer not null,
    duplicate integer not null,
    fault text,
    size integer not null,
    client text,
    message_id text,
    issue text
);
"""

LEDGER = """
select part.external_id, part.changed_at,
    (select digest from case_data where external_id = part.external_id order by id desc limit 1) as digest,
    coalesce((select max(number) from event where external_id = part.external_id), 0) as last_event
from (
    select external_id, max(received_at) as changed_at from (
        select external_id, received_at from case_data
        union all select external_id, received_at from attachment
        union all select external_id, received_at from event
    ) group by external_id
) as part
where part.external_id in (select external_id from case_data)
"""


class Closed(Exception):
    """The receiver is stopping; nothing more is kept."""


class Store:
    """One connection behind one lock: requests are applied one after the other, each in one durable transaction."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Customers' data: readable by its owner only, as are the files SQLite puts beside it.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self.path = path
        self._lock = threading.RLock()
        self._open = True
        self._db = sqlite3.connect(path, timeout=20, isolation_level=None, check_same_thread=False)
        self._db.row_factory = Row
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            self._db.execute(f"pragma {pragma}")
        self._db.executescript(SCHEMA)

    def close(self) -> None:
        with self._lock:
            self._open = False
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it is on the disk when this ends, or nothing of it."""
        with self._lock:
            if not self._open:
                raise Closed
            self._db.execute("begin immediate")
            try:
                yield
            except BaseException:
                self._db.execute("rollback")
                raise
            self._db.execute("commit")

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """A part of a transaction that leaves nothing behind when it is refused."""
        self._db.execute("savepoint attempt")
        try:
            yield
        except BaseException:
            self._db.execute("rollback to attempt")
            self._db.execute("release attempt")
            raise
        self._db.execute("release attempt")

    # Looking

    def _all(self, sql: str, *values: Any) -> list[Row]:
        with self._lock:
            if not self._open:
                raise Closed
            return self._db.execute(sql, values).fetchall()

    def _first(self, sql: str, *values: Any) -> Row | None:
        rows = self._all(sql, *values)
        return rows[0] if rows else None

    def case_data(self, external_id: str) -> Row | None:
        return self._first("select * from case_data where external_id = ? order by id desc limit 1", external_id)

    def attachment(self, external_id: str, attachment_id: str) -> Row | None:
        return self._first(
            "select * from attachment where external_id = ? and attachment_id = ? order by id desc limit 1",
            external_id,
            attachment_id,
        )

    def pieces(self, attachment: int) -> Iterator[bytes]:
        """The bytes of an attachment, without holding up other requests between two pieces."""
        place = 0
        while row := self._first("select bytes from piece where attachment = ? and place = ?", attachment, place):
            yield row["bytes"]
            place += 1

    def last_number(self, external_id: str) -> int:
        row = self._first("select coalesce(max(number), 0) as number from event where external_id = ?", external_id)
        return int(row["number"]) if row else 0

    def event(self, external_id: str, key: str) -> Row | None:
        return self._first("select * from event where external_id = ? and key = ?", external_id, key)

    def events(self, external_id: str) -> list[Row]:
        return self._all("select * from event where external_id = ? order by number", external_id)

    def answered(self, key: str) -> Row | None:
        return self._first("select * from answered where key = ?", key)

    def ledger(self, since: str, after: tuple[str, str], limit: int) -> list[Row]:
        """Project parts in the order they last changed, from a time on, after a place in that order."""
        return self._all(
            f"{LEDGER} and part.changed_at >= ? and (part.changed_at, part.external_id) > (?, ?)"
            " order by part.changed_at, part.external_id limit ?",
            since,
            *after,
            limit,
        )

    def latest(self, limit: int, offset: int) -> list[Row]:
        return self._all(f"{LEDGER} order by part.changed_at desc, part.external_id limit ? offset ?", limit, offset)

    def parts(self) -> int:
        row = self._first("select count(distinct external_id) as parts from case_data")
        return int(row["parts"]) if row else 0

    def requests(self, after: int = 0) -> list[Row]:
        return self._all("select * from request where n > ? order by n", after)

    def request_counts(self) -> list[Row]:
        return self._all(
            "select method, status, fault, count(*) as requests, sum(applied) as applied, sum(duplicate) as duplicates"
            " from request group by method, status, fault order by method, status, fault"
        )

    # Keeping (inside a transaction)

    def tick(self, now: datetime) -> str:
        """The time of receipt: later than all before it, even when the clock was set back, so that pages of the
        ledger never pass over a change."""
        tables = ("case_data", "attachment", "event")
        rows = [self._first(f"select max(received_at) as at from {table}") for table in tables]  # noqa: S608
        last = max((row["at"] for row in rows if row and row["at"]), default="")
        stamp = timestamp(now)
        return stamp if stamp > last else timestamp(datetime.fromisoformat(last) + timedelta(microseconds=1))

    def keep_case_data(self, external_id: str, digest: str, body: bytes, issue: str, at: str) -> None:
        self._db.execute(
            "insert into case_data (external_id, digest, body, issue, received_at) values (?, ?, ?, ?, ?)",
            (external_id, digest, body, issue, at),
        )

    def keep_attachment(self, about: Mapping[str, Any], pieces: Iterable[bytes], at: str) -> None:
        cursor = self._db.execute(
            "insert into attachment (external_id, attachment_id, content_type, size, sha256, received_at)"
            " values (:external_id, :attachment_id, :content_type, :size, :sha256, :at)",
            {**about, "at": at},
        )
        self._db.executemany(
            "insert into piece (attachment, place, bytes) values (?, ?, ?)",
            ((cursor.lastrowid, place, piece) for place, piece in enumerate(pieces)),
        )

    def keep_event(self, event: Mapping[str, Any], body: bytes, at: str) -> None:
        self._db.execute(
            "insert into event (key, external_id, number, kind, status, at, body, received_at)"
            " values (:key, :external_id, :number, :kind, :status, :at, :body, :received_at)",
            {**event, "body": body, "received_at": at},
        )

    def remember_answer(self, key: str, target: str, digest: str, answer: str, at: str) -> None:
        self._db.execute("insert into answered values (?, ?, ?, ?, ?)", (key, target, digest, answer, at))

    def log(self, line: Mapping[str, Any]) -> None:
        self._db.execute(
            "insert into request"
            " (at, method, path, key, status, applied, duplicate, fault, size, client, message_id, issue) values"
            " (:at, :method, :path, :key, :status, :applied, :duplicate, :fault, :size, :client, :message_id, :issue)",
            line,
        )

    def forget(self, since: str) -> list[str]:
        """Lose what was received from a time on, as a restored backup does; the list of requests stays. The keys that were lost."""
        lost = [str(row["key"]) for row in self._all("select key from answered where received_at >= ?", since)]
        for table in ("case_data", "attachment", "event", "answered"):
            self._db.execute(f"delete from {table} where received_at >= ?", (since,))  # noqa: S608
        return lost


def timestamp(moment: datetime) -> str:
    """UTC with microseconds always written, so that times sort as texts."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
