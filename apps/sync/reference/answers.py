"""What leaves the receiver: an answer, or a refusal in the form of problem details (RFC 9457)."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

PROBLEM = "urn:forenklad-e-tjanst:problem:"


@dataclass(frozen=True)
class Answer:
    """A status, a body and its type; a long body comes in pieces and says its length."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    pieces: Iterator[bytes] | None = None
    length: int | None = None


def json_answer(status: int, value: Any) -> Answer:
    return Answer(status, json.dumps(value, ensure_ascii=False).encode())


class Refused(Exception):
    """The request is not applied; the receiver says why."""

    def __init__(self, status: int, kind: str, title: str, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.document = {"type": PROBLEM + kind, "title": title, "status": status, "detail": detail, **more}
        self.headers: dict[str, str] = {}

    @property
    def answer(self) -> Answer:
        return Answer(self.status, json.dumps(self.document).encode(), "application/problem+json", self.headers)


def malformed(detail: str) -> Refused:
    return Refused(400, "malformed", "The request cannot be read", detail)


def too_large(limit: int) -> Refused:
    return Refused(413, "too-large", "The body is too large", f"At most {limit} bytes are received.")


def unknown_path() -> Refused:
    return Refused(404, "unknown-path", "There is nothing at this address", "See docs/interface for the operations.")


def wrong_method(allowed: str) -> Refused:
    refusal = Refused(405, "method", "The address does not take this method", f"It takes {allowed}.")
    refusal.headers["Allow"] = allowed
    return refusal
