"""A receiver whose ledger is as long as one likes, made up page by page."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


def external_id(n: int) -> uuid.UUID:
    """Of the case of that number."""
    return uuid.UUID(int=n + 1, version=4)


def digest(n: int) -> str:
    """Of its case data."""
    return f"sha-256:{n:064x}"


@contextmanager
def serving(cases: int) -> Iterator[str]:
    """The address of one that has one event of each of so many cases."""

    class Ledger(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            asked = parse_qs(urlsplit(self.path).query)
            first = int(asked.get("cursor", ["0"])[0])
            after = min(first + int(asked["limit"][0]), cases)
            items = [
                {"externalId": str(external_id(n)), "lastEvent": 1, "digest": digest(n)} for n in range(first, after)
            ]
            body = json.dumps({"items": items, "next": str(after) if after < cases else None}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_of: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Ledger)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
