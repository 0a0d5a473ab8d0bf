"""From a posted event to the diary: its data become the facts of a step, by the rules of the desk's own form, and the step is taken."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.applications.models import Application
from apps.cases import redirected
from apps.cases.models import Case, Event
from apps.cases.rulebook import OUTCOMES, STATUS_WORDS, NotAllowed, Step
from apps.cases.stepfields import PastDayField
from apps.cases.stepneeds import NOTHING
from apps.cases.supplementneeds import LONGEST_ABOUT_ONE, DueField
from apps.cases.textneeds import LONGEST_TEXT
from apps.interface import judging, once, waitingfiles
from apps.interface.judging import Errors
from apps.interface.once import Answer
from apps.interface.operations import case_of, unknown_part
from apps.interface.problems import Problem
from apps.people.models import System
from apps.services.fieldtypes.written import LineField, LongTextField
from apps.services.texts import HELSINKI


class Wrong(Exception):
    """What a posted event says cannot be so. Holds the places and what is to be done there."""

    def __init__(self, errors: Errors) -> None:
        self.errors = errors
        super().__init__()


class Said:
    """The data of a posted event, with the case it is about and the day on which it comes."""

    def __init__(self, case: Case, data: Mapping[str, Any], today: date) -> None:
        self.case, self.data, self.today = case, data, today
        self.definition = case.application.version.definition

    def by(self, field: forms.Field, name: str) -> Any:
        """What stands under a name, as a field of the desk reads it; NOTHING where nothing does. Raises Wrong."""
        if name not in self.data:
            return NOTHING
        try:
            return field.clean(self.data[name])
        except ValidationError as wrong:
            raise Wrong([judging.error(f"/data/{name}", " ".join(wrong.messages))]) from wrong


Read = Callable[[Said], Any]


# --- what is said, fact by fact ----------------------------------------------------------------------------------------


def _line(name: str, most: int) -> Read:
    return lambda said: said.by(LineField(max_length=most), name)


def _text(said: Said) -> Any:
    return said.by(LongTextField(max_length=LONGEST_TEXT), "text")


def _appeal(said: Said) -> Any:
    return said.by(LongTextField(max_length=LONGEST_TEXT), "appeal") or NOTHING


def _since(said: Said) -> Any:
    """The day when handling began. Of today, the moment is known better."""
    day = said.by(PastDayField(said.case.arrived_at.astimezone(HELSINKI).date(), said.today), "since")
    return NOTHING if day == said.today else day


def _due(said: Said) -> Any:
    return said.by(DueField(said.today), "due")


def _fields(said: Said) -> list[str]:
    """Questions of the service, by their keys."""
    asked = {field.key for page in said.definition.pages for field in page.asked}
    given = list(said.data.get("fields", ()))
    words = _("The service has no question of this key that can be asked again.")
    if unknown := [place for place, key in enumerate(given) if key not in asked]:
        raise Wrong([judging.error(f"/data/fields/{place}", words) for place in unknown])
    return given


def _texts(said: Said) -> Any:
    """What is missing in questions that are asked again."""
    asked, found, errors = set(said.data.get("fields", ())), {}, []
    for key, text in said.data.get("texts", {}).items():
        place = f"/data/texts/{judging.escaped(key)}"
        if key not in asked:
            errors.append(judging.error(place, _("Name this question in fields too, or leave its text out.")))
            continue
        try:
            found[key] = LongTextField(max_length=LONGEST_ABOUT_ONE).clean(text)
        except ValidationError as wrong:
            errors.append(judging.error(place, " ".join(wrong.messages)))
    if errors:
        raise Wrong(errors)
    return {key: text for key, text in found.items() if text} or NOTHING


def _outcome(said: Said) -> str:
    """One of the outcomes of the service's kind."""
    known, outcome = OUTCOMES[said.definition.kind], str(said.data["outcome"])
    if outcome not in known:
        words = _("The outcomes of this service are: %(outcomes)s.") % {"outcomes": ", ".join(known)}
        raise Wrong([judging.error("/data/outcome", words)])
    return outcome


# The steps that can be posted, each with the facts that it takes from the data. Files come besides.
KINDS: dict[str, dict[str, Read]] = {
    "take_up": {"handler": _line("handler", 100), "since": _since},
    "assign": {"handler": _line("handler", 100)},
    "request_supplement": {"text": _text, "due": _due, "fields": _fields, "texts": _texts},
    "resume": {},
    "complete": {},
    "write": {"text": _text},
    "register": {"register_number": _line("registerNumber", 60)},
    "close": {"outcome": _outcome, "text": _text, "appeal": _appeal},
    "leave_unexamined": {"text": _text, "appeal": _appeal},
    "transfer": {"to": _line("to", 200), "text": _text},
    "reopen": {"text": _text},
}


ARRIVES = "received"  # which is no step: a case begins with it


def facts_of(kind: str, case: Case, data: Mapping[str, Any], today: date) -> dict[str, Any]:
    """The facts that a step is given. Raises Problem (invalid), with every place that is wrong."""
    said, facts, errors = Said(case, data, today), {}, []
    for name, read in KINDS[kind].items():
        try:
            fact = read(said)
        except Wrong as wrong:
            errors += wrong.errors
            continue
        if fact is not NOTHING:
            facts[name] = fact
    judging.refuse(errors)
    return facts


# --- the step ----------------------------------------------------------------------------------------------------------


def post(system: System, external_id: uuid.UUID, document: Mapping[str, Any], digest: str, at: datetime) -> Answer:
    """Take the step that a posted event asks for; the same event once more gives the answer that it got. Raises Problem.

    The case, its diary, the files and the answer that is kept change together or not at all.
    """
    key = uuid.UUID(document["key"])
    if before := once.answered(system, str(key), digest):
        return before
    once.refuse_known_event(key)
    take = _arrive if document["kind"] == ARRIVES else _take
    try:
        with transaction.atomic():
            return take(system, external_id, key, document, digest, at)
    except IntegrityError:
        # The key has come in another case in this moment. Then it is known by now.
        if before := once.answered(system, str(key), digest):
            return before
        once.refuse_known_event(key)
        raise


def _take(
    system: System, external_id: uuid.UUID, key: uuid.UUID, document: Mapping[str, Any], digest: str, at: datetime
) -> Answer:
    case = _locked(case_of(system, external_id))
    if before := once.answered(system, str(key), digest):
        return before  # the same event was being received in the same moment
    once.refuse_known_event(key)
    number = case.events.for_everybody().count() + 1
    _refuse_out_of_order(document, number)
    kind, data = document["kind"], document["data"]
    files = waitingfiles.of_event(system, case, key, data.get("attachments", ()), at=at)
    facts = facts_of(kind, case, data, at.astimezone(HELSINKI).date())
    if files.documents:
        facts["files"] = files.documents
    if kind not in {step.name for step in _steps(case, system)}:
        raise _not_allowed(case, system, _words(case, system))
    try:
        event = case.take_step(kind, by=system, at=at, key=key, **facts)
    except NotAllowed as refused:
        raise _not_allowed(case, system, str(refused)) from refused
    files.are_taken()
    return _answered(system, event, number, digest, at, **_what_came_of(event, files))


def _arrive(
    system: System, external_id: uuid.UUID, key: uuid.UUID, document: Mapping[str, Any], digest: str, at: datetime
) -> Answer:
    """The case of what a customer has done in the authority's own service."""
    if redirected.awaited(system, external_id) is None:
        case = _locked(case_of(system, external_id))
        if before := once.answered(system, str(key), digest):
            return before  # the same event was being received in the same moment
        once.refuse_known_event(key)
        raise _not_allowed(case, system, _("This has arrived already."))
    _refuse_out_of_order(document, 1)
    data = dict(document["data"])
    if "arrivedAt" in data:
        data["arrivedAt"] = data["arrivedAt"].upper()
        if datetime.fromisoformat(data["arrivedAt"]) > at + redirected.AHEAD:
            judging.refuse([judging.error("/data/arrivedAt", _("It cannot have arrived at a time that is ahead."))])
    try:
        event = redirected.arrive(system, external_id, key, at, data)
    except Application.DoesNotExist:
        raise unknown_part() from None
    except NotAllowed as refused:
        raise Problem("not-allowed", str(refused), allowed=[]) from refused
    return _answered(system, event, 1, digest, at)


def _steps(case: Case, system: System) -> list[Step]:
    """What a system may post in a case now."""
    return [step for step in case.steps_for(system) if step.name in KINDS]


def _words(case: Case, system: System) -> str:
    """As the rule book says it, but of what can be posted alone."""
    steps = ", ".join(str(step.label) for step in _steps(case, system)) or _("nothing")
    words = _("This cannot be done while the case's status is “%(status)s”. What can be done: %(steps)s.")
    return words % {"status": STATUS_WORDS[case.status], "steps": steps}


def _not_allowed(case: Case, system: System, words: str) -> Problem:
    allowed = [step.name for step in _steps(case, system)]
    return Problem("not-allowed", words, caseStatus=case.status, allowed=allowed)


def _refuse_out_of_order(document: Mapping[str, Any], number: int) -> None:
    if document.get("number", number) != number:
        words = _("The next event of this project part has the number %(number)d. Read what has happened before it.")
        raise Problem("out-of-order", words % {"number": number}, expected=number)


def _answered(system: System, event: Event, number: int, digest: str, at: datetime, **more: Any) -> Answer:
    said = {"status": "accepted", "key": str(event.key), "externalId": str(event.case.external_id), "number": number}
    answer = {**said, **more, "duplicate": False}
    once.keep(system, str(event.key), digest, answer, at=at)
    return Answer(event.case, answer)


def _what_came_of(event: Event, files: waitingfiles.Taken) -> dict[str, Any]:
    """What the system could not know beforehand: a last day that was moved, and how the files are called from now on."""
    said: dict[str, Any] = {"due": event.data["due"]} if "due" in event.data else {}
    return said | ({"attachmentIds": files.ids} if files.ids else {})


def _locked(case: Case) -> Case:
    """The case's row, locked and read anew. Raises Problem (unknown-part) when it has been deleted in this moment."""
    rows = Case.objects.select_for_update(of=("self",)).select_related("service__authority", "application__version")
    locked = rows.defer("words").filter(pk=case.pk).first()
    if locked is None:
        raise unknown_part()
    return locked
