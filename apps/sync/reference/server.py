"""The receiver's HTTP/1.1: hands requests to the contract or to the page, and lets answers leave as the fault says."""

import contextlib
import re
import signal
import socket
import struct
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from socketserver import TCPServer
from typing import Any
from urllib.parse import urlsplit

from .answers import Answer, Refused, malformed
from .contract import Contract
from .faults import Fault, Manner, Queue
from .page import Page
from .requests import Request
from .store import Closed, Store
from .wire import read_body

LARGEST_BODY = 200 * 2**20
LOOPBACK = "127.0.0.1"
SLOW = 1.0  # seconds that a slow answer takes
LINGER_NOT = struct.pack("ii", 1, 0)  # closing resets the connection, and what is not read yet is lost
HERE = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?")


@dataclass(frozen=True)
class Settings:
    """What the receiver is started with."""

    port: int = 8400
    store: Path = Path("var/receiver.sqlite3")
    token: str = ""
    hang: float = 30.0
    largest_body: int = LARGEST_BODY


class ReferenceServer(ThreadingHTTPServer):
    """The receiver: its store, its contract, its page and the faults that are to come."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.stopping = threading.Event()
        self.faults = Queue()
        super().__init__((LOOPBACK, settings.port), Handler, bind_and_activate=False)
        try:
            self.server_bind()
            self.server_activate()
            self.store = Store(settings.store)
        except BaseException:
            self.server_close()
            raise
        self.contract = Contract(self.store, token=settings.token)
        self.page = Page(self.store, self.faults)

    def server_bind(self) -> None:
        # HTTPServer would look its own name up, which can take seconds where there is no name server.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = LOOPBACK, self.server_address[1]

    @property
    def address(self) -> str:
        return f"http://{LOOPBACK}:{self.server_port}"

    def start(self) -> None:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        """Take no more; what is being applied gets done."""
        self.stopping.set()
        self.shutdown()
        self.server_close()
        self.store.close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is nothing to report; anything else is."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: ReferenceServer
    protocol_version = "HTTP/1.1"
    server_version = "reference-receiver"
    sys_version = ""
    timeout = 60
    wbufsize = 1 << 16
    disable_nagle_algorithm = True

    def receive(self) -> None:
        """Read one request to its end and answer it; whatever it holds, the client gets an answer in words."""
        try:
            path, query = self.split()
            body = read_body(
                self.rfile, self.headers, limit=self.server.settings.largest_body, folder=self.server.store.path.parent
            )
        except Refused as refusal:
            # Where the next request begins is unknown now.
            self.send(refusal.answer, close=True)
            self.drain()
            return
        with contextlib.closing(body):
            self.answer(Request(self.command, path, query, self.headers, body))

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Whatever the method is: the contract says which an address takes, instead of the standard library's 501."""
        if name.startswith("do_"):
            return self.receive
        raise AttributeError(name)

    def split(self) -> tuple[str, str]:
        try:
            parts = urlsplit(self.path)
        except ValueError as error:
            raise malformed("The address cannot be read.") from error
        return parts.path, parts.query

    def answer(self, request: Request) -> None:
        try:
            if Contract.owns(request.path):
                fault = self.server.faults.take()
                answer = self.server.contract.take(request, fault=fault, now=datetime.now(UTC))
                self.deliver(answer, fault)
            else:
                self.send(self.page_answer(request))
        except Closed:
            self.close_connection = True
        except (ConnectionError, TimeoutError):
            raise
        except Exception:
            self.close_connection = True
            self.send(
                Refused(500, "internal", "Internal error", "The receiver failed; see its log.").answer, close=True
            )
            raise

    def deliver(self, answer: Answer, fault: Fault) -> None:
        """Let the answer leave in the fault's manner."""
        if fault.manner is Manner.HANG:
            self.server.stopping.wait(self.server.settings.hang)
        if fault.manner is Manner.RESET:
            self.reset()
        if fault.silent:
            self.close_connection = True
            return
        if fault.manner is Manner.SLOW:
            self.server.stopping.wait(SLOW)
        self.send(answer, cut=fault.manner is Manner.CUT)
        if fault.manner is Manner.TWICE:
            self.send(answer)
        if fault.manner is Manner.BREAK:
            self.reset()

    def reset(self) -> None:
        """Break the connection off, as a machine does that has lost its power."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
        for end in (self.wfile, self.rfile, self.connection):
            end.close()
        raise ConnectionResetError("as it was told to")

    def page_answer(self, request: Request) -> Answer:
        try:
            self.only_from_here()
            return self.server.page.answer(request)
        except Refused as refusal:
            return refusal.answer

    def only_from_here(self) -> None:
        """The page and the controls are for a person at this machine, not for a site that person happens to visit."""
        host = self.headers.get("Host", LOOPBACK)
        local = ip_address(self.client_address[0]).is_loopback and HERE.fullmatch(host)
        if not local or self.headers.get("Origin", f"http://{host}") != f"http://{host}":
            raise Refused(
                403, "forbidden", "Only from this machine", "Open the page at the address the receiver printed."
            )

    # Writing

    def send(self, answer: Answer, *, close: bool = False, cut: bool = False) -> None:
        length = answer.length if answer.length is not None else len(answer.body)
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(length))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if close:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        if self.command != "HEAD":
            sent = self.wfile.write(answer.body[: len(answer.body) // 2] if cut else answer.body)
            for piece in answer.pieces or ():
                sent += self.wfile.write(piece)
            # What was forgotten while it was being read comes up short, and the client must notice.
            self.close_connection = self.close_connection or sent < length
        self.wfile.flush()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the standard library refuses before a request is understood, in the form of all other refusals."""
        title = message or "The request cannot be read"
        self.send(Refused(int(code), "malformed", str(title)[:200], "The request is not HTTP/1.1.").answer, close=True)

    def handle_expect_100(self) -> bool:
        done = super().handle_expect_100()
        self.wfile.flush()
        return done

    def drain(self) -> None:
        """Read on for a moment, so that a client still sending gets to see the answer instead of a reset."""
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(1)
            for _ in range(4096):
                if not self.connection.recv(1 << 16):
                    break

    def version_string(self) -> str:
        return self.server_version

    def log_message(self, format: str, *args: Any) -> None:
        """The page and /__requests tell what was received; the terminal stays quiet."""


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    server = ReferenceServer(settings)
    server.start()
    sys.stdout.write(f"The reference receiver is at {server.address}/ and keeps what it gets in {settings.store}\n")
    sys.stdout.flush()
    stop.wait()
    server.stop()
