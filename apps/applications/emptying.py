"""Emptying the papers of a case whose content is deleted: answers, files, and whose they were. A row without these stays, for statistics.

Files go in two steps, so that none is left behind: in the transaction that empties the paper they lose their names and become files of
the emptied paper; after it their contents go, and with each its row. What a crash, or a storage that is away, leaves over is found by
those rows (`remove_what_is_left`).
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable
from functools import partial
from typing import Any

from django.apps import apps
from django.db import transaction
from django.db.models import QuerySet

from apps.applications.models import Application, ApplicationQuerySet, Attachment, Look, StoredFile, Undertaking
from apps.people.models import Customer

log = logging.getLogger(__name__)

# What an emptied paper's digest says: the SHA-256 of nothing. The digest of what was answered goes too, for it could prove a guess.
OF_NOTHING = hashlib.sha256(b"").hexdigest()
# Whose emptied papers are. Nobody signs in by that way, and every other subject of it is an index.
NOBODY = {"way": Customer.DESK, "subject": "forgotten"}


def nobody() -> Customer:
    """The customer without a name whose all emptied papers are."""
    return Customer.objects.get_or_create(**NOBODY, defaults={"given_name": "", "family_name": ""})[0]


def without_papers(people: QuerySet[Any]) -> QuerySet[Any]:
    """Those of customers or principals to whom no paper and no undertaking belongs."""
    return people.filter(applications=None, undertakings=None).order_by("pk")


def empty(paper: Application, others: ApplicationQuerySet, documents: Iterable[StoredFile]) -> None:
    """Empty the paper a case began with and delete its `others`. Runs in the transaction of who deletes the case's content.

    `documents` are the files of the case that belong to no paper; the caller deletes their rows, and here their contents are seen to.
    """
    undertakings = [*others.values_list("undertaking", flat=True), paper.undertaking_id]
    together = {pk for pk in undertakings if pk is not None}
    _lay_down_files(paper, others, documents)
    others.delete()
    Look.objects.filter(application=paper).delete()
    Application.objects.filter(pk=paper.pk).update(
        customer=nobody(),
        principal=None,
        undertaking=None,
        answers={},
        supplement_form=None,
        common_data=None,
        changed_by=None,
        entered_by=None,
        shared_at=None,
        shown_at=None,
        digest=OF_NOTHING,
    )
    Undertaking.objects.filter(pk__in=together, applications=None).delete()
    transaction.on_commit(partial(_remove_files, Attachment.objects.filter(application=paper)), robust=True)


def _lay_down_files(paper: Application, others: ApplicationQuerySet, documents: Iterable[StoredFile]) -> None:
    """Make every file a nameless one of the emptied paper, until its content is gone."""
    nameless = {"name": "", "media_type": "", "sha256": "", "field": ""}
    Attachment.objects.filter(application__in=[paper.pk, *others.values_list("pk", flat=True)]).update(
        application=paper, **nameless
    )
    Attachment.objects.bulk_create(
        Attachment(application=paper, size=one.size, content=one.content.name, scan=one.scan, **nameless)
        for one in documents
    )


def left_over() -> QuerySet[Attachment]:
    """The files of emptied papers whose contents have not been removed yet."""
    return Attachment.objects.filter(application__digest=OF_NOTHING)


def remove_what_is_left() -> int:
    """Remove what a crash or a storage that was away has left over; how many files there were."""
    return _remove_files(left_over())


def _remove_files(files: QuerySet[Attachment]) -> int:
    removed = 0
    for file in files.order_by("pk").iterator(100):
        try:
            if not _is_used_elsewhere(file):
                file.content.delete(save=False)
        except Exception as trouble:  # whatever the storage raises: the others are removed, and this one is tried again
            log.error("the content of file %s cannot be removed: %s", file.pk, type(trouble).__name__)
            continue
        Attachment.objects.filter(pk=file.pk).delete()
        removed += 1
    return removed


def _is_used_elsewhere(file: Attachment) -> bool:
    """Whether another file has the same content, such as that of a case which was transferred with its paper."""
    kinds = [model for model in apps.get_models() if issubclass(model, StoredFile)]
    return any(model._base_manager.filter(content=file.content.name).exclude(pk=file.pk).exists() for model in kinds)
