"""Joining: accepting an authority's form creates all of it or nothing, once, and only by whom it may."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils.translation import override
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from apps.cases import joining
from apps.cases.joining import NotPossible
from apps.cases.models import Case
from apps.cases.rulebook import NotAllowed
from apps.people.models import Authority, LogLine, Membership, User
from apps.services import working
from apps.services.definition import judge, load
from apps.services.models import Service, WorkingCopy
from tests import build

pytestmark = pytest.mark.django_db
FORM = Path(__file__).resolve().parents[2] / "apps/services/library/joining.json"
ANSWERS: dict[str, Any] = {
    "authority_name_sv": "Exempelnäs stad",
    "authority_name_fi": "Esimerkkiniemen kaupunki",
    "authority_name_en": "Exempelnäs town",
    "authority_kind": "municipality",
    "authority_business_id": "1234567-1",
    "authority_email": "registry@example.com",
    "served_municipalities": [{"served_municipality": "091"}, {"served_municipality": "049"}],
    "people": [
        {"given_name": "Test", "family_name": "One", "email": "One@example.com", "roles": ["handler", "designer"]},
        {"given_name": "Test", "family_name": "Two", "email": "two@example.com", "roles": ["reader"]},
    ],
    "items": ["noise_notification", "public_area_use"],
    "connection": "simplified",
    "item_settings": [{"item": "public_area_use", "item_connection": "interface", "item_email": "streets@example.com"}],
    "accepts_terms": True,
}


def a_case(**answers: Any) -> Case:
    """A joining form that has arrived at a service by which authorities can join."""
    document = load(FORM.read_text("utf-8"))
    version = build.version(**document)
    Service.objects.filter(pk=version.service_id).update(joins_authorities=True)
    version.service.refresh_from_db()
    paper = build.application(version, answers=ANSWERS)
    case = build.intake.send(paper, at=build.NOW)
    if answers:  # what no form would take
        paper.answers = {key: kept for key, kept in {**ANSWERS, **answers}.items() if kept is not None}
        paper.save()
        case = Case.objects.get(pk=case.pk)
    return case


def handler(case: Case) -> User:
    """Who handles it."""
    return build.official("producer", of=case.service.authority)


def counts() -> tuple[int, ...]:
    """How many authorities, users, services and working copies there are."""
    return tuple(model.objects.count() for model in (Authority, User, Service, WorkingCopy))


# --- what it creates -------------------------------------------------------------------------------------------------


def test_accepting_creates_the_authority() -> None:
    case = a_case()
    authority = joining.accept(case, by=handler(case))
    assert (authority.key, authority.kind, authority.email) == (
        "exempelnas-stad",
        "municipality",
        "registry@example.com",
    )
    assert [authority.named(language) for language in ("sv", "fi", "en")] == [
        "Exempelnäs stad",
        "Esimerkkiniemen kaupunki",
        "Exempelnäs town",
    ]
    assert authority.municipality_codes == ["091", "049"]


def test_accepting_creates_its_first_people_without_passwords() -> None:
    case = a_case()
    authority = joining.accept(case, by=handler(case))
    one = User.objects.get(username="one@example.com")
    assert (str(one), one.email, one.is_staff, one.is_superuser) == ("Test One", "one@example.com", True, False)
    assert not one.has_usable_password()
    held = Membership.objects.filter(authority=authority).values_list("user__username", "role")
    assert set(held) == {
        ("one@example.com", "handler"),
        ("one@example.com", "designer"),
        ("two@example.com", "reader"),
    }


def test_accepting_creates_the_chosen_services_as_working_copies() -> None:
    case = a_case()
    authority = joining.accept(case, by=handler(case))
    services = {service.key: service for service in authority.services.all()}
    assert services.keys() == {"noise-notification-exempelnas-stad", "public-area-use-exempelnas-stad"}
    assert {key: service.email for key, service in services.items()} == {
        "noise-notification-exempelnas-stad": "",
        "public-area-use-exempelnas-stad": "streets@example.com",
    }
    for key, service in services.items():
        document = working.document_of(service.working_copy)
        assert (document["key"], document["authority"]) == (key, authority.key)
        assert document["contact"]["fi"] == "Esimerkkiniemen kaupunki, registry@example.com"
        assert judge(document)[1] == []
    assert working.document_of(services["public-area-use-exempelnas-stad"].working_copy)["connection"] == "interface"


def test_accepting_closes_the_case_and_the_diary_tells_it() -> None:
    case = a_case()
    joining.accept(case, by=handler(case), at=build.NOW + timedelta(days=1))
    case.refresh_from_db()
    assert (case.status, case.outcome) == ("closed", "registered")
    assert [line.kind for line in case.events.all()] == ["received", "take_up", "note", "close"]
    told, closed = (case.events.get(kind=kind).data["text"] for kind in ("note", "close"))
    assert told.splitlines()[0].endswith("Exempelnäs stad (exempelnas-stad)")
    assert "one@example.com" in told
    assert "Exempelnäs stad" in closed
    assert "one@example.com" not in closed


def test_accepting_twice_does_nothing() -> None:
    case = a_case()
    first = joining.accept(case, by=handler(case))
    other = build.official("another", of=case.service.authority)
    before = (counts(), case.events.count())
    assert joining.accept(case, by=other, key="another-key") == first
    assert (counts(), case.events.count()) == before


def test_official_can_correct_the_key() -> None:
    case = a_case()
    assert joining.accept(case, by=handler(case), key="nas").key == "nas"
    assert Service.objects.filter(key="noise-notification-nas").exists()


def test_key_of_a_name_that_is_taken_gets_a_number() -> None:
    build.authority("exempelnas-stad")
    case = a_case()
    assert joining.accept(case, by=handler(case)).key == "exempelnas-stad-2"


def test_longest_key_leaves_room_for_those_of_the_services() -> None:
    case = a_case(authority_name_sv="Ett mycket långt namn på en myndighet som ingen orkar läsa")
    authority = joining.accept(case, by=handler(case))
    assert len(authority.key) <= 40
    assert max(len(service.key) for service in authority.services.all()) <= 60


def test_person_written_twice_has_the_roles_of_both() -> None:
    rows = [{**ANSWERS["people"][0], "roles": ["reader"]}, {**ANSWERS["people"][0], "email": "ONE@example.com"}]
    case = a_case(people=rows)
    (person,) = joining.plan_of(case).people
    assert set(person.roles) == {"reader", "handler", "designer"}


# --- what stands in the way ------------------------------------------------------------------------------------------


def refused(case: Case, **more: Any) -> str:
    """Why it cannot be accepted; nothing has been created."""
    by = handler(case)
    before = counts(), case.status
    with override("en"), pytest.raises(NotPossible) as reasons:
        joining.accept(case, by=by, **more)
    case.refresh_from_db()
    assert (counts(), case.status) == before
    return " ".join(reasons.value.reasons)


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        (
            {"people": [{**ANSWERS["people"][0], "email": "taken@example.com"}]},
            "already a user with the e-mail address taken@",
        ),
        ({"authority_name_sv": "taken-town sv"}, "has joined already"),
        ({"served_municipalities": [{"served_municipality": "478"}]}, "Åland cannot join"),
        ({"accepts_terms": None}, "The authority accepts the service terms"),
        ({"authority_email": None}, "Role address"),
        ({"people": [{**ANSWERS["people"][0], "roles": []}]}, "The first users"),
        ({"items": ["nothing"]}, "Which services are taken into use?"),
        ({"authority_kind": "church"}, "What sort of authority?"),
        ({"authority_email": "nowhere"}, "nowhere is not right"),
        ({"people": [{**ANSWERS["people"][0], "family_name": "x" * 200}]}, "150"),
        ({"people": [{**ANSWERS["people"][0], "email": f"{'x' * 150}@example.com"}]}, "too long for a user name"),
    ],
)
def test_what_is_missing_or_taken_is_told_and_nothing_is_created(answers: dict[str, Any], told: str) -> None:
    build.authority("taken-town")
    User.objects.create(username="somebody", email="Taken@example.com")
    assert told in refused(a_case(**answers))


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("example-producer", "already an authority with the key"),
        ("Näs!", "lower-case letters"),
        ("x" * 41, "at most 40"),
    ],
)
def test_key_that_cannot_be_is_refused(key: str, told: str) -> None:
    assert told in refused(a_case(), key=key)


def test_service_that_is_taken_is_told() -> None:
    build.version(key="noise-notification-nas")
    assert "noise-notification-nas" in refused(a_case(), key="nas")


def test_case_that_waits_for_a_supplement_or_has_ended_is_refused() -> None:
    case = a_case()
    by = handler(case)
    case.take_step("take_up", by=by)
    due = build.NOW.date().replace(year=build.NOW.year + 40)
    case.take_step("request_supplement", by=by, text="More", due=due, fields=["people"])
    with pytest.raises(NotAllowed):
        joining.accept(case, by=by)
    case.take_step("resume", by=by)
    case.take_step("close", by=by, outcome="not_registered", text="")
    with pytest.raises(NotAllowed):
        joining.accept(case, by=by)
    assert not Authority.objects.filter(key="exempelnas-stad").exists()


def test_supplement_is_what_counts() -> None:
    case = a_case(people=[{**ANSWERS["people"][0], "roles": []}])
    by = handler(case)
    case.take_step("take_up", by=by)
    due = build.NOW.date().replace(year=build.NOW.year + 40)
    case.take_step("request_supplement", by=by, text="More", due=due, fields=["people"])
    paper = build.intake.begin_supplement(case, case.application.customer)
    paper.answers = {"people": ANSWERS["people"], "supplement_text": "So it is"}
    paper.save()
    build.intake.send(paper, by=case.application.customer)
    case.refresh_from_db()
    assert joining.accept(case, by=by).key == "exempelnas-stad"


class AnyAnswers(TestCase):
    """Answers that no form would take."""

    def setUp(self) -> None:
        """A case."""
        self.case = a_case()

    @given(
        st.dictionaries(
            st.sampled_from(sorted(ANSWERS)),
            st.recursive(
                st.none() | st.booleans() | st.text(max_size=9) | st.integers(),
                lambda inner: (
                    st.lists(inner, max_size=2)
                    | st.dictionaries(
                        st.sampled_from(["email", "roles", "item", "served_municipality"]), inner, max_size=3
                    )
                ),
                max_leaves=6,
            ),
            min_size=1,
            max_size=4,
        )
    )
    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    def test_are_shown_and_told_of(self, answers: dict[str, Any]) -> None:
        plan = joining.planned({**ANSWERS, **answers})
        reasons = joining.obstacles(self.case, plan)
        assert all(reasons)
        if not reasons:
            with transaction.atomic(), suppress(NotPossible):
                joining._create(plan, build.superuser(), build.NOW)
                transaction.set_rollback(True)


# --- who may, and the page -------------------------------------------------------------------------------------------


def desk(case: Case, user: User) -> Client:
    """The desk of an official."""
    return build.signed_in(user)


def address(case: Case) -> str:
    """The page of joining."""
    return reverse("admin:cases_case_joining", args=[case.pk])


def test_only_handlers_of_a_service_that_is_for_it_may() -> None:
    case = a_case()
    reader = build.official("reads", of=case.service.authority, role="reader")
    stranger = build.official("strange", of=build.authority("other-town"))
    for user in (reader, stranger, build.superuser()):
        with pytest.raises(NotAllowed):
            joining.accept(case, by=user)
        assert desk(case, user).get(address(case)).status_code == 404
    by = handler(case)
    Service.objects.filter(pk=case.service_id).update(joins_authorities=False)
    case = Case.objects.get(pk=case.pk)
    with pytest.raises(NotAllowed):
        joining.accept(case, by=by)
    assert desk(case, by).get(address(case)).status_code == 404
    assert desk(case, by).post(address(case), {"key": "nas"}).status_code == 404


def test_test_case_creates_nothing() -> None:
    case = a_case()
    Case.objects.filter(pk=case.pk).update(is_test=True)
    with pytest.raises(NotAllowed):
        joining.accept(Case.objects.get(pk=case.pk), by=handler(case))


def test_link_stands_on_the_case_only_where_it_applies() -> None:
    case = a_case()
    browser = desk(case, handler(case))
    folder = reverse("admin:cases_case_change", args=[case.pk])
    assert address(case) in browser.get(folder).content.decode()
    Service.objects.filter(pk=case.service_id).update(joins_authorities=False)
    assert address(case) not in browser.get(folder).content.decode()


def test_page_shows_beforehand_what_will_be_created() -> None:
    case = a_case()
    before = counts()
    html = desk(case, handler(case)).get(address(case)).content.decode()
    for told in (
        "Exempelnäs stad",
        "Esimerkkiniemen kaupunki",
        "registry@example.com",
        "one@example.com",
        "streets@example.com",
    ):
        assert told in html
    assert 'value="exempelnas-stad"' in html
    assert "noise-notification-exempelnas-stad" in html
    assert counts()[0] == before[0]


def test_page_warns_when_nobody_could_publish() -> None:
    case = a_case(people=[{**ANSWERS["people"][0], "roles": ["handler"]}])
    browser = desk(case, handler(case))

    html = browser.get(address(case)).content.decode()

    assert "panel--warning" in html


def test_page_accepts_under_the_corrected_key_and_tells_how_the_people_come_in() -> None:
    case = a_case()
    browser = desk(case, handler(case))
    answer = browser.post(address(case), {"key": "nas"})
    assert answer.status_code == 302
    html = browser.get(answer.headers["Location"]).content.decode()
    assert "(nas)" in html
    assert 'name="key"' not in html
    assert LogLine.objects.filter(detail="joining: nas").count() == 2
    browser.post(address(case), {"key": "other"})
    assert Authority.objects.filter(key__in=["nas", "other"]).count() == 1


def test_page_keeps_a_key_that_cannot_be_and_says_why() -> None:
    build.authority("nas")
    case = a_case()
    browser = desk(case, handler(case))
    for key in ("Fel nyckel", "nas", ""):
        answer = browser.post(address(case), {"key": key})
        assert answer.status_code == 200
        assert f'value="{key}"' in answer.content.decode() or not key
    assert not Authority.objects.filter(name_sv="Exempelnäs stad").exists()


def test_command_says_by_which_service_authorities_join() -> None:
    service = build.version().service
    call_command("joins_authorities", service.key)
    service.refresh_from_db()
    assert service.joins_authorities
    call_command("joins_authorities", service.key, off=True)
    service.refresh_from_db()
    assert not service.joins_authorities
    with pytest.raises(CommandError):
        call_command("joins_authorities", "nothing")
