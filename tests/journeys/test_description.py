"""The description of the interface, on the page itself and in Swagger UI: accessible, strict, and nobody else is asked for anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Visitor

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

BUTTON = ".swagger button"
OPERATION = "#swagger .opblock"
Colours = Literal["light", "dark"]


def asked_for(page: Page) -> list[str]:
    """All addresses that the page asks for from now on."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    return asked


@pytest.mark.parametrize(
    ("language", "script", "width", "colours"),
    [("sv", True, 1200, "light"), ("fi", False, 360, "light"), ("fi", True, 360, "dark"), ("en", True, 1200, "dark")],
    ids=["sv", "fi without script on a phone", "fi dark on a phone", "en dark"],
)
def test_description_is_read_on_the_page(
    visitor: Callable[..., Visitor], language: str, script: bool, width: int, colours: Colours
) -> None:
    reader = visitor(language=language, script=script, width=width)
    (reader.twin or reader.page).emulate_media(color_scheme=colours)

    reader.open(f"/{language}/interface/")

    assert reader.sees("POST /commondata/{externalId}/events")
    assert reader.sees("out-of-order")
    assert reader.page.locator(BUTTON).is_visible() == script
    reader.page.locator(".interface details summary").first.click()
    reader.look()


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_swagger_ui_is_shown_from_here_alone_and_takes_no_key(
    visitor: Callable[..., Visitor], colours: Colours
) -> None:
    reader = visitor(language="en")
    reader.page.emulate_media(color_scheme=colours)
    asked = asked_for(reader.page)
    reader.open("/en/interface/")
    assert not [url for url in asked if "swagger-ui" in url]

    reader.page.click(BUTTON)
    expect(reader.page.locator(OPERATION).first).to_be_visible()
    reader.page.locator(OPERATION, has_text="/commondata/{externalId}/events").nth(1).locator("button").first.click()
    expect(reader.page.locator("#swagger .opblock-body").first).to_be_visible()

    assert [url for url in asked if not url.startswith((reader.server, "data:"))] == []
    assert reader.troubles == []  # the policy would have told what it blocked
    assert reader.page.locator("#swagger .try-out, #swagger .authorize, #swagger .authorization__btn").count() == 0
    assert not reader.page.locator(".interface").is_visible()
    reader.page.click(BUTTON)
    assert reader.page.locator(".interface").is_visible()
    assert not reader.page.locator("#swagger").is_visible()


def test_page_says_so_when_swagger_ui_cannot_be_loaded(visitor: Callable[..., Visitor]) -> None:
    reader = visitor(language="en")
    reader.page.route("**/swagger-ui-bundle*", lambda route: route.abort())
    reader.open("/en/interface/")

    reader.page.click(BUTTON)

    expect(reader.page.locator(".swagger [role=status]")).not_to_be_empty()
    assert reader.page.locator(".interface").is_visible()
