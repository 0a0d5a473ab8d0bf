"""The rule book of a case: which step leads from which status to which, who takes it, and what it needs.

One table, to be read aloud. `Case.take_step` obeys it, and the buttons of desk and portal are what it offers.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Status(StrEnum):
    """Where a case is."""

    RECEIVED = "received"
    IN_HANDLING = "in_handling"
    SUPPLEMENT_REQUESTED = "supplement_requested"
    SUPPLEMENTED = "supplemented"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    TRANSFERRED = "transferred"
    NOT_EXAMINED = "not_examined"


STATUS_WORDS: dict[str, Any] = {
    Status.RECEIVED: pgettext_lazy("status", "Received, pending"),
    Status.IN_HANDLING: pgettext_lazy("status", "Being handled"),
    Status.SUPPLEMENT_REQUESTED: pgettext_lazy("status", "Supplement requested"),
    Status.SUPPLEMENTED: pgettext_lazy("status", "Supplemented"),
    Status.CLOSED: pgettext_lazy("status", "Handled"),
    Status.WITHDRAWN: pgettext_lazy("status", "Withdrawn"),
    Status.TRANSFERRED: pgettext_lazy("status", "Transferred to another authority"),
    Status.NOT_EXAMINED: pgettext_lazy("status", "Not examined"),
}


class NotAllowed(Exception):
    """The rule book refuses the step. The message says what is possible instead."""


class Party(StrEnum):
    """Who takes a step: an official who handles the case, the customer, or an official of an authority that was asked about it."""

    HANDLER = "handler"
    CUSTOMER = "customer"
    CONSULTED = "consulted"


class Audience(StrEnum):
    """Who gets to know of a step: everybody (the customer and every receiver), authorities alone, or nobody but the desk itself."""

    EVERYBODY = "everybody"
    AUTHORITIES = "authorities"
    DESK = "desk"


@dataclass(frozen=True)
class Step:
    """A row of the table. `needs` names the facts that must come with it, `may` those that can. Without `after` the status stays."""

    name: str
    before: tuple[Status, ...]
    after: Status | None
    by: Party
    needs: tuple[str, ...]
    label: Any
    may: tuple[str, ...] = ()
    audience: Audience = Audience.EVERYBODY


_R, _H, _Q, _S = Status.RECEIVED, Status.IN_HANDLING, Status.SUPPLEMENT_REQUESTED, Status.SUPPLEMENTED
_C, _W, _T, _N = Status.CLOSED, Status.WITHDRAWN, Status.TRANSFERRED, Status.NOT_EXAMINED
_OPEN, _ENDED = (_R, _H, _Q, _S), (_C, _W, _T, _N)
_ALL = (*_OPEN, *_ENDED)
_HANDLER, _CUSTOMER, _CONSULTED = Party.HANDLER, Party.CUSTOMER, Party.CONSULTED
_AUTHORITIES, _DESK = Audience.AUTHORITIES, Audience.DESK

# fmt: off
TABLE: tuple[Step, ...] = (
    #    step                  from                    to                           by          needs                      in words
    Step("take_up",            (_R,),                  Status.IN_HANDLING,          _HANDLER,   (),                        _("Take up for handling"), ("handler", "since")),
    Step("assign",             _OPEN,                  None,                        _HANDLER,   ("handler",),              _("Hand on to a handler")),
    Step("request_supplement", (_H, _S),               Status.SUPPLEMENT_REQUESTED, _HANDLER,   ("text", "due", "fields"), _("Ask for a supplement"), ("texts",)),
    Step("supplement",         (_Q,),                  Status.SUPPLEMENTED,         _CUSTOMER,  ("paper",),                _("Send the supplement")),
    Step("resume",             (_Q, _S),               Status.IN_HANDLING,          _HANDLER,   (),                        _("Go on handling")),
    Step("complete",           (_H, _S),               None,                        _HANDLER,   (),                        _("Say that the application is complete")),
    Step("close",              (_H, _S),               Status.CLOSED,               _HANDLER,   ("outcome", "text"),       _("Close with an outcome"), ("files", "appeal")),
    Step("add",                (_R, _H, _S),           None,                        _CUSTOMER,  ("paper",),                _("Add something")),
    Step("write",              (*_OPEN, _C, _N),       None,                        _HANDLER,   ("text",),                 _("Write to the customer"), ("files",)),
    Step("reply",              (*_OPEN, _C, _N),       None,                        _CUSTOMER,  ("text",),                 _("Write to the authority"), ("files",)),
    Step("consult",            _OPEN,                  None,                        _HANDLER,   ("authority", "text"),     _("Ask another authority"), ("files", "with_paper"), _AUTHORITIES),
    Step("answer",             _OPEN,                  None,                        _CONSULTED, ("text",),                 _("Answer the authority that asks"), ("files", "authority"), _AUTHORITIES),
    Step("note",               _ALL,                   None,                        _HANDLER,   ("text",),                 _("Make an internal note"), ("files",), _DESK),
    Step("register",           (*_OPEN, _C, _N),       None,                        _HANDLER,   ("register_number",),      _("Give the register number")),
    Step("redirect",           (*_OPEN, _C, _N),       None,                        _HANDLER,   ("address",),              _("Say who is told of this case"), (), _DESK),
    Step("transfer",           (_R, _H, _S),           Status.TRANSFERRED,          _HANDLER,   ("to", "text"),            _("Transfer to another authority"), ("service",)),
    Step("leave_unexamined",   (_H, _Q, _S),           Status.NOT_EXAMINED,         _HANDLER,   ("text",),                 _("Leave unexamined"), ("files", "appeal")),
    Step("reopen",             (_C, _N),               Status.IN_HANDLING,          _HANDLER,   ("text",),                 _("Reopen for a correction")),
    Step("withdraw",           _OPEN,                  Status.WITHDRAWN,            _CUSTOMER,  (),                        _("Withdraw")),
    Step("hand_over",          _ALL,                   None,                        _HANDLER,   (),                        _("Note that it is handed over"), (), _DESK),
    Step("hold",               _ALL,                   None,                        _HANDLER,   ("text",),                 _("Keep from being deleted"), (), _DESK),
    Step("release",            _ALL,                   None,                        _HANDLER,   (),                        _("Let it be deleted in time"), (), _DESK),
)
# fmt: on
# What a step needs, in words.
NEED_WORDS: dict[str, Any] = {
    "text": _("text"),
    "due": _("last day to answer"),
    "fields": _("questions to answer again"),
    "paper": _("what the customer sends"),
    "outcome": _("outcome"),
    "to": _("authority that receives the case"),
    "files": _("files"),
    "register_number": _("number in the authority's own register"),
    "handler": _("handler"),
    "since": _("day when handling began"),
    "texts": _("a text for a question"),
    "appeal": _("instructions for appeal"),
    "authority": _("authority that is asked"),
    "with_paper": _("whether the application is shown to it"),
    "address": _("e-mail address"),
    "service": _("service that receives the case"),
}
STEPS: dict[str, Step] = {step.name: step for step in TABLE}
# The authority has done with it. Only a correction opens it again.
ENDED = frozenset(_ENDED)
# What the customer and the receivers are told of. What happens to a case without a step ("received") is told to everybody.
NOT_FOR_EVERYBODY = frozenset(step.name for step in TABLE if step.audience != Audience.EVERYBODY)
FOR_THE_DESK_ALONE = frozenset(step.name for step in TABLE if step.audience == Audience.DESK)

# The outcome's words depend on the kind of service.
OUTCOMES: dict[str, dict[str, Any]] = {
    "permit": {
        "granted": pgettext_lazy("outcome", "Granted"),
        "granted_partly": pgettext_lazy("outcome", "Granted in part"),
        "rejected": pgettext_lazy("outcome", "Rejected"),
    },
    "notification": {
        "noted": pgettext_lazy("outcome", "Noted"),
        "accepted": pgettext_lazy("outcome", "Accepted"),
        "conditions": pgettext_lazy("outcome", "Decision with conditions"),
        "prohibited": pgettext_lazy("outcome", "Prohibited"),
    },
    "plan": {
        "checked": pgettext_lazy("outcome", "Checked"),
        "returned": pgettext_lazy("outcome", "Returned"),
    },
    "registration": {
        "registered": pgettext_lazy("outcome", "Registered"),
        "not_registered": pgettext_lazy("outcome", "Not registered"),
    },
    "supervision": {
        "supervised": pgettext_lazy("outcome", "Supervised"),
        "no_action": pgettext_lazy("outcome", "No action needed"),
    },
}


def steps_from(status: str, by: Party) -> list[Step]:
    """What a party may do now."""
    return [step for step in TABLE if status in step.before and step.by is by]


def status_choices() -> list[tuple[str, Any]]:
    """For a model column; a callable, so that a new status writes no migration."""
    return list(STATUS_WORDS.items())
