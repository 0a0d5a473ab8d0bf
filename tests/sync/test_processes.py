"""Relays as processes of their own, on a database of their own: killed, stopped, and several at once."""

from __future__ import annotations

import re
import signal
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from apps.sync.duties import DUTIES
from apps.sync.reference.server import ReferenceServer
from apps.sync.reference.server import Settings as ReferenceSettings
from apps.sync.relay import hand
from tests.sync import scripted
from tests.sync.houses import House, lease_runs_out, until
from tests.sync.scripted import Scripted

pytestmark = [pytest.mark.thorough, pytest.mark.both]


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


def test_relay_killed_between_sending_and_noting_sends_again_under_the_same_key(
    house: House, national: ReferenceServer
) -> None:
    (part,) = house.run("-m", "tests.sync.outside", "1").split()
    national.faults.replace(["ok", "hang_after"])
    first = house.relay(RELAY_TIMEOUT="30", RELAY_LEASE="31")
    until(lambda: national.store.last_number(part) == 1)
    until(lambda: nobody_waits_for_a_transaction(house))  # the answer does not come for half a minute

    first.send_signal(signal.SIGKILL)
    first.wait(30)
    lease_runs_out(house)
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
    first.wait(30)
    lease_runs_out(house)
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
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=5)) as another:
        another.execute("UPDATE sync_receiver SET name = name")
        another.commit()
    return True


def test_two_relays_deliver_each_event_once(house: House, scripted_national: Scripted) -> None:
    parts = house.run("-m", "tests.sync.outside", str(hand() + 20)).split()
    scripted_national.gate.clear()
    relays = [house.relay(RELAY_TIMEOUT="15", RELAY_LEASE="20") for _n in range(2)]
    until(lambda: scripted_national.arrived > hand() + 2)  # more than one relay holds and asks for: both are at work
    scripted_national.gate.set()

    until(lambda: len(scripted_national.order) == 2 * len(parts))
    for relay in relays:
        relay.send_signal(signal.SIGTERM)
    ends = [relay.communicate(timeout=60)[1].decode() for relay in relays]

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
    _out, errors = relay.communicate(timeout=60)

    assert relay.returncode == 0
    assert "delivered 1" in errors.decode()
    assert [number for _part, number in scripted_national.order] == [1]
    scripted_national.delay = 0
    house.run("manage.py", "relay", "--once")
    assert [number for _part, number in scripted_national.order] == [1, 2]
    assert len(scripted_national.of("GET", "/events")) == 0


def test_relay_goes_on_when_the_database_was_away(house: House, scripted_national: Scripted) -> None:
    if house.env["DATABASE_URL"].startswith("sqlite"):
        pytest.skip("SQLite has no connection to cut")
    house.run("-m", "tests.sync.outside", "1")
    relay = house.relay()
    until(lambda: len(scripted_national.order) == 2)

    with psycopg.connect(house.env["DATABASE_URL"], autocommit=True) as another:
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        cut = another.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}".encode())  # noqa: S608
        assert cut.rowcount >= 1  # one listens, one does the duties
    house.run("-m", "tests.sync.outside", "1")

    until(lambda: len(scripted_national.order) >= 3)
    assert relay.poll() is None


def test_relay_does_the_duties_beside_what_it_sends(house: House, scripted_national: Scripted) -> None:
    scripted_national.gate.clear()
    house.run("-m", "tests.sync.outside", "1")
    relay = house.relay(RELAY_TIMEOUT="15", RELAY_LEASE="20")

    until(lambda: house.count("sync_dutydone", "ended_at IS NOT NULL") >= len(DUTIES) - 1)  # one waits for the receiver
    assert len(scripted_national.order) == 0
    assert house.count("sync_relayalive", "1 = 1") == 1

    scripted_national.gate.set()
    relay.send_signal(signal.SIGTERM)
    relay.communicate(timeout=60)
    assert relay.returncode == 0


def test_idle_relay_hears_of_a_new_event_at_once_where_the_database_can_tell(
    house: House, national: ReferenceServer
) -> None:
    if house.env["DATABASE_URL"].startswith("sqlite"):
        pytest.skip("SQLite gives no hints: the relay looks every RELAY_POLL seconds")
    house.run("manage.py", "migrate", "--verbosity", "0")
    relay = house.relay(
        RELAY_POLL="300", RELAY_TIMEOUT="30", RELAY_LEASE="31"
    )  # five times as long as this test has patience
    until(lambda: house.count("pg_stat_activity", "query LIKE 'LISTEN%'") > 0)

    (part,) = house.run("-m", "tests.sync.outside", "1").split()

    until(lambda: national.store.last_number(part) == 2)
    relay.send_signal(signal.SIGTERM)
    assert relay.wait(60) == 0


def test_idle_relay_stops_when_it_is_told_to_however_seldom_it_looks(house: House, national: ReferenceServer) -> None:
    house.run("manage.py", "migrate", "--verbosity", "0")
    relay = house.relay(RELAY_POLL="600")
    until(lambda: house.count("sync_dutydone", "ended_at IS NOT NULL") > 0)

    relay.send_signal(signal.SIGTERM)

    assert relay.wait(60) == 0
