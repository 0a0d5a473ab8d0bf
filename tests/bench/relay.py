"""What the relay delivers in a second beside procrastinate, what it costs, and how that grows with what has been delivered.

Everything is measured in one run: the same cases, the same bytes, the same receiver process, one worker process each. What stands of an
earlier round (deliveries, leases, a receiver that counts as away) is cleared before each, so that none can hold up the next.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, connections, transaction

from apps.applications.models import Application
from apps.cases import intake
from apps.cases.models import Case, Event
from apps.sync import relay
from apps.sync.models import NATIONAL, Delivery, Receiver, Tally
from tests import build
from tests.bench import rival
from tests.bench.caselist import copied, inserting
from tests.bench.worker import TICK

ROOT = Path(__file__).resolve().parents[2]
DELAYS_MS = (0, 20)
# Who it is measured beside, at how many jobs at a time; at last with documents that were put together before the job was queued, which
# is not what the ratio is of: then the work is done elsewhere.
RIVALS = (
    ("procrastinate 1", 1, False),
    ("procrastinate 32", 32, False),
    ("procrastinate 1, ready made", 1, True),
    ("procrastinate 32, ready made", 32, True),
)
COMPARED = [name for name, _concurrency, ready in RIVALS if not ready]
EVENTS = 3  # of each case
PATIENCE = 15.0  # seconds for each of procrastinate's rounds: what it has delivered by then is what counts
DELIVERED_FEW, DELIVERED_MANY, WAITING = 1_000, 1_000_000, 10_000


@dataclass(frozen=True)
class Round:
    """What a worker has delivered, and the seconds and processor time it took, its own and that of the database's processes."""

    delivered: int
    wall: float
    cpu: float
    database_cpu: float | None

    @property
    def per_second(self) -> float:
        """Events delivered in a second."""
        return self.delivered / self.wall

    @property
    def ms(self) -> float:
        """Milliseconds of the worker's processor time for each event."""
        return self.cpu * 1000 / self.delivered

    @property
    def database_ms(self) -> float:
        """The same of the database's processes."""
        return (self.database_cpu or 0.0) * 1000 / self.delivered


def measure(
    *, cases: int, patience: float = PATIENCE, delivered: tuple[int, int] = (DELIVERED_FEW, DELIVERED_MANY)
) -> dict[str, float]:
    """All figures of the relay: three events a case, no attachments."""
    _only_the_national_receiver()
    figures = _sending()
    _make(cases)
    rounds: dict[tuple[str, int], Round] = {}
    with receiver() as port:
        for delay in DELAYS_MS:
            ours = [_relays_round(port, delay, cases)]
            for name, concurrency, ready in _rivals():
                _clear()
                rival.prepare(ready=ready)
                rounds[name, delay] = _round(port, delay, ["procrastinate", str(concurrency), str(patience)])
                if not ready:
                    ours.append(_relays_round(port, delay, cases))
            rounds["relay", delay] = sorted(ours, key=lambda one: one.per_second)[len(ours) // 2]
    figures |= _figures(rounds)
    if connection.vendor == "postgresql":
        figures |= _growth(delivered)
    _print(figures, rounds, cases)
    return figures


def _rivals() -> tuple[tuple[str, int, bool], ...]:
    """Who is there to be measured beside: procrastinate needs PostgreSQL, and to be installed (it is among the tests' packages)."""
    if connection.vendor == "postgresql" and find_spec("procrastinate"):
        return RIVALS
    print("\nThe relay is measured alone: beside it stands procrastinate, which needs PostgreSQL and its package.")
    return ()


def _figures(rounds: dict[tuple[str, int], Round]) -> dict[str, float]:
    figures: dict[str, float] = {}
    for (who, delay), one in rounds.items():
        name = who.replace(",", "").replace(" ", "_")
        figures[f"{name}_per_second_{delay}ms"] = one.per_second
        figures[f"{name}_cpu_ms_{delay}ms"] = one.ms
        if one.database_cpu:
            figures[f"{name}_database_cpu_ms_{delay}ms"] = one.database_ms
    for delay in DELAYS_MS:
        beside = [one.per_second for (who, at), one in rounds.items() if at == delay and who in COMPARED]
        made = [one.per_second for (who, at), one in rounds.items() if at == delay and who not in (*COMPARED, "relay")]
        if beside and made:
            figures[f"relay_ratio_procrastinate_{delay}ms"] = rounds["relay", delay].per_second / max(beside)
            figures[f"relay_ratio_ready_made_{delay}ms"] = rounds["relay", delay].per_second / max(made)
    at_once = rounds["relay", 0]
    figures["relay_cpu_ms"] = at_once.ms + at_once.database_ms
    return figures


# --- a round ---------------------------------------------------------------------------------------------------------


@contextmanager
def receiver() -> Iterator[int]:
    """A receiver process; its port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.receiver"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.communicate(timeout=10)


def _round(port: int, delay: int, who: list[str], expected: int | None = None) -> Round:
    """One worker sends what is there; every event came once and in its turn, or nothing is measured."""
    _came(port)
    address = f"http://127.0.0.1:{port}/{delay}"
    command = [sys.executable, "-m", "tests.bench.sender", who[0], address, *who[1:]]
    worker = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert worker.stdin is not None
    assert worker.stdout is not None
    try:
        if worker.stdout.readline().strip() != "ready":
            raise RuntimeError(f"{who}: the worker did not begin")
        cpu, database = _cpu_of(worker.pid), _database_cpu()
        _tell(worker)
        said = json.loads(worker.stdout.readline() or "{}")
        cpu, after = _cpu_of(worker.pid) - cpu, _database_cpu()
        _tell(worker)
        worker.wait(20)
    finally:
        worker.kill()
        worker.communicate()
    came = _came(port)
    if not said or not said["delivered"] or expected not in (None, said["delivered"]) or came["out_of_order"]:
        raise RuntimeError(f"{who}, {delay} ms: expected {expected}, said {said}, came {came}, standing {_standing()}")
    spent = sum(seconds - database.get(pid, 0.0) for pid, seconds in after.items()) if after else None
    return Round(
        said["delivered"], said["wall"], cpu, spent or None
    )  # nothing is seen of a process that has ended already


def _relays_round(port: int, delay: int, cases: int) -> Round:
    """All of the relay's events, none less."""
    _clear()
    return _round(port, delay, ["relay"], expected=cases * EVENTS)


def _tell(worker: subprocess.Popen[str]) -> None:
    assert worker.stdin is not None
    worker.stdin.write("go\n")
    worker.stdin.flush()


def _came(port: int) -> dict[str, int]:
    """What the receiver got since it was last asked."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
        found: dict[str, int] = json.load(answer)
        return found


def _cpu_of(pid: int) -> float:
    """Seconds of processor time of a process so far, user and system."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / TICK


def _database_cpu() -> dict[int, float]:
    """The processor time of the server's processes that serve this database, which name it in their titles; none of a server elsewhere."""
    name, found = str(connection.settings_dict["NAME"]), {}
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            title = place.read_bytes().decode(errors="replace")
            if title.startswith("postgres") and f" {name} " in title:
                found[int(place.parent.name)] = _cpu_of(int(place.parent.name))
        except (OSError, IndexError):
            continue
    return found


# --- the cases -------------------------------------------------------------------------------------------------------


def _only_the_national_receiver() -> None:
    """It is on, and there."""
    Receiver.objects.exclude(kind=NATIONAL).update(active=False)
    Receiver.objects.filter(kind=NATIONAL).update(active=True)


def _clear() -> None:
    """As if nothing had been delivered or tried, and every diary had just been written."""
    Tally.objects.all().delete()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE sync_delivery CASCADE")
    else:
        Delivery.objects.all().delete()
    Receiver.objects.update(failures=0, failing_since=None, probe_at=None)
    Case.objects.update(uncollected_from=1, acknowledged_number=0, acknowledged_at=None, settled_at=None)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE cases_case")
            cursor.execute("VACUUM ANALYZE sync_delivery")


def _standing() -> dict[str, Any]:
    """What a round that went wrong is judged by."""
    return {
        "deliveries": Delivery.objects.count(),
        "waiting": Delivery.objects.filter(delivered_at=None).count(),
        "uncollected": Case.objects.filter(uncollected_from__isnull=False).count(),
        "errors": list(Delivery.objects.exclude(last_error="").values_list("last_error", flat=True).distinct()[:3]),
        "receivers": list(Receiver.objects.values("key", "active", "failures", "probe_at")),
    }


def _make(cases: int) -> None:
    """So many cases of three events; whatever was there before is gone."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE cases_case CASCADE")
    else:
        Delivery.objects.all().delete()
        Event.objects.all().delete()
        Case.objects.all().delete()
    version, handler = build.version(key="relay"), build.official()
    cloned = cases - 1 if connection.vendor == "postgresql" else 0
    for _ in range(cases - cloned):
        with transaction.atomic():
            case = build.case(version)
            case.take_step("take_up", by=handler, at=build.NOW)
            case.take_step("close", by=handler, at=build.NOW, outcome="noted", text="Klart")
    if cloned:
        _fill(cloned * EVENTS, delivered=None)


def _sending() -> dict[str, float]:
    """What it costs to send a paper, all of it (processor time), and what of that the diary line is, by the clock."""
    version, whole, lines = build.version(key="relay"), [], []
    record = Event.record

    def timed(*args: Any, **more: Any) -> Event:
        before = time.perf_counter()
        try:
            return record(*args, **more)
        finally:
            lines.append((time.perf_counter() - before) * 1000)

    Event.record = timed  # type: ignore[method-assign]
    try:
        for _ in range(100):
            paper = build.application(version)
            before = time.process_time()
            intake.send(paper, at=build.NOW)
            whole.append((time.process_time() - before) * 1000)
    finally:
        Event.record = record  # type: ignore[method-assign]
    return {"send_paper_ms": statistics.median(whole), "diary_ms": statistics.median(lines)}


# --- what grows ------------------------------------------------------------------------------------------------------

GROWN = 50  # cases whose diary has grown and is to be collected
TURNS, WARM_UP = 21, 3
# As many cases as there are deliveries for, three to each, like the first one that is there; with papers where something is to be sent.
FILLED = """
CREATE TEMPORARY TABLE bench_case AS
SELECT n, (SELECT max(id) FROM cases_case) + n AS id, gen_random_uuid() AS paper FROM generate_series(1, %(cases)s) AS n
"""
PAPERS = "FROM bench_case CROSS JOIN applications_application AS model WHERE model.id = %(paper)s"
OF_PAPER = {"id": "bench_case.paper"}
CASES = "FROM bench_case CROSS JOIN cases_case AS model WHERE model.id = %(case)s"
OF_CASE = {
    "id": "bench_case.id",
    "number": "'B-' || bench_case.id",
    "external_id": "gen_random_uuid()",
    "application_id": "bench_case.paper",
    "words": "''",
    "uncollected_from": "%(uncollected)s",
}
LINES = "FROM bench_case CROSS JOIN cases_event AS model WHERE model.case_id = %(case)s"
OF_LINE = {
    "id": "nextval(pg_get_serial_sequence('cases_event', 'id'))",
    "key": "gen_random_uuid()",
    "case_id": "bench_case.id",
    "paper_id": "CASE WHEN model.paper_id IS NOT NULL THEN bench_case.paper END",
}
DELIVERIES = """
FROM bench_case JOIN cases_event AS event ON event.case_id = bench_case.id CROSS JOIN sync_delivery AS model
WHERE model.case_id = %(case)s AND model.number = 1
"""
OF_DELIVERY = {
    "id": "nextval(pg_get_serial_sequence('sync_delivery', 'id'))",
    "event_id": "event.id",
    "case_id": "bench_case.id",
    "number": "event.number",
    "delivered_at": "%(delivered)s::timestamptz",
}


def _growth(sizes: tuple[int, int]) -> dict[str, float]:
    """How long collecting and finding what is due take with few and with many delivered, and as many waiting. In turns; nothing is kept."""
    few, many = sizes
    settings.NATIONAL_SERVICE_URL = "http://127.0.0.1:9"  # so that what waits for it is due; nothing is sent
    _fill_growing(few)
    with copied() as beside:
        before = time.perf_counter()
        _fill(many - few, delivered=True)
        print(f"\n{many} deliveries made in {time.perf_counter() - before:.0f} s")
        databases = {few: beside, many: connections["default"]}
        taken: dict[int, list[float]] = {size: [] for size in sizes}
        for turn in range(WARM_UP + TURNS):
            for size, database in databases.items():
                connections["default"] = database
                spent = _looked()
                if turn >= WARM_UP:
                    taken[size].append(spent)
    ms = {size: statistics.median(found) for size, found in taken.items()}
    return {"due_ms_few": ms[few], "due_ms_many": ms[many], "due_growth_ratio": ms[many] / ms[few]}


def _fill_growing(delivered: int) -> None:
    """A model case whose events are delivered, those few like it, what waits, and cases whose diary has grown."""
    _make(1)
    relay.collect()
    Delivery.objects.update(delivered_at=build.NOW)
    _fill(delivered, delivered=True)
    _fill(WAITING, delivered=False)
    _fill(GROWN * EVENTS, delivered=None)


def _fill(deliveries: int, *, delivered: bool | None) -> None:
    """So many deliveries, delivered or waiting; without an answer, cases that are still to be collected."""
    case, paper = Case.objects.order_by("pk").values_list("pk", "application")[0]
    facts: dict[str, Any] = {
        "cases": deliveries // EVENTS + (deliveries % EVENTS > 0),
        "case": case,
        "paper": paper,
        "uncollected": 1 if delivered is None else None,
        "delivered": build.NOW if delivered else None,
    }
    statements = [inserting(Case, OF_CASE, CASES), inserting(Event, OF_LINE, LINES)]
    statements.append(
        inserting(Application, OF_PAPER, PAPERS) if delivered is None else inserting(Delivery, OF_DELIVERY, DELIVERIES)
    )
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for statement in (FILLED, *statements):
            cursor.execute(statement, facts)
        cursor.execute("SET session_replication_role = DEFAULT")
        cursor.execute("DROP TABLE bench_case")
        for table in ("cases_case", "cases_event", "sync_delivery"):
            cursor.execute(f"VACUUM ANALYZE {table}")


def _looked() -> float:
    """Milliseconds to collect what has grown, and to find as much of what is due as a relay takes."""
    with transaction.atomic():
        before = time.perf_counter()
        made = relay.collect()
        heads = list(relay.claimable()[: relay.hand()])
        spent = (time.perf_counter() - before) * 1000
        transaction.set_rollback(True)
    if made != GROWN * EVENTS or len(heads) != relay.hand():
        raise RuntimeError(f"collected {made}, due {len(heads)}")
    return spent


# --- in words --------------------------------------------------------------------------------------------------------


def _print(figures: dict[str, float], rounds: dict[tuple[str, int], Round], cases: int) -> None:
    print(
        f"\nThe relay beside procrastinate: {cases} cases of three events, one worker process each, the same receiver\n"
    )
    print(f"{'':30}{'receiver':>10}{'delivered':>11}{'each second':>13}{'CPU, ms each':>14}{'database, ms':>14}")
    for (who, delay), one in sorted(rounds.items(), key=lambda item: item[0][1]):
        database = f"{one.database_ms:.2f}" if one.database_cpu else "-"
        print(f"{who:30}{delay:>7} ms{one.delivered:>11}{one.per_second:>13.0f}{one.ms:>14.2f}{database:>14}")
    print()
    goals = {
        "relay_ratio_procrastinate_0ms": ">= 10",
        "relay_ratio_procrastinate_20ms": ">= 10",
        "relay_cpu_ms": "<= 0.5",
        "due_growth_ratio": "<= 2",
        "diary_ms": "<= 1",
    }
    for name, goal in goals.items():
        if name in figures:
            print(f"{name:34}{figures[name]:8.2f}   goal {goal}")
    for delay in DELAYS_MS:
        if (name := f"relay_ratio_ready_made_{delay}ms") in figures:
            print(f"{name:34}{figures[name]:8.2f}   (not what the goal is of)")
    print(f"sending a paper, all of it, ms    {figures['send_paper_ms']:8.2f}")
