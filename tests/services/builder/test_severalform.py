"""Several questions written at once."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from apps.services.builder.rows import ACT, acted
from apps.services.builder.severalform import SeveralForm, quick_kinds
from apps.services.builder.situation import Situation
from apps.services.definition import judge
from apps.services.fieldtypes import REGISTER
from tests import build
from tests.services.kinds import ANY_TEXT, NASTY, modest

SITUATION = Situation({"pages": []}, ("sv", "fi"))


def posted(data: dict[str, str], **more: Any) -> SeveralForm:
    """The form after it was sent."""
    sent = QueryDict(mutable=True)
    sent.update(data)
    form = SeveralForm(SITUATION, sent, **more)
    form.is_valid()
    return form


def test_rows_become_questions_with_keys_of_their_own() -> None:
    form = posted(
        {
            "rows-0__sv": "Namn",
            "rows-0__fi": "Nimi",
            "rows-0-kind": "text",
            "rows-3__sv": "Namn",
            "rows-3-kind": "long_text",
            "rows-3-optional": "on",
        }
    )

    assert form.errors == {}
    assert form.elements(["other"]) == [
        {"kind": "text", "key": "namn", "label": {"sv": "Namn", "fi": "Nimi"}},
        {"kind": "long_text", "key": "namn_2", "label": {"sv": "Namn"}, "required": False},
    ]


def test_options_are_written_one_a_line_in_each_language() -> None:
    form = posted(
        {
            "rows-0__sv": "Var?",
            "rows-0-kind": "choice",
            "rows-0-options__sv": "Inne\r\n\r\nUte",
            "rows-0-options__fi": "Sisällä\nUlkona",
        }
    )

    assert form.elements([])[0]["options"] == [
        {"value": "inne", "label": {"sv": "Inne", "fi": "Sisällä"}},
        {"value": "ute", "label": {"sv": "Ute", "fi": "Ulkona"}},
    ]


@pytest.mark.parametrize("fi", ["Sisällä", "a\nb\nc"])
def test_options_that_do_not_match_are_refused(fi: str) -> None:
    options = {"rows-0-options__sv": "Inne\nUte", "rows-0-options__fi": fi}

    form = posted({"rows-0__sv": "Var?", "rows-0-kind": "choice", **options})

    assert list(form.errors) == ["rows-0-options__sv"]


def test_a_choice_without_options_is_refused() -> None:
    assert list(posted({"rows-1__sv": "Var?", "rows-1-kind": "choices"}).errors) == ["rows-1-options__sv"]


def test_empty_rows_do_not_count() -> None:
    form = posted({"rows-0-kind": "choice", "rows-1-optional": "on"})

    assert form.errors == {}
    assert form.elements([]) == []


def test_a_page_needs_a_title() -> None:
    assert list(posted({}, titled=True).errors) == ["title__sv"]


def test_what_is_told_goes_where_the_kind_tells_it() -> None:
    form = posted({"rows-0__sv": "Läs detta", "rows-0-kind": "guidance"})

    assert form.elements([])[0] == {"kind": "guidance", "key": "las_detta", "text": {"sv": "Läs detta"}}


def test_more_rows_keep_what_is_typed() -> None:
    sent = QueryDict(mutable=True)
    sent.update({"rows-count": "5", "rows-4__sv": "Fem", ACT: "more:rows"})

    form = SeveralForm(SITUATION, acted(sent))

    assert form.count == 8
    assert 'value="Fem"' in form.shown[4].labels[0]


def test_every_kind_that_needs_only_a_text_can_be_written_in_a_row() -> None:
    kinds = quick_kinds()

    assert {"text", "choice", "file", "applicant", "guidance", "heading"} <= set(kinds)
    assert not {"repeating", "calculated", "derived", "details", "result"} & set(kinds)


@pytest.mark.parametrize("kind", sorted(quick_kinds()))
def test_a_row_of_any_such_kind_is_a_question_that_can_be_read(kind: str) -> None:
    form = posted({"rows-0__sv": "Vad", "rows-0-kind": kind, "rows-0-options__sv": "Ett"})
    elements = form.elements([])

    _definition, problems = judge(build.document(build.page("first", *elements)))

    assert problems == []
    assert REGISTER[elements[0]["kind"]].kind == kind


@modest
@given(
    data=st.dictionaries(
        st.sampled_from(["rows-0__sv", "rows-0-kind", "rows-0-options__sv", "rows-count", "title__fi"]),
        ANY_TEXT | NASTY,
    )
)
def test_whatever_is_posted_is_refused_or_read(data: dict[str, str]) -> None:
    form = posted(data)

    if not form.errors:
        assert all(element["key"] for element in form.elements([]))
