"""The bytes of a case's attachments, whole or a part of them, straight from where they are stored."""

from __future__ import annotations

import base64
import re
import uuid
from typing import IO

from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from apps.applications import externalids
from apps.applications.models import Attachment, StoredFile
from apps.cases.models import Case, Document
from apps.cases.rulebook import NOT_FOR_EVERYBODY
from apps.interface.operations import case_of, note
from apps.interface.problems import Problem
from apps.people.log import Act
from apps.people.models import System

RANGE = re.compile(r"bytes=[ \t]*([0-9]{0,18})-([0-9]{0,18})[ \t]*")


def attachment(request: HttpRequest, system: System, external_id: uuid.UUID, attachment_id: str) -> HttpResponseBase:
    """An attachment that the case data or an event lists: all of it, or the one range of it that is asked for."""
    case = case_of(system, external_id, related=())
    stored = _stored(case, attachment_id)
    if _has_it(request, stored):
        return _noted(request, system, case, stored, Act.SAW, HttpResponse(status=304, headers={"ETag": _mark(stored)}))
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": _mark(stored),
        "Digest": "sha-256=" + base64.b64encode(bytes.fromhex(stored.sha256)).decode(),
        "Content-Length": str(stored.size),
        "Content-Disposition": content_disposition_header(True, stored.name) or "attachment",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "X-Content-Type-Options": "nosniff",
    }
    if request.method == "HEAD":  # of which no ranges are asked
        answer = HttpResponse(content_type=stored.media_type, headers=headers)
        return _noted(request, system, case, stored, Act.SAW, answer)
    start, length, status = 0, stored.size, 200
    if (asked := _range(request, stored)) is not None:
        start, length, status = asked.start, len(asked), 206
        headers["Content-Range"] = f"bytes {start}-{asked.stop - 1}/{stored.size}"
        headers["Content-Length"] = str(length)
    part = Part(stored.content.open("rb"), start, length)
    given = Given(part, status=status, content_type=stored.media_type, headers=headers)
    return _noted(request, system, case, stored, Act.DOWNLOADED, given)


class Part:
    """So many bytes of an open file, from a place on."""

    def __init__(self, file: IO[bytes], start: int, length: int) -> None:
        self._file, self._left = file, length
        if start:
            file.seek(start)

    def read(self, size: int = -1) -> bytes:
        """The next bytes; none when the part is at its end."""
        read = self._file.read(self._left if size < 0 else min(size, self._left)) if self._left else b""
        self._left -= len(read)
        return read

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Given(FileResponse):
    """A file on its way: in larger pieces than Django's, since nobody waits for the first of them."""

    block_size = 65_536


def _noted(
    request: HttpRequest, system: System, case: Case, stored: StoredFile, act: str, answer: HttpResponseBase
) -> HttpResponseBase:
    note(request, system, act, case, f"file {stored.pk}")
    return answer


def _stored(case: Case, attachment_id: str) -> StoredFile:
    """The file under an id that the case data or an event of those that everybody is told of lists. Raises Problem (unknown-attachment)."""
    known = externalids.read(attachment_id) is not None
    found = _of_papers(case, attachment_id) or _of_events(case, attachment_id) if known else None
    if found is None:
        raise Problem("unknown-attachment", _("Neither the case data nor an event lists an attachment with this id."))
    if not found.may_be_read:
        raise Problem(
            "unknown-attachment", _("The attachment is not given out: %s.") % found.get_scan_display().lower()
        )
    return found


def _of_papers(case: Case, pk: str) -> Attachment | None:
    papers = Attachment.objects.filter(pk=pk, application__event__case=case)
    found = papers.select_related("application__version").defer("application__version__document").order_by().first()
    # A file of an answer that does not count, since another one hides its question, is no part of what was sent.
    counts = found is not None and any(item["id"] == str(found.pk) for item in found.application.files())
    return found if counts else None


def _of_events(case: Case, pk: str) -> Document | None:
    return (
        Document.objects.filter(pk=pk, event__case=case).exclude(event__kind__in=NOT_FOR_EVERYBODY).order_by().first()
    )


def _mark(stored: StoredFile) -> str:
    return f'"{stored.sha256}"'


def _has_it(request: HttpRequest, stored: StoredFile) -> bool:
    """Whether the caller says that it has the file already."""
    known = {one.strip().removeprefix("W/") for one in request.headers.get("If-None-Match", "").split(",")}
    return not known.isdisjoint({_mark(stored), "*"})


def _range(request: HttpRequest, stored: StoredFile) -> range | None:
    """The part that is asked for. None for all of it: also when several are, or the words are none that anybody has to understand.

    Raises Problem (range) for a part that the file does not have.
    """
    asked = RANGE.fullmatch(request.headers.get("Range", ""))
    if asked is None or asked[0] == "bytes=-" or request.headers.get("If-Range", _mark(stored)) != _mark(stored):
        return None
    first, last = asked[1], asked[2]
    if first and last and int(last) < int(first):
        return None
    start = int(first) if first else max(0, stored.size - int(last))
    end = min(stored.size, int(last) + 1) if first and last else stored.size
    if start >= end:
        words = _("The file has %(size)d bytes.") % {"size": stored.size}
        raise Problem("range", words, headers={"Content-Range": f"bytes */{stored.size}"})
    return range(start, end)
