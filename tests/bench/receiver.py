"""A receiver that says yes to everything under its key: `python -m tests.bench.receiver` prints its port.

The first part of an address says after how many milliseconds: `/20/commondata/…`. It does as little as it can, so that what is measured is
who sends. `GET /` says how many events it has got since it was last asked, how many of them came out of turn, and how many bytes came.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys

KEY = re.compile(rb"\r\nidempotency-key: *([^\r]*)", re.IGNORECASE)
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
NUMBER = re.compile(rb'"number":(\d+)')


class Figures:
    """What came, since somebody asked."""

    def __init__(self) -> None:
        self.events = self.out_of_order = self.bytes = 0
        self.last: dict[bytes, int] = {}

    def note(self, path: bytes, body: bytes) -> None:
        """An event, or case data."""
        self.bytes += len(body)
        if not path.endswith(b"/events"):
            return
        part, number = path.split(b"/")[-2], int((NUMBER.search(body) or [b"", b"0"])[1])
        self.events += 1
        self.out_of_order += number != self.last.get(part, 0) + 1
        self.last[part] = number


FIGURES = Figures()


class Talk(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self.transport, self.heard = transport, b""

    def data_received(self, data: bytes) -> None:
        """Answer each request that is whole."""
        self.heard += data
        while (end := self.heard.find(b"\r\n\r\n")) >= 0:
            head = self.heard[:end]
            length = int((LENGTH.search(head) or [b"", b"0"])[1])
            if len(self.heard) < end + 4 + length:
                return
            body, self.heard = self.heard[end + 4 : end + 4 + length], self.heard[end + 4 + length :]
            self.answer(head, body)

    def answer(self, head: bytes, body: bytes) -> None:
        """Yes, after the time that the address says."""
        global FIGURES
        path = head.split(b" ", 2)[1]
        if path == b"/":
            told = FIGURES.__dict__ | {"last": len(FIGURES.last)}
            FIGURES = Figures()
            return self.send(json.dumps(told).encode())
        FIGURES.note(path, body)
        key = (KEY.search(head) or [b"", b""])[1]
        document = b'{"status":"accepted","key":"%b"}' % key
        delay = int(path.split(b"/")[1])
        if not delay:
            return self.send(document)
        asyncio.get_running_loop().call_later(delay / 1000, self.send, document)
        return None

    def send(self, document: bytes) -> None:
        """One answer."""
        if not self.transport.is_closing():
            head = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(
                document
            )
            self.transport.write(head + document)


async def main() -> None:
    """Answer until stopped."""
    server = await asyncio.get_running_loop().create_server(Talk, "127.0.0.1", 0, backlog=512)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
