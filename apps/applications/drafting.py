"""What a customer does to a draft: begin it, save a page, remove a file, throw it away, and send it."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.applications import attachments, together
from apps.applications.journey import Journey
from apps.applications.models import Application, Attachment, Frozen, StoredFile, Undertaking
from apps.applications.together import Conflict
from apps.people.models import Customer
from apps.services.fieldtypes.attached import File
from apps.services.filetypes import plain_name
from apps.services.inspecting import Unfit
from apps.services.models import Version
from apps.services.pageform import PageForm
from apps.services.texts import HELSINKI


class NotComplete(Exception):
    """The paper cannot be sent: something is still asked for, or no longer fits. `page` is the key of the first such page."""

    def __init__(self, page: str) -> None:
        self.page = page
        super().__init__(page)


class NotScanned(Exception):
    """The paper cannot be sent: a file of it waits to be scanned for malware, or malware was found in it. Says so in words."""

    def __init__(self, attachment: Attachment) -> None:
        said = _("It was not sent: the file “%(name)s” could not be scanned for malware yet. Try again in a while.")
        if attachment.scan == Attachment.Scan.FOUND:
            said = _("It was not sent: malware was found in the file “%(name)s”. Remove it and choose another one.")
        super().__init__(said % {"name": attachment.name})


def begin(
    version: Version,
    customer: Customer,
    language: str,
    *,
    undertaking: Undertaking | None = None,
    is_test: bool = False,
    external_id: uuid.UUID | None = None,
) -> Application:
    """A draft of the version, within an undertaking or, for None, with none or one of its own. A test belongs to none.

    One that the customer began and left untouched is given again, so that a double click makes one. `external_id` is of what began
    elsewhere: a draft of the service that is known by it already is given again, whatever stands in it.
    """
    own = Application.objects.of(customer).drafts().filter(is_test=is_test, supplement_form__isnull=True)
    untouched = own.filter(customer=customer, version=version, answers={}, external_id__isnull=True)
    if external_id is not None:
        untouched = own.filter(version__service=version.service_id, external_id=external_id)
    with transaction.atomic():
        Customer.objects.select_for_update().get(pk=customer.pk)  # the second click waits for the first
        found = untouched.order_by("created_at").first()
        if found is None:
            return Application.objects.create(
                version=version,
                customer=customer,
                principal=customer.acting_for,
                language=language,
                undertaking=undertaking,
                is_test=is_test,
                external_id=external_id,
            )
        if external_id is not None:
            return found
        if undertaking is None and not _lies_with_others(found):
            undertaking = found.undertaking
        if (found.language, found.undertaking) != (language, undertaking):
            found.language, found.undertaking = language, undertaking
            found.save(update_fields=["language", "undertaking"])
        return found


def _lies_with_others(paper: Application) -> bool:
    others = Application.objects.filter(undertaking__isnull=False, undertaking=paper.undertaking_id)
    return others.exclude(pk=paper.pk).exists()


def save_page(
    application: Application,
    form: PageForm,
    *,
    by: Customer | None = None,
    seen: str = "",
    at: datetime | None = None,
) -> None:
    """Store every answer and file of a page that is right by itself. Raises Frozen when the paper has been sent meanwhile.

    `seen` are the marks of what stood on the page when it was shown (see `together`). Raises Conflict when somebody has changed the same
    questions since, and stores nothing then.
    A file that malware is found in becomes an error of its question.
    """
    with _received(application, form.uploads) as (received, refused):
        with _locked(application, at) as draft:
            found = together.merged(form.kept, draft.answers, seen)
            if found.conflicts:
                raise Conflict(found.conflicts)
            draft.answers.update(found.answers)
            draft.changed_by = by or draft.changed_by
            _describe_files(draft, form.about)
            _add(draft, received)
        for key, why in refused:
            form.add_error(key, ValidationError(why, code="refused"))


def add_files(
    application: Application,
    field: File,
    files: Iterable[UploadedFile],
    *,
    by: Customer | None = None,
    at: datetime | None = None,
) -> list[str]:
    """Store the files that a question takes, by themselves, and say why each of the others is not. Raises Frozen."""
    taken, said = field.sort(files, len(application.answers.get(field.key) or []))
    with _received(application, {field.key: taken}) as (received, refused):
        if received:
            with _locked(application, at) as draft:
                draft.changed_by = by or draft.changed_by
                _add(draft, received)
    return said + [why for _key, why in refused]


@contextmanager
def _received(
    application: Application, uploads: Mapping[str, Iterable[UploadedFile]]
) -> Iterator[tuple[list[Attachment], list[tuple[str, str]]]]:
    """The files with their content stored, and why others are not, by field. Those that are still in the list at a failure go again."""
    received: list[Attachment] = []
    refused = []
    try:
        for key, file in ((key, file) for key, files in uploads.items() for file in files):
            try:
                received.append(attachments.receive(application, key, file))
            except (Unfit, attachments.Infected) as why:
                refused.append((key, f"{plain_name(file.name or '')}: {why}"))
        yield received, refused
    except BaseException:
        for attachment in received:
            attachment.content.delete(save=False)
        raise


def _add(draft: Application, received: list[Attachment]) -> None:
    for attachment in received:
        attachment.save()
        draft.answers[attachment.field] = [*(draft.answers.get(attachment.field) or []), attachment.known()]
    # Now they are the draft's. When the commit breaks off, the rows may be there all the same: rather a content too many.
    received.clear()


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


def await_elsewhere(version: Version, customer: Customer, language: str, external_id: uuid.UUID) -> Application:
    """The note that a customer goes on to the authority's own service: a draft without answers, known there by its external id.

    While one has not arrived there, it is given again: so a second click makes no second one.
    """
    own = Application.objects.of(customer).drafts()
    own = own.filter(customer=customer, supplement_form__isnull=True, is_test=False)
    with transaction.atomic():
        Customer.objects.select_for_update().get(pk=customer.pk)  # the second click waits for the first
        found = own.filter(version=version, external_id__isnull=False).order_by("-created_at").first()
        if found is not None:
            found.changed_at = timezone.now()
            found.save(update_fields=["changed_at"])
            return found
        return Application.objects.create(
            version=version,
            customer=customer,
            principal=customer.acting_for,
            language=language,
            external_id=external_id,
        )


def discard(application: Application) -> None:
    """Throw a draft away with its files. Raises Frozen when it has been sent."""
    with _locked(application, None) as draft:
        throw_away(draft)


def throw_away(draft: Application) -> None:
    """Delete a locked draft with its files, and whom an official has entered for it alone."""
    for attachment in draft.attachments.all():
        remove(attachment)
    entered = draft.customer if draft.is_being_entered and draft.customer.way == Customer.DESK else None
    draft.delete()
    if entered is not None and not entered.applications.exists():
        entered.delete()


def share(application: Application, *, on: bool, at: datetime | None = None) -> None:
    """Let everybody who may act for the principal go on with a draft, or no longer. Raises Frozen when it has been sent."""
    with transaction.atomic():
        draft = lock(application)
        draft.shared_at = (draft.shared_at or at or timezone.now()) if on else None
        draft.save(update_fields=["shared_at"])


def show_to_authority(application: Application, *, on: bool, at: datetime | None = None) -> None:
    """Let the authority look at a draft, with the customer's consent, or take that back. Raises Frozen when it has been sent."""
    with transaction.atomic():
        draft = lock(application)
        draft.shown_at = (draft.shown_at or at or timezone.now()) if on else None
        draft.save(update_fields=["shown_at"])


def freeze(application: Application, *, at: datetime, as_it_is: bool = False) -> None:
    """Turn a locked draft into a sent paper: only what counts stays in it, and a digest says what that is.

    Raises NotComplete, unless it is taken `as_it_is`, and NotScanned for a file that counts and may not be given out.
    Runs inside the transaction that also makes the case, so that a paper is never sent without a folder to lie in.
    """
    journey = Journey(application.definition, application.answers, at.astimezone(HELSINKI).date())
    if journey.first_open is not None and not as_it_is:
        raise NotComplete(journey.first_open.key)
    application.answers = journey.counting
    application.sent_at = application.changed_at = at
    application.digest = paper_digest(application)
    application.common_data = None  # what was offered and not taken is no part of what was sent
    application.save(update_fields=["answers", "sent_at", "changed_at", "digest", "common_data"])
    sent = {item["id"] for item in application.files()}
    for attachment in application.attachments.all():
        if str(attachment.pk) not in sent:
            remove(attachment)
        elif not attachment.may_be_read:
            raise NotScanned(attachment)


def paper_digest(application: Application) -> str:
    """SHA-256 over what was sent: the version's digest, the supplement's form if any, and the answers with their files' digests."""
    said = [application.version.digest, application.supplement_form, application.answers]
    return hashlib.sha256(
        json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    ).hexdigest()


def remove(file: StoredFile) -> None:
    """Remove a file that is no longer wanted, its content only when the row is gone for good."""
    content = file.content
    file.delete()
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
            draft.save(update_fields=["answers", "changed_at", "changed_by"])
            application.answers, application.changed_at = draft.answers, draft.changed_at
