"""A request of the contract, and how its parameters, keys and cursors are read."""

import base64
import binascii
import re
from dataclasses import dataclass
from email.message import Message
from typing import Any
from urllib.parse import parse_qs

from .answers import Refused, malformed, too_large
from .documents import moment, read_json
from .rules import UUID
from .store import Row, timestamp
from .wire import Body

LONGEST_JSON = 20 * 2**20
MOST_IN_LEDGER = 1000


@dataclass(frozen=True)
class Request:
    """One complete request of the contract."""

    method: str
    path: str
    query: str
    headers: Message
    body: Body

    @property
    def key(self) -> str | None:
        return self.headers.get("Idempotency-Key")

    @property
    def target(self) -> str:
        return f"{self.method} {self.path}"

    def json(self) -> Any:
        if self.headers.get("Content-Type", "").partition(";")[0].strip().lower() != "application/json":
            detail = "The body must be application/json."
            raise Refused(415, "media-type", "The type of the body is not understood", detail)
        if self.body.size > LONGEST_JSON:
            raise too_large(LONGEST_JSON)
        return read_json(self.body.read())

    def parameter(self, name: str) -> str | None:
        try:
            values = parse_qs(self.query, keep_blank_values=True, max_num_fields=50).get(name, [])
        except ValueError as error:
            raise malformed("The query has too many parameters.") from error
        if len(values) > 1:
            raise malformed(f"{name} is given more than once.")
        return values[0] if values else None


def belonging(key: str | None, what: str) -> str:
    """The Idempotency-Key of a request that belongs to an event: the event's key, a colon and what is sent."""
    event, colon, rest = (key or "").partition(":")
    if not UUID.fullmatch(event) or not colon or rest != what:
        raise malformed(f"Idempotency-Key must be the event's key followed by :{what}")
    return f"{event.lower()}:{rest}"


def since_of(given: str | None) -> str:
    if given is None:
        return ""
    since = moment(given)
    if since is None:
        raise malformed("changedSince is not an RFC 3339 time (a + in an address is written %2B).")
    return timestamp(since)


def limit_of(given: str | None) -> int:
    if given is None:
        return 100
    if not re.fullmatch(r"[0-9]{1,4}", given) or not 1 <= int(given) <= MOST_IN_LEDGER:
        raise malformed(f"limit is a whole number from 1 to {MOST_IN_LEDGER}.")
    return int(given)


def cursor_of(row: Row) -> str:
    return base64.urlsafe_b64encode(f"{row['changed_at']} {row['external_id']}".encode()).decode()


def place_of(cursor: str | None) -> tuple[str, str]:
    if cursor is None:
        return ("", "")
    try:
        changed_at, _, external_id = (
            base64.b64decode(cursor.encode("ascii"), b"-_", True).decode("ascii").partition(" ")
        )
    except (binascii.Error, ValueError) as error:
        raise malformed("cursor is not one that the ledger gave.") from error
    if not moment(changed_at) or not UUID.fullmatch(external_id):
        raise malformed("cursor is not one that the ledger gave.")
    return changed_at, external_id
