"""Changes of a definition document: each gives a new one, follows keys, and says what it touches."""

from __future__ import annotations

from typing import Any

import pytest

from apps.services import editing
from apps.services.editing import Dependant, NotThere
from tests import build


def looking(at: str) -> dict[str, Any]:
    """A condition on a field."""
    return {"field": at, "equals": True}


def a_document(**more: Any) -> dict[str, Any]:
    """Two pages, the second of which looks at the first."""
    first = build.page("first", build.field("yes_no", "music"), build.field("text", "band", show_when=looking("music")))
    second = build.page("second", build.field("text", "place"), show_when=looking("music"))
    return build.document(first, second, **more)


def keys(document: dict[str, Any]) -> list[list[str]]:
    """The fields' keys, page by page."""
    return [[field["key"] for field in page["fields"]] for page in document["pages"]]


def test_an_edit_leaves_the_document_it_was_given_as_it_was() -> None:
    document = a_document()

    editing.remove_field("music").apply(document)

    assert document == a_document()


def test_elements_of_the_service_are_set_and_taken_away() -> None:
    changed = editing.set_elements({"price": build.said("Free"), "summary": None}).apply(a_document())

    assert changed["price"] == build.said("Free")
    assert "summary" not in changed


def test_a_page_goes_after_the_one_named() -> None:
    changed = editing.add_page(build.page("between"), after="first").apply(a_document())

    assert [page["key"] for page in changed["pages"]] == ["first", "between", "second"]


def test_a_page_is_moved_not_beyond_the_last() -> None:
    changed = editing.move_page("first", 5).apply(a_document())

    assert [page["key"] for page in changed["pages"]] == ["second", "first"]


def test_a_copied_page_looks_at_its_own_fields() -> None:
    changed = editing.copy_page("first").apply(a_document())

    assert keys(changed) == [["music", "band"], ["music_2", "band_2"], ["place"]]
    assert changed["pages"][1]["fields"][1]["show_when"] == looking("music_2")


def test_a_page_is_removed_with_the_conditions_on_its_fields() -> None:
    changed = editing.remove_page("first").apply(a_document())

    assert keys(changed) == [["place"]]
    assert "show_when" not in changed["pages"][0]


def test_fields_go_after_the_one_named() -> None:
    changed = editing.add_fields("first", [build.field("text", "more")], after="music").apply(a_document())

    assert keys(changed)[0] == ["music", "more", "band"]


def test_fields_go_into_a_group() -> None:
    document = build.document(
        build.page("first", build.field("repeating", "rows", fields=[build.field("text", "what")]))
    )

    changed = editing.add_fields("first", [build.field("text", "size")], within="rows").apply(document)

    assert [path for _page, path, _field in editing.all_fields(changed)] == ["rows", "rows.what", "rows.size"]


def test_conditions_follow_a_field_to_its_new_key() -> None:
    changed = editing.set_field("music", build.field("yes_no", "loud_music")).apply(a_document())

    assert changed["pages"][0]["fields"][1]["show_when"] == looking("loud_music")
    assert changed["pages"][1]["show_when"] == looking("loud_music")


def test_a_field_moved_beyond_the_end_of_its_page_goes_to_the_next() -> None:
    changed = editing.move_field("band", 1).apply(a_document())

    assert keys(changed) == [["music"], ["band", "place"]]


def test_a_field_moved_beyond_the_beginning_goes_to_the_end_of_the_page_before() -> None:
    changed = editing.move_field("place", -1).apply(a_document())

    assert keys(changed) == [["music", "band", "place"], []]


def test_a_field_is_moved_to_a_page() -> None:
    assert keys(editing.move_field_to("music", "second").apply(a_document())) == [["band"], ["place", "music"]]


def test_a_copied_field_has_a_key_of_its_own() -> None:
    assert keys(editing.copy_field("band").apply(a_document()))[0] == ["music", "band", "band_2"]


def test_what_is_left_of_a_condition_stays_when_a_field_is_removed() -> None:
    both = {"all": [looking("music"), {"field": "band", "answered": True}]}
    document = build.document(
        build.page("first", build.field("yes_no", "music"), build.field("text", "band")),
        build.page("second", build.field("text", "place", show_when=both)),
    )

    changed = editing.remove_field("music").apply(document)

    assert changed["pages"][1]["fields"][0]["show_when"] == {"field": "band", "answered": True}


def test_what_looks_at_a_field_is_named() -> None:
    assert editing.dependants(a_document(), "music") == [
        Dependant("band", False, "show_when"),
        Dependant("second", True, "show_when"),
    ]


def test_settings_that_name_a_field_are_named_and_let_go_of() -> None:
    document = build.document(
        build.page(
            "first",
            build.field("date", "start"),
            build.field("date", "end", not_before="start"),
            build.field("calculated", "days", operation="days_between", of=["start", "end"]),
        )
    )

    changed = editing.remove_field("start").apply(document)

    assert [(one.where, one.what) for one in editing.dependants(document, "start")] == [
        ("end", "not_before"),
        ("days", "of"),
    ]
    assert "not_before" not in changed["pages"][0]["fields"][0]
    assert changed["pages"][0]["fields"][1]["of"] == ["end"]


@pytest.mark.parametrize(
    "edit",
    [
        editing.remove_page("gone"),
        editing.set_page("gone", {"text": None}),
        editing.set_field("gone", build.field("text", "gone")),
        editing.move_field("rows.gone", 1),
        editing.copy_field("gone"),
    ],
)
def test_what_is_gone_is_said(edit: editing.Edit) -> None:
    with pytest.raises(NotThere):
        edit.apply(a_document())


@pytest.mark.parametrize(
    ("label", "key"),
    [
        ("Beräknad publik", "beraknad_publik"),
        ("Music", "music_2"),
        ("Ääni & valo!", "aani_valo"),
        ("2 dagar", "question_2_dagar"),
        ("", "question"),
        ("Supplement", "question_supplement"),
        ("Ж", "question"),
    ],
)
def test_a_key_is_made_of_a_label(label: str, key: str) -> None:
    assert editing.free_key(a_document(), label) == key


def test_texts_are_found_and_set_by_their_addresses() -> None:
    document = build.document(
        build.page("first", build.field("choice", "size", options=build.options("small", "large"))),
    )

    changed = editing.set_texts(
        {"fields.size.options.small.label": {"fi": "Pieni"}, "pages.first.title": {"sv": ""}, "gone": {"sv": "?"}}
    ).apply(document)

    texts = editing.texts_in(changed)
    assert texts["fields.size.options.small.label"]["fi"] == "Pieni"
    assert "sv" not in texts["pages.first.title"]
    assert texts["name"] == document["name"]
    assert "gone" not in texts


def test_a_text_of_the_service_is_begun_and_one_that_may_be_left_out_goes_with_its_last_word() -> None:
    document = build.document(build.page("first", build.field("text", "title", hint={"sv": "Tips"})))
    del document["price"]

    changed = editing.set_texts(
        {
            "price": {"fi": "Maksuton"},
            "fields.title.hint": {"sv": " "},
            "pages.first.title": dict.fromkeys(["sv", "fi", "en"], ""),
        }
    ).apply(document)

    assert changed["price"] == {"fi": "Maksuton"}
    assert "hint" not in changed["pages"][0]["fields"][0]
    assert changed["pages"][0]["title"] == {}


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"key": "a", "authority": "b"},
        {"key": "a", "authority": "b", "pages": {}},
        {"key": "a", "authority": "b", "pages": [{"key": "first"}]},
        {"key": "a", "authority": "b", "pages": [{"key": "first", "fields": [{"key": "x"}]}]},
        {"key": "a", "authority": "b", "pages": [{"key": "First!", "fields": []}]},
    ],
)
def test_a_document_whose_parts_cannot_be_told_apart_is_refused(document: Any) -> None:
    with pytest.raises(editing.Unreadable):
        editing.fit_to_edit(document)


def in_rows() -> dict[str, Any]:
    """A group in which one question looks at another, beside a question outside it with the same key."""
    rows = [build.field("yes_no", "music"), build.field("text", "band", show_when=looking("music"))]
    total = build.field("calculated", "total", operation="count", of=["rows.music", "music"])
    return build.document(
        build.page("first", build.field("yes_no", "music"), build.field("repeating", "rows", fields=rows), total)
    )


def test_a_new_key_within_a_group_is_followed_in_its_rows() -> None:
    changed = editing.set_field("rows.music", build.field("yes_no", "loud")).apply(in_rows())

    outside, rows, total = changed["pages"][0]["fields"]
    assert outside["key"] == "music"
    assert rows["fields"][1]["show_when"] == looking("loud")
    assert total["of"] == ["rows.loud", "music"]


def test_a_new_key_outside_a_group_is_not_followed_in_its_rows() -> None:
    changed = editing.set_field("music", build.field("yes_no", "loud")).apply(in_rows())

    _outside, rows, total = changed["pages"][0]["fields"]
    assert rows["fields"][1]["show_when"] == looking("music")
    assert total["of"] == ["rows.music", "loud"]


def test_what_looks_at_a_field_of_a_group_is_found_beside_it_and_forgotten_with_it() -> None:
    found = editing.dependants(in_rows(), "rows.music")
    changed = editing.remove_field("rows.music").apply(in_rows())

    assert [(one.where, one.what) for one in found] == [("total", "of"), ("rows.band", "show_when")]
    assert "show_when" not in changed["pages"][0]["fields"][1]["fields"][0]


def test_removing_a_field_leaves_the_conditions_within_rows_alone() -> None:
    changed = editing.remove_field("music").apply(in_rows())

    assert changed["pages"][0]["fields"][0]["fields"][1]["show_when"] == looking("music")


def test_fields_to_be_added_get_free_keys_and_follow_each_other() -> None:
    fields = [build.field("yes_no", "music"), build.field("text", "band", show_when=looking("music"))]

    made = editing.with_free_keys(a_document(), fields)

    assert [field["key"] for field in made] == ["music_2", "band_2"]
    assert made[1]["show_when"] == looking("music_2")
    assert fields[0]["key"] == "music"


def test_what_is_added_twice_at_once_gets_keys_of_its_own() -> None:
    twice = build.document(build.page("one", build.field("text", "a")))
    page = build.page("two", build.field("text", "b"))
    for edit in (editing.add_fields("one", [build.field("text", "c")]), editing.add_page(page)):
        twice = edit.apply(edit.apply(twice))

    assert [one["key"] for one in twice["pages"]] == ["one", "two", "two_2"]
    assert [path for _page, path, _field in editing.all_fields(twice)] == ["a", "c", "c_2", "b", "b_2"]
