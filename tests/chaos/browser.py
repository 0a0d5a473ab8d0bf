"""A browser without JavaScript: cookies, forms, redirects. Speaks as the proxy in front does, so that production's settings hold."""

from __future__ import annotations

import http.client
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

PATIENCE = 10.0
MOST_REDIRECTS = 10


class Broken(Exception):
    """No usable answer: the connection broke, nobody was there, or it was an error of the server's own."""


@dataclass
class Form:
    """A form as the page shows it: what its controls hold, and the names of those that take files."""

    action: str
    values: dict[str, str] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)


@dataclass
class Page:
    """What came back in the end."""

    status: int
    path: str
    text: str
    forms: list[Form]

    def form_to(self, ending: str) -> Form | None:
        """The form whose action ends so."""
        return next((form for form in self.forms if urlsplit(form.action).path.endswith(ending)), None)


class _Reader(HTMLParser):
    """Finds forms and the controls in them."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path, self.forms = path, list[Form]()
        self.open: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag == "form":
            self.open = None
            if (said.get("method") or "").lower() == "post":
                self.open = Form(urljoin(self.path, said.get("action") or self.path))
                self.forms.append(self.open)
        elif tag in ("input", "textarea") and self.open is not None and (name := said.get("name")):
            if said.get("type") == "file":
                self.open.files.append(name)
            elif said.get("type") not in ("submit", "checkbox", "radio"):
                self.open.values[name] = said.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.open = None


class Browser:
    """One customer's. A fresh connection for every request, as after a reload."""

    def __init__(self, port: int, cookies: Mapping[str, str]) -> None:
        self.port, self.cookies = port, dict(cookies)

    def get(self, path: str) -> Page:
        """Open an address. Raises Broken."""
        return self._go("GET", path, b"", "", path)

    def post(self, form: Form, seen_at: str, files: Mapping[str, tuple[str, bytes]] | None = None) -> Page:
        """Press a form's button. Raises Broken."""
        mark = uuid.uuid4().hex
        body = _encoded(form, files or {}, mark.encode())
        return self._go("POST", form.action, body, f"multipart/form-data; boundary={mark}", seen_at)

    def _go(self, method: str, path: str, body: bytes, kind: str, seen_at: str) -> Page:
        for _n in range(MOST_REDIRECTS):
            status, onward, text = self._ask(method, path, body, kind, seen_at)
            if status >= 500:
                raise Broken(f"{method} {path}: {status}")
            if not (300 <= status < 400 and onward):
                reader = _Reader(path)
                reader.feed(text)
                return Page(status, path, text, reader.forms)
            method, path, body, kind = "GET", urljoin(path, onward), b"", ""
        raise Broken(f"{path}: too many redirects")

    def _ask(self, method: str, path: str, body: bytes, kind: str, seen_at: str) -> tuple[int, str, str]:
        headers = {
            "Host": "localhost",
            "X-Forwarded-Proto": "https",
            "Referer": f"https://localhost{seen_at}",
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            **({"Content-Type": kind} if kind else {}),
        }
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            for line in answer.headers.get_all("Set-Cookie") or ():
                name, _, value = line.partition(";")[0].partition("=")
                self.cookies[name] = value
            return answer.status, answer.headers.get("Location", ""), answer.read().decode()
        except (OSError, http.client.HTTPException) as why:
            raise Broken(f"{method} {path}: {type(why).__name__}") from why
        finally:
            connection.close()


def _encoded(form: Form, files: Mapping[str, tuple[str, bytes]], mark: bytes) -> bytes:
    parts = []
    for name, value in form.values.items():
        parts.append(f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode())
    for name, (filename, content) in files.items():
        head = f'Content-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
        parts.append(f"{head}Content-Type: application/pdf\r\n\r\n".encode() + content)
    return b"".join(b"--" + mark + b"\r\n" + part + b"\r\n" for part in parts) + b"--" + mark + b"--\r\n"
