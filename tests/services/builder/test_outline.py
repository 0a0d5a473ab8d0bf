"""The outline: pages and questions with what one should know of each."""

from __future__ import annotations

from django.utils import translation

from apps.services.builder.outline import group_lines, outline, place_of, problems_by_place
from apps.services.builder.removing import left_to_mend, looking_at, looking_at_page
from apps.services.definition import judge
from apps.services.editing import Document, remove_field
from apps.services.reading import Problem
from tests import build
from tests.build import field, page


def a_document() -> Document:
    """Two pages, of which much looks at the first question."""
    looking = {"field": "music", "equals": True}
    rows = field(
        "repeating",
        "rows",
        fields=[field("yes_no", "more"), field("text", "what", show_when={"field": "more", "equals": True})],
    )
    first = page(
        "first", field("yes_no", "music", secret=True), field("text", "band", required=False, show_when=looking)
    )
    return build.document(first, page("second", rows, show_when=looking))


def test_the_outline_tells_what_is_special() -> None:
    document = a_document()
    with translation.override("en"):
        first, second = outline(document, *judge(document))

    music, band = first.lines
    assert [line.name for line in (music, band)] == ["Music", "Band"]
    assert music.tags == ["Secret"]
    assert band.tags == ["Optional"]
    assert "Music" in band.conditions[0]
    assert "Music" in second.conditions[0]
    assert [one.path for one in second.lines[0].inner] == ["rows.more", "rows.what"]


def test_names_are_said_in_the_language_of_the_page() -> None:
    document = a_document()
    with translation.override("fi"):
        first, _second = outline(document, *judge(document))

    assert first.title == "First fi"


def test_problems_stand_at_what_they_are_about() -> None:
    found = problems_by_place(
        [
            Problem("pages[0].title", "one"),
            Problem("pages[0].fields[2].label.sv", "two"),
            Problem("pages[1].fields[0].fields[3]", "three"),
            Problem("name", "elsewhere"),
        ]
    )

    assert {place: [(p.path, p.reason) for p in problems] for place, problems in found.items()} == {
        (0,): [("title", "one")],
        (0, 2): [("label.sv", "two")],
        (1, 0, 3): [("", "three")],
    }


def test_a_document_with_mistakes_has_an_outline_too() -> None:
    document = build.document(page("first", {"kind": "nothing_known", "key": "x"}, {"kind": "choice", "key": "y"}))

    (first,) = outline(document, *judge(document))

    assert [bool(line.problems) for line in first.lines] == [True, True]
    assert first.lines[0].kind == "nothing_known"


def test_only_the_first_and_the_last_of_the_form_cannot_go_further() -> None:
    document = a_document()

    first, second = outline(document, *judge(document))

    assert [(line.first, line.last) for line in (*first.lines, *second.lines)] == [
        (True, False),
        (False, False),
        (False, True),
    ]


def test_a_group_has_an_outline_of_its_own() -> None:
    document = a_document()

    lines = group_lines(document, *judge(document), "rows")

    assert [(line.path, line.first, line.last) for line in lines] == [
        ("rows.more", True, False),
        ("rows.what", False, True),
    ]
    assert lines[1].conditions
    assert place_of(document, "rows.what") == (1, 0, 1)


def test_what_looks_at_a_question_is_named() -> None:
    assert [(one.name, one.is_page) for one in looking_at(a_document(), "music")] == [
        ("Band sv", False),
        ("Second sv", True),
    ]
    assert [one.where for one in looking_at(a_document(), "rows.more")] == ["rows.what"]


def test_of_a_page_only_what_looks_from_elsewhere_is_named() -> None:
    assert [one.where for one in looking_at_page(a_document(), "first")] == ["second"]


def test_what_is_left_to_mend_is_said() -> None:
    total = field("calculated", "total", operation="sum", of=["price"])
    document = build.document(page("first", field("money", "price"), total))

    assert [said.partition(":")[0] for said in left_to_mend(document, remove_field("price"))] == ["Total sv"]
    assert left_to_mend(a_document(), remove_field("band")) == []
