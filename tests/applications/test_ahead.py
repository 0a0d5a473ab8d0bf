"""What a version would mean for drafts that have been begun, told before it is published."""

from __future__ import annotations

from datetime import date

import pytest
from django.utils.translation import override

from apps.applications import ahead as looking
from apps.applications.ahead import ahead, ahead_words
from apps.applications.models import Application
from apps.services.models import Version
from apps.services.publishing import effect_of, take_old_versions_until
from tests import build
from tests.build import field, page

pytestmark = pytest.mark.django_db

OLD = page("first", field("text", "title"), field("text", "gone", required=False))
NEW = page("first", field("text", "title"), field("text", "more"))


def drafts(*answers: dict[str, str]) -> Version:
    """Drafts of a first version with these answers; the version after it."""
    old = build.version(OLD)
    for n, given in enumerate(answers):
        build.application(old, by=build.customer(f"Number {n}"), answers=given)
    return build.version(NEW, published=False)


def told(version: Version) -> list[str]:
    """The sentences in English."""
    with override("en"):
        return ahead_words(version)


def test_it_tells_how_many_drafts_would_lose_which_answers() -> None:
    version = drafts({"title": "A"}, {"title": "B", "gone": "x"}, {"gone": "y"})

    found = ahead(version)

    assert (found.drafts, found.losing, dict(found.questions)) == (3, 2, {"Gone sv": 2})
    assert told(version) == [
        "3 drafts are affected.",
        "Whoever has begun can finish as they began, or go over to the new version: they choose themselves.",
        "On the way to the new version 2 of them would lose answers: “Gone” (2).",
    ]


def test_when_every_answer_fits_it_says_so() -> None:
    assert told(drafts({"title": "A"}))[-1] == "Every answer comes along to the new version."


def test_without_drafts_there_is_nothing_more_to_say() -> None:
    assert told(drafts()) == ["0 drafts are affected."]


@pytest.mark.parametrize(
    ("last", "expected"), [(date(2190, 6, 5), "until 5.6.2190"), (date(2020, 1, 1), "must go over")]
)
def test_the_last_day_for_older_versions_is_told(last: date, expected: str) -> None:
    version = drafts({"title": "A"})
    take_old_versions_until(version.service, last)

    assert expected in told(version)[1]


def test_sent_papers_tests_and_drafts_of_the_version_itself_are_not_counted() -> None:
    version = drafts({"title": "A"})
    build.case(version.service.published, by=build.customer("Sent"), answers={"title": "S"})
    Application.objects.filter(answers={"title": "A"}).update(is_test=True)
    build.application(version, by=build.customer("Own"))

    assert ahead(version).drafts == 0


def test_of_very_many_only_some_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    version = drafts({"gone": "x"}, {"gone": "y"}, {"gone": "z"})
    monkeypatch.setattr(looking, "MOST_JUDGED", 2)

    found = ahead(version)

    assert (found.drafts, found.looked_at, found.losing) == (3, 2, 2)


def test_the_floor_below_hears_it_without_knowing_of_drafts() -> None:
    version = drafts({"title": "A"})

    with override("en"):
        assert effect_of(version)[0] == "1 draft is affected."
