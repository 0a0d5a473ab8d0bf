"""The operations of docs/interface: each request is applied in one transaction, with its line in the log."""

import base64
import hmac
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote

from .answers import Answer, Refused, json_answer, malformed, unknown_path, wrong_method
from .documents import data_digest, digest_of, header_digest, read_json
from .faults import FAULTS, Fault
from .requests import Request, belonging, cursor_of, limit_of, place_of, since_of
from .rules import ATTACHMENT_ID, MEDIA_TYPE, UUID, check_case_data, check_event
from .store import Row, Store, timestamp

FORGOTTEN = timedelta(minutes=1)


@dataclass(frozen=True)
class Outcome:
    """The answer to a request, and whether it took effect or had done so before."""

    answer: Answer
    applied: bool = False
    duplicate: bool = False


@dataclass(frozen=True)
class Kept:
    """What the receiver answers to something it has taken: stored under the key, and repeated when the key returns."""

    status: int
    document: dict[str, Any]


NOTHING = Outcome(Answer(200))
Operation = Callable[..., Outcome]


class Contract:
    """The national service's side of the interface."""

    def __init__(self, store: Store, *, token: str = "") -> None:
        self.store = store
        self.token = token
        part = r"/commondata/(?P<external_id>[^/]+)"
        self.routes: tuple[tuple[re.Pattern[str], dict[str, Operation]], ...] = (
            (re.compile(r"/commondata"), {"GET": self.ledger}),
            (re.compile(part), {"GET": self.all_data, "PUT": self.put_case_data}),
            (re.compile(rf"{part}/(?P<half>commondata|formdata)"), {"GET": self.half_of_data}),
            (
                re.compile(rf"{part}/attachments/(?P<attachment_id>[^/]+)"),
                {"GET": self.get_attachment, "PUT": self.put_attachment},
            ),
            (re.compile(rf"{part}/events"), {"POST": self.post_event}),
            (re.compile(rf"{part}/events/(?P<key>[^/]+)"), {"GET": self.get_event}),
        )

    @staticmethod
    def owns(path: str) -> bool:
        return path == "/commondata" or path.startswith("/commondata/")

    def take(self, request: Request, *, fault: Fault, now: datetime) -> Answer:
        """Apply the request as far as the fault lets it; when this returns, what was applied is on the disk."""
        with self.store.transaction():
            if fault is FAULTS["forget"]:
                self.store.forget(timestamp(now - FORGOTTEN))
            outcome = self.attempt(request, now) if fault.applied else NOTHING
            answer = fault.disguise(outcome.answer)
            self.store.log(line(request, outcome, answer, fault, now))
        return answer

    def attempt(self, request: Request, now: datetime) -> Outcome:
        try:
            with self.store.attempt():
                self.authorise(request)
                operation, words = self.route(request)
                return operation(request, now=now, **words)
        except Refused as refusal:
            return Outcome(refusal.answer)

    def authorise(self, request: Request) -> None:
        given = request.headers.get("Authorization", "").encode("latin-1", "replace")
        if self.token and not hmac.compare_digest(given, f"Bearer {self.token}".encode()):
            refusal = Refused(401, "unauthorised", "Unauthorized request", "A valid bearer token is needed.")
            refusal.headers["WWW-Authenticate"] = "Bearer"
            raise refusal

    def route(self, request: Request) -> tuple[Operation, dict[str, str]]:
        for pattern, methods in self.routes:
            if match := pattern.fullmatch(request.path):
                method = "GET" if request.method == "HEAD" else request.method
                if method not in methods:
                    raise wrong_method(", ".join([*methods, *(["HEAD"] if "GET" in methods else [])]))
                words = {name: unquote(value) for name, value in match.groupdict().items()}
                return methods[method], {**words, "external_id": words["external_id"].lower()} if words else words
        raise unknown_path()

    # Published

    def all_data(self, request: Request, *, now: datetime, external_id: str) -> Outcome:
        return Outcome(Answer(200, self.known(external_id)["body"]))

    def half_of_data(self, request: Request, *, now: datetime, external_id: str, half: str) -> Outcome:
        return Outcome(json_answer(200, read_json(self.known(external_id)["body"])[half]))

    # This project's

    def put_case_data(self, request: Request, *, now: datetime, external_id: str) -> Outcome:
        require_uuid(external_id)
        document = check_case_data(request.json(), external_id)
        digest = data_digest(document)
        if document["digest"] != digest:
            detail = f"The digest of the document without its digest is {digest}."
            raise Refused(422, "digest-mismatch", "The digest is not that of the document", detail)
        key = belonging(request.key, "data")

        def keep(at: str) -> Kept:
            status = 200 if self.store.case_data(external_id) else 201
            issue = request.headers.get("X-Road-Issue", "")
            self.store.keep_case_data(external_id, digest, request.body.read(), issue, at)
            return Kept(status, accepted(key, external_id, digest=digest))

        return self.once(key, request, digest, now, keep)

    def put_attachment(self, request: Request, *, now: datetime, external_id: str, attachment_id: str) -> Outcome:
        data = self.known(external_id)
        if not ATTACHMENT_ID.fullmatch(attachment_id):
            raise malformed("The attachment's id may have 1-100 of the characters A-Z a-z 0-9 . _ ~ -")
        content_type = request.headers.get("Content-Type", "application/octet-stream")
        if not MEDIA_TYPE.fullmatch(content_type):
            raise malformed("Content-Type is not a media type.")
        if header_digest(request.headers.get("Digest")) != request.body.sha256:
            actual = base64.b64encode(request.body.sha256).decode()
            detail = f"The bytes received have the digest sha-256={actual}."
            raise Refused(422, "digest-mismatch", "The digest is not that of the bytes", detail)
        key = belonging(request.key, attachment_id)
        about = {
            "external_id": external_id,
            "attachment_id": attachment_id,
            "content_type": content_type,
            "size": request.body.size,
            "sha256": request.body.sha256.hex(),
        }

        def keep(at: str) -> Kept:
            as_listed(data, about)
            before = self.store.attachment(external_id, attachment_id)
            if before is None or any(before[name] != value for name, value in about.items()):
                self.store.keep_attachment(about, request.body.pieces(), at)
            return Kept(200 if before else 201, accepted(key, external_id, digest=f"sha-256:{about['sha256']}"))

        return self.once(key, request, f"sha-256:{about['sha256']}", now, keep)

    def post_event(self, request: Request, *, now: datetime, external_id: str) -> Outcome:
        require_uuid(external_id)
        event = check_event(request.json(), external_id)
        key = event["key"].lower()
        if (request.key or "").lower() != key:
            raise malformed("Idempotency-Key must be the event's key.")

        def keep(at: str) -> Kept:
            data = self.known(external_id)
            self.next_in_order(external_id, event["number"])
            self.complete(data)
            row = {
                "key": key,
                "external_id": external_id,
                "number": event["number"],
                "kind": event["kind"],
                "status": event.get("status") or "",
                "at": event["at"],
            }
            self.store.keep_event(row, request.body.read(), at)
            return Kept(201, accepted(key, external_id, number=event["number"]))

        return self.once(key, request, digest_of(event), now, keep)

    def get_event(self, request: Request, *, now: datetime, external_id: str, key: str) -> Outcome:
        event = self.store.event(external_id, key.lower())
        if event is None:
            raise Refused(404, "unknown-event", "The event has not been received", "It may be sent.")
        document = {"key": event["key"], "number": event["number"], "receivedAt": event["received_at"]}
        return Outcome(json_answer(200, document))

    def get_attachment(self, request: Request, *, now: datetime, external_id: str, attachment_id: str) -> Outcome:
        return Outcome(file_answer(self.store, external_id, attachment_id))

    def ledger(self, request: Request, *, now: datetime) -> Outcome:
        since = since_of(request.parameter("changedSince"))
        limit = limit_of(request.parameter("limit"))
        rows = self.store.ledger(since, place_of(request.parameter("cursor")), limit + 1)
        items = [
            {
                "externalId": row["external_id"],
                "lastEvent": row["last_event"],
                "digest": row["digest"],
                "changedAt": row["changed_at"],
            }
            for row in rows[:limit]
        ]
        following = cursor_of(rows[limit - 1]) if len(rows) > limit else None
        return Outcome(json_answer(200, {"items": items, "next": following}))

    # The rules

    def known(self, external_id: str) -> Row:
        """The latest case data of a project part; that it is missing is a 400, as the published definition says."""
        require_uuid(external_id)
        data = self.store.case_data(external_id)
        if data is None:
            detail = "No case data has been received under this externalId."
            raise Refused(400, "unknown-part", "Project part action not found with externalId", detail)
        return data

    def next_in_order(self, external_id: str, number: int) -> None:
        expected = self.store.last_number(external_id) + 1
        if number != expected:
            detail = f"The next event of this project part has the number {expected}, not {number}."
            raise Refused(409, "out-of-order", "The event is not the next one", detail, expected=expected)

    def complete(self, data: Row) -> None:
        """Everything the case data lists has arrived, byte for byte."""
        missing = []
        for listed in read_json(data["body"])["attachments"]:
            kept = self.store.attachment(data["external_id"], listed["id"])
            if kept is None or kept["sha256"] != listed["sha256"]:
                missing.append(listed["id"])
        if missing:
            detail = f"The case data lists attachments that have not been received: {', '.join(missing[:10])}."
            raise Refused(422, "attachments-missing", "Attachments are missing", detail, missing=missing)

    def once(self, key: str, request: Request, digest: str, now: datetime, keep: Callable[[str], Kept]) -> Outcome:
        """What a key asks for is done once; when the key comes back, so does the answer."""
        before = self.store.answered(key)
        if before is not None:
            if (before["target"], before["digest"]) != (request.target.lower(), digest):
                detail = "The Idempotency-Key has been used for something else."
                raise Refused(409, "key-reuse", "The key has been used before", detail)
            document = json.loads(before["answer"]) | {"duplicate": True}
            return Outcome(json_answer(200, document), duplicate=True)
        at = self.store.tick(now)
        kept = keep(at)
        self.store.remember_answer(key, request.target.lower(), digest, json.dumps(kept.document), at)
        return Outcome(json_answer(kept.status, kept.document), applied=True)


def file_answer(store: Store, external_id: str, attachment_id: str) -> Answer:
    """The bytes as they came, never shown by a browser but saved."""
    kept = store.attachment(external_id, attachment_id)
    if kept is None:
        raise Refused(404, "unknown-attachment", "The attachment has not been received", "It may be sent.")
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name_of(store, kept), safe='')}",
        "Digest": "sha-256=" + base64.b64encode(bytes.fromhex(kept["sha256"])).decode(),
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    pieces: Iterator[bytes] = store.pieces(kept["id"])
    return Answer(200, b"", kept["content_type"], headers, pieces, kept["size"])


def name_of(store: Store, kept: Row) -> str:
    """The file's name as the case data list it, or the event that it came with."""
    data = store.case_data(kept["external_id"])
    listed = list(read_json(data["body"])["attachments"]) if data else []
    for row in store.events(kept["external_id"]):
        enclosed = (read_json(row["body"]).get("data") or {}).get("attachments")
        listed += [item for item in enclosed if isinstance(item, dict)] if isinstance(enclosed, list) else []
    found = (item.get("name") for item in listed if item.get("id") == kept["attachment_id"])
    return next((name for name in found if isinstance(name, str)), str(kept["attachment_id"]))


def as_listed(data: Row, about: Mapping[str, Any]) -> None:
    """An attachment that the case data lists is the one listed; one that it does not list (a message's) is welcome."""
    for listed in read_json(data["body"])["attachments"]:
        if listed["id"] == about["attachment_id"] and (listed["sha256"], listed["size"]) != (
            about["sha256"],
            about["size"],
        ):
            detail = "The case data lists another sha256 or size for this attachment."
            raise Refused(422, "digest-mismatch", "The bytes are not those of the case data", detail)


def accepted(key: str, external_id: str, **more: Any) -> dict[str, Any]:
    return {"status": "accepted", "key": key, "externalId": external_id, **more, "duplicate": False}


def require_uuid(external_id: str) -> None:
    if not UUID.fullmatch(external_id):
        raise malformed("The externalId of the address is not a uuid.")


def line(request: Request, outcome: Outcome, answer: Answer, fault: Fault, now: datetime) -> dict[str, Any]:
    """A request in the log: what came, what was answered (0: nothing), what it did."""
    headers = request.headers
    return {
        "at": timestamp(now),
        "method": request.method[:20],
        "path": (request.path + (f"?{request.query}" if request.query else ""))[:2000],
        "key": request.key[:300] if request.key else None,
        "status": 0 if fault.silent else answer.status,
        "applied": outcome.applied,
        "duplicate": outcome.duplicate,
        "fault": None if fault is FAULTS["ok"] else fault.name,
        "size": request.body.size,
        "client": headers.get("X-Road-Client"),
        "message_id": headers.get("X-Road-Id"),
        "issue": headers.get("X-Road-Issue"),
    }
