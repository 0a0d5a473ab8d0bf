"""Doors that let nobody knock too often: 429 in words, and nothing that was typed is lost."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.people import limits
from apps.people.limits import TooMany
from apps.portal import stash
from apps.portal.errors import error_page
from apps.portal.visitors import came_from

View = Callable[..., HttpResponseBase]
Asked = Callable[[HttpRequest], bool]


def is_posted(request: HttpRequest) -> bool:
    """Whether something is sent in, and not only looked at."""
    return request.method == "POST"


def always(request: HttpRequest) -> bool:
    """Every time, also when it is only looked at."""
    return True


def brings_files(request: HttpRequest) -> bool:
    """Whether files come with it."""
    return request.method == "POST" and bool(request.FILES)


def limited(what: str, *, when: Asked = is_posted) -> Callable[[View], View]:
    """Count each request of a view that `when` is true of, and answer 429 when they are too many (`people.limits`).

    A TooMany that the view itself raises is answered in the same way. Below `customers_only` it counts by customer.
    """

    def guard(view: View) -> View:
        @wraps(view)
        def counted(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            try:
                if when(request):
                    limits.count(what, limits.who_asks(request))
                return view(request, *args, **kwargs)
            except TooMany as refused:
                return too_many(request, refused)

        return counted

    return guard


def when_again(refused: TooMany) -> str:
    """When it can be tried again, in words."""
    minutes = -(-refused.seconds // 60)
    said = ngettext("Try again in %(n)d minute.", "Try again in %(n)d minutes.", minutes)
    return said % {"n": minutes}


def too_many(request: HttpRequest, refused: TooMany) -> HttpResponse:
    """429. What was typed stands on the page again when the customer goes back to it."""
    again = when_again(refused)
    kept = request.method == "POST" and stash.keep(request, stash.TOO_MANY)
    text = _("This has been tried very often in a short time, so the service takes a pause.") + " " + again
    if kept:
        text += " " + _("What you wrote is kept and stands on the page when you go back. Files must be chosen again.")
    back = request.get_full_path() if kept else came_from(request)
    response = error_page(request, 429, _("Too many times in a short time"), text, back=back)
    response.headers["Retry-After"] = str(refused.seconds)
    return response
