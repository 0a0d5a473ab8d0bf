"""What make test, make thorough and make journeys run: together everything, and each says what it leaves out."""

from __future__ import annotations

from importlib import import_module
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import pytest

script: Any = import_module("scripts.test")  # a program, not a package
plan = script.plan
ROOT = Path(__file__).resolve().parents[2]
MARKS = ("journey", "main_journey", "thorough", "both")


@pytest.fixture(autouse=True)
def _everything_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script, "postgres_version", lambda: "15.0")
    monkeypatch.setattr(script, "browser_version", lambda: "Chromium 120")


def runs(part: Any, marks: set[str]) -> bool:
    """Whether a part takes a test with these marks: what stands after -m, read as pytest does."""
    words = part.options[part.options.index("-m") + 1]
    return bool(eval(words, {mark: mark in marks for mark in MARKS}))  # noqa: S307 (our own words)


def on_sqlite(what: Any, marks: set[str]) -> bool:
    return any(runs(part, marks) for part in what.parts if part.database == script.SQLITE)


def on_postgresql(what: Any, marks: set[str]) -> bool:
    return any(runs(part, marks) for part in what.parts if part.database == script.POSTGRES)


def possible() -> list[set[str]]:
    """Every set of marks; the main journey is one of the journeys."""
    every = chain.from_iterable(combinations(MARKS, number) for number in range(len(MARKS) + 1))
    return [set(marks) for marks in every if "journey" in marks or "main_journey" not in marks]


@pytest.mark.parametrize("marks", possible(), ids=lambda marks: "+".join(sorted(marks)) or "none")
def test_thorough_and_journeys_together_leave_out_no_test(marks: set[str]) -> None:
    thorough, journeys = plan(thorough=True), plan(journeys=True)

    assert on_sqlite(thorough, marks) or on_sqlite(journeys, marks)
    assert on_postgresql(thorough, marks) is ("journey" not in marks)


def test_the_short_way_leaves_out_what_takes_long_and_most_of_the_second_database() -> None:
    short = plan()

    assert on_sqlite(short, set())
    assert on_sqlite(short, {"journey", "main_journey"})
    assert not on_sqlite(short, {"thorough"})
    assert not on_sqlite(short, {"journey"})
    assert on_postgresql(short, {"both"})
    assert not on_postgresql(short, set())
    assert not on_postgresql(short, {"both", "thorough"})


def test_each_says_what_it_leaves_out_and_how_to_run_it() -> None:
    assert [what.rpartition(": ")[2] for what in plan().left_out] == ["make thorough", "make journeys"]
    assert [what.rpartition(": ")[2] for what in plan(thorough=True).left_out] == ["make journeys"]


def test_build_server_leaves_out_nothing() -> None:
    said = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()

    assert [line.split()[-1] for line in said if "make" in line.split()[:2] and line.split()[0] != "command"] == [
        "thorough",
        "lint",
        "journeys",
        "chaos",
    ]


@pytest.mark.parametrize("command", ["test", "thorough", "journeys"])
def test_commands_are_described(command: str) -> None:
    for page in ("README.md", "CONTRIBUTING.md"):
        assert f"make {command}" in (ROOT / page).read_text("utf-8")
    assert f"\n{command}: ## " in (ROOT / "Makefile").read_text("utf-8")
