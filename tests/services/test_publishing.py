"""What must hold before the public sees a version, and what publishing changes."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections
from pytest_django import DjangoAssertNumQueries

from apps.people.models import LogLine, User
from apps.services import publishing
from apps.services.exchange import import_service
from apps.services.models import Immutable, Publication, Service, Version
from apps.services.publishing import (
    NothingBefore,
    NotTheSecond,
    Settled,
    ask,
    call_off,
    close,
    confirm,
    obstacles,
    open_again,
    publish,
    publish_due,
    take_back,
    take_old_versions_until,
    version_before,
    waiting_of,
)
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


# --- asked for, confirmed, at a set time -------------------------------------------------------------------------------

LATER = NOW + timedelta(days=2)


def designer(name: str = "designer") -> User:
    """Somebody who defines the services of the authority."""
    return official(name, role="designer")


def second_version() -> Version:
    """The next version of the example service, whose first one is published."""
    version()
    return version(page("first", field("text", "other")), published=False)


def with_two_persons() -> Version:
    """The same where the authority wants a second person."""
    authority(two_persons=True)
    return second_version()


def in_use() -> int:
    """The number of the version that customers fill in."""
    published = Service.objects.get().published
    assert published
    return published.number


def test_every_version_that_takes_effect_leaves_a_publication() -> None:
    made, by = version(published=False), designer()

    publish(made, by=by, at=NOW)

    (left,) = Publication.objects.all()
    assert (left.version, left.asked_by, left.asked_at, left.done_at, left.needs_second) == (made, by, NOW, NOW, False)


def test_what_is_asked_for_takes_effect_at_once() -> None:
    asked = ask(second_version(), by=designer(), why="The law has changed", at=LATER)

    assert (asked.done_at, asked.why, in_use()) == (LATER, "The law has changed", 2)
    assert (asked.version.published_at, asked.version.published_by) == (LATER, designer())


def test_what_the_gate_stops_is_not_published() -> None:
    clash = page("first", field("text", "name", hint=said("Help")), field("text", "name_helptext"))
    made = version(clash, published=False)

    with pytest.raises(Unreadable) as refused:
        ask(made, by=designer(), why="x", at=NOW)

    assert [problem.path for problem in refused.value.problems] == ["pages[0]"]
    assert not Publication.objects.exists()


def test_where_two_persons_are_wanted_another_one_confirms() -> None:
    asked = ask(with_two_persons(), by=designer(), why="x", at=NOW)
    assert (asked.needs_second, asked.done_at, in_use()) == (True, None, 1)

    with pytest.raises(NotTheSecond):
        confirm(asked, by=designer(), at=LATER)
    confirm(asked, by=designer("second"), at=LATER)

    assert (asked.confirmed_by, asked.confirmed_at, asked.done_at, in_use()) == (designer("second"), LATER, LATER, 2)
    assert asked.version.published_by == designer()
    with pytest.raises(Settled):
        confirm(asked, by=designer("third"), at=LATER)


def test_what_is_wanted_later_takes_effect_at_its_time_and_once() -> None:
    ask(second_version(), by=designer(), why="x", wanted_at=LATER, at=NOW)

    assert publish_due(LATER - timedelta(seconds=1)) == 0
    assert in_use() == 1
    assert publish_due(LATER + timedelta(seconds=1)) == 1
    assert publish_due(LATER + timedelta(minutes=1)) == 0
    assert (in_use(), Publication.objects.filter(done_at__gt=LATER).count()) == (2, 1)
    assert LogLine.objects.get().detail == "published 2"


def test_what_nobody_has_confirmed_waits_beyond_its_time() -> None:
    asked = ask(with_two_persons(), by=designer(), why="x", wanted_at=LATER, at=NOW)

    assert publish_due(LATER + timedelta(days=1)) == 0
    confirm(asked, by=designer("second"), at=LATER + timedelta(days=2))

    assert in_use() == 2


def test_what_is_confirmed_in_time_waits_for_its_time() -> None:
    asked = ask(with_two_persons(), by=designer(), why="x", wanted_at=LATER, at=NOW)

    confirm(asked, by=designer("second"), at=NOW)

    assert in_use() == 1
    assert publish_due(LATER) == 1
    assert in_use() == 2


def test_what_is_called_off_never_takes_effect() -> None:
    asked = ask(second_version(), by=designer(), why="x", wanted_at=LATER, at=NOW)

    call_off(asked, by=designer("other"), at=NOW)

    assert (asked.called_off_by, publish_due(LATER), in_use()) == (designer("other"), 0, 1)
    with pytest.raises(Settled):
        call_off(asked, by=designer(), at=LATER)


def test_one_publication_of_a_service_waits_at_a_time() -> None:
    first = ask(second_version(), by=designer(), why="x", wanted_at=LATER, at=NOW)
    third = version(page("first", field("text", "third")), published=False)

    again = ask(third, by=designer("other"), why="y", wanted_at=LATER, at=NOW)

    first.refresh_from_db()
    assert (first.called_off_by, waiting_of(third.service)) == (designer("other"), again)
    assert publish_due(LATER) == 1
    assert in_use() == 3


def test_what_is_published_meanwhile_is_not_undone_at_the_set_time() -> None:
    ask(second_version(), by=designer(), why="x", wanted_at=LATER, at=NOW)
    version(page("first", field("text", "third")))

    assert publish_due(LATER) == 0
    assert in_use() == 3


def test_one_that_was_overtaken_all_the_same_is_called_off_at_its_time() -> None:
    asked = ask(second_version(), by=designer(), why="x", wanted_at=LATER, at=NOW)
    version(page("first", field("text", "third")), published=False)
    newest = Version.objects.get(number=3)
    Publication.objects.create(version=newest, asked_at=NOW, done_at=NOW + timedelta(hours=1))

    assert publish_due(LATER) == 0

    asked.refresh_from_db()
    assert (asked.called_off_at, asked.called_off_by, asked.done_at) == (LATER, None, None)
    assert LogLine.objects.get().detail == "called off 2"


@pytest.mark.both
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="the test database of SQLite is one connection's own")
def test_of_two_relays_at_the_set_time_one_publishes() -> None:
    ask(second_version(), by=designer(), why="x", wanted_at=LATER, at=NOW)
    together = threading.Barrier(2)

    def one(_n: int) -> int:
        try:
            together.wait(30)
            return publish_due(LATER)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as threads:
        assert sum(threads.map(one, range(2))) == 1
    assert Publication.objects.filter(done_at__isnull=False).count() == 2


def test_of_two_that_have_seen_it_wait_one_publishes() -> None:
    asked = ask(second_version(), by=designer(), why="x", wanted_at=LATER, at=NOW)

    done = [publishing._publish_one(asked, LATER) for _relay in range(2)]

    assert done == [True, False]


def test_a_service_is_taken_back_to_the_version_of_before() -> None:
    first = second_version().service.published
    ask(Version.objects.get(number=2), by=designer(), why="x", at=NOW + timedelta(days=1))
    service = Service.objects.get()
    assert version_before(service) == first

    back = take_back(service, by=designer(), why="It asked too much", at=LATER)

    assert (in_use(), back.why, back.version.published_at) == (1, "It asked too much", NOW)
    assert version_before(Service.objects.get()) == Version.objects.get(number=2)


def test_the_version_before_is_known_of_services_published_before_there_were_publications() -> None:
    version()
    version(page("first", field("text", "other")))
    Publication.objects.all().delete()

    assert version_before(Service.objects.get()) == Version.objects.get(number=1)


def test_a_first_version_cannot_be_taken_back() -> None:
    service = version().service

    with pytest.raises(NothingBefore):
        take_back(service, by=designer(), why="x", at=NOW)


def test_taking_back_waits_for_the_second_person_too() -> None:
    authority(two_persons=True)
    version()
    version(page("first", field("text", "other")))

    asked = take_back(Service.objects.get(), by=designer(), why="x", at=LATER)

    assert (asked.needs_second, in_use()) == (True, 2)
