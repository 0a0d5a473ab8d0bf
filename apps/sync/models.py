"""Who receives the diary, and every delivery of one of its lines: to whom, in which turn, and how it went."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar

from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from apps.cases.models import Case, Event
from apps.people import access
from apps.people.access import Visitor
from apps.people.models import System
from apps.services.models import Service

NATIONAL = "national"
MAIL = "mail"
HANDOVER = "handover"
WEBHOOK = "webhook"
SYSTEM = "system"
LOOK_AGAIN = 2_000_000_000  # beyond every number: there may be something to hand over, and nothing is new


class NotRefused(Exception):
    """Only a delivery that was refused waits for a person."""


class ReasonMissing(Exception):
    """Nothing is skipped without a reason."""


class Receiver(models.Model):
    """Somebody who is sent every case's diary. Where and with what token is said by settings, never by the row."""

    key = models.SlugField(gettext_lazy("key"), max_length=40, unique=True)
    kind = models.CharField(gettext_lazy("kind"), max_length=40)
    name = models.CharField(gettext_lazy("name"), max_length=200)
    active = models.BooleanField(
        gettext_lazy("active"),
        default=True,
        help_text=gettext_lazy(
            "Nothing is sent while it is off; what happens meanwhile is sent when it is on again, but not by mail."
        ),
    )
    since = models.DateTimeField(
        gettext_lazy("from"), default=timezone.now, help_text=gettext_lazy("It is sent what happened from then on.")
    )
    takes_tests = models.BooleanField(
        gettext_lazy("gets tests too"),
        default=False,
        help_text=gettext_lazy(
            "It is sent the cases that come of testing a version, marked as tests. Only for a receiver that is there to test against."
        ),
    )

    system = models.OneToOneField(
        System,
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="receiver",
        verbose_name=gettext_lazy("connected system"),
        help_text=gettext_lazy("Of a receiver that wakes one."),
    )

    # Whether it is there, as `sync.circuit` judges by how sending goes.
    failures = models.PositiveIntegerField(gettext_lazy("attempts in a row that failed"), default=0, editable=False)
    failing_since = models.DateTimeField(gettext_lazy("fails since"), null=True, blank=True, editable=False)
    probe_at = models.DateTimeField(
        gettext_lazy("next probe"),
        null=True,
        blank=True,
        editable=False,
        help_text=gettext_lazy("While it is away, only one delivery at a time is tried."),
    )

    class Meta:
        verbose_name = gettext_lazy("receiver")
        verbose_name_plural = gettext_lazy("receivers")
        ordering = ["key"]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write it; one that is active catches up with what it has missed."""
        with transaction.atomic():
            super().save(*args, **kwargs)
            if self.active:
                missed = Event.objects.filter(
                    ~models.Exists(Delivery.objects.filter(receiver=self, event=models.OuterRef("pk"))),
                    at__gte=self.since,
                )
                if not self.takes_tests:
                    missed = missed.filter(case__is_test=False)
                behind = Case.objects.filter(uncollected_from=None, pk__in=missed.values("case"))
                behind.update(uncollected_from=LOOK_AGAIN)


class DeliveryStatus(StrEnum):
    """How a delivery stands, as its timestamps tell."""

    WAITING = "waiting"
    REFUSED = "refused"
    DELIVERED = "delivered"
    SKIPPING = "skipping"
    SKIPPED = "skipped"


STATUS_WORDS: dict[str, Any] = {
    DeliveryStatus.WAITING: pgettext_lazy("delivery", "Waiting to be sent"),
    DeliveryStatus.REFUSED: pgettext_lazy("delivery", "Refused by the receiver"),
    DeliveryStatus.DELIVERED: pgettext_lazy("delivery", "Delivered"),
    DeliveryStatus.SKIPPING: pgettext_lazy("delivery", "Will be skipped"),
    DeliveryStatus.SKIPPED: pgettext_lazy("delivery", "Skipped"),
}

STATUS_MEANS: dict[str, Q] = {
    DeliveryStatus.REFUSED: Q(delivered_at__isnull=True, refused_at__isnull=False),
    DeliveryStatus.WAITING: Q(delivered_at__isnull=True, refused_at__isnull=True, skipped_at__isnull=True),
    DeliveryStatus.SKIPPING: Q(delivered_at__isnull=True, refused_at__isnull=True, skipped_at__isnull=False),
    DeliveryStatus.DELIVERED: Q(delivered_at__isnull=False, skipped_at__isnull=True),
    DeliveryStatus.SKIPPED: Q(delivered_at__isnull=False, skipped_at__isnull=False),
}


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    """Deliveries."""

    def visible_to(self, user: Visitor, *, tests: bool = False) -> DeliveryQuerySet:
        """Those of cases an official may read, of tests only when that is asked for. Who looks after the installation sees all: no row
        tells a case's content.
        """
        if access.keeps_installation(user):
            return self
        own = Case.objects.filter(access.cases_of(user))
        return self.filter(case__in=own if tests else own.real())

    def standing(self, status: str) -> DeliveryQuerySet:
        """Those of one status."""
        return self.filter(STATUS_MEANS[status])


class Delivery(models.Model):
    """One line of a case's diary on its way to one receiver. Its number, which the receiver counts, is fixed when it is made."""

    receiver = models.ForeignKey(Receiver, models.PROTECT, verbose_name=gettext_lazy("receiver"))
    event = models.ForeignKey(Event, models.CASCADE, related_name="deliveries", verbose_name=gettext_lazy("diary line"))
    case = models.ForeignKey(Case, models.CASCADE, related_name="deliveries", verbose_name=gettext_lazy("case"))
    address = models.CharField(
        gettext_lazy("address"),
        max_length=254,
        blank=True,
        default="",
        help_text=gettext_lazy("Empty when the receiver has only one."),
    )
    party = models.CharField(
        gettext_lazy("told as"),
        max_length=20,
        blank=True,
        default="",
        help_text=gettext_lazy("Whether the address is the customer's or the authority's."),
    )
    number = models.PositiveIntegerField(
        gettext_lazy("number"), help_text=gettext_lazy("What the receiver counts: from 1 in each case, without gaps.")
    )
    created_at = models.DateTimeField(gettext_lazy("made"), default=timezone.now, editable=False)
    waits_since = models.DateTimeField(
        gettext_lazy("waits since"),
        default=timezone.now,
        editable=False,
        help_text=gettext_lazy("Since it was made, or was last let go again."),
    )
    attempts = models.PositiveIntegerField(gettext_lazy("attempts"), default=0)
    next_at = models.DateTimeField(gettext_lazy("next attempt"), default=timezone.now)
    lease_until = models.DateTimeField(gettext_lazy("in hand until"), null=True, blank=True)
    lease_token = models.UUIDField(gettext_lazy("in whose hand"), null=True, blank=True)
    answer_lost = models.BooleanField(
        gettext_lazy("answer lost"),
        default=False,
        help_text=gettext_lazy("Whether the receiver has it is not known; it is asked before anything is sent again."),
    )
    rewound_to = models.PositiveIntegerField(
        gettext_lazy("sent again from"),
        null=True,
        blank=True,
        help_text=gettext_lazy("The number the receiver last said it was waiting for, when that was an earlier one."),
    )
    delivered_at = models.DateTimeField(gettext_lazy("delivered"), null=True, blank=True)
    refused_at = models.DateTimeField(gettext_lazy("refused"), null=True, blank=True)
    skipped_at = models.DateTimeField(gettext_lazy("skipped"), null=True, blank=True)
    data_digest = models.CharField(
        gettext_lazy("digest of the case data"),
        max_length=80,
        blank=True,
        default="",
        help_text=gettext_lazy("Of one that carries them; worked out when it is first compared."),
    )
    last_error = models.TextField(
        gettext_lazy("last error"), blank=True, default="", help_text=gettext_lazy("Without personal data.")
    )
    reason = models.TextField(gettext_lazy("reason for skipping"), blank=True, default="")

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = gettext_lazy("delivery")
        verbose_name_plural = gettext_lazy("deliveries")
        ordering = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["receiver", "event", "address"], name="delivery_once"),
            models.UniqueConstraint(
                fields=["receiver", "case", "number"], condition=Q(address=""), name="delivery_number_once"
            ),
        ]
        indexes: ClassVar = [
            # What waits stays small however much has been delivered.
            models.Index(
                fields=["next_at", "id"],
                condition=Q(delivered_at__isnull=True, refused_at__isnull=True),
                name="delivery_due",
            ),
            models.Index(
                fields=["receiver", "case", "number"], condition=Q(delivered_at__isnull=True), name="delivery_line"
            ),
            models.Index(
                fields=["refused_at"],
                condition=Q(delivered_at__isnull=True, refused_at__isnull=False),
                name="delivery_refused",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.receiver_id}: {self.case_id} {self.number}"

    @property
    def masked_address(self) -> str:
        """Enough of the address to know it again: a…@example.fi."""
        return masked(self.address)

    @property
    def status(self) -> DeliveryStatus:
        """How it stands."""
        if self.delivered_at is None and self.refused_at is not None:
            return DeliveryStatus.REFUSED
        if self.delivered_at is None:
            return DeliveryStatus.WAITING if self.skipped_at is None else DeliveryStatus.SKIPPING
        return DeliveryStatus.DELIVERED if self.skipped_at is None else DeliveryStatus.SKIPPED

    @property
    def status_label(self) -> str:
        """How it stands, in words."""
        return str(STATUS_WORDS[self.status])

    # --- what a person does with one that was refused --------------------------------------------------------------

    def may_be_mended_by(self, user: Visitor) -> bool:
        """Whether somebody may send it again or skip it: a manager of the case's authority, or who looks after the installation."""
        if access.keeps_installation(user):
            return True
        return access.may_manage(user, self.case.service)

    def send_again(self, *, at: datetime | None = None) -> None:
        """Let a refused delivery be sent again now, under its old key and number. Raises NotRefused, in words."""
        self._mend(next_at=at or Now(), waits_since=at or Now(), refused_at=None, rewound_to=None)

    def skip(self, reason: str, *, at: datetime | None = None) -> None:
        """Let the receiver have only its number, as an event without content, so that the case goes on. Raises in words.

        What is skipped stays skipped: the receiver may have taken the number by then.
        """
        if not reason.strip():
            raise ReasonMissing(_("Write why it is skipped."))
        self._mend(
            next_at=at or Now(),
            waits_since=at or Now(),
            refused_at=None,
            rewound_to=None,
            skipped_at=at or timezone.now(),
            reason=reason.strip(),
        )

    def _mend(self, **changes: Any) -> None:
        # In one update, so that of two people at once only the first does it.
        waiting = Delivery.objects.standing(DeliveryStatus.REFUSED).filter(pk=self.pk)
        if not waiting.update(**changes):
            raise NotRefused(_("Only what the receiver has refused can be sent again or skipped."))
        self.refresh_from_db()


def masked(address: str) -> str:
    """A mail address of which only its first letter and its house are left."""
    name, at, house = address.rpartition("@")
    return f"{name[:1]}…@{house}" if at else ""


class Notice(models.Model):
    """A mail that belongs to no case, such as the reminder that a draft will be deleted. Its key makes it one, whoever asks."""

    key = models.CharField(gettext_lazy("key"), max_length=200, unique=True)
    kind = models.CharField(gettext_lazy("kind"), max_length=40)
    address = models.EmailField(gettext_lazy("address"))
    language = models.CharField(gettext_lazy("language"), max_length=10)
    data = models.JSONField(gettext_lazy("facts"), default=dict, help_text=gettext_lazy("Without personal data."))
    created_at = models.DateTimeField(gettext_lazy("made"), default=timezone.now, editable=False)
    attempts = models.PositiveIntegerField(gettext_lazy("attempts"), default=0)
    next_at = models.DateTimeField(gettext_lazy("next attempt"), default=timezone.now)
    lease_token = models.UUIDField(gettext_lazy("in whose hand"), null=True, blank=True)
    sent_at = models.DateTimeField(gettext_lazy("sent"), null=True, blank=True)
    refused_at = models.DateTimeField(gettext_lazy("refused"), null=True, blank=True)
    last_error = models.TextField(gettext_lazy("last error"), blank=True, default="")

    class Meta:
        verbose_name = gettext_lazy("notice")
        verbose_name_plural = gettext_lazy("notices")
        ordering = ["-pk"]
        indexes: ClassVar = [
            models.Index(
                fields=["next_at"], condition=Q(sent_at__isnull=True, refused_at__isnull=True), name="notice_due"
            )
        ]

    def __str__(self) -> str:
        return self.key


class DutyDone(models.Model):
    """That a duty which is done once per due time has been done; whoever writes the row does it."""

    duty = models.CharField(gettext_lazy("duty"), max_length=60)
    due_at = models.DateTimeField(gettext_lazy("due"))
    began_at = models.DateTimeField(gettext_lazy("began"), default=timezone.now)
    ended_at = models.DateTimeField(gettext_lazy("ended"), null=True, blank=True)

    class Meta:
        verbose_name = gettext_lazy("duty done")
        verbose_name_plural = gettext_lazy("duties done")
        constraints: ClassVar = [models.UniqueConstraint(fields=["duty", "due_at"], name="duty_once")]

    def __str__(self) -> str:
        return f"{self.duty} {self.due_at}"


LONGEST_COMPARISON = timedelta(hours=6)  # 100,000 cases take a minute or so


class ReconciliationQuerySet(models.QuerySet["Reconciliation"]):
    """Comparisons."""

    def broken_off(self, now: datetime) -> ReconciliationQuerySet:
        """Those that did not come to their end and do not say why: killed, or the machine went down."""
        return self.filter(ended_at=None, trouble="", started_at__lte=now - LONGEST_COMPARISON)


class Reconciliation(models.Model):
    """One comparison of what we have delivered with what a receiver says it has: its figures, per service and day, and its findings."""

    receiver = models.ForeignKey(
        Receiver, models.CASCADE, related_name="reconciliations", verbose_name=gettext_lazy("receiver")
    )
    started_at = models.DateTimeField(gettext_lazy("begun"), default=timezone.now)
    ended_at = models.DateTimeField(gettext_lazy("done"), null=True, blank=True)
    trouble = models.CharField(
        gettext_lazy("why it broke off"),
        max_length=300,
        blank=True,
        default="",
        help_text=gettext_lazy("Without personal data."),
    )
    totals = models.JSONField(gettext_lazy("figures"), default=dict)
    days = models.JSONField(gettext_lazy("figures per service and day"), default=list)

    objects = ReconciliationQuerySet.as_manager()

    class Meta:
        verbose_name = gettext_lazy("comparison with a receiver")
        verbose_name_plural = gettext_lazy("comparisons with receivers")
        ordering = ["-started_at"]

    def __str__(self) -> str:
        return f"{self.receiver_id} {self.started_at}"

    @property
    def is_green(self) -> bool:
        """Whether it came to its end and found nothing that differs."""
        return self.ended_at is not None and not any(self.totals.get(kind) for kind in Finding.Kind)

    def is_going_on(self, now: datetime) -> bool:
        """Whether it may still come to its end. One that takes longer than any can has been killed; it cannot say so itself."""
        return self.ended_at is None and not self.trouble and now - self.started_at < LONGEST_COMPARISON


class Finding(models.Model):
    """A case of which the two sides do not say the same. `ours` and `theirs` are the last numbers each of them has."""

    class Kind(models.TextChoices):
        """What differs."""

        MISSING = "missing", gettext_lazy("Missing there")
        BEHIND = "behind", gettext_lazy("Events missing there")
        AHEAD = "ahead", gettext_lazy("Events there that we have not sent")
        DIFFERING = "differing", gettext_lazy("Other case data there")
        REFUSED = "refused", gettext_lazy("Refused")
        UNKNOWN = "unknown", gettext_lazy("Unknown here")

    reconciliation = models.ForeignKey(
        Reconciliation, models.CASCADE, related_name="findings", verbose_name=gettext_lazy("comparison")
    )
    kind = models.CharField(gettext_lazy("what differs"), max_length=20, choices=Kind)
    case = models.ForeignKey(Case, models.CASCADE, null=True, related_name="+", verbose_name=gettext_lazy("case"))
    external_id = models.CharField(gettext_lazy("external id"), max_length=60)
    ours = models.PositiveIntegerField(gettext_lazy("our last number"), default=0)
    theirs = models.PositiveIntegerField(gettext_lazy("their last number"), default=0)
    resent_at = models.DateTimeField(gettext_lazy("sent again"), null=True, blank=True)

    class Meta:
        verbose_name = gettext_lazy("finding")
        verbose_name_plural = gettext_lazy("findings")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.kind} {self.external_id}"


class LedgerEntry(models.Model):
    """A line of a receiver's ledger, put down while it is compared, so that neither side is ever held in memory."""

    reconciliation = models.ForeignKey(
        Reconciliation, models.CASCADE, related_name="entries", verbose_name=gettext_lazy("comparison")
    )
    external_id = models.CharField(gettext_lazy("external id"), max_length=60)
    last_event = models.PositiveIntegerField(gettext_lazy("last number"))
    digest = models.CharField(gettext_lazy("digest"), max_length=80, blank=True)

    class Meta:
        verbose_name = gettext_lazy("line of a ledger")
        verbose_name_plural = gettext_lazy("lines of a ledger")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["reconciliation", "external_id"], name="ledger_entry_once")
        ]

    def __str__(self) -> str:
        return self.external_id


# --- watching over it ------------------------------------------------------------------------------------------------


class Tally(models.Model):
    """How many attempts ended in which way, by minute, receiver and service. After some days a month's are one row (`sync.tally`)."""

    minute = models.DateTimeField()
    receiver = models.ForeignKey(Receiver, models.CASCADE, related_name="+", verbose_name=gettext_lazy("receiver"))
    service = models.ForeignKey(Service, models.CASCADE, related_name="+", verbose_name=gettext_lazy("service"))
    outcome = models.CharField(max_length=20)
    count = models.PositiveBigIntegerField()
    last_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["minute", "receiver", "service", "outcome"], name="tally_once")
        ]

    def __str__(self) -> str:
        return f"{self.minute} {self.receiver_id} {self.service_id} {self.outcome}"


class RelayAlive(models.Model):
    """A relay's last sign of life: a process on a machine, and when it was heard."""

    name = models.CharField(max_length=120, unique=True)
    began_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Alarm(models.Model):
    """Something that turned red, from then until it had been well for a while: what the operator is told of by mail."""

    key = models.CharField(gettext_lazy("key"), max_length=80)
    what = models.CharField(gettext_lazy("what"), max_length=40)
    receiver = models.ForeignKey(
        Receiver, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=gettext_lazy("receiver")
    )
    since = models.DateTimeField(gettext_lazy("waits since"))
    began_at = models.DateTimeField(gettext_lazy("begun"))
    well_since = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(gettext_lazy("ended"), null=True, blank=True)

    class Meta:
        verbose_name = gettext_lazy("how deliveries stand")
        verbose_name_plural = gettext_lazy("how deliveries stand")
        ordering = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key"], condition=Q(ended_at__isnull=True), name="alarm_once")
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.began_at}"
