"""How long answers are waited for: as long as the setting says, however slow the machine, except where somebody is known to hang."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pytest_django import Settings

HURRY = 0.6  # seconds


@contextmanager
def hurried(settings: Settings, when: bool = True) -> Iterator[None]:
    """Wait only a moment for answers: for the first sending to somebody who hangs."""
    usual = settings.RELAY_TIMEOUT
    settings.RELAY_TIMEOUT = HURRY if when else usual
    yield
    settings.RELAY_TIMEOUT = usual
