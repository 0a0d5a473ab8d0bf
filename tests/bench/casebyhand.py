"""What the interface is measured against: the data of a case of one service, written by hand for the twelve questions of that service.

As a developer would write it who has only this service: its words stand here as literals, the rows are read through Django, and the
answer is the same to the byte.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from datetime import UTC, date, datetime
from typing import Any

import phonenumbers
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from apps.applications.models import Application
from apps.cases.models import Case
from apps.people.models import LogLine, System, SystemKey

Json = dict[str, Any]

YES = {"sv": "Ja", "fi": "Kyllä", "en": "Yes"}
NO = {"sv": "Nej", "fi": "Ei", "en": "No"}
HOUR = {"sv": "kl. {}", "fi": "klo {}", "en": "at {}"}
COLOURS = {
    "red": {"sv": "Red sv", "fi": "Red fi", "en": "Red"},
    "green": {"sv": "Green sv", "fi": "Green fi", "en": "Green"},
    "blue": {"sv": "Blue sv", "fi": "Blue fi", "en": "Blue"},
}
SIZES = {f"size_{n}": {"sv": f"Size_{n} sv", "fi": f"Size_{n} fi", "en": f"Size_{n}"} for n in range(6)}


def case_data(request: HttpRequest, external_id: uuid.UUID) -> HttpResponse:
    """Everything of a case, for a system of its authority that shows its key."""
    system = _system(request)
    if system is None or "read" not in system.scopes:
        return JsonResponse({"title": "The caller is not known", "status": 401}, status=401)
    papers = _papers(system, external_id)
    if not papers:
        return JsonResponse({"title": "There is no such project part", "status": 400}, status=400)
    case = papers[0].event.case
    document = _document(case, papers)
    document["digest"] = _digest(document)
    LogLine.objects.create(
        user_name=str(system),
        authority_id=system.authority_id,
        act=LogLine.Act.SAW,
        about=case.number or "",
        where=request.META["REMOTE_ADDR"],
    )
    body = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    return HttpResponse(body, content_type="application/json")


def _system(request: HttpRequest) -> System | None:
    key = request.headers.get("Authorization", "").removeprefix("Bearer ")
    digest = hashlib.sha256(key.encode()).hexdigest()
    good = SystemKey.objects.filter(Q(ends_at=None) | Q(ends_at__gt=timezone.now()), digest=digest, system__active=True)
    found = good.select_related("system").first()
    return found.system if found else None


def _papers(system: System, external_id: uuid.UUID) -> list[Application]:
    """The papers of a case with the case and everything of it that is told, in one query."""
    own = {"event__case__service__authority": system.authority_id, "event__case__is_test": system.is_test}
    papers = Application.objects.filter(event__case__external_id=external_id, event__case__forgotten_at=None, **own)
    found = papers.select_related("version__service", "event__by_principal", "event__case__service__authority")
    return list(found.defer("version__document", "event__case__words").order_by("event__number"))


def _document(case: Case, papers: list[Application]) -> Json:
    first, authority = papers[0], case.service.authority
    return {
        "schemaVersion": "1",
        "externalId": str(case.external_id),
        "service": {
            "key": "example",
            "version": first.version.number,
            "digest": f"sha-256:{first.version.digest}",
            "name": {"sv": "Name of example sv", "fi": "Name of example fi", "en": "Name of example"},
        },
        "authority": {
            "key": authority.key,
            "name": {"sv": authority.name_sv, "fi": authority.name_fi, "en": authority.name_en},
        },
        "caseNumber": case.number,
        "language": first.language,
        "arrivedAt": _moment(case.arrived_at),
        "attachments": [],
        "commondata": {"customer": {"name": first.event.by_name}, "answers": {}},
        "formdata": {"papers": [_paper(paper) for paper in papers]},
    }


def _paper(paper: Application) -> Json:
    return {
        "id": str(paper.pk),
        "event": str(paper.event.key),
        "kind": paper.event.kind,
        "digest": f"sha-256:{paper.digest}",
        "language": paper.language,
        "sentAt": _moment(paper.sent_at or paper.event.at),
        "pages": [
            {
                "key": "all",
                "title": {"sv": "All sv", "fi": "All fi", "en": "All"},
                "fields": _fields(paper.answers, paper.language),
            }
        ],
    }


def _fields(given: Json, language: str) -> list[Json]:
    """The twelve questions, each answer as it is stored and as it is read."""
    phone = phonenumbers.parse(given["phone"], None)
    day, hour = date.fromisoformat(given["day"]), given["hour"].replace(":", ".")
    return [
        _field("name", "text", "Name", given["name"], given["name"]),
        _field("description", "long_text", "Description", given["description"], given["description"]),
        _field("email", "email", "Email", given["email"], given["email"]),
        _field(
            "phone",
            "phone",
            "Phone",
            given["phone"],
            phonenumbers.format_number(phone, phonenumbers.PhoneNumberFormat.INTERNATIONAL),
        ),
        _field("visitors", "whole_number", "Visitors", given["visitors"], str(given["visitors"])),
        _field("day", "date", "Day", given["day"], f"{day.day}.{day.month}.{day.year}"),
        _field("hour", "time", "Hour", given["hour"], HOUR[language].format(hour)),
        _field("music", "yes_no", "Music", given["music"], (YES if given["music"] == "yes" else NO)[language]),
        _field("colour", "choice", "Colour", given["colour"], COLOURS[given["colour"]][language]),
        _field("size", "choice", "Size", given["size"], SIZES[given["size"]][language]),
        _field("sizes", "choices", "Sizes", given["sizes"], "\n".join(SIZES[one][language] for one in given["sizes"])),
        _field("agreed", "consent", "Agreed", given["agreed"], (YES if given["agreed"] else NO)[language]),
    ]


def _field(key: str, kind: str, label: str, value: Any, text: str) -> Json:
    said = {"sv": f"{label} sv", "fi": f"{label} fi", "en": label}
    return {"key": key, "kind": kind, "label": said, "value": value, "text": text}


def _digest(document: Json) -> str:
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"sha-256:{hashlib.sha256(text.encode()).hexdigest()}"


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
