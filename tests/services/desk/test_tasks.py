"""The task list: what is done and what is to do; and the ways back."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.translation import gettext as _
from pytest_django import DjangoAssertNumQueries

from apps.services import editing, library, working
from apps.services.models import Service, WorkingCopy
from apps.services.tasklist import TO_DO, tasks_of
from tests import build
from tests.markup import read

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser() -> Client:
    """A designer."""
    return build.signed_in(build.official("designer", role="designer"))


def a_copy(document: dict[str, Any] | None = None) -> WorkingCopy:
    """The working copy of a new service; by default of one of the library."""
    return working.begin_new(build.authority(), document or library.entry("noise-notification").document(), by=None)


def address(copy: WorkingCopy, *more: str) -> str:
    """A page of the builder."""
    return "/".join([f"/admin/services/service/{copy.service_id}/build", *more, ""])


def states(copy: WorkingCopy) -> dict[str, str]:
    """How each task stands."""
    return {task.name: task.state for task in tasks_of(copy.service, copy)}


def test_of_a_new_service_nearly_everything_is_to_do() -> None:
    copy = a_copy(working.blank(build.authority(), "new"))

    to_do = {name for name, state in states(copy).items() if state == TO_DO}

    assert to_do == {"about", "questions", "texts", "told", "retention", "check", "publish"}


def test_of_one_from_the_library_only_publishing_is_to_do() -> None:
    build.authority(email="role@example.com")

    assert {name for name, state in states(a_copy()).items() if state == TO_DO} == {"publish"}


def test_the_pages_of_the_builder_stand_in_a_row_and_in_a_list_that_opens_without_script(browser: Client) -> None:
    row = read(browser.get(address(a_copy(), "questions")).content.decode()).one("nav", css="build-tabs")

    for part in (row.one("ul", css="build-tabs__row"), row.one("details", css="build-tabs__menu")):
        assert len(part.find("a")) == 8
        assert part.one("a", aria_current="page").text == _("Questions")
    assert _("Questions") in row.one("summary").text


def test_a_missing_translation_is_counted() -> None:
    copy = a_copy()

    working.make(copy, editing.set_texts({"name": {"fi": ""}, "summary": {"fi": ""}}), by=None, seen=1)

    told = next(task.told for task in tasks_of(copy.service, copy) if task.name == "texts")
    assert "2" in told
    assert _("Finnish").capitalize() in told


def test_what_is_published_and_unchanged_is_done() -> None:
    version = build.version()
    copy = working.begin(version.service, by=None)
    same = {**working.document_of(copy)}

    working.make(copy, editing.set_elements({"price": build.said("Dear")}), by=None, seen=1)

    assert states(copy)["publish"] == TO_DO
    assert same


def test_the_list_leads_to_where_each_is_done(browser: Client) -> None:
    copy = a_copy()

    rows = browser.get(address(copy)).context["tasks"]

    assert {task.name for task, link, _state in rows if not link} == set()
    assert all(browser.get(link).status_code == 200 for _task, link, _state in rows)


def test_the_list_asks_as_much_of_many_changes_as_of_one(
    browser: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    copy = a_copy()
    browser.get(address(copy))
    with CaptureQueriesContext(connection) as of_one:
        browser.get(address(copy))
    for n in range(12):
        working.make(copy, editing.set_texts({"name": {"sv": f"Namn {n}"}}), by=None, seen=copy.at)

    with django_assert_num_queries(len(of_one)):
        browser.get(address(copy))


def test_a_step_is_undone_and_done_again(browser: Client) -> None:
    copy = a_copy()
    before = working.text_of(copy)
    working.make(copy, editing.set_texts({"name": {"sv": "Nytt"}}), by=None, seen=1)
    after = working.text_of(copy)

    answer = browser.post(address(copy, "undo"), {"next": address(copy, "text")})
    undone = working.text_of(WorkingCopy.objects.get())
    browser.post(address(copy, "redo"))

    assert answer["Location"] == address(copy, "text")
    assert (undone, working.text_of(WorkingCopy.objects.get())) == (before, after)


@pytest.mark.parametrize("after", ["https://example.com/", "//example.com/", "/sv/", ""])
def test_after_undoing_one_is_led_nowhere_else(browser: Client, after: str) -> None:
    copy = a_copy()

    assert browser.post(address(copy, "undo"), {"next": after})["Location"] == address(copy)


def test_changes_are_given_up_when_that_is_confirmed(browser: Client) -> None:
    version = build.version()
    copy = working.begin(version.service, by=None)

    asked = browser.get(address(copy, "discard"))
    still_there = WorkingCopy.objects.exists()
    browser.post(address(copy, "discard"))

    assert (asked.status_code, still_there, WorkingCopy.objects.exists()) == (200, True, False)
    assert Service.objects.exists()


def test_a_new_service_is_given_up_whole(browser: Client) -> None:
    copy = a_copy()

    browser.post(address(copy, "discard"))

    assert not Service.objects.exists()


@pytest.mark.parametrize("act", ["undo", "redo", "discard"])
def test_a_stranger_changes_nothing(act: str) -> None:
    copy = a_copy()
    working.make(copy, editing.set_texts({"name": {"sv": "Nytt"}}), by=None, seen=1)
    stranger = build.signed_in(build.official("stranger", of=build.authority("other-town"), role="designer"))

    assert stranger.post(address(copy, act)).status_code == 404
    assert WorkingCopy.objects.get().at == 2


def test_what_is_done_is_counted_among_what_must_be_done(browser: Client) -> None:
    shown = browser.get(address(a_copy(working.blank(build.authority(), "new")))).context

    assert shown["wanted"] == len([task for task, _address, _state in shown["tasks"] if task.state != "optional"])
