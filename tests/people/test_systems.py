"""How a connected system becomes known: by a key that is good, by a client, by a certificate; and how its keys come and go."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apps.people import systems
from apps.people.models import SystemKey
from tests import build
from tests.build import NOW
from tests.interface import callers

pytestmark = pytest.mark.django_db
CERTIFICATE = b"the bytes of a certificate"
PRINT = hashlib.sha256(CERTIFICATE).hexdigest()
BASE64 = base64.encodebytes(CERTIFICATE).decode()
PEM = f"-----BEGIN CERTIFICATE-----\n{BASE64}-----END CERTIFICATE-----\n"


# --- keys --------------------------------------------------------------------------------------------------------------


def test_system_is_known_by_its_key() -> None:
    system = callers.system()

    assert systems.by_key(callers.key(system)) == system


def test_key_is_nowhere_but_with_who_was_told_it() -> None:
    made, key = systems.make_key(callers.system(), by=build.official())

    kept = [str(value) for row in SystemKey.objects.values() for value in row.values()]
    assert made.digest == hashlib.sha256(key.encode()).hexdigest()
    assert not [value for value in kept if key in value]
    assert len(key) - len(made.beginning) >= 32


@pytest.mark.parametrize(("is_test", "begins"), [(False, "fe_"), (True, "fetest_")])
def test_key_says_of_itself_whether_it_is_for_testing(is_test: bool, begins: str) -> None:
    assert callers.key(callers.system(is_test=is_test)).startswith(begins)


def test_key_that_has_ended_is_nobodys() -> None:
    made, key = systems.make_key(callers.system(), by=None, at=NOW)
    systems.end_key(made, at=NOW + timedelta(hours=1))

    assert systems.by_key(key, at=NOW + timedelta(minutes=59)) is not None
    assert systems.by_key(key, at=NOW + timedelta(hours=1)) is None


def test_key_that_has_ended_does_not_end_later_after_all() -> None:
    made, key = systems.make_key(callers.system(), by=None, at=NOW)
    systems.end_key(made, at=NOW)

    systems.end_key(made, at=NOW + timedelta(days=1))

    assert systems.by_key(key, at=NOW + timedelta(hours=1)) is None


def test_keys_that_are_replaced_go_on_for_a_while() -> None:
    system = callers.system()
    old = callers.key(system, at=NOW)
    _made, new = systems.replace_keys(system, by=None, at=NOW)

    for key, after, known in [
        (old, systems.OVERLAP - timedelta(seconds=1), system),
        (old, systems.OVERLAP, None),
        (new, systems.OVERLAP, system),
    ]:
        assert systems.by_key(key, at=NOW + after) == known


def test_replacing_does_not_lengthen_a_key_that_ends_sooner() -> None:
    system = callers.system()
    made, old = systems.make_key(system, by=None, at=NOW)
    systems.end_key(made, at=NOW + timedelta(hours=1))

    systems.replace_keys(system, by=None, at=NOW)

    assert systems.by_key(old, at=NOW + timedelta(hours=2)) is None


def test_system_that_is_not_let_in_is_nobody() -> None:
    system = callers.system(xroad_client="FI-TEST/MUN/0000000-0/register", certificate=PRINT)
    key = callers.key(system)
    system.active = False
    system.save()

    assert systems.by_key(key) is systems.by_xroad_client(system.xroad_client) is systems.by_certificate(PRINT) is None


@pytest.mark.parametrize("key", ["", "x", "fe_å", "fe_\x00", "fe_" + "x" * 100_000, "\ud800"], ids=ascii)
def test_what_can_be_no_key_is_nobodys(key: str) -> None:
    callers.key()

    assert systems.by_key(key[:200_000]) is None


def test_use_is_noted_to_the_minute(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    system = callers.system()
    key = callers.key(system, at=NOW)

    with django_assert_num_queries(3):
        systems.by_key(key, at=NOW)
    with django_assert_num_queries(1):
        systems.by_key(key, at=NOW + timedelta(seconds=59))
    systems.by_key(key, at=NOW + timedelta(seconds=60))

    system.refresh_from_db()
    assert system.used_at == SystemKey.objects.get().used_at == NOW + timedelta(seconds=60)


# --- clients and certificates ------------------------------------------------------------------------------------------


def test_system_is_known_by_the_client_that_a_security_server_names() -> None:
    system = callers.system(xroad_client="FI-TEST/MUN/0000000-0/register")

    assert systems.by_xroad_client("FI-TEST/MUN/0000000-0/register") == system
    assert systems.by_xroad_client("FI-TEST/MUN/0000000-0") is None


@pytest.mark.parametrize(
    "said",
    [
        PRINT,
        PRINT.upper(),
        ":".join(PRINT[n : n + 2] for n in range(0, 64, 2)),
        f" {PRINT} ",
        PEM,
        PEM.replace("\n", "\n\t"),
        quote(PEM, safe=""),
        BASE64.replace("\n", ""),
    ],
    ids=["digits", "capitals", "colons", "spaces", "pem", "nginx", "nginx-escaped", "traefik"],
)
def test_certificate_is_known_however_the_proxy_says_it(said: str) -> None:
    system = callers.system(certificate=PRINT)

    assert systems.by_certificate(said) == system


@pytest.mark.parametrize(
    "said", ["", " ", "(null)", "-", "-----BEGIN CERTIFICATE----------END CERTIFICATE-----", "åäö", PRINT[:-1]]
)
def test_word_that_is_no_certificate_is_nobodys(said: str) -> None:
    callers.system()

    assert systems.by_certificate(said) is None


def test_system_without_a_client_or_a_certificate_is_not_known_by_their_absence() -> None:
    callers.system()

    assert systems.by_xroad_client("") is systems.by_certificate("") is None


def test_part_of_the_test_is_noted_when_it_is_done_first() -> None:
    system = callers.system(is_test=True)
    systems.note_checked(system, "data", at=NOW)
    systems.note_checked(system, "data", at=timezone.now())

    system.refresh_from_db()
    assert system.checks == {"data": NOW.isoformat()}
