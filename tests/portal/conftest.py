"""What tests of the customer's pages share."""

from __future__ import annotations

import pytest

from apps.portal import mandated


@pytest.fixture
def mandates_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """The source of mandates, which says that they all hold; what it is asked, tests/portal/test_acting.py shows."""
    monkeypatch.setattr(mandated, "_still", lambda _request, _mandate: True)
