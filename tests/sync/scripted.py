"""A receiver that answers as a script says: on real sockets, and it remembers what it was sent."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Said:
    """One request as it arrived, and how it was answered."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    answer: str

    @property
    def key(self) -> str:
        return self.headers.get("idempotency-key", "")

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Scripted:
    """`script`: how the next requests are answered, in turn; then all is well. `rules`: by a part of the path, before the script.

    `gate`: while it is closed, every request waits before it.

    "ok" "500" "hang" "close_before" "close_after" "twice" "garbage" "empty" "cut" "list" "other_key" "redirect" "stray"
    "late" (twice, after a moment) "nameless" (without key, and twice), or a full answer (status, headers, document).
    """

    script: list[Any] = field(default_factory=list)
    rules: dict[str, Any] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)
    applied: dict[str, bytes] = field(default_factory=dict)
    order: list[tuple[str, int]] = field(default_factory=list)
    delay: float = 0.0
    arrived: int = 0
    connections: int = 0
    gate: threading.Event = field(default_factory=threading.Event)
    port: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def of(self, method: str, part: str = "") -> list[Said]:
        return [said for said in self.said if said.method == method and part in said.path]

    def events(self) -> list[dict[str, Any]]:
        """The events that were applied, in order, each once."""
        return [json.loads(body) for key, body in self.applied.items() if ":" not in key]

    def take(self, said: tuple[str, str, dict[str, str], bytes]) -> tuple[Any, bytes]:
        method, path, headers, body = said
        with self.lock:
            way = next((answer for part, answer in self.rules.items() if part in path), None)
            if way is None:
                way = self.script.pop(0) if self.script else "ok"
            known = Said(method, path, headers, body, str(way))
            self.said.append(known)
            if method == "GET":
                key = path.rpartition("/")[2]
                found = self.applied.get(key) if "/events/" in path else None
                answer = answer_of(404, {"error": "unknown"})
                if found is not None:
                    answer = answer_of(200, {"key": key, "number": json.loads(found)["number"]})
                return way, answer
            duplicate = known.key in self.applied
            if (
                way
                in (
                    "ok",
                    "close_after",
                    "twice",
                    "cut",
                    "500_after",
                    "hang_after",
                    "other_key",
                    "stray",
                    "late",
                    "nameless",
                )
                and not duplicate
            ):
                self.applied[known.key] = body
                if method == "POST":
                    self.order.append((path.split("/")[2], known.json["number"]))
            return way, answer_of(201, {"status": "accepted", "key": known.key, "duplicate": duplicate})


def answer_of(status: int, document: Any, headers: dict[str, str] | None = None) -> bytes:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    more = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    return f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body


def read_request(file: Any) -> tuple[str, str, dict[str, str], bytes] | None:
    first = file.readline()
    if not first:
        return None
    method, path, _version = first.decode().split(" ")
    headers = {}
    while (line := file.readline().decode().strip()) != "":
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return method, path, headers, file.read(int(headers.get("content-length", 0)))


def talk(receiver: Scripted, connection: socket.socket) -> None:
    with connection, connection.makefile("rb") as file:
        while not receiver.stopping.is_set():
            try:
                request = read_request(file)
                if request is None:
                    return
                receiver.arrived += 1
                receiver.gate.wait(30)
                way, good = receiver.take(request)
                if receiver.delay:
                    time.sleep(receiver.delay)
                if way in ("close_before", "close_after"):
                    return
                if way in ("hang", "hang_after"):
                    receiver.stopping.wait(30)
                    return
                if way == "cut":
                    connection.sendall(good[:-5])
                    return
                connection.sendall(written(way, good))
                if way == "late":
                    time.sleep(0.02)
                    connection.sendall(good)
                if way == "stray":
                    time.sleep(0.02)
                    connection.sendall(answer_of(404, {"error": "to nobody"}))
            except (OSError, ValueError):
                return


def written(way: Any, good: bytes) -> bytes:
    if isinstance(way, tuple):
        status, headers, document = way
        return answer_of(status, document, headers)
    return {
        "twice": good + good,
        "nameless": answer_of(201, {"status": "accepted"}) * 2,
        "500": answer_of(500, {"error": "not now"}),
        "500_after": answer_of(500, {"error": "not now"}),
        "garbage": answer_of(200, b"<!doctype html><p>Sign in to the network"),
        "empty": answer_of(200, b""),
        "list": answer_of(200, ["accepted"]),
        "other_key": answer_of(200, {"status": "accepted", "key": "another"}),
        "redirect": answer_of(302, b"", {"Location": "/elsewhere"}),
    }.get(way, good)


@contextmanager
def running() -> Iterator[Scripted]:
    receiver = Scripted()
    receiver.gate.set()
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        receiver.port = listening.getsockname()[1]
        listening.settimeout(0.1)

        def accept() -> None:
            while not receiver.stopping.is_set():
                try:
                    connection, _peer = listening.accept()
                except TimeoutError:
                    continue
                connection.settimeout(5)
                receiver.connections += 1
                threading.Thread(target=talk, args=(receiver, connection), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            receiver.stopping.set()
            thread.join()
