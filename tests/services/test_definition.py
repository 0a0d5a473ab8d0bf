"""Definition documents: everything that is wrong is refused with its path and a reason, and nothing else breaks."""

from __future__ import annotations

import copy
import json
from contextlib import suppress
from typing import Any

import pytest
from django.http import QueryDict
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.services.definition import SCHEMA, Definition, digest_of, load, parse, parse_stored, read_page
from apps.services.pageform import PageForm
from apps.services.reading import Unreadable
from tests.build import TODAY, definition, document, field, options, page, said
from tests.services.browser import html_of

modest = settings(max_examples=100, deadline=None, derandomize=True, database=None)
TEXT = st.text(alphabet=st.characters(exclude_categories=()), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


def refused(doc: Any) -> dict[str, str]:
    """The problems of a document: reason by path."""
    with pytest.raises(Unreadable) as caught:
        parse(doc)
    return {problem.path: problem.reason for problem in caught.value.problems}


def with_field(**changes: Any) -> dict[str, Any]:
    """A document whose one field differs from a good one."""
    return document(page("first", {**field("text", "title"), **changes}))


def without(name: str) -> dict[str, Any]:
    """A document that lacks an element."""
    return {key: value for key, value in document().items() if key != name}


def test_good_document_is_read() -> None:
    read = definition(page("first", field("text", "title"), field("date", "day")), municipalities=["091", "049"])

    assert (read.key, read.authority, read.kind) == ("example", "example-town", "notification")
    assert read.languages == ("sv", "fi", "en")
    assert read.municipalities == ("091", "049")
    assert list(read.fields) == ["title", "day"]
    assert read.name.said("fi") == "Name of example fi"
    assert read.page("first") is read.pages[0]
    assert read.page("second") is None


@pytest.mark.parametrize("name", [name for name in document() if name != "pages"] + ["pages"])
def test_missing_element_is_refused(name: str) -> None:
    assert name in refused(without(name))


CASES: list[tuple[dict[str, Any], str]] = [
    (document(colour="red"), "colour"),
    (document(schema=SCHEMA + 1), "schema"),
    (document(schema=0), "schema"),
    (document(schema="2"), "schema"),
    (document(schema=True), "schema"),
    (document(key="Not A Slug"), "key"),
    (document(key="x" * 61), "key"),
    (document(key="a\n"), "key"),
    (document(authority="two--hyphens"), "authority"),
    (document(kind="wish"), "kind"),
    (document(languages=[]), "languages"),
    (document(languages=["sv", "Swedish"]), "languages[1]"),
    (document(languages=["sv", "sv"]), "languages"),
    (document(municipalities=["Helsinki"]), "municipalities[0]"),
    (document(municipalities=["091", "999"]), "municipalities[1]"),
    (document(municipalities=[91]), "municipalities[0]"),
    (document(name="En tjänst"), "name"),
    (document(name={}), "name"),
    (document(name={"sv": ""}), "name.sv"),
    (document(name={"sv": 5}), "name.sv"),
    (document(name={"Swedish": "x"}), "name.Swedish"),
    (document(name={"sv": "x" * 20_001}), "name.sv"),
    (document(name={"sv": "half \ud800"}), "name.sv"),
    (document(name={"sv": "nul \x00"}), "name.sv"),
    (document(pages={}), "pages"),
    (document(page("Päge")), "pages[0].key"),
    (document(page("first")), "pages[0].fields"),
    (document(page("first", field("text", "title"), colour="red")), "pages[0].colour"),
    (document(page("first", field("text", "title"), show_when={"field": "later", "equals": 1})), "pages[0].show_when"),
    (document(page("a", field("text", "t")), page("a", field("text", "u"))), "pages[1].key"),
    (document(page("a", field("text", "t")), page("b", field("text", "t"))), "pages[1].fields[0].key"),
    (document(page("supplement", field("text", "title"))), "pages[0].key"),
    (document(page("first", field("text", "supplement_text"))), "pages[0].fields[0].key"),
    (document(page("first", 5)), "pages[0].fields[0].kind"),  # type: ignore[arg-type]
    (with_field(kind="riddle"), "pages[0].fields[0].kind"),
    (with_field(kind=["text"]), "pages[0].fields[0].kind"),
    (with_field(key="1st"), "pages[0].fields[0].key"),
    (with_field(key="x" * 61), "pages[0].fields[0].key"),
    (with_field(colour="red"), "pages[0].fields[0].colour"),
    (with_field(required="yes"), "pages[0].fields[0].required"),
    (with_field(max_length=0), "pages[0].fields[0].max_length"),
    (with_field(max_length=10.0), "pages[0].fields[0].max_length"),
    (with_field(autocomplete="password"), "pages[0].fields[0].autocomplete"),
    (with_field(hint="Help"), "pages[0].fields[0].hint"),
    (with_field(show_when={"field": "title", "equals": "x"}), "pages[0].fields[0].show_when"),
    (document(page("first", {"kind": "text", "key": "title"})), "pages[0].fields[0].label"),
    (document(page("first", field("guidance", "g"))), "pages[0].fields[0].text"),
    (document(page("first", field("choice", "c"))), "pages[0].fields[0].options"),
    (document(page("first", field("choice", "c", options=[]))), "pages[0].fields[0].options"),
    (document(page("first", field("choice", "c", options=options("a", "a")))), "pages[0].fields[0].options[1].value"),
    (document(page("first", field("choice", "c", options=[{"value": "a"}]))), "pages[0].fields[0].options[0].label"),
    (document(page("first", field("file", "f", types=["exe"]))), "pages[0].fields[0].types[0]"),
    (document(page("first", field("file", "f", max_files=51))), "pages[0].fields[0].max_files"),
    (document(page("first", field("whole_number", "n", min=5, max=4))), "pages[0].fields[0].max"),
    (document(page("first", field("date", "d", lead_time={"days": -1}))), "pages[0].fields[0].lead_time.days"),
    (document(page("first", field("date", "d", lead_time={}))), "pages[0].fields[0].lead_time.days"),
    (
        document(page("first", field("date", "d", lead_time={"days": 1, "late": "maybe"}))),
        "pages[0].fields[0].lead_time.late",
    ),
    (document(page("first", field("date", "d", not_before="other"))), "pages[0].fields[0].not_before"),
    (document(page("first", field("decimal", "n", min=5, max=4))), "pages[0].fields[0].max"),
    (document(page("first", field("decimal", "n", decimals=7))), "pages[0].fields[0].decimals"),
    (document(page("first", field("text", "t", pattern=""))), "pages[0].fields[0].pattern"),
    (document(page("first", field("text", "t", prefill="shoe_size"))), "pages[0].fields[0].prefill"),
    (document(page("first", field("text", "t", errors={"missing": "No"}))), "pages[0].fields[0].errors.missing"),
    (document(page("first", field("text", "t", errors={"late": said("x")}))), "pages[0].fields[0].errors.late"),
    (document(page("first", field("text", "t", required_when=True))), "pages[0].fields[0].required_when"),
    (document(page("first", field("whole_number", "n", default="many"))), "pages[0].fields[0].default"),
    (document(page("first", field("whole_number", "n", max=5, default=6))), "pages[0].fields[0].default"),
    (document(page("first", field("date", "d", default="tomorrow"))), "pages[0].fields[0].default"),
    (document(page("first", field("choice", "c", options=options("a"), default="b"))), "pages[0].fields[0].default"),
    (document(page("first", field("person", "p", default={"shoe_size": 5}))), "pages[0].fields[0].default"),
    (document(page("first", field("period", "p", default={"start": 5}))), "pages[0].fields[0].default"),
    (document(page("first", field("text", "t", default="nul \x00"))), "pages[0].fields[0].default"),
    (document(page("first", field("place", "p", system="kkj"))), "pages[0].fields[0].system"),
    (document(page("first", field("person", "p", contact="yes"))), "pages[0].fields[0].contact"),
    (document(page("first", field("repeating", "r"))), "pages[0].fields[0].fields"),
    (document(page("first", field("repeating", "r", fields=[]))), "pages[0].fields[0].fields"),
    (
        document(page("first", field("repeating", "r", fields=[field("file", "f")]))),
        "pages[0].fields[0].fields[0].kind",
    ),
    (
        document(page("first", field("repeating", "r", fields=[field("repeating", "s", fields=[field("text", "t")])]))),
        "pages[0].fields[0].fields[0].kind",
    ),
    (
        document(page("first", field("repeating", "r", fields=[field("text", "t"), field("date", "t")]))),
        "pages[0].fields[0].fields[1].key",
    ),
    (
        document(
            page(
                "first",
                field("yes_no", "outside"),
                field("repeating", "r", fields=[field("text", "t", show_when={"field": "outside", "equals": True})]),
            )
        ),
        "pages[0].fields[1].fields[0].show_when",
    ),
    (
        document(page("first", field("repeating", "r", fields=[field("text", "t")], min_rows=3, max_rows=2))),
        "pages[0].fields[0].max_rows",
    ),
    (document(page("first", field("calculated", "c", operation="sum", of=[]))), "pages[0].fields[0].of"),
    (document(page("first", field("calculated", "c", operation="root", of=["n"]))), "pages[0].fields[0].operation"),
    (document(page("first", field("calculated", "c", operation="sum", of=["later"]))), "pages[0].fields[0].of[0]"),
    (
        document(page("first", field("whole_number", "n"), field("calculated", "c", operation="difference", of=["n"]))),
        "pages[0].fields[1].of",
    ),
    (
        document(page("first", field("heading", "n"), field("calculated", "c", operation="sum", of=["n"]))),
        "pages[0].fields[1].of[0]",
    ),
]


@pytest.mark.parametrize(("doc", "path"), CASES, ids=[path for _doc, path in CASES])
def test_mistake_is_refused_with_its_path_and_a_reason(doc: dict[str, Any], path: str) -> None:
    problems = refused(doc)

    assert path in problems
    assert problems[path].endswith(".")


@pytest.mark.parametrize("doc", [None, [], "text", 5, True])
def test_document_that_is_no_object_is_refused(doc: Any) -> None:
    assert "" in refused(doc)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    doc = document(
        page("first", field("text", "title", max_length="long"), field("riddle", "r")), kind="wish", colour="red"
    )

    assert set(refused(doc)) == {"colour", "kind", "pages[0].fields[0].max_length", "pages[0].fields[1].kind"}


def test_what_does_not_fit_is_said_with_what_cannot_be_read() -> None:
    doc = document(
        page("first", field("text", "title", max_length="long", show_when={"field": "later", "answered": True})),
        page(
            "first",
            field("riddle", "r"),
            field("whole_number", "n", min=5, max=4),
            field("repeating", "rows", min_rows="few", fields=[field("text", "t"), field("date", "t")]),
            field("text", "last", required=False, required_when={"field": "nothing", "answered": True}),
        ),
        languages=["sv", "sv"],
        municipalities=[91, "999"],
    )

    assert set(refused(doc)) == {
        "pages[0].fields[0].max_length",
        "pages[0].fields[0].show_when",
        "pages[1].key",
        "pages[1].fields[0].kind",
        "pages[1].fields[1].max",
        "pages[1].fields[2].min_rows",
        "pages[1].fields[2].fields[1].key",
        "pages[1].fields[3].required_when",
        "languages",
        "municipalities[0]",
        "municipalities[1]",
    }


@pytest.mark.parametrize(
    ("mistaken", "path"),
    [
        (field("riddle", "it"), "kind"),
        (field("choice", "it", options=[{"value": "Red", "label": said("Red")}]), "options[0].value"),
        (field("date", "it", hint="Help"), "hint"),
        (field("whole_number", "It"), "key"),
        (field("repeating", "it"), "fields"),
        (5, "kind"),
    ],
)
@pytest.mark.parametrize(
    "looking",
    [
        field(
            "text", "more", show_when={"any": [{"field": "it", "equals": "red"}, {"field": "it.part", "equals": "x"}]}
        ),
        field("text", "more", required=False, required_when={"not": {"field": "it", "at_least": 5}}),
        field("date", "more", not_before="it"),
        field("calculated", "more", operation="sum", of=["it", "it.price"]),
        field("derived", "more", values=[{"value": "x", "when": {"field": "it", "equals": True}}]),
    ],
)
def test_what_follows_only_from_what_cannot_be_read_is_not_said(mistaken: Any, path: str, looking: Any) -> None:
    assert list(refused(document(page("first", mistaken, looking)))) == [f"pages[0].fields[0].{path}"]


@pytest.mark.parametrize(
    "doc",
    [
        document(page("first", 5, field("text", "more", show_when={"field": "it", "equals": 1}))),  # type: ignore[arg-type]
        document({"key": "first"}, page("last", field("text", "more", show_when={"field": "it", "equals": 1}))),
        document(page("first", field("text", "more", show_when={"field": "It", "equals": 1}))),
        document(page("Päge", field("text", "t")), page("Päge", field("text", "u"))),
        document(languages=["Swedish", "Finnish"]),
    ],
)
def test_one_mistake_is_not_told_as_several(doc: dict[str, Any]) -> None:
    with pytest.raises(Unreadable) as caught:
        parse_stored(doc)

    assert list(refused(doc)) == list(dict.fromkeys(problem.path for problem in caught.value.problems))


def test_refusal_reads_as_lines_of_path_and_reason() -> None:
    with pytest.raises(Unreadable) as caught:
        parse(document(colour="red", schema=SCHEMA + 1))

    assert [line.split(": ")[0] for line in str(caught.value).splitlines()] == ["colour", "schema"]


@pytest.mark.parametrize(
    ("asked", "comparison"),
    [
        (field("yes_no", "it"), {"equals": "yes"}),
        (field("consent", "it"), {"equals": "on"}),
        (field("choice", "it", options=options("red")), {"equals": "purple"}),
        (field("choice", "it", options=options("red")), {"one_of": ["red", "purple"]}),
        (field("choice", "it", options=options("red")), {"contains": "purple"}),
        (field("whole_number", "it"), {"contains": 1}),
        (field("yes_no", "it"), {"contains": "yes"}),
        (field("whole_number", "it"), {"within_working_days": 3}),
        (field("decimal", "it"), {"equals": 12.5}),
        (field("applicant", "it"), {"equals": "person"}),
        (field("repeating", "it", fields=[field("text", "name")]), {"equals": "x"}),
        (field("choices", "it", options=options("red")), {"contains": "purple"}),
        (field("choices", "it", options=options("red")), {"equals": "red"}),
        (field("whole_number", "it"), {"equals": "12"}),
        (field("text", "it"), {"at_least": 3}),
        (field("text", "it"), {"before": "2027-06-05"}),
        (field("whole_number", "it"), {"within_days": 3}),
        (field("heading", "it"), {"answered": True}),
    ],
)
def test_condition_that_can_never_hold_is_refused(asked: dict[str, Any], comparison: dict[str, Any]) -> None:
    doc = document(page("first", asked, field("text", "title", show_when={"field": "it", **comparison})))

    assert list(refused(doc)) == ["pages[0].fields[1].show_when"]


@pytest.mark.parametrize(
    ("asked", "comparison"),
    [
        (field("yes_no", "it"), {"equals": False}),
        (field("consent", "it"), {"equals": True}),
        (field("choice", "it", options=options("red", "blue")), {"one_of": ["red", "blue"]}),
        (field("choices", "it", options=options("red")), {"contains": "red"}),
        (field("whole_number", "it"), {"equals": 12}),
        (field("whole_number", "it"), {"at_least": 0.5}),
        (field("date", "it", lead_time={"days": 5}), {"within_days": 5}),
        (field("text", "it"), {"equals": "x"}),
        (field("text", "it"), {"contains": "x"}),
        (field("decimal", "it"), {"at_least": 12.5}),
        (field("money", "it"), {"less_than": 100}),
        (field("date", "it"), {"within_working_days": 5}),
        (field("date_time", "it"), {"before": "2027-06-05"}),
        (field("applicant", "it"), {"answered": True}),
        (field("repeating", "it", fields=[field("text", "name")]), {"answered": True}),
        (field("file", "it"), {"answered": True}),
    ],
)
def test_condition_that_can_hold_is_read(asked: dict[str, Any], comparison: dict[str, Any]) -> None:
    read = definition(page("first", asked, field("text", "title", show_when={"field": "it", **comparison})))

    assert read.fields["title"].rule == {"field": "it", **comparison}


@pytest.mark.parametrize(
    ("path", "comparison"),
    [
        ("it.kind", {"equals": "company"}),
        ("it.company.business_id", {"equals": "1234567-1"}),
        ("it.person.address.where", {"one_of": ["abroad", "finland"]}),
        ("it.person.protected", {"equals": True}),
        ("it.person", {"answered": True}),
    ],
)
def test_condition_can_look_into_the_parts_of_a_question(path: str, comparison: dict[str, Any]) -> None:
    read = definition(
        page("first", field("applicant", "it"), field("text", "title", show_when={"field": path, **comparison}))
    )

    assert read.fields["title"].show_when.comparisons()[0].field == path


@pytest.mark.parametrize(
    ("path", "comparison"),
    [
        ("it.colour", {"answered": True}),
        ("it.kind.kind", {"answered": True}),
        ("it.kind", {"equals": "firm"}),
        ("it.company.business_id", {"at_least": 5}),
        ("it.person.address", {"equals": "abroad"}),
        ("other.kind", {"equals": "company"}),
        ("before.kind", {"equals": "company"}),
        ("rows.name", {"equals": "x"}),
        ("rows.name", {"answered": True}),
    ],
)
def test_condition_on_a_part_that_can_never_be_is_refused(path: str, comparison: dict[str, Any]) -> None:
    doc = document(
        page(
            "first",
            field("text", "before"),
            field("repeating", "rows", fields=[field("text", "name")]),
            field("applicant", "it"),
            field("text", "title", show_when={"field": path, **comparison}),
        )
    )

    assert list(refused(doc)) == ["pages[0].fields[3].show_when"]


@pytest.mark.parametrize("kind", ["heading", "guidance", "warning", "details", "result"])
def test_what_is_about_an_answer_is_refused_where_nothing_is_asked(kind: str) -> None:
    texts = {} if kind == "heading" else {"text": said("Text")}
    about = {"required": True, "secret": False, "prefill": "name", "common": True, "default": "x", "hint": said("Help")}
    about |= {"errors": {"wrong": said("No")}, "required_when": {"field": "first", "answered": True}}
    told = field(kind, "told", **texts, **about)

    assert set(refused(document(page("first", told)))) == {f"pages[0].fields[0].{name}" for name in about}
    assert parse_stored(document(page("first", told))).fields["told"].kind == kind  # what is stored stays readable


def test_required_when_looks_at_earlier_answers_only() -> None:
    more = field("text", "title", required=False, required_when={"field": "it", "equals": True})

    assert definition(page("first", field("yes_no", "it"), more)).fields["title"].required is False
    assert list(refused(document(page("first", more, field("yes_no", "it"))))) == ["pages[0].fields[0].required_when"]


def test_lead_time_of_the_service_is_that_of_its_first_such_field() -> None:
    read = definition(page("first", field("date", "any"), field("date", "day", lead_time={"days": 5})))

    assert read.lead_time is not None
    assert read.lead_time.days == 5
    assert read.lead_time.earliest(TODAY).isoformat() == "2027-03-06"


MUSIC = {"field": "music", "equals": True}
EXTRA = page("more", field("long_text", "answer"))


def with_music() -> Definition:
    """A form in which a yes brings up a question beside it and a page."""
    return definition(
        page("one", field("yes_no", "music"), field("text", "what", show_when=MUSIC)),
        page("two", field("date", "day", lead_time={"days": 28})),
        page("three", field("text", "band"), show_when=MUSIC),
    )


def asked_in(form: Definition, answers: dict[str, Any]) -> list[str]:
    """The keys of what is asked, given the answers."""
    return [f.key for _page, fields, _counting in form.asked(answers, TODAY) for f in fields]


def test_supplement_asks_again_without_limits_and_what_new_answers_bring_up() -> None:
    form = with_music().supplement(["music", "day"], read_page(EXTRA), {"music": False, "day": "2027-06-05"})

    assert asked_in(form, {"music": False}) == ["music", "day", "answer"]
    assert asked_in(form, {"music": True}) == ["music", "what", "day", "band", "answer"]
    assert form.lead_time is None


def test_supplement_asks_nobody_what_does_not_apply_to_them() -> None:
    asks = ["what", "band"]

    quiet = with_music().supplement(asks, read_page(EXTRA), {"music": False})
    loud = with_music().supplement(asks, read_page(EXTRA), {"music": True, "what": "Song"})

    assert asked_in(quiet, {}) == ["answer"]
    assert asked_in(loud, {}) == ["what", "band", "answer"]


# --- the text of a document ------------------------------------------------------------------------------------------


def not_loaded(text: str) -> str:
    """Why a text is no document."""
    with pytest.raises(Unreadable) as caught:
        load(text)
    return str(caught.value)


def test_text_is_loaded() -> None:
    assert load('{"a": [1, 2.5, null, "å"]}') == {"a": [1, 2.5, None, "å"]}


def test_text_that_is_no_json_is_refused_with_line_and_column() -> None:
    assert "2" in not_loaded('{"a": 1,\n "b" 2}')


@pytest.mark.parametrize("text", ["", "NaN", "[Infinity]", "[1e999]", "[" * 100_000, "1" * 5_000, "\ufeff{}", "'a'"])
def test_text_that_json_does_not_know_is_refused(text: str) -> None:
    assert not_loaded(text)


def test_element_that_stands_twice_is_refused() -> None:
    assert not_loaded('{"a": {"b": 1, "c": 2, "b": 1}}').startswith("b: ")


@pytest.mark.thorough
def test_many_elements_that_stand_twice_are_found_in_no_time() -> None:
    text = "{" + ",".join(f'"k{n % 50_000}": 1' for n in range(100_000)) + "}"

    with pytest.raises(Unreadable) as caught:
        load(text)

    assert len(caught.value.problems) == 50_000


@pytest.mark.parametrize("text", ['["\\ud800"]', '{"\\udfff": 1}', '["\ud800"]'])
def test_half_characters_are_refused(text: str) -> None:
    assert not_loaded(text)


def test_text_that_is_too_large_is_refused() -> None:
    assert not_loaded(" " * 5_000_001)


def test_digest_is_that_of_what_is_said_not_of_how() -> None:
    one = load('{"a": 1, "b": "å"}')
    other = load('{\n  "b": "\\u00e5",\n  "a": 1\n}')

    assert digest_of(one) == digest_of(other)
    assert digest_of(one) != digest_of({"a": 2, "b": "å"})


# --- whatever is given -----------------------------------------------------------------------------------------------


@pytest.mark.thorough
@modest
@given(JSON)
def test_any_json_is_read_or_refused(doc: Any) -> None:
    with suppress(Unreadable):
        assert isinstance(parse(doc), Definition)


RICH = document(
    page(
        "first",
        field("choice", "colour", options=options("red", "blue")),
        field("date", "day", lead_time={"days": 5, "late": "explain"}),
        field(
            "text", "why", show_when={"any": [{"field": "day", "within_days": 5}, {"field": "colour", "equals": "red"}]}
        ),
        field("guidance", "advice", text=said("Advice")),
        field("file", "plan", types=["pdf"]),
    ),
    page(
        "second",
        field("applicant", "who", identity_code=True, default={"kind": "person"}),
        field("text", "firm", pattern="AA 99", show_when={"field": "who.kind", "equals": "company"}),
        field(
            "repeating",
            "stalls",
            fields=[
                field("decimal", "price", min=1, max=9, default="2.5", errors={"wrong": said("No")}),
                field("address", "where", required=False, required_when={"field": "price", "at_least": 5}),
                field("municipality", "town", prefill="name"),
            ],
            row_label=said("Stall"),
            min_rows=1,
            max_rows=3,
        ),
        field("calculated", "total", operation="sum", of=["stalls.price"], decimals=2, unit=said("€")),
        field("derived", "size", values=[{"value": "big", "when": {"field": "total", "at_least": 5}}, {"value": 0}]),
    ),
    municipalities=["091"],
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in items for place in places(item, (*path, key)))]


@pytest.mark.thorough
@modest
@given(st.sampled_from(places(RICH)[1:]), JSON)
def test_good_document_with_anything_anywhere_is_read_or_refused(place: tuple[Any, ...], value: Any) -> None:
    doc = copy.deepcopy(RICH)
    there: Any = doc
    for key in place[:-1]:
        there = there[key]
    there[place[-1]] = value

    with suppress(Unreadable):
        read = parse(doc)
        list(read.asked({}, TODAY))
        for each in read.pages:  # whatever could be read can be shown, and answered with nothing
            html_of(PageForm(read, each, answers={}, today=TODAY))
            PageForm(read, each, answers={}, today=TODAY, data=QueryDict(""), files={}).is_valid()


@pytest.mark.thorough
@modest
@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=60) | JSON.map(json.dumps))
def test_any_text_is_loaded_or_refused(text: str) -> None:
    with suppress(Unreadable):
        json.dumps(load(text), ensure_ascii=False).encode()


@pytest.mark.parametrize("text", ["[" * 400 + "]" * 400, '{"a":' * 400 + "1" + "}" * 400, "[" * 62 + "]" * 62])
def test_text_that_is_too_deep_to_be_gone_through_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        load(text)


def test_text_as_deep_as_in_yaml_is_read() -> None:
    assert load("[" * 60 + "]" * 60)
