"""A definition that is still being written, made fit to be shown: what is not finished is said in its place."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from crispy_forms.layout import LayoutObject
from django.conf import settings
from django.utils.translation import gettext_lazy, override

from apps.people.municipalities import all_municipalities
from apps.services.definition import Definition, Page
from apps.services.fieldtypes import Field
from apps.services.fieldtypes.base import UnreadField
from apps.services.layout import Prose
from apps.services.reading import KEY, Json, Problem
from apps.services.texts import LANGUAGES, NO_TEXT, Texts

MISSING = gettext_lazy("(the text is missing)")
NOT_FINISHED = gettext_lazy("This question is not finished.")
# Texts without which a page would have a hole: a heading, a link or a fact with nothing in it.
NEEDED_TEXTS = ("name", "summary", "for_whom", "legal_ground", "price", "handling_time", "at_hand")
# Settings that do no harm when they do not fit: a condition then never holds, and a time limit is only not explained.
HARMLESS = ("show_when", "required_when", "lead_time", "key")


@dataclass(frozen=True, kw_only=True)
class Unfinished(Field):
    """Stands on the page where a question cannot be asked yet, and says so."""

    asks: ClassVar[bool] = False
    has_answer: ClassVar[bool] = False
    label: Texts = NO_TEXT

    def lay_out(self) -> LayoutObject:
        """What is known of its label, and that it is not finished."""
        return Prose(self.key, "h2", self.label, NOT_FINISHED, "prose--warning")

    def sample(self, today: date) -> Json:
        """Nobody can answer it."""
        return None


def fit_to_show(definition: Definition, problems: Iterable[Problem] = (), document: Json = None) -> Definition:
    """The definition as far as it can be shown, given what is wrong with it and the document it was read from.

    Whatever a document lacks, every page of what comes of it can be opened and answered.
    """
    wrong = [problem.path for problem in problems]
    taken: set[str] = set()
    titles: set[str] = set()
    written = _at(document, "pages")
    pages = tuple(
        _fit_page(page, n, wrong, titles, taken, written[n] if n < len(written) else None)
        for n, page in enumerate(definition.pages)
    )
    known = set(dict(settings.LANGUAGES))
    said: dict[str, Any] = {name: _said_somehow(getattr(definition, name)) for name in NEEDED_TEXTS}
    return dataclasses.replace(
        definition,
        **said,
        languages=tuple(code for code in definition.languages if code in known) or LANGUAGES[:1],
        municipalities=tuple(code for code in definition.municipalities if code in all_municipalities()),
        pages=pages,
    )


def _fit_page(page: Page, n: int, wrong: Sequence[str], keys: set[str], taken: set[str], written: Json) -> Page:
    return dataclasses.replace(
        page,
        key=_free(page.key, f"page_{n + 1}", keys),
        title=_said_somehow(page.title),
        fields=_fit_fields(page.fields, f"pages[{n}].fields", wrong, taken, _at(written, "fields")),
    )


def _fit_fields(
    fields: Sequence[Field], path: str, wrong: Sequence[str], taken: set[str], written: list[Json]
) -> tuple[Field, ...]:
    found = []
    for n, field in enumerate(fields):
        own = [place.removeprefix(f"{path}[{n}].") for place in wrong if place.startswith(f"{path}[{n}].")]
        said = written[n] if n < len(written) else None
        found.append(_fit_field(field, own, taken, f"field_{len(taken) + 1}", said))
    return tuple(found)


def _fit_field(field: Field, wrong: Sequence[str], taken: set[str], spare: str, written: Json) -> Field:
    """The field, without what does not fit; or, where nothing can be asked like that, a note in its place."""
    again = field.key in taken
    key = _free(field.key, spare, taken)
    if again or isinstance(field, UnreadField):
        return _note(key, field, written)
    names = {place.partition(".")[0].partition("[")[0] for place in wrong} - set(HARMLESS)
    own = field.own_parts()
    if own and "fields" in names:
        inner = _fit_fields(own, "fields", wrong, set(), _at(written, "fields"))
        field, names = dataclasses.replace(field, fields=inner), names - {"fields"}  # type: ignore[call-arg]
    defaults = {f.name: f.default for f in dataclasses.fields(field) if f.default is not dataclasses.MISSING}
    if not names <= defaults.keys() | {"values"}:  # a value that follows from what is not there never does
        return _note(key, field, written)
    return dataclasses.replace(field, **{name: defaults[name] for name in names if name in defaults})


def _note(key: str, field: Field, written: Json) -> Unfinished:
    label = field.label if field.label else _texts(written.get("label") if isinstance(written, Mapping) else None)
    return Unfinished(key=key, label=label, show_when=field.show_when, rule=field.rule)


def _free(key: str, spare: str, taken: set[str]) -> str:
    """The key, or one that is spare where it is none or stands twice; noted among those taken."""
    found = key if KEY.fullmatch(key) and key not in taken else spare
    while found in taken:
        found += "_"
    taken.add(found)
    return found


def _said_somehow(texts: Texts) -> Texts:
    """The text without what is empty in it; that it is missing, where nothing is left."""
    said = {language: text for language, text in texts.as_json().items() if text.strip()}
    return Texts(said) if said else _missing()


def _missing() -> Texts:
    found = {}
    for language in LANGUAGES:
        with override(language):
            found[language] = str(MISSING)
    return Texts(found)


def _texts(value: Any) -> Texts:
    if not isinstance(value, dict):
        return NO_TEXT
    return Texts({code: text for code, text in value.items() if isinstance(text, str) and text.strip()})


def _at(document: Json, name: str) -> list[Json]:
    found = document.get(name) if isinstance(document, Mapping) else None
    return found if isinstance(found, list) else []
