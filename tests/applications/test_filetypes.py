"""What a file really is, from its content: only a few kinds are taken, and no content breaks the looking."""

from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.services.filetypes import recognise
from tests.applications.papers import DOCX, JPEG, ODS, ODT, PDF, PNG, XLSX, archive

modest = settings(max_examples=100, deadline=None, derandomize=True, database=None)
GOOD = {"pdf": PDF, "png": PNG, "jpeg": JPEG, "docx": DOCX, "xlsx": XLSX, "odt": ODT, "ods": ODS}
TEXT = b"application/vnd.oasis.opendocument.text"


def name_of(content: bytes) -> str | None:
    """The name of the type found, and the file is at its beginning again."""
    file = io.BytesIO(content)
    found = recognise(file)
    assert file.tell() == 0
    return found.name if found else None


@pytest.mark.parametrize("name", GOOD)
def test_kind_that_is_taken_is_recognised(name: str) -> None:
    assert name_of(GOOD[name]) == name


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"%",
        b" %PDF-1.7",
        b"<!DOCTYPE html><script>alert(1)</script>",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<?xml version='1.0'?><svg/>",
        b"GIF89a",
        b"MZ\x90\x00",
        b"\x7fELF",
        b"#!/bin/sh\n",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        b"name;value\n",
        b"PK\x03\x04",
        b"PK\x05\x06" + b"\x00" * 18,
        archive("readme.txt"),
        archive("word/document.xml"),
        archive("[Content_Types].xml"),
        archive("META-INF/MANIFEST.MF", "A.class"),
    ],
    ids=lambda content: repr(content[:12]),
)
def test_anything_else_is_not_taken(content: bytes) -> None:
    assert name_of(content) is None


@pytest.mark.parametrize("name", ["word/vbaProject.bin", "word/VBAPROJECT.BIN", "customXml/vbaProject.bin"])
def test_office_document_with_macros_is_not_taken(name: str) -> None:
    assert name_of(archive("[Content_Types].xml", "word/document.xml", name)) is None


@pytest.mark.parametrize("name", ["Basic/Standard/Module1.xml", "Scripts/python/x.py"])
def test_open_document_with_macros_is_not_taken(name: str) -> None:
    assert name_of(archive("content.xml", name, stored=True, mimetype=TEXT)) is None


def test_open_document_of_another_kind_is_not_taken() -> None:
    assert name_of(archive("content.xml", stored=True, mimetype=TEXT + b"-template")) is None


def test_nothing_is_unpacked() -> None:
    bomb = archive("content.xml", mimetype=b"\x00" * 20_000_000)
    packed = archive("content.xml", mimetype=TEXT)

    assert len(bomb) < 50_000
    assert name_of(bomb) is None
    assert name_of(packed) is None


def test_archive_that_lies_about_a_size_is_not_taken() -> None:
    at = ODT.index(b"PK\x01\x02")
    lying = ODT[: at + 20] + struct.pack("<II", 150, 150) + ODT[at + 28 :]

    assert name_of(lying) is None


def test_archive_with_very_many_members_is_not_taken() -> None:
    many = [f"word/{n}.xml" for n in range(5_001)]

    assert name_of(archive("[Content_Types].xml", "word/document.xml", *many)) is None


@modest
@given(st.sampled_from(sorted(GOOD)), st.integers(0, 400), st.binary(min_size=1, max_size=6))
def test_damaged_file_is_recognised_or_not_but_breaks_nothing(name: str, at: int, bytes_: bytes) -> None:
    content = GOOD[name]

    assert name_of(content[:at] + bytes_ + content[at + len(bytes_) :]) in {None, *GOOD}
    assert name_of(content[:at]) in {None, *GOOD}


@modest
@given(st.binary(max_size=200))
def test_any_content_is_recognised_or_not(content: bytes) -> None:
    assert name_of(content) in {None, *GOOD}
    assert name_of(b"PK\x03\x04" + content) in {None, *GOOD}
