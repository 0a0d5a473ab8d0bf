"""Connections that outlive a line: each is in one line's hand at a time, and is kept only as long as every answer on it was in step.

So a case need not wait for a new connection, and what goes wrong on a connection still ends with it: another line is never given
one on which anything odd has come.
"""

from __future__ import annotations

import time
from collections.abc import Hashable
from dataclasses import dataclass, field

import aiohttp

IDLE = 1.0  # seconds after which a kept connection is not trusted any more: its other end may be closing it just then
LONGEST = 60.0  # seconds after which a new one is made, wherever the name leads by then
MOST = 128  # as many as lines are in hand at once


@dataclass
class Wire:
    """A session of one connection. `way`: whatever must be the same for it to be used again; `used`: whether its connection has
    carried an answer, and nothing but answers to what was sent.
    """

    session: aiohttp.ClientSession
    way: Hashable
    since: float = field(default_factory=time.monotonic)
    used: bool = False


class Wires:
    """The connections that nobody has in hand just now. All of them belong to one event loop."""

    def __init__(self) -> None:
        self._free: list[Wire] = []

    async def take(self, way: Hashable) -> Wire | None:
        """One that leads that way; None when there is none."""
        while self._free:
            wire = self._free.pop()
            if wire.way == way and time.monotonic() - wire.since < LONGEST:
                return wire
            await wire.session.close()
        return None

    async def give_back(self, wire: Wire) -> None:
        """Keep it for the next line, if it is in step."""
        if wire.used and len(self._free) < MOST:
            self._free.append(wire)
        else:
            await wire.session.close()

    async def close(self) -> None:
        """Close all that are kept."""
        while self._free:
            await self._free.pop().session.close()
