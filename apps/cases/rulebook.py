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


class Party(StrEnum):
    """Who takes a step."""

    HANDLER = "handler"
    CUSTOMER = "customer"


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


_R, _H, _Q, _S = Status.RECEIVED, Status.IN_HANDLING, Status.SUPPLEMENT_REQUESTED, Status.SUPPLEMENTED
_C, _N = Status.CLOSED, Status.NOT_EXAMINED
_HANDLER, _CUSTOMER = Party.HANDLER, Party.CUSTOMER

# fmt: off
TABLE: tuple[Step, ...] = (
    #    step                  from                    to                           by         needs                      in words
    Step("take_up",            (_R,),                  Status.IN_HANDLING,          _HANDLER,  (),                        _("Take up for handling")),
    Step("request_supplement", (_H, _S),               Status.SUPPLEMENT_REQUESTED, _HANDLER,  ("text", "due", "fields"), _("Ask for a supplement")),
    Step("supplement",         (_Q,),                  Status.SUPPLEMENTED,         _CUSTOMER, ("paper",),                _("Send the supplement")),
    Step("resume",             (_Q, _S),               Status.IN_HANDLING,          _HANDLER,  (),                        _("Go on handling")),
    Step("close",              (_H, _S),               Status.CLOSED,               _HANDLER,  ("outcome", "text"),       _("Close with an outcome"), ("files",)),
    Step("add",                (_R, _H, _S),           None,                        _CUSTOMER, ("paper",),                _("Add something")),
    Step("write",              (_R, _H, _Q, _S, _C, _N), None,                      _HANDLER,  ("text",),                 _("Write to the customer"), ("files",)),
    Step("reply",              (_R, _H, _Q, _S, _C, _N), None,                      _CUSTOMER, ("text",),                 _("Write to the authority"), ("files",)),
    Step("register",           (_R, _H, _Q, _S, _C, _N), None,                      _HANDLER,  ("register_number",),      _("Give the register number")),
    Step("transfer",           (_R, _H, _S),           Status.TRANSFERRED,          _HANDLER,  ("to", "text"),            _("Transfer to another authority")),
    Step("leave_unexamined",   (_H, _Q, _S),           Status.NOT_EXAMINED,         _HANDLER,  ("text",),                 _("Leave unexamined")),
    Step("withdraw",           (_R, _H, _Q, _S),       Status.WITHDRAWN,            _CUSTOMER, (),                        _("Withdraw")),
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
}
STEPS: dict[str, Step] = {step.name: step for step in TABLE}
# Nothing moves it any more; what is written about it afterwards does not.
FINAL = frozenset(Status) - {before for step in TABLE if step.after for before in step.before}

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
