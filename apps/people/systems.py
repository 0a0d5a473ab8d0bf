"""Connected systems: how one becomes known, and its keys.

A key is shown once, when it is made; only its SHA-256 is kept, which is enough for what nobody can guess. It is replaced by making
another one and letting the first go on for a while (`OVERLAP`), so that no call is refused in between.

A key is looked for by its digest. How long that takes might tell how much of some digest was right, and that helps nobody: there is no way
from a digest, or the half of one, to a key.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import secrets
from datetime import datetime, timedelta
from urllib.parse import unquote

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from apps.people.models import System, SystemKey, User

KEY_BYTES = 32
BEGINNING = 12  # characters of a key by which people know it again
OVERLAP = timedelta(days=7)
LONGEST = 200
HEXADECIMAL = re.compile(r"[0-9a-f]{64}")
NOT_TO_KNOW_IT = ("digest", "system__wake_secret")  # columns that nobody needs who only asks whose a key is
TO_THE_MINUTE = timedelta(minutes=1)  # so that a system that asks all the time does not write all the time

# The parts of the end-to-end test that a system is put through before it is let near real cases, in the order one goes through them.
REQUIRED = (
    "ledger",
    "data",
    "events",
    "take_up",
    "supplement_request",
    "supplement",
    "attachment",
    "outcome",
    "duplicate",
    "refusal",
)
OPTIONAL = ("parts", "range", "message", "register_number", "decision_file", "received", "woken")


def make_key(system: System, *, by: User | None, at: datetime | None = None) -> tuple[SystemKey, str]:
    """A new key for a system, and the key itself, which nobody can be told again."""
    key = f"fe{'test' if system.is_test else ''}_{secrets.token_urlsafe(KEY_BYTES)}"
    made = SystemKey.objects.create(
        system=system, digest=digest_of(key), beginning=key[:BEGINNING], made_at=at or timezone.now(), made_by=by
    )
    return made, key


def replace_keys(
    system: System, *, by: User | None, overlap: timedelta = OVERLAP, at: datetime | None = None
) -> tuple[SystemKey, str]:
    """A new key, while all that are good now end after the overlap, or sooner where that is set already."""
    moment = at or timezone.now()
    with transaction.atomic():
        ends = moment + overlap
        system.keys.filter(good_at(ends)).update(ends_at=ends)
        return make_key(system, by=by, at=moment)


def good_at(at: datetime, path: str = "") -> Q:
    """The keys that open something at a moment, `path` leading to them from what is asked for."""
    return Q(**{f"{path}ends_at": None}) | Q(**{f"{path}ends_at__gt": at})


def end_key(key: SystemKey, *, at: datetime | None = None) -> None:
    """Let a key open nothing any more, from now on."""
    moment = at or timezone.now()
    SystemKey.objects.filter(good_at(moment), pk=key.pk).update(ends_at=moment)
    key.refresh_from_db(fields=["ends_at"])


def by_key(key: str, *, at: datetime | None = None) -> System | None:
    """The system that has shown a key, when the key is good and the system let in. One query, and a write when it is the first use for
    a minute.
    """
    if not _can_be_said(key):
        return None
    moment = at or timezone.now()
    good = SystemKey.objects.filter(good_at(moment), digest=digest_of(key), system__active=True)
    found = good.select_related("system").defer(*NOT_TO_KNOW_IT).order_by().first()
    if found is None:
        return None
    if _is_old(found.used_at, moment):
        SystemKey.objects.filter(pk=found.pk).update(used_at=moment)
    return _used(found.system, moment)


def by_xroad_client(client: str, *, at: datetime | None = None) -> System | None:
    """The system that a security server, which is believed, names as the client."""
    return _known_by(at, xroad_client=client) if _can_be_said(client) else None


def by_certificate(said: str, *, at: datetime | None = None) -> System | None:
    """The system of a client certificate that a proxy, which is believed, says; see `fingerprint`."""
    found = fingerprint(said)
    return _known_by(at, certificate=found) if found else None


def fingerprint(said: str) -> str:
    """The SHA-256 of a certificate, in hexadecimal digits, of what a proxy says of it; empty when that is nothing.

    Proxies say the digits themselves, with or without colons, or the certificate: as PEM, of which the lines are put together in some
    way (nginx writes %0A for their ends), or the bare base64.
    """
    bare = said.replace(":", "").strip().lower()
    if HEXADECIMAL.fullmatch(bare):
        return bare
    text = re.sub(r"-----(BEGIN|END) CERTIFICATE-----|\s", "", unquote(said))
    try:
        certificate = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        return ""
    return hashlib.sha256(certificate).hexdigest() if certificate else ""


def digest_of(key: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(key.encode()).hexdigest()


def note_checked(system: System, name: str, *, at: datetime | None = None) -> None:
    """Note that a part of the end-to-end test was done, when it is for the first time."""
    if name in system.checks:
        return
    with transaction.atomic():
        locked = System.objects.select_for_update(of=("self",)).get(pk=system.pk)
        locked.checks.setdefault(name, (at or timezone.now()).isoformat())
        locked.save(update_fields=["checks"])
    system.checks = locked.checks


def has_been_tested(system: System) -> bool:
    """Whether everything that the end-to-end test demands has been done with it."""
    return set(REQUIRED) <= system.checks.keys()


def _can_be_said(word: str) -> bool:
    """Whether a word can be a key or a client at all: the database takes no other characters, and the line no more."""
    return 0 < len(word) <= LONGEST and word.isascii() and word.isprintable()


def _known_by(at: datetime | None, **by: str) -> System | None:
    found = System.objects.filter(active=True, **by).defer("wake_secret").order_by().first()
    return _used(found, at or timezone.now()) if found else None


def _used(system: System, at: datetime) -> System:
    if _is_old(system.used_at, at):
        System.objects.filter(pk=system.pk).update(used_at=at)
        system.used_at = at
    return system


def _is_old(used_at: datetime | None, at: datetime) -> bool:
    return used_at is None or at - used_at >= TO_THE_MINUTE
