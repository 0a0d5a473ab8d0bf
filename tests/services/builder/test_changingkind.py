"""Another kind for a question: what both can have is kept, and what is lost is said."""

from __future__ import annotations

from apps.services.builder.changingkind import as_kind, other_kinds
from apps.services.definition import judge
from apps.services.fieldtypes import REGISTER
from tests import build
from tests.build import field, options, page, said


def test_what_both_kinds_have_is_kept() -> None:
    element = field("choice", "colour", options=options("red"), display="list", hint=said("Which"))

    made = as_kind(element, REGISTER["choices"])

    assert made == {**field("choices", "colour", options=options("red"), hint=said("Which"))}


def test_what_is_lost_is_named() -> None:
    element = field("choice", "colour", options=options("red"), display="list")

    kinds = {one.kind: one for one in other_kinds(element)}

    assert len(kinds["choices"].lost) == 1
    assert len(kinds["text"].lost) == 2


def test_a_kind_that_needs_more_is_not_offered() -> None:
    assert not {"choice", "repeating", "guidance"} & {one.kind for one in other_kinds(field("text", "name"))}


def test_an_answer_that_the_new_kind_does_not_take_is_lost() -> None:
    made = as_kind(field("text", "n", default="many"), REGISTER["whole_number"])

    assert made == field("whole_number", "n")


def test_a_setting_of_the_same_name_that_cannot_be_read_is_lost() -> None:
    made = as_kind(field("long_text", "n", max_length=5_000), REGISTER["text"])

    assert made == field("text", "n")


def test_every_kind_that_is_offered_can_be_judged() -> None:
    for one in other_kinds(field("text", "n", max_length=10)):
        assert judge(build.document(page("first", one.element)))[1] == []
