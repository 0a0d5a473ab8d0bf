"""Handing a case over to case management: its package, an archive that says everything of the case and can be verified by itself.

What it holds is told in docs/handover.md. The same case up to the same diary line gives the same archive to the byte, so that one that is
imported twice is known again.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Any

from django.core.files.storage import Storage
from django.db.models import Model
from django.utils import timezone

from apps.applications import typesetting
from apps.applications.models import Attachment
from apps.cases import paperpdf, zipped
from apps.cases.casefile import (
    CASE,
    MANIFEST,
    SCHEMA,
    CaseFile,
    NothingToHandOver,
    as_bytes,
    case_document,
    case_file,
    digest,
    register_entry,
)
from apps.cases.models import EVENT_WORDS, Case, Document, Event
from apps.cases.rulebook import FOR_THE_DESK_ALONE
from apps.cases.verifying import verify

__all__ = ["Damaged", "NothingToHandOver", "Package", "Withheld", "kinds_to_choose", "package", "verify"]


class Damaged(Exception):
    """A file of the case is not in the storage as it came. The message says which, and nothing of what it is."""


class Withheld(Exception):
    """A file of the case may not be given out, since malware was found in it or it waits for the scanner."""


@dataclass(frozen=True)
class Stored:
    """A file's bytes where they are stored, and what they must be."""

    id: str
    path: str
    size: int
    sha256: str
    storage: Storage
    name: str

    def pieces(self) -> Iterator[bytes]:
        """The bytes piece by piece. Raises Damaged at the end when they are not those that came, or cannot be found."""
        seen, size = hashlib.sha256(), 0
        try:
            file = self.storage.open(self.name)
        except FileNotFoundError:
            raise Damaged(f"file {self.id} is not in the storage") from None
        with file:
            for piece in zipped.pieces_of(file):
                seen.update(piece)
                size += len(piece)
                yield piece
        if (size, seen.hexdigest()) != (self.size, self.sha256):
            raise Damaged(f"file {self.id} is not as it came: its size or digest differs")


@dataclass(frozen=True)
class Print:
    """A paper's PDF that is not made yet: what it says."""

    path: str
    said: dict[str, Any]
    at: Any

    def made(self) -> bytes:
        """The PDF."""
        return typesetting.pdf("paper.typ", self.said, self.at)


@dataclass(frozen=True)
class Package:
    """All that goes into one archive. Nothing more is asked of the database; files are read when it is written."""

    id: str
    service: str
    case_number: str
    number: int
    case: dict[str, Any]
    register: dict[str, Any]
    prints: tuple[Print, ...]
    stored: tuple[Stored, ...]

    @property
    def name(self) -> str:
        """What the archive is called: FE-2027-000001-7.zip."""
        return f"{self.case_number}-{self.number}.zip"

    @property
    def size(self) -> int:
        """How many bytes its files have together, without what is made of the case itself."""
        return sum(one.size for one in self.stored)

    def write(self, to: IO[bytes]) -> None:
        """Write the archive, file by file and piece by piece. Raises Damaged, and OSError of the storage."""
        made = {CASE: as_bytes(self.case)} | {one.path: one.made() for one in self.prints}
        known = [(path, len(content), hashlib.sha256(content).hexdigest()) for path, content in made.items()]
        manifest = as_bytes(self._manifest([*known, *((one.path, one.size, one.sha256) for one in self.stored)]))
        zipped.write(
            to,
            [
                *((path, len(content), [content]) for path, content in ({MANIFEST: manifest} | made).items()),
                *((one.path, one.size, one.pieces()) for one in self.stored),
            ],
        )

    def _manifest(self, files: Iterable[tuple[str, int, str]]) -> dict[str, Any]:
        document = {
            "schema": SCHEMA,
            "package": self.id,
            "externalId": self.case["externalId"],
            "caseNumber": self.case["caseNumber"],
            "upTo": self.number,
            "register": self.register,
            "files": [{"path": path, "size": size, "sha256": sha256} for path, size, sha256 in files],
        }
        return {**document, "digest": digest(document)}


def package(case: Case, number: int | None = None) -> Package:
    """The package of a case up to a diary line, by default the last that leaves the desk. Of a test there is none.

    Raises NothingToHandOver, Damaged and Withheld.
    """
    if case.is_test:
        raise NothingToHandOver
    of = case_file(case, number)
    document = case_document(of)
    paths = {one.known["id"]: one.path for one in of.files}
    prints = tuple(
        Print(of.pdf_of(paper), paperpdf.said(case, paper, count, paths), paper.sent_at or timezone.now())
        for count, paper in enumerate(of.papers)
    )
    return Package(
        id=of.package,
        service=of.papers[0].version.service.key,
        case_number=case.number or "",
        number=of.number,
        case=document,
        register=register_entry(of, document),
        prints=prints,
        stored=tuple(_stored(of)),
    )


def _stored(of: CaseFile) -> Iterator[Stored]:
    """Where each file lies. Raises Damaged and Withheld."""
    rows: dict[uuid.UUID, Any] = {}
    ids = [one.id for one in of.files]
    kinds: tuple[type[Model], ...] = (Attachment, Document)
    for kind in kinds:
        rows |= kind._default_manager.in_bulk(ids) if ids else {}
    for one in of.files:
        row = rows.get(uuid.UUID(one.id))
        if row is None:
            raise Damaged(f"file {one.id} is not there any more")
        if not row.may_be_read:
            raise Withheld(f"file {one.id} may not be given out: malware was found in it, or it waits for the scanner")
        yield Stored(
            one.id, one.path, one.known["size"], one.known["sha256"], row.content.storage, str(row.content.name)
        )


def kinds_to_choose() -> list[tuple[str, str]]:
    """The kinds of diary lines at which a package can be dropped (`Service.handover_on`), each with its words."""
    return [(kind, str(words)) for kind, words in EVENT_WORDS.items() if kind not in FOR_THE_DESK_ALONE]


def is_dropped_at(event: Event, chosen: Iterable[str]) -> bool:
    """Whether a package is dropped at a diary line, where these kinds have been chosen: never at one that stays on the desk."""
    return event.kind in set(chosen) - FOR_THE_DESK_ALONE
