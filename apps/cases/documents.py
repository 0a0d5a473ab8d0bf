"""Files that come with a step and not with a paper: the attachments of a message, the decision. Asked for, stored, found again."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from crispy_forms.layout import LayoutObject
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import DatabaseError
from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from apps.applications import attachments
from apps.cases.models import Case, Document
from apps.services.fieldtypes.attached import File, FilesField
from apps.services.filetypes import TYPES, plain_name
from apps.services.texts import NO_TEXT

ENCLOSED = File(key="files", label=NO_TEXT, required=False, max_files=5, max_megabytes=10, types=tuple(TYPES))


class EnclosedField(FilesField):
    """The files of a step: as many and of the kinds that `ENCLOSED` says. What is wrong with any of them is said in words."""

    def __init__(self, label: str) -> None:
        super().__init__()
        self.label, self.help_text = label, ENCLOSED.limits()

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        """The files, when all of them are taken."""
        taken, refused = ENCLOSED.sort(super().clean(data), 0)
        if refused:
            raise ValidationError([ValidationError(why, code="refused") for why in refused])
        return taken

    @staticmethod
    def laid_out() -> LayoutObject:
        """A place to choose several files."""
        return ENCLOSED.lay_out()


@contextmanager
def received(files: Iterable[UploadedFile]) -> Iterator[list[Document]]:
    """The files stored, to be given to `Case.take_step`; the content of those that it does not take is removed again.

    Raises ValidationError, in words, when one cannot be taken after all; then none is kept.
    """
    stored: list[Document] = []
    try:
        for file in files:
            stored.append(attachments.taken(Document(), file, megabytes=ENCLOSED.max_megabytes))
        yield stored
    finally:
        _let_go(stored)


def _let_go(stored: list[Document]) -> None:
    """Remove what has no row. When the database cannot say, rather a content too many than one too few."""
    try:
        kept = set(Document.objects.filter(pk__in=[one.pk for one in stored]).values_list("pk", flat=True))
    except DatabaseError:
        return
    for document in stored:
        if document.pk not in kept:
            document.content.delete(save=False)


def document_of(case: Case, pk: uuid.UUID) -> Document:
    """A document of the case's diary that may be given out. Raises Http404 for every other."""
    found = Document.objects.filter(pk=pk, event__case=case).first()
    if found is None or not found.may_be_read:
        raise Http404
    return found


def say_what_was_left_out(request: HttpRequest, form: forms.Form) -> None:
    """Note at the form's files each one that did not fit into what may be sent at once (UPLOAD_MAX_BYTES)."""
    most = settings.UPLOAD_MAX_BYTES // 1_000_000
    for handler in request.upload_handlers:
        for _field, name in getattr(handler, "left_out", ()):
            text = _(
                "%(name)s: the files sent at once are more than %(most)d MB together. Send this one by itself, or make it smaller."
            )
            said = text % {"name": plain_name(name), "most": most}
            form.add_error("files", ValidationError(said, code="too_much"))
