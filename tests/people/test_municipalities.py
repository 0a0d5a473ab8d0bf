"""The list of municipalities: complete, without doubles, and called as they call themselves."""

from __future__ import annotations

import csv
import dataclasses

import pytest

from apps.people.municipalities import CLASSIFICATION, all_municipalities, named


def test_the_list_has_every_municipality_once() -> None:
    with CLASSIFICATION.open(encoding="utf-8", newline="") as lines:
        header, *rows = csv.reader(lines)

    assert header == ["code", "fi", "sv"]
    assert len(rows) == 308
    assert len({code for code, _, _ in rows}) == 308
    assert len({fi for _, fi, _ in rows}) == 308
    assert len({sv for _, _, sv in rows}) == 308


def test_the_list_stands_in_the_order_of_codes() -> None:
    codes = list(all_municipalities())

    assert codes == sorted(codes)


def test_codes_have_three_digits_and_names_are_clean() -> None:
    for code, municipality in all_municipalities().items():
        assert municipality.code == code
        assert len(code) == 3
        assert code.isdecimal()
        for name in (municipality.fi, municipality.sv):
            assert name
            assert name == name.strip()


@pytest.mark.parametrize(
    ("code", "fi", "sv"),
    [
        ("049", "Espoo", "Esbo"),
        ("091", "Helsinki", "Helsingfors"),
        ("092", "Vantaa", "Vanda"),
        ("081", "Hartola", "Gustav Adolfs"),
        ("170", "Jomala", "Jomala"),
        ("284", "Koski Tl", "Koskis"),
        ("297", "Kuopio", "Kuopio"),
        ("478", "Maarianhamina", "Mariehamn"),
        ("491", "Mikkeli", "S:t Michel"),
        ("599", "Pedersören kunta", "Pedersöre"),
        ("638", "Porvoo", "Borgå"),
        ("753", "Sipoo", "Sibbo"),
    ],
)
def test_a_municipality_is_called_by_its_name_in_both_languages(code: str, fi: str, sv: str) -> None:
    assert (named(code).name("fi"), named(code).name("sv")) == (fi, sv)


def test_readers_of_other_languages_see_the_finnish_name() -> None:
    assert named("091").name("en") == "Helsinki"


def test_114_municipalities_have_a_swedish_name_of_their_own() -> None:
    assert sum(municipality.fi != municipality.sv for municipality in all_municipalities().values()) == 114


@pytest.mark.parametrize("code", ["099", "588", "911"])
def test_a_municipality_that_has_ended_is_not_in_the_list(code: str) -> None:
    with pytest.raises(KeyError):
        named(code)


def test_the_list_is_read_once_and_cannot_be_changed() -> None:
    assert all_municipalities() is all_municipalities()
    with pytest.raises(TypeError):
        del all_municipalities()["091"]  # type: ignore[attr-defined]
    with pytest.raises(dataclasses.FrozenInstanceError):
        named("091").fi = "Helsinki"  # type: ignore[misc]
