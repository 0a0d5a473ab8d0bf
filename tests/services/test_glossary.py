"""The official terms, found in texts also where they are inflected."""

from __future__ import annotations

import csv

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.services.glossary import GLOSSARY, all_terms, terms_in


def found(text: str, language: str, into: str = "fi") -> list[str]:
    """The terms of a text in another language."""
    return [term.said(into) for term in terms_in(text, language)]


@pytest.mark.parametrize(
    ("text", "language", "into", "terms"),
    [
        ("Ansökningarna kompletteras av sökanden.", "sv", "fi", ["hakemus", "täydennys", "hakija"]),
        ("Begäran om komplettering", "sv", "fi", ["täydennyspyyntö"]),
        ("Hakemuksen täydennyspyyntö", "fi", "sv", ["ansökan", "begäran om komplettering"]),
        ("Anna Y-tunnus ja henkilötunnuksesi", "fi", "sv", ["FO-nummer", "personbeteckning"]),
        ("Ge FO-numret", "sv", "en", ["Business ID"]),
        ("Offentliga  tillställningar", "sv", "fi", ["yleisötilaisuus"]),
        ("Your application needs a permit", "en", "sv", ["ansökan", "tillstånd"]),
        ("Partiell handlingskraft och kommunikation", "sv", "fi", []),
        ("Vad heter du?", "sv", "fi", []),
        ("Ansökan", "ru", "fi", []),
        ("", "sv", "fi", []),
    ],
)
def test_terms_are_found_in_the_order_of_the_text(text: str, language: str, into: str, terms: list[str]) -> None:
    assert found(text, language, into) == terms


def test_every_term_is_whole_and_is_found_by_its_own_name() -> None:
    for term in all_terms():
        assert all((term.sv, term.fi, term.en, term.source)), term
        for language in ("sv", "fi", "en"):
            names = [one.said(language) for one in terms_in(term.said(language), language)]
            assert term.said(language) in names, (term, language)


def test_no_term_stands_twice() -> None:
    names = [term.sv for term in all_terms()]

    assert len(set(names)) == len(names)


def test_the_list_has_its_columns_in_every_row() -> None:
    with GLOSSARY.open(encoding="utf-8", newline="") as file:
        assert {len(row) for row in csv.reader(file, delimiter=";")} == {6}


@given(text=st.text(max_size=80), language=st.sampled_from(["sv", "fi", "en"]))
@settings(max_examples=30)
def test_any_text_can_be_looked_through(text: str, language: str) -> None:
    assert len(set(terms_in(text, language))) == len(terms_in(text, language))
