"""A small stand-in for an X-Road security server: it looks at path and headers as the REST message protocol says, and passes the rest on.

It answers with X-Road's own errors when it is told to, and what the provider behind it says goes back as it is.
"""

from __future__ import annotations

import json
import re
import ssl
import threading
import uuid
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

SERVICE = "FI-TEST/GOV/0000001-2/lv/service"
CLIENT = "FI-TEST/MUN/0000000-0/portal"
PATH = re.compile(r"/r1/((?:[^/]+/){4}[^/]+)(/.*)?")
ROAD_HEADERS = ("X-Road-Client", "X-Road-Id", "X-Road-UserId", "X-Road-Issue")
HOP = {"connection", "host", "content-length", "transfer-encoding", "date", "server"}


@dataclass(frozen=True)
class Passed:
    """A request as it came."""

    method: str
    path: str
    road: dict[str, str]
    token: str


@dataclass
class SecurityServer:
    """`says`: how the next requests are answered instead, as the kind of an error; an empty one lets the request through.

    `lost`: the kind of an error that is told after the provider has taken the request.
    """

    provider: str
    port: int = 0
    scheme: str = "http"
    says: deque[str] = field(default_factory=deque)
    lost: deque[str] = field(default_factory=deque)
    nameless: bool = False  # its errors have no header, as behind a proxy that drops it
    passed: list[Passed] = field(default_factory=list)

    @property
    def url(self) -> str:
        """What a client sets as its base address."""
        return f"{self.scheme}://127.0.0.1:{self.port}/r1/{SERVICE}"


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    road: SecurityServer

    def take(self) -> None:
        """One request: looked at, passed on, and answered."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        said = {name: self.headers[name] for name in ROAD_HEADERS if name in self.headers}
        self.road.passed.append(Passed(self.command, self.path, said, self.headers.get("Authorization", "")))
        if kind := self.objection() or (self.road.says.popleft() if self.road.says else ""):
            return self.fail(kind)
        answer = self.pass_on(body)
        if self.command != "GET" and self.road.lost and (kind := self.road.lost.popleft()):
            return self.fail(kind)
        return self.give(*answer)

    do_GET = do_PUT = do_POST = take  # noqa: N815

    def objection(self) -> str:
        """What is wrong with a request by the protocol, as the kind of X-Road's error."""
        path = PATH.fullmatch(urlsplit(self.path).path)
        if path is None:
            return "Client.BadRequest"
        client = [unquote(part) for part in self.headers.get("X-Road-Client", "").split("/")]
        if len(client) not in (3, 4) or not all(client):
            return "Client.BadRequest"
        try:
            uuid.UUID(self.headers.get("X-Road-Id", ""))
        except ValueError:
            return "Client.BadRequest"
        if path[1] != SERVICE:
            return "Server.ClientProxy.UnknownMember"
        return "" if "/".join(client) == CLIENT else "Server.ServerProxy.AccessDenied"

    def pass_on(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """What the provider answers."""
        where = urlsplit(self.road.provider)
        _all, rest = PATH.fullmatch(urlsplit(self.path).path).groups()  # type: ignore[union-attr]  # looked at before
        query = urlsplit(self.path).query
        connection = HTTPConnection(str(where.hostname), where.port or 80, timeout=10)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
        try:
            connection.request(self.command, (rest or "/") + (f"?{query}" if query else ""), body, headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def fail(self, kind: str) -> None:
        """X-Road's own error: 500 of the servers', 400 of the client's."""
        status = 500 if kind.lower().startswith("server.") else 400
        body = json.dumps({"type": kind, "message": "An error of the road", "detail": str(uuid.uuid4())}).encode()
        header = {} if self.road.nameless else {"X-Road-Error": kind}
        self.give(status, {"Content-Type": "application/json", **header}, body)

    def give(self, status: int, headers: dict[str, str], body: bytes) -> None:
        """An answer, with what the security server adds to it."""
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in HOP:
                self.send_header(name, value)
        self.send_header("X-Road-Id", self.headers.get("X-Road-Id", ""))
        self.send_header("X-Road-Service", SERVICE)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


class Server(ThreadingHTTPServer):
    """Its sockets; what a client breaks off is nothing to report."""

    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Quiet: a client without a certificate is turned away in the handshake."""


@contextmanager
def running(provider: str, tls: ssl.SSLContext | None = None) -> Iterator[SecurityServer]:
    """A security server before a provider; with `tls` over TLS."""
    road = SecurityServer(provider, scheme="https" if tls else "http")
    server = Server(("127.0.0.1", 0), type("Handler", (Handler,), {"road": road}))
    if tls:
        # The handshake is done in the thread of the connection: one that hangs holds up no other.
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    road.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield road
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
