"""The authority's folder of a case: its status, its diary, the supplements asked for, and the verb that moves it."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models, transaction
from django.db.models import Value
from django.db.models.functions import Coalesce, Least
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from apps.applications.models import Application, StoredFile
from apps.applications.parties import has_mandate_for
from apps.cases.rulebook import (
    NEED_WORDS,
    OUTCOMES,
    STATUS_WORDS,
    STEPS,
    Party,
    Status,
    Step,
    status_choices,
    steps_from,
)
from apps.people import access
from apps.people.access import Visitor
from apps.people.models import Customer, Principal, User
from apps.people.sealing import SealedJSONField, SealedTextField
from apps.services.models import Service
from apps.services.texts import HELSINKI

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class NotAllowed(Exception):
    """The rule book refuses the step. The message says what is possible instead."""


class Immutable(Exception):
    """A diary line is followed by others, never changed."""


class CaseQuerySet(models.QuerySet["Case"]):
    """Cases."""

    def visible_to(self, user: Visitor) -> CaseQuerySet:
        """Those an official may read."""
        return self.filter(access.cases_of(user))

    def of(self, customer: Customer) -> CaseQuerySet:
        """A customer's own."""
        return self.filter(access.cases_of_customer(customer))


class Case(models.Model):
    """A matter at an authority. It begins when a paper arrives, and is known outside by its `external_id`."""

    number = models.CharField(  # noqa: DJ001 (unique, and made from the row's id a moment after the row)
        gettext_lazy("case number"), max_length=20, unique=True, null=True, editable=False
    )
    external_id = models.UUIDField(gettext_lazy("external id"), default=uuid.uuid4, unique=True, editable=False)
    service = models.ForeignKey(Service, models.PROTECT, related_name="cases", verbose_name=gettext_lazy("service"))
    application = models.OneToOneField(
        Application, models.PROTECT, related_name="case", verbose_name=gettext_lazy("application")
    )
    status = models.CharField(gettext_lazy("status"), max_length=30, choices=status_choices, default=Status.RECEIVED)
    status_at = models.DateTimeField(gettext_lazy("status since"))
    arrived_at = models.DateTimeField(
        gettext_lazy("arrived"), help_text=gettext_lazy("When it was available to the authority (13/2003, section 10).")
    )
    handler = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="handled_cases", verbose_name=gettext_lazy("handler")
    )
    handling_since = models.DateTimeField(gettext_lazy("handling began"), null=True, blank=True)
    outcome = models.CharField(gettext_lazy("outcome"), max_length=30, blank=True)
    outcome_text = SealedTextField(gettext_lazy("about the outcome"), blank=True)
    register_number = models.CharField(
        gettext_lazy("register number"),
        max_length=60,
        blank=True,
        default="",
        help_text=gettext_lazy("The authority's own, from its case management."),
    )
    # What `sync` looks for instead of looking through the whole diary. It is set with the line, in one transaction, and cleared under
    # the case's lock: a case's lines become visible in order, so none can be missed.
    uncollected_from = models.PositiveIntegerField(
        gettext_lazy("not yet collected from"),
        null=True,
        blank=True,
        editable=False,
        help_text=gettext_lazy("The first of its events that has not been handed to the receivers."),
    )
    acknowledged_number = models.PositiveIntegerField(
        gettext_lazy("acknowledged up to"),
        default=0,
        help_text=gettext_lazy("The last of its events that the national service has."),
    )
    acknowledged_at = models.DateTimeField(gettext_lazy("acknowledged"), null=True, blank=True)
    seen_number = models.PositiveIntegerField(
        gettext_lazy("seen up to"),
        default=0,
        editable=False,
        help_text=gettext_lazy("The last of its events that was there when the customer last opened the case."),
    )

    objects = CaseQuerySet.as_manager()

    class Meta:
        verbose_name = gettext_lazy("case")
        verbose_name_plural = gettext_lazy("cases")
        indexes: ClassVar = [
            models.Index(fields=["service", "-arrived_at"], name="case_of_service"),
            models.Index(
                fields=["id"], condition=models.Q(uncollected_from__isnull=False), name="case_with_uncollected"
            ),
        ]

    def __str__(self) -> str:
        return self.number or ""

    # --- in words --------------------------------------------------------------------------------------------------

    @property
    def language(self) -> str:
        """The language the customer used."""
        return self.application.language

    @property
    def service_name(self) -> str:
        """The service's name as it was when the case began, in the language of the page."""
        return self.application.version.definition.name.said(get_language())

    @property
    def outcome_label(self) -> str:
        """The outcome in words that fit the kind of service."""
        return str(OUTCOMES[self.application.version.definition.kind].get(self.outcome, ""))

    @property
    def status_label(self) -> str:
        """The status in words; a closed case says its outcome."""
        return self.outcome_label or str(STATUS_WORDS[self.status])

    # --- steps -----------------------------------------------------------------------------------------------------

    def party_of(self, by: User | Customer) -> Party | None:
        """As whom somebody may take steps here; None for a stranger."""
        if isinstance(by, Customer):
            paper = self.application
            theirs = access.speaks_for(by, paper.customer_id, paper.principal_id)
            return Party.CUSTOMER if theirs and has_mandate_for(paper.version.definition, by) else None
        return Party.HANDLER if access.may_handle(by, self.service.authority_id) else None

    def steps_for(self, by: User | Customer) -> list[Step]:
        """What somebody may do with it now."""
        party = self.party_of(by)
        return steps_from(self.status, party) if party else []

    def take_step(
        self, name: str, *, by: User | Customer, at: datetime | None = None, once: str = "", **facts: Any
    ) -> Event:
        """Take a step of the rule book and write it into the diary, in one transaction. Raises NotAllowed, in words.

        The case's row is locked, so of two people at once the second is judged by what the first has done.
        `once` is what a form carries: the same form sent again (a double click, a retry) gives the line it gave and takes no other step.
        """
        moment = at or timezone.now()
        with transaction.atomic():
            locked = Case.objects.select_for_update(of=("self",)).get(pk=self.pk)
            key = uuid.uuid5(locked.external_id, f"{name} {by.pk} {once}") if once else uuid.uuid4()
            if once and (taken := locked.events.filter(key=key).first()):
                return taken
            step = locked._allowed(name, by, facts)
            if step.after:
                locked.status, locked.status_at = step.after, moment
            files = list(facts.get("files", ()))
            data = EFFECTS[name](locked, by=by, at=moment, **facts) if name in EFFECTS else {}
            locked.save()
            event = Event.record(locked, name, by=by, at=moment, data=data, key=key)
            for document in files:
                document.event = event
                document.save(force_insert=True)
        self.refresh_from_db()
        return event

    def possible_step(self, name: str, *, by: User | Customer) -> Step:
        """The step of that name, when somebody may take it now. Raises NotAllowed, in words."""
        step, party = STEPS.get(name), self.party_of(by)
        possible = steps_from(self.status, party) if party else []
        if party is None:
            raise NotAllowed(_("You may not take steps in this case."))
        if step is None or step not in possible:
            words = {
                "status": STATUS_WORDS[self.status],
                "steps": ", ".join(str(s.label) for s in possible) or _("nothing"),
            }
            raise NotAllowed(
                _("This cannot be done while the case's status is “%(status)s”. What can be done: %(steps)s.") % words
            )
        return step

    def _allowed(self, name: str, by: User | Customer, facts: dict[str, Any]) -> Step:
        step = self.possible_step(name, by=by)
        if not set(step.needs) <= set(facts) <= {*step.needs, *step.may}:
            needs = ", ".join(str(NEED_WORDS[need]) for need in step.needs)
            raise NotAllowed(_("The step needs: %(needs)s.") % {"needs": needs or _("nothing more")})
        return step

    def note_acknowledged(self, receiver: str, number: int, at: datetime) -> None:
        """What delivery tells the case: a receiver has its events up to a number. Only the national service's is shown."""
        if receiver == "national":
            behind = Case.objects.filter(pk=self.pk, acknowledged_number__lt=number)
            behind.update(acknowledged_number=number, acknowledged_at=at)

    def note_seen(self, number: int) -> None:
        """What the customer's door tells the case: whoever may follow it has seen its events up to a number."""
        Case.objects.filter(pk=self.pk, seen_number__lt=number).update(seen_number=number)

    @classmethod
    def note_collected(cls, cases: Sequence[Case]) -> None:
        """What delivery tells the cases, whose rows it has locked: every line that is there has been handed to the receivers."""
        cls.objects.filter(pk__in=[case.pk for case in cases]).update(uncollected_from=None)


class EventQuerySet(models.QuerySet["Event"]):
    """Diary lines."""

    def update(self, **kwargs: Any) -> int:
        """Refused. Raises Immutable."""
        raise Immutable


class Event(models.Model):
    """A line of the diary: something that happened to a case, numbered from 1, written once and never changed."""

    key = models.UUIDField(gettext_lazy("key"), default=uuid.uuid4, unique=True, editable=False)
    case = models.ForeignKey(Case, models.PROTECT, related_name="events", verbose_name=gettext_lazy("case"))
    number = models.PositiveIntegerField(gettext_lazy("number"))
    kind = models.CharField(gettext_lazy("what"), max_length=40)
    status = models.CharField(gettext_lazy("status after it"), max_length=30, choices=status_choices)
    at = models.DateTimeField(gettext_lazy("when"))
    by_official = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=gettext_lazy("official")
    )
    by_customer = models.ForeignKey(
        Customer, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=gettext_lazy("customer")
    )
    by_name = models.CharField(gettext_lazy("by"), max_length=201)
    by_principal = models.ForeignKey(
        Principal,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=gettext_lazy("on behalf of"),
    )
    on_behalf_of = models.CharField(
        gettext_lazy("on behalf of"), max_length=260, blank=True, default="", help_text=gettext_lazy("As it was then.")
    )
    paper = models.OneToOneField(
        Application, models.PROTECT, null=True, blank=True, related_name="event", verbose_name=gettext_lazy("paper")
    )
    data = SealedJSONField(gettext_lazy("facts"), default=dict)

    objects = EventQuerySet.as_manager()

    class Meta:
        verbose_name = gettext_lazy("diary line")
        verbose_name_plural = gettext_lazy("diary")
        ordering = ["case", "number"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["case", "number"], name="event_number_once")]

    def __str__(self) -> str:
        return f"{self.case} {self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write it the first time only. Raises Immutable."""
        if not self._state.adding:
            raise Immutable
        super().save(*args, **kwargs)

    @classmethod
    def record(
        cls,
        case: Case,
        kind: str,
        *,
        by: User | Customer,
        at: datetime,
        data: dict[str, Any],
        paper: Application | None = None,
        key: uuid.UUID | None = None,
    ) -> Event:
        """Write the next line. The caller holds the case's row locked, so numbers are given and become visible in order."""
        paper = paper or data.pop("paper", None)
        last = cls.objects.filter(case=case).aggregate(last=models.Max("number"))["last"] or 0
        earlier = Least("uncollected_from", Value(last + 1))  # without a value where there was none, on SQLite
        Case.objects.filter(pk=case.pk).update(uncollected_from=Coalesce(earlier, Value(last + 1)))
        principal = by.acting_for if isinstance(by, Customer) else None
        if isinstance(by, Customer) and by.protected:
            data = {**data, "protected": True}  # as it was then: what has been sent out once is sent again unchanged
        return cls.objects.create(
            key=key or uuid.uuid4(),
            case=case,
            number=last + 1,
            kind=kind,
            status=case.status,
            at=at,
            by_official=by if isinstance(by, User) else None,
            by_customer=by if isinstance(by, Customer) else None,
            by_name=str(by)[:201],
            by_principal=principal,
            on_behalf_of=str(principal)[:260] if principal else "",
            paper=paper,
            data=data,
        )

    @property
    def label(self) -> str:
        """What happened, in words."""
        return str(EVENT_WORDS.get(self.kind, self.kind))


class Document(StoredFile):
    """A file that came with a diary line and not with a paper: an attachment of a message, or the decision."""

    event = models.ForeignKey(Event, models.PROTECT, related_name="documents", verbose_name=gettext_lazy("diary line"))

    class Meta:
        verbose_name = gettext_lazy("document")
        verbose_name_plural = gettext_lazy("documents")
        ordering = ["received_at", "id"]


# A request waits for the customer until it is answered or ended.
OPEN_REQUEST = models.Q(answered_at__isnull=True, ended_at__isnull=True)


class SupplementRequest(models.Model):
    """What the authority asks the customer to add, and the paper that answers it."""

    case = models.ForeignKey(
        Case, models.PROTECT, related_name="supplement_requests", verbose_name=gettext_lazy("case")
    )
    text = SealedTextField(gettext_lazy("what is asked"))
    due = models.DateField(
        gettext_lazy("due"), help_text=gettext_lazy("The last day, to its end in Helsinki (13/2003, section 11).")
    )
    fields = models.JSONField(gettext_lazy("fields asked for again"), default=list)
    paper = models.OneToOneField(
        Application,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="answers_request",
        verbose_name=gettext_lazy("paper"),
    )
    answered_at = models.DateTimeField(gettext_lazy("answered"), null=True, blank=True)
    ended_at = models.DateTimeField(gettext_lazy("ended"), null=True, blank=True)

    class Meta:
        verbose_name = gettext_lazy("request for supplement")
        verbose_name_plural = gettext_lazy("requests for supplement")
        ordering = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["case"],
                condition=OPEN_REQUEST,
                name="one_open_supplement_request",
            )
        ]

    def __str__(self) -> str:
        return f"{self.case} {self.due}"

    @property
    def is_open(self) -> bool:
        """Whether it waits for the customer."""
        return self.answered_at is None and self.ended_at is None

    def overdue(self, today: date) -> bool:
        """Whether its last day has passed."""
        return today > self.due

    @property
    def is_late(self) -> bool:
        """Whether its last day has passed by now, in Helsinki."""
        return self.overdue(timezone.localdate(timezone=HELSINKI))


def open_request(case: Case) -> SupplementRequest | None:
    """The request that waits for the customer, if any."""
    return case.supplement_requests.filter(OPEN_REQUEST).first()


# --- what the steps do besides setting the status --------------------------------------------------------------------


def _take_up(case: Case, *, by: User, at: datetime) -> dict[str, Any]:
    case.handler, case.handling_since = by, at
    return {"handler": str(by)}


def _request_supplement(
    case: Case, *, by: User, at: datetime, text: str, due: date, fields: Iterable[str]
) -> dict[str, Any]:
    if due < at.astimezone(HELSINKI).date():
        raise NotAllowed(_("The last day has passed. Choose a day that is ahead."))
    if not text.strip():
        raise NotAllowed(_("Write what the customer is asked to add."))
    known = case.application.version.definition.fields
    wanted = [key for key, field in known.items() if key in set(fields) and field.asks]
    SupplementRequest.objects.create(case=case, text=text, due=due, fields=wanted)
    return {"text": text, "due": due.isoformat(), "fields": wanted}


def _supplement(case: Case, *, by: Customer, at: datetime, paper: Application) -> dict[str, Any]:
    request = open_request(case)
    if request is None or request.paper_id != paper.pk:
        raise NotAllowed(_("The authority has not asked for this supplement."))
    request.answered_at = at
    request.save(update_fields=["answered_at"])
    return {"paper": paper}


def _end_request(case: Case, *, by: User | Customer, at: datetime, **facts: Any) -> dict[str, Any]:
    case.supplement_requests.filter(OPEN_REQUEST).update(ended_at=at)
    return dict(facts)


def _add(case: Case, *, by: Customer, at: datetime, paper: Application) -> dict[str, Any]:
    return {"paper": paper}


def _write(
    case: Case, *, by: User | Customer, at: datetime, text: str, files: Iterable[Document] = ()
) -> dict[str, Any]:
    if not text.strip():
        raise NotAllowed(_("Write what you want to say."))
    return {"text": text, **_enclosed(files)}


def _enclosed(files: Iterable[Document]) -> dict[str, Any]:
    known = [document.known() for document in files]
    return {"files": known} if known else {}


def _register(case: Case, *, by: User, at: datetime, register_number: str) -> dict[str, Any]:
    case.register_number = register_number.strip()
    if not case.register_number:
        raise NotAllowed(_("Write the number."))
    return {"register_number": case.register_number}


def _close(
    case: Case, *, by: User, at: datetime, outcome: str, text: str, files: Iterable[Document] = ()
) -> dict[str, Any]:
    kind = case.application.version.definition.kind
    if outcome not in OUTCOMES[kind]:
        raise NotAllowed(_("This service has no such outcome. Choose one of those on the form."))
    case.outcome, case.outcome_text = outcome, text
    return {"outcome": outcome, "text": text, **_enclosed(files)}


EFFECTS: dict[str, Any] = {
    "take_up": _take_up,
    "request_supplement": _request_supplement,
    "supplement": _supplement,
    "resume": _end_request,
    "close": _close,
    "add": _add,
    "write": _write,
    "reply": _write,
    "register": _register,
    "transfer": _end_request,
    "leave_unexamined": _end_request,
    "withdraw": _end_request,
}

EVENT_WORDS: dict[str, Any] = {
    "received": gettext_lazy("Received by the authority"),
    "take_up": gettext_lazy("Taken up for handling"),
    "request_supplement": gettext_lazy("A supplement was asked for"),
    "supplement": gettext_lazy("The supplement arrived"),
    "resume": gettext_lazy("Handling went on"),
    "close": gettext_lazy("Handled"),
    "add": gettext_lazy("The customer added something"),
    "write": gettext_lazy("Message from the authority"),
    "reply": gettext_lazy("Message to the authority"),
    "register": gettext_lazy("Entered in the authority's register"),
    "transfer": gettext_lazy("Transferred to another authority"),
    "leave_unexamined": gettext_lazy("Left unexamined"),
    "withdraw": gettext_lazy("Withdrawn by the customer"),
}
