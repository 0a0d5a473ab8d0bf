"""Builders of connected systems and their keys, and the calls they make."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.http.response import HttpResponseBase
from django.test import Client

from apps.cases.models import Case
from apps.people import systems
from apps.people.models import Authority, System
from tests import build

BASE = "/interface/v1/"
EVERYTHING = tuple(str(scope) for scope in System.Scope)


def system(
    name: str = "Register",
    *,
    of: Authority | None = None,
    scopes: Iterable[str] = EVERYTHING,
    only: Iterable[str] = (),
    **more: Any,
) -> System:
    """A connected system, by default one that may do everything for every service of the default authority. Made once by its name."""
    known = {"scopes": list(scopes), "only_services": list(only), **more}
    return System.objects.get_or_create(authority=of or build.authority(), name=name, defaults=known)[0]


def key(of: System | None = None, **more: Any) -> str:
    """A good key of a system."""
    return systems.make_key(of or system(), by=None, **more)[1]


def call(
    client: Client | None,
    method: str,
    path: str,
    *,
    key: str | None = None,
    body: Any = None,
    headers: dict[str, str] | None = None,
    **query: Any,
) -> Any:
    """A call of the interface: `call(client, "GET", f"commondata/{case.external_id}", key=key)`.

    `path` is what follows /interface/v1/. A body that is no bytes is sent as JSON. What is left over stands in the address.
    """
    shown = {"Authorization": f"Bearer {key}"} if key is not None else {}
    sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
    given = {"Accept-Language": "en", **shown, **(headers or {})}
    kind = next((value for name, value in given.items() if name.lower() == "content-type"), "application/json")
    return (client or Client(raise_request_exception=False)).generic(
        method, BASE + path, sent, content_type=kind, headers=given, query_params=query or None
    )


def get(path: str, key: str | None = None, **more: Any) -> Any:
    """A GET by a client that has nothing but the key."""
    return call(None, "GET", path, key=key, **more)


def part(case: Case | UUID | str, rest: str = "") -> str:
    """The address of a case below /interface/v1/, and of what belongs to it."""
    known = case.external_id if isinstance(case, Case) else case
    return f"commondata/{known}{'/' if rest else ''}{rest}"


def content(response: HttpResponseBase) -> bytes:
    """All bytes of an answer, also of one that is streamed."""
    if response.streaming:
        return b"".join(response)
    return bytes(response.content)  # type: ignore[attr-defined]


def problem(response: Any) -> str:
    """The name of the problem that an answer tells of; empty when it tells of none."""
    if response.headers.get("Content-Type") != "application/problem+json":
        return ""
    return str(json.loads(response.content)["type"].rpartition(":")[2])
