"""What the relay delivers in a second, and what it costs, to a receiver of its own that answers at once or after 20 ms."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import transaction

from apps.cases import intake
from apps.sync import relay
from tests import build

ROOT = Path(__file__).resolve().parents[2]
DELAYS_MS = (0, 20)


@contextmanager
def receiver(delay: int) -> Iterator[None]:
    """A receiver process, and the settings that lead to it."""
    command = [sys.executable, "-m", "tests.bench.receiver", str(delay)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        port = (process.stdout or sys.stdin).readline().strip()
        settings.NATIONAL_SERVICE_URL = f"http://127.0.0.1:{port}"
        yield
    finally:
        process.terminate()
        process.communicate(timeout=10)


def measure(*, cases: int) -> dict[str, float]:
    """All figures of the relay: three events a case, no attachments."""
    figures: dict[str, float] = {"send_paper_ms": _sending()}
    relay.run_once()  # nothing is owed but what is made below
    for delay in DELAYS_MS:
        _make(cases)
        with receiver(delay):
            wall, cpu = time.perf_counter(), time.process_time()
            counts = relay.run_once()
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        if counts.delivered < cases * 3:
            raise RuntimeError(f"delivered {counts.delivered} of {cases * 3}")
        figures[f"relay_per_second_{delay}ms"] = counts.delivered / wall
        figures[f"relay_cpu_ms_{delay}ms"] = cpu * 1000 / counts.delivered
    _print(figures, cases)
    return figures


def _make(cases: int) -> None:
    version, handler = build.version(key="relay"), build.official()
    for _ in range(cases):
        with transaction.atomic():
            case = build.case(version)
            case.take_step("take_up", by=handler, at=build.NOW)
            case.take_step("close", by=handler, at=build.NOW, outcome="noted", text="Klart")


def _sending() -> float:
    """What it costs to send a paper, all of it: freezing it, the case, the diary line. Milliseconds of processor time, the median."""
    version, found = build.version(key="relay"), []
    for _ in range(50):
        paper = build.application(version)
        before = time.process_time()
        intake.send(paper, at=build.NOW)
        found.append((time.process_time() - before) * 1000)
    return statistics.median(found)


def _print(figures: dict[str, float], cases: int) -> None:
    print(f"\nThe relay: {cases} cases of three events, one process\n")
    for delay in DELAYS_MS:
        rate, cpu = figures[f"relay_per_second_{delay}ms"], figures[f"relay_cpu_ms_{delay}ms"]
        print(f"a receiver that takes {delay:2} ms      {rate:8.0f} delivered/s   {cpu:6.2f} ms of processor time each")
    print(f"sending a paper, all of it, ms      {figures['send_paper_ms']:8.2f}")
