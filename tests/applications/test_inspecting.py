"""Whether a file opens: pictures and PDFs are opened, and what is cut off, locked or made to exhaust is refused in words."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pikepdf import Array, Dictionary, Encryption, Name, Pdf

from apps.services.inspecting import Unfit, inspect
from tests.applications.papers import DOCX, JPEG, ODS, ODT, PDF, PNG, XLSX, acting_pdf, archive, picture, written
from tests.build import pdf

modest = settings(max_examples=150, deadline=None, derandomize=True, database=None)
GOOD = {"pdf": PDF, "png": PNG, "jpeg": JPEG, "docx": DOCX, "xlsx": XLSX, "odt": ODT, "ods": ODS}
Change = Callable[[Pdf], Any]


def refusal(content: bytes, **limits: Any) -> str:
    """Why the file is not taken; '' when it is."""
    file = io.BytesIO(content)
    try:
        inspect(file, **limits)
    except Unfit as why:
        return str(why)
    finally:
        assert file.tell() == 0
        assert file.getvalue() == content
    return ""


def is_active(content: bytes) -> bool:
    return inspect(io.BytesIO(content)).active


@pytest.mark.parametrize("name", GOOD)
def test_every_kind_that_opens_is_taken(name: str) -> None:
    assert inspect(io.BytesIO(GOOD[name])).type.name == name
    assert not is_active(GOOD[name])


def test_kind_that_is_not_asked_for_is_refused_with_those_that_are() -> None:
    assert "PDF, DOCX" in refusal(PNG, kinds=("docx", "pdf"))


# --- Pictures ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_picture_that_is_cut_off_is_refused(kind: str, part: float) -> None:
    content = picture(kind, (200, 200))

    assert refusal(content[: int(len(content) * part)])


def test_picture_with_a_wrong_checksum_is_refused() -> None:
    content = bytearray(PNG)
    content[content.index(b"IDAT") + 6] ^= 0xFF

    assert refusal(bytes(content))


def a_png(width: int, height: int) -> bytes:
    """A PNG that says it is so large, of very few bytes."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


def a_jpeg(width: int, height: int) -> bytes:
    """A JPEG that says it is so large."""
    content = bytearray(JPEG)
    at = content.index(b"\xff\xc0")
    content[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(content)


@pytest.mark.parametrize("size", [(9_000, 9_000), (10_000, 10_000), (60_000, 60_000), (2**31 - 1, 2**31 - 1)])
def test_picture_of_too_many_points_is_refused_before_it_is_opened(size: tuple[int, int]) -> None:
    said = refusal(a_png(*size))

    assert said
    if size[0] < 2**31 - 1:
        assert "80" in said


def test_picture_of_a_camera_is_not_too_large() -> None:
    assert refusal(picture("JPEG", (8_000, 6_000))) == ""
    assert "80" in refusal(a_jpeg(12_000, 12_000))


@pytest.mark.thorough
def test_picture_in_several_passes_may_have_fewer_points() -> None:
    assert refusal(picture("JPEG", (2_000, 1_000), progressive=True)) == ""
    assert refusal(picture("JPEG", (6_000, 5_000), progressive=True))


# --- PDF ---------------------------------------------------------------------------------------------------------------


def test_pdf_that_is_locked_is_refused_with_what_to_do() -> None:
    locked = refusal(written(encryption=Encryption(user="secret", owner="owner")))

    assert locked
    assert locked != refusal(PDF[:-10])


def test_pdf_that_anybody_can_read_and_only_some_may_change_is_taken() -> None:
    assert refusal(written(encryption=Encryption(user="", owner="owner"))) == ""


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.7",
        b"%PDF-1.7\nexample\n%%EOF\n",
        PDF[: len(PDF) // 2],
        PDF[:-8],
        PDF[:40] + b"%%EOF\n",
        written()[:200] + b"\n%%EOF\n",
        PDF.replace(b"/Kids [3 0 R] /Count 1", b"/Kids [] /Count 0     "),
        b"%PDF-1.7\n" + b"[" * 100_000 + b"\n%%EOF\n",
        b"%PDF-1.7\n1 0 obj\n" + b"<</A " * 50_000 + b"\ntrailer\n<</Root 1 0 R>>\n%%EOF\n",
    ],
    ids=["head", "rubbish", "half", "cut", "short", "cut and closed", "no page", "deep lists", "deep objects"],
)
def test_pdf_that_does_not_open_is_refused(content: bytes) -> None:
    assert refusal(content)


@pytest.mark.thorough
def test_pdf_that_unpacks_without_end_is_refused() -> None:
    packed = zlib.compress(b"\0" * 150_000_000, 9)
    table = b"<</Type/XRef/W[1 2 1]/Size 3/Root 2 0 R/Filter/FlateDecode/Length %d>>stream\n" % len(packed)
    content = b"%PDF-1.5\n1 0 obj" + table + packed + b"\nendstream endobj\nstartxref\n9\n%%EOF\n"

    assert refusal(content)


def names_of(made: Pdf, **names: Any) -> None:
    made.Root.Names = Dictionary(**names)


def annotate(made: Pdf, action: Dictionary) -> None:
    made.pages[0].Annots = Array([Dictionary(Type=Name.Annot, Subtype=Name.Link, A=action, Rect=[0, 0, 9, 9])])


ACTING: dict[str, Change] = {
    "script on a page": lambda made: setattr(
        made.pages[0].obj, "AA", Dictionary(O=Dictionary(S=Name.JavaScript, JS="x"))
    ),
    "program": lambda made: setattr(made.Root, "OpenAction", Dictionary(S=Name.Launch, F="calc.exe")),
    "script in a place": lambda made: annotate(made, Dictionary(S=Name.JavaScript, JS="x")),
    "script at second hand": lambda made: annotate(
        made, Dictionary(S=Name.URI, URI="https://example.fi", Next=Dictionary(S=Name.JavaScript, JS="x"))
    ),
    "script under a name": lambda made: names_of(made, JavaScript=Dictionary(Names=Array([]))),
    "file within": lambda made: made.attachments.__setitem__("x.txt", b"example"),
    "form of another kind": lambda made: setattr(made.Root, "AcroForm", Dictionary(XFA=Array([]))),
    "sends what is filled in": lambda made: annotate(made, Dictionary(S=Name.SubmitForm, F="https://example.fi")),
}


@pytest.mark.parametrize("what", ACTING)
def test_pdf_that_does_something_by_itself_is_taken_and_noted(what: str) -> None:
    assert is_active(written(ACTING[what]))


def test_pdf_with_links_and_forms_is_nothing_special() -> None:
    def change(made: Pdf) -> None:
        annotate(made, Dictionary(S=Name.URI, URI="https://example.fi"))
        made.Root.AcroForm = Dictionary(Fields=Array([]))

    assert not is_active(written(change))


def test_pdf_with_more_than_is_looked_through_counts_as_one_that_acts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.services.inspecting.MOST_OBJECTS", 2)

    assert is_active(written())


# --- Documents -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["word/embeddings/oleObject1.bin", "word/activeX/activeX1.xml"])
def test_document_that_brings_something_else_along_is_noted(name: str) -> None:
    assert is_active(archive("[Content_Types].xml", "word/document.xml", name))


def test_document_that_leans_on_one_elsewhere_is_noted() -> None:
    rels = b'<Relationship Type="http://example.fi/attachedTemplate" Target="https://example.fi/x.dotm"/>'

    assert is_active(
        archive("[Content_Types].xml", "word/document.xml", holding={"word/_rels/settings.xml.rels": rels})
    )


# --- Whatever comes ------------------------------------------------------------------------------------------------------


@modest
@given(st.sampled_from(sorted(GOOD)), st.integers(0, 700), st.binary(min_size=1, max_size=12), st.booleans())
def test_damaged_file_is_taken_or_refused_and_nothing_else(name: str, at: int, noise: bytes, cut: bool) -> None:
    content = GOOD[name]
    damaged = content[:at] + noise + (b"" if cut else content[at + len(noise) :])

    assert isinstance(refusal(damaged), str)


@modest
@given(
    st.sampled_from([b"%PDF-1.7\n", PNG[:16], JPEG[:30], b"PK\x03\x04", acting_pdf()[:300]]), st.binary(max_size=300)
)
def test_any_content_is_taken_or_refused_and_nothing_else(head: bytes, rest: bytes) -> None:
    for content in (head + rest, head + rest + b"\n%%EOF\n", head + rest + pdf()):
        assert isinstance(refusal(content), str)
