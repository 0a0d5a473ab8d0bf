"""How often somebody may try something: generous for people, and too little for a machine that wears the service out.

    limits.count("send", limits.who_asks(request))      raises TooMany when it has been too often

Each stretch of time has one row per matter and person, counted up by the database itself, so that it holds for any number of web
processes. A row holds a digest under a key, never an address or a person. What machines do all the time is counted roughly
(`count_roughly`): by each process for itself, and in the database for many times at once.
"""

from __future__ import annotations

import ipaddress
import threading
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
    "start":           Limit(300, MINUTES),    # beginning from the national service, which is asked each time
    "send":            Limit(300, MINUTES),    # sending papers, per customer
    "upload":          Limit(300, MINUTES),    # requests with files, per customer
    "message":         Limit(60, MINUTES),     # messages to the authority, per customer
    "details":         Limit(60, MINUTES),     # changing one's address for notices
    "feedback":        Limit(20, HOUR),        # feedback on accessibility
    "receipt_check":   Limit(300, MINUTES),    # looking whether a receipt is genuine
    "testing":         Limit(300, MINUTES),    # opening a tester's link, and beginning with it
    "survey":          Limit(1_000, MINUTES),  # pages of a survey, which need nobody to be known and are kept in a session
    "interface":        Limit(6_000, MINUTES),  # calls of one connected system
    "interface_refused": Limit(300, MINUTES),  # calls without a good key, per address they come from
    "keep_typed":      Limit(60, MINUTES),     # keeping what was typed for somebody who is not signed in
}  # fmt: skip
LONGEST = max(limit.within for limit in LIMITS.values())

# Adds so many and says how many there are, in one statement that two processes cannot get between.
COUNT_UP = (
    "INSERT INTO people_attempt (key, since, count) VALUES (%s, %s, %s) "
    "ON CONFLICT (key, since) DO UPDATE SET count = people_attempt.count + excluded.count RETURNING count"
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
    limit = LIMITS[what]
    times = _counted_up(what, who, 1, at)
    if times > limit.times:
        raise TooMany(what, _seconds_left(limit, at), first=times == limit.times + 1)


ROUGHLY = 50


@dataclass
class _Rough:
    """What this process knows of one stretch of time: how often by all of them, as the database said last, and by itself since then."""

    since: datetime
    known: int = 0
    here: int = 0
    refused: bool = False


_rough: dict[tuple[str, str], _Rough] = {}
_one_at_a_time = threading.Lock()


def count_roughly(what: str, who: str, *, at: datetime | None = None) -> None:
    """As `count`, without a write each time: each process asks the database the first time and then each `ROUGHLY` times.

    So of n processes the others may have let through up to n - 1 times `ROUGHLY` more than the table says before the last of them hears
    of it. `first` of what is raised is said by each process once.
    """
    if not settings.RATE_LIMITS:
        return
    at = at or timezone.now()
    limit = LIMITS[what]
    adding = 0
    with _one_at_a_time:
        rough = _rough_of(what, who, at)
        if rough.known + rough.here >= limit.times:
            first, rough.refused = not rough.refused, True
            raise TooMany(what, _seconds_left(limit, at), first=first)
        rough.here += 1
        if rough.known == 0 or rough.here >= ROUGHLY:
            adding, rough.here = rough.here, 0
    if adding:
        times = _counted_up(what, who, adding, at)
        with _one_at_a_time:
            rough.known = max(rough.known, times)
            over = times > limit.times
            first, rough.refused = over and not rough.refused, rough.refused or over
        if over:
            raise TooMany(what, _seconds_left(limit, at), first=first)


def forget_rough() -> None:
    """Let this process know of nothing that was counted roughly, as when it has just begun."""
    with _one_at_a_time:
        _rough.clear()


def _rough_of(what: str, who: str, at: datetime) -> _Rough:
    since = _beginning(LIMITS[what], at)
    rough = _rough.get((what, who))
    if rough is None or rough.since != since:
        for old in [key for key, one in _rough.items() if one.since < at - LONGEST]:
            del _rough[old]
        rough = _rough[what, who] = _Rough(since)
    return rough


def _counted_up(what: str, who: str, adding: int, at: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(COUNT_UP, [*_row(what, who, at), adding])
        return int(cursor.fetchone()[0])


def _seconds_left(limit: Limit, at: datetime) -> int:
    over = _beginning(limit, at) + limit.within - at
    return max(1, int(over.total_seconds() + 1))


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
    """The address a request comes from, as `address_of` says; of IPv6 the network, which is one household."""
    known = address_of(request)
    if isinstance(known, ipaddress.IPv6Address):
        return f"address {ipaddress.ip_network((known, 64), strict=False)}"
    return f"address {known}"


def address_of(request: HttpRequest) -> ipaddress.IPv4Address | ipaddress.IPv6Address | str:
    """The address a request comes from, as the last TRUSTED_PROXIES proxies saw it; the word that stands there when it is none.

    Where fewer have said what they saw, it has not come through all of them, and any of it may be what the visitor has written: then it is
    the address of the connection.
    """
    address = str(request.META.get("REMOTE_ADDR", ""))
    hops = settings.TRUSTED_PROXIES
    if hops > 0 and (forwarded := request.META.get("HTTP_X_FORWARDED_FOR")):
        seen = [part.strip() for part in forwarded.split(",")]
        if len(seen) >= hops and seen[-hops]:
            address = seen[-hops]
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address[:100]
    if isinstance(known, ipaddress.IPv6Address) and known.ipv4_mapped:
        return known.ipv4_mapped
    return known


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
