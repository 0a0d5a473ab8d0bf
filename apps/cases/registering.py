"""What came by e-mail, by post, at the counter or through the authority's own service: entered by an official, then a case like all others.

Until it is registered it is a draft that only those see who may handle its service. Whose it is, is settled at the moment of
registering and not before: an official who types an identity code learns from it neither a name nor whether somebody uses the portal.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.applications import attachments, drafting, scanning
from apps.applications.drafting import NotScanned
from apps.applications.journey import Journey
from apps.applications.models import Application, Attachment
from apps.cases.documents import ENCLOSED
from apps.cases.intake import case_of, open_folder
from apps.cases.models import Case, Document, NotAllowed, Way
from apps.people import access
from apps.people.identification.oidc import entered_under, strongly_known_under
from apps.people.models import Customer, Principal, User
from apps.people.sealing import index
from apps.services.definition import Page
from apps.services.fieldtypes import Field
from apps.services.fieldtypes.identified import masked
from apps.services.fieldtypes.questions import wanting
from apps.services.models import Service, Version

ORIGINAL = "_original"  # the field of a scanned original. A question's key begins with a letter, so none is called so
WAYS = tuple(way for way in Way.values if way != Way.PORTAL)


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """How a matter came and whose it is, as an official has written it. Without `company_name` it is the person's own."""

    way: str
    at: datetime
    language: str
    given_name: str
    family_name: str
    identity_code: str = ""
    email: str = ""
    protected: bool = False
    company_name: str = ""
    business_id: str = ""

    @property
    def masked_code(self) -> str:
        """The identity code as it is shown again."""
        return masked(self.identity_code)


@dataclass(frozen=True)
class Gap:
    """A question that still wants something: on which page, and why in words."""

    page: Page
    field: Field
    why: str


# --- entering --------------------------------------------------------------------------------------------------------


def services_for(user: User) -> list[Service]:
    """The services whose cases an official can register: also those that customers cannot begin now, or begin elsewhere.

    Of a survey no case arises.
    """
    own = Service.objects.filter(access.of_services(user, access.HANDLES_CASES), published__isnull=False)
    known = own.select_related("authority", "published").defer("published__document")
    return sorted((one for one in known if one.makes_cases), key=lambda service: str(service).casefold())


def being_entered(user: User) -> list[Application]:
    """What is not registered yet and an official may go on with, the latest first."""
    papers = Application.objects.filter(access.papers_being_entered(user))
    known = papers.select_related("version__service", "customer", "principal", "entered_by")
    return list(known.defer("version__document", "answers", "customer__identity_code").order_by("-changed_at"))


def begin(version: Version, arrival: Arrival, *, by: User, once: uuid.UUID, at: datetime | None = None) -> Application:
    """The draft of what came. The same form sent again (`once`) gives the draft it gave. Raises NotAllowed."""
    _refuse_stranger(by, version.service)
    moment = at or timezone.now()
    _refuse_ahead(arrival.at, moment)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=by.pk)  # the second click waits for the first
        begun = Application.objects.filter(pk=once).first()
        if begun is not None and begun.entered_by_id == by.pk:
            return begun
        known_by = f"entered {uuid.uuid4()}"  # nobody is known by it
        customer = Customer.objects.create(way=Customer.DESK, subject=known_by, created_at=moment, **_person(arrival))
        return Application.objects.create(
            pk=once if begun is None else uuid.uuid4(),
            version=version,
            customer=customer,
            entered_by=by,
            created_at=moment,
            changed_at=moment,
            **_how(arrival),
        )


def change(application: Application, arrival: Arrival, *, at: datetime | None = None) -> None:
    """Correct how it came and whose it is. Raises Frozen when it is registered, NotAllowed."""
    moment = at or timezone.now()
    _refuse_ahead(arrival.at, moment)
    with transaction.atomic():
        draft = drafting.lock(application)
        Customer.objects.filter(pk=draft.customer_id, way=Customer.DESK).update(**_person(arrival))
        Application.objects.filter(pk=draft.pk).update(changed_at=moment, **_how(arrival))


def arrival_of(application: Application) -> Arrival:
    """How a draft came and whose it is, as it is written now. Raises ValueError for a paper that did not come so."""
    if application.came_at is None:
        raise ValueError("it was not entered by an official")
    person, company = application.customer, application.principal
    return Arrival(
        way=application.came_by,
        at=application.came_at,
        language=application.language,
        given_name=person.given_name,
        family_name=person.family_name,
        identity_code=person.identity_code,
        email=person.email,
        protected=person.protected,
        company_name=company.name if company else "",
        business_id=company.business_id if company else "",
    )


def _person(arrival: Arrival) -> dict[str, Any]:
    return {
        "given_name": arrival.given_name,
        "family_name": arrival.family_name,
        "identity_code": arrival.identity_code,
        "email": arrival.email,
        "protected": arrival.protected,
    }


def _how(arrival: Arrival) -> dict[str, Any]:
    return {
        "came_by": arrival.way,
        "came_at": arrival.at,
        "language": arrival.language,
        "principal": _company(arrival),
    }


def _company(arrival: Arrival) -> Principal | None:
    """The company or association; by its business id it is the same for those who act for it in the portal."""
    if not arrival.business_id:
        return None
    named = {"name": arrival.company_name}
    kind = Principal.Kind.COMPANY
    return Principal.objects.get_or_create(kind=kind, subject=arrival.business_id, defaults=named)[0]


def _refuse_stranger(user: User, service: Service) -> None:
    if not access.may_handle(user, service):
        raise NotAllowed(_("You may not register cases of this service."))


def _refuse_ahead(arrived_at: datetime, at: datetime) -> None:
    if arrived_at > at:
        raise NotAllowed(_("It cannot have arrived at a time that is ahead."))


# --- what goes with it -----------------------------------------------------------------------------------------------


def originals(application: Application) -> list[Attachment]:
    """What came, scanned or as it was mailed."""
    return list(application.attachments.filter(field=ORIGINAL))


def add_originals(application: Application, files: Iterable[UploadedFile]) -> list[str]:
    """Keep what came beside the draft, and say of each file that is not taken why. Raises Frozen when it is registered."""
    refused = []
    taken, said = ENCLOSED.sort(files, len(originals(application)))
    for file in taken:
        try:
            row = attachments.taken(
                Attachment(application=application, field=ORIGINAL), file, megabytes=ENCLOSED.max_megabytes
            )
        except ValidationError as why:
            refused += why.messages
            continue
        try:
            with transaction.atomic():
                drafting.lock(application)
                row.save(force_insert=True)
        except BaseException:
            row.content.delete(save=False)
            raise
    return said + refused


def offers(application: Application, page: Page) -> dict[str, Any]:
    """What a page offers where there is no answer yet: what is written of the person or company, where its questions say so."""
    person, principal = application.customer, application.principal
    known = {"given_name": person.given_name, "family_name": person.family_name, "name": person.name}
    if principal is not None:
        known |= {"company_name": principal.name, "company_id": principal.business_id}
    return {field.key: known[field.prefill] for field in page.fields if known.get(field.prefill)}


def gaps(application: Application) -> list[Gap]:
    """What is not answered though the service demands it, or does not fit, in the order of the form."""
    day, found = application.day(), []
    for page, fields, counting in application.definition.asked(application.answers, application.day()):
        for field in fields:
            if field.asks and wanting(field, counting, day):
                kept = counting.get(field.key)
                why = field.objection(kept, counting, day) if field.answered(kept) else _("Not answered")
                found.append(Gap(page, field, why))
    return found


def may_open(application: Application, key: str) -> bool:
    """Whether a page applies. It need not wait for those before it: what came on paper may lack what they ask."""
    return any(stop.page.key == key for stop in Journey.of(application).stops)


# --- registering -----------------------------------------------------------------------------------------------------


def register(
    application: Application,
    *,
    by: User,
    way: str,
    arrived_at: datetime,
    files: Sequence[Document] = (),
    as_it_is: bool = False,
    at: datetime | None = None,
) -> Case:
    """Make what came a case: freeze the paper as of the day it came, open the folder, and link it to its customer, in one transaction.

    `files` go with the first line of the diary, beside the originals kept with the draft. `as_it_is` takes it with gaps.
    Registering again (a double click, two officials) gives the same case and changes nothing.
    Raises NotComplete, and NotAllowed for a stranger, a time that is ahead, a way that is none, and a file that is not scanned yet.
    """
    scanning.rescan(application)
    try:
        return _register(application, by, way, arrived_at, files, as_it_is, at or timezone.now())
    except NotScanned as refused:
        raise NotAllowed(str(refused)) from refused


def _register(
    application: Application,
    by: User,
    way: str,
    arrived_at: datetime,
    files: Sequence[Document],
    as_it_is: bool,
    at: datetime,
) -> Case:
    with transaction.atomic():
        rows = Application.objects.select_for_update(of=("self",)).select_related("version__service", "principal")
        paper = rows.get(pk=application.pk)
        _refuse_stranger(by, paper.version.service)
        if not paper.is_draft:
            return case_of(paper)
        _refuse_ahead(arrived_at, at)
        if way not in WAYS or not paper.is_being_entered:
            raise NotAllowed(_("Only what came by another way than the portal is registered here."))
        protected, written = paper.customer.protected, paper.customer
        paper.customer, paper.came_by, paper.came_at = _known(written), way, arrived_at
        paper.save(update_fields=["customer", "came_by", "came_at"])
        scanned = _taken_from(paper)
        drafting.freeze(paper, at=arrived_at, as_it_is=as_it_is)
        documents = [*scanned, *files]
        facts: dict[str, Any] = {
            "way": way,
            "arrived_at": arrived_at.isoformat(),
            "sender": _sender(written, paper.principal),
        }
        if protected or paper.customer.protected:
            facts["protected"] = True
        if documents:
            facts["files"] = [document.known() for document in documents]
        line = open_folder(paper, by=by, at=at, data=facts, way=way, arrived_at=arrived_at)
        for document in documents:
            document.event = line
            document.save(force_insert=True)
        if written.pk != paper.customer_id:
            written.delete()
        return line.case


def _sender(written: Customer, principal: Principal | None) -> dict[str, str]:
    """Whose it is, as it was written then."""
    told = {"name": written.name}
    if principal is None:
        return told
    return told | {"kind": principal.kind, "principal": principal.name, "business_id": principal.business_id}


def _taken_from(paper: Application) -> list[Document]:
    """The originals as documents of the diary, no longer files of the paper; their content stays where it is."""
    rows = originals(paper)
    shared = ("id", "name", "media_type", "size", "sha256", "scan", "active", "received_at")
    moved = [Document(content=row.content.name, **{name: getattr(row, name) for name in shared}) for row in rows]
    paper.attachments.filter(pk__in=[row.pk for row in rows]).delete()
    return moved


def _known(written: Customer) -> Customer:
    """The customer whom an official has written down: who has signed in with the same code, else who was entered under it before.

    Somebody of whom no code is known is nobody else, and is found by nobody: a name or an address proves nothing.
    """
    code = written.identity_code
    if not code:
        return written
    known = strongly_known_under(code) or entered_under(code)
    if known is None:
        try:
            with transaction.atomic():
                written.subject = index(code)
                written.save(update_fields=["subject"])
                return written
        except IntegrityError:  # registered twice at once for the first time
            known = entered_under(code)
    if known is None:
        raise NotAllowed(_("It was not registered. Try again."))
    if known.way == Customer.DESK and known.pk != written.pk:
        _bring_up_to_date(known, written)
    return known


def _bring_up_to_date(known: Customer, written: Customer) -> None:
    """Of one who has never signed in, what was written last is what is known of where they are told, and of a protection order."""
    known.email, known.protected = written.email or known.email, written.protected or known.protected
    known.save(update_fields=["email", "protected"])
