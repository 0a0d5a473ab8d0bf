"""What a case's package says: the case up to one of its diary lines, as `case.json`, and what the case register is told of it.

Built only from what is frozen (papers, diary lines), so that the same line gives the same document whatever has happened since.
docs/case.schema.json describes both documents, docs/handover.md tells what they are for.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, override

from apps.applications.models import Application
from apps.cases import finding
from apps.cases.models import Case, Event
from apps.cases.rulebook import ENDED, OUTCOMES, STATUS_WORDS
from apps.services.answersheet import Line, Section
from apps.services.definition import Definition
from apps.services.filetypes import TYPES
from apps.services.texts import HELSINKI, LANGUAGES, Texts

SCHEMA = 1
CASE, MANIFEST = "case.json", "manifest.json"
ENDINGS = {kind.media_type: kind.endings[0] for kind in TYPES.values()}
DECISIONS = ("close", "leave_unexamined", "transfer")
NOT_SAID = ("files", "paper", "protected")  # of a line's facts: they stand elsewhere
TITLES = {"application": gettext_noop("Application"), "supplement": gettext_noop("Supplement %(count)d")}

Json = dict[str, Any]


class NothingToHandOver(Exception):
    """The case has no such line that leaves the desk."""


@dataclass(frozen=True)
class File:
    """A file that goes with a package: what is known of it, where it lies in the package, and what it came with."""

    known: Json
    path: str
    question: Json | None = None
    paper: Application | None = None
    line: Event | None = None

    @property
    def id(self) -> str:
        """Its id, as answers and lines name it."""
        return str(uuid.UUID(self.known["id"]))


@dataclass(frozen=True)
class CaseFile:
    """A case up to a diary line. `events` are those that leave the desk, `papers` those that came with them, oldest first."""

    case: Case
    events: tuple[Event, ...]
    papers: tuple[Application, ...]

    @property
    def number(self) -> int:
        """The number of the last line in it."""
        return self.events[-1].number

    @property
    def package(self) -> str:
        """The package's id: the same for the same case and line."""
        return package_id(str(self.case.external_id), self.number)

    @property
    def definition(self) -> Definition:
        """The form the case began with."""
        return self.papers[0].version.definition

    @cached_property
    def files(self) -> tuple[File, ...]:
        """The files of the papers, in the order of their forms, then those of the diary lines."""
        found: dict[str, File] = {}
        for paper in self.papers:
            for line in (line for section in paper.sheet() for line in section.lines):
                for known in line.files:
                    one = File(known, _path("attachments", known), said(line.field.label), paper)
                    found.setdefault(one.id, one)
        for event in self.events:
            for known in event.data.get("files", ()):
                one = File(known, _path("documents", known), line=event)
                found.setdefault(one.id, one)
        return tuple(found.values())

    def pdf_of(self, paper: Application) -> str:
        """The name of a paper's PDF in the package."""
        count = self.papers.index(paper)
        return f"supplement-{count}.pdf" if count else "paper.pdf"

    def title_of(self, paper: Application) -> str:
        """What a paper is called, in the language in use."""
        count = self.papers.index(paper)
        return _(TITLES["supplement"]) % {"count": count} if count else _(TITLES["application"])

    # --- what has become of it ---------------------------------------------------------------------------------------

    @property
    def protected(self) -> bool:
        """Whether somebody who sent a paper had a protection order."""
        return any(event.data.get("protected") for event in self.events)

    @property
    def municipality(self) -> str:
        """The code of the municipality it is about; '' when no answer says that."""
        places: dict[str, str] = {}
        for paper in self.papers:
            places |= finding.municipalities(paper.definition, paper.answers, paper.day())
        return next(iter(places.values()), "")

    @property
    def status_at(self) -> datetime:
        """Since when the status is what it is."""
        since = self.events[0]
        for event in self.events:
            if event.status != since.status:
                since = event
        return since.at

    @property
    def closed(self) -> Event | None:
        """The line by which it was closed with an outcome, unless it was reopened after that."""
        return next((event for event in reversed(self.events) if event.kind in ("close", "reopen")), None)

    def last_said(self, name: str) -> str:
        """What the diary said last of something, such as the handler."""
        return next((str(event.data[name]) for event in reversed(self.events) if event.data.get(name)), "")


def case_file(case: Case, number: int | None = None) -> CaseFile:
    """A case up to a line, by default the last that leaves the desk. Raises NothingToHandOver."""
    upto = case.events.for_authorities() if number is None else case.events.for_authorities().filter(number__lte=number)
    events = list(upto.select_related("by_principal").order_by("number"))
    if not events or (number is not None and events[-1].number != number):
        raise NothingToHandOver
    papers = (
        Application.objects.filter(event__in=[event.pk for event in events])
        .select_related("event__by_principal", "customer", "principal", "version__service__authority")
        .defer("version__document")
        .order_by("event__number")
    )
    return CaseFile(case, tuple(events), tuple(papers))


def package_id(external_id: str, number: int) -> str:
    """The id of the package of a case up to a line: a UUID of version 5 in the case's external id."""
    return str(uuid.uuid5(uuid.UUID(external_id), f"package {number}"))


# --- case.json -------------------------------------------------------------------------------------------------------


def case_document(of: CaseFile) -> Json:
    """Everything of the case that leaves the desk."""
    case, version, definition = of.case, of.papers[0].version, of.definition
    authority = version.service.authority
    return {
        "schema": SCHEMA,
        "package": of.package,
        "externalId": str(case.external_id),
        "caseNumber": case.number,
        "registerNumber": of.last_said("register_number"),
        "upTo": of.number,
        "service": {
            "key": version.service.key,
            "kind": definition.kind,
            "version": version.number,
            "digest": version.digest,
            "name": said(definition.name),
        },
        "authority": {"key": authority.key, "name": _in_each(authority.named)},
        "status": of.events[-1].status,
        "statusName": _words(STATUS_WORDS[of.events[-1].status]),
        "statusAt": moment(of.status_at),
        "outcome": _outcome(of),
        "language": of.papers[0].language,
        "way": case.way,
        "arrivedAt": moment(case.arrived_at),
        "handler": of.last_said("handler"),
        "handlingSince": _handling_since(of),
        "municipality": of.municipality,
        **_parties(of),
        "protectionOrder": of.protected,
        "papers": [_paper(of, paper) for paper in of.papers],
        "diary": [_line(event) for event in of.events],
        "files": [_file(one) for one in of.files],
    }


def _outcome(of: CaseFile) -> Json | None:
    line = of.closed
    if line is None or line.kind != "close":
        return None
    code, data = line.data["outcome"], line.data
    name = _words(OUTCOMES[of.definition.kind].get(code, code))
    return {"code": code, "name": name, "text": data["text"], "appeal": data.get("appeal", ""), "at": moment(line.at)}


def _handling_since(of: CaseFile) -> str | None:
    taken_up = next((event for event in of.events if event.kind == "take_up"), None)
    if taken_up is None:
        return None
    return str(taken_up.data.get("since") or taken_up.at.astimezone(HELSINKI).date().isoformat())


def _parties(of: CaseFile) -> Json:
    """Whose case it is, and who acted for them, as they were called when the application arrived."""
    paper, line = of.papers[0], of.events[0]
    sender = {"kind": "person", "name": line.sent_by, "identityCode": paper.customer.identity_code, "businessId": ""}
    principal = paper.principal
    if principal is None:
        return {"applicant": sender, "representative": None}
    theirs = {
        "kind": principal.kind,
        "name": line.sender.principal or principal.name,
        "identityCode": principal.identity_code,
        "businessId": principal.business_id,
    }
    return {"applicant": theirs, "representative": sender}


def _paper(of: CaseFile, paper: Application) -> Json:
    return {
        "id": str(paper.pk),
        "line": paper.event.number,
        "kind": "supplement" if of.papers.index(paper) else "application",
        "title": _in_each(lambda _language: of.title_of(paper)),
        "version": paper.version.number,
        "digest": paper.digest,
        "language": paper.language,
        "sentAt": moment(paper.sent_at or paper.event.at),
        "sentBy": paper.event.sent_by,
        "onBehalfOf": paper.event.sent_for,
        "declared": str(paper.event.data.get("declared", "")),
        "pdf": of.pdf_of(paper),
        "pages": _pages(paper),
    }


def _pages(paper: Application) -> list[Json]:
    sheets: dict[str, list[Section]] = {}
    for language in LANGUAGES:
        with override(language):  # a kind may say a thing in the language of the page
            sheets[language] = paper.sheet(language)
    own, definition = sheets[LANGUAGES[0]], paper.definition
    pages = []
    for n, section in enumerate(own):
        page = definition.page(section.key)
        said_of = [
            {language: sheets[language][n].lines[m] for language in LANGUAGES} for m in range(len(section.lines))
        ]
        pages.append(
            {
                "key": section.key,
                "title": said(page.title) if page else {},
                "answers": [_answer(lines) for lines in said_of],
            }
        )
    return pages


def _answer(lines: Mapping[str, Line]) -> Json:
    line = lines[LANGUAGES[0]]
    return {
        "key": line.field.key,
        "kind": line.field.kind,
        "label": said(line.field.label),
        "text": {language: lines[language].text for language in LANGUAGES},
        "value": line.field.envelope(line.kept),
        "secret": line.secret,
        "personal": line.personal,
        "files": [str(uuid.UUID(known["id"])) for known in line.files],
    }


def _line(event: Event) -> Json:
    return {
        "number": event.number,
        "key": str(event.key),
        "kind": event.kind,
        "name": _in_each(lambda _language: event.label),
        "at": moment(event.at),
        "by": event.by_name,
        "side": "authority" if event.by_customer_id is None else "customer",
        "onBehalfOf": event.on_behalf_of,
        "status": event.status,
        "paper": str(event.paper_id) if event.paper_id else None,
        "facts": {_camel(name): fact for name, fact in sorted(event.data.items()) if name not in NOT_SAID},
        "files": [str(uuid.UUID(known["id"])) for known in event.data.get("files", ())],
    }


def _file(one: File) -> Json:
    known = one.known
    return {
        "id": one.id,
        "path": one.path,
        "name": known["name"],
        "about": known.get("about", ""),
        "type": known["type"],
        "size": known["size"],
        "sha256": known["sha256"],
        "paper": str(one.paper.pk) if one.paper else None,
        "line": one.line.number if one.line else None,
    }


def _path(folder: str, known: Json) -> str:
    """Where a file lies in the package: never under the name it came with, which can say anything."""
    return f"{folder}/{uuid.UUID(known['id'])}{ENDINGS.get(known['type'], '')}"


# --- what the case register is told ----------------------------------------------------------------------------------


def register_entry(of: CaseFile, document: Json) -> Json:
    """What the register of cases asks of a case and its documents (906/2019), with the codes of JHS 191 where the service has them.

    `document` is the case's own (`case_document`).
    """
    parties = [("applicant", document["applicant"]), ("representative", document["representative"])]
    return {
        "caseIdentifier": document["caseNumber"],
        "registerNumber": document["registerNumber"],
        "title": document["service"]["name"],
        "authority": document["authority"],
        "parties": [
            {"role": role, **{name: one[name] for name in ("kind", "name", "businessId")}}
            for role, one in parties
            if one
        ],
        "handler": document["handler"],
        "status": document["status"],
        "arrival": {"at": document["arrivedAt"], "way": document["way"]},
        "handlingSince": document["handlingSince"],
        "closedAt": document["statusAt"] if document["status"] in ENDED else None,
        "records": _records(of.definition),
        "documents": [*_paper_entries(of), *(_file_entry(of, one) for one in of.files)],
    }


def _records(definition: Definition) -> Json | None:
    records = definition.records
    if records is None:
        return None
    return {
        "function": records.function,
        "publicityClass": records.publicity,
        "personalDataClass": records.personal_data,
        "retentionYears": records.retention_years,
        "retentionGround": said(records.retention_ground),
        "secrecyGround": said(records.secrecy_ground),
    }


def _paper_entries(of: CaseFile) -> list[Json]:
    return [
        {
            "path": of.pdf_of(paper),
            "type": "supplement" if count else "application",
            "title": _in_each(lambda _language, paper=paper: of.title_of(paper)),  # type: ignore[misc]
            "source": paper.event.sent_by,
            "side": "customer",
            "way": of.case.way if not count else "portal",
            "at": moment(paper.sent_at or paper.event.at),
            "language": paper.language,
        }
        for count, paper in enumerate(of.papers)
    ]


def _file_entry(of: CaseFile, one: File) -> Json:
    line = one.line or (one.paper.event if one.paper else of.events[0])
    kind = "attachment" if one.paper else "decision" if line.kind in DECISIONS else "message"
    came = one.paper is of.papers[0] or line.kind == "received"  # with the application, or as its original
    name = str(one.known.get("about") or one.known["name"])
    return {
        "path": one.path,
        "type": kind,
        "title": dict.fromkeys(LANGUAGES, name),
        "source": line.sent_by,
        "side": "authority" if line.by_customer_id is None and not came else "customer",
        "way": of.case.way if came else "portal",
        "at": moment(line.at),
        "language": None,
    }


# --- how things are written ------------------------------------------------------------------------------------------


def as_bytes(document: Json) -> bytes:
    """A document as it lies in the package: for people too, and always in the same order."""
    return (json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def digest(document: Json) -> str:
    """SHA-256 of a document's canonical JSON, without its own digest."""
    bare = {name: value for name, value in document.items() if name != "digest"}
    text = json.dumps(bare, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def moment(value: datetime) -> str:
    """A time in RFC 3339, in UTC."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def said(texts: Texts) -> dict[str, str]:
    """A text in its languages, always in the same order."""
    written = texts.as_json()
    return {
        language: written[language]
        for language in (*LANGUAGES, *sorted({*written} - {*LANGUAGES}))
        if language in written
    }


def _words(word: Any) -> dict[str, str]:
    return _in_each(lambda _language: str(word))


def _in_each(say: Callable[[str], str]) -> dict[str, str]:
    told = {}
    for language in LANGUAGES:
        with override(language):
            told[language] = say(language)
    return told


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)
