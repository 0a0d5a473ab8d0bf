"""The page of a service's tests: making a version to test, naming testers, whose links are shown once, and ending it."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from apps.people.models import LogLine
from apps.services import editing, publishing, rehearsing, working
from apps.services.models import Rehearsal, Service, Version, WorkingCopy
from tests import build
from tests.build import field, page

pytestmark = pytest.mark.django_db


@pytest.fixture
def service() -> Service:
    """A service with a published version, and a working copy that asks one question more."""
    made = build.version(page("first", field("text", "title"))).service
    changed(made, "more")
    return made


def changed(service: Service, *keys: str) -> WorkingCopy:
    """The working copy, with a question more for each key."""
    copy = working.begin(service, by=None)
    for key in keys:
        working.make(copy, editing.add_fields("first", [field("text", key)]), by=None, seen=copy.at)
    return copy


@pytest.fixture
def browser() -> Client:
    """A designer who reads English."""
    return build.signed_in(build.official("designer", role="designer"), headers={"accept-language": "en"})


def address(service: Service) -> str:
    return f"/admin/services/service/{service.pk}/build/test/"


def done(browser: Client, service: Service, act: str, **more: Any) -> str:
    """What the page says after a button was pressed."""
    answer = browser.post(address(service), {"act": act, **more}, follow=True)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def test_nothing_is_tested_until_a_test_version_is_made(service: Service, browser: Client) -> None:
    html = unescape(browser.get(address(service)).content.decode())

    assert "No version is being tested." in html
    assert "Make a test version" in html
    assert "Add a tester" not in html
    assert not Rehearsal.objects.exists()


def test_test_version_says_what_the_working_copy_says_and_the_copy_goes_on(service: Service, browser: Client) -> None:
    html = done(browser, service, "open")

    version = Version.objects.get(service=service, number=2)
    assert "Version 2 can be tested now." in html
    assert rehearsing.going_on(service) == version.rehearsal
    assert version.document == working.text_of(WorkingCopy.objects.get(service=service))
    assert not version.is_published
    assert LogLine.objects.filter(act="changed", detail="test of version 2 opened").count() == 1


def test_a_copy_that_says_what_customers_fill_in_is_not_tested(browser: Client) -> None:
    service = build.version(page("first", field("text", "title"))).service
    copy = working.begin(service, by=None)
    publishing.publish(working.version_for_test(copy, by=None), by=None)

    html = done(browser, service, "open")

    assert "there is nothing to test" in html
    assert not Rehearsal.objects.exists()


def test_a_copy_with_problems_is_not_tested_and_says_how_many(service: Service, browser: Client) -> None:
    copy = working.begin(service, by=None)
    working.make(copy, editing.set_field("more", {"kind": "no such kind", "key": "more"}), by=None, seen=copy.at)

    assert "The working copy cannot be tested yet: 1 thing" in unescape(browser.get(address(service)).content.decode())
    assert "something in it must be mended first" in done(browser, service, "open")
    assert not Rehearsal.objects.exists()


def test_missing_translations_stand_in_nobodys_way(service: Service, browser: Client) -> None:
    copy = working.begin(service, by=None)
    working.make(copy, editing.set_texts({"summary": {"fi": ""}}), by=None, seen=copy.at)

    assert "can be tested now" in done(browser, service, "open")


def test_tester_is_named_and_the_link_is_shown_this_once(service: Service, browser: Client) -> None:
    done(browser, service, "open")

    html = done(browser, service, "add", name="Some Body")

    (key,) = re.findall(r'value="http://testserver/en/testing/([\w-]{43})/"', html)
    tester = rehearsing.tester_of(key)
    assert tester is not None
    assert tester.name == "Some Body"
    again = unescape(browser.get(address(service)).content.decode())
    assert "Some Body" in again
    assert "Not used yet" in again
    assert key not in again


def test_link_leads_to_the_test(service: Service, browser: Client) -> None:
    done(browser, service, "open")
    html = done(browser, service, "add", name="Some Body")
    (path,) = re.findall(r'value="http://testserver(/en/testing/[\w-]{43}/)"', html)

    assert "Begin the test" in build.signed_in(build.customer()).get(path).content.decode()


def test_nobody_without_a_name_is_a_tester(service: Service, browser: Client) -> None:
    done(browser, service, "open")

    html = done(browser, service, "add", name="  ")

    assert "Write the tester’s name." in html
    assert "<title>Error:" in html
    assert not rehearsing.going_on(service).testers.exists()  # type: ignore[union-attr]


def test_link_in_use_says_so_and_not_whose(service: Service, browser: Client) -> None:
    done(browser, service, "open")
    tester, _key = rehearsing.add_tester(rehearsing.going_on(service), "Some Body")  # type: ignore[arg-type]
    rehearsing.bind(tester, build.customer("Known"))

    html = browser.get(address(service)).content.decode()

    assert "In use" in html
    assert "Known" not in html


@pytest.mark.parametrize("asked", ["", "x", "9" * 30, "-1", "0"])
def test_removing_nobody_removes_nobody(service: Service, browser: Client, asked: str) -> None:
    done(browser, service, "open")
    done(browser, service, "add", name="Some Body")

    done(browser, service, "remove", tester=asked)

    assert rehearsing.going_on(service).testers.count() == 1  # type: ignore[union-attr]


def test_removed_testers_link_leads_nowhere(service: Service, browser: Client) -> None:
    done(browser, service, "open")
    tester, key = rehearsing.add_tester(rehearsing.going_on(service), "Some Body")  # type: ignore[arg-type]

    assert "leads nowhere any more" in done(browser, service, "remove", tester=tester.pk)

    assert rehearsing.tester_of(key) is None


def test_testers_of_another_service_are_not_removed(service: Service, browser: Client) -> None:
    other = build.trying(build.version(key="other", published=False)).version.rehearsal
    tester, _key = rehearsing.add_tester(other, "Some Body")

    done(browser, service, "remove", tester=tester.pk)

    assert other.testers.exists()


def test_changes_since_are_told_and_tested_by_a_new_version_with_the_same_links(
    service: Service, browser: Client
) -> None:
    done(browser, service, "open")
    _tester, key = rehearsing.add_tester(rehearsing.going_on(service), "Some Body")  # type: ignore[arg-type]
    assert "It says the same as the working copy does now." in browser.get(address(service)).content.decode()
    changed(service, "yet_more")

    assert "The working copy has changed since." in browser.get(address(service)).content.decode()
    html = done(browser, service, "open")

    assert "Version 3 can be tested now." in html
    assert "Version 2, tested since" in html
    found = rehearsing.tester_of(key)
    assert found is not None
    assert found.rehearsal.version.number == 3


def test_ending_says_so_and_lists_it_among_the_earlier_ones(service: Service, browser: Client) -> None:
    done(browser, service, "open")

    html = done(browser, service, "end")

    assert "The test has ended." in html
    assert "Earlier tests" in html
    assert rehearsing.going_on(service) is None


def test_page_leads_to_the_cases_of_the_test(service: Service, browser: Client) -> None:
    done(browser, service, "open")

    assert f"/admin/cases/case/service/{service.pk}/tests/" in browser.get(address(service)).content.decode()


def test_unknown_button_changes_nothing(service: Service, browser: Client) -> None:
    done(browser, service, "explode")

    assert not Rehearsal.objects.exists()


@pytest.mark.parametrize(("role", "of", "status"), [("handler", "example-town", 403), ("designer", "other", 404)])
def test_page_is_for_designers_of_the_authority(service: Service, role: str, of: str, status: int) -> None:
    browser = build.signed_in(build.official("stranger", of=build.authority(of), role=role))

    assert browser.get(address(service)).status_code == status
    assert browser.post(address(service), {"act": "open"}).status_code == status
    assert not Rehearsal.objects.exists()


def test_queries_are_as_many_for_many_testers_as_for_one(
    service: Service, browser: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    done(browser, service, "open")
    for n in range(20):
        rehearsing.add_tester(rehearsing.going_on(service), f"Number {n}")  # type: ignore[arg-type]

    with django_assert_max_num_queries(22):
        assert "Number 19" in browser.get(address(service)).content.decode()


def test_services_page_leads_to_the_cases_of_tests_once_there_are_tests(service: Service, browser: Client) -> None:
    tests, there = f"/admin/cases/case/service/{service.pk}/tests/", f"/admin/services/service/{service.pk}/change/"
    assert tests not in browser.get(there).content.decode()

    done(browser, service, "open")

    assert tests in browser.get(there).content.decode()
