"""`make chaos`: processes killed at random under load, a receiver that misbehaves and forgets, and a look at what has arrived.

Runs on SQLite and, where PostgreSQL is installed, on a cluster of its own. CHAOS_SECONDS says how long there is load (60), CHAOS_SEED
which dice are thrown. Ends with one line of figures, and with 0 only when nothing is lost, doubled, out of order or differing.
"""

from __future__ import annotations

import os
import secrets
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from tests.chaos import cluster
from tests.chaos.house import DRAIN, FINISH, JUDGED_AFTER, STARTS, House, Plan, Stopped, production, standing
from tests.chaos.programs import run
from tests.chaos.verdict import Verdict, together

GRACE = 2 * STARTS + FINISH + 3 * DRAIN + JUDGED_AFTER + 180  # what may be needed beside the load, at the very most


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> int:
    """Run, and end with the line."""
    seconds, seed = float(os.environ.get("CHAOS_SECONDS") or 60), os.environ.get("CHAOS_SEED") or secrets.token_hex(4)
    names, missing = databases()
    say(f"{seconds:.0f} seconds of load and kills on {' and '.join(names)} (CHAOS_SEED={seed})")
    began, troubles = time.monotonic(), list(missing)
    verdicts: dict[str, Verdict] = {}
    with bounded(seconds + GRACE) as stop, tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        plan = Plan(seconds, seed, Path(folder), stop)
        collect_static_files(plan)
        with ThreadPoolExecutor(len(names)) as houses:
            runs = {name: houses.submit(one_house, name, plan) for name in names}
            for name, running in runs.items():
                verdicts[name], told = running.result()
                troubles += told
    say(f"{time.monotonic() - began:.0f} seconds in all")
    return conclude(verdicts, troubles)


def databases() -> tuple[list[str], list[str]]:
    """What to run on, and what should have been there."""
    if cluster.binaries() is not None:
        return ["SQLite", "PostgreSQL"], []
    say("Left out: PostgreSQL is not installed here (sudo apt-get install postgresql).")
    required = os.environ.get("REQUIRE_POSTGRES", "").lower() in ("1", "true", "yes", "on")
    return ["SQLite"], ["REQUIRE_POSTGRES is set, but PostgreSQL is not installed"] if required else []


@contextmanager
def bounded(seconds: float) -> Iterator[threading.Event]:
    """What is set when it is time to end: after so many seconds, or on Ctrl-C and SIGTERM."""
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    clock = threading.Timer(seconds, stop.set)
    clock.daemon = True
    clock.start()
    yield stop
    clock.cancel()


def collect_static_files(plan: Plan) -> None:
    """As when a version is put into production: no page shows without them."""
    surroundings = {**production(plan.folder), "DATABASE_URL": "sqlite:///:memory:"}
    run([sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"], surroundings)


def one_house(name: str, plan: Plan) -> tuple[Verdict, list[str]]:
    """A run on one database: the verdict, and what else went wrong. Everything it started is gone afterwards."""
    house, troubles = None, list[str]()
    try:
        with standing(name, plan) as house:
            house.run()
    except Stopped:
        troubles.append("ended before it was through")
    except Exception as why:
        troubles.append(f"{type(why).__name__}: {why}")
    verdict = house.verdict if house else Verdict()
    troubles += house.troubles if house else []
    found = [*(house.said if house else ()), *verdict.words(), *troubles, verdict.line]
    say("\n".join(f"{name}: {line}" for line in found))
    if troubles or verdict.exit_code:
        say("\n".join(last_words(house)))
    return verdict, [f"{name}: {trouble}" for trouble in troubles]


def last_words(house: House | None) -> list[str]:
    """What the programs said last, for who looks for the cause."""
    programs = house.programs if house else []
    return [f"{one.name} said last:\n{one.last_words()}" for one in programs]


def conclude(verdicts: dict[str, Verdict], troubles: list[str]) -> int:
    """Say what is wrong, then the line; the exit code."""
    total = together(verdicts)
    for trouble in troubles:
        say(trouble)
    if not total.sent:
        say("Nothing was sent, so nothing is proved.")
    say(total.line)
    return 1 if troubles else total.exit_code


if __name__ == "__main__":
    sys.exit(main())
