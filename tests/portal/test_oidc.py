"""Signing in at a real provider on this machine and back: all that can be switched, and all that can go wrong."""

from __future__ import annotations

import itertools
import json
import logging
import re
import socket
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.contrib.sessions.models import Session
from django.test import Client
from joserfc.jwk import RSAKey
from pytest_django import Settings

from apps.people import limits
from apps.people.identification import PROVIDER_KEY, SESSION_KEY, openid
from apps.people.models import Customer
from apps.people.standin.people import ALFA, BETA, EIDAS, GAMMA
from tests import build
from tests.provider import HERE, SWITCHES, StandIn, chosen, through

pytestmark = pytest.mark.django_db
START = "/sv/sign-in/strongly/"


def said(browser: Client, response: Any) -> str:
    """What the page says that the answer leads to."""
    assert response.status_code == 302, response.status_code
    return unescape(browser.get(response.headers["Location"]).content.decode())


def signed_in(browser: Client) -> bool:
    return SESSION_KEY in browser.session


# --- all goes well ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "switches",
    [on for n in range(4) for on in itertools.combinations(SWITCHES, n)],
    ids=lambda on: "+".join(on) or "none",
)
def test_customer_signs_in_with_every_position_of_the_switches(
    settings: Settings, standin: StandIn, switches: tuple[str, ...]
) -> None:
    settings.OIDC = standin.facts(*switches)
    browser = Client()

    response = through(browser, START, ALFA.key)

    assert response.headers["Location"] == "/sv/cases/"
    customer = Customer.objects.get()
    assert (customer.way, customer.name, customer.identity_code) == ("oidc", "Test Alfa", ALFA.code)
    assert browser.session[SESSION_KEY] == str(customer.pk)


@pytest.mark.usefixtures("standin")
def test_sign_in_leads_back_to_where_one_was_heading_and_says_that_one_can_begin() -> None:
    build.version()
    browser = Client()

    response = through(browser, f"{START}?next=/sv/services/example/", ALFA.key)

    assert response.headers["Location"] == "/sv/services/example/"
    assert "panel--success" in said(browser, response)


@pytest.mark.usefixtures("standin")
@pytest.mark.parametrize("onward", ["https://example.com/", "//example.com/", "/\\example.com", "javascript:alert(1)"])
def test_sign_in_never_leads_elsewhere(onward: str) -> None:
    begun = Client()
    address = begun.get(START, {"next": onward}).headers["Location"]

    response = begun.get(chosen(address, ALFA.key).removeprefix(HERE))

    assert response.headers["Location"] == "/sv/cases/"


@pytest.mark.usefixtures("standin")
@pytest.mark.parametrize(("language", "word"), [("sv", "Avbryt"), ("fi", "Keskeytä"), ("en", "Cancel")])
def test_provider_is_asked_in_the_language_of_the_page_and_leads_back_to_it(language: str, word: str) -> None:
    browser = Client()
    address = browser.get(f"/{language}/sign-in/strongly/").headers["Location"]

    assert word in requests.get(address, timeout=20).text
    assert browser.get(chosen(address, ALFA.key).removeprefix(HERE)).headers["Location"] == f"/{language}/cases/"


@pytest.mark.usefixtures("standin")
def test_sign_in_takes_a_new_session_key() -> None:
    browser = Client()
    address = browser.get(START).headers["Location"]
    before = browser.session.session_key

    browser.get(chosen(address, ALFA.key).removeprefix(HERE))

    assert browser.session.session_key != before
    assert not Session.objects.filter(session_key=before).exists()


@pytest.mark.usefixtures("standin")
def test_same_person_is_the_same_customer() -> None:
    for _n in range(2):
        through(Client(), START, ALFA.key)
    through(Client(), START, BETA.key)

    assert sorted(Customer.objects.values_list("family_name", flat=True)) == ["Alfa", "Beta"]


@pytest.mark.usefixtures("standin")
def test_protection_order_comes_along() -> None:
    through(Client(), START, GAMMA.key)

    assert Customer.objects.get().protected


@pytest.mark.usefixtures("standin")
def test_person_without_an_identity_code_is_a_customer_too() -> None:
    for _n in range(2):
        through(Client(), START, EIDAS.key)

    customer = Customer.objects.get()
    assert (customer.name, customer.identity_code) == ("Test Epsilon", "")
    assert EIDAS.pid not in customer.subject


@pytest.mark.usefixtures("standin")
def test_sign_in_page_offers_it_with_the_name_of_the_provider(settings: Settings, standin: StandIn) -> None:
    settings.OIDC = standin.facts(label="Example provider")

    html = Client().get("/en/sign-in/?next=/en/services/").content.decode()

    assert re.search(r'<a href="/en/sign-in/strongly/\?next=%2Fen%2Fservices%2F">Example provider</a>', html)


def test_request_has_what_makes_it_safe(settings: Settings, standin: StandIn) -> None:
    settings.OIDC = standin.facts(acr_values=["urn:example:strong", "urn:example:other"])

    asked = parse_qs(urlsplit(Client().get(START).headers["Location"]).query)

    assert asked["response_type"] == ["code"]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["acr_values"] == ["urn:example:strong urn:example:other"]
    assert asked["redirect_uri"] == [f"{HERE}/identification/callback/"]
    assert all(len(asked[name][0]) >= 20 for name in ("state", "nonce", "code_challenge"))


def test_signed_request_says_nothing_beside_the_signature(settings: Settings, standin: StandIn) -> None:
    settings.OIDC = standin.facts("signed_request")

    asked = parse_qs(urlsplit(Client().get(START).headers["Location"]).query)

    assert set(asked) == {"client_id", "response_type", "scope", "request"}


# --- what can go wrong -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        "other_nonce",
        "no_nonce",
        "other_audience",
        "only_authorized_party",
        "other_token_issuer",
        "other_access_token",
        "no_expiry",
        "from_the_future",
        "no_subject",
        "tampered",
        "other_key",
        "no_signature",
        "shared_secret",
        "other_response_issuer",
    ],
)
def test_answer_that_cannot_be_trusted_signs_nobody_in(standin: StandIn, fault: str) -> None:
    browser = Client()
    address = browser.get("/en/sign-in/strongly/?next=/en/services/").headers["Location"]
    standin.fail(fault)

    response = browser.get(chosen(address, ALFA.key).removeprefix(HERE))

    assert response.headers["Location"] == "/en/sign-in/?next=%2Fen%2Fservices%2F"
    assert "could not be trusted" in said(browser, response)
    assert not signed_in(browser)
    assert not Customer.objects.exists()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("expired", "came too late"),
        ("no_names", "did not tell who you are"),
        ("no_id_token", "did not tell who you are"),
        ("bad_code", "did not tell who you are"),
        ("broken", "does not answer"),
        ("error_at_authorize", "could not identify you"),
    ],
)
def test_failure_is_told_in_words(standin: StandIn, fault: str, words: str) -> None:
    browser = Client()
    address = browser.get("/en/sign-in/strongly/").headers["Location"]
    standin.fail(fault)

    html = said(browser, browser.get(chosen(address, ALFA.key).removeprefix(HERE)))

    assert words in html
    assert "Not now" not in html
    assert not signed_in(browser)


@pytest.mark.parametrize("fault", ["weak", "no_acr"])
def test_weaker_identification_than_asked_for_is_not_taken(settings: Settings, standin: StandIn, fault: str) -> None:
    settings.OIDC = standin.facts(acr_values=["urn:example:strong"])
    browser = Client()
    address = browser.get("/en/sign-in/strongly/").headers["Location"]
    standin.fail(fault)

    assert "not strong enough" in said(browser, browser.get(chosen(address, ALFA.key).removeprefix(HERE)))
    assert not signed_in(browser)


def test_names_may_come_when_they_are_asked_for(standin: StandIn) -> None:
    browser = Client()
    address = browser.get(START).headers["Location"]
    standin.fail("names_in_userinfo")

    browser.get(chosen(address, ALFA.key).removeprefix(HERE))

    assert Customer.objects.get().name == "Test Alfa"


def test_token_encrypted_to_an_older_key_of_ours_is_opened(
    settings: Settings, standin: StandIn, tmp_path: Path
) -> None:
    newer = [RSAKey.generate_key(2048, {"use": "enc"}, auto_kid=True).as_dict(private=True)]
    older = json.loads(standin.keys_file.read_text())["keys"]
    both = tmp_path / "keys.json"
    both.write_text(json.dumps({"keys": newer + older}))
    settings.OIDC = standin.facts("encrypted_token", keys_file=str(both))
    browser = Client()

    through(browser, START, ALFA.key)

    assert signed_in(browser)


def test_token_that_should_be_encrypted_and_is_not_is_refused(settings: Settings, standin: StandIn) -> None:
    settings.OIDC = standin.facts("encrypted_token")
    browser = Client()
    address = browser.get("/en/sign-in/strongly/").headers["Location"]
    standin.fail("not_encrypted")

    assert "could not be trusted" in said(browser, browser.get(chosen(address, ALFA.key).removeprefix(HERE)))


@pytest.mark.usefixtures("standin")
def test_cancelling_is_told_and_keeps_where_one_was_heading() -> None:
    browser = Client()

    response = through(browser, "/en/sign-in/strongly/?next=/en/services/", cancel=True)

    assert response.headers["Location"] == "/en/sign-in/?next=%2Fen%2Fservices%2F"
    assert "was cancelled" in said(browser, response)
    assert not signed_in(browser)


@pytest.mark.usefixtures("standin")
def test_callback_is_taken_once() -> None:
    browser = Client()
    address = browser.get(START).headers["Location"]
    back = chosen(address, ALFA.key).removeprefix(HERE)
    browser.get(back)

    assert browser.get(back).headers["Location"] == "/sv/cases/"
    browser.post("/sv/sign-out/")
    again = browser.get(back)

    assert again.headers["Location"].startswith("/sv/sign-in/")
    assert not signed_in(browser)


@pytest.mark.usefixtures("standin")
def test_cancelled_sign_in_cannot_be_taken_up_again() -> None:
    browser = Client(headers={"accept-language": "en"})
    address = browser.get(START).headers["Location"]
    browser.get(chosen(address, cancel=True).removeprefix(HERE))

    response = browser.get(chosen(address, ALFA.key).removeprefix(HERE))

    assert "already been used" in said(browser, response)
    assert not signed_in(browser)


@pytest.mark.usefixtures("standin")
def test_callback_in_another_browser_signs_nobody_in() -> None:
    address = Client().get(START).headers["Location"]
    victim = Client(headers={"accept-language": "en"})
    victim.get(START)

    response = victim.get(chosen(address, ALFA.key).removeprefix(HERE))

    assert "already been used" in said(victim, response)
    assert not signed_in(victim)


@pytest.mark.usefixtures("standin")
@pytest.mark.parametrize("query", ["", "?code=x", "?state=", "?state=x&code=y", "?error=access_denied", "?state=%00"])
def test_made_up_callback_signs_nobody_in(query: str) -> None:
    browser = Client()

    response = browser.get(f"/identification/callback/{query}")

    assert response.status_code == 302
    assert not signed_in(browser)


@pytest.mark.usefixtures("standin")
def test_stolen_code_is_of_no_use_without_the_verifier() -> None:
    thief = Client()
    state = parse_qs(urlsplit(thief.get(START).headers["Location"]).query)["state"][0]
    code = parse_qs(urlsplit(chosen(Client().get(START).headers["Location"], ALFA.key)).query)["code"][0]

    thief.get("/identification/callback/", {"code": code, "state": state})

    assert not signed_in(thief)


def test_provider_that_cannot_be_reached_is_told_in_words(settings: Settings, standin: StandIn) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{closed.getsockname()[1]}"
    settings.OIDC = standin.facts(issuer=nobody)
    browser = Client()

    response = browser.get("/en/sign-in/strongly/?next=/en/services/")

    assert response.headers["Location"] == "/en/sign-in/?next=%2Fen%2Fservices%2F"
    assert "does not answer" in said(browser, response)


def test_keys_that_lack_the_one_to_sign_with_are_no_server_error(
    settings: Settings, standin: StandIn, tmp_path: Path
) -> None:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"keys": [RSAKey.generate_key(2048, {"use": "enc"}).as_dict(private=True)]}))
    settings.OIDC = standin.facts("private_key_jwt", keys_file=str(file))

    assert Client().get(START).headers["Location"].startswith("/sv/sign-in/")


def test_provider_that_hangs_is_waited_for_a_while_only(settings: Settings, standin: StandIn) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        settings.OIDC = standin.facts(issuer=f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.2)

        browser = Client()
        assert "does not answer" in said(browser, browser.get("/en/sign-in/strongly/"))


def test_provider_that_calls_itself_by_another_name_is_not_used(standin: StandIn) -> None:
    openid.described.cache_clear()
    standin.fail("other_issuer")
    browser = Client()

    assert "does not answer" in said(browser, browser.get("/en/sign-in/strongly/"))


@pytest.mark.usefixtures("standin")
def test_session_remembers_only_a_few_begun_sign_ins() -> None:
    browser = Client()
    addresses = [browser.get(START).headers["Location"] for _n in range(openid.MOST_BEGUN + 3)]

    assert len([key for key in browser.session.keys() if key.startswith("_state_")]) == openid.MOST_BEGUN  # noqa: SIM118
    browser.get(chosen(addresses[-1], ALFA.key).removeprefix(HERE))
    assert signed_in(browser)


def test_too_many_are_answered_429(settings: Settings, monkeypatch: pytest.MonkeyPatch, standin: StandIn) -> None:
    settings.RATE_LIMITS = True
    monkeypatch.setitem(limits.LIMITS, "sign_in", limits.Limit(1, limits.MINUTES))
    browser = Client()
    browser.get(START)

    assert browser.get(START).status_code == 429
    assert browser.get("/identification/callback/").status_code == 429


@pytest.mark.parametrize("address", [START, "/identification/callback/?state=x"])
def test_without_a_provider_there_is_no_such_way(address: str) -> None:
    assert Client().get(address).status_code == 404


# --- nothing of it leaks ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["", "tampered", "bad_code"])
def test_nothing_of_a_person_is_in_logs_or_addresses(
    standin: StandIn, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    caplog.set_level(logging.DEBUG, "apps")
    browser = Client()
    begun = browser.get(START)
    back = chosen(begun.headers["Location"], ALFA.key)
    standin.fail(fault)
    response = browser.get(back.removeprefix(HERE))

    for text in (caplog.text, begun.headers["Location"], back, response.headers["Location"]):
        assert ALFA.code not in text
        assert "Alfa" not in text
    assert bool(fault) == ("nobody was identified" in caplog.text)


@pytest.mark.usefixtures("standin")
def test_session_and_database_hold_no_readable_code() -> None:
    browser = Client()
    through(browser, START, ALFA.key)

    token = browser.session[PROVIDER_KEY]
    assert "." not in token  # a token that can be read has its parts between dots
    stored = Session.objects.get(session_key=browser.session.session_key).session_data
    assert ALFA.code not in stored
    assert ALFA.code not in Customer.objects.get().subject


# --- signing out -----------------------------------------------------------------------------------------------------


def leaving(html: str) -> tuple[str, dict[str, str]]:
    """The form that signs out at the provider."""
    form = re.search(r'<form method="post" action="([^"]+)" data-leave>(.*?)</form>', html, re.S)
    assert form
    return form.group(1), dict(re.findall(r'name="([^"]+)" value="([^"]*)"', unescape(form.group(2))))


@pytest.mark.parametrize("switches", [(), ("encrypted_token",)])
def test_sign_out_goes_on_to_the_provider_and_back(
    settings: Settings, standin: StandIn, switches: tuple[str, ...]
) -> None:
    settings.OIDC = standin.facts(*switches)
    browser = Client()
    through(browser, "/fi/sign-in/strongly/", ALFA.key)

    response = browser.post("/fi/sign-out/")

    assert not signed_in(browser)
    assert PROVIDER_KEY not in browser.session
    assert f"form-action 'self' {standin.address};" in response.headers["Content-Security-Policy"]
    address, fields = leaving(response.content.decode())
    assert "?" not in address
    answer = requests.post(address, fields, timeout=20, allow_redirects=False)
    assert answer.headers["Location"] == f"{HERE}/identification/signed-out/?state=fi"
    home = browser.get("/identification/signed-out/?state=fi", follow=True)
    assert home.redirect_chain == [("/fi/", 302)]
    assert "panel--success" in home.content.decode()


def test_sign_out_works_when_the_provider_does_not(settings: Settings, standin: StandIn) -> None:
    browser = Client()
    through(browser, START, ALFA.key)
    settings.OIDC = standin.facts(issuer="http://127.0.0.1:9", timeout=0.2)

    response = browser.post("/sv/sign-out/")

    assert response.headers["Location"] == "/sv/"
    assert not signed_in(browser)


@pytest.mark.usefixtures("standin")
def test_next_person_is_not_signed_out_as_the_one_before(settings: Settings) -> None:
    settings.DEBUG = settings.TEST_IDENTITY = True
    browser = Client()
    through(browser, START, ALFA.key)
    browser.post("/sv/sign-in/", {"given_name": "Test", "family_name": "Testperson"})

    assert browser.post("/sv/sign-out/").headers["Location"] == "/sv/"


@pytest.mark.parametrize("state", ["", "xx", "<script>"])
def test_back_from_the_provider_in_no_known_language_is_home(state: str) -> None:
    assert Client().get("/identification/signed-out/", {"state": state}).headers["Location"] == "/sv/"


def test_keys_are_published_without_their_private_half(settings: Settings, standin: StandIn) -> None:
    settings.OIDC = standin.facts("private_key_jwt")

    keys = Client().get("/identification/keys.json").json()["keys"]

    assert [key["use"] for key in keys] == ["sig", "enc"]
    assert not [key for key in keys if {"d", "p", "q"} & key.keys()]


def test_without_keys_none_are_published() -> None:
    assert Client().get("/identification/keys.json").json() == {"keys": []}
