"""What the steps do to a case besides setting its status. Each gets the case with its row locked, and gives the facts of the diary line.

Nothing here knows the models by name: what belongs to the case is reached through it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext as _

from apps.cases import duedates, finding
from apps.cases.rulebook import OUTCOMES, NotAllowed
from apps.people import access
from apps.people.models import Authority, Customer, System, User
from apps.services.models import Service
from apps.services.texts import HELSINKI

if TYPE_CHECKING:
    from apps.applications.models import Application
    from apps.cases.models import Case, Document

# A request waits for the customer until it is answered or ended.
OPEN_REQUEST = models.Q(answered_at__isnull=True, ended_at__isnull=True)


def _written(text: str, otherwise: str) -> str:
    """The text. Raises NotAllowed when there is none."""
    if not text.strip():
        raise NotAllowed(otherwise)
    return text


def _enclosed(files: Iterable[Document]) -> dict[str, Any]:
    known = [document.known() for document in files]
    return {"files": known} if known else {}


def _give_to(case: Case, handler: User | System | str) -> str:
    """Let somebody handle the case who may, and say who. A text names somebody whom only the authority's own system knows; the system
    itself is nobody. Raises NotAllowed.
    """
    if isinstance(handler, User):
        if not access.may_handle(handler, case.service):
            raise NotAllowed(_("This person may not handle the case. Choose another one."))
        case.handler, case.handler_name = handler, ""
    else:
        case.handler, case.handler_name = None, handler.strip()[:100] if isinstance(handler, str) else ""
    return case.handled_by


# --- who handles it --------------------------------------------------------------------------------------------------


def _take_up(
    case: Case, *, by: User | System, at: datetime, handler: User | str | None = None, since: date | None = None
) -> dict[str, Any]:
    said, case.handling_since = _give_to(case, handler or by), at
    if since is not None:
        if not case.arrived_at.astimezone(HELSINKI).date() <= since <= at.astimezone(HELSINKI).date():
            raise NotAllowed(_("Handling cannot have begun before the case arrived, or on a day that is ahead."))
        if since != at.astimezone(HELSINKI).date():
            case.handling_since = max(case.arrived_at, datetime(since.year, since.month, since.day, tzinfo=HELSINKI))
    return ({"handler": said} if said else {}) | ({"since": since.isoformat()} if since else {})


def _assign(case: Case, *, by: User | System, at: datetime, handler: User | str) -> dict[str, Any]:
    if not (said := _give_to(case, handler)):
        raise NotAllowed(_("Write the name of the handler."))
    return {"handler": said}


def _redirect(case: Case, *, by: User, at: datetime, address: str) -> dict[str, Any]:
    case.mail_to = address.strip()
    return {"address": case.mail_to}


# --- what is missing -------------------------------------------------------------------------------------------------


def _request_supplement(
    case: Case,
    *,
    by: User,
    at: datetime,
    text: str,
    due: date,
    fields: Iterable[str],
    texts: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    if due < at.astimezone(HELSINKI).date():
        raise NotAllowed(_("The last day has passed. Choose a day that is ahead."))
    _written(text, _("Write what the customer is asked to add."))
    known = case.application.version.definition.fields
    wanted = [key for key, field in known.items() if key in set(fields) and field.asks]
    said = {key: texts[key].strip() for key in wanted if texts and texts.get(key, "").strip()}
    case.supplement_requests.create(text=text, due=due, fields=wanted, texts=said)
    duedates.stand_still(case, at)
    return {"text": text, "due": due.isoformat(), "fields": wanted} | ({"texts": said} if said else {})


def _supplement(case: Case, *, by: Customer, at: datetime, paper: Application) -> dict[str, Any]:
    request = case.supplement_requests.filter(OPEN_REQUEST).first()
    if request is None or request.paper_id != paper.pk:
        raise NotAllowed(_("The authority has not asked for this supplement."))
    request.answered_at = at
    request.save(update_fields=["answered_at"])
    duedates.go_on(case, at)
    return {"paper": paper}


def _end_request(
    case: Case, *, by: User | Customer | System, at: datetime, files: Iterable[Document] = (), **facts: Any
) -> dict[str, Any]:
    """A request that is still open is awaited no more, and the authority's own time goes on."""
    case.supplement_requests.filter(OPEN_REQUEST).update(ended_at=at)
    duedates.go_on(case, at)
    return {key: fact for key, fact in facts.items() if str(fact).strip()} | _enclosed(files)


def _complete(case: Case, *, by: User, at: datetime) -> dict[str, Any]:
    duedates.begin_when_complete(case, at)
    return {}


def _add(case: Case, *, by: Customer, at: datetime, paper: Application) -> dict[str, Any]:
    return {"paper": paper}


# --- what is said ----------------------------------------------------------------------------------------------------


def _write(
    case: Case, *, by: User | Customer | System, at: datetime, text: str, files: Iterable[Document] = ()
) -> dict[str, Any]:
    return {"text": _written(text, _("Write what you want to say.")), **_enclosed(files)}


def _consult(
    case: Case,
    *,
    by: User,
    at: datetime,
    authority: Authority,
    text: str,
    files: Iterable[Document] = (),
    with_paper: bool = False,
) -> dict[str, Any]:
    if authority.pk == case.service.authority_id:
        raise NotAllowed(_("Choose another authority than the one whose case it is."))
    asked, _new = case.consultations.get_or_create(authority=authority, defaults={"opened_at": at})
    asked.with_paper, asked.answered_at = asked.with_paper or with_paper, None
    asked.save(update_fields=["with_paper", "answered_at"])
    facts = {"authority": authority.key, "text": _written(text, _("Write what you want to say."))}
    return facts | ({"with_paper": True} if with_paper else {}) | _enclosed(files)


def _answer(
    case: Case,
    *,
    by: User,
    at: datetime,
    text: str,
    files: Iterable[Document] = (),
    authority: Authority | None = None,
) -> dict[str, Any]:
    """For one authority, and for no other that was asked: it must be named when the official could answer for several."""
    own = case.consultations.filter(authority__in=access.whole_authorities_where(by, access.HANDLES_CASES))
    found = list(own.filter(authority=authority) if authority else own)
    if len(found) != 1:
        raise NotAllowed(_("You may not take steps in this case."))
    (asked,) = found
    asked.answered_at = at
    asked.save(update_fields=["answered_at"])
    return {"authority": asked.authority.key, **_write(case, by=by, at=at, text=text, files=files)}


def _register(case: Case, *, by: User, at: datetime, register_number: str) -> dict[str, Any]:
    case.register_number = register_number.strip()
    if not case.register_number:
        raise NotAllowed(_("Write the number."))
    case.words = finding.words_of(case)
    return {"register_number": case.register_number}


# --- how it ends, and begins again -----------------------------------------------------------------------------------


def _close(
    case: Case,
    *,
    by: User,
    at: datetime,
    outcome: str,
    text: str,
    files: Iterable[Document] = (),
    appeal: str = "",
) -> dict[str, Any]:
    kind = case.application.version.definition.kind
    if outcome not in OUTCOMES[kind]:
        raise NotAllowed(_("This service has no such outcome. Choose one of those on the form."))
    case.outcome, case.outcome_text = outcome, text
    return {"outcome": outcome, "text": text} | ({"appeal": appeal} if appeal.strip() else {}) | _enclosed(files)


def _leave_unexamined(
    case: Case, *, by: User, at: datetime, text: str, files: Iterable[Document] = (), appeal: str = ""
) -> dict[str, Any]:
    _written(text, _("Write why it is not examined."))
    return _end_request(case, by=by, at=at, text=text, appeal=appeal, files=files)


def _transfer(
    case: Case, *, by: User, at: datetime, to: str, text: str, service: Service | None = None
) -> dict[str, Any]:
    """To an authority outside, or to a service here, where `cases.transferring` has already let the new case arise."""
    facts = _end_request(case, by=by, at=at, to=_written(to, _("Write the name of the authority.")), text=text)
    _written(text, _("Write why it is transferred."))
    if service is None:
        return facts
    arisen = case.transferred_to.filter(service=service).order_by("-pk").first()
    if arisen is None:
        raise NotAllowed(_("The case cannot be transferred so. Choose the service once more."))
    return {**facts, "case": arisen.number}


def _reopen(case: Case, *, by: User, at: datetime, text: str) -> dict[str, Any]:
    """The time there was left when it ended is left now: between, it stood still."""
    ended = case.events.filter(kind__in=("close", "leave_unexamined")).order_by("number").last()
    case.outcome = case.outcome_text = ""
    case.handed_over_at = None  # case management has what was, and not the correction
    if ended is not None:
        duedates.go_on(case, at, since=ended.at)
    return {"text": _written(text, _("Write why it is reopened."))}


# --- what becomes of it afterwards -----------------------------------------------------------------------------------


def _hand_over(case: Case, *, by: User, at: datetime) -> dict[str, Any]:
    case.handed_over_at = at
    return {}


def _hold(case: Case, *, by: User, at: datetime, text: str) -> dict[str, Any]:
    case.held = True
    return {"text": _written(text, _("Write why it is kept."))}


def _release(case: Case, *, by: User, at: datetime) -> dict[str, Any]:
    if not case.held:
        raise NotAllowed(_("Nothing keeps it from being deleted."))
    case.held = False
    return {}


EFFECTS: dict[str, Any] = {
    "take_up": _take_up,
    "assign": _assign,
    "redirect": _redirect,
    "request_supplement": _request_supplement,
    "supplement": _supplement,
    "resume": _end_request,
    "complete": _complete,
    "close": _close,
    "reopen": _reopen,
    "add": _add,
    "write": _write,
    "reply": _write,
    "note": _write,
    "consult": _consult,
    "answer": _answer,
    "register": _register,
    "transfer": _transfer,
    "leave_unexamined": _leave_unexamined,
    "withdraw": _end_request,
    "hand_over": _hand_over,
    "hold": _hold,
    "release": _release,
}
