"""The customer's paper: answers and attachments. A draft until it is sent; then it never changes."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any, ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.people import access
from apps.people.models import Customer, Principal, User
from apps.people.sealing import SealedJSONField, SealedTextField
from apps.services.answersheet import Section, sheet
from apps.services.definition import Definition, read_page
from apps.services.models import Version
from apps.services.texts import HELSINKI, date_words


class Frozen(Exception):
    """The paper has been sent and cannot be changed."""


class ApplicationQuerySet(models.QuerySet["Application"]):
    """Papers."""

    def of(self, customer: Customer) -> ApplicationQuerySet:
        """Those a customer may read, for whom they act as now."""
        return self.filter(access.papers_of_customer(customer))

    def drafts(self) -> ApplicationQuerySet:
        """Those not sent."""
        return self.filter(sent_at__isnull=True)


class Undertaking(models.Model):
    """What several applications belong to together (sv ärendehelhet), such as one event. Its common data are asked once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    customer = models.ForeignKey(
        Customer, models.PROTECT, related_name="undertakings", verbose_name=_("customer"), help_text=_("Who began it.")
    )
    principal = models.ForeignKey(
        Principal, models.PROTECT, null=True, blank=True, related_name="undertakings", verbose_name=_("principal")
    )
    name = SealedTextField(_("name"), blank=True, default="", help_text=_("What the customer calls it."))
    created_at = models.DateTimeField(_("begun"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("undertaking")
        verbose_name_plural = _("undertakings")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name or str(self.id)

    @property
    def label(self) -> str:
        """What it is called: its name, or what its first application is about and when that was begun."""
        if self.name:
            return self.name
        papers = sorted(self.applications.all(), key=lambda paper: paper.created_at)
        said = papers[0].version.definition.name.said() if papers else ""
        return f"{said}, {date_words(self.created_at.astimezone(HELSINKI).date())}".strip(", ")


class Application(models.Model):
    """A paper: one customer's answers to one version of a service. A supplement is a paper too, with a form of its own."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="applications", verbose_name=_("customer"))
    principal = models.ForeignKey(
        Principal,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="applications",
        verbose_name=_("principal"),
        help_text=_("For whom the customer acts; none when for themselves."),
    )
    version = models.ForeignKey(Version, models.PROTECT, related_name="applications", verbose_name=_("version"))
    undertaking = models.ForeignKey(
        Undertaking,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="applications",
        verbose_name=_("undertaking"),
    )
    is_test = models.BooleanField(
        _("test"),
        default=False,
        editable=False,
        help_text=_("Whether it is of a version that is only being tried: no authority handles it."),
    )
    language = models.CharField(_("language"), max_length=10)
    answers = SealedJSONField(_("answers"), default=dict)
    supplement_form = SealedJSONField(
        _("form of the supplement"),
        null=True,
        blank=True,
        help_text=_("The fields asked for again and the page added, as they were."),
    )
    created_at = models.DateTimeField(_("begun"), default=timezone.now, editable=False)
    changed_at = models.DateTimeField(_("last changed"), default=timezone.now, editable=False)
    changed_by = models.ForeignKey(
        Customer, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("last changed by")
    )
    shared_at = models.DateTimeField(
        _("shared"),
        null=True,
        blank=True,
        help_text=_("Since when everybody who may act for the principal can go on with the draft."),
    )
    shown_at = models.DateTimeField(
        _("shown to the authority"),
        null=True,
        blank=True,
        help_text=_("Since when the authority may look at the draft, with the customer's consent."),
    )
    entered_by = models.ForeignKey(
        User,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("entered by"),
        help_text=_("The official who enters what came by other ways. Until it is sent, the draft is theirs alone."),
    )
    came_by = models.CharField(
        _("came by"), max_length=20, blank=True, default="", help_text=_("The way, when it was not the portal.")
    )
    came_at = models.DateTimeField(
        _("came"), null=True, blank=True, help_text=_("When it came by another way, as an official has entered it.")
    )
    # Of one that began elsewhere: in the national service, or by going on to the authority's own service.
    external_id = models.UUIDField(
        _("external id"),
        null=True,
        blank=True,
        editable=False,
        db_index=True,
        help_text=_("By what it is known outside already; its case keeps it."),
    )
    common_data = SealedJSONField(
        _("common data"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("What the national service said of the customer's undertaking when this was begun."),
    )
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True, editable=False)
    digest = models.CharField(
        _("digest"), max_length=64, blank=True, editable=False, help_text=_("SHA-256 of what was sent.")
    )

    objects = ApplicationQuerySet.as_manager()

    class Meta:
        verbose_name = _("application")
        verbose_name_plural = _("applications")
        indexes: ClassVar = [models.Index(fields=["customer", "-changed_at"], name="application_of_customer")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(sent_at__isnull=True, digest="")
                | models.Q(sent_at__isnull=False) & ~models.Q(digest=""),
                name="application_sent_has_digest",
            )
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def is_draft(self) -> bool:
        """Whether it can still be changed."""
        return self.sent_at is None

    @property
    def is_being_entered(self) -> bool:
        """Whether it is the draft of what came by another way, which an official has not registered yet."""
        return self.is_draft and self.came_at is not None

    @property
    def is_redirected(self) -> bool:
        """Whether the customer has gone on with it to the authority's own service, and it has not arrived there as far as is known."""
        return self.is_draft and self.is_done_elsewhere

    @property
    def is_done_elsewhere(self) -> bool:
        """Whether it only notes what is done in the authority's own service; an official may fill in the form of such a service here."""
        noted = self.external_id is not None and self.supplement_form is None and self.entered_by_id is None
        return noted and bool(self.version.definition.own_service)

    @property
    def definition(self) -> Definition:
        """The form it is filled in with: its version's, or the supplement's made from that."""
        if self.supplement_form is None:
            return self.version.definition
        return self.version.definition.supplement(
            self.supplement_form["fields"],
            read_page(self.supplement_form["page"]),
            self.supplement_form["given"],
        )

    @property
    def folder(self) -> int | None:
        """The id of the case that an unasked addition was begun for; None for every other paper."""
        return (self.supplement_form or {}).get("case")

    def day(self) -> date:
        """The day its conditions and limits are judged on: today for a draft, the day of sending after that.

        Of what came by another way it is the day when it came, also while an official enters it.
        """
        return (self.sent_at or self.came_at or timezone.now()).astimezone(HELSINKI).date()

    def sheet(self, language: str | None = None) -> list[Section]:
        """Its questions and answers, as they were asked; none of what was done in the authority's own service."""
        if self.is_done_elsewhere:
            return []
        return sheet(self.definition, self.answers, self.day(), language or self.language)

    def files(self) -> list[dict[str, Any]]:
        """What is known of each file that counts, in the order of the form."""
        definition = self.definition
        if not definition.takes_files:
            return []
        return [
            item
            for _page, fields, counting in definition.asked(self.answers, self.day())
            for field in fields
            if field.has_answer and field.carries_file
            for item in counting.get(field.key) or ()
        ]


class ShownDraft(Application):
    """A draft that the customer has consented to show to the authority before it is sent: for the desk's one view of it."""

    class Meta:
        proxy = True
        verbose_name = _("draft shown with consent")
        verbose_name_plural = _("drafts shown with consent")


class Look(models.Model):
    """That an official has looked at a draft which the customer had consented to show. Written at each look, never changed."""

    application = models.ForeignKey(Application, models.CASCADE, related_name="looks", verbose_name=_("draft"))
    official = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", verbose_name=_("official"))
    official_name = models.CharField(_("name"), max_length=200)
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("look at a draft")
        verbose_name_plural = _("looks at drafts")
        ordering = ["at"]

    def __str__(self) -> str:
        return f"{self.official_name} {self.at}"


class StoredFile(models.Model):
    """A file as it came, kept unchanged under an unguessable name."""

    class Scan(models.TextChoices):
        """What the scanner for malware has said of it."""

        NONE = "none", _("Not scanned")
        WAITING = "waiting", _("Waits to be scanned")
        CLEAN = "clean", _("Clean")
        FOUND = "found", _("Malware found")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(
        _("name"), max_length=255, help_text=_("As the sender's computer called it; never used as a path.")
    )
    media_type = models.CharField(_("type"), max_length=100)
    size = models.PositiveBigIntegerField(_("size in bytes"))
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    content = models.FileField(_("content"), max_length=200)
    scan = models.CharField(_("scan for malware"), max_length=10, choices=Scan, default=Scan.NONE)
    active = models.BooleanField(
        _("active content"),
        default=False,
        help_text=_("Whether it brings along something that does things by itself when it is opened."),
    )
    received_at = models.DateTimeField(_("received"), default=timezone.now, editable=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def may_be_read(self) -> bool:
        """Whether it may be given out: not while it waits for the scanner, and never when malware was found in it."""
        return self.scan in (self.Scan.NONE, self.Scan.CLEAN)

    def known(self) -> dict[str, Any]:
        """What is said of it where it is listed."""
        return {
            "id": str(self.id),
            "name": self.name,
            "size": self.size,
            "type": self.media_type,
            "sha256": self.sha256,
        }


class Attachment(StoredFile):
    """A file of a paper."""

    application = models.ForeignKey(
        Application, models.CASCADE, related_name="attachments", verbose_name=_("application")
    )
    field = models.CharField(_("field"), max_length=60)

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        ordering = ["received_at", "id"]
