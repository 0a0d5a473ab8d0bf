"""The log of who saw, changed, downloaded and exported what, when and from where (906/2019).

A line is noted while the request is answered and written after it, outside its transactions: it stands there whatever became of
those, and never waits inside one for the database's one writer. When it cannot be written, nothing is shown.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from apps.people import limits
from apps.people.models import LogLine, System, User

Act = LogLine.Act


def note(
    request: HttpRequest,
    act: str,
    about: str,
    *,
    authority: int | None = None,
    detail: str = "",
    who: User | System | None = None,
) -> None:
    """Let the log say that the request's official did something with something. `about` names a case by its number, and no person.

    `who`: an official who is not signed in (any more, or yet), or a connected system.
    """
    user = who if isinstance(who, User) else None
    if who is None and isinstance(request.user, User):
        user = request.user
    line = LogLine(
        at=timezone.now(),
        user=user,
        user_name=str(who or user or "")[:201],
        authority_id=authority,
        act=act,
        about=about[:100],
        detail=detail[:300],
        where=limits.where_from(request).removeprefix("address ")[:64],
    )
    request.__dict__.setdefault("_log", []).append(line)


def write(act: str, about: str, *, who: str, authority: int | None = None, detail: str = "") -> None:
    """Write a line at once, for what is done without a request: by a command, or by the duties."""
    LogLine.objects.create(user_name=who[:201], authority_id=authority, act=act, about=about[:100], detail=detail[:300])


class WriteLog:
    """Middleware: writes what the request noted, after everything else has been done for it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer, once its lines are written. What the database raises becomes a server error in its place."""
        response = self.get_response(request)
        try:
            write_noted(request)
        except BaseException:
            response.close()  # a file is open in it
            raise
        return response


def write_noted(request: HttpRequest) -> None:
    """Write what the request has noted so far. A view does it itself when it has something better to say than the server's error."""
    if lines := request.__dict__.pop("_log", None):
        LogLine.objects.bulk_create(lines)


def forget_old(now: datetime) -> int:
    """Delete lines that are older than the log is kept (LOG_YEARS); how many there were."""
    old = LogLine.objects.filter(at__lt=now - timedelta(days=365.25 * settings.LOG_YEARS))
    return super(type(old), old).delete()[0]
