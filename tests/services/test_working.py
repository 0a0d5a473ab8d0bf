"""A working copy: changed step by step, taken back, by several at once; and it becomes the version that its text would be."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from pytest_django import DjangoAssertNumQueries

from apps.services import editing, rehearsing, working
from apps.services.exchange import import_service
from apps.services.models import Service, Version, WorkingCopy
from apps.services.publishing import publish
from apps.services.reading import Unreadable
from apps.services.working import Conflict, Overtaken, Taken
from tests import build

pytestmark = pytest.mark.django_db


def a_copy() -> WorkingCopy:
    """A working copy of a published service."""
    return working.begin(build.version().service, by=None)


def rename(title: str) -> editing.Edit:
    """A change of the first page."""
    return editing.set_page("first", {"title": build.said(title)})


def make(copy: WorkingCopy, edit: editing.Edit, seen: int | None = None) -> None:
    """Make a change."""
    working.make(copy, edit, by=build.official("designer", role="designer"), seen=copy.at if seen is None else seen)


def title_of(copy: WorkingCopy) -> str:
    """What the first page is called."""
    return str(working.document_of(copy)["pages"][0]["title"]["en"])


def test_it_is_begun_from_the_newest_version_once() -> None:
    version = build.version()

    first, second = working.begin(version.service, by=None), working.begin(version.service, by=None)

    assert first == second
    assert working.document_of(first)["pages"] == json.loads(version.document)["pages"]


def test_a_new_service_is_called_what_its_working_copy_calls_it() -> None:
    document = working.blank(build.authority(), "new-one") | {"name": build.said("New one")}

    copy = working.begin_new(build.authority(), document, by=None)

    assert str(copy.service) == "New one sv"


def test_a_key_that_is_taken_makes_no_service() -> None:
    build.version(key="example")

    with pytest.raises(Taken):
        working.begin_new(build.authority(), working.blank(build.authority(), "example"), by=None)


def test_a_change_is_a_revision_and_can_be_undone_and_done_again() -> None:
    copy = a_copy()
    before = title_of(copy)

    make(copy, rename("Changed"))
    changed = title_of(copy)
    working.undo(copy)
    undone = title_of(copy)
    working.redo(copy)

    assert (changed, undone, title_of(copy)) == ("Changed", before, "Changed")


def test_every_step_can_be_undone() -> None:
    copy = a_copy()
    before = working.text_of(copy)
    for n in range(5):
        make(copy, rename(f"Changed {n}"))

    while working.undo(copy):
        pass

    assert working.text_of(copy) == before


def test_it_is_known_what_can_be_undone_and_done_again() -> None:
    copy = a_copy()
    ways = [(working.may_undo(copy), working.may_redo(copy))]
    steps: list[Callable[[], object]] = [
        lambda: make(copy, rename("One")),
        lambda: working.undo(copy),
        lambda: working.redo(copy),
        lambda: working.undo(copy),
        lambda: make(copy, rename("Two")),
    ]

    for step in steps:
        step()
        ways.append((working.may_undo(copy), working.may_redo(copy)))

    assert ways == [(False, False), (True, False), (False, True), (True, False), (False, True), (True, False)]


def test_what_it_says_is_looked_up_once_and_anew_after_each_step(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    copy = a_copy()
    with django_assert_num_queries(1):
        assert working.text_of(copy) == working.text_of(copy)

    make(copy, rename("One"))
    one = title_of(copy)
    working.undo(copy)

    assert (one, title_of(copy)) == ("One", "First")


def test_what_was_undone_is_given_up_by_another_change() -> None:
    copy = a_copy()
    make(copy, rename("One"))
    working.undo(copy)

    make(copy, rename("Two"))

    assert working.redo(copy) is None
    assert title_of(copy) == "Two"


def test_nothing_is_undone_before_the_first_step() -> None:
    assert working.undo(a_copy()) is None


def test_a_change_of_nothing_is_no_step() -> None:
    copy = a_copy()

    make(copy, editing.set_elements({"price": working.document_of(copy)["price"]}))

    assert copy.at == 1


def test_two_at_different_parts_both_keep_theirs() -> None:
    copy = a_copy()
    seen = copy.at
    make(copy, rename("One"), seen)

    make(copy, editing.set_elements({"price": build.said("Dear")}), seen)

    assert title_of(copy) == "One"
    assert working.document_of(copy)["price"] == build.said("Dear")


def test_two_at_the_same_part_are_told() -> None:
    copy = a_copy()
    seen = copy.at
    make(copy, rename("One"), seen)

    with pytest.raises(Conflict) as conflict:
        make(copy, rename("Two"), seen)

    assert conflict.value.by == build.official("designer")
    assert conflict.value.theirs == {"title": build.said("One")}
    assert title_of(copy) == "One"


def test_a_form_older_than_what_was_undone_is_a_conflict() -> None:
    copy = a_copy()
    make(copy, rename("One"))
    seen = copy.at
    working.undo(copy)
    make(copy, rename("Two"))

    with pytest.raises(Conflict):
        make(copy, rename("Three"), seen)


def test_its_version_is_what_importing_its_text_gives() -> None:
    copy = a_copy()
    make(copy, rename("Changed"))
    text = working.text_of(copy)

    version = working.to_version(copy, by=None)
    again, is_new = import_service(version.document)

    assert version.document == text
    assert (again, is_new) == (version, False)
    assert not WorkingCopy.objects.exists()


def test_what_cannot_be_read_becomes_no_version_and_stays() -> None:
    copy = a_copy()
    make(copy, editing.set_elements({"kind": None}))

    with pytest.raises(Unreadable):
        working.to_version(copy, by=None)

    assert WorkingCopy.objects.exists()
    assert Version.objects.count() == 1


def test_a_service_without_a_version_goes_with_its_working_copy() -> None:
    copy = working.begin_new(build.authority(), working.blank(build.authority(), "new-one"), by=None)

    working.discard(copy)

    assert not Service.objects.exists()


def test_a_service_with_versions_stays_when_its_working_copy_is_given_up() -> None:
    copy = a_copy()

    working.discard(copy)

    assert Service.objects.count() == 1


def test_a_translation_is_outdated_when_its_original_has_changed() -> None:
    copy = a_copy()

    make(copy, editing.set_texts({"pages.first.title": {"sv": "Annat"}}))

    assert working.outdated(copy) == {("pages.first.title", "fi"), ("pages.first.title", "en")}


def test_a_translation_written_after_its_original_is_not_outdated() -> None:
    copy = a_copy()
    make(copy, editing.set_texts({"pages.first.title": {"sv": "Annat"}}))

    make(copy, editing.set_texts({"pages.first.title": {"fi": "Toinen"}}))
    make(copy, editing.set_texts({}, still_right={("pages.first.title", "en")}))

    assert working.outdated(copy) == set()


def test_that_a_translation_is_still_right_is_a_step_that_is_undone_and_told() -> None:
    copy = a_copy()
    make(copy, editing.set_texts({"pages.first.title": {"sv": "Annat"}}))
    make(copy, editing.set_texts({}, still_right={("pages.first.title", "en")}))

    undone = working.undo(copy)

    assert undone is not None
    assert undone.act == "texts_still_right"
    assert ("pages.first.title", "en") in working.outdated(copy)
    working.redo(copy)
    assert working.outdated(copy) == {("pages.first.title", "fi")}


def test_that_what_is_not_outdated_is_right_makes_no_step() -> None:
    copy = a_copy()

    make(copy, editing.set_texts({}, still_right={("pages.first.title", "en"), ("nowhere", "en")}))

    assert copy.at == 1


def test_nothing_is_still_right_whose_original_somebody_has_changed_meanwhile() -> None:
    copy = a_copy()
    make(copy, editing.set_texts({"pages.first.title": {"sv": "Annat"}}))
    make(copy, editing.set_texts({"pages.first.title": {"sv": "Ännu annat"}}))

    with pytest.raises(Conflict):
        make(copy, editing.set_texts({}, still_right={("pages.first.title", "en")}), seen=2)


def test_another_original_leaves_what_is_outdated_and_outdates_nothing_else() -> None:
    copy = a_copy()
    make(copy, editing.set_texts({"pages.first.title": {"sv": "Annat"}}))

    make(copy, editing.set_elements({"languages": ["en", "sv", "fi"]}))

    assert working.outdated(copy) == {("pages.first.title", "fi")}


def test_a_published_version_is_called_by_its_own_name() -> None:
    document = build.document(key="new-one")
    copy = working.begin_new(build.authority(), document, by=None)
    version = working.to_version(copy, by=None)

    publish(version, by=None)

    assert str(Service.objects.get()) == "Name of new-one sv"


def test_a_question_is_not_removed_with_a_condition_that_somebody_has_just_built_on_it() -> None:
    page = build.page("one", build.field("boolean", "a"), build.field("text", "b"), build.field("number", "c"))
    copy = working.begin_new(build.authority(), build.document(page), by=None)
    element = editing.field_of(working.document_of(copy), "b")
    make(copy, editing.set_field("b", {**element, "show_when": {"field": "a", "is": True}}), seen=1)

    for edit in (editing.remove_field("a"), editing.remove_page("one")):
        with pytest.raises(Conflict):
            make(copy, edit, seen=1)
    make(copy, editing.remove_field("c"), seen=1)

    assert [field["key"] for field in working.document_of(copy)["pages"][0]["fields"]] == ["a", "b"]


def test_what_somebody_writes_while_another_publishes_is_never_left_out() -> None:
    copy = a_copy()
    looked_at = WorkingCopy.objects.get(pk=copy.pk)
    make(copy, rename("Nytt"))

    with pytest.raises(Overtaken):
        working.to_version(looked_at, by=None)

    assert working.document_of(copy)["pages"][0]["title"]["sv"] == "Nytt sv"
    assert Version.objects.count() == 1


def test_nothing_is_changed_in_a_copy_that_has_become_a_version() -> None:
    copy = a_copy()
    gone = WorkingCopy.objects.get(pk=copy.pk)
    working.to_version(copy, by=None)

    with pytest.raises(editing.NotThere):
        make(gone, rename("Nytt"), seen=1)
    assert working.undo(gone) is None
    with pytest.raises(Overtaken):
        working.to_version(gone, by=None)


def test_after_taking_back_a_change_begins_from_what_customers_fill_in() -> None:
    first = build.version()
    second = build.version(build.page("first", build.field("text", "faulty")))
    publish(first, by=None)

    copy = working.begin(Service.objects.get(), by=None)

    assert (copy.base, second.number) == (first, 2)


def test_a_version_that_was_only_tested_is_not_begun_from() -> None:
    version = build.version()
    copy = working.begin(version.service, by=None)
    make(copy, rename("Tried"))
    rehearsing.open_rehearsal(working.version_for_test(copy, by=None), by=build.official("designer"))
    working.discard(copy)

    assert working.begin(Service.objects.get(), by=None).base == version


def test_a_version_that_was_imported_and_not_published_yet_is_begun_from() -> None:
    build.version()
    imported = build.version(build.page("first", build.field("text", "more")), published=False)

    assert working.begin(Service.objects.get(), by=None).base == imported


def test_a_key_that_somebody_else_has_given_meanwhile_is_refused() -> None:
    copy = a_copy()
    seen = copy.at
    make(copy, editing.add_fields("first", [build.field("text", "place")]), seen)

    with pytest.raises(editing.KeyTaken):
        make(copy, editing.set_field("title", build.field("text", "place")), seen)


def test_a_working_copy_that_nobody_has_changed_follows_the_versions() -> None:
    copy = a_copy()
    newer = build.version(build.page("first", build.field("text", "more")))

    assert working.begin(Service.objects.get(), by=None).base == newer
    assert not WorkingCopy.objects.filter(pk=copy.pk).exists()


def test_one_that_somebody_has_changed_stays() -> None:
    copy = a_copy()
    make(copy, rename("Changed"))
    build.version(build.page("first", build.field("text", "more")))

    assert working.begin(Service.objects.get(), by=None) == copy
