"""Receiving a file: content byte for byte under a name of its own, and a name for people that can do no harm."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import Http404
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.applications.attachments import as_download, cautions, receive, taken
from apps.cases.models import Document
from apps.services.filetypes import plain_name
from apps.services.inspecting import Unfit
from tests.applications.papers import DOCX, JPEG, ODT, PDF, PNG, acting_pdf, content_of, on_disk, picture, upload
from tests.build import application, pdf

modest = settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # the folder of the test is everybody's
)


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("plan.pdf", "plan.pdf"),
        ("PLAN.PDF", "PLAN.PDF"),
        ("Räddningsplan åäö.pdf", "Räddningsplan åäö.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("..\\..\\windows\\plan.pdf", "plan.pdf"),
        ("/plan.pdf", "plan.pdf"),
        ("plan", "plan.pdf"),
        ("plan.exe", "plan.exe.pdf"),
        ("plan.pdf.exe", "plan.pdf.exe.pdf"),
        ("plan.html", "plan.html.pdf"),
        ("", "file.pdf"),
        ("...", "file.pdf"),
        ("/", "file.pdf"),
        (".pdf", "pdf.pdf"),
        ("plan\u202efdp.exe", "planfdp.exe.pdf"),
        ("pl\x00an\r\n.pdf", "plan.pdf"),
        ("plan\ud800.pdf", "plan.pdf"),
        ("a\u0308.pdf", "ä.pdf"),
    ],
)
def test_name_for_people_can_do_no_harm(name: str, plain: str) -> None:
    assert plain_name(name, (".pdf",)) == plain


def test_ending_may_be_any_of_those_of_the_type() -> None:
    assert plain_name("photo.jpeg", (".jpg", ".jpeg")) == "photo.jpeg"
    assert plain_name("photo.png", (".jpg", ".jpeg")) == "photo.png.jpg"


@modest
@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=400))
def test_any_name_becomes_one_that_can_be_stored(name: str) -> None:
    plain = plain_name(name, (".pdf",))

    assert plain.lower().endswith(".pdf")
    assert len(plain) <= 160
    assert not set(plain) & set("/\\\x00\r\n\u202e\u200f")
    assert plain.encode("utf-8")


@pytest.mark.django_db
def test_content_is_stored_byte_for_byte_with_its_digest() -> None:
    content = picture("PNG", (300, 200))

    attachment = receive(application(), "plan", upload("plan.png", content))
    attachment.save()

    assert content_of(attachment) == content
    assert attachment.size == len(content)
    assert attachment.sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.django_db
def test_type_is_that_of_the_content_whatever_the_name_and_the_browser_say() -> None:
    attachment = receive(application(), "plan", upload("plan.pdf", JPEG))

    assert attachment.media_type == "image/jpeg"
    assert attachment.name == "plan.pdf.jpg"


@pytest.mark.django_db
def test_content_lies_under_a_name_that_nobody_can_guess_or_choose() -> None:
    paper = application()

    first, second = (receive(paper, "plan", upload("../../x.pdf")) for _n in range(2))

    assert first.content.name != second.content.name
    for attachment in (first, second):
        assert str(attachment.content.name).count("/") == 1
        assert "x" not in Path(str(attachment.content.name)).suffix
        assert attachment.id.hex not in str(attachment.content.name)


@pytest.mark.django_db
def test_content_can_be_read_by_the_service_only() -> None:
    attachment = receive(application(), "plan", upload())

    path = Path(attachment.content.path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.django_db
@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"%PDF-1.7 cut off", PDF + DOCX], ids=["empty", "page", "cut", "two"]
)
def test_content_that_is_not_fit_is_never_stored(content: bytes) -> None:
    with pytest.raises(Unfit):
        receive(application(), "plan", upload("plan.pdf", content))

    assert on_disk() == []


@pytest.mark.django_db
def test_active_content_is_noted_and_the_bytes_stay_as_they_were() -> None:
    content = acting_pdf()

    attachment = receive(application(), "plan", upload("plan.pdf", content))

    assert attachment.active
    assert content_of(attachment) == content
    assert "active" not in attachment.known()
    assert len(cautions([attachment])) == 1


# --- Files that came with no form of a service -------------------------------------------------------------------------


def test_file_of_a_message_is_stored_in_the_row_that_is_given() -> None:
    row = taken(Document(), upload("Räddningsplan.pdf"))

    assert isinstance(row, Document)
    assert (row.name, row.media_type, row.size) == ("Räddningsplan.pdf", "application/pdf", len(PDF))
    assert len(on_disk()) == 1


@pytest.mark.parametrize(
    ("file", "limits"),
    [
        (("empty.pdf", b""), {}),
        (("page.pdf", b"<html>"), {}),
        (("cut.pdf", PDF[:-10]), {}),
        (("photo.jpg", JPEG), {"kinds": ("pdf",)}),
        (("large.pdf", pdf(1_000_001)), {"megabytes": 1}),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_file_of_a_message_is_refused_by_name_and_nothing_is_stored(file: tuple[str, bytes], limits: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        taken(Document(), upload(*file), **limits)

    assert refused.value.messages[0].startswith(f"{file[0]}: ")
    assert on_disk() == []


@pytest.mark.django_db
@pytest.mark.parametrize("scan", ["waiting", "found"])
def test_file_that_is_not_to_be_read_is_never_given_out(scan: str) -> None:
    attachment = receive(application(), "plan", upload())
    attachment.scan = scan

    with pytest.raises(Http404):
        as_download(attachment)


# --- Whatever comes ------------------------------------------------------------------------------------------------------


@pytest.mark.thorough
@modest
@given(
    st.text(alphabet=st.characters(exclude_categories=()), max_size=60),
    st.sampled_from([PDF, PNG, JPEG, DOCX, ODT, b"", b"MZ", b"<svg/>"]),
    st.sampled_from([b"", PDF, DOCX, b"<script>", b"\0"]),
    st.integers(0, 600),
    st.binary(max_size=8),
)
def test_any_file_is_stored_as_it_is_or_refused(name: str, content: bytes, after: bytes, at: int, noise: bytes) -> None:
    sent = (content[:at] + noise + content[at + len(noise) :] if noise else content) + after
    row: Document | None = None
    try:
        row = taken(Document(), SimpleUploadedFile(name or "x", sent))
        said = row.name
    except ValidationError as refused:
        said = refused.messages[0].partition(": ")[0]
    assert not set(said) & set("/\\\0\r\n\u202e")
    if row is None:
        return
    try:
        assert content_of(row) == sent
        assert row.sha256 == hashlib.sha256(sent).hexdigest()
        assert Path(row.content.path).resolve().is_relative_to(Path(default_storage.location).resolve())  # type: ignore[attr-defined]
        assert row.name == plain_name(row.name, (f".{row.name.rpartition('.')[2].lower()}",))
    finally:
        row.content.delete(save=False)
