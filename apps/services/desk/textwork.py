"""All texts of a service on one page, language by language: what is missing, what is outdated; out as a table, and in again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.http import urlencode
from django.utils.translation import get_language_info
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.people.tables import csv_response, xlsx_response
from apps.services import editing, textfiles, translating, working
from apps.services.desk.base import Building, build_address, seen_of
from apps.services.editing import Document, Edit
from apps.services.glossary import terms_in
from apps.services.models import Service, WorkingCopy
from apps.services.textfiles import Reading, Unfit
from apps.services.texts import LANGUAGES
from apps.services.translating import Entry, Outdated, chosen, counts_of, entries_of, unified
from apps.services.working import original_language

MOST_ON_PAGE = 150
MOST_CHANGED = 2_000_000  # bytes that the page of a file's changes sends back
MOST_LISTED = 300  # changes of a file that are shown before they are made
SHOWN = ("all", "missing", "outdated")
TEXT, STILL = "text:", "still"  # names of controls: a text by its address; the ticks “still right”
SAID_ROWS = 60  # characters on a row of a text area, about


@dataclass(frozen=True)
class Drawn:
    """A text as the page shows it."""

    n: int
    entry: Entry
    original: str
    typed: str
    missing: bool
    outdated: bool
    terms: list[tuple[str, str]]
    still: bool = False
    error: str = ""

    @property
    def name(self) -> str:
        """The name of its control."""
        return f"{TEXT}{self.entry.address}"

    @property
    def id(self) -> str:
        """The id of its control."""
        return f"id_text_{self.n}"

    @property
    def rows(self) -> int:
        """How high its text area is."""
        text = max(self.original, self.typed, key=len)
        return max(1, min(10, sum(1 + len(line) // SAID_ROWS for line in text.split("\n"))))


@dataclass(frozen=True)
class Part:
    """The texts of one page of the form; of a long one, a part of them."""

    key: str
    title: str
    entries: list[Entry]


@dataclass
class Work:
    """What the page of texts is about: the language, which texts are shown, and what stands in them."""

    document: Document
    language: str
    show: str
    part: str
    outdated: Outdated
    entries: list[Entry]
    typed: Mapping[str, str] = field(default_factory=dict)
    still: frozenset[str] = frozenset()
    errors: Mapping[str, str] = field(default_factory=dict)

    def begin_again(self, copy: WorkingCopy, typed: Mapping[str, str]) -> None:
        """Show the texts as they are now, and what was changed in the form in their place."""
        self.document, self.outdated, self.typed = working.document_of(copy), working.outdated(copy), typed
        self.entries = entries_of(self.document)

    @property
    def original(self) -> str:
        """The language that the others are translated from."""
        return original_language(self.document)

    @property
    def parts(self) -> list[Part]:
        """The texts to show page by page, those that have too many cut up."""
        found = chosen(self.entries, self.show, self.language, self.outdated)
        titles = translating.titles_of(self.document)
        return [
            part for key, texts in groupby(found, lambda one: one.page) for part in _cut(key, titles[key], list(texts))
        ]

    def now(self, parts: list[Part]) -> list[Part]:
        """Those on this page: all when they are few, else one part."""
        if sum(len(part.entries) for part in parts) <= MOST_ON_PAGE:
            return parts
        return [next((part for part in parts if part.key == self.part), parts[0])]

    def draw(self, parts: list[Part]) -> Iterator[tuple[Part, list[Drawn]]]:
        """Each part with its texts as they are shown."""
        n = 0
        for part in parts:
            drawn = []
            for entry in part.entries:
                drawn.append(self._drawn(n, entry))
                n += 1
            yield part, drawn

    def _drawn(self, n: int, entry: Entry) -> Drawn:
        address, original = entry.address, entry.said(self.original)
        translated = self.language != self.original
        return Drawn(
            n,
            entry,
            original,
            self.typed.get(address, entry.said(self.language)),
            entry.lacks(self.language),
            (address, self.language) in self.outdated and not entry.lacks(self.language),
            [(term.said(self.original), term.said(self.language)) for term in terms_in(original, self.original)]
            if translated and self.language in LANGUAGES
            else [],
            address in self.still,
            self.errors.get(address, ""),
        )


def _cut(key: str, title: str, entries: list[Entry]) -> Iterator[Part]:
    for n in range(0, len(entries), MOST_ON_PAGE):
        more = n // MOST_ON_PAGE
        yield Part(
            f"{key}.{more}" if more else key or "service",
            f"{title} ({more + 1})" if more else title,
            entries[n : n + MOST_ON_PAGE],
        )


class TextWork(Building):
    """All texts of a service on one page, language by language."""

    def get_urls(self) -> list[URLPattern]:
        """The page, its languages, and the table out and in."""
        staff, both = self.admin_site.admin_view, require_http_methods(["GET", "HEAD", "POST"])
        at = "<int:pk>/build/texts/"
        return [
            path(at, staff(both(self.texts_view)), name="services_service_texts"),
            path(f"{at}languages/", staff(require_POST(self.languages_view)), name="services_service_languages"),
            path(f"{at}out/<slug:sort>/", staff(require_safe(self.texts_out_view)), name="services_service_texts_out"),
            path(f"{at}in/", staff(both(self.texts_in_view)), name="services_service_texts_in"),
            *super().get_urls(),
        ]

    # --- the page ----------------------------------------------------------------------------------------------------

    def texts_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the texts; a POST saves those that were changed, and notes which outdated ones are right as they are."""
        service, copy = self.copy_of(request, pk)
        work = work_of(copy, request.GET)
        if request.method == "POST" and self._texts_saved(request, copy, work):
            return redirect(f"{request.path}?{request.GET.urlencode()}" if request.GET else request.path)
        parts = work.parts
        now = work.now(parts)
        drawn = list(work.draw(now))
        languages = editing.languages_of(work.document)
        return self.build_page(
            request,
            "texts.html",
            _("Texts and languages"),
            service,
            copy,
            tab="texts",
            work=work,
            drawn=drawn,
            problems_now=[one for _part, found in drawn for one in found if one.error],
            parts=[(part, part in now, _query(work, part=part.key)) for part in parts] if len(now) < len(parts) else [],
            shows=[(name, words, name == work.show, _query(work, show=name)) for name, words in _shows(work)],
            languages=[
                (count, language_name(count.language)) for count in counts_of(work.entries, work.outdated, languages)
            ],
            addable=[(code, language_name(code)) for code in LANGUAGES if code not in languages],
            names={"now": language_name(work.language), "original": language_name(work.original)},
            translated=work.language != work.original,
        )

    def _texts_saved(self, request: HttpRequest, copy: WorkingCopy, work: Work) -> bool:
        """Save what was changed; what was typed stays in `work` for a page that must be shown again."""
        posted = request.POST
        work.typed = {name.removeprefix(TEXT): unified(posted[name]) for name in posted if name.startswith(TEXT)}
        work.still = frozenset(posted.getlist(STILL))
        before = editing.texts_in(working.document_seen(copy, seen_of(request, copy)) or work.document)
        changed = {
            address: {work.language: text}
            for address, text in work.typed.items()
            if text != unified(before.get(address, {}).get(work.language, ""))
        }
        work.errors = {at: why for at, said in changed.items() if (why := textfiles.unfit(said[work.language]))}
        if work.errors:
            return False
        right = {(address, work.language) for address in work.still - set(changed)}
        if not changed and not right:
            self.message_user(request, _("Nothing was changed."), messages.INFO)
        elif not self.change(
            request, copy, editing.set_texts(changed, still_right=right), said=_("The texts are saved.")
        ):
            work.begin_again(copy, {address: said[work.language] for address, said in changed.items()})
            return False
        return True

    # --- the languages -----------------------------------------------------------------------------------------------

    def languages_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Add a language, take one away, or make one the original."""
        service, copy = self.copy_of(request, pk)
        act, _dash, code = request.POST.get("act", "").partition("-")
        code = code or request.POST.get("language", "")
        languages = with_languages(editing.languages_of(working.document_of(copy)), act, code)
        if languages is None:
            self.message_user(
                request, _("A service needs at least one language. Choose what is to be changed."), messages.WARNING
            )
        else:
            self.change(request, copy, editing.set_elements({"languages": languages}), said=_said_of(act, code))
        return redirect(build_address("texts", service))

    # --- out and in --------------------------------------------------------------------------------------------------

    def texts_out_view(self, request: HttpRequest, pk: int, sort: str) -> HttpResponseBase:
        """All texts as a table."""
        write = {"csv": csv_response, "xlsx": xlsx_response}.get(sort)
        if write is None:
            raise Http404
        service, copy = self.copy_of(request, pk)
        document = working.document_of(copy)
        languages = editing.languages_of(document)
        return write(
            f"{service.key}-texts", textfiles.header(languages), textfiles.rows(entries_of(document), languages)
        )

    def texts_in_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Read a table that was fetched here and changed: show what it would change, and make the changes when that is wanted."""
        service, copy = self.copy_of(request, pk)
        if request.method == "POST" and "changes" in request.POST:
            return self._applied(request, service, copy)
        reading, error = None, ""
        if request.method == "POST":
            try:
                reading = read_upload(request, working.document_of(copy))
            except Unfit as unfit:
                error = str(unfit)
        return self.build_page(
            request,
            "texts_in.html",
            _("Texts from a file"),
            service,
            copy,
            tab="texts",
            seen=copy.at,  # what the file changes is told of the texts as they are now
            reading=reading,
            shown=reading.changes[:MOST_LISTED] if reading else [],
            left=max(0, len(reading.changes) - MOST_LISTED) if reading else 0,
            notes=reading.notes[: textfiles.MOST_NOTES] if reading else [],
            notes_left=max(0, len(reading.notes) - textfiles.MOST_NOTES) if reading else 0,
            changes=json.dumps(reading.texts(), ensure_ascii=False) if reading else "",
            problems_now=error,
            texts=build_address("texts", service),
        )

    def _applied(self, request: HttpRequest, service: Service, copy: WorkingCopy) -> HttpResponse:
        edit = edit_of(request.POST.get("changes", ""), working.document_of(copy))
        if edit is None:
            self.message_user(request, _("The changes could not be read. Choose the file again."), messages.ERROR)
            return redirect("admin:services_service_texts_in", service.pk)
        if self.change(request, copy, edit, said=_("The texts of the file are saved.")):
            return redirect(build_address("texts", service))
        return redirect("admin:services_service_texts_in", service.pk)


# --- what it takes -----------------------------------------------------------------------------------------------------


def work_of(copy: WorkingCopy, asked: QueryDict) -> Work:
    """What the address asks to see."""
    document = working.document_of(copy)
    languages = editing.languages_of(document)
    language = asked.get("language", "")
    if language not in languages:
        language = next((one for one in languages if one != original_language(document)), languages[0])
    show = asked.get("show", "")
    outdated = working.outdated(copy)
    return Work(
        document, language, show if show in SHOWN else "all", asked.get("part", ""), outdated, entries_of(document)
    )


def _query(work: Work, **other: str) -> str:
    said = {"language": work.language, "show": work.show, **other}
    return urlencode(said)


def _shows(work: Work) -> list[tuple[str, str]]:
    return [("all", _("All texts")), ("missing", _("Missing texts")), ("outdated", _("Outdated texts"))]


def language_name(code: str) -> str:
    """What a language is called in the language of the page; its code when nobody knows."""
    try:
        return str(get_language_info(code)["name_translated"])
    except KeyError:
        return code


def with_languages(languages: list[str], act: str, code: str) -> list[str] | None:
    """The languages after one is added, taken away or made the original; None where that cannot be."""
    if act == "add" and code in LANGUAGES and code not in languages:
        return [*languages, code]
    if act == "remove" and code in languages and len(languages) > 1:
        return [one for one in languages if one != code]
    if act == "original" and code in languages:
        return [code, *(one for one in languages if one != code)]
    return None


def _said_of(act: str, code: str) -> str:
    words = {
        "add": _("Added: %(language)s. Its texts are to be written."),
        "remove": _("%(language)s is taken away. Its texts are kept, and are there again if you add it."),
        "original": _("The others are now translated from: %(language)s."),
    }
    return words[act] % {"language": language_name(code)}


def read_upload(request: HttpRequest, document: Document) -> Reading:
    """What the chosen file would change. Raises Unfit."""
    file = request.FILES.get("file")
    if file is None:
        raise Unfit(_("Choose a file."))
    if (file.size or 0) > textfiles.LARGEST_FILE:
        raise Unfit(_("The file is too large: it may be at most 5 MB."))
    table = textfiles.read_file(file.read())
    reading = textfiles.read_table(table, entries_of(document), editing.languages_of(document))
    if len(json.dumps(reading.texts(), ensure_ascii=False).encode()) > MOST_CHANGED:
        raise Unfit(_("The file changes too much at once. Bring it back in parts."))
    return reading


def edit_of(changes: str, document: Document) -> Edit | None:
    """The change that the page of a file's changes sends back; None when it is not one."""
    try:
        said = json.loads(changes)
    except (ValueError, RecursionError):
        return None
    known, languages = {entry.address for entry in entries_of(document)}, set(editing.languages_of(document))
    if not isinstance(said, dict) or not all(_is_change(one, languages) for one in said.values()):
        return None
    texts = {address: one for address, one in said.items() if address in known}
    return editing.set_texts(texts) if texts else None


def _is_change(said: Any, languages: set[str]) -> bool:
    """Whether it is a text in some of the languages that can stand in a definition."""
    return editing.is_texts(said) and all(
        code in languages and text.strip() and not textfiles.unfit(text) for code, text in said.items()
    )
