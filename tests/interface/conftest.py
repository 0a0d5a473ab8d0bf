"""What every test of the interface shares."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from apps.people import limits


@pytest.fixture(autouse=True)
def _counted_afresh() -> Iterator[None]:
    """What one test's systems have called is nothing to those of the next, which may have the same primary keys."""
    limits.forget_rough()
    yield
    limits.forget_rough()
