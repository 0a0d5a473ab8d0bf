"""Files that come with a step: stored before it, kept with its line, removed when it comes to nothing."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import Http404
from django.utils.datastructures import MultiValueDict

from apps.cases import documents
from apps.cases.models import Case, Document, NotAllowed
from tests import build

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, settings: object) -> None:
    settings.MEDIA_ROOT = str(tmp_path)  # type: ignore[attr-defined]


def stored() -> list[Path]:
    """The contents there are."""
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


def plan(name: str = "plan.pdf", content: bytes = build.PDF) -> SimpleUploadedFile:
    """A file as a browser sends it."""
    return SimpleUploadedFile(name, content, "text/html")


def write(case: Case, *files: SimpleUploadedFile, text: str = "Here", once: str = "") -> None:
    """Write to the customer with files."""
    with documents.received(files) as found:
        case.take_step("write", by=build.official(), text=text, files=found, once=once)


class Form(forms.Form):
    """A form with files."""

    files = documents.EnclosedField("Files")  # type: ignore[assignment]  # named as the step's fact, as everywhere


def form(*files: SimpleUploadedFile) -> Form:
    """The form with files chosen."""
    return Form({}, MultiValueDict({"files": list(files)}))


def test_file_is_kept_with_its_line_unchanged_under_another_name() -> None:
    case = build.case()

    write(case, plan("../ritning åäö.pdf"))

    line = case.events.get(kind="write")
    document = line.documents.get()
    assert line.data == {"text": "Here", "files": [document.known()]}
    assert (document.name, document.media_type) == ("ritning åäö.pdf", "application/pdf")
    assert [path.read_bytes() for path in stored()] == [build.PDF]
    assert "ritning" not in str(stored())


def test_content_is_removed_when_the_step_is_refused() -> None:
    case = build.case()

    with pytest.raises(NotAllowed):
        write(case, plan(), text=" ")

    assert stored() == []
    assert not Document.objects.exists()


def test_content_of_the_form_sent_again_is_removed() -> None:
    case = build.case()

    for _n in range(2):
        write(case, plan(), once="form")

    assert Document.objects.count() == len(stored()) == 1


def test_one_that_cannot_be_taken_leaves_none() -> None:
    case = build.case()

    with pytest.raises(ValidationError, match=r"page\.pdf"):
        write(case, plan(), plan("page.pdf", b"<html>"))

    assert stored() == []
    assert case.events.count() == 1


def test_form_takes_files_and_none() -> None:
    assert form().is_valid()
    chosen = form(plan(), plan("b.pdf"))
    assert chosen.is_valid()
    assert [file.name for file in chosen.cleaned_data["files"]] == ["plan.pdf", "b.pdf"]


@pytest.mark.parametrize(
    "files",
    [
        [("page.pdf", b"<html>")],
        [("empty.pdf", b"")],
        [(f"{n}.pdf", build.PDF) for n in range(6)],
        [("large.pdf", build.pdf(10_000_001))],
    ],
)
def test_form_says_what_is_wrong_with_each_file(files: list[tuple[str, bytes]]) -> None:
    refused = form(*(plan(name, content) for name, content in files))

    assert not refused.is_valid()
    assert files[-1][0] in str(refused.errors["files"])


def test_document_is_found_in_its_own_case_only() -> None:
    case, other = build.case(), build.case()
    write(case, plan())
    document = Document.objects.get()

    assert documents.document_of(case, document.pk) == document
    for where, pk in ((other, document.pk), (case, uuid.uuid4())):
        with pytest.raises(Http404):
            documents.document_of(where, pk)


@pytest.mark.parametrize("scan", [Document.Scan.WAITING, Document.Scan.FOUND])
def test_document_that_is_not_clean_is_given_to_nobody(scan: str) -> None:
    case = build.case()
    write(case, plan())
    Document.objects.update(scan=scan)

    with pytest.raises(Http404):
        documents.document_of(case, Document.objects.get().pk)
