"""What the documents of the contract must contain: tables of field, rule and the words for breaking it."""

import re
from collections.abc import Callable, Iterable
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
HAPPENED: tuple[Rule, ...] = (
    ("status", matches(WORD), "must be a word of 1-64 characters"),
    ("data", obj, "must be an object"),
)
SKIPPED: tuple[Rule, ...] = (("data", lambda value: value in ({}, None), "must be empty when the event is skipped"),)


def check_case_data(document: Any, external_id: str) -> dict[str, Any]:
    errors = [*broken(document, CASE_DATA), *wrong_address(document, external_id)]
    if not errors:
        errors = attachment_errors(document["attachments"])
    return sound(document, errors)


def check_event(document: Any, external_id: str) -> dict[str, Any]:
    skipped = isinstance(document, dict) and document.get("kind") == "skipped"
    rules = (*EVENT, *(SKIPPED if skipped else HAPPENED))
    return sound(document, [*broken(document, rules), *wrong_address(document, external_id)])


def attachment_errors(attachments: list[Any]) -> list[dict[str, str]]:
    errors = [
        error for place, item in enumerate(attachments) for error in broken(item, ATTACHMENT, f"/attachments/{place}")
    ]
    if not errors and len({item["id"] for item in attachments}) != len(attachments):
        errors.append({"pointer": "/attachments", "detail": "two attachments have the same id"})
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
