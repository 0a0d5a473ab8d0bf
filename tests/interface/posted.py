"""Builders of what systems post."""

from __future__ import annotations

import base64
import hashlib
import uuid
from typing import Any
from urllib.parse import quote

from apps.cases.models import Case
from tests.interface import callers
from tests.pdfs import pdf

DECISION = pdf()


def body(
    case: Case | uuid.UUID | None,
    kind: str,
    data: dict[str, Any] | None = None,
    *,
    key: uuid.UUID | None = None,
    number: int | None = None,
) -> dict[str, Any]:
    """The document of an event that a system posts."""
    external_id = case.external_id if isinstance(case, Case) else case
    said = {} if number is None else {"number": number}
    return {
        "schemaVersion": "1",
        "externalId": str(external_id),
        "key": str(key or uuid.uuid4()),
        **said,
        "kind": kind,
        "data": data or {},
    }


def posted(
    case: Case | uuid.UUID | None,
    document: Any,
    *,
    key: str | None = None,
    event_key: uuid.UUID | str | None = None,
    headers: dict[str, str] | None = None,
) -> Any:
    """A document as it is, posted by a system, by default under the key that it says."""
    external_id = case.external_id if isinstance(case, Case) else case
    said = str(document.get("key", "")) if isinstance(document, dict) else ""
    shown = {"Idempotency-Key": (str(event_key) if event_key else said).strip()} | (headers or {})
    return callers.call(
        None, "POST", f"commondata/{external_id}/events", key=key or callers.key(), body=document, headers=shown
    )


def post(
    case: Case | uuid.UUID | None,
    kind: str,
    data: dict[str, Any] | None = None,
    *,
    key: str | None = None,
    event_key: uuid.UUID | None = None,
    number: int | None = None,
    headers: dict[str, str] | None = None,
) -> Any:
    """An event, posted by a system."""
    document = body(case, kind, data, key=event_key, number=number)
    return posted(case, document, key=key, headers=headers)


def digest(content: bytes) -> str:
    """The header Digest of a file."""
    return f"sha-256={base64.b64encode(hashlib.sha256(content).digest()).decode()}"


def put(
    case: Case | uuid.UUID,
    event_key: uuid.UUID | str,
    named: str = "decision",
    content: bytes = DECISION,
    *,
    name: str = "beslut åäö.pdf",
    key: str | None = None,
    headers: dict[str, str | None] | None = None,
) -> Any:
    """A file, sent ahead of its event. A header that is None is left out."""
    given: dict[str, str | None] = {
        "Idempotency-Key": f"{event_key}:{named}",
        "Digest": digest(content),
        "Content-Type": "application/pdf",
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}",
        **(headers or {}),
    }
    shown = {header: value for header, value in given.items() if value is not None}
    external_id = case.external_id if isinstance(case, Case) else case
    path = f"commondata/{external_id}/attachments/{named}"
    return callers.call(None, "PUT", path, key=key or callers.key(), body=content, headers=shown)


def listed(
    named: str = "decision",
    content: bytes = DECISION,
    *,
    name: str = "beslut åäö.pdf",
    media_type: str = "application/pdf",
) -> dict[str, Any]:
    """What an event says of a file."""
    return {
        "id": named,
        "name": name,
        "type": media_type,
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
