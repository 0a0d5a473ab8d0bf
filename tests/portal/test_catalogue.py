"""The catalogue: finding a service, reading about it, beginning."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db.models import QuerySet
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from pytest_django import DjangoAssertNumQueries

from apps.applications.models import Application
from apps.people.municipalities import named
from apps.portal.catalogue import municipality_name
from apps.services.models import Service, Version
from apps.services.texts import HELSINKI, date_words
from tests import build

pytestmark = pytest.mark.django_db


def two_services() -> None:
    """One for the whole country, one for Helsinki and Espoo."""
    build.authority("example-town", municipality_codes=["091", "049"])
    build.authority("example-police")
    said = {"sv": "Anmälan om buller", "fi": "Meluilmoitus", "en": "Notification of noise"}
    build.version(key="noise", name=said, authority="example-town")
    said = {"sv": "Båtfest på ån", "fi": "Venejuhla joella", "en": "Boat feast"}
    build.version(key="feast", name=said, authority="example-police")


def found(query: str, language: str = "sv") -> list[str]:
    """The services a search finds."""
    with translation.override(language):
        html = Client().get(reverse("portal:home") + query).content.decode()
        return [key for key in ("feast", "noise") if f'href="{reverse("portal:service", args=[key])}"' in html]


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("", ["feast", "noise"]),
        ("?word=buller", ["noise"]),
        ("?word=BULLER+anm%C3%A4lan", ["noise"]),
        ("?word=b%C3%A5t", ["feast"]),
        ("?word=bat", []),
        ("?word=ba%CC%8At", ["feast"]),
        ("?word=meluilmoitus", []),
        ("?word=example-police+sv", ["feast"]),
        ("?authority=example-town", ["noise"]),
        ("?authority=nobody", ["feast", "noise"]),
        ("?municipality=091", ["feast", "noise"]),
        ("?municipality=853", ["feast"]),
        ("?municipality=999", ["feast", "noise"]),
        ("?word=buller&municipality=853", []),
        ("?word=%00", ["feast", "noise"]),
        ("?word=buller%00", ["noise"]),
        ("?word=%ff%fe", []),
        ("?word=" + "x" * 3_000, []),
        ("?authority=%00&municipality=%00", ["feast", "noise"]),
        ("?word=a&word=buller", ["noise"]),
    ],
)
def test_home_finds_services(query: str, keys: list[str]) -> None:
    two_services()
    assert found(query) == keys


def test_home_searches_in_the_language_of_the_page() -> None:
    two_services()
    assert found("?word=meluilmoitus", "fi") == ["noise"]


def test_home_shows_what_was_searched_for_again() -> None:
    two_services()
    html = Client().get("/sv/?word=%22%3E%3Cb%3E&authority=example-town&municipality=049").content.decode()
    assert 'value="&quot;&gt;&lt;b&gt;"' in html
    assert '<option selected value="example-town">' in html
    assert '<option selected value="049">Esbo</option>' in html


def test_home_offers_only_the_municipalities_served() -> None:
    build.authority("example-town", municipality_codes=["091", "049"])
    build.version()
    html = Client().get("/fi/").content.decode()
    assert html.index(">Espoo<") < html.index(">Helsinki<")
    assert "Turku" not in html


def test_home_says_what_to_do_when_nothing_is_found() -> None:
    two_services()
    html = Client().get("/en/?word=zzz").content.decode()
    assert "panel" in html
    assert 'class="card"' not in html


def test_home_says_that_there_are_no_services() -> None:
    assert Client().get("/en/").status_code == 200


def test_home_shows_no_closed_and_no_unpublished_service() -> None:
    two_services()
    Service.objects.filter(key="noise").update(closed_at=timezone.now())
    Service.objects.filter(key="feast").update(published=None)
    assert found("") == []


def test_municipality_has_both_names_in_english() -> None:
    assert municipality_name(named("049"), "en") == "Espoo – Esbo"
    assert municipality_name(named("049"), "sv") == "Esbo"


def test_home_costs_one_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    two_services()
    Client().get("/sv/")
    with django_assert_num_queries(1):
        Client().get("/sv/?word=buller")


# --- a service -------------------------------------------------------------------------------------------------------


def page_of(key: str, client: Client | None = None) -> str:
    """The service's page."""
    return unescape((client or Client()).get(reverse("portal:service", args=[key])).content.decode())


def test_service_says_everything_one_needs_to_know() -> None:
    build.version(
        build.page(
            "first",
            build.field("date", "day", lead_time={"days": 12}),
            build.field("file", "plan", required=False, max_megabytes=3),
        ),
        deadline=build.said("In good time"),
        contact=build.said("Ask namn@example.com"),
    )
    html = page_of("example")
    for text in ("Name", "Summary", "For whom", "Legal ground", "Price", "Handling time", "At hand"):
        assert f"{text} of example sv" in html
    earliest = timezone.localdate(timezone=HELSINKI) + timedelta(days=12)
    assert date_words(earliest) in html
    assert "In good time sv" in html
    assert 'href="mailto:namn@example.com"' in html
    assert "Plan sv" in html
    assert "3 MB" in html
    assert "example-town sv" in html


@pytest.mark.parametrize("key", ["nothing", "unpublished", "closed"])
@pytest.mark.parametrize("name", ["service", "start"])
def test_service_that_is_not_open_is_not_found(key: str, name: str) -> None:
    build.version(key="unpublished", published=False)
    build.version(key="closed")
    Service.objects.filter(key="closed").update(closed_at=timezone.now())
    browser = build.signed_in(build.customer())
    assert browser.get(reverse(f"portal:{name}", args=[key])).status_code == 404
    assert browser.post(reverse("portal:start", args=[key])).status_code == 404


def test_service_in_another_language_than_the_pages_says_so() -> None:
    build.version(languages=["sv", "fi"])
    assert "svenska, suomi" in Client().get("/en/services/example/").content.decode()
    assert "svenska, suomi" not in Client().get("/fi/services/example/").content.decode()


def test_service_lists_the_customers_own_drafts_of_it() -> None:
    mine = build.application()
    other = build.application(mine.version, by=build.customer("Other"))
    elsewhere = build.application(build.version(key="another"))
    html = page_of("example", build.signed_in(mine.customer))
    assert reverse("portal:application", args=[mine.pk]) in html
    assert str(other.pk) not in html
    assert str(elsewhere.pk) not in html


def test_start_signed_out_leads_to_sign_in_and_back() -> None:
    build.version()
    response = Client().post("/fi/services/example/start/")
    assert response.headers["Location"] == "/fi/sign-in/?next=%2Ffi%2Fservices%2Fexample%2F"
    assert not Application.objects.exists()


def test_start_begins_a_draft_in_the_language_of_the_page() -> None:
    build.version()
    response = build.signed_in(build.customer()).post("/fi/services/example/start/")
    draft = Application.objects.get()
    assert draft.language == "fi"
    assert response.headers["Location"] == f"/fi/applications/{draft.pk}/"


def test_start_in_a_language_that_is_not_offered_takes_the_first_that_is() -> None:
    build.version(languages=["fi", "sv"])
    build.signed_in(build.customer()).post("/en/services/example/start/")
    assert Application.objects.get().language == "fi"


def test_start_twice_makes_one_draft() -> None:
    build.version()
    browser = build.signed_in(build.customer())
    for _n in range(2):
        browser.post("/sv/services/example/start/")
    assert Application.objects.count() == 1


def test_start_by_link_leads_to_the_service() -> None:
    build.version()
    response = build.signed_in(build.customer()).get("/sv/services/example/start/")
    assert response.headers["Location"] == "/sv/services/example/"
    assert not Application.objects.exists()


def test_service_costs_five_queries(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    draft = build.application()
    browser = build.signed_in(draft.customer)
    browser.get("/sv/services/example/")
    with django_assert_num_queries(5):  # session, service, customer, drafts, undertakings
        browser.get("/sv/services/example/")


def test_service_that_cannot_be_read_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    build.version(key="sound")
    broken = build.version(key="broken")
    QuerySet(Version).filter(pk=broken.pk).update(document="{}", digest="0" * 64)  # as only damage could

    html = Client().get("/sv/").content.decode()

    assert "Name of sound sv" in html


# --- the authority's own service ---------------------------------------------------------------------------------------

OWN = {language: f"https://example.com/{language}/" for language in ("sv", "fi", "en")}


def own_service(**more: Any) -> Version:
    """A service whose customers do their business in the authority's own."""
    return build.version(build.page("first", build.field("file", "plan")), own_service=OWN, **more)


@pytest.mark.parametrize("language", ["sv", "fi", "en"])
def test_own_service_is_linked_to_in_the_language_of_the_page(language: str) -> None:
    own_service()

    html = Client().get(f"/{language}/services/example/").content.decode()

    assert [f'href="{OWN[other]}"' in html for other in OWN] == [other == language for other in OWN]
    assert f"/{language}/services/example/start/" not in html


def test_own_service_with_one_address_is_linked_to_from_every_language() -> None:
    build.version(own_service={"fi": OWN["fi"]})

    assert f'href="{OWN["fi"]}"' in page_of("example")


def test_own_service_says_where_the_link_leads_and_nothing_of_the_form_here() -> None:
    who_can_use_it = "You can use it"
    build.version(key="ordinary")
    own_service()

    html = unescape(Client().get("/en/services/example/").content.decode())

    assert who_can_use_it in unescape(Client().get("/en/services/ordinary/").content.decode())
    assert "example.com." in html
    assert "Price of example" in html
    assert ">Plan" not in html
    assert who_can_use_it not in html


def test_service_says_when_the_authority_handles_it_in_a_system_of_its_own() -> None:
    build.version(key="ordinary")
    build.version(connection="interface")

    said = "The authority handles it in a system of its own"
    told = [said in Client().get(f"/en/services/{key}/").content.decode() for key in ("example", "ordinary")]
    assert told == [True, False]


def test_service_says_of_each_way_of_connecting_how_it_is_handled() -> None:
    build.version(key="ordinary")
    build.version(key="system", connection="interface")
    own_service()

    for key, said in (
        ("ordinary", "The authority handles it here."),
        ("system", "The authority handles it in a system of its own,"),
        ("example", "The authority handles it in its own service,"),
    ):
        html = Client().get(f"/en/services/{key}/").content.decode()
        assert html.count("How it is handled") == 1
        assert said in html


def test_home_marks_what_is_handled_in_the_authoritys_own_system() -> None:
    build.version(key="ordinary")
    assert "own system" not in Client().get("/en/").content.decode()

    build.version(connection="interface")

    assert Client().get("/en/").content.decode().count("Handled in the authority’s own system") == 1


@pytest.mark.parametrize("signed_in", [True, False])
def test_own_service_lets_nobody_begin_here(*, signed_in: bool) -> None:
    own_service(identification="weak")
    browser = build.signed_in(build.customer()) if signed_in else Client()

    response = browser.post("/en/services/example/start/", {"undertaking": "new"}, follow=True)

    assert response.redirect_chain == [("/en/services/example/", 302)]
    assert "the authority has its own service for this" in unescape(response.content.decode())
    assert not Application.objects.exists()


def test_own_service_still_leads_to_a_draft_begun_before_it_was_so() -> None:
    mine = build.application()
    own_service()

    assert reverse("portal:application", args=[mine.pk]) in page_of("example", build.signed_in(mine.customer))


def test_home_marks_an_own_service() -> None:
    build.version(key="ordinary")
    assert "the authority’s own service" not in Client().get("/en/").content.decode()

    own_service()

    assert Client().get("/en/").content.decode().count("In the authority’s own service") == 1


def test_own_service_costs_four_queries(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    version = own_service()
    browser = build.signed_in(build.application(version).customer)
    browser.get("/sv/services/example/")

    with django_assert_num_queries(4):  # session, service, customer, drafts
        browser.get("/sv/services/example/")
