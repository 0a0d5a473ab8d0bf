"""Where the forms written by others lie: beside the checkout, never in it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


def folder() -> Path | None:
    """The folder of the forms: FOREIGN_FORMS, else shared/forms beside the checkout or further up."""
    if named := os.environ.get("FOREIGN_FORMS"):
        return Path(named) if Path(named).is_dir() else None
    return next((found for above in ROOT.parents if (found := above / "shared" / "forms").is_dir()), None)


def must_be_there() -> bool:
    """Whether a missing folder is a failure: in CI, and where REQUIRE_FORMS asks for it."""
    return os.environ.get("CI") == "true" or os.environ.get("REQUIRE_FORMS") == "1"


def read(name: str) -> Any:
    """A form by its file's name. Skips the test, or fails it in CI, where the forms are missing."""
    where = folder()
    if where is None or not (where / name).is_file():
        said = f"the foreign form {name} is not beside the checkout (shared/forms, or FOREIGN_FORMS)"
        if must_be_there():
            pytest.fail(said)
        pytest.skip(said)
    return json.loads((where / name).read_text(encoding="utf-8"))
