"""A tester's way: the link, beginning, filling in, sending, and everything after that, marked on every page."""

from __future__ import annotations

import io
from datetime import timedelta
from html import unescape

import pikepdf
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation
from pytest_django import DjangoAssertNumQueries, Settings

from apps.applications import receiptpdf
from apps.applications.models import Application
from apps.cases import intake
from apps.cases.models import Case
from apps.people.models import Customer, Mandate
from apps.portal.receipts import receipt_of
from apps.services import publishing, rehearsing
from apps.services.models import Rehearsal
from tests import build
from tests.build import NOW, field, page
from tests.portal import walk

pytestmark = pytest.mark.django_db
MARK = "TEST – the authority does not handle this"


@pytest.fixture
def rehearsal() -> Rehearsal:
    """The test of a second version, the first of which customers fill in."""
    build.version(page("first", field("text", "title")))
    version = build.version(page("first", field("text", "title"), field("text", "new")), published=False)
    return rehearsing.open_rehearsal(version, by=build.official("designs", role="designer"), at=NOW)


def link(rehearsal: Rehearsal, name: str = "Some Body") -> str:
    return reverse("portal:testing", args=[rehearsing.add_tester(rehearsal, name)[1]])


def english(who: Customer | None) -> Client:
    """A browser of a customer who reads English."""
    language = {"accept-language": "en"}
    return build.signed_in(who, headers=language) if who else Client(headers=language)


def seen(browser: Client, address: str) -> str:
    """What stands on a page, in English."""
    return unescape(browser.get(address.replace("/sv/", "/en/", 1), follow=True).content.decode())


def begun(rehearsal: Rehearsal, who: Customer | None = None) -> Application:
    """The draft that a tester has begun."""
    browser = build.signed_in(who or build.customer("Tester"))
    browser.post(link(rehearsal))
    return Application.objects.get(is_test=True)


def sent(rehearsal: Rehearsal) -> Case:
    """The case that a tester has sent."""
    paper = begun(rehearsal)
    paper.answers = {"title": "An example", "new": "Yes"}
    paper.save()
    return intake.send(paper, by=paper.customer, at=NOW)


# --- the link --------------------------------------------------------------------------------------------------------


def test_link_says_what_is_tested_and_by_whose_wish(rehearsal: Rehearsal) -> None:
    html = seen(english(None), link(rehearsal))

    for expected in (MARK, "Name of example", "example-town en", "designs", "Some Body", "Sign in and begin the test"):
        assert expected in html
    assert "noindex" in Client().get(link(rehearsal))["X-Robots-Tag"]


@pytest.mark.parametrize("key", ["x" * 43, "-" * 43])
def test_link_that_was_made_up_leads_to_no_test(rehearsal: Rehearsal, key: str) -> None:
    answer = english(None).get(f"/en/testing/{key}/")

    assert answer.status_code == 404
    assert "Ask whoever gave it to you" in answer.content.decode()


def test_who_is_not_signed_in_signs_in_and_comes_back(rehearsal: Rehearsal, settings: Settings) -> None:
    settings.DEBUG = settings.TEST_IDENTITY = True
    browser, address = Client(), link(rehearsal)

    to_sign_in = browser.post(address)
    assert to_sign_in.headers["Location"].startswith(reverse("portal:sign_in"))
    back = browser.post(
        reverse("portal:sign_in"), {"given_name": "Some", "family_name": "Body", "next": address}, follow=False
    )

    assert back.headers["Location"] == address


def test_a_service_that_must_know_for_sure_wants_its_testers_known_for_sure() -> None:
    version = build.version(identification="strong", published=False)
    test = rehearsing.open_rehearsal(version, by=None)
    weak = Customer.objects.create(way="email", subject="x@example.com", email="x@example.com")

    answer = build.signed_in(weak).post(link(test))

    assert "strongly=yes" in answer.headers["Location"]
    assert not Application.objects.exists()


def test_first_who_begins_has_the_link_for_their_own(rehearsal: Rehearsal) -> None:
    address = link(rehearsal)
    begins, comes_later = english(build.customer("First")), english(build.customer("Second"))

    begins.post(address)
    html = unescape(comes_later.post(address.replace("/sv/", "/en/", 1), follow=True).content.decode())

    assert "Somebody else has begun with this link" in html
    assert Application.objects.get().customer == build.customer("First")
    assert "Begin once more" in seen(begins, address)


def test_what_was_begun_is_listed_with_its_link(rehearsal: Rehearsal, django_assert_max_num_queries: object) -> None:
    case = sent(rehearsal)
    tester = rehearsal.testers.get()
    key = "k" * 43
    tester.key_digest = rehearsing.digest_of(key)
    tester.save()
    browser = english(case.application.customer)
    browser.post(f"/en/testing/{key}/")

    with django_assert_max_num_queries(10):  # type: ignore[operator]
        html = seen(browser, f"/en/testing/{key}/")

    assert str(case.number) in html
    assert "Go on with the draft" in html


def test_a_test_begins_the_version_that_is_tested_and_no_undertaking(rehearsal: Rehearsal) -> None:
    paper = begun(rehearsal)

    assert paper.version == rehearsal.version
    assert paper.is_test
    assert paper.undertaking is None


def test_double_click_begins_one_test(rehearsal: Rehearsal) -> None:
    browser, address = build.signed_in(build.customer()), link(rehearsal)

    for _ in range(2):
        browser.post(address)

    assert Application.objects.filter(is_test=True).count() == 1


def test_untouched_test_is_not_given_to_who_begins_for_real(rehearsal: Rehearsal) -> None:
    paper = begun(rehearsal)
    publishing.publish(rehearsal.version, by=None)

    browser = build.signed_in(paper.customer)
    browser.post(reverse("portal:start", args=[rehearsal.version.service.key]))

    real = Application.objects.get(is_test=False)
    assert real.pk != paper.pk
    assert real.version_id == paper.version_id


# --- marked everywhere -----------------------------------------------------------------------------------------------


def test_every_page_of_a_test_is_marked(rehearsal: Rehearsal) -> None:
    case = sent(rehearsal)
    browser = english(case.application.customer)
    other = begun_again(rehearsal, case.application.customer)
    handler = build.official()
    case.take_step("take_up", by=handler)
    pages = [
        reverse("portal:page", args=[other.pk, "first"]),
        reverse("portal:check", args=[other.pk]),
        reverse("portal:discard", args=[other.pk]),
        *(
            reverse(f"portal:{name}", args=[case.number])
            for name in ("case", "receipt", "case_print", "write", "withdraw")
        ),
        reverse("portal:receipt_check", args=[case.application_id]),
    ]

    for address in pages:
        html = seen(browser, address)
        assert MARK in html, address
        assert "<title>TEST: " in html, address


def begun_again(rehearsal: Rehearsal, who: Customer) -> Application:
    """One more draft, of another link."""
    build.signed_in(who).post(link(rehearsal))
    return Application.objects.drafts().get(is_test=True)


@pytest.mark.thorough
def test_pages_of_what_is_real_are_not_marked() -> None:
    case = build.case()
    draft = build.application(case.application.version)
    browser = english(case.application.customer)

    for address in (
        reverse("portal:check", args=[draft.pk]),
        reverse("portal:case", args=[case.number]),
        reverse("portal:receipt_check", args=[case.application_id]),
        reverse("portal:my_cases"),
    ):
        assert "TEST" not in seen(browser, address), address


def test_list_marks_tests_and_says_that_they_are_passed_on_to_nobody(rehearsal: Rehearsal) -> None:
    case = sent(rehearsal)
    begun_again(rehearsal, case.application.customer)

    html = seen(english(case.application.customer), reverse("portal:my_cases"))

    assert html.count('tag--test">TEST<') == 2
    assert "This is a test: it is passed on to no authority." in html


def test_receipt_as_pdf_is_marked(rehearsal: Rehearsal) -> None:
    case = sent(rehearsal)
    paper = Application.objects.select_related("event__case", "version__service__authority").get(pk=case.application_id)

    said = receiptpdf.said(receipt_of(paper, "en"), "https://example.org")

    assert said["title"] == said["foot"] == f"TEST – Receipt {case.number}"
    assert said["lead"] == MARK
    answer = english(case.application.customer).get(reverse("portal:receipt_pdf", args=[case.number]))
    with pikepdf.open(io.BytesIO(answer.content)) as pdf:
        assert "TEST" in str(pdf.docinfo["/Title"])


def test_check_page_offers_neither_sharing_nor_showing_and_promises_no_mail(
    rehearsal: Rehearsal, settings: Settings
) -> None:
    settings.MAIL_IS_SENT = True
    paper = begun(rehearsal)
    browser = english(paper.customer)

    html = seen(browser, reverse("portal:check", args=[paper.pk]))

    assert "Who sees the draft" not in html
    assert "e-mail address" not in html
    assert browser.post(reverse("portal:show", args=[paper.pk]), {"show": "on"}).status_code == 404


# --- numbers ---------------------------------------------------------------------------------------------------------


def test_case_of_a_test_has_a_number_of_its_own_kind(rehearsal: Rehearsal) -> None:
    case = sent(rehearsal)

    assert case.is_test
    assert case.number == f"TEST-2027-{case.pk:06d}"
    assert build.case().number != case.number


def test_supplement_and_addition_of_a_test_are_tests(rehearsal: Rehearsal) -> None:
    case = sent(rehearsal)
    handler, who = build.official(), case.application.customer
    case.take_step("take_up", by=handler)
    addition = intake.begin_addition(case, who)
    case.take_step("request_supplement", by=handler, text="More", due=NOW.date() + timedelta(days=9), fields=["title"])
    supplement = intake.begin_supplement(case, who)

    assert addition.is_test
    assert supplement.is_test


# --- when it has ended -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["ended", "published"])
def test_draft_of_a_test_that_is_over_cannot_go_on_and_says_so(rehearsal: Rehearsal, how: str) -> None:
    paper = begun(rehearsal)
    browser = english(paper.customer)
    if how == "ended":
        rehearsing.end(rehearsal)
    else:
        publishing.publish(rehearsal.version, by=None)

    for name, more in (("application", []), ("page", ["first"]), ("check", []), ("send", [])):
        address = reverse(f"portal:{name}", args=[paper.pk, *more]).replace("/sv/", "/en/", 1)
        for answer in (browser.get(address, follow=True), browser.post(address, {"title": "Late"})):
            if answer.status_code != 405:
                assert answer.status_code == 410, address
                assert "The draft cannot be filled in or sent any more." in answer.content.decode()
    paper.refresh_from_db()
    assert paper.is_draft
    assert paper.answers == {}


def test_draft_of_a_test_that_is_over_can_be_deleted(rehearsal: Rehearsal) -> None:
    paper = begun(rehearsal)
    rehearsing.end(rehearsal)

    build.signed_in(paper.customer).post(reverse("portal:discard", args=[paper.pk]))

    assert not Application.objects.exists()


def test_nothing_begins_in_a_test_that_has_ended(rehearsal: Rehearsal) -> None:
    address = link(rehearsal)
    rehearsing.end(rehearsal)
    browser = english(build.customer())

    assert "The test has ended" in seen(browser, address)
    browser.post(address)

    assert not Application.objects.exists()


def test_the_tester_takes_no_step_once_the_test_has_ended(rehearsal: Rehearsal) -> None:
    case = sent(rehearsal)
    who = case.application.customer
    assert case.steps_for(who)

    rehearsing.end(rehearsal)

    assert case.steps_for(who) == []
    assert case.steps_for(build.official())


# --- whose -----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("mandates_hold")
def test_a_test_for_a_company_is_the_testers_alone(rehearsal: Rehearsal) -> None:
    company = walk.a_company()
    tester, colleague = build.customer("Tester"), build.customer("Colleague")
    for person in (tester, colleague):
        Mandate.objects.get_or_create(customer=person, principal=company)
    walk.browser_of(tester, company).post(link(rehearsal))
    paper = Application.objects.get()
    paper.answers = {"title": "An example", "new": "Yes"}
    paper.save()
    tester.acting_for = company
    case = intake.send(paper, by=tester, at=NOW)

    address = reverse("portal:case", args=[case.number])
    assert walk.browser_of(tester, company).get(address).status_code == 200
    assert walk.browser_of(colleague, company).get(address).status_code == 404
    assert str(case.number) not in seen(walk.browser_of(colleague, company), reverse("portal:my_cases"))


def test_customers_find_no_version_that_is_only_tested(rehearsal: Rehearsal) -> None:
    never = build.version(page("first", field("text", "title")), key="never", published=False)
    rehearsing.open_rehearsal(never, by=None)
    with translation.override("sv"):
        browser = build.signed_in(build.customer())
        catalogue = browser.get(reverse("portal:home")).content.decode()
        service = browser.get(reverse("portal:service", args=["example"]))

        assert "Name of never" not in catalogue
        assert service.context["definition"] == rehearsal.version.service.published.definition  # type: ignore[union-attr]
        assert browser.get(reverse("portal:service", args=["never"])).status_code == 404


def test_service_page_does_not_offer_to_go_on_with_a_test(
    rehearsal: Rehearsal, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    browser = english(begun(rehearsal).customer)

    with django_assert_max_num_queries(10):
        html = seen(browser, reverse("portal:service", args=["example"]))

    assert "You have begun this already" not in html


def test_draft_of_a_test_is_not_told_of_the_version_that_customers_fill_in(rehearsal: Rehearsal) -> None:
    paper = begun(rehearsal)

    html = seen(english(paper.customer), reverse("portal:page", args=[paper.pk, "first"]))

    assert "The form has a new version" not in html
