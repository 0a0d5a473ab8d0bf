"""What a customer does to a draft: begin it, save a page, remove a file, throw it away, and send it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from apps.applications import attachments
from apps.applications.journey import Journey
from apps.applications.models import Application, Attachment, Frozen
from apps.people.models import Customer
from apps.services.models import Version
from apps.services.pageform import PageForm
from apps.services.texts import HELSINKI


class NotComplete(Exception):
    """The paper cannot be sent: something is still asked for, or no longer fits. `page` is the key of the first such page."""

    def __init__(self, page: str) -> None:
        self.page = page
        super().__init__(page)


def begin(version: Version, customer: Customer, language: str) -> Application:
    """A draft of the version. One that the customer began and left untouched is given again, so that a double click makes one."""
    untouched = (
        Application.objects.of(customer).drafts().filter(version=version, answers={}, supplement_form__isnull=True)
    )
    with transaction.atomic():
        Customer.objects.select_for_update().get(pk=customer.pk)  # the second click waits for the first
        found = untouched.order_by("created_at").first()
        if found is None:
            return Application.objects.create(version=version, customer=customer, language=language)
        if found.language != language:
            found.language = language
            found.save(update_fields=["language"])
        return found


def save_page(application: Application, form: PageForm, *, at: datetime | None = None) -> None:
    """Store every answer and file of a page that is right by itself. Raises Frozen when the paper has been sent meanwhile."""
    received: list[Attachment] = []
    written = False
    try:
        for key, file in ((key, file) for key, files in form.uploads.items() for file in files):
            received.append(attachments.receive(application, key, file))
        with _locked(application, at) as draft:
            draft.answers.update(form.kept)
            _describe_files(draft, form.about)
            for attachment in received:
                attachment.save()
                draft.answers[attachment.field] = [*(draft.answers.get(attachment.field) or []), attachment.known()]
            written = True
    except BaseException:
        # When the commit itself breaks off, the rows may be there all the same: rather a content too many than one too few.
        for attachment in () if written else received:
            attachment.content.delete(save=False)
        raise


def _describe_files(draft: Application, about: dict[str, str]) -> None:
    """Put what was written about files beside those that are still there."""
    for item in (item for kept in draft.answers.values() if isinstance(kept, list) for item in kept):
        if isinstance(item, dict) and item.get("id") in about:
            item["about"] = about[item["id"]]


def remove_file(application: Application, attachment_id: str, *, at: datetime | None = None) -> None:
    """Remove a file of a draft; nothing happens when it has none of that id. Raises Frozen when the paper has been sent."""
    with _locked(application, at) as draft:
        attachment = next((a for a in draft.attachments.all() if str(a.pk) == attachment_id), None)
        if attachment is None:
            return
        kept = [item for item in draft.answers.get(attachment.field) or [] if item["id"] != str(attachment.pk)]
        draft.answers[attachment.field] = kept or None
        remove(attachment)


def discard(application: Application) -> None:
    """Throw a draft away with its files. Raises Frozen when it has been sent."""
    with _locked(application, None) as draft:
        for attachment in draft.attachments.all():
            remove(attachment)
        draft.delete()


def freeze(application: Application, *, at: datetime) -> None:
    """Turn a locked draft into a sent paper: only what counts stays in it, and a digest says what that is. Raises NotComplete.

    Runs inside the transaction that also makes the case, so that a paper is never sent without a folder to lie in.
    """
    journey = Journey(application.definition, application.answers, at.astimezone(HELSINKI).date())
    if journey.first_open is not None:
        raise NotComplete(journey.first_open.key)
    application.answers = journey.counting
    application.sent_at = application.changed_at = at
    application.digest = paper_digest(application)
    application.save(update_fields=["answers", "sent_at", "changed_at", "digest"])
    sent = {item["id"] for item in application.files()}
    for attachment in application.attachments.exclude(pk__in=sent):
        remove(attachment)


def paper_digest(application: Application) -> str:
    """SHA-256 over what was sent: the version's digest, the supplement's form if any, and the answers with their files' digests."""
    said = [application.version.digest, application.supplement_form, application.answers]
    return hashlib.sha256(
        json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    ).hexdigest()


def remove(attachment: Attachment) -> None:
    """Remove a file that is no longer wanted, its content only when the row is gone for good."""
    content = attachment.content
    attachment.delete()
    transaction.on_commit(lambda: content.delete(save=False))


def lock(application: Application, *related: str) -> Application:
    """The draft's row, locked for the caller's transaction and read anew. Raises Frozen when it has been sent or is gone."""
    rows = Application.objects.select_for_update(of=("self",)).select_related(*related)
    draft = rows.filter(pk=application.pk).first()
    if draft is None or not draft.is_draft:
        raise Frozen
    return draft


@contextmanager
def _locked(application: Application, at: datetime | None) -> Iterator[Application]:
    """The draft's row, locked and read anew, saved at the end unless it was deleted. Raises Frozen when it has been sent."""
    with transaction.atomic():
        draft = lock(application)
        yield draft
        if draft.pk is not None:
            draft.changed_at = at or timezone.now()
            draft.save(update_fields=["answers", "changed_at"])
            application.answers, application.changed_at = draft.answers, draft.changed_at
