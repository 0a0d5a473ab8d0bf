"""Processor time of reading a case through the interface, beside a view written by hand that gives the same bytes."""

from __future__ import annotations

from django.db import connection

from apps.people import systems
from apps.people.models import LogLine, System
from tests import build
from tests.bench.pages import ANSWERS, BLOCK, BLOCKS, WARM_UP, compare, twelve
from tests.bench.worker import worker


def measure(*, rounds: int) -> dict[str, float]:
    """All figures of the interface. Raises RuntimeError when the two do not answer the same."""
    case = build.case(build.version(build.page("all", *twelve())), answers={**ANSWERS, "music": "yes"})
    authority = build.authority()
    system = System.objects.create(authority=authority, name="Bench", scopes=[System.Scope.READ])
    _key, shown = systems.make_key(system, by=None)
    headers = {"Authorization": f"Bearer {shown}", "Accept-Language": "sv"}
    paths = {
        "interface": f"/interface/v1/commondata/{case.external_id}",
        "hand": f"/bench/commondata/{case.external_id}/",
    }
    with worker() as served:
        answers = {name: served.ask("GET", path, headers) for name, path in paths.items()}
        if answers["interface"] != answers["hand"] or answers["hand"][0] != 200:
            raise RuntimeError(f"the two do not answer the same: {answers}")
        lines = LogLine.objects.count()
        cpu = compare(served, paths, headers, None, 200, rounds)
        written = LogLine.objects.count() - lines
    if written != len(paths) * (WARM_UP + rounds * BLOCKS * BLOCK):
        raise RuntimeError(f"{written} lines were written")
    figures = {f"interface_get_ms_{who}": ms for who, ms in cpu.items()}
    figures["interface_get_ratio"] = cpu["interface"] / cpu["hand"]
    _print(figures)
    return figures


def _print(figures: dict[str, float]) -> None:
    print(f"\nReading a case of 12 fields: processor time of the worker, ms per request ({connection.vendor})\n")
    for who in ("interface", "hand"):
        print(f"{who:12}{figures[f'interface_get_ms_{who}']:8.2f}")
    print(f"{'ratio':12}{figures['interface_get_ratio']:8.2f}")
