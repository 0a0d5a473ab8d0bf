"""The end-to-end test of a connected system, in words: what is to be tried before it is let near real cases, and what has been."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.people.models import System
from apps.people.systems import OPTIONAL, REQUIRED

WORDS: dict[str, Any] = {
    "ledger": _("Fetched the ledger"),
    "data": _("Read the data of a case"),
    "parts": _("Read common data or form data by itself"),
    "events": _("Read the events of a case"),
    "attachment": _("Fetched an attachment"),
    "range": _("Fetched a part of an attachment"),
    "take_up": _("Posted that a case is taken up"),
    "supplement_request": _("Posted a supplement request"),
    "supplement": _("Read the data of a case that the customer has supplemented"),
    "message": _("Posted a message to the customer"),
    "register_number": _("Posted a register number"),
    "outcome": _("Posted an outcome"),
    "decision_file": _("Sent a file with the outcome"),
    "duplicate": _("Posted the same event again, and got the same answer"),
    "refusal": _("Was refused an event (409), and went on with the case"),
    "received": _("Posted that something has arrived in the authority’s own service"),
    "woken": _("Was woken"),
}


@dataclass(frozen=True)
class Check:
    """A part of the test, and when it was done first."""

    name: str
    words: str
    at: datetime | None


def required(system: System) -> list[Check]:
    """What must be done, in the order one goes through it."""
    return _checks(system, REQUIRED)


def optional(system: System) -> list[Check]:
    """What can be done besides."""
    return _checks(system, OPTIONAL)


def _checks(system: System, names: Iterable[str]) -> list[Check]:
    return [Check(name, str(WORDS[name]), _moment(system.checks.get(name))) for name in names]


def _moment(said: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(said) if isinstance(said, str) else None
    except ValueError:
        return None
