"""The one markup of all forms: every kind of question is labelled, described, safe, and its mistakes can be found."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django import forms
from django.http import QueryDict

from apps.services.fieldtypes import REGISTER
from apps.services.layout import Line, plain_layout, prose, size_words
from apps.services.pageform import PageForm
from tests import build
from tests.markup import Element, flaws, read
from tests.services.kinds import LOOKS_BACK, NEEDS, PARTED, WHOLE

HOSTILE = "</label><script>alert('x')</script>\"'&<b onclick=x>"


def page_form(*fields: dict[str, Any], data: str | None = None, answers: dict[str, Any] | None = None) -> PageForm:
    """A page with these fields, shown anew or sent in."""
    made = build.definition(build.page("first", *fields))
    sent = None if data is None else QueryDict(data)
    return PageForm(
        made, made.pages[0], answers=answers or {}, today=build.TODAY, data=sent, files=None if sent is None else {}
    )


def shown(form: PageForm) -> Element:
    """The page's questions as a browser sees them."""
    return read(form.helper.render_layout(form, {}))


def one(kind: str, *, data: str | None = None, **more: Any) -> Element:
    """A page with one question, below what it looks back at where it does."""
    asked = build.field(kind, "asked", **{**NEEDS.get(kind, {}), **more})
    if kind not in LOOKS_BACK:
        return shown(page_form(asked, data=data))
    looked_at = build.field("whole_number", "earlier", required=False)
    (question,) = shown(page_form(looked_at, asked, data=data)).children[1:]
    return Element("", {}, None, [question])


@pytest.mark.parametrize("kind", sorted(REGISTER))
def test_every_kind_is_labelled_and_described(kind: str) -> None:
    hint: dict[str, Any] = {"hint": build.said("A hint.")} if REGISTER[kind].asks else {}

    assert flaws(one(kind, **hint)) == []


@pytest.mark.parametrize("kind", WHOLE)
def test_every_kind_is_described_by_its_hint_and_its_error(kind: str) -> None:
    root = one(kind, hint=build.said("A hint."), data="")

    assert flaws(root) == []
    named = {e.attrs["aria-describedby"] for e in root.find() if "aria-describedby" in e.attrs}
    assert named == {"id_asked_helptext id_asked_error"}
    assert root.one(id="id_asked_error").text.startswith("Fel:") or root.one(id="id_asked_error").text.startswith(
        "Error:"
    )


@pytest.mark.parametrize("kind", PARTED)
def test_every_kind_of_parts_is_described_by_its_hint_and_its_parts_by_their_errors(kind: str) -> None:
    root = one(kind, hint=build.said("A hint."), data="")

    assert flaws(root) == []
    group = root.children[0]
    assert (group.tag, group.children[0].tag, group.children[0].text) == ("fieldset", "legend", "Asked sv")
    described = group.attrs["aria-describedby"].split()
    assert described[0] == "id_asked_helptext"
    assert root.one(id="id_asked_helptext").text == "A hint. sv"
    wrong = root.find(css="question--error")
    assert wrong
    for question in wrong:
        error = question.find(css="question__error")[0]
        says = [
            e for e in (question, *question.find()) if error.attrs["id"] in e.attrs.get("aria-describedby", "").split()
        ]
        assert says, error.attrs["id"]


@pytest.mark.parametrize("kind", WHOLE)
def test_every_control_of_a_wrong_question_says_so(kind: str) -> None:
    assert {e.attrs.get("aria-invalid") for e in one(kind, data="").controls()} == {"true"}
    assert {e.attrs.get("aria-invalid") for e in one(kind).controls()} == {None}


@pytest.mark.parametrize("kind", PARTED)
def test_only_the_controls_of_a_wrong_part_say_so(kind: str) -> None:
    root = one(kind, data="")

    for control in root.controls():
        described = control.attrs.get("aria-describedby", "")
        around = control.within("fieldset")
        wrong = "_error" in described or (around is not None and "_error" in around.attrs.get("aria-describedby", ""))
        assert (control.attrs.get("aria-invalid") == "true") is wrong, control.attrs["name"]
    assert {e.attrs.get("aria-invalid") for e in one(kind).controls()} == {None}


@pytest.mark.parametrize("kind", WHOLE)
def test_the_summary_leads_to_a_control(kind: str) -> None:
    form = page_form(build.field(kind, "asked", **NEEDS.get(kind, {})), data="")

    ((target, label, message),) = form.summary

    assert target in {e.attrs.get("id") for e in shown(form).controls()}
    assert (label, bool(message)) == ("Asked sv", True)


@pytest.mark.parametrize("kind", PARTED)
def test_the_summary_leads_to_each_part_that_lacks(kind: str) -> None:
    form = page_form(build.field(kind, "asked", **NEEDS.get(kind, {})), data="")

    root = shown(form)

    assert form.summary
    for target, label, message in form.summary:
        place = root.one(id=target)
        assert place in root.controls() or (place.tag, place.attrs["tabindex"]) == ("fieldset", "-1")
        assert label.strip()
        assert message.strip()
    places = [target for target, _label, _message in form.summary]
    ids = [e.attrs.get("id") for e in root.find()]
    assert places == sorted(places, key=ids.index)  # in the order of the page


@pytest.mark.parametrize("kind", sorted(REGISTER))
def test_hostile_texts_stay_texts(kind: str) -> None:
    texts: dict[str, Any] = {"label": build.said(HOSTILE)} | (
        {"hint": build.said(HOSTILE)} if REGISTER[kind].asks else {}
    )
    if kind in ("choice", "choices"):
        texts["options"] = [{"value": "red", "label": build.said(HOSTILE)}]
    if "unit" in REGISTER[kind].settings():
        texts["unit"] = build.said(HOSTILE)
    if "row_label" in REGISTER[kind].settings():
        texts["row_label"] = build.said(HOSTILE)

    root = one(kind, **{**NEEDS.get(kind, {}), **texts})

    assert root.find("script") == root.find("b") == []
    assert HOSTILE in root.text


@pytest.mark.parametrize(
    "kind", [kind for kind in WHOLE if kind not in ("choice", "choices", "yes_no", "consent", "file")]
)
def test_what_was_typed_comes_back_unchanged(kind: str) -> None:
    typed = QueryDict(mutable=True)
    typed["asked"] = HOSTILE

    (control,) = one(kind, data=typed.urlencode()).controls()

    assert (control.attrs.get("value") or control.text.removeprefix("\n")) == HOSTILE


def test_a_question_has_label_hint_error_and_control_in_that_order() -> None:
    root = one("text", hint=build.said("A hint."), data="asked=")

    (question,) = root.children
    assert [(e.tag, e.attrs.get("class")) for e in question.children] == [
        ("label", "question__label"),
        ("div", "question__hint"),
        ("p", "question__error"),
        ("input", "line"),
    ]
    assert question.classes == {"question", "question--error"}


def test_a_group_has_its_question_as_legend_and_a_label_for_each_option() -> None:
    root = one("choice", data="asked=blue")

    fieldset = root.one("fieldset")
    assert fieldset.one("legend").text == "Asked sv"
    assert [e.text for e in fieldset.find("label")] == ["Red sv", "Blue sv"]
    assert ["checked" in e.attrs for e in root.controls()] == [False, True]


def test_a_line_that_finds_says_what_each_suggestion_stands_for() -> None:
    places = {e.attrs["data-value"]: e.attrs for e in one("municipality").find("option")}
    colours = one("choice", display="search").find("option")

    assert places["091"] == {"value": "Helsingfors", "data-value": "091", "data-also": "helsinki"}
    assert "data-also" not in places["005"]  # one name in both languages
    assert [e.attrs for e in colours] == [
        {"value": "Red sv", "data-value": "red"},
        {"value": "Blue sv", "data-value": "blue"},
    ]


def test_only_what_may_be_left_out_is_marked() -> None:
    assert one("text").find(css="question__optional") == []
    assert len(one("text", required=False).find(css="question__optional")) == 1
    assert len(one("yes_no", required=False).one("legend").find(css="question__optional")) == 1


def test_a_question_that_is_not_asked_is_hidden_and_carries_its_rule() -> None:
    rule = {"field": "music", "equals": True}
    fields = (build.field("yes_no", "music"), build.field("text", "asked", show_when=rule))

    hidden = shown(page_form(*fields)).children[1]
    asked = shown(page_form(*fields, answers={"music": True})).children[1]

    assert json.loads(hidden.attrs["data-show-when"]) == json.loads(asked.attrs["data-show-when"]) == rule
    assert ("hidden" in hidden.attrs, "hidden" in asked.attrs) == (True, False)


def test_a_long_text_keeps_a_first_empty_line() -> None:
    typed = QueryDict(mutable=True)
    typed["asked"] = "\nsecond"

    (area,) = one("long_text", data=typed.urlencode()).controls()

    assert area.text == "\n\nsecond"  # the browser eats the first one


def test_a_long_text_carries_its_limit_and_the_words_of_the_counter() -> None:
    (area,) = one("long_text", max_length=200).controls()

    assert area.attrs["data-limit"] == "200"
    assert "{n}" in area.attrs["data-left"]
    assert "{n}" in area.attrs["data-over"]


def test_a_kept_file_can_be_removed_by_its_id() -> None:
    kept = [{"id": "4711", "name": '<i>"plan".pdf', "size": 1_250_000, "type": "application/pdf", "sha256": "0" * 64}]

    root = shown(page_form(build.field("file", "asked"), answers={"asked": kept}))

    button = root.one("button")
    assert (button.attrs["name"], button.attrs["value"]) == ("_remove", "4711")
    assert button.text.endswith(' <i>"plan".pdf')
    assert root.find("i") == []


def test_prose_makes_paragraphs_lists_and_links_of_plain_text() -> None:
    root = read(prose("First\nline\n\n- one\n- <b>two</b>\n\nSee https://example.org/."))

    assert [e.tag for e in root.children] == ["p", "ul", "p"]
    assert [e.text for e in root.find("li")] == ["one", "<b>two</b>"]
    assert root.one("a").attrs["href"] == "https://example.org/"


class EveryWidget(forms.Form):
    """Django's own fields, as the sign-in, the filters and the desk's steps use them."""

    use_required_attribute = False
    word = forms.CharField(help_text="A <b>hint</b>.", required=False)
    secret = forms.CharField(widget=forms.PasswordInput)
    address = forms.EmailField(label="E-mail")
    text = forms.CharField(widget=forms.Textarea)
    one = forms.ChoiceField(choices=[("", "None"), ("a", "A"), ("b", "B")])
    radio = forms.ChoiceField(choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)
    many = forms.MultipleChoiceField(choices=[("a", "A"), ("b", "B")], widget=forms.CheckboxSelectMultiple)
    tick = forms.BooleanField()
    file = forms.FileField()
    carried = forms.CharField(widget=forms.HiddenInput, initial="x")


@pytest.mark.parametrize("kind", ["calculated", "derived"])
def test_the_hint_of_a_value_that_nobody_writes_is_text_and_no_markup_shown_as_text(kind: str) -> None:
    root = one(kind, hint=build.said("A hint."))

    assert "<" not in root.text
    assert "A hint." in root.text


def plain(form: forms.Form) -> Element:
    """A form that no definition describes."""
    return read(plain_layout(form).render(form, {}))


def test_a_plain_form_has_the_same_markup() -> None:
    for form in (EveryWidget(), EveryWidget(QueryDict(""))):
        assert flaws(plain(form)) == []
    assert {e.attrs["name"] for e in plain(EveryWidget()).find() if "name" in e.attrs} == set(EveryWidget().fields)


def test_a_secret_is_never_sent_back() -> None:
    root = plain(EveryWidget(QueryDict("secret=hush&word=said")))

    assert root.one(id="id_secret").attrs["value"] == ""
    assert root.one(id="id_word").attrs["value"] == "said"


def test_a_hidden_value_stands_alone() -> None:
    carried = plain(EveryWidget()).one(id="id_carried")

    assert (carried.attrs["type"], carried.attrs["value"], carried.inside and carried.inside.tag) == ("hidden", "x", "")


def test_a_unit_stands_after_its_input() -> None:
    form = EveryWidget()

    root = read(Line("word", unit="km").render(form))

    assert [e.tag for e in root.one(css="with-unit").children] == ["input", "span"]
    assert root.one(css="unit").text == "km"


@pytest.mark.parametrize(
    ("size", "words"), [(1, "1 kB"), (12_345, "12 kB"), (999_499, "999 kB"), (1_250_000, "1,2 MB")]
)
def test_a_size_is_said_in_words(size: int, words: str) -> None:
    assert size_words(size) == words
