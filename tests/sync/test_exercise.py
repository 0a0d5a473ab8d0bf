"""Schemathesis against the reference receiver: requests made of docs/interface/openapi.yaml, right and wrong, over a real socket.

CONTRACT_SECONDS=120 makes it longer, and CONTRACT_SEED throws other dice. `python -m tests.sync.exercise` does the same with any other
server that speaks the interface.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.sync.reference.server import ReferenceServer, Settings
from tests.sync import exercise

pytestmark = pytest.mark.thorough

TOKEN = "of-the-exercise"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ReferenceServer]:
    server = ReferenceServer(Settings(port=0, store=tmp_path / "received.sqlite3", token=TOKEN))
    server.start()
    yield server
    server.stop()


def test_document_is_valid_openapi(tmp_path: Path) -> None:
    import schemathesis  # noqa: PLC0415 - it is large, and no other test needs it

    document = schemathesis.openapi.from_path(str(exercise.prepared(tmp_path / "interface")))

    document.validate()
    assert document.specification.version == "3.1.0"
    assert sum(1 for _operation in document.get_all_operations()) == 9


def test_reference_receiver_answers_as_the_document_says(server: ReferenceServer) -> None:
    seconds, seed = int(os.environ.get("CONTRACT_SECONDS", "0")), int(os.environ.get("CONTRACT_SEED", "1"))

    good, said = exercise.run(server.address, token=TOKEN, seconds=seconds, seed=seed)

    assert good, said


def test_what_is_not_as_the_document_says_is_found(server: ReferenceServer) -> None:
    server.faults.replace(["500"] * 10_000)

    good, said = exercise.run(server.address, token=TOKEN, examples=1, phases="fuzzing")

    assert not good
    assert "Server error" in said
