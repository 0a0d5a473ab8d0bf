"""What differs between two versions, in words."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.services.changes import SERVICE_WORDS, SETTING_WORDS, VALUE_WORDS, WORDED, changes
from apps.services.definition import KINDS, Definition, parse
from apps.services.fieldtypes import REGISTER
from tests.build import document, field, options, page, said


def form(*fields: Any, **more: Any) -> Definition:
    return parse(document(page("first", *fields), schema=2, **more))


def words(old: Definition, new: Definition, language: str = "en") -> list[str]:
    return [str(change) for change in changes(old, new, language)]


def one(old: Any, new: Any) -> list[str]:
    """Of a question, after one that conditions can look at."""
    music = field("yes_no", "music")
    return words(form(music, old), form(music, new))


def test_nothing_is_said_of_equal_versions() -> None:
    assert changes(form(field("text", "title")), form(field("text", "title")), "en") == []


def test_a_change_knows_its_sort_and_place() -> None:
    (change,) = changes(form(field("text", "title")), form(field("text", "title", required=False)), "en")

    assert (change.kind, change.path) == ("optional", "first.title")
    assert str(change) == change.words == "Question “Title” became optional."


TITLE = field("text", "title")
AUDIENCE = field("whole_number", "audience")
MUSIC = {"field": "music", "equals": True}


@pytest.mark.parametrize(
    ("old", "new", "said_of_it"),
    [
        ({"required": False}, {}, ["Question “Audience” became required."]),
        (
            {"required": False},
            {"required": False, "required_when": MUSIC},
            ["Question “Audience” must now be answered when “Music” is “Yes”."],
        ),
        (
            {"required": False, "required_when": MUSIC},
            {"required": False},
            ["Question “Audience” need no longer be answered when “Music” is “Yes”."],
        ),
        ({}, {"show_when": MUSIC}, ["Question “Audience” is now shown only when “Music” is “Yes”."]),
        ({"show_when": MUSIC}, {}, ["Question “Audience” is now always shown; before, when “Music” is “Yes”."]),
        (
            {"show_when": MUSIC},
            {"show_when": {"not": MUSIC}},
            ["Question “Audience” is now shown when “Music” is not “Yes”; before, when “Music” is “Yes”."],
        ),
        ({"min": 1}, {"min": 1500}, ["Question “Audience”: smallest value changed from 1 to 1\N{NO-BREAK SPACE}500."]),
        ({}, {"secret": True}, ["Question “Audience”: secret changed from no to yes."]),
        ({}, {"prefill": "name"}, ["Question “Audience”: filled in from changed from nothing to “name”."]),
        (
            {},
            {"hint": {"sv": "Hjälp"}},
            ["Question “Audience”: hint was added (Swedish)."],
        ),
        (
            {"errors": {"wrong": {"sv": "Fel"}}},
            {},
            ["Question “Audience”: text when the answer is wrong was removed (Swedish)."],
        ),
        (
            {"unit": {"sv": "st", "fi": "kpl"}},
            {"unit": {"sv": "personer", "fi": "kpl"}},
            ["Question “Audience”: unit changed from “st” to “personer” (Swedish)."],
        ),
    ],
)
def test_what_is_said_of_a_question(old: Any, new: Any, said_of_it: list[str]) -> None:
    assert one({**AUDIENCE, **old}, {**AUDIENCE, **new}) == said_of_it


def test_a_long_text_is_only_said_to_have_changed() -> None:
    long = {"sv": "x" * 80}

    assert one({**AUDIENCE, "hint": {"sv": "x"}}, {**AUDIENCE, "hint": long}) == [
        "Question “Audience”: hint changed (Swedish)."
    ]


def test_options_are_added_removed_renamed_and_moved() -> None:
    old = field("choice", "place", options=options("square", "park", "other"))
    new = field(
        "choice", "place", options=[*options("square"), *options("shore"), {"value": "park", "label": said("Garden")}]
    )

    assert one(old, new) == [
        "Question “Place”: option “Other” was removed.",
        "Question “Place”: option “Shore” was added.",
        "Question “Place”: option “Park sv” is now called “Garden sv” (Swedish).",
        "Question “Place”: option “Park fi” is now called “Garden fi” (Finnish).",
        "Question “Place”: option “Park” is now called “Garden” (English).",
    ]
    assert one(old, field("choice", "place", options=options("other", "park", "square"))) == [
        "Question “Place”: the options have another order."
    ]


def test_another_kind_is_said_and_not_every_setting_of_it() -> None:
    assert one(field("text", "place"), field("choice", "place", options=options("square"))) == [
        "Question “Place”: the kind changed from “Text, one line” to “One of several”."
    ]


def test_a_time_limit_reads_with_what_happens_to_the_late() -> None:
    limit = {"days": 5, "unit": "working_days", "late": "warn"}
    bare, day = field("date", "day"), field("date", "day", lead_time=limit)
    stricter = field("date", "day", lead_time={"days": 1, "unit": "days"})

    assert one(bare, day) == [
        "Question “Day”: there is now a time limit, 5 working days before (later is let through with a warning)."
    ]
    assert one(day, stricter) == [
        "Question “Day”: the time limit is now 1 day before (later is refused); "
        "before, 5 working days before (later is let through with a warning)."
    ]
    assert one(day, bare) == ["Question “Day”: the time limit was removed."]


def test_questions_and_pages_come_go_and_move() -> None:
    a, b, c, d = (field("text", key) for key in "abcd")
    heading = field("heading", "top")
    old = parse(document(page("first", a, b), page("second", c), page("third", field("text", "e"))))
    new = parse(
        document(page("second", c, a), page("first", b, d, heading), page("fourth", field("text", "f", required=False)))
    )

    assert [(change.kind, change.path, change.words) for change in changes(old, new, "en")] == [
        ("removed", "third", "Page “Third” was removed."),
        ("moved", "second", "Page “Second” was moved."),
        ("added", "fourth", "Page “Fourth” was added."),
        ("moved", "second.a", "Question “A” was moved from “First” to “Second”."),
        ("added", "first.d", "Question “D” was added to “First” and must be answered."),
        ("added", "first.top", "Heading “Top” was added to “First”."),
        ("added", "fourth.f", "Question “F” was added to “Fourth”."),
        ("removed", "third.e", "Question “E” was removed from “Third”."),
    ]


def test_a_question_that_only_changed_places_on_its_page_is_the_one_that_is_told() -> None:
    a, b, c = (field("text", key) for key in "abc")

    assert words(form(a, b, c), form(b, c, a)) == ["Question “A” has another place in “First”."]


def test_a_page_s_own_texts_and_condition_are_compared() -> None:
    first = page("first", field("yes_no", "music"))
    old = parse(document(first, page("second", field("text", "a"))))
    new = parse(
        document(first, page("second", field("text", "a"), title={**said("Second"), "fi": "Toinen"}, show_when=MUSIC))
    )

    assert words(old, new) == [
        "Page “Second”: title changed from “Second fi” to “Toinen” (Finnish).",
        "Page “Second” is now shown only when “Music” is “Yes”.",
    ]


def test_the_questions_of_a_group_are_compared_like_those_of_a_page() -> None:
    name, age = field("text", "name"), field("whole_number", "age")
    old = field("repeating", "animals", fields=[name, age], max_rows=5)
    new = field("repeating", "animals", fields=[{**name, "required": False}, field("text", "sort")], max_rows=6)

    assert one(old, new) == [
        "Question “Animals”: most rows changed from 5 to 6.",
        "Question “Name” became optional.",
        "Question “Sort” was added to “Animals” and must be answered.",
        "Question “Age” was removed from “Animals”.",
    ]


def test_the_service_s_own_texts_come_first() -> None:
    title = field("text", "title")
    price = {"sv": "100 €", "fi": "100 €", "en": "100 €"}
    new = form(title, price={**price, "en": "120 €"}, languages=["sv", "fi"], kind="permit", municipalities=["091"])

    assert words(form(title, price=price), new) == [
        "The service: kind changed from “notification” to “permit”.",
        "The service: languages changed from “Swedish, Finnish, English” to “Swedish, Finnish”.",
        "The service: municipalities changed from nothing to “Helsinki”.",
        "The service: price changed from “100 €” to “120 €” (English).",
    ]


@pytest.mark.parametrize("kind", sorted(REGISTER))
def test_every_setting_has_words(kind: str) -> None:
    assert REGISTER[kind].settings().keys() <= SETTING_WORDS.keys() | set(WORDED)


@pytest.mark.parametrize("kind", sorted(REGISTER))
def test_every_value_that_is_one_of_a_few_words_has_words_of_its_own(kind: str) -> None:
    for name, setting in REGISTER[kind].settings().items():
        schema = setting.metadata["read"].schema
        listed = schema.get("items", schema) if isinstance(schema, dict) else {}

        assert set(listed.get("enum", ())) - {""} <= VALUE_WORDS.get(name, {}).keys()


def test_every_element_of_the_service_has_words() -> None:
    of_its_own = {"pages", "given", "leads_to"}

    assert {f.name for f in fields(Definition)} - of_its_own == SERVICE_WORDS.keys()


LIMIT = {"length": 30, "unit": "days", "from": "arrival", "warn_days": 7, "shown": False}
LIMIT_WORDS = "30 days from arrival, with a warning 7 days before, not shown to the customer"
RECORDS = {"function": "10 03 00", "publicity": 1, "personal_data": 2, "retention_years": 10}
RECORDS_WORDS = (
    "class in the functional classification: 10 03 00, publicity: public, personal data: has personal data, retention: "
)


@pytest.mark.parametrize(
    ("old", "new", "said_of_it"),
    [
        (
            {},
            {"handling_limit": LIMIT},
            [f"The service: time limit of the handling changed from nothing to “{LIMIT_WORDS}”."],
        ),
        (
            {"handling_limit": LIMIT},
            {"handling_limit": {**LIMIT, "length": 1, "unit": "years", "from": "completeness", "warn_days": 0}},
            [
                f"The service: time limit of the handling changed from “{LIMIT_WORDS}” to “1 year from when the matter is "
                "complete, without a warning, not shown to the customer”."
            ],
        ),
        (
            {"handling_limit": {**LIMIT, "ground": {"sv": "Lag"}}},
            {"handling_limit": {**LIMIT, "ground": {"sv": "Mål"}}},
            ["The service: ground for the time limit of the handling changed from “Lag” to “Mål” (Swedish)."],
        ),
        (
            {"handling_limit": {**LIMIT, "ground": {"sv": "Lag"}}},
            {},
            [
                "The service: ground for the time limit of the handling was removed (Swedish).",
                f"The service: time limit of the handling changed from “{LIMIT_WORDS}” to nothing.",
            ],
        ),
        (
            {},
            {"keep_days": 730},
            [
                "The service: how long the content of a closed case is kept changed from “until somebody deletes it” to "
                "“730 days after the case was closed”."
            ],
        ),
        (
            {"records": RECORDS},
            {"records": {**RECORDS, "retention_years": -1, "secrecy_ground": {"sv": "24 §"}}},
            [
                "The service: ground for secrecy was added (Swedish).",
                f"The service: plan for the records changed from “{RECORDS_WORDS}10 years” to “{RECORDS_WORDS}kept "
                "permanently”.",
            ],
        ),
        (
            {},
            {"own_service": {"sv": "https://example.com/"}},
            [
                "The service: address of the authority’s own service was added (Swedish).",
                "The service: way of connecting changed from “simplified e-service” to “conditional: the authority’s own service”.",
            ],
        ),
    ],
)
def test_how_cases_are_looked_after_is_told(old: Any, new: Any, said_of_it: list[str]) -> None:
    assert words(form(TITLE, **old), form(TITLE, **new)) == said_of_it


def test_every_kind_of_service_has_words() -> None:
    assert VALUE_WORDS["kind"].keys() == set(KINDS)


CHOICE = field("choice", "place", options=options("square", "park"))
TOTAL = field("calculated", "total", operation="sum", of=["music"])
SIZE = field("derived", "size", values=[{"value": 1}])


@pytest.mark.parametrize(
    ("old", "new", "said_of_it"),
    [
        (
            CHOICE,
            {**CHOICE, "display": "search"},
            "Question “Place”: way of choosing changed from “all options in sight” to “a line to search in”.",
        ),
        (
            CHOICE,
            {**CHOICE, "default": "park"},
            "Question “Place”: answer that stands there from the beginning changed from nothing to “Park”.",
        ),
        (
            field("file", "plan"),
            field("file", "plan", describe=True),
            "Question “Plan”: asks what each file is changed from no to yes.",
        ),
        (
            SIZE,
            {**SIZE, "quiet": True},
            "Value that follows from the answers “Size”: left out of the page changed from no to yes.",
        ),
        (
            SIZE,
            {**SIZE, "values": [{"value": 2}]},
            "Value that follows from the answers “Size”: values and when they hold changed.",
        ),
        (
            TOTAL,
            {**TOTAL, "operation": "count", "of": ["music", "music"]},
            "Calculated value “Total”: how it is computed changed from “sum” to “number of answers”.",
        ),
        (
            field("date", "day"),
            field("date", "day", not_before="start"),
            "Question “Day”: not before the answer to changed from nothing to “Start”.",
        ),
    ],
)
def test_settings_are_told_in_people_s_words(old: Any, new: Any, said_of_it: str) -> None:
    music, start = field("yes_no", "music"), field("date", "start")

    assert words(form(music, start, old), form(music, start, new))[0] == said_of_it


def test_a_change_of_key_between_questions_of_one_label_is_still_told() -> None:
    sums = [field("whole_number", key, label=said("Price")) for key in ("a", "b")]
    old, new = (field("calculated", "total", operation="sum", of=[key]) for key in ("a", "b"))

    assert words(form(*sums, old), form(*sums, new)) == ["Calculated value “Total”: what it is computed from changed."]


@pytest.mark.parametrize("language", ["sv", "fi", "en"])
def test_labels_are_those_of_the_language(language: str) -> None:
    (told,) = words(form(field("text", "title")), form(field("text", "title", required=False)), language)

    assert ("Title" if language == "en" else f"Title {language}") in told


keys = st.permutations([*"abcdef"]).flatmap(lambda order: st.integers(1, 6).map(lambda n: order[:n]))


@given(keys, keys)
def test_every_question_that_came_or_went_is_told_once(old: list[str], new: list[str]) -> None:
    told = changes(form(*(field("text", key) for key in old)), form(*(field("text", key) for key in new)), "en")

    assert {c.path.removeprefix("first.") for c in told if c.kind == "added"} == set(new) - set(old)
    assert {c.path.removeprefix("first.") for c in told if c.kind == "removed"} == set(old) - set(new)
    assert len(told) == len({(c.kind, c.path) for c in told})
