"""The cases that come of testing a version: by what they are known outside, what there is of them, and how they are deleted.

They are no records. Deleting them leaves nothing: no figure, no number, no file.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from apps.applications import drafting
from apps.applications.models import Application, ApplicationQuerySet, Attachment
from apps.cases.keeping import BY_ITSELF
from apps.cases.models import Case, CaseQuerySet, Document
from apps.people import log
from apps.services.models import Rehearsal

TESTS = uuid.UUID("5f0c2f0e-8a39-4d0c-9a43-7e57ca5e5000")  # the namespace of their external ids
KEPT = timedelta(days=90)  # after the end of a test, when nobody deletes it before


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
    try:
        return uuid.UUID(external_id).version == 5
    except ValueError:
        return False


def cases_of(rehearsal: Rehearsal) -> CaseQuerySet:
    """The cases that came of a test, the latest first."""
    return Case.objects.filter(is_test=True, application__version=rehearsal.version_id).order_by("-arrived_at", "-pk")


def papers_of(rehearsal: Rehearsal) -> ApplicationQuerySet:
    """Every paper of a test: drafts, what was sent, and supplements."""
    return Application.objects.filter(is_test=True, version=rehearsal.version_id)


def held_of(rehearsal: Rehearsal) -> Held:
    """What there is of a test."""
    files = Attachment.objects.filter(application__in=papers_of(rehearsal)).count()
    documents = Document.objects.filter(event__case__in=cases_of(rehearsal)).count()
    return Held(cases_of(rehearsal).count(), papers_of(rehearsal).drafts().count(), files + documents)


def delete_tests(rehearsal: Rehearsal) -> Held:
    """Delete every paper and case of a test with its diary, files and deliveries, and nothing else. What there was of it.

    In one transaction; the contents of the files go after it.
    """
    with transaction.atomic():
        cases = list(cases_of(rehearsal).select_for_update(of=("self",)).only("pk"))
        papers = list(papers_of(rehearsal).select_for_update(of=("self",)).only("pk"))
        gone = held_of(rehearsal)
        for case in cases:
            _delete_case(case)
        for paper in papers:
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
    return gone


def _delete_case(case: Case) -> None:
    """The folder. Its papers stay behind, for what belongs to a case stands in its way."""
    for document in Document.objects.filter(event__case=case):
        drafting.remove(document)
    case.supplement_requests.all().delete()
    case.consultations.all().delete()
    case.events.all().delete()
    Case.objects.filter(is_test=True, pk=case.pk).delete()


def _delete_paper(paper: Application) -> None:
    for attachment in paper.attachments.all():
        drafting.remove(attachment)
    Application.objects.filter(is_test=True, pk=paper.pk).delete()
