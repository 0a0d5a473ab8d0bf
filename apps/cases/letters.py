"""Which line of the diary is told to whom by mail, as one table, and what such a mail says: only that something happened.

A mail names the case and links straight to it. It holds no outcome, no answer, no person's name and no attachment: whoever wants
to know more signs in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from apps.cases.models import Event
from apps.people.models import Mandate


class Party(StrEnum):
    """Who is told."""

    CUSTOMER = "customer"
    AUTHORITY = "authority"


class Leads(StrEnum):
    """Where the link in a mail leads."""

    CASE = "case"
    RECEIPT = "receipt"
    DESK = "desk"


@dataclass(frozen=True)
class Letter:
    """A row of the table: at which event who is told, in what words, and where the link leads."""

    event: str
    to: Party
    leads: Leads
    subject: Any
    text: Any


_CUSTOMER, _AUTHORITY = Party.CUSTOMER, Party.AUTHORITY
# How a case ended is told by the case itself alone, so all its ends read alike.
_ENDED = (
    _("Your case has been handled"),
    _("The authority has finished handling your case. Sign in to read how it ended."),
)

TABLE: tuple[Letter, ...] = (
    Letter("received", _CUSTOMER, Leads.RECEIPT,
           _("Your application has arrived"),
           _("What you sent has arrived at the authority. Here is your receipt.")),
    Letter("supplement", _CUSTOMER, Leads.RECEIPT,
           _("Your supplement has arrived"),
           _("What you sent has arrived at the authority. Here is your receipt.")),
    Letter("add", _CUSTOMER, Leads.RECEIPT,
           _("What you added has arrived"),
           _("What you sent has arrived at the authority. Here is your receipt.")),
    Letter("request_supplement", _CUSTOMER, Leads.CASE,
           _("You are asked for a supplement"),
           _("The authority asks you to supplement your case. Sign in to read what is asked for, and by when.")),
    Letter("write", _CUSTOMER, Leads.CASE,
           _("The authority has written to you"),
           _("There is a message for you in your case. Sign in to read it.")),
    Letter("close", _CUSTOMER, Leads.CASE, *_ENDED),
    Letter("transfer", _CUSTOMER, Leads.CASE, *_ENDED),
    Letter("leave_unexamined", _CUSTOMER, Leads.CASE, *_ENDED),
    Letter("received", _AUTHORITY, Leads.DESK,
           _("A new case has arrived"),
           _("A customer has sent an application.")),
    Letter("supplement", _AUTHORITY, Leads.DESK,
           _("A supplement has arrived"),
           _("The customer has sent the supplement that was asked for.")),
    Letter("add", _AUTHORITY, Leads.DESK,
           _("The customer has added something"),
           _("The customer has supplemented the case unasked.")),
    Letter("reply", _AUTHORITY, Leads.DESK,
           _("A message from the customer"),
           _("The customer has written a message.")),
    Letter("withdraw", _AUTHORITY, Leads.DESK,
           _("A case has been withdrawn"),
           _("The customer has withdrawn the case.")),
)  # fmt: skip
LETTERS: dict[tuple[str, str], Letter] = {(letter.event, letter.to): letter for letter in TABLE}
TOLD = frozenset(letter.event for letter in TABLE)
AUTHORITYS_LANGUAGES = ("sv", "fi")  # whoever reads the role mailbox: both, one after the other


@dataclass(frozen=True)
class Recipient:
    """One who is told, and where."""

    party: Party
    address: str


@dataclass(frozen=True)
class Written:
    """A mail's words."""

    subject: str
    body: str


# --- to whom ---------------------------------------------------------------------------------------------------------


def recipients(events: Sequence[Event]) -> dict[int, list[Recipient]]:
    """Who is told of each event, by its id; nobody twice at one address. Who gives an address later is told of what comes later."""
    told = [event.pk for event in events if event.kind in TOLD]
    if not told:
        return {}
    happened = Event.objects.filter(pk__in=told).select_related("by_customer", "case__service__authority")
    needed = ("kind", "case__service__authority__email", "by_customer__email")
    found = list(happened.only(*needed))
    customers = _addresses_of_customers({event.case_id for event in found})
    return {event.pk: list(_recipients(event, customers.get(event.case_id, ""))) for event in found}


def _recipients(event: Event, customers_address: str) -> Iterable[Recipient]:
    seen: set[str] = set()
    for party in Party:
        if (event.kind, party) not in LETTERS:
            continue
        address = event.case.service.authority.email
        if party is Party.CUSTOMER:
            address = event.by_customer.email if event.by_customer else customers_address
        if address and address.lower() not in seen:
            seen.add(address.lower())
            yield Recipient(party, address)


def _addresses_of_customers(cases: set[int]) -> dict[int, str]:
    """Where the customer of each case is told what the authority does: who sent it, or the next colleague who may still open it."""
    acts = (
        Event.objects.filter(case__in=cases, by_customer__isnull=False)
        .order_by("case", "number")
        .values_list("case", "by_customer", "by_customer__email", "case__application__principal")
    )
    taken_part: dict[int, list[tuple[Any, str, Any]]] = defaultdict(list)
    for case, customer, email, principal in acts:
        taken_part[case].append((customer, email, principal))
    principals = {principal for people in taken_part.values() for _customer, _email, principal in people if principal}
    held = Mandate.objects.filter(principal__in=principals, ended_at=None) if principals else Mandate.objects.none()
    may_act = set(held.values_list("customer", "principal"))
    return {
        case: next((email for who, email, whom in people if whom is None or (who, whom) in may_act), "")
        for case, people in taken_part.items()
    }


# --- what it says ----------------------------------------------------------------------------------------------------


def write(event: Event, party: str) -> Written:
    """The mail that tells somebody of an event. Asks for the case, its application's language and the paper's."""
    letter = LETTERS[event.kind, party]
    languages = (_language(event),) if letter.to is Party.CUSTOMER else AUTHORITYS_LANGUAGES
    subjects, bodies = [], []
    for language in languages:
        with translation.override(language):
            subjects.append(str(letter.subject))
            facts = {"number": event.case.number, "text": letter.text, "link": _link(event, letter)}
            bodies.append(render_to_string("mail/letter.txt", facts).strip())
    return Written(f"{event.case.number}: {' / '.join(subjects)}", "\n\n--\n\n".join(bodies) + "\n")


def _language(event: Event) -> str:
    return event.paper.language if event.paper else event.case.language


def _link(event: Event, letter: Letter) -> str:
    match letter.leads:
        case Leads.DESK:
            path = reverse("admin:cases_case_change", args=[event.case_id])
        case Leads.RECEIPT if event.kind != "received" and event.paper_id:
            path = reverse("portal:supplement_receipt", args=[event.case.number, event.paper_id])
        case Leads.RECEIPT:
            path = reverse("portal:receipt", args=[event.case.number])
        case _:
            path = reverse("portal:case", args=[event.case.number])
    return f"{settings.SITE_URL}{path}"
