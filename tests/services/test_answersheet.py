"""Answers beside their questions: what was asked, in the order of the form, in the reader's language."""

from __future__ import annotations

from apps.services.answersheet import sheet
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
