"""What the interface says when it refuses: problem details (RFC 9457) in the caller's language, of the types that docs/interface names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

TYPE = "urn:forenklad-e-tjanst:problem:"
MEDIA_TYPE = "application/problem+json"

# The types, each with its status and title. Those of docs/interface/README.md keep their names.
KNOWN: dict[str, tuple[int, str]] = {
    "unknown-part": (400, gettext_noop("There is no such project part")),
    "malformed": (400, gettext_noop("The request cannot be read")),
    "unauthorised": (401, gettext_noop("The caller is not known")),
    "forbidden": (403, gettext_noop("The caller may not do this")),
    "unknown-path": (404, gettext_noop("There is no such operation")),
    "unknown-event": (404, gettext_noop("The event was not received")),
    "unknown-attachment": (404, gettext_noop("There is no such attachment")),
    "method": (405, gettext_noop("The operation has another method")),
    "out-of-order": (409, gettext_noop("The event is not the next one")),
    "key-reuse": (409, gettext_noop("The key belongs to something else")),
    "not-allowed": (409, gettext_noop("The case does not allow this now")),
    "too-large": (413, gettext_noop("The request is too large")),
    "media-type": (415, gettext_noop("The media type is not taken")),
    "range": (416, gettext_noop("The file has no such part")),
    "invalid": (422, gettext_noop("The document is not as agreed")),
    "digest-mismatch": (422, gettext_noop("The digest is not that of what arrived")),
    "attachments-missing": (422, gettext_noop("Attachments are missing")),
    "too-many": (429, gettext_noop("Too many requests")),
    "failed": (500, gettext_noop("Something went wrong here")),
    "not-now": (503, gettext_noop("Not now")),
}


class Problem(Exception):
    """A refusal of a known type. `detail` says what to do, in the caller's language; `more` are further members."""

    def __init__(self, name: str, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any) -> None:
        super().__init__(name)
        self.name, self.detail, self.headers, self.more = name, detail, dict(headers or {}), more

    @property
    def status(self) -> int:
        """The HTTP status."""
        return KNOWN[self.name][0]

    def document(self) -> dict[str, Any]:
        """The problem details."""
        said = {"type": TYPE + self.name, "title": _(KNOWN[self.name][1]), "status": self.status, "detail": self.detail}
        return said | self.more

    def response(self) -> HttpResponse:
        """The answer."""
        text = json.dumps(self.document(), ensure_ascii=False)
        return HttpResponse(text.encode(), status=self.status, content_type=MEDIA_TYPE, headers=self.headers)
