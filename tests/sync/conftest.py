"""Receivers on real sockets, and cases to send to them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from apps.sync.reference.server import ReferenceServer
from apps.sync.reference.server import Settings as ReferenceSettings
from tests.sync import scripted
from tests.sync.scripted import Scripted


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Scripted]:
    """A receiver that answers as told."""
    with scripted.running() as running:
        settings.NATIONAL_SERVICE_URL = running.url
        settings.RELAY_TIMEOUT = 0.5
        yield running


@pytest.fixture
def reference(settings: Settings, tmp_path: Path) -> Iterator[ReferenceServer]:
    """The reference receiver."""
    server = ReferenceServer(ReferenceSettings(port=0, store=tmp_path / "received.sqlite3", hang=5))
    server.start()
    settings.NATIONAL_SERVICE_URL = server.address
    settings.RELAY_TIMEOUT = 0.5
    yield server
    server.stop()
