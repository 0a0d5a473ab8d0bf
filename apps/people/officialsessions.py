"""How long an official stays signed in: an hour without doing anything, and a working day in any case.

A customer who is signed in with the same browser has a time of their own (`people.identification`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _

from apps.people.identification.openid import KEPT_AS, OFFICIALS_OIDC
from apps.people.secondfactor import PASSED_KEY

SINCE_KEY, SEEN_KEY = "official_since", "official_seen"
OF_OFFICIAL = (
    SESSION_KEY,
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    PASSED_KEY,
    KEPT_AS[OFFICIALS_OIDC],
    SINCE_KEY,
    SEEN_KEY,
)
RENEW_AFTER = 0.02  # of the idle time: what is newer is left alone, so that not every request writes the session


def begin(request: HttpRequest, *, at: datetime | None = None) -> None:
    """Let the time of whoever has just signed in begin."""
    request.session[SINCE_KEY] = request.session[SEEN_KEY] = _seconds(at)


def end(request: HttpRequest) -> None:
    """Sign the official out; what is a customer's in the same browser stays."""
    for key in OF_OFFICIAL:
        request.session.pop(key, None)
    request.session.cycle_key()
    request.user = AnonymousUser()


def is_over(request: HttpRequest, *, at: datetime | None = None) -> bool:
    """Whether their time is over. Who does something in time stays."""
    now, session = _seconds(at), request.session
    since, seen = session.get(SINCE_KEY), session.get(SEEN_KEY)
    if since is None or seen is None:  # signed in before there were these times
        begin(request, at=at)
        return False
    if now - since >= settings.OFFICIAL_SESSION_SECONDS or now - seen >= settings.OFFICIAL_IDLE_SECONDS:
        return True
    if now - seen > settings.OFFICIAL_IDLE_SECONDS * RENEW_AFTER:
        session[SEEN_KEY] = now
    return False


class EndSessions:
    """Middleware: whose time at the desk is over is asked to sign in again, and comes back to where they were."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """What was asked for; the sign-in page, with a sentence, when the time is over."""
        desk, leaving = reverse("admin:index"), reverse("admin:logout")
        if not request.path.startswith(desk) or request.path == leaving or SESSION_KEY not in request.session:
            return self.get_response(request)
        if not is_over(request):
            return self.get_response(request)
        end(request)
        messages.warning(request, _said(request))
        onward = _back_to(request, desk)
        return HttpResponseRedirect(f"{reverse('admin:login')}?{urlencode({'next': onward})}")


def _said(request: HttpRequest) -> str:
    if request.method in ("GET", "HEAD"):
        return _("You have been signed out because the time for a sign-in is over. Sign in again to go on.")
    return _(
        "You had been signed out because the time for a sign-in is over, so what you sent was not done and what you had "
        "written is not kept. Sign in again, and you come back to the page."
    )


def _back_to(request: HttpRequest, desk: str) -> str:
    """Where they were: of what was sent, the page with its form."""
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    came_from = urlsplit(request.headers.get("Referer", ""))
    there = came_from.path + (f"?{came_from.query}" if came_from.query else "")
    same = came_from.netloc == request.get_host() and came_from.path.startswith(desk)
    return there if same and url_has_allowed_host_and_scheme(there, allowed_hosts=None) else desk


def _seconds(at: datetime | None) -> int:
    return int((at or timezone.now()).timestamp())
