"""The authority's folder of a case: its status, its diary, the supplements asked for, and the verb that moves it."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import connection, models, transaction
from django.db.models import F, Value, Window
from django.db.models.functions import Coalesce, Least, RowNumber, Upper
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from apps.applications.models import Application, StoredFile
from apps.applications.parties import has_mandate_for
from apps.cases.effects import EFFECTS, OPEN_REQUEST
from apps.cases.rulebook import (
    ENDED,
    FOR_THE_DESK_ALONE,
    NEED_WORDS,
    NOT_FOR_EVERYBODY,
    OUTCOMES,
    STATUS_WORDS,
    STEPS,
    NotAllowed,
    Party,
    Status,
    Step,
    status_choices,
    steps_from,
)
from apps.people import access
from apps.people.access import Visitor
from apps.people.models import Authority, Customer, Principal, System, User
from apps.people.sealing import SealedJSONField, SealedTextField
from apps.services import rehearsing
from apps.services.models import Service
from apps.services.texts import HELSINKI

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence


DIARY_GREW = "diary_grew"
Actor = User | Customer | System  # who takes a step


class Immutable(Exception):
    """A diary line is followed by others, never changed."""


class Way(models.TextChoices):
    """How a matter came to the authority (906/2019 asks the register for it)."""

    PORTAL = "portal", gettext_lazy("The portal")
    EMAIL = "email", gettext_lazy("E-mail")
    POST = "post", gettext_lazy("Post")
    COUNTER = "counter", gettext_lazy("Counter")
    OTHER_SERVICE = "other_service", gettext_lazy("The authority's own e-service")
    AUTHORITY = "authority", gettext_lazy("Another authority")


def way_choices() -> list[tuple[str, Any]]:
    """For a model column; a callable, so that a new way writes no migration."""
    return list(Way.choices)


class CaseQuerySet(models.QuerySet["Case"]):
    """Cases."""

    def visible_to(self, user: Visitor, *, tests: bool = False) -> CaseQuerySet:
        """Those an official may read; of one whose content has been deleted, only its figures are left, and it is in no list.

        Tests are in none either: who looks at a test, and asks for that, finds it too.
        """
        own = self.filter(access.cases_of(user), forgotten_at=None)
        return own if tests else own.real()

    def real(self) -> CaseQuerySet:
        """Those that came of no test."""
        return self.filter(is_test=False)

    def open(self) -> CaseQuerySet:
        """Those the authority has not done with."""
        return self.exclude(status__in=ENDED)

    def of(self, customer: Customer) -> CaseQuerySet:
        """A customer's own."""
        return self.filter(access.cases_of_customer(customer))


class Case(models.Model):
    """A matter at an authority. It begins when a paper arrives, and is known outside by its `external_id`."""

    number = models.CharField(  # noqa: DJ001 (unique, and made from the row's id a moment after the row)
        gettext_lazy("case number"), max_length=20, unique=True, null=True, editable=False
    )
    external_id = models.UUIDField(gettext_lazy("external id"), default=uuid.uuid4, unique=True, editable=False)
    service = models.ForeignKey(  # without an index of its own: those below begin with it
        Service, models.PROTECT, related_name="cases", db_index=False, verbose_name=gettext_lazy("service")
    )
    application = models.OneToOneField(
        Application, models.PROTECT, related_name="case", verbose_name=gettext_lazy("application")
    )
    is_test = models.BooleanField(
        gettext_lazy("test"),
        default=False,
        editable=False,
        help_text=gettext_lazy("Whether it came of trying a version: it is in no list, no mail and no figure."),
    )
    status = models.CharField(gettext_lazy("status"), max_length=30, choices=status_choices, default=Status.RECEIVED)
    status_at = models.DateTimeField(gettext_lazy("status since"))
    arrived_at = models.DateTimeField(
        gettext_lazy("arrived"), help_text=gettext_lazy("When it was available to the authority (13/2003, section 10).")
    )
    handler = models.ForeignKey(
        User,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="handled_cases",
        db_index=False,
        verbose_name=gettext_lazy("handler"),
    )
    handler_name = models.CharField(
        gettext_lazy("handler as named"),
        max_length=100,
        blank=True,
        default="",
        help_text=gettext_lazy("By the authority's own system, where nobody of the desk handles it."),
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
    way = models.CharField(
        gettext_lazy("way of arrival"),
        max_length=20,
        default=Way.PORTAL,
        choices=way_choices,
    )
    municipality = models.CharField(
        gettext_lazy("municipality"),
        max_length=3,
        blank=True,
        default="",
        help_text=gettext_lazy("Code of three digits."),
    )
    words = models.TextField(
        gettext_lazy("words it is found by"),
        blank=True,
        default="",
        editable=False,
        help_text=gettext_lazy(
            "Numbers, names and public answers, in lower case; never identity codes or contact data."
        ),
    )
    # The time the authority has. It stands still while a supplement is awaited.
    due_on = models.DateField(gettext_lazy("to be handled by"), null=True, blank=True)
    paused_at = models.DateTimeField(gettext_lazy("time stands still since"), null=True, blank=True, editable=False)
    mail_to = models.EmailField(
        gettext_lazy("mails about it go to"),
        blank=True,
        default="",
        help_text=gettext_lazy("Empty for the service's role address."),
    )
    transferred_from = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="transferred_to",
        verbose_name=gettext_lazy("transferred from"),
    )
    # What becomes of it afterwards; see `cases.keeping`.
    settled_at = models.DateTimeField(
        gettext_lazy("received by everybody"),
        null=True,
        blank=True,
        editable=False,
        help_text=gettext_lazy("Since when every receiver has every event it is owed. Empty while any is on its way."),
    )
    handed_over_at = models.DateTimeField(gettext_lazy("handed over"), null=True, blank=True, editable=False)
    held = models.BooleanField(gettext_lazy("kept from being deleted"), default=False)
    forgotten_at = models.DateTimeField(gettext_lazy("content deleted"), null=True, blank=True, editable=False)
    # What `sync` looks for instead of looking through the whole diary. It is set with the line, in one transaction, and cleared under
    # the case's lock: a case's lines become visible in order, so none can be missed.
    uncollected_from = models.PositiveIntegerField(
        gettext_lazy("not yet collected from"),
        null=True,
        blank=True,
        editable=False,
        help_text=gettext_lazy("The first of its events that has not been handed to the receivers."),
    )
    told_at = models.DateTimeField(
        gettext_lazy("last change"),
        null=True,
        blank=True,
        editable=False,
        help_text=gettext_lazy("When the last of its events happened that everybody is told of."),
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
            models.Index(fields=["-arrived_at", "-id"], name="case_by_arrival"),
            models.Index(fields=["service", "status", "-arrived_at"], name="case_by_status"),
            models.Index(fields=["handler", "status", "-arrived_at"], name="case_of_handler"),
            models.Index(fields=["due_on"], condition=models.Q(due_on__isnull=False), name="case_due"),
            # By what is rare the list finds few among very many. A word is found by an index that only PostgreSQL has (migration 0010).
            models.Index(
                fields=["municipality", "-arrived_at"],
                condition=~models.Q(municipality=""),
                name="case_of_municipality",
            ),
            models.Index(fields=["way", "-arrived_at"], condition=~models.Q(way=Way.PORTAL), name="case_by_way"),
            models.Index(Upper("register_number"), condition=~models.Q(register_number=""), name="case_by_register"),
            models.Index(
                fields=["id"], condition=models.Q(uncollected_from__isnull=False), name="case_with_uncollected"
            ),
            models.Index(fields=["told_at", "id"], name="case_by_change"),
            models.Index(fields=["service", "told_at", "id"], name="case_of_service_by_change"),
            models.Index(fields=["service"], condition=models.Q(is_test=True), name="case_test"),  # few among very many
        ]

    def __str__(self) -> str:
        return self.number or ""

    # --- in words --------------------------------------------------------------------------------------------------

    @property
    def language(self) -> str:
        """The language the customer used."""
        return self.application.language

    @property
    def handled_by(self) -> str:
        """Who handles it, in words; empty while that is nobody."""
        return str(self.handler) if self.handler else self.handler_name

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

    def party_of(self, by: Actor) -> Party | None:
        """As whom somebody may take steps here; None for a stranger, for everybody once its content has been deleted, and for the
        tester once the test has ended.
        """
        if self.forgotten_at is not None:
            return None
        if isinstance(by, Customer):
            paper = self.application
            theirs = access.speaks_for(by, paper.customer_id, paper.principal_id)
            if self._is_over_for(by):
                return None
            return Party.CUSTOMER if theirs and has_mandate_for(paper.version.definition, by) else None
        if isinstance(by, System):
            theirs = access.is_about(by, self.service) and by.is_test == self.is_test
            return Party.HANDLER if theirs and by.may(System.Scope.WRITE) else None
        if access.may_handle(by, self.service):
            return Party.HANDLER
        own = access.whole_authorities_where(by, access.HANDLES_CASES)  # it is about a service of another authority
        asked = bool(own) and not self.is_test and self.consultations.filter(authority__in=own).exists()
        return Party.CONSULTED if asked else None

    def _is_over_for(self, customer: Customer) -> bool:
        """Whether a test has ended for its tester. What was made up for a system that tests goes on, and is never anything else."""
        if customer.is_made_up:
            return not self.is_test
        return self.is_test and rehearsing.is_over(self.application.version_id)

    def steps_for(self, by: Actor) -> list[Step]:
        """What somebody may do with it now."""
        party = self.party_of(by)
        return steps_from(self.status, party) if party else []

    def take_step(
        self,
        name: str,
        *,
        by: Actor,
        at: datetime | None = None,
        once: str = "",
        key: uuid.UUID | None = None,
        **facts: Any,
    ) -> Event:
        """Take a step of the rule book and write it into the diary, in one transaction. Raises NotAllowed, in words.

        The case's row is locked, so of two people at once the second is judged by what the first has done.
        `once` is what a form carries: the same form sent again (a double click, a retry) gives the line it gave and takes no other step.
        `key` is the line's, where it has one already.
        """
        moment = at or timezone.now()
        with transaction.atomic():
            locked = Case.objects.select_for_update(of=("self",)).defer("words").get(pk=self.pk)
            if taken := locked.taken_already(name, by=by, once=once):
                return taken
            step = locked._allowed(name, by, facts)
            if step.after:
                locked.status, locked.status_at = step.after, moment
            files = list(facts.get("files", ()))
            data = EFFECTS[name](locked, by=by, at=moment, **facts) if name in EFFECTS else {}
            if step.after in ENDED:
                locked.paused_at = None
            locked.save()
            event = Event.record(locked, name, by=by, at=moment, data=data, key=key or locked._key(name, by, once))
            for document in files:
                document.event = event
                document.save(force_insert=True)
        self.refresh_from_db()
        return event

    def taken_already(self, name: str, *, by: Actor, once: str) -> Event | None:
        """The line that a form has given, if it has been sent before."""
        return self.events.filter(key=self._key(name, by, once)).first() if once else None

    def _key(self, name: str, by: Actor, once: str) -> uuid.UUID:
        return uuid.uuid5(self.external_id, f"{name} {by.pk} {once}") if once else uuid.uuid4()

    def possible_step(self, name: str, *, by: Actor) -> Step:
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

    def _allowed(self, name: str, by: Actor, facts: dict[str, Any]) -> Step:
        step = self.possible_step(name, by=by)
        if not set(step.needs) <= set(facts) <= {*step.needs, *step.may}:
            needs = ", ".join(str(NEED_WORDS[need]) for need in step.needs)
            raise NotAllowed(_("The step needs: %(needs)s.") % {"needs": needs or _("nothing more")})
        return step

    def note_acknowledged(self, receiver: str, number: int, at: datetime) -> None:
        """What delivery tells the case: a receiver has its events up to a number. Of the national service's it is shown; case
        management's counts as handed over once the authority had done with the case by then.
        """
        self.note_all_acknowledged(receiver, {self.pk: number}, at)

    @classmethod
    def note_all_acknowledged(
        cls, receiver: str, numbers: Mapping[int, int], at: datetime, *, settled: Collection[int] = ()
    ) -> None:
        """The same for many cases, by their primary keys. As few statements as there are different numbers.

        `settled`: those of them that every receiver has everything of, as in `note_settled`; the rows are locked.
        """
        alike: dict[tuple[int, bool], list[int]] = defaultdict(list)
        for case, number in numbers.items():
            alike[number, case in settled].append(case)
        for (number, done), cases in alike.items():
            told = 0
            if receiver == "national":
                behind = cls.objects.filter(pk__among=cases, acknowledged_number__lt=number)
                also = {"settled_at": at} if done else {}
                told = behind.update(acknowledged_number=number, acknowledged_at=at, **also)
            if receiver == "handover":
                ended = Event.objects.filter(case=models.OuterRef("pk"), number=number, status__in=ENDED)
                cls.objects.filter(models.Exists(ended), pk__among=cases).update(handed_over_at=at)
            if done and told < len(cases):
                cls.note_settled(cases, at)

    @classmethod
    def note_settled(cls, cases: Collection[int], at: datetime) -> None:
        """What delivery tells these cases: every receiver has everything it is owed of them."""
        if cases:
            cls.objects.filter(pk__among=cases, uncollected_from=None, settled_at=None).update(settled_at=at)

    @classmethod
    def note_owed(cls, cases: Iterable[int]) -> None:
        """What delivery tells these cases, of which nothing new has happened: a receiver is owed something of them after all."""
        cls.objects.filter(pk__in=cases).exclude(settled_at=None).update(settled_at=None)

    def note_seen(self, number: int) -> None:
        """What the customer's door tells the case: whoever may follow it has seen its events up to a number."""
        Case.objects.filter(pk=self.pk, seen_number__lt=number).update(seen_number=number)

    @classmethod
    def note_collected(cls, cases: Sequence[Case]) -> None:
        """What delivery tells the cases, whose rows it has locked: every line that is there has been handed to the receivers."""
        cls.objects.filter(pk__among=[case.pk for case in cases]).update(uncollected_from=None)


class EventQuerySet(models.QuerySet["Event"]):
    """Diary lines."""

    def for_everybody(self) -> EventQuerySet:
        """Those the customer and the receivers are told of."""
        return self.exclude(kind__in=NOT_FOR_EVERYBODY)

    def placed(self) -> models.QuerySet[Any]:
        """Those, each with its `place` among them in its case, from 1: the number under which everybody else knows it.

        No line is ever put between others, so a place stays. To be asked of whole cases: what is filtered out is not counted.
        """
        place = Window(RowNumber(), partition_by=F("case"), order_by=F("number").asc())
        return self.for_everybody().annotate(place=place)

    def for_authorities(self) -> EventQuerySet:
        """Those that leave the desk: without internal notes and the like."""
        return self.exclude(kind__in=FOR_THE_DESK_ALONE)

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
    by_system = models.ForeignKey(
        System, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=gettext_lazy("connected system")
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
        by: Actor,
        at: datetime,
        data: dict[str, Any],
        paper: Application | None = None,
        key: uuid.UUID | None = None,
        first: bool = False,
    ) -> Event:
        """Write the next line. The caller holds the case's row locked, so numbers are given and become visible in order.

        `first`: the case has been made in this transaction, and says already that its first line is not collected.
        """
        paper, last = paper or data.pop("paper", None), 0
        if not first:
            last = cls.objects.filter(case=case).aggregate(last=models.Max("number"))["last"] or 0
            earlier = Least("uncollected_from", Value(last + 1))  # without a value where there was none, on SQLite
            told = {} if kind in NOT_FOR_EVERYBODY else {"told_at": at}
            grown = {"uncollected_from": Coalesce(earlier, Value(last + 1)), "settled_at": None}
            Case.objects.filter(pk=case.pk).update(**grown, **told)
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(f"NOTIFY {DIARY_GREW}")  # heard at the commit, by whoever listens; see `sync.hint`
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
            by_system=by if isinstance(by, System) else None,
            by_name=str(by)[:201],
            by_principal=principal,
            on_behalf_of=str(principal)[:260] if principal else "",
            paper=paper,
            data=data,
        )

    @property
    def sender(self) -> Sender:
        """Whose paper it is, as it was then: who sent it, or for whom an official registered it."""
        if told := self.data.get("sender"):
            return Sender(told["name"], told.get("kind", ""), told.get("principal", ""), told.get("business_id", ""))
        if self.by_principal is None:
            return Sender(self.by_name, "", self.on_behalf_of)
        business_id = self.by_principal.business_id
        principal = self.on_behalf_of.removesuffix(f" ({business_id})") if business_id else self.on_behalf_of
        return Sender(self.by_name, self.by_principal.kind, principal, business_id)

    @property
    def told_by(self) -> str:
        """Who did it, as the customer is told: what the authority's system has done, the authority has. Asks for the case's authority."""
        return self.case.service.authority.named(get_language()) if self.by_system_id else self.by_name

    @property
    def sent_by(self) -> str:
        """The name of who sent the paper; the official's is that of who registered it."""
        return str(self.data["sender"]["name"]) if "sender" in self.data else self.by_name

    @property
    def sent_for(self) -> str:
        """For whom it was sent, if not for themselves; asks nothing of the database."""
        return self.sender.on_behalf_of if "sender" in self.data else self.on_behalf_of

    @property
    def label(self) -> str:
        """What happened, in words."""
        return str(EVENT_WORDS.get(self.kind, self.kind))


@dataclass(frozen=True)
class Sender:
    """Who sent a paper, and for whom if not for themselves: the kind of principal, its name, and its business id if it has one."""

    name: str
    kind: str = ""
    principal: str = ""
    business_id: str = ""

    @property
    def on_behalf_of(self) -> str:
        """The principal in words; '' for one who acts for themselves."""
        return f"{self.principal} ({self.business_id})" if self.business_id else self.principal


class Document(StoredFile):
    """A file that came with a diary line and not with a paper: an attachment of a message, or the decision."""

    event = models.ForeignKey(Event, models.PROTECT, related_name="documents", verbose_name=gettext_lazy("diary line"))

    class Meta:
        verbose_name = gettext_lazy("document")
        verbose_name_plural = gettext_lazy("documents")
        ordering = ["received_at", "id"]


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
    texts = SealedJSONField(
        gettext_lazy("what is asked of each field"),
        default=dict,
        help_text=gettext_lazy("Texts by the key of the field."),
    )
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


class ConsultationQuerySet(models.QuerySet["Consultation"]):
    """Consultations."""

    def visible_to(self, user: Visitor) -> ConsultationQuerySet:
        """Those in which an official's authority was asked; of a case whose content has been deleted, nothing is left to read. What is
        only a test concerns no other authority.
        """
        return self.filter(access.consultations_of(user), case__forgotten_at=None, case__is_test=False)


class Consultation(models.Model):
    """That another authority has been asked about a case, and what it may see: the messages between the two, and perhaps the papers."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="consultations", verbose_name=gettext_lazy("case"))
    authority = models.ForeignKey(
        Authority, models.CASCADE, related_name="consultations", verbose_name=gettext_lazy("authority asked")
    )
    with_paper = models.BooleanField(gettext_lazy("sees the papers"), default=False)
    opened_at = models.DateTimeField(gettext_lazy("asked"), default=timezone.now)
    answered_at = models.DateTimeField(
        gettext_lazy("answered"),
        null=True,
        blank=True,
        editable=False,
        help_text=gettext_lazy("Empty while the last question waits for an answer."),
    )

    objects = ConsultationQuerySet.as_manager()

    class Meta:
        verbose_name = gettext_lazy("consultation")
        verbose_name_plural = gettext_lazy("consultations")
        constraints: ClassVar = [models.UniqueConstraint(fields=["case", "authority"], name="authority_asked_once")]

    def __str__(self) -> str:
        return f"{self.case}: {self.authority}"


class TextTemplate(models.Model):
    """A text an authority uses again and again, per language, with places that are filled with what is known of the case."""

    class Use(models.TextChoices):
        """What it is for: the step whose text it is, or instructions for appeal."""

        SUPPLEMENT = "request_supplement", gettext_lazy("Request for supplement")
        MESSAGE = "write", gettext_lazy("Message to the customer")
        DECISION = "close", gettext_lazy("Decision")
        TRANSFER = "transfer", gettext_lazy("Transfer")
        UNEXAMINED = "leave_unexamined", gettext_lazy("Leaving unexamined")
        APPEAL = "appeal", gettext_lazy("Instructions for appeal")

    authority = models.ForeignKey(
        Authority, models.CASCADE, related_name="text_templates", verbose_name=gettext_lazy("authority")
    )
    service = models.ForeignKey(
        Service,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="text_templates",
        verbose_name=gettext_lazy("service"),
        help_text=gettext_lazy("Empty for all services of the authority."),
    )
    use = models.CharField(gettext_lazy("used for"), max_length=30, choices=Use)
    name = models.CharField(gettext_lazy("name"), max_length=100)
    text_sv = models.TextField(gettext_lazy("text in Swedish"), blank=True, default="")
    text_fi = models.TextField(gettext_lazy("text in Finnish"), blank=True, default="")
    text_en = models.TextField(gettext_lazy("text in English"), blank=True, default="")

    class Meta:
        verbose_name = gettext_lazy("text template")
        verbose_name_plural = gettext_lazy("text templates")
        ordering = ["use", "name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["authority", "use", "name"], name="text_template_named_once")
        ]

    def __str__(self) -> str:
        return self.name


class SavedView(models.Model):
    """A way of looking at the list of cases that somebody comes back to: its filters, search and order."""

    user = models.ForeignKey(User, models.CASCADE, related_name="saved_views", verbose_name=gettext_lazy("user"))
    name = models.CharField(gettext_lazy("name"), max_length=60)
    query = models.CharField(gettext_lazy("what it shows"), max_length=500, blank=True)

    class Meta:
        verbose_name = gettext_lazy("saved view")
        verbose_name_plural = gettext_lazy("saved views")
        ordering = ["name"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "name"], name="saved_view_named_once")]

    def __str__(self) -> str:
        return self.name


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
    "assign": gettext_lazy("Handed on to a handler"),
    "complete": gettext_lazy("The application was found complete"),
    "consult": gettext_lazy("Another authority was asked"),
    "answer": gettext_lazy("The other authority answered"),
    "note": gettext_lazy("Internal note"),
    "redirect": gettext_lazy("Mails about the case were redirected"),
    "reopen": gettext_lazy("Reopened for a correction"),
    "hand_over": gettext_lazy("Handed over to case management"),
    "hold": gettext_lazy("Kept from being deleted"),
    "release": gettext_lazy("No longer kept from being deleted"),
}
