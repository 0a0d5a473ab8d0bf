"""The builder's page with the preview, the routes and the ways through the form."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.services import working
from apps.services.models import Service
from tests import build

pytestmark = pytest.mark.django_db

AUDIENCE = build.field("whole_number", "audience")
SAFETY = build.page("safety", build.field("text", "plan"), show_when={"field": "audience", "at_least": 200})


def being_written(*pages: dict[str, Any], **more: Any) -> Service:
    pages = pages or (build.page("event", AUDIENCE), SAFETY)
    return working.begin_new(build.authority(), build.document(*pages, **more), by=None).service


def address(service: Service) -> str:
    return reverse("admin:services_service_preview", args=[service.pk])


def opened(service: Service, who: str = "designer") -> Any:
    return build.signed_in(build.official(who, role=who)).get(address(service), {"l": "en"})


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_preview_stands_in_a_frame_with_a_name_and_its_controls() -> None:
    service = being_written()

    shown = text(opened(service))

    assert f'<iframe class="preview__frame" name="preview" src="/sv/preview/{service.pk}/" title="' in shown
    assert f'href="/fi/preview/{service.pk}/" target="preview"' in shown
    assert f'href="/sv/preview/{service.pk}/?script=0" target="preview"' in shown
    assert 'name="preview-width"' in shown
    assert f"back=%2Fadmin%2Fservices%2Fservice%2F{service.pk}%2Fbuild%2Fpreview%2F" in shown


def test_only_languages_that_the_service_promises_are_offered() -> None:
    shown = text(opened(being_written(languages=["fi"])))

    assert "/fi/preview/" in shown
    assert "/en/preview/" not in shown
    assert 'src="/fi/preview/' in shown


def test_each_route_is_told_and_can_be_tried() -> None:
    service = being_written()
    browser = build.signed_in(build.official("designer", role="designer"))

    answer = browser.get(address(service))
    route = answer.context["routes"][0]
    tried = browser.post(answer.context["fill"], {"do": "route", "route": route["mark"]})

    assert route["when"] in text(answer).replace("&quot;", '"')
    assert 'target="preview"' in text(answer)
    assert tried.headers["Location"] == f"/sv/preview/{service.pk}/pages/safety/"


def test_sequences_of_pages_are_told() -> None:
    answer = opened(being_written())

    assert [way["pages"] for way in answer.context["ways"]] == [["Event sv"], ["Event sv", "Safety sv"]]


def test_what_no_customer_meets_is_named() -> None:
    small = build.field("whole_number", "audience", max=100)

    answer = opened(being_written(build.page("event", small), SAFETY))

    assert len(answer.context["never"]) == 1
    assert "Safety sv" in answer.context["never"][0]


def test_form_without_conditions_says_so() -> None:
    answer = opened(being_written(build.page("event", AUDIENCE)))

    assert answer.context["routes"] == []
    assert "routes" in text(answer)


def test_page_of_what_is_hardly_begun_is_shown() -> None:
    service = working.begin_new(build.authority(), {**working.blank(build.authority(), "new"), "key": "new"}, by=None)

    assert opened(service.service).status_code == 200


def test_page_asks_little_however_long_the_form_is() -> None:
    pages = [build.page(f"p{n}", *(build.field("yes_no", f"q{n}_{m}") for m in range(20))) for n in range(10)]
    service = being_written(*pages)
    browser = build.signed_in(build.official("designer", role="designer"))
    browser.get(address(service))

    with CaptureQueriesContext(connection) as queries:
        browser.get(address(service))

    assert len(queries) <= 8


@pytest.mark.parametrize(("role", "of", "status"), [("reader", "example-town", 403), ("designer", "other-town", 404)])
def test_others_see_nothing_of_it(role: str, of: str, status: int) -> None:
    service = being_written()
    browser = build.signed_in(build.official("other", of=build.authority(of), role=role))

    assert browser.get(address(service)).status_code == status


def test_nobody_is_asked_to_sign_in() -> None:
    assert Client().get(address(being_written())).status_code == 302


@pytest.mark.parametrize(
    ("field", "place"),
    [(AUDIENCE, "id_audience"), (build.field("yes_no", "audience"), "id_audience_0")],
)
def test_beside_a_question_its_page_is_shown_at_the_question(field: dict[str, Any], place: str) -> None:
    service = being_written(build.page("event", field))
    browser = build.signed_in(build.official("designer", role="designer"))

    shown = text(browser.get(reverse("admin:services_service_field", args=[service.pk, "audience"])))

    assert f'src="/sv/preview/{service.pk}/pages/event/"' in shown
    assert f'data-preview-at="{place}"' in shown


def test_beside_a_page_that_page_is_shown() -> None:
    service = being_written()
    browser = build.signed_in(build.official("designer", role="designer"))

    shown = text(browser.get(reverse("admin:services_service_page", args=[service.pk, "safety"])))

    assert f'src="/sv/preview/{service.pk}/pages/safety/"' in shown
