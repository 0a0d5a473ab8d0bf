"""A PostgreSQL cluster of its own: in a temporary folder, on a free port, run by somebody who is not root."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tests.chaos.programs import Program, run, until

USERS = ("postgres", "nobody")  # PostgreSQL does not run as root
OPTIONS = ("listen_addresses=127.0.0.1", "max_connections=60", "shared_buffers=32MB", "autovacuum_naptime=10s")
STARTS = 30.0


class Server(Program):
    """The server. Its workers leave its process group; they are known by the folder they work in."""

    folder: Path

    def others(self) -> list[int]:
        found = []
        for proc in Path("/proc").glob("[0-9]*"):
            try:
                if os.readlink(proc / "cwd") == str(self.folder):
                    found.append(int(proc.name))
            except OSError:
                continue  # gone meanwhile, or somebody else's
        return found


def binaries() -> Path | None:
    """Where the server's programs are, the newest first; None when it is not installed."""
    found = shutil.which("postgres")
    if found and (Path(found).resolve().parent / "initdb").exists():
        return Path(found).resolve().parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return installed[-1].parent if installed else None


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(logs: Path) -> Iterator[tuple[Server, str]]:
    """A new cluster and the address of its database; nothing is left of it afterwards."""
    programs = binaries()
    if programs is None:
        raise RuntimeError("PostgreSQL is not installed here")
    folder = Path(tempfile.mkdtemp(prefix="chaos-cluster-"))
    how = {"cwd": folder, **_as_somebody(folder)}
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    port = free_port()
    server = None
    try:
        making = ("-D", f"{folder}/data", "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-sync")
        run([str(programs / "initdb"), *making], environment, **how)
        options = [*OPTIONS, f"port={port}", f"unix_socket_directories={folder}"]
        command = [
            str(programs / "postgres"),
            "-D",
            f"{folder}/data",
            *(part for one in options for part in ("-c", one)),
        ]
        server = Server("database", command, environment, logs / "database.log", **how)
        server.folder = folder / "data"
        server.start()
        address = f"postgres://postgres@127.0.0.1:{port}/postgres"
        if not until(lambda: answers(address), STARTS):
            raise RuntimeError(f"PostgreSQL did not start:\n{server.last_words()}")
        yield server, address
    finally:
        if server is not None:
            server.kill()
        shutil.rmtree(folder)


def answers(address: str) -> bool:
    """Whether the database can be asked."""
    try:
        with psycopg.connect(address, connect_timeout=2) as connection:
            connection.execute("SELECT 1")
    except psycopg.Error:
        return False
    return True


def _as_somebody(folder: Path) -> dict[str, Any]:
    """How to start its programs: as ourselves, unless we are root."""
    if os.geteuid() != 0:
        return {}
    known = {one.pw_name: one for one in pwd.getpwall()}
    user = next(known[name] for name in USERS if name in known)
    os.chown(folder, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
