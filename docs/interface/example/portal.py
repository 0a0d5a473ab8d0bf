"""How the interface is spoken: a call and what its answer means, and being woken. Python 3.11, nothing else; yours to copy."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]


class Refused(Exception):
    """The request was looked at and refused; `problem` says why (RFC 9457)."""

    def __init__(self, problem: Json) -> None:
        super().__init__(problem.get("detail") or problem.get("title") or "refused")
        self.problem, self.name = problem, str(problem.get("type", "")).rpartition(":")[2]


class Later(Exception):
    """No answer, or not now. Whether the request was applied is not known: the same request is sent again after some seconds."""

    def __init__(self, why: str, seconds: float = 5) -> None:
        super().__init__(why)
        self.seconds = seconds


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """The key is shown to nobody but the address that was given."""

    def redirect_request(self, *_: Any) -> None:
        """No."""


class Portal:
    """The other end. Every call raises Refused or Later, or has been answered as asked."""

    def __init__(self, address: str, key: str, language: str) -> None:
        self.address = address.rstrip("/")
        self.headers = {"Authorization": f"Bearer {key}", "Accept-Language": language}
        self.opener = urllib.request.build_opener(NoRedirects)

    def open(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Any:
        """The answer, to be read. A 4xx is a refusal, but for those that are not about what was asked."""
        asked = urllib.request.Request(self.address + path, body, {**self.headers, **(headers or {})}, method=method)
        try:
            return self.opener.open(asked, timeout=30)
        except urllib.error.HTTPError as e:
            with e:
                try:
                    problem = json.loads(e.read())
                except (ValueError, OSError, HTTPException):
                    problem = None
            if not isinstance(problem, dict) or e.code in (401, 403, 408, 425, 429) or not 400 <= e.code < 500:
                said = problem.get("detail", "") if isinstance(problem, dict) else ""
                wait = e.headers.get("Retry-After", "")
                raise Later(f"{e.code} {said}", float(wait) if wait.isdecimal() else 5) from None
            raise Refused(problem) from None
        except (OSError, HTTPException) as e:
            raise Later(f"no answer: {e}") from e

    def json(self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Json:
        """The answer, a JSON object."""
        sent = {"Content-Type": "application/json"} if body else {}
        try:
            with self.open(method, path, body, {**sent, **(headers or {})}) as answer:
                document = json.loads(answer.read())
        except (ValueError, OSError, HTTPException) as e:
            raise Later(f"no answer that can be read: {e}") from e
        if not isinstance(document, dict):
            raise Later("an answer that is not the portal's")
        return document

    def change(self, method: str, path: str, body: Any, key: str, headers: Mapping[str, str]) -> Json:
        """The answer to something that changes the case. It counts when it says so and names the key."""
        answer = self.json(method, path, body, {"Idempotency-Key": key, **headers})
        if answer.get("status") != "accepted" or answer.get("key", key) != key:
            raise Later("an answer to something else")
        return answer


def digest_of(document: Json) -> str:
    """The digest of a document, as docs/interface/README.md says."""
    bare = {name: value for name, value in document.items() if name != "digest"}
    text = json.dumps(bare, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "sha-256:" + hashlib.sha256(text.encode()).hexdigest()


def listen(address: str, secret: str, woken: threading.Event) -> str:
    """Listen for wake-ups, and say where. One says that something has happened and not what: what that is, is asked for."""
    if not secret:
        raise SystemExit("WAKE_SECRET says no secret: anybody could wake it.")

    class Wakeups(BaseHTTPRequestHandler):
        """What is posted here."""

        def do_POST(self) -> None:
            """Wake, when it is signed by who knows the secret, and is not an old one sent again."""
            body = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), 1_000_000))
            good = is_signed(secret, self.headers.get("X-Timestamp", ""), body, self.headers.get("X-Signature", ""))
            self.send_response(204 if good else 401)
            self.end_headers()
            if good:
                woken.set()

        def log_message(self, *_: Any) -> None:
            """Nothing: each round says what it did."""

    host, _, port = address.rpartition(":")
    server = ThreadingHTTPServer((host, int(port)), Wakeups)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"{server.server_address[0]!s}:{server.server_address[1]}"


def is_signed(secret: str, moment: str, body: bytes, signature: str) -> bool:
    """Whether a wake-up was signed with the secret, within five minutes of now."""
    if not moment.isdecimal() or abs(time.time() - int(moment)) > 300:
        return False
    made = hmac.new(secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest("v1=" + made, signature)
