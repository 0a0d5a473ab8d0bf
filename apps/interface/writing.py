"""What systems post: events, which go through the rule book, the diary and the letters like what an official clicks."""

from __future__ import annotations

import base64
import binascii
import re
import uuid

from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.http import parse_header_parameters
from django.utils.translation import gettext as _

from apps.applications import externalids
from apps.cases.models import Case
from apps.interface import bodies, judging, posting, waitingfiles
from apps.interface.once import Answer
from apps.interface.operations import case_of, note
from apps.interface.problems import Problem
from apps.interface.waitingfiles import Sent
from apps.people import access, log
from apps.people.models import System

KEY = "Idempotency-Key"
ATTACHMENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,99}")
LONGEST_NAME = 255


def event(request: HttpRequest, system: System, external_id: uuid.UUID) -> HttpResponseBase:
    """Post an event."""
    document = bodies.json_of(request)
    judging.refuse(judging.errors_of(document))
    if uuid.UUID(document["externalId"]) != external_id:
        judging.refuse([judging.error("/externalId", _("This must be the externalId of the address."))])
    if request.headers.get(KEY, "").strip().lower() != document["key"].lower():
        raise Problem("malformed", _("The header Idempotency-Key must say the event’s key."))
    digest = bodies.digest_of("POST events", str(external_id), document)
    answer = posting.post(system, external_id, document, digest, timezone.now())
    return _answered(request, system, external_id, answer, document["kind"])


def attachment(request: HttpRequest, system: System, external_id: uuid.UUID, attachment_id: str) -> HttpResponseBase:
    """Send the bytes of a file ahead of its event."""
    if not ATTACHMENT_ID.fullmatch(attachment_id):
        words = _("An attachment’s id is 1–100 of A–Z a–z 0–9 . _ ~ -, and begins with a letter or a digit.")
        raise Problem("malformed", words)
    sent = Sent(
        event=_event_of(request, attachment_id),
        named=attachment_id,
        name=_name_of(request),
        media_type=(request.content_type or waitingfiles.ANYTHING).lower(),
        sha256=_digest_of(request),
    )
    bodies.refuse_too_large(request, waitingfiles.MOST_BYTES)
    case = case_of(system, external_id)
    answer = waitingfiles.receive(system, case, sent, bodies.stream_of(request), timezone.now())
    return _answered(request, system, external_id, answer, "attachment")


def _answered(request: HttpRequest, system: System, external_id: uuid.UUID, answer: Answer, what: str) -> JsonResponse:
    if answer.case is not None:
        note(request, system, log.Act.CHANGED, answer.case, what)
    else:
        own = Case.objects.filter(access.cases_of_system(system), external_id=external_id).only("number").first()
        note(request, system, log.Act.SAW, own, f"{what}, again")
    return JsonResponse(answer.document, status=answer.status, json_dumps_params={"ensure_ascii": False})


# --- what the headers say of a file --------------------------------------------------------------------------------------


def _event_of(request: HttpRequest, attachment_id: str) -> uuid.UUID:
    said, _colon, named = request.headers.get(KEY, "").strip().partition(":")
    event = externalids.read(said)
    if named != attachment_id or event is None:
        words = _("The header Idempotency-Key must say the key of the event, a colon and the attachment’s id.")
        raise Problem("malformed", words)
    return event


def _digest_of(request: HttpRequest) -> str:
    """The SHA-256 that the header Digest promises (RFC 3230), in hexadecimal digits, among others it may name."""
    for one in request.headers.get("Digest", "").split(","):
        algorithm, _equals, said = one.strip().partition("=")
        if algorithm.lower() == "sha-256":
            try:
                digest = base64.b64decode(said.encode("ascii"), validate=True)
            except (ValueError, binascii.Error):
                break
            if len(digest) == 32:
                return digest.hex()
    raise Problem("malformed", _("The header Digest must say sha-256= and the SHA-256 of the bytes in base64."))


def _name_of(request: HttpRequest) -> str:
    said = request.headers.get("Content-Disposition", "")
    try:
        name = parse_header_parameters(said)[1].get("filename", "") if said.isascii() else ""
    except (ValueError, LookupError):
        name = ""
    if not name.strip() or len(name) > LONGEST_NAME:
        words = _("The header Content-Disposition must name the file: attachment; filename*=UTF-8''name.pdf.")
        raise Problem("malformed", words)
    return name
