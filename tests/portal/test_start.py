"""Beginning in the national service: the link, what is fetched and offered, and going on by hand whatever is wrong; and going on to the
authority's own service."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from apps.applications.models import Application
from apps.cases import intake, redirected
from apps.cases.models import Case
from apps.people.models import Mandate, Principal, System
from apps.services.models import Version
from tests import build
from tests.portal import walk
from tests.sync import scripted
from tests.sync.scripted import Scripted

pytestmark = pytest.mark.django_db
ID = "0b5f3c0e-6f0e-4d0c-9a43-1c1f7c2f6f01"
LINK = f"/en/start/example/?externalId={ID}"
THEIRS: dict[str, Any] = {"customer": {"name": "Example Customer"}, "answers": {"title": "From there", "day": "never"}}


@pytest.fixture(autouse=True)
def there(settings: Settings) -> Iterator[Scripted]:
    """The national service, which knows the customer."""
    with scripted.running() as receiver:
        settings.NATIONAL_SERVICE_URL = receiver.url
        settings.NATIONAL_SERVICE_START_TIMEOUT = 20.0
        receiver.rules["/commondata"] = (200, {}, THEIRS)
        yield receiver


def service(**more: Any) -> Version:
    fields = (
        build.field("text", "title", prefill="common_data"),
        build.field("date", "day", prefill="common_data", required=False),
        build.field("text", "other", required=False),
    )
    return build.version(build.page("first", *fields), **more)


def begin(browser: Client, link: str = LINK) -> str:
    """Press the button; the page one comes to."""
    return unescape(browser.post(link, {"undertaking": "new"}, follow=True).content.decode())


def filled_in(browser: Client) -> Application:
    """A draft of one's own that has been begun by the link and filled in."""
    begin(browser)
    draft = Application.objects.latest("created_at")
    browser.post(reverse("portal:page", args=[draft.pk, "first"]), {"title": "Mine"})
    return draft


def page(browser: Client, address: str) -> str:
    return unescape(browser.get(address, follow=True).content.decode())


# --- the link --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "browsers", "language"),
    [("fi", "en", "fi"), ("EN", "fi", "en"), ("xx", "fi", "fi"), ("", "en", "en"), ("sv", "fi", "sv")],
)
def test_a_link_without_language_leads_to_the_one_it_says_else_to_the_browsers(
    asked: str, browsers: str, language: str
) -> None:
    service()
    said = {"externalId": ID, "lang": asked} if asked else {"externalId": ID}

    response = Client(headers={"Accept-Language": browsers}).get("/start/example/", said)

    assert response.headers["Location"] == f"/{language}/start/example/?externalId={ID}"


def test_the_page_says_where_it_began_and_changes_nothing(there: Scripted) -> None:
    service()

    html = page(Client(), LINK)

    assert "You come from Tillstånd och tillsyn" in html
    assert "is fetched" in html
    assert f'action="{LINK}"' in html
    assert not there.said
    assert not Application.objects.exists()


def test_nothing_is_promised_to_be_fetched_where_no_question_takes_it() -> None:
    build.version(build.page("first", build.field("text", "title")))

    html = page(Client(), LINK)

    assert "You come from Tillstånd och tillsyn" in html
    assert "is fetched" not in html


def test_who_is_not_signed_in_signs_in_and_comes_back_to_the_same_page() -> None:
    service()

    response = Client().post(LINK)

    assert parse_qs(urlsplit(response.headers["Location"]).query)["next"] == [LINK]


@pytest.mark.parametrize(
    "said",
    ["", "5", ID[:-1], f"{{{ID}", ID.replace("-", ""), ID.replace("-", "") + "----", f"urn:uuid:{ID}", "x" * 5_000],
    ids=len,
)
def test_a_link_that_is_not_whole_leads_to_the_ordinary_page_in_words(said: str) -> None:
    service()

    response = Client().get("/en/start/example/", {"externalId": said}, follow=True)

    assert response.redirect_chain == [("/en/services/example/", 302)]
    assert "The link you came by is not whole" in response.content.decode()


@pytest.mark.parametrize("address", ["/en/start/nothing/", "/start/nothing/"])
def test_a_link_to_no_service_is_told_so(address: str) -> None:
    assert Client().get(address, {"externalId": ID}, follow=True).status_code == 404


def test_a_link_to_a_survey_leads_to_the_survey() -> None:
    build.version(key="example", kind="survey")

    assert Client().get(LINK).headers["Location"] == "/en/services/example/"


def test_the_link_asks_for_what_the_service_asks() -> None:
    service(acting_for=["company"])
    browser = build.signed_in(build.customer())

    assert "/acting/" in browser.post(LINK).headers["Location"]
    assert not Application.objects.exists()


# --- beginning -------------------------------------------------------------------------------------------------------


def test_beginning_offers_what_was_stated_there_and_stores_none_of_it() -> None:
    service()
    browser = build.signed_in(build.customer())

    html = begin(browser)

    draft = Application.objects.get()
    assert str(draft.external_id) == ID
    assert draft.answers == {}
    assert 'value="From there"' in html
    assert "From Tillstånd och tillsyn, where you began" in html
    assert "1 answer is filled in from Tillstånd och tillsyn: Title." in html
    assert "Fetch again" not in html


def test_what_is_offered_is_stored_when_the_page_is_saved_and_offered_no_more() -> None:
    service()
    browser = build.signed_in(build.customer())
    begin(browser)
    draft = Application.objects.get()

    browser.post(reverse("portal:page", args=[draft.pk, "first"]), {"title": "Mine"})

    assert Application.objects.get().answers["title"] == "Mine"
    assert "From there" not in page(browser, reverse("portal:page", args=[draft.pk, "first"]))


def test_sending_makes_a_case_under_the_same_external_id() -> None:
    service()
    browser = build.signed_in(build.customer())
    draft = filled_in(browser)

    browser.post(reverse("portal:send", args=[draft.pk]))

    assert str(Case.objects.get().external_id) == ID


def test_the_link_again_goes_on_with_the_same_draft(there: Scripted) -> None:
    service()
    browser = build.signed_in(build.customer())
    begin(browser)
    Application.objects.update(answers={"title": "Mine"})

    assert "Go on with what you have begun" in page(browser, LINK)
    begin(browser)

    assert Application.objects.count() == 1
    assert len(there.said) == 1, "it has been fetched already"


def test_a_draft_of_the_same_service_that_was_begun_here_is_another() -> None:
    service()
    browser = build.signed_in(build.customer())
    browser.post("/en/services/example/start/")
    begin(browser)
    browser.post("/en/services/example/start/")

    assert Application.objects.count() == 2
    assert Application.objects.filter(external_id=ID).count() == 1


def test_what_was_sent_already_is_linked_to() -> None:
    draft = build.application(service())
    draft.external_id = uuid.UUID(ID)
    draft.save()
    case = intake.send(draft, at=build.NOW)
    browser = build.signed_in(case.application.customer)

    html = page(browser, LINK)

    assert reverse("portal:case", args=[case.number]).removeprefix("/sv") in html
    assert 'method="post" action="/en/start' not in html
    assert browser.post(LINK).headers["Location"] == f"/en/cases/{case.number}/"


def test_what_somebody_else_has_sent_is_unknown_and_one_goes_on_by_hand(there: Scripted) -> None:
    other = build.application(service(), by=build.customer("Other"))
    other.external_id = uuid.UUID(ID)
    other.save()
    case = intake.send(other, at=build.NOW)
    browser = build.signed_in(build.customer())

    html = page(browser, LINK)
    begin(browser)

    assert "has been used already" in html
    assert str(case.number) not in html
    assert Application.objects.get(customer=build.customer()).external_id is None
    assert not there.said


def test_what_was_sent_for_a_company_is_not_known_to_the_same_person_for_themselves() -> None:
    draft = build.application(service())
    draft.external_id, draft.principal = uuid.UUID(ID), walk.a_company()
    draft.save()
    intake.send(draft, at=build.NOW)

    assert "has been used already" in page(build.signed_in(draft.customer), LINK)


# --- whatever is wrong there -----------------------------------------------------------------------------------------

WRONG: list[tuple[str, Any, str]] = [
    ("hangs", "hang", "does not answer just now"),
    ("500", "500", "does not answer just now"),
    ("401", (401, {}, {}), "did not give"),
    ("unknown", (400, {}, {"type": "urn:forenklad-e-tjanst:problem:unknown-part"}), "has nothing that you have stated"),
    ("garbage", "garbage", "could not be read"),
    ("redirect", "redirect", "could not be read"),
    ("X-Road", (500, {"X-Road-Error": "Server.ServerProxy.ServiceFailed"}, {}), "does not answer just now"),
    ("nobody's", (200, {}, {"answers": {"title": "From there"}}), "does not say whose it is"),
    ("wrong types", (200, {}, {**THEIRS, "answers": {"title": {"a": 1}, "day": 5}}), "Nothing that you have stated"),
    ("somebody else's", (200, {}, {**THEIRS, "customer": {"name": "Anna Other"}}), "is not in your name"),
]


@pytest.mark.thorough
@pytest.mark.parametrize(("way", "words"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_whatever_is_wrong_the_customer_goes_on_by_hand(
    there: Scripted, settings: Settings, way: Any, words: str
) -> None:
    there.rules["/commondata"] = way
    if way == "hang":
        settings.NATIONAL_SERVICE_START_TIMEOUT = 0.6
    service()
    browser = build.signed_in(build.customer())

    html = begin(browser)

    draft = Application.objects.get()
    assert words in html
    assert "You can fill in everything yourself." in html
    assert "From there" not in html
    browser.post(reverse("portal:page", args=[draft.pk, "first"]), {"title": "By hand"})
    browser.post(reverse("portal:send", args=[draft.pk]))
    assert Case.objects.get().application.answers["title"] == "By hand"


def test_nothing_of_somebody_elses_link_is_shown_or_comes_under_it(there: Scripted) -> None:
    there.rules["/commondata"] = (200, {}, {**THEIRS, "customer": {"name": "Anna Other"}})
    service()
    browser = build.signed_in(build.customer())

    html = begin(browser)

    assert "Anna" not in html
    assert "Fetch again" not in html
    assert Application.objects.get().external_id is None


def test_a_link_that_somebody_else_has_used_first_is_theirs_where_nobody_says_whose_it_is(there: Scripted) -> None:
    there.rules["/commondata"] = (200, {}, {"answers": {"title": "From there"}})
    service()
    begin(build.signed_in(build.customer("First")))

    html = begin(build.signed_in(build.customer()))

    assert "Somebody else has begun here with the same link" in html
    assert "From there" not in html
    assert Application.objects.get(customer=build.customer()).external_id is None
    assert str(Application.objects.get(customer=build.customer("First")).external_id) == ID


def test_where_nobody_says_whose_it_is_the_state_of_the_matter_goes_back_to_who_came_with_it(there: Scripted) -> None:
    there.rules["/commondata"] = (200, {}, {"answers": {"title": "From there"}})
    service()
    browser = build.signed_in(build.customer())
    draft = filled_in(browser)

    browser.post(reverse("portal:send", args=[draft.pk]))

    assert str(Case.objects.get().external_id) == ID


def test_where_no_answer_comes_before_sending_the_link_is_that_of_who_used_it_first(there: Scripted) -> None:
    there.rules["/commondata"] = "500"
    service()
    begin(build.signed_in(build.customer("First")))
    browser = build.signed_in(build.customer())
    draft = filled_in(browser)

    html = unescape(browser.post(reverse("portal:send", args=[draft.pk]), follow=True).content.decode())

    assert str(Case.objects.get().external_id) != ID
    assert "Somebody else has begun here with the same link" in html


def test_whose_it_is_is_asked_again_before_sending_where_that_was_not_answered(there: Scripted) -> None:
    there.rules["/commondata"] = "500"
    service()
    browser = build.signed_in(build.customer())
    draft = filled_in(browser)
    there.rules["/commondata"] = (200, {}, {**THEIRS, "customer": {"name": "Anna Other"}})

    html = unescape(browser.post(reverse("portal:send", args=[draft.pk]), follow=True).content.decode())

    assert str(Case.objects.get().external_id) != ID
    assert "is not in your name" in html


def test_nothing_that_was_only_offered_is_kept_with_what_was_sent() -> None:
    service()
    browser = build.signed_in(build.customer())
    draft = filled_in(browser)
    assert draft.common_data == {"answers": {"title": "From there"}}

    browser.post(reverse("portal:send", args=[draft.pk]))

    assert Application.objects.get().common_data is None


def test_a_companys_link_is_filled_in_for_who_acts_for_it(there: Scripted, mandates_hold: None) -> None:
    company = {"kind": "company", "name": "Exempel Ab", "businessId": "1234567-1"}
    there.rules["/commondata"] = (200, {}, {**THEIRS, "customer": {"name": "A Colleague", "onBehalfOf": company}})
    service(acting_for=["self", "company"])
    Mandate.objects.create(customer=build.customer(), principal=walk.a_company())

    assert "is not in your name" in begin(build.signed_in(build.customer()))
    assert 'value="From there"' in begin(walk.browser_of(build.customer(), walk.a_company()))


def test_what_did_not_come_is_fetched_again_and_what_was_typed_is_kept(there: Scripted) -> None:
    there.rules["/commondata"] = "500"
    service()
    browser = build.signed_in(build.customer())
    assert "Fetch again" in begin(browser)
    draft = Application.objects.get()
    there.rules["/commondata"] = (200, {}, THEIRS)

    address = reverse("portal:page", args=[draft.pk, "first"])
    html = unescape(browser.post(address, {"other": "Typed", "_fetch": "1"}, follow=True).content.decode())

    assert 'value="From there"' in html
    assert 'value="Typed"' in html
    assert "_fetch" not in html


def test_fetching_again_shows_what_is_wrong_on_the_page(there: Scripted) -> None:
    there.rules["/commondata"] = "500"
    service()
    browser = build.signed_in(build.customer())
    begin(browser)
    draft = Application.objects.get()

    address = reverse("portal:page", args=[draft.pk, "first"])
    html = unescape(browser.post(address, {"day": "31.31.2027", "_fetch": "1"}).content.decode())

    assert 'value="31.31.2027"' in html
    assert "question__error" in html


def test_a_form_that_asks_nothing_from_there_lacks_nothing(there: Scripted) -> None:
    there.rules["/commondata"] = "500"
    build.version()
    browser = build.signed_in(build.customer())

    html = begin(browser)

    assert "by hand" not in html
    assert "Fetch again" not in html
    assert Application.objects.get().external_id


def test_the_page_of_a_link_costs_few_queries(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    service()
    browser = build.signed_in(build.customer())
    browser.get(LINK)

    with django_assert_num_queries(7):  # session, service, customer, case of the customer, case, draft, undertakings
        browser.get(LINK)


# --- the authority's own service -------------------------------------------------------------------------------------

OWN = {"sv": "https://example.com/sv/?a=1", "fi": "https://example.com/fi/", "en": "https://example.com/en/"}
GO_ON = "/en/services/example/go-on/"


def conditional(**more: Any) -> Version:
    return build.version(build.page("first", build.field("text", "title")), own_service=OWN, **more)


def test_who_is_signed_in_is_noted_and_sent_there_with_external_id_and_language() -> None:
    conditional()
    browser = build.signed_in(build.customer())

    response = browser.post("/sv/services/example/go-on/")

    note = Application.objects.get()
    assert response.headers["Location"] == f"https://example.com/sv/?a=1&externalId={note.external_id}&lang=sv"
    assert (note.answers, note.is_redirected) == ({}, True)


def test_pressing_again_goes_on_under_the_same_external_id() -> None:
    conditional()
    browser = build.signed_in(build.customer())

    assert browser.post(GO_ON).headers["Location"] == browser.post(GO_ON).headers["Location"]
    assert Application.objects.count() == 1


def test_the_form_may_lead_out_of_here_and_no_other_page_does() -> None:
    conditional()
    build.version(key="ordinary")
    browser = build.signed_in(build.customer())

    assert "form-action 'self' https:" in browser.get("/en/services/example/").headers["Content-Security-Policy"]
    assert "https:" not in browser.get("/en/services/ordinary/").headers["Content-Security-Policy"]


def test_who_is_not_signed_in_goes_there_unnoted_or_signs_in_first() -> None:
    conditional()

    html = page(Client(), "/en/services/example/")

    assert f'href="{OWN["en"]}"' in html
    assert 'href="/en/sign-in/?next=%2Fen%2Fservices%2Fexample%2F"' in html
    assert GO_ON not in html
    assert Client().post(GO_ON).headers["Location"].startswith("/en/sign-in/")
    assert not Application.objects.exists()


def test_who_may_not_use_the_service_as_they_act_goes_there_unnoted() -> None:
    conditional(acting_for=["company"])
    browser = build.signed_in(build.customer())

    html = page(browser, "/en/services/example/")

    assert f'href="{OWN["en"]}"' in html
    assert GO_ON not in html


def test_one_goes_on_only_where_there_is_an_own_service() -> None:
    service()
    browser = build.signed_in(build.customer())

    assert browser.post(GO_ON).headers["Location"] == "/en/services/example/"
    assert not Application.objects.exists()


def test_what_is_continued_there_is_among_the_drafts_and_can_be_removed() -> None:
    conditional()
    browser = build.signed_in(build.customer())
    browser.post(GO_ON)
    note = Application.objects.get()

    assert "Continued in the own service of example-town en" in page(browser, "/en/cases/")
    assert "Continued in the authority’s own service" in page(browser, "/en/services/example/")
    browser.post(f"/en/applications/{note.pk}/discard/")

    assert not Application.objects.exists()


@pytest.mark.parametrize(
    "inner", ["", "pages/first/", "check/", "send/", "carry-over/", "share/", "show/", "files/title/"]
)
def test_nothing_is_filled_in_here_of_what_is_continued_there(inner: str) -> None:
    conditional()
    browser = build.signed_in(build.customer())
    browser.post(GO_ON)
    note = Application.objects.get()
    address = f"/en/applications/{note.pk}/{inner}"

    for response in (browser.get(address), browser.post(address, {"title": "x", "share": "on"})):
        html = unescape(response.content.decode())
        assert "This goes on in the authority’s own service" in html or response.status_code == 405
        assert f"{OWN['en']}?externalId={note.external_id}&lang=en" in html or response.status_code == 405

    note.refresh_from_db()
    assert note.answers == {}
    assert not Case.objects.exists()


def test_what_is_continued_there_is_nobody_elses() -> None:
    conditional()
    build.signed_in(build.customer()).post(GO_ON)
    note = Application.objects.get()

    assert build.signed_in(build.customer("Another")).get(f"/en/applications/{note.pk}/").status_code == 404


def test_what_has_arrived_there_is_a_case_of_the_customer() -> None:
    conditional()
    browser = build.signed_in(build.customer())
    browser.post(GO_ON)
    external_id = Application.objects.get().external_id
    assert external_id
    system = System.objects.create(authority=build.authority(), name="Own", scopes=["read", "write"])

    case = redirected.arrive(system, external_id, uuid.uuid4(), build.NOW, {"registerNumber": "EX/1"}).case
    case.take_step("take_up", by=system, at=build.NOW)

    for address in (
        f"/en/cases/{case.number}/",
        f"/en/cases/{case.number}/receipt/",
        f"/en/cases/{case.number}/print/",
    ):
        html = page(browser, address)
        assert str(case.number) in html
        assert ">Title<" not in html, "nothing was asked here"
        assert "What you did in the authority’s own service" in html
        assert "This was filled in in the authority’s own service, and the answers are there." in html
    assert "EX/1" in page(browser, f"/en/cases/{case.number}/")
    assert "Continued in" not in page(browser, "/en/cases/")


def test_a_link_from_the_national_service_takes_its_external_id_along_there() -> None:
    conditional()
    browser = build.signed_in(build.customer())

    html = page(browser, LINK)
    browser.post(GO_ON, {"externalId": ID})

    assert "You come from Tillstånd och tillsyn" in html
    assert f'name="externalId" value="{ID}"' in html
    assert str(Application.objects.get().external_id) == ID


@pytest.mark.parametrize("said", [ID.replace("-", ""), f"{{{ID}}}", f"urn:uuid:{ID}", "\0", "x"], ids=ascii)
def test_what_is_no_external_id_is_not_taken_along(said: str) -> None:
    conditional()

    build.signed_in(build.customer()).post(GO_ON, {"externalId": said})

    assert str(Application.objects.get().external_id) != ID


def test_an_external_id_that_is_somebody_elses_is_not_taken_along(there: Scripted) -> None:
    there.rules["/commondata"] = (200, {}, {**THEIRS, "customer": {"name": "Anna Other"}})
    conditional()

    build.signed_in(build.customer()).post(GO_ON, {"externalId": ID})

    assert str(Application.objects.get().external_id) != ID


def test_an_external_id_that_somebody_has_come_with_is_not_taken_along(there: Scripted) -> None:
    there.rules["/commondata"] = "500"
    conditional()
    build.signed_in(build.customer("First")).post(GO_ON, {"externalId": ID})

    build.signed_in(build.customer()).post(GO_ON, {"externalId": ID})

    assert str(Application.objects.get(customer=build.customer()).external_id) != ID


def test_principals_note_is_seen_when_one_acts_for_them(mandates_hold: None) -> None:
    conditional(acting_for=["self", "company"])
    company: Principal = walk.a_company()
    Mandate.objects.create(customer=build.customer(), principal=company)
    browser = walk.browser_of(build.customer(), company)

    browser.post(GO_ON)

    assert Application.objects.get().principal == company
    assert "Continued in" in page(browser, "/en/cases/")
    assert "Continued in" not in page(build.signed_in(build.customer()), "/en/cases/")
