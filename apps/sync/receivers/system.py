"""Wake-ups: a connected system is posted that something has happened in a case of its own, so that it need not ask all the time.

Nothing of the case is told but which one it is; the system reads the rest by the interface. docs/interface says what it takes to verify
a wake-up. One that is lost does no harm: the next one, and the ledger, say the same.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from django.conf import settings
from django.urls import reverse
from yarl import URL

from apps.cases import envelope
from apps.cases.models import Case, Event
from apps.cases.rulebook import NOT_FOR_EVERYBODY
from apps.people import access, systems
from apps.people.models import System
from apps.sync.models import SYSTEM, Delivery, Receiver
from apps.sync.receivers import webhook
from apps.sync.receivers.base import WOKEN, Delivered, Held, Later, Outcome, Refused, Sender, To, retry_after

if TYPE_CHECKING:
    from apps.sync.receivers.base import InHand

GONE = 410
LOCAL = "localhost"
IN_PRIVATE = "its address lies in a private network: see WAKE_UPS_TO_PRIVATE_NETWORKS"


@dataclass(frozen=True)
class Wake:
    """One wake-up as it is posted, and where. One that was skipped is not."""

    url: str
    secret: str = field(repr=False)
    key: str
    body: bytes
    skipped: bool = False


class WakeUps(Sender[Wake]):
    """Posts wake-ups where the systems say."""

    kind: ClassVar[str] = SYSTEM
    with_history: ClassVar[bool] = False  # the ledger tells what happened before, and what was missed
    owed_for: ClassVar[timedelta] = timedelta(days=30)  # an address that is forgotten must not keep cases for ever
    session: aiohttp.ClientSession
    outside: Outside

    @classmethod
    def ready(cls) -> bool:
        """Always: the systems say where they are."""
        return True

    @classmethod
    def knows(cls, receiver: Receiver) -> bool:
        """A row is on for as long as its system is woken somewhere (`sync.waking`)."""
        return receiver.active

    @classmethod
    def concerns(cls, receiver: Receiver, case: Case) -> bool:
        """A system is told of the cases of its services; one for testing of tests alone, and nobody else of any."""
        system = receiver.system
        return system is not None and system.is_test == case.is_test and access.is_about(system, case.service)

    @classmethod
    def addresses_of(cls, receiver: Receiver, events: Sequence[Event]) -> list[tuple[Event, list[To]]]:
        """Every event that everybody is told of, but for what the system has done itself."""
        told = [event for event in events if event.kind not in NOT_FOR_EVERYBODY]
        return [(event, [To()]) for event in told if event.by_system_id != receiver.system_id]

    @classmethod
    def pack(cls, deliveries: Sequence[InHand]) -> dict[int, Wake | Refused]:
        """What is posted of each delivery. Two queries."""
        woken = System.objects.in_bulk({one.receiver.system_id for one in deliveries})
        told = Event.objects.placed().filter(case__in={one.case_id for one in deliveries})
        numbers = dict(told.order_by().values_list("pk", "place"))
        return {one.pk: _wake(one, woken.get(one.receiver.system_id), numbers[one.event_id]) for one in deliveries}

    @classmethod
    def note_delivered(cls, receiver: Receiver, deliveries: Sequence[Held | Delivery]) -> None:
        """That a system for testing has been woken is a part of its end-to-end test."""
        if receiver.takes_tests and receiver.system and any(one.skipped_at is None for one in deliveries):
            systems.note_checked(receiver.system, WOKEN)

    async def __aenter__(self) -> Self:
        self.outside = Outside()
        self.session = webhook.session(aiohttp.TCPConnector(resolver=self.outside, use_dns_cache=False))
        return self

    async def __aexit__(self, *details: object) -> None:
        await self.session.close()

    async def send(self, parcel: Wake, *, ask_first: bool) -> Outcome:
        """Post one wake-up. What was lost is posted again under its key."""
        if parcel.skipped:
            return Delivered()
        if why := why_not(parcel.url):
            return Later(None, why)
        if not parcel.secret:
            return Later(None, "the system has no secret to sign its wake-ups with")
        headers = webhook.signed(parcel.key, parcel.secret, parcel.body)
        outcome = await webhook.posted(self.session, parcel.url, parcel.body, headers, _judged)
        return Later(None, IN_PRIVATE) if self.outside.refused else outcome


def _wake(delivery: InHand, system: System | None, number: int) -> Wake:
    url, secret = (system.wake_url, system.wake_secret) if system else ("", "")
    skipped = delivery.skipped_at is not None or system is None
    return Wake(url, secret, str(delivery.event.key), envelope.as_bytes(_said(delivery, number)), skipped=skipped)


def _said(delivery: InHand, number: int) -> dict[str, Any]:
    """That something has happened in a case, and where to read what: nothing of what was written."""
    event, case = delivery.event, delivery.case
    path = reverse("interface_events", args=[str(case.external_id)])
    return {
        "schemaVersion": envelope.SCHEMA_VERSION,
        "externalId": str(case.external_id),
        "key": str(event.key),
        "number": number,
        "kind": event.kind,
        "at": envelope.moment(event.at),
        "status": event.status,
        **({"test": True} if case.is_test else {}),
        **({"link": f"{settings.SITE_URL}{path}?after={number - 1}"} if settings.SITE_URL else {}),
    }


def _judged(status: int, asked_to_wait: str) -> Outcome:
    """Any 2xx is a yes, and 410 a no that a person must look at. Everything else is the address's trouble and not the event's: it waits."""
    if 200 <= status < 300:
        return Delivered()
    if status == GONE:
        return Refused(f"{status}: the address says that it wants no wake-ups any more")
    why = f"{status}: redirects are not followed" if 300 <= status < 400 else str(status)
    return Later(retry_after(asked_to_wait), why)


# --- where a wake-up may go ------------------------------------------------------------------------------------------


class Inside(OSError):
    """The address lies in a private network, and wake-ups do not go there."""


def why_not(url: str) -> str:
    """Why nothing is posted to an address, as far as it says so itself; empty when it can be tried.

    Managers set these addresses, and the relay stands where internal services trust it: so none is reached but what everybody can
    reach, unless the settings say that systems live in private networks.
    """
    try:
        where = URL(url)  # as who connects reads it: 127。0。0。1 is 127.0.0.1 to them
    except ValueError:
        return "its address is none"
    host = where.raw_host or ""
    if not host or where.user is not None or where.scheme not in ("http", "https"):
        return "its address is not https://…, without a user or a password in it"
    literal = _address(host)
    if literal is None and (":" in host or host.replace(".", "").isdigit()):
        return "its address is none"  # 127.1 and 2130706433 are connected to without being looked up
    if where.scheme == "http" and host != LOCAL and not (literal and literal.is_loopback):
        return "its address does not begin with https://"
    if settings.WAKE_UPS_TO_PRIVATE_NETWORKS:
        return ""
    return IN_PRIVATE if host == LOCAL or (literal and not is_outside(literal)) else ""


def is_outside(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether an address is one of the internet's, also where an older one is written within it."""
    if isinstance(address, ipaddress.IPv6Address):
        within = address.ipv4_mapped or address.sixtofour or _of_nat64(address)
        if within is not None:
            return is_outside(within)
    return address.is_global and not address.is_multicast


NAT64 = ipaddress.ip_network("64:ff9b::/96")


def _of_nat64(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if address in NAT64 else None


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None


class Outside(AbstractResolver):
    """Looks names up, and refuses one that leads into a private network. What it has found is what is connected to: a name that says
    something else a moment later is not asked again."""

    refused = False  # whether any name was

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a host. Raises Inside."""
        found = await self._found(host, port, family)
        if not settings.WAKE_UPS_TO_PRIVATE_NETWORKS:
            addresses = [_address(one["host"]) for one in found]
            if not all(one is not None and is_outside(one) for one in addresses):
                self.refused = True
                raise Inside(IN_PRIVATE)
        return found

    async def _found(self, host: str, port: int, family: socket.AddressFamily) -> list[ResolveResult]:
        resolver = aiohttp.ThreadedResolver(loop=asyncio.get_running_loop())
        return await resolver.resolve(host, port, family)

    async def close(self) -> None:
        """Nothing is kept."""
