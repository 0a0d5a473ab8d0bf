"""What systems read of a case: the three published operations, and its events. The ledger and attachments have modules of their own."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from apps.applications.models import Application
from apps.cases import envelope
from apps.cases.models import Case
from apps.interface.operations import case_of, note, unknown_part
from apps.interface.parameters import Parameters
from apps.interface.problems import Problem
from apps.people import access
from apps.people.log import Act
from apps.people.models import System

# What a case's papers are read with in one query. Neither the definition (parsed once per process) nor what no receiver is told.
WITH_PAPERS = ("version__service", "event__by_principal", "event__case__service__authority")
NOT_READ = (
    "version__document",
    "event__case__words",
    "event__case__outcome_text",
    "event__case__service__called",
)


def data(request: HttpRequest, system: System, external_id: uuid.UUID) -> HttpResponseBase:
    """Everything of a case, as the national service gets it."""
    return json_answer(_case_data(request, system, external_id, "data"))


def common_data(request: HttpRequest, system: System, external_id: uuid.UUID) -> HttpResponseBase:
    """What is common to the customer's undertaking."""
    return json_answer(_case_data(request, system, external_id, "commondata")["commondata"])


def form_data(request: HttpRequest, system: System, external_id: uuid.UUID) -> HttpResponseBase:
    """The papers of the case."""
    return json_answer(_case_data(request, system, external_id, "formdata")["formdata"])


def events(request: HttpRequest, system: System, external_id: uuid.UUID) -> HttpResponseBase:
    """The events of a case that everybody is told of, after a number, each with its own: its place among them."""
    asked = Parameters(request)
    after, limit = asked.after(), asked.limit()
    case = case_of(system, external_id, related=())
    lines = list(case.events.placed().order_by("number")[after : after + limit + 1])
    items = [_told(line, case) for line in lines[:limit]]
    note(request, system, Act.SAW, case, f"events after {after}")
    return json_answer({"items": items, "next": after + limit if len(lines) > limit else None})


def event(request: HttpRequest, system: System, external_id: uuid.UUID, key: uuid.UUID) -> HttpResponseBase:
    """Whether the case has an event under a key, and which it is of those that everybody is told of."""
    case = case_of(system, external_id, related=())
    lines = case.events.placed().values_list("key", "place", "at")
    found = next(((place, at) for known, place, at in lines if known == key), None)
    note(request, system, Act.SAW, case, f"event {key}")
    if found is None:
        raise Problem("unknown-event", _("The case has no event under this key. It may be sent."))
    number, at = found
    return json_answer({"key": str(key), "number": number, "receivedAt": envelope.moment(at)})


def json_answer(document: Any, status: int = 200) -> HttpResponse:
    """A document as it is sent."""
    return HttpResponse(envelope.as_bytes(document), status=status, content_type="application/json")


def _case_data(request: HttpRequest, system: System, external_id: uuid.UUID, what: str) -> dict[str, Any]:
    papers = _papers(system, external_id)
    case = papers[0].event.case
    case.application = next(paper for paper in papers if paper.pk == case.application_id)
    document = envelope.data_of(case, papers)
    note(request, system, Act.SAW, case, what)
    return document


def _papers(system: System, external_id: uuid.UUID) -> list[Application]:
    """The papers of a case of the system's own, oldest first, with the case. Raises Problem (unknown-part).

    Every case has papers, and each of them came with an event that everybody is told of: so these are all up to the last of those.
    """
    own = access.cases_of_system(system, "event__case__")
    found = Application.objects.filter(own, event__case__external_id=external_id).select_related(*WITH_PAPERS)
    papers = list(found.defer(*NOT_READ).order_by("event__number"))
    if not papers:
        raise unknown_part()
    return papers


def _told(line: Any, case: Case) -> dict[str, Any]:
    line.case = case
    return envelope.event(line, line.place)
