"""How a service's authority is connected: what is missing until it works, and where that is told."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from apps.people import systems
from apps.people.models import System
from apps.services import connecting, gate, working
from apps.services.models import Service, Version
from apps.services.tasklist import DONE, TO_DO, Task, tasks_of
from tests import build
from tests.interface import callers

pytestmark = pytest.mark.django_db

WAYS: dict[str, dict[str, Any]] = {
    "simplified": {"connection": "simplified"},
    "interface": {"connection": "interface"},
    "conditional": {
        "connection": "conditional",
        "own_service": dict.fromkeys(("sv", "fi", "en"), "https://handling.example/"),
    },
}


def service(way: str = "interface") -> Service:
    """A published service that is connected so."""
    return build.version(**WAYS[way]).service


def lacks(of: Service | None = None) -> list[str]:
    """What is missing."""
    found = Service.objects.get(pk=(of or service()).pk)
    assert found.published is not None
    return list(connecting.standing(found, found.published.definition, at=build.NOW).lacks)


def advice(of: Service) -> list[str]:
    """What would be better."""
    found = Service.objects.get(pk=of.pk)
    assert found.published is not None
    return list(connecting.standing(found, found.published.definition).advice)


def connect(name: str = "Register", *, used: bool = True, key: bool = True, **more: Any) -> System:
    """A system for real cases, by default one that has called with its key."""
    made = callers.system(name, **more)
    if key:
        systems.make_key(made, by=None, at=build.NOW)
    if used:
        System.objects.filter(pk=made.pk).update(used_at=build.NOW)
    return made


def tried_through(name: str = "Tester", *, all_but: int = 0, **more: Any) -> System:
    """A system for testing that has been put through the end-to-end test."""
    done = systems.REQUIRED[: len(systems.REQUIRED) - all_but]
    return callers.system(name, is_test=True, checks=dict.fromkeys(done, build.NOW.isoformat()), **more)


def task(of: Service) -> Task:
    """The task of the way of connecting."""
    copy = working.begin(of, by=None)
    return next(one for one in tasks_of(of, copy) if one.name == "connection")


# --- what is missing ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["simplified", "conditional"])
def test_without_a_system_of_its_own_nothing_is_missing(way: str) -> None:
    assert lacks(service(way)) == []


def test_with_a_system_that_has_called_and_one_that_was_tested_nothing_is_missing() -> None:
    connect()
    tried_through()

    assert lacks() == []


def test_first_both_systems_are_missing() -> None:
    assert len(lacks()) == 2


@pytest.mark.parametrize(
    "more",
    [
        {"scopes": ["read", "ledger"]},
        {"only": ["another"]},
        {"active": False},
        {"is_test": True},
        {"key": False},
        {"used": False},
    ],
    ids=lambda more: next(iter(more)),
)
def test_a_system_that_does_not_handle_the_cases_is_none(more: dict[str, Any]) -> None:
    tried_through()
    connect(**more)

    assert len(lacks()) == 1


def test_a_key_that_has_ended_is_none() -> None:
    tried_through()
    systems.replace_keys(connect(), by=None, overlap=timedelta(0), at=build.NOW)
    assert lacks() == []

    for key in System.objects.get(name="Register").keys.all():
        systems.end_key(key, at=build.NOW)
    assert len(lacks()) == 1


@pytest.mark.parametrize(
    "known", [{"xroad_client": "FI/MUN/0000000-0/a"}, {"certificate": "ab" * 32}], ids=["x-road", "certificate"]
)
def test_a_system_that_is_known_otherwise_needs_no_key(known: dict[str, Any]) -> None:
    tried_through()
    connect(key=False, **known)

    assert lacks() == []


def test_the_end_to_end_test_is_to_be_finished() -> None:
    connect()
    tried_through(all_but=1)

    (said,) = lacks()
    assert str(len(systems.REQUIRED) - 1) in said


def test_what_another_authority_has_connected_is_nothing_here() -> None:
    other = build.authority("other")
    connect(of=other)
    tried_through(of=other)

    assert len(lacks()) == 2


def test_of_a_conditional_service_a_system_that_tells_what_arrives_is_advised() -> None:
    own = service("conditional")
    assert lacks(own) == []
    assert len(advice(own)) == 1

    callers.system("Tester", is_test=True)
    callers.system("Reader", scopes=["read"])
    callers.system("Of another", only=["another"])
    assert len(advice(own)) == 1

    callers.system("Register")
    assert advice(own) == []


@pytest.mark.parametrize("way", ["simplified", "interface"])
def test_the_other_ways_are_advised_nothing(way: str) -> None:
    assert advice(service(way)) == []


def test_all_are_told_by_their_published_version_or_else_their_newest() -> None:
    built = build.version(**WAYS["interface"]).service
    build.version(build.page("first", build.field("text", "other")), published=False)
    unpublished = build.version(key="second", published=False).service
    build.version(key="second", published=False, **WAYS["conditional"])
    survey = build.version(key="third", kind="survey").service

    told = connecting.standing_of_all(Service.objects.all())

    assert {pk: one.way for pk, one in told.items()} == {built.pk: "interface", unpublished.pk: "conditional"}
    assert survey.pk not in told
    assert list(told[built.pk].lacks) == lacks(built)
    assert (told[unpublished.pk].lacks, len(told[unpublished.pk].advice)) == ((), 1)


def test_all_are_told_with_three_queries(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    connect()
    tried_through()
    for number, way in enumerate(["interface", "interface", "conditional", "simplified"]):
        build.version(key=f"s{number}", **WAYS[way])
        build.version(key=f"u{number}", published=False, **WAYS[way])
    services = list(Service.objects.select_related("published"))

    with django_assert_max_num_queries(3):
        assert len(connecting.standing_of_all(services)) == 8


# --- where it is told --------------------------------------------------------------------------------------------------


def test_the_task_list_says_what_is_missing_until_nothing_is() -> None:
    own = service()
    assert (task(own).state, task(own).page) == (TO_DO, "basics")
    for words in lacks(own):
        assert words in task(own).told

    connect()
    tried_through()

    assert task(own).state == DONE


@pytest.mark.parametrize("way", ["simplified", "conditional"])
def test_the_other_ways_are_done(way: str) -> None:
    assert task(service(way)).state == DONE


def test_the_gate_warns_and_stops_nothing() -> None:
    version = build.version(**WAYS["interface"])

    found = [finding for finding in gate.of_version(version) if finding.check == "connection"]

    assert len(found) == 2
    assert not any(finding.stops for finding in found)
    connect()
    tried_through()
    assert not [finding for finding in gate.of_version(version) if finding.check == "connection"]


def test_of_a_conditional_service_task_list_builder_and_gate_advise() -> None:
    own = service("conditional")
    (advised,) = advice(own)
    copy = working.begin(own, by=None)
    browser = build.signed_in(build.official("designs", role="designer"))

    assert task(own).state == DONE
    assert advised in task(own).told
    assert [one.words for one in gate.of_copy(copy) if one.check == "connection"] == [advised]
    assert advised in unescape(browser.get(f"/admin/services/service/{own.pk}/build/about/told/").content.decode())


def test_no_word_says_any_more_that_it_is_not_in_effect() -> None:
    browser = build.signed_in(build.official("designs", role="designer"))
    own = service()
    working.begin(own, by=None)

    said = browser.get(f"/admin/services/service/{own.pk}/build/about/told/").content.decode()

    assert lacks(own)[0] in unescape(said)
    assert "inte i bruk" not in said
    assert "not yet in effect" not in said


# --- on the desk -------------------------------------------------------------------------------------------------------


def test_the_desk_says_in_whose_system_a_case_is_handled() -> None:
    case = build.case(build.version(**WAYS["interface"]))
    connect("Example register")
    browser = build.signed_in(build.official())

    for page in (f"/admin/cases/case/{case.pk}/change/", "/admin/cases/case/"):
        assert "Example register" in browser.get(page).content.decode()


def test_of_a_simplified_service_the_desk_says_nothing_of_systems() -> None:
    case = build.case(build.version(**WAYS["simplified"]))
    connect("Example register")
    browser = build.signed_in(build.official())

    for page in (f"/admin/cases/case/{case.pk}/change/", "/admin/cases/case/"):
        assert "Example register" not in browser.get(page).content.decode()


def test_staff_still_take_every_step() -> None:
    case = build.case(build.version(**WAYS["interface"]))
    connect()

    assert "take_up" in {step.name for step in case.steps_for(build.official())}


def test_the_list_asks_one_query_more_for_however_many_services(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    browser = build.signed_in(build.official())
    build.case(build.version(**WAYS["interface"]))
    connect()
    browser.get("/admin/cases/case/")
    with django_assert_max_num_queries(14) as first:
        browser.get("/admin/cases/case/")

    for key in ("second", "third"):
        build.case(build.version(key=key, **WAYS["interface"]))
    connect("Second")
    with django_assert_max_num_queries(len(first)):
        browser.get("/admin/cases/case/")


# --- changing it -------------------------------------------------------------------------------------------------------


def changed_to(way: str, number: int) -> Version:
    """The service published anew, connected in another way."""
    return build.version(
        build.page("first", build.field("text", "title"), build.field("text", f"q{number}", required=False)),
        **WAYS[way],
    )


def test_changing_the_way_back_and_forth_loses_no_case() -> None:
    register = connect(key=False)
    key = callers.key(register)
    browser = build.signed_in(build.official())
    cases = []

    for number, way in enumerate(["simplified", "interface", "conditional", "interface", "simplified"]):
        version = changed_to(way, number)
        if way != "conditional":
            cases.append(build.case(version))

        listed = browser.get("/admin/cases/case/").content.decode()
        ledger = callers.call(None, "GET", "commondata", key=key).json()["items"]
        assert {item["externalId"] for item in ledger} == {str(case.external_id) for case in cases}
        for case in cases:
            assert str(case.number) in listed
            assert browser.get(f"/admin/cases/case/{case.pk}/change/").status_code == 200
            assert callers.call(None, "GET", f"commondata/{case.external_id}", key=key).status_code == 200
            assert case.steps_for(register)
            assert case.steps_for(build.official())
