"""The calls of systems that test, kept for a while as they went over the line, and what each of them shows to have been tried.

Nothing here may be in the way of a call: when one cannot be kept, it is answered all the same.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from apps.cases.models import Case, Event
from apps.interface.models import Call
from apps.people import systems
from apps.people.models import System

logger = logging.getLogger(__name__)

KEPT = 500  # calls of each system
KEPT_FOR = timedelta(days=90)
LONGEST = 65_536  # bytes of a body that are kept
LONGEST_HEADER = 500
TOO_MANY = 429
SECRET = ("authorization", "cookie", "proxy-authorization")
TEXTS = ("application/json", "application/problem+json", "text/")

# What a posted kind of event shows to have been tried.
POSTED = {
    "received": "received",
    "take_up": "take_up",
    "request_supplement": "supplement_request",
    "write": "message",
    "register": "register_number",
    "close": "outcome",
    "leave_unexamined": "outcome",
}


def record(request: HttpRequest, response: HttpResponseBase, system: System, began: float) -> None:
    """Keep a call and its answer, and note what it shows to have been tried. `began` is by the monotonic clock."""
    try:
        if response.status_code == TOO_MANY and _was_too_many(system):
            return  # a refusal is to cost less than a call, and of many in a row the first says all
        with transaction.atomic():
            _keep(request, response, system, began)
            for name in _shown(request, response, system):
                systems.note_checked(system, name)
    except Exception as e:  # of whatever kind: the call has been answered
        logger.warning("interface: a call was not kept: %s", type(e).__name__)


def forget_old(now: datetime) -> int:
    """Delete calls that are so old that nobody looks at them any more; how many there were."""
    return Call.objects.filter(at__lt=now - KEPT_FOR).delete()[0]


def let_go_of(case: Case) -> None:
    """Delete the calls about a test that is being deleted: what it held stands in them. Runs in the transaction of who deletes it."""
    tested = Call.objects.filter(system__is_test=True, system__authority=case.service.authority_id)
    tested.filter(path__icontains=f"/{case.external_id}").delete()


# --- keeping -----------------------------------------------------------------------------------------------------------


def _keep(request: HttpRequest, response: HttpResponseBase, system: System, began: float) -> None:
    Call.objects.create(
        system=system,
        at=timezone.now(),
        method=str(request.method)[:10],
        path=_clean(request.get_full_path())[:500],
        headers=_headers(request),
        body=_sent(request),
        status=response.status_code,
        answer=_answered(response),
        milliseconds=max(0, round((time.monotonic() - began) * 1000)),
    )
    old = list(
        Call.objects.filter(system=system).order_by("-at", "-pk").values_list("pk", flat=True)[KEPT : KEPT + 100]
    )
    if old:
        Call.objects.filter(pk__in=old).delete()


def _was_too_many(system: System) -> bool:
    """Whether the last call that is kept was one too many."""
    last = Call.objects.filter(system=system).order_by("-at", "-pk").values_list("status", flat=True).first()
    return last == TOO_MANY


def _headers(request: HttpRequest) -> dict[str, str]:
    """The headers that the caller sent, without what it is known by."""
    return {
        name: _clean(value)[:LONGEST_HEADER] for name, value in request.headers.items() if name.lower() not in SECRET
    }


def _sent(request: HttpRequest) -> str:
    if request.method in ("GET", "HEAD"):
        return ""
    body = _body(request)
    if body is None:
        return _unread(request.headers.get("Content-Length", ""), request.headers.get("Digest", ""))
    return _as_text(body, request.headers.get("Content-Type", ""))


def _body(request: HttpRequest) -> bytes | None:
    """What was sent, where an operation has read it as a whole or not at all; None where it went by in pieces."""
    found = request.__dict__.get("_body")
    if found is None and not getattr(request, "_read_started", False) and _is_small_text(request):
        found = request.body
    return found if isinstance(found, bytes) else None


def _is_small_text(request: HttpRequest) -> bool:
    size = request.headers.get("Content-Length", "")
    is_text = request.headers.get("Content-Type", "").lower().startswith(TEXTS)
    return is_text and size.isascii() and size.isdecimal() and int(size) <= LONGEST


def _answered(response: HttpResponseBase) -> str:
    if response.streaming or not isinstance(response, HttpResponse):
        digest = response.headers.get("Digest", "") or response.headers.get("ETag", "")
        return _unread(response.headers.get("Content-Length", ""), digest)
    return _as_text(response.content, response.headers.get("Content-Type", ""))


def _as_text(body: bytes, media_type: str) -> str:
    """A text as it is, its end cut off where it is long; anything else by its size and digest."""
    if not body:
        return ""
    if media_type and not media_type.lower().startswith(TEXTS):
        return _unread(str(len(body)), f"SHA-256 {hashlib.sha256(body).hexdigest()}")
    text = _clean(body[:LONGEST].decode("utf-8", "replace"))
    return text if len(body) <= LONGEST else f"{text}\n… ({len(body)} bytes)"


def _unread(size: str, digest: str) -> str:
    return ", ".join(filter(None, [f"{_clean(size)[:20]} bytes" if size else "", _clean(digest)[:200]]))


def _clean(text: str) -> str:
    """Without what a database refuses in a text."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


# --- what it shows -----------------------------------------------------------------------------------------------------


def _shown(request: HttpRequest, response: HttpResponseBase, system: System) -> Iterator[str]:
    """The parts of the end-to-end test that a call has done, told from where it went and how it was answered."""
    place = request.resolver_match
    name = (place.url_name or "") if place else ""
    if request.method == "GET" and response.status_code in (200, 206):
        yield from _read(name, response, system, place.kwargs.get("external_id", "") if place else "")
    elif request.method == "POST" and name == "interface_events":
        yield from _posted(request, response, system)


def _read(name: str, response: HttpResponseBase, system: System, external_id: str) -> Iterator[str]:
    if name == "interface_ledger":
        yield "ledger"
    elif name == "interface_data":
        yield "data"
    elif name in ("interface_common_data", "interface_form_data"):
        yield "parts"
    elif name == "interface_events":
        yield "events"
    elif name == "interface_attachment":
        yield "attachment"
        if response.status_code == 206:
            yield "range"
    whole = name in ("interface_data", "interface_form_data")
    if whole and "supplement" not in system.checks and _is_supplemented(uuid.UUID(external_id)):
        yield "supplement"


def _is_supplemented(external_id: uuid.UUID) -> bool:
    return Event.objects.filter(case__external_id=external_id, kind="supplement").exists()


def _posted(request: HttpRequest, response: HttpResponseBase, system: System) -> Iterator[str]:
    answer = _document(response.content if isinstance(response, HttpResponse) else b"")
    if response.status_code == 200 and answer.get("duplicate") is True:
        yield "duplicate"
    if response.status_code != 201:
        return
    document = _document(_body(request) or b"")
    kind, data = document.get("kind"), document.get("data")
    if isinstance(kind, str) and kind in POSTED:
        yield POSTED[kind]
    if kind in ("close", "leave_unexamined") and isinstance(data, dict) and data.get("attachments"):
        yield "decision_file"
    if "refusal" not in system.checks and _was_refused(request, system):
        yield "refusal"


def _was_refused(request: HttpRequest, system: System) -> bool:
    """Whether an event of the same case was refused before this one was accepted."""
    refused = Call.objects.filter(system=system, method="POST", status=409)
    return refused.filter(path__iexact=request.get_full_path()).exists()


def _document(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
