"""The texts of a definition as a translator meets them: each with where it stands in words, and what is missing or out of date. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.services import editing
from apps.services.changes import GROUND_WORDS, SERVICE_WORDS, SETTING_WORDS
from apps.services.completeness import required_texts
from apps.services.editing import Document, Element
from apps.services.reading import Json
from apps.services.wording import quoted

Outdated = set[tuple[str, str]]  # addresses and languages


@dataclass(frozen=True)
class Entry:
    """A text: its address, the page it stands on ("" for the service itself), and in words whose it is and which of its texts."""

    address: str
    page: str
    heading: str
    what: str
    texts: Mapping[str, str] = field(default_factory=dict)

    @property
    def where(self) -> str:
        """Where it stands, in one line."""
        return f"{self.heading} – {self.what}"

    def said(self, language: str) -> str:
        """The text in a language; '' when there is none."""
        return self.texts.get(language, "")

    def lacks(self, language: str) -> bool:
        """Whether it is not written in a language."""
        return not self.said(language).strip()


def entries_of(document: Document) -> list[Entry]:
    """Every text in the order of the form, those of the service first, and with them those that must be there and are not."""
    wanted: dict[str, dict[str, str]] = {name: {} for name in required_texts(str(document.get("kind")))}
    texts = wanted | editing.texts_in(document)
    said = _Places(document)
    found = [Entry(address, *said.of(address), texts=one) for address, one in texts.items()]
    order = {name: n for n, name in enumerate(SERVICE_WORDS)}
    service = [entry for entry in found if not entry.page]
    service.sort(key=lambda entry: order.get(entry.address.partition(".")[0], len(order)))
    return service + [entry for entry in found if entry.page]


def titles_of(document: Document) -> dict[str, str]:
    """What each page is called, by its key; that of the service itself is ""."""
    return {"": _("The service"), **{page["key"]: named(page) for page in document["pages"]}}


class _Places:
    """Where the texts of a document stand."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.pages = {page["key"]: page for page in document["pages"]}
        self.fields = {field["key"]: (page["key"], field) for page in document["pages"] for field in page["fields"]}

    def of(self, address: str) -> tuple[str, str, str]:
        """The page, whose text it is, and which of its texts."""
        first, _dot, rest = address.partition(".")
        if first == "pages":
            key, _dot, name = rest.rpartition(".")
            return key, _("The page %(title)s") % {"title": quoted(named(self.pages[key]))}, _word(name)
        if first == "fields":
            return self._of_field(rest)
        if first == "leads_to":
            return "", _("Why it is needed"), self._led_to(rest.partition(".")[0])
        return "", _("The service"), str(GROUND_WORDS.get(rest) or SERVICE_WORDS.get(first) or first)

    def _led_to(self, number: str) -> str:
        """The key of the service that a lead of a survey leads to."""
        return str(self.document["leads_to"][int(number)].get("service", number))

    def _of_field(self, rest: str) -> tuple[str, str, str]:
        key, _dot, rest = rest.partition(".")
        page, element = self.fields[key]
        heading = named(element)
        inner = {one["key"]: one for one in editing.inner_fields(element)}
        name, _dot, more = rest.partition(".")
        if name in inner and more:
            return page, f"{heading}: {named(inner[name])}", _text_of_field(inner[name], more)
        return page, heading, _text_of_field(element, rest)


def _text_of_field(element: Element, rest: str) -> str:
    """Which of a field's texts it is, in words."""
    name, _dot, more = rest.partition(".")
    if name in ("options", "values") and more.endswith(".label"):
        value = more.removesuffix(".label")
        called = quoted(_option(element.get(name), value) or value)
        return (_("option %(name)s") if name == "options" else _("value %(name)s")) % {"name": called}
    return _word(more or name)


def _option(listed: Json, value: str) -> str:
    """What an option or a value is called."""
    for n, one in enumerate(listed if isinstance(listed, list) else []):
        if isinstance(one, dict) and value in (one.get("value"), str(n)):
            return named(one)
    return ""


def _word(name: str) -> str:
    return str(SETTING_WORDS.get(name, name))


def named(element: Element) -> str:
    """What something is called, in the language of the page if it is written in it."""
    for name in ("label", "title", "text"):
        texts = element.get(name)
        text = texts.get(get_language() or "sv") if isinstance(texts, dict) else None
        if isinstance(text, str) and text.strip():
            return text.splitlines()[0][: editing.LONGEST_ABOUT]
    return editing.name_of(element)


@dataclass(frozen=True)
class Count:
    """How many texts are missing in a language, and how many are older than their original."""

    language: str
    missing: int
    outdated: int


def counts_of(entries: Iterable[Entry], outdated: Outdated, languages: Iterable[str]) -> list[Count]:
    """What there is to do in each language."""
    listed = list(entries)
    return [
        Count(
            language,
            sum(entry.lacks(language) for entry in listed),
            sum((entry.address, language) in outdated and not entry.lacks(language) for entry in listed),
        )
        for language in languages
    ]


def chosen(entries: Iterable[Entry], show: str, language: str, outdated: Outdated) -> Iterator[Entry]:
    """Those that are missing or outdated in a language, or all."""
    for entry in entries:
        late = (entry.address, language) in outdated
        if show not in ("missing", "outdated") or (entry.lacks(language) if show == "missing" else late):
            yield entry


def unified(text: str) -> str:
    """A text with its line ends as they are stored, and nothing around it."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()
