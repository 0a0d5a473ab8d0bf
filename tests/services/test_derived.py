"""A value that follows from the answers: the first whose condition holds."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils.translation import override

from apps.cases import intake
from apps.services.definition import Definition, parse
from apps.services.fieldtypes import REGISTER
from apps.services.pageform import PageForm
from apps.services.publishing import obstacles
from apps.services.reading import Unreadable
from tests import build
from tests.build import document, field, page, said
from tests.markup import read

SIZES = [
    {"value": "large", "when": {"field": "people", "at_least": 500}, "label": said("Large")},
    {"value": "small", "label": said("Small")},
]


def sized(*more: dict[str, Any], values: Any = None, **settings: Any) -> Definition:
    """A service that tells large events from small ones."""
    derived = field("derived", "size", values=values or SIZES, **settings)
    plan = field("text", "plan", show_when={"field": "size", "equals": "large"})
    return parse(document(page("one", field("whole_number", "people"), derived, plan, *more)))


def form(definition: Definition, **data: str) -> PageForm:
    """The first page as it is posted."""
    return PageForm(definition, definition.pages[0], answers={}, today=build.TODAY, data=data)


@pytest.mark.parametrize(("people", "size"), [("500", "large"), ("499", "small")])
def test_derived_is_the_first_value_whose_condition_holds(people: str, size: str) -> None:
    posted = form(sized(), people=people, plan="An example")
    assert posted.is_valid()
    assert posted.counting["size"] == size
    assert ("plan" in posted.counting) == (size == "large")


def test_derived_is_nothing_where_no_condition_holds() -> None:
    posted = form(sized(values=SIZES[:1]), people="3")
    assert posted.is_valid()
    assert "size" not in posted.counting


def test_derived_brings_up_questions_on_its_own_page() -> None:
    posted = form(sized(), people="500")
    assert list(posted.errors) == ["plan"]


@pytest.mark.parametrize("value", [True, False, 0, 25, "code", ["a", "b"], []])
def test_derived_without_a_condition_is_always_the_same(value: Any) -> None:
    posted = form(_only(value), people="1")
    assert posted.counting["size"] == value
    assert type(posted.counting["size"]) is type(value)


def _only(value: Any) -> Definition:
    derived = field("derived", "size", values=[{"value": value}])
    return parse(document(page("one", field("whole_number", "people"), derived)))


def test_derived_is_said_on_the_page_unless_it_is_quiet() -> None:
    with override("en"):
        loud, quiet = (read(form(sized(quiet=quiet), people="500").render()) for quiet in (False, True))
    assert loud.one(id="id_size").text == "Large"
    assert quiet.find(id="id_size") == []
    assert "Size" in loud.text
    assert "Size" not in quiet.text
    assert "Large" not in quiet.text


@pytest.mark.parametrize(
    ("kept", "language", "text"),
    [
        ("large", "sv", "Large sv"),
        ("large", "en", "Large"),
        (True, "en", "Yes"),
        (["a", "b"], "en", "a, b"),
        (3, "fi", "3"),
        (None, "en", ""),
    ],
)
def test_derived_is_shown_in_words(kept: Any, language: str, text: str) -> None:
    assert sized().fields["size"].show(kept, language) == text


@pytest.mark.django_db
def test_derived_is_sent_and_cannot_be_posted() -> None:
    version = build.version(page("one", field("whole_number", "people"), field("derived", "size", values=SIZES)))
    case = intake.send(build.application(version, answers={"people": 3, "size": "large"}), at=build.NOW)
    assert case.application.answers == {"people": 3, "size": "small"}
    assert [line.text for section in case.application.sheet("en") for line in section.lines] == ["3", "Small"]


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ([], "values"),
        ([{"when": {"field": "people", "at_least": 1}}], "values[0].value"),
        ([{"value": ""}], "values[0].value"),
        ([{"value": None}], "values[0].value"),
        ([{"value": 1.5}], "values[0].value"),
        ([{"value": ["a", 1]}], "values[0].value"),
        ([{"value": "a"}, {"value": "b"}], "values[0].when"),
        ([{"value": "a", "when": {"field": "plan", "answered": True}}], "values[0].when"),
        ([{"value": "a", "when": {"field": "people", "within_days": 3}}], "values[0].when"),
    ],
)
def test_derived_refuses_what_cannot_be(values: Any, path: str) -> None:
    derived = {**field("derived", "size"), "values": values}
    with pytest.raises(Unreadable) as refused:
        parse(document(page("one", field("whole_number", "people"), derived, field("text", "plan"))))
    assert f"pages[0].fields[1].{path}" in [problem.path for problem in refused.value.problems]


def test_derived_conditions_on_it_name_only_its_values() -> None:
    with pytest.raises(Unreadable) as refused:
        sized(field("text", "more", show_when={"field": "size", "equals": "huge"}))
    assert [problem.path for problem in refused.value.problems] == ["pages[0].fields[3].show_when"]


def test_derived_texts_are_required_in_every_language() -> None:
    values = [{"value": "a", "label": {"sv": "A"}}]
    plain = parse(document(page("one", field("text", "title"), field("derived", "size", values=values))))
    assert [problem.path for problem in obstacles(plain)] == [
        f"pages[0].fields[1].values[0].label.{lang}" for lang in ("fi", "en")
    ]


def test_derived_is_in_the_register() -> None:
    assert REGISTER["derived"].has_answer
    assert not REGISTER["derived"].asks
