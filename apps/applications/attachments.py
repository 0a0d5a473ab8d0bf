"""Receiving a file and giving it back: its content is stored as it came, with its digest, before any row says that it is there."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Collection, Iterable
from typing import TypeVar

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import DatabaseError
from django.http import FileResponse, Http404
from django.utils.translation import gettext as _

from apps.applications import scanning
from apps.applications.models import Application, Attachment, StoredFile
from apps.services.fieldtypes.attached import too_large
from apps.services.filetypes import TYPES, plain_name
from apps.services.inspecting import Finding, Unfit, inspect

Row = TypeVar("Row", bound=StoredFile)


class Infected(Exception):
    """Malware was found in the file, and nothing of it was stored."""

    def __str__(self) -> str:
        """What to say, after the file's name."""
        return _("malware was found in the file, so it was not received. Clean your computer or choose another file.")


def receive(application: Application, field: str, file: UploadedFile) -> Attachment:
    """Store the content of an uploaded file that the form has accepted; the caller saves the row.

    What the scanner could not look at waits. Raises Unfit and Infected; nothing is stored then.
    """
    return stored(Attachment(application=application, field=field), file)


def stored(row: Row, file: UploadedFile, finding: Finding | None = None) -> Row:
    """Store an uploaded file's content and fill in the row with what it is; the caller saves the row.

    The name is kept for people; on disk the file has another. Raises Unfit and Infected; nothing is stored then. When the row
    comes to nothing after all, the caller lets go of the content: `row.content.delete(save=False)`, or `let_go_unless_kept`.
    """
    finding = finding or inspect(file)
    row.scan = scanning.judge(file)
    if row.scan == StoredFile.Scan.FOUND:
        raise Infected
    digest, size = hashlib.sha256(), 0
    for chunk in file.chunks():
        digest.update(chunk)
        size += len(chunk)
    row.id = uuid.uuid4()
    row.name = plain_name(file.name or "", finding.type.endings)
    row.media_type, row.active = finding.type.media_type, finding.active
    row.size, row.sha256 = size, digest.hexdigest()
    file.seek(0)
    row.content.save(f"{row.id.hex[:2]}/{uuid.uuid4().hex}", file, save=False)
    _to_disk(row)
    return row


def taken(row: Row, file: UploadedFile, *, kinds: Collection[str] = tuple(TYPES), megabytes: int = 10) -> Row:
    """As `stored`, for a file that came with no form of a service, such as a message's: checked here, and said in words what is wrong.

    Raises ValidationError. Such a file goes on at once and cannot wait, so one that could not be scanned is refused.
    """
    try:
        if why := too_large(file.size or 0, megabytes):
            raise Unfit(why)
        found = stored(row, file, inspect(file, kinds))
        if found.scan == StoredFile.Scan.WAITING:
            found.content.delete(save=False)
            raise Unfit(_("the file cannot be scanned for malware right now. Try again in a while."))
    except (Unfit, Infected) as refused:
        name = plain_name(file.name or "")
        raise ValidationError(f"{name}: {refused}", code="refused") from refused
    return found


def copied(original: Attachment) -> Attachment:
    """The same file once more, with content of its own, byte for byte; the caller names the paper it belongs to and saves the row."""
    row = Attachment(
        id=uuid.uuid4(),
        field=original.field,
        name=original.name,
        media_type=original.media_type,
        size=original.size,
        sha256=original.sha256,
        scan=original.scan,
        active=original.active,
        received_at=original.received_at,
    )
    with original.content.open("rb") as content:
        row.content.save(f"{row.id.hex[:2]}/{uuid.uuid4().hex}", content, save=False)
    _to_disk(row)
    return row


def let_go_unless_kept(row: StoredFile) -> None:
    """Remove the content of a file that was stored and has come to nothing after all.

    When the database cannot say whether it has a row, rather a content too many than one too few.
    """
    try:
        if not type(row)._base_manager.filter(pk=row.pk).exists():
            row.content.delete(save=False)
    except DatabaseError:
        return


def _to_disk(row: StoredFile) -> None:
    """Have the content on the disk before a row says that it is there, where the storage is a disk."""
    try:
        path = row.content.path
    except NotImplementedError:
        return
    for place in (path, os.path.dirname(path)):
        handle = os.open(place, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def cautions(rows: Iterable[StoredFile]) -> dict[str, str]:
    """What an official should know before opening each file, by its id, in words."""
    said: dict[str, str] = {}
    for row in rows:
        words = [str(row.get_scan_display())] if row.scan != StoredFile.Scan.CLEAN else []
        if row.active:
            words.append(_("Has active content, such as scripts or files within it: open it with care"))
        if words:
            said[str(row.pk)] = ". ".join(words)
    return said


def as_download(row: StoredFile) -> FileResponse:
    """The file as it came, to be saved and never opened by the browser here. The caller has asked whether it may be seen.

    A door says in words why a file is not given out (`StoredFile.may_be_read`); one that does not gives no such file either.
    """
    if not row.may_be_read:
        raise Http404
    return FileResponse(
        row.content.open("rb"),
        as_attachment=True,
        filename=row.name,
        content_type=row.media_type,
        headers={
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
            "Content-Security-Policy": "sandbox; default-src 'none'",
        },
    )
