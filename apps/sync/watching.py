"""How deliveries stand, from the database alone: what waits and since when, how attempts end, who is away, and what of it is wrong.

The page on the desk, the metrics, the health endpoint and the mails to the operator are all made of what stands here, so none of them
says something else than another. What is red is so by its age, never by how much there is. Tests do not count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db.models import Count, Exists, F, Max, Min, OuterRef, Q, QuerySet, Sum
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy

from apps.cases.letters import Party
from apps.cases.models import Case, Event
from apps.services.models import Service
from apps.services.texts import LANGUAGES, moment_words
from apps.sync import alive
from apps.sync.models import SYSTEM, Delivery, DutyDone, Finding, Notice, Receiver, Reconciliation, RelayAlive, Tally
from apps.sync.receivers.kinds import is_ready
from apps.sync.receivers.mail import Mail
from apps.sync.tally import DELIVERED

WINDOWS = ("minute", "hour", "day", "ever")
A_MINUTE = timedelta(minutes=1)


# --- what is there ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """What is on its way to a receiver, of one service or of all.

    `waiting` is tried, again and again; `refused` waits for a person, and `stopped` stands behind what was refused. `ended` counts how
    attempts ended: in the last whole minute, in the last hour and day, and since counting began.
    """

    waiting: int = 0
    oldest: datetime | None = None
    refused: int = 0
    oldest_refused: datetime | None = None
    stopped: int = 0
    last_delivered: datetime | None = None
    ended: dict[str, Counter[str]] = field(default_factory=lambda: {window: Counter() for window in WINDOWS})

    def delivered(self, window: str) -> int:
        """How many were delivered in one of the windows."""
        return self.ended[window][DELIVERED]


@dataclass(frozen=True)
class Compared:
    """The last comparison with a receiver, come to its end or broken off. `since`: the first of those in a row that were not green."""

    at: datetime
    green: bool
    broke_off: bool
    found: dict[str, int]
    since: datetime | None


@dataclass(frozen=True)
class Watched:
    """A receiver with what is on its way to it, by the primary key of the service."""

    pk: int
    key: str
    name: str
    active: bool
    ready: bool
    failing_since: datetime | None
    away: bool
    services: dict[int, Standing]
    compared: Compared | None = None
    is_system: bool = False  # whether it wakes a connected system, which is one authority's own
    authority: int | None = None  # whose that is

    @property
    def is_on(self) -> bool:
        """Whether it is sent to at all."""
        return self.active and self.ready

    @property
    def is_given_up(self) -> bool:
        """Whether it is off and the settings say nothing of it any more: nothing is owed to it (see `sync.settling`)."""
        return not self.active and not self.ready

    @property
    def total(self) -> Standing:
        """Of all services together."""
        return together(self.services.values())

    def of(self, services: Iterable[int]) -> Watched:
        """The same with some of the services only."""
        kept = set(services)
        return replace(self, services={pk: one for pk, one in self.services.items() if pk in kept})


@dataclass(frozen=True)
class Waiting:
    """How much of something waits, and since when the oldest does."""

    count: int = 0
    oldest: datetime | None = None


@dataclass(frozen=True)
class Watch:
    """All of it, at one moment."""

    at: datetime
    receivers: list[Watched]
    services: dict[int, str]  # their keys
    uncollected: dict[int, Waiting]  # cases with diary lines that no relay has looked at, by service
    relays: list[tuple[str, datetime]]  # the newest sign of life first
    notices: Waiting
    duties: dict[str, datetime]

    @property
    def all_uncollected(self) -> Waiting:
        """Of all services together."""
        some = self.uncollected.values()
        return Waiting(sum(one.count for one in some), _first(one.oldest for one in some))

    @property
    def relays_at_work(self) -> int:
        """How many relays have given a sign of life just now."""
        return sum(seen >= self.at - alive.AT_WORK for _name, seen in self.relays)


def together(some: Iterable[Standing]) -> Standing:
    """Several as one."""
    those = list(some)
    return Standing(
        waiting=sum(one.waiting for one in those),
        oldest=_first(one.oldest for one in those),
        refused=sum(one.refused for one in those),
        oldest_refused=_first(one.oldest_refused for one in those),
        stopped=sum(one.stopped for one in those),
        last_delivered=max((one.last_delivered for one in those if one.last_delivered), default=None),
        ended={window: sum((one.ended[window] for one in those), Counter()) for window in WINDOWS},
    )


def _first(moments: Iterable[datetime | None]) -> datetime | None:
    return min((moment for moment in moments if moment), default=None)


# --- asking the database ---------------------------------------------------------------------------------------------


def look(now: datetime) -> Watch:
    """How deliveries stand. A dozen queries at most; what has been delivered is never looked through."""
    standings = _standings(now)
    compared = _compared(now)
    receivers = [
        Watched(
            pk=one.pk,
            key=one.key,
            name=one.name,
            active=one.active,
            ready=is_ready(one),
            failing_since=one.failing_since,
            away=one.probe_at is not None,
            services={service: found for (receiver, service), found in standings.items() if receiver == one.pk},
            compared=compared.get(one.pk),
            is_system=one.kind == SYSTEM,
            authority=one.system.authority_id if one.system else None,
        )
        for one in Receiver.objects.select_related("system").defer("system__wake_secret").order_by("pk")
    ]
    return Watch(
        at=now,
        receivers=receivers,
        services=dict(Service.objects.order_by("key").values_list("pk", "key")),
        uncollected=_uncollected(),
        relays=list(RelayAlive.objects.order_by("-seen_at").values_list("name", "seen_at")),
        notices=_notices(),
        duties=dict(DutyDone.objects.order_by().values_list("duty").annotate(Max("ended_at"))),
    )


def _standings(now: datetime) -> dict[tuple[int, int], Standing]:
    facts: dict[tuple[int, int], dict[str, Any]] = {}

    def told(rows: Iterable[dict[str, Any]], **names: str) -> None:
        for row in rows:
            of = facts.setdefault((row["receiver"], row["case__service"]), {})
            of.update({name: row[column] for name, column in names.items()})

    told(_counted(_refused(), Min("refused_at")), refused="n", oldest_refused="first")
    waiting = _undelivered().filter(refused_at__isnull=True)
    if facts:
        told(_counted(waiting.filter(_behind_refused()), Min("waits_since")), stopped="n")
        waiting = waiting.exclude(_behind_refused())
    told(_counted(waiting, Min("waits_since")), waiting="n", oldest="first")
    ended, last = _ended(now)
    return {
        key: Standing(
            last_delivered=last.get(key),
            ended=ended.get(key) or {window: Counter() for window in WINDOWS},
            **facts.get(key, {}),
        )
        for key in facts.keys() | ended.keys()
    }


def _undelivered() -> QuerySet[Delivery]:
    """What is owed and not delivered. What waits for the day's digest waits on purpose."""
    return Delivery.objects.filter(delivered_at__isnull=True, case__is_test=False).exclude(party=Party.DIGEST)


def _refused() -> QuerySet[Delivery]:
    return _undelivered().filter(refused_at__isnull=False)


def _behind_refused() -> Exists:
    """Whether something earlier of the same line was refused: then a person is waited for, and not the receiver."""
    return Exists(
        Delivery.objects.filter(
            receiver=OuterRef("receiver"),
            case=OuterRef("case"),
            address=OuterRef("address"),
            number__lt=OuterRef("number"),
            delivered_at__isnull=True,
            refused_at__isnull=False,
        )
    )


def _counted(deliveries: QuerySet[Delivery], first: Min) -> Iterable[Any]:
    return deliveries.order_by().values("receiver", "case__service").annotate(n=Count("pk"), first=first)


def _ended(now: datetime) -> tuple[dict[tuple[int, int], dict[str, Counter[str]]], dict[tuple[int, int], datetime]]:
    """How attempts ended, by receiver and service; and when something was last delivered."""
    this_minute = now.replace(second=0, microsecond=0)
    spans = {
        "minute": Q(minute=this_minute - A_MINUTE),
        "hour": Q(minute__gt=now - timedelta(hours=1) - A_MINUTE),
        "day": Q(minute__gt=now - timedelta(days=1) - A_MINUTE),
    }
    sums = {f"in_{window}": Sum("count", filter=span) for window, span in spans.items()}
    rows: QuerySet[Tally, Any] = Tally.objects.order_by().values("receiver", "service", "outcome")
    ended: dict[tuple[int, int], dict[str, Counter[str]]] = {}
    last: dict[tuple[int, int], datetime] = {}
    for row in rows.annotate(in_ever=Sum("count"), last=Max("last_at"), **sums):
        key = row["receiver"], row["service"]
        counters = ended.setdefault(key, {window: Counter() for window in WINDOWS})
        for window in WINDOWS:
            counters[window][row["outcome"]] = row[f"in_{window}"] or 0
        if row["outcome"] == DELIVERED:
            last[key] = row["last"]
    return ended, last


def _uncollected() -> dict[int, Waiting]:
    """Cases that say that their diary has grown. Without a relay nothing else says that something is owed."""
    grown = Case.objects.real().filter(uncollected_from__isnull=False)
    lines = Event.objects.filter(case__in=grown, number=F("case__uncollected_from")).order_by()
    rows = lines.values_list("case__service").annotate(Count("pk"), Min("at"))
    return {service: Waiting(count, oldest) for service, count, oldest in rows}


def _notices() -> Waiting:
    """Mails that belong to no case, where mail is set up."""
    if not Mail.ready():
        return Waiting()
    found = Notice.objects.filter(sent_at=None, refused_at=None).aggregate(count=Count("pk"), oldest=Min("created_at"))
    return Waiting(found["count"], found["oldest"])


def _compared(now: datetime) -> dict[int, Compared]:
    """The last comparison with each receiver; one that goes on says nothing yet, and one that should have ended long ago broke off."""
    found: dict[int, Compared] = {}
    green_since: set[int] = set()
    begun = Reconciliation.objects.order_by("receiver", "-started_at")
    for one in begun.only("receiver", "started_at", "ended_at", "trouble", "totals"):
        if one.is_going_on(now):
            continue
        if one.receiver_id not in found:
            differs = {str(kind): int(n) for kind in Finding.Kind if (n := one.totals.get(kind))}
            found[one.receiver_id] = Compared(one.started_at, one.is_green, one.ended_at is None, differs, None)
        if one.is_green:
            green_since.add(one.receiver_id)
        elif one.receiver_id not in green_since:
            found[one.receiver_id] = replace(found[one.receiver_id], since=one.started_at)
    return found


# --- what of it is wrong ---------------------------------------------------------------------------------------------


class Light(StrEnum):
    """How something stands, as traffic lights say it."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


LIGHT_WORDS: dict[Light, Any] = {
    Light.GREEN: pgettext_lazy("deliveries", "In order"),
    Light.YELLOW: pgettext_lazy("deliveries", "Look at it"),
    Light.RED: pgettext_lazy("deliveries", "Red: too old"),
}


class What(StrEnum):
    """What can be wrong."""

    LATE = "late"
    FAILING = "failing"
    REFUSED = "refused"
    OFF = "off"
    NOT_SET_UP = "not set up"
    DIFFERS = "differs"
    UNCOLLECTED = "uncollected"
    SILENT = "silent"
    NOTICES = "notices late"


TITLES: dict[str, Any] = {
    What.LATE: gettext_lazy("Deliveries are late: %(receiver)s"),
    What.FAILING: gettext_lazy("Sending fails: %(receiver)s"),
    What.REFUSED: gettext_lazy("Refused, waits for a person: %(receiver)s"),
    What.OFF: gettext_lazy("Switched off: %(receiver)s"),
    What.NOT_SET_UP: gettext_lazy("Not set up: %(receiver)s"),
    What.DIFFERS: gettext_lazy("The comparison is not green: %(receiver)s"),
    What.UNCOLLECTED: gettext_lazy("Nobody looks for what is to be sent"),
    What.SILENT: gettext_lazy("No relay is at work"),
    What.NOTICES: gettext_lazy("Mails that belong to no case are late"),
}
SENTENCES: dict[str, Any] = {
    What.LATE: gettext_lazy("What is to be sent to %(receiver)s has waited since %(since)s."),
    What.FAILING: gettext_lazy("Sending to %(receiver)s has failed since %(since)s. It is tried again and again."),
    What.REFUSED: gettext_lazy("%(receiver)s has refused something, the first %(since)s. Somebody must look at it."),
    What.OFF: gettext_lazy("%(receiver)s is switched off. What is to be sent there has waited since %(since)s."),
    What.NOT_SET_UP: gettext_lazy(
        "The settings do not say where to send what goes to %(receiver)s. It has waited since %(since)s."
    ),
    What.DIFFERS: gettext_lazy("The comparisons with %(receiver)s have not been green since %(since)s."),
    What.UNCOLLECTED: gettext_lazy("No relay has looked since %(since)s at what is to be sent."),
    What.SILENT: gettext_lazy("No relay has given a sign of life since %(since)s."),
    What.NOTICES: gettext_lazy("Mails that belong to no case have waited since %(since)s."),
}
NEVER = gettext_lazy("No relay has given a sign of life yet.")


def title(what: str, receiver: str) -> str:
    """What is wrong, in a few words in the language of the page."""
    return str(TITLES[what]) % {"receiver": receiver}


def sentence(what: str, receiver: str, since: datetime | None) -> str:
    """What is wrong, in a sentence in the language of the page."""
    if since is None:
        return str(NEVER)
    words = {"receiver": receiver, "since": moment_words(since, get_language() or LANGUAGES[0])}
    return str(SENTENCES[what]) % words


@dataclass(frozen=True)
class Limits:
    """From what age on something is red: what waits for a receiver, and what waits for a person. Without one it never is."""

    late: timedelta
    stopped: timedelta | None

    @classmethod
    def set(cls) -> Limits:
        """Those of the settings."""
        stopped = settings.HEALTH_STOPPED_SECONDS
        return cls(timedelta(seconds=settings.HEALTH_SECONDS), timedelta(seconds=stopped) if stopped else None)


@dataclass(frozen=True)
class Problem:
    """Something that is not as it should be, since when, and whether it is red by now. Without `since` it has never been well."""

    what: What
    since: datetime | None
    is_red: bool
    limit: timedelta | None = None
    receiver: Watched | None = None

    @property
    def key(self) -> str:
        """By which it is known again."""
        return f"{self.what} {self.receiver.key}" if self.receiver else str(self.what)

    @property
    def light(self) -> Light:
        """Its light."""
        return Light.RED if self.is_red else Light.YELLOW

    @property
    def title(self) -> str:
        """In a few words."""
        return title(self.what, self.receiver.name if self.receiver else "")

    @property
    def words(self) -> str:
        """In a sentence."""
        return sentence(self.what, self.receiver.name if self.receiver else "", self.since)


def problems(watch: Watch, limits: Limits) -> list[Problem]:
    """Everything that is not as it should be: what is red first, and of equals the oldest."""
    found = [one for receiver in watch.receivers for one in problems_of(receiver, receiver.total, watch.at, limits)]
    for receiver in watch.receivers:
        if receiver.compared and receiver.compared.since:
            found.append(_judged(What.DIFFERS, receiver.compared.since, watch.at, limits.stopped, receiver))
    last_sign = watch.relays[0][1] if watch.relays else None
    of_the_house = (
        _judged(What.SILENT, last_sign, watch.at, limits.late),
        _judged(What.UNCOLLECTED, watch.all_uncollected.oldest or watch.at, watch.at, limits.late),
        _judged(What.NOTICES, watch.notices.oldest or watch.at, watch.at, limits.late),
    )
    found += [one for one in of_the_house if one.is_red]
    return sorted(found, key=lambda one: (not one.is_red, one.since.timestamp() if one.since else 0.0))


def problems_of(receiver: Watched, standing: Standing, now: datetime, limits: Limits) -> list[Problem]:
    """What is not as it should be between a receiver and a service, or all of them."""
    found = []
    if receiver.is_on:
        late = _judged(What.LATE, standing.oldest or now, now, limits.late, receiver)
        if late.is_red:
            found.append(late)
        elif receiver.failing_since and standing.waiting:
            found.append(Problem(What.FAILING, receiver.failing_since, False, None, receiver))
    elif standing.oldest and not receiver.is_given_up:
        what = What.NOT_SET_UP if receiver.active else What.OFF
        found.append(_judged(what, standing.oldest, now, limits.stopped, receiver))
    if standing.oldest_refused and not receiver.is_given_up:
        found.append(_judged(What.REFUSED, standing.oldest_refused, now, limits.stopped, receiver))
    # Where a system is woken is its authority's own doing: that nobody answers there is no trouble of the house, whose machines ask.
    return [replace(one, is_red=False) for one in found] if receiver.is_system else found


def _judged(
    what: What, since: datetime | None, now: datetime, limit: timedelta | None, receiver: Watched | None = None
) -> Problem:
    is_red = since is None or (limit is not None and now - since > limit)
    return Problem(what, since, is_red, limit, receiver)


def light(found: Sequence[Problem]) -> Light:
    """The light over all of them."""
    if any(one.is_red for one in found):
        return Light.RED
    return Light.YELLOW if found else Light.GREEN
