"""Conditions built by choosing: rows of sentences on a page, saved, read back, and never losing what they cannot show."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils.translation import gettext as _

from apps.services import editing, publishing, working
from apps.services.models import Service, WorkingCopy
from tests import build
from tests.build import field, options, page, said
from tests.markup import read

pytestmark = pytest.mark.django_db

PAGES = (
    page(
        "first",
        field("whole_number", "audience"),
        field("yes_no", "music"),
        field("choice", "place", options=options("square", "park", "street")),
        field("date", "start"),
        field("applicant", "applicant"),
        field("text", "title"),
    ),
    page(
        "second",
        field("text", "sound", required=False),
        field("text", "later"),
        field("repeating", "rows", fields=[field("yes_no", "food"), field("text", "which")]),
    ),
)


def begun(*pages: dict[str, Any], **more: Any) -> WorkingCopy:
    """A working copy of a service with questions that conditions can look at."""
    return working.begin(build.version(*(pages or PAGES), **more).service, by=None)


def designer(of: str = "example-town") -> Client:
    """A designer of an authority."""
    return build.signed_in(build.official(f"designer-{of}", of=build.authority(of), role="designer"))


def address(copy: WorkingCopy, where: str = "sound", what: str = "show_when", of: str = "field") -> str:
    """The page of a condition."""
    return f"/admin/services/service/{copy.service_id}/build/conditions/{of}/{where}/{what}/"


def row(
    n: int, question: str, comparison: str, *answers: str, was: str | None = None, group: str = ""
) -> dict[str, Any]:
    """What a row of the form sends."""
    return {
        f"r{n}-question": question,
        f"r{n}-was": question if was is None else was,
        f"r{n}-comparison": comparison,
        f"r{n}-answer": list(answers),
        f"r{n}-group": group,
    }


def send(browser: Client, copy: WorkingCopy, at: str, *rows: dict[str, Any], act: str = "save", **more: Any) -> Any:
    """Send the form."""
    copy.refresh_from_db()
    data: dict[str, Any] = {"seen": copy.at, "act": act, "joined": "all", "count": len(rows), **more}
    for one in rows:
        data |= one
    return browser.post(at, data)


def field_now(copy: WorkingCopy, path: str = "sound") -> dict[str, Any]:
    """A field of the working copy."""
    copy.refresh_from_db()
    return editing.field_of(working.document_of(copy), path)


def test_only_questions_before_it_are_offered_with_their_parts() -> None:
    copy = begun()

    said = designer().get(address(copy)).content.decode()

    for path in ("audience", "music", "applicant.kind", "title"):
        assert f'<option value="{path}"' in said
    for path in ("sound", "later", "rows"):
        assert f'<option value="{path}"' not in said


def test_a_page_looks_at_the_pages_before_it_only() -> None:
    copy = begun()

    said = designer().get(address(copy, "first", of="page")).content.decode()

    assert (
        _("A condition looks at questions that are asked before this. There is none: put one before it first.") in said
    )


def test_a_question_of_a_group_looks_at_its_own_row() -> None:
    copy = begun()

    send(designer(), copy, address(copy, "rows.which"), row(0, "food", "equals", "yes"))

    assert field_now(copy, "rows.which")["show_when"] == {"field": "food", "equals": True}


def test_choosing_a_question_brings_its_comparisons_and_answers() -> None:
    copy = begun()

    answer = send(designer(), copy, address(copy), row(0, "place", "", was=""), act="go-on")

    assert [value for value in ("square", "park", "street") if f'value="{value}"' in answer.content.decode()]
    assert "show_when" not in field_now(copy)


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        (("audience", "at_least", "200"), {"field": "audience", "at_least": 200}),
        (("audience", "at_least", "12 500"), {"field": "audience", "at_least": 12500}),
        (("audience", "not-less_than", "5"), {"not": {"field": "audience", "less_than": 5}}),
        (("music", "equals", "no"), {"field": "music", "equals": False}),
        (("place", "equals", "park"), {"field": "place", "equals": "park"}),
        (("place", "not-equals", "park", "square"), {"not": {"field": "place", "one_of": ["park", "square"]}}),
        (("start", "before", "5.6.2027"), {"field": "start", "before": "2027-06-05"}),
        (("start", "within_working_days", "5"), {"field": "start", "within_working_days": 5}),
        (("title", "answered"), {"field": "title", "answered": True}),
        (("title", "not-answered"), {"field": "title", "answered": False}),
        (("title", "contains", "fest"), {"field": "title", "contains": "fest"}),
        (("applicant.kind", "equals", "company"), {"field": "applicant.kind", "equals": "company"}),
    ],
)
def test_a_row_is_saved_as_a_condition(said: tuple[str, ...], rule: Any) -> None:
    copy = begun()

    send(designer(), copy, address(copy), row(0, *said))

    assert field_now(copy)["show_when"] == rule


def test_saving_says_the_sentence_and_it_stands_above_the_form() -> None:
    copy, browser = begun(), designer()

    after = send(browser, copy, address(copy), row(0, "audience", "at_least", "200"), next=address(copy))
    page_after = browser.get(after["Location"]).content.decode()

    assert page_after.count("“Audience sv”") + page_after.count("”Audience sv”") == 2


def test_several_rows_are_joined_and_a_bunch_stands_within() -> None:
    copy = begun()
    rows = [
        row(0, "audience", "at_least", "200"),
        row(1, "music", "equals", "yes", group="2"),
        row(2, "place", "equals", "park", group="2"),
    ]

    send(designer(), copy, address(copy), *rows, **{"g2-joined": "any"})

    music_or_park = {"any": [{"field": "music", "equals": True}, {"field": "place", "equals": "park"}]}
    assert field_now(copy)["show_when"] == {"all": [{"field": "audience", "at_least": 200}, music_or_park]}


@pytest.mark.parametrize(
    "said",
    [
        ("", ""),
        ("audience", "at_least", ""),
        ("audience", "at_least", "many"),
        ("audience", "contains", "2"),
        ("start", "before", "someday"),
        ("start", "within_days", "4000"),
        ("place", "equals"),
        ("place", "equals", "moon"),
        ("later", "answered"),
        ("audience", "equals", "-5"),
    ],
)
def test_what_is_wrong_is_said_at_the_row_and_nothing_is_lost(said: tuple[str, ...]) -> None:
    copy = begun()
    rows = [row(0, *said), row(1, "title", "contains", "typed before")]

    answer = send(designer(), copy, address(copy), *rows if said[0] else rows[:1])

    text = answer.content.decode()
    assert 'class="mistakes"' in text
    assert 'id="id_r0-error"' in text
    assert ("typed before" in text) is bool(said[0])
    assert "show_when" not in field_now(copy)


def test_a_question_chosen_but_not_gone_on_with_is_asked_about() -> None:
    copy = begun()

    answer = send(designer(), copy, address(copy), row(0, "audience", "", was=""))

    assert _("Say how the answer is compared, and with what.") in answer.content.decode()


def test_rows_are_added_and_removed_without_saving() -> None:
    copy, browser = begun(), designer()
    rows = [row(0, "audience", "at_least", "200"), row(1, "title", "answered")]

    more = send(browser, copy, address(copy), *rows, act="add").content.decode()
    fewer = send(browser, copy, address(copy), *rows, act="remove-0").content.decode()
    bunch = send(browser, copy, address(copy), *rows, act="bunch").content.decode()

    assert ('name="r2-question"' in more, 'name="r1-question"' in fewer, 'name="g3-joined"' in bunch) == (
        True,
        False,
        True,
    )
    assert "show_when" not in field_now(copy)


def test_the_whole_condition_is_taken_away() -> None:
    copy = begun(PAGES[0], page("second", field("text", "sound", show_when={"field": "music", "equals": True})))

    send(designer(), copy, address(copy), act="take-away")

    assert "show_when" not in field_now(copy)


def test_a_question_that_must_be_answered_sometimes_is_optional_otherwise() -> None:
    copy = begun()

    send(designer(), copy, address(copy, "later", "required_when"), row(0, "music", "equals", "yes"))

    assert (field_now(copy, "later")["required"], field_now(copy, "later")["required_when"]) == (
        False,
        {"field": "music", "equals": True},
    )


ODD: list[Any] = [
    {"not": {"all": [{"field": "music", "equals": True}, {"field": "title", "answered": True}]}},
    {"all": [{"field": "music", "equals": True}, {"any": [{"all": [{"field": "title", "answered": True}] * 2}] * 2}]},
    {"all": [{"field": "music", "equals": True}]},
    {"not": {"field": "title", "answered": True}},
    {"field": "place", "one_of": ["park"]},
]


@pytest.mark.parametrize("odd", ODD)
def test_what_rows_cannot_show_is_kept_as_it_is(odd: Any) -> None:
    copy = begun(PAGES[0], page("second", field("text", "sound", show_when=odd)))
    browser = designer()
    form = browser.get(address(copy)).context

    rows = []
    for block in form["blocks"]:
        for drawn in block.lines:
            line = drawn.line
            kept = {f"r{drawn.n}-kept": line.kept} if line.kept else {}
            rows.append(row(drawn.n, line.question, line.comparison, *line.typed, group=drawn.group) | kept)
    joints = {f"g{block.n + 1}-joined": block.joined for block in form["blocks"] if block.joined}
    send(browser, copy, address(copy), *rows, joined=form["rows"].joined, **joints)

    assert field_now(copy)["show_when"] == odd


def test_a_value_that_follows_from_the_answers_has_a_condition_too() -> None:
    size = field(
        "derived", "size", values=[{"value": "large", "when": {"field": "music", "equals": True}}, {"value": "small"}]
    )
    copy = begun(PAGES[0], page("second", size))

    offered = designer().get(address(copy, "size", "value-0")).content.decode()
    send(designer(), copy, address(copy, "size", "value-0"), row(0, "audience", "at_least", "500"))

    assert "within_days" not in offered
    assert [one.get("when") for one in field_now(copy, "size")["values"]] == [
        {"field": "audience", "at_least": 500},
        None,
    ]


def test_a_survey_leads_to_services_on_conditions() -> None:
    lead = {"service": "other", "surely": {"field": "music", "equals": True}}
    copy = begun(*PAGES, kind="survey", leads_to=[lead])

    send(
        designer(),
        copy,
        address(copy, "leads_to", "lead-0-possibly", of="service"),
        row(0, "audience", "at_least", "500"),
    )

    copy.refresh_from_db()
    assert working.document_of(copy)["leads_to"] == [{**lead, "possibly": {"field": "audience", "at_least": 500}}]


@pytest.mark.parametrize(
    ("of", "where", "what"),
    [
        ("field", "gone", "show_when"),
        ("page", "gone", "show_when"),
        ("page", "first", "required_when"),
        ("field", "sound", "value-0"),
        ("field", "sound", "value--1"),
        ("field", "sound", "hint"),
        ("service", "leads_to", "lead-0-surely"),
        ("service", "leads_to", "lead"),
        ("other", "x", "show_when"),
    ],
)
def test_what_has_no_condition_is_not_found(of: str, where: str, what: str) -> None:
    assert designer().get(address(begun(), where, what, of)).status_code == 404


def test_two_at_the_same_condition_are_told_and_nothing_is_lost() -> None:
    copy, browser = begun(), designer()
    copy.refresh_from_db()
    seen = copy.at
    send(browser, copy, address(copy), row(0, "music", "equals", "yes"))

    answer = send(browser, copy, address(copy), row(0, "audience", "at_least", "777"), seen=seen)

    assert "777" in answer.content.decode()
    assert field_now(copy)["show_when"] == {"field": "music", "equals": True}


def test_what_depends_on_the_question_is_told() -> None:
    copy = begun(PAGES[0], page("second", field("text", "sound", show_when={"field": "title", "answered": True})))

    said = designer().get(address(copy, "title")).content.decode()

    assert address(copy, "sound") in said


def test_designers_of_others_find_nothing() -> None:
    copy = begun()

    assert designer("other-town").get(address(copy)).status_code == 404
    assert Service.objects.count() == 1


@pytest.mark.parametrize(
    "kept", ["{", "NaN", '{"field": "audience", "at_least": NaN}', '{"field": "later", "answered": true}', "[]"]
)
def test_a_kept_part_that_was_tampered_with_is_refused(kept: str) -> None:
    copy = begun()

    answer = send(designer(), copy, address(copy), row(0, "", "") | {"r0-kept": kept})

    assert 'id="id_r0-error"' in answer.content.decode()
    assert "show_when" not in field_now(copy)


def test_an_unfinished_form_can_be_looked_at_too() -> None:
    copy = begun()
    pages = working.document_of(copy)["pages"]
    pages[0]["fields"][1] = {"kind": "no_kind", "key": "music"}
    pages[0]["fields"][2]["options"] = []
    pages[1]["fields"][2]["fields"][0] = {"kind": "no_kind", "key": "food"}
    working.make(copy, editing.set_elements({"pages": pages}), by=None, seen=copy.at)

    send(designer(), copy, address(copy), row(0, "audience", "at_least", "200"))

    assert field_now(copy)["show_when"] == {"field": "audience", "at_least": 200}
    assert designer().get(address(copy, "rows.which")).status_code == 200


def test_parts_of_answers_stand_after_the_questions_themselves() -> None:
    pages = designer().get(address(begun())).context["pages"]

    assert [[one.path for one in asked] for _title, asked in pages[:1]] == [
        ["audience", "music", "place", "start", "applicant", "title"]
    ]
    assert all("." in one.path for one in pages[-1][1])


@pytest.mark.parametrize(
    ("of", "where", "there"),
    [
        ("field", "sound", "/questions/#q-sound"),
        ("page", "second", "/questions/#p-second"),
        ("field", "rows.which", "/fields/rows/#q-rows.which"),
    ],
)
def test_saving_leads_back_to_what_the_condition_is_of(of: str, where: str, there: str) -> None:
    copy = begun()

    question = "food" if "." in where else "music"
    answer = send(designer(), copy, address(copy, where, of=of), row(0, question, "equals", "yes"))

    assert answer.url.endswith(there)


# --- when somebody takes away what the condition is of, while its form is open ------------------------------------------


def taken_away(edit: editing.Edit) -> WorkingCopy:
    """A working copy from which somebody has taken something away after the form of a condition was opened at its first revision."""
    copy = begun()
    working.make(copy, edit, by=None, seen=copy.at)
    return copy


SOUND_GONE, PAGE_GONE = editing.remove_field("sound"), editing.remove_page("second")


def test_what_was_typed_of_a_condition_stays_when_its_question_is_gone() -> None:
    copy = taken_away(SOUND_GONE)

    answer = send(designer(), copy, address(copy), row(0, "audience", "at_least", "777"), seen=1)

    assert 'name="r0-answer" value="777"' in answer.content.decode()
    told = _("Somebody has taken this question away meanwhile. Save to add it anew with this condition.")
    assert told in [str(one) for one in answer.context["messages"]]
    assert "sound" not in [path for _page, path, _field in editing.all_fields(working.document_of(copy))]


def test_a_question_that_is_gone_is_added_anew_where_it_stood_with_its_condition() -> None:
    copy, browser = taken_away(editing.remove_field("later")), designer()
    was, at = editing.field_of(working.document_seen(copy, 1) or {}, "later"), address(copy, "later")

    told = send(browser, copy, at, row(0, "audience", "at_least", "777"), seen=1)
    again = read(told.content.decode()).one("form", css="condition").one("input", name="anew").attrs["value"]
    send(browser, copy, at, row(0, "audience", "at_least", "777"), seen=1, anew=again)

    assert field_now(copy, "later") == {**was, "show_when": {"field": "audience", "at_least": 777}}
    assert [one["key"] for one in working.document_of(copy)["pages"][1]["fields"]] == ["sound", "later", "rows"]


def test_adding_a_question_anew_with_its_condition_is_one_step() -> None:
    copy = taken_away(SOUND_GONE)

    send(designer(), copy, address(copy), row(0, "audience", "at_least", "777"), seen=1, anew="1")
    working.undo(copy)

    assert [one["key"] for one in working.document_of(copy)["pages"][1]["fields"]] == ["later", "rows"]


def test_a_mistake_in_the_condition_of_a_question_that_is_gone_is_said_and_nothing_is_lost() -> None:
    copy = taken_away(SOUND_GONE)

    answer = send(designer(), copy, address(copy), row(0, "audience", "at_least", "many"), seen=1, anew="1")

    assert 'id="id_r0-error"' in answer.content.decode()
    assert 'name="r0-answer" value="many"' in answer.content.decode()
    assert answer.context["seen"] == 1


def test_rows_can_be_added_to_the_condition_of_a_question_that_is_gone() -> None:
    copy = taken_away(SOUND_GONE)

    more = send(designer(), copy, address(copy), row(0, "audience", "at_least", "777"), act="add", seen=1)

    assert 'name="r1-question"' in more.content.decode()


def test_a_page_that_is_gone_is_added_anew_with_its_questions_and_its_condition() -> None:
    copy = taken_away(PAGE_GONE)

    told = send(designer(), copy, address(copy, "second", of="page"), row(0, "music", "equals", "yes"), seen=1)
    send(designer(), copy, address(copy, "second", of="page"), row(0, "music", "equals", "yes"), seen=1, anew="1")

    assert told.status_code == 200
    copy.refresh_from_db()
    back = editing.page_of(working.document_of(copy), "second")
    assert back["show_when"] == {"field": "music", "equals": True}
    assert [one["key"] for one in back["fields"]] == ["sound", "later", "rows"]


def test_a_page_added_anew_leaves_questions_where_they_were_moved_before_it_was_taken_away() -> None:
    copy = begun()
    for edit in (editing.move_field_to("sound", "first"), PAGE_GONE):
        working.make(copy, edit, by=None, seen=copy.at)

    send(designer(), copy, address(copy, "second", of="page"), row(0, "music", "equals", "yes"), seen=1, anew="1")

    copy.refresh_from_db()
    pages = [[one["key"] for one in page["fields"]] for page in working.document_of(copy)["pages"]]
    assert pages == [["audience", "music", "place", "start", "applicant", "title", "sound"], ["later", "rows"]]


def test_a_question_whose_page_is_gone_too_is_added_to_the_last_page_there_is() -> None:
    copy = taken_away(PAGE_GONE)

    send(designer(), copy, address(copy), row(0, "audience", "at_least", "777"), seen=1, anew="1")

    assert field_now(copy)["show_when"] == {"field": "audience", "at_least": 777}
    assert len(working.document_of(copy)["pages"]) == 1


def test_a_question_of_a_row_is_added_anew_to_its_group() -> None:
    copy = taken_away(editing.remove_field("rows.which"))

    send(designer(), copy, address(copy, "rows.which"), row(0, "food", "equals", "yes"), seen=1, anew="1")

    assert field_now(copy, "rows.which")["show_when"] == {"field": "food", "equals": True}


def test_a_condition_of_a_copy_that_became_a_version_can_be_put_back_in_the_next() -> None:
    old, browser = begun(), designer()
    working.make(old, editing.set_elements({"price": said("Five")}), by=None, seen=old.at)
    publishing.publish(working.to_version(old, by=None), by=None)
    copy = working.begin(old.service, by=None)
    working.make(copy, SOUND_GONE, by=None, seen=copy.at)
    mine = row(0, "audience", "at_least", "777")

    told = send(browser, copy, address(copy), mine, seen=1, of=old.pk, anew="1")
    send(browser, copy, address(copy), mine, seen=told.context["seen"], of=copy.pk, anew="1")

    assert field_now(copy)["show_when"] == {"field": "audience", "at_least": 777}


def test_taking_away_the_condition_of_a_question_that_is_gone_says_so() -> None:
    copy = taken_away(SOUND_GONE)

    after = send(designer(), copy, address(copy), act="take-away", seen=1)

    assert after.status_code == 302
    assert copy.revisions.count() == 2


@pytest.mark.parametrize("at", ["never", "rows.never"])
def test_a_question_that_never_was_is_not_found(at: str) -> None:
    copy = begun()

    assert send(designer(), copy, address(copy, at), row(0, "audience", "at_least", "1")).status_code == 404


def test_a_question_of_a_row_brings_its_group_with_it_when_that_is_gone_too() -> None:
    copy = taken_away(editing.remove_field("rows"))

    send(designer(), copy, address(copy, "rows.which"), row(0, "food", "equals", "yes"), seen=1, anew="1")

    assert field_now(copy, "rows.which")["show_when"] == {"field": "food", "equals": True}


def test_a_question_comes_back_with_a_page_when_no_page_is_left() -> None:
    copy = taken_away(editing.set_elements({"pages": []}))

    told = send(designer(), copy, address(copy), row(0, "audience", "at_least", "777"), seen=1)

    assert told.status_code == 200
    assert told.context["anew"]
