"""The list of cases at a million beside the same list at a thousand, as officials of a large and of a small authority open it.

The cases are made by the database itself. Every search finds the same number at both sizes, so that both pages show the same: a word that
stands in three cases (the oldest), one that stands in a third of them, one that stands in none.
"""

from __future__ import annotations

import re
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model
from django.test import Client

from apps.applications.models import Application
from apps.cases.models import Case
from apps.people.models import User
from apps.services.models import Service, Version
from tests import build

LIST = "/admin/cases/case/"
ASKED: dict[str, Any] = {"secure": True, "headers": {"host": "localhost", "accept-language": "sv"}}
SIZES = (1_000, 1_000_000)
QUICK = (1_000, 20_000)
ROUNDS, WARM_UP = 41, 5
LARGE, SMALL, OTHERS = "large-town", "small-town", "other-town"
RARE, COMMON, NONE = "pyroteknisk", "musik", "oskrivet"


@dataclass(frozen=True)
class Look:
    """A way of opening the list, and how many cases its page shows."""

    name: str
    text: str = ""
    query: str = ""


LOOKS = (Look("first"), Look("rare", RARE), Look("common", COMMON), Look("none", NONE))
BESIDE = (  # shown, and not part of the ratio: what they find differs with the size
    Look("open", query="?status=open"),
    Look("mine", query="?handler=me"),
    Look("overdue", query="?due=overdue"),
    Look("two_words", f"{COMMON} ord77"),
)
ALL_LOOKS = (*LOOKS, *BESIDE)
COMPARED = [look.name for look in LOOKS]


def measure(*, sizes: tuple[int, int] = SIZES, rounds: int = ROUNDS) -> dict[str, float]:
    """All figures of the list. Both sizes are there at once and asked in turns, so that a busy moment of the machine slows both."""
    if connection.vendor != "postgresql":
        print("\nThe list of cases is measured on PostgreSQL alone.")
        return {}
    few, many = sizes
    people = _people()
    addresses = {(who, look.name): _address(browser, look) for who, browser in people.items() for look in ALL_LOOKS}
    _fill(0, few)
    with copied() as beside:
        before = time.perf_counter()
        _fill(few, many)
        print(f"\n{many} cases made in {time.perf_counter() - before:.0f} s")
        databases = {few: beside, many: connections["default"]}
        taken: dict[tuple[int, str, str], list[float]] = defaultdict(list)
        for turn in range(WARM_UP + rounds):
            for (who, look), address in addresses.items():
                shown = {}
                for size, database in databases.items():
                    connections["default"] = database
                    spent, shown[size] = _opened(people[who], address)
                    if turn >= WARM_UP:
                        taken[size, who, look].append(spent)
                if look in COMPARED and shown[few] != shown[many]:
                    raise RuntimeError(f"the pages do not show the same: {who}, {look}: {shown}")
    ms = {key: statistics.median(found) for key, found in taken.items()}
    figures = {f"list_{look}_{who}_ms_{size}": value for (size, who, look), value in ms.items()}
    figures["list_growth_ratio"] = max(ms[many, who, look] / ms[few, who, look] for who in people for look in COMPARED)
    _print(ms, sizes, figures["list_growth_ratio"])
    return figures


@contextmanager
def copied() -> Iterator[BaseDatabaseWrapper]:
    """A second database, the same as the first is now. The first is the one that is asked again at the end."""
    first = connections["default"]
    name = f"{first.settings_dict['NAME']}_few"
    first.close()
    elsewhere: dict[str, Any] = {"host": first.settings_dict["HOST"], "port": first.settings_dict["PORT"] or None}
    who: dict[str, Any] = {
        "user": first.settings_dict["USER"] or None,
        "password": first.settings_dict["PASSWORD"] or None,
    }
    with psycopg.connect(dbname="postgres", autocommit=True, **elsewhere, **who) as server:
        server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{first.settings_dict["NAME"]}"')
        second = first.copy()
        second.settings_dict = {**first.settings_dict, "NAME": name}
        try:
            yield second
        finally:
            connections["default"] = first
            second.close()
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _people() -> dict[str, Client]:
    """An official of a large and one of a small authority, and what they have services of."""
    for key, count in ((LARGE, 6), (OTHERS, 6), (SMALL, 2)):
        build.authority(key)
        for n in range(count):
            build.version(key=f"{key}-{n}", authority=key)
    for n in range(40):
        build.official(f"handler{n}", of=build.authority(LARGE))
    small = build.official("small", of=build.authority(SMALL))
    build.case(Version.objects.get(service__key=f"{OTHERS}-0"))  # like which all others are made
    return {"large": build.signed_in(User.objects.get(username="handler0")), "small": build.signed_in(small)}


def _opened(browser: Client, address: str) -> tuple[float, int]:
    """Milliseconds until the whole page is there, and how many rows it has."""
    before = time.perf_counter()
    answer = browser.get(address, **ASKED)
    ms = (time.perf_counter() - before) * 1000
    if answer.status_code != 200:
        raise RuntimeError(f"{address} answered {answer.status_code}")
    return ms, len(re.findall(rb'name="case"', answer.content))


def _address(browser: Client, look: Look) -> str:
    if not look.text:
        return LIST + look.query
    answer = browser.post(f"{LIST}search/", {"q": look.text}, **ASKED)
    return str(answer.headers["Location"])


# --- the cases -------------------------------------------------------------------------------------------------------

# Twenty-five words each, some of which are in very many of them.
SENTENCES = """
CREATE TABLE IF NOT EXISTS bench_sentence AS
SELECT n, (SELECT string_agg('ord' || (power(random(), 3) * 20000)::int, ' ') FROM generate_series(1, 25) WHERE n = n) AS said
FROM generate_series(0, 3999) AS n
"""
# Sixty of every hundred belong to the large authority. The small one has sixty at first, and a few hundred in the end.
MADE = """
CREATE TEMPORARY TABLE bench_new AS
SELECT n, ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid AS paper,
  CASE WHEN n <= 60 OR n %% 2500 = 0 THEN (%(small)s)[1 + n %% 2]
       WHEN n %% 100 < 60 THEN (%(large)s)[1 + n %% 6]
       ELSE (%(others)s)[1 + n %% 6] END AS service,
  n <= 60 OR n %% 2500 = 0 AS of_small,
  (random() * 100)::int AS luck, TIMESTAMPTZ '2021-01-01' + n * INTERVAL '3 minutes' AS arrived
FROM generate_series(%(first)s, %(last)s) AS n
"""
PAPERS = """
FROM bench_new JOIN services_service AS service ON service.id = bench_new.service CROSS JOIN applications_application AS model
WHERE model.id = %(paper)s
"""
OF_PAPER = {
    "id": "paper",
    "version_id": "service.published_id",
    "language": "CASE WHEN luck < 70 THEN 'sv' WHEN luck < 97 THEN 'fi' ELSE 'en' END",
    "created_at": "arrived",
    "changed_at": "arrived",
    "sent_at": "arrived",
}
CASES = """
FROM bench_new CROSS JOIN cases_case AS model
JOIN bench_sentence AS one ON one.n = bench_new.n::bigint * 7919 %% 4000
JOIN bench_sentence AS two ON two.n = bench_new.n::bigint * 104729 / 4000 %% 4000
WHERE model.application_id = %(paper)s
"""
OF_CASE = {
    "id": "nextval(pg_get_serial_sequence('cases_case', 'id'))",
    "number": "'FE-2027-' || lpad(bench_new.n::text, 7, '0')",
    "external_id": "gen_random_uuid()",
    "service_id": "bench_new.service",
    "application_id": "paper",
    "status": "CASE WHEN luck < 2 THEN 'received' WHEN luck < 5 THEN 'in_handling' WHEN luck < 6 THEN 'supplement_requested' "
    "ELSE 'closed' END",
    "status_at": "arrived",
    "arrived_at": "arrived",
    "handler_id": "CASE WHEN luck >= 2 THEN (%(handlers)s)[1 + (bench_new.n / 7) %% 40] END",
    "outcome": "CASE WHEN luck >= 6 THEN 'noted' ELSE '' END",
    "municipality": "lpad((bench_new.n %% 300)::text, 3, '0')",
    "words": "concat_ws(' ', 'fe-2027-' || lpad(bench_new.n::text, 7, '0'), 'namn' || bench_new.n %% 997, 'efternamn' || "
    "bench_new.n %% 9973, one.said, two.said, CASE WHEN of_small OR bench_new.n %% 3 = 0 THEN %(common)s END, "
    "CASE WHEN bench_new.n IN (11, 12, 13, 101, 102, 103) THEN %(rare)s END)",
    "due_on": "(arrived + INTERVAL '30 days')::date",
    "uncollected_from": "NULL",
}


def inserting(model: type[Model], said: dict[str, str], source: str) -> str:
    """The statement that makes rows like one that is there, but for what is said of each."""
    columns = [field.column for field in model._meta.concrete_fields]
    values = [said.get(str(column), f'model."{column}"') for column in columns]
    names = ", ".join(f'"{column}"' for column in columns)
    return f"INSERT INTO {model._meta.db_table} ({names}) SELECT {', '.join(values)} {source}"


# Those of the two tables that guard nothing.
SIMPLE_INDEXES = """
SELECT name.relname, pg_get_indexdef(name.oid)
FROM pg_index AS index JOIN pg_class AS name ON name.oid = index.indexrelid
WHERE index.indrelid IN ('cases_case'::regclass, 'applications_application'::regclass) AND NOT index.indisunique
"""


def _fill(made: int, size: int) -> None:
    """Cases up to a number, made without looking at what they refer to, and the indexes made again afterwards: both only to save time."""
    services = {
        key: list(Service.objects.filter(authority__key=key).values_list("pk", flat=True))
        for key in (LARGE, SMALL, OTHERS)
    }
    facts: dict[str, Any] = {
        "first": made + 1,
        "last": size,
        "large": services[LARGE],
        "small": services[SMALL],
        "others": services[OTHERS],
        "handlers": list(User.objects.filter(username__startswith="handler").values_list("pk", flat=True)),
        "paper": Case.objects.order_by("pk").values_list("application", flat=True)[0],
        "rare": RARE,
        "common": COMMON,
    }
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.5)")
        cursor.execute(SIMPLE_INDEXES)
        indexes = dict(cursor.fetchall())
        for name in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("SET maintenance_work_mem = '512MB'")
        cursor.execute(SENTENCES)
        papers, cases = inserting(Application, OF_PAPER, PAPERS), inserting(Case, OF_CASE, CASES)
        for statement in (MADE, papers, cases):
            cursor.execute(statement, facts)
        cursor.execute("SET session_replication_role = DEFAULT")
        cursor.execute("DROP TABLE bench_new")
        for made_again in indexes.values():
            cursor.execute(made_again)
        cursor.execute("VACUUM ANALYZE cases_case")
        cursor.execute("VACUUM ANALYZE applications_application")


def _print(ms: dict[tuple[int, str, str], float], sizes: tuple[int, int], ratio: float) -> None:
    few, many = sizes
    print(f"\nThe list of cases, ms until the whole page is there: {few} and {many} cases\n")
    print(f"{'':28}{few:>10}{many:>10}{'ratio':>8}")
    for size, who, look in ms:
        if size == few:
            one, other = ms[few, who, look], ms[many, who, look]
            compared = f"{other / one:8.2f}" if look in COMPARED else ""
            print(f"{f'{who} authority, {look}':28}{one:10.1f}{other:10.1f}{compared}")
    print(f"\nlist_growth_ratio {ratio:.2f}")
