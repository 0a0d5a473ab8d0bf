"""The small form of one question: what is only looked at stays as it was, and what is typed becomes the element."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.http import QueryDict
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.services import editing, library
from apps.services.builder.fieldform import FieldForm
from apps.services.builder.rows import ACT, acted
from apps.services.builder.situation import Situation, earlier_than, siblings
from apps.services.definition import judge
from apps.services.editing import Document, Element
from apps.services.fieldtypes import REGISTER
from apps.services.fieldtypes.base import read_field
from apps.services.reading import Reader
from apps.services.texts import LANGUAGES
from tests import build, markup
from tests.build import TODAY, field, options, page, said
from tests.services.browser import filled
from tests.services.kinds import ANY_TEXT, KINDS, NASTY, a, modest

FILES = sorted(path.name for path in library.FOLDER.glob("*.json"))


def opened(document: Document, path: str, data: QueryDict | None = None) -> FieldForm:
    """The form of a question of a document."""
    definition, _problems = judge(document)
    situation = Situation(document, tuple(editing.languages_of(document)), earlier_than(definition, path))
    taken = siblings(document, path)
    return FieldForm(editing.field_of(document, path), situation, taken=taken, today=TODAY, data=data)


def html_of(form: FieldForm) -> str:
    """Everything that stands in a form."""
    return str(form.helper.layout.render(form, {})) + str(form.more())


def saved(document: Document, path: str, **typed: Any) -> FieldForm:
    """The form after it was opened, something was typed over what stood there (None: taken out), and it was sent."""
    data = filled(html_of(opened(document, path)))
    for name, value in typed.items():
        data.pop(name, None)
        if value is not None:
            data.setlist(name, value if isinstance(value, list) else [value])
    form = opened(document, path, data)
    form.is_valid()
    return form


def of(element: Element, *before: Element) -> Document:
    """A document with an element after some others."""
    return build.document(page("first", *before, element))


def element_of(element: Element, *before: Element, **typed: Any) -> Element:
    """The element that comes of what is typed; it must be right."""
    form = saved(of(element, *before), element["key"], **typed)
    assert not form.errors, form.errors
    return form.element


# --- what is not touched ---------------------------------------------------------------------------------------------


@pytest.mark.thorough
@pytest.mark.parametrize("language", LANGUAGES[:2])
@pytest.mark.parametrize("name", FILES)
def test_opening_and_saving_every_field_of_the_library_changes_nothing(name: str, language: str) -> None:
    document = json.loads((library.FOLDER / name).read_text("utf-8"))
    definition, _problems = judge(document)
    with translation.override(language):
        for _page, path, element in editing.all_fields(document):
            situation = Situation(document, tuple(editing.languages_of(document)), earlier_than(definition, path))
            taken = siblings(document, path)
            looked_at = FieldForm(element, situation, taken=taken, today=TODAY)
            sent = FieldForm(element, situation, taken=taken, today=TODAY, data=filled(html_of(looked_at)))

            assert sent.is_valid(), (path, sent.errors)
            assert json.dumps(sent.element) == json.dumps(element), (path, sent.changed_names)


@pytest.mark.parametrize("kind", KINDS)
def test_opening_and_saving_any_kind_changes_nothing(kind: str) -> None:
    earlier = field("whole_number", "earlier", required=False)
    document = of(a(kind, label=said("Who") | {"de": "Wer"}), earlier)

    form = saved(document, "it")

    assert form.errors == {}
    assert json.dumps(form.element) == json.dumps(editing.field_of(document, "it"))


@pytest.mark.parametrize("kind", KINDS)
def test_the_form_of_any_kind_has_a_label_for_every_control(kind: str) -> None:
    html = html_of(opened(of(a(kind), field("whole_number", "earlier")), "it"))

    assert markup.flaws(markup.read(html)) == []


def test_what_stands_at_its_default_by_word_stays_written() -> None:
    element = field("text", "name", required=True, max_length=200, secret=False)

    assert list(element_of(element)) == list(element)


def test_line_breaks_of_a_browser_change_nothing() -> None:
    element = field("guidance", "advice", text={"sv": "One\n\n- two\n- three", "fi": "Yksi", "en": "One"})

    form = saved(of(element), "advice", text__sv="One\r\n\r\n- two\r\n- three")

    assert form.element == element


def test_an_old_value_of_an_option_stays_when_its_text_is_changed() -> None:
    element = element_of(field("choice", "colour", options=options("red", "blue")), **{"options-0__sv": "Rött"})

    assert [one["value"] for one in element["options"]] == ["red", "blue"]
    assert element["options"][0]["label"] == {**said("Red"), "sv": "Rött"}


# --- what is typed ---------------------------------------------------------------------------------------------------


def test_a_text_is_changed_in_one_language() -> None:
    element = element_of(field("text", "name"), label__fi="Nimesi")

    assert element["label"] == {**said("Name"), "fi": "Nimesi"}


def test_a_setting_at_its_default_is_left_out() -> None:
    element = element_of(field("text", "name", required=False, max_length=10), max_length="200", required=None)

    assert element == field("text", "name")


def test_a_question_may_be_left_unanswered() -> None:
    assert element_of(field("text", "name"), required="on")["required"] is False


def test_a_new_option_gets_a_value_of_its_text() -> None:
    typed = {"options-2__sv": "Ljusblå", "options-2__fi": "Vaaleansininen"}

    element = element_of(field("choice", "colour", options=options("red", "blue")), **typed)

    assert element["options"][2] == {"value": "ljusbla", "label": {"sv": "Ljusblå", "fi": "Vaaleansininen"}}


def test_an_option_without_text_is_left_out() -> None:
    gone = {f"options-0__{code}": "" for code in LANGUAGES}

    element = element_of(field("choice", "colour", options=options("red", "blue")), **gone)

    assert element["options"] == options("blue")


def test_many_options_are_written_one_a_line() -> None:
    typed = {"options-many__sv": "Gul\nGrön", "options-many__fi": "Keltainen\nVihreä"}

    element = element_of(field("choices", "colour", options=options("red")), **typed)

    assert [one["value"] for one in element["options"]] == ["red", "gul", "gron"]
    assert element["options"][2]["label"] == {"sv": "Grön", "fi": "Vihreä"}


@pytest.mark.parametrize(
    ("act", "values"),
    [("up:options:1", ["blue", "red"]), ("down:options:0", ["blue", "red"]), ("gone:options:0", ["blue"])],
)
def test_rows_are_moved_and_removed_by_buttons(act: str, values: list[str]) -> None:
    document = of(field("choice", "colour", options=options("red", "blue")))
    data = filled(html_of(opened(document, "colour")))
    data[ACT] = act

    form = opened(document, "colour", acted(data))

    assert form.is_valid()
    assert [one["value"] for one in form.element["options"]] == values


def test_more_rows_come_by_a_button() -> None:
    document = of(field("choice", "colour", options=options("red", "blue")))
    data = filled(html_of(opened(document, "colour")))
    data[ACT] = "more:options"

    form = opened(document, "colour", acted(data))
    form.forgive()

    assert 'name="options-7__sv"' in html_of(form)
    assert form.summary == []


def test_a_time_limit_is_ticked_and_written() -> None:
    typed = {"lead_time": "on", "lead_time-days": "30", "lead_time-unit": "days", "lead_time-late": "warn"}

    assert element_of(field("date", "day"), **typed)["lead_time"] == {"days": 30, "unit": "days", "late": "warn"}
    assert "lead_time" not in element_of(field("date", "day", lead_time={"days": 1, "unit": "days"}), lead_time=None)


def test_a_day_may_not_be_before_another_by_its_name() -> None:
    document = of(field("date", "end"), field("date", "start"), field("text", "name"))

    form = opened(document, "end")

    assert [key for key, _label in form.fields["not_before"].choices] == ["", "start"]  # type: ignore[attr-defined]
    assert saved(document, "end", not_before="start").element["not_before"] == "start"


def test_a_value_is_worked_out_from_answers_by_their_names() -> None:
    rows = field("repeating", "rows", fields=[field("money", "price"), field("text", "what")])
    element = field("calculated", "total", operation="sum", of=["rows.price"])
    document = of(element, rows, field("period", "dates"))

    offered = [key for key, _label in opened(document, "total").fields["of-0"].choices]  # type: ignore[attr-defined]

    assert offered == ["", "rows", "rows.price", "dates.start", "dates.end"]
    assert saved(document, "total", **{"of-1": "rows"}).element["of"] == ["rows.price", "rows"]


def test_kinds_of_file_keep_their_order() -> None:
    element = field("file", "map", types=["png", "pdf"])

    assert element_of(element, types=["pdf", "png", "docx"])["types"] == ["png", "pdf", "docx"]


def test_an_answer_stands_there_from_the_beginning() -> None:
    element = field("choice", "colour", options=options("red", "blue"))

    begun = element_of(element, default="on", **{"default-answer": "blue"})

    assert begun["default"] == "blue"
    assert "default" not in element_of(begun, default=None)


def test_values_keep_their_conditions_and_are_added_by_their_words() -> None:
    when = {"field": "first", "answered": True}
    element = field("derived", "size", values=[{"value": "big", "when": when}, {"value": 0}])

    changed = element_of(element, field("text", "first"), **{"values-0__sv": "Stor", "values-2__sv": "Okänd"})

    assert changed["values"] == [
        {"value": "big", "when": when, "label": {"sv": "Stor"}},
        {"value": 0},
        {"value": "okand", "label": {"sv": "Okänd"}},
    ]


def test_the_condition_of_a_value_stands_beside_it_as_a_sentence() -> None:
    element = field("derived", "size", values=[{"value": "big", "when": {"field": "guests", "at_least": 200}}])

    html = html_of(opened(of(element, field("whole_number", "guests")), "size"))

    note = markup.read(html).one(css="option-row__note").text
    assert "Guests" in note
    assert "200" in note


def test_a_new_key_is_taken_when_it_is_free() -> None:
    document = of(field("text", "name"), field("text", "taken"))

    assert saved(document, "name", key="full_name").element["key"] == "full_name"
    assert "key" in saved(document, "name", key="taken").errors
    assert "key" in saved(document, "name", key="Not a key").errors


# --- what is wrong ---------------------------------------------------------------------------------------------------


def test_a_question_without_a_text_cannot_be_saved() -> None:
    form = saved(of(field("text", "name")), "name", label__sv="", label__fi="", label__en="")

    assert "label__sv" in form.errors


def test_a_number_beyond_its_limits_is_told_where_it_stands() -> None:
    form = saved(of(field("text", "name")), "name", max_length="9999")

    assert "max_length" in form.errors
    assert form.open_more()


def test_a_choice_without_options_cannot_be_saved() -> None:
    gone = {f"options-0__{code}": "" for code in LANGUAGES}

    form = saved(of(field("choice", "colour", options=options("red"))), "colour", **gone)

    assert "options-0__sv" in form.errors


def test_what_could_not_be_read_is_told_and_mended() -> None:
    document = of(field("text", "name", max_length="many"))

    assert "max_length" in saved(document, "name", max_length="0").errors
    assert saved(document, "name", max_length="50").element["max_length"] == 50


def test_what_does_not_fit_is_told_at_its_control() -> None:
    document = of(field("whole_number", "n", min=5, max=2))
    _definition, problems = judge(document)
    form = opened(document, "n")

    form.say([type(one)(one.path.rpartition("fields[0].")[2], one.reason) for one in problems])

    assert [target for target, _label, _said in form.summary] == ["id_max"]


# --- new questions ---------------------------------------------------------------------------------------------------


def new(kind: str, data: dict[str, str], *before: Element) -> FieldForm:
    """The form of a new question after it was sent."""
    document = build.document(page("first", *before or [field("text", "name")]))
    posted = QueryDict(mutable=True)
    posted.update(data)
    situation = Situation(document, ("sv", "fi"))
    form = FieldForm({"kind": kind, "key": ""}, situation, taken=["name"], today=TODAY, data=posted, new=True)
    form.is_valid()
    return form


def test_a_new_question_gets_a_key_of_its_text() -> None:
    form = new("text", {"label__sv": "Name", "label__fi": "Nimi"})

    assert form.element == {"kind": "text", "key": "name_2", "label": {"sv": "Name", "fi": "Nimi"}}


def test_a_new_group_begins_with_its_questions() -> None:
    form = new("repeating", {"label__sv": "Rader", "fields-count": "1", "fields-0__sv": "Vad", "fields-0-kind": "text"})

    assert form.element["fields"] == [{"kind": "text", "key": "vad", "label": {"sv": "Vad"}}]
    assert new("repeating", {"label__sv": "Rader"}).errors


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_question_of_any_kind_without_anything_is_refused_in_words(kind: str) -> None:
    form = new(kind, {})

    assert form.errors
    assert form.summary
    assert REGISTER[kind]


NAMES = {kind: list(filled(html_of(opened(of(a(kind), field("whole_number", "earlier")), "it")))) for kind in KINDS}


@pytest.mark.thorough
@pytest.mark.parametrize("kind", KINDS)
@settings(modest, max_examples=8)
@given(data=st.data())
def test_whatever_is_posted_is_refused_or_can_be_read(kind: str, data: st.DataObject) -> None:
    document = of(a(kind), field("whole_number", "earlier"))
    sent = filled(html_of(opened(document, "it")))
    typed = data.draw(st.dictionaries(st.sampled_from(NAMES[kind]), NASTY | ANY_TEXT, max_size=4))
    for name, value in typed.items():
        sent[name] = value

    form = opened(document, "it", sent)

    if form.is_valid():
        reader = Reader()
        read_field(reader, "", form.element)
        assert reader.problems == []
        json.dumps(form.element, ensure_ascii=False).encode()
    assert markup.flaws(markup.read(html_of(form))) == []
    assert {name for name in form.errors if name not in form.fields} <= {"__all__"}
