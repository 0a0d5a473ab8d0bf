"""Receivers on real sockets, and cases to send to them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from apps.sync.reference.server import ReferenceServer
from apps.sync.reference.server import Settings as ReferenceSettings
from tests.sync import houses, scripted, smtp
from tests.sync.houses import House
from tests.sync.scripted import Scripted
from tests.sync.smtp import MailServer


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Scripted]:
    """A receiver that answers as told."""
    with scripted.running() as running:
        settings.NATIONAL_SERVICE_URL = running.url
        yield running


@pytest.fixture
def reference(settings: Settings, tmp_path: Path) -> Iterator[ReferenceServer]:
    """The reference receiver."""
    server = ReferenceServer(ReferenceSettings(port=0, store=tmp_path / "received.sqlite3", hang=5))
    server.start()
    settings.NATIONAL_SERVICE_URL = server.address
    yield server
    server.stop()


@pytest.fixture
def mail_server(settings: Settings) -> Iterator[MailServer]:
    """A mail server that the installation hands its mails to."""
    with smtp.running() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.MAIL_IS_SENT = True
        settings.SITE_URL, settings.DEFAULT_FROM_EMAIL = "https://service.example", "no-reply@service.example"
        yield server


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """An installation of its own, with a new database of the kind the tests run on."""
    with houses.running(tmp_path) as house:
        yield house
