"""For whom a customer may act, asked of a real source over HTTP."""

from __future__ import annotations

import json
import logging
import socket
import threading
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from pytest_django import Settings

from apps.people import mandates
from apps.people.mandates import Begun, Chosen, NoMandate, SourceAway, Unconfirmed
from apps.people.models import Customer, Mandate, Principal
from apps.people.sealing import index
from apps.people.standin.people import ALFA, COMPANY, DELTA, FOR_COMPANIES, FOR_PERSONS, GAMMA
from apps.people.standin.server import Settings as StandInSettings
from apps.people.standin.server import StandIn
from tests import build

pytestmark = pytest.mark.django_db
CALLBACK = "http://127.0.0.1:1/identification/mandates/"
NOW = datetime(2027, 3, 1, 9, 30, tzinfo=UTC)


@pytest.fixture
def source(settings: Settings) -> Iterator[StandIn]:
    """The stand-in, as the source of mandates."""
    server = StandIn(StandInSettings(port=0))
    server.start()
    settings.MANDATES_URL = server.address
    settings.MANDATES_CLIENT_ID = "portal"
    settings.MANDATES_API_KEY = settings.MANDATES_OAUTH_SECRET = "stand-in-only"
    yield server
    server.stop()


def somebody(code: str = ALFA.code) -> Customer:
    return Customer.objects.create(
        way="example", subject=index(code), given_name="Test", family_name="Alfa", identity_code=code
    )


def chooses(begun: Begun, which: str) -> str:
    """What the browser does: choose on the source's page, and come back with a code (or without)."""
    address = mandates.address_to_choose(begun, callback=CALLBACK, state="a-state", language="sv")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    body = urlencode({**asked, "chosen": which}).encode()
    opener = urllib.request.build_opener(NoRedirect)
    with opener.open(address.partition("/oauth")[0] + "/oauth/choose", body, timeout=20) as answer:
        said = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert said["state"] == ["a-state"]
    return said.get("code", [""])[0]


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Stops at the redirect, which leads to a portal that does not run here."""

    def http_error_302(self, req: object, fp: object, code: int, msg: str, headers: object) -> object:
        """The answer itself."""
        return fp


def chosen(customer: Customer, which: str, kind: str = "company") -> Chosen:
    begun = mandates.begin(customer, kind)
    return mandates.finish(begun, chooses(begun, which), callback=CALLBACK)


def tell(source: StandIn, **what: object) -> None:
    request = urllib.request.Request(f"{source.address}/__mandates", json.dumps(what).encode())  # noqa: S310 (loopback)
    urllib.request.urlopen(request, timeout=20).close()  # noqa: S310 (loopback)


def test_a_company_is_chosen_with_the_roles_one_has_in_it(source: StandIn) -> None:
    customer = somebody()

    (found,) = mandates.principals(session := chosen(customer, COMPANY.business_id))
    mandate = mandates.note(customer, found, session.session, at=NOW)

    assert mandate.roles == list(FOR_COMPANIES[ALFA.code][COMPANY.business_id])
    assert str(mandate.principal) == f"{COMPANY.name} ({COMPANY.business_id})"
    assert mandate.holds


def test_another_person_is_chosen_and_kept_without_a_code_in_the_clear(source: StandIn) -> None:
    customer = somebody()

    (found,) = mandates.principals(session := chosen(customer, DELTA.code, "person"))
    principal = mandates.note(customer, found, session.session).principal

    assert (principal.kind, principal.name, principal.business_id) == ("person", DELTA.name, "")
    assert found.roles == FOR_PERSONS[ALFA.code][DELTA.code]
    assert DELTA.code not in principal.subject
    assert principal.identity_code == DELTA.code


def test_the_same_principal_is_the_same_for_everybody(source: StandIn, settings: Settings) -> None:
    first = mandates.note(somebody(), mandates.Found("person", DELTA.code, "Test Delta", ()), "s").principal
    settings.IDENTITY_CODE_KEYS = ["a newer key, of more than thirty-two characters", *settings.IDENTITY_CODE_KEYS]

    second = mandates.note(build.customer(), mandates.Found("person", DELTA.code, "Test Delta", ()), "t").principal

    assert first == second
    assert Principal.objects.count() == 1


def test_who_has_no_mandate_gets_none(source: StandIn) -> None:
    begun = mandates.begin(somebody(GAMMA.code), "company")

    assert chooses(begun, COMPANY.business_id) == ""


def test_cancelling_gives_nothing(source: StandIn) -> None:
    assert chooses(mandates.begin(somebody(), "company"), "") == ""


def test_a_code_is_good_once_and_for_one_address(source: StandIn) -> None:
    begun = mandates.begin(somebody(), "company")
    code = chooses(begun, COMPANY.business_id)

    with pytest.raises(NoMandate):
        mandates.finish(begun, code, callback="http://127.0.0.1:1/elsewhere/")
    with pytest.raises(NoMandate):
        mandates.finish(begun, code, callback=CALLBACK)


def test_a_mandate_that_has_ended_is_noted_as_ended(source: StandIn) -> None:
    customer = somebody()
    session = chosen(customer, COMPANY.business_id)
    mandate = mandates.note(customer, mandates.principals(session)[0], session.session, at=NOW)
    assert mandates.check(mandate, session, at=NOW + timedelta(hours=1))

    tell(source, end=COMPANY.business_id)

    assert not mandates.check(mandate, session, at=NOW + timedelta(hours=2))
    assert Mandate.objects.get().ended_at == NOW + timedelta(hours=2)


def test_a_token_that_has_run_out_is_renewed(source: StandIn) -> None:
    customer = somebody()
    session = chosen(customer, COMPANY.business_id)
    mandate = mandates.note(customer, mandates.principals(session)[0], session.session)
    tell(source, expire=True)

    with pytest.raises(Unconfirmed):
        mandates.check(mandate, session)

    assert mandates.check(mandate, mandates.renewed(session))
    with pytest.raises(NoMandate):
        mandates.renewed(session)


def test_a_mandate_holds_no_longer_than_the_session_that_shows_it(source: StandIn) -> None:
    customer = somebody()
    session = chosen(customer, COMPANY.business_id)
    mandate = mandates.note(customer, mandates.principals(session)[0], session.session)
    mandates.end(session)

    with pytest.raises(Unconfirmed):
        mandates.check(mandate, session)


def test_a_source_that_is_away_ends_nothing(source: StandIn) -> None:
    customer = somebody()
    session = chosen(customer, COMPANY.business_id)
    mandate = mandates.note(customer, mandates.principals(session)[0], session.session)
    tell(source, away=True)

    with pytest.raises(SourceAway):
        mandates.check(mandate, session)
    assert Mandate.objects.get().holds


def test_a_source_that_nobody_listens_at_is_away(settings: Settings) -> None:
    settings.MANDATES_URL, settings.MANDATES_CLIENT_ID = "http://127.0.0.1:9", "portal"

    with pytest.raises(SourceAway):
        mandates.begin(somebody(), "company")


def test_a_wrong_key_opens_nothing(source: StandIn, settings: Settings) -> None:
    settings.MANDATES_API_KEY = "another key"

    with pytest.raises(NoMandate):
        mandates.begin(somebody(), "company")


def test_who_has_no_code_cannot_be_known_there(source: StandIn) -> None:
    with pytest.raises(NoMandate):
        mandates.begin(build.customer(), "company")


def test_no_code_is_told_in_logs_or_exceptions(
    source: StandIn, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    customer = somebody()
    with caplog.at_level(logging.INFO):
        mandates.begin(customer, "company")
        settings.MANDATES_URL = "http://127.0.0.1:9"
        with pytest.raises(SourceAway) as refused:
            mandates.begin(customer, "company")

    assert ALFA.code not in caplog.text
    assert ALFA.code not in repr(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__
    assert settings.LOGGING["loggers"]["urllib3"]["level"] == "ERROR"


@pytest.mark.parametrize("minutes", [29, 31])
def test_the_source_is_asked_again_after_a_while(settings: Settings, minutes: int) -> None:
    settings.MANDATE_MINUTES = 30
    mandate = Mandate(checked_at=NOW)

    assert mandates.is_old(mandate, at=NOW + timedelta(minutes=minutes)) == (minutes > 30)


# --- answers that nobody should have to understand --------------------------------------------------------------------


class Answering:
    """A source that answers every request with the same bytes, over a real socket."""

    def __init__(self, said: bytes) -> None:
        self.said = said
        self.asked: list[str] = []
        self.door = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.door.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                caller, _where = self.door.accept()
            except OSError:
                return
            with caller:
                self.asked.append(caller.recv(65_536).decode())
                caller.sendall(self.said)


def whole(document: object) -> bytes:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


@pytest.fixture
def answering(settings: Settings) -> Iterator[Callable[[bytes], Answering]]:
    """Make a source that answers so."""
    made: list[Answering] = []

    def make(said: bytes) -> Answering:
        source = Answering(said)
        made.append(source)
        settings.MANDATES_URL, settings.MANDATES_CLIENT_ID, settings.MANDATES_API_KEY = source.address, "portal", "key"
        return source

    yield make
    for source in made:
        source.door.close()


IN_COMPANY = Chosen("company", "a-session", "a-token")
GOOD = {"identifier": COMPANY.business_id, "name": "Ab", "roles": ["TJ"]}


@pytest.mark.parametrize(
    "said",
    [
        whole([GOOD])[:-5],
        whole(b"[" * 50_000),
        whole(b"<html>"),
        whole({"error": "x"}),
        whole([GOOD | {"identifier": "1234567-8"}]),
        whole([GOOD | {"name": ""}]),
        whole([GOOD | {"name": "A\u0000b"}]),
        whole([GOOD | {"name": "x" * 300}]),
        whole([GOOD | {"roles": "TJ"}]),
        whole([GOOD | {"roles": [None]}]),
        whole([GOOD] * 300),
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n[]",
        b"nonsense\r\n\r\n",
        b"",
    ],
)
def test_an_answer_that_makes_no_sense_is_like_none(answering: Callable[[bytes], Answering], said: bytes) -> None:
    answering(said)

    with pytest.raises(SourceAway):
        mandates.principals(IN_COMPANY)


def test_a_company_without_any_role_is_no_mandate(answering: Callable[[bytes], Answering]) -> None:
    answering(whole([GOOD | {"roles": []}]))

    assert mandates.principals(IN_COMPANY) == []


def test_a_person_of_whom_the_source_does_not_say_allowed_is_no_mandate(source: StandIn) -> None:
    customer = somebody()
    session = chosen(customer, DELTA.code, "person")
    mandate = mandates.note(customer, mandates.principals(session)[0], session.session)

    tell(source, end=DELTA.code)

    assert not mandates.check(mandate, session)


def test_passwords_of_the_machine_are_not_sent_to_the_source(
    answering: Callable[[bytes], Answering], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password secret\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    asked = answering(whole([GOOD])).asked

    mandates.principals(IN_COMPANY)

    assert "Authorization: Bearer a-token" in asked[0]
    assert "Basic" not in asked[0]
