"""A mail server on a real socket that takes what it is sent, or says and does what it is told."""

from __future__ import annotations

import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

# Where in a conversation something can be said instead of what is expected.
GREETING, SENDER, RECIPIENT, DATA, CONTENT = "greeting", "sender", "recipient", "data", "content"
DROP, HANG, DROP_AFTER, HANG_AFTER = "drop", "hang", "drop after", "hang after"  # the last two once the mail is taken


@dataclass
class MailServer:
    """`says`: by place, an answer such as "550 5.1.1 No such user", or one of the ways to fall silent. Everything else is accepted.

    `times`: how often it says so before it comes to its senses; always, when not given.
    """

    port: int = 0
    says: dict[str, str] = field(default_factory=dict)
    times: int | None = None
    taken: list[EmailMessage] = field(default_factory=list)
    addresses: list[tuple[str, str]] = field(default_factory=list)
    visits: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """What EMAIL_URL says."""
        return f"smtp://127.0.0.1:{self.port}"

    def answer(self, place: str) -> str:
        """What is said at a place out of turn; '' for what is expected."""
        said = self.says.get(place, "")
        if said and self.times is not None:
            if self.times == 0:
                return ""
            self.times -= 1
        return said


class _Left(Exception):
    pass


class _Visit(socketserver.StreamRequestHandler):
    server: _Server
    timeout = 30

    def handle(self) -> None:
        self.told = self.server.told
        self.told.visits += 1
        with suppress(_Left, OSError):
            self._say(GREETING, "220 ready")
            self._talk()

    def _say(self, place: str, expected: str) -> bool:
        """Whether what is expected was said."""
        said = self.told.answer(place) if place else ""
        if said in (DROP, HANG):
            self._fall_silent(said)
        self.wfile.write(f"{said or expected}\r\n".encode())
        return not said

    def _fall_silent(self, how: str) -> None:
        if how.startswith(HANG):
            self.told.stopping.wait(20)
        raise _Left

    def _talk(self) -> None:
        sender = recipient = ""
        while line := self.rfile.readline():
            word, _space, rest = line.decode().strip().partition(" ")
            match word.upper():
                case "EHLO" | "HELO":
                    self._say("", "250 mail.example")
                case "MAIL":
                    sender = rest
                    self._say(SENDER, "250 OK")
                case "RCPT":
                    recipient = rest
                    self._say(RECIPIENT, "250 OK")
                case "DATA":
                    if self._say(DATA, "354 Go ahead"):
                        self._take(sender, recipient)
                case "QUIT":
                    self._say("", "221 Bye")
                    return
                case _:
                    self._say("", "250 OK")

    def _take(self, sender: str, recipient: str) -> None:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        said = self.told.answer(CONTENT)
        if not said or said in (DROP_AFTER, HANG_AFTER):
            self.told.taken.append(message_from_bytes(b"".join(lines), policy=policy.default))
            self.told.addresses.append((sender, recipient))
        if said in (DROP, HANG, DROP_AFTER, HANG_AFTER):
            self._fall_silent(said)
        self.wfile.write(f"{said or '250 2.0.0 Taken'}\r\n".encode())


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    told: MailServer


@contextmanager
def running() -> Iterator[MailServer]:
    """The server, listening at a port of its own until the end."""
    with _Server(("127.0.0.1", 0), _Visit) as server:
        server.told = MailServer(port=server.server_address[1])
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server.told
        server.told.stopping.set()
        server.shutdown()


def free_port() -> int:
    """A port that nobody listens at."""
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as taken:
        return int(taken.server_address[1])


def wait_until_taken(server: MailServer, count: int, seconds: float = 20) -> None:
    """Wait for so many mails."""
    end = time.monotonic() + seconds
    while len(server.taken) < count:
        assert time.monotonic() < end, "the mail did not come"
        time.sleep(0.02)
