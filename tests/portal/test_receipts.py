"""The receipt: its page, the PDF, the address where it can be checked."""

from __future__ import annotations

import io
import uuid
from datetime import timedelta
from html import unescape

import pikepdf
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import translation
from pytest_django import DjangoAssertNumQueries, Settings

from apps.applications import attachments
from apps.cases import intake
from apps.cases.models import Case
from apps.people.limits import LIMITS, Limit
from apps.people.models import Principal
from tests import build
from tests.portal import walk

pytestmark = pytest.mark.django_db
CODE = "010190-999W"


def case_with_everything() -> Case:
    """A case whose paper has a personal identity code, a file and a declaration."""
    version = build.version(
        build.page(
            "first",
            build.field("text", "title"),
            build.field("personal_identity_code", "code"),
            build.field("file", "plan"),
        ),
        declaration=build.said("All of this is true"),
    )
    paper = build.application(version, answers={"title": "An <b>example</b>", "code": CODE})
    file = attachments.receive(paper, "plan", SimpleUploadedFile("plan.pdf", build.PDF))
    file.save()
    paper.answers["plan"] = [file.known()]
    paper.save()
    return intake.send(paper, at=build.NOW.replace(second=7))


def seen(case: Case, name: str = "receipt", client: Client | None = None) -> str:
    """A page of the case as its customer sees it."""
    browser = client or build.signed_in(case.application.customer)
    return unescape(browser.get(reverse(f"portal:{name}", args=[case.number])).content.decode())


# --- the page --------------------------------------------------------------------------------------------------------


def test_receipt_says_number_and_time_to_the_second_and_what_was_sent() -> None:
    case = case_with_everything()
    with translation.override("en"):
        html = seen(case)
        assert f"Case number: {case.number}" in html
        assert "1.3.2027, 11:30:07" in html
    html = seen(case)
    assert "1.3.2027 kl. 11.30.07" in html
    assert "Title sv" in html
    assert "An <b>example</b>" in html
    assert "All of this is true sv" in html
    assert "Name of example sv" in html
    assert "example-town sv" in html
    assert case.application.digest in html


@pytest.mark.parametrize("language", ["sv", "fi", "en"])
def test_receipt_is_in_the_language_of_the_page(language: str) -> None:
    case = build.case()
    with translation.override(language):
        html = seen(case)
    assert f'<html lang="{language}">' in html
    assert {"sv": "Title sv", "fi": "Title fi", "en": "Title"}[language] in html


def test_receipt_lists_each_file_with_its_size_and_digest() -> None:
    case = case_with_everything()
    file = case.application.attachments.get()
    html = seen(case)
    assert "plan.pdf" in html
    assert f"{file.size} byte" in html
    assert file.sha256 in html


def test_receipt_shows_no_whole_identity_code() -> None:
    html = seen(case_with_everything())
    assert CODE not in html
    assert "010190-****" in html


def test_receipt_says_who_sent_it_and_for_whom_as_it_was_then() -> None:
    company = Principal.objects.create(kind="company", subject="1234567-1", name="Exempel Ab")
    life = walk.a_life(principal=company)
    company.name = "Renamed Ab"
    company.save()
    html = seen(life.case, client=walk.browser_of(life.colleague, company))
    assert life.customer.name in html
    assert "Exempel Ab (1234567-1)" in html


def test_receipt_of_a_supplement_is_its_own() -> None:
    life = walk.a_life()
    browser = build.signed_in(life.customer)
    html = unescape(
        browser.get(reverse("portal:supplement_receipt", args=[life.case.number, life.supplement.pk])).content.decode()
    )
    assert "So it is" in html
    assert life.supplement.digest in html
    assert life.case.application.digest not in html


def test_receipt_of_an_addition_calls_it_so() -> None:
    case = build.case()
    customer = case.application.customer
    addition = intake.begin_addition(case, customer)
    addition.answers = {"supplement_text": "One thing more"}
    addition.save()
    intake.send(addition, by=customer)
    with translation.override("en"):
        answer = build.signed_in(customer).get(reverse("portal:supplement_receipt", args=[case.number, addition.pk]))
    assert "What you added" in answer.content.decode()
    assert "One thing more" in answer.content.decode()


def test_receipt_of_a_paper_of_another_case_is_not_found() -> None:
    case, other = build.case(), build.case()
    browser = build.signed_in(case.application.customer)
    for name in ("supplement_receipt", "supplement_receipt_pdf"):
        assert browser.get(reverse(f"portal:{name}", args=[case.number, other.application.pk])).status_code == 404


@pytest.mark.parametrize("name", ["receipt", "receipt_pdf"])
def test_receipt_is_for_its_customer_only(name: str) -> None:
    case = build.case()
    address = reverse(f"portal:{name}", args=[case.number])
    assert build.signed_in(build.customer("Other")).get(address).status_code == 404
    assert Client().get(address).status_code == 302


@pytest.mark.parametrize("name", ["receipt", "receipt_pdf"])
def test_receipt_costs_three_queries(name: str, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    case = build.case()
    browser = build.signed_in(case.application.customer)
    with django_assert_num_queries(3):  # session, customer, the diary line with its paper
        browser.get(reverse(f"portal:{name}", args=[case.number]))


# --- the PDF ---------------------------------------------------------------------------------------------------------


def test_pdf_is_a_download_in_the_language_of_the_paper() -> None:
    case = build.case(language="fi")
    answer = build.signed_in(case.application.customer).get(reverse("portal:receipt_pdf", args=[case.number]))
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{case.number}.pdf"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer.headers["Cache-Control"]
    with pikepdf.open(io.BytesIO(answer.content)) as made:
        assert made.Root.Lang == "fi-FI"
        assert str(case.number) in str(made.docinfo["/Title"])


def test_pdf_of_a_supplement_has_a_name_of_its_own() -> None:
    life = walk.a_life()
    address = reverse("portal:supplement_receipt_pdf", args=[life.case.number, life.supplement.pk])
    answer = build.signed_in(life.customer).get(address)
    number = life.supplement.event.number
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{life.case.number}-{number}.pdf"'


def test_page_leads_to_the_pdf_and_to_the_check_address() -> None:
    case = build.case()
    html = seen(case)
    assert reverse("portal:receipt_pdf", args=[case.number]) in html
    assert f"http://testserver{reverse('portal:receipt_check', args=[case.application.pk])}" in html


# --- is it genuine? --------------------------------------------------------------------------------------------------


def checked(case: Case, digest: str | None = None) -> str:
    """What somebody who only holds the receipt is told."""
    address = reverse("portal:receipt_check", args=[case.application.pk])
    return unescape(Client().get(address, {"digest": digest} if digest is not None else {}).content.decode())


def test_anybody_sees_that_number_time_and_digest_are_genuine() -> None:
    case = case_with_everything()
    html = checked(case)
    assert str(case.number) in html
    assert "1.3.2027 kl. 11.30.07" in html
    assert case.application.digest in html


def test_check_tells_nothing_else() -> None:
    case = case_with_everything()
    html = checked(case)
    told = ("example-town", "Name of example", "Example Customer", "Title", "plan.pdf", "010190", "All of this")
    assert [word for word in told if word in html] == []


def test_check_of_a_supplement_shows_its_own_digest() -> None:
    life = walk.a_life()
    html = unescape(Client().get(reverse("portal:receipt_check", args=[life.supplement.pk])).content.decode())
    assert life.supplement.digest in html
    assert str(life.case.number) in html


def test_check_of_nothing_and_of_a_draft_are_the_same_page_in_words() -> None:
    draft = build.application()
    unknown, of_draft = (Client().get(reverse("portal:receipt_check", args=[pk])) for pk in (uuid.uuid4(), draft.pk))
    assert unknown.status_code == of_draft.status_code == 404
    with translation.override("en"):
        answer = Client().get(reverse("portal:receipt_check", args=[draft.pk]))
    assert "There is no such receipt" in answer.content.decode()


def test_check_is_kept_by_nobody() -> None:
    case = build.case()
    for pk in (case.application.pk, uuid.uuid4()):
        answer = Client().get(reverse("portal:receipt_check", args=[pk]))
        assert answer.headers["X-Robots-Tag"] == "noindex"
        assert "no-store" in answer.headers["Cache-Control"]


def test_digest_typed_from_paper_is_compared() -> None:
    case = build.case()
    digest = case.application.digest
    as_typed = f"{digest[:32].upper()}\n {digest[32:]}"
    with translation.override("en"):
        assert "The digest is the same." in checked(case, as_typed)
        assert "The digest is another one" in checked(case, "0" * 64)


@pytest.mark.parametrize("slip", ["", "abc", "g" * 64, "0" * 63])
def test_slip_in_the_digest_is_an_error_and_no_forgery(slip: str) -> None:
    with translation.override("en"):
        html = checked(build.case(), slip)
    assert "<title>Error:" in html
    assert "another one" not in html


def test_check_is_limited(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    settings.RATE_LIMITS = True
    monkeypatch.setitem(LIMITS, "receipt_check", Limit(2, timedelta(minutes=10)))
    case = build.case()
    address = reverse("portal:receipt_check", args=[case.application.pk])
    assert [Client().get(address).status_code for _n in range(3)] == [200, 200, 429]


def test_check_costs_two_queries(django_assert_num_queries: DjangoAssertNumQueries, settings: Settings) -> None:
    case = build.case()
    address = reverse("portal:receipt_check", args=[case.application.pk])
    settings.RATE_LIMITS = True
    with django_assert_num_queries(2):  # the limit, the diary line with its paper
        Client().get(address)
