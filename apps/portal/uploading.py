"""How much may come in with one page: stopped while it arrives, so that nobody fills the disk, and said in words."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest
from django.utils.translation import gettext as _

from apps.services.filetypes import plain_name
from apps.services.pageform import PageForm


class AllFilesTogether(FileUploadHandler):
    """Lets files through until together they are larger than UPLOAD_MAX_BYTES; those that do not fit are noted and left out.

    It stands before Django's own handlers. What was typed is read all the same.
    """

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self.arrived = 0
        self.left_out: list[tuple[str, str]] = []

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Count, and let through what fits."""
        if self.arrived + len(raw_data) > settings.UPLOAD_MAX_BYTES:
            self.left_out.append((str(self.field_name), str(self.file_name)))
            raise SkipFile
        self.arrived += len(raw_data)
        return raw_data

    def file_complete(self, file_size: int) -> UploadedFile | None:
        """The handlers after it make the file."""
        return None


def say_what_was_left_out(request: HttpRequest, form: PageForm) -> None:
    """Note at its question each file that did not fit, so that the customer can send it by itself."""
    for field in form.fields:
        for text in words_left_out(request, field):
            form.add_error(field, forms.ValidationError(text, code="too_much"))


def words_left_out(request: HttpRequest, field: str) -> list[str]:
    """What to say of each file of a question that did not fit."""
    most, said = settings.UPLOAD_MAX_BYTES // 1_000_000, []
    for handler in request.upload_handlers:
        for name in (name for left, name in getattr(handler, "left_out", ()) if left == field):
            text = _(
                "%(name)s: the files sent at once are more than %(most)d MB together. Send this one by itself, or make it smaller."
            )
            said.append(text % {"name": plain_name(name), "most": most})
    return said
