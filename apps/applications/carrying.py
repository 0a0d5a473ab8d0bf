"""A draft whose service has got another published version: told so, and carried over with everything that still fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import ngettext, override

from apps.applications.drafting import lock, remove
from apps.applications.models import Application
from apps.services.definition import Definition
from apps.services.fieldtypes import Field
from apps.services.models import Version


@dataclass(frozen=True)
class Dropped:
    """An answer that does not fit, or not as a whole: the question as it was asked, and what was answered, in the draft's language."""

    key: str
    label: str
    text: str
    partly: bool = False


@dataclass(frozen=True)
class Carried:
    """What became of a draft's answers: the keys of those kept, and those dropped, in the order of the old form."""

    kept: tuple[str, ...] = ()
    dropped: tuple[Dropped, ...] = ()


def newer_version(application: Application) -> Version | None:
    """The version that customers fill in now, when a draft is of another one. None for a sent paper, a supplement and a test."""
    service = application.version.service
    if not application.is_draft or application.supplement_form is not None or application.is_test:
        return None
    return None if service.published_id == application.version_id else service.published


def carry_over(application: Application, *, at: datetime | None = None) -> Carried:
    """Let a draft go on under the version that customers fill in now, with every answer that still fits.

    Nothing happens when there is no other version: so a second click does no harm. Raises Frozen when the paper has been sent.
    """
    with transaction.atomic():
        draft = lock(application, "version__service__published")
        newer = newer_version(draft)
        if newer is None:
            return Carried()
        answers, carried = carried_answers(draft.definition, newer.definition, draft.answers, draft.language)
        _let_go_of_files(draft, newer.definition, answers)
        draft.version, draft.answers, draft.changed_at = newer, answers, at or timezone.now()
        draft.save(update_fields=["version", "answers", "changed_at"])
    application.version, application.answers, application.changed_at = newer, answers, draft.changed_at
    return carried


def carried_answers(
    old: Definition, new: Definition, answers: Mapping[str, Any], language: str
) -> tuple[dict[str, Any], Carried]:
    """The answers that the new definition still accepts, and what became of all of them."""
    fitting: dict[str, Any] = {}
    dropped = []
    for key, field in old.fields.items():
        kept = answers.get(key)
        if not field.asks or not field.answered(kept):
            continue
        fits = what_fits(field, new.fields.get(key), kept, language)
        if fits is not None:
            fitting[key] = fits
        if fits != kept:
            with override(language):
                text = field.show(kept, language)
            dropped.append(Dropped(key, field.label.said(language), text, partly=fits is not None))
    return fitting, Carried(tuple(fitting), tuple(dropped))


def what_fits(old: Field, new: Field | None, kept: Any, language: str) -> Any:
    """What a question of another version accepts of an answer; None when nothing.

    A question of another kind takes it only if it still reads the same: an option's value is no answer in words.
    """
    if new is None or not new.asks:
        return None
    if new == old:
        return kept
    with override(language):
        fits = new.accept(kept)
        if fits is None or (old.kind != new.kind and new.show(fits, language) != old.show(kept, language)):
            return None
        return fits


def drafts_left_behind(version: Version) -> int:
    """How many drafts are of older versions of the version's service."""
    older = Application.objects.drafts().filter(version__service=version.service_id, version__number__lt=version.number)
    return older.filter(supplement_form__isnull=True, is_test=False).count()


def drafts_words(count: int, language: str) -> str:
    """The count as a sentence, to stand after what has changed."""
    with override(language):
        return ngettext("%(count)d draft is affected.", "%(count)d drafts are affected.", count) % {"count": count}


def _let_go_of_files(draft: Application, new: Definition, answers: Mapping[str, Any]) -> None:
    """Remove the files that no answer names any more."""
    files = [item for key, field in new.fields.items() if field.carries_file for item in answers.get(key) or []]
    named = {item["id"] for item in files}
    for attachment in draft.attachments.all():
        if str(attachment.pk) not in named:
            remove(attachment)
