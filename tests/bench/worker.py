"""A gunicorn worker to measure: started, asked, and its processor time read."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

TICK = os.sysconf("SC_CLK_TCK")


class Worker:
    """One worker process behind an address on loopback."""

    def __init__(self, port: int, pid: int) -> None:
        self.port, self.pid = port, pid

    def cpu(self) -> float:
        """Seconds of processor time used so far, user and system."""
        after_name = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(after_name[11]) + int(after_name[12])) / TICK

    def ask(
        self, method: str, path: str, headers: Mapping[str, str], data: Mapping[str, object] | None = None
    ) -> tuple[int, str]:
        """One request on a connection of its own: status and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        body = urlencode(data, doseq=True) if data is not None else None
        sent = {**headers, "X-Forwarded-Proto": "https", "Host": "localhost"}
        if body is not None:
            sent |= {"Content-Type": "application/x-www-form-urlencoded", "Referer": f"https://localhost{path}"}
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()


@contextmanager
def worker() -> Iterator[Worker]:
    """Start gunicorn with one worker; stop it at the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    served = ["config.wsgi:application", "--workers", "1", "--bind", f"127.0.0.1:{port}", "--log-level", "warning"]
    master = subprocess.Popen([sys.executable, "-m", "gunicorn", *served])
    try:
        yield Worker(port, _child_of(master.pid, port))
    finally:
        master.terminate()
        master.wait(15)


def _child_of(master: int, port: int) -> int:
    """The worker's process id, once it answers."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                if int(stat.read_text().rpartition(")")[2].split()[1]) == master:
                    with socket.create_connection(("127.0.0.1", port), 1):
                        return int(stat.parent.name)
            except (OSError, IndexError):
                continue
        time.sleep(0.1)
    raise RuntimeError("gunicorn did not start")
