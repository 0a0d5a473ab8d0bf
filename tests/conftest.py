"""What every test shares."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.utils import translation
from pytest_django import Settings

from apps.people.identification import openid
from tests import provider


@pytest.fixture(autouse=True)
def _own_files(tmp_path: Path, settings: Settings) -> None:
    """Customers' files go to a folder of the test; static files are served without a manifest."""
    storages = {**settings.STORAGES}
    storages["default"] = {
        **storages["default"],
        "OPTIONS": {**storages["default"]["OPTIONS"], "location": tmp_path / "files"},
    }
    storages["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = storages
    assert default_storage.location == str(tmp_path / "files")  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def _swedish() -> Iterator[None]:
    """Every test begins in the default language."""
    with translation.override("sv"):
        yield


@pytest.fixture(scope="session")
def _standin_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[provider.StandIn]:
    with provider.running(tmp_path_factory.mktemp("standin")) as running:
        yield running


@pytest.fixture
def standin(settings: Settings, _standin_process: provider.StandIn) -> Iterator[provider.StandIn]:
    """The stand-in for identification; customers sign in there, and its artificial identity codes are taken."""
    settings.ACCEPT_TEST_CODES = True
    settings.OIDC = _standin_process.facts()
    yield _standin_process
    _standin_process.fail("")
    openid.described.cache_clear()
