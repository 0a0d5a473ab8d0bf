"""Schemathesis against the portal's interface: requests made of docs/interface/authorities.yaml, right and wrong, over a real socket.

CONTRACT_SECONDS=600 makes it longer, and CONTRACT_SEED throws other dice. `python -m tests.sync.exercise --document authorities.yaml` does
the same with any installation: give it the key of a system for testing.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from apps.people.log import Act
from apps.people.models import LogLine
from tests import build
from tests.interface import callers
from tests.sync import exercise, folders

pytestmark = pytest.mark.thorough

CASES = 12


@pytest.fixture
def key(transactional_db: None, settings: Settings) -> str:
    """The key of a system that may do everything, with cases in hand and limits off."""
    settings.RATE_LIMITS = False
    folders.supplemented(folders.with_file())
    for n in range(CASES):
        case = build.case()
        if n % 3:
            folders.handled(case)
    return callers.key()


def test_document_is_valid_openapi(tmp_path: Path) -> None:
    import schemathesis  # noqa: PLC0415 - it is large, and no other test needs it

    path = exercise.prepared(tmp_path / "interface", exercise.AUTHORITIES)
    document = schemathesis.openapi.from_path(str(path))

    document.validate()
    assert document.specification.version == "3.1.0"
    assert sum(1 for _operation in document.get_all_operations()) == 11


def test_portal_answers_as_the_document_says(live_server: LiveServer, key: str) -> None:
    seconds, seed = int(os.environ.get("CONTRACT_SECONDS", "0")), int(os.environ.get("CONTRACT_SEED", "1"))

    good, said = exercise.run(
        f"{live_server.url}/interface/v1",
        document=exercise.AUTHORITIES,
        token=key,
        examples=int(os.environ.get("CONTRACT_EXAMPLES", "3")),
        seconds=seconds,
        seed=seed,
    )

    if seconds:
        print(said)  # noqa: T201
    assert good, said
    assert LogLine.objects.filter(act=Act.CHANGED).exists()  # something came of it
