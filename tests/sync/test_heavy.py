"""Large attachments: streamed from the storage to the receiver, byte for byte, and never whole in the relay's memory."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest

from apps.sync.reference.server import ReferenceServer
from apps.sync.reference.server import Settings as ReferenceSettings
from tests.sync import folders, houses

LARGE = 50_000_000
MORE_AT_MOST = 20_000  # kilobytes
PATIENT = {"RELAY_TIMEOUT": "50", "RELAY_LEASE": "55"}

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc"),
    pytest.mark.thorough,
]


def sent(folder: Path, size: int) -> tuple[int, str, str]:
    """A case with a file of this size is sent by a process of its own: the most memory it held, in kilobytes; our digest, and theirs."""
    folder.mkdir()
    server = ReferenceServer(ReferenceSettings(port=0, store=folder / "received.sqlite3"))
    server.start()
    try:
        with houses.running(folder) as house:
            house.env |= {"NATIONAL_SERVICE_URL": server.address, **PATIENT}
            part, ours = house.run("-m", "tests.sync.heavy", "make", str(size)).split()
            held = int(house.run("-m", "tests.sync.heavy", "send"))
        row = server.store.attachment(part, folders.ATTACHED.format(n=1))
        assert row is not None
        theirs = hashlib.sha256()
        for piece in server.store.pieces(row["id"]):
            theirs.update(piece)
        assert row["size"] == size
        return held, ours, theirs.hexdigest()
    finally:
        server.stop()


def test_file_of_50_mb_adds_less_than_20_mb_to_the_relay_and_arrives_byte_for_byte(tmp_path: Path) -> None:
    little, *_digests = sent(tmp_path / "small", 10_000)

    much, ours, theirs = sent(tmp_path / "large", LARGE)

    assert theirs == ours
    assert little > 0
    assert much - little < MORE_AT_MOST
