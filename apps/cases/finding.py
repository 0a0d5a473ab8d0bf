"""What a case is found by: its numbers, the names of its parties and the words of its public answers, as one text.

It lies beside the case so that a search asks one column, which PostgreSQL has an index for. Whoever may read the case may read it; what is
secret, says where somebody is found or is an identity code is never in it, whoever asks.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db.models import Q

from apps.applications.models import Application
from apps.people.sealing import MASKED, holds_code, without_codes
from apps.services.texts import LANGUAGES

if TYPE_CHECKING:
    from apps.cases.models import Case
    from apps.services.definition import Definition
    from apps.services.fieldtypes import Field
    from apps.services.reading import Json

MOST_CHARACTERS = 20_000
SHORTEST = 3  # letters and digits: of fewer, an index of three letters knows nothing
MOST_WORDS, LONGEST = 10, 200

DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212"), "-")
MAILBOX = re.compile(r"\S+@\S+")


# --- what is kept ----------------------------------------------------------------------------------------------------


FOUND_BY = ("words", "municipality")


def fill(case: Case) -> None:
    """Set what a case is found by (`FOUND_BY`), once it has its number; the caller saves it."""
    papers = _papers(case)
    case.words, case.municipality = _words(case, papers), _municipality(papers)


def note(case: Case) -> None:
    """Keep what a case is found by, when a paper has been added to it."""
    fill(case)
    case.save(update_fields=[*FOUND_BY])


def words_of(case: Case) -> str:
    """The text by which a case is found, as it is now."""
    return _words(case, _papers(case))


def _papers(case: Case) -> list[Application]:
    """Its papers, oldest first: those the diary tells of, and the one it began with."""
    known, sealed = ("version", "customer", "principal"), ("customer__identity_code", "principal__identity_code")
    sent = Application.objects.select_related(*known).defer("version__document", *sealed)
    told = list(sent.filter(event__case=case).order_by("event__number"))
    return told if any(paper.pk == case.application_id for paper in told) else [case.application, *told]


def _words(case: Case, papers: Iterable[Application]) -> str:
    said = [case.number or "", case.register_number]
    for paper in papers:
        said += parties(paper)
        said += spoken(paper.definition, paper.answers, paper.day())
    return text_of(said)


def _municipality(papers: Iterable[Application]) -> str:
    places: dict[str, str] = {}
    for paper in papers:
        places |= municipalities(paper.definition, paper.answers, paper.day())
    return next(iter(places.values()), "")


def parties(paper: Any) -> list[str]:
    """The names of who sent a paper and for whom, and the business id. Of somebody known by a mailbox alone, nothing."""
    said = [paper.customer.given_name, paper.customer.family_name]
    if paper.principal is not None:
        said += [paper.principal.name, paper.principal.subject if paper.principal.kind == "company" else ""]
    return said


def spoken(definition: Definition, answers: Mapping[str, Any], day: date) -> Iterator[str]:
    """The public answers in words, in every language: an official searches in another one than the customer wrote."""
    for _path, field, kept in public(definition, answers, day):
        if not isinstance(kept, bool):
            yield from dict.fromkeys(field.show(kept, language) for language in LANGUAGES)


def municipalities(definition: Definition, answers: Mapping[str, Any], day: date) -> dict[str, str]:
    """The codes of the municipalities answered, by the place of the question."""
    asked = public(definition, answers, day)
    return {path: kept for path, field, kept in asked if field.kind == "municipality" and len(kept) == SHORTEST}


def public(definition: Definition, answers: Mapping[str, Any], day: date) -> Iterator[tuple[str, Field, Json]]:
    """Each answer that counts and is public: part by part, so that one that is not does not hide its neighbours."""
    for _page, fields, counting in definition.asked(answers, day):
        for field in fields:
            yield from _public(field.key, field, counting.get(field.key))


def _public(path: str, field: Field, kept: Json) -> Iterator[tuple[str, Field, Json]]:
    hidden = field.secret or field.contact_data or field.personal or field.carries_file
    if hidden or not field.has_answer or not field.answered(kept):
        return
    if not field.parts():
        yield path, field, kept
        return
    for number, row in enumerate(kept if isinstance(kept, list) else [kept]):
        for part in field.parts():
            yield from _public(f"{path}.{number}.{part.key}", part, row.get(part.key))


def text_of(said: Iterable[str]) -> str:
    """Each word once, as it is looked for, without anything that is an identity code or a mailbox wherever it was written."""
    words = dict.fromkeys(folded(" ".join(said)).split())
    kept = without_codes(" ".join(words)).replace(MASKED, " ")
    if len(kept) > MOST_CHARACTERS:
        kept = kept[:MOST_CHARACTERS].rpartition(" ")[0]
    return kept.strip()


def folded(text: str) -> str:
    """A text as it is kept and looked for: one form of each letter and dash, lower case; no code, no mailbox, nothing unseen."""
    plain = unicodedata.normalize("NFKC", text).translate(DASHES)
    seen = "".join(" " if sign.isspace() else sign for sign in plain if sign.isprintable() or sign.isspace())
    return MAILBOX.sub(" ", without_codes(seen).replace(MASKED, " ")).casefold()


# --- what is looked for ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Search:
    """What somebody looks for. `whole` is the text as one number might be written, `short` the words that are too short to look for."""

    whole: str
    words: tuple[str, ...]
    short: tuple[str, ...]

    def condition(self) -> Q:
        """Every word stands somewhere in what the case is found by. Where there is no word, no case is found."""
        found = Q() if self.words else Q(pk__in=[])
        for word in self.words:
            found &= Q(words__contains=word)
        return found

    def exact(self) -> Q:
        """The case whose number, or number in the authority's register, it is. Each has an index that knows it as it is asked here."""
        registered = ~Q(register_number="") & Q(register_number__iexact=self.whole)
        return Q(number=self.whole.upper()) | registered


def search_for(text: str) -> Search:
    """What a text asks for. Its first words count; a personal identity code or a mailbox in it finds nothing, since none is kept."""
    plain = folded(text[:LONGEST])
    words = list(dict.fromkeys(plain.split()))[:MOST_WORDS]
    long = tuple(word for word in words if sum(map(str.isalnum, word)) >= SHORTEST)
    return Search(" ".join(plain.split()), long, tuple(word for word in words if word not in long))


def asks_for_code(text: str) -> bool:
    """Whether a personal identity code is looked for, which no search does."""
    return holds_code(unicodedata.normalize("NFKC", text).translate(DASHES))
