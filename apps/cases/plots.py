"""Bars drawn as SVG on the server: a picture of a table that stands beside it, made of shapes and classes alone (no style, no script)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

BAR, GAP, LABEL, NUMBER, WIDTH = 14, 10, 150, 50, 440  # narrow, so that it can be read on a phone
LONGEST_LABEL = 20


@dataclass(frozen=True)
class Bar:
    """A bar: where it lies in the drawing, in its units, and the number at its end."""

    x: float
    y: int
    width: float
    tone: str
    number: str

    @property
    def text_x(self) -> float:
        """Where its number stands."""
        return self.x + self.width + 6

    @property
    def text_y(self) -> int:
        """The line its number stands on."""
        return self.y + BAR - 2

    @property
    def height(self) -> int:
        """How thick it is."""
        return BAR


@dataclass(frozen=True)
class Group:
    """A row of the drawing: its name, shortened where it is long, and its bars one under the other."""

    name: str
    y: int
    bars: list[Bar]


@dataclass(frozen=True)
class Plot:
    """A drawing. `about` says in words what it shows, for those who do not see it."""

    key: str
    title: str
    about: str
    series: list[tuple[str, str]]
    groups: list[Group]
    height: int
    width: int = WIDTH


def bars(
    key: str, title: str, about: str, series: Sequence[str], rows: Sequence[tuple[str, Sequence[float]]]
) -> Plot | None:
    """A drawing of a row per name with a bar per series, as long as its value; None when there is nothing to draw."""
    most = max((value for _name, values in rows for value in values), default=0)
    if most <= 0:
        return None
    room = WIDTH - LABEL - NUMBER
    groups, y = [], GAP
    for name, values in rows:
        drawn = [
            Bar(LABEL, y + n * (BAR + 2), round(room * value / most, 1), f"bar--{n + 1}", f"{value:g}")
            for n, value in enumerate(values)
        ]
        groups.append(Group(_short(name), y + BAR - 2, drawn))
        y += len(values) * (BAR + 2) + GAP
    tones = [(f"bar--{n + 1}", name) for n, name in enumerate(series)]
    return Plot(key, title, about, tones, groups, y)


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_LABEL else name[: LONGEST_LABEL - 1].rstrip() + "…"
