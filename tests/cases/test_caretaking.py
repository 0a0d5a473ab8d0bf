"""How the cases of a service are looked after: who may look and change, what is changed, and what of the definition is shown."""

from __future__ import annotations

from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from apps.cases.rulebook import FOR_THE_DESK_ALONE
from apps.people.models import LogLine, Membership
from apps.services.models import Service
from tests import build
from tests.build import said

pytestmark = pytest.mark.django_db

DEFINED = {
    "handling_limit": {"length": 30, "unit": "days", "shown": True, "ground": said("Section 118")},
    "keep_days": 730,
    "records": {
        "function": "10 03 00",
        "publicity": 2,
        "personal_data": 2,
        "retention_years": -1,
        "retention_ground": said("Our plan"),
        "secrecy_ground": said("Section 24"),
    },
    "own_service": {"sv": "https://example.com/sv/", "fi": "https://example.com/fi/", "en": "https://example.com/en/"},
}
GIVEN: dict[str, Any] = {"email": "noise@example.com", "needs_handover": "on", "handover_on": ["received", "close"]}


def service(**more: Any) -> Service:
    return build.version(**more).service


def address(of: Service) -> str:
    return reverse("admin:cases_case_caretaking", args=[of.pk])


def manager() -> Client:
    return build.signed_in(build.official("manager", role="manager"), headers={"accept-language": "en"})


@pytest.mark.parametrize("role", ["manager", "designer"])
def test_managers_and_designers_change_it(role: str) -> None:
    own = service()

    response = build.signed_in(build.official(role, role=role)).post(address(own), GIVEN)

    assert response.headers["Location"] == reverse("admin:services_service_change", args=[own.pk])
    own.refresh_from_db()
    assert (own.email, own.needs_handover, own.handover_on) == ("noise@example.com", True, ["received", "close"])


def test_everything_can_be_taken_back() -> None:
    own = service()
    browser = manager()
    browser.post(address(own), GIVEN)

    browser.post(address(own), {})

    own.refresh_from_db()
    assert (own.email, own.needs_handover, own.handover_on) == ("", False, [])


@pytest.mark.parametrize("role", ["handler", "reader"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_handlers_and_readers_neither_see_nor_change_it(role: str, method: str) -> None:
    own = service()
    browser = build.signed_in(build.official(role, role=role))

    assert getattr(browser, method)(address(own), GIVEN).status_code == 403
    assert reverse("admin:cases_case_caretaking", args=[own.pk]) not in page_of(own, browser)
    own.refresh_from_db()
    assert own.email == ""


@pytest.mark.parametrize("role", list(Membership.Role))
@pytest.mark.parametrize("method", ["get", "post"])
def test_another_authoritys_people_find_nothing(role: str, method: str) -> None:
    own = service()
    stranger = build.official("stranger", of=build.authority("example-police"), role=role)

    assert getattr(build.signed_in(stranger), method)(address(own), GIVEN).status_code == 404
    own.refresh_from_db()
    assert own.email == ""


def test_a_manager_of_some_services_looks_after_those_alone() -> None:
    own, other = service(key="mine"), service(key="other")
    limited = build.official("limited", role="manager")
    limited.memberships.update(only_services=["mine"])
    browser = build.signed_in(limited)

    assert [browser.get(address(one)).status_code for one in (own, other)] == [200, 403]


def test_nobody_who_is_not_signed_in_comes_in() -> None:
    assert Client().get(address(service())).status_code == 302


@pytest.mark.parametrize("method", ["put", "delete"])
def test_it_is_read_and_posted_and_nothing_else(method: str) -> None:
    assert getattr(manager(), method)(address(service())).status_code == 405


def test_kinds_to_choose_are_those_that_leave_the_desk() -> None:
    html = manager().get(address(service())).content.decode()

    assert all(f'value="{kind}"' in html for kind in ("received", "close", "supplement", "consult"))
    assert not any(f'value="{kind}"' in html for kind in FOR_THE_DESK_ALONE)


@pytest.mark.parametrize(
    "wrong",
    [
        {"handover_on": ["note"]},
        {"handover_on": ["nothing"]},
        {"email": "no address"},
        {"email": "a@example.com,b@example.com"},
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(wrong: dict[str, Any]) -> None:
    own = service()

    html = manager().post(address(own), {**GIVEN, **wrong}).content.decode()

    assert "Error:" in html
    own.refresh_from_db()
    assert (own.email, own.needs_handover, own.handover_on) == ("", False, [])


def test_what_is_set_stands_there() -> None:
    own = service()
    browser = manager()
    browser.post(address(own), GIVEN)

    html = browser.get(address(own)).content.decode()

    assert 'value="noise@example.com"' in html
    assert html.count("checked") == 3


def test_a_change_is_in_the_log_without_the_address() -> None:
    own = service()

    manager().post(address(own), GIVEN)

    line = LogLine.objects.get(about="service example")
    assert (line.act, line.authority_id) == (LogLine.Act.CHANGED, own.authority_id)
    assert line.detail == "settings: email, needs_handover, handover_on"


def test_nothing_changed_is_not_in_the_log() -> None:
    manager().post(address(service()), {})

    assert not LogLine.objects.filter(about="service example").exists()


def test_what_the_definition_says_is_shown() -> None:
    html = unescape(manager().get(address(service(**DEFINED))).content.decode())

    for words in (
        "30 days from arrival, with a warning 7 days before, shown to the customer",
        "Section 118",
        "730 days after the case was closed",
        "10 03 00",
        "partly secret",
        "has personal data",
        "kept permanently",
        "Our plan",
        "Section 24",
        'href="https://example.com/en/"',
    ):
        assert words in html


def test_a_definition_that_says_little_is_shown_as_that() -> None:
    html = manager().get(address(service())).content.decode()

    assert "until somebody deletes it" in html
    assert "10 03 00" not in html


def test_without_a_published_version_the_settings_are_there_all_the_same() -> None:
    own = service(published=False)
    browser = manager()

    assert "No version of the service is published yet." in browser.get(address(own)).content.decode()
    assert browser.post(address(own), GIVEN).status_code == 302


@pytest.mark.parametrize("role", ["manager", "designer"])
def test_the_service_leads_there(role: str) -> None:
    own = service()

    assert address(own) in page_of(own, build.signed_in(build.official(role, role=role)))


def test_page_costs_a_handful_of_queries(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    own = service(**DEFINED)
    browser = manager()
    browser.get(address(own))

    with django_assert_max_num_queries(6):  # session, user, second factor, roles, service
        browser.get(address(own))


def page_of(own: Service, browser: Client) -> str:
    return browser.get(reverse("admin:services_service_change", args=[own.pk])).content.decode()
