"""A request's body as JSON that everybody who reads it would read alike; what is anything else is refused."""

from __future__ import annotations

import hashlib
import json
import math
from typing import IO, Any, NoReturn

from django.http import HttpRequest
from django.utils.translation import gettext as _

from apps.cases.envelope import CANONICAL
from apps.interface.problems import Problem

MOST_BYTES = 1_000_000  # the longest texts of every step take a tenth of it
MOST_DEEP = 50
JSON = "application/json"
MARK = b"\xef\xbb\xbf"  # of the order of bytes


def json_of(request: HttpRequest) -> Any:
    """The value of the body. Raises Problem: media-type, too-large, malformed."""
    refuse_other_media_types(request)
    return value_of(bytes_of(request, MOST_BYTES))


def refuse_other_media_types(request: HttpRequest) -> None:
    """Raises Problem (media-type) when the body says that it is no JSON, or packed, or of other letters than UTF-8."""
    charset = (request.content_params or {}).get("charset", "utf-8").strip("\"' ").lower()
    packed = request.headers.get("Content-Encoding", "identity").strip().lower() != "identity"
    if (request.content_type or "").lower() != JSON or charset not in ("utf-8", "utf8", "us-ascii") or packed:
        raise Problem("media-type", _("Send the document as application/json in UTF-8, not packed."))


def bytes_of(request: HttpRequest, most: int) -> bytes:
    """The body. Raises Problem: too-large, malformed."""
    refuse_too_large(request, most)
    try:
        body = stream_of(request).read(most + 1)
    except OSError as gone:
        raise Problem("malformed", _("The request ended before its body did. Send it again.")) from gone
    if len(body) > most:
        raise _too_large(most)
    request._body = body  # so that whoever looks at the call afterwards finds it where it always is
    return body


def refuse_too_large(request: HttpRequest, most: int) -> None:
    """Raises Problem (too-large) when the body says that it is longer than `most` bytes, and malformed when it says no length."""
    said = request.META.get("CONTENT_LENGTH") or "0"
    if not (said.isascii() and said.isdigit()):
        raise Problem("malformed", _("Content-Length is no number of bytes."))
    if len(said) > 18 or int(said) > most:
        raise _too_large(most)


def stream_of(request: HttpRequest) -> IO[bytes]:
    """Where the body is read from, also when it comes in chunks, whose end the server knows."""
    in_chunks = "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower()
    if in_chunks and request.META.get("wsgi.input_terminated"):
        stream: IO[bytes] = request.META["wsgi.input"]
        return stream
    return request  # type: ignore[return-value]  # which reads as a file does, to its Content-Length


def _too_large(most: int) -> Problem:
    return Problem("too-large", _("At most %(most)d bytes are taken here.") % {"most": most})


def value_of(body: bytes) -> Any:
    """The value of a JSON text. Raises Problem (malformed)."""
    if body.startswith(MARK):
        raise _malformed(_("The body begins with a byte order mark. Send it without."))
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as wrong:
        raise _malformed(_("The body is not UTF-8 at byte %(place)d.") % {"place": wrong.start}) from None
    try:
        value = json.loads(
            text, object_pairs_hook=_once_each, parse_constant=_no_number, parse_float=_double, parse_int=_whole
        )
    except RecursionError:
        raise _too_deep() from None
    except json.JSONDecodeError as wrong:
        where = {"line": wrong.lineno, "column": wrong.colno}
        raise _malformed(_("The body is no JSON at line %(line)d, column %(column)d.") % where) from None
    _look_through(value)
    return value


def canonical(value: Any) -> bytes:
    """One spelling for one value."""
    return CANONICAL.encode(value).encode()


def digest_of(*what: Any) -> str:
    """SHA-256 of what is asked, and where."""
    return hashlib.sha256(canonical(what)).hexdigest()


# --- what JSON leaves open -------------------------------------------------------------------------------------------


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _malformed(_("A name stands twice in one object."))
    return found


def _no_number(_name: str) -> NoReturn:
    raise _malformed(_("NaN and infinity are no numbers of JSON."))


def _double(text: str) -> float:
    if math.isinf(number := float(text)):
        raise _malformed(_("A number is too large."))
    return number


def _whole(text: str) -> int:
    if len(text) > 308:
        raise _malformed(_("A number is too large."))
    return int(text)


def _look_through(value: Any) -> None:
    """Raises Problem for what is too deep, and for texts that no other system or no database takes."""
    floor, deep = [value], 0
    while floor:
        deep += 1
        if deep > MOST_DEEP:
            raise _too_deep()
        above = []
        for one in floor:
            if isinstance(one, str):
                _look_at(one)
            elif isinstance(one, list):
                above += one
            elif isinstance(one, dict):
                above += one
                above += one.values()
        floor = above


def _look_at(text: str) -> None:
    if "\0" in text:
        raise _malformed(_("A text has the character NUL, which is not taken."))
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _malformed(_("A text has half of a pair of surrogates.")) from None


def _too_deep() -> Problem:
    return _malformed(_("The document has more than %(most)d levels.") % {"most": MOST_DEEP})


def _malformed(words: str) -> Problem:
    return Problem("malformed", words)
