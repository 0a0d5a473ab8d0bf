"""The official terms in Swedish, Finnish and English, and where a text uses them: what a translator is offered.

`glossary.csv` is the list. A term's stems are the beginnings by which its inflected forms are known; one after `=` is a whole word.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from apps.services.texts import LANGUAGES

GLOSSARY = Path(__file__).with_name("glossary.csv")
SEPARATOR = "|"


@dataclass(frozen=True)
class Term:
    """An official term in each language, and where it is official."""

    sv: str
    fi: str
    en: str
    source: str

    def said(self, language: str) -> str:
        """The term in a language; '' in one that the list does not have."""
        return str(getattr(self, language)) if language in LANGUAGES else ""


@cache
def _listed() -> tuple[tuple[Term, dict[str, str]], ...]:
    """Every term with its stems by language."""
    with GLOSSARY.open(encoding="utf-8", newline="") as file:
        return tuple(
            (
                Term(row["sv"], row["fi"], row["en"], row["source"]),
                {"sv": row["sv_stems"], "fi": row["fi_stems"], "en": row["en"]},
            )
            for row in csv.DictReader(file, delimiter=";")
        )


def all_terms() -> list[Term]:
    """Every term, in the order of the list."""
    return [term for term, _stems in _listed()]


@cache
def _patterns(language: str) -> tuple[tuple[Term, re.Pattern[str]], ...]:
    return tuple((term, _pattern(stems[language])) for term, stems in _listed() if stems.get(language))


def _pattern(stems: str) -> re.Pattern[str]:
    """What finds any of the stems at the beginning of a word, or as a whole one, however many spaces are in it."""
    found = [_stem(stem) for stem in stems.split(SEPARATOR)]
    return re.compile(rf"(?<!\w)(?:{'|'.join(found)})", re.IGNORECASE)


def _stem(stem: str) -> str:
    words = r"\s+".join(re.escape(word) for word in stem.removeprefix("=").split())
    return rf"{words}(?!\w)" if stem.startswith("=") else words


def terms_in(text: str, language: str) -> list[Term]:
    """The terms that a text in a language uses, inflected too, in the order they stand there. A term within a longer one is not told."""
    if language not in LANGUAGES or not text:
        return []
    found = [(m.start(), m.end(), term) for term, pattern in _patterns(language) for m in pattern.finditer(text)]
    outer = [one for one in found if not any(_within(one, other) for other in found)]
    return list(dict.fromkeys(term for _start, _end, term in sorted(outer, key=lambda one: one[:2])))


def _within(one: tuple[int, int, Term], other: tuple[int, int, Term]) -> bool:
    longer = other[1] - other[0] > one[1] - one[0]
    return longer and other[0] <= one[0] and one[1] <= other[1]
