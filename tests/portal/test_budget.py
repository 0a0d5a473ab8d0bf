"""No page of the portal asks the database more than ten times, however much a customer has."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import build
from tests.portal import walk

pytestmark = pytest.mark.django_db

MOST = 10


@pytest.mark.thorough
@pytest.mark.parametrize("for_company", [False, True], ids=["for oneself", "for a company"])
def test_no_page_asks_more_than_ten_times(for_company: bool) -> None:
    principal = walk.a_company() if for_company else None
    life = walk.a_life(principal=principal)
    for _ in range(3):
        walk.a_life(principal=principal)
    browser = walk.browser_of(life.customer, principal)
    asked = {}

    for _route, address in walk.addresses(life):
        with CaptureQueriesContext(connection) as queries:
            answer = browser.get(address)
            if answer.streaming:
                list(answer.streaming_content)  # type: ignore[attr-defined]
        for close in answer._resource_closers:  # type: ignore[attr-defined]  # not `close` itself, which would close the database's connection as well
            close()
        assert answer.status_code in (200, 302, 404, 405), address
        asked[address] = len(queries)

    too_many = {address: count for address, count in asked.items() if count > MOST}
    assert too_many == {}
    assert len(asked) > 20


def test_every_place_of_an_address_is_known_to_the_walk() -> None:
    assert walk.unknown_places(walk.a_life()) == []


def test_walk_finds_the_pages() -> None:
    life = walk.a_life()
    browser = build.signed_in(life.customer)

    for address in (f"/sv/cases/{life.case.number}/", f"/sv/applications/{life.draft.pk}/check/"):
        assert address in {found for _route, found in walk.addresses(life)}
        assert browser.get(address).status_code == 200
