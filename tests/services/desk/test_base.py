"""Two designers at one service: what the other has written meanwhile is kept or told of, and never replaced silently."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.people.models import LogLine
from apps.services import editing, publishing, working
from apps.services.editing import Document
from apps.services.models import Service, WorkingCopy
from tests import build

pytestmark = pytest.mark.django_db

THEIRS = {"sv": "Deras pris", "fi": "Heidän hintansa", "en": "Their price"}


@pytest.fixture
def browser() -> Client:
    """A designer."""
    return build.signed_in(build.official("designer", role="designer"))


def begun() -> WorkingCopy:
    """The working copy of a published service."""
    return working.begin(build.version(build.page("one", build.field("text", "a"))).service, by=None)


def address(copy: WorkingCopy, page: str = "") -> str:
    """A page of the builder."""
    return f"/admin/services/service/{copy.service_id}/build/{page}"


def sent_as_shown(browser: Client, copy: WorkingCopy, **more: Any) -> dict[str, Any]:
    """What a browser sends of the page about the service."""
    shown = browser.get(address(copy, "about/about/")).context
    values = {name: shown["form"][name].value() for name in shown["form"].fields}
    return {**{name: value or "" for name, value in values.items()}, "seen": shown["seen"], "of": copy.pk, **more}


def others_change_the_price(copy: WorkingCopy) -> None:
    """Somebody else is at work too."""
    working.make(copy, editing.set_elements({"price": THEIRS}), by=None, seen=copy.at)


def now(service: Service) -> Document:
    """What the service's working copy says."""
    return working.document_of(WorkingCopy.objects.get(service=service))


def test_a_text_that_was_only_checked_does_not_replace_what_others_wrote_meanwhile(browser: Client) -> None:
    copy = begun()
    mine = {"text": working.text_of(copy), "seen": copy.at, "of": copy.pk}
    others_change_the_price(copy)

    checked = browser.post(address(copy, "text/"), {**mine, "check": ""})
    browser.post(address(copy, "text/"), {**mine, "seen": checked.context["seen"]})

    assert now(copy.service)["price"] == THEIRS


def test_a_form_that_was_corrected_keeps_what_others_wrote_meanwhile(browser: Client) -> None:
    copy = begun()
    mine = sent_as_shown(browser, copy, name__sv="Mitt namn")
    others_change_the_price(copy)

    corrected = browser.post(address(copy, "about/about/"), {**mine, "municipalities": "Ingenstans"})
    browser.post(address(copy, "about/about/"), {**mine, "seen": corrected.context["seen"]})

    assert now(copy.service)["price"] == THEIRS
    assert now(copy.service)["name"]["sv"] == "Mitt namn"


def test_two_at_different_parts_of_one_form_are_both_kept(browser: Client) -> None:
    copy = begun()
    mine = sent_as_shown(browser, copy, name__sv="Mitt namn")
    others_change_the_price(copy)

    answer = browser.post(address(copy, "about/about/"), mine)

    assert answer.status_code == 302
    assert (now(copy.service)["price"], now(copy.service)["name"]["sv"]) == (THEIRS, "Mitt namn")


def test_after_a_conflict_only_what_was_typed_replaces_theirs(browser: Client) -> None:
    copy = begun()
    mine = sent_as_shown(browser, copy, price__sv="Mitt pris")
    others_change_the_price(copy)
    working.make(copy, editing.set_elements({"handling_time": THEIRS}), by=None, seen=copy.at)

    told = browser.post(address(copy, "about/about/"), mine)
    again: QueryDict = told.context["form"].data
    browser.post(address(copy, "about/about/"), {**again.dict(), "seen": told.context["seen"]})

    assert now(copy.service)["price"] == {**THEIRS, "sv": "Mitt pris"}
    assert now(copy.service)["handling_time"] == THEIRS


def test_a_form_of_a_copy_that_became_a_version_is_old_in_the_next_copy(browser: Client) -> None:
    copy = begun()
    mine = sent_as_shown(browser, copy, price__sv="Mitt pris")
    others_change_the_price(copy)
    publishing.publish(working.to_version(copy, by=None), by=None)

    browser.post(address(copy, "about/about/"), mine)

    assert now(copy.service)["price"] == THEIRS


def test_undo_does_not_take_back_what_somebody_has_just_done(browser: Client) -> None:
    copy = begun()
    working.make(copy, editing.set_elements({"name": {"sv": "Mitt namn"}}), by=None, seen=copy.at)
    last = f"{copy.pk}.{copy.at}"
    others_change_the_price(copy)

    told = browser.post(address(copy, "undo/"), {"last": last}, follow=True)

    assert now(copy.service)["price"] == THEIRS
    assert "har ändrat något under tiden" in told.content.decode() or "meanwhile" in told.content.decode()


def test_what_others_have_written_since_one_was_asked_is_not_given_up(browser: Client) -> None:
    copy = begun()
    last = f"{copy.pk}.{copy.at}"
    assert f'name="last" value="{last}"' in browser.get(address(copy, "discard/")).content.decode()
    others_change_the_price(copy)

    browser.post(address(copy, "discard/"), {"last": last})

    assert now(copy.service)["price"] == THEIRS


@pytest.mark.parametrize("page", ["fields/b/", "fields/b/remove/", "conditions/field/b/show_when/"])
def test_undoing_on_the_page_of_what_was_added_leads_to_a_page_that_is_there(browser: Client, page: str) -> None:
    copy = begun()
    working.make(copy, editing.add_fields("one", [build.field("text", "b")]), by=None, seen=copy.at)

    after = browser.post(address(copy, "undo/"), {"next": address(copy, page)}, follow=True)

    assert after.status_code == 200
    assert after.redirect_chain[-1][0] == address(copy, "questions/")


@pytest.mark.parametrize(
    "page",
    ["", "about/about/", "questions/", "pages/one/", "fields/a/", "texts/", "text/", "preview/", "check/", "test/"],
)
def test_a_page_reads_what_the_copy_says_once(browser: Client, page: str) -> None:
    copy = begun()
    browser.get(address(copy, page))

    with CaptureQueriesContext(connection) as queries:
        browser.get(address(copy, page))

    assert sum('"services_revision"."document"' in query["sql"] for query in queries) == 1


@pytest.mark.parametrize(("act", "said"), [("undo", "undone"), ("redo", "done again"), ("discard", "given up")])
def test_every_way_back_is_in_the_log(browser: Client, act: str, said: str) -> None:
    copy = begun()
    others_change_the_price(copy)
    if act == "redo":
        working.undo(copy)

    browser.post(address(copy, f"{act}/"))

    assert LogLine.objects.filter(about=f"service {copy.service.key}", detail__contains=said).exists()
