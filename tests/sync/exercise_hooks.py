"""What schemathesis cannot know of right requests: a document's digest, the key that belongs to it, and which number is the next.

Wrong requests stay as they are.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from typing import Any

import schemathesis
from schemathesis.generation.meta import TestPhase

RECEIVED: Counter[str] = Counter()  # events of each project part


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
    """Make a request right that follows the document, as far as that can be done."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    name = operation(case)
    if name == "PutAttachment":
        attachment(case)
    elif name == "PutProjectPartData" and isinstance(case.body, dict):
        data(case, case.body)
    elif name == "PostEvent" and isinstance(case.body, dict):
        event(case, case.body)


@schemathesis.hook
def after_call(context: schemathesis.HookContext, case: schemathesis.Case, response: schemathesis.Response) -> None:
    """Count the events that were received."""
    if operation(case) == "PostEvent" and response.status_code == 201:
        RECEIVED[part(case)] += 1


def operation(case: schemathesis.Case) -> str:
    return str(case.operation.definition.raw.get("operationId"))


def part(case: schemathesis.Case) -> str:
    return str((case.path_parameters or {}).get("externalId")).lower()


def of_event(case: schemathesis.Case, what: str) -> str:
    """The key of what belongs to the event that was generated."""
    return f"{case.headers['Idempotency-Key'].partition(':')[0]}:{what}"


def data(case: schemathesis.Case, document: dict[str, Any]) -> None:
    document["externalId"] = part(case)
    if case.meta is not None and case.meta.phase.name is TestPhase.STATEFUL:
        document["attachments"] = []  # else no event could follow
    document["digest"] = digest(document)
    case.headers["Idempotency-Key"] = of_event(case, "data")


def event(case: schemathesis.Case, document: dict[str, Any]) -> None:
    document |= {"externalId": part(case), "number": RECEIVED[part(case)] + 1}
    case.headers["Idempotency-Key"] = document["key"]


def attachment(case: schemathesis.Case) -> None:
    case.body = case.body if isinstance(case.body, bytes) else str(case.body).encode("utf-8", "replace")
    case.media_type = "application/octet-stream"
    case.headers["Digest"] = "sha-256=" + base64.b64encode(hashlib.sha256(case.body).digest()).decode()
    case.headers["Idempotency-Key"] = of_event(case, str((case.path_parameters or {}).get("attachmentId")))


def digest(document: dict[str, Any]) -> str:
    """The digest of a document's canonical JSON, as docs/interface says."""
    bare = {name: value for name, value in document.items() if name != "digest"}
    text = json.dumps(bare, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"sha-256:{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"
