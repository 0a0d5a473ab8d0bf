"""What conditions open, with which answers one comes there, and what can never be met."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.applications.journey import Journey
from apps.services import examples
from apps.services.conditions import ALWAYS, Condition, read_condition
from apps.services.definition import Definition, judge, parse
from apps.services.reading import Reader
from apps.services.routes import answers_for, answers_on, routes, unreachable, ways
from tests.build import TODAY, definition, document, field, options, page, said

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = {
    path.stem: parse(json.loads(path.read_text("utf-8")))
    for path in sorted((ROOT / "apps/services/library").glob("*.json"))
}
EVERY_FILE = pytest.mark.parametrize("key", LIBRARY)
MUSIC = {"field": "music", "equals": True}


def read(rule: Any) -> Condition:
    return read_condition(Reader(), "", rule)


def form() -> Definition:
    """A form in which conditions open a page, questions, a need and a value."""
    return definition(
        page(
            "event",
            field("yes_no", "music"),
            field("whole_number", "audience"),
            field("text", "band", show_when=MUSIC),
            field("text", "song", required=False, required_when=MUSIC),
            field(
                "derived",
                "size",
                values=[
                    {"value": "large", "when": {"field": "audience", "at_least": 200}, "label": said("Large")},
                    {"value": "small", "label": said("Small")},
                ],
            ),
        ),
        page("safety", field("text", "plan"), show_when={"field": "size", "equals": "large"}),
    )


# --- sentences -------------------------------------------------------------------------------------------------------


def test_each_condition_is_told_once_with_all_that_it_opens() -> None:
    assert [route.said("en") for route in routes(form())] == [
        "When “Music” is “Yes”, this follows: This comes up: “Band”. This must be answered: “Song”.",
        "When “Audience” is at least 200, this follows: “Size” becomes “Large”.",
        "When “Size” is “Large”, this follows: The page “Safety” comes up.",
    ]


def test_condition_in_a_row_says_of_which_group() -> None:
    stalls = field(
        "repeating",
        "stalls",
        fields=[field("yes_no", "hot"), field("text", "stove", show_when={"field": "hot", "equals": True})],
    )

    found = routes(definition(page("only", stalls)))

    assert [route.when("en") for route in found] == ["When “Hot” is “Yes” in a row of “Stalls”, this follows:"]


def test_guidance_without_a_label_is_called_by_its_text() -> None:
    advice = field("guidance", "advice", text=said("Mind the neighbours, " * 5), show_when=MUSIC)

    found = routes(definition(page("only", field("yes_no", "music"), advice)))

    assert found[0].follows("en") == ["This comes up: “Mind the neighbours, Mind the neighbours, Mind the neighbou…”."]


def test_same_condition_has_the_same_mark_in_another_form() -> None:
    other = definition(
        page("more", field("text", "new")),
        page("event", field("yes_no", "music"), field("text", "band", show_when=MUSIC)),
    )

    assert routes(other)[0].mark == routes(form())[0].mark


# --- answers ---------------------------------------------------------------------------------------------------------


@EVERY_FILE
def test_examples_fill_the_whole_form(key: str) -> None:
    for today in (TODAY, date(2027, 6, 23), date(2027, 12, 20)):
        assert Journey(LIBRARY[key], examples.fill(LIBRARY[key], today), today).complete


@EVERY_FILE
def test_every_route_of_the_library_is_reached_with_a_whole_form(key: str) -> None:
    for route in routes(LIBRARY[key]):
        answers = answers_on(LIBRARY[key], route, TODAY)

        assert answers is not None, route.said("en")
        journey = Journey(LIBRARY[key], answers, TODAY)
        assert journey.complete, route.said("en")
        if route.group is None:
            assert route.condition.holds(journey.counting, TODAY), route.said("en")


LOOKED_AT = [
    field("yes_no", "music"),
    field("whole_number", "audience", max=5_000),
    field("money", "fee"),
    field("choice", "place", options=options("square", "park", "street")),
    field("choices", "days", options=options("friday", "saturday", "sunday")),
    field("date", "start", lead_time={"days": 5, "unit": "days", "late": "warn"}),
    field("date", "stop", not_before="start"),
    field("date_time", "moment"),
    field("applicant", "applicant"),
    field("text", "title", required=False),
    field("consent", "promise", required=False),
    field("file", "plan", required=False),
    field("municipality", "town"),
    field("repeating", "stalls", fields=[field("text", "what"), field("money", "price")]),
    field("calculated", "total", operation="sum", of=["audience", "stalls.price"]),
    field("calculated", "lasts", operation="days_between", of=["start", "stop"]),
    field("calculated", "many", operation="count", of=["stalls"]),
]


@pytest.mark.parametrize(
    "rule",
    [
        {"field": "music", "equals": False},
        {"field": "audience", "at_least": 4_999},
        {"field": "audience", "less_than": 1},
        {"all": [{"field": "audience", "at_least": 200}, {"field": "audience", "less_than": 201}]},
        {"field": "fee", "at_least": 99.5},
        {"not": {"field": "place", "one_of": ["square", "park"]}},
        {"all": [{"field": "days", "contains": "friday"}, {"not": {"field": "days", "contains": "saturday"}}]},
        {"all": [{"field": "days", "contains": "friday"}, {"field": "days", "contains": "sunday"}]},
        {"field": "start", "within_days": 3},
        {"field": "start", "within_working_days": 2},
        {"field": "stop", "after": "2028-12-31"},
        {"all": [{"field": "start", "within_days": 4}, {"field": "stop", "after": "2027-09-30"}]},
        {"field": "moment", "before": "2027-03-03"},
        {"field": "applicant.kind", "equals": "company"},
        {"field": "applicant.person.protected", "equals": True},
        {"all": [{"field": "applicant.kind", "equals": "person"}, {"field": "applicant.company", "answered": False}]},
        {"field": "title", "equals": "A title"},
        {"field": "title", "contains": "words"},
        {"field": "title", "answered": False},
        {"field": "promise", "equals": True},
        {"field": "plan", "answered": True},
        {"field": "town", "equals": "092"},
        {"field": "stalls", "answered": False},
        {"field": "total", "at_least": 1_000_000},
        {"field": "lasts", "at_least": 9},
        {"field": "many", "at_least": 3},
        {"any": [{"all": [MUSIC, {"not": MUSIC}]}, {"field": "place", "equals": "street"}]},
    ],
    ids=str,
)
def test_answers_are_found_that_make_a_condition_hold(rule: Any) -> None:
    stalls = {**LOOKED_AT[13], "required": False}
    asked = definition(page("only", *LOOKED_AT[:13], stalls, *LOOKED_AT[14:]))

    answers = answers_for(asked, read(rule), TODAY)

    assert answers is not None
    journey = Journey(asked, answers, TODAY)
    assert read(rule).holds(journey.counting, TODAY)
    assert journey.complete or "answered" in str(rule)


def test_way_leads_through_what_the_question_itself_depends_on() -> None:
    asked = definition(
        page(
            "first", field("yes_no", "music"), field("choice", "band", options=options("own", "other"), show_when=MUSIC)
        ),
        page(
            "second",
            field("text", "name"),
            field("text", "song", show_when={"field": "band", "equals": "other"}),
            show_when=MUSIC,
        ),
    )
    route = next(route for route in routes(asked) if "other" in str(route.condition))

    answers = answers_on(asked, route, TODAY)

    assert answers is not None
    assert "song" in Journey(asked, answers, TODAY).counting


def test_no_answers_are_found_for_what_cannot_be() -> None:
    assert answers_for(form(), read({"all": [MUSIC, {"not": MUSIC}]}), TODAY) is None
    assert answers_for(form(), read({"field": "nothing", "equals": "x"}), TODAY) is None


def test_each_sequence_of_pages_is_told_once_plain_examples_first() -> None:
    found = ways(form(), TODAY, routes(form()))

    assert [[page.key for page in way.pages] for way in found] == [["event"], ["event", "safety"]]
    assert [len(way.routes) for way in found] == [1, 2]


# --- what is never met -----------------------------------------------------------------------------------------------


def never(*pages: dict[str, Any], today: date = TODAY) -> list[str]:
    found, _problems = judge(document(*pages))
    return [one.said("en") for one in unreachable(found, today)]


@EVERY_FILE
def test_everything_in_the_library_can_be_met(key: str) -> None:
    assert unreachable(LIBRARY[key], TODAY) == []


def test_everything_that_conditions_look_at_can_be_met() -> None:
    rules = [
        {"field": "days", "contains": "sunday"},
        {"field": "total", "less_than": 3},
        {"field": "fee", "less_than": 0.01},
    ]
    followers = [field("text", f"q{n}", show_when=rule) for n, rule in enumerate(rules)]

    assert never(page("only", *LOOKED_AT, *followers)) == []


def test_option_that_is_gone_and_contradictions_are_named() -> None:
    place = field("choice", "place", options=options("square", "park"))
    both = {"all": [MUSIC, {"field": "music", "equals": False}]}

    assert never(
        page(
            "first",
            field("yes_no", "music"),
            place,
            field("text", "boat", show_when={"field": "place", "equals": "sea"}),
        ),
        page("second", field("text", "both"), show_when=both),
    ) == [
        "No customer ever meets “Boat”: it can never be so that “Place” is “sea”.",
        "No customer ever meets the page “Second”: it can never be so that “Music” is “Yes” and “Music” is “No”.",
    ]


def test_question_whose_own_page_contradicts_it_is_named() -> None:
    assert (
        len(
            never(
                page("first", field("yes_no", "music")),
                page("second", field("text", "a"), field("text", "quiet", show_when={"not": MUSIC}), show_when=MUSIC),
            )
        )
        == 1
    )


def test_number_beyond_the_limits_is_named() -> None:
    small = field("whole_number", "audience", max=100)

    assert len(never(page("only", small, field("text", "plan", show_when={"field": "audience", "at_least": 101})))) == 1
    assert never(page("only", small, field("text", "plan", show_when={"field": "audience", "at_least": 100}))) == []


def test_question_in_a_row_that_is_never_asked_is_named() -> None:
    kind = field("choice", "sort", options=options("a", "b"))
    rows = field("repeating", "rows", fields=[kind, field("text", "other", show_when={"field": "sort", "equals": "c"})])

    assert len(never(page("only", rows))) == 1


def test_nothing_is_said_of_what_rests_on_a_question_that_is_not_finished() -> None:
    unfinished = {"kind": "choice", "key": "place", "label": said("Place")}

    assert never(page("only", unfinished, field("text", "boat", show_when={"field": "place", "equals": "sea"}))) == []


def test_nothing_is_said_of_what_cannot_be_told_for_certain() -> None:
    """A text that has to have something in it, of a pattern that nobody can think of."""
    code = field("text", "code", pattern="AB[0-9]{4}")

    assert never(page("only", code, field("text", "why", show_when={"field": "code", "contains": "77"}))) == []


comparisons = st.sampled_from(
    [
        MUSIC,
        {"field": "music", "answered": False},
        {"field": "audience", "at_least": 200},
        {"field": "audience", "less_than": 150},
        {"field": "place", "equals": "park"},
        {"field": "place", "one_of": ["park", "street"]},
        {"field": "days", "contains": "friday"},
        {"field": "start", "within_days": 4},
        {"field": "start", "after": "2027-03-10"},
    ]
)
rules = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"all": parts}),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=5,
)
ASKED = definition(page("only", *LOOKED_AT[:6]))
given_answers = st.fixed_dictionaries(
    {},
    optional={
        "music": st.booleans(),
        "audience": st.integers(0, 400),
        "place": st.sampled_from(["square", "park", "street"]),
        "days": st.lists(st.sampled_from(["friday", "saturday", "sunday"]), min_size=1, unique=True),
        "start": st.integers(0, 30).map(lambda days: (TODAY + timedelta(days=days)).isoformat()),
    },
)


@given(rules, given_answers)
@settings(max_examples=30, deadline=None)
def test_what_some_customer_meets_is_never_said_to_be_out_of_reach(rule: Any, answers: dict[str, Any]) -> None:
    condition = read(rule)
    found = answers_for(ASKED, condition, TODAY)

    if condition is ALWAYS or condition.holds(answers, TODAY):
        assert found is not None
    if found is not None:
        assert condition.holds(Journey(ASKED, found, TODAY).counting, TODAY)
