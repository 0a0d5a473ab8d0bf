"""What every test shares."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.test import SimpleTestCase
from django.utils import translation
from pytest_django import Settings

from apps.people.identification import openid
from tests import provider


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On the second database only what asks a database is run: the rest would say the same once more."""
    if os.environ.get("ONLY_WITH_DATABASE") != "1":
        return
    kept = [item for item in items if _asks_database(item)]
    config.hook.pytest_deselected(items=[item for item in items if not _asks_database(item)])
    items[:] = kept


def _asks_database(item: pytest.Item) -> bool:
    of_django = isinstance(item, pytest.Function) and issubclass(item.cls or object, SimpleTestCase)
    by_fixture = {"db", "transactional_db", "django_db_setup", "live_server"} & set(getattr(item, "fixturenames", ()))
    return bool(of_django or by_fixture or item.get_closest_marker("django_db"))


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
