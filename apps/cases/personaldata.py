"""Everything the installation holds on a person, gathered for them (GDPR, article 15): as data, as files, and to be read.

What is here is told by this floor and those below; what has been sent to whom is added by `sync`. `CONSIDERED` says of every model what
becomes of it, so that no later one is forgotten.
"""

from __future__ import annotations

import hashlib
import json
import os
import uuid
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model, Q, QuerySet
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from apps.applications.models import Application, Attachment, Look, StoredFile, Undertaking
from apps.cases.models import Case, Consultation, Document, Event, SupplementRequest
from apps.cases.rulebook import FOR_THE_DESK_ALONE, NOT_FOR_EVERYBODY
from apps.people import log
from apps.people.models import Customer, Feedback, LogLine, Mandate, Principal, SignInLink, User
from apps.people.sealing import indexes
from apps.services.models import Tester
from apps.services.texts import LANGUAGES

PIECE = 65_536

# What becomes of every model of these floors: the document it is found in, or why it is in none.
CONSIDERED: dict[str, str] = {
    "people.User": "left out: officials are no customers",
    "people.Authority": "named where a case is shown",
    "people.Membership": "left out: of officials",
    "people.Customer": "person.json",
    "people.Principal": "person.json, when it is the person",
    "people.Mandate": "person.json",
    "people.SignInLink": "person.json, by the mailbox",
    "people.System": "left out: a machine of an authority",
    "people.SystemKey": "left out: the same",
    "people.Attempt": "left out: nobody can be found in it",
    "people.Feedback": "person.json, by the mailbox",
    "people.LogLine": "log.json",
    "services.Service": "named where a case is shown",
    "services.Version": "the questions of each paper",
    "services.WorkingCopy": "left out: what officials write for everybody",
    "services.Revision": "left out: the same",
    "services.Publication": "left out: what officials have decided",
    "services.Rehearsal": "left out: of officials",
    "services.Tester": "person.json, once the person has begun with the link",
    "applications.Undertaking": "person.json",
    "applications.Application": "papers",
    "applications.ShownDraft": "papers: it is an application",
    "applications.Look": "with the paper",
    "applications.Attachment": "files, and with the paper",
    "cases.Case": "case.json",
    "cases.Event": "diary.json and diary-internal.json",
    "cases.Document": "files, and diary.json",
    "cases.SupplementRequest": "case.json",
    "cases.Consultation": "diary-internal.json",
    "cases.TextTemplate": "left out: the authority's own texts",
    "cases.SavedView": "left out: what an official looks for",
}
# Columns that are of no use to the person, or give away what opens something else.
NOT_TOLD = {
    "subject": "an index",
    "source_session": "opens the source of mandates",
    "token": "opens the sign-in",
    "key_digest": "opens a test",
    "content": "where the file lies",
    "words": "said in the papers already",
}


class Unknown(Exception):
    """Nobody is known by that."""


class Holding(Exception):
    """What was to be written cannot be written there. Says why."""


# --- who -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Person:
    """One person, however often they are known here: as customers, and as principals for whom others act."""

    customers: tuple[Customer, ...]
    principals: tuple[Principal, ...] = ()

    @property
    def addresses(self) -> set[str]:
        """Their mailboxes, as far as they have told them."""
        return {customer.email for customer in self.customers if customer.email}

    @property
    def papers(self) -> QuerySet[Application]:
        """Every paper that they wrote, or that was written for them, the first one first."""
        theirs = Q(customer__in=self.customers) | Q(principal__in=self.principals)
        return Application.objects.filter(theirs).order_by("created_at", "pk")

    @property
    def cases(self) -> QuerySet[Case]:
        """Every case they have to do with: by a paper, or by a line of the diary."""
        written = Q(pk__in=Event.objects.filter(by_customer__in=self.customers).values("case"))
        sent = Q(pk__in=Event.objects.filter(paper__in=self.papers.order_by().values("pk")).values("case"))
        return Case.objects.filter(written | sent).order_by("arrived_at", "pk")

    def is_own(self, paper: Application) -> bool:
        """Whether a paper is about the person themselves, and not sent for somebody else."""
        own = {principal.pk for principal in self.principals}
        return paper.principal_id is None or paper.principal_id in own


def find(said: str) -> Person:
    """The person with an identity code, or with the id of a customer. Raises Unknown."""
    said = said.strip()
    customers = _by_id(said) or _by_code(said.upper())
    codes = {customer.identity_code for customer in customers if customer.identity_code}
    for code in codes or {said.upper()}:
        customers |= _by_code(code)
    indexed = [one for code in codes or {said.upper()} for one in indexes(code)]
    principals = Principal.objects.filter(kind=Principal.Kind.PERSON, subject__in=indexed)
    person = Person(tuple(sorted(customers, key=lambda one: one.created_at)), tuple(principals.order_by("created_at")))
    if not (person.customers or person.principals):
        raise Unknown
    return person


def _by_id(said: str) -> set[Customer]:
    try:
        return set(Customer.objects.filter(pk=uuid.UUID(said)))
    except (ValueError, ValidationError):
        return set()


def _by_code(code: str) -> set[Customer]:
    """Whoever is known by an identity code. Those whom officials are just entering have no index yet, and are few."""
    entered = Customer.objects.filter(way=Customer.DESK).exclude(identity_code="").iterator()
    return set(Customer.objects.filter(subject__in=indexes(code))) | {
        one for one in entered if one.identity_code == code
    }


# --- what ------------------------------------------------------------------------------------------------------------


@dataclass
class Holdings:
    """What is written: documents by their paths, and stored files by theirs."""

    person: Person
    with_officials: bool = False
    documents: dict[str, Any] = field(default_factory=dict)
    files: dict[str, StoredFile] = field(default_factory=dict)
    folders: dict[str, dict[str, Any]] = field(default_factory=dict)

    def row(self, row: Model, *more_left_out: str) -> dict[str, Any]:
        """Every column of a row that is told. Of other people, only what the row itself says."""
        said: dict[str, Any] = {}
        for column in row._meta.concrete_fields:
            if column.name in NOT_TOLD or column.name in more_left_out:
                continue
            value, kind = getattr(row, column.attname), column.related_model
            if kind is User:
                if not self.with_officials:
                    continue
                value = str(getattr(row, column.name) or "")
            elif kind in (Customer, Principal) and value not in self._own_keys:
                continue
            said[column.name] = value
        return said

    @property
    def _own_keys(self) -> set[uuid.UUID]:
        return {one.pk for one in (*self.person.customers, *self.person.principals)}

    def official(self, name: str) -> str:
        """What an official is called here: by name only where that is asked for (their names are their own data)."""
        return name if self.with_officials else _("An official")


def gather(person: Person, *, with_officials: bool = False) -> Holdings:
    """Everything these floors hold on a person, in the language in use."""
    found = Holdings(person, with_officials)
    found.documents["person.json"] = _person(found)
    cases = list(person.cases.select_related("service__authority", "application__version", "application__principal"))
    seen: set[uuid.UUID] = set()
    for case in cases:
        seen |= _add_case(found, case)
    for paper in person.papers.exclude(pk__in=seen).select_related("version__service__authority", "principal"):
        _add_paper(found, _place(person, paper, f"drafts/{paper.pk}"), "paper", paper)
    about = [str(case.number) for case in cases] + [str(paper.pk) for paper in person.papers.only("pk")]
    found.documents["log.json"] = [_log_line(found, line) for line in _log_of(about)]
    return found


def _person(found: Holdings) -> dict[str, Any]:
    person = found.person
    mandates = Mandate.objects.filter(Q(customer__in=person.customers) | Q(principal__in=person.principals))
    undertakings = Undertaking.objects.filter(Q(customer__in=person.customers) | Q(principal__in=person.principals))
    by_mailbox = {"email__in": person.addresses}
    return {
        "known as": [found.row(one) for one in person.customers],
        "others act for": [found.row(one) for one in person.principals],
        "mandates": [
            {**found.row(one), "customer": one.customer.name, "principal": str(one.principal)}
            for one in mandates.select_related("customer", "principal").order_by("checked_at")
        ],
        "undertakings": [found.row(one) for one in undertakings],
        "sign-in links": [found.row(one) for one in SignInLink.objects.filter(**by_mailbox).order_by("created_at")],
        "feedback": [found.row(one) for one in Feedback.objects.filter(**by_mailbox)],
        "invited to test": [found.row(one) for one in Tester.objects.filter(customer__in=person.customers)],
    }


def _place(person: Person, paper: Application, folder: str) -> str:
    """What was sent for somebody else lies apart: it is theirs too, and is looked at before it is given out."""
    return folder if person.is_own(paper) else f"for-others/{folder}"


def _add_case(found: Holdings, case: Case) -> set[uuid.UUID]:
    """The case with its papers, its diary and their files. The ids of its papers."""
    place = _place(found.person, case.application, f"cases/{case.number}")
    requests = SupplementRequest.objects.filter(case=case)
    folder = found.folders.setdefault(place, {"case": case, "papers": [], "messages": [], "files": []})
    found.documents[f"{place}/case.json"] = {
        **found.row(case, *(() if found.with_officials else ("handler_name",))),
        "service": case.service_name,
        "authority": case.service.authority.name,
        "status": case.status_label,
        "supplements asked for": [found.row(one) for one in requests],
    }
    papers = Application.objects.filter(Q(event__case=case) | Q(answers_request__case=case)).distinct()
    ids = set()
    for number, paper in enumerate(papers.select_related("version", "principal").order_by("created_at", "pk"), 1):
        _add_paper(found, place, f"paper-{number}", paper)
        ids.add(paper.pk)
    _add_diary(found, place, case, folder)
    return ids


def _add_diary(found: Holdings, place: str, case: Case, folder: dict[str, Any]) -> None:
    shared: list[dict[str, Any]] = []
    internal: list[dict[str, Any]] = []
    for event in Event.objects.filter(case=case).order_by("number"):
        line = _event(found, event)
        (internal if event.kind in NOT_FOR_EVERYBODY else shared).append(line)
        if event.data.get("text") and event.kind not in NOT_FOR_EVERYBODY:
            folder["messages"].append(line)
        apart = "files-internal" if event.kind in NOT_FOR_EVERYBODY else "files"
        for document in Document.objects.filter(event=event):
            line.setdefault("documents", []).append(_add_file(found, f"{place}/{apart}", document))
    found.documents[f"{place}/diary.json"] = shared
    asked = Consultation.objects.filter(case=case).select_related("authority")
    if internal or asked:
        found.documents[f"{place}/diary-internal.json"] = {
            "lines": internal,
            "authorities asked": [{**found.row(one), "authority": one.authority.name} for one in asked],
        }


def _event(found: Holdings, event: Event) -> dict[str, Any]:
    by_self = event.by_customer_id in {one.pk for one in found.person.customers}
    left_out = set() if found.with_officials else {"handler", "address"}  # said by officials and their systems alone
    line = found.row(event, "data", "by_name")
    return {
        **line,
        "what": event.label,
        "by": event.by_name if by_self or event.by_official_id is None else found.official(event.by_name),
        "facts": {key: value for key, value in event.data.items() if key not in left_out},
        "at the desk alone": event.kind in FOR_THE_DESK_ALONE,
    }


def _add_paper(found: Holdings, place: str, name: str, paper: Application) -> None:
    sections = paper.sheet()
    folder = found.folders.setdefault(place, {"case": None, "papers": [], "messages": [], "files": []})
    folder["papers"].append({"paper": paper, "sections": sections})
    found.documents[f"{place}/{name}.json"] = {
        **found.row(paper),
        "service": paper.version.definition.name.said(),
        "questions": [
            {"page": section.title, "question": line.label, "answer": line.text}
            for section in sections
            for line in section.lines
        ],
        "files": [_add_file(found, f"{place}/files", one) for one in Attachment.objects.filter(application=paper)],
        "looks at the draft": [
            {**found.row(one), "official_name": found.official(one.official_name)}
            for one in Look.objects.filter(application=paper)
        ],
    }


def _add_file(found: Holdings, place: str, row: StoredFile) -> dict[str, Any]:
    path = f"{place}/{row.pk.hex[:8]}-{_plain(row.name)}"
    found.files[path] = row
    if "/files/" in path:
        found.folders[place.rpartition("/")[0]]["files"].append({"path": path, "name": row.name, "size": row.size})
    return {**found.row(row), "path": path}


def _plain(name: str) -> str:
    """A name that is no path on any system."""
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in name).lstrip(".")[-100:] or "file"


def _log_of(about: list[str]) -> Iterator[LogLine]:
    return LogLine.objects.filter(about__in=about).select_related("authority").order_by("at", "pk").iterator()


def _log_line(found: Holdings, line: LogLine) -> dict[str, Any]:
    said = {"at": line.at, "what": line.get_act_display(), "about": line.about, "detail": line.detail}
    whose = {"authority": line.authority.name if line.authority else "", "who": found.official(line.user_name)}
    return {**said, **whose, **({"where": line.where} if found.with_officials else {})}


# --- writing ---------------------------------------------------------------------------------------------------------

More = Callable[[Person, list[Case]], Mapping[str, Any]]  # documents by their names, from a floor above


def language_of(person: Person) -> str:
    """The language they used last."""
    last = person.papers.order_by("-changed_at").values_list("language", flat=True).first()
    return last or LANGUAGES[0]


def export(
    person: Person,
    out: Path,
    *,
    by: str,
    more: More | None = None,
    with_officials: bool = False,
    at: datetime | None = None,
) -> Path:
    """Write everything on a person into one new archive in a folder, which only its owner may read; it is logged. Where it is.

    Files go piece by piece. Raises Holding when it cannot be written; nothing is left then.
    """
    moment = at or timezone.now()
    with translation.override(language_of(person)):
        found = gather(person, with_officials=with_officials)
        cases = list(person.cases.select_related("service"))
        found.documents.update(more(person, cases) if more else {})
        path = _written(found, out, moment)
    _note(person, cases, by)
    return path


def _note(person: Person, cases: Iterable[Case], by: str) -> None:
    """Of whom it was, by the ids of the rows; and at each case, for who keeps its log."""
    whose = [str(one.pk) for one in (*person.customers, *person.principals)]
    log.write(log.Act.EXPORTED, "personal data", who=by, detail=", ".join(whose))
    for case in cases:
        authority = case.service.authority_id
        log.write(log.Act.EXPORTED, str(case), who=by, authority=authority, detail="personal data")


def _written(found: Holdings, out: Path, at: datetime) -> Path:
    path = out / f"personal-data-{at:%Y-%m-%d}-{uuid.uuid4().hex[:8]}.zip"
    try:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as trouble:
        raise Holding(f"{out}: {trouble.strerror}") from trouble
    try:
        with os.fdopen(handle, "wb") as file:
            _fill(found, file, at)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def _fill(found: Holdings, file: IO[bytes], at: datetime) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
        missing = [path for path, row in found.files.items() if not _copied(archive, path, row)]
        if missing:
            found.documents["files-missing.json"] = missing
        for name, document in sorted(found.documents.items()):
            archive.writestr(name, json.dumps(document, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2) + "\n")
        said = {"person": found.person, "folders": found.folders.values(), "at": at, "documents": found.documents}
        index = {**said, "missing": missing, "language": translation.get_language()}
        archive.writestr("index.html", render_to_string("personaldata/index.html", index))


def _copied(archive: zipfile.ZipFile, path: str, row: StoredFile) -> bool:
    """Whether the whole content was there, byte for byte. What malware was found in has none."""
    digest = hashlib.sha256()
    try:
        content = row.content.open("rb")
    except (OSError, ValueError):
        return False
    with content, archive.open(zipfile.ZipInfo(path, date_time=_dos_time(row)), "w", force_zip64=True) as there:
        for piece in iter(lambda: content.read(PIECE), b""):
            digest.update(piece)
            there.write(piece)
    return digest.hexdigest() == row.sha256


def _dos_time(row: StoredFile) -> tuple[int, int, int, int, int, int]:
    when = row.received_at
    return when.year, when.month, when.day, when.hour, when.minute, when.second
