"""The room of the desk that shows how deliveries stand: per receiver and service, what is not as it should be first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext_lazy
from django.views.decorators.http import require_safe

from apps.people import access
from apps.people.access import Visitor
from apps.people.adminsite import Room
from apps.services.models import Service
from apps.sync import tally, watching
from apps.sync.models import Alarm
from apps.sync.tally import FAILURES
from apps.sync.watching import LIGHT_WORDS, Light, Limits, Problem, Standing, Watch, Watched

TAGS = {Light.GREEN: "done", Light.YELLOW: "soon", Light.RED: "overdue"}
ALARMS_SHOWN = 20
FAILURE_WORDS: dict[str, Any] = {
    tally.LATER: pgettext_lazy("attempt", "not now"),
    tally.BARRED: pgettext_lazy("attempt", "not let in"),
    tally.UNKNOWN: pgettext_lazy("attempt", "answer lost"),
    tally.REFUSED: pgettext_lazy("attempt", "refused"),
    tally.BEHIND: pgettext_lazy("attempt", "earlier lines missing there"),
}


@dataclass(frozen=True)
class Lamp:
    """A light with its words; its colour says nothing that the words do not."""

    light: Light
    why: list[str]

    @property
    def words(self) -> str:
        """What it says."""
        return str(LIGHT_WORDS[self.light])

    @property
    def tag(self) -> str:
        """The class of its tag."""
        return TAGS[self.light]

    @classmethod
    def over(cls, found: list[Problem]) -> Lamp:
        """The lamp over some problems, which it names."""
        return cls(watching.light(found), [one.words for one in found])


@dataclass(frozen=True)
class Row:
    """A receiver, or one of the services of it."""

    name: str
    lamp: Lamp
    standing: Standing
    age: str
    refused: str
    waiting: str

    @property
    def rate(self) -> str:
        """How many were delivered in the last minute, hour and day."""
        return " / ".join(str(self.standing.delivered(window)) for window in ("minute", "hour", "day"))

    @property
    def failures(self) -> str:
        """How attempts of the last day have failed, and how often."""
        counted = self.standing.ended["day"]
        return ", ".join(f"{FAILURE_WORDS[kind]}: {counted[kind]}" for kind in FAILURES if counted[kind])


@dataclass(frozen=True)
class Table:
    """A receiver with its services, those that have waited longest first."""

    pk: int
    whole: Row
    rows: list[Row]
    failing_since: datetime | None
    away: bool


@admin.register(Alarm)
class WatchRoom(Room):
    """How deliveries stand: for who looks after the installation, and of their own services for managers."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who looks after the installation, and managers."""
        manages = access.authorities_where(request.user, access.MANAGES)
        return access.keeps_installation(request.user) or bool(manages)

    def get_urls(self) -> list[URLPattern]:
        """One page. Its name is that of a list, so that the front page of the desk finds it."""
        return [path("", self.admin_site.admin_view(require_safe(self.changelist_view)), name="sync_alarm_changelist")]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """How everything stands that the user may know of."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        everything = access.keeps_installation(request.user)
        watch, limits, names = watching.look(timezone.now()), Limits.set(), services_of(request.user)
        of_the_house = watching.problems(watch, limits) if everything else []
        return self.page(
            request,
            "admin/sync/alarm/watch.html",
            _("How deliveries stand"),
            everything=everything,
            lamp=Lamp.over(of_the_house),
            problems=of_the_house,
            tables=tables(replace(watch, receivers=_shown(watch, request.user)), names, limits),
            relays=watch.relays_at_work,
            last_sign=watch.relays[0][1] if watch.relays else None,
            last_duty=max((moment for moment in watch.duties.values() if moment), default=None),
            uncollected=watch.all_uncollected,
            notices=watch.notices,
            compared=[(one, one.compared) for one in watch.receivers if one.compared],
            alarms=_alarms() if everything else [],
        )


def _shown(watch: Watch, user: Visitor) -> list[Watched]:
    """The receivers a user may know of: of the systems that are woken their own authorities' alone, and none that is woken no more."""
    manages = access.authorities_where(user, access.MANAGES)
    everything = access.keeps_installation(user)
    current = [one for one in watch.receivers if not (one.is_system and one.is_given_up)]
    return [one for one in current if everything or not one.is_system or one.authority in manages]


def services_of(user: Visitor) -> dict[int, str]:
    """The names of the services whose deliveries the user may know of, by primary key."""
    all_of_them = Service.objects.select_related("published").order_by("key")
    own = (
        all_of_them if access.keeps_installation(user) else all_of_them.filter(access.of_services(user, access.MANAGES))
    )
    return {service.pk: str(service) for service in own}


def tables(watch: Watch, names: Mapping[int, str], limits: Limits) -> list[Table]:
    """A table for each receiver; of the services that are named, those with anything to say."""
    return [_table(receiver.of(names), watch.at, names, limits) for receiver in watch.receivers]


def _table(receiver: Watched, now: datetime, names: Mapping[int, str], limits: Limits) -> Table:
    oldest_first = sorted(receiver.services.items(), key=lambda item: _since(item[1], now))
    rows = [_row(names[pk], receiver, one, now, limits, pk) for pk, one in oldest_first]
    whole = _row(receiver.name, receiver, receiver.total, now, limits)
    return Table(receiver.pk, whole, rows, receiver.failing_since, receiver.away)


def _since(standing: Standing, now: datetime) -> datetime:
    return min(standing.oldest or now, standing.oldest_refused or now)


def _row(
    name: str, receiver: Watched, standing: Standing, now: datetime, limits: Limits, service: int | None = None
) -> Row:
    found = watching.problems_of(receiver, standing, now, limits)
    age = age_words(now - standing.oldest) if standing.oldest else ""
    address = _address(receiver.pk, service)
    return Row(name, Lamp.over(found), standing, age, f"{address}&status=refused", f"{address}&status=waiting")


def _address(receiver: int, service: int | None) -> str:
    """The list of a receiver's deliveries, of one service or of all."""
    asked: dict[str, Any] = {"receiver__id__exact": receiver} | ({"service": service} if service else {})
    return f"{reverse('admin:sync_delivery_changelist')}?{urlencode(asked)}"


def age_words(age: timedelta) -> str:
    """How long something has waited, roughly, as one says it."""
    seconds = max(0, int(age.total_seconds()))
    if seconds < 60:
        return ngettext("%(n)d second", "%(n)d seconds", seconds) % {"n": seconds}
    if seconds < 2 * 3600:
        return ngettext("%(n)d minute", "%(n)d minutes", seconds // 60) % {"n": seconds // 60}
    if seconds < 2 * 86_400:
        return ngettext("%(n)d hour", "%(n)d hours", seconds // 3600) % {"n": seconds // 3600}
    return ngettext("%(n)d day", "%(n)d days", seconds // 86_400) % {"n": seconds // 86_400}


def _alarms() -> list[tuple[str, Alarm]]:
    rows = Alarm.objects.select_related("receiver").order_by("-pk")[:ALARMS_SHOWN]
    return [(watching.title(one.what, one.receiver.name if one.receiver else ""), one) for one in rows]
