"""Settings that would be dangerous are a refusal to start, in words; production settings pass Django's own check."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SECRET = "of no use but in this test: abcdefghijklmnopqrstuvwxyz 0123456789"
SECRETS = {"SECRET_KEY": SECRET, "IDENTITY_CODE_KEYS": SECRET[::-1].replace(",", ""), "SCANNER": "none"}
PRODUCTION = {"ENVIRONMENT": "production", "ALLOWED_HOSTS": "example.fi", **SECRETS}


def manage(tmp_path: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """manage.py in an environment that has nothing but what is given."""
    bare = {"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**bare, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


REFUSED: list[tuple[dict[str, str], list[str]]] = [
    ({"ENVIRONMENT": "production"}, ["SECRET_KEY is missing"]),
    ({"ENVIRONMENT": "production", "SECRET_KEY": ""}, ["SECRET_KEY is missing"]),
    (
        {"ENVIRONMENT": "production", "SECRET_KEY": "development-only-and-of-no-use-elsewhere"},
        ["SECRET_KEY is missing"],
    ),
    ({**PRODUCTION, "DEBUG": "1"}, ["DEBUG is on", "TEST_IDENTITY is on"]),
    ({**PRODUCTION, "DEBUG": "on", "TEST_IDENTITY": "off"}, ["DEBUG is on"]),
    ({**PRODUCTION, "TEST_IDENTITY": "1"}, ["TEST_IDENTITY is on"]),
    ({"DEBUG": "0", **SECRETS, "TEST_IDENTITY": "1"}, ["TEST_IDENTITY is on"]),
    ({**PRODUCTION, "IDENTITY_CODE_KEYS": ""}, ["IDENTITY_CODE_KEYS is missing"]),
    (
        {**PRODUCTION, "IDENTITY_CODE_KEYS": "development-only-and-of-no-use-elsewhere"},
        ["IDENTITY_CODE_KEYS is missing"],
    ),
    ({**PRODUCTION, "IDENTITY_CODE_KEYS": "too-short"}, ["IDENTITY_CODE_KEYS has a key that is too short"]),
    ({**PRODUCTION, "SCANNER": ""}, ["SCANNER is missing"]),
    ({**PRODUCTION, "EMAIL_URL": "smtp://mail.example"}, ["DEFAULT_FROM_EMAIL is missing", "SITE_URL is missing"]),
    ({**PRODUCTION, "SITE_URL": "service.example"}, ["SITE_URL does not begin with https://"]),
    ({**PRODUCTION, "EMAIL_LINK": "on"}, ["EMAIL_LINK is on, but EMAIL_URL is missing"]),
    ({"HANDOVER_FOLDER": "/srv/a", "HANDOVER_BUCKET": "b"}, ["HANDOVER_FOLDER and HANDOVER_BUCKET are both set"]),
    ({"HANDOVER_FOLDER": "packages"}, ["HANDOVER_FOLDER does not begin with /"]),
    (
        {**PRODUCTION, "HANDOVER_BUCKET": "b", "HANDOVER_BUCKET_ENDPOINT": "http://s3.example"},
        ["HANDOVER_BUCKET_ENDPOINT does not begin with https://"],
    ),
    (
        {"INTERFACE_XROAD_SERVERS": "192.0.2.10, server.example,192.0.2.0/99"},
        ["INTERFACE_XROAD_SERVERS has what is no IP address or network: server.example, 192.0.2.0/99."],
    ),
    ({"INTERFACE_CERTIFICATE_HEADER": "X_Client Certificate"}, ["INTERFACE_CERTIFICATE_HEADER is no name of a header"]),
    ({"OPERATOR_LANGUAGE": "se"}, ["OPERATOR_LANGUAGE is none of sv, fi and en"]),
    ({"DEBUG": "0"}, ["SECRET_KEY is missing", "IDENTITY_CODE_KEYS is missing", "SCANNER is missing"]),
    ({"ENVIRONMENT": "prod", "SECRET_KEY": SECRET}, ["ENVIRONMENT is 'prod'"]),
    (
        {"ENVIRONMENT": "production", "DEBUG": "1", "TEST_IDENTITY": "1"},
        ["DEBUG is on", "TEST_IDENTITY is on"],
    ),
]


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("environment", "words"), REFUSED, ids=[" ".join(map("=".join, e.items()))[:60] for e, _w in REFUSED]
)
def test_dangerous_settings_refuse_to_start_in_words(
    tmp_path: Path, environment: dict[str, str], words: list[str]
) -> None:
    ended = manage(tmp_path, "check", **environment)

    assert ended.returncode != 0
    assert "does not start" in ended.stderr
    assert all(word in ended.stderr for word in words), ended.stderr


@pytest.mark.thorough
def test_defaults_start(tmp_path: Path) -> None:
    ended = manage(tmp_path, "check", "--fail-level", "WARNING")

    assert ended.returncode == 0, ended.stderr


@pytest.mark.thorough
def test_complete_production_settings_pass_the_deployment_check(tmp_path: Path) -> None:
    complete = {
        **PRODUCTION,
        "DATABASE_URL": "postgres://user:password@localhost/name",
        "NATIONAL_SERVICE_URL": "https://national.example",
        "NATIONAL_SERVICE_TOKEN": "of no use",
        "EMAIL_URL": "smtp+tls://mail.example:587",
        "DEFAULT_FROM_EMAIL": "no-reply@service.example",
        "SITE_URL": "https://service.example",
        "OPERATOR_EMAIL": "operator@service.example",
    }
    manage(tmp_path, "collectstatic", "--noinput", **complete)

    ended = manage(tmp_path, "check", "--deploy", **complete)

    # What settings cannot give: this version has no way of identification for the public.
    assert "(config.W003)" in ended.stderr
    assert "1 issue" in ended.stderr, ended.stderr
    assert ended.returncode == 0


@pytest.mark.thorough
def test_security_servers_are_read_as_addresses_and_networks(tmp_path: Path) -> None:
    ask = "from django.conf import settings; print(*settings.INTERFACE_XROAD_SERVERS)"
    named = {"INTERFACE_XROAD_SERVERS": "192.0.2.10, 2001:db8::a,198.51.100.7/28,"}

    ended = manage(tmp_path, "shell", "--no-imports", "-c", ask, **named)

    assert ended.stdout.strip() == "192.0.2.10/32 2001:db8::a/128 198.51.100.0/28"


HSTS = "from django.conf import settings as s; print(s.SECURE_HSTS_INCLUDE_SUBDOMAINS, s.SECURE_HSTS_PRELOAD)"


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "False False"),
        ({"HSTS_SUBDOMAINS": "on"}, "True False"),
        ({"HSTS_SUBDOMAINS": "on", "HSTS_PRELOAD": "on"}, "True True"),
        ({"HSTS_SUBDOMAINS": "on", "HSTS_PRELOAD": "on", "BEHIND_TLS": "off"}, "False False"),
    ],
)
def test_hsts_speaks_for_other_hosts_only_when_told_to(tmp_path: Path, environment: dict[str, str], said: str) -> None:
    ended = manage(tmp_path, "shell", "--no-imports", "-c", HSTS, **PRODUCTION, **environment)

    assert ended.stdout.strip() == said


def mode(folder: Path) -> int:
    return stat.S_IMODE(folder.stat().st_mode)


@pytest.mark.thorough
def test_data_folder_is_made_private(tmp_path: Path) -> None:
    manage(tmp_path / "new", "check")

    assert mode(tmp_path / "new") == 0o700


@pytest.mark.thorough
@pytest.mark.parametrize(("before", "after"), [(0o755, 0o700), (0o770, 0o700), (0o500, 0o500), (0o1777, 0o1777)])
def test_existing_data_folder_is_closed_to_others_unless_it_is_everybodys(
    tmp_path: Path, before: int, after: int
) -> None:
    folder = tmp_path / "old"
    folder.mkdir()
    folder.chmod(before)

    manage(folder, "check")

    assert mode(folder) == after


@pytest.mark.thorough
def test_test_identity_is_never_on_by_itself_without_debug(tmp_path: Path) -> None:
    ask = "from django.conf import settings; print(settings.DEBUG, settings.TEST_IDENTITY)"

    assert manage(tmp_path, "shell", "--no-imports", "-c", ask, **PRODUCTION).stdout.strip() == "False False"
    off = {"DEBUG": "0", **SECRETS}
    assert manage(tmp_path, "shell", "--no-imports", "-c", ask, **off).stdout.strip() == "False False"


@pytest.mark.parametrize("path", ["config/settings.py", "scripts/run.py", "scripts/test.py"])
def test_every_variable_is_described(path: str) -> None:
    code = (ROOT / path).read_text("utf-8")
    described = (ROOT / "docs" / "settings.md").read_text("utf-8")

    read = set(re.findall(r'(?:env\.\w+|environ\.get|choose_port|leave_out)\([^)]*?"([A-Z][A-Z_]+)"', code))

    assert read
    assert [name for name in sorted(read) if f"`{name}`" not in described] == []


@pytest.mark.parametrize("page", ["README.md", "docs/operations.md"])
def test_steps_to_production_are_described(page: str) -> None:
    said = (ROOT / page).read_text("utf-8")

    steps = ["migrate", "collectstatic", "createsuperuser", "check --deploy"]
    assert [step for step in steps if f"manage.py {step}" not in said] == []
