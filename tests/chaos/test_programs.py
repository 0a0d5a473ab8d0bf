"""That what is killed is killed whole, and comes back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.programs import Program, run, until

pytestmark = pytest.mark.thorough

FAMILY = ["sh", "-c", "sleep 60 & echo $!; exec sleep 60"]


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    """One with a child."""
    made = Program("family", FAMILY, dict(os.environ), tmp_path / "family.log")
    yield made
    made.kill()


def child_of(program: Program) -> int:
    assert until(lambda: program.log.exists() and program.log.read_text().strip() != "", 5)
    return int(program.log.read_text().split()[-1])


def lives(pid: int) -> bool:
    """Whether it runs; one that is dead and only waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_everything_that_a_program_has_started_is_killed_with_it(program: Program) -> None:
    program.start()
    child = child_of(program)

    program.kill()

    assert not program.runs
    assert until(lambda: not lives(child), 5)


def test_what_was_struck_comes_back_when_it_is_time(program: Program) -> None:
    program.tend()

    program.strike(rest=0.1)
    program.tend()
    assert not program.runs

    assert until(program.tend, 5)
    assert (program.killed, program.ended) == (1, 0)


def test_what_ends_by_itself_is_started_again_and_noted(tmp_path: Path) -> None:
    program = Program("short", ["true"], dict(os.environ), tmp_path / "short.log")

    try:
        assert until(lambda: not program.tend() and program.ended > 0, 5)
        assert program.process is None
    finally:
        program.kill()


def test_command_that_fails_says_what_it_said(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="no way"):
        run(["sh", "-c", "echo no way; exit 3"], dict(os.environ))
