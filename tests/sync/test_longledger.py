"""Many cases: compared page by page, in memory that does not grow with them and with queries that grow in step with them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.sync import houses, longledger

FEW, MANY = 800, 8_000
MORE_AT_MOST = 5_000  # kilobytes

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc"),
    pytest.mark.thorough,
]


def compared(folder: Path, cases: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """What processes of their own say of comparing so many: both sides are the same; the receiver has lost a tenth, which is sent again."""
    folder.mkdir()
    with houses.running(folder) as house:
        house.run("-m", "tests.sync.manycases", "make", str(cases))
        said = []
        for served, way in ((cases, "only"), (cases - cases // 10, "sending")):
            with longledger.serving(served) as address:
                house.env["NATIONAL_SERVICE_URL"] = address
                said.append(json.loads(house.run("-m", "tests.sync.manycases", "compare", way)))
    return said[0], said[1]


def test_ten_times_as_many_cases_take_no_more_memory_and_no_more_queries_each(tmp_path: Path) -> None:
    few, few_lost = compared(tmp_path / "few", FEW)

    many, many_lost = compared(tmp_path / "many", MANY)

    assert many["totals"] == {"accepted": MANY, "acknowledged": MANY}
    assert many_lost["totals"]["resent"] == many_lost["totals"]["missing"] == MANY // 10
    assert few["held"] > 0
    assert many["held"] - few["held"] < MORE_AT_MOST
    assert many_lost["held"] - few_lost["held"] < MORE_AT_MOST
    assert many["queries"] <= 10 * few["queries"]
    assert many_lost["queries"] <= 10 * few_lost["queries"]
