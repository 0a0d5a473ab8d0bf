"""The customer's paper: answers and attachments. A draft until it is sent; then it never changes."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any, ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.people.models import Customer
from apps.services.answersheet import Section, sheet
from apps.services.definition import Definition, read_page
from apps.services.models import Version
from apps.services.texts import HELSINKI


class Frozen(Exception):
    """The paper has been sent and cannot be changed."""


class ApplicationQuerySet(models.QuerySet["Application"]):
    """Papers."""

    def of(self, customer: Customer) -> ApplicationQuerySet:
        """A customer's own."""
        return self.filter(customer=customer)

    def drafts(self) -> ApplicationQuerySet:
        """Those not sent."""
        return self.filter(sent_at__isnull=True)


class Application(models.Model):
    """A paper: one customer's answers to one version of a service. A supplement is a paper too, with a form of its own."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="applications", verbose_name=_("customer"))
    version = models.ForeignKey(Version, models.PROTECT, related_name="applications", verbose_name=_("version"))
    language = models.CharField(_("language"), max_length=10)
    answers = models.JSONField(_("answers"), default=dict)
    supplement_form = models.JSONField(
        _("form of the supplement"),
        null=True,
        blank=True,
        help_text=_("The fields asked for again and the page added, as they were."),
    )
    created_at = models.DateTimeField(_("begun"), default=timezone.now, editable=False)
    changed_at = models.DateTimeField(_("last changed"), default=timezone.now, editable=False)
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
    def definition(self) -> Definition:
        """The form it is filled in with: its version's, or the supplement's made from that."""
        if self.supplement_form is None:
            return self.version.definition
        return self.version.definition.supplement(
            self.supplement_form["fields"],
            read_page(self.supplement_form["page"]),
            self.supplement_form["given"],
        )

    def day(self) -> date:
        """The day its conditions and limits are judged on: today for a draft, the day of sending after that."""
        return (self.sent_at or timezone.now()).astimezone(HELSINKI).date()

    def sheet(self, language: str | None = None) -> list[Section]:
        """Its questions and answers, as they were asked."""
        return sheet(self.definition, self.answers, self.day(), language or self.language)

    def files(self) -> list[dict[str, Any]]:
        """What is known of each file that counts, in the order of the form."""
        return [item for section in self.sheet() for line in section.lines for item in line.files]


class Attachment(models.Model):
    """A file as it came, kept unchanged under an unguessable name."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    application = models.ForeignKey(
        Application, models.CASCADE, related_name="attachments", verbose_name=_("application")
    )
    field = models.CharField(_("field"), max_length=60)
    name = models.CharField(
        _("name"), max_length=255, help_text=_("As the customer's computer called it; never used as a path.")
    )
    media_type = models.CharField(_("type"), max_length=100)
    size = models.PositiveBigIntegerField(_("size in bytes"))
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    content = models.FileField(_("content"), max_length=200)
    received_at = models.DateTimeField(_("received"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        ordering = ["received_at", "id"]

    def __str__(self) -> str:
        return self.name

    def known(self) -> dict[str, Any]:
        """What the answers say of it."""
        return {
            "id": str(self.id),
            "name": self.name,
            "size": self.size,
            "type": self.media_type,
            "sha256": self.sha256,
        }
