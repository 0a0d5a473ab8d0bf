"""A case's diary in words, the messages among its lines, and how far each line has got with the receivers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.cases.models import Case, Consultation, Event, Way
from apps.cases.rulebook import FOR_THE_DESK_ALONE, NOT_FOR_EVERYBODY, OUTCOMES, Audience
from apps.services.texts import LANGUAGES, date_words, moment_words

TO_CUSTOMER = ("write", "reply")
TO_AUTHORITY = ("consult", "answer")


@dataclass(frozen=True)
class Reach:
    """How far a diary line has got with a receiver: in words, how many times, and where to look closer."""

    receiver: str
    status: str
    words: str
    count: int
    address: str


@dataclass(frozen=True)
class Happening:
    """A line of the diary in words. `facts` are pairs of label and text, `files` what is known of those that came with it.

    `told`: whom it is told. `is_message`: whether it is read in a thread of messages.
    """

    number: int
    at: datetime
    what: str
    by: str
    facts: list[tuple[str, str]]
    passed_on: bool
    files: list[dict[str, Any]] = field(default_factory=list)
    told: Audience = Audience.EVERYBODY
    is_message: bool = False
    reached: Sequence[Reach] = ()


@dataclass(frozen=True)
class Message:
    """A message in a thread. `ours`: from the side whose page it is."""

    number: int
    at: datetime
    by: str
    ours: bool
    text: str
    files: list[dict[str, Any]]

    @classmethod
    def of(cls, event: Event, *, by: str, ours: bool) -> Message:
        """What a diary line says; who said it is called otherwise on each side."""
        return cls(event.number, event.at, by, ours, event.data.get("text", ""), event.data.get("files", []))


@dataclass(frozen=True)
class Thread:
    """The messages with the customer, or with an authority that was asked, oldest first."""

    title: str
    messages: list[Message]
    key: str = "customer"
    waits: bool = False  # whether the last word is the other side's, or an answer is awaited from them
    with_paper: bool = False


# How far the lines of a case have got, by their primary keys. Delivery fills this in when the house is set up: this floor does not
# know it.
deliveries_of: Callable[[Case], Mapping[int, Sequence[Reach]]] | None = None
# From when on what happens is passed on to the national service; None while nothing is. Filled in by delivery as well.
passed_on_from: Callable[[], datetime | None] | None = None


@dataclass(frozen=True)
class Diary:
    """Every line, oldest first, and the messages among them in threads: with the customer, then with each authority that was asked."""

    lines: list[Happening]
    threads: list[Thread]

    @property
    def refused(self) -> Reach | None:
        """A receiver that has refused a line, if any: its case goes no further there until somebody looks."""
        return next((reach for line in self.lines for reach in line.reached if reach.status == "refused"), None)


def diary_of(case: Case) -> Diary:
    """The diary of a case."""
    events = list(case.events.order_by("number"))
    asked = list(case.consultations.select_related("authority").order_by("pk"))
    names = {one.authority.key: str(one.authority) for one in asked}
    reached = deliveries_of(case) if deliveries_of else {}
    return Diary(
        [_happening(event, case, names, reached.get(event.pk, ())) for event in events], _threads(events, asked)
    )


def _happening(event: Event, case: Case, names: Mapping[str, str], reached: Sequence[Reach]) -> Happening:
    is_message = event.kind in (*TO_CUSTOMER, *TO_AUTHORITY)
    facts = facts_of(event, case, names)
    return Happening(
        number=event.number,
        at=event.at,
        what=event.label,
        by=_who(event),
        facts=[(label, text) for label, text in facts if not (is_message and text == event.data.get("text"))],
        passed_on=event.number <= case.acknowledged_number,
        files=[] if is_message else event.data.get("files", []),
        told=told(event.kind),
        is_message=is_message,
        reached=reached,
    )


def told(kind: str) -> Audience:
    """Whom a line of the kind is told."""
    if kind in FOR_THE_DESK_ALONE:
        return Audience.DESK
    return Audience.AUTHORITIES if kind in NOT_FOR_EVERYBODY else Audience.EVERYBODY


def _threads(events: Sequence[Event], asked: Iterable[Consultation]) -> list[Thread]:
    with_customer = [_message(event, event.kind == "write") for event in events if event.kind in TO_CUSTOMER]
    threads = [
        Thread(_("Messages with the customer"), with_customer, waits=bool(with_customer) and not with_customer[-1].ours)
    ]
    for one in asked:
        lines = [_message(event, event.kind == "consult") for event in between(events, one.authority.key)]
        title = _("Messages with %(authority)s") % {"authority": one.authority}
        threads.append(Thread(title, lines, one.authority.key, one.answered_at is None, one.with_paper))
    return [thread for thread in threads if thread.messages]


def between(events: Iterable[Event], authority: str) -> list[Event]:
    """The lines that are between a case's authority and the one of that key which it has asked, and nobody else."""
    return [event for event in events if event.kind in TO_AUTHORITY and event.data.get("authority") == authority]


def consultation_thread(consultation: Consultation) -> list[Message]:
    """What the asked authority reads of a case's diary: what the two have written to each other."""
    events = consultation.case.events.filter(kind__in=TO_AUTHORITY).order_by("number")
    return [_message(event, event.kind == "answer") for event in between(events, consultation.authority.key)]


def _message(event: Event, ours: bool) -> Message:
    return Message.of(event, by=_who(event), ours=ours)


def _who(event: Event) -> str:
    """Who did it, and for whom."""
    if event.by_system_id:
        return _("%(name)s (connected system)") % {"name": event.by_name}
    if not event.on_behalf_of:
        return event.by_name
    return _("%(name)s, on behalf of %(principal)s") % {"name": event.by_name, "principal": event.on_behalf_of}


def facts_of(event: Event, case: Case, authorities: Mapping[str, str] | None = None) -> list[tuple[str, str]]:
    """What was said when it happened. `authorities`: the names of those that were asked, by key."""
    definition, data = case.application.version.definition, event.data
    sender = data.get("sender", {})  # of what an official has registered
    labels = {key: field.label.said() for key, field in definition.fields.items()}
    asked = [labels[key] for key in data.get("fields", []) if key in labels]
    said = [
        (_("Way of arrival"), str(dict(Way.choices).get(data.get("way", ""), ""))),
        (_("Arrived"), _moment(data.get("arrived_at"))),
        (_("From"), ", ".join(filter(None, (sender.get("principal"), sender.get("name"))))),
        (_("Outcome"), str(OUTCOMES[definition.kind].get(data.get("outcome", ""), ""))),
        (_("Handler"), str(data.get("handler", ""))),
        (_("Since"), _day(data.get("since"))),
        (_("To"), str(data.get("to", ""))),
        (
            _("Authority that is asked"),
            str((authorities or {}).get(data.get("authority", ""), "")) if event.kind == "consult" else "",
        ),
        (_("Text"), str(data.get("text", ""))),
        (_("Instructions for appeal"), str(data.get("appeal", ""))),
        (_("Address"), str(data.get("address") or (_("the role address") if event.kind == "redirect" else ""))),
        (_("New case"), str(data.get("case", ""))),
        (_("Transferred from"), str(data.get("transferred_from", ""))),
        (_("Register number"), str(data.get("register_number", ""))),
        (_("Last day to answer"), _day(data.get("due"))),
        (_("Questions to answer again"), ", ".join(asked)),
        *((labels.get(key, key), str(text)) for key, text in data.get("texts", {}).items()),
        (_("The application"), _("is shown to it") if data.get("with_paper") else ""),
    ]
    return [(label, text) for label, text in said if text]


def _moment(value: Any) -> str:
    return moment_words(datetime.fromisoformat(value), get_language() or LANGUAGES[0]) if value else ""


def _day(value: Any) -> str:
    return date_words(date.fromisoformat(value)) if value else ""
