"""Bars: as long as their values, inside the drawing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from apps.cases import plots

ROWS = st.lists(st.tuples(st.text(max_size=60), st.lists(st.floats(0, 1e9), min_size=1, max_size=3)), max_size=20)


@given(ROWS)
def test_every_bar_lies_in_the_drawing(rows: list[tuple[str, list[float]]]) -> None:
    plot = plots.bars("key", "Title", "About", ["one"], rows)

    assert (plot is None) == (not any(value > 0 for _name, values in rows for value in values))
    for group in plot.groups if plot else ():
        assert len(group.name) <= plots.LONGEST_LABEL
        for bar in group.bars:
            assert bar.width >= 0
            assert bar.x + bar.width <= plots.WIDTH - plots.NUMBER + 0.1
            assert bar.y + bar.height <= plot.height  # type: ignore[union-attr]


def test_bars_are_as_long_as_their_values() -> None:
    plot = plots.bars("key", "Title", "About", ["one"], [("a", [1]), ("b", [2])])

    assert plot is not None
    (first,), (second,) = (group.bars for group in plot.groups)
    assert second.width == first.width * 2
