"""`check --deploy` says in words what keeps a production installation from serving the public."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage, StaticFilesStorage
from pytest_django import Settings

from apps.people.identification import Identification
from config import checks
from tests.config.test_settings import PRODUCTION, manage


def ids(found: list[checks.CheckMessage]) -> list[str | None]:
    return [message.id for message in found]


@pytest.mark.thorough
def test_bare_production_is_told_everything_that_is_missing(tmp_path: Path) -> None:
    ended = manage(tmp_path, "check", "--deploy", **PRODUCTION)

    assert ended.returncode != 0
    for known in ("config.W001", "config.W002", "config.W003", "config.W004", "config.W011", "config.E002"):
        assert known in ended.stderr, ended.stderr
    for word in ("DATABASE_URL", "NATIONAL_SERVICE_URL is missing", "no customer can sign in", "collectstatic"):
        assert word in ended.stderr, ended.stderr


@pytest.mark.thorough
def test_checks_leave_a_developer_alone(tmp_path: Path) -> None:
    assert "config." not in manage(tmp_path, "check").stderr


@pytest.mark.parametrize(
    ("on", "issuer", "said"),
    [(True, "", []), (False, "https://provider.example", []), (False, "", ["config.W010"])],
)
def test_password_alone_is_not_to_open_the_desk(settings: Settings, on: bool, issuer: str, said: list[str]) -> None:
    settings.SECOND_FACTOR, settings.OFFICIALS_OIDC = on, {**settings.OFFICIALS_OIDC, "issuer": issuer}

    assert ids(checks.check_second_factor()) == said


@pytest.mark.parametrize(
    ("engine", "said"), [("django.db.backends.sqlite3", ["config.W001"]), ("django.db.backends.postgresql", [])]
)
def test_database_is_to_be_a_server(monkeypatch: pytest.MonkeyPatch, engine: str, said: list[str]) -> None:
    monkeypatch.setitem(checks.settings.DATABASES["default"], "ENGINE", engine)

    assert ids(checks.check_database()) == said


@pytest.mark.parametrize(
    ("address", "token", "said"),
    [
        ("", "", ["config.W002"]),
        ("", "secret", ["config.W002"]),
        ("http://national.example", "secret", ["config.E001"]),
        ("national.example", "secret", ["config.E001"]),
        ("http://national.example", "", []),
        ("https://national.example", "secret", []),
        ("HTTPS://national.example", "secret", []),
    ],
)
def test_national_service_has_an_address_that_keeps_the_token_secret(
    settings: Settings, address: str, token: str, said: list[str]
) -> None:
    settings.NATIONAL_SERVICE_URL, settings.NATIONAL_SERVICE_TOKEN = address, token

    found = checks.check_national_service()

    assert ids(found) == said


@pytest.mark.parametrize(("sent", "said"), [(True, []), (False, ["config.W004"])])
def test_mail_is_to_be_sent(settings: Settings, sent: bool, said: list[str]) -> None:
    settings.MAIL_IS_SENT = sent

    assert ids(checks.check_mail()) == said


@pytest.mark.parametrize(
    ("operator", "token", "said"),
    [
        ("operator@example.com", "", []),
        ("operator@example.com", "x" * 16, []),
        ("", "", ["config.W011"]),
        ("operator@example.com", "guess", ["config.W012"]),
    ],
)
def test_somebody_is_to_be_told_when_deliveries_stop(
    settings: Settings, operator: str, token: str, said: list[str]
) -> None:
    settings.OPERATOR_EMAIL, settings.METRICS_TOKEN = operator, token

    assert ids(checks.check_watching()) == said


def test_the_test_identity_is_no_way_for_the_public(settings: Settings) -> None:
    settings.DEBUG = settings.TEST_IDENTITY = True
    settings.EMAIL_LINK = False

    assert ids(checks.check_identification()) == ["config.W003"]


def test_another_way_of_identification_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Identification, "ways", dict(Identification.ways))

    class Offered(Identification):
        key = "offered"

        @classmethod
        def available(cls) -> bool:
            return True

    assert ids(checks.check_identification()) == []


def test_static_files_must_have_been_collected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = ManifestStaticFilesStorage(location=tmp_path)
    monkeypatch.setattr(checks, "staticfiles_storage", storage)
    assert ids(checks.check_static_files()) == ["config.E002"]

    storage.save_manifest()
    assert ids(checks.check_static_files()) == []


def test_static_files_without_a_manifest_need_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "staticfiles_storage", StaticFilesStorage(location=tmp_path))

    assert ids(checks.check_static_files()) == []


@pytest.mark.parametrize(
    ("header", "proxies", "said"),
    [("", 0, []), ("X-Client-Certificate", 1, []), ("X-Client-Certificate", 0, ["config.E004"])],
)
def test_certificate_is_believed_from_a_proxy_alone(
    settings: Settings, header: str, proxies: int, said: list[str]
) -> None:
    settings.INTERFACE_CERTIFICATE_HEADER, settings.TRUSTED_PROXIES = header, proxies

    assert ids(checks.check_interface()) == said


@pytest.mark.parametrize(
    ("servers", "said"),
    [([], []), (["192.0.2.10", "192.0.2.0/28"], []), (["10.0.0.0/8"], ["config.W016"]), (["::/0"], ["config.W016"])],
    ids=str,
)
def test_whole_networks_are_no_security_servers(settings: Settings, servers: list[str], said: list[str]) -> None:
    settings.INTERFACE_XROAD_SERVERS = [ip_network(one) for one in servers]

    assert ids(checks.check_interface()) == said
