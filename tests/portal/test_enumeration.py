"""No id of somebody else answers anything but 404, and made-up ones answer the same."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from apps.people.models import Mandate, Principal
from tests import build
from tests.portal import walk

pytestmark = pytest.mark.thorough

SECRETS = ("FE-2027-", "What was answered", "hidden-plan", "A word of the authority", "Undertaking of Sought")
FOREIGN_TOKENS = re.compile(r'name="csrfmiddlewaretoken" value="[^"]+"|data-session="[0-9]+"')


def personal(life: walk.Life) -> list[str]:
    """The addresses that are one customer's."""
    return [a for route, a in walk.addresses(life) if "<" in route and not walk.OPEN.match(route)]


def strangers(life: walk.Life) -> dict[str, Client]:
    """Those who are nothing to the customer, each with a browser."""
    other_company = walk.a_company("Other Ab", "7654321-2")
    other = build.customer("Other")
    Mandate.objects.create(customer=other, principal=other_company)
    return {
        "another customer": build.signed_in(build.customer("Another")),
        "who acts for another company": walk.browser_of(other, other_company),
        "an official of the authority": build.signed_in(build.official("looks")),
        "the same person, acting for a company": _acting(life, other_company),
    }


def _acting(life: walk.Life, company: Principal) -> Client:
    Mandate.objects.create(customer=life.customer, principal=company)
    return walk.browser_of(life.customer, company)


def told(answer: object, address: str = "") -> str:
    """What an answer says, but for what differs each time, and for the address itself, to which the language links lead."""
    text = b"".join(answer.streaming_content).decode() if answer.streaming else answer.content.decode()  # type: ignore[attr-defined]
    text = FOREIGN_TOKENS.sub("", text)
    for spelling in (address[3:], quote(address[3:], safe="")) if address else ():
        text = text.replace(spelling, "ADDRESS")
    return text


@pytest.mark.django_db
@pytest.mark.usefixtures("mandates_hold")
def test_strangers_get_404_at_every_address_of_somebody_else() -> None:
    life = walk.a_life()
    assert len(personal(life)) > 10

    for name, browser in strangers(life).items():
        for address in personal(life):
            for answer in (browser.get(address), browser.post(address, {"title": "x", "text": "x"})):
                to_sign_in = name.startswith("an official") and answer.status_code in (302, 401)
                # Who wrote it themselves is told that they act for somebody else now.
                to_sign_in |= name.startswith("the same person") and "/acting/" in answer.headers.get("Location", "")
                # 405 is said of the address's method before anybody looks whose it is.
                assert answer.status_code in (404, 405) or to_sign_in, (name, address, answer.status_code)
                assert not any(secret in told(answer, address) for secret in SECRETS), (name, address)


@pytest.mark.django_db
def test_nobody_is_sent_to_sign_in_and_told_nothing() -> None:
    life = walk.a_life()

    for address in personal(life):
        for answer in (Client().get(address), Client().post(address, {"title": "x"})):
            assert answer.status_code in (302, 401, 405), address
            assert not any(secret in told(answer, address) for secret in SECRETS), address


@pytest.mark.django_db
@pytest.mark.usefixtures("mandates_hold")
def test_what_is_somebody_elses_and_what_does_not_exist_answer_alike() -> None:
    life = walk.a_life()
    browser = build.signed_in(build.customer("Another"))
    routes = [route for route in walk.routes() if "<" in route and not walk.OPEN.match(route)]

    for route in routes:
        made_up = walk.made_up(route)
        nothing = told(browser.get(made_up), made_up)
        for _route, address in walk.addresses(life, [route]):
            assert told(browser.get(address), address) == nothing, address


@pytest.mark.django_db
def test_a_company_is_closed_to_who_has_no_mandate_any_more() -> None:
    company = walk.a_company()
    life = walk.a_life(principal=company)
    colleague = walk.browser_of(life.colleague, company)
    assert colleague.get(f"/sv/cases/{life.case.number}/").status_code == 200
    assert colleague.get(f"/sv/applications/{life.draft.pk}/check/").status_code == 404, "a draft that is not shared"

    Mandate.objects.filter(customer=life.colleague).delete()

    for address in personal(life):
        assert colleague.get(address).status_code in (404, 302), address
        assert "What was answered" not in told(colleague.get(address, follow=True)), address


class MadeUp(TestCase):
    """Ids that somebody makes up."""

    def setUp(self) -> None:
        """A life of somebody else."""
        self.life = walk.a_life()
        self.browser = build.signed_in(build.customer("Another"))
        self.routes = [route for route in walk.routes() if "<" in route and not walk.OPEN.match(route)]

    @given(st.data())
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    def test_made_up_ids_answer_404(self, data: st.DataObject) -> None:
        route = data.draw(st.sampled_from(self.routes))
        values = {
            "uuid": st.uuids().map(str),
            "number": st.from_regex(r"[A-Z0-9-]{1,20}", fullmatch=True),
            "page": st.from_regex(r"[a-z0-9_]{1,20}", fullmatch=True),
            "slug": st.from_regex(r"[a-z0-9-]{1,20}", fullmatch=True),
        }
        address = "/sv/" + re.sub(
            r"<(\w+):\w+>",
            lambda m: data.draw(values.get(m.group(1), st.just("x"))).replace(str(self.life.case.number), "X"),
            route,
        )

        answer = self.browser.get(address)

        assert answer.status_code == 404, address
