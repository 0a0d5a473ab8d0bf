"""The lock files install the same packages from any index, and the larger ones contain the smaller ones."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ["requirements.txt", "requirements-test.txt", "requirements-dev.txt"]
NAMES_A_PLACE = re.compile(r"://|index-url|find-links|trusted-host|file:|\s@\s|^-", re.MULTILINE)
PIN = re.compile(r"^(?P<name>[a-z0-9][a-z0-9._-]*)(\[[a-z0-9,_-]+\])?==(?P<version>[^\s;]+)", re.IGNORECASE)
HASH = re.compile(r"^ +--hash=sha256:[0-9a-f]{64}$")


def requirements(lock: str) -> list[list[str]]:
    """Each requirement of the file as its lines: the pin, then its hashes."""
    text = (ROOT / lock).read_text("utf-8")
    joined = re.sub(r" *\\\n", "\n", text)
    found: list[list[str]] = []
    for line in joined.splitlines():
        if line.startswith(" ") and found:
            found[-1].append(line)
        elif line.strip():
            found.append([line])
    return found


def pins(lock: str) -> set[str]:
    return {lines[0] for lines in requirements(lock)}


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_names_no_place_to_install_from(lock: str) -> None:
    text = (ROOT / lock).read_text("utf-8")

    assert NAMES_A_PLACE.findall(text) == []


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_pins_every_package_to_one_version_with_hashes(lock: str) -> None:
    found = requirements(lock)

    assert len(found) > 10
    for pin, *hashes in found:
        assert PIN.match(pin), pin
        assert hashes, pin
        assert all(HASH.match(line) for line in hashes), pin


@pytest.mark.parametrize(("smaller", "larger"), [LOCKS[:2], LOCKS[1:]])
def test_larger_lock_contains_the_smaller_one(smaller: str, larger: str) -> None:
    assert pins(smaller) - pins(larger) == set()
