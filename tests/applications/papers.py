"""Filling in a paper as the portal does, and files that are what they say, or are not."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from pikepdf import Dictionary, Name, Pdf
from PIL import Image

from apps.applications.drafting import save_page
from apps.applications.models import Application, StoredFile
from apps.services.pageform import PageForm
from tests import build
from tests.build import NOW, TODAY

PDF = build.PDF


def picture(kind: str, size: tuple[int, int] = (4, 3), **how: Any) -> bytes:
    """A picture that opens."""
    out = io.BytesIO()
    Image.new("RGB", size, "white").save(out, kind, **how)
    return out.getvalue()


PNG = picture("PNG")
JPEG = picture("JPEG")


def acting_pdf() -> bytes:
    """A PDF that runs a script when it is opened."""
    return written(lambda made: setattr(made.Root, "OpenAction", Dictionary(S=Name.JavaScript, JS="app.alert(1)")))


def written(change: Callable[[Pdf], object] = lambda made: None, **how: Any) -> bytes:
    """A PDF of one page, written by a library, with a change."""
    with Pdf.new() as made:
        made.add_blank_page(page_size=(100, 100))
        change(made)
        out = io.BytesIO()
        made.save(out, **how)
    return out.getvalue()


def on_disk() -> list[bytes]:
    """The content of every stored file."""
    return [path.read_bytes() for path in Path(default_storage.location).rglob("*") if path.is_file()]  # type: ignore[attr-defined]


def archive(*names: str, stored: bool = False, holding: Mapping[str, bytes] | None = None, **members: bytes) -> bytes:
    """A zip archive with empty members of those names, and members with content."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED) as made:
        for name, content in {**members, **(holding or {})}.items():
            made.writestr(name, content)
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


def content_of(attachment: StoredFile) -> bytes:
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
