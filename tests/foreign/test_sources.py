"""The foreign forms are read from beside the checkout; without them the tests are skipped, and in CI they fail."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.foreign import sources


def test_sources_read_the_folder_that_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"a": 1}), encoding="utf-8")
    monkeypatch.setenv("FOREIGN_FORMS", str(tmp_path))
    assert sources.read("a.json") == {"a": 1}


def test_sources_skip_where_the_forms_are_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOREIGN_FORMS", str(tmp_path / "none"))
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("REQUIRE_FORMS", raising=False)
    with pytest.raises(pytest.skip.Exception):
        sources.read("a.json")


@pytest.mark.parametrize(("name", "value"), [("CI", "true"), ("REQUIRE_FORMS", "1")])
def test_sources_fail_in_ci_where_the_forms_are_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv("FOREIGN_FORMS", str(tmp_path))
    monkeypatch.setenv(name, value)
    with pytest.raises(pytest.fail.Exception):
        sources.read("a.json")
