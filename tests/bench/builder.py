"""How long a designer waits: the builder's pages over a definition of 500 questions, each through its own view, everything included."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from django.test import Client

from apps.services import editing, working
from apps.services.models import WorkingCopy
from tests import build

PAGES, QUESTIONS = 25, 20
KINDS = ("text", "long_text", "yes_no", "whole_number", "date", "email", "phone", "choice", "address", "money")
ROUNDS = 9


def measure(*, quick: bool) -> dict[str, float]:
    """All figures of the builder, in milliseconds: the median of some rounds."""
    rounds = 3 if quick else ROUNDS
    copy, browser = _copy(), build.signed_in(build.official("designer", role="designer"))
    browser.defaults["SERVER_NAME"] = "localhost"
    base = f"/admin/services/service/{copy.service_id}/build/"
    looks = {
        "builder_tasks_ms": f"{base}",
        "builder_outline_ms": f"{base}questions/",
        "builder_question_ms": f"{base}fields/q_3_7/",
        "builder_text_ms": f"{base}text/",
        "builder_translations_ms": f"{base}texts/",
        "builder_check_ms": f"{base}check/",
        "builder_preview_ms": f"/sv/preview/{copy.service_id}/pages/page_3/",
    }
    figures = {name: _median(rounds, partial(_look, browser, address)) for name, address in looks.items()}
    figures["builder_save_ms"] = _median(rounds, lambda: _save(copy))
    figures["builder_move_ms"] = _median(rounds, lambda: _move(browser, copy, base))
    _print(figures)
    return figures


def _copy() -> WorkingCopy:
    """A working copy of 500 questions in three languages."""
    pages = [
        build.page(f"page_{p}", *(_question(f"q_{p}_{q}", KINDS[q % len(KINDS)]) for q in range(QUESTIONS)))
        for p in range(PAGES)
    ]
    document = {**build.document(*pages, key="large"), "schema": 2}
    return working.begin_new(build.authority(), document, by=None)


def _question(key: str, kind: str) -> dict[str, Any]:
    return build.field(kind, key, hint=build.said("Some words about it."), **build.NEEDS.get(kind, {}))


def _median(rounds: int, do: Callable[[], object]) -> float:
    found = []
    for _ in range(rounds):
        before = time.perf_counter()
        do()
        found.append((time.perf_counter() - before) * 1000)
    return statistics.median(found)


def _look(browser: Client, address: str) -> None:
    answer = browser.get(address, secure=True)
    if answer.status_code != 200:
        raise RuntimeError(f"{address}: {answer.status_code}")
    answer.content  # noqa: B018 (whatever is rendered late is part of it)


def _save(copy: WorkingCopy) -> None:
    """One question saved: read, changed, told apart from what others did, written, with what its translations come from."""
    field = {
        **editing.field_of(working.document_of(copy), "q_3_7"),
        "label": build.said(f"Changed {time.monotonic_ns()}"),
    }
    working.make(copy, editing.set_field("q_3_7", field), by=None, seen=copy.at)


def _move(browser: Client, copy: WorkingCopy, base: str) -> None:
    """A question moved down from the outline, and the outline shown again."""
    copy.refresh_from_db()
    answer = browser.post(f"{base}questions/", {"act": "down:field:q_3_7", "seen": copy.at}, secure=True, follow=True)
    if answer.status_code != 200:
        raise RuntimeError(f"moving: {answer.status_code}")


def _print(figures: dict[str, float]) -> None:
    print(f"\nThe builder: {PAGES * QUESTIONS} questions in three languages, the median, everything included\n")
    for name, value in figures.items():
        print(f"{name.removeprefix('builder_').removesuffix('_ms'):<14}{value:8.0f} ms")
