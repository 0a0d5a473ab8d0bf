"""What must hold before the public sees a version, and what publishing changes."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from apps.services.exchange import import_service
from apps.services.models import Immutable, Service, Version
from apps.services.publishing import close, obstacles, open_again, publish, take_old_versions_until
from apps.services.reading import Unreadable
from tests.build import (
    NOW,
    TODAY,
    application,
    authority,
    definition,
    document,
    field,
    official,
    options,
    page,
    said,
    version,
)

pytestmark = pytest.mark.django_db


def obstacle_paths(*pages: dict[str, Any], **more: Any) -> list[str]:
    """Where a definition stands in its own way."""
    return [problem.path for problem in obstacles(definition(*pages, **more))]


def test_complete_definition_can_be_published() -> None:
    assert obstacle_paths() == []


def test_text_missing_in_a_promised_language_is_an_obstacle() -> None:
    half = {"sv": "bara svenska"}

    assert obstacle_paths(name=half) == ["name.fi", "name.en"]
    assert obstacle_paths(page("first", field("text", "t", label=half))) == [
        "pages[0].fields[0].label.fi",
        "pages[0].fields[0].label.en",
    ]
    assert obstacle_paths(page("first", field("text", "t"), title=half)) == ["pages[0].title.fi", "pages[0].title.en"]
    assert obstacle_paths(page("first", field("text", "t"), text=half)) == ["pages[0].text.fi", "pages[0].text.en"]
    assert obstacle_paths(deadline=half) == ["deadline.fi", "deadline.en"]
    assert obstacle_paths(
        page("first", field("choice", "c", options=[*options("a"), {"value": "b", "label": half}]))
    ) == ["pages[0].fields[0].options[1].label.fi", "pages[0].fields[0].options[1].label.en"]
    assert obstacle_paths(page("first", field("whole_number", "n", unit=half))) == [
        "pages[0].fields[0].unit.fi",
        "pages[0].fields[0].unit.en",
    ]


def test_language_that_is_not_promised_need_not_be_written() -> None:
    assert obstacle_paths(languages=["sv"], name={"sv": "bara svenska"}) == []


def test_text_that_need_not_be_there_is_no_obstacle() -> None:
    assert obstacle_paths(page("first", field("text", "t", hint=said("Help")))) == []


def test_form_that_asks_nothing_is_an_obstacle() -> None:
    assert obstacle_paths(page("first", field("heading", "h"))) == ["pages"]


def test_version_with_obstacles_is_not_published() -> None:
    unfinished = version(name={"sv": "x"}, published=False)

    with pytest.raises(Unreadable):
        publish(unfinished, by=None, at=NOW)

    unfinished.refresh_from_db()
    assert unfinished.published_at is None
    assert Service.objects.open().count() == 0


def test_publishing_opens_the_service_with_that_version() -> None:
    made, designer = version(published=False), official("designer", role="designer")

    publish(made, by=designer, at=NOW)

    made.refresh_from_db()
    assert (made.published_at, made.published_by) == (NOW, designer)
    assert made.is_published
    assert Service.objects.open().get().published == made


def test_next_version_takes_over_and_drafts_keep_theirs() -> None:
    first = version(page("first", field("text", "title")))
    draft = application(first)

    second = version(page("first", field("text", "heading")))

    draft.refresh_from_db()
    first.refresh_from_db()
    assert (first.is_published, second.is_published) == (False, True)
    assert draft.version == first
    assert list(draft.definition.fields) == ["title"]
    assert list(second.definition.fields) == ["heading"]


def test_closed_service_is_found_by_nobody() -> None:
    service = version().service

    close(service, at=NOW)
    close(service, at=NOW + timedelta(days=1))
    assert not Service.objects.open().exists()
    assert service.closed_at == NOW

    open_again(service)
    assert Service.objects.open().get() == service


def test_version_of_before_can_be_published_again() -> None:
    first, second = version(), version(page("first", field("text", "other")))

    publish(first, by=None, at=NOW + timedelta(days=1))

    assert Service.objects.get().published == first
    second.refresh_from_db()
    assert not second.is_published


def test_version_published_again_keeps_when_and_by_whom_it_first_was() -> None:
    first, designer = version(published=False), official("designer", role="designer")
    publish(first, by=designer, at=NOW)
    version(page("first", field("text", "other")))

    publish(first, by=None, at=NOW + timedelta(days=1))

    stored = Version.objects.get(pk=first.pk)
    assert stored.is_published
    assert (stored.published_at, stored.published_by) == (first.published_at, first.published_by) == (NOW, designer)


@pytest.mark.parametrize(("name", "value"), [("document", "{}"), ("digest", "0" * 64), ("number", 9)])
def test_what_a_version_says_is_never_changed(name: str, value: Any) -> None:
    made = version()
    before = getattr(made, name)
    setattr(made, name, value)

    with pytest.raises(Immutable):
        made.save()
    with pytest.raises(Immutable):
        made.save(update_fields=[name])
    with pytest.raises(Immutable):
        Version(pk=made.pk, service=made.service, **{"number": 1, name: value}).save()
    with pytest.raises(Immutable):
        made.service.versions.update(**{name: value})

    assert getattr(Version.objects.get(pk=made.pk), name) == before


def test_what_is_not_frozen_of_a_version_can_be_saved(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    made = Version.objects.defer("document").get(pk=version().pk)
    made.published_at = NOW + timedelta(days=1)

    made.save()
    with django_assert_num_queries(1):  # nothing frozen is read to be compared
        made.save(update_fields=["published_at"])

    assert Version.objects.get().published_at == made.published_at


def test_old_versions_are_taken_to_the_end_of_their_last_day() -> None:
    service = version().service
    assert service.takes_old_versions(TODAY)

    take_old_versions_until(service, TODAY)

    service = Service.objects.get()
    assert [service.takes_old_versions(TODAY + timedelta(days=n)) for n in (-1, 0, 1)] == [True, True, False]


def test_definition_of_a_version_is_parsed_once() -> None:
    made = version()

    assert Version.objects.get(pk=made.pk).definition is Version.objects.get(pk=made.pk).definition


def test_service_is_called_by_its_published_name() -> None:
    made = version(published=False)
    assert str(made.service) == "example"

    publish(made, by=None, at=NOW)

    assert str(Service.objects.get()) == "Name of example sv"
    assert str(made) == "example 1"


def test_official_sees_services_of_their_authorities() -> None:
    version()
    authority("other-town")
    import_service(json.dumps(document(key="other", authority="other-town")), at=NOW)

    assert [s.key for s in Service.objects.visible_to(official())] == ["example"]
    assert [s.key for s in Service.objects.visible_to(official("other", of=authority("other-town")))] == ["other"]
