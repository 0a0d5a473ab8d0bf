"""An installation outside the test's process, on a database of its own: its commands, and its relays."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings as django_settings

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0


@dataclass
class House:
    """An installation outside the test's process."""

    env: dict[str, str]
    parts: list[str] = field(default_factory=list)
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def run(self, *args: str) -> str:
        """A command, to its end."""
        done = subprocess.run(
            [sys.executable, *args], cwd=ROOT, env=self.env, capture_output=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def count(self, table: str, where: str) -> int:
        """How many rows there are."""
        url = self.env["DATABASE_URL"]
        on_sqlite = url.startswith("sqlite")
        connection: Any = sqlite3.connect(url.removeprefix("sqlite:///")) if on_sqlite else psycopg.connect(url)
        with closing(connection):
            found: int = connection.execute(f"SELECT count(*) FROM {table} WHERE {where}").fetchone()[0]  # noqa: S608
            return found

    def relay(self, *args: str, **env: str) -> subprocess.Popen[bytes]:
        """A relay, started."""
        command = [sys.executable, "manage.py", "relay", *args]
        process = subprocess.Popen(
            command, cwd=ROOT, env={**self.env, **env}, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
        self.started.append(process)
        return process


@contextmanager
def running(tmp_path: Path) -> Iterator[House]:
    """A new database of the kind the tests run on."""
    with _database(tmp_path) as url:
        house = House(
            {
                **os.environ,
                "DATABASE_URL": url,
                "VAR_DIR": str(tmp_path),
                "ENVIRONMENT": "development",
                "DEBUG": "off",
                "TEST_IDENTITY": "off",
                "NATIONAL_SERVICE_TOKEN": "",
                "SECRET_KEY": "for-the-tests-only-" + "x" * 40,
                "IDENTITY_CODE_KEYS": django_settings.IDENTITY_CODE_KEYS[0] + "-of-the-tests",
                "SCANNER": "none",
                "DJANGO_SETTINGS_MODULE": "config.settings",
                "RELAY_TIMEOUT": "15",
                "RELAY_LEASE": "20",
                "RELAY_POLL": "0.1",
            }
        )
        try:
            yield house
        finally:
            for process in house.started:
                process.kill()
                process.communicate()


class _database:  # noqa: N801 (used as a function)
    def __init__(self, folder: Path) -> None:
        self.settings = django_settings.DATABASES["default"]
        self.name = f"relay_{uuid.uuid4().hex}"
        self.folder = folder

    @property
    def on_sqlite(self) -> bool:
        return "sqlite" in self.settings["ENGINE"]

    def _do(self, sql: str) -> None:
        s = self.settings
        at = {"host": s["HOST"], "port": s["PORT"] or 5432, "user": s["USER"], "password": s["PASSWORD"] or None}
        with psycopg.connect(**at, dbname="postgres", autocommit=True) as connection:
            connection.execute(sql.encode())

    def __enter__(self) -> str:
        if self.on_sqlite:
            return f"sqlite:///{self.folder / 'house.sqlite3'}"
        self._do(f"CREATE DATABASE {self.name}")
        s = self.settings
        who = f"{s['USER']}:{s['PASSWORD']}" if s["PASSWORD"] else s["USER"]
        return f"postgres://{who}@{s['HOST']}:{s['PORT'] or 5432}/{self.name}"

    def __exit__(self, *details: object) -> None:
        if not self.on_sqlite:
            self._do(f"DROP DATABASE {self.name} WITH (FORCE)")


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)


def lease_runs_out(house: House) -> None:
    """As if the lease's time had passed."""
    sql = "UPDATE sync_delivery SET lease_until = '2001-01-01 00:00:00' WHERE lease_until IS NOT NULL AND delivered_at IS NULL"
    url = house.env["DATABASE_URL"]
    on_sqlite = url.startswith("sqlite")
    connection: Any = sqlite3.connect(url.removeprefix("sqlite:///")) if on_sqlite else psycopg.connect(url)
    with closing(connection):
        assert connection.execute(sql).rowcount
        connection.commit()
