"""The contract that every kind of question keeps, run over the whole register; then what is special to each kind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.http import QueryDict
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from apps.services.answersheet import sheet
from apps.services.fieldtypes import REGISTER, Field
from apps.services.fieldtypes.questions import QuestionsForm
from apps.services.layout import Line
from apps.services.pageform import PageForm
from apps.services.texts import LANGUAGES, has_control_characters
from tests import build, markup
from tests.build import TODAY, application, definition, field, page, said, version
from tests.services.browser import filled, html_of, names_in
from tests.services.kinds import (
    ACTS,
    ANY_TEXT,
    ASKING,
    COUNTS,
    FOLLOWING,
    IN_ROWS,
    KINDS,
    NASTY,
    NEEDS,
    PARTED,
    POSTED,
    TELLING,
    TYPED,
    WHOLE,
    a,
    form_with,
    kept,
    modest,
    of,
    opened,
    posted,
    refusal,
    texts_in,
)


@pytest.fixture(autouse=True)
def _test_codes(settings: Settings) -> None:
    """The sample of a personal identity code is nobody's, of the artificial range."""
    settings.ACCEPT_TEST_CODES = True


# --- the contract ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_kind_has_a_name_for_people(kind: str) -> None:
    assert REGISTER[kind].kind == kind
    assert str(REGISTER[kind].kind_label)


@pytest.mark.parametrize("kind", WHOLE)
@pytest.mark.parametrize("language", LANGUAGES)
def test_kind_asks_with_a_django_field(kind: str, language: str) -> None:
    asked = of(kind).ask(language)

    assert isinstance(asked, forms.Field)
    assert asked.required is False
    assert of(kind).inside(prefix="it", stored=None, today=TODAY, data=None, language=language) is None


@pytest.mark.parametrize("kind", PARTED)
@pytest.mark.parametrize("language", LANGUAGES)
def test_kind_asks_with_a_form_within_the_form(kind: str, language: str) -> None:
    asked = of(kind)
    inside = asked.inside(prefix="it", stored=asked.sample(TODAY), today=TODAY, data=None, language=language)

    assert asked.ask(language) is None
    assert asked.parts()
    assert inside.acted is False
    for name in names_in(inside.render()):
        assert name.startswith("it-")


@pytest.mark.parametrize("kind", ASKING)
def test_kind_lays_out_label_hint_and_control(kind: str) -> None:
    html = html_of(opened(a(kind, hint=said("A hint"))))

    assert [name for name in names_in(html) if name == "it" or name.startswith("it-")] == names_in(html) != []
    assert "It sv" in html
    assert 'id="id_it_helptext"' in html
    assert 'aria-describedby="id_it_helptext"' in html
    assert "style=" not in html
    assert "onclick" not in html


@pytest.mark.parametrize("kind", FOLLOWING)
def test_kind_that_follows_from_others_is_said_and_cannot_be_posted(kind: str) -> None:
    form = posted(a(kind), "anything", answers={"earlier": 7})

    assert form.is_valid()
    assert form.kept == {}
    assert form.counting["it"] == of(kind).counted(None, {"earlier": 7}, TODAY) not in (None, "anything")
    html = html_of(form)
    assert "It sv" in html
    assert of(kind).show(form.counting["it"], "sv") in html
    assert names_in(html) == []


@pytest.mark.parametrize("kind", TELLING)
def test_kind_that_asks_nothing_tells_and_keeps_nothing(kind: str) -> None:
    form = posted(a(kind, label=said("Look here")), "anything")

    assert form.is_valid()
    assert form.kept == {}
    assert "Look here sv" in html_of(form)


@pytest.mark.parametrize("kind", KINDS)
def test_kind_escapes_what_the_definition_says(kind: str) -> None:
    texts = {name: {"sv": "<script>&\"'"} for name in ("label", "hint") if name in REGISTER[kind].settings()}
    more = {"text": {"sv": "<script>"}} if "text" in REGISTER[kind].settings() else {}

    html = html_of(opened(a(kind, **texts, **more)))

    assert "<script>" not in html
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize("kind", TYPED)
@pytest.mark.parametrize("language", LANGUAGES)
def test_kind_keeps_its_sample_through_a_browser_unchanged(kind: str, language: str) -> None:
    stored = {"it": of(kind).sample(TODAY)}

    with translation.override(language):
        html = html_of(opened(a(kind), stored))

        assert kept(a(kind), filled(html), stored) == stored["it"]
    assert of(kind).accept(stored["it"]) == stored["it"]


@pytest.mark.parametrize("kind", IN_ROWS)
def test_kind_keeps_its_sample_in_a_row(kind: str) -> None:
    """Also where the row must only tell whether anything is typed in it, and where another row stands before it."""
    group = a("repeating", fields=[field("text", "first", required=False), {**a(kind), "required": False}])
    sample = of(kind).sample(TODAY)
    stored = {"it": [{"first": "x"}, {"it": sample}, {"first": "y", "it": sample}]}

    html = html_of(opened(group, stored))

    assert markup.flaws(markup.read(html)) == []
    assert kept(group, filled(html), stored) == stored["it"]
    assert form_with(group).fields["it"].accept(stored["it"]) == stored["it"]


@pytest.mark.parametrize("kind", ASKING)
def test_kind_accepts_its_sample_beside_nothing_else(kind: str) -> None:
    asked = of(kind)
    sample = asked.sample(TODAY)

    assert asked.answered(sample)
    assert asked.counted(sample, {}, TODAY) == sample or kind == "repeating"  # its rows have a calculated value too
    assert asked.objection(asked.counted(sample, {}, TODAY), {"it": sample}, TODAY) == ""


@pytest.mark.parametrize("kind", [*ASKING, *FOLLOWING])
@pytest.mark.parametrize("language", LANGUAGES)
def test_kind_shows_its_sample_as_text(kind: str, language: str) -> None:
    asked = of(kind)

    assert asked.show(asked.sample(TODAY), language).strip()
    assert asked.show(None, language) == ""


@pytest.mark.parametrize("kind", [*ASKING, *FOLLOWING])
def test_kind_envelops_to_json(kind: str) -> None:
    asked = of(kind)

    for stored in (asked.sample(TODAY), None):
        envelope = asked.envelope(stored)
        assert json.loads(json.dumps(envelope)) == envelope


@pytest.mark.parametrize("kind", ASKING)
def test_kind_that_must_be_answered_says_so(kind: str) -> None:
    form = posted(a(kind))

    assert not form.is_valid()
    assert form.only_unanswered
    page = markup.read(html_of(form))
    assert form.summary
    for target, _label, message in form.summary:
        assert page.one(id=target)
        assert message in page.one(id=f"{target.removesuffix('_0')}_error").text
    if kind in WHOLE:
        assert form.errors["it"] == [of(kind).missing()]
        assert {control.attrs["aria-invalid"] for control in page.controls()} == {"true"}


@pytest.mark.parametrize("kind", ASKING)
@pytest.mark.parametrize("language", LANGUAGES)
def test_kind_says_what_is_missing_in_words(kind: str, language: str) -> None:
    with translation.override(language):
        assert of(kind).missing().strip()


@pytest.mark.parametrize("kind", ASKING)
def test_kind_that_need_not_be_answered_lets_nothing_through(kind: str) -> None:
    """Neither a post of nothing, nor the page as it is opened, with its defaults."""
    for data in (QueryDict(""), filled(html_of(opened(a(kind, required=False))))):
        form = posted(a(kind, required=False), data)

        assert form.is_valid(), form.summary
        assert not of(kind).answered(form.kept.get("it"))


@pytest.mark.thorough
@pytest.mark.parametrize("kind", TYPED)
@modest
@given(values=POSTED)
def test_kind_survives_whatever_is_posted(kind: str, values: list[str]) -> None:
    form = posted(a(kind), values)

    right = form.is_valid()

    stored = form.kept.get("it")
    assert right is (stored is not None), (values, stored, form.errors)
    _survived(kind, form)


def _survived(kind: str, form: PageForm) -> None:
    """What is kept can be stored, stands on the page again, and says so in words; what is wrong stands where it is said to."""
    stored = form.kept.get("it")
    raw = json.dumps(stored, ensure_ascii=False)
    assert json.loads(raw) == stored
    assert not any(has_control_characters(text) for text in texts_in(stored))
    raw.encode("utf-8")
    assert len(raw) < 100_000
    page = markup.read(html_of(form))
    assert markup.flaws(page) == []
    assert page.find("script") == []
    ids = {e.attrs.get("id") for e in page.find()}
    assert {target for target, _label, _message in form.summary} <= ids
    if stored is None:
        return
    again = opened(a(kind), {"it": stored})
    assert markup.flaws(markup.read(html_of(again))) == []
    if not form.is_valid():
        return
    counted = of(kind).counted(stored, {}, TODAY)
    assert of(kind).counted(kept(a(kind), filled(html_of(again)), {"it": stored}), {}, TODAY) == counted
    assert of(kind).objection(counted, {}, TODAY) == ""
    assert all(of(kind).show(counted, language).strip() for language in LANGUAGES)
    assert json.loads(json.dumps(of(kind).envelope(counted))) == of(kind).envelope(counted)


def _names(kind: str) -> list[str]:
    """The names of a question's parts, in a page that shows its sample; and some that no page has."""
    shown = html_of(opened(a(kind), {"it": of(kind).sample(TODAY)}))
    more = ["it-0", "it--", "it-0-", "it-1-name", "it-20-name", "it-0-place-street", "it-x-name", "it-person", "it"]
    return [name for name in names_in(shown) if not name.endswith(("-count", "-act"))] + more


@pytest.mark.thorough
@pytest.mark.parametrize("kind", PARTED)
@pytest.mark.parametrize("begun", [False, True], ids=["from nothing", "from its sample"])
@modest
@given(data=st.data())
def test_kind_of_parts_survives_whatever_is_posted(kind: str, begun: bool, data: st.DataObject) -> None:
    stored = {"it": of(kind).sample(TODAY)} if begun else {}
    sent = filled(html_of(opened(a(kind), stored))) if begun else QueryDict(mutable=True)
    typed = st.dictionaries(st.sampled_from(_names(kind)), st.lists(NASTY | ANY_TEXT, max_size=2), max_size=8)
    for name, values in data.draw(typed).items():
        sent.setlist(name, values)
    if kind == "repeating":
        sent["it-count"] = data.draw(COUNTS)
        sent.setlist("it-act", data.draw(st.lists(ACTS, max_size=2)))

    form = posted(a(kind), sent, answers=stored)
    form.is_valid()

    _survived(kind, form)


@pytest.mark.parametrize("kind", ASKING)
def test_kind_is_shown_on_the_answer_sheet(kind: str) -> None:
    form = form_with(a(kind))
    sample = form.fields["it"].sample(TODAY)

    [section] = sheet(form, {"it": sample}, TODAY, "fi")

    assert section.title == "First fi"
    assert section.lines[0].label == "It fi"
    assert section.lines[0].text == form.fields["it"].show(form.fields["it"].counted(sample, {}, TODAY), "fi")


@pytest.mark.parametrize("kind", PARTED)
def test_kind_of_parts_has_its_texts_in_every_language(kind: str) -> None:
    """Its parts' texts belong to the software unless the definition writes them: nobody else can complete them."""
    left = list(of(kind).parts())
    while left:
        part = left.pop()
        left += part.parts()
        for name, text in part.all_texts().items():
            assert text.lacks(LANGUAGES) == [], (part.key, name)


def test_contract_knows_every_kind() -> None:
    assert sorted([*WHOLE, *PARTED, *FOLLOWING, *TELLING]) == KINDS
    assert set(NEEDS) <= set(KINDS)
    assert set(PARTED) == {
        *("period", "address", "person", "company", "applicant", "invoicing", "place", "repeating"),
    }
    assert isinstance(opened(a("period")).inner["it"], QuestionsForm)


# --- a new kind ------------------------------------------------------------------------------------------------------


@pytest.fixture
def stars() -> Iterator[type[Field]]:
    """A kind that only this test knows of."""

    @dataclass(frozen=True, kw_only=True)
    class Stars(Field):
        """One to five stars."""

        kind: ClassVar[str] = "stars"
        kind_label: ClassVar[Any] = "Stars"

        def ask(self, language: str) -> forms.Field:
            return forms.IntegerField(required=False, min_value=1, max_value=5)

        def lay_out(self) -> Line:
            return Line(self.key, inputmode="numeric")

        def show(self, kept: Any, language: str) -> str:
            return "★" * (kept or 0)

        def sample(self, today: Any) -> Any:
            return 3

    yield Stars
    REGISTER.pop("stars")


@pytest.mark.django_db
def test_new_kind_works_from_definition_to_answer_sheet(stars: type[Field]) -> None:
    made = version(page("first", field("stars", "it")))

    form = posted(field("stars", "it"), "4")
    assert form.is_valid()
    paper = application(made, answers=form.kept)

    assert paper.answers == {"it": 4}
    assert paper.sheet()[0].lines[0].text == "★★★★"
    assert posted(field("stars", "it"), "9").is_valid() is False


@pytest.mark.django_db
def test_new_kind_needs_no_migration(stars: type[Field]) -> None:
    call_command("makemigrations", "services", "applications", "cases", check=True, dry_run=True, verbosity=0)


def test_second_kind_of_one_name_is_refused(stars: type[Field]) -> None:
    with pytest.raises(TypeError, match="stars"):
        type("Other", (Field,), {"kind": "stars"})


# --- what is special to a kind ---------------------------------------------------------------------------------------


def test_text_that_is_too_long_is_refused_with_the_numbers() -> None:
    with translation.override("en"):
        said_why = refusal(a("text", max_length=10), "x" * 11)

    assert "10" in said_why
    assert "11" in said_why


@pytest.mark.parametrize("kind", ["text", "long_text", "email", "phone", "business_id", "date", "time", "whole_number"])
@pytest.mark.parametrize("blank", ["", "   ", "\r\n", "\N{NO-BREAK SPACE}"])
def test_blank_is_no_answer(kind: str, blank: str) -> None:
    assert kept(a(kind, required=False), blank) is None


def test_text_keeps_to_one_line() -> None:
    assert kept(a("text"), "one\r\ntwo") == "one two"


@pytest.mark.parametrize("bad", ["\x00", "a\x07b", "\ud800", "\x9f"])
@pytest.mark.parametrize("kind", ["text", "long_text", "email"])
def test_text_with_characters_that_cannot_be_stored_is_refused(kind: str, bad: str) -> None:
    assert refusal(a(kind), f"Namn {bad} Namn")


def test_long_text_counts_a_line_break_as_one_character() -> None:
    assert kept(a("long_text", max_length=3), "a\r\nb") == "a\nb"


def test_long_text_keeps_blank_lines_inside() -> None:
    assert kept(a("long_text"), "a\r\n\r\n  b") == "a\n\n  b"


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("040 123 4567", "+358401234567"),
        ("040-1234567", "+358401234567"),
        ("+358 (0)40 123 4567", "+358401234567"),
        ("00358401234567", "+358401234567"),
        ("+46 70 123 45 67", "+46701234567"),
    ],
)
def test_phone_is_kept_in_international_form(written: str, stored: str) -> None:
    assert kept(a("phone"), written) == stored


@pytest.mark.parametrize("written", ["12", "abc", "040 123 4567 ext 5", "0401234567;ext=12", "040 123 4567 hemma", "+"])
def test_phone_refuses_what_its_form_cannot_hold(written: str) -> None:
    assert refusal(a("phone"), written)


def test_business_id_is_kept_as_the_register_writes_it() -> None:
    assert kept(a("business_id"), " 12345671 ") == "1234567-1"


@pytest.mark.parametrize("written", ["1234567-2", "FI12345671x", "٠١٢٣٤٥٦-٧", "123"])
def test_business_id_with_a_wrong_check_digit_is_refused(written: str) -> None:
    assert refusal(a("business_id"), written)


@pytest.mark.parametrize("written", ["0010", "001000", "٠٠١٠٠", "AX100", "00100\n1"])
def test_post_code_is_five_digits(written: str) -> None:
    assert refusal(a("post_code"), written)


def test_no_is_an_answer() -> None:
    assert kept(a("yes_no"), "no") is False
    assert of("yes_no").answered(False)
    assert of("yes_no").show(False, "en") == "No"


def test_zero_is_an_answer() -> None:
    assert kept(a("whole_number"), "0") == 0
    assert of("whole_number").answered(0)


def test_choice_refuses_what_is_no_option() -> None:
    assert refusal(a("choice"), "purple")


def test_choice_as_a_list_round_trips() -> None:
    html = html_of(opened(a("choice", display="list"), {"it": "blue"}))

    assert "<select" in html
    assert filled(html).getlist("it") == ["blue"]


def test_choices_are_kept_in_the_order_of_the_options_and_once() -> None:
    assert kept(a("choices"), ["green", "red", "green"]) == ["red", "green"]


@pytest.mark.parametrize(
    ("written", "stored"), [("250", 250), ("1 000", 1000), ("1\N{NO-BREAK SPACE}000", 1000), (" 007 ", 7), ("−5", -5)]
)
def test_whole_number_is_read_as_people_write_it(written: str, stored: int) -> None:
    assert kept(a("whole_number", min=-10), written) == stored


@pytest.mark.parametrize("written", ["1.5", "1,5", "1e3", "0x10", "٣", "--5", "-", "1" * 5_000])
def test_whole_number_refuses_what_is_none(written: str) -> None:
    assert refusal(a("whole_number"), written)


def test_whole_number_keeps_to_its_limits_and_says_them() -> None:
    document = a("whole_number", min=5, max=10)

    assert (kept(document, "5"), kept(document, "10")) == (5, 10)
    assert "5" in refusal(document, "4")
    assert "10" in refusal(document, "11")


def test_whole_number_is_shown_in_groups_with_its_unit() -> None:
    assert of("whole_number", unit=said("pieces")).show(12_345, "en") == "12\N{NO-BREAK SPACE}345 pieces"


@pytest.mark.parametrize("written", ["5.6.2027", "05.06.2027", "5/6/2027", "2027-06-05", " 5.6.2027 "])
def test_date_is_read_as_people_write_it(written: str) -> None:
    assert kept(a("date"), written) == "2027-06-05"


@pytest.mark.parametrize("written", ["31.2.2027", "5.6.27", "1.1.1899", "1.1.2201", "i morgon", "5.6.2027 kl 9"])
def test_date_that_does_not_exist_is_refused(written: str) -> None:
    assert refusal(a("date"), written)


@pytest.mark.parametrize("written", ["9", "kl. 9", "klo 9.00", "09:00"])
def test_time_is_read_as_people_write_it(written: str) -> None:
    assert kept(a("time"), written) == "09:00"


@pytest.mark.parametrize("written", ["24.00", "9.60", "nio"])
def test_time_that_does_not_exist_is_refused(written: str) -> None:
    assert refusal(a("time"), written)


@pytest.mark.parametrize(
    ("days", "message"), [(-1, "passed"), (0, "29.3.2027"), (27, "29.3.2027"), (28, ""), (400, "")]
)
def test_lead_time_refuses_a_day_too_near_and_says_the_earliest(days: int, message: str) -> None:
    asked = of("date", lead_time={"days": 28})

    with translation.override("en"):
        objection = asked.objection((TODAY + timedelta(days=days)).isoformat(), {}, TODAY)

    assert (message in objection) if message else objection == ""


def test_lead_time_that_explains_lets_a_late_day_through_but_no_past_one() -> None:
    why = field("text", "why", show_when={"field": "it", "within_days": 28})
    asked = definition(page("first", a("date", lead_time={"days": 28, "late": "explain"}), why)).fields["it"]

    assert asked.objection((TODAY + timedelta(days=3)).isoformat(), {}, TODAY) == ""
    assert asked.objection((TODAY - timedelta(days=1)).isoformat(), {}, TODAY)


def test_date_asked_again_in_a_supplement_has_no_lead_time() -> None:
    again = of("date", lead_time={"days": 28}).again()

    assert again.objection(TODAY.isoformat(), {}, TODAY) == ""
    assert again.notice() is None


def pdf(name: str = "plan.pdf", size: int = 0) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, build.pdf(size), "application/pdf")


def test_file_is_taken_by_its_content() -> None:
    form = posted(a("file"), files=[pdf()])

    assert form.is_valid()
    assert [file.name for file in form.uploads["it"]] == ["plan.pdf"]


def test_file_beyond_the_number_is_refused_by_name_and_the_rest_is_taken() -> None:
    form = posted(a("file", max_files=2), files=[pdf("a.pdf"), pdf("b.pdf"), pdf("c.pdf")])

    assert not form.is_valid()
    assert [file.name for file in form.uploads["it"]] == ["a.pdf", "b.pdf"]
    assert "c.pdf" in form.errors["it"][0]


def test_file_counts_those_stored_already() -> None:
    stored = {"it": of("file").sample(TODAY)}

    form = posted(a("file", max_files=1), files=[pdf("b.pdf")], answers=stored)

    assert not form.is_valid()
    assert form.uploads["it"] == []


def test_file_that_is_stored_is_an_answer() -> None:
    assert posted(a("file"), answers={"it": of("file").sample(TODAY)}).is_valid()


def test_file_too_large_is_refused_with_the_limit() -> None:
    form = posted(a("file", max_megabytes=1), files=[pdf(size=1_000_001)])

    assert not form.is_valid()
    assert "1 MB" in form.errors["it"][0]


def test_more_files_than_may_be_sent_are_objected_to() -> None:
    [one] = of("file").sample(TODAY)

    assert of("file", max_files=2).objection([one, one], {}, TODAY) == ""
    assert of("file", max_files=1).objection([one, one], {}, TODAY)
