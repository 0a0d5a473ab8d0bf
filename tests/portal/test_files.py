"""Files: given back byte for byte, as downloads, and only when they count."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from apps.applications.models import Application, Attachment
from apps.cases import intake
from tests import build
from tests.applications.clamd import answering, saying

pytestmark = pytest.mark.django_db
PDF = build.PDF


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


# --- Files that are not given out (yet) --------------------------------------------------------------------------------


@pytest.mark.parametrize("scan", ["waiting", "found"])
def test_file_that_is_not_to_be_read_is_said_so_in_words(scan: str) -> None:
    paper = with_file()
    Attachment.objects.update(scan=scan)
    browser = build.signed_in(paper.customer)

    response = browser.get(reverse("portal:file", args=[Attachment.objects.get().pk]))

    assert response.status_code == 409
    assert "<h1>" in response.content.decode()
    assert PDF not in response.content


@pytest.mark.parametrize(("scan", "words"), [("waiting", "Waits to be scanned"), ("found", "Malware was found")])
def test_mark_stands_at_the_file_on_its_page_and_before_sending(scan: str, words: str) -> None:
    paper = with_file()
    browser = build.signed_in(paper.customer)
    pages = [f"/en/applications/{paper.pk}/pages/first/", f"/en/applications/{paper.pk}/check/"]
    assert [words in browser.get(page).content.decode() for page in pages] == [False, False]

    Attachment.objects.update(scan=scan)

    assert [words in browser.get(page).content.decode() for page in pages] == [True, True]
    panel = browser.get(pages[1]).content.decode()
    assert "Not all files can be sent yet" in panel
    assert "Your draft is kept" in panel


def test_sending_is_refused_in_words_while_a_file_waits(settings: Settings) -> None:
    paper = with_file()
    Attachment.objects.update(scan="waiting")
    settings.SCANNER = "127.0.0.1:1"
    browser = build.signed_in(paper.customer)

    response = browser.post(f"/en/applications/{paper.pk}/send/", {}, follow=True)

    assert response.redirect_chain[-1][0] == f"/en/applications/{paper.pk}/check/"
    paper.refresh_from_db()
    assert paper.is_draft
    assert Attachment.objects.count() == 1


# --- Kept at once ------------------------------------------------------------------------------------------------------


def two_pages(**more: Any) -> Application:
    """A draft at its second page, which asks for files."""
    version = build.version(
        build.page("first", build.field("text", "title")),
        build.page(
            "second", build.field("file", "plan", max_files=2, max_megabytes=1, **more), build.field("text", "it")
        ),
    )
    return build.application(version, answers={"title": "Example"})


def at_once(paper: Application, *files: SimpleUploadedFile, field: str = "plan", by: Client | None = None) -> Any:
    """What the server says to files that are sent by themselves."""
    address = reverse("portal:files_of_question", args=[paper.pk, field])
    return (by or build.signed_in(paper.customer)).post(address, {field: list(files)})


def pdf(name: str = "plan.pdf", content: bytes = PDF) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def test_file_sent_by_itself_is_kept_and_the_question_comes_back_alone() -> None:
    paper = two_pages()

    response = at_once(paper, pdf("Räddning.pdf"))

    html = response.content.decode()
    assert response.status_code == 200
    assert html.startswith('<div class="question"')
    assert "Räddning.pdf" in html
    assert html.count('type="file"') == 1
    paper.refresh_from_db()
    assert paper.answers == {"title": "Example", "plan": [Attachment.objects.get().known()]}
    assert paper.changed_by == paper.customer


def test_question_that_comes_back_is_as_it_stands_on_the_page() -> None:
    paper = two_pages()
    alone = at_once(paper, pdf()).content.decode()

    page = build.signed_in(paper.customer).get(reverse("portal:page", args=[paper.pk, "second"])).content.decode()

    assert alone in page


def test_page_tells_where_its_files_are_sent() -> None:
    paper = two_pages()
    html = build.signed_in(paper.customer).get(reverse("portal:page", args=[paper.pk, "second"])).content.decode()

    there = reverse("portal:files_of_question", args=[paper.pk, "plan"])
    assert f'data-files="{there.removesuffix("plan/")}"' in html
    assert "js/upload.js" in html
    assert '<template id="upload"' in html


def test_page_without_files_brings_no_script_for_them() -> None:
    paper = two_pages()
    html = build.signed_in(paper.customer).get(reverse("portal:page", args=[paper.pk, "first"])).content.decode()

    assert "upload" not in html


def test_what_is_wrong_is_said_at_the_question_and_the_rest_is_kept() -> None:
    paper = two_pages()

    response = at_once(paper, pdf("good.pdf"), pdf("page.pdf", b"<html>"), pdf("large.pdf", build.pdf(1_100_000)))

    html = response.content.decode()
    assert response.status_code == 200
    assert html.count('class="question__error"') == 1
    assert 'aria-invalid="true"' in html
    assert "page.pdf: " in html
    assert "large.pdf: " in html
    assert [found.name for found in Attachment.objects.all()] == ["good.pdf"]


def test_no_more_files_are_taken_than_may_be_sent() -> None:
    paper = two_pages()
    at_once(paper, pdf("1.pdf"))

    response = at_once(paper, pdf("2.pdf"), pdf("3.pdf"))

    assert response.status_code == 200
    assert "3.pdf: " in response.content.decode()
    assert Attachment.objects.count() == 2


def test_files_larger_together_than_may_be_are_named(settings: Settings) -> None:
    settings.UPLOAD_MAX_BYTES = 900_000
    paper = two_pages()

    response = at_once(paper, pdf("1.pdf", build.pdf(600_000)), pdf("2.pdf", build.pdf(600_000)))

    assert response.status_code == 200
    assert "2.pdf: " in response.content.decode()
    assert [found.name for found in Attachment.objects.all()] == ["1.pdf"]


def test_question_can_be_looked_at_alone() -> None:
    paper = two_pages()
    at_once(paper, pdf())

    response = build.signed_in(paper.customer).get(reverse("portal:files_of_question", args=[paper.pk, "plan"]))

    assert response.status_code == 200
    assert "plan.pdf" in response.content.decode()


@pytest.mark.parametrize("field", ["title", "it", "nothing"])
def test_files_for_a_question_that_asks_for_none_are_not_found(field: str) -> None:
    assert at_once(two_pages(), pdf(), field=field).status_code == 404
    assert not Attachment.objects.exists()


def test_files_for_somebody_elses_draft_are_not_found() -> None:
    paper = two_pages()

    assert at_once(paper, pdf(), by=build.signed_in(build.customer("Other"))).status_code == 404
    assert not Attachment.objects.exists()


def test_files_for_a_page_that_may_not_be_opened_yet_are_not_kept() -> None:
    paper = two_pages()
    Application.objects.filter(pk=paper.pk).update(answers={})

    assert at_once(paper, pdf()).headers["Location"] == reverse("portal:application", args=[paper.pk])
    assert not Attachment.objects.exists()


def test_files_for_what_has_been_sent_are_not_kept() -> None:
    paper = two_pages(required=False)
    paper.answers["it"] = "Example"
    paper.save()
    intake.send(paper)

    assert at_once(paper, pdf()).status_code == 302
    assert not Attachment.objects.exists()


def test_files_of_a_stranger_lead_to_signing_in() -> None:
    response = at_once(two_pages(), pdf(), by=Client())

    assert reverse("portal:sign_in") in response.headers["Location"]
    assert not Attachment.objects.exists()


def test_files_without_the_forms_safety_mark_are_not_kept() -> None:
    paper = two_pages()

    assert at_once(paper, pdf(), by=build.signed_in(paper.customer, enforce_csrf_checks=True)).status_code == 403
    assert not Attachment.objects.exists()


def test_infected_file_is_said_at_the_question(settings: Settings) -> None:
    with answering(saying(b"stream: Example.Virus FOUND\0")) as settings.SCANNER:
        response = at_once(two_pages(), pdf())

    assert response.status_code == 200
    assert "plan.pdf: " in response.content.decode()
    assert not Attachment.objects.exists()


def test_file_that_waits_is_marked_in_what_comes_back(settings: Settings) -> None:
    settings.SCANNER = "127.0.0.1:1"

    response = at_once(two_pages(), pdf())

    assert response.status_code == 200
    assert 'class="file__mark"' in response.content.decode()


def test_what_is_written_about_a_file_is_kept_with_the_page_and_not_before() -> None:
    paper = two_pages(describe=True)
    response = at_once(paper, pdf())

    assert f'name="plan-about-{Attachment.objects.get().pk}"' in response.content.decode()
    assert "question__error" not in response.content.decode()
