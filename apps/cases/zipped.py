"""Archives that are always written the same way, so that the same content gives the same bytes, and a byte that differs shows.

Nothing is packed: attachments are packed already, and so an archive unpacks to no more than it is itself.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from typing import IO

PIECE = 256 * 1024  # bytes
MOST_MEMBERS = 2_000
LARGEST = 20_000_000_000  # bytes
NO_MOMENT = (1980, 1, 1, 0, 0, 0)
UNIX, PRIVATE = 3, 0o100600 << 16

Part = tuple[str, int, Iterable[bytes]]  # name, bytes, and these piece by piece


class Unsound(Exception):
    """It is no archive, or not one as it is written here. The message says why."""


def write(to: IO[bytes], parts: Iterable[Part]) -> None:
    """Write an archive of these parts, in their order, into a file that can be written anywhere in it."""
    with zipfile.ZipFile(to, "w", zipfile.ZIP_STORED) as archive:
        for name, size, pieces in parts:
            with archive.open(_line(name, size), "w") as member:
                for piece in pieces:
                    member.write(piece)


def _line(name: str, size: int) -> zipfile.ZipInfo:
    line = zipfile.ZipInfo(name, NO_MOMENT)
    line.create_system, line.external_attr, line.file_size = UNIX, PRIVATE, size
    return line


def opened(file: IO[bytes]) -> zipfile.ZipFile:
    """An archive to be read, of which the list of members can be read at little cost. Raises Unsound, and what `zipfile` raises."""
    if file.seek(0, 2) > LARGEST:
        raise Unsound(f"it is larger than {LARGEST} bytes")
    archive = zipfile.ZipFile(file)
    members = archive.infolist()
    if len(members) > MOST_MEMBERS:
        raise Unsound(f"it has more than {MOST_MEMBERS} members")
    if any(member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1 for member in members):
        raise Unsound("something in it is packed or encrypted, as this service never does")
    return archive


def pieces(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """A member's bytes, piece by piece."""
    with archive.open(name) as member:
        yield from pieces_of(member)


def pieces_of(file: IO[bytes]) -> Iterator[bytes]:
    """A file's bytes from where it stands, piece by piece."""
    while piece := file.read(PIECE):
        yield piece


def is_as_written(file: IO[bytes], archive: zipfile.ZipFile) -> bool:
    """Whether an opened archive is, to the byte, what `write` makes of its members."""
    with tempfile.TemporaryFile() as again:
        members = [(one.filename, one.file_size, pieces(archive, one.filename)) for one in archive.infolist()]
        write(again, members)
        return same_bytes(file, again)


def same_bytes(one: IO[bytes], other: IO[bytes]) -> bool:
    """Whether two files hold the same, from beginning to end."""
    if one.seek(0, 2) != other.seek(0, 2):
        return False
    one.seek(0)
    other.seek(0)
    while piece := one.read(PIECE):
        if piece != other.read(len(piece)):
            return False
    return True
