"""What is done in the authority's own service: noted here, told by the authority's system when it arrives, and a case from then on."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections

from apps.applications import drafting, keeping
from apps.applications.models import Application
from apps.cases import envelope, intake, redirected, transferring
from apps.cases.models import Case, Event, NotAllowed, Way
from apps.people.models import Principal, System
from apps.services.models import Version
from tests import build
from tests.build import NOW

pytestmark = pytest.mark.django_db
OWN = {"sv": "https://example.com/sv/", "fi": "https://example.com/fi/?a=1&lang=x#top"}


def service(**more: Any) -> Version:
    return build.version(
        build.page("first", build.field("text", "title")), own_service=OWN, languages=["sv", "fi"], **more
    )


def system(**more: Any) -> System:
    known = {"scopes": ["read", "write"], "name": f"system {System.objects.count()}", "authority": build.authority()}
    return System.objects.create(**{**known, **more})


def noted(of: Version | None = None, name: str = "Example") -> Application:
    return drafting.await_elsewhere(of or service(), build.customer(name), "sv", uuid.uuid4())


def arrived(paper: Application, by: System | None = None, **data: Any) -> Event:
    assert paper.external_id
    return redirected.arrive(by or system(), paper.external_id, uuid.uuid4(), NOW, data)


# --- the note --------------------------------------------------------------------------------------------------------


def test_going_on_again_gives_the_same_note() -> None:
    of = service()

    assert noted(of).pk == noted(of).pk
    assert noted(of, "Another").pk != noted(of).pk


def test_a_new_note_is_made_once_one_has_arrived() -> None:
    of = service()
    first = noted(of)
    arrived(first)

    assert noted(of).pk != first.pk


def test_a_note_is_never_sent_here() -> None:
    with pytest.raises(NotAllowed):
        intake.send(noted(), at=NOW)

    assert not Case.objects.exists()


def test_a_note_is_forgotten_with_old_drafts() -> None:
    paper = noted()
    last = keeping.kept_until(paper)
    assert last is not None

    assert keeping.forget(paper, last + timedelta(days=1))


@pytest.mark.parametrize(
    ("language", "address"),
    [
        ("sv", "https://example.com/sv/?externalId={id}&lang=sv"),
        ("fi", "https://example.com/fi/?a=1&externalId={id}&lang=fi#top"),
    ],
)
def test_address_there_says_the_external_id_and_the_language_beside_its_own_query(language: str, address: str) -> None:
    paper = noted()

    assert redirected.address_there(paper, language) == address.format(id=paper.external_id)


# --- its arrival -----------------------------------------------------------------------------------------------------


def test_arrival_makes_the_case_under_the_external_id() -> None:
    paper, by, key = noted(), system(), uuid.uuid4()
    assert paper.external_id

    line = redirected.arrive(by, paper.external_id, key, NOW, {"arrivedAt": "2027-02-27T10:00:00+02:00"})

    case = line.case
    paper.refresh_from_db()
    assert (line.key, line.number, line.kind, line.by_system, line.by_name) == (key, 1, "received", by, by.name)
    assert (case.external_id, case.application, case.way, case.status) == (
        paper.external_id,
        paper,
        Way.OTHER_SERVICE,
        "received",
    )
    assert case.arrived_at.isoformat() == paper.sent_at.isoformat() == "2027-02-27T08:00:00+00:00"  # type: ignore[union-attr]
    assert (paper.answers, paper.sheet(), paper.is_redirected) == ({}, [], False)
    assert line.sender.name == "Example Customer"


def test_arrival_is_now_where_nothing_is_said() -> None:
    assert arrived(noted()).case.arrived_at == NOW


def test_a_register_number_that_is_there_at_once_is_the_cases_and_told() -> None:
    line = arrived(noted(), registerNumber=" EX/1/2027 ")

    assert line.case.register_number == "EX/1/2027"
    assert envelope.event(line, 1)["data"]["registerNumber"] == "EX/1/2027"
    assert "ex/1/2027" in Case.objects.get().words


def test_receivers_are_told_of_an_empty_paper_by_who_it_is() -> None:
    line = arrived(noted())

    told = envelope.case_data(line)

    assert told["commondata"] == {"customer": {"name": "Example Customer"}, "answers": {}}
    assert [paper["pages"] for paper in told["formdata"]["papers"]] == [[]]
    assert told["way"] == "other_service"
    assert "registerNumber" not in envelope.event(line, 1)["data"]


def test_it_is_told_for_whom_it_was_noted() -> None:
    company = Principal.objects.create(kind="company", subject="1234567-1", name="Exempel Ab")
    customer = build.customer()
    customer.acting_for = company
    paper = drafting.await_elsewhere(service(), customer, "sv", uuid.uuid4())

    told = envelope.case_data(arrived(paper))["commondata"]["customer"]

    assert told["onBehalfOf"] == {"kind": "company", "name": "Exempel Ab", "businessId": "1234567-1"}


def test_a_case_that_arrived_so_goes_on_like_any_other() -> None:
    by = system()
    case = arrived(noted(), by).case

    case.take_step("take_up", by=by, at=NOW)
    case.take_step("close", by=by, at=NOW, outcome="noted", text="Så är det.")

    case.refresh_from_db()
    assert (case.status, case.outcome) == ("closed", "noted")
    assert list(Case.objects.of(build.customer())) == [case]


def test_transferred_it_is_a_case_there_under_another_external_id_and_still_an_empty_paper() -> None:
    paper = noted()
    case = arrived(paper).case
    there = build.version(key="there", authority="other-town").service

    transferring.transfer(case, by=build.official(), to="other-town", text="Theirs.", service=there, at=NOW)

    moved = Case.objects.get(transferred_from=case)
    assert moved.external_id != case.external_id == paper.external_id
    assert moved.application.sheet() == []


def test_posted_again_under_its_key_it_gives_the_same_line() -> None:
    paper, by, key = noted(), system(), uuid.uuid4()
    assert paper.external_id
    first = redirected.arrive(by, paper.external_id, key, NOW, {})

    assert redirected.arrive(by, paper.external_id, key, NOW, {}) == first
    assert Case.objects.count() == 1


def test_it_arrives_once() -> None:
    paper, by = noted(), system()
    arrived(paper, by)

    with pytest.raises(NotAllowed):
        arrived(paper, by)


WRONG: list[Any] = [
    "2027-03-01T11:36:00+02:00",
    "2027-03-01T09:00:00",
    "yesterday",
    5,
    "",
    [],
    "0001-01-01T00:00:00+05:00",
]


@pytest.mark.parametrize("said", WRONG, ids=repr)
def test_an_arrival_that_cannot_be_is_refused(said: Any) -> None:
    with pytest.raises(NotAllowed):
        arrived(noted(), arrivedAt=said)

    assert Application.objects.get().is_redirected


@pytest.mark.parametrize("said", ["", " ", 5, "x" * 61, "a\nb", []], ids=repr)
def test_a_register_number_that_cannot_be_is_refused(said: Any) -> None:
    with pytest.raises(NotAllowed):
        arrived(noted(), registerNumber=said)


STRANGERS: dict[str, Callable[[], System]] = {
    "of another authority": lambda: system(authority=build.authority("other-town")),
    "about another service": lambda: system(only_services=["another"]),
    "for testing": lambda: system(is_test=True),
}


@pytest.mark.parametrize("who", STRANGERS)
def test_a_strange_systems_external_id_is_unknown_like_one_that_is_made_up(who: str) -> None:
    paper, by = noted(), STRANGERS[who]()

    assert redirected.awaited(by, paper.external_id or uuid.uuid4()) is None
    with pytest.raises(Application.DoesNotExist):
        arrived(paper, by)
    arrived(paper)
    with pytest.raises(Application.DoesNotExist):
        arrived(paper, by)
    with pytest.raises(Application.DoesNotExist):
        redirected.arrive(by, uuid.uuid4(), uuid.uuid4(), NOW, {})


def test_a_system_that_may_only_read_tells_nothing() -> None:
    with pytest.raises(NotAllowed):
        arrived(noted(), system(scopes=["read"]))


def test_a_draft_that_is_filled_in_here_does_not_arrive_there() -> None:
    draft = build.application()
    draft.external_id = uuid.uuid4()
    draft.save()

    assert redirected.awaited(system(), draft.external_id) is None
    with pytest.raises(Application.DoesNotExist):
        arrived(draft)


@pytest.mark.both
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="the test database of SQLite is one connection's own")
def test_two_arrivals_at_once_give_one_case() -> None:
    paper, by, key = noted(), system(), uuid.uuid4()
    external_id = paper.external_id
    assert external_id
    found: list[Any] = []

    def post() -> None:
        try:
            found.append(redirected.arrive(by, external_id, key, NOW, {}).pk)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=post) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 4
    assert len(set(found)) == 1


# --- an external id that is taken ------------------------------------------------------------------------------------


def test_of_two_drafts_of_one_external_id_the_second_gets_one_of_its_own() -> None:
    of, shared = build.version(), uuid.uuid4()
    drafts = [build.application(of, by=build.customer(name)) for name in ("First", "Second")]
    for draft in drafts:
        draft.external_id = shared
        draft.save()

    first, second = (intake.send(draft, at=NOW) for draft in drafts)

    assert first.external_id == shared
    assert second.external_id != shared
    assert second.events.count() == 1
    assert second.number != first.number


@pytest.mark.both
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="the test database of SQLite is one connection's own")
def test_two_drafts_of_one_external_id_sent_at_once_both_arrive() -> None:
    of, shared = build.version(), uuid.uuid4()
    drafts = [build.application(of, by=build.customer(f"Customer {n}")) for n in range(4)]
    Application.objects.update(external_id=shared)

    def send(draft: Application) -> None:
        try:
            intake.send(draft, at=NOW)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send, args=(draft,)) for draft in drafts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Case.objects.count() == 4
    assert Case.objects.filter(external_id=shared).count() == 1
