"""Relays as processes of their own, on a database of their own: killed, stopped, and several at once."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings as django_settings

from apps.sync.reference.server import ReferenceServer
from apps.sync.reference.server import Settings as ReferenceSettings
from apps.sync.relay import BATCH
from tests.sync import scripted
from tests.sync.scripted import Scripted

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 20.0


@dataclass
class House:
    """An installation outside the test's process."""

    env: dict[str, str]
    parts: list[str] = field(default_factory=list)
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def run(self, *args: str) -> str:
        """A command, to its end."""
        done = subprocess.run(
            [sys.executable, *args], cwd=ROOT, env=self.env, capture_output=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def relay(self, *args: str, **env: str) -> subprocess.Popen[bytes]:
        """A relay, started."""
        command = [sys.executable, "manage.py", "relay", *args]
        process = subprocess.Popen(
            command, cwd=ROOT, env={**self.env, **env}, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
        self.started.append(process)
        return process


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A new database of the kind the tests run on."""
    with _database(tmp_path) as url:
        house = House(
            {
                **os.environ,
                "DATABASE_URL": url,
                "VAR_DIR": str(tmp_path),
                "ENVIRONMENT": "development",
                "DEBUG": "off",
                "TEST_IDENTITY": "off",
                "NATIONAL_SERVICE_TOKEN": "",
                "SECRET_KEY": "for-the-tests-only-" + "x" * 40,
                "DJANGO_SETTINGS_MODULE": "config.settings",
                "RELAY_TIMEOUT": "2",
                "RELAY_LEASE": "3",
                "RELAY_POLL": "0.1",
            }
        )
        try:
            yield house
        finally:
            for process in house.started:
                process.kill()
                process.communicate()


class _database:  # noqa: N801 (used as a function)
    def __init__(self, folder: Path) -> None:
        self.settings = django_settings.DATABASES["default"]
        self.name = f"relay_{uuid.uuid4().hex}"
        self.folder = folder

    @property
    def on_sqlite(self) -> bool:
        return "sqlite" in self.settings["ENGINE"]

    def _do(self, sql: str) -> None:
        s = self.settings
        at = {"host": s["HOST"], "port": s["PORT"] or 5432, "user": s["USER"], "password": s["PASSWORD"] or None}
        with psycopg.connect(**at, dbname="postgres", autocommit=True) as connection:
            connection.execute(sql.encode())

    def __enter__(self) -> str:
        if self.on_sqlite:
            return f"sqlite:///{self.folder / 'house.sqlite3'}"
        self._do(f"CREATE DATABASE {self.name}")
        s = self.settings
        who = f"{s['USER']}:{s['PASSWORD']}" if s["PASSWORD"] else s["USER"]
        return f"postgres://{who}@{s['HOST']}:{s['PORT'] or 5432}/{self.name}"

    def __exit__(self, *details: object) -> None:
        if not self.on_sqlite:
            self._do(f"DROP DATABASE {self.name} WITH (FORCE)")


@pytest.fixture
def national(house: House, tmp_path: Path) -> Iterator[ReferenceServer]:
    """The reference receiver, known to the house."""
    server = ReferenceServer(ReferenceSettings(port=0, store=tmp_path / "received.sqlite3", hang=30))
    server.start()
    house.env["NATIONAL_SERVICE_URL"] = server.address
    yield server
    server.stop()


@pytest.fixture
def scripted_national(house: House) -> Iterator[Scripted]:
    """A receiver that answers as told, known to the house."""
    with scripted.running() as receiver:
        house.env["NATIONAL_SERVICE_URL"] = receiver.url
        yield receiver


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)


def test_relay_killed_between_sending_and_noting_sends_again_under_the_same_key(
    house: House, national: ReferenceServer
) -> None:
    (part,) = house.run("-m", "tests.sync.outside", "1").split()
    national.faults.replace(["ok", "hang_after"])
    first = house.relay(RELAY_TIMEOUT="30", RELAY_LEASE="31")
    until(lambda: national.store.last_number(part) == 1)
    assert nobody_waits_for_a_transaction(house)

    first.send_signal(signal.SIGKILL)
    first.wait(5)
    _lease_runs_out(house)
    house.run("manage.py", "relay", "--once")

    events = national.store.events(part)
    assert [(row["number"], row["kind"]) for row in events] == [(1, "received"), (2, "take_up")]
    sent = Counter(row["key"] for row in national.store.requests(0) if row["applied"])
    assert set(sent.values()) == {1}


def test_relay_killed_after_sending_a_receiver_that_cannot_be_asked_has_it_once(
    house: House, scripted_national: Scripted
) -> None:
    house.run("-m", "tests.sync.outside", "1")
    scripted_national.script = ["ok", "hang_after", (404, {}, {})]
    first = house.relay(RELAY_TIMEOUT="30", RELAY_LEASE="31")
    until(lambda: len(scripted_national.of("POST")) == 1)

    first.send_signal(signal.SIGKILL)
    first.wait(5)
    _lease_runs_out(house)
    house.run("manage.py", "relay", "--once")

    posts = scripted_national.of("POST")
    assert posts[0].key == posts[1].key
    assert posts[0].body == posts[1].body
    assert [number for _part, number in scripted_national.order] == [1, 2]


def nobody_waits_for_a_transaction(house: House) -> bool:
    """Whether others can write while a relay waits for an answer."""
    url = house.env["DATABASE_URL"]
    if not url.startswith("sqlite"):
        with psycopg.connect(url) as open_one:
            sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'"
            return open_one.execute(sql).fetchone() == (0,)
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=1)) as another:
        another.execute("UPDATE sync_receiver SET name = name")
        another.commit()
    return True


def _lease_runs_out(house: House) -> None:
    """As if the lease's time had passed."""
    sql = "UPDATE sync_delivery SET lease_until = '2001-01-01 00:00:00' WHERE lease_until IS NOT NULL AND delivered_at IS NULL"
    url = house.env["DATABASE_URL"]
    on_sqlite = url.startswith("sqlite")
    connection: Any = sqlite3.connect(url.removeprefix("sqlite:///")) if on_sqlite else psycopg.connect(url)
    with closing(connection):
        assert connection.execute(sql).rowcount
        connection.commit()


def test_two_relays_deliver_each_event_once(house: House, scripted_national: Scripted) -> None:
    parts = house.run("-m", "tests.sync.outside", str(BATCH + 20)).split()
    scripted_national.gate.clear()
    relays = [house.relay(RELAY_TIMEOUT="15", RELAY_LEASE="20") for _n in range(2)]
    until(lambda: scripted_national.arrived > BATCH)  # more than one relay holds: both are at work
    scripted_national.gate.set()

    until(lambda: len(scripted_national.order) == 2 * len(parts))
    for relay in relays:
        relay.send_signal(signal.SIGTERM)
    ends = [relay.communicate(timeout=10)[1].decode() for relay in relays]

    assert [relay.returncode for relay in relays] == [0, 0]
    assert set(Counter(said.key for said in scripted_national.said).values()) == {1}
    for part in parts:
        assert [number for other, number in scripted_national.order if other == part] == [1, 2]
    assert "Customer" not in "".join(ends)
    assert sum(int(n) for n in re.findall(r"delivered (\d+)", "".join(ends))) == 2 * len(parts)


def test_relay_that_is_told_to_stop_finishes_what_is_in_hand(house: House, scripted_national: Scripted) -> None:
    scripted_national.delay = 0.5
    house.run("-m", "tests.sync.outside", "1")
    relay = house.relay()
    until(lambda: len(scripted_national.said) == 1)

    relay.send_signal(signal.SIGTERM)
    _out, errors = relay.communicate(timeout=10)

    assert relay.returncode == 0
    assert "delivered 1" in errors.decode()
    assert [number for _part, number in scripted_national.order] == [1]
    scripted_national.delay = 0
    house.run("manage.py", "relay", "--once")
    assert [number for _part, number in scripted_national.order] == [1, 2]
    assert len(scripted_national.of("GET")) == 0


def test_relay_goes_on_when_the_database_was_away(house: House, scripted_national: Scripted) -> None:
    if house.env["DATABASE_URL"].startswith("sqlite"):
        pytest.skip("SQLite has no connection to cut")
    house.run("-m", "tests.sync.outside", "1")
    relay = house.relay()
    until(lambda: len(scripted_national.order) == 2)

    with psycopg.connect(house.env["DATABASE_URL"], autocommit=True) as another:
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        cut = another.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}".encode())  # noqa: S608
        assert cut.rowcount == 1
    house.run("-m", "tests.sync.outside", "1")

    until(lambda: len(scripted_national.order) >= 3)
    assert relay.poll() is None
