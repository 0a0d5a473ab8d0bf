"""Runs the tests on every database and browser of this machine, and says at the end what ran and what was left out.

By default in some five minutes on two cores; --thorough and --journeys together run every test there is.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

ROOT = Path(__file__).resolve().parent.parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SQLITE = "sqlite:///var/test.sqlite3"  # only named: Django keeps the test database of SQLite in memory
POSTGRES = os.environ.get("TEST_DATABASE_URL") or "postgres://postgres@127.0.0.1:5432/postgres"
NO_TESTS_COLLECTED = 5


@dataclass(frozen=True)
class Part:
    """One call of pytest."""

    name: str
    database: str
    options: tuple[str, ...]
    only_with_database: bool = False
    mark: str = ""  # only the files that speak of it are read, unless the command line says which

    def files(self) -> list[str]:
        """Where tests with the mark stand: pytest takes long to read them all."""
        tests = sorted((ROOT / "tests").rglob("test_*.py"))
        return [str(path) for path in tests if self.mark and f"pytest.mark.{self.mark}" in path.read_text("utf-8")]


@dataclass
class Plan:
    """What is run, what is left out, and what should have been there."""

    parts: list[Part] = field(default_factory=list)
    databases: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def leave_out(self, what: str, required_by: str) -> None:
        """Not a failure, unless the environment says that this machine has it."""
        self.left_out.append(what)
        if required(required_by):
            self.missing.append(f"{required_by}={os.environ[required_by]}, but {what}")


@dataclass
class Count:
    """How many tests ended which way."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: "Count") -> "Count":
        return Count(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def required(variable: str) -> bool:
    return os.environ.get(variable, "").lower() in ("1", "true", "yes", "on")


def without_password(url: str) -> str:
    parts = urlsplit(url)
    if parts.password is None:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.replace(f":{parts.password}@", ":…@")))


def postgres_version() -> str | None:
    """The version of the server at TEST_DATABASE_URL, or None when nobody lets us in there."""
    try:
        with psycopg.connect(POSTGRES, connect_timeout=2) as connection:
            version = connection.info.server_version
    except psycopg.Error:
        return None
    return f"{version // 10_000}.{version % 10_000}"


def browser_version() -> str | None:
    """What the installed browser calls itself; on some systems the command exists and does not start."""
    for name in BROWSERS:
        path = shutil.which(name)
        if path is None:
            continue
        try:
            answer = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=30, check=True)  # noqa: S603
        except (OSError, subprocess.SubprocessError):
            continue
        return " ".join(answer.stdout.split()[:2]) or name
    return None


FAST = "not journey and not thorough"
EVERYTHING = "not journey"


def on_databases(wanted: Plan, thorough: bool) -> None:
    """Everything on SQLite, and on PostgreSQL what the kind of database matters for; thorough leaves out nothing there either."""
    if thorough:
        first = Part("all but the journeys, on SQLite", SQLITE, ("-n", "2", "-m", EVERYTHING))
        second = Part("what asks the database, on PostgreSQL", POSTGRES, first.options, only_with_database=True)
    else:
        first = Part("all fast tests, on SQLite", SQLITE, ("-n", "2", "-m", FAST))
        options = ("-n", "2", "-m", f"both and {FAST}")
        second = Part("fast tests of the database's own ways, on PostgreSQL", POSTGRES, options, True, mark="both")
        wanted.left_out.append("tests that take long, and most on PostgreSQL: make thorough")
    wanted.databases.append("SQLite")
    wanted.parts.append(first)
    postgres = postgres_version()
    if postgres:
        wanted.databases.append(f"PostgreSQL {postgres}")
        wanted.parts.append(second)
    else:
        words = f"PostgreSQL: no server answers at {without_password(POSTGRES)} (sudo apt-get install postgresql,"
        wanted.leave_out(f"{words} then set TEST_DATABASE_URL)", "REQUIRE_POSTGRES")


def in_browser(wanted: Plan, all_journeys: bool) -> None:
    """All journeys, or the main one."""
    browser = browser_version()
    if browser is None:
        wanted.leave_out("browser journeys: no Chromium that starts (sudo apt-get install chromium)", "REQUIRE_BROWSER")
    elif all_journeys:
        wanted.databases.append("SQLite")
        wanted.parts.append(Part(f"all journeys, on SQLite, in {browser}", SQLITE, ("-m", "journey")))
    else:
        wanted.parts.append(
            Part(f"the main journey, on SQLite, in {browser}", SQLITE, ("-m", "main_journey"), mark="main_journey")
        )
        wanted.left_out.append("the other browser journeys: make journeys")


def plan(*, thorough: bool = False, journeys: bool = False) -> Plan:
    """What make test, make thorough or make journeys runs on this machine."""
    wanted = Plan()
    if not journeys:
        on_databases(wanted, thorough)
    if thorough:
        wanted.left_out.append("all browser journeys: make journeys")
    else:
        in_browser(wanted, journeys)
    return wanted


def count(report: Path) -> Count:
    """Counted test by test: the totals in the report count a test twice that failed and could not clean up either."""
    total = Count()
    for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314 - pytest wrote it a moment ago
        kinds = {child.tag for child in case}
        if kinds & {"failure", "error"}:
            total.failed += 1
        elif "skipped" in kinds:
            total.skipped += 1
        else:
            total.passed += 1
    return total


def run(part: Part, extra: Sequence[str]) -> tuple[int, Count]:
    """Pytest's exit code and what it counted; a run that broke off counts as a failure."""
    say(f"\n=== {part.name} ===")
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", *part.options, f"--junitxml={report}", *(extra or part.files())]
        environment = {**os.environ, "DATABASE_URL": part.database}
        # Hundreds of processes start from the same code: without what Python compiled, each would compile all of it anew.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        if part.only_with_database:
            environment["ONLY_WITH_DATABASE"] = "1"
        code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode  # noqa: S603
        try:
            counted = count(report)
        except (OSError, ElementTree.ParseError):
            counted = Count()
    if code == NO_TESTS_COLLECTED and extra:
        code = 0  # a selection on the command line need not have tests in every part
    if code != 0 and counted.failed == 0:
        counted.failed = 1
    return code, counted


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog="Everything else goes on to pytest.", allow_abbrev=False
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--thorough", action="store_true", help="run everything but the browser journeys, however long it takes"
    )
    which.add_argument("--journeys", action="store_true", help="run all browser journeys, and nothing else")
    options, extra = parser.parse_known_args(arguments)

    wanted = plan(thorough=options.thorough, journeys=options.journeys)
    total, ran, broken = Count(), [], list(wanted.missing)
    for part in wanted.parts:
        code, counted = run(part, extra)
        total += counted
        if counted != Count():
            ran.append(part.name)
        if code:
            broken.append(f"{part.name} (pytest ended with {code})")
    if total.passed + total.failed == 0:
        broken.append("no test ran")
    total.failed += len(wanted.missing)

    say("")
    say(f"Ran: {'; '.join(ran) or 'nothing'}.")
    say(f"Databases: {', '.join(wanted.databases) or 'none'}.")
    for what in wanted.left_out:
        say(f"Left out: {what}.")
    for what in broken:
        say(f"FAILED: {what}.")
    say(str(total))
    return 1 if broken else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
