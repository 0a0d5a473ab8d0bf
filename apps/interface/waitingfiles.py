"""Files that a system sends ahead of the event they come with: looked at like what an official uploads, and kept until it, or for a week.

What is refused leaves nothing behind. With its event a file becomes a document of the diary; its content stays where it lies.
"""

from __future__ import annotations

import hashlib
import logging
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import IO, Any

from django.core.files.uploadedfile import TemporaryUploadedFile
from django.db import DatabaseError, IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.applications import attachments
from apps.applications.attachments import Infected
from apps.cases.documents import ENCLOSED
from apps.cases.models import Case, Document
from apps.interface import bodies, judging, once
from apps.interface.models import KeptAnswer, WaitingFile
from apps.interface.once import Answer
from apps.interface.problems import Problem
from apps.people.models import System
from apps.services.filetypes import plain_name
from apps.services.inspecting import Unfit, inspect

logger = logging.getLogger(__name__)

KEPT = timedelta(days=7)
MOST_BYTES = ENCLOSED.max_megabytes * 1_000_000
MOST_TO_AN_EVENT = ENCLOSED.max_files
MOST_TO_A_CASE = 50
PIECE = 65_536
ANYTHING = "application/octet-stream"
LATER = "60"  # seconds


@dataclass(frozen=True)
class Sent:
    """What a request says of the file it brings: for which event, as what, and its SHA-256."""

    event: uuid.UUID
    named: str
    name: str
    media_type: str
    sha256: str

    @property
    def key(self) -> str:
        """The request's Idempotency-Key."""
        return f"{self.event}:{self.named}"


# --- receiving -----------------------------------------------------------------------------------------------------------


def receive(system: System, case: Case, sent: Sent, content: IO[bytes], at: datetime) -> Answer:
    """Keep a file until its event comes; the same once more gives the answer that it got. Raises Problem."""
    digest = bodies.digest_of(
        "PUT attachments", str(case.external_id), sent.key, sent.sha256, sent.name, sent.media_type
    )
    with _read(content, sent) as file:
        if before := once.answered(system, sent.key, digest):
            return before
        once.refuse_known_event(sent.event)
        _refuse_too_many(case, sent)
        with _stored(system, case, sent, file, at) as waiting:
            return _kept(system, case, sent, waiting, digest, at)


@contextmanager
def _read(content: IO[bytes], sent: Sent) -> Iterator[TemporaryUploadedFile]:
    """What arrives, in a file of its own for as long as it is looked at. Raises Problem: too-large, malformed, digest-mismatch."""
    seen, size = hashlib.sha256(), 0
    with TemporaryUploadedFile("sent", sent.media_type, 0, None) as file:
        file.name = plain_name(sent.name)
        try:
            while piece := content.read(PIECE):
                size += len(piece)
                if size > MOST_BYTES:
                    raise Problem("too-large", _("At most %(most)d bytes are taken here.") % {"most": MOST_BYTES})
                seen.update(piece)
                file.write(piece)
        except OSError as gone:
            raise Problem("malformed", _("The request ended before its body did. Send it again.")) from gone
        if seen.hexdigest() != sent.sha256:
            words = _("The SHA-256 of what arrived is not the one that Digest says. Send the file again.")
            raise Problem("digest-mismatch", words)
        file.size = size
        file.seek(0)
        yield file


def _refuse_too_many(case: Case, sent: Sent) -> None:
    waiting = WaitingFile.objects.filter(case=case).exclude(event_key=sent.event, named=sent.named)
    if waiting.filter(event_key=sent.event).count() >= MOST_TO_AN_EVENT:
        raise Problem("too-large", _("At most %(most)d files come with an event.") % {"most": MOST_TO_AN_EVENT})
    if waiting.count() >= MOST_TO_A_CASE:
        words = _("%(most)d files of this project part wait for their events already. Post those first.")
        raise Problem("too-large", words % {"most": MOST_TO_A_CASE})


@contextmanager
def _stored(system: System, case: Case, sent: Sent, file: TemporaryUploadedFile, at: datetime) -> Iterator[WaitingFile]:
    """The file looked at and stored, to be given a row; its content is removed again when that fails. Raises Problem."""
    row = WaitingFile(system=system, case=case, event_key=sent.event, named=sent.named, received_at=at)
    try:
        finding = inspect(file)
        if sent.media_type not in (ANYTHING, finding.type.media_type):
            words = _("The content is of the type %(type)s. Say so in Content-Type.")
            raise Problem("media-type", words % {"type": finding.type.media_type})
        attachments.stored(row, file, finding)
    except (Unfit, Infected) as refused:
        judging.refuse([judging.error("", f"{sent.named}: {refused}")])
    try:
        if row.scan == WaitingFile.Scan.WAITING:
            words = _("The file cannot be scanned for malware right now. Try again in a while.")
            raise Problem("not-now", words, headers={"Retry-After": LATER})
        yield row
    except BaseException:
        attachments.let_go_unless_kept(row)
        raise


def _kept(system: System, case: Case, sent: Sent, waiting: WaitingFile, digest: str, at: datetime) -> Answer:
    said = {"status": "accepted", "key": sent.key, "externalId": str(case.external_id)}
    answer = {**said, "digest": f"sha-256:{waiting.sha256}", "duplicate": False}
    try:
        with transaction.atomic():
            waiting.save(force_insert=True)
            once.keep(system, sent.key, digest, answer, at=at)
    except IntegrityError:
        if before := once.answered(system, sent.key, digest):
            attachments.let_go_unless_kept(waiting)
            return before  # the same was being received in the same moment
        words = _("Another system has sent a file under this key.")
        raise Problem("key-reuse", words) from None
    return Answer(case, answer)


# --- with its event ------------------------------------------------------------------------------------------------------


@dataclass
class Taken:
    """The files of an event: documents of the diary that have no rows yet, and the rows that go when they get theirs."""

    case: Case
    event: uuid.UUID
    documents: list[Document] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)  # what each is called here, by what the system calls it

    def are_taken(self) -> None:
        """They are documents now. What else had come for the event is not wanted. Runs in the transaction of the step."""
        kept = {document.content.name for document in self.documents}
        for waiting in WaitingFile.objects.filter(case=self.case, event_key=self.event):
            if waiting.content.name not in kept:
                _remove_after(waiting)
            waiting.delete()


def of_event(system: System, case: Case, key: uuid.UUID, listed: Sequence[Mapping[str, Any]], *, at: datetime) -> Taken:
    """The files that an event lists, which have come before it. Raises Problem: attachments-missing, invalid. Runs in a transaction."""
    rows = WaitingFile.objects.select_for_update(of=("self",)).filter(system=system, case=case, event_key=key)
    here = {row.named: row for row in rows.filter(received_at__gt=at - KEPT)}
    if missing := [one["id"] for one in listed if one["id"] not in here]:
        words = _("Send the bytes of each first, under the key of the event: %(missing)s.")
        raise Problem("attachments-missing", words % {"missing": ", ".join(missing)}, missing=missing)
    judging.refuse([error for place, one in enumerate(listed) for error in _differences(one, here[one["id"]], place)])
    if len({one["id"] for one in listed}) != len(listed):
        judging.refuse([judging.error("/data/attachments", _("Two attachments have the same id."))])
    taken = Taken(case, key)
    for one in listed:
        document = _document(here[one["id"]])
        taken.documents.append(document)
        taken.ids[one["id"]] = str(document.pk)
    return taken


def _differences(listed: Mapping[str, Any], waiting: WaitingFile, place: int) -> Iterator[dict[str, str]]:
    """Where what an event lists is not what has come."""
    there = {"size": waiting.size, "sha256": waiting.sha256, "type": waiting.media_type, "name": waiting.name}
    said = {**listed, "type": listed["type"].partition(";")[0].strip().lower()}
    said["name"] = plain_name(plain_name(listed["name"]), (f".{waiting.name.rpartition('.')[2].lower()}",))
    for name, value in there.items():
        if said[name] != value:
            words = _("What has come is another: %(value)s.") % {"value": value}
            yield judging.error(f"/data/attachments/{place}/{name}", words)


def _document(waiting: WaitingFile) -> Document:
    return Document(
        id=uuid.uuid4(),
        name=waiting.name,
        media_type=waiting.media_type,
        size=waiting.size,
        sha256=waiting.sha256,
        content=waiting.content.name,
        scan=waiting.scan,
        active=waiting.active,
        received_at=waiting.received_at,
    )


# --- letting go ----------------------------------------------------------------------------------------------------------


def forget_old(now: datetime) -> int:
    """Remove files whose event has not come within a week, with their contents; how many there were. Each can be sent anew."""
    old = WaitingFile.objects.filter(received_at__lte=now - KEPT)
    return sum(_forgotten(pk) for pk in list(old.values_list("pk", flat=True)))


def _forgotten(pk: uuid.UUID) -> bool:
    """Whether it is gone. One whose content cannot be removed is left for another night, and holds up nothing else."""
    try:
        return _forget(pk)
    except DatabaseError:
        raise
    except Exception as e:
        logger.warning("interface: waiting file %s was not removed: %s", pk, type(e).__name__)
        return False


def _forget(pk: uuid.UUID) -> bool:
    """Whether it was there still. The content goes before the row: what a crash leaves over is found by the row."""
    with transaction.atomic():
        waiting = WaitingFile.objects.select_for_update(of=("self",)).filter(pk=pk).first()
        if waiting is None:
            return False
        waiting.content.delete(save=False)
        _forget_answer(waiting)
        waiting.delete()
    return True


def let_go_of(case: Case) -> None:
    """Remove what waits for events of a case that is being deleted. Runs in the transaction of who deletes it."""
    for waiting in WaitingFile.objects.filter(case=case):
        _remove_after(waiting)
        waiting.delete()


def _forget_answer(waiting: WaitingFile) -> None:
    """The answer that said that it was here."""
    KeptAnswer.objects.filter(system=waiting.system_id, key=f"{waiting.event_key}:{waiting.named}").delete()


def _remove_after(waiting: WaitingFile) -> None:
    content = waiting.content
    transaction.on_commit(lambda: content.delete(save=False))
