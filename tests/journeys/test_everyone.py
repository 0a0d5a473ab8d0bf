"""The same way for everyone: in three languages on a phone without JavaScript, by keyboard alone, and closed to strangers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from apps.cases.models import Case
from tests import build
from tests.journeys.conftest import Visitor

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

PAGES = (
    build.page(
        "who",
        build.field("choice", "kind", options=build.options("person", "company")),
        build.field("text", "company_name", show_when={"field": "kind", "equals": "company"}),
    ),
    build.page("what", build.field("long_text", "story"), build.field("consent", "agreed")),
)


@pytest.mark.parametrize("language", ["sv", "fi", "en"])
def test_without_javascript_on_a_phone(visitor: Callable[..., Visitor], language: str) -> None:
    build.version(*PAGES)
    customer = visitor(build.customer(), language=language, script=False, width=320)

    customer.open(f"/{language}/")
    customer.go(customer.page.locator(".card__title a"))
    customer.press("Begin")
    customer.choose(kind="company")
    customer.press("Save and continue")  # the answer brings up a question, and the page comes back with it
    assert customer.page.is_checked('input[value="company"]')
    customer.write(company_name="Exempel Ab")
    customer.press("Save and continue")
    customer.write(story="Åäö <script>")
    customer.press("Save and go on later")
    customer.press("Go on", role="link", exact=False)
    assert customer.page.input_value("#id_story") == "Åäö <script>"
    customer.page.check("#id_agreed")
    customer.press("Save and continue")
    assert customer.sees("Exempel Ab")
    assert customer.sees("Åäö <script>")
    customer.press("Send to the authority")

    case = Case.objects.get()
    assert customer.sees(str(case.number))
    assert case.language == language
    customer.press("My cases", role="link")
    customer.follow(
        case.service_name if language == "sv" else f"Name of example{'' if language == 'en' else ' ' + language}"
    )
    customer.press("Withdraw the case", role="link")
    customer.go(customer.page.locator("main form button").first)
    assert Case.objects.get().status == "withdrawn"


def tab_to(visitor: Visitor, selector: str) -> None:
    """Press Tab until a control has the focus, as somebody without a mouse does; the focus must be seen."""
    for _ in range(60):
        visitor.page.keyboard.press("Tab")
        if visitor.page.evaluate("s => document.activeElement.matches(s)", selector):
            outline = visitor.page.evaluate("() => getComputedStyle(document.activeElement).outlineWidth")
            assert outline != "0px", f"no focus is seen on {selector}"
            return
    raise AssertionError(f"the keyboard does not reach {selector}")


def enter(visitor: Visitor) -> None:
    """Press Enter on what has the focus, and look at the page it leads to."""
    with visitor.page.expect_navigation():
        visitor.page.keyboard.press("Enter")
    visitor.look()


def test_by_keyboard_alone(visitor: Callable[..., Visitor]) -> None:
    build.version(*PAGES)
    customer = visitor(build.customer())

    customer.open("/sv/")
    tab_to(customer, ".card__title a")
    enter(customer)
    tab_to(customer, "main form button")
    enter(customer)
    tab_to(customer, 'input[name="kind"]')
    customer.page.keyboard.press("Space")
    tab_to(customer, "main form .buttons .button")
    enter(customer)
    tab_to(customer, "#id_story")
    customer.page.keyboard.type("Skrivet med tangenterna")
    tab_to(customer, "main form .buttons .button")
    enter(customer)  # something is missing: the summary has the focus and leads to it
    assert customer.page.evaluate("() => document.activeElement.getAttribute('role')") == "alert"
    customer.page.keyboard.press("Tab")
    customer.page.keyboard.press("Enter")
    assert customer.page.evaluate("() => document.activeElement.id") == "id_agreed"
    customer.page.keyboard.press("Space")
    tab_to(customer, "main form .buttons .button")
    enter(customer)
    tab_to(customer, "main form .buttons .button")
    enter(customer)

    assert customer.sees(str(Case.objects.get().number))


def test_a_stranger_sees_nothing_of_a_case(visitor: Callable[..., Visitor]) -> None:
    case = build.case(at=datetime.now(UTC))
    stranger = visitor(build.customer("Stranger"))
    other = visitor(build.official("other", of=build.authority("other-town")))

    stranger.troubles = Quiet()
    for path in (
        f"/sv/cases/{case.number}/",
        f"/sv/cases/{case.number}/receipt/",
        f"/sv/applications/{case.application_id}/check/",
    ):
        stranger.open(path)
        assert str(case.number) not in stranger.page.inner_text("main")
        assert "An example" not in stranger.page.content()
    other.open("/admin/cases/case/")
    assert str(case.number) not in other.page.content()


class Quiet(list[str]):
    """Where the browser's own words about a 404 go, which is expected here."""

    def append(self, said: str) -> None:
        """Forget it."""
