"""What stands after the question mark of an address, read strictly: given once, and as the contract says. What that does not name is
let be.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar
from urllib.parse import parse_qs

from django.http import HttpRequest
from django.utils.translation import gettext as _

from apps.interface.problems import Problem

MOST = 1_000  # of what is listed on one page
USUALLY = 100
MOST_PARAMETERS = 50
WHOLE = re.compile(r"[0-9]{1,9}")
RFC3339 = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})")
Value = TypeVar("Value")


class Parameters:
    """The parameters of a request. Each of these raises Problem (malformed) for what cannot be read."""

    def __init__(self, request: HttpRequest) -> None:
        query = request.META.get("QUERY_STRING", "")
        try:
            self._given = parse_qs(query, keep_blank_values=True, max_num_fields=MOST_PARAMETERS) if query else {}
        except ValueError:
            words = _("The address has more than %(most)d parameters.") % {"most": MOST_PARAMETERS}
            raise Problem("malformed", words) from None

    def limit(self) -> int:
        """How many are asked for at most."""
        words = _("limit is a whole number from 1 to %(most)d.") % {"most": MOST}
        found = self._one("limit", _whole, words)
        if found is None:
            return USUALLY
        if not 1 <= found <= MOST:
            raise Problem("malformed", words)
        return found

    def after(self) -> int:
        """The number of the event after which they are asked for."""
        return self._one("after", _whole, _("after is a whole number: that of the last event you have.")) or 0

    def changed_since(self) -> datetime | None:
        """The moment since which something has changed."""
        words = _("changedSince is no RFC 3339 time with an offset. A + in an address is written %(plus)s.")
        return self._one("changedSince", moment, words % {"plus": "%2B"})

    def cursor(self) -> tuple[datetime, int] | None:
        """The place where the page before ended."""
        return self._one("cursor", _place, _("This cursor is not one that the ledger has given."))

    def _one(self, name: str, read: Callable[[str], Value | None], words: str) -> Value | None:
        given = self._given.get(name)
        if given is None:
            return None
        if len(given) > 1:
            raise Problem("malformed", _("%(name)s is given more than once.") % {"name": name})
        found = read(given[0])
        if found is None:
            raise Problem("malformed", words)
        return found


def cursor(at: datetime, pk: int) -> str:
    """A place in the ledger, in a form that says to nobody that anything could be made of it."""
    return base64.urlsafe_b64encode(f"{at.astimezone(UTC).isoformat()} {pk}".encode()).decode()


def moment(text: str) -> datetime | None:
    """An RFC 3339 time, in UTC; None when it is none."""
    if not RFC3339.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):  # the 30th of February; a year before the first
        return None


def _whole(text: str) -> int | None:
    return int(text) if WHOLE.fullmatch(text) else None


def _place(text: str) -> tuple[datetime, int] | None:
    try:
        when, _space, pk = base64.b64decode(text.encode("ascii"), b"-_", validate=True).decode("ascii").partition(" ")
    except (binascii.Error, ValueError):
        return None
    at, row = moment(when), re.fullmatch(r"[1-9][0-9]{0,17}", pk)
    return (at, int(pk)) if at and row and cursor(at, int(pk)) == text else None
