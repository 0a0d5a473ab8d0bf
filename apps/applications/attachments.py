"""Receiving a file and giving it back: its content is stored as it came, with its digest, before its application says that it has it."""

from __future__ import annotations

import hashlib
import os
import posixpath
import unicodedata
import uuid

from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse

from apps.applications.models import Application, Attachment
from apps.services.filetypes import recognise

LONGEST_NAME = 150


def receive(application: Application, field: str, file: UploadedFile) -> Attachment:
    """Store the content of an uploaded file that the form has accepted; the caller saves the row.

    The name is kept for people; on disk the file has another.
    """
    found = recognise(file)
    if found is None:
        raise ValueError("the form lets through only files of a known type")
    digest, size = hashlib.sha256(), 0
    for chunk in file.chunks():
        digest.update(chunk)
        size += len(chunk)
    attachment = Attachment(
        id=uuid.uuid4(),
        application=application,
        field=field,
        name=plain_name(file.name or "", found.endings),
        media_type=found.media_type,
        size=size,
        sha256=digest.hexdigest(),
    )
    file.seek(0)
    attachment.content.save(f"{attachment.id.hex[:2]}/{uuid.uuid4().hex}", file, save=False)
    _to_disk(attachment)
    return attachment


def _to_disk(attachment: Attachment) -> None:
    """Have the content on the disk before a row says that it is there, where the storage is a disk."""
    try:
        path = attachment.content.path
    except NotImplementedError:
        return
    for place in (path, os.path.dirname(path)):
        handle = os.open(place, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def as_download(attachment: Attachment) -> FileResponse:
    """The file as it came, to be saved and never opened by the browser here. The caller has asked whether it may be seen."""
    return FileResponse(
        attachment.content.open("rb"),
        as_attachment=True,
        filename=attachment.name,
        content_type=attachment.media_type,
        headers={
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
            "Content-Security-Policy": "sandbox; default-src 'none'",
        },
    )


def plain_name(name: str, endings: tuple[str, ...]) -> str:
    """A file's name without folders, control and direction characters, with an ending that fits what it is."""
    bare = posixpath.basename(name.replace("\\", "/"))
    bare = "".join(c for c in unicodedata.normalize("NFC", bare) if unicodedata.category(c)[0] != "C").strip(" .")
    stem, dot, ending = bare.rpartition(".")
    if not dot or f".{ending.lower()}" not in endings:
        stem, ending = bare, endings[0].removeprefix(".")
    return f"{stem[:LONGEST_NAME] or 'file'}.{ending}"
