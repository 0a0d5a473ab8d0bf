"""Who calls: known by one thing that is shown, and by nothing that anybody else could have written."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from apps.people import limits, systems
from apps.people.limits import LIMITS, Limit
from apps.people.models import Attempt, LogLine
from tests import build
from tests.interface import callers
from tests.interface.callers import call, get, problem

pytestmark = pytest.mark.django_db
CLIENT = "FI-TEST/MUN/0000000-0/register"
SERVER = "192.0.2.10"
PRINT = "0a" * 32
HEADER = "X-Client-Certificate"


def shown(**headers: str) -> int:
    """The status that a caller is answered with who shows these headers."""
    status: int = get(
        "commondata", headers={name.replace("_", "-"): value for name, value in headers.items()}
    ).status_code
    return status


def from_address(address: str, forwarded: str = "", **headers: str) -> int:
    """The same from an address."""
    meta = {"REMOTE_ADDR": address, **({"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {})}
    client = Client(**meta)  # type: ignore[arg-type]
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    status: int = call(client, "GET", "commondata", headers=given).status_code
    return status


def test_who_shows_nothing_is_told_what_to_show() -> None:
    answer = get("commondata")

    assert (answer.status_code, problem(answer)) == (401, "unauthorised")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert "Authorization: Bearer" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("Bearer {}", 200),
        ("bearer {}", 200),
        ("Bearer  {} ", 200),
        ("Basic {}", 401),
        ("{}", 401),
        ("Bearer", 401),
        ("Bearer x{}", 401),
    ],
)
def test_key_is_shown_as_a_bearer_token(words: str, status: int) -> None:
    assert shown(Authorization=words.format(callers.key())) == status


def test_key_in_the_address_or_in_a_cookie_is_none() -> None:
    key = callers.key()

    assert get("commondata", access_token=key).status_code == 401
    assert shown(Cookie=f"key={key}") == 401


def test_official_who_is_signed_in_is_no_system() -> None:
    assert call(build.signed_in(build.official()), "GET", "commondata").status_code == 401


def test_ended_key_and_system_that_is_not_let_in_are_refused_alike() -> None:
    system = callers.system()
    made, ended = systems.make_key(system, by=None)
    systems.end_key(made)
    out = callers.key(callers.system("Out", active=False))

    refused = [get("commondata", key) for key in (ended, out, "fe_never-was")]

    assert {answer.status_code for answer in refused} == {401}
    assert len({answer.content for answer in refused}) == 1


@pytest.mark.parametrize(
    ("address", "servers", "status"),
    [
        (SERVER, [SERVER], 200),
        (SERVER, ["192.0.2.0/28"], 200),
        ("192.0.2.11", [SERVER], 401),
        (SERVER, [], 401),
        ("2001:db8::a", ["2001:db8::a"], 200),
        ("2001:db8::b", ["2001:db8::a"], 401),
        ("::ffff:192.0.2.10", [SERVER], 200),
        ("nowhere", [SERVER], 401),
    ],
)
def test_client_of_x_road_is_believed_from_our_security_servers_alone(
    settings: Settings, address: str, servers: list[str], status: int
) -> None:
    settings.INTERFACE_XROAD_SERVERS = [ip_network(one) for one in servers]
    callers.system(xroad_client=CLIENT)

    assert from_address(address, X_Road_Client=CLIENT) == status


@pytest.mark.parametrize(
    ("proxies", "forwarded", "status"),
    [
        (1, SERVER, 200),
        (1, f"{SERVER}, 198.51.100.7", 401),
        (1, f"198.51.100.7, {SERVER}", 200),
        (0, SERVER, 401),
        (2, f"{SERVER}, 127.0.0.2", 200),
        (2, SERVER, 401),  # whoever comes past a proxy has written it
    ],
)
def test_security_server_is_known_as_the_proxy_saw_it(
    settings: Settings, proxies: int, forwarded: str, status: int
) -> None:
    settings.INTERFACE_XROAD_SERVERS = [ip_network(SERVER)]
    settings.TRUSTED_PROXIES = proxies
    callers.system(xroad_client=CLIENT)

    assert from_address("127.0.0.1", forwarded, X_Road_Client=CLIENT) == status


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("6f0e4d0c-1", "ledger, 0, X-Road-Id 6f0e4d0c-1"),
        ("", "ledger, 0"),
        ("x" * 101, "ledger, 0"),
        ("\xe5", "ledger, 0"),
    ],
    ids=["said", "not-said", "too-long", "not-ascii"],
)
def test_log_has_by_what_the_security_servers_know_the_call(settings: Settings, said: str, kept: str) -> None:
    settings.INTERFACE_XROAD_SERVERS = [ip_network(SERVER)]
    callers.system(xroad_client=CLIENT)

    from_address(SERVER, X_Road_Client=CLIENT, X_Road_Id=said)

    assert LogLine.objects.get().detail == kept


def test_log_does_not_have_what_a_caller_with_a_key_says_of_x_road() -> None:
    get("commondata", callers.key(), headers={"X-Road-Id": "6f0e4d0c-1"})

    assert LogLine.objects.get().detail == "ledger, 0"


@pytest.mark.parametrize("client", ["FI-TEST/MUN/0000000-0/other", "å", "\x00", " "], ids=ascii)
def test_client_that_nobody_has_is_refused(settings: Settings, client: str) -> None:
    settings.INTERFACE_XROAD_SERVERS = [ip_network(SERVER)]
    callers.system(xroad_client=CLIENT)

    assert from_address(SERVER, X_Road_Client=client) == 401


def test_certificate_is_believed_in_the_header_that_the_settings_name(settings: Settings) -> None:
    callers.system(certificate=PRINT)

    settings.TRUSTED_PROXIES = 1
    assert shown(**{HEADER: PRINT}) == 401
    settings.INTERFACE_CERTIFICATE_HEADER = HEADER
    assert shown(**{HEADER: PRINT.upper()}) == 200
    assert shown(**{HEADER: "0b" * 32}) == 401


def test_certificate_is_not_believed_where_no_proxy_could_have_said_it(settings: Settings) -> None:
    settings.INTERFACE_CERTIFICATE_HEADER, settings.TRUSTED_PROXIES = HEADER, 0
    callers.system(certificate=PRINT)

    assert shown(**{HEADER: PRINT}) == 401


def test_who_shows_a_key_is_whom_the_key_says_and_nobody_else(settings: Settings) -> None:
    settings.INTERFACE_XROAD_SERVERS, settings.INTERFACE_CERTIFICATE_HEADER = [ip_network(SERVER)], HEADER
    settings.TRUSTED_PROXIES = 1
    callers.system("Other", xroad_client=CLIENT, certificate=PRINT)
    key = callers.key(callers.system("Keyed"))
    others = {"X_Road_Client": CLIENT, HEADER: PRINT}

    assert from_address(SERVER, Authorization=f"Bearer {key}", **others) == 200
    assert LogLine.objects.get().user_name == "Keyed"
    assert from_address(SERVER, Authorization="Bearer fe_ended", **others) == 401


# --- how often ---------------------------------------------------------------------------------------------------------


def test_system_that_calls_too_often_is_told_when_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LIMITS, "interface", Limit(3, timedelta(minutes=10)))
    key, other = callers.key(), callers.key(callers.system("Other"))

    answers = [get("commondata", key) for _n in range(6)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429, 429]
    assert problem(answers[-1]) == "too-many"
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 601
    assert get("commondata", other).status_code == 200
    # Of all the refusals the log has the first: they are to cost less than what they refuse.
    assert LogLine.objects.filter(act="refused").count() == 1


def test_calls_that_are_refused_count_as_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LIMITS, "interface", Limit(2, timedelta(minutes=10)))
    key = callers.key()

    assert [get(f"commondata/{path}", key).status_code for path in ("x", "y", "z")] == [400, 400, 429]


def test_who_goes_on_showing_nothing_good_is_refused_by_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LIMITS, "interface_refused", Limit(2, timedelta(minutes=10)))

    assert [get("commondata", "fe_guess").status_code for _n in range(3)] == [401, 401, 429]
    assert from_address("198.51.100.7", Authorization="Bearer fe_guess") == 401
    assert get("commondata", callers.key()).status_code == 200  # whoever has a good key is not kept out by others


def test_calls_are_written_down_many_at_a_time(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    key = callers.key()
    get("commondata", key)

    with django_assert_num_queries(3 * (limits.ROUGHLY - 1)):  # the key, the ledger, the log: none for the limit
        for _n in range(limits.ROUGHLY - 1):
            get("commondata", key)

    get("commondata", key)
    assert Attempt.objects.get().count == limits.ROUGHLY + 1


def test_refused_call_of_a_stranger_leaves_no_line_in_the_log() -> None:
    get("commondata", "fe_guess")

    assert not LogLine.objects.exists()
