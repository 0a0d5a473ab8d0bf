"""The floors of the house: every import points down, doors never import each other, the reference stands alone."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

APPS = Path(__file__).resolve().parent.parent.parent / "apps"
FLOORS = ["people", "services", "applications", "cases"]
DOORS = {"portal", "interface", "sync"}
OF_NOTHING_ELSE = {"standin": "apps.people.standin", "reference": "apps.sync.reference"}  # they stand alone
FILES = sorted(path for path in APPS.rglob("*.py") if "migrations" not in path.parts)


def imported(path: Path) -> set[str]:
    """The modules a file names in its imports, wherever they stand in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            package = ".".join(path.relative_to(APPS.parent).parts[: -node.level]) if node.level else ""
            base = ".".join(filter(None, [package, node.module or ""]))
            found |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return found


def allowed(app: str) -> set[str]:
    """The apps that an app may import: itself and the floors below."""
    below = FLOORS if app in DOORS else FLOORS[: FLOORS.index(app)]
    return {app, *below}


def test_every_app_has_its_floor() -> None:
    assert {path.relative_to(APPS).parts[0] for path in FILES} - {"__init__.py"} <= {*FLOORS, *DOORS}


@pytest.mark.parametrize("app", [*FLOORS, *sorted(DOORS)])
def test_imports_point_down(app: str) -> None:
    for path in FILES:
        if path.relative_to(APPS).parts[0] != app:
            continue
        names = imported(path)

        assert not {name for name in names if name.split(".")[0] in ("config", "tests")}, path
        own = OF_NOTHING_ELSE.get(next((part for part in path.parts if part in OF_NOTHING_ELSE), ""))
        if own:
            assert not {name for name in names if name.startswith("apps") and not name.startswith(own)}, path
            assert not {name for name in names if name.split(".")[0] == "django"}, path
        else:
            assert {name.split(".")[1] for name in names if name.startswith("apps.")} <= allowed(app), path


@pytest.mark.parametrize("word", ["utils", "helpers", "helper", "common", "misc", "services"])
def test_no_module_is_a_drawer_for_everything(word: str) -> None:
    assert not [path for path in FILES if path.stem == word]
