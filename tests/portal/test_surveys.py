"""Surveys in the portal: answered without signing in, a result, and the answers that go along into what is begun from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.models import Session
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import translation
from hypothesis import HealthCheck, given
from hypothesis import settings as trying
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from pytest_django import DjangoAssertNumQueries, Settings

from apps.applications.models import Application
from apps.cases.models import Case
from apps.people.models import Customer
from apps.portal import surveyed
from apps.portal.catalogue import everything_open
from apps.portal.surveys import Survey, what_is_needed
from apps.services import publishing
from apps.services.definition import load
from apps.services.models import Version
from apps.services.texts import LANGUAGES
from tests import build

pytestmark = pytest.mark.django_db
LIBRARY = Path(__file__).resolve().parents[2] / "apps/services/library"
MUSIC, FOOD = build.field("yes_no", "music"), build.field("yes_no", "food")
NAME = build.field("text", "event_name", common=True)
TOWN = build.field("municipality", "town", common=True)


def a_survey(*pages: dict[str, Any], **more: Any) -> Version:
    """A survey of three pages that leads to two services."""
    usual = (
        build.page("about", NAME, TOWN),
        build.page("sound", MUSIC, build.field("text", "secret_word", common=True, secret=True, required=False)),
        build.page(
            "food_page",
            FOOD,
            build.field("text", "what_food", show_when={"field": "food", "equals": True}),
        ),
        build.page(
            "end",
            build.field("result", "told", text=build.said("Bring cups"), show_when={"field": "food", "equals": True}),
        ),
    )
    leads = [
        {"service": "noise", "surely": {"field": "music", "equals": True}, "why": build.said("Music is heard")},
        {"service": "noise", "possibly": {"field": "food", "equals": True}, "why": build.said("People are heard")},
        {"service": "meal", "possibly": {"field": "food", "equals": True}, "why": build.said("Food is served")},
    ]
    more = {"key": "asked", "kind": "survey", **({} if pages else {"leads_to": leads}), **more}
    return build.version(*(pages or usual), **more)


def services() -> None:
    """What the survey leads to."""
    for key in ("noise", "meal"):
        build.version(build.page("first", NAME, TOWN, build.field("text", "secret_word", common=True)), key=key)


def address(page: str = "", key: str = "asked") -> str:
    """Of a page of the survey."""
    return reverse("portal:survey_page", args=[key, page]) if page else reverse("portal:survey", args=[key])


RESULT = "/sv/surveys/asked/result/"


def answered(
    browser: Client | None = None, *, food: str = "no", music: str = "yes", town: str = "Helsingfors"
) -> Client:
    """A browser in which everything is answered."""
    browser = browser or Client()
    browser.post(address("about"), {"event_name": "Feast", "town": town})
    browser.post(address("sound"), {"music": music, "secret_word": "Hush"})
    browser.post(address("food_page"), {"food": food, "what_food": "Soup"})
    return browser


def page(browser: Client, where: str) -> str:
    """What stands there."""
    answer = browser.get(where)
    assert answer.status_code == 200, answer.headers.get("Location")
    return answer.content.decode()


# --- answering -------------------------------------------------------------------------------------------------------


def test_survey_is_listed_apart_and_is_no_service() -> None:
    a_survey()
    services()
    html = page(Client(), "/sv/")
    assert f'href="{address()}"' in html
    assert 'href="/sv/services/asked/"' not in html


def test_page_of_a_service_that_is_a_survey_leads_to_the_survey() -> None:
    a_survey()
    assert Client().get("/sv/services/asked/").headers["Location"] == address()


def test_survey_is_answered_page_by_page_without_signing_in() -> None:
    a_survey()
    browser = Client()
    assert f'href="{address("about")}"' in page(browser, address())

    first = browser.post(address("about"), {"event_name": "Feast", "town": "Helsingfors"})
    second = browser.post(address("sound"), {"music": "yes"})
    third = browser.post(address("food_page"), {"food": "no"})

    assert [one.headers["Location"] for one in (first, second, third)] == [
        address("sound"),
        address("food_page"),
        RESULT,
    ]
    assert (Customer.objects.count(), Application.objects.count(), Case.objects.count()) == (0, 0, 0)


def test_page_that_only_concludes_is_told_on_the_result_page() -> None:
    a_survey()
    browser = answered(food="yes")
    assert "1 av 3" in page(browser, address("about")) or "1 / 3" in page(browser, address("about"))
    assert "Bring cups sv" in page(browser, RESULT)
    assert "Bring cups sv" not in page(answered(browser, food="no"), RESULT)


def test_wrong_answer_is_told_and_right_ones_are_kept() -> None:
    a_survey()
    browser = Client()
    answer = browser.post(address("about"), {"event_name": "Feast", "town": "Nowhere"})
    assert answer.status_code == 200
    assert 'id="id_town_error"' in answer.content.decode()
    assert 'value="Feast"' in page(browser, address("about"))


def test_one_can_stop_at_any_page_and_look_at_the_result() -> None:
    a_survey()
    services()
    browser = Client()
    answer = browser.post(address("about"), {"event_name": "Feast", "_result": "1"})
    assert answer.headers["Location"] == RESULT
    html = page(browser, RESULT)
    assert f'href="{address("about")}"' in html, "it says that not all is answered, and where one goes on"


def test_back_link_leads_to_the_page_before() -> None:
    a_survey()
    browser = answered()
    assert f'class="back" href="{address("about")}"' in page(browser, address("sound"))
    assert f'class="back" href="{address()}"' in page(browser, address("about"))


def test_page_whose_turn_has_not_come_leads_to_the_first_that_is_not_done() -> None:
    a_survey()
    assert Client().get(address("food_page")).headers["Location"] == address("about")


def test_result_without_any_answer_leads_to_the_beginning() -> None:
    a_survey()
    assert Client().get(RESULT).headers["Location"] == address()


def test_what_answers_bring_up_is_shown_before_one_goes_on() -> None:
    a_survey()
    browser = Client()
    browser.post(address("about"), {"event_name": "Feast", "town": "Helsingfors"})
    browser.post(address("sound"), {"music": "yes"})
    assert browser.post(address("food_page"), {"food": "yes"}).status_code == 200
    assert browser.post(address("food_page"), {"food": "yes", "what_food": "Soup"}).headers["Location"] == RESULT


def test_other_language_keeps_what_is_typed() -> None:
    a_survey()
    browser = Client()
    answer = browser.post(address("about"), {"event_name": "Feast", "town": "Nowhere", "_language": "fi"})
    assert answer.headers["Location"] == "/fi/surveys/asked/pages/about/"
    html = page(browser, answer.headers["Location"])
    assert 'value="Feast"' in html
    assert 'value="Nowhere"' in html


def test_answers_can_be_thrown_away() -> None:
    a_survey()
    browser = answered()
    assert browser.get("/sv/surveys/asked/anew/").status_code == 405
    browser.post("/sv/surveys/asked/anew/")
    assert browser.get(RESULT).status_code == 302


def test_nothing_of_it_is_stored_but_in_the_session() -> None:
    a_survey()
    answered()
    assert Session.objects.count() == 1
    browser = Client()
    assert browser.get(RESULT).status_code == 302, "another browser knows nothing of it"


def test_too_much_is_not_kept() -> None:
    a_survey(build.page("about", *(build.field("long_text", f"t{n}", max_length=20_000) for n in range(4))))
    answer = Client().post(address("about"), {f"t{n}": "x" * 20_000 for n in range(4)})
    assert answer.status_code == 200


def test_new_version_keeps_the_answers_that_still_fit() -> None:
    a_survey()
    browser = answered()
    a_survey(
        build.page("about", NAME, TOWN),
        build.page("sound", build.field("choice", "music", options=build.options("loud"))),
    )
    html = page(browser, address("about"))
    assert 'value="Feast"' in html
    assert browser.get(RESULT).status_code == 200


def test_of_several_answers_only_those_that_are_still_there_are_kept_in_a_new_version() -> None:
    a_survey(build.page("about", build.field("choices", "what", options=build.options("food", "music"))))
    browser = Client()
    browser.post(address("about"), {"what": ["food", "music"]})
    new = a_survey(build.page("about", build.field("choices", "what", options=build.options("food", "fire"))))
    request = RequestFactory().get("/")
    request.session = browser.session
    request.user = AnonymousUser()

    assert surveyed.answers_of(request, new) == {"what": ["food"]}


@pytest.mark.parametrize("where", ["/sv/surveys/nothing/", "/sv/surveys/noise/", "/sv/surveys/asked/pages/nothing/"])
def test_unknown_survey_or_page_is_not_there(where: str) -> None:
    a_survey()
    services()
    assert Client().get(where).status_code == 404


def test_closed_or_unpublished_survey_is_not_there() -> None:
    version = a_survey()
    publishing.close(version.service)
    assert Client().get(address()).status_code == 404


# --- the result ------------------------------------------------------------------------------------------------------


def listed(browser: Client) -> dict[str, list[str]]:
    """The services in each list of the result."""
    html = page(browser, RESULT)
    surely, _, rest = html.partition('id="surely"')[2].partition('id="possibly"')
    possibly = rest.partition('id="answers"')[0]
    return {
        name: [key for key in ("noise", "meal") if f"/sv/services/{key}/?survey=asked" in part]
        for name, part in (("surely", surely), ("possibly", possibly))
    }


def test_result_lists_what_is_surely_and_possibly_needed_and_why() -> None:
    a_survey()
    services()
    browser = answered(food="yes")
    assert listed(browser) == {"surely": ["noise"], "possibly": ["meal"]}
    html = page(browser, RESULT)
    assert "Music is heard sv" in html
    assert "People are heard sv" not in html, "what is surely needed is not said to be possibly so"
    assert "Food is served sv" in html
    assert 'href="/sv/"' in html


def test_service_that_cannot_be_begun_is_left_out_and_its_reason_told() -> None:
    a_survey()
    browser = answered()
    assert listed(browser) == {"surely": [], "possibly": []}
    assert "Music is heard sv" in page(browser, RESULT).partition('id="nowhere"')[2]


def test_municipality_chosen_narrows_to_those_that_serve_it() -> None:
    build.authority("example-town", municipality_codes=["091"])
    a_survey()
    services()
    assert listed(answered(town="Helsingfors"))["surely"] == ["noise"]
    assert listed(answered(town="Esbo"))["surely"] == []


def test_same_service_of_an_authority_that_has_joined_is_meant_too() -> None:
    a_survey()
    build.authority("far-town", municipality_codes=["049"])
    build.version(key="noise-far-town", authority="far-town")
    build.version(key="noise-other-thing", authority="far-town")
    html = page(answered(town="Esbo"), RESULT)
    assert "/sv/services/noise-far-town/?survey=asked" in html
    assert "noise-other-thing" not in html


def test_result_asks_few_things_of_the_database(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    a_survey()
    services()
    browser = answered()
    browser.get(RESULT)
    with django_assert_num_queries(3):  # session, survey, everything that is open
        browser.get(RESULT)


@pytest.mark.thorough
class NeverBoth(TestCase):
    """Whatever is answered in the survey for events."""

    def setUp(self) -> None:
        """All it leads to."""
        text = (LIBRARY / "survey-event.json").read_text("utf-8")
        self.version = build.version(**load(text))
        for key in {lead.service for lead in self.version.definition.leads_to}:
            build.version(key=key)

    @given(st.data())
    @trying(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
    def test_no_service_is_listed_as_both(self, data: st.DataObject) -> None:
        answers: dict[str, Any] = {}
        for key, field in self.version.definition.fields.items():
            if field.kind == "yes_no":
                answers[key] = data.draw(st.sampled_from([True, False, None]))
            elif field.kind == "choice":
                answers[key] = data.draw(st.sampled_from([*sorted(field.possible()), None]))
        found = what_is_needed(Survey(self.version, answers), everything_open(), "sv")
        surely, possibly = ([one.offer.service.key for one in some] for some in (found.surely, found.possibly))
        assert len({*surely, *possibly}) == len(surely) + len(possibly)

    @given(
        st.dictionaries(
            st.sampled_from(["event_name", "event_municipality", "start_date", "_result", "_language", "x"]),
            st.text(max_size=20),
        )
    )
    @trying(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
    def test_anything_posted_is_answered(self, typed: dict[str, str]) -> None:
        for page in ("event", "time"):
            where = reverse("portal:survey_page", args=["survey-event", page])
            assert self.client.post(where, typed).status_code in (200, 302)


# --- what goes along -------------------------------------------------------------------------------------------------


def begun(browser: Client, key: str = "noise") -> str:
    """The first page of an application begun from the result."""
    start = browser.post(f"/sv/services/{key}/start/", {"survey": "asked"})
    return page(browser, browser.get(start.headers["Location"]).headers["Location"])


def test_common_answers_are_offered_with_where_they_come_from() -> None:
    a_survey(name=build.said("What is needed"))
    services()
    browser = answered(build.signed_in(build.customer()))
    html = begun(browser)
    assert 'value="Feast"' in html
    assert 'value="Helsingfors"' in html
    assert "What is needed sv" in html
    assert "Hush" not in html, "a secret answer never goes along"
    assert Application.objects.get().answers == {}, "an offer counts only when the page is saved"


def test_identity_code_and_secret_answers_never_go_along() -> None:
    code = build.field("personal_identity_code", "code", common=True)
    whole = build.field("applicant", "applicant", common=True, identity_code=True)
    version = a_survey(build.page("about", NAME, code, whole, build.field("text", "hush", common=True, secret=True)))
    answers = {key: field.sample(build.TODAY) for key, field in version.definition.fields.items()}
    assert surveyed.common_answers(version, answers).keys() == {"event_name"}


def test_what_is_begun_elsewhere_is_offered_nothing() -> None:
    a_survey()
    services()
    browser = answered(build.signed_in(build.customer()))
    start = browser.post("/sv/services/noise/start/")
    assert "Feast" not in page(browser, browser.get(start.headers["Location"]).headers["Location"])


def test_what_is_begun_from_one_result_belongs_together() -> None:
    a_survey()
    services()
    browser = answered(build.signed_in(build.customer()), food="yes")
    begun(browser)
    first = Application.objects.get()
    first.answers = {"event_name": "Feast"}
    first.save()
    html = page(browser, "/sv/services/meal/?survey=asked")
    assert f'value="{first.undertaking_id}" checked' in html


def test_answers_survive_signing_in_and_end_with_signing_out(settings: Settings) -> None:
    settings.DEBUG = settings.TEST_IDENTITY = True
    a_survey()
    services()
    browser = answered()
    there = page(browser, "/sv/services/noise/?survey=asked")
    assert 'name="survey" value="asked"' in there
    asked = browser.post("/sv/services/noise/start/", {"survey": "asked"})
    assert asked.headers["Location"] == "/sv/sign-in/?next=%2Fsv%2Fservices%2Fnoise%2F%3Fsurvey%3Dasked"
    key = browser.session.session_key

    onward = browser.post(
        "/sv/sign-in/", {"given_name": "Test", "family_name": "Person", "next": "/sv/services/noise/?survey=asked"}
    )

    assert browser.session.session_key != key
    assert onward.headers["Location"] == "/sv/services/noise/?survey=asked"
    assert "Feast" in begun(browser)
    browser.post("/sv/sign-out/")
    assert "surveys" not in browser.session
    assert browser.get(RESULT).status_code == 302


def test_who_signs_in_after_somebody_else_sees_nothing_of_theirs() -> None:
    a_survey()
    services()
    browser = answered(build.signed_in(build.customer()))
    session = browser.session
    session["customer"] = str(build.customer("Another").pk)
    session.save()
    assert browser.get(RESULT).status_code == 302
    del session["customer"]
    session.save()
    assert browser.get(RESULT).status_code == 302


def test_survey_cannot_be_begun_as_an_application() -> None:
    a_survey()
    browser = build.signed_in(build.customer())
    assert browser.post("/sv/services/asked/start/").status_code == 302
    assert not Application.objects.exists()
    assert "/sv/services/asked/" not in page(browser, "/sv/")


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["survey-event", "survey-connection"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_survey_of_the_library_can_be_answered_to_the_end(name: str, language: str) -> None:
    document = load((LIBRARY / f"{name}.json").read_text("utf-8"))
    definition = build.version(**document).definition
    browser = Client()
    with translation.override(language):
        where = reverse("portal:survey_page", args=[name, definition.pages[0].key])
        result = reverse("portal:survey_result", args=[name])
        samples = {
            key: field.recall(field.sample(build.TODAY)) for key, field in definition.fields.items() if field.asks
        }
    for _page in definition.pages:
        if where != result:
            assert browser.get(where).status_code == 200
            where = browser.post(where, {**samples, "_followed": "1"}).headers["Location"]
    assert where == result
    html = page(browser, where)
    assert 'class="panel panel--warning"' not in html, "all is answered"
