"""What comes in and what goes out, and which part answers where."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

STYLE = "style.css"


@dataclass(frozen=True)
class Request:
    """One request. `found` holds the named groups of the route's pattern, percent-decoded."""

    method: str
    path: str  # as it came, still percent-encoded
    query: Mapping[str, str]
    form: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    found: Mapping[str, str] = field(default_factory=dict)

    def asked(self, name: str) -> str:
        """A field of the form or, failing that, of the address; '' when it is in neither."""
        return self.form.get(name) or self.query.get(name) or ""


@dataclass(frozen=True)
class Answer:
    """One answer."""

    body: bytes = b""
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


Act = Callable[[Request], Answer]


@dataclass(frozen=True)
class Route:
    """Where a part of the stand-in answers: a method, and a regular expression for the whole path."""

    method: str
    pattern: str
    act: Act


def as_json(content: Any, status: int = 200) -> Answer:
    """A JSON answer."""
    return Answer(json.dumps(content).encode(), status)


def redirect(address: str, **more: str) -> Answer:
    """To another address, with more in its query."""
    if more:
        address += ("&" if "?" in address else "?") + urlencode(more)
    return Answer(status=302, headers={"Location": address})


def page(title: str, content: str, *, language: str = "sv", status: int = 200) -> Answer:
    """A page of the stand-in; `content` is HTML, the title is text."""
    text = (
        f'<!DOCTYPE html>\n<html lang="{html.escape(language)}">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{html.escape(title)}</title>\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f'<link rel="stylesheet" href="/{STYLE}">\n</head>\n'
        f"<body>\n<main>\n<h1>{html.escape(title)}</h1>\n{content}\n</main>\n</body>\n</html>\n"
    )
    policy = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'"
    return Answer(text.encode(), status, "text/html; charset=utf-8", {"Content-Security-Policy": policy})
