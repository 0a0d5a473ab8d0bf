"""Surveys: what their documents may say, where their answers lead, and what the two of the library tell whom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.utils.translation import override
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.services.changes import changes
from apps.services.definition import NOT_OF_SURVEYS, Definition, judge, load, parse
from apps.services.publishing import obstacles
from apps.services.reading import Unreadable
from apps.services.surveying import asking, conclusions, needs
from apps.services.texts import LANGUAGES
from apps.services.wording import lead_words
from tests import build
from tests.build import TODAY

LIBRARY = Path(__file__).resolve().parents[2] / "apps/services/library"
MUSIC = {"field": "music", "equals": True}
LATE = {"field": "late", "equals": True}


def a_survey(*leads: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A survey of two questions that leads to services."""
    asked = build.page("first", build.field("yes_no", "music")), build.page("second", build.field("yes_no", "late"))
    return build.document(*asked, **{"kind": "survey", "leads_to": list(leads), **more})


def wrong(document: dict[str, Any]) -> list[str]:
    """What is wrong with it."""
    with override("en"):
        return [str(problem) for problem in judge(document)[1]]


# --- the document ----------------------------------------------------------------------------------------------------


def test_lead_may_look_at_every_question() -> None:
    assert (
        wrong(a_survey({"service": "noise", "surely": LATE, "possibly": MUSIC, "why": build.said("It is heard")})) == []
    )


@pytest.mark.parametrize(
    ("lead", "told"),
    [
        ({"service": "noise"}, "leads_to[0]: say when the service is needed: give “surely”, “possibly” or both."),
        ({"surely": MUSIC}, "leads_to[0].service: this element is missing."),
        ({"service": "No Such", "surely": MUSIC}, "leads_to[0].service: this must be lower-case letters"),
        (
            {"service": "noise", "surely": {"field": "x", "equals": 1}},
            "leads_to[0].surely: there is no question with the key x",
        ),
        (
            {"service": "noise", "possibly": {"field": "music", "equals": "red"}},
            "leads_to[0].possibly: an answer to music can never",
        ),
        ({"service": "noise", "surely": MUSIC, "when": MUSIC}, "leads_to[0].when: unknown element."),
        ("noise", "leads_to[0]: this must be an object"),
    ],
)
def test_mistake_in_a_lead_is_told_with_its_place(lead: Any, told: str) -> None:
    assert [one[: len(told)] for one in wrong(a_survey(lead))] == [told]


def test_only_a_survey_leads_to_services() -> None:
    lead = {"service": "noise", "surely": MUSIC}
    assert wrong(a_survey(lead, kind="permit")) == ["leads_to: only a survey leads to services."]


def test_survey_asks_for_no_files() -> None:
    document = build.document(build.page("first", build.field("file", "plan")), kind="survey")
    assert wrong(document) == ["pages[0].fields[0].kind: a survey cannot ask for files: nothing of it is kept."]


def test_survey_without_the_reasons_in_a_language_cannot_be_published() -> None:
    definition = parse(a_survey({"service": "noise", "surely": MUSIC, "why": {"sv": "Det hörs", "en": "It is heard"}}))
    assert [problem.path for problem in obstacles(definition)] == ["leads_to[0].why.fi"]


def test_lead_in_words() -> None:
    definition = parse(
        a_survey({"service": "noise", "surely": MUSIC, "possibly": LATE, "why": build.said("It is heard")})
    )
    assert lead_words(definition.leads_to[0], definition.fields, "en") == [
        "noise is surely needed when “Music” is “Yes”.",
        "noise is possibly needed when “Late” is “Yes”.",
        "Why: “It is heard”",
    ]


def test_changes_of_leads_are_told() -> None:
    noise = {"service": "noise", "surely": MUSIC}
    old, new = parse(a_survey(noise)), parse(a_survey({**noise, "surely": LATE}))
    assert [str(change) for change in changes(old, new, "en")] == [
        "No longer: noise is surely needed when “Music” is “Yes”.",
        "New: noise is surely needed when “Late” is “Yes”.",
    ]
    meal = {"service": "meal", "surely": MUSIC}
    moved = changes(parse(a_survey(noise, meal)), parse(a_survey(meal, noise)), "en")
    assert [change.words for change in moved] == ["What the answers lead to has another order."]


# --- where answers lead ----------------------------------------------------------------------------------------------


def led(definition: Definition, **answers: Any) -> dict[str, tuple[str, list[str]]]:
    """Each service with the word and the reasons."""
    found = needs(definition, answers, TODAY)
    return {one.service: ("surely" if one.surely else "possibly", [why.said("en") for why in one.why]) for one in found}


def test_stronger_word_and_its_reasons_win() -> None:
    definition = parse(
        a_survey(
            {"service": "noise", "possibly": LATE, "why": build.said("Late")},
            {"service": "noise", "surely": MUSIC, "why": build.said("Music")},
            {"service": "noise", "surely": MUSIC, "possibly": LATE, "why": build.said("Both")},
        )
    )
    assert led(definition, music=True, late=True) == {"noise": ("surely", ["Music", "Both"])}
    assert led(definition, music=False, late=True) == {"noise": ("possibly", ["Late", "Both"])}
    assert led(definition, music=False, late=False) == led(definition) == {}


def test_hidden_answer_leads_nowhere() -> None:
    document = a_survey({"service": "noise", "surely": LATE})
    document["pages"][1]["show_when"] = MUSIC
    definition = parse(document)
    assert led(definition, music=True, late=True) == {"noise": ("surely", [])}
    assert led(definition, music=False, late=True) == {}


# --- the survey of events --------------------------------------------------------------------------------------------


def library(key: str) -> Definition:
    """A survey of the library."""
    return parse(load((LIBRARY / f"{key}.json").read_text("utf-8")))


EVENT, CONNECTION = library("survey-event"), library("survey-connection")
QUIET: dict[str, Any] = {
    "event_name": "Exempel",
    "event_municipality": "091",
    "event_open": "public",
    "audience_size": "under_50",
    "special_groups": False,
    "strong_feelings": False,
    "place_kind": "own",
    "indoors": True,
    "exits_unusual": False,
    "start_date": "2028-06-05",
    "end_date": "2028-06-05",
    "after_ten": False,
    "music": False,
    "loud_machines": False,
    "open_fire": False,
    "fireworks_kind": "none",
    "special_effects": False,
    "liquid_gas": False,
    "structures": False,
    "power": "grid",
    "traffic": False,
    "food": False,
    "alcohol": False,
    "tobacco_sold": False,
    "stewards": False,
}
OUTSIDE = {"indoors": False}

# What the facts say of example events (the laws are named in each service's own definition).
EVENTS: dict[str, tuple[dict[str, Any], set[str], set[str]]] = {
    "a reading for thirty in a library": ({}, set(), {"public-event"}),
    "a birthday for invited people": ({"event_open": "invited"}, set(), set()),
    "a wedding for 250 with a licensed bar": (
        {"event_open": "invited", "audience_size": "from_200", "alcohol": True, "alcohol_licensed": True},
        set(),
        {"rescue-plan", "alcohol-serving"},
    ),
    "a dance indoors for 250 to midnight": (
        {"audience_size": "from_200", "after_ten": True, "music": True},
        {"public-event", "rescue-plan"},
        {"noise-notification"},
    ),
    "an outdoor concert in a park for 4,000 with beer and food": (
        {
            **OUTSIDE,
            "audience_size": "from_1000",
            "place_kind": "public_area",
            "music": True,
            "outdoor_concert": True,
            "alcohol": True,
            "alcohol_licensed": False,
            "food": True,
            "food_by": "business",
            "stewards": True,
        },
        {"public-event", "rescue-plan", "noise-notification", "public-area-use", "alcohol-serving", "food-at-events"},
        set(),
    ),
    "a flea market in a square with coffee by a club": (
        {**OUTSIDE, "place_kind": "public_area", "audience_size": "from_50", "food": True, "food_by": "private"},
        {"public-area-use"},
        {"public-event", "food-at-events"},
    ),
    "a bonfire for sixty": (
        {**OUTSIDE, "audience_size": "from_50", "open_fire": True},
        {"rescue-plan"},
        {"public-event"},
    ),
    "consumer fireworks at a summer feast": (
        {**OUTSIDE, "fireworks_kind": "consumer", "fireworks_new_year": False},
        {"rescue-plan", "fireworks"},
        {"public-event"},
    ),
    "consumer fireworks on New Year’s night": (
        {**OUTSIDE, "fireworks_kind": "consumer", "fireworks_new_year": True},
        {"rescue-plan"},
        {"public-event"},
    ),
    "a fireworks display by a company for 6,000": (
        {**OUTSIDE, "audience_size": "from_5000", "fireworks_kind": "professional", "stewards": True},
        {"public-event", "rescue-plan", "fireworks", "food-at-events"},
        set(),
    ),
    "a road race": (
        {**OUTSIDE, "audience_size": "from_50", "traffic": True, "stewards": True},
        {"public-event"},
        {"public-area-use"},
    ),
    "a motor show": ({**OUTSIDE, "loud_machines": True}, set(), {"public-event", "noise-notification"}),
    "a demonstration": ({**OUTSIDE, "event_open": "meeting", "place_kind": "public_area"}, {"public-area-use"}, set()),
    "a fair of 600 that sells tobacco": (
        {"audience_size": "from_501", "tobacco_sold": True},
        {"public-event", "rescue-plan", "food-at-events", "tobacco-retail"},
        set(),
    ),
    "exactly 500 without food": ({"audience_size": "from_200"}, {"public-event", "rescue-plan"}, set()),
    "a children’s feast": ({"special_groups": True}, {"public-event"}, {"rescue-plan"}),
    "a stand and a generator outdoors": (
        {**OUTSIDE, "structures": True, "structure_kinds": ["stand"], "power": "generator"},
        set(),
        {"public-event", "rescue-plan", "noise-notification"},
    ),
    "effects in a hall with unusual exits": (
        {"special_effects": True, "exits_unusual": True},
        {"rescue-plan"},
        {"public-event"},
    ),
    "solar panels that stay": ({**OUTSIDE, "power": "plant"}, set(), {"public-event", "renewable-project"}),
}


@pytest.mark.parametrize("name", EVENTS)
def test_event_needs_what_the_facts_say(name: str) -> None:
    answers, surely, possibly = EVENTS[name]
    found = needs(EVENT, QUIET | answers, TODAY)
    assert {one.service for one in found if one.surely} == surely
    assert {one.service for one in found if not one.surely} == possibly
    assert all(one.why for one in found)


def test_example_events_lead_to_every_service() -> None:
    reached = {one.service for answers, *_told in EVENTS.values() for one in needs(EVENT, QUIET | answers, TODAY)}
    assert reached == {lead.service for lead in EVENT.leads_to}
    assert len(reached) == 9


def every_answer(definition: Definition) -> st.SearchStrategy[dict[str, Any]]:
    """Any answers to the questions that offer something to choose, or none."""
    offered: dict[str, st.SearchStrategy[Any]] = {}
    for key, field in definition.fields.items():
        if field.kind == "yes_no":
            offered[key] = st.sampled_from([None, True, False])
        elif field.kind == "choice":
            offered[key] = st.sampled_from([None, *sorted(field.possible())])
        elif field.kind == "choices":
            offered[key] = st.lists(st.sampled_from(sorted(field.possible())), unique=True)
    return st.fixed_dictionaries(offered)


@given(every_answer(EVENT))
@settings(max_examples=30, deadline=None)
def test_no_answers_make_a_service_both_or_lack_a_reason(answers: dict[str, Any]) -> None:
    found = needs(EVENT, answers, TODAY)
    assert len({one.service for one in found}) == len(found)
    assert all(one.why for one in found)


@given(every_answer(EVENT), st.sampled_from(["open_fire", "special_effects", "exits_unusual", "tobacco_sold"]))
@settings(max_examples=30, deadline=None)
def test_one_more_yes_never_takes_a_need_away(answers: dict[str, Any], key: str) -> None:
    without, more = (needs(EVENT, answers | {key: value}, TODAY) for value in (False, True))
    assert {one.service for one in without} <= {one.service for one in more}
    assert {one.service for one in without if one.surely} <= {one.service for one in more if one.surely}


def test_survey_of_events_asks_of_audience_in_six_steps_and_at_least_ten_areas() -> None:
    assert len(EVENT.fields["audience_size"].possible()) == 6
    assert sum(asking(page.fields) for page in EVENT.pages) >= 10


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ({"event_open": "meeting"}, "Public meetings have a notice of their own"),
        ({"audience_size": "from_1000"}, "Waste plan"),
        ({"open_fire": True}, "Fire show"),
        ({"place_kind": "others"}, "The owner’s consent"),
        ({"traffic": True}, "Traffic plan"),
    ],
)
def test_result_tells_what_else_to_keep_in_mind(answers: dict[str, Any], told: str) -> None:
    before, after = ([t for t, _x in conclusions(EVENT, QUIET | some, TODAY, "en")] for some in ({}, answers))
    assert set(after) - set(before) == {told}
    assert "Begin in good time" in before


# --- the survey of connection methods --------------------------------------------------------------------------------

FEW: dict[str, Any] = {
    "renewable": False,
    "present_way": "paper",
    "yearly_volume": "under_50",
    "content": "simple",
    "manual_transfer": True,
    "process_control": False,
    "deadlines": False,
    "monitored": False,
    "case_management": False,
    "integration": "not_worth",
    "temporary": False,
}


@pytest.mark.parametrize(
    ("answers", "method"),
    [
        ({}, "simplified"),
        ({"present_way": "web_form", "yearly_volume": "from_50", "content": "usual"}, "simplified"),
        ({"integration": "unknown"}, "simplified"),
        ({"present_way": "own_service", "integration": "worth"}, "interface"),
        ({"case_management": True, "integration": "worth", "yearly_volume": "from_5000"}, "interface"),
        ({"integration": "worth"}, "simplified"),
        ({"present_way": "own_service", "integration": "worth", "temporary": True}, "for_now"),
        ({"yearly_volume": "from_500"}, "for_now"),
        ({"content": "extensive"}, "for_now"),
        ({"process_control": True}, "for_now"),
        ({"deadlines": True}, "for_now"),
        ({"monitored": True}, "for_now"),
        ({"manual_transfer": False}, "for_now"),
        ({"temporary": True}, "for_now"),
        ({"renewable": True, "present_way": "own_service", "integration": "worth"}, "conditional"),
        ({"renewable": True}, "simplified"),
    ],
)
def test_recommended_method(answers: dict[str, Any], method: str) -> None:
    told = {
        title
        for title, _text in conclusions(CONNECTION, FEW | answers, TODAY, "en")
        if title.startswith("Recommendation")
    }
    field = CONNECTION.fields[f"use_{method}"]
    assert told == {field.label.said("en")}


@given(every_answer(CONNECTION))
@settings(max_examples=30, deadline=None)
def test_there_is_one_recommendation_at_most_and_always_one_for_who_has_answered(answers: dict[str, Any]) -> None:
    told = [
        title for title, _text in conclusions(CONNECTION, answers, TODAY, "en") if title.startswith("Recommendation")
    ]
    assert len(told) <= 1
    if answers["present_way"]:
        assert len(told) == 1


def test_official_comparison_is_told_whatever_is_answered() -> None:
    titles = [title for title, _text in conclusions(CONNECTION, {}, TODAY, "en")]
    assert sum(title.startswith("Comparison") for title in titles) == 3


@pytest.mark.parametrize("definition", [EVENT, CONNECTION], ids=lambda one: one.key)
def test_survey_of_the_library_is_complete_in_three_languages(definition: Definition) -> None:
    assert definition.languages == LANGUAGES
    assert obstacles(definition) == []
    for lead in definition.leads_to:
        assert len({lead.why.said(language) for language in LANGUAGES}) == len(LANGUAGES)


def test_a_survey_may_leave_out_what_is_said_of_what_is_sent() -> None:
    document = {**build.document(), "kind": "survey"}
    for name in NOT_OF_SURVEYS:
        del document[name]

    assert obstacles(parse(document)) == []


def test_a_service_may_not() -> None:
    document = build.document()
    del document["price"]

    with pytest.raises(Unreadable):
        parse(document)
