"""Whether a file is fit to be kept: of a kind that is taken, whole, readable without a password, and safe to open here.

The bytes are only read; what is kept is what came.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import IO, Any, BinaryIO, cast
from zipfile import BadZipFile, ZipFile

import pikepdf
from django.utils.translation import gettext as _
from PIL import Image

from apps.services.filetypes import TYPES, FileType, recognise

# A picture takes four bytes for each point when it is opened; one that loads in several passes needs more.
MOST_POINTS = 80_000_000
MOST_POINTS_TO_OPEN = 25_000_000
# What a PDF may unpack to while it is opened, and how many of its objects are looked at.
MOST_MEMORY = 100_000_000
MOST_OBJECTS = 20_000
pikepdf.settings.set_qpdf_limits(
    flate_max_memory=MOST_MEMORY,
    run_length_max_memory=MOST_MEMORY,
    png_max_memory=MOST_MEMORY,
    tiff_max_memory=MOST_MEMORY,
    parser_max_container_size=1_000_000,
    doc_max_warnings=200,
)
END_OF_PDF, TAIL = b"%%EOF", 4_096

# What a reader does by itself when a PDF is opened, a page is shown or a place is pressed.
ACTIONS = {"/JavaScript", "/Launch", "/ImportData", "/SubmitForm", "/Rendition", "/RichMediaExecute", "/GoToE"}
ACTIVE_KEYS = ("/JS", "/JavaScript", "/EmbeddedFiles", "/EF", "/XFA", "/RichMediaContent")
ACTIVE_PARTS = ("word/embeddings/", "xl/embeddings/", "word/activex/", "xl/activex/", "xl/externallinks/", "object ")
OUTSIDE = b"attachedtemplate"


class Unfit(Exception):
    """The file cannot be taken; says why in words that fit after the file's name."""


@dataclass(frozen=True)
class Finding:
    """What a file is, and whether it brings along something that does things by itself when it is opened."""

    type: FileType
    active: bool = False


def inspect(content: IO[bytes], kinds: Collection[str] = tuple(TYPES)) -> Finding:
    """What the file is. Raises Unfit when it is none of the kinds, damaged, locked or too large to open. Leaves it at its beginning."""
    found = recognise(content)
    if found is None or found.name not in kinds:
        named = ", ".join(name.upper() for name in TYPES if name in kinds)
        raise Unfit(
            _("the file's content is of a kind that cannot be sent here. Save it as one of: %(kinds)s.")
            % {"kinds": named}
        )
    try:
        if found.name == "pdf":
            return Finding(found, _look_into_pdf(content))
        if found.name in ("png", "jpeg"):
            _look_at_picture(content, found.name)
            return Finding(found)
        return Finding(found, _look_into_archive(content))
    finally:
        content.seek(0)


def _damaged() -> Unfit:
    return Unfit(_("the file is damaged and cannot be opened. Save it again and choose the new file."))


# --- Pictures ----------------------------------------------------------------------------------------------------------


def _look_at_picture(content: IO[bytes], name: str) -> None:
    """Open it as far as it takes to know that it is whole."""
    try:
        with Image.open(content, formats=[name.upper()]) as picture:
            points = picture.width * picture.height
            in_passes = "progressive" in picture.info or "progression" in picture.info
            if points > MOST_POINTS or (in_passes and points > MOST_POINTS_TO_OPEN):
                raise _too_many_points()
            if name == "jpeg":
                picture.draft("L", (1, 1))  # as small as it can be read: every byte is read all the same
            elif points > MOST_POINTS_TO_OPEN:
                picture.verify()  # the checksums of its parts; to open it would take too much room
                return
            picture.load()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as bomb:
        raise _too_many_points() from bomb
    except Unfit:
        raise
    except Exception as broken:  # Pillow tells of what is wrong in very many ways
        raise _damaged() from broken


def _too_many_points() -> Unfit:
    most = MOST_POINTS // 1_000_000
    return Unfit(_("the picture has too many points: at most %(most)d million. Make it smaller.") % {"most": most})


# --- PDF -----------------------------------------------------------------------------------------------------------------


def _look_into_pdf(content: IO[bytes]) -> bool:
    """Whether it does things by itself. Raises Unfit when it is locked, cut off or broken."""
    size = content.seek(0, 2)
    content.seek(max(0, size - TAIL))
    if END_OF_PDF not in content.read():
        raise _damaged()
    content.seek(0)
    try:
        with pikepdf.open(cast(BinaryIO, content), suppress_warnings=True) as pdf:
            if not len(pdf.pages):
                raise _damaged()
            return _is_active(pdf)
    except pikepdf.PasswordError as locked:
        raise Unfit(_("the file is locked with a password. Remove the password and choose the file again.")) from locked
    except Unfit:
        raise
    except Exception as broken:  # and so does pikepdf, which also passes on Python's own
        raise _damaged() from broken


def _is_active(pdf: pikepdf.Pdf) -> bool:
    """Whether any of its objects acts or brings a file along; so it is called, too, when there are too many to look at."""
    objects = iter(pdf.objects)
    if any(_acts(found) for found in islice(objects, MOST_OBJECTS)):
        return True
    return next(objects, None) is not None


def _acts(found: Any, depth: int = 0) -> bool:
    """Whether an object acts, or one that stands in it."""
    if isinstance(found, pikepdf.Array):
        return depth < 8 and any(_acts(inner, depth + 1) for inner in _standing_in(found))
    if not isinstance(found, pikepdf.Dictionary | pikepdf.Stream):
        return False
    keys = found.keys()
    if any(key in keys for key in ACTIVE_KEYS) or ("/S" in keys and str(found.get("/S")) in ACTIONS):
        return True
    return depth < 8 and any(_acts(inner, depth + 1) for inner in _standing_in(found.get(key) for key in keys))


def _standing_in(values: Any) -> Iterator[Any]:
    """The composed values that have no number of their own: the others are met by themselves."""
    for value in islice(iter(values), 1_000):
        if isinstance(value, pikepdf.Array | pikepdf.Dictionary) and not value.is_indirect:
            yield value


# --- Documents that are archives -------------------------------------------------------------------------------------------


def _look_into_archive(content: IO[bytes]) -> bool:
    """Whether it brings along something else to be opened, or leans on a document elsewhere."""
    try:
        with ZipFile(content) as archive:
            names = archive.namelist()
            if any(name.lower().startswith(ACTIVE_PARTS) for name in names):
                return True
            rels = "word/_rels/settings.xml.rels"
            if rels not in names:
                return False
            with archive.open(rels) as listed:
                return OUTSIDE in listed.read(MOST_MEMORY // 100).lower()
    except (BadZipFile, ValueError, OSError, EOFError, NotImplementedError, RuntimeError) as broken:
        raise _damaged() from broken
