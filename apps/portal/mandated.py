"""A mandate that has ended closes the door: asked of its source now and then, and always before something is sent under it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from enum import Enum
from typing import Any, TypeVar

from django.http import HttpRequest

from apps.people import mandates
from apps.people.identification import MANDATE_KEY, SOURCE_KEY, act_for, mandate_of
from apps.people.mandates import Chosen, NoMandate, SourceAway, Unconfirmed
from apps.people.models import Customer, Mandate
from apps.people.sealing import NoKey, opened_text, sealed_text

ViewT = TypeVar("ViewT", bound=Callable[..., Any])
AWAY_KEY = "mandate_source_away"
NOT_ASKED_AGAIN = 30  # seconds after the source has not answered: or every page would wait for it


class Standing(Enum):
    """How the mandate stands under which somebody acts."""

    HOLDS = "holds"
    ENDED = "ended"  # or can no longer be confirmed by this session: one must choose again
    UNKNOWN = "unknown"  # the source cannot be asked just now


def sends_nothing(view: ViewT) -> ViewT:
    """Mark a view by which nothing gets to an authority: it may go on while the source of mandates cannot be asked."""
    view.sends_nothing = True  # type: ignore[attr-defined]
    return view


def may_send(request: HttpRequest) -> bool:
    """Whether something may get to an authority by the request: all that is posted, except to views that are marked."""
    match = request.resolver_match
    return request.method == "POST" and not (match and getattr(match.func, "sends_nothing", False))


def keep(request: HttpRequest, chosen: Chosen) -> None:
    """Remember the session at the source, sealed: its token lets one ask for whom this customer may act."""
    request.session[SOURCE_KEY] = sealed_text(json.dumps(asdict(chosen)))


def chosen_of(request: HttpRequest) -> Chosen | None:
    """The session at the source, by which it can be asked again."""
    try:
        return Chosen(**json.loads(opened_text(request.session[SOURCE_KEY])))
    except (KeyError, NoKey, TypeError, ValueError):
        return None


def leave(request: HttpRequest) -> None:
    """End the session at the source, if there is one: what it gave is of no more use."""
    if chosen := chosen_of(request):
        mandates.end(chosen)


def standing(request: HttpRequest, customer: Customer, *, ask: bool = False) -> Standing:
    """Whether the customer may go on as they act now. The source is asked when it is some time ago, or with `ask`.

    One whose mandate has ended acts for nobody else from then on.
    """
    if MANDATE_KEY not in request.session:
        return Standing.HOLDS
    mandate = mandate_of(request, customer)
    if mandate is not None and mandate.holds:
        if not ask and not mandates.is_old(mandate):
            return Standing.HOLDS
        if not ask and request.session.get(AWAY_KEY, 0) > time.time():
            return Standing.UNKNOWN
        try:
            if _still(request, mandate):
                request.session.pop(AWAY_KEY, None)
                return Standing.HOLDS
        except SourceAway:
            if not mandates.is_far_too_old(mandate):
                request.session[AWAY_KEY] = int(time.time()) + NOT_ASKED_AGAIN
                return Standing.UNKNOWN
    act_for(request, None)
    return Standing.ENDED


def _still(request: HttpRequest, mandate: Mandate) -> bool:
    """Ask, with a new token when the old one has run out. Raises SourceAway."""
    chosen = chosen_of(request)
    if chosen is None:
        return False
    try:
        return mandates.check(mandate, chosen)
    except Unconfirmed:
        pass
    try:
        chosen = mandates.renewed(chosen)
        keep(request, chosen)
        return mandates.check(mandate, chosen)
    except NoMandate:
        return False
