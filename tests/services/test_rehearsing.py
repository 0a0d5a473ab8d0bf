"""Trying a version: who can be let in, for how long, and what is kept of their links."""

from __future__ import annotations

import pytest
from django.db import connection

from apps.services import publishing, rehearsing
from apps.services.models import Rehearsal, Version
from apps.services.rehearsing import NotTheirs, NotToTry, Over
from tests import build
from tests.build import NOW, field, page

pytestmark = pytest.mark.django_db


def next_version(*titles: str) -> Version:
    """A version that nobody has published; with a question more for each title."""
    questions = [field("text", "title"), *(field("text", title) for title in titles)]
    return build.version(page("first", *questions), published=False)


def opened(version: Version | None = None) -> Rehearsal:
    return rehearsing.open_rehearsal(version or next_version(), by=build.official("designs", role="designer"), at=NOW)


def test_a_version_is_tried_from_when_its_test_is_opened_until_it_ends() -> None:
    version = next_version()
    assert rehearsing.is_over(version.pk)

    test = opened(version)
    assert not rehearsing.is_over(version.pk)
    assert rehearsing.going_on(version.service) == test

    rehearsing.end(test, at=NOW)
    assert rehearsing.is_over(version.pk)
    assert rehearsing.going_on(version.service) is None


def test_ending_twice_keeps_the_first_moment() -> None:
    test = opened()
    rehearsing.end(test, at=NOW)

    rehearsing.end(test)

    assert test.closed_at == NOW


def test_a_test_that_was_ended_begins_again_when_it_is_opened() -> None:
    test = opened()
    rehearsing.end(test)

    assert opened(test.version) == test
    assert not rehearsing.is_over(test.version_id)


def test_publishing_the_version_ends_its_test() -> None:
    test = opened()

    publishing.publish(test.version, by=None, at=NOW)

    assert rehearsing.is_over(test.version_id)


def test_what_has_been_published_is_not_tried() -> None:
    with pytest.raises(NotToTry, match="Version 1 "):
        opened(build.version())


def test_a_survey_is_not_tried() -> None:
    survey = build.version(kind="survey", published=False)

    with pytest.raises(NotToTry):
        opened(survey)


def test_a_test_of_the_next_version_takes_the_testers_along_and_ends_the_earlier_one() -> None:
    earlier = opened(next_version())
    _tester, key = rehearsing.add_tester(earlier, "Some Body")

    later = opened(next_version("more"))

    found = rehearsing.tester_of(key)
    assert found is not None
    assert found.rehearsal == later
    assert rehearsing.is_over(earlier.version_id)


def test_testers_of_a_test_that_was_ended_do_not_come_along() -> None:
    earlier = opened(next_version())
    rehearsing.add_tester(earlier, "Some Body")
    rehearsing.end(earlier)

    assert not opened(next_version("more")).testers.exists()


def test_of_a_link_only_a_digest_is_kept() -> None:
    tester, key = rehearsing.add_tester(opened(), "  Some   Body ")

    assert tester.name == "Some Body"
    assert len(key) == 43
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM services_tester")
        assert key not in str(cursor.fetchall())
    assert rehearsing.tester_of(key) == tester
    assert rehearsing.tester_of(tester.key_digest) is None


def test_two_testers_have_two_links() -> None:
    test = opened()

    assert rehearsing.add_tester(test, "One")[1] != rehearsing.add_tester(test, "One")[1]


def test_a_link_that_was_taken_back_leads_nowhere() -> None:
    tester, key = rehearsing.add_tester(opened(), "Some Body")

    rehearsing.remove_tester(tester)

    assert rehearsing.tester_of(key) is None


def test_nobody_is_named_once_the_test_has_ended() -> None:
    test = opened()
    rehearsing.end(test)

    with pytest.raises(Over):
        rehearsing.add_tester(test, "Some Body")


def test_a_link_is_whose_who_begins_first() -> None:
    tester, key = rehearsing.add_tester(opened(), "Some Body")
    first, second = build.customer("First"), build.customer("Second")

    rehearsing.bind(tester, first)
    rehearsing.bind(tester, first)
    with pytest.raises(NotTheirs):
        rehearsing.bind(tester, second)

    found = rehearsing.tester_of(key)
    assert found is not None
    assert found.customer == first


def test_nobody_begins_with_a_link_once_the_test_has_ended() -> None:
    test = opened()
    tester, _key = rehearsing.add_tester(test, "Some Body")
    rehearsing.end(test)

    with pytest.raises(Over):
        rehearsing.bind(tester, build.customer())
