"""The customer's way from the first word to the decision, in a browser: with and without script, in three languages."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from playwright.sync_api import Locator
from pytest_django import Settings

from apps.applications.models import Application
from apps.cases import documents
from apps.cases.models import Case
from apps.people.models import Customer, Feedback
from apps.people.sealing import index
from apps.people.standin.people import ALFA, COMPANY
from apps.people.standin.server import Settings as StandInSettings
from apps.people.standin.server import StandIn
from apps.services.texts import HELSINKI
from tests import build
from tests.journeys.conftest import Visitor
from tests.journeys.test_everyone import Quiet

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def walked(*ways: tuple[str, bool]) -> pytest.MarkDecorator:
    """In which languages a journey is walked, and whether with script. A long one is walked twice, in turn in each language."""
    names = [f"{language}, {'with' if script else 'without'} script" for language, script in ways]
    return pytest.mark.parametrize(("language", "script"), ways, ids=names)


PAGES = (
    build.page("first", build.field("text", "title", max_length=40), build.field("whole_number", "guests")),
    build.page("second", build.field("long_text", "story")),
)
DECISION = build.pdf(saying="A decision")


def screen(language: str, script: bool) -> dict[str, object]:
    """A wide screen with script, a phone without."""
    return {"language": language, "script": script, "width": 1200 if script else 320}


def saved_by(customer: Visitor, link: Locator) -> bytes:
    """The content of the file that the browser saves when the link is followed."""
    with customer.page.expect_download() as download:
        link.click()
    return Path(download.value.path()).read_bytes()


def has_focus(customer: Visitor, selector: str) -> bool:
    """Whether what has the focus is that."""
    return bool(customer.page.evaluate("s => document.activeElement.matches(s)", selector))


def begins(customer: Visitor) -> None:
    """Finds the only service there is, and begins its form."""
    customer.open(f"/{customer.language}/")
    customer.go(customer.page.locator(".card__title a"))
    customer.press("Begin")


def fresh_case() -> Case:
    """A case that has arrived just now, as the days to answer are counted from today."""
    return build.case(build.version(*PAGES), at=datetime.now(UTC), answers={"title": "Fest", "guests": 3, "story": "S"})


def opens(customer: Visitor, case: Case) -> None:
    """Opens the case from the list."""
    customer.open(f"/{customer.language}/cases/")
    customer.go(customer.page.locator(f'a[href$="/cases/{case.number}/"]').first)
    assert customer.sees(str(case.number))


# --- a draft, sent elsewhere ------------------------------------------------------------------------------------------


@walked(("sv", True), ("en", False))
def test_draft_begun_in_one_browser_is_sent_from_another(
    visitor: Callable[..., Visitor], language: str, script: bool
) -> None:
    build.version(*PAGES)
    who = build.customer()
    at_home, elsewhere = (visitor(who, **screen(language, script)) for _browser in range(2))
    stranger = visitor(language=language)

    begins(at_home)
    at_home.write(title="Påbörjad hemma", guests="12")
    at_home.press("Save and go on later")

    elsewhere.open(f"/{language}/cases/")
    elsewhere.press("Go on", role="link", exact=False)
    assert elsewhere.page.url.endswith("/pages/second/")
    elsewhere.write(story="Skriven på annat håll")
    elsewhere.press("Save and continue")
    assert elsewhere.sees("Påbörjad hemma")
    assert elsewhere.sees("Skriven på annat håll")
    elsewhere.press("Send to the authority")

    case = Case.objects.get()
    assert elsewhere.page.url.endswith(f"/{language}/cases/{case.number}/receipt/")
    assert elsewhere.sees(str(case.number))
    pdf = elsewhere.page.get_by_role("link", name=elsewhere.word("Save the receipt as a PDF"))
    assert saved_by(elsewhere, pdf).startswith(b"%PDF")

    check = elsewhere.page.locator('a[href*="/receipts/"]').inner_text()
    stranger.open(urlsplit(check).path)
    assert stranger.sees(stranger.word("The receipt is genuine"))
    assert stranger.sees(str(case.number))
    assert not stranger.sees("Påbörjad hemma")
    stranger.write(digest=case.application.digest)
    stranger.press("Compare")
    assert stranger.sees(stranger.word("The digest is the same."))


# --- for a company ----------------------------------------------------------------------------------------------------


@pytest.fixture
def source(settings: Settings) -> Iterator[StandIn]:
    """The stand-in, as the source of mandates."""
    server = StandIn(StandInSettings(port=0))
    server.start()
    settings.MANDATES_URL = server.address
    settings.MANDATES_CLIENT_ID = "portal"
    settings.MANDATES_API_KEY = settings.MANDATES_OAUTH_SECRET = "stand-in-only"
    yield server
    server.stop()


def the_mandate_ends(source: StandIn) -> None:
    """The company takes it back."""
    told = json.dumps({"end": COMPANY.business_id}).encode()
    urllib.request.urlopen(f"{source.address}/__mandates", told, timeout=20).close()  # noqa: S310 (loopback)


@walked(("fi", True), ("sv", False))
def test_company_is_acted_for_until_its_mandate_ends(
    visitor: Callable[..., Visitor], source: StandIn, language: str, script: bool
) -> None:
    build.version(*PAGES)
    alfa = Customer.objects.create(
        way="example", subject=index(ALFA.code), given_name="Test", family_name="Alfa", identity_code=ALFA.code
    )
    customer = visitor(alfa, **screen(language, script))

    customer.open(f"/{language}/")
    customer.press("Act for somebody else", role="link")
    customer.press("Choose a company or association", role="link")
    assert customer.page.url.startswith(source.address)
    customer.go(customer.page.get_by_role("button", name=COMPANY.name))
    assert customer.page.url == f"{customer.server}/{language}/cases/"
    assert COMPANY.name in customer.page.inner_text("header .who")

    begins(customer)
    customer.write(title="Bolagets fest", guests="5")
    customer.press("Save and continue")
    customer.write(story="För bolaget")
    customer.press("Save and continue")
    customer.press("Send to the authority")
    case = Case.objects.get()
    assert customer.sees(f"{COMPANY.name} ({COMPANY.business_id})")
    assert customer.sees("Test Alfa")

    customer.press("To the case", role="link")
    customer.press("Write to the authority", role="link")
    customer.write(text="Skriven när fullmakten redan upphört")
    the_mandate_ends(source)
    customer.press("Send the message")
    assert customer.page.url == f"{customer.server}/{language}/cases/"
    assert customer.page.locator(".messages .panel--warning").count() == 1
    assert COMPANY.name not in customer.page.inner_text("header .who")
    assert [event.kind for event in case.events.all()] == ["received"]
    customer.troubles = Quiet()
    customer.open(f"/{language}/cases/{case.number}/")
    assert not customer.sees(str(case.number))
    customer.open(f"/{language}/cases/")
    assert not customer.sees(str(case.number))


# --- what is asked, said and decided ----------------------------------------------------------------------------------


def the_official_asks_for_a_supplement(case: Case) -> None:
    due = timezone.now().astimezone(HELSINKI).date() + timedelta(days=7)
    official = build.official()
    case.take_step("take_up", by=official)
    case.take_step("request_supplement", by=official, text="Hur många kommer det?", due=due, fields=["guests"])


def the_customer_answers(customer: Visitor, case: Case) -> None:
    opens(customer, case)
    assert customer.sees("Hur många kommer det?")
    customer.press("Answer")
    assert customer.page.input_value("#id_guests") == "3"
    customer.write(guests="30")
    customer.press("Save and continue")
    customer.write(supplement_text="Flera än vi trodde")
    customer.press("Save and continue")
    customer.press("Send to the authority")
    assert customer.sees(customer.word("Your supplement has arrived"))


def the_customer_writes_with_a_file(customer: Visitor, case: Case) -> None:
    opens(customer, case)
    customer.press("Write to the authority", role="link")
    customer.press("Send the message")  # nothing is written yet
    assert customer.page.title().startswith(customer.word("Error:"))
    customer.write(text="Här är kartan.\nFråga gärna.")
    customer.page.set_input_files(
        "#id_files", {"name": "karta.pdf", "mimeType": "application/pdf", "buffer": build.PDF}
    )
    customer.press("Send the message")
    assert customer.sees(customer.word("Your message has been sent to the authority."))
    assert customer.sees("Här är kartan.")
    assert saved_by(customer, customer.page.get_by_role("link", name="karta.pdf").first) == build.PDF


def the_customer_adds_something(customer: Visitor, case: Case) -> None:
    opens(customer, case)
    customer.press("Add something")
    customer.write(supplement_text="Och en sak till")
    customer.press("Save and continue")
    customer.press("Send to the authority")
    opens(customer, case)
    assert customer.sees("Och en sak till")


def the_official_decides(case: Case) -> None:
    with documents.received([SimpleUploadedFile("beslut.pdf", DECISION)]) as files:
        case.take_step("close", by=build.official(), outcome="noted", text="Tack för anmälan.", files=files)


def the_customer_reads_the_decision(customer: Visitor, case: Case) -> None:
    opens(customer, case)
    assert customer.sees("Tack för anmälan.")
    assert saved_by(customer, customer.page.get_by_role("link", name="beslut.pdf").first) == DECISION


@walked(("en", True), ("fi", False))
def test_customer_is_asked_writes_adds_and_gets_a_decision(
    visitor: Callable[..., Visitor], language: str, script: bool
) -> None:
    case = fresh_case()
    customer = visitor(case.application.customer, **screen(language, script))

    the_official_asks_for_a_supplement(case)
    the_customer_answers(customer, case)
    the_customer_writes_with_a_file(customer, case)
    the_customer_adds_something(customer, case)
    the_official_decides(Case.objects.get())
    the_customer_reads_the_decision(customer, case)

    told = [event.kind for event in case.events.order_by("number")]
    assert told == ["received", "take_up", "request_supplement", "supplement", "reply", "add", "close"]


# --- withdrawing ------------------------------------------------------------------------------------------------------


@walked(("fi", True), ("en", False))
def test_customer_withdraws_after_having_thought_twice(
    visitor: Callable[..., Visitor], language: str, script: bool
) -> None:
    case = fresh_case()
    customer = visitor(case.application.customer, **screen(language, script))

    opens(customer, case)
    customer.press("Withdraw the case", role="link")
    customer.press("Do not withdraw", role="link")
    assert Case.objects.get().status == "received"
    customer.press("Withdraw the case", role="link")
    customer.press("Withdraw the case")

    assert Case.objects.get().status == "withdrawn"
    opens(customer, case)
    assert customer.page.locator(".tag--withdrawn").count() == 1
    assert customer.page.get_by_role("link", name=customer.word("Withdraw the case")).count() == 0


# --- what is wrong, and two windows -----------------------------------------------------------------------------------


@walked(("sv", True), ("fi", False), ("en", True))
def test_what_is_wrong_is_said_first_and_leads_to_its_question(
    visitor: Callable[..., Visitor], language: str, script: bool
) -> None:
    paper = build.application(build.version(*PAGES), answers={})
    customer = visitor(build.customer(), **screen(language, script))

    customer.open(f"/{language}/applications/{paper.pk}/pages/first/")
    customer.write(title="Rätt svar", guests="många")
    customer.press("Save and continue")

    assert customer.page.title().startswith(customer.word("Error:"))
    assert not script or has_focus(customer, ".mistakes[role=alert]")
    assert customer.page.input_value("#id_title") == "Rätt svar"
    assert customer.page.input_value("#id_guests") == "många"
    customer.page.locator(".mistakes a").click()
    assert has_focus(customer, "#id_guests") if script else customer.page.url.endswith("#id_guests")
    assert customer.page.get_attribute("#id_guests", "aria-invalid") == "true"

    customer.write(guests="8")
    customer.press("Save and continue")
    assert not customer.page.title().startswith(customer.word("Error:"))
    assert Application.objects.get().answers == {"title": "Rätt svar", "guests": 8}


@walked(("sv", False), ("fi", True))
def test_two_windows_do_not_write_over_each_other_unasked(
    visitor: Callable[..., Visitor], language: str, script: bool
) -> None:
    paper = build.application(build.version(*PAGES), answers={"title": "Från början"})
    page = f"/{language}/applications/{paper.pk}/pages/first/"
    first, second = (visitor(build.customer(), **screen(language, script)) for _window in range(2))

    first.open(page)
    second.open(page)
    second.write(title="Från det andra fönstret", guests="2")
    second.press("Save and continue")
    first.write(title="Från det första fönstret")
    first.press("Save and continue")

    assert first.sees(first.word("Somebody has changed this page meanwhile"))
    assert first.sees("Från det andra fönstret")
    assert not script or has_focus(first, '[aria-labelledby="changed-meanwhile"]')
    assert first.page.input_value("#id_title") == "Från det första fönstret"
    assert Application.objects.get().answers["title"] == "Från det andra fönstret"
    first.press("Keep what is stored", role="link")
    assert first.page.input_value("#id_title") == "Från det andra fönstret"

    second.open(page)
    first.write(title="Från det första fönstret igen")
    first.press("Save and continue")
    second.write(title="Det som ska gälla")
    second.press("Save and continue")
    second.press("Save mine instead")
    assert Application.objects.get().answers == {"title": "Det som ska gälla", "guests": 2}


# --- one's details, and a word to those who run it --------------------------------------------------------------------


@walked(("sv", True), ("fi", False))
def test_customer_gives_an_address_for_notices(visitor: Callable[..., Visitor], language: str, script: bool) -> None:
    who = build.customer()
    customer = visitor(who, **screen(language, script))

    customer.open(f"/{language}/")
    customer.follow(who.name)
    customer.write(email="not an address")
    customer.press("Save")
    assert customer.page.title().startswith(customer.word("Error:"))
    customer.write(email="namn@example.com")
    customer.press("Save")

    assert customer.page.input_value("#id_email") == "namn@example.com"
    assert not customer.page.title().startswith(customer.word("Error:"))
    assert Customer.objects.get().email == "namn@example.com"


@walked(("sv", False), ("en", True))
def test_anybody_reads_the_accessibility_statement_and_gives_feedback(
    visitor: Callable[..., Visitor], language: str, script: bool
) -> None:
    stranger = visitor(**screen(language, script))

    stranger.open(f"/{language}/")
    stranger.press("Accessibility statement", role="link")
    assert stranger.sees(stranger.word("How accessible the service is"))
    stranger.press("Give feedback on accessibility", role="link")
    stranger.press("Send the feedback")
    assert stranger.page.title().startswith(stranger.word("Error:"))
    stranger.write(text="Kontrasten är svag.")
    stranger.press("Send the feedback")

    assert stranger.sees(stranger.word("Thank you for the feedback"))
    said = Feedback.objects.get()
    assert (said.text, said.language) == ("Kontrasten är svag.", language)
