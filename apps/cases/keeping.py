"""How long the content of a case is kept after it has ended, and how it is deleted: what says anything of the matter goes, figures stay.

A case's content is deleted so many days after its closing as the version says that it was filled in with (`keep_days`; 0: never by
itself); of a case that was transferred here, as its new service says now. The days are counted from the last of: it ended, every receiver
had everything (`Case.settled_at`), it was handed over. So what has not arrived where it is owed is never deleted, and a hold stops
everything. A newer version changes nothing for cases of an older one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import astuple, dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Case as Choose
from django.db.models import (
    CharField,
    Count,
    DateTimeField,
    DurationField,
    ExpressionWrapper,
    ProtectedError,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.applications import emptying
from apps.applications.models import Application, ApplicationQuerySet, Attachment
from apps.cases.models import Case, CaseQuerySet, Document, Event
from apps.cases.rulebook import ENDED
from apps.people import log
from apps.people.models import Customer, Principal
from apps.services.models import Service, Version
from apps.services.texts import HELSINKI, date_words

DAY = timedelta(days=1)
SOON = timedelta(days=30)
BY_ITSELF = "(automatic)"  # who deletes what is due, in the log
MOST_AT_ONCE = 1_000  # cases in one round of the duty: it never goes on into the day


class Kept(Exception):
    """The content of the case cannot be deleted now. Says why, in words."""


class Why(StrEnum):
    """How it stands with a case's content, the first that holds."""

    FORGOTTEN = "forgotten"
    TEST = "test"
    OPEN = "open"
    HELD = "held"
    NO_LIMIT = "no_limit"
    NOT_DELIVERED = "not_delivered"
    NOT_HANDED_OVER = "not_handed_over"
    DUE = "due"
    SOON = "soon"
    LATER = "later"


WORDS: dict[str, Any] = {
    Why.FORGOTTEN: gettext_lazy("The content has been deleted."),
    Why.TEST: gettext_lazy("It is a test: it is deleted with the other papers of the test, and is no record."),
    Why.OPEN: gettext_lazy("The case is open. Nothing of it is deleted."),
    Why.HELD: gettext_lazy("The case is kept from being deleted until somebody lets go of it."),
    Why.NO_LIMIT: gettext_lazy("The service sets no time after which content is deleted here."),
    Why.NOT_DELIVERED: gettext_lazy(
        "Not every receiver has everything of the case yet. Nothing is deleted before that."
    ),
    Why.NOT_HANDED_OVER: gettext_lazy("The case has not been handed over yet. Nothing is deleted before that."),
    Why.DUE: gettext_lazy("The time is over. The content is deleted in the coming night."),
}


@dataclass(frozen=True)
class Standing:
    """How it stands with a case's content, and the day on which it is deleted where that can be said."""

    why: Why
    on: date | None = None

    @property
    def words(self) -> str:
        """In words."""
        if self.on is not None and self.why is not Why.DUE:
            return _("The content is deleted on %(day)s.") % {"day": date_words(self.on)}
        return str(WORDS[self.why])


# --- one case --------------------------------------------------------------------------------------------------------


def standing(case: Case, today: date | None = None) -> Standing:
    """How it stands with the content of a case. Asks the case, its service and the version of its paper."""
    day = today or timezone.localdate(timezone=HELSINKI)
    if why := _what_keeps(case):
        return Standing(why)
    on = _counted_from(case).astimezone(HELSINKI).date() + timedelta(days=_days(case)) + DAY
    if on <= day:
        return Standing(Why.DUE, on)
    return Standing(Why.SOON if on <= day + SOON else Why.LATER, on)


def forget_on(case: Case) -> date | None:
    """The day in whose first hours the content is deleted; None while something keeps it."""
    return standing(case).on


def why_kept(case: Case, today: date | None = None) -> str:
    """Why the content is there still, in words."""
    return standing(case, today).words


def _what_keeps(case: Case) -> Why | None:
    if case.forgotten_at is not None:
        return Why.FORGOTTEN
    if case.is_test:
        return Why.TEST
    if case.status not in ENDED:
        return Why.OPEN
    if case.held:
        return Why.HELD
    if not _days(case):
        return Why.NO_LIMIT
    if case.settled_at is None or case.uncollected_from is not None:
        return Why.NOT_DELIVERED
    is_handed_over = bool(case.service.needs_handover or case.service.handover_on)
    return Why.NOT_HANDED_OVER if is_handed_over and case.handed_over_at is None else None


def _days(case: Case) -> int:
    """As the version says that it was filled in with; of a case transferred here, as the service says now where it has come."""
    version = case.application.version if case.transferred_from_id is None else case.service.published
    return version.definition.keep_days if version else 0


def _counted_from(case: Case) -> datetime:
    return max(moment for moment in (case.status_at, case.settled_at, case.handed_over_at) if moment is not None)


# --- many cases ------------------------------------------------------------------------------------------------------

HANDED_OVER = Q(handed_over_at__isnull=False) | Q(service__needs_handover=False, service__handover_on=[])


@dataclass
class Limited:
    """To what a number of days applies: services of which every version says it, and single versions of the others."""

    services: list[int] = field(default_factory=list)
    versions: list[int] = field(default_factory=list)

    @property
    def cases(self) -> Q:
        """The cases, as `_days` says of one."""
        # Most services have said one thing only. Then the paper, which tells the version, need not be looked at.
        found = Q(service__in=self.services)
        if self.versions:
            found |= Q(transferred_from=None, application__version__in=self.versions)
            found |= Q(transferred_from__isnull=False, service__published__in=self.versions)
        return found


Limits = dict[int, Limited]  # by the number of days


def limits(services: Iterable[Service] | None = None) -> Limits:
    """What sets a time limit, of the services or by default of all. Versions that do not name it are not read."""
    versions = Version.objects.all() if services is None else Version.objects.filter(service__in=services)
    days = {
        version.pk: version.definition.keep_days
        for version in versions.filter(document__contains="keep_days").iterator(50)
    }
    by_service: dict[int, list[int]] = defaultdict(list)
    for version, service in versions.order_by("pk").values_list("pk", "service"):
        by_service[service].append(version)
    found: Limits = defaultdict(Limited)
    for service, own in by_service.items():
        said = {days.get(version, 0) for version in own}
        if len(said) == 1:
            found[said.pop()].services.append(service)
            continue
        for version in own:
            found[days.get(version, 0)].versions.append(version)
    return {number: limited for number, limited in found.items() if number}


def due_to_forget(now: datetime, known: Limits | None = None) -> CaseQuerySet:
    """The cases whose content is to be deleted, those whose time was over first before the others."""
    today = now.astimezone(HELSINKI).date()
    return in_order(Case.objects.all(), today, limits() if known is None else known)


def in_order(cases: CaseQuerySet, day: date, known: Limits) -> CaseQuerySet:
    """Those of the cases whose content is to be deleted by a day, the first ones first."""
    nothing_keeps = Q(forgotten_at=None, held=False, status__in=ENDED, uncollected_from=None, settled_at__isnull=False)
    over = cases.real().filter(nothing_keeps, HANDED_OVER, _over(day, known))
    length = Choose(
        *(When(limited.cases, then=Value(days * DAY)) for days, limited in known.items()),
        default=Value(0 * DAY),
        output_field=DurationField(),
    )
    counted_from = Greatest("status_at", "settled_at", Coalesce("handed_over_at", "status_at"))
    ends = ExpressionWrapper(counted_from + length, output_field=DateTimeField())
    return over.order_by(ends, "pk")


def _over(day: date, known: Limits) -> Q:
    """Those whose time is over on a day. Nothing else is asked of them."""
    over = Q(pk__in=[])
    for days, limited in known.items():
        # The last day that counts from is so many days back, to its end: the same as in `standing`.
        before = datetime.combine(day - timedelta(days=days), time.min, HELSINKI)
        ready = Q(status_at__lt=before, settled_at__lt=before) & (Q(handed_over_at=None) | Q(handed_over_at__lt=before))
        over |= ready & limited.cases
    return over


def why(today: date, known: Limits) -> Choose:
    """How it stands with each case of a query, as `standing` says of one."""
    has_limit = Q(pk__in=[])
    for limited in known.values():
        has_limit |= limited.cases
    return Choose(
        When(forgotten_at__isnull=False, then=Value(Why.FORGOTTEN.value)),
        When(is_test=True, then=Value(Why.TEST.value)),
        When(~Q(status__in=ENDED), then=Value(Why.OPEN.value)),
        When(held=True, then=Value(Why.HELD.value)),
        When(~has_limit, then=Value(Why.NO_LIMIT.value)),
        When(Q(settled_at=None) | Q(uncollected_from__isnull=False), then=Value(Why.NOT_DELIVERED.value)),
        When(~HANDED_OVER, then=Value(Why.NOT_HANDED_OVER.value)),
        When(_over(today, known), then=Value(Why.DUE.value)),
        When(_over(today + SOON, known), then=Value(Why.SOON.value)),
        default=Value(Why.LATER.value),
        output_field=CharField(),
    )


# --- what goes -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Going:
    """What goes with the content of cases, in figures."""

    cases: int = 0
    papers: int = 0
    files: int = 0
    bytes: int = 0
    lines: int = 0

    def __add__(self, other: Going) -> Going:
        return Going(*(one + more for one, more in zip(astuple(self), astuple(other), strict=True)))

    def __str__(self) -> str:
        """For operators."""
        return f"papers {self.papers}, files {self.files} ({self.bytes} bytes), diary lines {self.lines}"


def what_goes(cases: Iterable[Case]) -> dict[int, Going]:
    """What would go with each of these cases, by its id. A few queries, however many cases."""
    ids = [case.pk for case in cases]
    papers = _counted(Application.objects.filter(event__case__in=ids), "event__case")
    attached = _weighed(Attachment.objects.filter(application__event__case__in=ids), "application__event__case")
    documents = _weighed(Document.objects.filter(event__case__in=ids), "event__case")
    lines = _counted(Event.objects.filter(case__in=ids), "case")
    nothing = (0, 0)
    return {
        pk: Going(
            1,
            papers.get(pk, 0),
            attached.get(pk, nothing)[0] + documents.get(pk, nothing)[0],
            attached.get(pk, nothing)[1] + documents.get(pk, nothing)[1],
            lines.get(pk, 0),
        )
        for pk in ids
    }


def _counted(rows: QuerySet[Any], by: str) -> dict[int, int]:
    return dict(rows.order_by().values_list(by).annotate(Count("pk")))


def _weighed(files: QuerySet[Any], by: str) -> dict[int, tuple[int, int]]:
    rows = files.order_by().values_list(by).annotate(Count("pk"), Sum("size"))
    return {case: (count, size) for case, count, size in rows}


# --- deleting --------------------------------------------------------------------------------------------------------


def forget(case: Case, *, at: datetime | None = None, by: str = BY_ITSELF) -> Going:
    """Delete the content of a case that is due, in one transaction; the files' contents go after it. What went. Raises Kept, in words.

    What stays: its row with number, service, version, language, way, municipality, days, status, outcome and register number.
    """
    moment = at or timezone.now()
    with transaction.atomic():
        rows = Case.objects.select_for_update(of=("self",)).select_related("service", "application__version")
        locked = rows.get(pk=case.pk)
        now = standing(locked, moment.astimezone(HELSINKI).date())
        if now.why is not Why.DUE:
            raise Kept(now.words)
        gone = what_goes([locked])[locked.pk]
        _delete_content(locked)
        _leave_figures(locked, moment)
        authority = locked.service.authority_id
        log.write(log.Act.DELETED, str(locked), who=by, authority=authority, detail=str(gone))
    return gone


def forget_what_is_due(now: datetime, *, by: str = BY_ITSELF, most: int = MOST_AT_ONCE) -> Going:
    """Delete the content of what is due, each case for itself, at most so many. What went."""
    emptying.remove_what_is_left()
    gone = Going()
    for case in list(due_to_forget(now).only("pk")[:most]):
        try:
            gone += forget(case, at=now, by=by)
        except Kept:
            continue  # somebody has reopened it, or holds it now
    return gone


def forget_whom_nothing_is_left_of() -> int:
    """Delete customers whom officials have entered, and principals, to whom nothing belongs any more; how many there were.

    Who signs in themselves stays known, with what they have told the portal of themselves.
    """
    entered = emptying.without_papers(Customer.objects.filter(way=Customer.DESK)).exclude(**emptying.NOBODY)
    represented = emptying.without_papers(Principal.objects.filter(mandates=None))
    return sum(_deleted(row) for row in [*entered[:MOST_AT_ONCE], *represented[:MOST_AT_ONCE]])


def _deleted(row: Customer | Principal) -> bool:
    """Whether it is gone; not when something has been begun for it meanwhile."""
    try:
        with transaction.atomic():
            row.delete()
    except (IntegrityError, ProtectedError):
        return False
    return True


def _delete_content(case: Case) -> None:
    """The papers, the diary with its files and deliveries, requests and consultations."""
    own = case.application
    others, documents = _other_papers(case), Document.objects.filter(event__case=case)
    ids = list(others.values_list("pk", flat=True))  # known before the diary is gone, which leads to them
    files = list(documents)
    documents.delete()
    case.events.all().delete()
    case.supplement_requests.all().delete()
    case.consultations.all().delete()
    emptying.empty(own, Application.objects.filter(pk__in=ids), files)


def _other_papers(case: Case) -> ApplicationQuerySet:
    """Supplements and additions, sent and begun."""
    sent = Q(event__case=case) | Q(answers_request__case=case)
    begun = Q(sent_at=None, supplement_form__case=case.pk, version=case.application.version_id)
    return Application.objects.filter(sent | begun).exclude(pk=case.application_id)


def _leave_figures(case: Case, at: datetime) -> None:
    Case.objects.filter(pk=case.pk).update(
        outcome_text="", words="", mail_to="", handler=None, handler_name="", paused_at=None, forgotten_at=at
    )
