"""The receiver's own addresses: its page, the list of requests and the control of its faults."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

from .answers import Answer, Refused, json_answer, malformed, unknown_path, wrong_method
from .contract import file_answer
from .documents import read_json
from .faults import Queue
from .requests import Request
from .sheet import sheet
from .store import Row, Store
from .words import Words

STYLE = Path(__file__).with_name("style.css").read_bytes()
ICON = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><rect width="8" height="8" fill="#0b4a8f"/></svg>'
HTML = "text/html; charset=utf-8"
SHORT = 1 << 20
PER_PAGE = 50
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

Handling = Callable[..., Answer]


class Page:
    """What a person at this machine sees and may ask for; none of it counts as a request of the contract."""

    def __init__(self, store: Store, faults: Queue) -> None:
        self.store = store
        self.faults = faults
        self.routes: tuple[tuple[re.Pattern[str], str, Handling], ...] = (
            (re.compile(r"/"), "GET", self.show),
            (re.compile(r"/__style\.css"), "GET", self.style),
            (re.compile(r"/__icon\.svg"), "GET", self.icon),
            (re.compile(r"/__requests"), "GET", self.requests),
            (re.compile(r"/__misbehave"), "POST", self.misbehave),
            (re.compile(r"/__data/(?P<external_id>[^/]+)"), "GET", self.data),
            (re.compile(r"/__files/(?P<external_id>[^/]+)/(?P<attachment_id>[^/]+)"), "GET", self.file),
        )

    def answer(self, request: Request) -> Answer:
        for pattern, method, handling in self.routes:
            if match := pattern.fullmatch(request.path):
                if request.method != method and not (method == "GET" and request.method == "HEAD"):
                    raise wrong_method("GET, HEAD" if method == "GET" else method)
                return handling(request, **{name: unquote(value) for name, value in match.groupdict().items()})
        raise unknown_path()

    def show(self, request: Request) -> Answer:
        words = Words(request.parameter("lang") or "sv")
        offset = offset_of(request.parameter("from"))
        # One moment in the life of the store, so that the page does not contradict itself.
        with self.store.transaction():
            text = sheet(self.store, words, waiting=self.faults.waiting(), offset=offset, per_page=PER_PAGE)
        return Answer(200, text.encode(), HTML, {"Content-Security-Policy": POLICY, "Referrer-Policy": "same-origin"})

    def style(self, request: Request) -> Answer:
        return Answer(200, STYLE, "text/css; charset=utf-8")

    def icon(self, request: Request) -> Answer:
        return Answer(200, ICON, "image/svg+xml")

    def data(self, request: Request, external_id: str) -> Answer:
        data = self.store.case_data(external_id)
        if data is None:
            raise unknown_path()
        return Answer(200, json.dumps(read_json(data["body"]), ensure_ascii=False, indent=2).encode())

    def file(self, request: Request, external_id: str, attachment_id: str) -> Answer:
        return file_answer(self.store, external_id, attachment_id)

    def requests(self, request: Request) -> Answer:
        after = offset_of(request.parameter("after"))
        return json_answer(200, [as_document(row) for row in self.store.requests(after)])

    def misbehave(self, request: Request) -> Answer:
        if request.body.size > SHORT:
            raise malformed("The body is too long.")
        if request.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
            return self.misbehave_by_form(request)
        wish = request.json()
        names = wish.get("next") if isinstance(wish, dict) else None
        if not isinstance(names, list):
            raise Refused(422, "invalid", "Unknown misbehaviour", 'The body is {"next": [names]}.')
        self.faults.replace(names)
        return json_answer(200, {"next": self.faults.waiting()})

    def misbehave_by_form(self, request: Request) -> Answer:
        try:
            form = parse_qs(request.body.read().decode(), max_num_fields=10)
        except ValueError as error:
            raise malformed("The form cannot be read.") from error
        if "clear" in form:
            self.faults.replace([])
        else:
            self.faults.add(form.get("next", [""])[0])
        language = Words(form.get("lang", ["sv"])[0]).language
        return Answer(303, b"", HTML, {"Location": f"/?lang={language}#misbehave"})


def offset_of(given: str | None) -> int:
    if not given:
        return 0
    if not re.fullmatch(r"[0-9]{1,9}", given):
        raise malformed("The number of the address is not a whole number.")
    return int(given)


def as_document(row: Row) -> dict[str, Any]:
    return {
        "n": row["n"],
        "at": row["at"],
        "method": row["method"],
        "path": row["path"],
        "key": row["key"],
        "status": row["status"],
        "applied": bool(row["applied"]),
        "duplicate": bool(row["duplicate"]),
        "fault": row["fault"],
        "size": row["size"],
        "xRoadClient": row["client"],
        "xRoadId": row["message_id"],
        "xRoadIssue": row["issue"],
    }
