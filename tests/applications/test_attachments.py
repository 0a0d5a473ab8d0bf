"""Receiving a file: content byte for byte under a name of its own, and a name for people that can do no harm."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.applications.attachments import plain_name, receive
from tests.applications.papers import DOCX, JPEG, PDF, content_of, upload
from tests.build import application

modest = settings(max_examples=100, deadline=None, derandomize=True, database=None)


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
    content = PDF + bytes(range(256)) * 1_000

    attachment = receive(application(), "plan", upload("plan.pdf", content))
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
def test_content_of_no_known_type_is_never_stored() -> None:
    with pytest.raises(ValueError, match="known type"):
        receive(application(), "plan", upload("plan.pdf", b"<html>"))


@pytest.mark.django_db
def test_file_that_is_two_things_is_kept_as_what_it_begins_as() -> None:
    both = PDF + DOCX

    attachment = receive(application(), "plan", upload("both.docx", both))

    assert attachment.media_type == "application/pdf"
    assert attachment.name == "both.docx.pdf"
    assert content_of(attachment) == both
