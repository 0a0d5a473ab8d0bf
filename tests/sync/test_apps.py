"""What is looked at before anything runs."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from pytest_django import Settings


def test_relay_does_not_start_when_a_request_may_outlive_its_lease(settings: Settings) -> None:
    settings.RELAY_TIMEOUT = settings.RELAY_LEASE = 20.0

    with pytest.raises(SystemCheckError, match="RELAY_TIMEOUT must be shorter than RELAY_LEASE"):
        call_command("relay", "--once", skip_checks=False)
