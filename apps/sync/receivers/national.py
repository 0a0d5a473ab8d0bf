"""The national service Tillstånd och tillsyn: the client's side of docs/interface.

Everything that will change when its real operations become known is in this file.
"""

from __future__ import annotations

import base64
import json
import logging
import ssl
import uuid
from collections.abc import AsyncIterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import aiohttp
import requests
from django.conf import settings

from apps.cases import envelope
from apps.cases.rulebook import NOT_FOR_EVERYBODY
from apps.people import xroad
from apps.sync import packing
from apps.sync.receivers.base import (
    Behind,
    Delivered,
    Enclosure,
    Later,
    Outcome,
    Parcel,
    Refused,
    Sender,
    To,
    Unknown,
    retry_after,
)
from apps.sync.receivers.wires import IDLE, Wire

if TYPE_CHECKING:
    from apps.cases.models import Event
    from apps.sync.receivers.base import InHand

log = logging.getLogger(__name__)

JSON = "application/json"
LONGEST_ANSWER = 1_000_000  # bytes
NOT_NOW = (408, 425, 429)
BARRED = (401, 403)  # of the token or the way there, never of what is sent
Way = tuple[tuple[tuple[str, str], ...], ssl.SSLContext | None]
PROBLEM = "urn:forenklad-e-tjanst:problem:"


@dataclass(frozen=True)
class Answer:
    """What came back: a document only when the body was a whole JSON object."""

    status: int
    headers: Mapping[str, str]
    document: dict[str, Any] | None

    @property
    def good(self) -> bool:
        """Whether the status says yes; what was said must still be looked at."""
        return 200 <= self.status < 300

    @property
    def refusal(self) -> bool:
        """Whether the receiver itself says no, for good: it says so in a JSON object, and a proxy in a page."""
        passing = self.status in (*NOT_NOW, *BARRED) or bool(self.road_error)
        return 400 <= self.status < 500 and not passing and self.document is not None

    @property
    def road_error(self) -> str:
        """The kind of X-Road's own error, which says nothing of the receiver; empty when the receiver itself has answered."""
        return xroad.error_kind(self.status, self.headers, self.document)

    @property
    def problem(self) -> str:
        """The name of the problem (RFC 9457), where the answer is one."""
        kind = (self.document or {}).get("type")
        return kind.removeprefix(PROBLEM) if isinstance(kind, str) and kind.startswith(PROBLEM) else ""

    @property
    def expected(self) -> int | None:
        """The number of the event the receiver waits for, where it refused another."""
        number = (self.document or {}).get("expected") if self.status == 409 else None
        return number if isinstance(number, int) and not isinstance(number, bool) else None


class LedgerUnreadable(Exception):
    """The receiver's ledger could not be read to its end. Says why, without personal data."""


@dataclass(frozen=True)
class Entry:
    """A line of the receiver's ledger: a project part, its last event's number, and the digest of its case data."""

    external_id: str
    last_event: int
    digest: str


def ledger(*, page: int = 500) -> Iterator[list[Entry]]:
    """The receiver's ledger, page by page. Raises LedgerUnreadable, also for a ledger whose pages never end."""
    asked: dict[str, str] = {"limit": str(page)}
    seen: set[str] = set()
    with requests.Session() as session:
        session.headers.update(xroad.to_national_service())
        if settings.NATIONAL_SERVICE_CERTIFICATE:
            certificate, key = settings.NATIONAL_SERVICE_CERTIFICATE, settings.NATIONAL_SERVICE_CERTIFICATE_KEY
            session.cert = (certificate, key) if key else certificate
        while True:
            document = _page(session, asked)
            try:
                items = [_entry(one) for one in document["items"]]
                following = document.get("next")
            except (KeyError, TypeError, ValueError, AttributeError) as e:
                raise LedgerUnreadable("a page of the ledger is not as agreed") from e
            if items:
                yield items
            if following is None:
                return
            if not isinstance(following, str) or following in seen:
                raise LedgerUnreadable("the pages of the ledger do not end")
            seen.add(following)
            asked["cursor"] = following


def _entry(one: Mapping[str, Any]) -> Entry:
    return Entry(str(one["externalId"]).lower(), int(one["lastEvent"]), str(one.get("digest") or ""))


def _page(session: requests.Session, asked: dict[str, str]) -> dict[str, Any]:
    address = f"{settings.NATIONAL_SERVICE_URL.rstrip('/')}/commondata"
    try:
        answer = session.get(
            address,
            params=asked,
            headers=(sent := xroad.of_request()),
            timeout=(5, settings.RELAY_TIMEOUT),
            allow_redirects=False,
            verify=settings.NATIONAL_SERVICE_CA or None,
        )
        document = _object(answer.content)
    except OSError as e:  # a certificate that cannot be read, too
        raise LedgerUnreadable(f"the ledger cannot be read: {type(e).__name__}") from e
    found = Answer(answer.status_code, answer.headers, document)
    _log_attempt("GET", "ledger", sent, found.road_error or found.status)
    if found.status != 200 or found.road_error or document is None:
        raise LedgerUnreadable(f"the ledger cannot be read: {_words(found)}")
    return document


def _log_attempt(method: str, what: str, sent: Mapping[str, str], came: object) -> None:
    """One line of what went through a security server, by which it is found in that server's log. Without it there is nothing to find."""
    if xroad.in_use():
        log.info("national: %s %s: %s, X-Road-Id %s", method, what, came, sent["X-Road-Id"])


class National(Sender[Parcel]):
    """Sends the case data, the attachments and then the event; each carries a key under which it is taken once."""

    kind: ClassVar[str] = "national"
    wire: Wire
    barrier: str  # why there can be no connection at all

    @classmethod
    def addresses(cls, events: Sequence[Event]) -> list[tuple[Event, list[To]]]:
        """Every event that everybody is told of; what stays at the desk or between authorities has no number there."""
        return [(event, [To()]) for event in events if event.kind not in NOT_FOR_EVERYBODY]

    @classmethod
    def ready(cls) -> bool:
        """Whether there is an address."""
        return bool(settings.NATIONAL_SERVICE_URL)

    @classmethod
    def pack(cls, deliveries: Sequence[InHand]) -> dict[int, Parcel | Refused]:
        """What every receiver of whole cases is sent."""
        return packing.pack(deliveries)

    async def __aenter__(self) -> Self:
        self.barrier = ""
        try:
            way = self._way()
            kept = await self.wires.take(way) if self.wires else None
            self.wire = kept or self._new_wire(way)
        except OSError as e:
            self.barrier = f"the certificate, its key or whom to trust cannot be read: {type(e).__name__}"
        return self

    async def __aexit__(self, *details: object) -> None:
        if self.barrier:
            return
        if self.wires:
            await self.wires.give_back(self.wire)
        else:
            await self.wire.session.close()

    async def _connect_anew(self) -> None:
        await self.wire.session.close()
        self.wire = self._new_wire(self._way())

    @staticmethod
    def _way() -> Way:
        """What every request of a connection says, and whom both ends trust. Raises OSError."""
        return tuple(xroad.to_national_service().items()), xroad.tls()

    @staticmethod
    def _new_wire(way: Way) -> Wire:
        headers, tls = way
        session = aiohttp.ClientSession(
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=settings.RELAY_TIMEOUT),
            cookie_jar=aiohttp.DummyCookieJar(),
            connector=aiohttp.TCPConnector(ssl=tls or True, keepalive_timeout=IDLE),
        )
        # The library would send a PUT again by itself when the connection breaks. The relay does, after it has asked.
        session._retry_connection = False
        return Wire(session, way)

    async def send(self, parcel: Parcel, *, ask_first: bool) -> Outcome:
        """Data, attachments, event, in this order; the event is delivered when all are acknowledged."""
        if self.barrier:
            return Later(None, self.barrier, barred=True)
        if ask_first and (found := await self._ask(parcel)) is not None:
            return found
        if not parcel.skipped:
            outcome: Outcome = Delivered() if parcel.data is None else await self._put_data(parcel, parcel.data)
            for enclosure in parcel.enclosures:
                if isinstance(outcome, Delivered):
                    outcome = await self._put_file(parcel, enclosure)
            if not isinstance(outcome, Delivered):
                return outcome
        return await self._post_event(parcel)

    # --- the operations --------------------------------------------------------------------------------------------

    async def _ask(self, parcel: Parcel) -> Outcome | None:
        """Whether the event was received; None when it was not and may be sent again under its key."""
        answer = await self._request("GET", f"{parcel.external_id}/events/{parcel.key}", parcel)
        if not isinstance(answer, Answer):
            return Later(None, f"asked whether it was received: {answer.why}", unsure=True)
        if answer.good and _same(answer.document, "key", parcel.key):
            number = (answer.document or {}).get("number", parcel.number)
            if number == parcel.number:
                return Delivered()
            return Refused(f"the receiver has this event under the number {number}")
        if answer.status in (400, 404) and not answer.road_error:
            return None
        return _later(answer, "asked whether it was received: ", unsure=True)

    async def _put_data(self, parcel: Parcel, data: dict[str, Any]) -> Outcome:
        body = envelope.as_bytes(data)
        key = f"{parcel.key}:data"
        stands: bool | Later
        answer = await self._twice_if_damaged("PUT", parcel.external_id, parcel, key=key, body=body)
        stands = not (isinstance(answer, Answer) and answer.status == 409 and answer.problem == "key-reuse")
        if _duplicate(answer):
            stands = await self._still_there(parcel, data)
            if isinstance(stands, Later):
                return stands
        if not stands:
            # Something else stands there under this key, or something older has been put there since, as when events are
            # sent again to a receiver that has lost some. Data are replaced as a whole, so a key of its own doubles nothing.
            key = _key_of_its_own(parcel, data["digest"])
            answer = await self._request("PUT", parcel.external_id, parcel, key=key, body=body)
        return _judged(answer, key, data["digest"])

    async def _still_there(self, parcel: Parcel, data: dict[str, Any]) -> bool | Later:
        """Whether the receiver's case data are these; yes when it is one that does not say."""
        answer = await self._request("GET", parcel.external_id, parcel)
        if not isinstance(answer, Answer):
            return Later(None, f"asked for the case data: {answer.why}")
        if answer.status >= 500 or answer.status in (*NOT_NOW, *BARRED) or answer.road_error:
            return _later(answer, "asked for the case data: ")
        theirs = (answer.document or {}).get("digest") if answer.good else None
        return theirs is None or theirs == data["digest"]

    async def _put_file(self, parcel: Parcel, enclosure: Enclosure) -> Outcome:
        try:
            stored = await enclosure.content.size()
        except FileNotFoundError:
            return Refused(f"attachment {enclosure.id} is not in the storage")
        except OSError as e:
            return Later(None, f"the storage cannot be read: {type(e).__name__}")
        if stored != enclosure.size:
            return Refused(f"attachment {enclosure.id} has {stored} bytes in the storage, not {enclosure.size}")
        key = f"{parcel.key}:{enclosure.id}"
        headers = {
            "Content-Type": enclosure.media_type,
            "Content-Length": str(enclosure.size),
            "Digest": f"sha-256={base64.b64encode(bytes.fromhex(enclosure.sha256)).decode()}",
        }
        # An empty body is sent as such: a generator would be sent in chunks.
        body = enclosure.content if enclosure.size else b""
        path = f"{parcel.external_id}/attachments/{enclosure.id}"
        answer = await self._twice_if_damaged("PUT", path, parcel, key=key, body=body, headers=headers)
        if (
            isinstance(answer, Answer)
            and answer.status == 400
            and answer.problem == "unknown-part"
            and parcel.data is None
        ):
            return Behind(1)  # it has lost the case since, and with it all that came before this event
        return _judged(answer, key, f"sha-256:{enclosure.sha256}")

    async def _post_event(self, parcel: Parcel, *, mended: bool = False) -> Outcome:
        body = envelope.as_bytes(parcel.event)
        answer = await self._request("POST", f"{parcel.external_id}/events", parcel, key=parcel.key, body=body)
        if not isinstance(answer, Answer) or not answer.refusal:
            return _judged(answer, parcel.key)
        if answer.status == 400 and answer.problem == "unknown-part":
            return await self._make_known(parcel, mended)
        if answer.status == 422 and answer.problem == "attachments-missing" and not mended:
            return await self._send_missing(parcel, (answer.document or {}).get("missing"))
        if answer.status == 409:
            return await self._out_of_step(parcel, answer)
        return _judged(answer, parcel.key)

    async def _make_known(self, parcel: Parcel, mended: bool) -> Outcome:
        """The receiver does not know the case: it has lost what came before, or the first event is skipped."""
        if parcel.number > 1:
            return Behind(1)
        if mended or parcel.data is None or not parcel.skipped:
            return Later(None, "400 unknown-part, though the case data were acknowledged")
        return await self._with_data_of_the_rest(parcel, parcel.data)

    async def _send_missing(self, parcel: Parcel, missing: Any) -> Outcome:
        """The receiver lacks bytes that the case data list."""
        if parcel.skipped and parcel.data is not None:
            return await self._with_data_of_the_rest(parcel, parcel.data)
        wanted = [item if isinstance(item, str) else "" for item in missing] if isinstance(missing, list) else []
        if not wanted or any(item not in parcel.earlier_enclosures for item in wanted):
            return Refused("422 attachments-missing")
        for item in wanted:
            outcome = await self._put_file(parcel, parcel.earlier_enclosures[item])
            if not isinstance(outcome, Delivered):
                return outcome
        return await self._post_event(parcel, mended=True)

    async def _with_data_of_the_rest(self, parcel: Parcel, data: dict[str, Any]) -> Outcome:
        """A skipped event whose paper cannot be taken: the case data without it, then its number."""
        key = _key_of_its_own(parcel, "without")
        answer = await self._request("PUT", parcel.external_id, parcel, key=key, body=envelope.as_bytes(data))
        outcome = _judged(answer, key, data["digest"])
        return await self._post_event(parcel, mended=True) if isinstance(outcome, Delivered) else outcome

    async def _out_of_step(self, parcel: Parcel, answer: Answer) -> Outcome:
        """The receiver waits for another number, or has the key already."""
        expected = answer.expected
        if expected is not None and expected < parcel.number:
            return Behind(expected)
        found = await self._ask(parcel)
        if found is not None:
            return found
        return Refused(f"{_words(answer)}: the receiver waits for {expected}, and does not have this event")

    # --- one request -----------------------------------------------------------------------------------------------

    async def _twice_if_damaged(self, method: str, path: str, parcel: Parcel, **more: Any) -> Answer | Later | Unknown:
        """Once more when what arrived was not what was sent."""
        answer = await self._request(method, path, parcel, **more)
        if isinstance(answer, Answer) and answer.status == 422 and answer.problem == "digest-mismatch":
            return await self._request(method, path, parcel, **more)
        return answer

    async def _request(
        self,
        method: str,
        path: str,
        parcel: Parcel,
        *,
        key: str = "",
        body: bytes | AsyncIterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer | Later | Unknown:
        if not key and self.wire.used:
            await (
                self._connect_anew()
            )  # what is only asked has no key by which an answer to something else could be told apart
        url = f"{settings.NATIONAL_SERVICE_URL.rstrip('/')}/commondata/{path}"
        used, self.wire.used = self.wire.used, False
        sent = xroad.of_request(parcel.case_number)
        if key:
            sent |= {"Idempotency-Key": key, "Content-Type": JSON, **(headers or {})}
        try:
            async with self.wire.session.request(
                method, url, data=body, headers=sent, allow_redirects=False
            ) as response:
                answer = await _read(response)
            _log_attempt(method, f"{path} of event {parcel.key}", sent, answer.road_error or answer.status)
            if key and answer.good and _same(answer.document, "key", key):
                self.wire.used = True
                return answer
            # Only an answer that names what was sent proves that the connection is in step: on any other the next answer could
            # be that of an earlier request, as when a receiver answers twice.
            await self._connect_anew()
            if used and (answer.refusal or _nameless(answer)):
                # A refusal waits for a person, and nobody looks again at what was acknowledged: neither must be somebody else's.
                return await self._request(method, path, parcel, key=key, body=body, headers=headers)
            return answer
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as e:
            return Later(None, f"cannot be reached: {type(e).__name__}")
        except (aiohttp.ClientError, TimeoutError, OSError) as e:
            _log_attempt(method, f"{path} of event {parcel.key}", sent, type(e).__name__)
            return Unknown(f"the answer was lost: {type(e).__name__}")


def _key_of_its_own(parcel: Parcel, why: str) -> str:
    """A key for case data that are sent besides those of the event's key."""
    return f"{uuid.uuid5(uuid.UUID(parcel.key), f'{why} {parcel.hand}')}:data"


async def _read(response: aiohttp.ClientResponse) -> Answer:
    body = bytearray()
    while not response.content.at_eof():
        body += await response.content.read(65_536)
        if len(body) > LONGEST_ANSWER:
            return Answer(response.status, response.headers, None)
    return Answer(response.status, response.headers, _object(bytes(body)))


# --- what an answer means --------------------------------------------------------------------------------------------


def _judged(answer: Answer | Later | Unknown, key: str, digest: str = "") -> Outcome:
    """An acknowledgement is a yes AND a JSON object that does not speak of something else: a proxy says yes to anything.

    A refusal is a JSON object too; a proxy's page, or no right to come in, says nothing of what was sent.
    """
    if not isinstance(answer, Answer):
        return answer
    if answer.refusal:
        return Refused(_words(answer))
    if answer.road_error or answer.status >= 400:
        return _later(answer)
    if 300 <= answer.status < 400:
        return Later(None, f"{_words(answer)}: redirects are not followed")
    if answer.document is None:
        return Unknown(f"{answer.status} without a JSON object: not the receiver's answer")
    if answer.document.get("status", "accepted") != "accepted":
        return Unknown(f"{answer.status} whose status is not accepted")
    if not _same(answer.document, "key", key, absent=True):
        return Unknown(f"{answer.status} to another request's key")
    if digest and not _same(answer.document, "digest", digest, absent=True):
        return Unknown(f"{answer.status} with another digest")
    return Delivered()


def _later(answer: Answer, asked: str = "", *, unsure: bool = False) -> Later:
    page = 400 <= answer.status < 500 and answer.document is None and not answer.road_error
    barred = xroad.closed(answer.road_error) if answer.road_error else answer.status in BARRED
    why = f"{asked}{_words(answer)}{' without a JSON object' if page else ''}"
    return Later(retry_after(answer.headers.get("Retry-After", "")), why, unsure, barred=barred)


def _same(document: dict[str, Any] | None, name: str, ours: str, *, absent: bool = False) -> bool:
    """Whether an answer names what was sent; where it may leave that out, its absence is no objection."""
    value = (document or {}).get(name)
    return absent if value is None else isinstance(value, str) and value.lower() == ours.lower()


def _nameless(answer: Answer) -> bool:
    """Whether it says yes without saying to what."""
    return answer.good and answer.document is not None and answer.document.get("key") is None


def _duplicate(answer: Answer | Later | Unknown) -> bool:
    return isinstance(answer, Answer) and answer.good and (answer.document or {}).get("duplicate") is True


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _words(answer: Answer) -> str:
    """A refusal without what the receiver quotes: the status, the problem's name, and where in the document it is.

    Of X-Road's own errors their kind: they are not the receiver's.
    """
    if answer.road_error:
        return f"{answer.status} of X-Road, not of the receiver: {answer.road_error}"
    errors = (answer.document or {}).get("errors")
    pointers = [e.get("pointer") for e in errors[:5] if isinstance(e, dict)] if isinstance(errors, list) else []
    said = [str(answer.status), answer.problem[:60], *(str(p)[:100] for p in pointers if p)]
    return " ".join(filter(None, said))
