"""Reading a definition document piece by piece, saying everything that is wrong at once, each with its path."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from apps.services.texts import NO_TEXT, Texts, has_control_characters

KEY = re.compile(r"[a-z][a-z0-9_]{0,59}")
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
LANGUAGE_CODE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
LONGEST_TEXT = 20_000

Json = Any
Read = Callable[["Reader", str, Json], Any]


@dataclass(frozen=True)
class Reading:
    """How an element of a document is read, and what it may look like, as a JSON Schema (docs/definition.schema.json)."""

    read: Read
    schema: Json

    def __call__(self, reader: Reader, path: str, value: Json) -> Any:
        """Read it."""
        return self.read(reader, path, value)


def reads(schema: Json) -> Callable[[Read], Reading]:
    """Say beside a reading function what it reads."""
    return lambda read: Reading(read, schema)


def shape(elements: Mapping[str, Json], required: Iterable[str] = ()) -> Json:
    """The JSON Schema of an object with these elements and no others."""
    return {
        "type": "object",
        "properties": dict(elements),
        "required": [name for name in elements if name in set(required)],
        "additionalProperties": False,
    }


def list_of(item: Json, *, least: int = 0, most: int = 2_000) -> Json:
    """The JSON Schema of a list."""
    return {"type": "array", "items": item, "minItems": least, "maxItems": most}


def defined(name: str) -> Json:
    """A part of the JSON Schema that is written once; see apps/services/schema.py."""
    return {"$ref": f"#/$defs/{name}"}


@dataclass(frozen=True)
class Problem:
    """Something wrong in a document: where (`pages[0].fields[2].label`) and why."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path or _('the document')}: {self.reason}"


class Unreadable(Exception):
    """The document cannot be used. `problems` says everything that is wrong."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(map(str, problems)))


class Reader:
    """Collects the problems met on the way. Each read method answers a usable value even after a problem."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def wrong(self, path: str, reason: str) -> None:
        """Note a problem."""
        self.problems.append(Problem(path, reason))

    def mapping(self, path: str, value: Json, known: Mapping[str, bool]) -> dict[str, Json]:
        """An object whose elements are all known; `known` says of each whether it must be there."""
        if not isinstance(value, dict):
            self.wrong(path, _("this must be an object with named elements."))
            return {}
        for name in value:
            if name not in known:
                allowed = ", ".join(sorted(known))
                self.wrong(within(path, name), _("unknown element. Known here: %(names)s.") % {"names": allowed})
        for name, needed in known.items():
            if needed and name not in value:
                self.wrong(within(path, name), _("this element is missing."))
        return {name: item for name, item in value.items() if name in known}

    def items(self, path: str, value: Json, *, least: int = 0, most: int = 2_000) -> list[tuple[str, Json]]:
        """A list as pairs of path and item."""
        if not isinstance(value, list):
            self.wrong(path, _("this must be a list."))
            return []
        if not least <= len(value) <= most:
            self.wrong(path, _("there must be %(least)d to %(most)d of these.") % {"least": least, "most": most})
        return [(f"{path}[{n}]", item) for n, item in enumerate(value[:most])]

    def text(self, path: str, value: Json, *, most: int = LONGEST_TEXT) -> str:
        """A text that is not empty."""
        if not isinstance(value, str) or not value.strip():
            self.wrong(path, _("this must be a text that is not empty."))
            return ""
        if has_control_characters(value):
            self.wrong(path, _("this text has characters that cannot be shown."))
        if len(value) > most:
            self.wrong(path, _("this text may have at most %(most)d characters.") % {"most": most})
        return value

    def key(self, path: str, value: Json) -> str:
        """A key of a page, field or option: lower-case letters, digits and underscores."""
        if not isinstance(value, str) or not KEY.fullmatch(value):
            self.wrong(
                path,
                _("a key has lower-case letters a–z, digits and underscores, and begins with a letter (at most 60)."),
            )
            return ""
        return value

    def path(self, path: str, value: Json) -> str:
        """A field's key, or that of a composite question, a dot and the part's key."""
        for name in str(value).split("."):
            if not self.key(path, name):
                return ""
        return str(value)

    def slug(self, path: str, value: Json) -> str:
        """A key that stands in addresses: lower-case letters, digits and hyphens."""
        if not isinstance(value, str) or len(value) > 60 or not SLUG.fullmatch(value):
            self.wrong(path, _("this must be lower-case letters a–z, digits and single hyphens (at most 60)."))
            return ""
        return value

    def yes_no(self, path: str, value: Json) -> bool:
        """true or false."""
        if not isinstance(value, bool):
            self.wrong(path, _("this must be true or false."))
            return False
        return value

    def whole(self, path: str, value: Json, least: int, most: int) -> int:
        """A whole number between two limits, both included."""
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.wrong(
                path, _("this must be a whole number from %(least)d to %(most)d.") % {"least": least, "most": most}
            )
            return least
        return value

    def one_of(self, path: str, value: Json, allowed: tuple[str, ...]) -> str:
        """One of a few words."""
        if value not in allowed:
            self.wrong(path, _("this must be one of: %(words)s.") % {"words": ", ".join(allowed)})
            return allowed[0]
        return str(value)

    def language(self, path: str, value: Json) -> str:
        """A language code."""
        if not isinstance(value, str) or not LANGUAGE_CODE.fullmatch(value):
            self.wrong(path, _("this is no language code."))
            return ""
        return value

    def texts(self, path: str, value: Json) -> Texts:
        """A text in several languages, given as an object of language code and text."""
        if not isinstance(value, dict) or not value:
            self.wrong(path, _('this must be a text in each language, such as {"sv": "…", "fi": "…", "en": "…"}.'))
            return NO_TEXT
        read = {}
        for language, text in value.items():
            if not LANGUAGE_CODE.fullmatch(language):
                self.wrong(within(path, language), _("this is no language code."))
            else:
                read[language] = self.text(within(path, language), text)
        return Texts(read)


def within(path: str, name: str) -> str:
    """The path of an element of an object."""
    return f"{path}.{name}" if path else name


@reads({"type": "boolean"})
def flag(reader: Reader, path: str, value: Json) -> bool:
    """Read true or false."""
    return reader.yes_no(path, value)


@reads(defined("texts"))
def texts(reader: Reader, path: str, value: Json) -> Texts:
    """Read a text in several languages."""
    return reader.texts(path, value)


@reads(defined("key"))
def read_key(reader: Reader, path: str, value: Json) -> str:
    """Read a key."""
    return reader.key(path, value)


@reads(True)
def anything(reader: Reader, path: str, value: Json) -> Json:
    """Read whatever stands there."""
    return value


def whole(least: int, most: int) -> Reading:
    """Read a whole number between two limits."""
    return Reading(
        lambda reader, path, value: reader.whole(path, value, least, most),
        {"type": "integer", "minimum": least, "maximum": most},
    )


def word(*allowed: str) -> Reading:
    """Read one of a few words."""
    return Reading(lambda reader, path, value: reader.one_of(path, value, allowed), {"enum": list(allowed)})
