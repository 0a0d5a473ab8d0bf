"""The documents of the contract as bytes: how they are read, their canonical form, digests and times."""

import base64
import binascii
import hashlib
import json
import re
from datetime import UTC, datetime
from typing import Any

from .answers import malformed

RFC3339 = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})")


def read_json(raw: bytes) -> Any:
    """The value of a JSON text, if everybody who reads it would read the same value."""
    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=without_repeats, parse_constant=no_constant)
        canonical(value)
    except UnicodeDecodeError as error:
        raise malformed("The body is not UTF-8.") from error
    except RecursionError as error:
        raise malformed("The JSON is nested too deep.") from error
    except ValueError as error:
        raise malformed(f"The body is not JSON: {str(error)[:200]}") from error
    return value


def without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is given twice in one object")
    return found


def no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def canonical(value: Any) -> bytes:
    """One spelling for one value: UTF-8, names sorted by code point, no white space."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8")


def digest_of(value: Any) -> str:
    return "sha-256:" + hashlib.sha256(canonical(value)).hexdigest()


def data_digest(document: dict[str, Any]) -> str:
    return digest_of({name: value for name, value in document.items() if name != "digest"})


def header_digest(value: str | None) -> bytes:
    """The sha-256 that a Digest header (RFC 3230) promises, among other algorithms it may name."""
    if value is None:
        raise malformed("The header Digest is missing.")
    for item in value.split(","):
        algorithm, _, encoded = item.strip().partition("=")
        if algorithm.lower() == "sha-256":
            return decoded(encoded)
    raise malformed("The header Digest names no sha-256.")


def decoded(encoded: str) -> bytes:
    try:
        digest = base64.b64decode(encoded.encode("ascii"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise malformed("The sha-256 of the header Digest is not base64.") from error
    if len(digest) != 32:
        raise malformed("The sha-256 of the header Digest is not 32 bytes long.")
    return digest


def moment(text: str) -> datetime | None:
    """An RFC 3339 time in UTC; None when it is no such time."""
    if not RFC3339.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
