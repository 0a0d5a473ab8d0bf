"""On SQLite everybody who writes waits for each other, and nobody is turned away: the relay never holds the database for long."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.sync import relay
from tests.sync import houses, scripted
from tests.sync.houses import House
from tests.sync.scripted import Scripted

pytestmark = [pytest.mark.thorough, pytest.mark.both]

SAVES, NOTED = 500, 100


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[tuple[House, Scripted]]:
    """An installation on SQLite with cases to send, and a receiver that answers at once."""
    with houses.running(tmp_path) as house, scripted.running() as receiver:
        house.env |= {
            "DATABASE_URL": f"sqlite:///{tmp_path / 'crowd.sqlite3'}",
            "NATIONAL_SERVICE_URL": receiver.url,
            "RELAY_TIMEOUT": "20",
            "RELAY_LEASE": "30",
        }
        yield house, receiver


def test_relay_takes_no_more_than_64_lines_at_once() -> None:
    assert relay.HAND_OF_ONE_WRITER <= 64


def test_five_hundred_saves_beside_a_relay_at_full_load_meet_no_locked_database(busy: tuple[House, Scripted]) -> None:
    house, receiver = busy
    house.run("-m", "tests.sync.outside", "80")
    process = house.relay()
    houses.until(lambda: len(receiver.order) > 20)

    saves, locked, noted = map(int, house.run("-m", "tests.sync.crowd", str(SAVES), str(NOTED)).split())

    process.send_signal(signal.SIGTERM)
    _out, errors = process.communicate(timeout=60)
    assert saves >= SAVES
    assert locked == 0
    assert noted >= NOTED  # it was at work all the time
    assert process.returncode == 0
    assert not re.search("locked|database is away", errors.decode())
