"""A page as a form: what is asked, what must be answered, what is kept, and what is said when something is wrong."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from django.utils import translation
from django.utils.datastructures import MultiValueDict

from apps.services.definition import Definition
from apps.services.pageform import PageForm
from apps.services.publishing import obstacles
from tests.build import PDF, TODAY, definition, field, options, page, said
from tests.services.browser import filled, html_of

MUSIC = {"field": "music", "equals": True}


def concert() -> Definition:
    """A page with a question that another one brings up, and a page that depends on it."""
    return definition(
        page(
            "event",
            field("text", "name"),
            field("yes_no", "music"),
            field("whole_number", "loudness", show_when=MUSIC),
            field("text", "note", required=False),
        ),
        page("sound", field("text", "band", show_when=MUSIC), field("text", "contact")),
    )


def form_of(of: Definition, key: str, data: Any = None, answers: Any = None, files: Any = None) -> PageForm:
    """A page of a definition, posted when there is data."""
    found = of.page(key)
    assert found is not None
    if isinstance(data, dict):
        sent = QueryDict(mutable=True)
        for name, value in data.items():
            sent.setlist(name, value if isinstance(value, list) else [value])
        data = sent
    uploads = MultiValueDict(files or {}) if data is not None else None
    return PageForm(of, found, answers=answers or {}, today=TODAY, data=data, files=uploads)


def test_right_answers_are_kept_as_stored() -> None:
    form = form_of(concert(), "event", {"name": " Feast ", "music": "no", "loudness": "", "note": ""})

    assert form.is_valid()
    assert form.kept == {"name": "Feast", "music": False, "loudness": None, "note": None}


def test_question_brought_up_is_asked_without_javascript_and_nothing_is_lost() -> None:
    posted = {"name": "Feast", "music": "yes", "loudness": "", "note": "Come all"}

    with translation.override("en"):
        form = form_of(concert(), "event", posted)
        right = form.is_valid()
        html = html_of(form)

    assert not right
    assert list(form.errors) == ["loudness"]
    assert form.errors["loudness"] == ["Your answers bring up this question. Write a number."]
    assert form.kept == {"name": "Feast", "music": True, "note": "Come all"}
    assert " hidden" not in html
    assert filled(html).dict() == {"name": "Feast", "music": "yes", "loudness": "", "note": "Come all"}


def test_question_asked_from_the_start_is_not_said_to_be_brought_up() -> None:
    with translation.override("en"):
        form = form_of(concert(), "event", {"name": "Feast", "music": "yes"}, answers={"music": True})
        form.is_valid()

    assert form.errors["loudness"] == ["Write a number."]


def test_question_not_asked_is_hidden_and_its_rule_told_to_the_page() -> None:
    html = html_of(form_of(concert(), "event"))

    assert html.count(" hidden") == 1
    assert 'data-show-when="{&quot;field&quot;: &quot;music&quot;, &quot;equals&quot;: true}"' in html


def test_answer_to_a_question_no_longer_asked_is_stored_but_not_judged() -> None:
    form = form_of(concert(), "event", {"name": "Feast", "music": "no", "loudness": "95"})

    assert form.is_valid()
    assert form.kept["loudness"] == 95


def test_wrong_answer_to_a_question_not_asked_is_no_error() -> None:
    form = form_of(concert(), "event", {"name": "Feast", "music": "no", "loudness": "very"})

    assert form.is_valid()
    assert "loudness" not in form.kept


def test_answer_on_an_earlier_page_brings_up_a_question() -> None:
    asked = form_of(concert(), "sound", {"contact": "Me"}, answers={"music": True})
    not_asked = form_of(concert(), "sound", {"contact": "Me"}, answers={"music": False})

    assert list(asked.errors) == ["band"]
    assert not_asked.is_valid()


def test_answer_on_a_later_page_brings_up_nothing() -> None:
    of = definition(
        page("one", field("text", "a")), page("two", field("yes_no", "music"), field("text", "b", show_when=MUSIC))
    )

    form = form_of(of, "two", {"music": "no"}, answers={"music": True, "b": "x"})

    assert form.is_valid()


def test_wrong_answer_is_refused_and_shown_again_beside_what_is_right() -> None:
    form = form_of(concert(), "event", {"name": "Feast", "music": "yes", "loudness": "95 dB!"})

    assert not form.is_valid()
    assert not form.only_unanswered
    assert form.kept == {"name": "Feast", "music": True, "note": None}
    assert filled(html_of(form))["loudness"] == "95 dB!"


def test_summary_leads_to_each_control_in_the_order_of_the_page() -> None:
    of = definition(
        page("one", field("text", "a"), field("choices", "b", options=options("x", "y")), field("consent", "c"))
    )

    form = form_of(of, "one", {})

    assert [(place, label) for place, label, _error in form.summary] == [
        ("id_a", "A sv"),
        ("id_b_0", "B sv"),
        ("id_c", "C sv"),
    ]
    html = html_of(form)
    assert all(f'id="{place}"' in html for place, _label, _error in form.summary)


def test_optional_question_says_so_and_a_required_one_does_not() -> None:
    with translation.override("en"):
        optional = html_of(form_of(definition(page("one", field("text", "a", required=False))), "one"))
        required = html_of(form_of(definition(page("one", field("text", "a"))), "one"))

    assert "(optional)" in optional
    assert "optional" not in required


def test_answers_stand_in_the_form_when_it_is_opened_again() -> None:
    answers = {"name": "Feast & <fun>", "music": True, "loudness": 95, "note": None}

    sent = filled(html_of(form_of(concert(), "event", answers=answers)))

    assert sent.dict() == {"name": "Feast & <fun>", "music": "yes", "loudness": "95", "note": ""}


def test_page_is_written_in_the_language_of_the_reader() -> None:
    of = concert()

    for language, label in (("sv", "Name sv"), ("fi", "Name fi"), ("en", "Name<")):
        with translation.override(language):
            assert label in html_of(form_of(of, "event"))


def test_end_before_the_beginning_is_refused_on_the_same_page_and_across_pages() -> None:
    same = definition(page("one", field("date", "first"), field("date", "last", not_before="first")))
    across = definition(page("one", field("date", "first")), page("two", field("date", "last", not_before="first")))

    wrong = form_of(same, "one", {"first": "5.6.2027", "last": "4.6.2027"})
    assert list(wrong.errors) == ["last"]
    assert "5.6.2027" in wrong.errors["last"][0]
    assert form_of(same, "one", {"first": "5.6.2027", "last": "5.6.2027"}).is_valid()
    assert not form_of(across, "two", {"last": "4.6.2027"}, answers={"first": "2027-06-05"}).is_valid()


def test_day_too_near_is_refused_and_not_kept() -> None:
    of = definition(page("one", field("date", "day", lead_time={"days": 28}), field("text", "name")))

    form = form_of(of, "one", {"day": "5.3.2027", "name": "Feast"})

    assert not form.is_valid()
    assert "29.3.2027" in form.errors["day"][0]
    assert form.kept == {"name": "Feast"}


def test_day_too_near_brings_up_the_question_why() -> None:
    of = definition(
        page(
            "one",
            field("date", "day", lead_time={"days": 28, "late": "explain"}),
            field("long_text", "why", show_when={"field": "day", "within_days": 28}),
        )
    )
    near, far = (TODAY + timedelta(days=27)).isoformat(), (TODAY + timedelta(days=28)).isoformat()

    assert list(form_of(of, "one", {"day": near}).errors) == ["why"]
    assert form_of(of, "one", {"day": near, "why": "The park was free"}).is_valid()
    assert form_of(of, "one", {"day": far}).is_valid()


def test_refused_answer_brings_up_nothing() -> None:
    of = definition(
        page(
            "one",
            field("date", "day", lead_time={"days": 28}),
            field("text", "why", show_when={"field": "day", "answered": True}),
        )
    )

    assert list(form_of(of, "one", {"day": "2.3.2027"}).errors) == ["day"]


def test_files_are_taken_though_another_answer_is_wrong() -> None:
    of = definition(page("one", field("text", "name"), field("file", "plan", max_files=2)))
    plan = SimpleUploadedFile("plan.pdf", PDF)
    page_of_web = SimpleUploadedFile("plan2.pdf", b"<html>")

    form = form_of(of, "one", {"name": ""}, files={"plan": [plan, page_of_web]})

    assert not form.is_valid()
    assert sorted(form.errors) == ["name", "plan"]
    assert "plan2.pdf" in form.errors["plan"][0]
    assert form.uploads == {"plan": [plan]}


def test_stored_files_are_listed_with_a_button_that_removes_them() -> None:
    of = definition(page("one", field("file", "plan")))
    known = {"id": "some-id", "name": "<plan>.pdf", "size": 12_345, "type": "application/pdf", "sha256": "0" * 64}

    html = html_of(form_of(of, "one", answers={"plan": [known]}))

    assert 'name="_remove" value="some-id"' in html
    assert "&lt;plan&gt;.pdf" in html
    assert "12 kB" in html


def test_prose_between_questions_follows_its_condition() -> None:
    of = definition(
        page("one", field("yes_no", "music"), field("guidance", "advice", text=said("- One\n- Two"), show_when=MUSIC))
    )

    assert "<ul><li>One</li><li>Two sv</li></ul>" in html_of(form_of(of, "one", answers={"music": True}))
    assert " hidden" in html_of(form_of(of, "one"))
    assert " hidden" not in html_of(form_of(of, "one", answers={"music": True}))


@pytest.mark.parametrize("extra", ["_remove", "csrfmiddlewaretoken", "unknown", "__class__"])
def test_what_is_posted_beside_the_questions_is_not_kept(extra: str) -> None:
    form = form_of(concert(), "event", {"name": "Feast", "music": "no", extra: "x"})

    assert form.is_valid()
    assert extra not in form.kept


# --- what stands there from the beginning, when it must be answered, and in whose words --------------------------------


def test_default_stands_in_the_control_and_counts_only_when_the_page_is_saved() -> None:
    of = definition(
        page("one", field("whole_number", "n", default=3), field("text", "why", show_when={"field": "n", "equals": 3}))
    )

    form = form_of(of, "one")

    assert filled(html_of(form))["n"] == "3"
    assert form.counting == {}
    assert "why" in form.hidden_now
    assert list(form_of(of, "one", {"n": "3"}).errors) == ["why"]


def test_what_is_offered_stands_before_the_default_and_what_is_stored_before_both() -> None:
    of = definition(page("one", field("text", "name", default="Default")))

    def shown(**more: Any) -> str:
        form = PageForm(of, of.pages[0], today=TODAY, **{"answers": {}, **more})
        return str(filled(html_of(form))["name"])

    assert shown() == "Default"
    assert shown(offers={"name": "Offered & <kind>"}) == "Offered & <kind>"
    assert shown(offers={"name": "Offered"}, answers={"name": "Stored"}) == "Stored"
    assert shown(offers={"other": "Offered"}) == "Default"


def test_answer_taken_away_is_not_put_back_by_its_default() -> None:
    of = definition(page("one", field("text", "name", required=False, default="Default")))

    form = form_of(of, "one", {"name": ""})

    assert form.is_valid()
    assert form.kept == {"name": None}
    assert filled(html_of(form))["name"] == ""


@pytest.mark.parametrize(("music", "needed"), [("yes", True), ("no", False)])
def test_question_is_required_when_its_condition_holds(music: str, needed: bool) -> None:
    of = definition(page("one", field("yes_no", "music"), field("text", "band", required=False, required_when=MUSIC)))

    form = form_of(of, "one", {"music": music, "band": ""})

    assert form.is_valid() is not needed
    assert list(form.errors) == (["band"] if needed else [])
    assert of.pages[0].questions.complete({"music": music == "yes"}, {}, TODAY) is not needed
    assert form_of(of, "one", {"music": music, "band": "B"}).is_valid()


def test_question_required_when_another_page_says_so() -> None:
    of = definition(
        page("one", field("yes_no", "music")), page("two", field("period", "time", required=False, required_when=MUSIC))
    )

    assert form_of(of, "two", {}, answers={"music": False}).is_valid()
    form = form_of(of, "two", {}, answers={"music": True})
    assert not form.is_valid()
    assert {place for place, _label, _why in form.summary} == {"id_time-start", "id_time-end"}


OWN = {"missing": said("Who plays?"), "wrong": said("That is no band.")}


@pytest.mark.parametrize(("language", "more"), [("sv", " sv"), ("fi", " fi"), ("en", "")])
@pytest.mark.parametrize(
    ("document", "wrong"),
    [
        (field("text", "it", pattern="AA", errors=OWN), "x"),
        (field("email", "it", errors=OWN), "x"),
        (field("whole_number", "it", max=5, errors=OWN), "6"),
        (field("choice", "it", options=options("red"), errors=OWN), "blue"),
        (field("date", "it", lead_time={"days": 28}, errors=OWN), "2.3.2027"),
        (field("personal_identity_code", "it", errors=OWN), "131052-****"),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else "",
)
def test_service_says_what_is_wrong_in_its_own_words(
    language: str, more: str, document: dict[str, Any], wrong: str
) -> None:
    of = definition(page("one", document))

    with translation.override(language):
        assert form_of(of, "one", {"it": ""}).errors["it"] == [f"Who plays?{more}"]
        assert form_of(of, "one", {"it": wrong}).errors["it"] == [f"That is no band.{more}"]


def test_own_words_for_one_thing_leave_the_other_to_the_software() -> None:
    of = definition(page("one", field("email", "it", errors={"missing": said("How do we write to you?")})))

    with translation.override("en"):
        assert form_of(of, "one", {"it": ""}).errors["it"] == ["How do we write to you?"]
        assert form_of(of, "one", {"it": "x"}).errors["it"] != ["How do we write to you?"]
        assert form_of(of, "one", {"it": "x"}).errors["it"][0]


def test_own_words_must_be_there_in_every_language() -> None:
    of = definition(page("one", field("text", "it", errors={"missing": {"sv": "Vem?"}})))

    assert [problem.path for problem in obstacles(of)] == [
        f"pages[0].fields[0].errors.missing.{language}" for language in ("fi", "en")
    ]


@pytest.mark.parametrize(
    ("last_day", "ends", "good"),
    [
        ("5.6.2027", "23.00", True),
        ("5.6.2027", "22.00", False),
        ("5.6.2027", "10.00", False),
        ("6.6.2027", "2.00", True),
    ],
)
def test_end_must_be_after_the_beginning_on_one_day(last_day: str, ends: str, good: bool) -> None:
    made = definition(
        page(
            "when",
            field("date", "first_day"),
            field("time", "begins"),
            field("date", "last_day"),
            field("time", "ends", after="begins", on_days=["first_day", "last_day"]),
        )
    )
    typed = {"first_day": "5.6.2027", "begins": "22.00", "last_day": last_day, "ends": ends}

    form = PageForm(made, made.pages[0], answers={}, today=TODAY, data=typed)

    assert form.is_valid() is good
    assert list(form.errors) == ([] if good else ["ends"])
