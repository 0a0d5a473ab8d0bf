"""A service's definition: an immutable, typed document of pages and fields, read from JSON and checked.

The document's text is what is stored, exported and compared; this is what the rest of the house works with.
docs/definition.md describes every element.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from apps.people.municipalities import all_municipalities
from apps.services.conditions import ALWAYS, Comparison, Condition, Every, Some, read_condition
from apps.services.fieldtypes import Field
from apps.services.fieldtypes.base import LeadTime, UnreadField, check_condition, check_fields, read_field
from apps.services.fieldtypes.questions import Questions
from apps.services.handling import HandlingLimit, Records, handling_limit, own_service, records
from apps.services.reading import Json, Problem, Reader, Unreadable, within
from apps.services.surveying import Lead, check_survey, leads
from apps.services.texts import NO_TEXT, Texts
from apps.services.upgrades import NEWEST, upgraded

SCHEMA = NEWEST
CASE_KINDS = ("permit", "notification", "plan", "registration", "supervision")
SURVEY = "survey"  # leads to services; nothing is sent, and no case arises
KINDS = (*CASE_KINDS, SURVEY)
LARGEST_DOCUMENT = 5_000_000  # characters
DEEPEST = 60  # lists and objects within each other, the same as in YAML
RESERVED = "supplement"  # pages and fields of a supplement begin so; see cases.intake
MUNICIPALITY_CODE = re.compile(r"[0-9]{3}")
Answers = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page of the form."""

    key: str
    title: Texts
    text: Texts
    fields: tuple[Field, ...]
    show_when: Condition = ALWAYS

    @cached_property
    def questions(self) -> Questions:
        """Its fields, with what is made of them once per process."""
        return Questions(self.fields)

    @property
    def asked(self) -> tuple[Field, ...]:
        """Its fields that ask something."""
        return self.questions.asked


@dataclass(frozen=True, kw_only=True)
class Definition:
    """Everything an authority says of a service."""

    key: str
    authority: str
    kind: str
    languages: tuple[str, ...]
    municipalities: tuple[str, ...]
    name: Texts
    summary: Texts
    for_whom: Texts
    legal_ground: Texts
    price: Texts
    handling_time: Texts
    deadline: Texts
    at_hand: Texts
    contact: Texts
    privacy: Texts
    declaration: Texts
    identification: str
    acting_for: tuple[str, ...]
    mandate: str
    draft_days: int
    handling_limit: HandlingLimit | None
    keep_days: int  # after the closing, until what a case holds is deleted here; 0 for never by itself
    records: Records | None
    own_service: Texts  # the authority's own, by language: customers are sent there instead of filling in
    connection: str  # how the authority is connected: see CONNECTIONS
    leads_to: tuple[Lead, ...]  # of a survey: the services that the answers lead to
    pages: tuple[Page, ...]
    # Answers known before the first page: in a supplement, those that are not asked again.
    given: Answers = dataclasses.field(default_factory=dict)

    @cached_property
    def fields(self) -> dict[str, Field]:
        """Every field by its key, in the order of the form."""
        return {field.key: field for page in self.pages for field in page.fields}

    @cached_property
    def common(self) -> tuple[Field, ...]:
        """Those whose answers are common to everything of the customer's project."""
        return tuple(field for field in self.fields.values() if field.common)

    @cached_property
    def takes_files(self) -> bool:
        """Whether any of them does."""
        return any(field.carries_file for field in self.fields.values())

    @property
    def is_survey(self) -> bool:
        """Whether it only tells what is needed: nothing is sent, and no case arises."""
        return self.kind == SURVEY

    @cached_property
    def lead_time(self) -> LeadTime | None:
        """How long before the day the matter must arrive, when the service has such a limit."""
        return next((notice for field in self.fields.values() if (notice := field.notice())), None)

    def page(self, key: str) -> Page | None:
        """A page by its key."""
        return next((page for page in self.pages if page.key == key), None)

    def asked(self, answers: Answers, today: date) -> Iterator[tuple[Page, list[Field], dict[str, Any]]]:
        """Each page that applies, its fields that apply, and the answers that count after it.

        An answer that a condition hides does not count, and so cannot bring up further questions.
        """
        counting: dict[str, Any] = dict(self.given)
        for page in self.pages:
            if page.show_when.holds(counting, today):
                fields = []
                for field, counted in page.questions.walk(answers, counting, today):
                    fields.append(field)
                    counting = counted
                if fields:  # a page of which nothing applies is no page
                    yield page, fields, counting

    def counting_before(self, page: Page, answers: Answers, today: date) -> dict[str, Any]:
        """The answers of the pages before a page that count on it."""
        counting: dict[str, Any] = dict(self.given)
        for other in self.pages:
            if other.key == page.key:
                break
            if other.show_when.holds(counting, today):
                for _field, counted in other.questions.walk(answers, counting, today):
                    counting = counted
        return counting

    def supplement(self, keys: Iterable[str], page: Page, given: Answers) -> Definition:
        """The form of a supplement: the fields asked again, what new answers to them bring up, and a page of its own.

        `given` are the answers that the case has. Conditions hold as in the form itself, so nobody is asked what does not apply.
        """
        wanted = self._with_followers(keys)
        pages = []
        for original in self.pages:
            again = tuple(field.again() for field in original.fields if field.key in wanted)
            if again:
                pages.append(dataclasses.replace(original, fields=again))
        kept = {key: value for key, value in given.items() if key not in wanted}
        return dataclasses.replace(self, pages=(*pages, page), given=kept)

    def _with_followers(self, keys: Iterable[str]) -> set[str]:
        """The fields with those that depend on them; what depends on which day it is has been judged when the matter arrived."""
        wanted = {key for key in keys if key in self.fields}
        for page in self.pages:
            follows = any(c.field.partition(".")[0] in wanted for c in page.show_when.comparisons())
            for field in page.fields:
                timed = any(c.operator.startswith("within_") for c in field.show_when.comparisons())
                if follows or (not timed and any(path.partition(".")[0] in wanted for path in field.looks_at())):
                    wanted.add(field.key)
        return wanted


def digest_of(document: Json) -> str:
    """What a document says, as a SHA-256 in hex: the same for every way of writing the same JSON."""
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def load(text: str) -> Json:
    """A document from its text. Raises Unreadable, with the line, when it is no JSON or says a thing twice."""
    if len(text) > LARGEST_DOCUMENT:
        raise Unreadable([Problem("", _("the file is too large for a definition."))])
    twice: list[str] = []

    def once(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        seen = dict(pairs)
        if len(seen) < len(pairs):
            twice.extend(sorted(name for name, times in Counter(name for name, _v in pairs).items() if times > 1))
        return seen

    try:
        document = json.loads(text, object_pairs_hook=once, parse_constant=_refuse_constant, parse_float=_finite)
        digest_of(document)
    except json.JSONDecodeError as e:
        where = _("line %(line)d, column %(column)d") % {"line": e.lineno, "column": e.colno}
        raise Unreadable([Problem(where, _("this is not JSON: %(why)s.") % {"why": e.msg})]) from None
    except UnicodeEncodeError:
        raise Unreadable(
            [Problem("", _("the text has half characters (\\ud800 to \\udfff) that cannot be stored."))]
        ) from None
    except (ValueError, RecursionError) as e:
        raise Unreadable([Problem("", _("this is not JSON: %(why)s.") % {"why": e})]) from None
    if twice:
        raise Unreadable([Problem(name, _("this element stands twice in one object.")) for name in twice])
    if _is_too_deep(document):
        raise Unreadable([Problem("", _("the file is too deep for a definition."))])
    return document


def _is_too_deep(document: Json) -> bool:
    """Whether something lies within more others than can be gone through."""
    level = [document]
    for _depth in range(DEEPEST + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return bool(level)


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(digits)
    return number


def parse(document: Json) -> Definition:
    """A definition from its document, of this schema or an older one. Raises Unreadable with everything that is wrong."""
    definition, problems = judge(document)
    if problems:
        raise Unreadable(problems)
    return definition


def judge(document: Json) -> tuple[Definition, list[Problem]]:
    """A definition as far as its document can be read, and everything that is wrong: what cannot be read, and what does not fit.

    What would follow only from something that could not be read is left out, else one mistake would be told as several.
    """
    document = upgraded(document)
    reading, fitting = Reader(), Reader()
    definition = _read_definition(reading, document)
    _check_references(fitting, definition)
    doubt = _Doubt(document, definition, reading.problems)
    return definition, [*reading.problems, *(one for one in fitting.problems if not doubt.covers(one.path))]


def parse_stored(document: Json) -> Definition:
    """A definition that was judged when it was imported, and is read for ever. Raises Unreadable when it cannot be read at all.

    It is not judged again: a municipality may have ended since, a setting may be another, a later release may be stricter.
    """
    reader = Reader()
    definition = _read_definition(reader, upgraded(document))
    if reader.problems:
        raise Unreadable(reader.problems)
    return definition


_TEXTS = {
    "name": True,
    "summary": True,
    "for_whom": True,
    "legal_ground": True,
    "price": True,
    "handling_time": True,
    "deadline": False,
    "at_hand": True,
    "contact": False,
    "privacy": False,
    "declaration": False,
}
STRENGTHS = ("strong", "weak")
PARTIES = ("self", "company", "person")
# Ways of connecting a service (sv anslutningssätt, fi liitostapa), see the domain's comparison of them.
CONNECTIONS = ("simplified", "interface", "conditional")
DRAFT_DAYS = 90
LONGEST_KEPT = 36_500  # days: about a hundred years
ELEMENTS = {
    "schema": True,
    "key": True,
    "authority": True,
    "kind": True,
    "languages": True,
    "municipalities": False,
    **_TEXTS,
    "identification": False,
    "acting_for": False,
    "mandate": False,
    "draft_days": False,
    "handling_limit": False,
    "keep_days": False,
    "records": False,
    "own_service": False,
    "connection": False,
    "leads_to": False,
    "pages": True,
}


# What a survey may leave out: nothing is sent, so nothing is paid, decided or had at hand.
NOT_OF_SURVEYS = ("for_whom", "legal_ground", "price", "handling_time", "at_hand")


def elements_of(document: Json) -> dict[str, bool]:
    """The elements that a document may have, and whether each must be there, which depends on its kind."""
    if isinstance(document, dict) and document.get("kind") == SURVEY:
        return {**ELEMENTS, **dict.fromkeys(NOT_OF_SURVEYS, False)}
    return ELEMENTS


def _read_definition(reader: Reader, document: Json) -> Definition:
    got = reader.mapping("", document, elements_of(document))
    reader.whole("schema", got.get("schema"), SCHEMA, SCHEMA)
    languages = [
        reader.language(where, item) for where, item in reader.items("languages", got.get("languages"), least=1)
    ]
    pages = tuple(
        _read_page(reader, where, item) for where, item in reader.items("pages", got.get("pages"), least=1, most=200)
    )
    return Definition(
        key=reader.slug("key", got.get("key")),
        authority=reader.slug("authority", got.get("authority")),
        kind=reader.one_of("kind", got.get("kind"), KINDS),
        languages=tuple(languages),
        municipalities=tuple(
            _read_municipality(reader, where, item)
            for where, item in reader.items("municipalities", got.get("municipalities", []))
        ),
        **{name: reader.texts(name, got[name]) if name in got else NO_TEXT for name in _TEXTS},
        identification=reader.one_of("identification", got.get("identification", "strong"), STRENGTHS),
        acting_for=tuple(
            reader.one_of(where, item, PARTIES)
            for where, item in reader.items("acting_for", got.get("acting_for", list(PARTIES)), least=1)
        ),
        mandate=reader.text("mandate", got["mandate"], most=100) if "mandate" in got else "",
        draft_days=reader.whole("draft_days", got.get("draft_days", DRAFT_DAYS), 7, 730),
        handling_limit=handling_limit(reader, "handling_limit", got["handling_limit"])
        if "handling_limit" in got
        else None,
        keep_days=reader.whole("keep_days", got.get("keep_days", 0), 0, LONGEST_KEPT),
        records=records(reader, "records", got["records"]) if "records" in got else None,
        own_service=own_service(reader, "own_service", got["own_service"]) if "own_service" in got else NO_TEXT,
        connection=reader.one_of("connection", got["connection"], CONNECTIONS)
        if "connection" in got
        else "conditional"
        if "own_service" in got
        else "simplified",
        leads_to=leads(reader, "leads_to", got["leads_to"]) if "leads_to" in got else (),
        pages=pages,
        given={},
    )


def _read_municipality(reader: Reader, path: str, value: Json) -> str:
    if not isinstance(value, str) or not MUNICIPALITY_CODE.fullmatch(value):
        reader.wrong(path, _("this must be a municipality code of three digits, such as 091."))
        return ""
    return value


def read_page(document: Json) -> Page:
    """A page that stands by itself. Raises Unreadable."""
    reader = Reader()
    page = _read_page(reader, "", document)
    if reader.problems:
        raise Unreadable(reader.problems)
    return page


def _read_page(reader: Reader, path: str, value: Json) -> Page:
    got = reader.mapping(path, value, {"key": True, "title": True, "text": False, "show_when": False, "fields": True})
    fields = reader.items(within(path, "fields"), got.get("fields"), least=1)
    return Page(
        key=reader.key(within(path, "key"), got.get("key")),
        title=reader.texts(within(path, "title"), got["title"]) if "title" in got else NO_TEXT,
        text=reader.texts(within(path, "text"), got["text"]) if "text" in got else NO_TEXT,
        show_when=read_condition(reader, within(path, "show_when"), got["show_when"]) if "show_when" in got else ALWAYS,
        fields=tuple(read_field(reader, where, item) for where, item in fields),
    )


def _check_references(reader: Reader, definition: Definition) -> None:
    """Keys stand once; conditions look only at fields that come before them, with values those can have."""
    pages: set[str] = set()
    earlier: dict[str, Field] = {}
    for p, page in enumerate(definition.pages):
        path = f"pages[{p}]"
        if page.key in pages:
            reader.wrong(within(path, "key"), _("another page has this key."))
        pages.add(page.key)
        _check_reserved(reader, within(path, "key"), page.key)
        check_condition(reader, within(path, "show_when"), page.show_when, earlier)
        for f, field in enumerate(page.fields):
            _check_reserved(reader, f"{path}.fields[{f}].key", field.key)
        check_fields(reader, f"{path}.fields", page.fields, earlier)
    check_survey(reader, definition)
    _check_explained(
        reader,
        [
            (f"pages[{p}].fields[{f}]", field, page.show_when)
            for p, page in enumerate(definition.pages)
            for f, field in enumerate(page.fields)
        ],
    )
    if len(set(definition.languages)) < len(definition.languages):
        reader.wrong("languages", _("a language stands twice."))
    if len(set(definition.acting_for)) < len(definition.acting_for):
        reader.wrong("acting_for", _("one of these stands twice."))
    if len(definition.own_service.as_json()) > 1:  # one address may be for all languages
        for language in definition.own_service.lacks(definition.languages):
            missing = _("the address is missing in this language. Give one for each language, or one alone for all.")
            reader.wrong(f"own_service.{language}", missing)
    if (definition.connection == "conditional") != bool(definition.own_service):
        both = _(
            "a conditional connection and the address of the authority’s own service belong together: give both, or neither."
        )
        reader.wrong("connection", both)
    for n, code in enumerate(definition.municipalities):
        if code not in all_municipalities():
            reader.wrong(f"municipalities[{n}]", _("this must be a municipality code of three digits, such as 091."))


def _check_reserved(reader: Reader, path: str, key: str) -> None:
    if key.startswith(RESERVED):
        reader.wrong(path, _("keys that begin with “supplement” are kept for supplements. Choose another one."))


Place = tuple[str, Field, Condition]  # where a field stands, the field, the condition of its page


def _check_explained(reader: Reader, places: Sequence[Place]) -> None:
    """A day that is let through with an explanation: a field after it must ask for one when the day is late."""
    for n, (path, field, _on_page) in enumerate(places):
        limit = field.notice()
        if limit and limit.late == "explain":
            late = _late(field, limit)
            if not any(_asks_when(other, on_page, late) for _path, other, on_page in places[n + 1 :]):
                example = json.dumps({"field": late[-1].field, late[-1].operator: late[-1].value})
                words = _("no required field after it asks for the explanation. Let one show when %(condition)s.")
                reader.wrong(within(path, "lead_time.late"), words % {"condition": example})
        _check_explained(reader, [(f"{path}.fields[{i}]", part, ALWAYS) for i, part in enumerate(field.own_parts())])


def _late(field: Field, limit: LeadTime) -> list[Comparison]:
    """The comparisons that say that a field's day is late: with itself, or with the part that is the day."""
    operator = "within_working_days" if limit.unit == "working_days" else "within_days"
    days = [f"{field.key}.{part.key}" for part in field.parts() if part.notice()] or [field.key]
    return [Comparison(day, operator, limit.days) for day in days]


def _asks_when(field: Field, on_page: Condition, wanted: Sequence[Comparison]) -> bool:
    """Whether there must be an answer in a field when one of these holds. Nobody knows, where it could not be read."""
    if isinstance(field, UnreadField):
        return True
    shown = _rests_on(field.show_when, wanted) or _rests_on(on_page, wanted)
    return field.asks and ((field.required and shown) or _rests_on(field.required_when, wanted))


def _rests_on(condition: Condition, wanted: Sequence[Comparison]) -> bool:
    """Whether a condition is one of these, or has one among its parts."""
    if isinstance(condition, Every | Some):
        return any(_rests_on(part, wanted) for part in condition.parts)
    return condition in wanted


class _Doubt:
    """What cannot be told of a document because something in it could not be read."""

    PLACES_OF_FIELDS = re.compile(r"pages(\[\d+\](\.fields)?)?")
    STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")

    def __init__(self, document: Json, definition: Definition, problems: list[Problem]) -> None:
        fields = [one for page in definition.pages for field in page.fields for one in (field, *field.own_parts())]
        self.document = document
        self.unread = {problem.path[: m.start()] for problem in problems for m in re.finditer(r"[.\[]|$", problem.path)}
        self.keys = {field.key for field in fields}
        self.doubtful = {field.key for field in fields if isinstance(field, UnreadField)}
        self.unknown_keys = "" in self.keys or any(
            self.PLACES_OF_FIELDS.fullmatch(problem.path) for problem in problems
        )

    def covers(self, path: str) -> bool:
        """Whether what is wrong there may follow from what could not be read: there, within it, or in a field that it names."""
        if path in self.unread:
            return True
        if path.endswith((".key", ".default")):  # they name no field
            return False
        names = {name.partition(".")[0] for name in _names(self._at(path))}
        return bool(names & self.doubtful) or (self.unknown_keys and not names <= self.keys)

    def _at(self, path: str) -> Json:
        value = self.document
        for name, index in self.STEP.findall(path):
            try:
                value = value[int(index) if index else name]
            except (LookupError, TypeError):
                return None
        return value


def _names(value: Json) -> Iterator[str]:
    """The fields that a setting or a condition names."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _names(item)
    elif isinstance(value, dict):
        for item in [value["field"]] if "field" in value else value.values():
            yield from _names(item)
