"""An event as the outside world sees it: pure and versioned, built only from what is frozen, so that sending again gives the same bytes.

docs/interface is the contract: its schemas say what is written here, and its examples are one of each kind.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.utils import translation

from apps.applications.models import Application
from apps.cases import intake
from apps.cases.models import Case, Event, Way
from apps.services.answersheet import Line, sheet
from apps.services.definition import Definition
from apps.services.texts import LANGUAGES, Texts

SCHEMA_VERSION = "1"
SENT = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False)
CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
SKIPPED = "skipped"

# What receivers are told of each kind of event; who handled it stays in the house.
TOLD: dict[str, tuple[str, ...]] = {
    "received": ("registerNumber",),  # of what was done in the authority's own service, where it has one already
    "request_supplement": ("text", "due", "fields", "texts"),
    "close": ("outcome", "text", "appeal"),
    "transfer": ("to", "text"),
    "leave_unexamined": ("text", "appeal"),
    "reopen": ("text",),
    "write": ("text",),
    "reply": ("text",),
    "register": ("registerNumber",),
}
MESSAGES = ("write", "reply")  # these always say which attachments they have, if any


def event(event: Event, number: int) -> dict[str, Any]:
    """A diary line with the number this receiver counts."""
    return {**_frame(event, number), "kind": event.kind, "status": event.status, "data": _told(event)}


def skipped(event: Event, number: int) -> dict[str, Any]:
    """What is sent in place of a diary line that will never be sent: its key and number, without content."""
    return {**_frame(event, number), "kind": SKIPPED, "data": {}}


def case_data(event: Event, papers: Sequence[Application] | None = None) -> dict[str, Any]:
    """Everything of the case up to an event, complete in itself. `papers` are those up to the event, when they are at hand."""
    if papers is None:
        papers = [paper for paper in intake.papers_of(event.case) if paper.event.number <= event.number]
    return data_of(event.case, papers)


def data_of(case: Case, papers: Sequence[Application]) -> dict[str, Any]:
    """The same of a case and its papers that are at hand; the case's `application` is one of them, and asks nothing of the database."""
    first = case.application
    version = first.version
    authority = case.service.authority  # not the version's, where it was transferred from another
    document = {
        "schemaVersion": SCHEMA_VERSION,
        "externalId": str(case.external_id),
        "service": {
            "key": version.service.key,
            "version": version.number,
            "digest": f"sha-256:{version.digest}",
            "name": _said(version.definition.name),
        },
        "authority": {
            "key": authority.key,
            "name": {language: authority.named(language) for language in LANGUAGES},
        },
        "caseNumber": case.number,
        "language": first.language,
        "arrivedAt": moment(case.arrived_at),
        **({"way": case.way} if case.way != Way.PORTAL else {}),
        **_test(case),
        "attachments": [item for paper in papers for item in attachments_of(paper)],
        "commondata": _common(papers),
        "formdata": {"papers": [_paper(paper) for paper in papers]},
    }
    return {**document, "digest": digest(document)}


def attachments_of(paper: Application) -> list[dict[str, Any]]:
    """What is listed of each of a paper's files, in the order of the form."""
    return [_listed(item) for item in paper.files()]


def documents_of(event: Event) -> list[dict[str, Any]]:
    """What is listed of each file that came with a diary line and not with a paper, in the order they were chosen."""
    return [_listed(item) for item in event.data.get("files", ())]


def _listed(item: dict[str, Any]) -> dict[str, Any]:
    return {name: item[name] for name in ("id", "name", "type", "size", "sha256")}


def digest(document: dict[str, Any]) -> str:
    """SHA-256 of a document's canonical JSON, without its own digest."""
    bare = {name: value for name, value in document.items() if name != "digest"}
    return f"sha-256:{hashlib.sha256(CANONICAL.encode(bare).encode()).hexdigest()}"


def as_bytes(document: dict[str, Any]) -> bytes:
    """A document as it is sent."""
    return SENT.encode(document).encode()


def moment(value: datetime) -> str:
    """A time in RFC 3339, in UTC."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _frame(event: Event, number: int) -> dict[str, Any]:
    return {
        "schemaVersion": SCHEMA_VERSION,
        "externalId": str(event.case.external_id),
        "key": str(event.key),
        "number": number,
        "at": moment(event.at),
        **_test(event.case),
    }


def _test(case: Case) -> dict[str, Any]:
    """The mark of what came of testing a version. Of all else nothing is said."""
    return {"test": True} if case.is_test else {}


def _told(event: Event) -> dict[str, Any]:
    number = event.data.get("register_number")
    known = event.data | ({"registerNumber": number} if number else {})
    data = {name: known[name] for name in TOLD.get(event.kind, ()) if name in known}
    if (enclosed := documents_of(event)) or event.kind in MESSAGES:
        data["attachments"] = enclosed
    return {**data, "paper": str(event.paper_id)} if event.paper_id else data


def _common(papers: Sequence[Application]) -> dict[str, Any]:
    """What is common to the customer's project: who the customer is, and the answers that say so; the latest of each."""
    answers: dict[str, Any] = {}
    if papers and papers[0].version.definition.common:
        first = papers[0]
        together = intake.answers_together(papers)
        for section in sheet(first.version.definition, together, first.day(), first.language):
            answers |= {line.field.key: _value(line) for line in section.lines if line.field.common and line.text}
    customer = {"customer": _customer(papers)} if papers else {}
    return {**customer, "answers": answers}


def _customer(papers: Sequence[Application]) -> dict[str, Any]:
    """Who sent the application, for whom if not for themselves, and whether anybody who sent something has a protection order."""
    sender = papers[0].event.sender
    customer: dict[str, Any] = {"name": sender.name}
    if sender.kind:
        told = {"kind": sender.kind, "name": sender.principal}
        customer["onBehalfOf"] = told | ({"businessId": sender.business_id} if sender.business_id else {})
    if any(paper.event.data.get("protected") for paper in papers):
        customer["protected"] = True
    return customer


def _paper(paper: Application) -> dict[str, Any]:
    definition = paper.definition
    # A kind may say a thing in the language of the page; a paper speaks its own.
    with translation.override(paper.language):
        sections = paper.sheet(paper.language)
    return {
        "id": str(paper.pk),
        "event": str(paper.event.key),
        "kind": paper.event.kind,
        "digest": f"sha-256:{paper.digest}",
        "language": paper.language,
        "sentAt": moment(paper.sent_at or paper.event.at),
        "pages": [
            {
                "key": section.key,
                "title": _title(definition, section.key),
                "fields": [_field(line) for line in section.lines],
            }
            for section in sections
        ],
    }


def _title(definition: Definition, key: str) -> dict[str, str]:
    page = definition.page(key)
    return _said(page.title) if page else {}


def _field(line: Line) -> dict[str, Any]:
    said = {
        "key": line.field.key,
        "kind": line.field.kind,
        "label": _said(line.field.label),
        "value": _value(line),
        "text": line.text,
    }
    return said | {"secret": True} if line.secret else said


def _said(texts: Texts) -> dict[str, str]:
    """A text in its languages, always in the same order: a database may keep another."""
    written = texts.as_json()
    others = sorted(language for language in written if language not in LANGUAGES)
    return {language: written[language] for language in (*LANGUAGES, *others) if language in written}


def _value(line: Line) -> Any:
    return line.field.envelope(line.kept)
