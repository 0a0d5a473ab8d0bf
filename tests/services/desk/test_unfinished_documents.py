"""Whatever stands in a working copy that is fit to be edited, every page of the builder can be opened to mend it."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from apps.services import editing, library, working
from apps.services.models import WorkingCopy
from apps.services.reading import Unreadable
from tests import build

pytestmark = [pytest.mark.django_db, pytest.mark.thorough]

JUNK: list[Any] = [None, 0, -1, "", "x", [], {}, [None], {"sv": None}, {"field": 1}, True, 1e9, [[]], {"all": []}]
PAGES = ("", "questions/", "texts/", "text/", "preview/", "check/", "publish/", "test/", "about/about/", "about/times/")
MORE = ("about/told/", "about/identification/", "about/retention/")


def places(value: Any, above: Any = None, key: Any = None) -> Iterator[tuple[Any, Any]]:
    """Every element of a document: what it stands in, and under what."""
    if above is not None:
        yield above, key
    for name, inner in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from places(inner, value, name)


def damaged(seed: int) -> dict[str, Any]:
    """A document of the library with some of its elements gone or replaced, still fit to be edited."""
    dice = random.Random(seed)  # noqa: S311 (dice for a test)
    entry = dice.choice(sorted(library.entries()))
    for _ in range(50):
        document = {**library.entry(entry).document(), "key": "damaged", "authority": "example-town"}
        for above, key in dice.sample(list(places(document)), 6):
            if dice.random() < 0.5 and isinstance(above, dict):
                above.pop(key, None)
            elif isinstance(above, dict) or (isinstance(above, list) and key < len(above)):
                above[key] = dice.choice(JUNK)
        try:
            return editing.fit_to_edit(json.loads(json.dumps(document)))
        except Unreadable:
            continue
    raise AssertionError("nothing fit to be edited was left")


@pytest.mark.parametrize("seed", range(6))
def test_every_page_opens_over_a_damaged_document(seed: int) -> None:
    copy = working.begin_new(build.authority(), damaged(seed), by=None)
    browser = build.signed_in(build.official("designer", role="designer"))

    for page in (*PAGES, *MORE):
        answer = browser.get(f"/admin/services/service/{copy.service_id}/build/{page}")
        assert answer.status_code == 200, page


@pytest.mark.parametrize("seed", range(100, 103))
def test_every_page_and_question_of_it_opens(seed: int) -> None:
    copy = working.begin_new(build.authority(), damaged(seed), by=None)
    browser = build.signed_in(build.official("designer", role="designer"))
    document = working.document_of(copy)
    base = f"/admin/services/service/{copy.service_id}/build/"

    addresses = [f"pages/{page['key']}/" for page in document["pages"]]
    addresses += [f"fields/{path}/" for _page, path, _field in editing.all_fields(document)][:25]

    for address in dict.fromkeys(addresses):
        assert browser.get(f"{base}{address}").status_code in (200, 302), address


@pytest.mark.parametrize("seed", range(200, 203))
def test_it_can_be_changed_on_every_way_and_undone(seed: int) -> None:
    copy = working.begin_new(build.authority(), damaged(seed), by=None)
    before = working.text_of(copy)
    document = working.document_of(copy)
    edits = [editing.set_texts({"name": {"sv": "Nytt"}}), editing.set_elements({"draft_days": 30})]
    for page in document["pages"][:3]:
        edits += [editing.move_page(page["key"], 1), editing.copy_page(page["key"]), editing.remove_page(page["key"])]

    for edit in edits:
        try:
            working.make(copy, edit, by=None, seen=copy.at)
        except editing.NotThere:
            continue
    working.outdated(copy)
    while working.undo(WorkingCopy.objects.get()):
        pass

    assert working.text_of(WorkingCopy.objects.get()) == before
