"""Files: given back byte for byte, as downloads, and only when they count."""

from __future__ import annotations

import hashlib

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from apps.applications.models import Application, Attachment
from apps.cases import intake
from tests import build

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7\nexample\n%%EOF\n"


def with_file(name: str = "Plan å 1.pdf") -> Application:
    """A draft with a file."""
    paper = build.application(build.version(build.page("first", build.field("file", "plan"))), answers={})
    file = SimpleUploadedFile(name, PDF, "text/html")
    build.signed_in(paper.customer).post(reverse("portal:page", args=[paper.pk, "first"]), {"plan": file})
    paper.refresh_from_db()
    return paper


@pytest.mark.parametrize("sent", [False, True])
def test_file_comes_back_byte_for_byte_as_a_download(sent: bool) -> None:
    paper = with_file()
    if sent:
        intake.send(paper)
    attachment = Attachment.objects.get()
    response = build.signed_in(paper.customer).get(reverse("portal:file", args=[attachment.pk]))
    content = b"".join(response.streaming_content)  # type: ignore[attr-defined]
    assert hashlib.sha256(content).hexdigest() == attachment.sha256
    assert response.headers["Content-Type"] == "application/pdf"
    assert response.headers["Content-Length"] == str(len(PDF))
    assert response.headers["Content-Disposition"] == "attachment; filename*=utf-8''Plan%20%C3%A5%201.pdf"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert {"private", "no-store"} <= set(response.headers["Cache-Control"].split(", "))


def test_file_that_does_not_count_in_what_was_sent_is_not_found() -> None:
    paper = with_file()
    intake.send(paper)
    Attachment.objects.update(
        application=build.case(paper.version, answers={"plan": [Attachment.objects.get().known()]}).application
    )
    other = Attachment.objects.get()
    other.pk = None
    other.id = Attachment._meta.get_field("id").get_default()
    other.save(force_insert=True)
    browser = build.signed_in(paper.customer)
    assert browser.get(reverse("portal:file", args=[other.pk])).status_code == 404


def test_file_costs_three_queries(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    paper = with_file()
    address = reverse("portal:file", args=[Attachment.objects.get().pk])
    browser = build.signed_in(paper.customer)
    with django_assert_num_queries(3):  # session, customer, attachment
        b"".join(browser.get(address).streaming_content)  # type: ignore[attr-defined]
