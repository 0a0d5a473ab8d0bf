"""Where a system is tried before it is let near real cases: generated cases, and what their made-up customer does afterwards.

Everything goes the way of a real customer: papers with sample answers and files are sent through `intake.send`, supplements and messages
take the steps of the rule book. All of it is a test, so it is in no list and no figure, and no mail is sent of it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.applications import attachments, drafting
from apps.applications.models import Application, ApplicationQuerySet, Attachment
from apps.cases import documents, intake, testcases
from apps.cases.models import Case, CaseQuerySet, NotAllowed
from apps.cases.testcases import Held
from apps.interface.samplefiles import sample_file
from apps.people import access
from apps.people.models import Customer, Mandate, Principal, System
from apps.services import examples
from apps.services.definition import Definition
from apps.services.fieldtypes.attached import File
from apps.services.models import Version
from apps.services.texts import HELSINKI

MOST_AT_ONCE = 10
GIVEN_NAME, FAMILY_NAME = "Exempel", "Provperson"
COMPANY, BUSINESS_ID = "Exempel Provföretag", "0000000-0"  # an id that no company has


class NotForTesting(Exception):
    """The system is not for testing, so it has no sandbox."""


# --- what there is -----------------------------------------------------------------------------------------------------


def versions_of(system: System) -> list[Version]:
    """What cases can be generated of: of each of the system's services the published version, and the one that is being tried."""
    mine = Version.objects.filter(access.services_of_system(system, "service__"))
    tried = Q(rehearsal__isnull=False, rehearsal__closed_at=None, published_at=None)
    found = mine.filter(Q(pk=F("service__published")) | tried)
    ordered = found.select_related("service__authority").order_by("service__key", "number")
    return [version for version in ordered if not version.definition.is_survey]


def customer_of(system: System) -> Customer:
    """The made-up customer of a system's sandbox, made the first time. Raises NotForTesting."""
    if not system.is_test:
        raise NotForTesting
    names = {"given_name": GIVEN_NAME, "family_name": FAMILY_NAME}
    return Customer.objects.get_or_create(way=Customer.SANDBOX, subject=str(system.pk), defaults=names)[0]


def cases_of(system: System) -> CaseQuerySet:
    """What has been generated for a system, the latest first."""
    return testcases.generated_for(customer_of(system))


# --- generating --------------------------------------------------------------------------------------------------------


def generate(
    system: System, version: Version, language: str, count: int = 1, *, at: datetime | None = None
) -> list[Case]:
    """Cases of a version, each sent by the made-up customer with sample answers and small files, like a real one.

    All of them or none, with their files. Raises NotAllowed when the version takes no sample answers, or is of a service whose customers
    do this elsewhere (see `send_on`), and NotForTesting.
    """
    if version.definition.own_service:
        raise NotAllowed(_("This goes on in the authority’s own service, so nothing is sent here."))
    moment = at or timezone.now()
    customer = _acting(customer_of(system), version.definition)
    with _all_or_none() as files:
        return [_one(version, customer, language, moment, files) for _number in range(min(count, MOST_AT_ONCE))]


def send_on(system: System, version: Version, language: str, count: int = 1) -> list[Application]:
    """The notes that the made-up customer has gone on to the authority's own service; the system posts that it has arrived there.

    Each is a matter of its own. Raises NotForTesting.
    """
    customer = _acting(customer_of(system), version.definition)
    notes = []
    with transaction.atomic():
        for _number in range(min(count, MOST_AT_ONCE)):
            known = {"version": version, "customer": customer, "principal": customer.acting_for}
            note = Application(language=language, is_test=True, **known)
            note.external_id = testcases.external_id_of(note)  # the case will have it, as those of all tests
            note.save()
            notes.append(note)
    return notes


def sent_on(system: System) -> ApplicationQuerySet:
    """What the made-up customer of a system has gone on with to the authority's own service and has not arrived there, the latest first."""
    mine = Application.objects.drafts().filter(is_test=True, customer=customer_of(system), external_id__isnull=False)
    return mine.order_by("-created_at", "-pk")


@contextmanager
def _all_or_none() -> Iterator[list[Attachment]]:
    """A transaction, and the files that are stored in it: when it fails, their rows go with it, and here their contents."""
    files: list[Attachment] = []
    try:
        with transaction.atomic():
            yield files
    except BaseException:
        for file in files:
            attachments.let_go_unless_kept(file)
        raise


def _one(version: Version, customer: Customer, language: str, at: datetime, files: list[Attachment]) -> Case:
    draft = Application.objects.create(
        version=version, customer=customer, principal=customer.acting_for, language=language, is_test=True
    )
    return _filled_and_sent(draft, customer, at, files)


def _filled_and_sent(draft: Application, customer: Customer, at: datetime, files: list[Attachment]) -> Case:
    """Raises NotAllowed, also where some answer has no sample that fits the others."""
    _fill(draft, at, files)
    try:
        return intake.send(draft, by=customer, at=at)
    except drafting.NotComplete as stopped:
        page = next((page.title.said() for page in draft.definition.pages if page.key == stopped.page), stopped.page)
        words = _("The page “%(page)s” takes none of the sample answers, so no case was made.")
        raise NotAllowed(words % {"page": page}) from stopped


def _fill(draft: Application, at: datetime, files: list[Attachment]) -> None:
    """Sample answers to all that the paper asks, and real files where a sample only says that there is one."""
    definition, day = draft.definition, at.astimezone(HELSINKI).date()
    with translation.override(draft.language):
        answers = examples.fill(definition, day, draft.answers)
    for count, (key, field) in enumerate(definition.fields.items(), start=1):
        if isinstance(field, File) and answers.get(key):
            answers[key] = [_enclosed(draft, field, count, files)]
    draft.answers = answers
    draft.save(update_fields=["answers"])


def _enclosed(draft: Application, field: File, count: int, files: list[Attachment]) -> dict[str, Any]:
    attachment = attachments.receive(draft, field.key, sample_file(field.types, count=count))
    files.append(attachment)
    attachment.save()
    with translation.override(draft.language):
        about = {"about": _("Example")} if field.undescribed() else {}
    return {**attachment.known(), **about}


def _acting(customer: Customer, definition: Definition) -> Customer:
    """The customer as they must act to use a service: for themselves, or with the mandate it asks for."""
    customer.acting_for = None
    if "self" in definition.acting_for:
        return customer
    kind = definition.acting_for[0]
    subject = BUSINESS_ID if kind == Principal.Kind.COMPANY else f"{Customer.SANDBOX} {customer.pk}"
    principal = Principal.objects.get_or_create(kind=kind, subject=subject, defaults={"name": COMPANY})[0]
    roles = [definition.mandate] if definition.mandate else []
    Mandate.objects.update_or_create(
        customer=customer, principal=principal, defaults={"roles": roles, "ended_at": None}
    )
    customer.acting_for = principal
    return customer


# --- what the made-up customer does ------------------------------------------------------------------------------------


def answer_supplement(case: Case, *, at: datetime | None = None) -> None:
    """Answer what the authority has asked for, with samples and a file. Raises NotAllowed when nothing is asked for."""
    moment, customer = at or timezone.now(), _customer_of_case(case)
    with _all_or_none() as files:
        _finish(intake.begin_supplement(case, customer), customer, moment, files)


def add(case: Case, *, at: datetime | None = None) -> None:
    """Send something more, unasked, with a file. Raises NotAllowed."""
    moment, customer = at or timezone.now(), _customer_of_case(case)
    with _all_or_none() as files:
        _finish(intake.begin_addition(case, customer), customer, moment, files)


def write(case: Case, *, at: datetime | None = None) -> None:
    """Write a message to the authority, with a file. Raises NotAllowed."""
    customer = _customer_of_case(case)
    with translation.override(case.language):
        text = _("This is an example of a message.")
    try:
        with documents.received([sample_file()]) as files:
            case.take_step("reply", by=customer, at=at, text=text, files=files)
    except ValidationError as refused:  # the scanner is away
        raise NotAllowed(" ".join(refused.messages)) from refused


def withdraw(case: Case, *, at: datetime | None = None) -> None:
    """Withdraw the case. Raises NotAllowed."""
    case.take_step("withdraw", by=_customer_of_case(case), at=at)


# Each with the step of the rule book that it takes, and its button.
ACTS: dict[str, tuple[Callable[..., None], Any]] = {
    "supplement": (answer_supplement, gettext_lazy("Answer the supplement request")),
    "reply": (write, gettext_lazy("Write a message")),
    "add": (add, gettext_lazy("Add something")),
    "withdraw": (withdraw, gettext_lazy("Withdraw")),
}


def acts_now(steps: Collection[str]) -> list[tuple[str, Any]]:
    """What a made-up customer can do, by the names of the steps that are possible: name and words."""
    return [(name, words) for name, (_act, words) in ACTS.items() if name in steps]


def _customer_of_case(case: Case) -> Customer:
    """The made-up customer whose case it is, acting as when it was sent. Raises NotAllowed for every other case."""
    customer = case.application.customer
    if not (customer.is_made_up and case.is_test):
        raise NotAllowed(_("Nobody acts for a customer but of a generated case."))
    customer.acting_for = case.application.principal
    return customer


def _finish(paper: Application, customer: Customer, at: datetime, files: list[Attachment]) -> None:
    paper.answers = {key: kept for key, kept in paper.answers.items() if key not in ("supplement_files",)}
    _filled_and_sent(paper, customer, at, files)


# --- emptying ----------------------------------------------------------------------------------------------------------


def held(system: System) -> Held:
    """What there is in the sandbox."""
    return testcases.held_generated(customer_of(system))


def empty(system: System) -> Held:
    """Delete every generated case with its diary and files, what has not arrived, and the calls that were kept. What there was of cases."""
    customer = customer_of(system)
    with transaction.atomic():
        gone = testcases.delete_generated(customer)
        system.calls.all().delete()
    return gone
