"""The courier: an event loop in a thread of its own that carries lines of parcels to their receivers. It never asks the database."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
import uuid
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Self

from apps.sync.receivers.base import Delivered, Outcome, Refused, Sender, Unknown
from apps.sync.receivers.kinds import KINDS
from apps.sync.receivers.wires import Wires

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Stop:
    """One delivery on the way. Its parcel is what its kind of receiver packs."""

    delivery: int
    parcel: Any
    ask_first: bool


@dataclass
class Line:
    """One case's deliveries to one receiver, in order, in this relay's hand until `valid_until` (of the monotonic clock).

    `probe`: it is only tried to see whether the receiver is there again.
    """

    kind: str
    token: uuid.UUID
    valid_until: float
    stops: list[Stop] = field(default_factory=list)
    probe: bool = False

    @property
    def deliveries(self) -> list[int]:
        """Their ids."""
        return [stop.delivery for stop in self.stops]


Report = list[tuple[int, Outcome]]


class Landing:
    """Where reports come in, from the courier's thread to the one that waits for them: one waking for many."""

    def __init__(self) -> None:
        self._lock, self._some, self._all = threading.Lock(), threading.Event(), threading.Event()
        self._reports: deque[tuple[Line, Report]] = deque()
        self._out = 0

    def expect(self, lines: int) -> None:
        """So many more are on their way."""
        with self._lock:
            self._out += lines
            self._all.clear()

    def put(self, line: Line, report: Report) -> None:
        """One has come back."""
        with self._lock:
            self._reports.append((line, report))
            self._out -= 1
            self._some.set()
            if not self._out:
                self._all.set()

    def gather(self, patience: float, moment: float) -> list[tuple[Line, Report]]:
        """Wait until something has come back, then a moment more for what comes right after it."""
        if self._some.wait(patience):
            self._all.wait(moment)
        with self._lock:
            found = list(self._reports)
            self._reports.clear()
            self._some.clear()
        return found


class Hold:
    """Breaks off what is being sent when its line is no longer in hand.

    The relay lengthens the line's time while it lives. When it does not, another relay takes the line, and this one must be silent.
    """

    def __init__(self, line: Line) -> None:
        self._line, self._limit = line, asyncio.timeout(None)
        self._loop = asyncio.get_running_loop()

    @property
    def lost(self) -> bool:
        """Whether that has happened."""
        return self._limit.expired()

    async def __aenter__(self) -> None:
        await self._limit.__aenter__()
        self._look()

    async def __aexit__(self, *details: Any) -> None:
        self._timer.cancel()
        await self._limit.__aexit__(*details)

    def _look(self) -> None:
        left = self._line.valid_until - time.monotonic()
        self._timer = self._loop.call_later(max(left, 0.0), self._look)
        if left <= 0:
            self._timer.cancel()
            self._limit.reschedule(self._loop.time())


class Courier:
    """Carries many lines at once, each one's parcels one after the other."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="courier", daemon=True)
        self._wires = Wires()
        self._tasks: set[asyncio.Task[Report]] = set()
        self.stopping = False

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *details: object) -> None:
        """Give up what is still on its way, and close."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def carry(self, line: Line) -> Future[Report]:
        """Begin with a line. Its report has an outcome for each parcel that was tried; the last one may be another than Delivered."""
        return asyncio.run_coroutine_threadsafe(self._carry(line), self._loop)

    def carry_all(self, lines: Sequence[Line], landing: Landing) -> None:
        """Begin with many lines; their reports come in one by one."""
        if lines:
            landing.expect(len(lines))
            self._loop.call_soon_threadsafe(self._begin, lines, landing)

    def _begin(self, lines: Sequence[Line], landing: Landing) -> None:
        for line in lines:
            task = self._loop.create_task(self._land(line, landing))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _land(self, line: Line, landing: Landing) -> Report:
        report = await self._carry(line)
        landing.put(line, report)
        return report

    async def _carry(self, line: Line) -> Report:
        report: Report = []
        hold = Hold(line)
        try:
            async with KINDS[line.kind](self._wires) as sender, hold:
                for stop in line.stops:
                    if report and (self.stopping or time.monotonic() >= line.valid_until):
                        break
                    report.append((stop.delivery, await _sent(sender, stop)))
                    if not isinstance(report[-1][1], Delivered):
                        break
        except Exception as e:
            failed = line.stops[min(len(report), len(line.stops) - 1)].delivery
            if hold.lost and isinstance(e, TimeoutError):
                outcome = Unknown("not done while it was in hand")
            else:
                # What is wrong with one line must not stop the others. Its message may hold what somebody wrote; its kind does not.
                log.error("delivery %d: %s while sending", failed, type(e).__name__)
                outcome = Unknown(f"internal: {type(e).__name__}")
            report = [*(done for done in report if done[0] != failed), (failed, outcome)]
        return report

    async def _close(self) -> None:
        others = asyncio.all_tasks(self._loop) - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._wires.close()
        await self._loop.shutdown_asyncgens()
        await self._loop.shutdown_default_executor()


async def _sent(sender: Sender[Any], stop: Stop) -> Outcome:
    if isinstance(stop.parcel, Refused):
        return stop.parcel
    return await sender.send(stop.parcel, ask_first=stop.ask_first)
