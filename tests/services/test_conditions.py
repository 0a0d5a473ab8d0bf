"""When a page or field is asked: every comparison, how they combine, and that hidden answers do not count."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from apps.services.conditions import ALWAYS, OPERATORS, read_condition
from apps.services.reading import Reader
from tests.build import TODAY, definition, field, page

DAY = date(2027, 3, 1)


def holds(condition: dict[str, Any], answers: dict[str, Any]) -> bool:
    """Whether a condition, given as a document, holds."""
    reader = Reader()
    read = read_condition(reader, "when", condition)
    assert reader.problems == []
    return read.holds(answers, DAY)


def problems(condition: Any) -> list[str]:
    """Where a condition is wrong."""
    reader = Reader()
    read_condition(reader, "when", condition)
    return [problem.path for problem in reader.problems]


TABLE: list[tuple[str, Any, list[Any], list[Any]]] = [
    # operator      value            fits                          does not fit
    ("equals", "red", ["red"], ["blue", "", None, ["red"]]),
    ("equals", True, [True], [False, None, 1, "true"]),
    ("equals", 1, [1], [True, 2, "1", None]),
    ("equals", 3.0, [3], [True, "3", None]),
    ("one_of", ["red", "blue"], ["red", "blue"], ["green", None, ["red"]]),
    ("one_of", [1, 2], [1, 2], [True, 3, "1", None]),
    (
        "contains",
        "red",
        [["red"], ["blue", "red"], "red", "reddish"],
        [["blue"], [], None, "Red", "re", "", ["reddish"], 5],
    ),
    ("contains", 1, [[1], [1.0]], [[True], ["1"], "1", 1, None]),
    ("answered", True, ["x", False, True, 0, ["a"]], [None, "", []]),
    ("answered", False, [None, "", []], ["x", False, 0, ["a"]]),
    (
        "at_least",
        10,
        [10, 11, 10.5, "10", "10.00", "11"],
        [9, 9.5, "9.99", None, "", "many", "NaN", "Infinity", True, [11]],
    ),
    ("less_than", 10, [9, 9.5, -1, 0, "9.99", "-0.5"], [10, 11, "10.00", None, "", "few", "-Infinity", "sNaN", False]),
    ("at_least", 0.1, ["0.1", "0.10", 0.1], ["0.09"]),  # as decimals, not as the nearest fraction of two
    ("before", "2027-06-05", ["2027-06-04", "1999-01-01"], ["2027-06-05", "2027-06-06", None, "", "soon", 5]),
    ("after", "2027-06-05", ["2027-06-06"], ["2027-06-05", "2027-06-04", None, "", "soon", 5]),
    ("within_days", 5, ["2027-03-05", "2027-03-01", "2027-02-01"], ["2027-03-06", "2027-03-07", None, "", "soon"]),
    (
        "within_working_days",
        6,
        ["2027-03-08", "2027-03-01", "2027-02-01"],
        ["2027-03-09", "2027-03-10", None, "", "soon"],
    ),
]


def test_every_comparison_stands_in_the_table() -> None:
    assert {row[0] for row in TABLE} == set(OPERATORS)


@pytest.mark.parametrize(
    ("operator", "value", "answer", "fits"),
    [(name, value, answer, True) for name, value, good, _bad in TABLE for answer in good]
    + [(name, value, answer, False) for name, value, _good, bad in TABLE for answer in bad],
)
def test_comparison_fits(operator: str, value: Any, answer: Any, fits: bool) -> None:
    assert holds({"field": "it", operator: value}, {"it": answer}) is fits


@pytest.mark.parametrize("operator", sorted(set(OPERATORS) - {"answered"}))
def test_answer_not_given_fits_no_comparison(operator: str) -> None:
    value = next(value for name, value, _good, _bad in TABLE if name == operator)

    assert holds({"field": "it", operator: value}, {}) is False


@pytest.mark.parametrize(
    ("answers", "fits"),
    [
        ({"who": {"kind": "company"}}, True),
        ({"who": {"kind": "person"}}, False),
        ({"who": {}}, False),
        ({"who": None}, False),
        ({"who": "company"}, False),
        ({"who": [{"kind": "company"}]}, False),
        ({"who.kind": "company"}, False),
        ({"kind": "company"}, False),
        ({}, False),
    ],
)
def test_path_leads_into_a_question_of_parts(answers: dict[str, Any], fits: bool) -> None:
    assert holds({"field": "who.kind", "equals": "company"}, answers) is fits
    assert holds({"not": {"field": "who.kind", "equals": "company"}}, answers) is not fits


def test_path_leads_into_parts_of_parts() -> None:
    answers = {"who": {"person": {"address": {"where": "abroad"}}}}

    assert holds({"field": "who.person.address.where", "equals": "abroad"}, answers)
    assert holds({"field": "who.company.address.where", "answered": False}, answers)


A, B = {"field": "a", "equals": True}, {"field": "b", "equals": True}


@pytest.mark.parametrize(("a", "b"), [(False, False), (False, True), (True, False), (True, True)])
def test_combinations_are_those_of_logic(a: bool, b: bool) -> None:
    answers = {"a": a, "b": b}

    assert holds({"all": [A, B]}, answers) is (a and b)
    assert holds({"any": [A, B]}, answers) is (a or b)
    assert holds({"not": A}, answers) is (not a)
    assert holds({"all": [{"not": A}, {"any": [A, B]}]}, answers) is (not a and b)


@pytest.mark.parametrize(
    ("condition", "path"),
    [
        ("always", "when"),
        ([], "when"),
        ({}, "when"),
        ({"field": "a"}, "when"),
        ({"equals": 1}, "when.field"),
        ({"field": "a", "equals": 1, "answered": True}, "when"),
        ({"field": "a", "resembles": 1}, "when.resembles"),
        ({"field": "A", "equals": 1}, "when.field"),
        ({"field": "a.", "equals": 1}, "when.field"),
        ({"field": ".a", "equals": 1}, "when.field"),
        ({"field": "a..b", "equals": 1}, "when.field"),
        ({"field": "a.B", "equals": 1}, "when.field"),
        ({"field": "a-b", "equals": 1}, "when.field"),
        ({"field": "a", "equals": None}, "when.equals"),
        ({"field": "a", "equals": [1]}, "when.equals"),
        ({"field": "a", "one_of": []}, "when.one_of"),
        ({"field": "a", "one_of": "red"}, "when.one_of"),
        ({"field": "a", "one_of": [{}]}, "when.one_of[0]"),
        ({"field": "a", "answered": "yes"}, "when.answered"),
        ({"field": "a", "at_least": "10"}, "when.at_least"),
        ({"field": "a", "less_than": True}, "when.less_than"),
        ({"field": "a", "before": "5.6.2027"}, "when.before"),
        ({"field": "a", "after": "20270605"}, "when.after"),
        ({"field": "a", "within_days": -1}, "when.within_days"),
        ({"all": []}, "when.all"),
        ({"any": {}}, "when.any"),
        ({"all": [A], "any": [B]}, "when.any"),
        ({"all": [A, 5]}, "when.all[1]"),
        ({"not": {"not": {}}}, "when.not.not"),
        ({"not": A, "field": "a"}, "when.field"),
    ],
)
def test_unreadable_condition_is_refused_with_its_path(condition: Any, path: str) -> None:
    assert path in problems(condition)


def test_condition_nested_too_deep_is_refused() -> None:
    deep: dict[str, Any] = dict(A)
    for _n in range(12):
        deep = {"not": deep}

    assert problems(deep) == ["when" + ".not" * 11]


def test_no_condition_always_holds() -> None:
    assert ALWAYS.holds({}, DAY)
    assert ALWAYS.comparisons() == ()


def test_answer_that_a_condition_hides_brings_up_nothing() -> None:
    form = definition(
        page("one", field("yes_no", "music")),
        page("two", field("yes_no", "outdoors"), show_when={"field": "music", "equals": True}),
        page("three", field("text", "where", show_when={"field": "outdoors", "equals": True}), field("text", "name")),
    )
    answers = {"music": False, "outdoors": True, "where": "The park", "name": "A feast"}

    asked = [(shown.key, [f.key for f in fields]) for shown, fields, _c in form.asked(answers, TODAY)]
    counting = list(form.asked(answers, TODAY))[-1][2]

    assert asked == [("one", ["music"]), ("three", ["name"])]
    assert counting == {"music": False, "name": "A feast"}


def test_no_counts_as_answered() -> None:
    form = definition(
        page("one", field("yes_no", "music"), field("text", "why", show_when={"field": "music", "answered": True}))
    )

    [(_page, fields, _counting)] = form.asked({"music": False}, TODAY)

    assert [f.key for f in fields] == ["music", "why"]
