"""A version's dry run at the desk: counts for all who see the service, cases only for those who may read them."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from apps.cases import trial
from apps.cases.models import Case
from apps.services import editing, working
from apps.services.models import Version, WorkingCopy
from tests import build
from tests.build import field, page

pytestmark = pytest.mark.django_db

TITLE = field("text", "title")


def member(role: str, of: str = "example-town") -> Client:
    """Somebody of an authority, reading English."""
    user = build.official(f"{role}-{of}", of=build.authority(of), role=role)
    return build.signed_in(user, headers={"accept-language": "en"})


def address(version: Version) -> str:
    """The page of a version's dry run."""
    return f"/admin/cases/case/dry-run/{version.service_id}/{version.number}/"


def sent_and_next(count: int = 2) -> tuple[list[Case], Version]:
    """Cases of a first version, and a second one, not published, that asks more and drops a question."""
    old = build.version(page("first", TITLE, field("text", "gone")))
    answers = {"title": "An example", "gone": "Lost"}
    cases = [build.case(old, by=build.customer(f"Number {n}"), answers=answers) for n in range(count)]
    return cases, build.version(page("first", TITLE, field("text", "more")), published=False)


def numbers_in(html: str, cases: list[Case]) -> int:
    """How many of the cases the page names and links."""
    return sum(f'href="/admin/cases/case/{case.pk}/change/">{case.number}</a>' in html for case in cases)


def test_a_handler_sees_counts_questions_and_cases() -> None:
    cases, version = sent_and_next()
    build.application(cases[0].application.version, by=build.customer("Waiting"))

    html = member("handler").get(address(version)).content.decode()

    for expected in (
        "Judged: 2 applications that have been sent.",
        "Would be refused: 0",
        "Would be asked more: 2",
        "<li>More: 2</li>",
        "Would lose an answer: 2",
        "<li>Gone: 2</li>",
        "1 draft is affected.",
    ):
        assert expected in html
    assert numbers_in(html, cases) == 2


def test_a_designer_who_reads_no_cases_sees_counts_only() -> None:
    cases, version = sent_and_next()

    html = member("designer").get(address(version)).content.decode()

    assert "Would lose an answer: 2" in html
    assert not any(str(case.number) in html for case in cases)


def test_others_find_no_such_page() -> None:
    _cases, version = sent_and_next()
    stranger = member("handler", of="other-town")

    assert stranger.get(address(version)).status_code == 404
    assert member("handler").get(address(version).replace("/2/", "/9/")).status_code == 404
    assert member("handler").get(f"/admin/cases/case/dry-run/{'9' * 30}/{'9' * 30}/").status_code == 404
    assert Client().get(address(version)).status_code == 302


def test_the_page_asks_as_much_for_seven_cases_as_for_one(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    cases, version = sent_and_next(1)
    browser = member("handler")
    with django_assert_num_queries(8):
        browser.get(address(version))

    for n in range(6):
        build.case(cases[0].application.version, by=build.customer(f"More {n}"), answers=cases[0].application.answers)
    with django_assert_num_queries(8):
        html = browser.get(address(version)).content.decode()
    assert "Would lose an answer: 7" in html


def test_of_many_the_last_sent_are_judged_and_some_named(monkeypatch: pytest.MonkeyPatch) -> None:
    _cases, version = sent_and_next(4)
    monkeypatch.setattr(trial, "MOST_JUDGED", 3)
    monkeypatch.setattr(trial, "MOST_NAMED", 2)

    outcome = trial.trial_of(version, build.official())

    lost = outcome.findings[-1]
    assert (outcome.looked_at, lost.papers, len(lost.cases), lost.cases_left) == (3, 3, 2, 1)


def test_the_page_changes_nothing_and_is_only_read() -> None:
    _cases, version = sent_and_next()

    assert member("handler").post(address(version)).status_code == 405


def test_the_service_page_leads_there() -> None:
    _cases, version = sent_and_next()

    html = member("designer").get(f"/admin/services/service/{version.service_id}/change/").content.decode()

    assert f'href="{address(version)}"' in html


# --- of a working copy -------------------------------------------------------------------------------------------------


def working_address(service_id: int) -> str:
    """The page of a working copy's dry run."""
    return f"/admin/cases/case/dry-run/{service_id}/working-copy/"


def changed_copy(*pages: dict[str, Any]) -> WorkingCopy:
    """The working copy of the service of two cases and a draft, which asks more and drops a question."""
    cases, _version = sent_and_next()
    first = cases[0].application.version
    build.application(first, by=build.customer("Waiting"), answers={"gone": "Begun"})
    copy = working.begin(first.service, by=None)
    document = build.document(*(pages or (page("first", TITLE, field("text", "more")),)))
    working.make(copy, editing.replace(document), by=None, seen=copy.at)
    return copy


def test_a_designer_tries_the_working_copy_before_it_is_a_version() -> None:
    copy = changed_copy()

    html = member("designer").get(working_address(copy.service_id)).content.decode()

    for expected in (
        "Judged: 2 applications that have been sent.",
        "Would be asked more: 2",
        "<li>More: 2</li>",
        "Would lose an answer: 2",
        "1 draft is affected.",
        "1 of them would lose an answer: “Gone”.",
        f'href="/admin/services/service/{copy.service_id}/build/publish/"',
    ):
        assert expected in html
    assert "FE-2027" not in html
    assert Version.objects.count() == 2


def test_a_working_copy_that_cannot_be_read_is_not_tried() -> None:
    copy = changed_copy(page("first", field("poem", "a")))

    html = member("designer").get(working_address(copy.service_id)).content.decode()

    assert "It cannot be tried yet: 1 thing in it must be mended first." in html


def test_only_designers_of_the_authority_try_a_working_copy() -> None:
    at = working_address(changed_copy().service_id)

    assert member("handler").get(at).status_code == 403
    assert member("designer", of="other-town").get(at).status_code == 404
    assert member("designer").post(at).status_code == 405


def test_without_a_working_copy_there_is_nothing_to_try() -> None:
    assert member("designer").get(working_address(build.version().service_id)).status_code == 404
