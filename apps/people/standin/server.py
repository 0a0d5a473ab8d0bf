"""The stand-in's HTTP/1.1: finds the part that answers, and answers in words whatever comes."""

from __future__ import annotations

import re
import signal
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from .mandates import Mandates
from .provider import Client, Provider, example_clients
from .wire import STYLE, Answer, Request, Route, page

LOOPBACK = "127.0.0.1"
LARGEST_BODY = 100_000


@dataclass(frozen=True)
class Settings:
    """What the stand-in is started with."""

    port: int = 8300
    clients: tuple[Client, ...] = field(default_factory=example_clients)


class StandIn(ThreadingHTTPServer):
    """The provider of identities and the source of mandates, at one address on this machine.

    A part is a class that is made with the address of the stand-in and has `routes`; that is all there is to plug in.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, settings: Settings) -> None:
        super().__init__((LOOPBACK, settings.port), Handler)
        self.parts = (Provider(self.address, settings.clients), Mandates(self.address))
        self.routes = [
            Route("GET", "/", self.front),
            Route("GET", f"/{re.escape(STYLE)}", style),
            *(route for part in self.parts for route in part.routes),
        ]

    def server_bind(self) -> None:
        # HTTPServer would look its own name up, which can take seconds where there is no name server.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = LOOPBACK, int(self.server_address[1])

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://{LOOPBACK}:{self.server_port}"

    def start(self) -> None:
        """Serve in a thread."""
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        """Take no more."""
        self.shutdown()
        self.server_close()

    def front(self, _request: Request) -> Answer:
        """What this is, for a person who opens its address."""
        return page(
            "Stand-in", "<p>This stands in for identification and mandates. Nobody and nothing here is real.</p>"
        )

    def answer(self, method: str, address: str, headers: dict[str, str], body: bytes) -> Answer:
        """The answer of the part that the address belongs to."""
        parts = urlsplit(address)
        is_form = headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)) if is_form else {}
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        for route in self.routes:
            found = re.fullmatch(route.pattern, parts.path)
            if found and route.method == method:
                groups = {name: unquote(text) for name, text in found.groupdict(default="").items()}
                return route.act(Request(method, parts.path, query, form, headers, body, groups))
        return Answer(b"There is nothing at this address.\n", 404, "text/plain; charset=utf-8")

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is nothing to report; anything else is."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: StandIn
    protocol_version = "HTTP/1.1"
    server_version = "stand-in"
    sys_version = ""
    timeout = 60
    disable_nagle_algorithm = True

    def receive(self) -> None:
        """Read one request and answer it."""
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > LARGEST_BODY:
            self.close_connection = True
            self.send(Answer(b"The body is too large.\n", 413, "text/plain; charset=utf-8"))
            return
        body = self.rfile.read(int(length))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.send(self.server.answer("GET" if self.command == "HEAD" else self.command, self.path, headers, body))

    do_GET = do_HEAD = do_POST = receive  # noqa: N815

    def send(self, answer: Answer) -> None:
        """Write the answer; nothing of it is kept by a browser."""
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("X-Content-Type-Options", "nosniff")
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def version_string(self) -> str:
        """Without the version of Python."""
        return self.server_version

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: addresses here hold identity codes, if only artificial ones."""


def style(_request: Request) -> Answer:
    """The style sheet of its few pages."""
    return Answer((Path(__file__).parent / STYLE).read_bytes(), content_type="text/css; charset=utf-8")


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    server = StandIn(settings)
    server.start()
    sys.stdout.write(f"The stand-in for identification and mandates is at {server.address}/\n")
    sys.stdout.flush()
    stop.wait()
    server.stop()
