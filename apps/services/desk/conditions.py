"""Conditions built from sentences, and read back as sentences: when a page or a question is shown, must be answered, or a value holds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.services import editing, sentences, working
from apps.services.builder.puttingback import put_field_back, put_page_back
from apps.services.conditions import Condition, read_condition
from apps.services.definition import Definition, load
from apps.services.desk.base import Building, build_address, refused_words, seen_of
from apps.services.editing import Document, Edit, Element
from apps.services.fieldtypes.base import Field, check_condition
from apps.services.models import Service, WorkingCopy
from apps.services.reading import Json, Reader, Unreadable
from apps.services.sentences import Asked, Group, Kept, Part, Row, Sentences, Wrong
from apps.services.translating import named
from apps.services.wording import in_words, needed_when, quoted, shown_when, value_when

TAKE_AWAY = "take-away"  # the button that takes the whole condition away
ANEW = "anew"  # says that the user knows that what the condition is of is gone, and wants it back
MOST_LINES = 50
TICKS = 12  # more answers than this are chosen in a list that scrolls


# --- what a condition belongs to -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """Where a condition stands: its document, what the page says of it, what it can look at, and how another is put there."""

    title: str
    lead: str
    rule: Json
    asked: list[Asked]
    fields: Mapping[str, Field]
    said: Callable[[Condition], str]
    edit: Callable[[Json], Edit]


def place_of(document: Document, definition: Definition, of: str, where: str, what: str) -> Place:
    """The place that an address names. Raises Http404."""
    try:
        if of == "page" and what == "show_when":
            return _of_page(document, definition, where)
        if of == "field":
            return _of_field(document, definition, where, what)
        if of == "service" and where == "leads_to":
            return _of_lead(document, definition, what)
    except (editing.NotThere, LookupError, ValueError, TypeError):
        raise Http404 from None
    raise Http404


def _of_page(document: Document, definition: Definition, key: str) -> Place:
    page, name = editing.page_of(document, key), "show_when"
    before = _before_page(document, definition, key)
    return _place(
        _("When the page %(about)s is shown") % {"about": quoted(named(page))},
        _("Show the page when"),
        page.get(name),
        before,
        shown_when,
        lambda rule: editing.set_page(key, {name: rule}),
    )


def _of_field(document: Document, definition: Definition, where: str, what: str) -> Place:
    element = editing.field_of(document, where)
    before = _before_field(document, definition, where)
    about = {"about": quoted(named(element))}
    if what == "required_when":
        return _place(
            _("When %(about)s must be answered") % about,
            _("It must be answered when"),
            element.get(what),
            before,
            needed_when,
            lambda rule: editing.set_field(where, _needing(element, rule)),
        )
    if what == "show_when":
        return _place(
            _("When %(about)s is shown") % about,
            _("Show it when"),
            element.get(what),
            before,
            shown_when,
            lambda rule: editing.set_field(where, _with(element, what, rule)),
        )
    return _of_value(element, before, where, int(what.removeprefix("value-")))


def _of_value(element: Element, before: Before, where: str, n: int) -> Place:
    if n < 0:
        raise LookupError(n)
    value = element["values"][n]
    called = named(value) if value.get("label") else str(value.get("value", ""))

    def edit(rule: Json) -> Edit:
        values = [_with(one, "when", rule) if i == n else one for i, one in enumerate(element["values"])]
        return editing.set_field(where, {**element, "values": values})

    about = {"about": quoted(named(element)), "value": quoted(called)}
    return _place(
        _("When %(about)s is %(value)s") % about,
        _("It has this value when"),
        value.get("when"),
        before,
        lambda condition, fields, language: value_when(called, condition, fields, language),
        edit,
        timed=False,
    )


def _of_lead(document: Document, definition: Definition, what: str) -> Place:
    _lead, number, sort = what.split("-")
    n, leads = int(number), document["leads_to"]
    titles = {
        "surely": _("When %(service)s is surely needed"),
        "possibly": _("When %(service)s is possibly needed"),
    }
    service = leads[n].get("service", "")

    def edit(rule: Json) -> Edit:
        return editing.set_elements(
            {"leads_to": [_with(one, sort, rule) if i == n else one for i, one in enumerate(leads)]}
        )

    return _place(
        titles[sort] % {"service": quoted(_service_name(service))},
        _("It is needed when"),
        leads[n].get(sort),
        [(page.title.said(), page.fields) for page in definition.pages],
        _needed_so,
        edit,
    )


def _needed_so(condition: Condition, fields: Mapping[str, Field], language: str) -> str:
    return _("It is needed when %(condition)s.") % {"condition": in_words(condition, fields, language)}


def _service_name(key: str) -> str:
    found = Service.objects.filter(key=key).first() if isinstance(key, str) else None
    return str(found) if found else str(key)


def _place(
    title: str,
    lead: str,
    rule: Json,
    before: Before,
    words: Callable[[Condition, Mapping[str, Field], str], str],
    edit: Callable[[Json], Edit],
    *,
    timed: bool = True,
) -> Place:
    language = get_language() or "sv"
    asked = [one for page, fields in before for one in sentences.asked_among(fields, page, language, timed=timed)]
    fields = {field.key: field for _page, found in before for field in found}
    return Place(title, lead, rule, asked, fields, lambda condition: words(condition, fields, language), edit)


Before = Sequence[tuple[str, Sequence[Field]]]  # the titles of pages with the fields on them that come before


def _before_page(document: Document, definition: Definition, key: str) -> Before:
    """The pages before a page, with the fields on them."""
    n = document["pages"].index(editing.page_of(document, key))
    return [(page.title.said() or page.key, page.fields) for page in definition.pages[:n]]


def _before_field(document: Document, definition: Definition, where: str) -> Before:
    """The fields before a field: in a group that repeats, those of the same row. What could not be read whole stands in its place."""
    top, _dot, inner = where.partition(".")
    page = editing.page_of(document, editing.page_key_of(document, where))
    p, f = document["pages"].index(page), page["fields"].index(editing.field_of(document, top))
    fields = definition.pages[p].fields
    if inner:
        group = page["fields"][f]
        n = editing.inner_fields(group).index(editing.field_of(document, where))
        return [(named(group), fields[f].own_parts()[:n])]
    return [*_before_page(document, definition, page["key"]), (named(page), fields[:f])]


def _with(element: Element, name: str, rule: Json) -> Element:
    """An element with a condition in the place of its present one, or without one."""
    if rule is None:
        return {key: value for key, value in element.items() if key != name}
    return {**element, name: rule}


def _needing(element: Element, rule: Json) -> Element:
    """With `required_when`: a question that must be answered in any case has no use for one."""
    changed = _with(element, "required_when", rule)
    return changed if rule is None else {**changed, "required": False}


# --- the form ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """A row of the form: the question chosen, the comparison, what was chosen or written; or a condition that is kept as it is."""

    question: str = ""
    comparison: str = ""
    typed: tuple[str, ...] = ()
    kept: str = ""
    error: str = ""
    fresh: bool = False  # whether the question has just been chosen, so that nothing was said of it yet

    @property
    def blank(self) -> bool:
        """Whether nothing was chosen in it."""
        return not self.question and not self.kept


@dataclass(frozen=True)
class Bunch:
    """Several lines of which all must hold, or at least one."""

    joined: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Rows:
    """What stands in the form."""

    joined: str = "all"
    parts: tuple[Line | Bunch, ...] = ()

    @property
    def lines(self) -> list[Line]:
        """Every line, those within bunches too."""
        return [line for part in self.parts for line in (part.lines if isinstance(part, Bunch) else (part,))]

    @property
    def wrong(self) -> bool:
        """Whether something in it is to be corrected."""
        return any(line.error for line in self.lines)

    def each(self, change: Callable[[int, Line], Line | None]) -> Rows:
        """The rows with every line changed, or left out where the change gives none. Lines are counted from 0."""
        count = iter(range(MOST_LINES * 2))
        parts: list[Line | Bunch] = []
        for part in self.parts:
            if isinstance(part, Bunch):
                lines = tuple(new for line in part.lines if (new := change(next(count), line)) is not None)
                parts += [replace(part, lines=lines)] if lines else []
            else:
                new = change(next(count), part)
                parts.extend([new] if new is not None else [])
        return replace(self, parts=tuple(parts))


def rows_of(rule: Json, asked: Mapping[str, Asked]) -> Rows:
    """What stands in the form for a condition."""
    said = sentences.read(rule)
    return Rows(said.joined, tuple(_of_part(part, asked) for part in said.parts))


def _of_part(part: Part, asked: Mapping[str, Asked]) -> Line | Bunch:
    if isinstance(part, Group):
        return Bunch(part.joined, tuple(_line_of(row, asked) for row in part.rows))
    return _line_of(part, asked)


def _line_of(row: Row | Kept, asked: Mapping[str, Asked]) -> Line:
    shown = asked[row.field].shown(row) if isinstance(row, Row) and row.field in asked else None
    if shown is None or isinstance(row, Kept):
        return Line(kept=json.dumps(sentences.document(Sentences("all", (row,))), ensure_ascii=False))
    return Line(row.field, shown[0], tuple(shown[1]))


def typed_rows(data: QueryDict) -> Rows:
    """What stands in the form that was sent."""
    count = data.get("count", "")
    lines = [_typed_line(data, n) for n in range(min(_number(count), MOST_LINES))]
    parts: list[Line | Bunch] = []
    for group, found in groupby(lines, key=lambda pair: pair[0]):
        held = tuple(line for _group, line in found)
        parts += [Bunch(_joint(data.get(f"g{group}-joined")), held)] if group else held
    return Rows(_joint(data.get("joined")), tuple(parts))


def _typed_line(data: QueryDict, n: int) -> tuple[str, Line]:
    question, was = data.get(f"r{n}-question", ""), data.get(f"r{n}-was", "")
    if was != question:
        line = Line(question, fresh=True)
    else:
        line = Line(question, data.get(f"r{n}-comparison", ""), tuple(data.getlist(f"r{n}-answer")))
    kept = data.get(f"r{n}-kept", "")
    return data.get(f"r{n}-group", ""), Line(kept=kept) if kept else line


def _joint(value: str | None) -> str:
    return value if value in sentences.JOINTS else "all"


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 5 else 0


def acted(rows: Rows, act: str) -> Rows:
    """The rows after a button that adds or removes one."""
    what, _dash, at = act.partition("-")
    if len(rows.lines) < MOST_LINES and what == "add":
        return replace(rows, parts=(*rows.parts, Line()))
    if len(rows.lines) < MOST_LINES - 1 and what == "bunch":
        other = "any" if rows.joined == "all" else "all"
        return replace(rows, parts=(*rows.parts, Bunch(other, (Line(), Line()))))
    if len(rows.lines) < MOST_LINES and what == "into":
        return replace(rows, parts=tuple(_longer(part, n == _number(at)) for n, part in enumerate(rows.parts)))
    if what == "remove":
        return rows.each(lambda n, line: None if str(n) == at else line)
    return rows


def _longer(part: Line | Bunch, here: bool) -> Line | Bunch:
    return replace(part, lines=(*part.lines, Line())) if here and isinstance(part, Bunch) else part


def judged_rows(rows: Rows, place: Place) -> tuple[Rows, Sentences]:
    """The rows with what is to be corrected in them, and the condition they make where nothing is."""
    by_path, last = {one.path: one for one in place.asked}, len(rows.lines) - 1
    said: dict[int, Row | Kept] = {}

    def judge(n: int, line: Line) -> Line | None:
        if line.blank and last > 0:
            return None
        try:
            said[n] = _row_of(line, by_path, place)
        except Wrong as wrong:
            return replace(line, error=str(wrong))
        return line

    whole = rows.each(judge)
    made = iter(said.values())
    return whole, (
        Sentences() if whole.wrong else Sentences(rows.joined, tuple(_made(part, made) for part in whole.parts))
    )


def _made(part: Line | Bunch, made: Iterator[Row | Kept]) -> Part:
    if isinstance(part, Bunch):
        return Group(part.joined, tuple(next(made) for _line in part.lines))
    return next(made)


def _row_of(line: Line, asked: Mapping[str, Asked], place: Place) -> Row | Kept:
    if line.kept:
        return _kept(line.kept, place)
    if not line.question:
        raise Wrong(_("Choose the question whose answer decides."))
    if line.question not in asked:
        raise Wrong(_("This question does not come before. Choose another one."))
    if line.fresh:
        raise Wrong(_("Say how the answer is compared, and with what."))
    return asked[line.question].said(line.comparison, line.typed)


def _kept(text: str, place: Place) -> Kept:
    """A condition that the form only carries. Raises Wrong when it no longer fits."""
    rule = kept_rule(text)
    reader = Reader()
    check_condition(reader, "", read_condition(reader, "", rule), place.fields)
    if reader.problems:
        raise Wrong(_("This part does not hold: %(why)s") % {"why": reader.problems[0].reason})
    return Kept(rule)


def kept_rule(text: str) -> Json:
    """The document of a condition that the form only carries; None when the form was tampered with."""
    try:
        return load(text)
    except Unreadable:
        return None


# --- how it is drawn -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DrawnLine:
    """A line as the template draws it."""

    n: int
    line: Line
    asked: Asked | None
    group: str
    sentence: str
    focus: bool = False

    @property
    def id(self) -> str:
        """The id of its first control."""
        return f"id_r{self.n}-question" if not self.line.kept else f"id_r{self.n}-kept"

    @property
    def comparisons(self) -> list[tuple[str, list[tuple[str, str, bool]]]]:
        """What can be said of the answer: first what holds, then the opposites; each with its words and whether it is chosen."""
        if self.asked is None:
            return []
        names = self.asked.comparisons
        plain = [(name, str(sentences.WORDS[name][0])) for name in names]
        opposite = [(f"not-{name}", str(sentences.WORDS[name][1])) for name in names if name != "answered"]
        plain += [("not-answered", str(sentences.WORDS["answered"][1]))]
        groups = [("", plain), (_("The opposite (also when there is no answer)"), opposite)]
        return [
            (title, [(name, words, name == self.line.comparison) for name, words in found])
            for title, found in groups
            if found
        ]

    @property
    def options(self) -> list[tuple[str, str, bool]]:
        """The answers to choose among, and whether each is chosen."""
        return [(value, words, value in self.line.typed) for value, words in (self.asked.options if self.asked else [])]

    @property
    def ticks(self) -> bool:
        """Whether the answers are boxes to tick."""
        return self.asked is not None and self.asked.several and len(self.options) <= TICKS

    @property
    def has_answer(self) -> bool:
        """Whether there is something to compare with; not of a question that can only be answered or not."""
        return self.asked is not None and self.asked.comparisons != ("answered",)

    @property
    def typed(self) -> str:
        """What was written."""
        return self.line.typed[0] if self.line.typed else ""


@dataclass(frozen=True)
class Block:
    """A line, or a bunch of lines with its word between them."""

    n: int
    joined: str
    lines: list[DrawnLine] = field(default_factory=list)

    @property
    def several(self) -> bool:
        """Whether it is a bunch."""
        return bool(self.joined)


def drawn(rows: Rows, place: Place, act: str = "") -> list[Block]:
    """The rows as the template draws them; what was just added takes the focus."""
    by_path = {one.path: one for one in place.asked}
    blocks, n, added = [], 0, _added(rows, act)
    for b, part in enumerate(rows.parts):
        bunch = isinstance(part, Bunch)
        block = Block(b, part.joined if isinstance(part, Bunch) else "")
        for line in part.lines if isinstance(part, Bunch) else (part,):
            sentence = _kept_words(line.kept, place) if line.kept else ""
            group = str(b + 1) if bunch else ""
            block.lines.append(DrawnLine(n, line, by_path.get(line.question), group, sentence, n == added))
            n += 1
        blocks.append(block)
    return blocks


def _added(rows: Rows, act: str) -> int:
    """The number of the line that a button has just added; -1 when none was."""
    what, _dash, at = act.partition("-")
    if what == "add":
        return len(rows.lines) - 1
    if what == "bunch":
        return len(rows.lines) - 2
    if what == "into":
        return len(replace(rows, parts=rows.parts[: _number(at) + 1]).lines) - 1
    return -1


def _kept_words(text: str, place: Place) -> str:
    rule = kept_rule(text)
    reader = Reader()
    condition = read_condition(reader, "", rule)
    return text if reader.problems else in_words(condition, place.fields, get_language() or "sv")


def sentence_of(place: Place) -> str:
    """The present condition as a sentence; '' when there is none, or none that can be read."""
    reader = Reader()
    condition = read_condition(reader, "", place.rule) if place.rule is not None else None
    return place.said(condition) if condition is not None and not reader.problems else ""


def pages_of(place: Place) -> list[tuple[str, list[Asked]]]:
    """The questions to choose among, page by page; then what they consist of, so that addresses do not hide the questions."""
    whole = [one for one in place.asked if one.path in place.fields]
    parts = [one for one in place.asked if one.path not in place.fields]
    found = [(page, list(asked)) for page, asked in groupby(whole, key=lambda one: one.page)]
    return [*found, (_("Parts of answers"), parts)] if parts else found


# --- the page ------------------------------------------------------------------------------------------------------------


class Conditions(Building):
    """Conditions built from sentences, and read back as sentences."""

    def get_urls(self) -> list[URLPattern]:
        """The page of one condition."""
        view = self.admin_site.admin_view(require_http_methods(["GET", "HEAD", "POST"])(self.condition_view))
        address = "<int:pk>/build/conditions/<slug:of>/<str:where>/<slug:what>/"
        return [path(address, view, name="services_service_condition"), *super().get_urls()]

    def condition_view(self, request: HttpRequest, pk: int, of: str, where: str, what: str) -> HttpResponse:
        """Show the condition as rows; a POST adds, removes, saves or takes the condition away."""
        service, copy = self.copy_of(request, pk)
        document = working.document_of(copy)
        anew = put_back(request, copy, document, of, where) if request.method == "POST" else None
        if anew is not None:
            document = anew.apply(document)
        place = place_of(document, working.judged_text(working.as_text(document))[0], of, where, what)
        rows, act = rows_of(place.rule, {one.path: one for one in place.asked}), ""
        if request.method == "POST":
            act, rows = request.POST.get("act", "save"), typed_rows(request.POST)
            if anew is not None and act == TAKE_AWAY:
                self.message_user(request, refused_words(editing.NotThere()), messages.WARNING)
                return redirect("admin:services_service_questions", pk)
            if anew is not None and ANEW not in request.POST:
                self._tell_it_is_gone(request, of)
            elif act in ("save", TAKE_AWAY):
                rows, rule = self._ruled(rows, place, act)
                if not rows.wrong and self._save(request, copy, place, rule, anew):
                    return redirect(self._after(request, service, of, where))
            if act not in ("save", TAKE_AWAY):
                rows = acted(rows, act)
        if not rows.parts:
            rows = replace(rows, parts=(Line(),))
        return self.build_page(
            request,
            "condition.html",
            place.title,
            service,
            copy,
            tab="questions",
            place=place,
            rows=rows,
            blocks=drawn(rows, place, act),
            pages=pages_of(place),
            sentence=sentence_of(place),
            unread=place.rule is not None and not sentence_of(place),
            problems_now=[one for block in drawn(rows, place) for one in block.lines if one.line.error],
            after=self._after(request, service, of, where),
            always=of != "service",
            as_text=build_address("document", service),
            dependants=dependants_of(document, service, where) if of == "field" else [],
            anew=anew is not None,
        )

    def _tell_it_is_gone(self, request: HttpRequest, of: str) -> None:
        """Somebody has taken the page or the question away. What was typed can be saved with it anew."""
        said = (
            _("Somebody has taken this page away meanwhile. Save to add it anew with its questions and this condition.")
            if of == "page"
            else _("Somebody has taken this question away meanwhile. Save to add it anew with this condition.")
        )
        self.message_user(request, said, messages.WARNING)

    def _ruled(self, rows: Rows, place: Place, act: str) -> tuple[Rows, Json]:
        """What the rows say, with what is wrong in them; what was not changed stays as it is written."""
        if act == TAKE_AWAY:
            return rows, None
        judged, said = judged_rows(rows, place)
        if judged.wrong:
            return judged, None
        rule = sentences.document(said)
        _same_rows, now = judged_rows(rows_of(place.rule, {one.path: one for one in place.asked}), place)
        unchanged = place.rule is not None and sentences.same(rule, sentences.document(now))
        return judged, place.rule if unchanged else rule

    def _save(self, request: HttpRequest, copy: Any, place: Place, rule: Json, anew: Edit | None) -> bool:
        after = replace(place, rule=rule)
        said = (
            _("Saved. %(sentence)s") % {"sentence": sentence_of(after)}
            if rule is not None
            else _("The condition is taken away.")
        )
        edit = place.edit(rule)
        return self.change(request, copy, edit if anew is None else editing.both(anew, edit), said=said)

    def _after(self, request: HttpRequest, service: Service, of: str, where: str) -> str:
        """Where to go on: to the page one came from, or to the page or the question in the outline."""
        wanted = request.POST.get("next") or request.GET.get("next") or ""
        mine = f"/admin/services/service/{service.pk}/"
        if wanted.startswith(mine) and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
            return wanted
        group = where.rpartition(".")[0] if of == "field" else ""
        outline = build_address("field", service, group) if group else build_address("questions", service)
        return f"{outline}#{'p' if of == 'page' else 'q'}-{where}"


def put_back(request: HttpRequest, copy: WorkingCopy, document: Document, of: str, where: str) -> Edit | None:
    """What puts a page or a question back that somebody has taken away since the form was made; None when it is there.

    It is as the form was made from, else as the working copy began. Raises Http404 when it was there neither time.
    """
    get, put = (editing.page_of, put_page_back) if of == "page" else (editing.field_of, put_field_back)
    try:
        if of in ("page", "field"):
            get(document, where)
        return None
    except editing.NotThere:
        for number in (seen_of(request, copy), 1):
            seen = working.document_seen(copy, number)
            with suppress(editing.NotThere):
                if seen is not None:
                    return put(document, seen, where)
        raise Http404 from None


def dependants_of(document: Document, service: Service, where: str) -> list[tuple[str, str]]:
    """What looks at a field: its name, and the page of its condition ('' where it is no condition)."""
    found = []
    for one in editing.dependants(document, where):
        element = editing.page_of(document, one.where) if one.is_page else editing.field_of(document, one.where)
        kind = "page" if one.is_page else "field"
        known = one.what in ("show_when", "required_when")
        found.append((named(element), build_address("condition", service, kind, one.where, one.what) if known else ""))
    return found
