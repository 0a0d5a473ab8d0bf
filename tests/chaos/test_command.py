"""What `make chaos` runs on, and when it ends."""

from __future__ import annotations

import threading

import pytest

from tests.chaos import __main__ as chaos
from tests.chaos import cluster


def test_without_postgresql_that_half_is_left_out_and_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cluster, "binaries", lambda: None)
    monkeypatch.delenv("REQUIRE_POSTGRES", raising=False)

    assert chaos.databases() == (["SQLite"], [])
    assert "Left out: PostgreSQL" in capsys.readouterr().out


def test_postgresql_that_must_be_there_is_a_failure_when_it_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "binaries", lambda: None)
    monkeypatch.setenv("REQUIRE_POSTGRES", "1")

    names, missing = chaos.databases()

    assert names == ["SQLite"]
    assert len(missing) == 1


def test_run_is_told_to_stop_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chaos.signal, "signal", lambda *_: None)

    with chaos.bounded(0.01) as stop:
        assert stop.wait(5)
    assert isinstance(stop, threading.Event)
