"""Looking for malware: a file is shown to clamd, and only its plain "OK" is one. Everything else is "not known yet".

`SCANNER` says where clamd listens, or that nothing is scanned. A file that could not be scanned waits: it is kept with the
draft, given to nobody, and the draft cannot be sent before it has been scanned.
"""

from __future__ import annotations

import logging
import socket
import time
from dataclasses import dataclass
from typing import IO

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from apps.applications.models import Application, Attachment, StoredFile

Scan = StoredFile.Scan
PIECE = 65_536
LONGEST_ANSWER = 4_096
TOO_LARGE = "Heuristics.Limits.Exceeded"  # with AlertExceedsMax clamd "finds" this in what it has not looked through
REMOVED, LOST = "removed", "lost"  # what came of a file that waited, besides a verdict
log = logging.getLogger(__name__)


class NotScanned(Exception):
    """The scanner was not reached, or said something that is no verdict."""


@dataclass(frozen=True)
class Clamd:
    """A clamd at a socket, spoken to with INSTREAM: the bytes go to it, so it needs no access to our files."""

    address: str  # unix:/path or host:port
    to_connect: float = 2.0
    altogether: float = 30.0

    def scan(self, content: IO[bytes]) -> str:
        """'' for clean, else the name of what was found. Raises NotScanned. Reads the file from its beginning."""
        content.seek(0)
        deadline = time.monotonic() + self.altogether
        try:
            with self._connected() as line:
                line.sendall(b"zINSTREAM\0")
                while piece := content.read(PIECE):
                    _leave_time(line, deadline)
                    line.sendall(len(piece).to_bytes(4, "big") + piece)
                _leave_time(line, deadline)
                line.sendall(bytes(4))
                return _verdict(_answer(line, deadline))
        except OSError as trouble:
            raise NotScanned(type(trouble).__name__) from trouble

    def _connected(self) -> socket.socket:
        kind, _colon, path = self.address.partition(":")
        if kind == "unix":
            line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                line.settimeout(self.to_connect)
                line.connect(path)
            except BaseException:
                line.close()
                raise
            return line
        host, _colon, port = self.address.rpartition(":")
        try:
            return socket.create_connection((host.strip("[]"), int(port)), timeout=self.to_connect)
        except (ValueError, OverflowError) as wrong:
            raise NotScanned("SCANNER is no address") from wrong


def _leave_time(line: socket.socket, deadline: float) -> None:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    line.settimeout(left)


def _answer(line: socket.socket, deadline: float) -> bytes:
    said = b""
    while not said.endswith(b"\0"):
        _leave_time(line, deadline)
        piece = line.recv(LONGEST_ANSWER)
        if not piece or len(said) > LONGEST_ANSWER:
            raise NotScanned("no whole answer")
        said += piece
    return said[:-1]


def _verdict(said: bytes) -> str:
    """Only the exact words count: a scanner out of order says many things."""
    if said == b"stream: OK":
        return ""
    if said.startswith(b"stream: ") and said.endswith(b" FOUND"):
        name = said.removeprefix(b"stream: ").removesuffix(b" FOUND").decode("ascii", "replace")
        if name.startswith(TOO_LARGE):
            raise NotScanned("larger than clamd's limits")
        if name.strip():
            return "".join(c for c in name if c.isprintable())[:100]
    raise NotScanned("no verdict")


# --- What follows from it --------------------------------------------------------------------------------------------


def is_on() -> bool:
    """Whether files are scanned in this installation."""
    return bool(settings.SCANNER != "none")


def judge(content: IO[bytes]) -> str:
    """What a file's `scan` is to say. Never raises: what cannot be scanned waits. Leaves the file at its beginning."""
    if not is_on():
        return Scan.NONE
    try:
        found = Clamd(settings.SCANNER).scan(content)
    except NotScanned as reason:
        log.warning("A file could not be scanned for malware and waits: %s", reason)
        return Scan.WAITING
    finally:
        content.seek(0)
    if found:
        log.warning("Malware found in a file: %s", found)
    return Scan.FOUND if found else Scan.CLEAN


def rescan(application: Application) -> None:
    """Scan the files of a draft that wait, if the scanner can be reached now. Not within a transaction: it takes its time."""
    _rescan(application.attachments.filter(scan=Scan.WAITING))


def rescan_waiting(limit: int = 50) -> dict[str, int]:
    """Scan files that wait, the oldest first. Says in figures what came of it; stops at the first that must wait on."""
    return _rescan(Attachment.objects.filter(scan=Scan.WAITING).order_by("received_at")[:limit])


def _rescan(waiting: QuerySet[Attachment]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for attachment in waiting:
        said = _rejudge(attachment)
        counted[said] = counted.get(said, 0) + 1
        if said == Scan.WAITING:
            break  # the others would wait for the same time-out
    return counted


def _rejudge(attachment: Attachment) -> str:
    """Judge a file that waits, outside any transaction, and write it down. What is infected loses its content at once."""
    try:
        with attachment.content.open("rb") as content:
            said = judge(content)
    except OSError as trouble:
        if not Attachment.objects.filter(pk=attachment.pk).exists():
            return REMOVED
        log.error("The content of attachment %s cannot be read: %s", attachment.pk, type(trouble).__name__)
        return LOST
    if said == Scan.WAITING:
        return said
    Attachment.objects.filter(pk=attachment.pk, scan=Scan.WAITING).update(scan=said)
    if said == Scan.FOUND:
        attachment.content.delete(save=False)
    return said


def marks(application: Application) -> dict[str, str]:
    """What to say, by its id, of each file that cannot be sent: it waits, or malware was found in it."""
    words = {Scan.WAITING: _("Waits to be scanned for malware"), Scan.FOUND: _("Malware was found: remove the file")}
    marked = application.attachments.filter(scan__in=tuple(words)).values_list("pk", "scan")
    return {str(pk): words[Scan(scan)] for pk, scan in marked}
