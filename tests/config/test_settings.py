"""Settings that would be dangerous are a refusal to start, in words; production settings pass Django's own check."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SECRET = "of no use but in this test: abcdefghijklmnopqrstuvwxyz 0123456789"
PRODUCTION = {"ENVIRONMENT": "production", "SECRET_KEY": SECRET, "ALLOWED_HOSTS": "example.fi"}


def manage(tmp_path: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """manage.py in an environment that has nothing but what is given."""
    bare = {"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**bare, **environment},
        capture_output=True,
        text=True,
        timeout=60,
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
    ({"DEBUG": "0", "SECRET_KEY": SECRET, "TEST_IDENTITY": "1"}, ["TEST_IDENTITY is on"]),
    ({"DEBUG": "0"}, ["SECRET_KEY is missing"]),
    ({"ENVIRONMENT": "prod", "SECRET_KEY": SECRET}, ["ENVIRONMENT is 'prod'"]),
    (
        {"ENVIRONMENT": "production", "DEBUG": "1", "TEST_IDENTITY": "1"},
        ["DEBUG is on", "TEST_IDENTITY is on"],
    ),
]


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


def test_defaults_start(tmp_path: Path) -> None:
    ended = manage(tmp_path, "check", "--fail-level", "WARNING")

    assert ended.returncode == 0, ended.stderr


def test_production_settings_pass_the_deployment_check(tmp_path: Path) -> None:
    ended = manage(tmp_path, "check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)

    assert ended.returncode == 0, ended.stderr


def test_test_identity_is_never_on_by_itself_without_debug(tmp_path: Path) -> None:
    ask = "from django.conf import settings; print(settings.DEBUG, settings.TEST_IDENTITY)"

    assert manage(tmp_path, "shell", "--no-imports", "-c", ask, **PRODUCTION).stdout.strip() == "False False"
    off = {"DEBUG": "0", "SECRET_KEY": SECRET}
    assert manage(tmp_path, "shell", "--no-imports", "-c", ask, **off).stdout.strip() == "False False"
