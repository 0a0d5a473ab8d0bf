"""What must hold before the public sees a version, and the acts by which it does, or no longer does.

Every version that takes effect leaves a Publication: who asked for it and why, who confirmed it, and when. One that waits, for a second
person or for its time, is the only one of its service that does; what is asked for or done after it calls it off.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.people import access, log
from apps.people.models import User
from apps.services import gate
from apps.services.completeness import obstacles as obstacles  # what a version lacks is asked here
from apps.services.models import Publication, Service, Version
from apps.services.reading import Problem, Unreadable


class NotTheSecond(Exception):
    """Who asked for a publication cannot be the one who confirms it, by another account either."""

    def __str__(self) -> str:
        return _("You asked for this yourself. Somebody else must confirm it.")


class AskerGone(Exception):
    """The account of who asked is gone, so nobody can tell that the one who confirms is a second person."""

    def __str__(self) -> str:
        return _("The account of who asked for this is gone. Call it off, and ask for it anew.")


class Settled(Exception):
    """The publication no longer waits: it has taken effect, or was called off."""

    def __str__(self) -> str:
        return _("This no longer waits: it has taken effect or was called off meanwhile.")


class NothingBefore(Exception):
    """There is no version that was in use before the one in use now."""

    def __str__(self) -> str:
        return _("No other version has been in use before.")


# What a higher floor can tell beforehand of a version's effect, in sentences of the page's language: what happens to drafts.
Teller = Callable[[Version], list[str]]
tellers: list[Teller] = []


def effect_of(version: Version) -> list[str]:
    """What publishing a version would mean for what customers have begun; the version need not be stored."""
    return [sentence for tell in tellers for sentence in tell(version)]


# --- publishing ----------------------------------------------------------------------------------------------------------


def publish(version: Version, *, by: User | None, at: datetime | None = None) -> None:
    """Let customers fill in this version from now on. Raises Unreadable with what must be mended first.

    Drafts and cases keep the version they were begun with. A version published again keeps the moment it first was.
    """
    if found := obstacles(version.definition):
        raise Unreadable(found)
    moment = at or timezone.now()
    with transaction.atomic():
        service = _locked(version.service_id)
        _call_off_waiting(service, None, moment)
        done = Publication.objects.create(version=version, asked_at=moment, asked_by=by, done_at=moment)
        _put_into_use(done, service, moment)


def ask(
    version: Version, *, by: User | None, why: str, wanted_at: datetime | None = None, at: datetime | None = None
) -> Publication:
    """Publish a version, at once or at a moment; where the authority wants two persons, when another one has confirmed it.

    One of the same service that waits already is called off. Raises Unreadable with what the gate stops. A version that customers have
    filled in before is only asked whether its texts are there: what it is taken back from may be worse.
    """
    if found := stops_of(version):
        raise Unreadable(found)
    moment = at or timezone.now()
    with transaction.atomic():
        service = _locked(version.service_id)
        _call_off_waiting(service, by, moment)
        asked = Publication.objects.create(
            version=version,
            why=why,
            asked_at=moment,
            asked_by=by,
            wanted_at=wanted_at,
            needs_second=service.authority.two_persons,
        )
        if not asked.needs_second and _is_due(asked, moment):
            _take_effect(asked, service, moment)
    return asked


def stops_of(version: Version) -> list[Problem]:
    """What must be mended before a version can be published."""
    if version.published_at is not None:
        return obstacles(version.definition)
    return [finding.as_problem for finding in gate.stops(gate.of_version(version))]


def confirm(publication: Publication, *, by: User, at: datetime | None = None) -> None:
    """Agree as the second person; what wants no later moment takes effect. Raises NotTheSecond, AskerGone, Settled, and Unreadable."""
    moment = at or timezone.now()
    with transaction.atomic():
        service = _locked(publication.version.service_id)
        waiting = _still_waiting(publication)
        if waiting.asked_by is None:
            raise AskerGone
        if _same_person(waiting.asked_by, by):
            raise NotTheSecond
        waiting.confirmed_at, waiting.confirmed_by = moment, by
        waiting.save(update_fields=["confirmed_at", "confirmed_by"])
        if _is_due(waiting, moment):
            _take_effect(waiting, service, moment)
    publication.refresh_from_db()


def _same_person(asked: User, by: User) -> bool:
    """Whether two accounts are one person's, as far as can be told: by their e-mail address."""
    return asked.pk == by.pk or (bool(asked.email) and asked.email.casefold() == by.email.casefold())


def call_off(publication: Publication, *, by: User | None, at: datetime | None = None) -> None:
    """Let a publication that waits not take effect. Raises Settled."""
    with transaction.atomic():
        _locked(publication.version.service_id)
        waiting = _still_waiting(publication)
        waiting.called_off_at, waiting.called_off_by = at or timezone.now(), by
        waiting.save(update_fields=["called_off_at", "called_off_by"])
    publication.refresh_from_db()


def take_back(service: Service, *, by: User | None, why: str, at: datetime | None = None) -> Publication:
    """Publish the version again that was in use before the present one. Raises NothingBefore and Unreadable."""
    before = version_before(service)
    if before is None:
        raise NothingBefore
    return ask(before, by=by, why=why, at=at)


def version_before(service: Service) -> Version | None:
    """The version that was in use before the one in use now, if any."""
    if service.published is None:
        return None
    used = Publication.objects.filter(version__service=service, done_at__isnull=False)
    used = used.exclude(version=service.published)
    latest = used.select_related("version").order_by("-done_at", "-pk").first()
    if latest is not None:
        return latest.version
    earlier = service.versions.filter(published_at__isnull=False).exclude(pk=service.published.pk)
    return earlier.order_by("-published_at", "-number").first()


def waiting_of(service: Service) -> Publication | None:
    """The publication of a service that waits, for a second person or for its time."""
    waiting = Publication.objects.waiting().filter(version__service=service)
    return waiting.select_related("version", "asked_by", "confirmed_by").defer("version__document").first()


def waiting_for(user: User) -> list[Publication]:
    """The publications that wait for a second person and that the user can confirm."""
    theirs = access.authorities_where(user, access.DEFINES_SERVICES)
    waiting = Publication.objects.waiting().filter(needs_second=True, confirmed_at=None)
    own = waiting.filter(version__service__authority__in=theirs).exclude(asked_by=user)
    found = own.select_related("asked_by", "version__service__published")
    return list(found.defer("version__document", "version__service__published__document")) if theirs else []


def publications_of(service: Service) -> list[Publication]:
    """All publications of a service, the latest first."""
    found = Publication.objects.filter(version__service=service).defer("version__document")
    return list(found.select_related("version", "asked_by", "confirmed_by", "called_off_by"))


# --- at the set time -----------------------------------------------------------------------------------------------------


def publish_due(now: datetime) -> int:
    """Let the publications take effect whose time has come, each once, however many ask for it at once; how many did.

    One that another publication has overtaken, or that lacks something after all, is called off instead.
    """
    due = Publication.objects.waiting().filter(
        Q(needs_second=False) | Q(confirmed_at__isnull=False), wanted_at__lte=now
    )
    return sum(_publish_one(publication, now) for publication in due.select_related("version__service").order_by("pk"))


def _publish_one(publication: Publication, now: datetime) -> bool:
    try:
        with transaction.atomic():
            service = _locked(publication.version.service_id)
            waiting = _still_waiting(publication)
            good = not _is_overtaken(waiting, service) and not obstacles(waiting.version.definition)
            if good:
                _take_effect(waiting, service, now)
            else:
                Publication.objects.waiting().filter(pk=waiting.pk).update(called_off_at=now)
    except Settled:  # another relay, or somebody at the desk, has been faster
        return False
    detail = f"published {waiting.version.number}" if good else f"called off {waiting.version.number}"
    log.write(log.Act.CHANGED, f"service {service.key}", who="relay", authority=service.authority_id, detail=detail)
    return good


def _is_overtaken(publication: Publication, service: Service) -> bool:
    """Whether one that was asked for after it has taken effect."""
    after = Publication.objects.filter(version__service=service, pk__gt=publication.pk)
    return after.filter(done_at__isnull=False).exists()


# --- what they share -----------------------------------------------------------------------------------------------------


def _locked(pk: int) -> Service:
    return Service.objects.select_for_update(of=("self",)).select_related("authority").get(pk=pk)


def _still_waiting(publication: Publication) -> Publication:
    """The row as it is now that nobody else can change it. Raises Settled."""
    waiting = Publication.objects.waiting().filter(pk=publication.pk).select_related("version").first()
    if waiting is None:
        raise Settled
    return waiting


def _call_off_waiting(service: Service, by: User | None, moment: datetime) -> None:
    waiting = Publication.objects.waiting().filter(version__service=service)
    waiting.update(called_off_at=moment, called_off_by=by)


def _is_due(publication: Publication, moment: datetime) -> bool:
    return publication.wanted_at is None or publication.wanted_at <= moment


def _take_effect(publication: Publication, service: Service, moment: datetime) -> None:
    """Raises Unreadable, and Settled when somebody else has been faster."""
    if found := obstacles(publication.version.definition):
        raise Unreadable(found)
    if not Publication.objects.waiting().filter(pk=publication.pk).update(done_at=moment):
        raise Settled
    publication.done_at = moment
    _put_into_use(publication, service, moment)


def _put_into_use(publication: Publication, service: Service, moment: datetime) -> None:
    version = publication.version
    first_time = Version.objects.filter(pk=version.pk, published_at=None)
    first_time.update(published_at=moment, published_by=publication.asked_by)
    version.refresh_from_db(fields=["published_at", "published_by"])
    service.published = version
    service.save(update_fields=["published"])


# --- open and closed -----------------------------------------------------------------------------------------------------


def close(service: Service, *, at: datetime | None = None) -> None:
    """Let nobody begin with the service from now on. Drafts begun before can still be sent."""
    Service.objects.filter(pk=service.pk, closed_at=None).update(closed_at=at or timezone.now())
    service.refresh_from_db(fields=["closed_at"])


def open_again(service: Service) -> None:
    """Let customers begin with the service again."""
    Service.objects.filter(pk=service.pk).update(closed_at=None)
    service.refresh_from_db(fields=["closed_at"])


def take_old_versions_until(service: Service, last: date | None) -> None:
    """Let drafts of older versions be sent to the end of a day in Helsinki, and then no more; without a day, for ever."""
    service.old_versions_until = last
    service.save(update_fields=["old_versions_until"])
