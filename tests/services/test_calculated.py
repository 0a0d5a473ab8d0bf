"""Values that are computed from other answers: each operation, rows, decimals, and what is not there."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils.translation import override

from apps.cases import intake
from apps.services.definition import Definition
from apps.services.pageform import PageForm
from tests import build
from tests.build import TODAY, definition, field, page, said
from tests.markup import read
from tests.services.browser import filled, html_of
from tests.services.test_pageform import form_of

ROWS = [
    field("text", "name", required=False),
    field("decimal", "price", required=False),
    field("whole_number", "number", required=False),
    field("date", "day", required=False),
    field("calculated", "price_of_all", operation="product", of=["price", "number"], decimals=2),
]


def service(operation: str, *of: str, **more: Any) -> Definition:
    """A service whose last page is a sum of any sort."""
    asked = [
        field("whole_number", "a", required=False, min=-1_000),
        field("whole_number", "b", required=False, min=-1_000),
        field("decimal", "x", required=False),
        field("money", "y", required=False),
        field("text", "word", required=False),
        field("date", "first", required=False),
        field("date", "last", required=False),
        field("date_time", "moment", required=False),
        field("choices", "many", required=False, options=build.options("red", "blue")),
        field("period", "time", required=False),
        field("repeating", "rows", required=False, fields=ROWS),
    ]
    return definition(
        page("one", *asked), page("two", field("calculated", "it", operation=operation, of=[*of], **more))
    )


def value(operation: str, *of: str, answers: dict[str, Any], **more: Any) -> Any:
    """What it is with those answers, as it counts when the form is sent."""
    made = service(operation, *of, **more)
    return list(made.asked(answers, TODAY))[-1][2].get("it")


@pytest.mark.parametrize(
    ("operation", "of", "answers", "result"),
    [
        ("sum", ["a", "b"], {"a": 2, "b": 3}, 5),
        ("sum", ["a", "b"], {"a": 2}, 2),
        ("sum", ["a", "b"], {"a": 0}, 0),
        ("sum", ["a", "b"], {}, None),
        ("sum", ["a", "a"], {"a": 2}, 4),
        ("sum", ["a", "x"], {"a": 2, "x": "0.4"}, 2),
        ("difference", ["a", "b"], {"a": 2, "b": 3}, -1),
        ("difference", ["a", "b"], {"a": 2}, None),
        ("difference", ["a", "b"], {"b": 2}, None),
        ("product", ["a", "b"], {"a": 2, "b": 3}, 6),
        ("product", ["a", "b"], {"a": 0, "b": 3}, 0),
        ("product", ["a", "b"], {"a": 2}, None),
        ("product", ["a", "b", "x"], {"a": -2, "b": 3, "x": "1.5"}, -9),
        ("days_between", ["first", "last"], {"first": "2027-06-05", "last": "2027-06-05"}, 0),
        ("days_between", ["first", "last"], {"first": "2027-02-28", "last": "2027-03-01"}, 1),
        ("days_between", ["first", "last"], {"first": "2028-02-28", "last": "2028-03-01"}, 2),
        ("days_between", ["last", "first"], {"first": "2027-02-28", "last": "2027-03-01"}, -1),
        ("days_between", ["first", "moment"], {"first": "2027-02-28", "moment": "2027-03-01T00:30"}, 1),
        ("days_between", ["time.start", "time.end"], {"time": {"start": "2027-06-05", "end": "2027-06-08"}}, 3),
        ("days_between", ["first", "last"], {"first": "2027-02-28"}, None),
        ("days_between", ["first", "last"], {}, None),
        ("days_between", ["first", "a"], {"first": "2027-02-28", "a": 5}, None),
        ("count", ["a", "b", "word"], {"a": 0, "word": "x"}, 2),
        ("count", ["many"], {"many": ["red", "blue"]}, 2),
        ("count", ["rows"], {"rows": [{"name": "x"}, {"name": "y"}, {"name": "z"}]}, 3),
        ("count", ["rows.price"], {"rows": [{"price": "1.00"}, {"name": "y"}]}, 1),
        ("count", ["rows"], {}, 0),
    ],
)
def test_operation(operation: str, of: list[str], answers: dict[str, Any], result: Any) -> None:
    assert value(operation, *of, answers=answers) == result


ORDERED = [{"name": "A", "price": "1.10", "number": 3}, {"name": "B", "price": "2.20"}, {"price": "0.05", "number": 2}]


@pytest.mark.parametrize(
    ("operation", "of", "answers", "result"),
    [
        ("sum", ["rows.price"], {"rows": ORDERED}, "3.35"),
        ("sum", ["rows.price_of_all"], {"rows": ORDERED}, "3.40"),  # a row that lacks a number has none
        ("sum", ["rows.price", "x"], {"rows": ORDERED, "x": "10"}, "13.35"),
        ("sum", ["rows.price"], {"rows": [{"name": "A"}]}, None),
        ("difference", ["rows.price", "x"], {"rows": ORDERED, "x": "0.35"}, "3.00"),
        ("difference", ["x", "rows.price"], {"rows": ORDERED, "x": "3"}, "-0.35"),
        ("difference", ["rows.price", "x"], {"rows": ORDERED[:2]}, None),
        ("product", ["rows.price", "a"], {"rows": ORDERED[:2], "a": 2}, "4.84"),
        ("product", ["rows.price", "a"], {"rows": ORDERED[:2]}, None),
        ("product", ["a", "rows.price"], {"a": 2}, None),
    ],
)
def test_operation_over_the_rows_of_a_group(
    operation: str, of: list[str], answers: dict[str, Any], result: str | None
) -> None:
    assert value(operation, *of, answers=answers, decimals=2) == result


def test_days_between_takes_no_two_days_of_rows_for_one_each() -> None:
    rows = [{"day": "2027-06-05"}, {"day": "2027-06-08"}]

    assert value("days_between", "rows.day", "last", answers={"rows": rows}) is None


@pytest.mark.parametrize(("decimals", "result"), [(0, 1), (1, "0.6"), (2, "0.60"), (6, "0.600000")])
def test_decimals_are_kept_and_none_is_lost(decimals: int, result: Any) -> None:
    assert value("sum", "x", "y", answers={"x": "0.3", "y": "0.30"}, decimals=decimals) == result


def test_decimals_are_reckoned_as_people_do() -> None:
    assert value("sum", "x", "y", answers={"x": "0.1", "y": "0.2"}, decimals=6) == "0.300000"
    assert value("product", "x", "y", answers={"x": "1.15", "y": "100"}, decimals=2) == "115.00"


@pytest.mark.parametrize(
    "word", ["many", "", "NaN", "Infinity", "-Infinity", "sNaN", "9e999999", "1_000", "٣", "0x10", "1" * 5_000, "+"]
)
@pytest.mark.parametrize("operation", ["sum", "product", "difference"])
def test_text_that_is_no_number_is_none(operation: str, word: str) -> None:
    both = {"sum": 2, "product": None, "difference": None}

    assert value(operation, "a", "word", answers={"a": 2, "word": word}) == both[operation]


def test_number_too_large_to_say_is_none() -> None:
    rows = [{"number": 999_999_999_999}] * 200

    assert value("product", "rows.number", answers={"rows": rows}) is None
    assert value("sum", "rows.number", answers={"rows": rows}) == 199_999_999_999_800


def test_yes_is_no_number() -> None:
    made = definition(page("one", field("yes_no", "a"), field("calculated", "it", operation="sum", of=["a"])))

    assert list(made.asked({"a": True}, TODAY))[-1][2] == {"a": True}


def test_answer_that_is_hidden_does_not_count() -> None:
    made = definition(
        page(
            "one",
            field("yes_no", "more"),
            field("whole_number", "a"),
            field("whole_number", "b", show_when={"field": "more", "equals": True}),
            field("calculated", "it", operation="sum", of=["a", "b"]),
        )
    )
    answers = {"a": 2, "b": 3}

    assert [list(made.asked({**answers, "more": more}, TODAY))[-1][2]["it"] for more in (True, False)] == [5, 2]
    assert form_of(made, "one", {"more": "no", "a": "2", "b": "3"}).is_valid()


def test_value_hidden_by_its_own_condition_is_none() -> None:
    made = definition(
        page(
            "one",
            field("whole_number", "a"),
            field("calculated", "it", operation="sum", of=["a"], show_when={"field": "a", "at_least": 5}),
        )
    )

    assert [list(made.asked({"a": a}, TODAY))[-1][2].get("it") for a in (4, 5)] == [None, 5]


@pytest.mark.parametrize(
    ("kept", "language", "text"),
    [
        (None, "sv", ""),
        (0, "sv", "0 dB sv"),
        (12_345, "sv", "12\N{NO-BREAK SPACE}345 dB sv"),
        (-12_345, "fi", "-12\N{NO-BREAK SPACE}345 dB fi"),
        ("1234.50", "fi", "1\N{NO-BREAK SPACE}234,50 dB fi"),
        ("1234.50", "en", "1\N{NO-BREAK SPACE}234.50 dB"),
        ("-0.50", "sv", "-0,50 dB sv"),
        ("-1.50", "en", "-1.50 dB"),
    ],
)
def test_value_is_shown_in_groups_with_its_unit(kept: Any, language: str, text: str) -> None:
    assert service("sum", "a", unit=said("dB")).fields["it"].show(kept, language) == text


def total(*more: dict[str, Any]) -> Definition:
    """A page with a sum that later questions look at."""
    asked = [
        field("decimal", "x"),
        field("decimal", "y"),
        field("calculated", "it", operation="sum", of=["x", "y"], decimals=1),
        field("text", "why", show_when={"field": "it", "at_least": 10}),
    ]
    return definition(page("one", *asked, *more))


@pytest.mark.parametrize(("y", "asked"), [("9,4", False), ("9,5", True)])
def test_condition_looks_at_the_value_on_the_same_page(y: str, asked: bool) -> None:
    form = form_of(total(), "one", {"x": "0,5", "y": y})

    assert form.is_valid() is not asked
    assert list(form.errors) == (["why"] if asked else [])


def test_value_stands_on_the_page_as_it_is_now() -> None:
    def shown(form: PageForm) -> str:
        return read(html_of(form)).one(id="id_it").text

    with override("en"):
        assert shown(form_of(total(), "one")) == "–"
        assert shown(form_of(total(), "one", answers={"x": "1.25", "y": "1"})) == "2.2"  # half to even
        assert shown(form_of(total(), "one", {"x": "3", "y": "4", "why": ""}, answers={"x": "1", "y": "1"})) == "7.0"


def test_value_in_a_row_is_that_of_the_row() -> None:
    made = service("sum", "rows.price_of_all", decimals=2)
    stored = {"rows": [{"price": "1.10", "number": 3}, {"price": "2.00", "number": 2}]}

    form = form_of(made, "one", answers=stored)
    root = read(html_of(form))

    with override("en"):
        assert [root.one(id=f"id_rows-{n}-price_of_all").text for n in range(2)] == ["3,30", "4,00"]
    sent = form_of(made, "one", filled(html_of(form)), answers=stored)
    assert sent.is_valid()
    assert sent.kept["rows"] == stored["rows"]  # as it is typed; what is computed comes when it counts
    assert [row["price_of_all"] for row in sent.counting["rows"]] == ["3.30", "4.00"]


@pytest.mark.django_db
def test_value_is_sent_and_cannot_be_posted() -> None:
    made = build.version(
        page("one", field("whole_number", "a"), field("calculated", "it", operation="sum", of=["a", "a"]))
    )

    case = intake.send(build.application(made, answers={"a": 3, "it": 1_000_000}), at=build.NOW)

    assert case.application.answers == {"a": 3, "it": 6}
    assert [line.text for section in case.application.sheet("en") for line in section.lines] == ["3", "6"]


def test_hint_of_a_computed_value_stands_by_it() -> None:
    asked = field("calculated", "total", operation="sum", of=["number"], hint=said("All together"))
    made = definition(page("first", field("whole_number", "number"), asked))

    html = PageForm(made, made.pages[0], answers={}, today=TODAY).render()

    assert "All together sv" in html
