"""Choosing for whom one acts, and the door that closes when the mandate ends, against a real source."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from apps.applications.models import Application
from apps.cases.models import Case
from apps.people.models import Customer, Mandate
from apps.people.sealing import index
from apps.people.standin.mandates import Mandates as SourceOfMandates
from apps.people.standin.people import ALFA, ASSOCIATION, BETA, COMPANY, DELTA
from apps.people.standin.server import Settings as StandInSettings
from apps.people.standin.server import StandIn
from tests import build

pytestmark = pytest.mark.django_db


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


def somebody(code: str = ALFA.code, name: str = "Alfa") -> Customer:
    return Customer.objects.create(
        way="example", subject=index(code), given_name="Test", family_name=name, identity_code=code
    )


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Stops at the redirect back to the portal."""

    def http_error_302(self, req: object, fp: object, code: int, msg: str, headers: object) -> object:
        """The answer itself."""
        return fp


def back_from_source(to_source: str, chosen: str) -> str:
    """What the browser does at the source, and the address it comes back to."""
    asked = {name: values[0] for name, values in parse_qs(urlsplit(to_source).query).items()}
    body = urlencode({**asked, "chosen": chosen}).encode()
    address = to_source.partition("/oauth")[0] + "/oauth/choose"
    with urllib.request.build_opener(NoRedirect).open(address, body, timeout=20) as answer:
        back = urlsplit(answer.headers["Location"])
    return f"{back.path}?{back.query}"


def acts_for(browser: Client, which: str, kind: str = "company", onward: str = "") -> str:
    """Where the browser is in the end."""
    begun = browser.get(reverse("portal:acting_begin", args=[kind]), {"next": onward} if onward else {})
    # The stand-in lets one come back to this machine only.
    callback = back_from_source(begun["Location"].replace("testserver", "127.0.0.1"), which)
    # The address must be the one that was begun with when the code is used.
    answer = browser.get(callback, headers={"host": "127.0.0.1"})
    return str(answer["Location"])


def browser_of(who: Customer) -> Client:
    return build.signed_in(who, HTTP_HOST="127.0.0.1")


def tell(source: StandIn, **what: object) -> None:
    urllib.request.urlopen(f"{source.address}/__mandates", json.dumps(what).encode(), timeout=20).close()  # noqa: S310 (loopback)


def sent_for_company(browser: Client) -> Case:
    build.version()
    browser.post(reverse("portal:start", args=["example"]))
    paper = Application.objects.get()
    browser.post(reverse("portal:page", args=[paper.pk, "first"]), {"title": "For the company"})
    browser.post(reverse("portal:send", args=[paper.pk]))
    return Case.objects.get()


def test_acting_for_a_company_from_choice_to_diary(source: StandIn) -> None:
    browser = browser_of(somebody())

    assert acts_for(browser, COMPANY.business_id) == "/sv/cases/"
    case = sent_for_company(browser)

    event = case.events.get()
    assert (event.by_name, event.on_behalf_of) == ("Test Alfa", f"{COMPANY.name} ({COMPANY.business_id})")
    assert case.application.principal is not None
    assert case.application.principal.subject == COMPANY.business_id
    for address in (reverse("portal:case", args=[case.number]), reverse("portal:receipt", args=[case.number])):
        assert COMPANY.name in browser.get(address).text


def test_a_colleague_sees_the_companys_case_and_the_customer_for_themselves_does_not(source: StandIn) -> None:
    own = browser_of(somebody())
    acts_for(own, COMPANY.business_id)
    case = sent_for_company(own)
    address = reverse("portal:case", args=[case.number])
    colleague = browser_of(somebody(BETA.code, "Beta"))

    assert colleague.get(address).status_code == 404
    acts_for(colleague, COMPANY.business_id)
    assert colleague.get(address).status_code == 200
    own.post(reverse("portal:acting"))
    assert own.get(address).status_code == 404


def test_acting_for_another_person(source: StandIn) -> None:
    browser = browser_of(somebody())

    acts_for(browser, DELTA.code, "person")
    case = sent_for_company(browser)

    assert case.events.get().on_behalf_of == DELTA.name
    assert DELTA.code not in browser.get(reverse("portal:case", args=[case.number])).text


def test_one_comes_back_to_where_one_was(source: StandIn) -> None:
    build.version()
    page = reverse("portal:service", args=["example"])

    assert acts_for(browser_of(somebody()), COMPANY.business_id, onward=page) == page


def test_cancelling_changes_nothing(source: StandIn) -> None:
    browser = browser_of(somebody())

    assert acts_for(browser, "") == "/sv/acting/"
    assert not Mandate.objects.exists()


def test_an_answer_that_this_browser_has_not_asked_for_changes_nothing(source: StandIn) -> None:
    first, other = browser_of(somebody()), browser_of(somebody(BETA.code, "Beta"))
    begun = first.get(reverse("portal:acting_begin", args=["company"]))
    stolen = back_from_source(begun["Location"], COMPANY.business_id)

    other.get(stolen)
    other.get(reverse("portal:acting_begin", args=["company"]))
    other.get(stolen)

    assert not Mandate.objects.exists()


def test_an_answer_is_taken_once(source: StandIn) -> None:
    browser = browser_of(somebody())
    begun = browser.get(reverse("portal:acting_begin", args=["company"]))
    back = back_from_source(begun["Location"], COMPANY.business_id)
    browser.get(back)
    browser.post(reverse("portal:acting"))

    browser.get(back)

    assert browser.get("/sv/cases/").context["customer"].acting_for is None


def test_a_mandate_that_has_ended_closes_the_door_before_sending_and_keeps_the_draft(source: StandIn) -> None:
    browser = browser_of(somebody())
    acts_for(browser, COMPANY.business_id)
    paper = build.application(by=Customer.objects.get())
    Application.objects.update(principal=Mandate.objects.get().principal)
    tell(source, end=COMPANY.business_id)

    answer = browser.post(reverse("portal:send", args=[paper.pk]), follow=True)

    assert not Case.objects.exists()
    assert Application.objects.filter(pk=paper.pk, sent_at=None).exists()
    assert "fullmakt" in answer.text or "mandate" in answer.text
    assert Mandate.objects.get().ended_at is not None
    again = browser.get(reverse("portal:check", args=[paper.pk]))
    assert again["Location"].startswith("/sv/acting/")


def test_it_closes_everything_else_after_a_while(source: StandIn) -> None:
    browser = browser_of(somebody())
    acts_for(browser, COMPANY.business_id)
    case = sent_for_company(browser)
    tell(source, end=COMPANY.business_id)
    address = reverse("portal:case", args=[case.number])
    assert browser.get(address).status_code == 200, "asked a moment ago"

    Mandate.objects.update(checked_at=timezone.now() - timedelta(hours=1))

    assert browser.get(address)["Location"] == "/sv/cases/"
    assert browser.get(address).status_code == 404


def test_while_the_source_is_away_drafts_are_saved_and_nothing_is_sent(source: StandIn) -> None:
    browser = browser_of(somebody())
    acts_for(browser, COMPANY.business_id)
    paper = build.application(by=Customer.objects.get())
    Application.objects.update(principal=Mandate.objects.get().principal)
    Mandate.objects.update(checked_at=timezone.now() - timedelta(hours=1))
    tell(source, away=True)

    browser.post(reverse("portal:page", args=[paper.pk, "first"]), {"title": "Still saved"})
    browser.post(reverse("portal:send", args=[paper.pk]))

    paper.refresh_from_db()
    assert paper.answers == {"title": "Still saved"}
    assert paper.sent_at is None
    assert Mandate.objects.get().holds
    tell(source, away=False)
    browser.post(reverse("portal:send", args=[paper.pk]))
    assert Case.objects.exists()


def test_a_token_that_has_run_out_is_renewed_without_a_word(source: StandIn) -> None:
    browser = browser_of(somebody())
    acts_for(browser, COMPANY.business_id)
    tell(source, expire=True)

    assert sent_for_company(browser).events.get().on_behalf_of


@pytest.mark.parametrize(
    ("definition", "allowed"),
    [
        ({"acting_for": ["self"]}, False),
        ({"acting_for": ["person"]}, False),
        ({"acting_for": ["company"]}, True),
        ({"mandate": "TJ"}, True),
        ({"mandate": "SOMETHING ELSE"}, False),
    ],
)
def test_a_service_says_for_whom_it_can_be_used(source: StandIn, definition: dict[str, Any], allowed: bool) -> None:
    build.version(**definition)
    browser = browser_of(somebody())
    acts_for(browser, COMPANY.business_id)

    begun = browser.post(reverse("portal:start", args=["example"]))

    assert Application.objects.exists() == allowed
    assert begun["Location"].startswith("/sv/acting/") != allowed


def test_company_is_filled_in_where_the_form_asks_for_it(source: StandIn) -> None:
    fields = (
        build.field("text", "company", prefill="company_name"),
        build.field("business_id", "number", prefill="company_id"),
    )
    build.version(build.page("first", *fields))
    browser = browser_of(somebody())
    acts_for(browser, COMPANY.business_id)

    browser.post(reverse("portal:start", args=["example"]))
    text = browser.get(reverse("portal:page", args=[Application.objects.get().pk, "first"])).text

    assert f'value="{COMPANY.name}"' in text
    assert f'value="{COMPANY.business_id}"' in text


def test_who_has_no_code_is_told_to_sign_in_with_one(source: StandIn) -> None:
    browser = browser_of(build.customer())

    assert browser.get(reverse("portal:acting_begin", args=["company"]))["Location"] == "/sv/acting/"
    assert reverse("portal:acting_begin", args=["company"]) not in browser.get(reverse("portal:acting")).text


def test_without_a_source_nobody_acts_for_another(settings: Settings) -> None:
    settings.MANDATES_URL = ""
    browser = browser_of(somebody())

    assert browser.get(reverse("portal:acting_begin", args=["company"])).status_code == 404
    assert browser.get(reverse("portal:acting")).status_code == 200


# --- choosing, and leaving --------------------------------------------------------------------------------------------


def sessions_at(source: StandIn) -> int:
    """How many sessions are open at the source."""
    return sum(len(part.sessions) for part in source.parts if isinstance(part, SourceOfMandates))


def test_who_signs_in_chooses_first_for_whom_and_then_goes_on(source: StandIn, settings: Settings) -> None:
    settings.DEBUG = settings.TEST_IDENTITY = True
    build.version()
    browser, page = Client(HTTP_HOST="127.0.0.1"), "/sv/services/example/"

    signed_in = browser.post("/sv/sign-in/", {"given_name": "Test", "family_name": "Alfa", "next": page})

    assert signed_in["Location"] == f"/sv/acting/?{urlencode({'next': page})}"
    assert acts_for(browser, COMPANY.business_id, onward=page) == page
    assert browser.post("/sv/acting/", {"next": page})["Location"] == page


def test_who_cannot_be_known_at_the_source_is_not_asked(source: StandIn, settings: Settings) -> None:
    settings.DEBUG, settings.TEST_IDENTITY, settings.MANDATES_URL = True, True, "https://mandates.example"

    signed_in = Client().post("/sv/sign-in/", {"given_name": "Test", "family_name": "Alfa"})

    assert signed_in["Location"] == "/sv/cases/"


@pytest.mark.parametrize("address", ["portal:acting", "portal:sign_out"])
def test_leaving_ends_the_session_at_the_source(source: StandIn, address: str) -> None:
    browser = browser_of(somebody())
    acts_for(browser, COMPANY.business_id)
    assert sessions_at(source) == 1

    browser.post(reverse(address))

    assert sessions_at(source) == 0


def test_choosing_somebody_else_ends_the_session_of_before(source: StandIn) -> None:
    browser = browser_of(somebody())
    acts_for(browser, COMPANY.business_id)

    acts_for(browser, ASSOCIATION.business_id)

    assert sessions_at(source) == 1
    assert browser.get("/sv/cases/").context["customer"].acting_for.subject == ASSOCIATION.business_id


def test_the_head_of_every_page_says_for_whom_with_a_link_to_change(source: StandIn) -> None:
    browser = browser_of(somebody())
    acts_for(browser, COMPANY.business_id)

    page = browser.get("/en/").text

    assert f"for {COMPANY.name}" in page
    assert 'href="/en/acting/"' in page


def test_the_check_page_says_who_sends_for_whom(source: StandIn) -> None:
    build.version()
    browser = browser_of(somebody())
    acts_for(browser, COMPANY.business_id)
    browser.post(reverse("portal:start", args=["example"]))

    page = browser.get(f"/en/applications/{Application.objects.get().pk}/check/").text

    assert f"Sent by Test Alfa, on behalf of {COMPANY.name} ({COMPANY.business_id})." in page


def test_another_person_is_not_filled_in_as_a_company(source: StandIn) -> None:
    build.version(build.page("first", build.field("text", "company", prefill="company_name")))
    browser = browser_of(somebody())
    acts_for(browser, DELTA.code, "person")
    browser.post(reverse("portal:start", args=["example"]))

    page = browser.get(reverse("portal:page", args=[Application.objects.get().pk, "first"]))
    assert page.status_code == 200
    assert f'value="{DELTA.name}"' not in page.text


# --- whose -----------------------------------------------------------------------------------------------------------


def test_a_colleagues_draft_is_nobody_elses_until_it_is_shared(source: StandIn) -> None:
    build.version()
    author, colleague = browser_of(somebody()), browser_of(somebody(BETA.code, "Beta"))
    for browser in (author, colleague):
        acts_for(browser, COMPANY.business_id)
    author.post(reverse("portal:start", args=["example"]))
    draft = Application.objects.get()

    for name in ("check", "send", "application"):
        assert colleague.get(reverse(f"portal:{name}", args=[draft.pk])).status_code == 404
    assert str(draft.pk) not in colleague.get("/sv/cases/").text

    author.post(reverse("portal:share", args=[draft.pk]), {"share": "on"})
    assert colleague.get(reverse("portal:check", args=[draft.pk])).status_code == 200


def test_who_acts_for_another_company_sees_nothing(source: StandIn) -> None:
    own, other = browser_of(somebody()), browser_of(somebody(DELTA.code, "Delta"))
    acts_for(own, COMPANY.business_id)
    case = sent_for_company(own)
    acts_for(other, ASSOCIATION.business_id)

    for name in ("case", "receipt", "write", "withdraw"):
        assert other.get(reverse(f"portal:{name}", args=[case.number])).status_code == 404
    acts_for(own, ASSOCIATION.business_id)
    assert own.get(reverse("portal:case", args=[case.number])).status_code == 404, "the same person for another"


def test_ones_own_cases_are_not_the_companys(source: StandIn) -> None:
    customer = somebody()
    browser = browser_of(customer)
    case = build.case(by=customer)

    acts_for(browser, COMPANY.business_id)

    assert browser.get(reverse("portal:case", args=[case.number])).status_code == 404
    assert str(case.number) not in browser.get("/sv/cases/").text


# --- when the mandate has ended, or the source is away ----------------------------------------------------------------


def became_old(minutes: int = 60) -> None:
    """Time passes since the source was asked."""
    Mandate.objects.update(checked_at=timezone.now() - timedelta(minutes=minutes))


@pytest.mark.parametrize("how", ["ended", "away"])
def test_nothing_gets_to_the_authority_under_a_mandate_that_does_not_hold(source: StandIn, how: str) -> None:
    browser = browser_of(somebody())
    acts_for(browser, COMPANY.business_id)
    case = sent_for_company(browser)
    tell(source, **({"end": COMPANY.business_id} if how == "ended" else {"away": True}))

    browser.post(reverse("portal:write", args=[case.number]), {"text": "Not to be sent"})
    browser.post(reverse("portal:withdraw", args=[case.number]))

    assert [event.kind for event in case.events.all()] == ["received"]


def test_what_was_typed_while_the_source_was_away_stands_on_its_page_again(source: StandIn) -> None:
    browser = browser_of(somebody())
    acts_for(browser, COMPANY.business_id)
    page = reverse("portal:write", args=[sent_for_company(browser).number])
    tell(source, away=True)

    answer = browser.post(page, {"text": "A word to the authority"})

    assert answer["Location"] == page
    tell(source, away=False)
    assert "A word to the authority" in browser.get(page).text


def test_what_was_typed_when_the_mandate_had_ended_stands_there_after_choosing_anew(source: StandIn) -> None:
    build.version()
    browser = browser_of(somebody())
    acts_for(browser, COMPANY.business_id)
    browser.post(reverse("portal:start", args=["example"]))
    page = reverse("portal:page", args=[Application.objects.get().pk, "first"])
    tell(source, end=COMPANY.business_id)
    became_old()

    browser.post(page, {"title": "Typed just now"})
    closed = browser.get(page)
    tell(source, restore=COMPANY.business_id)
    back = acts_for(browser, COMPANY.business_id, onward=page)

    assert closed["Location"].startswith("/sv/acting/")
    assert Application.objects.get().answers == {}
    assert back == page
    assert "Typed just now" in browser.get(page).text


def test_one_can_always_act_for_oneself_again(source: StandIn) -> None:
    browser = browser_of(somebody())
    acts_for(browser, COMPANY.business_id)
    became_old()
    tell(source, away=True)

    browser.post(reverse("portal:acting"))

    assert browser.get("/sv/cases/").context["customer"].acting_for is None


def test_pages_say_that_the_mandate_cannot_be_checked_and_do_not_ask_each_time(source: StandIn) -> None:
    said = "Your mandate cannot be checked just now. You can read and save drafts"
    browser = browser_of(somebody())
    acts_for(browser, COMPANY.business_id)
    assert said not in browser.get("/en/cases/").text
    became_old()
    tell(source, away=True)

    assert said in browser.get("/en/cases/").text
    tell(source, away=False)
    assert said in browser.get("/en/cases/").text, "not asked again so soon"

    sent_for_company(browser)
    assert said not in browser.get("/en/cases/").text, "sending has asked"


def test_no_code_of_anybody_is_in_an_address_of_ours_or_in_the_session(source: StandIn) -> None:
    browser = browser_of(somebody())

    begun = browser.get(reverse("portal:acting_begin", args=["person"]))
    acts_for(browser, DELTA.code, "person")

    assert ALFA.code not in begun["Location"]
    assert not any(code in json.dumps(dict(browser.session)) for code in (ALFA.code, DELTA.code))


def test_what_one_has_half_chosen_is_not_there_for_the_next_person_on_the_same_browser(source: StandIn) -> None:
    browser = browser_of(somebody())
    begun = browser.get(reverse("portal:acting_begin", args=["company"]))
    back = back_from_source(begun["Location"], COMPANY.business_id)
    next_person = somebody(BETA.code, "Beta")
    session = browser.session
    session["customer"] = str(next_person.pk)
    session.save()

    browser.get(back)

    assert not Mandate.objects.exists()


def test_signing_out_forgets_whom_one_could_choose(source: StandIn) -> None:
    browser = browser_of(somebody())
    session = browser.session
    session["acting_choice"] = {"names": ["Hemligt Ab"], "sealed": "x"}
    session["acting_begun"] = {"state": "x"}
    session.save()

    browser.post(reverse("portal:sign_out"))

    assert not {"acting_choice", "acting_begun"} & set(browser.session.keys())


def test_a_colleague_without_the_mandate_asked_for_takes_no_step(source: StandIn) -> None:
    browser = browser_of(somebody())
    acts_for(browser, COMPANY.business_id)
    build.version(mandate="TJ")
    browser.post(reverse("portal:start", args=["example"]))
    paper = Application.objects.get()
    browser.post(reverse("portal:page", args=[paper.pk, "first"]), {"title": "For the company"})
    browser.post(reverse("portal:send", args=[paper.pk]))
    case = Case.objects.get()
    colleague = browser_of(somebody(BETA.code, "Beta"))
    acts_for(colleague, COMPANY.business_id)

    colleague.post(reverse("portal:withdraw", args=[case.number]))

    case.refresh_from_db()
    assert case.status == "received"
    assert (
        reverse("portal:withdraw", args=[case.number])
        not in colleague.get(reverse("portal:case", args=[case.number])).text
    )
    browser.post(reverse("portal:withdraw", args=[case.number]))
    case.refresh_from_db()
    assert case.status == "withdrawn"
