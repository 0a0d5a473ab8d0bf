"""Webhooks: an event posted as signed JSON to whoever wants to know. Any number of them; `WEBHOOKS` says where each is, and its secret.

What it takes to verify one is in docs/operations.md, and nothing of a case is told but that something happened, unless its settings ask
for the case data. Bytes of attachments are never sent: their names and digests are.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import aiohttp
from django.conf import settings
from django.urls import reverse

from apps.cases import envelope
from apps.cases.rulebook import NOT_FOR_EVERYBODY
from apps.sync import packing
from apps.sync.models import WEBHOOK
from apps.sync.receivers.base import Delivered, Later, Outcome, Refused, Sender, To, Unknown, retry_after

if TYPE_CHECKING:
    from apps.cases.models import Event
    from apps.sync.receivers.base import InHand

NOT_NOW = (408, 425, 429)
BARRED = (401, 403)  # of the secret or the way there, never of what is sent
READ_OF_ANSWER = 65_536  # bytes, so that the connection can be used again; what they say does not matter


@dataclass(frozen=True)
class Post:
    """One event as it is posted: its bytes, the key under which it is to be taken once, and its number."""

    receiver: str
    key: str
    number: int
    body: bytes


def signature(secret: str, moment: str, body: bytes) -> str:
    """What stands in X-Signature: of the time (as in X-Timestamp), a full stop and the body."""
    return "v1=" + hmac.new(secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()


def signed(key: str, secret: str, body: bytes) -> dict[str, str]:
    """The headers by which whoever is told takes a body once, and knows from whom it comes and when."""
    moment = str(int(time.time()))
    return {"Idempotency-Key": key, "X-Timestamp": moment, "X-Signature": signature(secret, moment, body)}


def session(connector: aiohttp.BaseConnector | None = None) -> aiohttp.ClientSession:
    """What bodies are posted by."""
    return aiohttp.ClientSession(
        headers={"User-Agent": "forenklad-e-tjanst", "Content-Type": "application/json"},
        timeout=aiohttp.ClientTimeout(total=settings.RELAY_TIMEOUT),
        cookie_jar=aiohttp.DummyCookieJar(),
        connector=connector,
    )


async def posted(
    by: aiohttp.ClientSession, url: str, body: bytes, headers: dict[str, str], judged: Callable[[int, str], Outcome]
) -> Outcome:
    """Post a body. What the answer means is judged by its status and its Retry-After; redirects are never followed."""
    try:
        async with by.post(url, data=body, headers=headers, allow_redirects=False) as response:
            await response.content.read(READ_OF_ANSWER)
            return judged(response.status, response.headers.get("Retry-After", ""))
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as e:
        return Later(None, f"cannot be reached: {type(e).__name__}")
    except (aiohttp.ClientError, TimeoutError, OSError) as e:
        return Unknown(f"the answer was lost: {type(e).__name__}")


class Webhook(Sender[Post]):
    """Posts events where the settings say, each line's one after the other."""

    kind: ClassVar[str] = WEBHOOK
    session: aiohttp.ClientSession

    @classmethod
    def keys(cls) -> Collection[str]:
        """Those the settings say an address of."""
        return settings.WEBHOOKS.keys()

    @classmethod
    def ready(cls) -> bool:
        """Whether there is any."""
        return bool(settings.WEBHOOKS)

    @classmethod
    def addresses(cls, events: Sequence[Event]) -> list[tuple[Event, list[To]]]:
        """Every event that everybody is told of; what stays at the desk or between authorities has no number there."""
        return [(event, [To()]) for event in events if event.kind not in NOT_FOR_EVERYBODY]

    @classmethod
    def pack(cls, deliveries: Sequence[InHand]) -> dict[int, Post | Refused]:
        """What is posted of each delivery. Papers are read only for those that are told the case data."""
        wanting = [one for one in deliveries if settings.WEBHOOKS.get(one.receiver.key, {}).get("data") == "case"]
        whole = packing.pack(wanting) if wanting else {}
        packed: dict[int, Post | Refused] = {}
        for delivery in deliveries:
            if delivery.pk not in whole:
                packed[delivery.pk] = _post(delivery, _bare(delivery))
                continue
            parcel = whole[delivery.pk]
            if not isinstance(parcel, Refused):
                said = parcel.event if parcel.data is None else {**parcel.event, "case": parcel.data}
                packed[delivery.pk] = _post(delivery, said)
            else:
                packed[delivery.pk] = parcel
        return packed

    async def __aenter__(self) -> Self:
        self.session = session()
        return self

    async def __aexit__(self, *details: object) -> None:
        await self.session.close()

    async def send(self, parcel: Post, *, ask_first: bool) -> Outcome:
        """Post one event. There is nobody to ask whether it is there: what was lost is posted again under its key."""
        known = settings.WEBHOOKS.get(parcel.receiver)
        if known is None:
            return Later(None, "WEBHOOKS says no address of it any more")
        headers = signed(parcel.key, known["secret"], parcel.body) | {"X-Event-Number": str(parcel.number)}
        return await posted(self.session, known["url"], parcel.body, headers, _judged)


def _bare(delivery: InHand) -> dict[str, Any]:
    """That something happened, and nothing of what was written: a message's text is for those who may open the case."""
    delivery.event.case = delivery.case
    say = envelope.skipped if delivery.skipped_at is not None else envelope.event
    return {**say(delivery.event, delivery.number), "data": {}}


def _post(delivery: InHand, said: dict[str, Any]) -> Post:
    case = delivery.case
    link = settings.SITE_URL + reverse("admin:cases_case_change", args=[case.pk]) if settings.SITE_URL else ""
    document = {**said, "caseNumber": case.number or "", **({"link": link} if link else {})}
    return Post(delivery.receiver.key, str(delivery.event.key), delivery.number, envelope.as_bytes(document))


def _judged(status: int, asked_to_wait: str) -> Outcome:
    """Any 2xx is a yes. A 4xx is a no for good, but for those that are not about what was sent."""
    if 200 <= status < 300:
        return Delivered()
    if 400 <= status < 500 and status not in (*NOT_NOW, *BARRED):
        return Refused(str(status))
    why = f"{status}: redirects are not followed" if 300 <= status < 400 else str(status)
    return Later(retry_after(asked_to_wait), why, barred=status in BARRED)
