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
from django.db.models import Q, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from apps.cases.models import Case, Event, Way
from apps.cases.rulebook import NOT_FOR_EVERYBODY
from apps.people import access
from apps.people.models import Authority, Customer, Mandate, System, User


class Party(StrEnum):
    """Who is told. DIGEST is an official who wants one mail a day: what they are told waits for it, and is no mail of its own.

    SYSTEM is a connected system that is woken by mail: it is told of every event that everybody is told of, in the same words.
    """

    CUSTOMER = "customer"
    AUTHORITY = "authority"
    CONSULTED = "consulted"
    DIGEST = "digest"
    SYSTEM = "system"


class Leads(StrEnum):
    """Where the link in a mail leads."""

    CASE = "case"
    RECEIPT = "receipt"
    DESK = "desk"
    CONSULTATIONS = "consultations"


@dataclass(frozen=True)
class Letter:
    """A row of the table: at which event who is told, in what words, and where the link leads."""

    event: str
    to: Party
    leads: Leads
    subject: Any
    text: Any


_CUSTOMER, _AUTHORITY, _CONSULTED = Party.CUSTOMER, Party.AUTHORITY, Party.CONSULTED
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
    Letter("reopen", _CUSTOMER, Leads.CASE,
           _("Your case has been reopened"),
           _("The authority has reopened your case for a correction. Sign in to read why.")),
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
    Letter("answer", _AUTHORITY, Leads.DESK,
           _("A message from another authority"),
           _("The authority that was asked has answered.")),
    Letter("consult", _CONSULTED, Leads.CONSULTATIONS,
           _("Another authority asks you"),
           _("Another authority has written to you about a case of theirs.")),
)  # fmt: skip
LETTERS: dict[tuple[str, str], Letter] = {(letter.event, letter.to): letter for letter in TABLE}
TOLD = frozenset(letter.event for letter in TABLE)
WAKE_UP = _("Something has happened in a case")
AUTHORITYS_LANGUAGES = ("sv", "fi")  # whoever reads the role mailbox: both, one after the other
ARRIVED = "received"  # told to the role address, however the case's mails are redirected later


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
    """Who is told of each event, by its id; nobody twice at one address. Who gives an address later is told of what comes later.
    Of a test nobody is told but systems that test.
    """
    found = _people(events)
    for event, address in _woken(events):
        others = found.setdefault(event.pk, [])
        if address.lower() not in {one.address.lower() for one in others}:
            others.append(Recipient(Party.SYSTEM, address))
    return found


def is_told(kind: str, party: str) -> bool:
    """Whether there is a mail that tells a party of such an event."""
    return kind not in NOT_FOR_EVERYBODY if party == Party.SYSTEM else (kind, party) in LETTERS


def _people(events: Sequence[Event]) -> dict[int, list[Recipient]]:
    told = [event.pk for event in events if event.kind in TOLD]
    if not told:
        return {}
    happened = Event.objects.filter(pk__in=told, case__is_test=False).select_related(
        "by_customer", "case__service__authority"
    )
    needed = (
        "kind",
        "data",
        "case__mail_to",
        "case__service__email",
        "case__service__authority__email",
        "by_customer__email",
    )
    book = _AddressBook(list(happened.only(*needed)))
    return {event.pk: list(_recipients(event, book)) for event in book.events}


def _woken(events: Sequence[Event]) -> Iterable[tuple[Event, str]]:
    """The systems that are woken by mail, at their addresses: of what happens in their cases and is not their own doing."""
    told = [event for event in events if event.kind not in NOT_FOR_EVERYBODY]
    by_mail = System.objects.filter(active=True).exclude(wake_email="").defer("wake_secret").order_by("pk")
    woken = list(by_mail) if told else []
    if not woken:
        return
    cases = Case.objects.select_related("service").only("is_test", "service__authority_id", "service__key")
    known = cases.in_bulk({event.case_id for event in told})
    for event in told:
        case = known[event.case_id]
        for system in woken:
            about = access.is_about(system, case.service) and system.is_test == case.is_test
            if about and event.by_system_id != system.pk:
                yield event, system.wake_email


class _AddressBook:
    """Where each party of some events is told, looked up for all of them together."""

    def __init__(self, events: list[Event]) -> None:
        self.events = events
        self.customers = _addresses_of_customers({event.case_id for event in events})
        asked = {event.data.get("authority") for event in events if event.kind == "consult"}
        authorities = Authority.objects.filter(key__in=asked) if asked else Authority.objects.none()
        self.authorities = dict(authorities.values_list("key", "email"))
        redirected = {event.case.mail_to for event in events if event.case.mail_to}
        daily = officials_at(redirected).filter(digest=True) if redirected else ()
        self.daily = {official.email.lower() for official in daily}

    def address(self, event: Event, party: Party) -> str:
        """Where a party of an event is told; '' when nowhere."""
        match party:
            case Party.CUSTOMER:
                return event.by_customer.email if event.by_customer else self.customers.get(event.case_id, "")
            case Party.CONSULTED:
                return str(self.authorities.get(event.data.get("authority"), ""))
        return role_address(event.case) if event.kind == ARRIVED else address_of_desk(event.case)


def role_address(case: Case) -> str:
    """The shared mailbox where new cases of the service are told: the service's own, else the authority's."""
    return case.service.email or case.service.authority.email


def address_of_desk(case: Case) -> str:
    """Where the authority is told of what happens in a case after it has arrived: the role address, unless it was redirected."""
    return case.mail_to or role_address(case)


def officials_at(addresses: Iterable[str]) -> QuerySet[User]:
    """The officials who have one of these addresses."""
    found = Q(pk__in=[])
    for address in addresses:
        found |= Q(email__iexact=address)
    return User.objects.filter(found, is_active=True, is_staff=True)


def _recipients(event: Event, book: _AddressBook) -> Iterable[Recipient]:
    if event.kind != ARRIVED and event.data.get("transferred_from"):
        return  # a paper that came along with a transferred case: its arrival is told once
    seen: set[str] = set()
    for party in (Party.CUSTOMER, Party.AUTHORITY, Party.CONSULTED):
        address = book.address(event, party) if (event.kind, party) in LETTERS else ""
        if address and address.lower() not in seen:
            seen.add(address.lower())
            once_a_day = party is Party.AUTHORITY and event.kind != ARRIVED and address.lower() in book.daily
            yield Recipient(Party.DIGEST if once_a_day else party, address)


def _addresses_of_customers(cases: set[int]) -> dict[int, str]:
    """Where the customer of each case is told what the authority does: who sent it, or the next colleague who may still open it."""
    acts = (
        Event.objects.filter(case__in=cases, by_customer__isnull=False)
        .order_by("case", "number")
        .values_list("case", "by_customer", "by_customer__email", "case__application__principal")
    )
    taken_part: dict[int, list[tuple[Any, str, Any]]] = defaultdict(list)
    for case, customer, email, principal in (*acts, *_entered_for(cases)):
        taken_part[case].append((customer, email, principal))
    principals = {principal for people in taken_part.values() for _customer, _email, principal in people if principal}
    held = Mandate.objects.filter(principal__in=principals, ended_at=None) if principals else Mandate.objects.none()
    may_act = set(held.values_list("customer", "principal"))
    return {
        case: next((email for who, email, whom in people if whom is None or (who, whom) in may_act), "")
        for case, people in taken_part.items()
    }


def _entered_for(cases: set[int]) -> Iterable[Any]:
    """For whom officials have registered some of the cases, where they can sign in and look: by an identity code they are known by."""
    entered = Case.objects.filter(pk__in=cases).exclude(way=Way.PORTAL)
    unknown = Q(application__customer__way=Customer.DESK, application__customer__identity_code="")
    customer = ("application__customer", "application__customer__email", "application__principal")
    return entered.exclude(unknown).values_list("pk", *customer)


# --- what it says ----------------------------------------------------------------------------------------------------


def write(event: Event, party: str, language: str = "") -> Written:
    """The mail that tells somebody of an event. Asks for the case, its application's language and the paper's.

    `language` is that of an official who has said which one they want; whoever reads a role mailbox gets both, one after the other.
    """
    if party == Party.SYSTEM:
        return _wake_up(event)
    letter = LETTERS[event.kind, party]
    languages = (language,) if language else AUTHORITYS_LANGUAGES
    if letter.to is Party.CUSTOMER:
        languages = (_language(event),)
    subjects, bodies = [], []
    for language in languages:
        with translation.override(language):
            subjects.append(str(letter.subject))
            facts = {"number": event.case.number, "text": letter.text, "link": _link(event, letter)}
            bodies.append(render_to_string("mail/letter.txt", facts).strip())
    return Written(f"{event.case.number}: {' / '.join(subjects)}", "\n\n--\n\n".join(bodies) + "\n")


def _wake_up(event: Event) -> Written:
    """What a system, or whoever keeps it, is told: which case, what happened, and where the system reads it."""
    path = reverse("interface_events", args=[str(event.case.external_id)])
    facts = {
        "number": event.case.number,
        "external_id": event.case.external_id,
        "key": event.key,
        "is_test": event.case.is_test,
        "address": f"{settings.SITE_URL}{path}",
    }
    subjects, bodies = [], []
    for language in AUTHORITYS_LANGUAGES:
        with translation.override(language):
            subjects.append(str(WAKE_UP))
            bodies.append(render_to_string("mail/wake.txt", {**facts, "what": event.label}).strip())
    return Written(f"{event.case.number}: {' / '.join(subjects)}", "\n\n--\n\n".join(bodies) + "\n")


def _language(event: Event) -> str:
    return event.paper.language if event.paper else event.case.language


def _link(event: Event, letter: Letter) -> str:
    match letter.leads:
        case Leads.DESK:
            path = reverse("admin:cases_case_change", args=[event.case_id])
        case Leads.CONSULTATIONS:
            path = reverse("admin:cases_consultation_changelist")
        case Leads.RECEIPT if event.kind != "received" and event.paper_id:
            path = reverse("portal:supplement_receipt", args=[event.case.number, event.paper_id])
        case Leads.RECEIPT:
            path = reverse("portal:receipt", args=[event.case.number])
        case _:
            path = reverse("portal:case", args=[event.case.number])
    return f"{settings.SITE_URL}{path}"
