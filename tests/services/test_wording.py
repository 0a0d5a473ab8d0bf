"""Conditions read as sentences."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from apps.services.conditions import ALWAYS, NEVER, OPERATORS, Every, Some, read_condition
from apps.services.reading import Reader
from apps.services.wording import WORDS, in_words, needed_when, shown_when
from tests.build import definition, field, options, page

FIELDS = definition(
    page(
        "first",
        field("whole_number", "audience"),
        field("yes_no", "music"),
        field("choice", "place", options=options("square", "park")),
        field("choices", "days", options=options("saturday", "sunday")),
        field("date", "start"),
        field("municipality", "town"),
        field("money", "fee"),
        field("applicant", "applicant"),
        field("text", "title"),
        field("time", "hour"),
    )
).fields

AUDIENCE = {"field": "audience", "at_least": 200}
MUSIC = {"field": "music", "equals": True}
PARK = {"field": "place", "equals": "park"}


def said(rule: Any, language: str = "en") -> str:
    return in_words(read_condition(Reader(), "", rule), FIELDS, language)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (AUDIENCE, "“Audience” is at least 200"),
        ({"field": "audience", "at_least": 12500}, "“Audience” is at least 12\N{NO-BREAK SPACE}500"),
        ({"field": "fee", "less_than": 12.5}, "“Fee” is less than 12.5"),
        ({"field": "audience", "equals": 3}, "“Audience” is 3"),
        (MUSIC, "“Music” is “Yes”"),
        ({"field": "music", "equals": False}, "“Music” is “No”"),
        (PARK, "“Place” is “Park”"),
        ({"field": "place", "one_of": ["park", "square"]}, "“Place” is one of “Park”, “Square”"),
        ({"field": "days", "contains": "sunday"}, "“Days” includes “Sunday”"),
        ({"field": "title", "answered": True}, "“Title” is answered"),
        ({"field": "title", "answered": False}, "“Title” is not answered"),
        ({"field": "start", "before": "2027-06-05"}, "“Start” is before 5.6.2027"),
        ({"field": "start", "after": "2027-12-31"}, "“Start” is after 31.12.2027"),
        ({"field": "start", "within_days": 1}, "“Start” is less than 1 day ahead"),
        ({"field": "start", "within_days": 14}, "“Start” is less than 14 days ahead"),
        ({"field": "start", "within_working_days": 5}, "“Start” is less than 5 working days ahead"),
        ({"field": "town", "equals": "091"}, "“Town” is “Helsinki”"),
        (
            {"field": "applicant.kind", "equals": "company"},
            "“Applicant: The applicant is” is “a company or an organisation”",
        ),
        ({"field": "gone", "equals": "x"}, "“gone” is “x”"),
        ({"field": "hour", "equals": "no time"}, "“Hour” is “no time”"),
    ],
)
def test_a_comparison_reads_with_the_labels_of_the_form(rule: Any, words: str) -> None:
    assert said(rule) == words


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (AUDIENCE, "“Audience” is not at least 200"),
        (MUSIC, "“Music” is not “Yes”"),
        ({"field": "place", "one_of": ["park"]}, "“Place” is none of “Park”"),
        ({"field": "days", "contains": "sunday"}, "“Days” does not include “Sunday”"),
        ({"field": "title", "answered": True}, "“Title” is not answered"),
        ({"field": "title", "answered": False}, "“Title” is answered"),
        ({"field": "start", "within_days": 14}, "“Start” is not within 14 days"),
        ({"not": MUSIC}, "“Music” is “Yes”"),
        ({"all": [AUDIENCE, MUSIC]}, "it is not so that (“Audience” is at least 200 and “Music” is “Yes”)"),
    ],
)
def test_the_opposite_reads_as_such(rule: Any, words: str) -> None:
    assert said({"not": rule}) == words


def test_several_are_joined_and_those_within_others_stand_in_brackets() -> None:
    either = {"any": [MUSIC, PARK]}

    assert said({"all": [AUDIENCE, MUSIC]}) == "“Audience” is at least 200 and “Music” is “Yes”"
    assert (
        said({"all": [AUDIENCE, MUSIC, PARK]}) == "“Audience” is at least 200, “Music” is “Yes” and “Place” is “Park”"
    )
    assert said({"all": [AUDIENCE, either]}) == "“Audience” is at least 200 and (“Music” is “Yes” or “Place” is “Park”)"
    assert said({"any": [{"all": [either]}]}) == "“Music” is “Yes” or “Place” is “Park”"


def test_the_sentences_say_what_depends_on_it() -> None:
    music = read_condition(Reader(), "", MUSIC)

    assert shown_when(music, FIELDS, "en") == "Show this when “Music” is “Yes”."
    assert needed_when(music, FIELDS, "en") == "This must be answered when “Music” is “Yes”."


def test_always_and_never_read_too() -> None:
    assert in_words(ALWAYS, FIELDS, "en") == "it is always so"
    assert in_words(NEVER, FIELDS, "en") == "it is never so"


@pytest.mark.parametrize("language", ["sv", "fi"])
def test_labels_are_those_of_the_language_whatever_that_of_the_page(language: str) -> None:
    with override("en"):
        words = said({"all": [PARK, {"field": "audience", "less_than": 12.5}]}, language)

    assert f"Place {language}" in words
    assert f"Park {language}" in words
    assert "12,5" in words


def test_every_operator_has_words_in_both_directions() -> None:
    assert WORDS.keys() == OPERATORS.keys()


comparisons = st.one_of(
    st.builds(
        lambda f, v: {"field": f, "equals": v},
        st.sampled_from(sorted(FIELDS)),
        st.booleans() | st.integers() | st.text(),
    ),
    st.builds(
        lambda f, v: {"field": f, "at_least": v},
        st.sampled_from(sorted(FIELDS)),
        st.integers() | st.floats(allow_nan=False),
    ),
    st.builds(lambda f, v: {"field": f, "contains": v}, st.sampled_from(sorted(FIELDS)), st.text() | st.integers()),
    st.builds(lambda f, v: {"field": f, "one_of": v}, st.sampled_from(sorted(FIELDS)), st.lists(st.text(), min_size=1)),
    st.builds(lambda v: {"field": "start", "within_days": v}, st.integers(0, 3650)),
)
rules = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=6,
)


@pytest.mark.thorough
@given(rules, st.sampled_from(["sv", "fi", "en"]))
def test_any_condition_can_be_read(rule: Any, language: str) -> None:
    assert said(rule, language)


def test_a_condition_of_which_nothing_could_be_read_is_said_all_the_same() -> None:
    assert in_words(Every(()), {}, "en") == "it is always so"
    assert in_words(Some(()), {}, "en") == "it is never so"
