"""What was typed and could not be saved at once is kept for the page it was typed on: sealed, in the session, for an hour.

A view that is marked with `shown_again` asks `typed` for it: it stands in the controls again after signing in (or in the other language,
or when it may be tried again), and counts only when the customer saves it. It is bound to the page's address and, where that is
known, to who was signed in; nobody else ever sees it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import translate_url
from django.utils import timezone

from apps.people import limits
from apps.people.identification import BEFORE_KEY, SESSION_KEY
from apps.people.models import Customer
from apps.people.sealing import NoKey, opened_text, sealed_text

STASH_KEY = "typed"
MOST, LARGEST, LASTS = 2, 500_000, timedelta(hours=1)  # pages, characters of one, and how long
LANGUAGE = "_language"  # the button that shows a form in another language
NOT_TYPED = {"csrfmiddlewaretoken", LANGUAGE, "_later", "_remove"}

# Why it was kept: what the page says above it (templates/portal/_typed.html).
SIGNED_OUT, OLD_PAGE, TOO_MANY, OTHER_LANGUAGE = "signed_out", "old_page", "too_many", "other_language"
NO_MANDATE = "no_mandate"


ViewT = TypeVar("ViewT", bound=Callable[..., Any])


def shown_again(view: ViewT) -> ViewT:
    """Mark a view that shows again what was typed on its page; only for such is it kept."""
    view.shows_typed_again = True  # type: ignore[attr-defined]
    return view


def is_shown_again(request: HttpRequest) -> bool:
    """Whether the page that the request is for shows again what was typed on it."""
    return bool(request.resolver_match and getattr(request.resolver_match.func, "shows_typed_again", False))


@dataclass(frozen=True)
class Typed:
    """What was typed on a page, as it was posted, and why it was not saved."""

    fields: QueryDict
    why: str


def keep(request: HttpRequest, why: str, *, at: datetime | None = None) -> bool:
    """Keep what was posted for the page it was posted to.

    False when the page does not show it again, when there was nothing, too much, or too often by somebody unknown.
    """
    if not is_shown_again(request):
        return False
    fields = request.POST.copy()
    for name in NOT_TYPED & fields.keys():
        del fields[name]
    encoded = fields.urlencode()
    answers = (value for name, values in fields.lists() if not name.startswith("_") for value in values)
    if not any(value.strip() for value in answers) or len(encoded) > LARGEST:
        return False
    who = str(request.session.get(SESSION_KEY) or request.session.get(BEFORE_KEY) or "")
    if SESSION_KEY not in request.session:
        try:
            limits.count("keep_typed", limits.where_from(request), at=at)
        except limits.TooMany:
            return False
    page, moment = _page(request.path), at or timezone.now()
    sealed = sealed_text(json.dumps({"fields": encoded, "why": why}))
    kept = [one for one in request.session.get(STASH_KEY, ()) if one["page"] != page]
    one = {"page": page, "who": who, "at": int(moment.timestamp()), "sealed": sealed}
    request.session[STASH_KEY] = [*kept, one][-MOST:]
    return True


def typed(request: HttpRequest, customer: Customer | None = None, *, at: datetime | None = None) -> Typed | None:
    """What was typed on this page and not saved, if anything; asking for it makes the page say so.

    The view has seen to it before that the page is the customer's own.
    """
    if STASH_KEY not in request.session:
        return None
    found = next((one for one in request.session[STASH_KEY] if one["page"] == _page(request.path)), None)
    if found is None:
        return None
    theirs = found["who"] in ("", str(customer.pk) if customer else "")
    if not theirs or (at or timezone.now()).timestamp() - found["at"] > LASTS.total_seconds():
        forget(request)
        return None
    try:
        said: dict[str, Any] = json.loads(opened_text(found["sealed"]))
    except NoKey:
        forget(request)
        return None
    request.typed_again = said["why"]  # type: ignore[attr-defined]  # read by base.html
    return Typed(QueryDict(said["fields"]), said["why"])


def forget(request: HttpRequest) -> None:
    """Throw away what was kept for this page: it has been posted anew, or the page is not theirs who ask for it."""
    if STASH_KEY not in request.session:
        return
    others = [one for one in request.session[STASH_KEY] if one["page"] != _page(request.path)]
    if others:
        request.session[STASH_KEY] = others
    else:
        del request.session[STASH_KEY]


def forget_all(request: HttpRequest) -> None:
    """Throw away all that was kept: whoever wrote it has left."""
    request.session.pop(STASH_KEY, None)


def language_asked_for(request: HttpRequest) -> str:
    """The language whose button was pressed in a form, if one was."""
    language = str(request.POST.get(LANGUAGE, ""))
    return language if language in dict(settings.LANGUAGES) else ""


def in_other_language(request: HttpRequest, address: str, *, keeping: bool = True) -> HttpResponse:
    """The page at the address in the language whose button was pressed; what was typed stands there again."""
    if keeping:
        keep(request, OTHER_LANGUAGE)
    return HttpResponseRedirect(translate_url(address, language_asked_for(request)))


def _page(path: str) -> str:
    """The page, whatever language it is shown in."""
    return re.sub(r"^/[a-z]{2,3}(?:-[a-z]+)?/", "/", path)
