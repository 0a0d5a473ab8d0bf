"""A real clamd with one signature, and servers that only look like one."""

from __future__ import annotations

import os
import shutil
import socket
import socketserver
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

PROGRAM = shutil.which("clamd") or shutil.which("clamd", path="/usr/sbin:/usr/local/sbin")
# What scanners are tried with: it does nothing, and is written in two parts so that no scanner finds it in this file.
HARMLESS_TEST = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + rb"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
NAMED = "Local.Test.Eicar.UNOFFICIAL"


def require_clamd() -> None:
    """Skip where there is none, but fail where there must be one."""
    if PROGRAM is None:
        message = "no clamd here: apt-get install clamav-daemon"
        if os.environ.get("REQUIRE_CLAMD") == "1":
            pytest.fail(message)
        pytest.skip(message)


@contextmanager
def clamd(folder: Path, *, most: str = "30M", port: int = 0) -> Iterator[str]:
    """A clamd that knows one signature, and the address it listens at; stopped at the end."""
    require_clamd()
    database, temporary = folder / "database", folder / "temporary"
    for each in (database, temporary):
        each.mkdir(parents=True, exist_ok=True)
    (database / "local.ndb").write_text(f"Local.Test.Eicar:0:*:{HARMLESS_TEST.hex()}\n")
    path = folder / "clamd.socket"
    listens = f"TCPSocket {port}\nTCPAddr 127.0.0.1" if port else f"LocalSocket {path}"
    settings = (
        f"Foreground yes\nDatabaseDirectory {database}\nTemporaryDirectory {temporary}\n"
        f"StreamMaxLength {most}\nLogFile {folder / 'clamd.log'}\n{listens}\n"
    )
    (folder / "clamd.conf").write_text(settings)
    process = subprocess.Popen(
        [str(PROGRAM), "--config-file", str(folder / "clamd.conf")],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"127.0.0.1:{port}" if port else f"unix:{path}"
    try:
        _wait_for(address, process)
        yield address
    finally:
        process.terminate()
        process.wait(10)


def free_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError), _line(address) as line:
            line.settimeout(2)
            line.sendall(b"zPING\0")
            if line.recv(16) == b"PONG\0":
                return
        time.sleep(0.05)
    raise AssertionError("clamd did not start")


def _line(address: str) -> socket.socket:
    if address.startswith("unix:"):
        line = socket.socket(socket.AF_UNIX)
        try:
            line.connect(address.removeprefix("unix:"))
        except OSError:
            line.close()
            raise
        return line
    return socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])), timeout=2)


@contextmanager
def answering(behave: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server at which `behave` meets each visitor."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                behave(self.request)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def saying(answer: bytes) -> Callable[[socket.socket], None]:
    """Reads all that is sent, and then says this."""

    def behave(line: socket.socket) -> None:
        read_stream(line)
        line.sendall(answer)

    return behave


def read_stream(line: socket.socket) -> bytes:
    """What was sent as a stream; the file's own bytes."""
    with line.makefile("rb") as source:
        assert source.read(10) == b"zINSTREAM\0"
        content = b""
        while size := int.from_bytes(source.read(4), "big"):
            content += source.read(size)
    return content
