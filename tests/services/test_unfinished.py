"""Definitions that are being written, made fit to be shown."""

from __future__ import annotations

from typing import Any

from apps.services.definition import Definition, judge
from apps.services.unfinished import Unfinished, fit_to_show
from tests.build import document, field, page, said


def fit(*pages: Any, **more: Any) -> Definition:
    written = document(*pages, **more)
    return fit_to_show(*judge(written), written)


def test_what_is_finished_stays_as_it_is() -> None:
    written = document(page("first", field("text", "title"), field("period", "when")))

    assert fit_to_show(*judge(written), written) == judge(written)[0]


def test_question_that_cannot_be_read_is_a_note_with_its_label() -> None:
    found = fit(page("first", {"kind": "choice", "key": "colour", "label": said("Colour")}))

    note = found.fields["colour"]
    assert isinstance(note, Unfinished)
    assert note.label.said("en") == "Colour"


def test_texts_without_which_a_page_has_a_hole_say_that_they_are_missing() -> None:
    found = fit(
        {"key": "first", "title": {"sv": ""}, "fields": [field("text", "title")]}, name={"sv": " ", "fi": "Nimi"}
    )

    assert found.pages[0].title.said("en") == "(the text is missing)"
    assert found.name.said("sv") == "Nimi"


def test_keys_are_made_where_there_are_none_or_the_same_twice() -> None:
    found = fit(
        page("first", field("text", "title"), field("text", "title")),
        page("first", field("text", "Öl")),
        page("", field("text", "more")),
    )

    assert [one.key for one in found.pages] == ["first", "page_2", "page_3"]
    assert len(found.fields) == 4
    assert isinstance(list(found.fields.values())[1], Unfinished)


def test_setting_that_does_not_fit_is_left_out_and_a_condition_stays() -> None:
    found = fit(
        page(
            "first",
            field("text", "title"),
            field("date", "day", not_before="title", show_when={"field": "x", "equals": 1}),
        )
    )

    day: Any = found.fields["day"]
    assert day.not_before == ""
    assert day.show_when.comparisons()


def test_what_is_wrong_in_a_row_is_mended_there() -> None:
    inside = [field("text", "what"), field("text", "what"), field("date", "day", not_before="what")]

    rows: Any = fit(page("first", field("repeating", "rows", fields=inside))).fields["rows"]

    assert [isinstance(part, Unfinished) for part in rows.fields] == [False, True, False]
    assert rows.fields[2].not_before == ""


def test_page_without_questions_is_there() -> None:
    assert [one.key for one in fit(page("first"), page("second", field("text", "title"))).pages] == ["first", "second"]


def test_languages_that_this_service_does_not_speak_are_left_out() -> None:
    assert fit(languages=["se", "fi"]).languages == ("fi",)
    assert fit(languages=[]).languages == ("sv",)
