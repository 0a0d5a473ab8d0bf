"""What a file really is, found from its content and never from its name. Only these kinds are taken, and only what is one thing."""

from __future__ import annotations

import posixpath
import unicodedata
import zipfile
import zlib
from dataclasses import dataclass
from typing import IO

from apps.people.sealing import without_codes

OFFICE = {
    "word/document.xml": "docx",
    "xl/workbook.xml": "xlsx",
}
OPEN_DOCUMENT = {
    b"application/vnd.oasis.opendocument.text": "odt",
    b"application/vnd.oasis.opendocument.spreadsheet": "ods",
}
CONTENT_TYPES = "[Content_Types].xml"

# An archive is looked at only within these; what an office writes lies far below.
MOST_MEMBERS = 5_000
MOST_DIRECTORY = 1_000_000  # bytes of the list of members
MOST_UNPACKED = 300_000_000  # bytes that all members together say they unpack to
MOST_PACKING = 200  # times a large member may be smaller packed than unpacked
SMALL_MEMBER = 5_000_000

END_OF_ARCHIVE, END_LENGTH, LONGEST_COMMENT = b"PK\x05\x06", 22, 65_535
MEMBER = b"PK\x01\x02"  # begins a line of the list of members
LARGE_ARCHIVE = b"PK\x06\x07"  # stands before the end of an archive whose true figures are elsewhere
PIECE = 1_000_000
LONGEST_NAME = 150


@dataclass(frozen=True)
class FileType:
    """A kind of file: its short name, its media type, and the endings its name may have."""

    name: str
    media_type: str
    endings: tuple[str, ...]


TYPES = {
    t.name: t
    for t in (
        FileType("pdf", "application/pdf", (".pdf",)),
        FileType("png", "image/png", (".png",)),
        FileType("jpeg", "image/jpeg", (".jpg", ".jpeg")),
        FileType("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", (".docx",)),
        FileType("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", (".xlsx",)),
        FileType("odt", "application/vnd.oasis.opendocument.text", (".odt",)),
        FileType("ods", "application/vnd.oasis.opendocument.spreadsheet", (".ods",)),
    )
}
BEGINNINGS = {b"%PDF-": "pdf", b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpeg", b"PK\x03\x04": ""}


def plain_name(name: str, endings: tuple[str, ...] = ()) -> str:
    """A file's name without folders, control and direction characters, with an ending that fits what it is, if that is known."""
    bare = posixpath.basename(name.replace("\\", "/"))
    bare = "".join(c for c in unicodedata.normalize("NFC", bare) if unicodedata.category(c)[0] != "C").strip(" .")
    bare = without_codes(bare)
    if not endings:
        return bare[:LONGEST_NAME] or "file"
    stem, dot, ending = bare.rpartition(".")
    if not dot or f".{ending.lower()}" not in endings:
        stem, ending = bare, endings[0].removeprefix(".")
    return f"{stem[:LONGEST_NAME] or 'file'}.{ending}"


def recognise(content: IO[bytes]) -> FileType | None:
    """The kind of a file, from its content; None when it is none of those taken, or two things at once.

    Leaves the file at its beginning.
    """
    content.seek(0)
    try:
        head = content.read(1024)
        begins = next((name for mark, name in BEGINNINGS.items() if head.startswith(mark)), None)
        if begins is None or (begins != "pdf" and b"%PDF-" in head):
            return None
        if not begins:
            return _document(content)
        if holds_archive(content) or (begins != "pdf" and _holds_page(content)):
            return None
        return TYPES[begins]
    finally:
        content.seek(0)


def holds_archive(content: IO[bytes]) -> bool:
    """Whether a program that unpacks archives would take the file for one: it looks for their end at the file's end."""
    size = content.seek(0, 2)
    tail = _tail(content, END_LENGTH + LONGEST_COMMENT)
    at = tail.find(END_OF_ARCHIVE)
    while at != -1:
        length, comment = (
            int.from_bytes(tail[at + 12 : at + 16], "little"),
            int.from_bytes(tail[at + 20 : at + 22], "little"),
        )
        listed = tail[at - length :].startswith(MEMBER) if length <= at else length < size
        # What lies whole inside a PDF, which ends after it, is something the PDF brings along.
        if length and listed and (at + END_LENGTH + comment == len(tail) or b"%%EOF" not in tail[at:]):
            return True
        at = tail.find(END_OF_ARCHIVE, at + 1)
    return False


def _holds_page(content: IO[bytes]) -> bool:
    """Whether a picture holds a web page or a program for one."""
    before = b""
    content.seek(0)
    while piece := content.read(PIECE):
        text = before + piece.lower()
        if any(mark in text for mark in (b"<script", b"<!doctype", b"<html", b"<?php")):
            return True
        before = text[-10:]
    return False


def _tail(content: IO[bytes], length: int) -> bytes:
    size = content.seek(0, 2)
    content.seek(max(0, size - length))
    return content.read(length)


# --- Documents that are archives -------------------------------------------------------------------------------------


def _document(content: IO[bytes]) -> FileType | None:
    """A text document or a spreadsheet; no other archive, none with macros, and none that would burst when unpacked."""
    try:
        if not _is_bounded(content):
            return None
        with zipfile.ZipFile(content) as archive:
            members = archive.infolist()
            names = {member.filename for member in members}
            if len(names) != len(members) or not _is_sound(members, size=content.seek(0, 2)):
                return None
            if any(_is_macro(name.lower()) or _is_outside(name) for name in names):
                return None
            found = [name for member, name in OFFICE.items() if member in names and CONTENT_TYPES in names]
            if found and _speaks_of_macros(archive):
                return None
            if "mimetype" in names and _is_plain(archive.getinfo("mimetype")):
                found.append(OPEN_DOCUMENT.get(archive.read("mimetype").strip(), "other"))
            return TYPES.get(found[0]) if len(found) == 1 else None
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, NotImplementedError, RuntimeError, zlib.error):
        return None


def _is_bounded(content: IO[bytes]) -> bool:
    """Whether the archive ends where the file ends, and its list of members, right before that, can be read at little cost.

    Asked before the list is read: reading it costs what it is long.
    """
    size = content.seek(0, 2)
    tail = _tail(content, END_LENGTH + 20)
    end, before = tail[-END_LENGTH:], tail[:-END_LENGTH]
    if not end.startswith(END_OF_ARCHIVE) or before.startswith(LARGE_ARCHIVE):
        return False
    members, length, start, comment = (
        int.from_bytes(end[at : at + n], "little") for at, n in ((10, 2), (12, 4), (16, 4), (20, 2))
    )
    in_place = start + length + END_LENGTH == size
    return in_place and not comment and members <= MOST_MEMBERS and length <= MOST_DIRECTORY


def _is_sound(members: list[zipfile.ZipInfo], *, size: int) -> bool:
    """Whether no member shares its bytes with another, and together they unpack to something reasonable."""
    if len(members) > MOST_MEMBERS or sum(member.compress_size for member in members) > size:
        return False
    if sum(member.file_size for member in members) > MOST_UNPACKED:
        return False
    large = [member for member in members if member.file_size > SMALL_MEMBER]
    return all(member.file_size <= MOST_PACKING * member.compress_size for member in large)


def _is_macro(name: str) -> bool:
    return name.endswith(("vbaproject.bin", "vbadata.xml")) or name.startswith(("basic/", "scripts/"))


def _is_outside(name: str) -> bool:
    return name.startswith("/") or "\\" in name or ".." in name.split("/")


def _speaks_of_macros(archive: zipfile.ZipFile) -> bool:
    """Whether the document calls itself one with macros, whatever its macros are called."""
    with archive.open(CONTENT_TYPES) as listed:
        text = listed.read(PIECE + 1).lower()
    return len(text) > PIECE or b"macroenabled" in text or b"vbaproject" in text


def _is_plain(member: zipfile.ZipInfo) -> bool:
    """Short and not packed, as OpenDocument wants it, so that nothing is unpacked here."""
    return member.compress_type == zipfile.ZIP_STORED and member.file_size < 200
