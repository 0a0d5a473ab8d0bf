"""Whether a package is whole and as it was made: looked at by itself, without the database and without trusting anything in it."""

from __future__ import annotations

import hashlib
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from functools import cache
from typing import IO, Any

from django.conf import settings

from apps.cases import zipped
from apps.cases.casefile import CASE, MANIFEST, digest, package_id

LARGEST_DOCUMENT = 50_000_000  # bytes
MOST_SAID = 20  # problems of one sort
SAFE = re.compile(
    r"(?:manifest|case)\.json|paper\.pdf|supplement-[0-9]{1,4}\.pdf|(?:attachments|documents)/[0-9a-f-]{36}(?:\.[a-z]{1,5})?"
)
# What reading an archive that is none, or is damaged, can raise.
UNREADABLE = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    struct.error,
    ValueError,
    LookupError,
    OverflowError,
    RuntimeError,
    EOFError,
    OSError,
)


def verify(file: IO[bytes]) -> list[str]:
    """What is wrong with a package, in words; empty when nothing is. Never raises, whatever the file is."""
    try:
        with zipped.opened(file) as archive:
            return list(_problems(file, archive))
    except zipped.Unsound as unsound:
        return [f"{unsound}."]
    except UNREADABLE as e:
        return [f"It cannot be read as an archive: {type(e).__name__}."]


def _problems(file: IO[bytes], archive: zipfile.ZipFile) -> Iterator[str]:
    names = archive.namelist()
    if wrong := [name for name in names if not SAFE.fullmatch(name)]:
        yield f"{len(wrong)} of its members have names that this service never gives."
        return
    if len(set(names)) != len(names):
        yield "A name stands in it twice."
        return
    if missing := [name for name in (MANIFEST, CASE) if name not in names]:
        yield f"It has no {' and no '.join(missing)}."
        return
    if not zipped.is_as_written(file, archive):
        yield "The archive is not as this service writes it: it has been changed or packed anew."
    try:
        manifest, case = _document(archive, MANIFEST), _document(archive, CASE)
    except ValueError as unreadable:
        yield str(unreadable)
        return
    shapes = [*_shape(manifest, MANIFEST), *_shape(case, CASE)]
    yield from shapes
    if not shapes:
        yield from _contents(archive, manifest)
        yield from _what_is_said(manifest, case)


def _document(archive: zipfile.ZipFile, name: str) -> Any:
    """A JSON document of the archive. Raises ValueError, in words."""
    if archive.getinfo(name).file_size > LARGEST_DOCUMENT:
        raise ValueError(f"{name} is larger than {LARGEST_DOCUMENT} bytes.")
    try:
        return json.loads(archive.read(name).decode())
    except (ValueError, RecursionError):
        raise ValueError(f"{name} is no JSON.") from None


def _shape(document: Any, name: str) -> Iterator[str]:
    """Where a document is not as docs/case.schema.json says; without repeating what stands there."""
    for n, error in enumerate(_judge(name).iter_errors(document)):
        if n == MOST_SAID:
            yield f"{name}: and more of the kind."
            return
        yield f"{name} is not as its schema says at {error.json_path}: {error.validator}."


@cache
def _judge(name: str) -> Any:
    from jsonschema import Draft202012Validator  # noqa: PLC0415 (nothing else needs it)

    schema = json.loads((settings.BASE_DIR / "docs" / "case.schema.json").read_text("utf-8"))
    if name == MANIFEST:
        schema = {"$defs": schema["$defs"], "$ref": "#/$defs/manifest"}
    return Draft202012Validator(schema)


def _contents(archive: zipfile.ZipFile, manifest: dict[str, Any]) -> Iterator[str]:
    """Whether the manifest lists what is there, and what is there is what it lists."""
    if manifest["digest"] != digest(manifest):
        yield "The manifest's own digest is not right."
    listed = {one["path"]: one for one in manifest["files"]}
    if len(listed) != len(manifest["files"]):
        yield "The manifest lists a file twice."
    there = {*archive.namelist()} - {MANIFEST}
    yield from (f"{name} is listed and not there." for name in sorted({*listed} - there))
    yield from (f"{name} is there and not listed." for name in sorted(there - {*listed}))
    for name in sorted(there & {*listed}):
        seen, size = hashlib.sha256(), 0
        for piece in zipped.pieces(archive, name):
            seen.update(piece)
            size += len(piece)
        if (size, seen.hexdigest()) != (listed[name]["size"], listed[name]["sha256"]):
            yield f"{name} has another size or digest than the manifest says."


def _what_is_said(manifest: dict[str, Any], case: dict[str, Any]) -> Iterator[str]:
    """Whether both documents speak of the same case and the same files."""
    if case["package"] != package_id(case["externalId"], case["upTo"]):
        yield "The package's id does not belong to this case and diary line."
    for name in ("package", "externalId", "caseNumber", "upTo"):
        if manifest[name] != case[name]:
            yield f"{MANIFEST} and {CASE} do not agree on {name}."
    known = {one["path"]: (one["size"], one["sha256"]) for one in case["files"]}
    prints = {one["pdf"] for one in case["papers"]}
    listed = {one["path"]: (one["size"], one["sha256"]) for one in manifest["files"]}
    if {*listed} != {CASE, *prints, *known} or any(listed[path] != facts for path, facts in known.items()):
        yield f"{MANIFEST} and {CASE} do not agree on the files."
    if {one["path"] for one in manifest["register"]["documents"]} != {*prints, *known}:
        yield "The register's documents are not those of the package."
