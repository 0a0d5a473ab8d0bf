"""A field of a definition, and the register of its kinds: one class per kind, with all of its aspects.

*definition → form → layout → stored answer → text again.* Nobody else asks what kind a field is. A new kind is one class in a
module of this package; it needs no migration, and the contract test runs over it the moment it exists.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any, ClassVar

from crispy_forms.layout import LayoutObject
from django import forms
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from apps.services.conditions import ALWAYS, NEVER, Comparison, Condition, condition, read_condition
from apps.services.layout import Line
from apps.services.reading import Json, Read, Reader, anything, defined, flag, reads, shape, texts, within, word
from apps.services.texts import NO_TEXT, Texts, date_words, has_control_characters
from apps.services.workdays import first_day_after

REGISTER: dict[str, type[Field]] = {}


def setting(read: Read, default: Any = dataclasses.MISSING) -> Any:
    """A setting of a kind: how it is read from a document, and its value when it is not there.

    A reading function that also says what it reads (see `reading.reads`) is described in the published schema.
    """
    if default is dataclasses.MISSING:
        return dataclasses.field(metadata={"read": read})
    return dataclasses.field(default=default, metadata={"read": read})


def in_three(sv: str, fi: str, en: str) -> dict[str, str]:
    """A text of an example, in the document form that texts have."""
    return {"sv": sv, "fi": fi, "en": en}


PREFILLS = ("", "given_name", "family_name", "name", "company_name", "company_id", "common_data")


@dataclass(frozen=True)
class ErrorTexts:
    """The service's own words for what is wrong with an answer: that it is missing, or that it is not right."""

    missing: Texts
    wrong: Texts


@reads(shape({"missing": defined("texts"), "wrong": defined("texts")}))
def read_errors(reader: Reader, path: str, value: Json) -> ErrorTexts:
    """A field's own error texts from their document form."""
    got = reader.mapping(path, value, {"missing": False, "wrong": False})
    read = {
        name: reader.texts(within(path, name), got[name]) if name in got else NO_TEXT for name in ("missing", "wrong")
    }
    return ErrorTexts(**read)


@dataclass(frozen=True)
class LeadTime:
    """How long before the day the authority must have the matter.

    `days`: there must be that many days before the day, today counted (in Helsinki). `unit`: whether all days count or only working days.
    `late`: "refuse" stops; "warn" lets through and tells; "explain" lets through, and the definition asks for the reason with a field
    that shows when the day is within those days.
    """

    days: int
    late: str
    unit: str = "days"

    def earliest(self, today: date) -> date:
        """The first day that is not late when the matter is sent today."""
        if self.unit == "working_days":
            return first_day_after(today, self.days)
        return today + timedelta(days=self.days)

    def refusal(self, today: date) -> str:
        """What to say when a day is too near to be accepted."""
        said = (
            ngettext(
                "This must be sent at least %(days)d working day before. Sent today, the earliest day is %(earliest)s.",
                "This must be sent at least %(days)d working days before. Sent today, the earliest day is %(earliest)s.",
                self.days,
            )
            if self.unit == "working_days"
            else ngettext(
                "This must be sent at least %(days)d day before. Sent today, the earliest day is %(earliest)s.",
                "This must be sent at least %(days)d days before. Sent today, the earliest day is %(earliest)s.",
                self.days,
            )
        )
        return said % {"days": self.days, "earliest": date_words(self.earliest(today))}

    def caution(self) -> str:
        """What to say when a day is too near but let through."""
        said = (
            ngettext(
                "This should be sent at least %(days)d working day before. You can still send it, but it may be too late.",
                "This should be sent at least %(days)d working days before. You can still send it, but it may be too late.",
                self.days,
            )
            if self.unit == "working_days"
            else ngettext(
                "This should be sent at least %(days)d day before. You can still send it, but it may be too late.",
                "This should be sent at least %(days)d days before. You can still send it, but it may be too late.",
                self.days,
            )
        )
        return said % {"days": self.days}


@dataclass(frozen=True, kw_only=True)
class Field:
    """One part of a page. The kinds are its subclasses; an instance is one question of one definition."""

    kind: ClassVar[str] = ""
    kind_label: ClassVar[Any] = ""
    group: ClassVar[str] = "other"  # among which kinds it is offered to those who define a service
    asks_for: ClassVar[Any] = ""  # what it is for, said to them in a sentence
    example: ClassVar[Mapping[str, Json]] = {}  # settings of an example of it, shown to them
    asks: ClassVar[bool] = True
    has_answer: ClassVar[bool] = True
    carries_file: ClassVar[bool] = False
    concludes: ClassVar[bool] = False  # whether it tells what the answers lead to, so that it is told again beside them
    repeats: ClassVar[bool] = True  # whether it can stand in a group that repeats
    contact_data: ClassVar[bool] = (
        False  # whether its answer says where somebody is found: hidden by a protection order
    )
    personal: ClassVar[bool] = False  # whether its answer is marked as personal data, besides contact data
    reckoned: ClassVar[str] = ""  # what a calculated value can make of its answer: "number", "day" or nothing
    has_rows: ClassVar[bool] = False  # whether its parts' answers stand in rows, so that no condition can look at one

    key: str
    label: Texts = setting(texts)
    hint: Texts = setting(texts, NO_TEXT)
    required: bool = setting(flag, True)
    required_when: Condition = setting(condition, NEVER)
    errors: ErrorTexts | None = setting(read_errors, None)
    default: Json = setting(anything, None)
    prefill: str = setting(word(*PREFILLS), "")
    common: bool = setting(flag, False)
    secret: bool = setting(flag, False)
    show_when: Condition = ALWAYS
    rule: Json = dataclasses.field(default=None, compare=False)  # what `show_when` was read from; a dict has no hash
    idle: tuple[str, ...] = dataclasses.field(default=(), compare=False)  # what is said of it and means nothing

    def __init_subclass__(cls) -> None:
        if "kind" in cls.__dict__:
            if cls.kind in REGISTER:
                raise TypeError(f"two kinds of field are called {cls.kind!r}")
            REGISTER[cls.kind] = cls

    @classmethod
    def settings(cls) -> dict[str, dataclasses.Field[Any]]:
        """What may be said of a field of this kind in a document, besides its key, kind and condition."""
        return {f.name: f for f in dataclasses.fields(cls) if "read" in f.metadata}

    # --- what a kind says about itself -----------------------------------------------------------------------------

    def ask(self, language: str) -> forms.Field | None:
        """A Django field that reads and checks one answer; None for a kind that is a form within the form (see `inside`).

        It never demands an answer itself: the page does.
        """
        raise NotImplementedError

    def inside(self, *, prefix: str, stored: Json, today: date, data: Any, language: str) -> Any:
        """The form within the form, for a question that has parts or rows; None for all others."""
        return None

    def lay_out(self) -> LayoutObject:
        """How it stands on the page."""
        return Line(self.key)

    def keep(self, value: Any) -> Json:
        """The checked answer as it is stored (JSON); None when there is none."""
        return value or None

    def keep_beside(self, value: Any, stored: Json) -> Json:
        """The same, for kinds whose control does not show the whole of what is stored. Raises forms.ValidationError."""
        return self.keep(value)

    def recall(self, kept: Json) -> Any:
        """What stands in the control when the page is opened again."""
        return kept

    def show(self, kept: Json, language: str) -> str:
        """The stored answer as text, for the check page, the desk, the receipt."""
        return "" if kept is None else str(kept)

    def envelope(self, kept: Json) -> Json:
        """The stored answer as receivers get it."""
        return kept

    def sample(self, today: date) -> Json:
        """A stored answer that this field accepts."""
        raise NotImplementedError

    def answered(self, kept: Json) -> bool:
        """Whether there is an answer."""
        return kept not in (None, "", [])

    def objection(self, kept: Json, answers: Mapping[str, Any], today: date) -> str:
        """Why an answer is not good beside the earlier answers and on this day, in the page's language; '' when it is.

        Asked when the page is saved and again when the paper is sent, since days pass meanwhile.
        """
        return ""

    def caution(self, kept: Json, today: date) -> str:
        """What the customer should know of an answer that is let through, in the page's language; '' when there is nothing."""
        return ""

    def accept(self, kept: Json) -> Json:
        """What this field still accepts of an answer kept under another version of the service; None when nothing.

        The answer goes the way of one that is written on the page: whatever comes back changed is not accepted.
        """
        try:
            asked = self._asked_in(get_language() or "sv")
            same = asked is not None and self.keep_beside(asked.clean(self.recall(kept)), kept) == kept
        except Exception:  # an answer of another kind can trip any of the libraries, each in its own way
            return None
        return kept if same else None

    def _asked_in(self, language: str) -> forms.Field | None:
        """Its Django field in a language, made once: many answers may be looked at one after another."""
        if language not in self._made:
            self._made[language] = self.ask(language)
        return self._made[language]

    @cached_property
    def _made(self) -> dict[str, forms.Field | None]:
        return {}

    def only_lacks(self, kept: Json, today: date) -> bool:
        """Whether nothing is wrong with an answer of parts or rows but that some are not given."""
        return False

    def value_words(self, value: Json, language: str) -> str:
        """A value that a condition compares an answer with, as text."""
        try:
            return self.show(value, language) or str(value)
        except (TypeError, ValueError, AttributeError):  # a value that no answer of this kind can have
            return str(value)

    def counted(self, kept: Json, counting: Mapping[str, Any], today: date) -> Json:
        """The answer as it counts and is sent; differs from what is stored for kinds that hide parts or compute."""
        return kept

    @property
    def seems_needed(self) -> bool:
        """Whether its label says nothing of being optional: it must be answered, always or with some answers."""
        return self.required or self.required_when is not NEVER

    def needed(self, counting: Mapping[str, Any], today: date) -> bool:
        """Whether there must be an answer, given the earlier ones."""
        return self.required or self.required_when.holds(counting, today)

    def missing(self) -> str:
        """What to say when there must be an answer and is none."""
        return _("Answer this question.")

    def again(self) -> Field:
        """The field as a supplement asks it."""
        return self

    def own_words(self, code: str, said: str) -> str:
        """The service's own error text where it has one, else what this software says."""
        own = getattr(self.errors, "missing" if code == "missing" else "wrong", NO_TEXT)
        return own.said(get_language()) if own else said

    def rows_of(self, kept: Json, language: str) -> list[tuple[str, list[tuple[str, str]]]]:
        """For an answer that stands in rows: each row's title, and its answers under their labels."""
        return []

    def conclusion(self, language: str) -> tuple[str, str]:
        """What is told beside the answers, for kinds that conclude: a title and a text."""
        raise NotImplementedError

    def looks_at(self) -> frozenset[str]:
        """The paths of the answers that it depends on."""
        conditions = (self.show_when, self.required_when)
        return frozenset(c.field for condition in conditions for c in condition.comparisons())

    def holds_secret(self, kept: Json) -> bool:
        """Whether the answer, or an answered part of it, is of a sort that is kept secret."""
        return self.secret or any(part.holds_secret(one) for _row, part, one in self._inner(kept))

    def holds_personal(self, kept: Json) -> bool:
        """Whether the answer, or an answered part of it, is an identity code or says where somebody is found."""
        return (
            self.personal or self.contact_data or any(part.holds_personal(one) for _row, part, one in self._inner(kept))
        )

    def codes(self, kept: Json, language: str) -> list[tuple[str, str]]:
        """What the answer holds that is masked wherever it is shown: each code in full under its label, with the number of its row."""
        return [
            (f"{row}. {label}" if row else label, code)
            for row, part, one in self._inner(kept)
            for label, code in part.codes(one, language)
        ]

    def _inner(self, kept: Json) -> Iterator[tuple[int, Field, Json]]:
        """Each answered part with its answer, and the number of its row where they stand in rows (else 0)."""
        rows = list(enumerate(kept, 1)) if isinstance(kept, list) else [(0, kept)]
        for row, one in rows:
            for part in self.parts() if isinstance(one, dict) else ():
                if part.answered(one.get(part.key)):
                    yield row, part, one[part.key]

    def without_contact_data(self, kept: Json) -> Json:
        """The answer as far as a protection order lets it be shown; None when nothing of it."""
        if self.contact_data:
            return None
        if isinstance(kept, list) and self.parts():
            return [self._open_parts(row) for row in kept]
        return (self._open_parts(kept) or None) if isinstance(kept, dict) else kept

    def _open_parts(self, kept: Json) -> Json:
        if not isinstance(kept, dict):
            return kept
        by_key = {part.key: part for part in self.parts()}
        shown = {key: by_key[key].without_contact_data(one) if key in by_key else one for key, one in kept.items()}
        return {key: one for key, one in shown.items() if one is not None}

    def limits(self) -> str:
        """Limits that are said before anybody answers."""
        return ""

    def parts(self) -> tuple[Field, ...]:
        """The questions this one is made of, if any."""
        return ()

    def about(self, name: str, data: Any, kept: Json) -> dict[str, str]:
        """What was written about each kept file, by its id."""
        return {}

    def undescribed(self) -> str:
        """What to say when a file stands without a word about what it is; '' where none is asked for."""
        return ""

    def sort(self, files: Iterable[Any], already: int) -> tuple[list[Any], list[str]]:
        """Which uploaded files are taken, and why the others are not."""
        raise NotImplementedError

    def look_over(self, reader: Reader, path: str, earlier: Mapping[str, Field]) -> None:
        """Note what does not fit together in the field's settings, or with the fields before it."""

    def possible(self) -> frozenset[str]:
        """The values an answer can have, where the definition lists them; else empty."""
        return frozenset()

    def notice(self) -> LeadTime | None:
        """How long before the answered day the authority must have the matter, where the field says so."""
        return None

    def all_texts(self) -> dict[str, Texts]:
        """Every text that must exist in each language, by its path within the field."""
        found = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        said = {name: value for name, value in found.items() if isinstance(value, Texts) and value}
        if self.errors:
            own = {"errors.missing": self.errors.missing, "errors.wrong": self.errors.wrong}
            said |= {name: value for name, value in own.items() if value}
        for n, part in enumerate(self.own_parts()):
            said |= {f"fields[{n}].{name}": text for name, text in part.all_texts().items()}
        return said

    def own_parts(self) -> tuple[Field, ...]:
        """The parts that the definition itself describes."""
        return ()


def refuse_control_characters(value: str) -> None:
    """Refuse characters that no keyboard has and no receiver can show."""
    if has_control_characters(value):
        raise forms.ValidationError(_("The text has characters that cannot be shown. Write it again without them."))


UNREAD_TOO = ("required", "required_when", "fields")  # what a field that could not be read whole still says


@dataclass(frozen=True, kw_only=True)
class UnreadField(Field):
    """Stands where a field could not be read whole, so that what could be read is still looked over."""

    label: Texts = NO_TEXT
    fields: tuple[Field, ...] = ()

    def sample(self, today: date) -> Json:
        """Nobody knows what an answer to it looks like."""
        return None

    def own_parts(self) -> tuple[Field, ...]:
        """What could be read of its rows."""
        return self.fields

    def look_over(self, reader: Reader, path: str, earlier: Mapping[str, Field]) -> None:
        """Only its rows: its own settings are not all there."""
        check_fields(reader, within(path, "fields"), self.fields, {})


def read_field(reader: Reader, path: str, value: Json) -> Field:
    """A field from its document form; an UnreadField after a problem, which the reader has noted."""
    before = len(reader.problems)
    kind = value.get("kind") if isinstance(value, dict) else None
    cls = REGISTER.get(kind) if isinstance(kind, str) else None
    if cls is None:
        kinds = ", ".join(sorted(REGISTER))
        reader.wrong(within(path, "kind"), _("this must be a kind of field: %(kinds)s.") % {"kinds": kinds})
        written = isinstance(value, dict) and "key" in value
        return UnreadField(key=reader.key(within(path, "key"), value["key"]) if written else "")
    settings = cls.settings()
    needed = {name: f.default is dataclasses.MISSING for name, f in settings.items()}
    idle = tuple(name for name in value if name in Field.settings() and name not in settings)
    said = {name: item for name, item in value.items() if name not in idle}
    got = reader.mapping(path, said, {"kind": True, "key": True, **needed, "show_when": False})
    read = {
        name: settings[name].metadata["read"](reader, within(path, name), got[name]) for name in settings if name in got
    }
    read |= {name: NO_TEXT for name, must in needed.items() if must and name not in got}
    when = read_condition(reader, within(path, "show_when"), got["show_when"]) if "show_when" in got else ALWAYS
    key = reader.key(within(path, "key"), got.get("key"))
    if len(reader.problems) > before:
        read = {name: item for name, item in read.items() if name in UNREAD_TOO and item != NO_TEXT}
        return UnreadField(key=key, show_when=when, **read)
    return cls(key=key, show_when=when, rule=got.get("show_when"), idle=idle, **read)


def check_fields(reader: Reader, path: str, fields: Iterable[Field], earlier: dict[str, Field]) -> None:
    """Note keys that stand twice, and conditions on what is not asked before. `earlier` grows with the fields."""
    for n, field in enumerate(fields):
        where = f"{path}[{n}]"
        if field.key in earlier:
            reader.wrong(within(where, "key"), _("another field has this key."))
        for name in ("show_when", "required_when"):
            check_condition(reader, within(where, name), getattr(field, name), earlier)
        for name in field.idle:
            reader.wrong(within(where, name), _("this means nothing in a field that asks nothing."))
        if field.default is not None and field.accept(field.default) != field.default:
            reader.wrong(within(where, "default"), _("this is no answer that the question accepts."))
        field.look_over(reader, where, earlier)
        earlier[field.key] = field


def check_condition(reader: Reader, path: str, condition: Condition, earlier: Mapping[str, Field]) -> None:
    """Note what a condition looks at that is not asked before it, and values that can never be."""
    for comparison in condition.comparisons():
        field, group = field_at(comparison.field, earlier), earlier.get(comparison.field.partition(".")[0])
        if group is not None and group.has_rows and "." in comparison.field:
            reader.wrong(
                path, _("a condition cannot look into a group that repeats. Let it look at a calculated value.")
            )
        elif field is None or not field.has_answer:
            reader.wrong(path, _("there is no question with the key %(key)s before it.") % {"key": comparison.field})
        else:
            _check_values(reader, path, comparison, field)


def field_at(path: str, fields: Mapping[str, Field]) -> Field | None:
    """The field at a path: its key, or that of a composite question, a dot and the part's key."""
    first, *rest = path.split(".")
    found = fields.get(first)
    for name in rest:
        found = next((part for part in found.parts() if part.key == name), None) if found else None
    return found


def _check_values(reader: Reader, path: str, comparison: Comparison, field: Field) -> None:
    if not comparison.suits(field.sample(date(2000, 1, 1))):
        words = {"key": field.key, "operator": comparison.operator}
        reader.wrong(path, _("an answer to %(key)s can never fit this “%(operator)s”.") % words)
        return
    known = field.possible()
    if known and comparison.operator == "contains" and isinstance(field.sample(date(2000, 1, 1)), str):
        words = {"key": field.key}
        reader.wrong(path, _("%(key)s is answered with one option: compare with “equals” or “one_of”.") % words)
        return
    if not known or comparison.operator not in ("equals", "one_of", "contains"):
        return
    wanted = comparison.value if comparison.operator == "one_of" else (comparison.value,)
    for value in wanted:
        if value not in known:
            reader.wrong(path, _("%(key)s has no option %(value)s.") % {"key": field.key, "value": value})
