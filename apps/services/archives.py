"""The services of a whole authority out and in, as one archive of definition files."""

from __future__ import annotations

import io
import lzma
import zipfile
import zlib
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from apps.people.models import Authority, User
from apps.services.definition import LARGEST_DOCUMENT, load
from apps.services.exchange import as_json, import_service
from apps.services.models import Version
from apps.services.reading import Problem, Unreadable

MOST_FILES = 500
LARGEST_ARCHIVE = 50_000_000  # bytes, packed or not
ENDINGS = (".json", ".yaml", ".yml")
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    NotImplementedError,
    RuntimeError,
    OSError,
    EOFError,
    ValueError,
)


class NotAnArchive(Exception):
    """The file cannot be taken, said in words."""


@dataclass(frozen=True)
class Taken:
    """A file of an archive: the version it became or is the same as, or what must be mended in it."""

    name: str
    version: Version | None = None
    is_new: bool = False
    problems: tuple[Problem, ...] = ()


def export_all(authority: Authority) -> bytes:
    """A zip of the authority's services: of each the published version, else the newest, byte for byte. The same for the same services."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for service in authority.services.select_related("published").order_by("key"):
            version = service.published or service.versions.order_by("-number").first()
            if version is not None:
                entry = zipfile.ZipInfo(f"{service.key}.json", date_time=(1980, 1, 1, 0, 0, 0))
                entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
                archive.writestr(entry, version.document.encode())
    return out.getvalue()


def import_all(data: bytes, authority: Authority, *, by: User | None) -> list[Taken]:
    """Store every definition of an archive as the newest version of its service, all or none: none when something must be mended.

    Every definition must be of the authority. Raises NotAnArchive.
    """
    files = _definitions(data)
    taken: list[Taken] = []
    with transaction.atomic():
        for name, text in files:
            taken.append(_taken(name, text, authority, by))
        if any(one.problems for one in taken):
            transaction.set_rollback(True)
    return taken


def _taken(name: str, text: str, authority: Authority, by: User | None) -> Taken:
    try:
        document = load(as_json(text))
        if isinstance(document, dict) and document.get("authority") != authority.key:
            wrong = _("this must be %(key)s, the authority whose services are taken in.") % {"key": authority.key}
            raise Unreadable([Problem("authority", wrong)])
        with transaction.atomic():
            version, is_new = import_service(text, by=by)
    except Unreadable as unreadable:
        return Taken(name, problems=tuple(unreadable.problems))
    return Taken(name, version, is_new)


def _definitions(data: bytes) -> list[tuple[str, str]]:
    """The definition files of an archive by name, with what they say; other files are left out."""
    if len(data) > LARGEST_ARCHIVE:
        raise NotAnArchive(_("The archive is too large."))
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = [
                one for one in archive.infolist() if one.filename.lower().endswith(ENDINGS) and not _is_shadow(one)
            ]
            if not infos:
                raise NotAnArchive(_("There is no definition file (.json, .yaml) in the archive."))
            if len(infos) > MOST_FILES or sum(one.file_size for one in infos) > LARGEST_ARCHIVE:
                raise NotAnArchive(_("The archive is too large."))
            return [(one.filename, _read(archive, one)) for one in sorted(infos, key=lambda info: info.filename)]
    except BROKEN as e:
        raise NotAnArchive(_("This is not a zip archive that can be read.")) from e


def _is_shadow(info: zipfile.ZipInfo) -> bool:
    """Whether it is a file that some computers add beside the real ones."""
    return info.is_dir() or info.filename.startswith("__MACOSX/") or info.filename.rpartition("/")[2].startswith(".")


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> str:
    with archive.open(info) as file:
        content = file.read(LARGEST_DOCUMENT + 1)  # what is unpacked can be more than the archive says
    if len(content) > LARGEST_DOCUMENT:
        raise NotAnArchive(_("“%(name)s” is too large for a definition.") % {"name": info.filename})
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotAnArchive(_("“%(name)s” is not UTF-8.") % {"name": info.filename}) from None
