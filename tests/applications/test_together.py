"""Several at one draft: only what somebody has changed is stored, and what two have changed differently is asked about."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, connections
from hypothesis import given
from hypothesis import strategies as st

from apps.applications import drafting
from apps.applications.models import Application
from apps.applications.together import Conflict, marks, marks_again, merged
from apps.services.pageform import PageForm
from tests import build

pytestmark = pytest.mark.both

KEYS = ("a", "b", "c")
values = (
    st.none()
    | st.text(max_size=3)
    | st.lists(st.text(max_size=2), max_size=2)
    | st.dictionaries(st.sampled_from(KEYS), st.text(max_size=2))
)
answers = st.dictionaries(st.sampled_from(KEYS), values)


def fields() -> tuple[Any, ...]:
    return build.definition(build.page("first", *(build.field("text", key) for key in KEYS))).pages[0].fields


@given(before=answers, stored=answers, sent=answers)
def test_nothing_that_somebody_else_saved_is_lost(
    before: dict[str, Any], stored: dict[str, Any], sent: dict[str, Any]
) -> None:
    found = merged(sent, stored, marks(fields(), before))

    for key in KEYS:
        theirs, mine, was = stored.get(key), sent.get(key), before.get(key)
        if key not in sent:
            assert key not in found.answers
            assert key not in found.conflicts
        elif theirs == was or mine == theirs:
            assert found.answers[key] == mine
        elif mine == was:
            assert key not in found.answers, "what I did not touch stays as somebody else has saved it"
        else:
            assert key in found.conflicts
            assert key not in found.answers


@given(before=answers, stored=answers, sent=answers)
def test_a_page_shown_again_and_sent_again_loses_nothing_either(
    before: dict[str, Any], stored: dict[str, Any], sent: dict[str, Any]
) -> None:
    first = merged(sent, stored, marks(fields(), before))
    saved = stored if first.conflicts else stored | first.answers
    seen = marks_again(fields(), saved, seen=marks(fields(), before), sent=sent, told=first.conflicts)

    again = merged(sent, saved, seen)

    assert again.conflicts == [], "what has been asked about once is not asked about again"
    for key in KEYS:
        if key in sent and sent[key] == before.get(key) != stored.get(key):
            assert again.answers.get(key, stored.get(key)) == stored.get(key)
        elif key in sent:
            assert again.answers[key] == sent[key]


@given(stored=answers)
def test_a_page_shown_for_the_first_time_carries_what_stands_there(stored: dict[str, Any]) -> None:
    assert marks_again(fields(), stored, seen="", sent={}) == marks(fields(), stored)


@given(stored=answers, sent=answers)
def test_a_page_without_marks_is_stored_as_it_is(stored: dict[str, Any], sent: dict[str, Any]) -> None:
    assert merged(sent, stored, "").answers == sent


@given(st.text())
def test_any_marks_can_be_read(text: str) -> None:
    merged({"a": "x"}, {"a": "y"}, text)


# --- with a draft ----------------------------------------------------------------------------------------------------


def sent_page(paper: Application, title: str) -> PageForm:
    form = PageForm(
        paper.definition, paper.definition.pages[0], answers=paper.answers, today=build.TODAY, data={"title": title}
    )
    assert form.is_valid()
    return form


@pytest.mark.django_db
def test_what_somebody_else_has_changed_is_not_overwritten() -> None:
    paper = build.application(answers={"title": "First"})
    seen = marks(paper.definition.pages[0].fields, paper.answers)
    drafting.save_page(paper, sent_page(paper, "Theirs"), seen=seen)

    with pytest.raises(Conflict) as conflict:
        drafting.save_page(paper, sent_page(paper, "Mine"), seen=seen)

    assert conflict.value.keys == ["title"]
    assert Application.objects.get(pk=paper.pk).answers == {"title": "Theirs"}


@pytest.mark.django_db
def test_the_same_page_sent_again_is_no_conflict() -> None:
    paper = build.application(answers={"title": "First"})
    seen = marks(paper.definition.pages[0].fields, paper.answers)

    for _ in range(2):
        drafting.save_page(paper, sent_page(paper, "Mine"), seen=seen)

    assert Application.objects.get(pk=paper.pk).answers == {"title": "Mine"}


@pytest.mark.django_db(transaction=True)
def test_of_several_at_the_same_moment_one_is_stored_and_the_others_are_asked() -> None:
    if connection.vendor == "sqlite":
        pytest.skip("the test database of SQLite is one connection's own")
    paper = build.application(answers={"title": "First"})
    seen = marks(paper.definition.pages[0].fields, paper.answers)

    def save(title: str) -> str:
        try:
            drafting.save_page(Application.objects.get(pk=paper.pk), sent_page(paper, title), seen=seen)
        except Conflict:
            return ""
        finally:
            connections.close_all()
        return title

    with ThreadPoolExecutor(8) as several:
        saved = [title for title in several.map(save, [f"Number {n}" for n in range(8)]) if title]

    assert len(saved) == 1
    assert Application.objects.get(pk=paper.pk).answers == {"title": saved[0]}
