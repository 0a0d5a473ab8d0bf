"""Conditions as rows of sentences: nothing is lost on the way there and back, and what is chosen is always a condition that fits."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.utils.translation import override
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.services import sentences
from apps.services.conditions import OPERATORS, read_condition
from apps.services.fieldtypes.base import check_condition
from apps.services.reading import Reader
from apps.services.sentences import Asked, Group, Kept, Row, Sentences, Wrong
from tests.build import definition, every_kind, field, options, page

FIELDS = definition(
    page(
        "first",
        *every_kind(),
        field("whole_number", "audience"),
        field("choice", "place", options=options("square", "park", "street")),
        field("yes_no", "music"),
    )
).fields
ASKED = {one.path: one for one in sentences.asked_among(FIELDS.values(), "First", "sv")}
AUDIENCE = {"field": "audience", "at_least": 200}
MUSIC = {"field": "music", "equals": True}
PARK = {"field": "place", "equals": "park"}

values = st.one_of(st.booleans(), st.integers(0, 9), st.text(max_size=5), st.lists(st.text(max_size=5), max_size=3))
comparisons = st.builds(
    lambda name, operator, value: {"field": name, operator: value},
    st.sampled_from([*ASKED, "gone"]),
    st.sampled_from(sorted(OPERATORS)),
    values,
)
rows = st.one_of(comparisons, comparisons.map(lambda one: {"not": one}))


def joined(parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """At least two of these under one word."""
    return st.builds(
        lambda name, some: {name: some}, st.sampled_from(["all", "any"]), st.lists(parts, min_size=2, max_size=4)
    )


shown = st.one_of(rows, joined(st.one_of(rows, joined(rows))))
anything = st.recursive(rows, lambda inner: st.one_of(joined(inner), inner.map(lambda one: {"not": one})), max_leaves=8)


@given(rule=anything)
@settings(max_examples=60)
def test_a_condition_becomes_rows_and_the_same_condition_again(rule: Any) -> None:
    assert sentences.document(sentences.read(rule)) == rule


@given(rule=shown)
@settings(max_examples=30)
def test_one_level_of_groups_is_all_rows(rule: Any) -> None:
    parts = [row for part in sentences.read(rule).parts for row in (part.rows if isinstance(part, Group) else (part,))]

    assert all(isinstance(part, Row) for part in parts)


@pytest.mark.parametrize(
    ("rule", "parts"),
    [
        (None, ()),
        (AUDIENCE, (Row("audience", "at_least", 200),)),
        ({"not": MUSIC}, (Row("music", "equals", True, True),)),
        ({"all": [MUSIC]}, (Row("music", "equals", True),)),
        ({"all": [MUSIC, {"any": [PARK, MUSIC]}]}, None),
        ({"not": {"all": [MUSIC, PARK]}}, (Kept({"not": {"all": [MUSIC, PARK]}}),)),
        ({"not": {"not": MUSIC}}, (Kept({"not": {"not": MUSIC}}),)),
        ({"all": []}, (Kept({"all": []}),)),
        ("nonsense", (Kept("nonsense"),)),
    ],
)
def test_what_is_a_row_and_what_is_kept(rule: Any, parts: Any) -> None:
    wanted = (
        Row("music", "equals", True),
        Group("any", (Row("place", "equals", "park"), Row("music", "equals", True))),
    )

    assert sentences.read(rule).parts == (wanted if parts is None else parts)


def test_a_bunch_of_one_is_that_one() -> None:
    one = Sentences("any", (Group("all", (Row("music", "equals", True),)),))

    assert sentences.document(one) == MUSIC


@given(data=st.data(), path=st.sampled_from(sorted(ASKED)))
@settings(max_examples=150)
def test_whatever_is_chosen_and_written_is_refused_or_fits(data: st.DataObject, path: str) -> None:
    asked = ASKED[path]
    name = data.draw(st.sampled_from([f"{no}{one}" for one in asked.comparisons for no in ("", "not-")]))
    offered = [value for value, _words in asked.options]
    written = st.sampled_from(
        [*offered, "7", "12,5", "5.6.2027", "2027-06-05", "Helsinki", "x", "", "-1", "1e9", "\x00"]
    )
    try:
        row = asked.said(name, data.draw(st.lists(written, max_size=3)))
    except Wrong:
        return
    reader = Reader()
    check_condition(reader, "", read_condition(reader, "", sentences.document(Sentences("all", (row,)))), FIELDS)

    assert reader.problems == []
    assert asked.shown(row) is not None


@given(rule=comparisons)
@settings(max_examples=60)
def test_a_row_is_shown_as_it_is_or_not_at_all(rule: Any) -> None:
    row = sentences.read(rule).parts[0]
    if isinstance(row, Row) and row.field in ASKED and (seen := ASKED[row.field].shown(row)):
        again = sentences.document(Sentences("all", (ASKED[row.field].said(seen[0], seen[1]),)))
        answers = {"audience": 7, "music": True, "place": "park", "first": "x"}
        held = [read_condition(Reader(), "", one).holds(answers, date(2027, 3, 1)) for one in (rule, again)]
        assert held[0] == held[1]


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("audience", ("at_least", "less_than", "equals", "answered")),
        ("a_money", ("at_least", "less_than", "answered")),
        ("music", ("equals", "answered")),
        ("place", ("equals", "answered")),
        ("a_choices", ("contains", "answered")),
        ("a_date", ("before", "after", "within_days", "within_working_days", "answered")),
        ("a_text", ("equals", "contains", "answered")),
        ("a_post_code", ("equals", "contains", "answered")),
        ("a_personal_identity_code", ("answered",)),
        ("a_file", ("answered",)),
        ("a_repeating", ("answered",)),
        ("a_period", ("answered",)),
        ("a_period.start", ("before", "after", "within_days", "within_working_days", "answered")),
        ("a_calculated", ("at_least", "less_than", "equals", "answered")),
        ("a_derived", ("equals", "answered")),
    ],
)
def test_only_what_suits_a_question_is_offered(path: str, names: tuple[str, ...]) -> None:
    assert ASKED[path].comparisons == names


def test_a_box_to_tick_can_only_be_compared_with_yes() -> None:
    assert [value for value, _words in ASKED["a_consent"].options] == ["yes"]
    assert [value for value, _words in ASKED["music"].options] == ["yes", "no"]


def test_nothing_within_a_group_that_repeats_is_offered() -> None:
    assert not [path for path in ASKED if path.startswith("a_repeating.")]


def test_days_ahead_are_not_offered_where_the_day_may_not_count() -> None:
    timeless = Asked("a_date", "Date", "First", FIELDS["a_date"], timed=False)

    assert timeless.comparisons == ("before", "after", "answered")


@pytest.mark.parametrize("language", ["sv", "fi", "en"])
def test_a_number_with_decimals_stands_as_the_language_writes_it(language: str) -> None:
    with override(language):
        row = Row("a_money", "at_least", 12.5)
        name, typed = ASKED["a_money"].shown(row) or ("", [])

        assert (name, typed) == ("at_least", ["12.5" if language == "en" else "12,5"])
        assert ASKED["a_money"].said(name, typed) == row


@pytest.mark.parametrize("text", ["", "many", "1e5", "nan", "infinity", "٣", "1" * 30])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(Wrong):
        sentences.number_of(text)
