"""By what things are known outside the house."""

from __future__ import annotations

import uuid

import pytest

from apps.applications import externalids

ID = "0b5f3c0e-6f0e-4d0c-9a43-1c1f7c2f6f01"
BARE = ID.replace("-", "")
TAKEN_BY_PYTHON = {
    "without hyphens": BARE,
    "hyphens at the end": f"{BARE}----",
    "in braces": f"{{{ID}}}",
    "as a urn": f"urn:uuid:{ID}",
    "other digits": ID.replace("0", "٠"),
}


@pytest.mark.parametrize("said", [ID, ID.upper()])
def test_an_external_id_is_read_in_upper_and_lower_case(said: str) -> None:
    assert externalids.read(said) == uuid.UUID(ID)


@pytest.mark.parametrize("how", TAKEN_BY_PYTHON)
def test_what_only_python_takes_for_a_uuid_is_none(how: str) -> None:
    uuid.UUID(TAKEN_BY_PYTHON[how])

    assert externalids.read(TAKEN_BY_PYTHON[how]) is None


@pytest.mark.parametrize("said", ["", "5", ID[:-1], f"{ID}0", f" {ID}", f"{ID}\n", "x" * 36, "\0" * 36], ids=ascii)
def test_what_is_no_uuid_is_none(said: str) -> None:
    assert externalids.read(said) is None
