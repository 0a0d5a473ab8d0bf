"""One installation on one database, through a whole run: load and kills, quiet, forgetting, sending again."""

from __future__ import annotations

import json
import os
import random
import secrets
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from tests.chaos import cluster, receiver
from tests.chaos.browser import Broken, Browser
from tests.chaos.dice import Killer
from tests.chaos.load import SERVICE, Crowd
from tests.chaos.programs import Program, run, until
from tests.chaos.receiver import Receiver
from tests.chaos.verdict import Evidence, Kept, Verdict, judge

CUSTOMERS = 8
RELAYS = 2
HANG = 3.0  # longer than a relay waits
STARTS = 60.0  # seconds that the web may take to start on a busy machine
FINISH = 60.0  # seconds that customers get for what they have in hand
DRAIN = 120.0  # seconds until everything must be at the receiver; the longest pause met in a short run is half a minute
JUDGED_AFTER = 61.0  # seconds: `reconcile` does not judge what was delivered within the last minute
TICK = 0.05

OPEN = "SELECT count(*) FROM cases_case WHERE status <> 'closed' OR uncollected_from IS NOT NULL"
WAITING = (
    "SELECT count(*) FROM sync_delivery JOIN sync_receiver ON sync_receiver.id = receiver_id "
    "WHERE kind = 'national' AND delivered_at IS NULL AND refused_at IS NULL"
)
REFUSED = "SELECT count(*) FROM sync_delivery WHERE delivered_at IS NULL AND refused_at IS NOT NULL"


class Stopped(Exception):
    """The run was told to end before it was through."""


@dataclass(frozen=True)
class Plan:
    """What all houses share: how long, with which dice, where, and how to be told to stop."""

    seconds: float
    seed: str
    folder: Path
    stop: threading.Event


class House:
    """One installation: its programs, its customers, its receiver."""

    def __init__(self, name: str, plan: Plan, folder: Path, to: Receiver) -> None:
        self.name, self.plan, self.folder, self.receiver = name, plan, folder, to
        self.dice = random.Random(f"{plan.seed} {name}")  # noqa: S311 (dice)
        self.port = cluster.free_port()
        self.database: cluster.Server | None = None
        self.address = f"sqlite:///{folder / 'house.sqlite3'}"
        self.programs: list[Program] = []
        self.verdict = Verdict()
        self.troubles: list[str] = []
        self.said: list[str] = []
        self.began = time.monotonic()

    def say(self, text: str) -> None:
        """Keep a line for the end, with when it was."""
        self.said.append(f"{time.monotonic() - self.began:4.0f} s  {text}")

    # --- its surroundings ----------------------------------------------------------------------------------------------

    @property
    def environment(self) -> dict[str, str]:
        """Production's settings, with short times."""
        return {**production(self.plan.folder), 
            "DATABASE_URL": self.address,
            "FILES_DIR": str(self.folder / "files"),
            "NATIONAL_SERVICE_URL": self.receiver.address,
            "NATIONAL_SERVICE_TOKEN": "",
            "RATE_LIMITS": "off",
            "RELAY_TIMEOUT": "2",
            "RELAY_LEASE": "4",
            "RELAY_POLL": "0.2",
            "CONN_MAX_AGE": "60"
        }  # fmt: skip

    def do(self, *command: str) -> str:
        """A command of the installation, to its end."""
        return run([sys.executable, *command], self.environment)

    def program(self, name: str, *command: str) -> Program:
        """One that is kept running."""
        made = Program(name, [sys.executable, *command], self.environment, self.folder / f"{name}.log")
        self.programs.append(made)
        return made

    def count(self, question: str) -> int:
        """Ask the database for a number."""
        path = self.address.removeprefix("sqlite:///")
        connection: Any = sqlite3.connect(path, timeout=20) if self.database is None else psycopg.connect(self.address)
        with closing(connection):
            return int(connection.execute(question).fetchone()[0])

    def tend(self) -> None:
        """Keep everything running."""
        if self.plan.stop.is_set():
            raise Stopped
        for program in [*self.programs, *([self.database] if self.database else [])]:
            program.tend()

    def wait(self, seconds: float) -> None:
        """Let time pass while everything is kept running."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.tend()
            time.sleep(TICK)

    # --- the run -------------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """All of it; what it proves is in `verdict`."""
        sessions = [
            json.loads(line)
            for line in self.do("-m", "tests.chaos.inside", "prepare", str(CUSTOMERS)).split("\n")
            if line
        ]
        self.start()
        crowd = Crowd(self.port, sessions, f"{self.plan.seed} {self.name}")
        began = datetime.now(UTC)
        try:
            self.load(crowd)
            self.verdict.also(self.judged(crowd))
            self.forget(began)
            self.verdict.also(self.judged(crowd))
        finally:
            crowd.over.set()
        self.tell(crowd)

    def start(self) -> None:
        """The web as in production, two relays, a handler."""
        served = ["config.wsgi:application", "--workers", "1", "--threads", "4", "--bind", f"127.0.0.1:{self.port}"]
        self.program("web", "-m", "gunicorn", *served, "--no-control-socket", "--log-level", "warning")
        for n in range(RELAYS):
            self.program(f"relay-{n + 1}", "manage.py", "relay")
        self.program("handler", "-m", "tests.chaos.inside", "handle")
        self.tend()
        end = time.monotonic() + STARTS
        while not self.opens():
            self.wait(0.2)
            if time.monotonic() > end:
                raise RuntimeError(f"the web of {self.name} did not start:\n{self.programs[0].last_words()}")

    def opens(self) -> bool:
        """Whether the service's page can be opened."""
        try:
            return Browser(self.port, {}).get(SERVICE).status == 200
        except Broken:
            return False

    def load(self, crowd: Crowd) -> None:
        """Customers send while programs are killed and the receiver misbehaves; then quiet, until everything has arrived."""
        struck = [program for program in self.programs if program.name != "handler"]
        killer = Killer([*struck, *([self.database] if self.database else [])], self.dice)
        self.say("ready")
        crowd.start()
        end = time.monotonic() + self.plan.seconds
        while time.monotonic() < end:
            self.receiver.misbehave()
            killer.look()
            self.wait(TICK)
        self.receiver.behave()
        with ThreadPoolExecutor(1) as waiting:
            done = waiting.submit(crowd.finish, FINISH)
            while not done.done():
                self.wait(TICK)
        if not done.result():
            self.troubles.append(f"customers still wait for an answer {FINISH:.0f} seconds after the last kill")
        self.drain("load")

    def drain(self, after: str) -> None:
        """Wait until nothing is left to send; say so when that takes too long."""
        began = time.monotonic()
        while not self.is_drained():
            self.wait(0.3)
            if time.monotonic() - began > DRAIN:
                self.troubles.append(f"{self.count(WAITING)} events still wait {DRAIN:.0f} seconds after the {after}")
                return
        self.say(f"all delivered {time.monotonic() - began:.0f} s after the {after}")

    def is_drained(self) -> bool:
        """Whether every case is closed and at the receiver, as far as nobody must look at it."""
        try:
            return self.count(OPEN) == 0 and self.count(WAITING) == 0
        except (psycopg.Error, sqlite3.Error):
            return False

    def forget(self, began: datetime) -> None:
        """The receiver loses what it got in the second half. In every other case something happens, which tells; the rest is compared."""
        drained = time.monotonic()
        lost = self.receiver.forget(began + timedelta(seconds=self.plan.seconds / 2))
        self.say(f"the receiver forgot {lost} requests")
        self.receiver.misbehave()
        self.do("-m", "tests.chaos.inside", "write")
        self.wait(max(0.0, JUDGED_AFTER - (time.monotonic() - drained)))
        self.receiver.behave()
        self.drain("message")
        self.compare()
        for program in self.programs:
            if program.name.startswith("relay"):
                self.wait(self.dice.uniform(0.1, 0.5))
                program.strike(0.1)
        self.drain("comparison")

    def compare(self) -> None:
        """As an operator would; something that sending again does not mend is a trouble."""
        try:
            said = self.do("manage.py", "reconcile", "--resend")
        except RuntimeError as why:
            self.troubles.append(str(why))
        else:
            self.say(", ".join(line for line in said.splitlines() if ":" not in line))

    def judged(self, crowd: Crowd) -> Verdict:
        """Compare all three: receipts, database and storage, the receiver's store."""
        told = [json.loads(line) for line in self.do("-m", "tests.chaos.inside", "truth").split("\n") if line]
        kept = tuple(Kept(**{**one, "events": tuple((n, key) for n, key in one["events"])}) for one in told)
        return judge(Evidence(tuple(crowd.book.receipts), kept, self.receiver.got(), self.receiver.applied()))

    def tell(self, crowd: Crowd) -> None:
        """What happened, in figures."""
        book = crowd.book
        killed = ", ".join(
            f"{one.name} {one.killed}" for one in [*self.programs, *([self.database] if self.database else [])]
        )
        self.say(f"killed: {killed}")
        self.said.append(f"requests of customers that broke {book.broken}, pressed again {book.pressed_again}")
        self.said.append(f"the receiver's answers: {self.receiver.moods()}")
        self.said += [f"a customer gave up: {why}" for why in book.given_up[:5]]
        if refused := self.count(REFUSED):
            self.troubles.append(f"{refused} events were refused")


def production(folder: Path) -> dict[str, str]:
    """Production's settings."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "ENVIRONMENT": "production",
        "DEBUG": "off",
        "SECRET_KEY": KEYS[0],
        "IDENTITY_CODE_KEYS": KEYS[1],
        "SCANNER": "none",
        "TEST_IDENTITY": "off",
        "VAR_DIR": str(folder),
        "PYTHONUNBUFFERED": "1",
    }


KEYS = secrets.token_urlsafe(50), secrets.token_urlsafe(50)


@contextmanager
def standing(name: str, plan: Plan) -> Iterator[House]:
    """A house with its database and its receiver; whatever happens, everything is killed at the end."""
    folder = plan.folder / name
    folder.mkdir()
    with ExitStack() as stack:
        throws = random.Random(f"{plan.seed} {name} receiver")  # noqa: S311 (dice)
        to = stack.enter_context(receiver.running(folder / "received.sqlite3", throws, hang=HANG))
        house = House(name, plan, folder, to)
        if name == "PostgreSQL":
            house.database, house.address = stack.enter_context(cluster.running(folder))
        try:
            yield house
        finally:
            for program in house.programs:
                program.kill()
            left = [program.name for program in house.programs if program.runs]
            if left or not until(lambda: is_free(house.port), 5.0):
                house.troubles.append(f"something is left running: {left or house.port}")


def is_free(port: int) -> bool:
    """Whether nobody listens on a port of this machine."""
    try:
        Browser(port, {}).get("/")
    except Broken:
        return True
    return False
