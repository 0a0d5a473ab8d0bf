"""What a file really is, found from its content and never from its name. Only these kinds are taken."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from typing import IO

OFFICE = {
    "word/document.xml": "docx",
    "xl/workbook.xml": "xlsx",
}
OPEN_DOCUMENT = {
    b"application/vnd.oasis.opendocument.text": "odt",
    b"application/vnd.oasis.opendocument.spreadsheet": "ods",
}


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


def recognise(content: IO[bytes]) -> FileType | None:
    """The kind of a file, from its content; None when it is none of those taken. Leaves the file at its beginning."""
    content.seek(0)
    head = content.read(16)
    try:
        if head.startswith(b"%PDF-"):
            return TYPES["pdf"]
        if head.startswith(b"\x89PNG\r\n\x1a\n"):
            return TYPES["png"]
        if head.startswith(b"\xff\xd8\xff"):
            return TYPES["jpeg"]
        if head.startswith(b"PK\x03\x04"):
            return _document(content)
        return None
    finally:
        content.seek(0)


def _is_macro(name: str) -> bool:
    return name.endswith("vbaproject.bin") or name.startswith(("basic/", "scripts/"))


def _is_plain(member: zipfile.ZipInfo) -> bool:
    """Short and not packed, as OpenDocument wants it, so that nothing is unpacked here."""
    return member.compress_type == zipfile.ZIP_STORED and member.file_size < 200


def _document(content: IO[bytes]) -> FileType | None:
    """A text document or a spreadsheet; no other archive, and none with macros."""
    try:
        with zipfile.ZipFile(content) as archive:
            names = archive.namelist()
            if len(names) > 5_000 or any(_is_macro(name.lower()) for name in names):
                return None
            for member, name in OFFICE.items():
                if member in names and "[Content_Types].xml" in names:
                    return TYPES[name]
            if "mimetype" in names and _is_plain(archive.getinfo("mimetype")):
                found = OPEN_DOCUMENT.get(archive.read("mimetype").strip())
                return TYPES[found] if found else None
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, NotImplementedError, RuntimeError):
        return None
    return None
