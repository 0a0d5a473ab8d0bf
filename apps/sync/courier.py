"""The courier: an event loop in a thread of its own that carries lines of parcels to their receivers. It never asks the database."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
import uuid
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Self

from apps.sync.receivers.base import Delivered, Outcome, Refused, Sender, Unknown
from apps.sync.receivers.kinds import KINDS

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


class Courier:
    """Carries many lines at once, each one's parcels one after the other."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="courier", daemon=True)
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

    async def _carry(self, line: Line) -> Report:
        report: Report = []
        try:
            async with KINDS[line.kind]() as sender:
                for stop in line.stops:
                    if report and (self.stopping or time.monotonic() >= line.valid_until):
                        break
                    report.append((stop.delivery, await self._send(sender, line, stop)))
                    if not isinstance(report[-1][1], Delivered):
                        break
        except Exception as e:
            # What is wrong with one line must not stop the others. Its message may hold what somebody wrote; its kind does not.
            failed = line.stops[min(len(report), len(line.stops) - 1)].delivery
            log.error("delivery %d: %s while sending", failed, type(e).__name__)
            report = [
                *(done for done in report if done[0] != failed),
                (failed, Unknown(f"internal: {type(e).__name__}")),
            ]
        return report

    async def _send(self, sender: Sender[Any], line: Line, stop: Stop) -> Outcome:
        if isinstance(stop.parcel, Refused):
            return stop.parcel
        task = asyncio.create_task(sender.send(stop.parcel, ask_first=stop.ask_first))
        try:
            # The relay lengthens the line's time while it lives. When it does not, another relay takes the line,
            # and this one must be silent.
            while not task.done() and (left := line.valid_until - time.monotonic()) > 0:
                await asyncio.wait({task}, timeout=left)
            if not task.done():
                return Unknown("not done while it was in hand")
            return task.result()
        finally:
            task.cancel()

    async def _close(self) -> None:
        others = asyncio.all_tasks(self._loop) - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._loop.shutdown_asyncgens()
        await self._loop.shutdown_default_executor()
