"""What schemathesis cannot know of right requests to a portal: which cases, files and events there are, and what the rule book would take.

Half of the right requests are led to what is there, so that something comes of them; all others, and wrong ones, stay as they are.
"""

from __future__ import annotations

import atexit
import base64
import functools
import hashlib
import os
import uuid
from collections import Counter, defaultdict
from datetime import date, timedelta
from typing import Any

import requests
import schemathesis

from tests.pdfs import pdf

ADDRESS, TOKEN = os.environ["EXERCISE_ADDRESS"], os.environ["EXERCISE_TOKEN"]
FILE, NAME = pdf(), "beslut.pdf"
LAST = ("transfer",)  # after which nothing comes: of these a case is asked for alone
WITH_FILES = ("write", "close", "leave_unexamined")
Listed = dict[str, Any]

WAITING: defaultdict[str, list[tuple[str, Listed]]] = defaultdict(
    list
)  # files that have been sent ahead, by their cases
ALLOWED: dict[str, list[str]] = {}  # what can be posted to a case, as a refusal has said
FILES: defaultdict[str, list[str]] = defaultdict(list)
EVENTS: defaultdict[str, list[str]] = defaultdict(list)
ANSWERS: Counter[tuple[str, int]] = Counter()


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
    """Lead a request that follows the document to what is there."""
    if (
        case.meta is None
        or not case.meta.generation.mode.is_positive
        or "externalId" not in (case.path_parameters or {})
    ):
        return
    name, dice = operation(case), dice_of(case)
    if dice % 2 and part(case) not in parts():
        known = [one for one in parts() if FILES[one]] if name == "GetAttachment" else parts()
        case.path_parameters["externalId"] = known[dice % len(known)]
    if name == "GetAttachment" and dice % 2 and FILES[part(case)]:
        case.path_parameters["attachmentId"] = FILES[part(case)][-1]
        if dice % 4 == 1:
            case.headers["Range"] = f"bytes={dice % 2_000}-{dice % 3_000}"
    elif name == "GetEvent" and dice % 2 and EVENTS[part(case)]:
        case.path_parameters["key"] = EVENTS[part(case)][-1]
    elif name == "PutAttachment":
        attachment(case)
    elif name == "PostEvent" and isinstance(case.body, dict):
        event(case, case.body, dice)


@schemathesis.hook
def after_call(context: schemathesis.HookContext, case: schemathesis.Case, response: schemathesis.Response) -> None:
    """Remember what there is."""
    name = operation(case)
    ANSWERS[name, response.status_code] += 1
    if name == "PutAttachment" and response.status_code == 201 and case.body == FILE:
        key, _colon, named = str(case.headers["Idempotency-Key"]).partition(":")
        WAITING[part(case)].append((key, listed(named)))
    elif name == "PostEvent" and response.status_code == 409:
        ALLOWED[part(case)] = response.json().get("allowed", ALLOWED.get(part(case), []))
    elif name == "PostEvent" and response.status_code == 201:
        ALLOWED.pop(part(case), None)
        EVENTS[part(case)].append(response.json()["key"])
        FILES[part(case)] += response.json().get("attachmentIds", {}).values()


def operation(case: schemathesis.Case) -> str:
    return str(case.operation.definition.raw.get("operationId"))


def part(case: schemathesis.Case) -> str:
    return str((case.path_parameters or {}).get("externalId")).lower()


def dice_of(case: schemathesis.Case) -> int:
    """A number that differs from request to request, and is the same for the same one."""
    said = f"{case.path_parameters} {case.query} {case.headers} {case.body!r}"
    return int.from_bytes(hashlib.sha256(said.encode("utf-8", "surrogatepass")).digest()[:4])


@functools.cache
def parts() -> list[str]:
    """The cases that there are, as the ledger lists them; and their first files."""
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {TOKEN}"
        found = [item["externalId"] for item in session.get(f"{ADDRESS}/commondata", timeout=10).json()["items"]]
        for one in found:
            data = session.get(f"{ADDRESS}/commondata/{one}", timeout=10).json()
            FILES[one] += [item["id"] for item in data["attachments"]]
            EVENTS[one] += [paper["event"] for paper in data["formdata"]["papers"]]
    return found


def attachment(case: schemathesis.Case) -> None:
    """A file of a kind that is taken, or the bytes as they are; its digest is right either way."""
    if dice_of(case) % 4:
        case.body, case.headers["Content-Disposition"] = FILE, f"attachment; filename={NAME}"
    else:
        case.body = case.body if isinstance(case.body, bytes) else str(case.body).encode("utf-8", "replace")
    case.media_type = "application/octet-stream"
    case.headers["Digest"] = "sha-256=" + base64.b64encode(hashlib.sha256(case.body).digest()).decode()
    key = str(case.headers["Idempotency-Key"]).partition(":")[0]
    case.headers["Idempotency-Key"] = f"{key}:{(case.path_parameters or {}).get('attachmentId')}"


def listed(named: str) -> Listed:
    """What an event says of the file."""
    digest = hashlib.sha256(FILE).hexdigest()
    return {"id": named, "name": NAME, "type": "application/pdf", "size": len(FILE), "sha256": digest}


def event(case: schemathesis.Case, document: dict[str, Any], dice: int) -> None:
    """The key and the case belong together; of half of the events, also what is said follows the rule book as far as it is known."""
    document["externalId"] = part(case)
    document["key"] = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{dice}"))
    if dice % 2 and part(case) in parts():
        document.pop("number", None)
        allowed = [kind for kind in ALLOWED.get(part(case), ()) if kind not in LAST]
        if allowed and document["kind"] not in allowed:
            document["kind"] = allowed[dice % len(allowed)]
            document["data"] = {}
        document["data"] = said(document["kind"]) | document["data"] | sure(document["kind"])
        if document["kind"] in WITH_FILES and WAITING[part(case)]:
            document["key"], file = WAITING[part(case)].pop()
            document["data"]["attachments"] = [file]
    case.headers["Idempotency-Key"] = document["key"]


def said(kind: str) -> dict[str, Any]:
    """What a kind needs, where nothing was made up for it."""
    return {
        "assign": {"handler": "Example Handler"},
        "request_supplement": {"text": "Ge en ritning."},
        "register": {"registerNumber": "EX 1/2027"},
        "transfer": {"to": "Exempelmyndigheten"},
    }.get(kind, {}) | ({} if kind in ("take_up", "assign", "resume", "complete", "register") else {"text": "Text."})


def sure(kind: str) -> dict[str, Any]:
    """What must be so, whatever was made up."""
    due = {"due": str(date.today() + timedelta(days=14)), "fields": [], "texts": {}}  # noqa: DTZ011 (weeks ahead in any zone)
    certain: dict[str, dict[str, Any]] = {
        "request_supplement": due,
        "close": {"outcome": "noted"},
        "take_up": {"since": str(date.today())},  # noqa: DTZ011 (about)
    }
    return certain.get(kind, {}) | {"attachments": []}


@atexit.register
def tell() -> None:
    """How often each operation was answered with each status."""
    print(f"{ANSWERS.total()} requests:")  # noqa: T201
    for (name, status), times in sorted(ANSWERS.items()):
        print(f"  {name} {status}: {times}")  # noqa: T201
