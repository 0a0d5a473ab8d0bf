"""Trying a version to the end before customers meet it: by named testers, each with a link of their own, until it is ended or published.

What a link opens is told by a key that nobody can guess. It is shown once, to the designer who names the tester; only its digest is kept.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.people.models import Customer, User
from apps.services.models import Rehearsal, Service, Tester, Version

KEY_BYTES = 32
LONGEST_NAME = 200
GOING_ON = Q(closed_at=None, version__published_at=None)


class NotToTry(Exception):
    """The version cannot be tried. Says why, in words."""


class Over(Exception):
    """The test has ended, or customers fill in the version by now: nothing new begins."""

    def __str__(self) -> str:
        return _("The test has ended.")


class NotTheirs(Exception):
    """The link belongs to somebody else, who has begun with it already."""


# --- the test ------------------------------------------------------------------------------------------------------------


def open_rehearsal(version: Version, *, by: User | None, at: datetime | None = None) -> Rehearsal:
    """Let testers try a version that was never published; a test that was ended begins again. Raises NotToTry, also for a survey.

    A service has one test at a time: that of an earlier version ends, and its testers come along, so that their links stay good.
    """
    if version.published_at is not None:
        words = _(
            "Version %(number)d has been published, so there is nothing to test: it says the same as you have here."
        )
        raise NotToTry(words % {"number": version.number})
    if version.definition.is_survey:
        raise NotToTry(_("A survey sends nothing, so there is nothing to test. Walk through it in the preview."))
    moment = at or timezone.now()
    with transaction.atomic():
        Service.objects.select_for_update(of=("self",)).get(pk=version.service_id)  # a double click opens one
        opened, made = Rehearsal.objects.get_or_create(version=version, defaults={"opened_by": by, "opened_at": moment})
        if not made and opened.closed_at is not None:
            opened.closed_at, opened.opened_by, opened.opened_at = None, by, moment
            opened.save(update_fields=["closed_at", "opened_by", "opened_at"])
        for earlier in rehearsals_of(version.service).filter(GOING_ON).exclude(pk=opened.pk):
            earlier.testers.update(rehearsal=opened)
            end(earlier, at=moment)
    return opened


def end(rehearsal: Rehearsal, *, at: datetime | None = None) -> None:
    """Let nobody begin or go on any more. What has been sent stays until somebody deletes it."""
    Rehearsal.objects.filter(pk=rehearsal.pk, closed_at=None).update(closed_at=at or timezone.now())
    rehearsal.refresh_from_db(fields=["closed_at"])


def rehearsals_of(service: Service) -> QuerySet[Rehearsal]:
    """The tests of a service's versions, the latest first."""
    tests = Rehearsal.objects.filter(version__service=service).select_related("version", "opened_by")
    return tests.defer("version__document").order_by("-opened_at", "-pk")


def going_on(service: Service) -> Rehearsal | None:
    """The test that goes on, if any."""
    return rehearsals_of(service).filter(GOING_ON).first()


def is_over(version_id: int) -> bool:
    """Whether nobody may try a version (any more): its test was ended, or customers fill it in by now."""
    return not Rehearsal.objects.filter(GOING_ON, version=version_id).exists()


# --- its testers ---------------------------------------------------------------------------------------------------------


def add_tester(rehearsal: Rehearsal, name: str, *, at: datetime | None = None) -> tuple[Tester, str]:
    """Name a tester. Gives the key of their link too, which nobody can be told again. Raises Over."""
    if is_over(rehearsal.version_id):
        raise Over
    key = secrets.token_urlsafe(KEY_BYTES)
    called = " ".join(name.split())[:LONGEST_NAME]
    added = Tester.objects.create(
        rehearsal=rehearsal, name=called, key_digest=digest_of(key), added_at=at or timezone.now()
    )
    return added, key


def remove_tester(tester: Tester) -> None:
    """Let a link open nothing any more. What its tester has sent stays."""
    tester.delete()


def tester_of(key: str) -> Tester | None:
    """The tester whose link has a key, with all that the link leads to."""
    testers = Tester.objects.select_related("rehearsal__version__service__authority", "rehearsal__opened_by")
    return testers.defer("rehearsal__version__document").filter(key_digest=digest_of(key)).first()


def bind(tester: Tester, customer: Customer) -> None:
    """Let a link be the customer's who begins with it first, and nobody else's from then on. Raises NotTheirs, and Over."""
    with transaction.atomic():
        locked = Tester.objects.select_for_update(of=("self",)).select_related("rehearsal").filter(pk=tester.pk).first()
        if locked is None or is_over(locked.rehearsal.version_id):
            raise Over
        if locked.customer_id is None:
            locked.customer = customer
            locked.save(update_fields=["customer"])
    if locked.customer_id != customer.pk:
        raise NotTheirs


def digest_of(key: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(key.encode()).hexdigest()
