"""Filling in a paper as the portal does, and files that are what they say, or are not."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from apps.applications.drafting import save_page
from apps.applications.models import Application, Attachment
from apps.services.pageform import PageForm
from tests.build import NOW, TODAY

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20
JPEG = b"\xff\xd8\xff\xe0" + b"\x00" * 20
PDF = b"%PDF-1.7\n%example\n"


def archive(*names: str, stored: bool = False, **members: bytes) -> bytes:
    """A zip archive with empty members of those names, and members with content (`__` stands for a dot)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name.replace("__", "."), content)
        for name in names:
            made.writestr(name, b"")
    return out.getvalue()


DOCX = archive("[Content_Types].xml", "word/document.xml")
XLSX = archive("[Content_Types].xml", "xl/workbook.xml")
ODT = archive("content.xml", stored=True, mimetype=b"application/vnd.oasis.opendocument.text")
ODS = archive("content.xml", stored=True, mimetype=b"application/vnd.oasis.opendocument.spreadsheet")


def upload(name: str = "plan.pdf", content: bytes = PDF) -> SimpleUploadedFile:
    """A file as a browser sends it; what the browser says of its type counts for nothing."""
    return SimpleUploadedFile(name, content, "text/x-whatever")


def content_of(attachment: Attachment) -> bytes:
    """The stored content."""
    with attachment.content.open("rb") as content:
        return content.read()


def page_form(
    paper: Application, key: str, data: dict[str, Any], *files: SimpleUploadedFile, to: str = "plan"
) -> PageForm:
    """A page of the paper's form, posted."""
    page = paper.definition.page(key)
    assert page is not None
    sent = QueryDict(mutable=True)
    for name, value in data.items():
        sent.setlist(name, value if isinstance(value, list) else [value])
    uploads = MultiValueDict({to: list(files)})
    form = PageForm(paper.definition, page, answers=paper.answers, today=TODAY, data=sent, files=uploads)
    form.is_valid()
    return form


def fill(
    paper: Application,
    key: str,
    data: dict[str, Any],
    *files: SimpleUploadedFile,
    to: str = "plan",
    at: datetime = NOW,
) -> PageForm:
    """Post a page and save what is right of it."""
    form = page_form(paper, key, data, *files, to=to)
    save_page(paper, form, at=at)
    return form
