"""Whether the house is well, for machines that ask: `/health/live` says that this process answers, `/health` that everything goes.

Red by age and never by count: a thousand lines that are being sent are well, and one that has waited for too long is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from apps.sync import watching
from apps.sync.watching import Light, Limits, Problem

KEPT = 5  # seconds what was found is said again, so that nobody can make the database work by asking
CACHE_KEY = "sync.health"


@dataclass
class _Schema:
    """Whether this process has seen that every migration is applied; then it does not look again."""

    is_current: bool = False


SCHEMA = _Schema()


@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """This process answers; the database is not asked."""
    return _answer({"status": str(Light.GREEN)}, well=True)


@require_safe
def health(request: HttpRequest) -> JsonResponse:
    """200, or 503 when something is red; in words either way."""
    now = timezone.now()
    try:
        if not migrations_are_applied():
            return _broken("migrations", _("The database lacks tables of this version: run manage.py migrate."))
        found: list[Problem] = cache.get_or_set(CACHE_KEY, lambda: _found(now), KEPT) or []
    except (DatabaseError, InterfaceError):
        return _broken("database", _("The database does not answer."))
    lamp = watching.light(found)
    told = [_told(one, now) for one in found]
    words = str(watching.LIGHT_WORDS[lamp])
    return _answer({"status": str(lamp), "words": words, "problems": told}, well=lamp is not Light.RED)


def migrations_are_applied() -> bool:
    """Whether the database has every table that this version wants."""
    if not SCHEMA.is_current:
        executor = MigrationExecutor(connection)
        SCHEMA.is_current = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return SCHEMA.is_current


def _found(now: datetime) -> list[Problem]:
    return watching.problems(watching.look(now), Limits.set())


def _told(problem: Problem, now: datetime) -> dict[str, Any]:
    return {
        "what": str(problem.what),
        "light": str(problem.light),
        "receiver": problem.receiver.key if problem.receiver else None,
        "words": problem.words,
        "since": problem.since.isoformat() if problem.since else None,
        "age_seconds": int((now - problem.since).total_seconds()) if problem.since else None,
        "limit_seconds": int(problem.limit.total_seconds()) if problem.limit else None,
    }


def _broken(what: str, words: str) -> JsonResponse:
    problem = {"what": what, "light": str(Light.RED), "receiver": None, "words": words}
    lamp = Light.RED
    return _answer({"status": str(lamp), "words": str(watching.LIGHT_WORDS[lamp]), "problems": [problem]}, well=False)


def _answer(document: dict[str, Any], *, well: bool) -> JsonResponse:
    response = JsonResponse(document, status=200 if well else 503, json_dumps_params={"ensure_ascii": False})
    response.headers["Cache-Control"] = "no-store"
    # A 503 is the answer here and no error of the service: Django would log it as one every time somebody asks.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response
