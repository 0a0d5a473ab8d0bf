"""Doors: nobody but the customer gets anything out of an address, and no browser keeps what it has shown."""

from __future__ import annotations

import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from apps.applications.models import Application, Attachment
from apps.cases import intake
from apps.cases.models import Case
from tests import build

pytestmark = pytest.mark.django_db
PDF = build.PDF


def customer_with_everything() -> dict[str, list[str]]:
    """Every address with an object of one customer: a draft with a file, and a case with a file."""
    version = build.version(build.page("first", build.field("text", "title"), build.field("file", "plan")))
    papers = []
    for _n in range(2):
        paper = build.application(version, answers={})
        file = SimpleUploadedFile("plan.pdf", PDF, "application/pdf")
        browser = build.signed_in(paper.customer)
        browser.post(reverse("portal:page", args=[paper.pk, "first"]), {"title": "Own", "plan": file})
        paper.refresh_from_db()
        papers.append(paper)
    draft, sent = papers
    case = intake.send(sent)
    found = [reverse(f"portal:{name}", args=[draft.pk]) for name in ("application", "check", "send", "discard")]
    found += [reverse("portal:page", args=[draft.pk, "first"])]
    found += [reverse("portal:page", args=[sent.pk, "first"]), reverse("portal:application", args=[sent.pk])]
    names = ("case", "answer", "withdraw", "receipt")
    found += [reverse(f"portal:{name}", args=[case.number]) for name in names]
    found += [reverse("portal:supplement_receipt", args=[case.number, sent.pk])]
    found += [reverse("portal:file", args=[a.pk]) for a in Attachment.objects.all()]
    return {"addresses": found, "number": [str(case.number)]}


def seen(browser: Client, address: str) -> HttpResponse:
    """The answer to a GET, read to its end so that a file is closed."""
    response = browser.get(address)
    if response.streaming:
        b"".join(response.streaming_content)  # type: ignore[attr-defined]
    return response  # type: ignore[return-value]


def test_every_address_with_an_object_answers_its_customer() -> None:
    browser = build.signed_in(build.customer())
    for address in customer_with_everything()["addresses"]:
        assert seen(browser, address).status_code in (200, 302), address


@pytest.mark.thorough
@pytest.mark.parametrize("who", ["another customer", "an official of the authority", "the installation's superuser"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_every_address_with_an_object_is_not_found_for_a_stranger(who: str, method: str) -> None:
    addresses = customer_with_everything()["addresses"]
    browser = build.signed_in(build.customer("Other"))
    if who == "an official of the authority":
        browser.force_login(build.official())
    if who == "the installation's superuser":
        browser.force_login(build.superuser())
    for address in addresses:
        only_get = "/receipt/" in address or "/files/" in address or address.endswith("/check/")
        only_get = only_get or address.split("/")[-3] in ("cases", "applications")
        expected = 405 if method == "post" and only_get else 404
        assert getattr(browser, method)(address).status_code == expected, address
    assert Case.objects.get().status == "received"
    assert Application.objects.count() == 2


@pytest.mark.parametrize("who", ["nobody", "an official of the authority"])
def test_every_address_with_an_object_leads_one_who_is_no_customer_to_sign_in(who: str) -> None:
    addresses = customer_with_everything()["addresses"]
    browser = build.signed_in(build.official()) if who != "nobody" else Client()
    for address in [*addresses, reverse("portal:my_cases")]:
        response = browser.get(address)
        assert response.status_code == 302, address
        assert response.headers["Location"].startswith("/sv/sign-in/?next="), address


@pytest.mark.parametrize(
    "path",
    [
        f"/sv/applications/{uuid.UUID(int=0)}/",
        f"/sv/applications/{uuid.UUID(int=0)}/pages/first/",
        "/sv/applications/1/",
        "/sv/cases/FE-2027-999999/",
        "/sv/cases/FE-2027-%00/",
        "/sv/cases/" + "9" * 400 + "/",
        "/sv/cases/fe-2027-000001/",
        "/sv/cases/../",
        f"/sv/files/{uuid.UUID(int=0)}/",
        "/sv/files/plan.pdf/",
        "/sv/services/%00/",
        "/sv/services/" + "x" * 3_000 + "/",
    ],
)
def test_address_of_nothing_is_not_found(path: str) -> None:
    assert build.signed_in(build.customer()).get(path).status_code == 404


def test_no_page_is_kept_by_a_browser() -> None:
    addresses = customer_with_everything()["addresses"]
    browser = build.signed_in(build.customer())
    public = [reverse(f"portal:{name}") for name in ("home", "my_cases", "sign_in")]
    for address in [*addresses, *public, reverse("portal:service", args=["example"])]:
        assert "no-store" in seen(browser, address).headers["Cache-Control"], address


def test_page_that_is_not_found_is_not_kept_either() -> None:
    response = build.signed_in(build.customer()).get("/sv/cases/FE-2027-999999/")
    assert "no-store" in response.headers["Cache-Control"]


def test_no_page_allows_anything_from_elsewhere() -> None:
    addresses = customer_with_everything()["addresses"]
    browser = build.signed_in(build.customer())
    for address in addresses:
        response = seen(browser, address)
        assert "default-src" in response.headers["Content-Security-Policy"]
        if response.headers.get("Content-Type", "").startswith("text/html"):
            html = response.content.decode()
            assert " style=" not in html
            assert " onclick=" not in html
