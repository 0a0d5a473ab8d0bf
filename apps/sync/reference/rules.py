"""What the documents of the contract must contain: tables of field, rule and the words for breaking it."""

import re
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from .answers import Refused
from .documents import moment

SCHEMA_VERSION = "1"
LARGEST_NUMBER = 2**31 - 1
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
ATTACHMENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,99}")
MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,127}/[A-Za-z0-9!#$&^_.+-]{1,127}([ ]*;[ -~]{1,200})?")
SHA256 = re.compile(r"[0-9a-f]{64}")
DIGEST = re.compile(r"sha-256:[0-9a-f]{64}")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

Rule = tuple[str, Callable[[Any], bool], str]


def matches(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def whole(least: int, most: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 255


def obj(value: Any) -> bool:
    return isinstance(value, dict)


def time(value: Any) -> bool:
    return isinstance(value, str) and moment(value) is not None


def day(value: Any) -> bool:
    try:
        return isinstance(value, str) and DAY.fullmatch(value) is not None and bool(date.fromisoformat(value))
    except ValueError:
        return False


def said(value: Any) -> bool:
    return isinstance(value, str)


def words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def said_of_each(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())


BOTH: tuple[Rule, ...] = (
    ("schemaVersion", lambda value: value == SCHEMA_VERSION, f'must be "{SCHEMA_VERSION}"'),
    ("externalId", matches(UUID), "must be a uuid"),
)
CASE_DATA: tuple[Rule, ...] = (
    *BOTH,
    ("digest", matches(DIGEST), "must be sha-256: and 64 hexadecimal digits"),
    ("attachments", lambda value: isinstance(value, list), "must be a list"),
    ("commondata", obj, "must be an object"),
    ("formdata", obj, "must be an object"),
)
ATTACHMENT: tuple[Rule, ...] = (
    ("id", matches(ATTACHMENT_ID), "must be 1-100 of the characters A-Z a-z 0-9 . _ ~ -"),
    ("name", text, "must be a text of 1-255 characters"),
    ("type", matches(MEDIA_TYPE), "must be a media type"),
    ("size", whole(0, 2**53), "must be a whole number of bytes"),
    ("sha256", matches(SHA256), "must be 64 hexadecimal digits in lower case"),
)
EVENT: tuple[Rule, ...] = (
    *BOTH,
    ("key", matches(UUID), "must be a uuid"),
    ("number", whole(1, LARGEST_NUMBER), "must be a whole number from 1"),
    ("kind", matches(WORD), "must be a word of 1-64 characters"),
    ("at", time, "must be an RFC 3339 time with its offset"),
)
MARK: Rule = ("test", lambda value: value is True, "must be true, or not there")
HAPPENED: tuple[Rule, ...] = (
    ("status", matches(WORD), "must be a word of 1-64 characters"),
    ("data", obj, "must be an object"),
)
SKIPPED: tuple[Rule, ...] = (
    HAPPENED[0],
    ("data", lambda value: value == {}, "must be empty when the event is skipped"),
)
PAPER: tuple[Rule, ...] = (("paper", matches(UUID), "must be a uuid"),)
TEXT: tuple[Rule, ...] = (("text", said, "must be a text"),)
FILES: tuple[Rule, ...] = (("attachments", lambda value: isinstance(value, list), "must be a list"),)
# What an event of each kind says in its data, beside what may be left out; of other kinds everything is taken.
NEEDS: dict[str, tuple[Rule, ...]] = {
    "received": PAPER,
    "supplement": PAPER,
    "add": PAPER,
    "write": (*TEXT, *FILES),
    "reply": (*TEXT, *FILES),
    "request_supplement": (
        *TEXT,
        ("due", day, "must be a date"),
        ("fields", words, "must be a list of texts"),
    ),
    "register": (("registerNumber", said, "must be a text"),),
    "close": (("outcome", matches(WORD), "must be a word of 1-64 characters"), *TEXT),
    "transfer": (("to", said, "must be a text"), *TEXT),
    "leave_unexamined": TEXT,
    "reopen": TEXT,
}
APPEAL: tuple[Rule, ...] = (("appeal", said, "must be a text"),)
MAY: dict[str, tuple[Rule, ...]] = {
    "request_supplement": (("texts", said_of_each, "must be an object of texts"),),
    "close": (*APPEAL, *FILES),
    "leave_unexamined": (*APPEAL, *FILES),
}


def check_case_data(document: Any, external_id: str) -> dict[str, Any]:
    errors = [*broken(document, CASE_DATA), *wrong_address(document, external_id), *mark_errors(document)]
    if not errors:
        errors = attachment_errors(document["attachments"])
    return sound(document, errors)


def check_event(document: Any, external_id: str) -> dict[str, Any]:
    skipped = isinstance(document, dict) and document.get("kind") == "skipped"
    errors = [*broken(document, EVENT), *wrong_address(document, external_id), *mark_errors(document)]
    if skipped:
        # A skipped event need not say anything; what it says must be right.
        return sound(document, [*errors, *broken(document, present(document, SKIPPED))])
    errors += broken(document, HAPPENED)
    return sound(document, errors or data_errors(document["kind"], document["data"]))


def data_errors(kind: str, data: dict[str, Any]) -> list[dict[str, str]]:
    """What an event's data lack of what the kind needs."""
    rules = (*NEEDS.get(kind, ()), *present(data, MAY.get(kind, ())))
    errors = broken(data, rules, "/data")
    if not errors and FILES[0] in rules:
        errors = attachment_errors(data["attachments"], "/data/attachments")
    return errors


def present(document: dict[str, Any], rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """The rules for what is there."""
    return tuple(rule for rule in rules if rule[0] in document)


def mark_errors(document: Any) -> list[dict[str, str]]:
    """What came of a test says so, and what is real says nothing."""
    return broken(document, present(document, (MARK,))) if isinstance(document, dict) else []


def attachment_errors(attachments: list[Any], at: str = "/attachments") -> list[dict[str, str]]:
    errors = [error for place, item in enumerate(attachments) for error in broken(item, ATTACHMENT, f"{at}/{place}")]
    if not errors and len({item["id"] for item in attachments}) != len(attachments):
        errors.append({"pointer": at, "detail": "two attachments have the same id"})
    return errors


def broken(document: Any, rules: Iterable[Rule], at: str = "") -> list[dict[str, str]]:
    if not isinstance(document, dict):
        return [{"pointer": at, "detail": "must be an object"}]
    return [
        {"pointer": f"{at}/{name}", "detail": words} for name, holds, words in rules if not holds(document.get(name))
    ]


def wrong_address(document: Any, external_id: str) -> list[dict[str, str]]:
    given = document.get("externalId") if isinstance(document, dict) else None
    if not isinstance(given, str) or not UUID.fullmatch(given) or given.lower() == external_id:
        return []
    return [{"pointer": "/externalId", "detail": "must be the one of the address"}]


def sound(document: Any, errors: list[dict[str, str]]) -> dict[str, Any]:
    if errors:
        detail = "; ".join(f"{error['pointer'] or 'the body'} {error['detail']}" for error in errors[:5])
        raise Refused(422, "invalid", "The document does not follow the contract", detail, errors=errors[:50])
    checked: dict[str, Any] = document
    return checked
