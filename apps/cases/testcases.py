"""The cases that come of testing a version: by what they are known outside, what there is of them, and how they are deleted.

They are no records. Deleting them leaves nothing: no figure, no number, no file.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from apps.applications import drafting, externalids
from apps.applications.models import Application, ApplicationQuerySet, Attachment
from apps.cases.keeping import BY_ITSELF
from apps.cases.models import Case, CaseQuerySet, Document
from apps.people import log
from apps.people.models import Customer
from apps.services.models import Rehearsal

TESTS = uuid.UUID("5f0c2f0e-8a39-4d0c-9a43-7e57ca5e5000")  # the namespace of their external ids
KEPT = timedelta(days=90)  # after the end of a test, when nobody deletes it before
# Who else keeps something of a case, and lets go of it in the transaction that deletes the case. Doors add themselves.
LET_GO: list[Callable[[Case], None]] = []


@dataclass(frozen=True)
class Held:
    """What there is of a test, in figures."""

    cases: int = 0
    drafts: int = 0
    files: int = 0

    def __bool__(self) -> bool:
        return bool(self.cases or self.drafts or self.files)

    def __add__(self, other: Held) -> Held:
        return Held(self.cases + other.cases, self.drafts + other.drafts, self.files + other.files)

    def __str__(self) -> str:
        """For the log."""
        return f"cases {self.cases}, drafts {self.drafts}, files {self.files}"


def external_id_of(paper: Application) -> uuid.UUID:
    """By what the case of a test is known outside: a name-based UUID, so that it is known as a test's also when nothing is left of it.

    All other cases have random ones.
    """
    return uuid.uuid5(TESTS, str(paper.pk))


def is_of_test(external_id: str) -> bool:
    """Whether an external id is one that only the case of a test can have."""
    known = externalids.read(external_id)
    return known is not None and known.version == 5


def cases_of(rehearsal: Rehearsal) -> CaseQuerySet:
    """The cases that came of a test, the latest first; not what was generated for a system that tests."""
    tried = Case.objects.filter(is_test=True, application__version=rehearsal.version_id)
    return tried.exclude(application__customer__way=Customer.SANDBOX).order_by("-arrived_at", "-pk")


def papers_of(rehearsal: Rehearsal) -> ApplicationQuerySet:
    """Every paper of a test: drafts, what was sent, and supplements."""
    tried = Application.objects.filter(is_test=True, version=rehearsal.version_id)
    return tried.exclude(customer__way=Customer.SANDBOX)


def generated_for(customer: Customer) -> CaseQuerySet:
    """The cases that were generated in a system's sandbox, by their made-up customer; the latest first."""
    return Case.objects.filter(is_test=True, application__customer=customer).order_by("-arrived_at", "-pk")


def held_of(rehearsal: Rehearsal) -> Held:
    """What there is of a test."""
    return _held(cases_of(rehearsal), papers_of(rehearsal))


def held_generated(customer: Customer) -> Held:
    """What there is in a system's sandbox."""
    return _held(generated_for(customer), Application.objects.filter(is_test=True, customer=customer))


def _held(cases: CaseQuerySet, papers: ApplicationQuerySet) -> Held:
    files = Attachment.objects.filter(application__in=papers).count()
    documents = Document.objects.filter(event__case__in=cases).count()
    return Held(cases.count(), papers.drafts().count(), files + documents)


def delete_tests(rehearsal: Rehearsal) -> Held:
    """Delete every paper and case of a test with its diary, files and deliveries, and nothing else. What there was of it.

    In one transaction; the contents of the files go after it.
    """
    return _delete(cases_of(rehearsal), papers_of(rehearsal))


def delete_generated(customer: Customer, *, before: datetime | None = None) -> Held:
    """The same of what was generated in a system's sandbox; `before`: only of the cases that arrived before a moment.

    Raises ValueError for a customer who is not made up.
    """
    if not customer.is_made_up:
        raise ValueError("only what a made-up customer has sent is deleted so")
    cases, papers = generated_for(customer), Application.objects.filter(is_test=True, customer=customer)
    if before is not None:
        cases = cases.filter(arrived_at__lt=before)
        of_cases = Q(case__in=cases.values("pk")) | Q(event__case__in=cases.values("pk"))
        papers = papers.filter(of_cases | Q(sent_at=None, created_at__lt=before))
    return _delete(cases, papers)


def _delete(cases: CaseQuerySet, papers: ApplicationQuerySet) -> Held:
    with transaction.atomic():
        # By the papers' ids first: once the folders are gone, nothing says which papers lay in them.
        chosen = Application.objects.filter(pk__in=list(papers.values_list("pk", flat=True)))
        folders = list(cases.select_for_update(of=("self",)).only("pk"))
        sheets = list(chosen.select_for_update(of=("self",)).only("pk"))
        gone = _held(cases, chosen)
        for case in folders:
            _delete_case(case)
        for paper in sheets:
            _delete_paper(paper)
    return gone


def delete_what_ended_long_ago(now: datetime) -> Held:
    """Delete everything of the tests whose end is so long past that nobody looks at it any more (`KEPT`). What there was of them."""
    before = now - KEPT
    over = Q(closed_at__lt=before) | Q(version__published_at__lt=before)
    something = Application.objects.filter(is_test=True, version=OuterRef("version"))
    gone = Held()
    for rehearsal in Rehearsal.objects.filter(over, Exists(something)).select_related("version__service"):
        deleted = delete_tests(rehearsal)
        service = rehearsal.version.service
        detail = f"tests of version {rehearsal.version.number}: {deleted}"
        log.write(
            log.Act.DELETED, f"service {service.key}", who=BY_ITSELF, authority=service.authority_id, detail=detail
        )
        gone += deleted
    for customer in Customer.objects.filter(way=Customer.SANDBOX):
        gone += delete_generated(customer, before=before)
    return gone


def _delete_case(case: Case) -> None:
    """The folder. Its papers stay behind, for what belongs to a case stands in its way."""
    for document in Document.objects.filter(event__case=case):
        drafting.remove(document)
    for let_go in LET_GO:
        let_go(case)
    case.supplement_requests.all().delete()
    case.consultations.all().delete()
    case.events.all().delete()
    Case.objects.filter(is_test=True, pk=case.pk).delete()


def _delete_paper(paper: Application) -> None:
    for attachment in paper.attachments.all():
        drafting.remove(attachment)
    Application.objects.filter(is_test=True, pk=paper.pk).delete()
