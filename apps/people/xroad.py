"""X-Road, the layer of Suomi.fi-palveluväylä between us and the national service: what its security server is told of each request, the
errors that are its own and not the provider's, and the certificates it knows us by.
"""

from __future__ import annotations

import functools
import re
import ssl
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

ERROR = "X-Road-Error"
BASE = re.compile(r"/r1/[^/]+/[^/]+/[^/]+/[^/]+(/[^/]+)?/?$")
CLIENT = re.compile(r"[A-Za-z0-9._~%-]+(/[A-Za-z0-9._~%-]+){2,3}")
KIND = re.compile(r"[A-Za-z0-9_.-]{1,100}")
OWN_TYPE = re.compile(r"(server|client)\.[A-Za-z0-9_.-]{1,90}", re.IGNORECASE)
# What passes by itself is not here: a person must see to the agreements, the certificates or the settings.
CLOSED = ("accessdenied", "sslauthenticationfailed", "unknownmember", "unknownservice", "invalidclientidentifier")


def in_use() -> bool:
    """Whether requests go through a security server."""
    return bool(settings.NATIONAL_SERVICE_XROAD_CLIENT)


def headers() -> dict[str, str]:
    """What every request says of us."""
    said = {
        "X-Road-Client": settings.NATIONAL_SERVICE_XROAD_CLIENT,
        "X-Road-UserId": settings.NATIONAL_SERVICE_XROAD_USER,
    }
    return {name: value for name, value in said.items() if value}


def to_national_service() -> dict[str, str]:
    """What every request to the national service says of us, and of what we take."""
    said = {"User-Agent": "forenklad-e-tjanst", "Accept": "application/json"}
    if settings.NATIONAL_SERVICE_TOKEN:
        said["Authorization"] = f"Bearer {settings.NATIONAL_SERVICE_TOKEN}"
    return said | headers()


def of_request(case_number: str = "") -> dict[str, str]:
    """What one attempt says of itself: an id that no other has, and which case it is about."""
    issue = {"X-Road-Issue": case_number} if case_number else {}
    return {"X-Road-Id": str(uuid.uuid4()), **issue}


def error_kind(status: int, headers: Mapping[str, str], document: dict[str, Any] | None) -> str:
    """The kind of X-Road's own error, such as Server.ServerProxy.NetworkError; empty when the answer is the provider's."""
    type_ = (document or {}).get("type")
    of_body = type_ if status >= 400 and isinstance(type_, str) and OWN_TYPE.fullmatch(type_) else ""
    if ERROR not in headers:
        return of_body
    said = headers[ERROR].strip()
    return said if KIND.fullmatch(said) else of_body or "unnamed"


def closed(kind: str) -> bool:
    """Whether an error says that we are not let in as we are, and not that something is out of order for a while."""
    kind = kind.lower()
    return kind.startswith("client.") or kind.rpartition(".")[2] in CLOSED


def tls() -> ssl.SSLContext | None:
    """Our certificate and whom we trust; None where the machine's own will do. Raises OSError when a file cannot be read or used.

    A certificate that is renewed is taken up without a new start.
    """
    files = (
        settings.NATIONAL_SERVICE_CERTIFICATE,
        settings.NATIONAL_SERVICE_CERTIFICATE_KEY,
        settings.NATIONAL_SERVICE_CA,
    )
    if not any(files):
        return None
    return _context(*files, tuple(Path(name).stat().st_mtime_ns for name in files if name))


@functools.lru_cache(maxsize=2)
def _context(certificate: str, key: str, authorities: str, _changed: tuple[int, ...]) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=authorities or None)
    if certificate:
        context.load_cert_chain(certificate, key or None)
    return context


def problems() -> list[str]:
    """What is wrong with the settings for the way there, in words."""
    address, found = settings.NATIONAL_SERVICE_URL, []
    through, client = "/r1/" in address, settings.NATIONAL_SERVICE_XROAD_CLIENT
    if through and not client:
        found.append("NATIONAL_SERVICE_XROAD_CLIENT is missing: the security server lets nothing through without it.")
    if client and not CLIENT.fullmatch(client):
        found.append("NATIONAL_SERVICE_XROAD_CLIENT is not INSTANCE/CLASS/MEMBER/SUBSYSTEM, each part percent-encoded.")
    if client and not BASE.search(address):
        found.append(
            "NATIONAL_SERVICE_URL is no address of a security server: it ends in /r1/INSTANCE/CLASS/MEMBER/SUBSYSTEM/SERVICE."
        )
    if settings.NATIONAL_SERVICE_XROAD_USER and not client:
        found.append("NATIONAL_SERVICE_XROAD_USER is of no use without NATIONAL_SERVICE_XROAD_CLIENT.")
    return found + _problems_of_files(address)


def _problems_of_files(address: str) -> list[str]:
    found = []
    if settings.NATIONAL_SERVICE_CERTIFICATE_KEY and not settings.NATIONAL_SERVICE_CERTIFICATE:
        found.append("NATIONAL_SERVICE_CERTIFICATE is missing: the key alone is of no use.")
    if settings.NATIONAL_SERVICE_CERTIFICATE and not address.lower().startswith("https://"):
        found.append(
            "NATIONAL_SERVICE_CERTIFICATE is not shown to anybody: NATIONAL_SERVICE_URL does not begin with https://."
        )
    try:
        tls()
    except OSError as e:
        words = "NATIONAL_SERVICE_CERTIFICATE, its key or NATIONAL_SERVICE_CA cannot be used, so nothing is sent"
        found.append(f"{words}: {type(e).__name__}. They are files in PEM, the key without a password.")
    return found
