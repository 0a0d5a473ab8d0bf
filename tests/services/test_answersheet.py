"""Answers beside their questions: what was asked, in the order of the form, in the reader's language."""

from __future__ import annotations

from typing import Any

import pytest

from apps.services.answersheet import sheet, without_contact_data
from tests.build import TODAY, definition, field, options, page

MUSIC = {"field": "music", "equals": True}
FORM = definition(
    page(
        "event",
        field("heading", "h"),
        field("yes_no", "music"),
        field("choice", "size", options=options("big", "small")),
    ),
    page("sound", field("text", "band"), show_when=MUSIC),
    page("files", field("file", "plan", required=False)),
)
PLAN = {"id": "1", "name": "plan.pdf", "size": 12_345, "type": "application/pdf", "sha256": "0" * 64}


def test_sheet_follows_the_form_and_leaves_out_what_asks_nothing() -> None:
    sections = sheet(FORM, {"size": "big", "music": True, "band": "B"}, TODAY, "en")

    assert [(s.key, s.title, [(line.label, line.text) for line in s.lines]) for s in sections] == [
        ("event", "Event", [("Music", "Yes"), ("Size", "Big")]),
        ("sound", "Sound", [("Band", "B")]),
        ("files", "Files", [("Plan", "")]),
    ]


def test_sheet_leaves_out_what_was_not_asked() -> None:
    sections = sheet(FORM, {"size": "big", "music": False, "band": "Hidden"}, TODAY, "sv")

    assert [s.key for s in sections] == ["event", "files"]


def test_sheet_has_what_is_known_of_files() -> None:
    line = sheet(FORM, {"plan": [PLAN]}, TODAY, "sv")[-1].lines[0]

    assert line.text == "plan.pdf (12 kB)"
    assert line.files == (PLAN,)
    assert line.kept == [PLAN]


def test_sheet_of_no_answers_is_a_sheet() -> None:
    assert [line.text for section in sheet(FORM, {}, TODAY, "fi") for line in section.lines] == ["", "", ""]


# --- contact data -----------------------------------------------------------------------------------------------------

WHERE = ("a@example.com", "Exempelgatan 1", "+358 40 1234567", "00100")
ADDRESS = {"street": "Exempelgatan 1", "where": "finland", "post_code": "00100", "town": "Helsinki"}
PERSON = {
    "given_name": "Exempel",
    "family_name": "Person",
    "address": ADDRESS,
    "email": "a@example.com",
    "phone": "+358401234567",
}


@pytest.mark.parametrize(
    ("asked", "answer", "left"),
    [
        (field("email", "q"), "a@example.com", ""),
        (field("phone", "q"), "+358401234567", ""),
        (field("post_code", "q"), "00100", ""),
        (field("address", "q"), ADDRESS, ""),
        (field("person", "q", address=True), PERSON, "Exempel Person"),
        (
            field("company", "q", address=True),
            {"name": "Ab", "business_id": "1234567-1", "address": ADDRESS, "contact": PERSON},
            "Exempel Person",
        ),
        (field("applicant", "q"), {"kind": "person", "person": PERSON}, "Exempel Person"),
        (field("invoicing", "q"), {"way": "post", "address": ADDRESS, "reference": "R-1"}, "R-1"),
        (
            field("repeating", "q", fields=[field("text", "what"), field("email", "where")]),
            [{"what": "One", "where": "a@example.com"}, {"what": "Two"}],
            "One",
        ),
    ],
)
def test_contact_data_can_be_left_out_of_every_kind(asked: dict[str, Any], answer: Any, left: str) -> None:
    sections = sheet(definition(page("first", asked)), {"q": answer}, TODAY, "en")
    assert any(where in sections[0].lines[0].text for where in WHERE)

    (line,) = without_contact_data(sections)[0].lines

    told = f"{line.text} {line.rows} {line.kept}"
    assert line.hidden
    assert not any(where in told for where in (*WHERE, "+358401234567"))
    assert left in line.text


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (field("text", "q"), "A thing"),
        (field("person", "q"), {"given_name": "Exempel", "family_name": "Person"}),
        (field("email", "q", required=False), None),
        (field("repeating", "q", fields=[field("text", "what")]), [{"what": "One"}]),
    ],
)
def test_what_has_no_contact_data_stays_as_it_is(asked: dict[str, Any], answer: Any) -> None:
    sections = sheet(definition(page("first", asked)), {"q": answer}, TODAY, "en")

    assert without_contact_data(sections) == sections
