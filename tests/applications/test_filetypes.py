"""What a file really is, from its content: only a few kinds are taken, and no content breaks the looking."""

from __future__ import annotations

import io
import struct
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.services.filetypes import recognise
from tests.applications.papers import DOCX, JPEG, ODS, ODT, PDF, PNG, XLSX, archive

modest = settings(max_examples=100, deadline=None, derandomize=True, database=None)
GOOD = {"pdf": PDF, "png": PNG, "jpeg": JPEG, "docx": DOCX, "xlsx": XLSX, "odt": ODT, "ods": ODS}
TEXT = b"application/vnd.oasis.opendocument.text"


@contextmanager
def no_more_memory_than(most: int) -> Iterator[None]:
    """What happens within takes so many bytes at most: who unpacked or listed everything would take many times more."""
    tracemalloc.start()
    try:
        yield
        _left, took = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert took <= most


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
    ids=lambda content: repr(content[:4]),  # an archive says when it was made a little later
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


@pytest.mark.parametrize("content", [PNG, JPEG, PDF], ids=["png", "jpeg", "pdf"])
@pytest.mark.parametrize("name", ["docx", "odt"])
def test_what_is_also_an_archive_is_not_taken(content: bytes, name: str) -> None:
    assert name_of(content + GOOD[name]) is None
    assert name_of(content + GOOD[name] + b"\n" * 100) is None


def test_pdf_inside_an_archives_comment_is_not_taken() -> None:
    assert name_of(PDF + with_comment(DOCX, b"\n%%EOF\n")) is None


def test_archive_within_a_pdf_is_the_pdfs_own() -> None:
    inside = PDF.replace(b"xref", b"%" + DOCX + b"\nxref", 1)

    assert name_of(inside) == "pdf"


@pytest.mark.parametrize("mark", [b"<script>", b"<HTML>", b"<!DocType html>", b"<?php"])
@pytest.mark.parametrize("content", [PNG, JPEG], ids=["png", "jpeg"])
@pytest.mark.parametrize("before", [0, 999_994, 2_000_000])
def test_picture_that_is_also_a_web_page_is_not_taken(content: bytes, mark: bytes, before: int) -> None:
    assert name_of(content + b"\0" * before + mark) is None


def test_picture_with_something_after_it_is_taken() -> None:
    assert name_of(JPEG + b"\0\0\0\x18ftypmp42" + bytes(range(256))) == "jpeg"  # as telephones write moving pictures


@pytest.mark.parametrize("name", ["png", "jpeg", "docx"])
def test_what_is_also_a_pdf_is_not_taken(name: str) -> None:
    both = archive("[Content_Types].xml", "word/document.xml", a=PDF, stored=True)

    assert name_of(both if name == "docx" else GOOD[name] + PDF) is None


def with_comment(content: bytes, comment: bytes) -> bytes:
    return content[:-2] + len(comment).to_bytes(2, "little") + comment


@pytest.mark.parametrize(
    "content",
    [
        with_comment(DOCX, b"a comment"),
        DOCX + b"more",
        b"PK\x03\x04" + DOCX,
        archive("[Content_Types].xml", "word/document.xml", "xl/workbook.xml"),
        archive("[Content_Types].xml", "word/document.xml", stored=True, mimetype=TEXT),
        archive("[Content_Types].xml", "word/document.xml", "../../x"),
        archive("[Content_Types].xml", "word/document.xml", "/x"),
        archive("[Content_Types].xml", "word/document.xml", "word\\..\\x"),
    ],
    ids=["comment", "after", "before", "two kinds", "two families", "outside", "absolute", "backslash"],
)
def test_archive_that_can_be_read_in_two_ways_is_not_taken(content: bytes) -> None:
    assert name_of(content) is None


def test_archive_that_names_a_member_twice_is_not_taken() -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        content = archive("[Content_Types].xml", "word/document.xml", "word/document.xml")

    assert name_of(content) is None


@pytest.mark.parametrize("listed", [b"application/vnd.ms-word.document.macroEnabled.main+xml", b"vbaProject"])
def test_document_that_calls_itself_one_with_macros_is_not_taken(listed: bytes) -> None:
    assert name_of(archive("word/document.xml", holding={"[Content_Types].xml": listed})) is None


def test_bomb_in_a_document_is_not_taken_and_costs_nothing() -> None:
    bomb = archive("[Content_Types].xml", holding={"word/document.xml": b"\x00" * 50_000_000})

    with no_more_memory_than(1_000_000):
        assert name_of(bomb) is None


def test_members_that_share_their_bytes_are_not_taken() -> None:
    content = archive("[Content_Types].xml", holding={"word/document.xml": bytes(range(256)) * 400}, stored=True)
    start = content.index(b"PK\x01\x02")
    entry = content[start : content.index(b"PK\x01\x02", start + 4)]
    copies = b"".join(entry.replace(b"word/document.xml", b"word/document%04d" % n) for n in range(50))
    listed = content[start:-22] + copies
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 52, 52, len(listed), start, 0)

    assert name_of(content) == "docx"
    assert name_of(content[:start] + listed + end) is None


def test_very_long_list_of_members_costs_nothing() -> None:
    entry = struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"x"
    listed = entry * 1_000_000
    for members in (10, 65_535):
        end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, members, members, len(listed), 4, 0)
        content = b"PK\x03\x04" + listed + end
        with no_more_memory_than(1_000_000):
            assert name_of(content) is None


def test_archive_whose_true_figures_are_elsewhere_is_not_taken() -> None:
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1)
    changed = DOCX[:-22] + locator + DOCX[-22:-10]
    moved = struct.pack("<I", len(DOCX) - 22 - DOCX.index(b"PK\x01\x02") + len(locator)) + DOCX[-6:]

    assert name_of(changed + moved) is None


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
