"""The example system of docs/interface as a process, and a line to the portal on which things go wrong."""

from __future__ import annotations

import http.client
import importlib.util
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "interface" / "example"


def module(name: str) -> ModuleType:
    """One of its modules, for what is not asked of a process."""
    if str(FOLDER) not in sys.path:
        sys.path.append(str(FOLDER))  # it reads its other module as a program does
    found = importlib.util.find_spec(name)
    assert found
    assert found.loader
    made = importlib.util.module_from_spec(found)
    found.loader.exec_module(made)
    return made


class ExampleSystem:
    """The system of an authority, that keeps what it knows in a folder."""

    def __init__(self, address: str, key: str, store: Path, *, handler: str = "", **surroundings: str) -> None:
        self.store = store
        self.command = [
            sys.executable,
            "-W",
            "error",
            str(FOLDER / "system.py"),
            "--address",
            f"{address}/interface/v1",
        ]
        self.command += ["--store", str(store), "--handler", handler]
        self.surroundings = {"PATH": os.environ["PATH"], "no_proxy": "*", "INTERFACE_KEY": key, **surroundings}

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What stands in its file."""
        db = sqlite3.connect(self.store / "cases.sqlite3")
        with closing(db), db:
            return db.execute(query).fetchall()

    def start(self, *words: str) -> subprocess.Popen[str]:
        """A process of it."""
        out = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        return subprocess.Popen([*self.command, *words], env=self.surroundings, text=True, **out)  # type: ignore[call-overload]

    def run(self, *words: str, fails: bool = False) -> str:
        """What it says, once it has ended."""
        process = self.start(*words)
        said = str(process.communicate(timeout=60)[0])
        assert (process.returncode != 0) == fails, said
        return said


class Line(ThreadingHTTPServer):
    """The way to the portal. `trouble` says what goes wrong with a request: nothing, or one of TROUBLES."""

    def __init__(self, portal: str, trouble: Callable[[str], str]) -> None:
        super().__init__(("127.0.0.1", 0), Carrier)
        self.portal, self.trouble = urlsplit(portal).netloc, trouble
        self.kill: Callable[[], None] = lambda: None
        self.address = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_: Any) -> None:
        """Who was killed reads no answer."""

    def end(self) -> None:
        """Let it go."""
        self.shutdown()
        self.server_close()


# Whether the request reaches the portal, and what becomes of its answer.
TROUBLES: dict[str, tuple[bool, str]] = {
    "lost_before": (False, "lost"),
    "lost_after": (True, "lost"),
    "killed_before": (False, "killed"),
    "killed_after": (True, "killed"),
    "busy": (False, "busy"),
    "garbage": (True, "garbage"),
    "cut": (True, "cut"),
}


class Carrier(BaseHTTPRequestHandler):
    """Carries one request."""

    server: Line

    def do_POST(self) -> None:
        """There and back."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        reaches, becomes = TROUBLES.get(self.server.trouble(str(self.command)), (True, ""))
        answer = self._asked(body) if reaches else (503, {"Retry-After": "0"}, b"")
        if becomes == "killed":
            self.server.kill()
        if becomes in ("lost", "killed"):
            self.close_connection = True
            return
        self._give(*answer, becomes=becomes)

    do_GET = do_PUT = do_POST  # noqa: N815 (as the standard library calls them)

    def _asked(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        portal = http.client.HTTPConnection(self.server.portal, timeout=30)
        headers = {name: value for name, value in self.headers.items() if name not in ("Host", "Connection")}
        try:
            portal.request(str(self.command), self.path, body or None, headers)
            answer = portal.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            portal.close()

    def _give(self, status: int, headers: dict[str, str], content: bytes, *, becomes: str) -> None:
        said = b"<html>A proxy's page</html>" if becomes == "garbage" else content
        self.send_response(status)
        for name, value in headers.items():
            if name not in ("Content-Length", "Connection", "Date", "Server"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said[: len(said) // 2] if becomes == "cut" else said)

    def log_message(self, *_: Any) -> None:
        """Nothing."""
