"""How often somebody may try something: generous for people, and too little for a machine that wears the service out.

    limits.count("send", limits.who_asks(request))      raises TooMany when it has been too often

Each stretch of time has one row per matter and person, counted up by the database itself, so that it holds for any number of web
processes. A row holds a digest under a key, never an address or a person.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import connection
from django.http import HttpRequest
from django.utils import timezone

from apps.people.identification import customer_of
from apps.people.models import Attempt
from apps.people.sealing import index


@dataclass(frozen=True)
class Limit:
    """So many times within a stretch of time."""

    times: int
    within: timedelta


MINUTES, HOUR = timedelta(minutes=10), timedelta(hours=1)

# A whole office or library may come from one address; a customer may send an application every few seconds.
LIMITS: Final[dict[str, Limit]] = {
    "sign_in":         Limit(300, MINUTES),    # beginning or ending to sign in, each way, per address one comes from
    "sign_in_test":    Limit(5_000, MINUTES),  # the test identity: development only, and nothing to guess
    "email_link":      Limit(60, HOUR),        # asking for a link by e-mail, per address one comes from
    "email_link_to":   Limit(5, HOUR),         # links to one mailbox, whoever asks
    "password":        Limit(100, MINUTES),    # wrong passwords at the desk, per address one comes from
    "password_of":     Limit(10, MINUTES),     # wrong passwords of one official, from browsers they have not signed in with before
    "password_known":  Limit(10, MINUTES),     # the same from a browser they have: a stranger's tries do not keep them out
    "code":            Limit(10, HOUR),        # wrong codes of one official, who has shown the password
    "act_for":         Limit(60, MINUTES),     # asking the source of mandates
    "send":            Limit(300, MINUTES),    # sending papers, per customer
    "upload":          Limit(300, MINUTES),    # requests with files, per customer
    "message":         Limit(60, MINUTES),     # messages to the authority, per customer
    "details":         Limit(60, MINUTES),     # changing one's address for notices
    "feedback":        Limit(20, HOUR),        # feedback on accessibility
    "receipt_check":   Limit(300, MINUTES),    # looking whether a receipt is genuine
    "survey":          Limit(1_000, MINUTES),  # pages of a survey, which need nobody to be known and are kept in a session
    "keep_typed":      Limit(60, MINUTES),     # keeping what was typed for somebody who is not signed in
}  # fmt: skip
LONGEST = max(limit.within for limit in LIMITS.values())

# Adds one and says how many there are, in one statement that two processes cannot get between.
COUNT_UP = (
    "INSERT INTO people_attempt (key, since, count) VALUES (%s, %s, 1) "
    "ON CONFLICT (key, since) DO UPDATE SET count = people_attempt.count + 1 RETURNING count"
)


TAKE_BACK = "UPDATE people_attempt SET count = count - 1 WHERE key = %s AND since = %s AND count > 0"


class TooMany(Exception):
    """It has been tried too often. `seconds` says when it can be tried again; `first`, that it is refused for the first time."""

    def __init__(self, what: str, seconds: int, *, first: bool = False) -> None:
        self.what, self.seconds, self.first = what, seconds, first
        super().__init__(f"too many of {what}")


def count(what: str, who: str, *, at: datetime | None = None) -> None:
    """Count that somebody tries something. Raises TooMany when it has been too often, and counts nothing where limits are off."""
    if not settings.RATE_LIMITS:
        return
    at = at or timezone.now()
    limit, row = LIMITS[what], _row(what, who, at)
    with connection.cursor() as cursor:
        cursor.execute(COUNT_UP, row)
        (times,) = cursor.fetchone()
    if times > limit.times:
        over = _beginning(limit, at) + limit.within - at
        raise TooMany(what, max(1, int(over.total_seconds() + 1)), first=times == limit.times + 1)


def take_back(what: str, who: str, *, at: datetime | None = None) -> None:
    """Let what was counted count no longer: it was tried with success, and only failures are to be few."""
    if settings.RATE_LIMITS:
        with connection.cursor() as cursor:
            cursor.execute(TAKE_BACK, _row(what, who, at or timezone.now()))


def who_asks(request: HttpRequest) -> str:
    """By whom it is counted: the signed-in customer, else the address they come from."""
    customer = customer_of(request)
    return f"customer {customer.pk}" if customer else where_from(request)


def where_from(request: HttpRequest) -> str:
    """The address a request comes from, as the last TRUSTED_PROXIES proxies saw it; of IPv6 the network, which is one household."""
    address = str(request.META.get("REMOTE_ADDR", ""))
    hops = settings.TRUSTED_PROXIES
    if hops and (forwarded := request.META.get("HTTP_X_FORWARDED_FOR")):
        seen = [part.strip() for part in forwarded.split(",")]
        address = seen[-min(hops, len(seen))]
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return f"address {address[:100]}"
    if known.version == 6:
        if known.ipv4_mapped:
            return f"address {known.ipv4_mapped}"
        return f"address {ipaddress.ip_network((known, 64), strict=False)}"
    return f"address {known}"


def forget_old(now: datetime) -> int:
    """Delete the counts of stretches that are over; how many there were."""
    return Attempt.objects.filter(since__lt=now - LONGEST).delete()[0]


def _beginning(limit: Limit, at: datetime) -> datetime:
    """When the stretch of time began that a moment lies in."""
    length = int(limit.within.total_seconds())
    return datetime.fromtimestamp(int(at.timestamp()) // length * length, tz=UTC)


def _row(what: str, who: str, at: datetime) -> list[str | None]:
    """What the row of a stretch of time is found by: a digest, and its beginning."""
    since = connection.ops.adapt_datetimefield_value(_beginning(LIMITS[what], at))
    return [index(f"attempt\0{what}\0{who}"), since]
