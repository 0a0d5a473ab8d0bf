"""A page with every kind of question: nothing for axe to find, empty and with every error, in each language, with and without script."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from apps.applications.models import Application
from tests import build
from tests.journeys.conftest import Visitor

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
@pytest.mark.parametrize("language", ["sv", "fi", "en"])
def test_every_kind_of_question(visitor: Callable[..., Visitor], language: str, script: bool) -> None:
    paper = build.application(build.version(build.page("all", *build.every_kind())), answers={})
    customer = visitor(paper.customer, language=language, script=script, width=360)

    customer.open(f"/{language}/applications/{paper.pk}/pages/all/")
    customer.press("Save and continue")

    assert customer.page.title().startswith(customer.word("Error:"))
    assert customer.page.locator(".question--error").count() > 20


def test_rows_are_added_moved_and_removed_without_script(visitor: Callable[..., Visitor]) -> None:
    group = build.field("repeating", "things", fields=build.NEEDS["repeating"]["fields"])
    paper = build.application(build.version(build.page("all", group)), answers={})
    customer = visitor(paper.customer, script=False, width=320)

    customer.open(f"/sv/applications/{paper.pk}/pages/all/")
    customer.page.fill("#id_things-0-what", "Stol")
    customer.go(customer.page.locator('button[value="add"]'))
    assert customer.page.input_value("#id_things-0-what") == "Stol"
    assert customer.page.locator(".question--error").count() == 0
    customer.page.fill("#id_things-1-what", "Bord")
    customer.page.fill("#id_things-1-price", "1 250,50")
    customer.go(customer.page.locator('button[value="up-1"]'))
    assert customer.page.input_value("#id_things-0-what") == "Bord"
    customer.page.fill("#id_things-1-price", "x")
    customer.press("Save and continue")
    assert customer.page.locator(".question--error").count() == 1
    customer.go(customer.page.locator('button[value="remove-1"]'))
    customer.press("Save and continue")

    assert Application.objects.get().answers == {"things": [{"what": "Bord", "price": "1250.50"}]}


def test_values_are_computed_and_looked_at_at_once_with_script(visitor: Callable[..., Visitor]) -> None:
    group = build.field("repeating", "things", fields=build.NEEDS["repeating"]["fields"])
    total = build.field("calculated", "total", operation="sum", of=["things.price"], decimals=2, unit=build.said("€"))
    big = build.field("text", "why", show_when={"field": "total", "at_least": 100})
    who = build.field("applicant", "who", address=False)
    company = build.field("text", "trade", show_when={"field": "who.kind", "equals": "company"})
    paper = build.application(build.version(build.page("all", group, total, big, who, company)), answers={})
    customer = visitor(paper.customer)

    customer.open(f"/sv/applications/{paper.pk}/pages/all/")
    assert not customer.page.is_visible("#id_why")
    customer.page.fill("#id_things-0-price", "99,50")
    assert customer.page.inner_text("#id_total") == "99,50 € sv"
    customer.page.fill("#id_things-0-price", "1 100,5")
    assert customer.page.inner_text("#id_total") == "1\N{NO-BREAK SPACE}100,50 € sv"
    assert customer.page.is_visible("#id_why")
    assert not customer.page.is_visible("#id_who-company-name")
    customer.page.check('input[name="who-kind"][value="company"]')
    assert customer.page.is_visible("#id_who-company-name")
    assert not customer.page.is_visible("#id_who-person-given_name")
    assert customer.page.is_visible("#id_trade")
    customer.look()
